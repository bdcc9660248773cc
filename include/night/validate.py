"""validate: check the staged rows of an attempt against the dataset's contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.night.attempts import local_files, remember_validated, staged_of, unchanged_of
from include.report.facts import Link
from include.report.validation import validation_page
from include.storage.objects import replace

if TYPE_CHECKING:
    from include.contracts.validation import Validation
    from include.project import Project

_WORST = ("pass", "warn", "cannot_tell", "block")


def unchanged_healths(project: Project, name: str, attempt: str) -> dict[str, str]:
    """Return the health of the partitions that needed no staging, as their verdicts have it."""
    keys = set(unchanged_of(project, name, attempt))
    verdicts = project.dataset_ledger(name).records("verdict") if keys else []
    return {str(r.body["partition"]): str(r.body["health"]) for r in verdicts if r.body["partition"] in keys}


def validate(project: Project, name: str, attempt: str) -> dict[str, Any]:
    """Check every partition that an attempt staged; nothing becomes visible.

    Parameters
    ----------
    project : Project
        The installation.
    name : str
        Dataset.
    attempt : str
        Id that ``ingest`` returned.

    Returns
    -------
    dict
        ``attempt``, ``health`` (the worst), ``healths`` (by partition).
    """
    from include.contracts.check import Checker

    dataset = project.catalog.dataset(name)
    base = project.dataset_home(name) / "snapshots"
    found: dict[str, Validation] = {}
    with Checker(threads=project.threads, memory=project.memory) as checker:
        for item in staged_of(project, name, attempt):
            with local_files(base, [item.staged]) as files:
                found[item.partition] = checker.check(dataset, files, project.partition(dataset, item.partition))
    for key, validation in found.items():
        page = validation_page(
            validation,
            name,
            key,
            description=dataset.description,
            owner=dataset.owner.contact,
            made_at=project.clock(),
            links=[Link("All", "../../index.html")],
        )
        replace(project.home / "reports" / "datasets" / name / f"{key}.html", page.encode())
    remember_validated(project, name, attempt, {key: v.as_json() for key, v in found.items()})
    healths = {key: v.health for key, v in found.items()} | unchanged_healths(project, name, attempt)
    return {
        "attempt": attempt,
        "health": max(healths.values(), key=_WORST.index, default="cannot_tell"),
        "healths": healths,
    }
