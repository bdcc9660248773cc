from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from include.signals.attribution import Attribution
from include.signals.errors import SignalError
from include.signals.measure import (
    SIGNAL_COLUMNS,
    Signal,
    attribution_signals,
    rows_per_hour,
    signals_of,
    signals_table,
    uniform_of,
)
from include.signals.profile import Profile, edges_from, profile


def rows(seed: int, n: int, shift: float = 0.0) -> pa.RecordBatch:
    random = np.random.default_rng(seed)
    return pa.record_batch({"x": random.normal(shift, 1, n), "c": np.array(["a", "b"])[random.integers(0, 2, n)]})


EDGES = edges_from([rows(0, 2_000)])
REFERENCE = profile([rows(0, 2_000)], EDGES)
TONIGHT = profile([rows(1, 300)], EDGES)


def test_features_have_their_signals() -> None:
    found = [(one.signal, one.subject) for one in signals_of(TONIGHT, REFERENCE, key="m/2013-03-01")]
    assert found == [
        ("wasserstein_standardised", "x"),
        ("null_share", "x"),
        ("mean_shift", "x"),
        ("js_divergence", "c"),
        ("null_share", "c"),
        ("unseen_share", "c"),
    ]


def test_all_parts_follow_in_order() -> None:
    scores = edges_from([pa.record_batch({"score": [0.1, 0.5, 0.9]})])
    of_scores = profile([pa.record_batch({"score": [0.2, 0.6]})], scores)
    samples = tuple(pa.Table.from_batches([rows(seed, 100)]) for seed in (2, 3))
    attributions = {"x": Attribution(0.5, 0.2, 50)}
    found = signals_of(
        TONIGHT,
        REFERENCE,
        key="m/p",
        hours=(24.0, 160.0),
        samples=samples,
        predictions=(of_scores, of_scores),
        attributions=(attributions, attributions),
    )
    assert [(one.signal, one.subject) for one in found[6:]] == [
        ("rows_per_hour", "rows"),
        ("domain_auc", "features"),
        ("prediction_distance", "score"),
        ("prediction_shift", "score"),
        ("attribution", "x"),
    ]
    assert found[6].value == 12.5
    assert found[-1].studentised == 0.0


def test_a_replay_gives_the_same_signals() -> None:
    once, again = (signals_of(TONIGHT, REFERENCE, key="m/p") for _ in range(2))
    assert once == again
    other = signals_of(TONIGHT, REFERENCE, key="m/q")
    assert once[1].value == other[1].value
    assert once[1].studentised != other[1].studentised  # jitter of a share


def test_a_shift_is_loud() -> None:
    moved = signals_of(profile([rows(1, 300, shift=0.7)], EDGES), REFERENCE, key="m/p")
    by_name = {(one.signal, one.subject): one.studentised for one in moved}
    assert by_name["wasserstein_standardised", "x"] > 10
    assert by_name["mean_shift", "x"] > 10
    assert abs(by_name["js_divergence", "c"]) < 4


def test_an_empty_night_cannot_tell_but_its_volume_can() -> None:
    found = signals_of(Profile.empty(EDGES), REFERENCE, key="m/p", hours=(24.0, 24.0))
    assert {one.health for one in found[:-1]} == {"cannot_tell"}
    assert all(math.isnan(one.studentised) for one in found[:-1])
    assert (found[-1].value, found[-1].health) == (0.0, "pass")
    assert found[-1].studentised < -10


@pytest.mark.parametrize(("rows_", "hours"), [(0, (24.0, 24.0)), (5, (0.0, 24.0)), (5, (24.0, 0.0))])
def test_volume_without_a_reference_cannot_be_told(rows_: int, hours: tuple[float, float]) -> None:
    assert rows_per_hour(10, rows_, *hours).health == "cannot_tell"


def test_volume_is_standard_for_arrivals_by_chance() -> None:
    random = np.random.default_rng(0)
    found = [rows_per_hour(int(random.poisson(23 * 2.0)), 60 * 48, 23.0, 60 * 24.0) for _ in range(300)]
    values = [each.studentised(random.random()) for each in found]
    assert abs(np.mean(values)) < 0.3
    assert 0.85 < np.std(values) < 1.15


def test_a_missing_attribution_cannot_be_told() -> None:
    found = attribution_signals({}, {"x": Attribution(0.5, 0.2, 50)}, "m/p")
    assert [(one.subject, one.health) for one in found] == [("x", "cannot_tell")]


def test_other_bins_are_refused() -> None:
    other = edges_from([rows(7, 10)])
    with pytest.raises(SignalError, match="Expected one reference"):
        signals_of(profile([rows(1, 5)], other), REFERENCE, key="m/p")


def test_table_has_null_where_it_cannot_tell() -> None:
    signals = [
        Signal("a", "x", 1.0, 2.0, 0.5, 10, "pass"),
        Signal("b", "x", math.nan, math.nan, math.nan, 0, "cannot_tell"),
    ]
    table = signals_table(signals, "v3")
    assert table.schema == SIGNAL_COLUMNS
    assert table["value"].to_pylist() == [1.0, None]
    assert table["model_version"].to_pylist() == ["v3", "v3"]


def test_jitter_is_uniform_over_keys() -> None:
    values = np.array([uniform_of("m", str(i)) for i in range(2_000)])
    assert 0 < values.min() < values.max() < 1
    assert np.abs(np.sort(values) - np.linspace(0, 1, 2_000)).max() < 0.04
