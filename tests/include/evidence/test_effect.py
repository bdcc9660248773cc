"""One scale for the size of a change, whatever the signal's unit."""

from __future__ import annotations

import math

import pytest

from include.evidence.effect import size_of


@pytest.mark.parametrize(
    ("signal", "before", "after", "size"),
    [
        ("mean_shift", 0.1, 0.3, 0.2),
        ("wasserstein_standardised", 0.25, 0.05, -0.2),
        ("null_share", 0.0, 0.00998, 0.2),  # Cohen's h
        ("rows_per_hour", 100.0, 122.14, 0.2),
        ("js_divergence", 0.0, 0.00721, 0.2),  # w² / (8 ln 2) bits
        ("domain_auc", 0.5, 0.5562, 0.2),  # two normal laws 0.2 apart
    ],
)
def test_small_change_is_a_fifth(signal: str, before: float, after: float, size: float) -> None:
    assert size_of(signal, before, after) == pytest.approx(size, abs=5e-4)


def test_losses_and_attributions_have_no_size() -> None:
    assert math.isnan(size_of("realised_loss", 0.4, 0.5))
    assert math.isnan(size_of("attribution", 0.0, 0.5))


def test_what_is_not_known_has_no_size() -> None:
    assert math.isnan(size_of("mean_shift", math.nan, 0.5))


def test_rows_that_stop_are_infinitely_fewer() -> None:
    assert size_of("rows_per_hour", 40.0, 0.0) == -math.inf
