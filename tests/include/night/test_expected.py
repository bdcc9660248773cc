"""An alarm says what it has cost since the change, in the model's metric and in money."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from include.evidence.alarm import Alarm, Floor
from include.night.begun import begun
from include.night.champion_reference import reference_of_champion
from include.night.expected import costed, extra
from include.night.measure_table import performance_table
from include.night.reference import Watch
from include.night.states import states_of
from include.night.unseen import Unseen
from tests.include.night.shops import SALES, SECOND, THIRD

if TYPE_CHECKING:
    from tests.include.night.shops import World

VALUE = "value: {currency: EUR, threshold: 0.4, true_positive: 5, false_positive: -2, false_negative: -1}\n"


def alarm_since(night: str) -> Alarm:
    return Alarm("mean_shift", "amount", "", THIRD, night, "levels", 12.0, 10.0, 0.05, 4.0, None, "Look.", size=0.5)


@pytest.fixture
def sold_badly(world: World) -> World:
    """Return a world in which nobody pays on the second night."""
    (world.config / "models" / "sales.yaml").write_text(SALES + VALUE)
    world.write_orders(SECOND, [{**row, "sold": "false"} for row in world.orders(SECOND)])
    world.night(SECOND)
    world.night(THIRD)
    return world


def test_alarm_is_priced_by_what_the_champion_has_lost_since(sold_badly: World) -> None:
    project = sold_badly.project()
    found = begun(project, "sales", THIRD)
    place = Watch(project, found)
    reference = reference_of_champion(place, Unseen(project, found))
    assert reference is not None
    (told,) = costed(place, [alarm_since(SECOND)], states_of(place, []), reference, Floor())
    rows = performance_table(project, "sales").read(partitions=[SECOND]).to_pylist()
    money = next(r for r in rows if r["metric"] == "business_value" and r["kind"] == "realised")

    assert told.expected_loss is not None
    assert told.expected_loss > 0.1
    assert told.expected_loss_high is not None
    assert told.expected_loss_high > told.expected_loss
    assert told.expected_cost == pytest.approx((reference.money - money["value"]) * 48)
    assert told.expected_cost > 0
    assert told.currency == "EUR"
    assert told.material


def test_change_that_surely_costs_too_little_stays_in_the_report(sold_badly: World) -> None:
    project = sold_badly.project()
    found = begun(project, "sales", THIRD)
    place = Watch(project, found)
    reference = reference_of_champion(place, Unseen(project, found))
    (told,) = costed(place, [alarm_since(SECOND)], states_of(place, []), reference, Floor(expected_loss=1e6))

    assert not told.material


@pytest.mark.parametrize(
    ("before", "after", "loss", "high"),
    [([], [0.4], None, None), ([0.3], [], None, None), ([0.3], [0.4], 0.1, math.inf)],
)
def test_too_few_nights_say_little(
    before: list[float], after: list[float], loss: float | None, high: float | None
) -> None:
    found = extra(before, after)

    assert found == (pytest.approx(loss) if loss else loss, high)


def test_metric_of_which_more_is_better_loses_by_falling() -> None:
    assert extra([0.8, 0.8], [0.7, 0.7], higher_is_better=True)[0] == pytest.approx(0.1)
