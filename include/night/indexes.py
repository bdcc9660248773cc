"""Pages that list: all nights of a model, all validations of a dataset, and everything there is."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from include.report.index import MOST_LINES, home_page, nights_page, validations_page
from include.report.lines import NightLine, SubjectLine, ValidationLine
from include.storage.objects import read_if_present, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.project import Project
    from include.storage.locations import Location

_NEWEST = 35  # nights whose lines may still change


def index_model(project: Project, name: str, *nights: str) -> Location:
    """Write the page that lists a model's nights; returns where it is.

    Parameters
    ----------
    project, name
        The installation and the model.
    *nights : str
        Keys whose lines are told again, with the newest ones and those that were never told; all of them when none is
        named. Lines are kept beside the page, so that a night costs the same however many there were before.
    """
    from include.night.lines import night_lines  # it imports this module's callers, and ingesting does not need it

    model = project.catalog.model(name)
    begun = sorted({str(r.body["partition"]) for r in project.model_ledger(name).records("night_start")})[-MOST_LINES:]
    place = project.home / "reports" / "models" / name / "lines.json"
    kept = _kept_lines(place) if nights else {}
    again = [key for key in begun if key in nights or key not in kept or key in begun[-_NEWEST:]]
    lines = {key: kept[key] for key in begun if key in kept} | {
        line.partition: line for line in night_lines(project, name, again)
    }
    replace(place, json.dumps({key: asdict(line) for key, line in lines.items()}).encode())
    page = nights_page(
        name,
        [lines[key] for key in begun],
        description=model.description,
        owner=model.owner.contact,
        made_at=project.clock(),
    )
    return _written(project, "models", name, page)


def _kept_lines(place: Location) -> dict[str, NightLine]:
    """Return the lines told before, by night; none when they were written by another version of this code."""
    raw = read_if_present(place)
    try:
        return {key: NightLine(**line) for key, line in json.loads(raw or b"{}").items()}
    except (TypeError, ValueError):
        return {}


def index_dataset(project: Project, name: str) -> Location:
    """Write the page that lists a dataset's validations, the newest of each partition; returns where it is."""
    dataset = project.catalog.dataset(name)
    newest = {r.body["partition"]: r.body for r in project.dataset_ledger(name).records("verdict")}
    page = validations_page(
        name,
        [_line(newest[key]) for key in sorted(newest)],
        description=dataset.description,
        owner=dataset.owner.contact,
        made_at=project.clock(),
    )
    return _written(project, "datasets", name, page)


def index_home(project: Project) -> Location:
    """Write the first page, with every model and dataset of the catalog, and all pages it leads to.

    Notes
    -----
    It reads every ledger, so it is for the end of a run and for the fleet's upkeep, not for each night.
    """
    subjects = []
    for name in sorted(project.catalog.models):
        index_model(project, name)
        subjects.append(_model(project, name))
    for name in sorted(project.catalog.datasets):
        index_dataset(project, name)
        subjects.append(_dataset(project, name))
    place = project.home / "reports" / "index.html"
    replace(place, home_page(subjects, made_at=project.clock()).encode())
    return place


def _written(project: Project, kind: str, name: str, page: str) -> Location:
    place = project.home / "reports" / kind / name / "index.html"
    replace(place, page.encode())
    return place


def _line(body: Mapping[str, Any]) -> ValidationLine:
    failed = body.get("failed")
    return ValidationLine(
        partition=body["partition"],
        health=body["health"],
        rows=body["rows"],
        checks=body["checks"],
        failed=0 if failed is None and body["health"] == "pass" else failed,
        reason=body["reason"],
        revision=body["revision"],
    )


def _model(project: Project, name: str) -> SubjectLine:
    from include.night.lines import night_lines

    model = project.catalog.model(name)
    begun = [str(r.body["partition"]) for r in project.model_ledger(name).records("night_start")]
    newest = night_lines(project, name, [max(begun)]) if begun else []
    line = newest[0] if newest else None
    return SubjectLine(
        kind="model",
        name=name,
        description=model.description,
        owner=model.owner.contact,
        newest=line.partition if line else None,
        state=(line.decision if line.state == "done" else "failed") if line else None,
        champion=line.champion if line else None,
        sentence=line.reason if line else "",
    )


def _dataset(project: Project, name: str) -> SubjectLine:
    dataset = project.catalog.dataset(name)
    verdicts = {r.body["partition"]: r.body for r in project.dataset_ledger(name).records("verdict")}
    body = verdicts[max(verdicts)] if verdicts else None
    return SubjectLine(
        kind="dataset",
        name=name,
        description=dataset.description,
        owner=dataset.owner.contact,
        newest=body["partition"] if body else None,
        state=body["health"] if body else None,
        sentence=body["reason"] if body else "",
    )
