"""How often evidence raises a false alarm: no-drift years of 30 features × 365 nights, beside the rules of others.

Each life has 60 calm nights in its pool, then a year. Reported is the share of years with any alarm over all features,
and its upper 99 % Clopper-Pearson bound, at alpha = 0.05 and 0.01 from the same lives. Lives are judged as nights are
(`lives.evidence`; tests/benchmarks/test_lives.py): the weekday's effect is removed, as it is unless a model says
otherwise. Night values are drawn directly where only they matter; in the settings "profile" each night's counts in ten
bins are drawn from the multinomial law and turned into a studentised Wasserstein distance, the reference being what the
calm nights hold. `plain` is one detector a stream at Doob's bound; `answered` is what Nightshift runs: levels and
residuals, bounds raised for the measured autocorrelation.

    python benchmarks/false_alarms.py --years 5000 --json /tmp/false_alarms.json
    python benchmarks/false_alarms.py --years 200 --only normal,ar
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta

sys.path.insert(0, str(Path(__file__).resolve().parent))

import lives
from lives import CALM, FEATURES, YEAR, Draw
from rival_rules import rival_table

from include.evidence.notice import PER_YEAR

ALPHAS = (0.05, 0.01)
LIVES_A_CHUNK = 60
# Settings that the guarantee does not cover need no bound as tight as the others'.
OUTSIDE_YEARS = 1000
NOTICE_STREAMS, NOTICE_NIGHTS = 85, 60


@dataclass(frozen=True)
class Setting:
    """One kind of life. ``exchangeable``: whether the guarantee covers it."""

    name: str
    draw: Draw
    exchangeable: bool = True
    calendar: bool = True
    calm: int = CALM


SETTINGS = (
    Setting("normal", lives.normal),
    Setting("no calendar", lives.normal, calendar=False),
    Setting("t5", lives.student(5)),
    Setting("t3", lives.student(3)),
    Setting("lognormal", lives.lognormal),
    Setting("correlated", lives.correlated),
    Setting("weekday pattern removed", lives.weekly),
    Setting("profile of 100 rows", lives.profiles(100, CALM)),
    Setting("profile of 1000 rows", lives.profiles(1000, CALM)),
    Setting("profile of 100000 rows", lives.profiles(100_000, CALM)),
    Setting("profile of rows that vary tenfold", lives.profiles(1000, CALM, varying=True)),
    Setting("nights that differ by twice their rows' spread, rows vary tenfold", lives.means(1000, CALM, 2.0)),
    Setting("not studentised though rows vary tenfold", lives.profiles(1000, CALM, True, studentised=False), False),
    *(Setting(f"ar {c} after {calm} calm nights", lives.ar1(c), False, calm=calm)
      for c in (0.3, 0.5, 0.8) for calm in (60, 200)),
    Setting("yearly cycle of 1 sd", lives.yearly, False),
)  # fmt: skip


def upper_bound(hits: int, total: int) -> float:
    """Return the upper end of the one-sided 99 % Clopper-Pearson interval of a share."""
    return 1.0 if hits == total else float(beta.ppf(0.99, hits + 1, total - hits))


def years_with_alarm(setting: Setting, years: int, seed: int) -> dict[str, int]:
    """Return how many years had any alarm, by detector and alpha."""
    rng = np.random.default_rng(seed)
    labels = lives.weekdays(setting.calm + YEAR) if setting.calendar else None
    counts: dict[str, int] = {}
    for start in range(0, years, LIVES_A_CHUNK):
        count = min(LIVES_A_CHUNK, years - start)
        values = setting.draw(rng, setting.calm + YEAR, count * FEATURES)
        found = lives.evidence(values, setting.calm, rng, labels)
        _count(found, FEATURES, counts)
    return counts


def _count(found: lives.Evidence, features: int, counts: dict[str, int]) -> None:
    for alpha in ALPHAS:
        rate = alpha / lives.NIGHTS_A_YEAR / features
        for answered in (False, True):
            hit = lives.hits(found, rate, answered).any(axis=0).reshape(-1, features).any(axis=1)
            name = f"{'answered' if answered else 'plain'} {alpha}"
            counts[name] = counts.get(name, 0) + int(hit.sum())


def shuffled_flights(years: int, seed: int) -> dict[str, int]:
    """Return the same for the real nights of 2013, shuffled anew for every year: 60 calm and 305 live ones."""
    rng = np.random.default_rng(seed)
    _, _, real = lives.flight_nights()
    features = real.shape[1]
    counts: dict[str, int] = {}
    for start in range(0, years, 200):
        count = min(200, years - start)
        values = np.concatenate([real[rng.permutation(len(real))] for _ in range(count)], axis=1)
        _count(lives.evidence(values, CALM, rng, lives.weekdays(len(values))), features, counts)
    return counts


def notices(lives_: int, seed: int) -> list[dict[str, Any]]:
    """Print and return the share of lives of 85 streams with any notice within 60 nights without a change.

    Beside them the rule that a notice needs at least: beyond twice the largest deviation.
    """
    print(f"{'lives with any notice within 60 nights':42s} {'calm':>5s} {'notice':>8s} {'twice':>8s}")
    laws = (
        ("normal", lives.normal),
        ("t5", lives.student(5)),
        ("t3", lives.student(3)),
        ("lognormal", lives.lognormal),
        ("distances of 1000 rows", None),
    )
    lines = []
    for name, draw in laws:
        for calm in (30, 60, 200):
            rng = np.random.default_rng(seed)
            drawn = draw or lives.profiles(1000, calm)
            values = drawn(rng, calm + NOTICE_NIGHTS, lives_ * NOTICE_STREAMS)
            gross, twice = _notices(values, calm)
            told = [float(hit.reshape(lives_, -1).any(axis=1).mean()) for hit in (gross, twice)]
            lines.append({"law": name, "calm": calm, "notice": told[0], "twice": told[1], "lives": lives_})
            print(f"{name:42s} {calm:5d} {told[0]:8.1%} {told[1]:8.1%}", flush=True)
    return lines


def _notices(values: np.ndarray, calm: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which streams had a notice, and which a night beyond twice their largest deviation."""
    told, twice = lives.notices(values, calm, PER_YEAR / lives.NIGHTS_A_YEAR / NOTICE_STREAMS)
    return told.any(axis=0), twice.any(axis=0)


def report(name: str, years: int, counts: dict[str, int], exchangeable: bool, seconds: float) -> dict[str, Any]:
    """Print one line of the table and return it."""
    line: dict[str, Any] = {"setting": name, "years": years, "exchangeable": exchangeable, "seconds": round(seconds, 1)}
    cells = []
    for key, hits in counts.items():
        line[key] = {"share": hits / years, "upper_99": upper_bound(hits, years)}
        cells.append(f"{hits / years:8.2%} {line[key]['upper_99']:8.2%}")
    held = all(line[f"{d} {a}"]["upper_99"] <= a + 0.005 for d in ("plain", "answered") for a in ALPHAS)
    line["held"] = held if exchangeable else None
    told = {True: "held", False: "BROKEN"}[held] if exchangeable else "outside the guarantee"
    print(f"{name:42s} {years:6d} {'  '.join(cells)}  {told}", flush=True)
    return line


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--years", type=int, default=5000, help="simulated years a setting (default 5000)")
    parser.add_argument("--only", default="", help="settings whose name starts with one of these, comma-separated")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--seed", type=int, default=4)
    arguments = parser.parse_args()
    wanted = tuple(name for name in arguments.only.split(",") if name)
    chosen = lambda name: not wanted or name.startswith(wanted)  # noqa: E731
    heads = "  ".join(f"{d + ' ' + str(a):>17s}" for a in ALPHAS for d in ("plain", "answered"))
    print(f"{'share of years with any alarm':42s} {'years':>6s} {heads}")
    result: dict[str, Any] = {"settings": [], "rules": [], "notices": []}
    for index, setting in enumerate(SETTINGS):
        if chosen(setting.name):
            began = time.perf_counter()
            years = arguments.years if setting.exchangeable else min(arguments.years, OUTSIDE_YEARS)
            counts = years_with_alarm(setting, years, arguments.seed + index)
            took = time.perf_counter() - began
            result["settings"].append(report(setting.name, years, counts, setting.exchangeable, took))
    if chosen("flights"):
        began = time.perf_counter()
        counts = shuffled_flights(arguments.years, arguments.seed + 100)
        took = time.perf_counter() - began
        result["settings"].append(report("flights with nights shuffled", arguments.years, counts, True, took))
    if chosen("rules"):
        result["rules"] = rival_table(arguments.seed)
    if chosen("notices"):
        result["notices"] = notices(min(max(arguments.years // 5, 10), 1000), arguments.seed)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
