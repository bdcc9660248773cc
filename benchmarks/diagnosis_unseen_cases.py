"""A second, independent set of upstream faults and genuine shifts, written when the diagnosis was finished.

Faults of other kinds of the same families: half a feed, a sensor that sticks for part of the day, blanks and prefixes,
truncated codes, swapped columns, placeholders in a tenth of the rows, delivery twice of some hours. Shifts that a
business knows: price rises, a campaign, a weekend, a new region, a cold spell, growth, and the real later partitions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from diagnosis_cases import Case, Change
from diagnosis_unseen_worlds import judging_worlds, unseen_worlds
from diagnosis_worlds import Rows, World

UNITS = {
    "days": (("hours", 24.0, 0.0), ("weeks", 1 / 7, 0.0)),
    "currency": (("cents", 100.0, 0.0), ("thousands", 1e-3, 0.0)),
    "count": (("hundreds", 0.01, 0.0), ("tens", 10.0, 0.0)),
    "kelvin": (("celsius", 1.0, -273.15), ("fahrenheit", 1.8, -459.67)),
    "celsius": (("fahrenheit", 1.8, 32.0), ("kelvin", 1.0, 273.15)),
    "km/h": (("m/s", 1 / 3.6, 0.0), ("mph", 0.621371, 0.0)),
    "share": (("percent", 100.0, 0.0),),
    "bar": (("psi", 14.5038, 0.0), ("kPa", 100.0, 0.0)),
    "mm": (("inches", 1 / 25.4, 0.0), ("micrometres", 1000.0, 0.0)),
    "litres": (("gallons", 0.264172, 0.0), ("millilitres", 1000.0, 0.0)),
    "km": (("miles", 0.621371, 0.0), ("metres", 1000.0, 0.0)),
    "minutes": (("seconds", 60.0, 0.0), ("hours", 1 / 60, 0.0)),
}


def faults(world: World, seed: int) -> Iterator[Case]:
    """Yield every fault that this world can have, each on a later partition of its own choice."""
    rng = np.random.default_rng(seed)
    for column, unit in world.physical:
        for name, slope, offset in UNITS[unit]:
            yield _fault(world, "unit change", f"{column} in {name}", _linear(column, slope, offset), rng)
    for column in world.numeric[:2]:
        yield _fault(world, "null burst", f"{column} of one feed", _gap(column, float(rng.uniform(0.2, 0.6))), rng)
        yield _fault(world, "constant column", f"{column}, all 0", _filled(column, 0.0, 1.0), rng)
        yield _fault(world, "constant column", f"{column}, 9999 in two fifths", _filled(column, 9999.0, 0.4), rng)
        yield _fault(world, "constant column", f"{column} stuck", _stuck(column, 0.7), rng)
        yield _fault(world, "label leakage", column, _leaked(column), rng)
    for column in world.categorical[:2]:
        yield _fault(world, "null burst", column, _gap(column, float(rng.uniform(0.2, 0.9))), rng)
        yield _fault(world, "renamed category", f"{column}, blank behind", _mapped(column, lambda c: f"{c} "), rng)
        yield _fault(world, "renamed category", f"{column}, prefixed", _mapped(column, lambda c: f"src:{c}"), rng)
        yield _fault(world, "renamed category", f"{column}, one misspelt", _misspelt(column), rng)
    yield _fault(world, "constant column", f"{world.categorical[0]}, one value", _one_value(world.categorical[0]), rng)
    yield _fault(world, "duplicate rows", "a third delivered twice", _again(0.33), rng)
    yield _fault(world, "duplicate rows", "some delivered thrice", _again(0.08, times=2), rng)
    yield _fault(world, "copy of an earlier partition", "the one before", _stale(1), rng)
    yield _fault(world, "copy of an earlier partition", "a week old", _stale(7), rng)
    if world.name != "hotel":
        yield from _clock_faults(world, rng)


def _clock_faults(world: World, rng: np.random.Generator) -> Iterator[Case]:
    for part in (0.3, 0.5):
        yield _fault(world, "truncated partition", f"last {part:.0%} of the time missing", _cut(part, last=True), rng)
    yield _fault(world, "truncated partition", "first 40 % of the time missing", _cut(0.4, last=False), rng)
    if world.name == "orders":  # traffic, rentals and sensors have a row for every hour: the hours say nothing
        for hours in (-7, 3, 9):
            yield _fault(world, "shifted hours", f"{hours:+d} h", _moved_clock(hours), rng)


def _fault(world: World, kind: str, what: str, change: Change, rng: np.random.Generator) -> Case:
    day, rows = world.later[int(rng.integers(0, 8))]
    return Case(world, kind, f"{what} ({day})", True, change(rows.copy(), world, rng))


def _linear(column: str, slope: float, offset: float) -> Change:
    return lambda rows, _w, _r: rows.assign(**{column: (rows[column].astype(float) * slope + offset).round(4)})


def _gap(column: str, share: float) -> Change:
    """Return a change that nulls one run of the rows, as a feed that fails for a while does."""

    def change(rows: Rows, _world: World, rng: np.random.Generator) -> Rows:
        length = int(share * len(rows))
        start = int(rng.integers(0, len(rows) - length + 1))
        return rows.assign(**{column: rows[column].mask(_between(len(rows), start, start + length))})

    return change


def _between(n: int, start: int, end: int) -> np.ndarray:
    place = np.arange(n)
    return (place >= start) & (place < end)


def _filled(column: str, value: float, share: float) -> Change:
    return lambda rows, _w, rng: rows.assign(
        **{column: rows[column].astype(float).mask(rng.random(len(rows)) < share, value)}
    )


def _stuck(column: str, share: float) -> Change:
    """Return a change that repeats the last value for the rest of the partition."""

    def change(rows: Rows, _world: World, _rng: np.random.Generator) -> Rows:
        start = int((1 - share) * len(rows))
        last = rows[column].iloc[:start].dropna().iloc[-1]
        return rows.assign(**{column: rows[column].mask(_between(len(rows), start, len(rows)), last)})

    return change


def _leaked(column: str) -> Change:
    """Return a change that computes the column from the label, ranked with a little noise."""

    def change(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
        label = rows[world.label].fillna(0)
        rank = (label.rank(pct=True) + 0.05 * rng.normal(size=len(rows))).rank(method="first").astype(int) - 1
        values = np.sort(rows[column].fillna(rows[column].median()).to_numpy())
        return rows.assign(**{column: values[rank]})

    return change


def _mapped(column: str, rename) -> Change:
    return lambda rows, _w, _r: rows.assign(**{column: rows[column].map(rename, na_action="ignore")})


def _misspelt(column: str) -> Change:
    def change(rows: Rows, _world: World, _rng: np.random.Generator) -> Rows:
        top = str(rows[column].value_counts().index[0])
        return rows.assign(**{column: rows[column].replace({top: top[:-1] + top[-1] * 2})})

    return change


def _one_value(column: str) -> Change:
    return lambda rows, _w, _r: rows.assign(**{column: rows[column].mode().iloc[0]})


def _again(share: float, times: int = 1) -> Change:
    return lambda rows, _w, rng: pd.concat([rows, *[rows[rng.random(len(rows)) < share]] * times], ignore_index=True)


def _stale(ago: int) -> Change:
    """Return a change that delivers an earlier partition under today's date, with keys as new ones."""

    def change(rows: Rows, world: World, _rng: np.random.Generator) -> Rows:
        old = world.history[-ago].copy()
        for name in world.key:
            if old[name].nunique() == len(old) and name != world.time:
                old[name] = np.resize(rows[name].to_numpy(), len(old))
        old[world.time] += rows[world.time].min().floor("D") - old[world.time].min().floor("D")
        return old

    return change


def _cut(part: float, *, last: bool) -> Change:
    def change(rows: Rows, world: World, _rng: np.random.Generator) -> Rows:
        low = rows[world.time].min().floor("D")
        length = 7 if (rows[world.time].max() - low).days >= 3 else 1
        since = (rows[world.time] - low) / pd.Timedelta(days=length)
        return rows[since < 1 - part] if last else rows[since >= part]

    return change


def _moved_clock(hours: int) -> Change:
    def change(rows: Rows, world: World, _rng: np.random.Generator) -> Rows:
        day = rows[world.time].dt.floor("D")
        moved = rows[world.time] + pd.Timedelta(hours=hours)
        return rows.assign(**{world.time: day + (moved - moved.dt.floor("D"))})

    return change


def shifts(world: World, seed: int) -> Iterator[Case]:
    """Yield genuine changes: made ones, and all later partitions of the real worlds as they were."""
    rng = np.random.default_rng(seed)
    if world.name not in ("sensors", "orders"):
        for day, rows in world.later[8:]:
            yield Case(world, "later partition", day, False, rows)
    for column in world.numeric:
        for factor in (1.03, 1.1, 1.3, 0.8):
            yield _shift(world, f"{column} x {factor}", _dearer(column, factor), rng)
        yield _shift(world, f"{column} of the upper half grows", _upper(column), rng)
        yield _shift(world, f"{column} follows another mix of rows", _tilted(column), rng)
    for column in world.categorical:
        yield _shift(world, f"a campaign for one {column}", _campaign(column, 3.0), rng)
        yield _shift(world, f"one {column} halves", _campaign(column, 0.5), rng)
        yield _shift(world, f"a new {column}, 5 %", _region(column), rng)
    for share in (0.45, 0.7):
        yield _shift(world, f"rows x {share}", _fewer(share), rng)
    yield _shift(world, "rows x 1.8", _grown, rng)
    yield _shift(world, "the label is half as frequent", _rarer, rng)
    yield _shift(world, "the label follows another column", _relearned, rng)


def _shift(world: World, what: str, change: Change, rng: np.random.Generator) -> Case:
    day, rows = world.later[int(rng.integers(0, 8))]
    return Case(world, "shift", f"{what} ({day})", False, change(rows.copy(), world, rng))


def _grid(column: pd.Series) -> int:
    """Return the decimals that the column's values are written with, at most 6."""
    values = column.dropna().to_numpy(float)
    return next((d for d in range(6) if np.allclose(values, values.round(d), atol=1e-9)), 6)


def _dearer(column: str, factor: float) -> Change:
    """Return a change of every row by a factor that varies a little, written with as many decimals as before."""
    return lambda rows, _w, rng: rows.assign(
        **{column: (rows[column] * factor * np.exp(0.05 * rng.normal(size=len(rows)))).round(_grid(rows[column]))}
    )


def _upper(column: str) -> Change:
    def change(rows: Rows, _world: World, _rng: np.random.Generator) -> Rows:
        middle = rows[column].median()
        grown = middle + 1.6 * (rows[column] - middle).clip(lower=0)
        values = rows[column].where(rows[column] <= middle, grown)
        return rows.assign(**{column: values.round(_grid(rows[column]))})

    return change


def _tilted(column: str) -> Change:
    """Return another mix of the same rows: those with large values are likelier to be kept."""

    def change(rows: Rows, _world: World, rng: np.random.Generator) -> Rows:
        rank = rows[column].rank(pct=True).fillna(0.5)
        return rows[rng.random(len(rows)) < 0.3 + 0.7 * rank]

    return change


def _campaign(column: str, factor: float) -> Change:
    """Return more or fewer rows of the second most frequent category; those added are like it in all else."""

    def change(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
        names = rows[column].value_counts().index
        chosen = rows[column] == names[min(1, len(names) - 1)]
        if factor < 1:
            return rows[~chosen | (rng.random(len(rows)) < factor)]
        few = rows[chosen]
        more = few.sample(int((factor - 1) * len(few)), replace=True, random_state=rng)
        return pd.concat([rows, _as_new(more, world, rng)], ignore_index=True).sort_values(world.time)

    return change


def _as_new(more: Rows, world: World, rng: np.random.Generator) -> Rows:
    """Return resampled rows as events of their own: new identifiers, times and numbers a little apart."""
    more = more.copy()
    for name in world.key:
        if name != world.time and more[name].dtype.kind in "iu":
            more[name] = 10**9 + np.arange(len(more))
        elif name != world.time and name not in world.categorical:
            more[name] = np.char.add("new-", rng.permutation(10**6)[: len(more)].astype(str))
    more[world.time] += pd.to_timedelta(rng.integers(1, 900_000, len(more)), unit="us")
    for name in world.numeric:
        spread = 0.2 * float(more[name].std() or 0.0)
        more[name] = (more[name] + spread * rng.normal(size=len(more))).round(_grid(more[name]))
    return more


def _region(column: str) -> Change:
    return lambda rows, _w, rng: rows.assign(**{column: rows[column].mask(rng.random(len(rows)) < 0.05, "Elsewhere")})


def _fewer(share: float) -> Change:
    return lambda rows, _w, rng: rows[rng.random(len(rows)) < share]


def _grown(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
    more = _as_new(rows.sample(frac=0.8, random_state=rng), world, rng)
    return pd.concat([rows, more], ignore_index=True).sort_values(world.time)


def _rarer(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
    high = rows[world.label] > rows[world.label].median()
    return rows[~high | (rng.random(len(rows)) < 0.5)]


def _relearned(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
    by = rows[world.numeric[1]].rank(pct=True).fillna(0.5) + 0.5 * rng.normal(size=len(rows))
    values = np.sort(rows[world.label].fillna(0).to_numpy())
    return rows.assign(**{world.label: values[by.rank(method="first").astype(int) - 1]})


def unseen_cases(seed: int = 40) -> Iterator[Case]:
    """Yield all faults and all genuine shifts of the second set of worlds."""
    yield from _cases(unseen_worlds(), seed)


def judging_cases(seed: int = 60) -> Iterator[Case]:
    """Yield the same faults and shifts of the third set of worlds."""
    yield from _cases(judging_worlds(), seed)


def _cases(worlds: list[World], seed: int) -> Iterator[Case]:
    for index, world in enumerate(worlds):
        yield from faults(world, seed + index)
        yield from shifts(world, seed + 100 + index)
