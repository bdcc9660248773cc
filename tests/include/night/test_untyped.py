"""A dataset without a contract whose first partitions have no value of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from include.config.dataset import Dataset
from include.labels.mature import labels_of
from include.night.rows import feature_columns
from include.night.whole import run_ingest, run_night
from tests.include.night.shops import SECOND, THIRD

if TYPE_CHECKING:
    from tests.include.night.shops import World

FIRST_DAYS = ("2024-01-01", "2024-01-02")


@pytest.fixture
def loose(world: World) -> World:
    """Return a world of orders without a contract, new, whose first two days have no amount and the first no channel."""
    shop = world.config / "datasets" / "shop.yaml"
    shop.write_text(shop.read_text().partition("contract:")[0].replace("name: shop\n", "name: stand\n"))
    shop.rename(shop.with_name("stand.yaml"))
    for day in FIRST_DAYS:
        rows = world.orders(day)
        for row in rows:
            row["amount"] = ""
            row["channel"] = "" if day == FIRST_DAYS[0] else row["channel"]
        world.write_orders(day, rows)
    return world


def _kinds(world: World) -> dict[str, pa.DataType]:
    table = world.project().snapshots("stand")
    assert table is not None
    return {name: table.spec.schema.field(name).type for name in ("amount", "channel")}


def test_first_values_give_a_column_its_type(loose: World) -> None:
    for day in FIRST_DAYS:
        run_ingest(loose.project(), "stand", day)
    assert _kinds(loose) == {"amount": pa.null(), "channel": pa.string()}

    done = run_ingest(loose.project(), "stand", "2024-01-03", "2024-01-05")
    table = loose.project().snapshots("stand")
    assert table is not None
    assert _kinds(loose) == {"amount": pa.float64(), "channel": pa.string()}
    assert done["unchanged"] == list(
        FIRST_DAYS
    )  # pulled again as late rows may have come: the same rows, the same file
    assert table.read(["amount"], list(FIRST_DAYS)).column("amount").null_count == 96
    assert table.read(["amount"], ["2024-01-03"]).column("amount").null_count == 0


def test_values_that_come_late_are_taken_and_known_late(loose: World) -> None:
    run_ingest(loose.project(), "stand", FIRST_DAYS[0])
    rows = loose.orders(FIRST_DAYS[0])
    rows[0]["amount"] = "12.5"
    loose.write_orders(FIRST_DAYS[0], rows)
    done = run_ingest(loose.project(), "stand", "2024-01-02")
    table = loose.project().snapshots("stand")
    assert table is not None
    read = table.read(["amount", "_known_at", "placed_at"], [FIRST_DAYS[0]]).sort_by("placed_at").to_pylist()
    late = [row for row in read if row["_known_at"] != row["placed_at"]]

    assert done["published"] == [*FIRST_DAYS]
    assert [(row["amount"], row["_known_at"].day) for row in late] == [(12.5, 3)]


def test_night_takes_a_feature_from_its_first_values_on(loose: World) -> None:
    models = loose.config / "models"
    text = (models / "sales.yaml").read_text().replace("sales", "late").replace("shop", "stand")
    (models / "late.yaml").write_text(text.replace("feature_contract:\n  amount: {range: [0, 90]}\n", ""))
    more = "stand.amount, stand.amount * 2 AS twice, coalesce(stand.amount, -1) AS filled,"
    sql = (models / "sales.sql").read_text().replace("shop", "stand").replace("stand.amount,", more)
    (models / "late.sql").write_text(sql)
    for day in [f"2024-01-{number:02d}" for number in range(3, 18)]:
        rows = loose.orders(day)
        for row in rows:
            row["amount"] = ""
        loose.write_orders(day, rows)
    project = loose.project()
    run_ingest(project, "rates", "2024-01-01", THIRD)
    run_ingest(project, "stand", "2024-01-01", SECOND)
    first = run_night(project, "late", SECOND)
    assert {*feature_columns(project, "late")} == {"filled", "channel", "rate"}

    run_ingest(project, "stand", THIRD)
    second = run_night(project, "late", THIRD, force="the amount is there")
    assert {*feature_columns(project, "late")} == {"filled", "channel", "rate", "amount", "twice"}
    assert (first["score"]["rows"], second["score"]["rows"]) == (0, 48)
    assert second["train"]["candidate"]


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_outcome_without_a_type_gives_no_labels(world: World, task: str) -> None:
    project = world.project()
    model = project.catalog.model("sales").model_copy(update={"task": task})
    dataset: Dataset = project.catalog.dataset("shop")
    run_ingest(project, "shop", "2024-01-01")
    table = project.snapshots("shop")
    assert table is not None
    batch = next(iter(table.ordered(table.spec.schema.names, ["2024-01-01"])))
    none = batch.set_column(batch.schema.get_field_index("sold"), "sold", pa.nulls(batch.num_rows))
    assert list(labels_of(model, dataset, [none], batch.column("_known_at")[-1].as_py())) == []
