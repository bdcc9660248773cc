"""The examples of docs/features.md are what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.errors import FeatureError
from tests.include.features.worlds import POINT_IN_TIME, features

TEXT = (Path(__file__).parents[3] / "docs" / "features.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)


def test_example_sql_is_point_in_time():
    found = features(blocks("sql")[0])
    assert found.column("temp").to_pylist() == features().column("temp").to_pylist()
    assert found.column("rides_so_far").to_pylist() == [i // 2 + 1 for i in range(24)]


def test_example_of_a_leak_reads_as_shown():
    with pytest.raises(FeatureError) as caught:
        features(POINT_IN_TIME.replace("_known_at <= rides._prediction_time", "taken <= rides._event_time"))
    assert str(caught.value) == blocks("text")[0].strip()


def test_example_of_a_wrong_name_reads_as_shown():
    with pytest.raises(FeatureError) as caught:
        features("SELECT rides._key, lenght FROM rides")
    assert str(caught.value) == blocks("text")[1].strip()
