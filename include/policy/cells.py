"""One cell of the walk-forward matrix: a candidate of one cut and window, and its losses on later partitions."""

from __future__ import annotations

import hashlib
import logging
import os
import time
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from include.errors import ModelError, PolicyError
from include.evaluation.plan import LEAST_DAYS
from include.policy.recipe import chosen_rows, restored, row_losses, trained, training_rows
from include.policy.windows import parse_window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from include.policy.history import History
    from include.policy.recipe import Kind, Recipe, Scorer

_SCORED_CHEAP = 4_000
MOST_KEPT = 1_024
_KEPT = (128, MOST_KEPT)
_KEPT_IN_ALL = 20_000_000
PRIORITY_SEED = 7
_JOINED = ("keys", "mean", "variance", "rows", "kept", "losses", "days", "day_means")


@dataclass(frozen=True, order=True)
class Cell:
    """A candidate: trained on a window that ends with partition `cut`.

    Attributes
    ----------
    cut : int
        Place of the newest partition it learned from.
    window : str
        See `include.policy.windows`.
    kind : str
        ``full`` or ``cheap``.
    known_at : int
        Place of the night by whose end labels had to be known; -1 where all of the window's were.
    """

    cut: int
    window: str
    kind: Kind
    known_at: int = -1


@dataclass(frozen=True)
class Scores:
    """What is kept of a cell: sums of losses by partition, and the losses of a few rows of each.

    Attributes
    ----------
    mean, variance : array of float64, shape (n_partitions,)
        Of the loss of a row; NaN where not scored.
    rows : array of int64, shape (n_partitions,)
        Rows scored.
    train_seconds, score_seconds : float
        CPU seconds.
    losses : dict of int to array
        By partition: losses of the rows `kept_rows` names.
    days : dict of int to array
        By partition that tells several days: the mean loss of a row on each of them, in their order.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    rows: NDArray[np.int64]
    train_seconds: float
    score_seconds: float
    losses: dict[int, NDArray[np.float32]]
    days: dict[int, NDArray[np.float64]]


@dataclass(frozen=True)
class Bench:
    """Everything that computing cells needs: the history, how to train, and where results are kept."""

    history: History
    recipes: dict[Kind, Recipe]
    folder: Path
    digests: tuple[str, ...]

    def priority(self) -> NDArray[np.float64]:
        """Return one uniform number a row, the same for the same place whatever comes later."""
        return np.random.default_rng(PRIORITY_SEED).random(len(self.history.label))

    def path(self, cell: Cell) -> Path:
        """Return the file of a cell: its name is a digest of everything that decides the candidate."""
        window = parse_window(cell.window)
        first = cell.cut + 1 - window.reach(cell.cut + 1)
        known_by = int(self.history.ends()[cell.known_at]) if cell.known_at >= 0 else None
        kept = losses_kept(self.history)
        told = (self.recipes[cell.kind].digest_text, cell.window, known_by, self.digests[first : cell.cut + 1], kept)
        name = hashlib.sha256(repr(told).encode()).hexdigest()[:32]
        return self.folder / name[:2] / f"{name}.npz"


def losses_kept(history: History) -> int:
    """Return how many rows of a partition keep their loss.

    A power of two, so that it seldom changes as history grows, where the history does not say it: what is kept of all cells
    of a walk-forward matrix fits into memory.

    Examples
    --------
    >>> from include.policy.example import straight_history
    >>> losses_kept(straight_history(9, rows=2)), losses_kept(straight_history(300, rows=2))
    (1024, 128)
    """
    if history.kept is not None:
        return history.kept
    most = 2 ** int(np.log2(_KEPT_IN_ALL / len(history) ** 2))
    return int(np.clip(most, *_KEPT))


def kept_rows(history: History, partition: int, kind: Kind) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of a partition that are scored, and which of those keep their loss (places among the first)."""
    start, end = int(history.offsets[partition]), int(history.offsets[partition + 1])
    rows = np.arange(start, end) if kind == "full" else history.sample(partition, _SCORED_CHEAP)
    most = losses_kept(history)
    if len(rows) <= most:
        return rows, np.arange(len(rows))
    chosen = np.random.default_rng([PRIORITY_SEED, partition]).choice(len(rows), most, replace=False)
    return rows, np.sort(chosen)


def compute(bench: Bench, cell: Cell, wanted: Iterable[int], priority: NDArray[np.float64]) -> bool:
    """Make sure that a cell is there with scores of the wanted partitions; tell whether anything had to be done.

    A candidate that was trained before is taken from its file; only partitions it has not scored yet are.
    """
    path = bench.path(cell)
    found: dict[str, Any] = _read(path) or {}
    there = set(found["keys"].tolist()) if found else set()
    history = bench.history
    missing = [s for s in wanted if bench.digests[s] not in there and history.offsets[s + 1] > history.offsets[s]]
    if found and not missing:
        return False
    started = time.process_time()
    scorer, model = (
        (restored(zlib.decompress(found["model"].tobytes())), None) if found else _train(bench, cell, priority)
    )
    spent = time.process_time() - started
    fresh = _score(bench, cell, missing, scorer)
    fresh["score_seconds"] = np.float64(time.process_time() - started - spent)
    fresh["train_seconds"] = np.float64(spent if model is not None else 0.0)
    if model is not None:
        fresh["model"] = np.frombuffer(zlib.compress(model, 1), np.uint8)
    _write(path, _merged(found, fresh))
    return True


def read_scores(bench: Bench, cell: Cell) -> Scores | None:
    """Return what is kept of a cell, None where it was not computed."""
    found = _read(bench.path(cell))
    if found is None:
        return None
    count = len(bench.history)
    mean, variance = np.full(count, np.nan), np.full(count, np.nan)
    rows = np.zeros(count, np.int64)
    places = {digest: i for i, digest in enumerate(bench.digests)}
    ends, day_ends = np.cumsum(found["kept"]), np.cumsum(found["days"])
    losses, days = {}, {}
    for i, key in enumerate(found["keys"].tolist()):
        place = places.get(key)
        if place is None or place <= cell.cut:
            continue
        mean[place], variance[place], rows[place] = found["mean"][i], found["variance"][i], found["rows"][i]
        losses[place] = found["losses"][ends[i] - found["kept"][i] : ends[i]]
        if found["days"][i]:
            days[place] = found["day_means"][day_ends[i] - found["days"][i] : day_ends[i]]
    return Scores(mean, variance, rows, float(found["train_seconds"]), float(found["score_seconds"]), losses, days)


def _train(bench: Bench, cell: Cell, priority: NDArray[np.float64]) -> tuple[Scorer, bytes]:
    history, recipe = bench.history, bench.recipes[cell.kind]
    known_by = int(history.ends()[cell.known_at]) if cell.known_at >= 0 else None
    start, end, weight, known = training_rows(history, cell.cut, parse_window(cell.window), known_by)
    rows, weight = chosen_rows(start, end, weight, recipe, priority)
    if known is not None:
        kept = known[rows - start]
        rows, weight = rows[kept], None if weight is None else weight[kept]
    contiguous = len(rows) == end - start
    features = history.features[start:end] if contiguous else history.features[rows]
    try:
        return trained(features, history.label[rows], weight, recipe, history.kinds)
    except ModelError as error:
        where = f"candidate on {cell.window} up to {history.partitions[cell.cut].key} (partition {cell.cut + 1})"
        raise PolicyError(f"{where}, {error}") from error


def _score(bench: Bench, cell: Cell, wanted: Sequence[int], scorer: Scorer) -> dict[str, Any]:
    history = bench.history
    plan = [kept_rows(history, s, cell.kind) for s in wanted]
    losses: list[NDArray[np.float64]] = []
    for run in _runs(plan):
        rows = np.concatenate([r for r, _ in run])
        whole = len(rows) == rows[-1] - rows[0] + 1
        features = history.features[rows[0] : rows[-1] + 1] if whole else history.features[rows]
        lost = row_losses(history.task, np.asarray(history.label[rows]), scorer(features))
        losses += np.split(lost, np.cumsum([len(r) for r, _ in run])[:-1])
    chosen = [lost[kept].astype(np.float32) for lost, (_, kept) in zip(losses, plan, strict=True)]
    by_day = [_day_means(lost, history.days[rows]) for lost, (rows, _) in zip(losses, plan, strict=True)]
    return {
        "keys": np.array([bench.digests[s] for s in wanted], dtype="U64"),
        "mean": np.array([lost.mean() for lost in losses]),
        "variance": np.array([lost.var() for lost in losses]),
        "rows": np.array([len(lost) for lost in losses], np.int64),
        "kept": np.array([len(lost) for lost in chosen], np.int64),
        "losses": np.concatenate(chosen) if chosen else np.empty(0, np.float32),
        "days": np.array([len(means) for means in by_day], np.int64),
        "day_means": np.concatenate(by_day) if by_day else np.empty(0),
    }


def _day_means(lost: NDArray[np.float64], day: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean loss of each day, none where there are too few of them for the gate to divide the partition."""
    found, place = np.unique(day, return_inverse=True)
    if len(found) < LEAST_DAYS:
        return np.empty(0)
    return np.bincount(place, lost) / np.bincount(place)


def _runs(
    plan: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]], most: int = 500_000
) -> Iterable[list[tuple[NDArray[np.int64], NDArray[np.int64]]]]:
    """Return neighbouring partitions in groups of at most so many rows, so that memory stays bounded."""
    run: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    held = 0
    for item in plan:
        if run and held + len(item[0]) > most:
            yield run
            run, held = [], 0
        run.append(item)
        held += len(item[0])
    if run:
        yield run


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    if not old:
        return new
    joined = {name: np.concatenate([old[name], new[name]]) for name in _JOINED}
    seconds = {name: old[name] + new[name] for name in ("train_seconds", "score_seconds")}
    return {**old, **joined, **seconds}


def scored_in(path: Path) -> set[str] | None:
    """Return the digests of the partitions that a cell's file has scores of, None where it is not there or damaged."""
    found = _opened(path, ("keys",))
    return None if found is None else set(found["keys"].tolist())


def _read(path: Path) -> dict[str, Any] | None:
    found = _opened(path)
    if found is None:
        return None
    return {"days": np.zeros(len(found["keys"]), np.int64), "day_means": np.empty(0), **found}


def _opened(path: Path, names: tuple[str, ...] = ()) -> dict[str, Any] | None:
    """Return arrays of a file, all of them where none is named; None where it cannot be read, and is to be made again."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            return {name: found[name] for name in names or found.files}
    except FileNotFoundError:
        return None
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        logging.getLogger(__name__).warning("%s cannot be read (%s): it is made again", path, error)
        return None


def _write(path: Path, arrays: dict[str, Any]) -> None:
    """Write a file that is there whole or not at all, whoever is killed or writes the same at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
    with staging.open("wb") as file:
        np.savez(file, **arrays)
    staging.replace(path)
