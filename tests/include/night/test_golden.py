"""Frozen rows are drawn once, never learned from, and keep out what the newest window believes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.errors import LedgerError, ModelError
from include.night.golden import golden_keys, golden_record, golden_rows
from include.night.promote import act
from include.night.reproduce import reproduced
from include.night.rows import labelled_rows
from include.night.score import artifact_of
from include.night.whole import run_night
from tests.include.night.shops import HISTORY, SECOND, make_world, poison, with_gate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.night.shops import World

GOLDEN = "{mode: non_inferior, margin: 0.5, holdout: 3d, golden_set: {rows: 100, margin: MARGIN}}"
LAST = "2024-01-23"


def _part(world: World, name: str) -> dict[str, Any]:
    gate = world.project().model_ledger("sales").records("gate")[-1].body
    return next(dict(part) for part in gate["report"]["parts"] if part["name"] == name)


@pytest.fixture
def fresh(tmp_path: Path) -> World:
    """Return an installation whose first night is still to come, with a golden set."""
    world = make_world(tmp_path / "fresh", days=19)
    with_gate(world, GOLDEN.replace("MARGIN", "0.5"))
    world.ingest(*HISTORY)
    run_night(world.project(), "sales", HISTORY[-1])
    return world


def test_golden_rows_are_frozen_before_anything_learns(fresh: World) -> None:
    project = fresh.project()
    ledger = project.model_ledger("sales")
    record = golden_record(ledger)
    assert record is not None
    keys = golden_keys(project, "sales", record.body["table_version"])
    trained = ledger.records("candidate")[-1].body
    rows = labelled_rows(project, "sales", trained["train"]["keys"], record.body["feature_version"])
    everything = {(row["_partition"], row["_key"]) for batch in rows for row in batch.to_pylist()}
    frozen = {(partition, key) for partition, some in keys.items() for key in some.to_pylist()}

    assert [r.kind for r in ledger.records()].index("golden_set") < [r.kind for r in ledger.records()].index(
        "candidate"
    )
    assert record.body["rows"] == len(frozen) == 100
    assert trained["rows"] == len(everything - frozen) < len(everything)
    held_out = [night["rows"] for night in ledger.records("gate")[-1].body["path"]]
    assert sum(held_out) == 48 * len(held_out) - sum(len(keys.get(k, [])) for k in trained["holdout_partitions"])
    assert _part(fresh, "golden_set")["numbers"]["rows"] == 100
    assert reproduced(project, "sales", "1")["same"]

    fresh.night(SECOND, force="once more")
    again = fresh.project()
    assert len(again.model_ledger("sales").records("golden_set")) == 1
    second = artifact_of(again, "sales", again.model_ledger("sales").records("candidate")[-1].body["candidate"])
    assert [item.version for item in second.manifest.lineage.inputs if item.table.endswith("golden")] == [1]


def test_golden_set_of_a_running_model_spares_what_its_champion_knows(world: World) -> None:
    learned = set(world.project().model_ledger("sales").records("candidate")[-1].body["train"]["keys"])
    with_gate(world, GOLDEN.replace("MARGIN", "0.5"))
    world.night(SECOND, force="with a golden set")
    record = golden_record(world.project().model_ledger("sales"))

    assert record is not None
    assert set(record.body["partitions"]).isdisjoint(learned)
    assert record.body["rows"] == (16 - len(learned)) * 48 // 5


def test_altered_golden_set_is_refused(fresh: World) -> None:
    project = fresh.project()
    record = golden_record(project.model_ledger("sales"))
    assert record is not None
    body = dict(record.body) | {"content_sha256": "0" * 64}
    with pytest.raises(ModelError, match="golden set: is not what was frozen"):
        golden_rows(project, "sales", type(record)(**{**record.__dict__, "body": body}))


def test_changed_features_keep_the_frozen_keys_and_labels(fresh: World) -> None:
    sql = fresh.config / "models" / "sales.sql"
    sql.write_text(sql.read_text().replace("shop.amount,", "shop.amount, shop.amount * 2 AS twice,"))
    fresh.night(SECOND, force="new feature")
    project = fresh.project()
    first, second = project.model_ledger("sales").records("golden_set")
    kept = ["_partition", "_key", "label"]

    assert first.body["feature_version"] != second.body["feature_version"]
    assert first.body["keys_sha256"] == second.body["keys_sha256"]
    assert golden_rows(project, "sales", first).select(kept) == golden_rows(project, "sales", second).select(kept)
    assert "twice" in golden_rows(project, "sales", second).column_names
    assert _part(fresh, "golden_set")["numbers"]["rows"] == 100


def test_poisoned_newest_window_asks_a_person(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world", days=23)
    poison(world, HISTORY[-1], LAST, "web")
    gate = "{holdout: 4d, golden_set: {rows: 100}}"
    with_gate(world, gate, policy="never", learner="{rounds: 20, parameters: {max_depth: 3}}\nwindow: {last: 3d}")
    world.ingest(*HISTORY)
    run_night(world.project(), "sales", HISTORY[-1])
    world.ingest(SECOND, LAST)
    done = run_night(world.project(), "sales", LAST, force="newest data")
    (message,) = (world.folder / "home" / "messages").glob(f"*-gate-sales-{LAST}-*.txt")
    page = (world.folder / "home" / "reports" / "models" / "sales" / f"{LAST}.html").read_text()

    assert (_part(world, "performance")["finding"], _part(world, "golden_set")["finding"]) == ("pass", "fail")
    assert "channel=web" in _part(world, "golden_set")["reason"]
    assert (done["gate"]["verdict"], "promote" in done) == ("fail", False)
    assert "a person is asked" in message.read_text()
    assert f"python -m include promote sales {done['gate']['candidate'][:12]}" in message.read_text()
    assert "until a person has looked" in page

    with pytest.raises(LedgerError, match="failed on the golden set and needs a person's word"):
        act(world.project(), "sales", action="promote", candidate=done["gate"]["candidate"])
    with pytest.raises(LedgerError, match="has no challenger"):
        act(world.project(), "sales", action="promote")
    told = act(world.project(), "sales", action="promote", candidate=done["gate"]["candidate"], reason="taxes changed")
    promotion = world.project().model_ledger("sales").records("promotion")[-1]
    assert (told["version"], promotion.body["overruled"], promotion.body["reason"]) == (
        2,
        "golden_set",
        "taxes changed",
    )
