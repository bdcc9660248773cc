from __future__ import annotations

import pytest

from include.report.facts import AlarmFact, DataFact, GateFact, MetricFact, Point
from include.report.story import what_happened, what_to_do, why

from .conftest import bare, night


def test_events_are_told_in_their_order() -> None:
    assert what_happened(night()) == [
        "Data: flights (979 rows) and weather (69 rows) with warnings passed their contracts.",
        "979 rows were scored by champion 1, as of their prediction time (the past was replayed).",
        "A candidate a1b2c3d4e5f6 was trained (54,212 labelled rows of 59 partitions).",
        "It passed the gate: version 2 takes over from version 1.",
        "On 2013-03-06, the newest night whose labels are known, log loss was 0.4360 (0.4100 to 0.4600) over 900 rows; "
        "at the gate it was 0.4410.",
        "1 alarm open: temperature.",
    ]


def test_a_quiet_night_needs_nobody() -> None:
    quiet = night(
        decision="hold",
        reason="3 of 7 partitions",
        candidate=None,
        gate=None,
        champion_after="1",
        promotion="",
        alarms=(),
    )
    assert what_to_do(quiet) == ["Nothing. The night needs nobody."]
    assert "Nothing was retrained: the policy says hold." in what_happened(quiet)
    assert "Version 1 stays champion." in what_happened(quiet)


@pytest.mark.parametrize(
    ("health", "happened", "todo"),
    [
        (
            "block",
            "Data: flights is blocked.",
            "Ask the owner of flights to correct partition 2013-03-08 at its source",
        ),
        ("cannot_tell", "Data: flights is blocked, because its contract cannot tell.", "Ask the owner of flights"),
        ("missing", "Data: flights is missing.", "Find out why flights did not come."),
        ("late", "Data: flights came too late.", "Find out why flights did not come."),
    ],
)
def test_data_that_cannot_be_used_ask_for_action(health: str, happened: str, todo: str) -> None:
    found = night(data=(DataFact("flights", "2013-03-08", health),))
    assert what_happened(found)[0] == happened
    assert what_to_do(found)[0].startswith(todo)


def test_good_and_bad_datasets_are_told_apart() -> None:
    found = night(data=(DataFact("flights", "p", "block"), DataFact("planes", "static", "pass", 3322)))
    assert what_happened(found)[0] == "Data: planes (3,322 rows) passed its contract; flights is blocked."


@pytest.mark.parametrize(
    ("verdict", "promotion", "expected"),
    [
        ("pass", "", "The candidate passed the gate. Version 1 stays champion."),
        ("pass", "it waits for approval", "The candidate passed the gate. It waits for approval."),
        ("fail", "", "The candidate failed at the gate. Version 1 stays champion."),
        ("wait", "", "The gate cannot decide yet. Version 1 stays champion."),
    ],
)
def test_verdicts_of_the_gate_are_told(verdict: str, promotion: str, expected: str) -> None:
    found = night(gate=GateFact(verdict, "x"), champion_after=None, promotion=promotion)
    assert expected in what_happened(found)


def test_the_first_champion_takes_over_from_nobody() -> None:
    found = what_happened(night(champion_before=None, champion_after="1"))
    assert "It passed the gate: version 1 is the first champion." in found


@pytest.mark.parametrize(
    ("needed", "left", "expected"),
    [
        (None, None, ""),
        (3, None, " About 3 more labelled nights should do."),
        (3, 9, " About 3 more labelled nights should do."),
        (63, 9, " The wait ends after 9 more labelled nights."),
        (None, 1, " The wait ends after 1 more labelled night."),
    ],
)
def test_a_waiting_gate_needs_nobody(needed: int | None, left: int | None, expected: str) -> None:
    gate = GateFact("wait", "x", nights_needed=needed, nights_left=left)
    found = night(gate=gate, champion_after=None, alarms=())
    assert what_to_do(found) == [
        f"Nothing about the candidate: the same one is judged again on later nights.{expected}"
    ]


def test_failures_come_first() -> None:
    found = night(failures=(("score", "the model's file was altered"),))
    assert what_happened(found)[0] == "score failed; the night is not complete."
    assert what_to_do(found)[0].startswith("Correct what made score fail")
    assert why(found)[-1] == "score: the model's file was altered."


def test_an_alarm_may_bring_its_own_advice() -> None:
    found = night(alarms=(AlarmFact("unit", "it doubled", todo="ask the supplier for the unit"),))
    assert what_to_do(found) == ["Ask the supplier for the unit."]


def test_notices_alone_ask_for_nothing() -> None:
    found = night(alarms=(AlarmFact("temp", "beyond twice the largest", kind="notice"),))
    assert what_to_do(found) == ["Nothing. The night needs nobody."]
    assert what_happened(found)[-1] == "1 notice: temp."


def test_estimates_are_not_told_as_measured() -> None:
    found = night(metrics=(MetricFact("log loss", (Point("2013-03-08", 0.4, kind="estimated"),)),))
    assert any(text.startswith("No labels are known yet") for text in what_happened(found))


def test_long_lists_are_cut_with_a_count() -> None:
    found = night(alarms=tuple(AlarmFact(f"f{i}", "moved", diagnosis="why") for i in range(40)))
    assert len(why(found)) == 13
    assert why(found)[-1] == "And 31 more, below."
    assert what_to_do(found)[-1] == "And 28 more, below."


def test_nothing_known_is_said() -> None:
    assert what_happened(bare()) == [
        "No dataset has a verdict yet.",
        "Nothing was scored: there is no champion yet.",
        "No decision was taken.",
        "There is no champion yet.",
        "No labels are known yet, so nothing can be said about how good the predictions were.",
    ]
    assert why(bare()) == ["No reason was recorded."]


def test_scoring_that_failed_does_not_blame_the_champion() -> None:
    assert "Nothing was scored." in what_happened(night(rows_scored=None))


def test_no_rows_without_a_champion_is_nothing_scored() -> None:
    found = what_happened(night(rows_scored=0, scored_by=None, champion_before=None))
    assert "Nothing was scored: there is no champion yet." in found


def test_no_rows_with_a_champion_is_told() -> None:
    assert "0 rows were scored by champion 1." in what_happened(night(rows_scored=0, replayed=False))
