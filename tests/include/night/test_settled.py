"""The few labels that come first decide nothing and are not shown: a partition counts once its labels are whole."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.night.begun import begun
from include.night.labels import labelled_partitions
from include.night.lines import night_lines
from include.night.measure_table import performance_table
from include.night.settled import usual_share
from include.night.state import state_of
from include.night.whole import run_night
from tests.include.night.shops import FIRST, HISTORY, SALES, SECOND, SHOP, THIRD, World, make_world

if TYPE_CHECKING:
    from pathlib import Path

FOURTH, FIFTH = "2024-01-19", "2024-01-20"


@pytest.mark.parametrize(
    ("shares", "old", "usual"),
    [
        ([], 0, 1.0),
        ([0.6, 0.6, 0.6, 0.6], 0, 1.0),
        ([0.6, 0.61, 0.6, 0.59, 0.6, 0.1], 0, 0.6),
        ([0.6, 0.55, 0.5, 0.45, 0.4], 0, 1.0),
        ([0.0, 0.0, 0.0, 0.0, 0.0], 0, 1.0),
        ([0.7, 0.8, 0.2], 2, 0.75),
        ([1.4], 1, 1.0),
    ],
)
def test_usual_share_is_that_of_old_or_settled_partitions(shares: list[float], old: int, usual: float) -> None:
    assert usual_share(shares, old) == pytest.approx(usual)


@pytest.fixture
def slow(tmp_path: Path) -> World:
    """Return a shop that learns of every third order within two hours, of a third 36 hours later, of the others never."""
    world = make_world(tmp_path / "slow")
    text = SHOP.replace("outcome: [sold]", "outcome: [sold, settled_at]")
    (world.config / "datasets" / "shop.yaml").write_text(f"{text}    settled_at: {{type: timestamp}}\n")
    target = "target: {dataset: shop, column: sold, known_at: settled_at}"
    (world.config / "models" / "sales.yaml").write_text(
        SALES.replace("target: {dataset: shop, column: sold, delay: 1d}", target).replace("every(3)", "every(30)")
    )
    for day in range(1, 23):
        key = f"2024-01-{day:02d}"
        world.write_orders(key, [_settled(row, place) for place, row in enumerate(world.orders(key))])
    world.ingest(*HISTORY)
    run_night(world.project(), "sales", FIRST)
    return world


def _settled(row: dict[str, Any], place: int) -> dict[str, Any]:
    if place % 3 == 2:
        return row | {"sold": "", "settled_at": ""}
    at = datetime.fromisoformat(row["placed_at"]) + timedelta(hours=36 if place % 3 else 2)
    return row | {"settled_at": at.strftime("%Y-%m-%dT%H:%M:%SZ")}


def test_partition_counts_once_its_labels_are_whole(slow: World) -> None:
    def whole(night: str) -> str:
        project = slow.project()
        return labelled_partitions(project, begun(project, "sales", night))[-1].key

    assert whole(FIRST) == "2024-01-14"
    assert slow.project().model_ledger("sales").records("candidate")[0].body["holdout"]["last"] == "2024-01-14"

    for night in (SECOND, THIRD):  # the second makes the first champion, the third is the first that it serves
        slow.night(night)
    early = slow.night(FOURTH)["measure"]
    rows = performance_table(slow.project(), "sales").read(partitions=[THIRD]).to_pylist()
    assert {row["rows"] for row in rows if row["kind"] == "realised"} == {24}  # the first labels are measured,
    assert "value" not in early  # but neither shown
    assert night_lines(slow.project(), "sales", [FOURTH])[0].value is None
    assert state_of(slow.project(), begun(slow.project(), "sales", FOURTH), None).losses == ()  # nor decided by

    settled = slow.night(FIFTH)["measure"]
    assert (settled["metric_partition"], settled["rows"]) == (THIRD, 32)
    assert whole(FIFTH) == THIRD
    line = night_lines(slow.project(), "sales", [FIFTH])[0]
    assert (line.measured_on, line.measured_rows, line.value) == (THIRD, 32, settled["value"])
    losses = state_of(slow.project(), begun(slow.project(), "sales", FIFTH), None).losses
    assert [(loss.partition, loss.rows) for loss in losses] == [(THIRD, 32)]


def test_night_page_shows_whole_partitions_only(slow: World) -> None:
    from include.night.report import facts_of

    for night in (SECOND, THIRD):
        slow.night(night)
    rows = performance_table(slow.project(), "sales").read(partitions=[THIRD]).to_pylist()
    assert any(row["kind"] == "realised" for row in rows)
    records = slow.project().model_ledger("sales").records()
    facts = facts_of(slow.project(), "sales", THIRD, records)
    assert {point.kind for metric in facts.metrics for point in metric.points} == {"estimated"}
