"""Nights on which nothing happened: how many are called a defect.

Made worlds go on for hundreds of days under the same law. Real ones are shuffled, so that tonight and the thirty partitions
it is compared with come from the same year in any order: what is strange about a single real day stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import diagnosis_unseen_worlds as unseen
import diagnosis_worlds as first
import numpy as np
from diagnosis_worlds import Rows, World

NIGHTS = 30
DAYS = 330


def calm_worlds(seed: int) -> Iterator[tuple[str, World, Sequence[Rows]]]:
    """Yield worlds without a change, each with its partitions in the order they are lived."""
    for rows in (400, 5000):
        for life in (seed, seed + 1):
            rng = np.random.default_rng(life)
            days = [first._made_day(rng, day, int(rows * rng.uniform(0.8, 1.2))) for day in range(DAYS)]
            yield f"made, {rows} rows, life {life}", first.made_world(life, 50), days
    for name, world, day in (
        ("sensors", unseen.sensor_world(seed), unseen._sensor_day),
        ("orders", unseen.order_world(seed), unseen._order_day),
    ):
        rng = np.random.default_rng(seed)
        yield name, world, [day(rng, place) for place in range(DAYS)]
    for world in (first.flights_world(), *unseen.unseen_worlds()[:-2], *unseen.judging_worlds()):
        days = [*world.history, *(rows for _, rows in world.later)]
        order = np.random.default_rng(seed).permutation(len(days))
        yield f"{world.name}, shuffled", world, [days[place] for place in order]


def calm_nights(seed: int, as_batches: Callable[[Rows], Any]) -> dict[str, Any]:
    """Return how many calm nights are called a defect, by world, and what was found."""
    from include.evidence.diagnose import diagnose
    from include.evidence.summary import summarise

    by_kind: dict[str, list[int]] = {}
    wrong: list[str] = []
    for name, world, days in calm_worlds(seed):
        parts = {"key": world.key, "event_time": world.time, "label": world.label}
        told = [summarise(as_batches(rows), **parts) for rows in days]
        bad = 0
        for place in range(NIGHTS, len(told)):
            found = [one for one in diagnose(told[place], told[place - NIGHTS : place]) if one.defect]
            bad += bool(found)
            wrong += [f"{name}: {'; '.join(one.sentence for one in found)}"] if found else []
        nights = len(told) - NIGHTS
        by_kind[name] = [nights - bad, nights]
    nights = sum(total for _, total in by_kind.values())
    bad = sum(total - right for right, total in by_kind.values())
    return {"nights": nights, "nights_called_defect": bad / nights, "by_kind": by_kind, "wrong": wrong}
