"""A backtest in steps that a scheduler can spread: which training cuts there are, the cells of some, the page of all."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from include.policy.backtest import cache_of, laid_out, run_backtest
from include.policy.form import options_of, rules_in
from include.policy.gather import gathered_once
from include.policy.matrix import computed
from include.policy.page import backtest_page
from include.policy.parse import parse
from include.policy.world import wanted_cells
from include.storage.objects import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from include.policy.cells import Bench
    from include.policy.matrix import Job
    from include.project import Project

MOST_GROUPS = 24
"""Groups of cuts, at most: each is a task that pays for its start."""


def cut_groups(project: Project, name: str, form: Mapping[str, Any]) -> list[list[str]]:
    """Return the keys of the training cuts that are to be computed, in groups of neighbours.

    Parameters
    ----------
    project : Project
    name : str
        Model.
    form : mapping
        See `include.policy.form.options_of`; ``policies`` beside.

    Raises
    ------
    PolicyError
        When a rule or an option cannot be read, or the past is too short.
    """
    for rule in rules_in(form.get("policies") or ""):
        parse(rule)
    jobs, bench, _ = _jobs(project, name, form)
    keys = [bench.history.partitions[cut].key for cut, _ in groupby(sorted(job.cell.cut for job in jobs))]
    size = -(-len(keys) // MOST_GROUPS)
    return [keys[at : at + size] for at in range(0, len(keys), size)]


def compute_cuts(project: Project, name: str, form: Mapping[str, Any], cuts: Sequence[str]) -> int:
    """Compute the candidates of some training cuts in this process; return how many were not there yet."""
    jobs, bench, folder = _jobs(project, name, form)
    wanted = [job for job in jobs if bench.history.partitions[job.cell.cut].key in set(cuts)]
    return computed(bench, folder, wanted, workers=0)


def write_backtest(project: Project, name: str, form: Mapping[str, Any]) -> dict[str, str]:
    """Replay the policies, write the page and the JSON beside the model's reports, and return where and what it advises.

    Cells that are not there, because the steps before ran on another machine, are computed here.
    """
    found = run_backtest(project, name, rules_in(form.get("policies") or ""), options_of(form))
    folder = project.home / "reports" / "models" / name
    replace(folder / "backtest.json", (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode())
    replace(folder / "backtest.html", backtest_page(found).encode())
    told = found["recommendation"]
    return {"page": str(folder / "backtest.html"), "policy": told["policy"], "sentence": told["sentence"]}


def _jobs(project: Project, name: str, form: Mapping[str, Any]) -> tuple[list[Job], Bench, Path]:
    options, cache = options_of(form), cache_of(project, name)
    history, folder = gathered_once(project, name, cache, options.last)
    bench, time, setup = laid_out(project.catalog.model(name), history, options, cache)
    return list(wanted_cells(time, setup)), bench, folder
