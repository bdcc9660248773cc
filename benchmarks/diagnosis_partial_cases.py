"""Faults of the quiet kind, which leave every column's values where they were: parts of earlier partitions among new rows.

Written with the diagnosis of every night. From 12 to 40 % of a day's rows come from one of the thirty days before, under
today's date, in place of new rows or beside them, with identifiers as new ones. The genuine shifts beside them are days on
which some events repeat earlier ones by themselves: standing orders, returning customers (3 and 6 % of the rows, from all
days before). Where the key is one column, 3, 5 and 9 % of a day's rows also come twice, the second time under keys of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from diagnosis_cases import Case, Change
from diagnosis_unseen_worlds import order_world, sensor_world
from diagnosis_worlds import Rows, World, worlds


def partial_cases(seed: int = 80) -> Iterator[Case]:
    """Yield partial copies on every world whose partitions are days with a clock."""
    for index, world in enumerate([*worlds(), sensor_world(33), order_world(34)]):
        rng = np.random.default_rng(seed + index)
        for share in (0.12, 0.2, 0.4):
            for beside in (False, True):
                day, rows = world.later[int(rng.integers(0, 8))]
                what = f"{share:.0%} of the rows, {'beside' if beside else 'in place of'} new ones ({day})"
                spoilt = _copied_among(share, beside=beside)(rows.copy(), world, rng)
                yield Case(world, "copy of an earlier partition", what, True, spoilt)
        for share in (0.03, 0.05, 0.09) if len(world.key) == 1 else ():
            day, rows = world.later[int(rng.integers(0, 8))]
            what = f"{share:.0%} of the rows again under new keys ({day})"
            yield Case(world, "duplicate rows", what, True, _delivered_again(share)(rows.copy(), world, rng))
        for share in (0.03, 0.06):
            for day, rows in world.later[:8]:
                yield Case(
                    world, "shift", f"{share:.0%} standing orders ({day})", False, _standing(share)(rows, world, rng)
                )


def _standing(share: float) -> Change:
    def change(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
        past = pd.concat(world.history[-30:], ignore_index=True)
        repeated = past.sample(int(share * len(rows)), random_state=rng)
        found = rows.copy()
        names = [name for name in rows if name not in (*world.key, world.time)]
        found.loc[found.index[: len(repeated)], names] = repeated[names].to_numpy()
        return found.astype(rows.dtypes.to_dict())

    return change


def _copied_among(share: float, *, beside: bool) -> Change:
    def change(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
        old = world.history[-int(rng.integers(1, 31))]
        count = int(share * len(rows) / (1.0 - share if beside else 1.0))
        old = old.sample(min(count, len(old)), random_state=rng).copy()
        old[world.time] += rows[world.time].min().floor("D") - old[world.time].min().floor("D")
        old = _under_new_keys(old, world)
        kept = rows if beside else rows.iloc[rng.permutation(len(rows))[len(old) :]]
        return pd.concat([kept, old], ignore_index=True).sort_values(world.time, ignore_index=True)

    return change


def _delivered_again(share: float) -> Change:
    def change(rows: Rows, world: World, rng: np.random.Generator) -> Rows:
        again = _under_new_keys(rows.sample(int(share / (1.0 - share) * len(rows)), random_state=rng), world)
        return pd.concat([rows, again], ignore_index=True).sort_values(world.time, ignore_index=True)

    return change


def _under_new_keys(rows: Rows, world: World) -> Rows:
    found = rows.copy()
    for name in world.key:
        if name not in (world.time, *world.categorical, *world.numeric):
            numbers = rows[name].dtype.kind in "iu"
            found[name] = 10**9 + np.arange(len(rows)) if numbers else [f"new-{place}" for place in range(len(rows))]
    return found
