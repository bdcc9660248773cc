"""Banks of nights made of rows: what every signal and every rival rule measures on calm and on shifted nights.

A night has 1,000 rows of 24 numeric features (blocks of six, correlated 0.6) and 6 categorical ones. Nights differ by
more than sampling: every night and feature moves by 0.03 standard deviations. Calm nights are exchangeable given the
reference, so lives are put together from the banks.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from include.config.model import AlarmSettings
from include.signals.domain_auc import domain_auc

ROWS = 1000
REFERENCE_ROWS = 10_000
NUMERIC, CATEGORICAL, LEVELS = 24, 6, 8
FEATURES = NUMERIC + CATEGORICAL
NIGHT_SPREAD = 0.03
BLOCK, CORRELATION = 6, 0.6
USUAL = 1.0 / np.arange(1, LEVELS + 1)
USUAL /= USUAL.sum()


@dataclass(frozen=True)
class Shift:
    """A change of some features' rows, in standard deviations of rows; ``ramp`` nights to full size."""

    name: str
    mean: float = 0.0
    scale: float = 1.0
    mix: float = 0.0
    correlation: float = CORRELATION
    nulls: float = 0.0
    ramp: int = 1


SHIFTS = (
    Shift("no shift"),
    Shift("mean 0.2", mean=0.2),
    Shift("mean 0.5", mean=0.5),
    Shift("mean 0.5, gradual over 30 nights", mean=0.5, ramp=30),
    Shift("scale 1.2", scale=1.2),
    Shift("scale 1.5", scale=1.5),
    Shift("category mix", mix=0.15),
    Shift("correlation only, 0.6 to 0.3", correlation=0.3),
    Shift("nulls +2 points", nulls=0.02),
    Shift("nulls +20 points", nulls=0.2),
)

# What is measured of a night: per feature, shape (n_features,), or one number.
SIGNALS = ("wasserstein", "mean_shift", "null_share", "js")
RULES = ("normalised Wasserstein / JS", "KS / chi-square", "PSI")


@dataclass
class Reference:
    """The reference rows, each feature sorted, and a sample of whole rows for the domain classifier."""

    ordered: np.ndarray
    sample: pa.Table


def _numeric_rows(rng: np.random.Generator, rows: int, correlation: float) -> np.ndarray:
    common = np.repeat(rng.normal(size=(rows, NUMERIC // BLOCK)), BLOCK, axis=1)
    return np.sqrt(correlation) * common + np.sqrt(1 - correlation) * rng.normal(size=(rows, NUMERIC))


def reference(rng: np.random.Generator) -> Reference:
    """Return a reference of 10,000 rows."""
    rows = _numeric_rows(rng, REFERENCE_ROWS, CORRELATION)
    kept = AlarmSettings().sample_rows
    categories = rng.choice(LEVELS, p=USUAL, size=(kept, CATEGORICAL))
    return Reference(np.sort(rows, axis=0).T.copy(), _table(rows[:kept], categories))


def _table(numeric: np.ndarray, categories: np.ndarray) -> pa.Table:
    columns = {f"n{i}": column for i, column in enumerate(numeric.T)}
    return pa.table(columns | {f"c{i}": [f"v{code}" for code in column] for i, column in enumerate(categories.T)})


def aucs(seed: int, known: Reference, nights: int, shift: Shift | None = None) -> np.ndarray:
    """Return the studentised AUC of the domain classifier on many nights, of shape (nights,)."""
    rng = np.random.default_rng(seed)
    one, found = shift or Shift("none"), []
    for _ in range(nights):
        rows = _numeric_rows(rng, ROWS, one.correlation) + NIGHT_SPREAD * rng.normal(size=NUMERIC)
        mix = USUAL * np.exp(NIGHT_SPREAD * rng.normal(size=(CATEGORICAL, LEVELS)))
        categories = np.array([rng.choice(LEVELS, p=each / each.sum(), size=ROWS) for each in mix]).T
        found.append(domain_auc(known.sample, _table(rows, categories), seed=0).studentised())
    return np.array(found)


def night(
    rng: np.random.Generator, known: Reference, shift: Shift | None = None, size: float = 1.0
) -> dict[str, np.ndarray]:
    """Return all signals and rule statistics of one night, all features shifted by ``size`` of the shift.

    A feature that a life leaves unshifted takes its values from a calm night instead.
    """
    one = shift or Shift("none")
    correlation = CORRELATION + size * (one.correlation - CORRELATION)
    rows = _numeric_rows(rng, ROWS, correlation) * (1 + size * (one.scale - 1)) + size * one.mean
    rows += NIGHT_SPREAD * rng.normal(size=NUMERIC)
    mix = USUAL * np.exp(NIGHT_SPREAD * rng.normal(size=(CATEGORICAL, LEVELS)))
    mix[:, -3:] *= 1 + size * one.mix * 4
    counts = rng.multinomial(ROWS, mix / mix.sum(axis=1, keepdims=True))
    nulls = rng.binomial(ROWS, np.minimum(0.01 * np.exp(0.1 * rng.normal(size=FEATURES)) + size * one.nulls, 1.0))
    return {**_numeric(rows, known), **_categorical(counts), "null_share": nulls / ROWS}


def _numeric(rows: np.ndarray, known: Reference) -> dict[str, np.ndarray]:
    current = np.sort(rows, axis=0).T
    at = known.ordered[:, (np.arange(ROWS) * 2 + 1) * (REFERENCE_ROWS // (2 * ROWS))]
    distance = np.abs(current - at).mean(axis=1) / known.ordered.std(axis=1)
    above = np.array([np.searchsorted(r, c) for r, c in zip(known.ordered, current, strict=True)]) / REFERENCE_ROWS
    ks = np.abs(above - (np.arange(ROWS) + 0.5) / ROWS).max(axis=1)
    edges = known.ordered[:, (np.arange(1, 10) * REFERENCE_ROWS) // 10]
    places = np.array([np.searchsorted(c, e) for c, e in zip(current, edges, strict=True)])
    share = np.diff(np.pad(places, ((0, 0), (1, 0))), append=ROWS, axis=1) / ROWS
    share = np.maximum(share, 0.5 / ROWS)
    return {
        "wasserstein": distance,
        "mean_shift": rows.mean(axis=0),
        "ks": ks,
        "psi": ((share - 0.1) * np.log(share / 0.1)).sum(axis=1),
    }


def _categorical(counts: np.ndarray) -> dict[str, np.ndarray]:
    share = np.maximum(counts / ROWS, 0.5 / ROWS)
    middle = (share + USUAL) / 2
    js = (share * np.log(share / middle) + USUAL * np.log(USUAL / middle)).sum(axis=1) / 2
    chi2 = (ROWS * (counts / ROWS - USUAL) ** 2 / USUAL).sum(axis=1)
    return {"js": js, "chi2": chi2, "psi_mix": ((share - USUAL) * np.log(share / USUAL)).sum(axis=1)}


def bank(seed: int, known: Reference, nights: int, shift: Shift | None = None) -> dict[str, np.ndarray]:
    """Return what is measured on many nights, each array of shape (nights, features of that kind).

    Of a gradual shift, night i has i / ramp of its size (in turn, so that lives can be put together in order).
    """
    rng = np.random.default_rng(seed)
    ramp = shift.ramp if shift else 1
    made = [night(rng, known, shift, min((i % 60 + 1) / ramp, 1.0)) for i in range(nights)]
    return {name: np.array([one[name] for one in made]) for name in made[0]}


def rule_scores(measured: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return each rival rule's statistic for every feature, on a scale where all features have one law when calm."""
    return {
        RULES[0]: np.concatenate([measured["wasserstein"], np.sqrt(measured["js"])], axis=1),
        RULES[1]: np.concatenate([measured["ks"], measured["chi2"]], axis=1),
        RULES[2]: np.concatenate([measured["psi"], measured["psi_mix"]], axis=1),
    }
