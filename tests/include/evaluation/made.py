"""Small, seeded nights for the tests of the gate."""

from __future__ import annotations

import numpy as np

from include.evaluation.nights import NightScores


def made_nights(count, *, quality, rows=200, seed=0, noise=0.0, **more):
    """Return nights whose truth is the logistic of z; the champion uses half of z, the candidate `quality` of it."""
    random = np.random.default_rng(seed)
    nights = []
    for number in range(count):
        z = random.standard_normal(rows)
        label = (random.random(rows) < _logistic(z)).astype(float)
        own = quality + noise * random.standard_normal()
        columns = {name: values(rows, random) for name, values in more.items()}
        nights.append(
            NightScores(f"2013-03-{number + 1:02d}", label, _logistic(0.5 * z), _logistic(own * z), slices=columns)
        )
    return nights


def _logistic(z):
    return 1 / (1 + np.exp(-z))
