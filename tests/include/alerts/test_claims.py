from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from include.alerts.claims import Claim, Claims
from include.storage.locations import Location
from include.storage.objects import list_names

from .conftest import Clock

LEASE = timedelta(minutes=2)


def claims(outbox: Location, clock: Clock) -> Claims:
    """Return what one task sees: each task lists the claims for itself."""
    return Claims(outbox / "claims", clock, LEASE)


def taken(outbox: Location, clock: Clock) -> Claim:
    found = claims(outbox, clock).take("a")
    assert found is not None
    return found


def test_only_one_task_has_a_message(outbox: Location, clock: Clock) -> None:
    first, second = claims(outbox, clock), claims(outbox, clock)
    assert first.take("a") is not None
    assert second.take("a") is None


def test_other_messages_are_free(outbox: Location, clock: Clock) -> None:
    taken(outbox, clock)
    assert claims(outbox, clock).take("a.b") is not None


def test_a_claim_runs_out_when_its_owner_died(outbox: Location, clock: Clock) -> None:
    first = taken(outbox, clock)
    clock.pass_(minutes=1, seconds=59)
    assert claims(outbox, clock).take("a") is None
    clock.pass_(seconds=1)
    second = taken(outbox, clock)
    assert (second.number, second.first) == (2, first.first)


def test_of_many_takers_one_wins(outbox: Location, clock: Clock) -> None:
    for _ in range(3):
        tasks = [claims(outbox, clock) for _ in range(16)]
        won: list[Claim | None] = [None] * 16
        barrier = threading.Barrier(16)

        def take(
            i: int, won: list[Claim | None] = won, tasks: list[Claims] = tasks, at: threading.Barrier = barrier
        ) -> None:
            at.wait()
            won[i] = tasks[i].take("a")

        threads = [threading.Thread(target=take, args=(i,)) for i in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(claim is not None for claim in won) == 1
        clock.pass_(minutes=3)


@pytest.mark.parametrize(("tries", "wait_s"), [(1, 60), (2, 120), (3, 240), (9, 3600)])
def test_waits_double_up_to_an_hour(outbox: Location, clock: Clock, tries: int, wait_s: int) -> None:
    for _ in range(tries):
        claim = taken(outbox, clock)
        clock.pass_(seconds=1)
        claims(outbox, clock).release(claim, wait_s=60, reason="no such channel")
        before = clock.now
        clock.pass_(hours=1)
    clock.now = before + timedelta(seconds=wait_s - 1)
    assert claims(outbox, clock).take("a") is None
    clock.pass_(seconds=1)
    assert claims(outbox, clock).take("a") is not None


def test_released_without_a_wait_it_is_free_at_once(outbox: Location, clock: Clock) -> None:
    claims(outbox, clock).release(taken(outbox, clock), wait_s=0, reason="Slack is down")
    assert claims(outbox, clock).take("a") is not None


def test_old_claims_do_not_pile_up(outbox: Location, clock: Clock) -> None:
    for _ in range(5):
        taken(outbox, clock)
        clock.pass_(minutes=3)
    assert list_names(outbox / "claims") == ["a.000005"]


def test_clearing_removes_only_this_messages_claims(outbox: Location, clock: Clock) -> None:
    taken(outbox, clock)
    claims(outbox, clock).take("ab")
    claims(outbox, clock).clear("a")
    assert list_names(outbox / "claims") == ["ab.000001"]
