from __future__ import annotations

import json

import numpy as np

from include.evaluation.verdict import Part, plain, unset


def test_unset_part_is_not_a_pass():
    assert unset("fairness").finding == "unset"


def test_part_becomes_json_without_infinities():
    part = Part("performance", "wait", "why", {"low": -np.inf, "gain": np.float64(0.5), "skipped": [("a", "b")]})
    assert json.loads(json.dumps(part.as_json())) == {
        "name": "performance",
        "finding": "wait",
        "reason": "why",
        "numbers": {"low": None, "gain": 0.5, "skipped": [["a", "b"]]},
    }


def test_arrays_become_lists():
    assert plain({"a": np.arange(3), "b": np.bool_(True)}) == {"a": [0, 1, 2], "b": True}
