"""Between gate and crown: shadow nights, canary, the replaced champion; what the labels say decides."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from include.errors import BlockedError, ConflictError, LedgerError
from include.night.promote import act
from include.night.roles import in_share
from include.night.succession import approve, ask
from include.night.wait import wait
from include.night.whole import night_step, run_night
from include.registry.champions import challenger, champion, champions, pending, stale
from include.storage.schemas import predictions
from include.storage.tables import Table
from tests.include.night.shops import FIRST, SALES, SECOND, THIRD, World, rows_of

if TYPE_CHECKING:
    from include.registry.ledger import Record

DAYS = [f"2024-01-{day:02d}" for day in range(17, 23)]


def _settings(world: World, text: str = "", policy: str = "every(3)") -> None:
    model = SALES.replace("policy: every(3)", f"policy: {policy}")
    (world.config / "models" / "sales.yaml").write_text(model + f"promotion: {{{text}}}\n")


def _records(world: World, kind: str | None = None) -> list[Record]:
    return world.project().model_ledger("sales").records(kind)


def _planted(world: World, night: str, role: str, version: str, *, right: bool) -> None:
    """Begin a night and put predictions into its log that are all but certain, and right or wrong."""
    world.ingest(night)
    assert wait(world.project(), "sales", night, expired=True)
    orders = world.orders(night)
    score = [0.02 + 0.96 * ((row["sold"] == "true") is right) for row in orders]
    table = Table(world.project().model_home("sales") / "predictions", predictions(["score"]))
    rows = pa.table(
        {
            "_key": [str(row["number"]) for row in orders],
            "model_version": [version] * len(orders),
            "score": score,
            "scored_in": [night] * len(orders),
        }
    )
    table.replace({"_partition": night, "role": role}, rows.to_batches())


def test_challenger_goes_through_shadow_and_canary_to_the_crown(world: World) -> None:
    _settings(world, "shadow_nights: 1, canary_share: 0.5, canary_nights: 1")
    first = champions(_records(world))[0].candidate
    passed = world.night(DAYS[0], force="try")
    new = passed["gate"]["candidate"]
    assert (passed["promote"]["stage"], passed["promote"]["champion"]) == ("shadow", first)

    shadow = world.night(DAYS[1], force="another")
    assert shadow["score"] == {"rows": 48, "model_version": 1, "beside": {"shadow": 48}}
    assert shadow["decide"]["verdict"] == "hold"  # one candidate at a time
    assert (shadow["gate"]["verdict"], shadow["promote"]["stage"]) == ("pass", "canary")

    canary = world.night(DAYS[2])
    rows = [row for row in rows_of(world.project(), "predictions") if row["_partition"] == DAYS[2]]
    served = {row["_key"]: row["model_version"] for row in rows if row["role"] in ("champion", "canary")}
    assert len(served) == sum(row["role"] in ("champion", "canary") for row in rows) == 48
    assert served == {key: new if in_share(key, 0.5, new) else first for key in served}
    assert {served[row["_key"]] != row["model_version"] for row in rows if row["role"] == "shadow"} == {True}
    assert canary["score"]["rows"] == 48
    assert canary["promote"]["version"] == 2

    after = world.night(DAYS[3])
    assert after["score"] == {"rows": 48, "model_version": 2, "beside": {"previous": 48}}
    assert "version 2 beside the one it replaced" in after["gate"]["beside"]
    made = _records(world, "promotion")[-1].body
    assert (made["partition"], made["parent"], made["candidate"]) == (DAYS[2], first, new)
    again = run_night(world.project(), "sales", DAYS[2])
    assert len(_records(world, "promotion")) == 2
    assert again["gate"]["verdict"] == "pass"


def test_challenger_that_realises_worse_is_refused(world: World) -> None:
    _settings(world, "shadow_nights: 6")
    new = world.night(DAYS[0], force="try")["gate"]["candidate"]
    done: dict[str, Any] = {}
    for night in DAYS[1:6]:
        _planted(world, night, "shadow", new, right=False)
        done = run_night(world.project(), "sales", night)
        if done["gate"]["verdict"] == "fail":
            break

    assert done["gate"]["verdict"] == "fail"
    assert "worse a row" in done["gate"]["reason"]
    assert [r.body["candidate"] for r in _records(world, "refusal")] == [new]
    assert champion(_records(world)) == champions(_records(world))[0]
    assert (challenger(_records(world)), pending(_records(world))) == (None, None)
    with pytest.raises(ConflictError, match="was refused meanwhile"):
        act(world.project(), "sales", action="promote", candidate=new, reason="still", by_hand=True)


def test_new_champion_that_realises_worse_is_rolled_back_for_good(world: World) -> None:
    _settings(world, policy="never")
    first = champions(_records(world))[0].candidate
    new = world.night(DAYS[0], force="try")["gate"]["candidate"]
    done: dict[str, Any] = {}
    for night in DAYS[1:6]:
        _planted(world, night, "previous", first, right=True)
        done = run_night(world.project(), "sales", night)
        if "promote" in done:
            break

    assert done["promote"]["champion"] == first
    back = _records(world, "promotion")[-1]
    assert (back.body["action"], back.body["candidate"], back.body["parent"]) == ("roll_back", first, new)
    assert "evidence that it is worse" in back.body["reason"]
    told = [path.name for path in (world.folder / "home" / "messages").iterdir() if "roll_back" in path.name]
    assert len(told) == 1
    again = run_night(world.project(), "sales", back.body["partition"])
    assert again["promote"]["champion"] == first
    act(world.project(), "sales", action="promote", candidate=new)  # its one promotion is long past
    assert len(_records(world, "promotion")) == 3
    assert champion(_records(world)).candidate == first  # type: ignore[union-attr]


def test_frozen_champion_is_not_rolled_back_and_serves_alone(world: World) -> None:
    _settings(world, "canary_share: 0.5")
    world.night(DAYS[0], force="try")
    act(world.project(), "sales", action="freeze", reason="audit")
    frozen = world.night(DAYS[1])
    act(world.project(), "sales", action="thaw", reason="done")
    free = world.night(DAYS[2])

    assert frozen["score"] == {"rows": 48, "model_version": 1}
    assert set(free["score"]["beside"]) == {"canary", "shadow"}
    act(world.project(), "sales", action="refuse", reason="enough seen")
    assert world.night(DAYS[3])["score"] == {"rows": 48, "model_version": 1}


def test_stale_candidate_is_judged_again_against_the_present_champion(world: World) -> None:
    first = champions(_records(world))[0].candidate
    world.night(SECOND, force="try")
    second = champions(_records(world))[1].candidate
    _settings(world, "shadow_nights: 5")
    third = world.night(THIRD, force="once more")["gate"]["candidate"]
    act(world.project(), "sales", action="roll_back", reason="worse")
    assert stale(_records(world)) == third
    again = world.night(DAYS[2])

    judged = [r.body["champion"] for r in _records(world, "gate") if r.body["candidate"] == third]
    assert judged == [second, first]
    assert again["gate"]["candidate"] == third
    assert again["score"] == {"rows": 48, "model_version": 1}  # the trial ended with the champion it was against


def test_of_two_promotions_at_once_one_wins_and_the_other_is_judged_again(world: World) -> None:
    _settings(world, "approval: true")
    new = world.night(SECOND, force="try")["gate"]["candidate"]
    ledger, body = world.project().model_ledger("sales"), dict(_records(world, "gate")[-1].body)
    other = "f" * 64
    ledger.append("gate", f"gate/{other}/{SECOND}", body | {"candidate": other})
    ended: list[str] = []

    def promoted(digest: str) -> None:
        try:
            act(world.project(), "sales", action="promote", candidate=digest, reason="now", by_hand=True)
            ended.append("won")
        except ConflictError:
            ended.append("lost")

    runs = [threading.Thread(target=promoted, args=(digest,)) for digest in (new, other)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()

    assert sorted(ended) == ["lost", "won"]
    assert len(champions(_records(world))) == 2
    assert {champion(_records(world)).candidate, stale(_records(world))} == {new, other}  # type: ignore[union-attr]


def test_nothing_is_promoted_without_the_approval_that_is_asked_for(world: World) -> None:
    _settings(world, "approval: true")
    done = world.night(SECOND, force="try")
    new = done["gate"]["candidate"]

    assert "promote" not in done
    with pytest.raises(BlockedError, match="has no approval"):
        act(world.project(), "sales", action="promote", candidate=new)
    assert night_step(world.project(), "sales", SECOND, "decide", force="more")["verdict"] == "hold"
    record = approve(world.project(), "sales", new, by="ada")
    act(world.project(), "sales", action="promote", candidate=new)
    assert (record.actor, champion(_records(world)).candidate) == ("ada", new)  # type: ignore[union-attr]
    assert not ask(world.project(), "sales", new)  # the night done again promotes it again: there is nothing to approve
    assert act(world.project(), "sales", action="promote", candidate=new)["champion"] == new


def test_refuses_only_what_waits(world: World) -> None:
    with pytest.raises(LedgerError, match="no candidate waits"):
        act(world.project(), "sales", action="refuse", reason="no")


def test_shares_of_keys_are_even_and_stable() -> None:
    keys = [f"order {number}" for number in range(4000)]
    mine = [in_share(key, 0.25, "salt") for key in keys]

    assert sum(mine) == pytest.approx(1000, abs=100)
    assert mine == [in_share(key, 0.25, "salt") for key in keys]
    assert [in_share(key, 0.5, "salt") for key, kept in zip(keys, mine, strict=True) if kept] == [True] * sum(mine)
    assert sum(a and b for a, b in zip(mine, (in_share(k, 0.25, "other") for k in keys), strict=True)) < 350


def test_first_champion_needs_no_trial(world: World) -> None:
    assert [r.kind for r in _records(world) if r.body.get("partition") == FIRST][-1] == "promotion"
