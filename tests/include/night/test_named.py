"""Columns that a model's file names and nobody has: refused before a night begins, at the latest before it learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigError
from include.night.whole import run_night
from tests.include.night.shops import HISTORY, SALES, SECOND, SHOP, World, make_world, with_gate

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "2024-01-16"
FAIR = "fairness: {groups: [nope], max_demographic_parity_difference: 0.5}"
BEHAVES = "behaviour: [{kind: invariance, column: nope}]"


def untyped(folder: Path, sql: str | None) -> World:
    """Return an installation whose rows have no contract, and whose model has this SQL, or none."""
    world = make_world(folder, days=17)
    (world.config / "datasets" / "shop.yaml").write_text(SHOP.partition("contract:")[0])
    if sql is not None:
        (world.config / "models" / "sales.sql").write_text(sql)
    return world


def asked(world: World, gate: str, more: str = "", sql: bool = True) -> None:
    """Write the model's file with a gate; nothing is left of the contract of its features."""
    with_gate(world, gate)
    path = world.config / "models" / "sales.yaml"
    text = path.read_text().replace("feature_contract:\n  amount: {range: [0, 90]}\n", "") + more
    path.write_text(text if sql else text.replace("features: sales.sql\n", "").replace("datasets: [rates]\n", ""))


def kinds(world: World) -> list[str]:
    """Return what the model's ledger has records of."""
    return [record.kind for record in world.project().model_ledger("sales").records()]


NAMED = "SELECT shop._key, shop.amount, shop.channel FROM shop"
STAR = "SELECT shop.* EXCLUDE (number, placed_at, _event_time, _prediction_time) FROM shop"


@pytest.mark.parametrize(
    ("gate", "key"),
    [
        ("{slices: [nope]}", "gate.slices[0]"),
        (f"{{{FAIR}}}", "gate.fairness.groups[0]"),
        (f"{{{BEHAVES}}}", "gate.behaviour[0].column"),
    ],
)
@pytest.mark.parametrize("sql", [NAMED, None], ids=["sql", "default"])
def test_night_does_not_begin(tmp_path: Path, gate: str, key: str, sql: str | None) -> None:
    world = untyped(tmp_path / "world", sql)
    asked(world, gate, sql=sql is not None)
    world.ingest(*HISTORY)
    with pytest.raises(ConfigError) as caught:
        run_night(world.project(), "sales", FIRST)
    where, _, found = str(caught.value).splitlines()[0].partition(f": {key} ")
    known = "amount, channel" if "behaviour" in key else "amount, channel, number, placed_at, sold"

    assert where.endswith(f"models/sales.yaml:{12 if sql else 10}")
    assert found == f"names 'nope', which is not a feature. Known columns: {known}."
    assert kinds(world) == []


def test_columns_of_a_star_are_known_once_there_are_feature_rows(tmp_path: Path) -> None:
    world = untyped(tmp_path / "world", STAR)
    asked(world, "{slices: [chanel]}")
    world.ingest(*HISTORY)
    with pytest.raises(ConfigError, match=r"gate.slices\[0\] names 'chanel', .* Did you mean 'channel'\?"):
        run_night(world.project(), "sales", FIRST)
    assert kinds(world) == ["night_start"]

    asked(world, "{slices: [channel], mode: non_inferior, margin: 0.5, holdout: 3d}")
    world.ingest(SECOND)
    assert run_night(world.project(), "sales", SECOND)["gate"]["verdict"] == "pass"


def test_slices_of_signals_are_held_to_the_same(tmp_path: Path) -> None:
    world = untyped(tmp_path / "world", NAMED)
    asked(world, "{holdout: 3d}", "signals: {slices: [nope]}\n")
    world.ingest(*HISTORY)
    with pytest.raises(ConfigError, match=r"signals.slices\[0\] names 'nope'"):
        run_night(world.project(), "sales", FIRST)


def test_expectation_of_a_text_is_refused_once_its_type_is_known(tmp_path: Path) -> None:
    world = untyped(tmp_path / "world", NAMED)
    asked(world, "{behaviour: [{kind: monotone, column: channel}]}")
    world.ingest(*HISTORY)
    with pytest.raises(ConfigError, match=r"kind is 'monotone', but channel is of type string"):
        run_night(world.project(), "sales", FIRST)
    assert kinds(world) == ["night_start"]


def test_names_of_sql_have_no_case(tmp_path: Path) -> None:
    world = untyped(tmp_path / "world", "SELECT shop._key, shop.Amount, shop.CHANNEL FROM shop")
    asked(world, "{slices: [channel], mode: non_inferior, margin: 0.5, holdout: 3d}")
    world.ingest(*HISTORY)

    assert run_night(world.project(), "sales", FIRST)["gate"]["verdict"] == "pass"


def test_model_of_the_tests_is_the_one_that_is_changed() -> None:
    assert "feature_contract:\n  amount: {range: [0, 90]}\n" in SALES
    assert "datasets: [rates]\n" in SALES
