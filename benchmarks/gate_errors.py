"""How often the gate is wrong, how often it is right, and how long it takes.

Champion–candidate pairs are simulated as night gains: effect + AR(1) noise of standard deviation 1, looked at every night
from the first look (14 labelled nights) until `--max-wait` nights later, by the gate's own functions. Beside it, on the same
pairs: the better point estimate on the first window, a t-interval looked at every night, and a t-test once at the end.
Poisoned windows are simulated with real (small) xgboost models and the whole `judge`.

    python benchmarks/gate_errors.py [--pairs 2000] [--max-wait 14] [--only errors,power,tails,expected,slices,poison,bars,grains]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from include.evaluation.gate import judge  # noqa: E402
from include.evaluation.looks import FIRST, FURTHER, log_bar  # noqa: E402
from include.evaluation.metrics import metric  # noqa: E402
from include.evaluation.nights import NightScores  # noqa: E402
from include.evaluation.sequence import LEAST_NIGHTS, log_evidence, running_sums  # noqa: E402
from include.evaluation.slices import holm  # noqa: E402
from include.evaluation.terms import Terms  # noqa: E402

ALPHA = 0.05
CHUNK = 2000
Rule = Callable[[np.ndarray, int], np.ndarray]


def series(pairs: int, nights: int, phi: float, rng: np.random.Generator, tails: str = "normal") -> np.ndarray:
    """Return AR(1) noise of standard deviation 1, shape (pairs, nights), stationary from the first night."""
    shocks = {
        "normal": lambda: rng.standard_normal((pairs, nights)),
        "t5": lambda: rng.standard_t(5, (pairs, nights)) / np.sqrt(5 / 3),
        "t3": lambda: rng.standard_t(3, (pairs, nights)) / np.sqrt(3),
        "bad nights (skew -1)": lambda: 2 - rng.gamma(4.0, 0.5, (pairs, nights)),
        "bad nights (skew -3.7)": lambda: -(np.exp(0.8 * rng.standard_normal((pairs, nights))) - np.exp(0.32)) / 1.308,
    }[tails]()
    values = np.empty_like(shocks)
    values[:, 0] = shocks[:, 0]
    for night in range(1, nights):
        values[:, night] = phi * values[:, night - 1] + np.sqrt(1 - phi**2) * shocks[:, night]
    return values


def by_sequence(gains: np.ndarray, first: int, bar: float = 0.0) -> np.ndarray:
    """Return the night of promotion (`superior` with the bar, `non_inferior` with minus it), or inf."""
    needed = log_bar(ALPHA, first, gains.shape[1] - first)
    chunks = [gains[at : at + CHUNK] for at in range(0, len(gains), CHUNK)]
    crossed = np.concatenate([log_evidence(running_sums(chunk - bar)) >= needed for chunk in chunks])
    return first_time(crossed, max(first, LEAST_NIGHTS))


def by_expectation(gains: np.ndarray, first: int, margin: float = 0.0) -> np.ndarray:
    """Return the night of promotion in the mode `expected`, or inf."""
    crossed = []
    for at in range(0, len(gains), CHUNK):
        now = running_sums(gains[at : at + CHUNK]).belief()
        crossed.append((now.mean > 0) & (now.chance_below(-margin) <= ALPHA))
    return first_time(np.concatenate(crossed), max(first, LEAST_NIGHTS))


def at_looks(crossed: np.ndarray, looks: tuple[int, ...]) -> np.ndarray:
    """Return whether each row is true at any of the looks (numbers of values)."""
    return crossed[:, [look - 1 for look in looks]].any(axis=1)


PLANS: dict[str, tuple[int, ...]] = {
    "days: 14 to 28, every day": tuple(range(14, 29)),
    "weeks of days: 14, 21, 28": (14, 21, 28),
    "months of days: 30, 60": (30, 60),
    "months that tell no days: 3 to 9": tuple(range(3, 10)),
    "hours, halves of days: 6 to 12": tuple(range(6, 13)),
}
"""When the default gate of a grain looks, in values."""


def print_grains(args: argparse.Namespace) -> None:
    """Print how often the default gate of each grain errs: its values and its looks."""
    print(f"\nPromoted, {args.pairs} pairs a cell; margins in standard deviations between values")
    for name, looks in PLANS.items():
        for phi in args.phis:
            rng = np.random.default_rng([args.seed, 7, int(10 * phi)])
            noise = series(args.pairs, looks[-1], phi, rng)
            needed = log_bar(ALPHA, looks[0], looks[-1] - looks[0])
            proven = share_of(at_looks(log_evidence(running_sums(noise)) >= needed, looks))
            line = f"{name:32s} φ={phi}: superior, equal {proven}; expected:"
            for margin in (0.05, 0.1, 0.25):
                equal, worse = (share_of(at_looks(_expects(noise - effect, margin), looks)) for effect in (0.0, margin))
                line += f"  margin {margin}: equal {equal}, worse by it {worse}"
            effect = 0.5 * rng.standard_normal((args.pairs, 1))
            kept = effect[at_looks(_expects(noise + effect, 0.1), looks), 0]
            line += f"; of those promoted at 0.1 among effects of spread 0.5, worse by it {share_of(kept < -0.1)}"
            power = [share_of(at_looks(_expects(noise + better, 0.1), looks)) for better in (0.5, 1.0, 2.0)]
            print(f"{line}; better by 0.5, 1, 2: {', '.join(power)}", flush=True)


def _expects(gains: np.ndarray, margin: float) -> np.ndarray:
    """Return where the mode `expected` would promote, shape (pairs, values)."""
    now = running_sums(gains).belief()
    return (now.mean > 0) & (now.chance_below(-margin) <= ALPHA)


def share_of(found: np.ndarray) -> str:
    """Return a share as text."""
    return f"{found.mean():.1%}"


def t_statistic(gains: np.ndarray) -> np.ndarray:
    """Return √n mean / s after each night."""
    n = np.arange(1, gains.shape[1] + 1)
    mean = np.cumsum(gains, axis=1) / n
    variance = (np.cumsum(gains**2, axis=1) - n * mean**2) / np.maximum(n - 1, 1)
    return mean * np.sqrt(n / np.maximum(variance, 1e-300))


def t_bar(nights: int) -> np.ndarray:
    """Return the one-sided 95 % quantile of Student's t after each night."""
    from scipy.stats import t

    return t.ppf(1 - ALPHA, np.maximum(np.arange(1, nights + 1) - 1, 1))


def by_t_every_night(gains: np.ndarray, first: int) -> np.ndarray:
    """Return the night at which a one-sided 95 % t-interval first excludes 0."""
    return first_time(t_statistic(gains) > t_bar(gains.shape[1]), first)


def by_t_once(gains: np.ndarray, first: int) -> np.ndarray:
    """Return the last night where a single t-test there passes, else inf."""
    passed = t_statistic(gains)[:, -1] > t_bar(gains.shape[1])[-1]
    return np.where(passed, gains.shape[1], np.inf)


def by_point_estimate(gains: np.ndarray, first: int) -> np.ndarray:
    """Return the first look where the candidate is better on average there, else inf."""
    return np.where(gains[:, :first].mean(axis=1) > 0, first, np.inf)


def first_time(crossed: np.ndarray, first: int) -> np.ndarray:
    """Return the first night (counted from 1, not before `first`) at which each row is true, or inf."""
    crossed = crossed[:, first - 1 :]
    return np.where(crossed.any(axis=1), crossed.argmax(axis=1) + first, np.inf)


RULES: dict[str, Rule] = {
    "gate: superior": by_sequence,
    "better point estimate": by_point_estimate,
    "t-interval every night": by_t_every_night,
    "t-test once, at the end": by_t_once,
}


def print_errors(args: argparse.Namespace) -> None:
    """Print how often equal and worse candidates are promoted."""
    print(
        f"\nEqual or worse candidates promoted, {args.pairs} pairs a cell, looks at nights {args.first} to {args.last}"
    )
    print(f"{'rule':28s}" + "".join(f"  φ={phi}: equal, -0.2" for phi in args.phis))
    for name, rule in RULES.items():
        cells = []
        for phi in args.phis:
            rng = np.random.default_rng([args.seed, int(10 * phi)])
            noise = series(args.pairs, args.last, phi, rng)
            cells += [f"{share(rule(noise - effect, args.first)):>10s}" for effect in (0.0, 0.2)]
        print(f"{name:28s}" + "".join(cells))
    for margin in (0.25, 0.5):
        cells = []
        for phi in args.phis:
            noise = series(args.pairs, args.last, phi, np.random.default_rng([args.seed, int(10 * phi)]))
            cells += [
                f"{share(by_sequence(noise - effect, args.first, -margin)):>10s}" for effect in (margin, margin + 0.2)
            ]
        print(
            f"{f'gate: non_inferior by {margin}':28s}"
            + "".join(cells)
            + "   (worse by exactly the margin, and by 0.2 more)"
        )


def print_power(args: argparse.Namespace) -> None:
    """Print promotions of better candidates and the median night of them."""
    print("\nBetter candidates promoted (median night), effect in standard deviations between nights")
    for phi in args.phis:
        noise = series(args.pairs, args.last, phi, np.random.default_rng([args.seed, 1, int(10 * phi)]))
        print(f"  φ={phi}" + " " * 22 + "".join(f"{effect:>14}" for effect in args.effects))
        rules: dict[str, Rule] = {
            **RULES,
            "gate: non_inferior by 0.25": lambda gains, first: by_sequence(gains, first, -0.25),
            "gate: expected, margin 0.25": lambda gains, first: by_expectation(gains, first, 0.25),
        }
        for name, rule in rules.items():
            cells = []
            for effect in args.effects:
                at = rule(noise + effect, args.first)
                median = f"({np.median(at[np.isfinite(at)]):.0f})" if np.isfinite(at).any() else "(-)"
                cells.append(f"{share(at):>8s} {median:>5s}")
            print(f"  {name:28s}" + "".join(cells))


def print_tails(args: argparse.Namespace) -> None:
    """Print the error of `superior` on equal candidates when nights are not normal, also over a long wait."""
    print("\nEqual candidates promoted by `superior`, by the law of the nights (looks from night 3 to 60 in brackets)")
    for tails in ("normal", "t5", "t3", "bad nights (skew -1)", "bad nights (skew -3.7)"):
        cells = []
        for phi in (*args.phis, 0.7):
            noise = series(args.pairs, 60, phi, np.random.default_rng([args.seed, 2, int(10 * phi)]), tails)
            cells.append(
                f"  φ={phi}: {share(by_sequence(noise[:, : args.last], args.first))} ({share(by_sequence(noise, 3))})"
            )
        print(f"{tails:24s}" + "".join(cells))


def print_expected(args: argparse.Namespace) -> None:
    """Print how many promotions of the mode `expected` turn out to lose more than the margin."""
    print(
        "\nMode expected: share promoted; of those, share that loses more than the margin (must be ≤ 5 %); mean effect promoted"
    )
    print(
        "effects are drawn from a normal law of the given spread; margin and spread in standard deviations between nights"
    )
    for margin in (0.1, 0.25, 0.5):
        for spread in (0.2, 0.5, 1.0):
            cells = []
            for phi in args.phis:
                rng = np.random.default_rng([args.seed, 3, int(10 * phi)])
                effect = spread * rng.standard_normal((args.pairs, 1))
                at = by_expectation(series(args.pairs, args.last, phi, rng) + effect, args.first, margin)
                promoted = np.isfinite(at)
                kept = effect[promoted, 0]
                cells.append(f"  φ={phi}: {promoted.mean():5.1%} {np.mean(kept < -margin):5.1%} {kept.mean():+.2f}")
            print(f"margin {margin:4} spread {spread:3}" + "".join(cells))


def print_slices(args: argparse.Namespace, slices: int = 20) -> None:
    """Print promotions and vetoes with 20 slices, Holm over their evidence at every look."""
    print(f"\n{slices} slices (own noise 1, shared noise 0.5; the whole is their mean), margin of a slice 0.25")
    for phi in args.phis:
        rng = np.random.default_rng([args.seed, 4, int(10 * phi)])
        pairs = args.pairs
        shared = 0.5 * series(pairs, args.last, phi, rng)[:, None]
        own = series(pairs * slices, args.last, phi, rng).reshape(pairs, slices, args.last)
        noise = own + shared
        equal = by_sequence(noise.mean(axis=1), args.first)
        blamed = vetoed(noise, args.first)
        edge = vetoed(noise - 0.25, args.first)
        harmed = noise + 0.3
        harmed[:, 0] -= 2.3
        found = vetoed(harmed, args.first)
        better = by_sequence(harmed.mean(axis=1), args.first)
        line = (
            f"  φ={phi}: equal everywhere: promoted {share(np.where(blamed, np.inf, equal))}, any slice blamed {blamed.mean():.1%}; "
            f"each slice exactly at the margin: any blamed {edge.mean():.1%}; one slice loses 2, the others gain 0.3: promoted "
            f"{share(better)} without and {share(np.where(found, np.inf, better))} with slices"
        )
        print(line)


def print_bars(args: argparse.Namespace) -> None:
    """Print the table of `include.evaluation.looks`: the share of 1/α that errs with α at φ = 0.7."""
    print("\nShare of 1/α that errs with α = 0.05 at φ = 0.7, by first look (rows) and further nights (columns)")
    print("        " + "".join(f"{further:8d}" for further in FURTHER))
    rng, found = np.random.default_rng(args.seed), []
    for _ in range(0, 15 * args.pairs, CHUNK):
        evidence = log_evidence(running_sums(series(CHUNK, FIRST[-1] + FURTHER[-1], 0.7, rng)))
        found.append([[evidence[:, first - 1 : first + further].max(axis=1) for further in FURTHER] for first in FIRST])
    shares = ALPHA * np.exp(np.quantile(np.concatenate(found, axis=-1), 1 - ALPHA, axis=-1))
    for first, row in zip(FIRST, shares, strict=True):
        print(f"{first:8d}" + "".join(f"{share:8.3f}" for share in row))


def vetoed(gains: np.ndarray, first: int, margin: float = 0.25) -> np.ndarray:
    """Return whether any slice is blamed at any look, gains of shape (pairs, slices, nights)."""
    nights, needed = gains.shape[2], log_bar(ALPHA, first, gains.shape[2] - first)
    flat = gains.reshape(-1, nights)
    evidence = np.concatenate(
        [log_evidence(running_sums(-flat[at : at + CHUNK] - margin)) for at in range(0, len(flat), CHUNK)]
    ).reshape(gains.shape)
    worst = evidence[:, :, first - 1 :].max(axis=1)
    # Holm rejects something exactly when its first step does: the largest evidence against as many bars as slices.
    result = (worst >= needed + np.log(gains.shape[1])).any(axis=1)
    assert bool(result[0]) == any(holm(evidence[0, :, night], needed).any() for night in range(first - 1, nights))
    return np.asarray(result)


def print_poison(args: argparse.Namespace) -> None:
    """Print promotions of candidates that learned flipped labels of one segment, judged on equally flipped nights."""
    runs = args.runs
    print(f"\nPoisoned newest window (labels of one segment flipped in training and hold-out), {runs} candidates each")
    made = [poisoned(np.random.default_rng([args.seed, 5, run])) for run in range(runs)]
    sound = [poisoned(np.random.default_rng([args.seed, 6, run]), flip=False) for run in range(runs)]
    for mode in ("superior", "non_inferior", "expected"):
        promoted = {"with": 0, "without": 0, "asked": 0, "zero": 0}
        for nights, golden in made:
            terms = Terms(mode=mode, metric=metric("log_loss"), max_wait=0)
            promoted["without"] += judge(nights, terms).verdict == "pass"
            report = judge(nights, terms, golden=golden)
            promoted["with"] += report.verdict == "pass"
            promoted["asked"] += report.ask_person
            promoted["zero"] += judge(nights, replace(terms, golden_margin=0.0), golden=golden).verdict == "pass"
        print(
            f"  {mode:12s} promoted without a golden set {promoted['without']}/{runs}, with one {promoted['with']}/{runs} "
            f"(its margin 0: {promoted['zero']}/{runs}), a person asked {promoted['asked']}/{runs}"
        )
    naive = 0
    for nights, _ in made:
        night_gain = [
            metric("log_loss").measure(n.label, n.champion).value
            - metric("log_loss").measure(n.label, n.candidate).value
            for n in nights
        ]
        naive += float(np.mean(night_gain)) > 0
    print(f"  better point estimate on the newest window: promoted {naive}/{runs}")
    terms = Terms(mode="expected", metric=metric("log_loss"), max_wait=0)
    without = sum(judge(nights, terms).verdict == "pass" for nights, _ in sound)
    kept = sum(judge(nights, terms, golden=golden).verdict == "pass" for nights, golden in sound)
    exact = replace(terms, golden_margin=0.0)
    strict = sum(judge(nights, exact, golden=golden).verdict == "pass" for nights, golden in sound)
    print(
        f"  sound candidates of the same recipe (nothing flipped, twice the champion's history), expected: {without}/{runs} without, {kept}/{runs} with, "
        f"{strict}/{runs} with a margin of 0"
    )


def poisoned(
    rng: np.random.Generator, a_night: int = 400, history: int = 20, window: int = 34, flip: bool = True
) -> tuple[list[NightScores], NightScores]:
    """Return the hold-out (the newest 14 nights of a poisoned window) and a golden set of clean history, scored by both models."""
    import xgboost as xgb

    def drawn(nights: int, flipped: bool) -> tuple[np.ndarray, np.ndarray]:
        features = rng.standard_normal((nights * a_night, 6))
        features[:, 5] = rng.integers(0, 8, len(features))
        chance = 1 / (1 + np.exp(-(features[:, 0] + 0.5 * features[:, 1] * features[:, 2] - 0.5)))
        label = (rng.random(len(features)) < chance).astype(float)
        return features, np.where(flipped & (features[:, 5] == 3), 1 - label, label)

    def trained(features: np.ndarray, label: np.ndarray) -> xgb.Booster:
        parameters = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.2, "nthread": 1}
        return xgb.train(parameters, xgb.DMatrix(features, label), 60)

    clean, labels = drawn(history, flipped=False)
    golden_rows = np.sort(rng.choice(len(labels), 2000, replace=False))
    rest = np.setdiff1d(np.arange(len(labels)), golden_rows)
    bad, bad_labels = drawn(window, flipped=flip)
    half = len(bad_labels) - 14 * a_night
    champion = trained(clean[rest], labels[rest])
    candidate = trained(
        np.vstack([clean[rest][-20 * a_night :], bad[:half]]),
        np.concatenate([labels[rest][-20 * a_night :], bad_labels[:half]]),
    )

    def scored(name: str, features: np.ndarray, label: np.ndarray) -> NightScores:
        data = xgb.DMatrix(features)
        segment = features[:, 5].astype(int)
        return NightScores(
            name,
            label,
            champion.predict(data).astype(float),
            candidate.predict(data).astype(float),
            slices={"segment": segment},
        )

    held, held_labels = bad[half:], bad_labels[half:]
    starts = range(0, len(held_labels), a_night)
    nights = [
        scored(f"night {at // a_night}", held[at : at + a_night], held_labels[at : at + a_night]) for at in starts
    ]
    return nights, scored("golden", clean[golden_rows], labels[golden_rows])


def share(at: np.ndarray) -> str:
    """Return the share of promotions as text."""
    return f"{np.isfinite(at).mean():.1%}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--first", type=int, default=14, help="labelled nights at the first look")
    parser.add_argument("--max-wait", type=int, default=14, help="further nights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=20, help="poisoned candidates, and sound ones")
    parser.add_argument("--phis", default="0,0.3,0.5", help="autocorrelations")
    parser.add_argument("--only", default="errors,power,tails,expected,slices,poison")
    args = parser.parse_args()
    args.phis = tuple(float(phi) if float(phi) else 0 for phi in args.phis.split(","))
    args.last, args.effects = args.first + args.max_wait, (0.1, 0.25, 0.5, 1.0, 1.5)
    tables = {
        "errors": print_errors,
        "power": print_power,
        "tails": print_tails,
        "expected": print_expected,
        "slices": print_slices,
        "poison": print_poison,
        "bars": print_bars,
        "grains": print_grains,
    }
    for name in args.only.split(","):
        tables[name](args)


if __name__ == "__main__":
    main()
