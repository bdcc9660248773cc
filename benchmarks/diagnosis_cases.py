"""The generators of upstream faults and of genuine shifts, fixed before the diagnosis was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from diagnosis_worlds import Rows, World, worlds

Change = Callable[[Rows, World, np.random.Generator], Rows]


@dataclass(frozen=True)
class Case:
    """One partition to diagnose, and what it is."""

    world: World
    kind: str
    what: str
    fault: bool
    rows: Rows


UNITS: dict[str, tuple[tuple[str, Callable[[pd.Series], pd.Series]], ...]] = {
    "currency": (("cents", lambda v: v * 100), ("thousands", lambda v: v / 1000)),
    "celsius": (("fahrenheit", lambda v: v * 1.8 + 32), ("kelvin", lambda v: v + 273.15)),
    "fahrenheit": (("celsius", lambda v: (v - 32) / 1.8), ("kelvin", lambda v: (v - 32) / 1.8 + 273.15)),
    "kg": (("grams", lambda v: v * 1000), ("pounds", lambda v: v * 2.20462)),
    "count": (("percent", lambda v: v * 100), ("dozens", lambda v: v / 12)),
    "miles": (("kilometres", lambda v: v * 1.609344), ("metres", lambda v: v * 1609.344)),
    "mph": (("knots", lambda v: v * 0.868976), ("km/h", lambda v: v * 1.609344)),
    "hPa": (("Pa", lambda v: v * 100), ("inHg", lambda v: v * 0.02953)),
}


def faults(world: World, seed: int) -> Iterator[Case]:
    """Yield every fault on this world, each on a day of its own choice."""
    rng = np.random.default_rng(seed)
    for column, unit in world.physical:
        for name, convert in UNITS[unit]:
            yield _case(world, "unit change", f"{column} in {name}", _converted(column, convert), rng)
    for column in world.numeric[:3] + world.categorical[:2]:
        yield _case(world, "null burst", column, _nulled(column, float(rng.uniform(0.15, 1.0))), rng)
    for column in world.numeric[:3] + world.categorical[:1]:
        yield _case(world, "constant column", column, _constant(column), rng)
    for column in world.numeric[:2]:
        yield _case(world, "constant column", f"{column}, most rows -999", _placeholder(column), rng)
    yield from _category_faults(world, rng)
    yield from _row_faults(world, rng)
    for column in world.numeric[:2]:
        yield _case(world, "label leakage", column, _leaking(column), rng)


def _category_faults(world: World, rng: np.random.Generator) -> Iterator[Case]:
    for column in world.categorical:
        yield _case(world, "renamed category", column, _renamed(column, str.lower), rng)
        yield _case(world, "renamed category", f"{column}, new code", _renamed(column, lambda c: f"{c}_v2"), rng)
        yield _case(world, "renamed category", f"{column}, all recoded", _recoded(column), rng)
    for column in world.categorical[:2]:
        yield _case(world, "vanished category", column, _vanished(column), rng)


def _row_faults(world: World, rng: np.random.Generator) -> Iterator[Case]:
    for share in (0.1, 0.3, 1.0):
        yield _case(world, "duplicate rows", f"{share:.0%}", _duplicated(share), rng)
    for share in (1.0, 0.9, 0.6):
        yield _case(world, "copy of an earlier partition", f"{share:.0%} of the rows", _copied(share), rng)
    for hours in (6, 10, 15):
        yield _case(world, "truncated partition", f"last {hours} hours missing", _truncated(hours), rng)
    for hours in (-5, 1, 2, 5, 8):
        yield _case(world, "shifted hours", f"{hours:+d} h", _shifted(hours), rng)


def _case(world: World, kind: str, what: str, change: Change, rng: np.random.Generator) -> Case:
    day, rows = world.later[int(rng.integers(0, 8))]
    return Case(world, kind, f"{what} ({day})", True, change(rows.copy(), world, rng))


def _converted(column: str, convert: Callable[[pd.Series], pd.Series]) -> Change:
    return lambda rows, _w, _r: rows.assign(**{column: convert(rows[column].astype(float))})


def _nulled(column: str, share: float) -> Change:
    return lambda rows, _w, rng: rows.assign(**{column: rows[column].mask(rng.random(len(rows)) < share)})


def _constant(column: str) -> Change:
    return lambda rows, _w, _r: rows.assign(**{column: rows[column].dropna().iloc[0]})


def _placeholder(column: str) -> Change:
    return lambda rows, _w, rng: rows.assign(
        **{column: rows[column].astype(float).mask(rng.random(len(rows)) < 0.6, -999.0)}
    )


def _renamed(column: str, rename: Callable[[str], str]) -> Change:
    def change(rows: Rows, _world: World, _rng: np.random.Generator) -> Rows:
        top = rows[column].value_counts().index[0]
        return rows.assign(**{column: rows[column].replace({top: rename(top) if rename(top) != top else top.upper()})})

    return change


def _recoded(column: str) -> Change:
    def change(rows: Rows, _world: World, _rng: np.random.Generator) -> Rows:
        codes = {name: str(100 + i) for i, name in enumerate(sorted(rows[column].unique()))}
        return rows.assign(**{column: rows[column].map(codes)})

    return change


def _vanished(column: str) -> Change:
    return lambda rows, _w, _r: rows[rows[column] != rows[column].value_counts().index[1]]


def _duplicated(share: float) -> Change:
    return lambda rows, _w, rng: pd.concat([rows, rows[rng.random(len(rows)) < share]], ignore_index=True)


def _copied(share: float) -> Change:
    def change(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
        old = world.history[int(rng.integers(0, len(world.history)))].copy()
        old[world.time] += rows[world.time].min().floor("D") - old[world.time].min().floor("D")
        count = int(share * len(old))
        return pd.concat([old.iloc[:count], rows.iloc[: len(old) - count]], ignore_index=True)

    return change


def _truncated(hours: int) -> Change:
    return lambda rows, world, _r: rows[rows[world.time].dt.hour < 24 - hours]


def _shifted(hours: int) -> Change:
    def change(rows: Rows, world: World, _rng: np.random.Generator) -> Rows:
        moved = rows[world.time] + pd.Timedelta(hours=hours)
        return rows.assign(**{world.time: rows[world.time].dt.floor("D") + (moved - moved.dt.floor("D"))})

    return change


def _leaking(column: str) -> Change:
    def change(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
        noise = rng.normal(0, 0.05, len(rows))
        values = rows[column].mean() + rows[column].std() * (rows[world.label] + noise)
        return rows.assign(**{column: values})

    return change


def shifts(world: World, seed: int) -> Iterator[Case]:
    """Yield genuine changes: made ones on calm days, and on real data the later days of the year as they were."""
    rng = np.random.default_rng(seed)
    if world.name == "flights":
        for day, rows in world.later:
            yield Case(world, "later day", day, False, rows)
    for column in world.numeric:
        for size in (0.3, 1.0, 2.5):
            yield _shift(world, f"mean of {column} {size:+} sd", _moved(column, size), rng)
        for ratio in (0.5, 1.4, 2.5):
            yield _shift(world, f"spread of {column} x {ratio}", _stretched(column, ratio), rng)
        yield _shift(world, f"{column} in half the rows", _moved(column, 2.0, 0.5), rng)
        yield _shift(world, f"nulls of {column} +2 points", _nulled(column, 0.02), rng)
    for column in world.categorical:
        for strength in (0.5, 1.5):
            yield _shift(world, f"mix of {column}", _mixed(column, strength), rng)
        yield _shift(world, f"a new {column}, 2 %", _newcomer(column, 0.02), rng)
    for share in (0.5, 0.75):
        yield _shift(world, f"rows x {share}", _thinned(share), rng)
    for minutes in (20, 40):
        yield _shift(world, f"{minutes} minutes later", _later(minutes), rng)
    yield _shift(world, "a stronger feature", _relabelled(world.numeric[0]), rng)


def _shift(world: World, what: str, change: Change, rng: np.random.Generator) -> Case:
    day, rows = world.later[int(rng.integers(0, 8))]
    return Case(world, "shift", f"{what} ({day})", False, change(rows.copy(), world, rng))


def _moved(column: str, size: float, share: float = 1.0) -> Change:
    def change(rows: Rows, _world: World, rng: np.random.Generator) -> Rows:
        step = size * rows[column].std() * (rng.random(len(rows)) < share)
        return rows.assign(**{column: rows[column] + step})

    return change


def _stretched(column: str, ratio: float) -> Change:
    def change(rows: Rows, _world: World, _rng: np.random.Generator) -> Rows:
        centre = rows[column].median()
        return rows.assign(**{column: centre + ratio * (rows[column] - centre)})

    return change


def _mixed(column: str, strength: float) -> Change:
    def change(rows: Rows, _world: World, rng: np.random.Generator) -> Rows:
        names = rows[column].unique()
        weight = rows[column].map(dict(zip(names, np.exp(rng.normal(0, strength, len(names))), strict=True)))
        return rows.sample(len(rows), replace=True, weights=weight, random_state=rng).drop_duplicates()

    return change


def _newcomer(column: str, share: float) -> Change:
    return lambda rows, _w, rng: rows.assign(**{column: rows[column].mask(rng.random(len(rows)) < share, "NEW")})


def _thinned(share: float) -> Change:
    return lambda rows, _w, rng: rows[rng.random(len(rows)) < share]


def _later(minutes: int) -> Change:
    def change(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
        moved = rows[world.time] + pd.to_timedelta(rng.exponential(minutes, len(rows)), unit="min")
        last = rows[world.time].dt.floor("D") + pd.Timedelta(hours=23, minutes=59)
        return rows.assign(**{world.time: moved.where(moved < last, last)})

    return change


def _relabelled(column: str) -> Change:
    def change(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
        logit = 1.5 * (rows[column] - rows[column].mean()) / rows[column].std()
        return rows.assign(**{world.label: (rng.random(len(rows)) < 1 / (1 + np.exp(-logit))).astype(float)})

    return change


def cases(seed: int = 20) -> Iterator[Case]:
    """Yield all faults and all genuine shifts."""
    for index, world in enumerate(worlds()):
        yield from faults(world, seed + index)
        yield from shifts(world, seed + 100 + index)
