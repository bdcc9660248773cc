"""Every stream is kept, rebuilt and repeated exactly; whoever changes a table is found out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.evidence.rows import states_from
from include.night.begun import begun
from include.night.reference import Watch
from include.night.replay import replayed_evidence
from include.night.states import states_of
from tests.include.night.shops import FIRST, SECOND, THIRD, with_gate

if TYPE_CHECKING:
    from include.evidence.stream import StreamState
    from include.storage.tables import Table
    from tests.include.night.shops import World


@pytest.fixture
def watched(world: World) -> World:
    world.night(SECOND)
    world.night(THIRD)
    return world


def place_of(world: World, night: str = THIRD) -> Watch:
    return Watch(world.project(), begun(world.project(), "sales", night))


def told(state: StreamState) -> tuple[Any, ...]:
    raw = tuple(None if math.isnan(value) else value for value in state.raw)
    bets = tuple(None if math.isnan(value) else value for pair in state.bets for value in pair)
    numbers = (state.levels.tolist(), state.residuals.tolist(), state.between, state.started, state.reference)
    return (state.stream, state.partitions, state.values, raw, bets, numbers)


def test_every_signal_of_the_design_is_measured(watched: World) -> None:
    rows = place_of(watched).signals.read(partitions=[THIRD]).to_pylist()
    evidence = place_of(watched).evidence.read().to_pylist()
    of_data = {(row["signal"], row["subject"]) for row in rows if row["health"] == "pass"}

    assert of_data == {
        ("wasserstein_standardised", "amount"), ("null_share", "amount"), ("mean_shift", "amount"),
        ("wasserstein_standardised", "rate"), ("null_share", "rate"), ("mean_shift", "rate"),
        ("js_divergence", "channel"), ("null_share", "channel"), ("unseen_share", "channel"),
        ("rows_per_hour", "rows"), ("domain_auc", "features"),
        ("prediction_distance", "score"), ("prediction_shift", "score"),
        ("attribution", "amount"), ("attribution", "channel"), ("attribution", "rate"),
    }  # fmt: skip
    assert {row["signal"] for row in evidence} == {
        *(signal for signal, _ in of_data), "realised_loss", "estimated_loss",
    }  # fmt: skip


def test_shares_of_a_night_sum_to_one(watched: World) -> None:
    rows = place_of(watched).evidence.read().to_pylist()
    share = {(r["signal"], r["subject"]): r["share"] for r in rows if r["_partition"] in (SECOND, THIRD)}
    amounts = sum(value for (_, subject), value in share.items() if subject == "amount")
    rates = sum(value for (_, subject), value in share.items() if subject == "rate")

    assert sum(share.values()) == pytest.approx(1.0)
    assert amounts > rates  # what moves the predictions more is watched more closely


def test_pool_holds_the_nights_kept_from_training(watched: World) -> None:
    place = place_of(watched, SECOND)
    state = states_from(place.evidence.read().to_pylist())["mean_shift", "amount", ""]

    assert place.keys[-1] < "2024-01-14"
    assert state.partitions[:16] == tuple(f"2024-01-{day:02d}" for day in range(1, 17))
    assert state.reference == 16


def test_joint_pool_holds_only_nights_outside_the_reference(watched: World) -> None:
    place = place_of(watched, SECOND)
    state = states_from(place.evidence.read().to_pylist())["domain_auc", "features", ""]

    assert state.reference == len(place.pool_keys) - len(place.keys) > 0
    assert min(state.partitions) > place.keys[-1]


def test_champions_own_pools_hold_no_night_it_was_trained_on(watched: World) -> None:
    place = place_of(watched)
    state = states_from(place.evidence.read().to_pylist())["realised_loss", "log_loss", str(place.found.champion)]

    assert min(state.partitions) > place.keys[-1]
    assert state.partitions[-1] == SECOND


def test_a_loss_is_judged_once_its_partition_has_matured(world: World) -> None:
    with_gate(
        world,
        "{mode: non_inferior, margin: 0.5, holdout: 3d}",
        target="{dataset: shop, column: sold, delay: 12h}",
    )
    world.night(SECOND)  # half of its labels are known by its end
    early = realised_of(world, SECOND)
    world.night(THIRD)
    late = realised_of(world, THIRD)

    assert SECOND not in early.partitions
    assert SECOND in late.partitions
    assert THIRD not in late.partitions


def realised_of(world: World, night: str) -> StreamState:
    place = place_of(world, night)
    return states_from(place.evidence.read().to_pylist())["realised_loss", "log_loss", str(place.found.champion)]


def test_kept_streams_equal_those_of_the_table(watched: World) -> None:
    place = place_of(watched)
    kept = states_of(place, [])
    rebuilt = states_from(place.evidence.read().to_pylist())

    assert {key: told(state) for key, state in kept.items()} == {key: told(state) for key, state in rebuilt.items()}
    assert len(kept) == 18


def test_kept_streams_of_another_version_are_not_used(watched: World) -> None:
    place = place_of(watched)
    kept = place.project.model_home("sales").path / "evidence_states.arrow"
    before = {key: told(state) for key, state in states_of(place, []).items()}
    kept.write_bytes(kept.read_bytes()[:100])

    assert {key: told(state) for key, state in states_of(place, []).items()} == before


def test_tables_repeat_every_p_value(watched: World) -> None:
    found = replayed_evidence(watched.project(), "sales")

    assert [(row["partition"], row["same"]) for row in found] == [(SECOND, True), (THIRD, True)]
    assert found[0]["recorded"] == "18 p-values, 0 alarms and notices"


@pytest.mark.parametrize(
    ("table", "column", "what"),
    [
        ("evidence", "p_value", "p_value of mean_shift of amount"),
        ("evidence", "studentised", "studentised of mean_shift of amount"),
        ("evidence", "log_evidence", "log_evidence of mean_shift of amount"),
        ("signals", "value", "value of mean_shift of amount"),
    ],
)
def test_changed_number_is_found(watched: World, table: str, column: str, what: str) -> None:
    tampered(getattr(place_of(watched), table), column)
    different = [row for row in replayed_evidence(watched.project(), "sales") if not row["same"]]

    assert different[0]["partition"] == SECOND
    assert different[0]["reason"] == what
    assert different[0]["recorded"] != different[0]["again"]


def test_removed_night_is_found(watched: World) -> None:
    place_of(watched).evidence.replace(SECOND, place_of(watched).evidence.spec.schema.empty_table().to_batches())

    assert not all(row["same"] for row in replayed_evidence(watched.project(), "sales"))


def tampered(table: Table, column: str) -> None:
    """Change one number of the second night in a table."""
    rows = table.read(partitions=[SECOND])
    mine = pc.and_(pc.equal(rows.column("signal"), "mean_shift"), pc.equal(rows.column("subject"), "amount"))
    changed = pc.if_else(mine, pc.add(rows.column(column), 0.01), rows.column(column))
    rows = rows.set_column(rows.schema.get_field_index(column), column, changed).drop_columns(["_partition"])
    table.replace(SECOND, rows.to_batches())


def test_first_night_measures_no_evidence(world: World) -> None:
    assert replayed_evidence(world.project(), "sales") == []
    assert isinstance(place_of(world, FIRST).evidence.read(), pa.Table)
