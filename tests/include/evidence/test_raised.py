"""What makes a night worth a diagnosis though none of its values is strange."""

from __future__ import annotations

from include.evidence.raised import repeated
from include.evidence.stream import Stream, StreamState

NIGHTS = ["2024-01-01", "2024-01-02", "2024-01-03"]


def state(signal: str, subject: str, raw: list[float]) -> StreamState:
    return StreamState.start(Stream(signal, subject), NIGHTS, [0.0, 0.0, 0.0], raw)


def test_a_copy_of_an_earlier_night_is_worth_a_diagnosis() -> None:
    amount = state("wasserstein_standardised", "amount", [0.11, 0.12, 0.11])
    channel = state("js_divergence", "channel", [0.01, 0.02, 0.01])
    volume = state("rows_per_hour", "rows", [2.0, 2.0, 3.0])  # the copy may be cut to another length

    assert repeated([amount, channel, volume], NIGHTS[-1]) == {NIGHTS[0]}


def test_a_night_of_its_own_is_not() -> None:
    amount = state("wasserstein_standardised", "amount", [0.11, 0.12, 0.13])
    channel = state("js_divergence", "channel", [0.01, 0.02, 0.01])

    assert repeated([amount, channel], NIGHTS[-1]) == set()
    assert repeated([], NIGHTS[-1]) == set()
