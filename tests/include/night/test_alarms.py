"""Alarms stand until a person or a promotion answers them; defects keep a partition out of training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from include.errors import LedgerError
from include.evidence.alarm import ALARM_SCHEMA, Alarm
from include.night.alarms import acknowledge, alarms_table, standing
from include.night.begun import begun
from include.night.defects import accept, defects_of
from include.night.labels import labelled_with_features
from include.night.state import state_of
from include.night.watch import order_of
from tests.include.night.shops import SECOND, THIRD

if TYPE_CHECKING:
    from tests.include.night.shops import World

FOURTH, FIFTH = "2024-01-19", "2024-01-20"


def raised(world: World, **changes: Any) -> Alarm:
    """Put an alarm into the table as a night would have raised it."""
    project = world.project()
    order = order_of(begun(project, "sales", SECOND)) + 1
    fields = {"signal": "mean_shift", "subject": "amount", "model_version": "", "since": SECOND} | changes
    alarm = Alarm(
        **fields, partition=SECOND, detector="levels", log_evidence=12.0, log_bound=10.0, false_alarms_per_year=0.05,
        effect=4.0, expected_loss=None, todo="Look.", order=order,
    )  # fmt: skip
    row = alarm.to_row()
    del row["_partition"]
    alarms_table(project, "sales").append(pa.Table.from_pylist([row], ALARM_SCHEMA), SECOND, run_key=json.dumps(fields))
    return alarm


def statuses(world: World) -> dict[str, str]:
    return {alarm.subject: alarm.status for alarm in standing(world.project(), "sales")}


def test_person_acknowledges_one_subject_or_all(world: World) -> None:
    world.night(SECOND)
    for subject in ("amount", "rate", "channel"):
        raised(world, subject=subject)

    assert [a.subject for a in acknowledge(world.project(), "sales", "rate")] == ["rate"]
    assert sorted(a.subject for a in acknowledge(world.project(), "sales")) == ["amount", "channel"]
    assert set(statuses(world).values()) == {"acknowledged"}
    with pytest.raises(LedgerError, match="no alarm stands"):
        acknowledge(world.project(), "sales")


def test_promotion_answers_what_its_champion_has_learnt(world: World) -> None:
    world.night(SECOND)
    champion = str(begun(world.project(), "sales", SECOND).champion)
    raised(world, subject="amount", since="2024-01-12")
    raised(world, subject="rate", since=SECOND)  # the new champion is trained up to the 14th
    raised(world, signal="realised_loss", subject="log_loss", model_version=champion)
    world.night(THIRD, force="new prices")
    assert begun(world.project(), "sales", THIRD).champion == champion
    assert set(statuses(world).values()) == {"open"}
    world.night(FOURTH)

    assert begun(world.project(), "sales", FOURTH).champion != champion
    assert statuses(world) == {"amount": "answered", "rate": "open", "log_loss": "answered"}


def test_policy_sees_only_alarms_that_matter(world: World) -> None:
    world.night(SECOND)
    raised(world, subject="amount")
    raised(world, subject="rate", size=0.01, material=False)
    found = state_of(world.project(), begun(world.project(), "sales", SECOND), None)

    assert [alarm.subject for alarm in found.alarms] == ["mean_shift of amount"]


@pytest.fixture
def defective(world: World) -> World:
    """Return a world whose fourth night has amounts in another unit."""
    world.night(SECOND)
    world.night(THIRD)
    orders = world.orders(FOURTH)
    world.write_orders(FOURTH, [{**row, "amount": round(float(row["amount"]) / 100, 4)} for row in orders])
    world.night(FOURTH)
    return world


def test_defect_blocks_the_night_and_tells_the_dataset(defective: World) -> None:
    project = defective.project()
    decision = project.model_ledger("sales").records("decision")[-1].body["decision"]
    text = "".join(path.read_text() for path in sorted((project.home.path / "messages").glob("*")))

    assert decision["verdict"] == "blocked"
    assert "amount" in decision["reason"]
    assert f"Critical: defective data · shop {FOURTH}" in text
    assert "#shop" in text
    assert f"acknowledge sales --partition {FOURTH}" in text


def test_kill_before_the_diagnosis_loses_no_defect(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.night(SECOND)
    orders = world.orders(THIRD)
    world.write_orders(THIRD, [{**row, "amount": round(float(row["amount"]) / 100, 4)} for row in orders])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("include.night.watch.warn", killed)
        with pytest.raises(KeyboardInterrupt):
            world.night(THIRD)
    done = world.night(THIRD)

    assert done["decide"]["verdict"] == "blocked"


def test_defective_partition_is_never_trained_on_unless_accepted(defective: World) -> None:
    defective.night(FIFTH)
    defective.night("2024-01-21")

    def learnt() -> list[str]:
        project = defective.project()
        return [p.key for p in labelled_with_features(project, begun(project, "sales", "2024-01-21"))][-3:]

    assert learnt() == [SECOND, THIRD, FIFTH]
    assert len(accept(defective.project(), "sales", FOURTH)) > 0
    assert learnt() == [THIRD, FOURTH, FIFTH]
    assert defects_of(defective.project().model_ledger("sales").records()) == {}
    with pytest.raises(LedgerError, match=f"no defect of {FOURTH} stands"):
        accept(defective.project(), "sales", FOURTH)


def test_calm_nights_diagnose_and_tell_nothing(world: World) -> None:
    for night in (SECOND, THIRD, FOURTH):
        world.night(night)

    assert world.project().model_ledger("sales").records("diagnosis") == []
