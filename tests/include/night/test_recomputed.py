"""What a night was decided on is computed again from the tables as they were then, and must agree with its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.fleet.erasure import erase
from include.night.measure_table import performance_table
from include.night.recomputed import recomputed
from include.night.replay import replayed
from tests.include.night.forged import changed, rechained, unchanged
from tests.include.night.shops import FIRST, SALES, SECOND, THIRD, World, copy_of, prepared

if TYPE_CHECKING:
    from pathlib import Path

    from include.night.recomputed import Recomputed

FOURTH = "2024-01-19"
"""Its decision retrains, and has two realised losses to look at."""


@pytest.fixture(scope="module")
def four_nights(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return an installation after four nights, two of which trained; copy it, never write it."""
    world = copy_of(prepared(tmp_path_factory), tmp_path_factory.mktemp("replay") / "world")
    for night in (SECOND, THIRD, FOURTH):
        world.night(night)
    return world


@pytest.fixture
def world(four_nights: World, tmp_path: Path) -> World:
    return copy_of(four_nights, tmp_path / "world")


def _again(world: World, partition: str | None = None) -> list[Recomputed]:
    return recomputed(world.project(), "sales", partition)


def _different(world: World) -> list[tuple[str, str, Any, Any]]:
    return [(one.partition, *one.difference) for one in _again(world) if one.difference is not None]


def _losses(world: World) -> list[dict[str, Any]]:
    found = next(r for r in world.project().model_ledger("sales").records("decision") if r.body["partition"] == FOURTH)
    return [dict(one) for one in found.body["state"]["losses"]]


def test_every_decision_and_verdict_is_confirmed(world: World) -> None:
    found = _again(world)

    assert [(one.partition, one.what.split("/")[0], one.difference, one.left) for one in found] == [
        (FIRST, "state, limits and other policies of decision", None, ""),
        (FIRST, "verdict gate", None, ""),
        (SECOND, "state, limits and other policies of decision", None, ""),
        (THIRD, "state, limits and other policies of decision", None, ""),
        (FOURTH, "state, limits and other policies of decision", None, ""),
        (FOURTH, "verdict gate", None, ""),
    ]
    assert [one.fields for one in found] == [22, 8, 22, 22, 22, 8]
    assert len(_losses(world)) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("new_labels", 17),
        ("history", 3),
        ("since_cut", 99),
        ("since_training", 99),
        ("champion", "0" * 64),
        ("gate_loss", 0.25),
        ("trainings", [7]),
        ("served", 99),
        ("health", "warn"),
        ("defects", ["amount is constant"]),
        ("pending", "0" * 64),
        ("cpu_minutes_week", 400.0),
        ("training_cpu_minutes", 400.0),
        ("alarms", [{"subject": "mean_shift of amount", "since": FIRST, "kind": "data"}]),
    ],
)
def test_forged_state_is_found_though_the_chain_is_whole(world: World, field: str, value: Any) -> None:
    rechained(world, changed(f"decision/{FOURTH}", **{f"state__{field}": value}))

    assert [(night, name.split("[")[0]) for night, name, _, _ in _different(world)] == [(FOURTH, f"state.{field}")]


@pytest.mark.parametrize("field", ["mean", "standard_error", "rows", "age", "partition"])
def test_forged_loss_is_named_by_its_place(world: World, field: str) -> None:
    losses = _losses(world)
    losses[1][field] = FIRST if field == "partition" else losses[1][field] + 1
    rechained(world, changed(f"decision/{FOURTH}", state__losses=losses))

    ((night, name, recorded, again),) = _different(world)
    assert (night, name) == (FOURTH, f"state.losses[1].{field}")
    assert recorded != again


def test_a_billionth_of_a_loss_is_no_difference(world: World) -> None:
    losses = _losses(world)
    losses[0]["mean"] *= 1 + 1e-10
    rechained(world, changed(f"decision/{FOURTH}", state__losses=losses))

    assert _different(world) == []


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"limits__cooldown": 9}, ("limits.cooldown", 9, 0)),
        ({"limits__min_new_labels": 0}, ("limits.min_new_labels", 0, 1)),
        ({"policy": "every(9)"}, ("policy", "every(9)", "every(3)")),
        ({"tried__horizon": 99}, ("tried.horizon", 99, 7)),
        ({"others__never__verdict": "retrain"}, ("others.never", "retrain", "hold")),
    ],
)
def test_forged_limits_are_held_against_the_configuration(
    world: World, values: dict[str, Any], named: tuple[str, Any, Any]
) -> None:
    rechained(world, changed(f"decision/{SECOND}", **values))

    assert _different(world) == [(SECOND, *named)]


@pytest.mark.parametrize("field", ["candidate_loss", "candidate_standard_error", "report__gain", "report__low"])
def test_forged_number_of_the_gate_is_found(world: World, field: str) -> None:
    rechained(world, lambda key, body: changed("gate/", **{field: 5.0})(key, body) if FOURTH in key else None)

    ((night, name, recorded, again),) = [found for found in _different(world) if found[1].startswith(("cand", "rep"))]
    assert (night, name, recorded) == (FOURTH, field.replace("__", "."), 5.0)
    assert abs(again) < 1


def test_forged_night_of_the_gate_is_found(world: World) -> None:
    def better(key: str, body: dict[str, Any]) -> None:
        if key.startswith("gate/") and FOURTH in key:
            body["path"][0]["candidate"] /= 2

    rechained(world, better)

    ((night, name, recorded, again),) = _different(world)
    assert (night, name) == (FOURTH, "path[0].candidate")
    assert again == pytest.approx(2 * recorded)


def test_one_night_is_recomputed_alone(world: World) -> None:
    assert {one.partition for one in _again(world, THIRD)} == {THIRD}


def test_labels_that_come_later_change_no_earlier_night(world: World) -> None:
    orders = [order for order in world.orders(THIRD) if int(order["number"]) % 7]
    world.write_orders(THIRD, orders)  # rows are taken back within the time that rows may come late
    world.ingest(THIRD)
    world.night("2024-01-20")
    measured = {row["measured_in"] for row in performance_table(world.project(), "sales").read().to_pylist()}

    assert "2024-01-20" in measured
    assert _different(world) == []
    assert {one.left for one in _again(world)} == {""}


def test_a_changed_configuration_takes_only_what_hangs_on_it_from_the_record(world: World) -> None:
    text = SALES.replace("every(3)", "{rule: every(3), cooldown: 2}").replace("delay: 1d", "delay: 4d")
    (world.config / "models" / "sales.yaml").write_text(text)
    fourth = _again(world, FOURTH)[0]

    assert _different(world) == []
    assert fourth.left == (
        "history, new_labels, losses: the configuration was changed since; "
        "limits.cooldown: the configuration was changed since"
    )
    rechained(world, changed(f"decision/{FOURTH}", state__since_cut=99))
    assert [name for _, name, _, _ in _different(world)] == ["state.since_cut"]


def test_a_changed_configuration_that_decides_nothing_excuses_nothing(world: World) -> None:
    (world.config / "models" / "sales.yaml").write_text(SALES.replace("Chance that", "How likely it is that"))
    rechained(world, changed(f"decision/{FOURTH}", state__new_labels=17, limits__cooldown=9))
    assert [name for _, name, _, _ in _different(world)] == ["state.new_labels"]
    rechained(world, changed("gate/", candidate_loss=0.1))

    assert "candidate_loss" in [name for _, name, _, _ in _different(world)]


def test_a_record_of_before_is_confirmed_or_said_to_be_taken(world: World) -> None:
    old = changed("", tables=..., settings=...)

    def as_before(key: str, body: dict[str, Any]) -> None:
        if not key.startswith("night/"):
            old(key, body)

    rechained(world, as_before)
    assert _different(world) == []
    rechained(world, changed(f"decision/{FOURTH}", state__new_labels=17))

    assert _different(world) == []
    assert _again(world, FOURTH)[0].left == "new_labels: the record names no versions of tables"
    rechained(world, changed(f"decision/{FOURTH}", limits__cooldown=7))
    assert [name for _, name, _, _ in _different(world)] == ["limits.cooldown"]
    rechained(world, changed(f"decision/{FOURTH}", state__since_training=9))
    assert [name for _, name, _, _ in _different(world)] == ["state.since_training"]


def test_rows_that_retention_removed_are_said_to_be_taken(world: World) -> None:
    world.night("2024-01-20")
    table = performance_table(world.project(), "sales")
    now = {row["path"] for row in table.contents()}
    superseded = {row["path"] for version in range(table.version()) for row in table.contents(version)} - now
    for path in superseded | {next(iter(now))}:
        (world.folder / "home" / "models" / "sales" / "performance" / path.replace("%3D", "=")).unlink(missing_ok=True)
    found = _again(world, FOURTH)[0]

    assert _different(world) == []
    assert "performance" in found.left


def test_a_missing_model_file_is_said_not_to_be_recomputed(world: World) -> None:
    ledger = world.project().model_ledger("sales")
    candidate = str(ledger.records("candidate")[-1].body["candidate"])
    folder = world.folder / "home" / "models" / "sales" / "artifacts" / candidate
    for path in folder.iterdir():
        path.unlink()
    verdict = _again(world, FOURTH)[-1]

    assert (verdict.difference, verdict.fields) == (None, 0)
    assert candidate in verdict.left


def test_rows_that_were_erased_excuse_a_verdict_and_say_so(world: World) -> None:
    held_out = world.project().model_ledger("sales").records("gate")[-1].body["holdout"]
    number = world.orders(held_out[0])[0]["number"]
    erase(world.project(), "shop", [number], reason="request 7")

    assert _different(world) == []
    assert _again(world, FOURTH)[-1].left.endswith(": a person's rows were erased since")


def test_nothing_is_written(world: World) -> None:
    home = world.folder / "home"
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    _again(world)
    replayed(world.project(), "sales")

    assert {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()} == before


def test_rechaining_alone_changes_nothing(world: World) -> None:
    rechained(world, unchanged)

    assert _different(world) == []
