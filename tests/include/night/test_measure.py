"""A night measures what is known, estimates what is not, and says which is which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.night.measure_table import performance_table
from tests.include.night.shops import SALES, SECOND, THIRD

if TYPE_CHECKING:
    from tests.include.night.shops import World

MORE = """\
signals: {slices: [channel]}
value: {currency: EUR, threshold: 0.4, true_positive: 5, false_positive: -2, false_negative: -1}
"""


def measured(world: World, partition: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    rows = performance_table(world.project(), "sales").read(partitions=[partition]).to_pylist()
    return {(row["kind"], row["slice"], row["metric"]): row for row in rows}


@pytest.fixture
def richer(world: World) -> World:
    (world.config / "models" / "sales.yaml").write_text(SALES + MORE)
    world.night(SECOND)
    world.night(THIRD)
    return world


def test_estimate_stands_beside_what_was_realised(richer: World) -> None:
    known, waiting = measured(richer, SECOND), measured(richer, THIRD)
    estimate, realised = known["estimated", "", "log_loss"], known["realised", "", "log_loss"]

    assert (estimate["measured_in"], realised["measured_in"]) == (SECOND, THIRD)
    assert estimate["low"] < realised["value"] < estimate["high"]
    assert estimate["low"] < estimate["value"] < estimate["high"]
    assert {kind for kind, _, _ in waiting} == {"estimated"}
    assert waiting["estimated", "", "auc"]["rows"] == 48


def test_metrics_have_standard_errors_and_money_its_matrix(richer: World) -> None:
    known = measured(richer, SECOND)
    names = {metric for kind, _, metric in known if kind == "realised"}

    assert names == {
        "log_loss", "auc", "average_precision", "brier", "calibration_error", "accuracy", "f1", "precision", "recall",
        "business_value",
    }  # fmt: skip
    assert all(row["standard_error"] > 0 for (kind, _, _), row in known.items() if kind == "realised")
    assert -2 < known["realised", "", "business_value"]["value"] < 5


def test_slices_add_up_to_the_whole(richer: World) -> None:
    known = measured(richer, SECOND)
    parts = [row for (kind, name, metric), row in known.items() if name and metric == "log_loss" and kind == "realised"]
    whole = known["realised", "", "log_loss"]

    assert {row["slice"] for row in parts} == {"channel=desk", "channel=web"}
    assert sum(row["rows"] for row in parts) == whole["rows"] == 48
    assert sum(row["rows"] * row["value"] for row in parts) / 48 == pytest.approx(whole["value"])


def test_shadow_is_measured_beside_the_champion(world: World) -> None:
    from include.night.score import predictions_table

    world.night(SECOND)
    table = predictions_table(world.project(), "sales")
    assert table is not None
    served = table.read(partitions=[SECOND], role="champion").drop_columns(["_partition", "role"])
    table.replace({"_partition": SECOND, "role": "shadow"}, served.to_batches())
    world.night(THIRD)
    rows = performance_table(world.project(), "sales").read(partitions=[SECOND]).to_pylist()
    told = {row["role"]: row["value"] for row in rows if row["metric"] == "log_loss" and row["kind"] == "realised"}

    assert told == {"champion": told["champion"], "shadow": told["champion"]}


def test_late_label_measures_its_partition_again(world: World) -> None:
    world.night(SECOND)
    world.night(THIRD)
    before = measured(world, SECOND)["realised", "", "log_loss"]
    orders = world.orders(SECOND)
    orders[0]["sold"] = "false" if orders[0]["sold"] == "true" else "true"
    world.write_orders(SECOND, orders)
    world.ingest(SECOND)
    world.night("2024-01-19")
    after = measured(world, SECOND)

    assert after["realised", "", "log_loss"]["value"] != before["value"]
    assert after["realised", "", "log_loss"]["measured_in"] == "2024-01-19"
    assert after["estimated", "", "log_loss"]["measured_in"] == SECOND
