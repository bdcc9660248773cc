"""Hold-outs and waits for models by hour: what each captures on real streams, and how often it errs on their own noise.

Streams: bike, metro (the newest `--hours`) and flights by hour; hours without rows are no partitions. A candidate is trained
at every `--grid`-th hour and scores all later hours once; policies and gates are then replayed on that matrix, hour by hour.

Plans are `hold-out / wait` in days and the hours that are averaged to one value. Two tables a stream:

- lives: gain captured (0 = the first model for ever, 1 = a candidate at every point of the grid, trained to the newest hour,
  without a gate), trainings, promotions and those that lost more than 1 % over the two weeks after them, under no gate,
  `expected` and `superior`, for candidates every 12, 24 and 168 hours.
- errors: pairs of a champion and a candidate that is a day to eight weeks younger, the hourly gains of the eight weeks after
  the latter's cut, less their own mean: an equal candidate with the noise, the cycles and the dependence that gains really have.
  Less 1 % of the loss: a candidate worse by the margin. Plus an effect drawn from a normal law of half the spread between days:
  of those that `expected` promotes the share that is worse by the margin is what it promises to keep at 5 %. The gate begins
  at every day of the eight weeks that leaves it its wait.

    python benchmarks/gate_hours.py [--sets bike,metro,flights] [--only lives,errors] [--cache DIR]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))

from gate_modes import Stream, load  # noqa: E402

from include.evaluation.looks import log_bar  # noqa: E402
from include.evaluation.sequence import LEAST_NIGHTS, belief, log_evidence, running_sums  # noqa: E402

ALPHA, DAY, MARGIN = 0.05, 24, 0.01
AFTERWARDS = 14 * DAY
WARM_UP = 60 * DAY
WEEKS = 8 * 7 * DAY


class Plan(NamedTuple):
    """A hold-out and a wait in days, and the hours of a value."""

    held: float
    wait: float
    block: int

    def __str__(self) -> str:
        """Return it as text."""
        return f"{self.held:g}/{self.wait:g} d by {self.block} h"

    @property
    def looks(self) -> tuple[int, int]:
        """Values at the first look, and at the last."""
        return round(self.held * DAY) // self.block, round((self.held + self.wait) * DAY) // self.block


PLANS = "14/14/24,7/14/24,7/7/24,3/7/24,7/7/12,4/4/12,3/7/12,3/3/12,4/4/8,3/3/8,3/3/6,2/2/6,1/2/6,1/1/4"


def plans_in(text: str) -> tuple[Plan, ...]:
    """Return the plans that a text names: days held out, days waited, hours of a value."""
    parts = [plan.split("/") for plan in text.split(",")]
    return tuple(Plan(float(held), float(wait), int(block)) for held, wait, block in parts)


def hour_losses(stream: Stream, grid: int, first: int, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the cuts (first partition not trained on) and the mean loss of each cut's model on each later partition."""
    import xgboost as xgb

    from include.evaluation.metrics import default_metric

    loss = default_metric(stream.task)
    count = int(stream.day.max()) + 1
    starts = np.searchsorted(stream.day, np.arange(count + 1))
    everything = xgb.DMatrix(stream.features, enable_categorical=True, nthread=1)
    train_all = stream.features
    scale = 1.0 if stream.task == "binary" else float(np.var(stream.label))
    objective = "binary:logistic" if stream.task == "binary" else "reg:squarederror"
    cuts = np.arange(first, count, grid)
    matrix = np.full((len(cuts), count), np.nan, np.float32)
    for row, cut in enumerate(cuts):
        at = starts[cut]
        train = xgb.QuantileDMatrix(train_all.iloc[:at], stream.label[:at], enable_categorical=True, nthread=1)
        model = xgb.train({"objective": objective, "max_depth": 6, "eta": 0.15, "nthread": 1}, train, rounds)
        later = model.predict(everything.slice(np.arange(at, starts[-1]))).astype(float)
        rows = loss.rows(stream.label[at:], later) / scale
        matrix[row, cut:] = np.add.reduceat(rows, starts[cut:-1] - at) / np.diff(starts[cut:])
    return cuts, matrix


@dataclass
class Life:
    """What one plan did on one stream."""

    loss: float = 0.0
    trainings: int = 0
    promotions: int = 0
    harmful: int = 0
    waits: list[int] = field(default_factory=list)


def verdicts(old: np.ndarray, new: np.ndarray, plan: Plan, mode: str) -> tuple[str, int]:
    """Return what a gate finds that looks whenever a value is full, and after how many values it does."""
    first, last = plan.looks
    old, new = old[: last * plan.block].astype(np.float64), new[: last * plan.block]
    gains = blocks((old - new)[None], plan.block)
    passed, failed = findings(gains, old[None], plan, mode)
    for values in range(max(first, LEAST_NIGHTS), gains.shape[1] + 1):
        if passed[0, values - 1]:
            return "pass", values
        if failed[0, values - 1]:
            return "fail", values
    return ("fail" if gains.shape[1] >= last else "wait"), last


def findings(gains: np.ndarray, old: np.ndarray, plan: Plan, mode: str) -> tuple[np.ndarray, np.ndarray]:
    """Return where series of values (n_pairs, n_values) would pass and fail, were one to look there."""
    first, last = plan.looks
    margin = MARGIN * old.mean(axis=1, keepdims=True)
    sums = running_sums(gains)
    if mode == "expected":
        now = sums.belief()
        none = 1 - now.chance_below(0.0) <= ALPHA
        return (now.mean > 0) & (now.chance_below(-margin[..., None]) <= ALPHA), none
    needed = log_bar(ALPHA, first, last - first)
    return log_evidence(sums) >= needed, log_evidence(running_sums(-gains)) >= needed


def blocks(hours: np.ndarray, length: int) -> np.ndarray:
    """Return means of whole blocks along the last axis."""
    whole = hours.shape[-1] // length
    means: np.ndarray = hours[..., : whole * length].reshape(*hours.shape[:-1], whole, length).mean(axis=-1)
    return means


def lived(
    cuts: np.ndarray, losses: np.ndarray, every: int, plan: Plan | None, mode: str, *, refit: bool = False
) -> Life:
    """Return what happens when a candidate is trained every so many hours and gated by a plan (None: by nothing)."""
    grid, count, life = int(cuts[1] - cuts[0]), losses.shape[1], Life()
    champion, at, total = 0, int(cuts[0]), 0.0
    held = 0 if plan is None else round(plan.held * DAY)
    while at < count:
        row = (at - held - int(cuts[0])) // grid
        if row <= champion:
            total, at = total + losses[champion, at : at + every].sum(dtype=np.float64), at + every
            continue
        life.trainings += 1
        start, verdict, end = int(cuts[row]), "pass", at
        if plan is not None:
            verdict, values = verdicts(losses[champion, start:], losses[row, start:], plan, mode)
            end = min(max(at, start + values * plan.block), count)
        total += losses[champion, at:end].sum(dtype=np.float64)
        if verdict == "pass" and end < count:
            chosen = (end - int(cuts[0])) // grid if refit else row
            after = slice(end, end + AFTERWARDS)
            life.harmful += bool(losses[chosen, after].mean() > (1 + MARGIN) * losses[champion, after].mean())
            life.promotions += 1
            life.waits.append(end - int(cuts[row]))
            champion = chosen
        following = at + every * max(1, -(-(end - at) // every))  # the next training that the calendar asks for
        total += losses[champion, end:following].sum(dtype=np.float64)
        at = following
    life.loss = total / (count - int(cuts[0]))
    return life


def print_lives(name: str, cuts: np.ndarray, losses: np.ndarray, plans: tuple[Plan, ...]) -> None:
    """Print what each plan captures."""
    grid = int(cuts[1] - cuts[0])
    never = float(losses[0, cuts[0] :].mean(dtype=np.float64))
    always = lived(cuts, losses, grid, None, "").loss
    print(
        f"\n{name}: {losses.shape[1] - cuts[0]} hours, {len(cuts)} candidates, always gains {1 - always / never:.1%} of the loss"
    )
    for every in (12, 24, 168):
        if every % grid:
            continue
        life = lived(cuts, losses, every, None, "")
        print(f"  every({every:3d}) no gate {' ' * 30}{told(life, never, always)}", flush=True)
        for plan in plans:
            for mode in ("expected", "superior"):
                cells = [
                    told(lived(cuts, losses, every, plan, mode, refit=refit), never, always) for refit in (False, True)
                ]
                print(f"  every({every:3d}) {mode:9s} {plan!s:18s} gated {cells[0]} | refit {cells[1]}", flush=True)


def told(life: Life, never: float, always: float) -> str:
    """Return a life as text."""
    waits = f"{np.median(life.waits):.0f}" if life.waits else "-"
    return (
        f"{(never - life.loss) / (never - always):7.1%} trainings {life.trainings:3d} promotions {life.promotions:3d} "
        f"harmful {life.harmful:2d} hours to promotion {waits:>3s}"
    )


def series_of(cuts: np.ndarray, losses: np.ndarray, ages: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return gains and the champion's losses over the eight weeks after a candidate's cut, shape (n_pairs, hours)."""
    grid, gains, old = int(cuts[1] - cuts[0]), [], []
    for age in ages:
        for row in range(age * DAY // grid, len(cuts), 14 * DAY // grid):
            start = int(cuts[row])
            if start + WEEKS > losses.shape[1]:
                break
            champion, candidate = (
                losses[at, start : start + WEEKS].astype(float) for at in (row - age * DAY // grid, row)
            )
            gains.append(champion - candidate)
            old.append(champion)
    return np.array(gains), np.array(old)


def print_errors(name: str, cuts: np.ndarray, losses: np.ndarray, plans: tuple[Plan, ...]) -> None:
    """Print how often each plan errs on the stream's own noise."""
    gains, old = series_of(cuts, losses, (1, 7, 28, 56))
    gains, old = gains[np.ptp(gains, axis=1) > 0], old[np.ptp(gains, axis=1) > 0]
    mean, margin = gains.mean(axis=1, keepdims=True), MARGIN * old.mean(axis=1, keepdims=True)
    noise = gains - mean
    of_days = blocks(noise, DAY).std(axis=1, keepdims=True)
    effect = 0.5 * of_days * np.random.default_rng(0).standard_normal((len(gains), 1))
    print(
        f"\n{name}: {len(gains)} pairs, {np.mean(mean < -margin):.0%} worse by the margin over eight weeks; "
        f"margin {np.median(margin / of_days):.2f} standard deviations between days (median)"
    )
    for plan in plans:
        series = {"equal": noise, "worse": noise - margin, "drawn": noise + effect, "better": noise + of_days}
        passed = {of: promoted(each, old, plan, "expected") for of, each in series.items()}
        lost = np.tile((effect < -margin)[:, 0], len(passed["drawn"]) // len(gains))
        values = blocks(noise, plan.block)
        phi = np.quantile([belief(row).autocorrelation for row in values], (0.5, 0.9))
        skew = np.median((values**3).mean(axis=1) / (values**2).mean(axis=1) ** 1.5)
        proven = {of: promoted(series[of], old, plan, "superior").mean() for of in ("equal", "better")}
        print(
            f"  {plan!s:18s} superior: equal {proven['equal']:5.1%}, better by 1 sd {proven['better']:5.1%}; expected: equal "
            f"{passed['equal'].mean():5.1%}, worse by the margin {passed['worse'].mean():5.1%}, better by 1 sd {passed['better'].mean():5.1%}, "
            f"drawn {passed['drawn'].mean():5.1%}, of them worse by the margin {share(lost, passed['drawn'])}; "
            f"φ {phi[0]:.2f} (one in ten above {phi[1]:.2f}), skew {skew:+.1f}",
            flush=True,
        )


def promoted(gains: np.ndarray, old: np.ndarray, plan: Plan, mode: str) -> np.ndarray:
    """Return whether a gate promotes that begins at a day of the series, shape (n_days * n_pairs,)."""
    first, last = plan.looks
    length, found = last * plan.block, []
    for at in range(0, gains.shape[1] - length + 1, DAY):
        values = blocks(gains[:, at : at + length], plan.block)
        found.append(first_of(*findings(values, old[:, at : at + length], plan, mode), max(first, LEAST_NIGHTS)))
    return np.concatenate(found)


def share(lost: np.ndarray, promoted: np.ndarray) -> str:
    """Return the share of what was promoted that lost."""
    return f"{lost[promoted].mean():5.1%}" if promoted.any() else "-"


def first_of(passed: np.ndarray, failed: np.ndarray, first: int) -> np.ndarray:
    """Return whether a pass comes before any fail, from the first look on."""
    passes, fails = passed[:, first - 1 :], failed[:, first - 1 :]
    never = passes.shape[1]
    earliest = np.where(fails.any(axis=1), fails.argmax(axis=1), never)
    return passes.any(axis=1) & (passes.argmax(axis=1) < earliest)


def cached(name: str, args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Return cuts and losses, from the cache where it has them."""
    grid = 24 if name == "flights" else args.grid
    told = f"{name}-hours-{grid}-{args.rounds}-{'oldest-' if args.oldest else ''}{args.hours}.npz"
    path = None if args.cache is None else args.cache / told
    if path is not None and path.exists():
        found = np.load(path)
        return found["cuts"], found["losses"]
    stream = load(name, hours=True)
    if args.oldest:
        kept = stream.day < WARM_UP + args.hours
        stream = replace(stream, features=stream.features[kept], label=stream.label[kept], day=stream.day[kept])
    count = int(stream.day.max()) + 1
    cuts, losses = hour_losses(stream, grid, max(WARM_UP, count - args.hours), args.rounds)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, cuts=cuts, losses=losses)
    return cuts, losses


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default="bike,metro,flights")
    parser.add_argument("--grid", type=int, default=12, help="hours from a candidate to the next (flights: 24)")
    parser.add_argument("--hours", type=int, default=8760, help="hours that decide")
    parser.add_argument(
        "--oldest", action="store_true", help="the oldest of them, after 60 days of history, not the newest"
    )
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--plans", default=PLANS, help="days held out / days waited / hours of a value")
    parser.add_argument("--only", default="lives,errors")
    parser.add_argument("--cache", type=Path, help="folder that keeps the losses")
    args = parser.parse_args()
    for name in args.sets.split(","):
        cuts, losses = cached(name, args)
        for table in args.only.split(","):
            {"lives": print_lives, "errors": print_errors}[table](name, cuts, losses, plans_in(args.plans))


if __name__ == "__main__":
    main()
