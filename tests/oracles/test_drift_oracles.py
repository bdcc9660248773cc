"""Drift statistics against the numbers of other projects' own test suites.

`oracles.json` in the shared folder holds inputs (or recipes), expected values, tolerances and sources. Every case whose
statistic is implemented here agrees within its tolerance; every other case stands in a list below with the reason.
"""

from __future__ import annotations

import ast
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.stats

from include.signals import chi2, ks
from include.signals.catalogue import STATISTICS
from include.signals.pca_error import PcaError
from include.signals.scipy_tests import TESTS
from include.signals.study import compare

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("NIGHTSHIFT_SHARED", ROOT.parent / "shared"))
ORACLES = SHARED / "data" / "oracles.json"
PERFORMANCE = ("cbpe", "dle", "realized", "sampling_error")  # test_performance_oracles.py checks these

NOT_IMPLEMENTED = {
    "fdr_benjamini_hochberg_reject_any": "alarms share a yearly rate among streams, not a false-discovery rate a night",
    "incremental_ks_pvalue": "no statistic over a sliding window of rows: the unit is the night",
    "incremental_ks_statistic": "no statistic over a sliding window of rows",
    "kuiper_statistic": "no Kuiper statistic",
    "mannwhitney_statistic": "no rank-sum test",
    "normalized_abs_difference": "a difference of counts: depends on the number of rows",
    "prequential_error": "the loss is realised once a night, not row by row",
    "share_of_drifted_columns": "no rule by a share of columns: see the policies",
    "adwin_indices": "a detector on rows; the evidence is on nights, and policies compare with ADWIN elsewhere",
    "bocd_indices": "a detector on rows",
    "cusum_indices": "a detector on rows",
    "ddm_indices": "a detector on rows",
    "eddm_indices": "a detector on rows",
    "fhddm_indices": "a detector on rows",
    "geometric_moving_average_indices": "a detector on rows",
    "hddm_a_indices": "a detector on rows",
    "hddm_w_indices": "a detector on rows",
    "kswin_indices": "a detector on rows",
    "page_hinkley_indices": "a detector on rows",
}

CANNOT_BE_CHECKED = {
    "073": "needs NannyML's car prices: test_nannyml_oracles.py checks it where they are",
    "075": "needs NannyML's car prices: test_nannyml_oracles.py",
    "077": "needs NannyML's car prices: test_nannyml_oracles.py",
    "079": "needs NannyML's car prices: test_nannyml_oracles.py",
    "081": "needs NannyML's car prices: test_nannyml_oracles.py",
    "231": "needs the Elec2 data, which are not in the shared folder",
    "232": "needs the Elec2 data",
    "233": "needs the Elec2 data",
    "236": "needs the Elec2 data",
    "299": "PSI in optbinning's supervised bins; here in the reference's deciles",
}

OTHER_BINS = {
    "227": "frouros: ten bins of equal width over both sides; here the reference's deciles unless bins are given",
    "228": "frouros: ten bins of equal width over both sides; here Doane's bins of the reference unless bins are given",
}

POOLED_BINS = {*OTHER_BINS, "223", "226"}
"""frouros: ten bins of equal width over both sides."""

DERIVED: dict[str, tuple[str, Callable[[float], float]]] = {
    "015": ("mannwhitney_pvalue", lambda two_sided: two_sided / 2),  # Evidently's is one-sided
    "223": ("tvd", lambda distance: distance),  # 1 - the intersection of two histograms is their total variation
    "226": ("hellinger", lambda distance: -math.log(1 - distance**2)),  # Bhattacharyya's coefficient is 1 - H²
}

OTHER_INPUTS = {
    "312": "deepchecks drops each side's outer 2.5 % first; the test does so before it asks",
}


def _cases() -> list[dict[str, Any]]:
    return json.loads(ORACLES.read_text())["cases"] if ORACLES.exists() else []


def _is_performance(case: dict[str, Any]) -> bool:
    return case["statistic"].split(":")[0].startswith(PERFORMANCE)


DRIFT = [case for case in _cases() if not _is_performance(case)]
CHECKED = [case for case in DRIFT if case["statistic"] not in NOT_IMPLEMENTED and case["id"] not in CANNOT_BE_CHECKED]
BY_NAME = {one.name: one for one in STATISTICS}

pytestmark = pytest.mark.skipif(not ORACLES.exists(), reason=f"no oracles: {ORACLES} is absent (NIGHTSHIFT_SHARED)")


def _drawn(expression: str, draws: Any, first: Any = None) -> np.ndarray:
    """Return what a recipe as ``normal(0,1,100)`` draws from a legacy numpy generator."""
    if expression == "same as ref":
        return first
    name, arguments = re.match(r"(\w+)\((.*?)\)(?: drawn second)?$", expression).groups()
    return getattr(draws, name)(*ast.literal_eval(f"({arguments},)"))


def _deepchecks(inputs: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.RandomState(42)
    sides = []
    for side in ("ref", "cur"):
        draws.randn(1000, 2)
        if "target" in inputs["rng"]:
            sides.append(draws.randn(1000, 1).ravel())
        else:
            shares = ast.literal_eval(re.search(r"p=(\[.*\])", inputs[side]).group(1))
            sides.append(draws.choice([1, 0], size=1000, p=shares))
    if "target" in inputs["rng"]:
        sides[1] = sides[1] + np.abs(draws.randn(1000)) + np.arange(0, 1, 0.001) * 4
    return sides[0], sides[1]


def _generated(inputs: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    if inputs["rng"] == "scipy norm.rvs":
        return tuple(scipy.stats.norm.rvs(size=100, random_state=seed) for seed in (0, 1))
    if "seed=42" in inputs["rng"]:
        return _deepchecks(inputs)
    draws = np.random.RandomState(int(re.search(r"seed=(\d+)", inputs["rng"]).group(1)))
    reference = _drawn(inputs["ref"], draws)
    if "re-seeded" in inputs["rng"]:
        draws = np.random.RandomState(31)
    return reference, _drawn(inputs["cur"], draws, reference)


def _sample_drift() -> dict[str, np.ndarray]:
    """Return NannyML's made-up data: 20 weeks of ten-minute rows, changed from week 16, reference before week 11."""
    draws = np.random.RandomState(167)
    n = 20 * 1008
    f1, f2, f3, f4 = draws.randn(n), draws.rand(n), draws.randint(4, size=n), draws.randint(20, size=n)
    week = np.arange(n) // 1008 + 1  # the first row is Monday 6 January 2020, of ISO week 2; theirs count from 0
    changed = week >= 16
    colour = f4 // 5  # white, red, green, blue
    later = np.where(np.isin(f4, (13, 14, 18)), 0, np.where(f4 == 19, 1, colour))
    return {
        "f1": np.where(changed, f1 + 0.6, f1),
        "f2": np.where(changed, np.sqrt(f2), f2),
        "f3": np.where(f3 < 2, f3, np.where(changed, 0, f3 - 2)),
        "f4": np.where(changed, later, colour),
        "is_reference": week < 11,
        "month": (np.datetime64("2020-01-06") + (np.arange(n) // 144).astype("timedelta64[D]"))
        .astype("datetime64[M]")
        .astype(int),
    }


def _chunk(inputs: dict[str, Any], data: dict[str, np.ndarray]) -> np.ndarray:
    """Return the positions of one of NannyML's chunks."""
    n, rule, index = len(data["f1"]), inputs["chunking"], inputs["chunk"]
    if rule.startswith("chunk_period=M"):
        months = np.unique(data["month"])
        return np.flatnonzero(data["month"] == months[index])
    size = 5000 if "chunk_size" in rule else n // 5 if "chunk_number=5" in rule else n // 10
    return np.arange(index * size, min((index + 1) * size, n))


def _arrays(case: dict[str, Any]) -> tuple[Any, Any]:
    """Return both sides' values; of counts, the values repeated."""
    inputs = case["inputs"]
    kind = inputs["kind"]
    if kind == "counts":
        return tuple(
            [value for value, count in zip(inputs["values"], inputs[side], strict=True) for _ in range(count)]
            for side in ("ref", "cur")
        )
    if kind == "samples":
        return inputs["ref"], inputs["cur"]
    if kind == "rule":
        return np.arange(100.0), np.arange(50.0, 150.0)
    if kind == "dataset":
        data = _sample_drift()
        column = data[inputs["column"]]
        return column[data["is_reference"]], column[_chunk(inputs, data)]
    reference, current = _generated(inputs)
    if case["id"] == "312":
        reference, current = (_trimmed(side) for side in (reference, current))
    return reference, current


def _trimmed(values: np.ndarray) -> np.ndarray:
    low, high = np.quantile(values, [0.025, 0.975])
    return values[(values >= low) & (values <= high)]


def _shares_of_histograms(inputs: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Return the shares of both histograms in the union of their buckets; a point is a cell of its own, so is NaN."""
    edges = sorted({edge for side in ("ref", "cur") for bucket in inputs[side]["buckets"] for edge in bucket[:2]})
    shares = []
    for side in ("ref", "cur"):
        cells = dict.fromkeys([("point", edge) for edge in edges] + [("interval", edge) for edge in edges], 0.0)
        for low, high, count in inputs[side]["buckets"]:
            if low == high:
                cells["point", low] += count
            else:
                for left, right in pairwise(edges):
                    inside = low <= left and right <= high
                    cells["interval", left] += count * (right - left) / (high - low) if inside else 0.0
        shares.append([*cells.values(), inputs[side]["num_nan"]])
    return shares[0], shares[1]


def _from_counts(case: dict[str, Any]) -> float:
    inputs, statistic = case["inputs"], BY_NAME[case["statistic"]]
    if inputs["kind"] == "histograms":
        return statistic.from_counts(*_shares_of_histograms(inputs))
    names = sorted(set(inputs["ref"]) | set(inputs["cur"]))
    return statistic.from_counts(*([inputs[side].get(name, 0) for name in names] for side in ("ref", "cur")))


def _computed(case: dict[str, Any]) -> float:
    statistic, change = DERIVED.get(case["id"], (case["statistic"], lambda value: value))
    return change(_value({**case, "statistic": statistic}))


def _value(case: dict[str, Any]) -> float:
    if case["inputs"]["kind"] in ("histograms", "freqs"):
        return _from_counts(case)
    if case["statistic"] == "pca_reconstruction_error":
        data = _sample_drift()
        table = pa.table(
            {"f1": data["f1"], "f2": data["f2"], "f3": data["f3"].astype(str), "f4": data["f4"].astype(str)}
        )
        fitted = PcaError.fit(table.filter(pa.array(data["is_reference"])))
        return fitted.measure(table.take(pa.array(_chunk(case["inputs"], data)))).value
    reference, current = _arrays(case)
    if case["id"] in POOLED_BINS:
        low, high = min(reference.min(), current.min()), max(reference.max(), current.max())
        return BY_NAME[case["statistic"]].exact(reference, current, bins=np.linspace(low, high, 11))
    functions = {
        "ks_pvalue": ks.pvalue,
        "chi2_gof_pvalue": chi2.gof_pvalue,
        "chi2_contingency_pvalue": chi2.contingency_pvalue,
        **{name: action for name, (_, action) in TESTS.items()},
    }
    if case["statistic"] in functions:
        return functions[case["statistic"]](reference, current)
    return BY_NAME[case["statistic"]].exact(reference, current)


@pytest.mark.parametrize("case", CHECKED, ids=lambda case: f"{case['id']}-{case['statistic']}")
def test_agrees_with_its_source(case: dict[str, Any]) -> None:
    assert _computed(case) == pytest.approx(case["expected"], abs=case["tolerance"] or 1e-12)


THROUGH_A_STUDY = [
    case
    for case in CHECKED
    if case["inputs"]["kind"] in ("counts", "samples", "rule", "generator", "dataset")
    and case["statistic"] != "pca_reconstruction_error"
    and case["id"] not in POOLED_BINS | DERIVED.keys()
]


@pytest.mark.parametrize("case", THROUGH_A_STUDY, ids=lambda case: f"{case['id']}-{case['statistic']}")
def test_exact_study_agrees_too(case: dict[str, Any], tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.parquet" for name in ("reference", "current")]
    for path, side in zip(paths, _arrays(case), strict=True):
        pq.write_table(pa.table({"x": pa.array(side, from_pandas=True)}), path)
    found = compare(*paths, exact=True)["subjects"]["x"][case["statistic"]]
    assert found == pytest.approx(case["expected"], abs=case["tolerance"] or 1e-12)


def test_command_line_prints_the_same(tmp_path: Path) -> None:
    """All cases as columns of two files, the shorter ones filled up with nulls."""
    for place, name in enumerate(("reference", "current")):
        columns = {case["id"]: pa.array(_arrays(case)[place], from_pandas=True) for case in THROUGH_A_STUDY}
        rows = max(map(len, columns.values()))
        filled = {key: pa.concat_arrays([one, pa.nulls(rows - len(one), one.type)]) for key, one in columns.items()}
        pq.write_table(pa.table(filled), tmp_path / f"{name}.parquet")
    sides = [f"--{name}={tmp_path / name}.parquet" for name in ("reference", "current")]
    command = [sys.executable, "-m", "include", "drift", *sides, "--exact", "--json"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    subjects = json.loads(printed)["subjects"]
    for case in THROUGH_A_STUDY:
        found = subjects[case["id"]][case["statistic"]]
        assert found == pytest.approx(case["expected"], abs=case["tolerance"] or 1e-12), case["id"]


def test_every_case_is_checked_or_listed() -> None:
    cases = _cases()
    assert len(cases) == 188
    listed = [case for case in DRIFT if case["statistic"] in NOT_IMPLEMENTED or case["id"] in CANNOT_BE_CHECKED]
    performance = [case for case in cases if _is_performance(case)]
    assert len(performance) + len(CHECKED) + len(listed) == len(cases)
    assert {case["id"] for case in CHECKED}.isdisjoint({case["id"] for case in listed})


def test_lists_name_only_what_exists() -> None:
    statistics, ids = {case["statistic"] for case in DRIFT}, {case["id"] for case in DRIFT}
    assert set(NOT_IMPLEMENTED) <= statistics
    assert CANNOT_BE_CHECKED.keys() | OTHER_BINS.keys() | OTHER_INPUTS.keys() | DERIVED.keys() <= ids
    assert not set(NOT_IMPLEMENTED) & (set(BY_NAME) | set(TESTS))
