from __future__ import annotations

import pytest

from include.config.dataset import Dataset
from include.features.version import feature_version
from tests.include.features.worlds import DATASETS, POINT_IN_TIME, RIDES, model

VERSION = feature_version(POINT_IN_TIME, model(), DATASETS)


def changed(**values: object) -> dict[str, Dataset]:
    return DATASETS | {"rides": Dataset(**(RIDES.model_dump() | values))}


@pytest.mark.parametrize(
    ("sql", "of", "datasets"),
    [
        (POINT_IN_TIME.replace("\n", "\r\n"), model(), DATASETS),
        (POINT_IN_TIME.replace("\n", "  \n") + "\n\n", model(), DATASETS),
        (POINT_IN_TIME, model(description="Other words."), DATASETS),
        (POINT_IN_TIME, model(datasets=("stations", "readings")), DATASETS),
        (POINT_IN_TIME, model(), changed(description="Other words.", schedule="0 5 * * *")),
    ],
)
def test_what_changes_no_value_keeps_the_version(sql, of, datasets):
    assert feature_version(sql, of, datasets) == VERSION


@pytest.mark.parametrize(
    ("sql", "of", "datasets"),
    [
        (POINT_IN_TIME + "-- and more", model(), DATASETS),
        (None, model(), DATASETS),
        (POINT_IN_TIME, model(lead="2h"), DATASETS),
        (POINT_IN_TIME, model(lookback="2d"), DATASETS),
        (POINT_IN_TIME, model(datasets=("stations",)), DATASETS),
        (POINT_IN_TIME, model(), changed(derive={"far": "length > 3"})),
        (POINT_IN_TIME, model(), changed(outcome=("late",))),
        (POINT_IN_TIME, model(), changed(known_at={"delay": "1h"})),
    ],
)
def test_what_changes_values_changes_the_version(sql, of, datasets):
    assert feature_version(sql, of, datasets) != VERSION


def test_version_is_a_sha256():
    assert len(VERSION) == 64
    assert set(VERSION) <= set("0123456789abcdef")
