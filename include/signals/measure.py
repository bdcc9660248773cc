"""All signals of a partition against its reference: what the table ``models/<m>/signals`` holds."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from include.signals.attribution import Attribution, attribution_shift
from include.signals.columns import Kind
from include.signals.domain_auc import domain_auc
from include.signals.infinite_share import INFINITE_SHARE
from include.signals.jensen_shannon import JS_DIVERGENCE
from include.signals.mean_shift import MEAN_SHIFT
from include.signals.measured import Health, Measured, cannot_tell
from include.signals.null_share import NULL_SHARE
from include.signals.numeric import NumericProfile
from include.signals.profile import Profile, SubjectProfile
from include.signals.statistic import Statistic
from include.signals.unseen_share import UNSEEN_SHARE
from include.signals.wasserstein import WASSERSTEIN_STANDARDISED

FEATURE_SIGNALS: Mapping[Kind, tuple[Statistic, ...]] = {
    "numeric": (WASSERSTEIN_STANDARDISED, NULL_SHARE, MEAN_SHIFT),
    "categorical": (JS_DIVERGENCE, NULL_SHARE, UNSEEN_SHARE),
}
"""The signals of a feature, by its kind; a column that has infinities has `INFINITE_SHARE` too."""

PREDICTION_SIGNALS: Mapping[Kind, tuple[tuple[str, Statistic], ...]] = {
    "numeric": (("prediction_distance", WASSERSTEIN_STANDARDISED), ("prediction_shift", MEAN_SHIFT)),
    "categorical": (("prediction_distance", JS_DIVERGENCE),),
}

SIGNAL_COLUMNS = pa.schema(
    [
        ("signal", pa.string()),
        ("subject", pa.string()),
        ("model_version", pa.string()),
        ("value", pa.float64()),
        ("studentised", pa.float64()),
        ("standard_error", pa.float64()),
        ("spread", pa.float64()),
        ("rows", pa.int64()),
        ("health", pa.string()),
    ]
)
"""Rows of the table of signals, without ``_partition``."""


@dataclass(frozen=True)
class Signal:
    """One number of one partition and subject.

    Attributes
    ----------
    signal : str
        What was measured: the name of a statistic, ``rows_per_hour``, ``domain_auc``, ``prediction_distance``,
        ``prediction_shift`` or ``attribution``.
    subject : str
        Of what: a column, ``rows`` for the volume, ``features`` for all features jointly.
    value : float
        In the statistic's unit; nan when it cannot be told.
    studentised : float
        The value's distance from its mean under no change, in spreads under no change: comparable over partitions of
        any number of rows.
    standard_error : float
        Of the value.
    rows : int
        Rows that it is made of.
    health : {"pass", "cannot_tell"}
    spread : float
        Of the value under no change, at this number of rows; same unit.
    """

    signal: str
    subject: str
    value: float
    studentised: float
    standard_error: float
    rows: int
    health: Health
    spread: float = math.nan

    @classmethod
    def of(cls, signal: str, subject: str, measured: Measured, key: str) -> Signal:
        """Return a measurement as a signal of the partition `key`."""
        studentised = measured.studentised(uniform_of(key, signal, subject))
        error = measured.standard_error
        spread = measured.spread_under_no_change
        return cls(signal, subject, measured.value, studentised, error, measured.rows, measured.health, spread)


def uniform_of(*parts: str) -> float:
    """Return a number in (0, 1) that is fixed for these texts and uniform over others: jitter that replays.

    Examples
    --------
    >>> uniform_of("flight_delay/2013-03-01", "null_share", "distance") == uniform_of("a", "b", "c")
    False
    """
    digest = hashlib.sha256("\x1f".join(("jitter", *parts)).encode()).digest()
    return (int.from_bytes(digest[:6], "big") + 0.5) / 2.0**48


def signals_of(
    profile: Profile,
    reference: Profile,
    *,
    key: str,
    hours: tuple[float, float] | None = None,
    predictions: tuple[Profile, Profile] | None = None,
    samples: tuple[pa.Table, pa.Table] | None = None,
    attributions: tuple[Mapping[str, Attribution], Mapping[str, Attribution]] | None = None,
    seed: int = 0,
    threads: int = 1,
) -> list[Signal]:
    """Return all signals of a partition; what is not given is not measured.

    Parameters
    ----------
    profile, reference : Profile
        Of the partition's features and of the reference's, in the reference's bins.
    key : str
        Names model and partition; decides the jitter of values on a lattice, so that a replay repeats it.
    hours : (float, float), optional
        Length of the partition and of the reference in hours, for the volume.
    predictions : (Profile, Profile), optional
        Of the partition's predictions and of the reference's.
    samples : (pyarrow.Table, pyarrow.Table), optional
        Bounded samples of both sides' features, for the domain classifier.
    attributions : (mapping, mapping), optional
        Of both sides by one model, see `attribution.attributions`.
    seed, threads : int
        Of the domain classifier.

    Returns
    -------
    list of Signal
        Features in the order of the profile, then volume, joint, predictions, attributions.

    Raises
    ------
    SignalError
        When two profiles were counted in different bins, or samples have different columns.
    """
    found = feature_signals(profile, reference, key)
    if hours is not None:
        found.append(Signal.of("rows_per_hour", "rows", rows_per_hour(profile.rows, reference.rows, *hours), key))
    if samples is not None:
        current, before = samples
        found.append(Signal.of("domain_auc", "features", domain_auc(before, current, seed=seed, threads=threads), key))
    if predictions is not None:
        found += prediction_signals(*predictions, key)
    if attributions is not None:
        found += attribution_signals(*attributions, key)
    return found


def feature_signals(
    profile: Profile, reference: Profile, key: str, *, errors: bool = True, infinite: Collection[str] | None = None
) -> list[Signal]:
    """Return the signals of every feature of a partition (see `FEATURE_SIGNALS`).

    Parameters
    ----------
    profile, reference, key
        As of `signals_of`.
    errors : bool
        Whether standard errors are wanted.
    infinite : collection of str, optional
        Columns whose infinities are measured; those where one of the two sides has any if not given. A series of
        partitions needs the same ones in all of them.
    """
    measured = infinite_columns([profile, reference]) if infinite is None else infinite
    return [
        Signal.of(statistic.name, name, statistic.measure(before, current, error=errors), key)
        for name, before, current in _pairs(profile, reference)
        for statistic in (*FEATURE_SIGNALS[before.edges.kind], *((INFINITE_SHARE,) if name in measured else ()))
    ]


def infinite_columns(profiles: Iterable[Profile]) -> set[str]:
    """Return the numeric columns in which any of some profiles has seen an infinity."""
    return {
        name
        for one in profiles
        for name, part in one.subjects.items()
        if isinstance(part, NumericProfile) and part.non_finite
    }


def prediction_signals(profile: Profile, reference: Profile, key: str) -> list[Signal]:
    """Return distance and signed shift of every column of predictions."""
    return [
        Signal.of(signal, name, statistic.measure(before, current), key)
        for name, before, current in _pairs(profile, reference)
        for signal, statistic in PREDICTION_SIGNALS[before.edges.kind]
    ]


def attribution_signals(
    current: Mapping[str, Attribution], reference: Mapping[str, Attribution], key: str
) -> list[Signal]:
    """Return the change of every feature's mean |SHAP|; features that one side lacks cannot be told."""
    return [
        Signal.of(
            "attribution",
            name,
            attribution_shift(before, current[name]) if name in current else cannot_tell(0),
            key,
        )
        for name, before in reference.items()
    ]


def rows_per_hour(rows: int, reference_rows: int, hours: float, reference_hours: float) -> Measured:
    """Return the volume of a partition.

    Parameters
    ----------
    rows, reference_rows : int
    hours, reference_hours : float
        Lengths of partition and reference; a day on which the clocks change has 23 or 25.

    Notes
    -----
    Under no change the mean is the reference's rows per hour, the spread that of independent arrivals (Poisson) with
    the jitter of one row. Real arrivals vary more, by a factor that the ranking of nights does not mind. Cannot tell
    when the reference is empty or a length is not positive; a partition without rows can.

    Examples
    --------
    >>> volume = rows_per_hour(2400, 240_000, 24.0, 2400.0)
    >>> volume.value, volume.studentised()
    (100.0, 0.0)
    """
    if reference_rows == 0 or hours <= 0 or reference_hours <= 0:
        return cannot_tell(rows)
    expected = reference_rows / reference_hours
    spread = math.sqrt(expected * (1 / hours + 1 / reference_hours) + 1 / (12 * hours * hours))
    return Measured(rows / hours, math.sqrt(rows) / hours, expected, spread, rows, lattice=1 / hours)


def signals_table(signals: Iterable[Signal], model_version: str) -> pa.Table:
    """Return signals as rows of `SIGNAL_COLUMNS`; what cannot be told is null."""
    rows: list[dict[str, Any]] = []
    for signal in signals:
        row = {name: _known(value) for name, value in asdict(signal).items()}
        rows.append({**row, "model_version": model_version})
    return pa.Table.from_pylist(rows, schema=SIGNAL_COLUMNS)


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _pairs(profile: Profile, reference: Profile) -> Iterable[tuple[str, SubjectProfile, SubjectProfile]]:
    profile.check_same_edges(reference)
    return [(name, before, profile.subjects[name]) for name, before in reference.subjects.items()]
