"""The walk-forward matrix of a history: computed once over processes, kept by content, resumed after a kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from include.errors import PolicyError
from include.policy.cells import Bench, Cell, Scores, compute, read_scores, scored_in
from include.policy.worker import write_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Progress = Callable[[int, int], None]

MEMORY_BYTES = 4 << 30
_INTERPRETER_BYTES = 350 << 20
_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""Large pages for the children: trainings walk through memory at random, and take 9 % less CPU (measured)."""
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Job:
    """A cell and the partitions it must have scored."""

    cell: Cell
    wanted: tuple[int, ...]


@dataclass(frozen=True)
class Paired:
    """The difference of two cells' losses on one partition.

    Attributes
    ----------
    mean : float
        Over the rows scored.
    scored, kept : int
        Rows scored, and those of them that keep their loss.
    total, squares : float
        Sums over the latter of the difference and of its square.
    """

    mean: float
    scored: int
    kept: int
    total: float
    squares: float

    @classmethod
    def of(cls, rows: NDArray[np.float64], mean: float, scored: int) -> Paired:
        """Return the moments of the rows' differences."""
        return cls(mean, scored, len(rows), float(rows.sum()), float(rows @ rows))


class Matrix:
    """Losses of every cell on every later partition, read from the cache when first asked for.

    Parameters
    ----------
    bench : Bench
        Where the cells are.

    Attributes
    ----------
    differences : dict
        What comparisons of cells found where all labels are known (`include.policy.evidence`), so that they are made once.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.differences: dict[tuple[Any, ...], tuple[float, float] | None] = {}
        self._scores: dict[Cell, Scores] = {}
        self._pairs: dict[tuple[Cell, Cell, int], Paired] = {}

    def scores(self, cell: Cell) -> Scores:
        """Return a cell's scores.

        Raises
        ------
        PolicyError
            When it was not computed.
        """
        kept = self._scores.get(cell)
        if kept is None:
            found = read_scores(self.bench, cell)
            if found is None:
                raise PolicyError.at(
                    f"matrix of {self.bench.history.model}",
                    f"{cell} is not there",
                    "a computed cell",
                    "compute it first",
                )
            kept = self._scores[cell] = found
        return kept

    def mean(self, cell: Cell, partition: int) -> float:
        """Return the mean loss of a candidate's rows of a partition; NaN where it has none or learned from it."""
        return float(self.scores(cell).mean[partition])

    def values(self, cell: Cell, partition: int) -> NDArray[np.float64]:
        """Return the mean loss on each day of a partition that is longer and tells several; else the mean alone."""
        found = self.scores(cell)
        return found.days.get(partition, found.mean[partition : partition + 1])

    def known_mean(self, cell: Cell, partition: int, known: NDArray[np.bool_] | None) -> float:
        """Return the mean loss over the rows whose label was known: all (None), or a mask of the rows kept."""
        if known is None:
            return self.mean(cell, partition)
        rows = self.scores(cell).losses[partition][known]
        return float(rows.mean(dtype=np.float64)) if len(rows) else float("nan")

    def has(self, cell: Cell) -> bool:
        """Tell whether a cell was computed."""
        return cell in self._scores or self.bench.path(cell).exists()

    def paired(
        self, first: Cell, second: Cell, partition: int, known: NDArray[np.bool_] | None = None
    ) -> Paired | None:
        """Return what loss(first) − loss(second) is on a partition; None where one of them was not scored on it.

        Parameters
        ----------
        first, second : Cell
            Of one kind.
        partition : int
        known : array or None
            Which of the rows that keep their loss count; None: all rows.
        """
        key = (first, second, partition)
        if known is None and key in self._pairs:
            return self._pairs[key]
        mine, other = self.scores(first), self.scores(second)
        if partition not in mine.losses or partition not in other.losses:
            return None
        rows = mine.losses[partition].astype(np.float64) - other.losses[partition]
        if known is not None:
            rows = rows[known]
            return Paired.of(rows, float(rows.mean()), len(rows)) if len(rows) else None
        mean = float(mine.mean[partition] - other.mean[partition])
        self._pairs[key] = Paired.of(rows, mean, int(mine.rows[partition]))
        return self._pairs[key]


def computed(
    bench: Bench, history_folder: Path, jobs: Iterable[Job], *, workers: int, progress: Progress | None = None
) -> int:
    """Compute the cells that are not there yet; return how many had something to do.

    Parameters
    ----------
    bench : Bench
    history_folder : Path
        Where `History.save` put the history.
    jobs : iterable of Job
    workers : int
        Processes; 0 computes in this one.
    progress : callable, optional
        Called with jobs done and jobs in all.

    Raises
    ------
    PolicyError
        When a cell cannot be computed, with the reason.
    """
    todo = sorted((job for job in jobs if not _complete(bench, job)), key=lambda job: -job.cell.cut)
    if not todo:
        return 0
    if workers == 0:
        priority = bench.priority()
        for done, job in enumerate(todo):
            compute(bench, job.cell, job.wanted, priority)
            _tell(progress, done + 1, len(todo))
        return len(todo)
    with tempfile.TemporaryDirectory() as name:
        write_plan(Path(name), bench, history_folder)
        _spread(Path(name), todo, min(workers, len(todo)), progress)
    return len(todo)


def fitting_workers(bench: Bench, memory_bytes: int = MEMORY_BYTES) -> int:
    """Return how many processes fit into the memory: at least 1, at most one a core this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    rows, columns = bench.history.features.shape
    each = _INTERPRETER_BYTES + rows * (columns * 6 + 24)  # quantised copy, one chunk of floats, label, weight, losses
    return int(max(1, min(cores, memory_bytes // each)))


def _complete(bench: Bench, job: Job) -> bool:
    there = scored_in(bench.path(job.cell))
    offsets = bench.history.offsets
    return there is not None and all(bench.digests[s] in there for s in job.wanted if offsets[s + 1] > offsets[s])


def _spread(folder: Path, todo: Sequence[Job], workers: int, progress: Progress | None) -> None:
    waiting: SimpleQueue[Job] = SimpleQueue()
    for job in todo:
        waiting.put(job)
    finished: SimpleQueue[Job] = SimpleQueue()

    def work() -> None:
        with _child(folder) as child:
            while (job := _next(waiting)) is not None:
                _ask(child, job)
                finished.put(job)
                _tell(progress, finished.qsize(), len(todo))

    with ThreadPoolExecutor(workers) as threads:
        for future in [threads.submit(work) for _ in range(workers)]:
            future.result()


def _next(waiting: SimpleQueue[Job]) -> Job | None:
    try:
        return waiting.get_nowait()
    except Empty:
        return None


def _child(folder: Path) -> subprocess.Popen[str]:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment: Mapping[str, str] = {**_PAGES, **os.environ, **threads, "PYTHONPATH": str(_ROOT)}
    return subprocess.Popen(  # noqa: S603 -- our own module under our own interpreter
        [sys.executable, "-m", "include.policy.worker", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def _ask(child: subprocess.Popen[str], job: Job) -> None:
    if child.stdin is None or child.stdout is None:
        raise PolicyError.at("matrix", "a child process has no pipes", "two pipes", "start again")
    cell = job.cell
    told = {"cut": cell.cut, "window": cell.window, "kind": cell.kind, "known_at": cell.known_at}
    child.stdin.write(json.dumps({"cell": told, "wanted": job.wanted}) + "\n")
    child.stdin.flush()
    line = child.stdout.readline()
    answer = json.loads(line) if line else {"error": "the process ended; most likely memory ran out"}
    if "refused" in answer:  # says what to do itself
        raise PolicyError(str(answer["refused"]))
    if "error" in answer:
        raise PolicyError.at(f"matrix, {cell}", str(answer["error"]), "losses", "give more memory, or fewer windows")


def _tell(progress: Progress | None, done: int, count: int) -> None:
    if progress is not None:
        progress(done, count)
