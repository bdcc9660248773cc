from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.config.model import Behaviour
from include.evaluation.behaviour import behaviour_part, changed_rows

ROWS = pa.table(
    {
        "wind": [1.0, 2.0, None, 4.0],
        "hour": pa.array([1, 2, 3, 4], pa.int32()),
        "carrier": pa.array(["AA", "UA", None, "AA"]).dictionary_encode(),
        "empty": pa.array([None] * 4, pa.float64()),
    }
)


def rising(rows):
    wind = np.nan_to_num(rows["wind"].to_numpy(zero_copy_only=False))
    return 0.1 * wind + 0.01 * rows["hour"].to_numpy()


def by_carrier(rows):
    return np.array([0.9 if carrier == "AA" else 0.1 for carrier in rows["carrier"].to_pylist()])


@pytest.mark.parametrize(
    ("predict", "kind", "column", "direction", "finding"),
    [
        (rising, "monotone", "wind", 1, "pass"),
        (rising, "monotone", "wind", -1, "fail"),
        (rising, "directional", "hour", 1, "pass"),
        (rising, "directional", "hour", -1, "fail"),
        (rising, "directional", "carrier", 1, "fail"),
        (rising, "invariance", "carrier", 1, "pass"),
        (by_carrier, "invariance", "carrier", 1, "fail"),
        (rising, "invariance", "wind", 1, "fail"),
        (rising, "monotone", "empty", 1, "cannot_tell"),
        (rising, "monotone", "nowhere", 1, "cannot_tell"),
    ],
)
def test_expectations_are_held(predict, kind, column, direction, finding):
    part = behaviour_part(predict, ROWS, [Behaviour(kind=kind, column=column, direction=direction)])
    assert part.finding == finding
    assert part.numbers["tests"][0]["finding"] == finding


def test_tolerated_share_may_break_it():
    part = behaviour_part(by_carrier, ROWS, [Behaviour(kind="invariance", column="carrier", tolerance=0.75)])
    assert (part.finding, part.reason) == ("pass", "invariance carrier: 75.0% of rows break it, 75.0% may")


def test_one_broken_expectation_fails_all():
    tests = [Behaviour(kind="monotone", column="wind"), Behaviour(kind="monotone", column="hour", direction=-1)]
    part = behaviour_part(rising, ROWS, tests)
    assert (part.finding, part.reason) == ("fail", "monotone hour: 100.0% of rows break it, 0.0% may")


def test_several_scores_a_row_cannot_be_told():
    part = behaviour_part(lambda rows: np.ones((rows.num_rows, 3)), ROWS, [Behaviour(kind="monotone", column="wind")])
    assert part.finding == "cannot_tell"


def test_no_rows_cannot_be_told():
    assert (
        behaviour_part(rising, ROWS.slice(0, 0), [Behaviour(kind="monotone", column="wind")]).finding == "cannot_tell"
    )


def test_numbers_are_moved_and_nulls_stay():
    changed = changed_rows(ROWS, Behaviour(kind="monotone", column="wind", change=0.5))
    assert changed["wind"].to_pylist() == [1.5, 2.5, None, 4.5]


def test_whole_numbers_move_by_whole_steps():
    changed = changed_rows(ROWS, Behaviour(kind="monotone", column="hour", change=0.2))
    assert changed["hour"].to_pylist() == [2, 3, 4, 5]


def test_categories_are_exchanged_in_order():
    changed = changed_rows(ROWS, Behaviour(kind="invariance", column="carrier"))
    assert changed["carrier"].to_pylist() == ["UA", "AA", None, "UA"]
    assert changed.schema.field("carrier").type == ROWS.schema.field("carrier").type
