"""How soon a change is found, beside other tools' rules at the same rate of false alarms.

1. Night values: shifts in standard deviations of nights, for the detector on its own, for what Nightshift runs (levels
   and residuals, bounds raised for the measured autocorrelation), and for a Shiryaev-Roberts detector of power bets on
   two-sided distances at the same bound. The weekday's effect is removed, as nights do by default.
2. Rows: nights of 1,000 rows, features shifted from the first live night on. The rivals' thresholds are set from 200,000
   calm feature-nights so that exactly 5 % of years without drift raise any alarm: knowledge that nobody has in practice
   and that is given to them here. Nightshift runs as it is, at alpha = 0.05, with the streams of a binary model and
   their shares (`night.streams`, `evidence.shares`); those that need a champion take their share and stay silent here.
   The domain classifier's stream over all features begins with the 14 nights kept for the gate; "correlation only" comes
   after so many calm nights in that stream, live ones among them.
3. The real flights of 2013, reference January and February; and the same nights shuffled.

    python benchmarks/detection.py --json /tmp/detection.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import lives
import shifted_rows as made
from lives import FEATURES, YEAR

from include.evidence.bets import ANY_CHANGE
from include.evidence.bounds import doob_log_bound
from include.evidence.notice import PER_YEAR
from include.evidence.replay import alarms_of
from include.evidence.shares import shares
from include.evidence.stream import Stream
from include.night.streams import stream_of
from include.signals.jensen_shannon import JS_DIVERGENCE
from include.signals.mean_shift import MEAN_SHIFT
from include.signals.measure import FEATURE_SIGNALS
from include.signals.null_share import NULL_SHARE
from include.signals.wasserstein import WASSERSTEIN_STANDARDISED

Key = tuple[str, str, str]

ALPHA = 0.05
LIVE = 60
CALM_BANK = 8000
RATE = ALPHA / lives.NIGHTS_A_YEAR
AUC_BANK = 200 + LIVE


def first_hit(hit: np.ndarray) -> np.ndarray:
    """Return the night (from 1) of each column's first hit, infinity where there is none."""
    return np.where(hit.any(axis=0), hit.argmax(axis=0) + 1.0, np.inf)


def shown(delays: np.ndarray) -> str:
    """Return the median delay and the share found, as one cell."""
    median = float(np.median(delays))
    return f"{'never' if np.isinf(median) else f'{median:.0f}':>5s} {np.isfinite(delays).mean():4.0%}"


def power_bets(values: np.ndarray, calm: int, rng: np.random.Generator) -> np.ndarray:
    """Return the log evidence of power bets on the distance from the bag's median, shape (live nights, streams)."""
    total, found = np.zeros(values.shape[1]), []
    for night in range(calm, len(values)):
        score = np.abs(values[: night + 1] - np.median(values[: night + 1], axis=0))
        p = ((score[:-1] > score[-1]).sum(axis=0) + rng.random(values.shape[1])) / (night + 1)
        total = (total + 1) * np.mean([e * p ** (e - 1) for e in (0.05, 0.1, 0.2, 0.4, 0.6, 0.8)], axis=0)
        found.append(np.log(total))
    return np.array(found)


def night_level(runs: int, seed: int) -> list[dict[str, Any]]:
    """Print and return delays for shifts of night values, 30 features, half of the rate for the features."""
    rate = RATE / (2 * FEATURES)
    print("1. night values: median nights to alarm and share found within 60 nights")
    print(f"{'shift':28s} {'calm':>4s} {'power bets':>11s} {'detector':>11s} {'Nightshift':>11s}")
    cases = [(f"{size} in one feature", size, 1, 0.0, calm) for size in (1.5, 2, 3, 10) for calm in (14, 30, 60, 200)]
    cases += [("2 in five features", 2, 5, 0.0, calm) for calm in (60, 200)]
    cases += [(f"3, AR(1) {c}", 3, 1, c, calm) for c in (0.3, 0.5, 0.7) for calm in (60, 200)]
    lines = []
    for name, size, features, coefficient, calm in cases:
        rng = np.random.default_rng(seed)
        values = lives.ar1(coefficient)(rng, calm + LIVE, runs * features)
        values[calm:] += size
        found = lives.evidence(values, calm, rng, lives.weekdays(calm + LIVE))
        power = power_bets(values, calm, rng) >= doob_log_bound(rate)
        power[: found.told] = False
        plain, answered = lives.hits(found, rate, answered=False), lives.hits(found, rate)
        delays = [first_hit(hit).reshape(runs, features).min(axis=1) for hit in (power, plain, answered)]
        lines.append({"shift": name, "calm": calm, "delays": [float(np.median(d)) for d in delays],
                      "found": [float(np.isfinite(d).mean()) for d in delays]})  # fmt: skip
        print(f"{name:28s} {calm:4d} {'  '.join(shown(d) for d in delays)}", flush=True)
    return lines


def threshold(scores: np.ndarray, columns: int) -> float:
    """Return the value that one feature's calm nights exceed so rarely that 5 % of years have any of 30 beyond.

    Beyond the bank's largest values the tail is continued exponentially from its top 0.5 %.
    """
    pooled = np.sort(scores.ravel())
    rare = -np.log1p(-ALPHA) / YEAR / columns
    tail = pooled[-max(len(pooled) // 200, 20) :]
    return float(tail[0] + (tail - tail[0]).mean() * np.log(len(tail) / len(pooled) / rare))


def watched() -> tuple[list[Stream], dict[Key, float]]:
    """Return the streams of a binary model with these features, and their shares of the rate."""
    names = [(f"n{i}", FEATURE_SIGNALS["numeric"]) for i in range(made.NUMERIC)]
    names += [(f"c{i}", FEATURE_SIGNALS["categorical"]) for i in range(made.CATEGORICAL)]
    keys = [(statistic.name, name, "") for name, statistics in names for statistic in statistics]
    keys += [("attribution", name, "v") for name, _ in names]
    keys += [("domain_auc", "features", ""), ("rows_per_hour", "rows", "")]
    keys += [(signal, "score", "v") for signal in ("prediction_distance", "prediction_shift")]
    keys += [(signal, "log_loss", "v") for signal in ("realised_loss", "estimated_loss")]
    streams = [stream_of(key) for key in keys]
    return streams, shares(streams)


def streams_of(measured: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the night values of the streams that are measured here (nights, streams), and their shares of the rate."""
    _, share = watched()
    numeric = [f"n{i}" for i in range(made.NUMERIC)]
    categorical = [f"c{i}" for i in range(made.CATEGORICAL)]
    parts = (
        ("wasserstein", WASSERSTEIN_STANDARDISED.name, numeric),
        ("mean_shift", MEAN_SHIFT.name, numeric),
        ("js", JS_DIVERGENCE.name, categorical),
        ("null_share", NULL_SHARE.name, numeric + categorical),
    )
    values = np.concatenate([measured[name] for name, _, _ in parts], axis=1)
    return values, np.array([share[signal, name, ""] for _, signal, names in parts for name in names])


def life(
    calm: dict[str, np.ndarray],
    after: dict[str, np.ndarray],
    nights: int,
    shifted: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return one life: calm nights, then 60 of which the shifted features come from the shifted bank."""
    order = rng.permutation(len(calm["ks"]))[: nights + LIVE]
    lived = {name: values[order].copy() for name, values in calm.items()}
    start = LIVE * int(rng.integers(0, len(after["ks"]) // LIVE))
    for name, values in after.items():
        offset = made.NUMERIC if name in ("js", "chi2", "psi_mix") else 0
        columns = [f - offset for f in shifted if 0 <= f - offset < values.shape[1]]
        lived[name][nights:, columns] = values[start : start + LIVE][:, columns]
    return lived


def row_level(runs: int, seed: int) -> list[dict[str, Any]]:
    """Print and return delays for shifted rows, at equal rates of false alarms."""
    known = made.reference(np.random.default_rng(seed))
    calm = made.bank(seed + 1, known, CALM_BANK)
    scores = made.rule_scores(calm)
    half = [(rule, slice(0, made.NUMERIC)) for rule in made.RULES] + [
        (rule, slice(made.NUMERIC, None)) for rule in made.RULES
    ]
    limits = {(rule, part.start): threshold(scores[rule][:, part], made.FEATURES) for rule, part in half}
    print(f"\n2. rows: median nights to alarm and share found within 60 nights, {runs} lives each")
    print(
        f"{'shift':34s} {'features':>8s} {'calm':>4s} {'Nightshift':>11s} {'its notices':>28s} "
        + " ".join(f"{r:>28s}" for r in made.RULES)
    )
    lines = []
    for index, shift in enumerate(made.SHIFTS):
        after = made.bank(seed + 10 + index, known, 10 * LIVE, shift)
        joint = shift.correlation != made.CORRELATION
        banks = ((seed + 1, AUC_BANK, None), (seed + 2, 2 * LIVE, shift)) if joint else ()
        aucs = [made.aucs(own, known, count, one) for own, count, one in banks]
        for share in (1.0,) if joint else (0.01, 0.1, 0.5):
            for nights in (14, 30, 60, 200):
                rng = np.random.default_rng(seed)
                delays = _delays(calm, after, nights, share, runs, rng, limits, shift)
                if joint:
                    delays.update(_joint_delays(*aucs, nights, runs, rng))
                lines.append({"shift": shift.name, "features": share, "calm": nights,
                              "delays": {k: float(np.median(d)) for k, d in delays.items()},
                              "found": {k: float(np.isfinite(d).mean()) for k, d in delays.items()}})  # fmt: skip
                cells = " ".join(f"{shown(d):>28s}" for k, d in delays.items() if k != "Nightshift")
                print(
                    f"{shift.name:34s} {share:8.0%} {nights:4d} {shown(delays['Nightshift']):>11s} {cells}", flush=True
                )
    return lines


def _delays(calm, after, nights, share, runs, rng, limits, shift):
    """Return each contender's delays, shape (runs,)."""
    delays: dict[str, list[float]] = {"Nightshift": [], "its notices": [], **{rule: [] for rule in made.RULES}}
    values, share_of = [], np.empty(0)
    for _ in range(runs):
        count = max(1, round(share * made.FEATURES))
        shifted = _chosen(shift, count, rng)
        lived = life(calm, after, nights, shifted, rng)
        streams, share_of = streams_of(lived)
        values.append(streams)
        for rule, score in made.rule_scores(lived).items():
            limit = np.repeat([limits[rule, 0], limits[rule, made.NUMERIC]], [made.NUMERIC, made.CATEGORICAL])
            delays[rule].append(float(first_hit((score[nights:] > limit).any(axis=1)[:, None])[0]))
    delays.update(_ours(np.concatenate(values, axis=1), nights, np.tile(share_of, runs), runs, rng))
    return {name: np.array(found) for name, found in delays.items()}


def _ours(values, nights, share_of, runs, rng, changes=ANY_CHANGE, pool=None):
    """Return the delays of alarms and of notices, of ``runs`` lives whose streams lie side by side."""
    pool = nights if pool is None else pool
    found = lives.evidence(values, pool, rng, lives.weekdays(len(values)), changes)
    alarms = lives.hits(found, share_of * RATE)
    only_up = changes is not ANY_CHANGE
    notices, _ = lives.notices(values, pool, share_of * PER_YEAR / lives.NIGHTS_A_YEAR, only_up)
    told = {"Nightshift": alarms, "its notices": notices}
    return {
        name: list(first_hit(hit[nights - pool :].reshape(LIVE, runs, -1).any(axis=2))) for name, hit in told.items()
    }


def _joint_delays(calm: np.ndarray, after: np.ndarray, nights: int, runs: int, rng: np.random.Generator):
    """Return the delays of the domain classifier's stream after so many calm nights, 14 of them before the first live."""
    streams, share = watched()
    own = next(one for one in streams if one.signal == "domain_auc")
    parts = [bank[rng.permuted(np.tile(np.arange(len(bank)), (runs, 1)), axis=1)[:, :count]].T
             for bank, count in ((calm, nights), (after, LIVE))]  # fmt: skip
    return _ours(
        np.concatenate(parts), nights, np.full(runs, share[own.key]), runs, rng, own.changes, pool=lives.HELD_OUT
    )


def _chosen(shift: made.Shift, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return features that this shift can touch: categories have no mean, and only they have a mix."""
    if shift.mix:
        return made.NUMERIC + rng.permutation(made.CATEGORICAL)[: min(count, made.CATEGORICAL)]
    if shift.nulls:
        return rng.permutation(made.FEATURES)[:count]
    return rng.permutation(made.NUMERIC)[:count]


def flights(shuffles: int, seed: int) -> dict[str, Any]:
    """Print and return when the real flights' streams raise alarms, and how many shuffled years do."""
    names, days, values = lives.flight_nights()
    rng = np.random.default_rng(seed)
    found = {a.subject: a for a in alarms_of(dict(zip(names, values.T, strict=True)), days, reference_nights=59, model="flight_delay")}  # fmt: skip
    print("\n3. real flights, reference January and February, alpha = 0.05 over", len(names), "streams")
    for name in names:
        alarm = found.get(name)
        told = (
            f"{alarm.partition} by {alarm.detector}, since {alarm.since}, effect {alarm.effect:+.1f}" if alarm else "-"
        )
        print(f"{name:16s} {told}")
    silent = 0
    for index in range(shuffles):
        mixed = values[rng.permutation(len(values))]
        alarms = alarms_of(dict(zip(names, mixed.T, strict=True)), days, reference_nights=59, model=f"shuffle{index}")
        silent += not alarms
    print(f"shuffled: {shuffles - silent} of {shuffles} years raise any alarm")
    dates = {name: {"partition": a.partition, "since": a.since, "detector": a.detector} for name, a in found.items()}
    return {"alarms": dates, "shuffled_years": shuffles, "shuffled_with_alarm": shuffles - silent}


def main() -> None:
    """Print the tables, and write them as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=100, help="lives for each case")
    parser.add_argument("--only", default="night,row,flights", help="parts to run, comma-separated")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--seed", type=int, default=8)
    arguments = parser.parse_args()
    parts = arguments.only.split(",")
    result: dict[str, Any] = {}
    if "flights" in parts:
        result["flights"] = flights(20, arguments.seed)
    if "night" in parts:
        result["night"] = night_level(5 * arguments.runs, arguments.seed)
    if "row" in parts:
        result["row"] = row_level(arguments.runs, arguments.seed)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
