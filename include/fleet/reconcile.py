"""reconcile: what others see (MLflow, the table of nights, pages, messages) is told again from the ledgers, which are the truth."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.errors import NightshiftError
from include.fleet.nights import tell_nights
from include.night.gate import tell_gate
from include.night.indexes import index_home
from include.night.messages import flush, tell
from include.night.promote import wanted_aliases
from include.night.publish import tell_blocked
from include.night.score import artifact_of
from include.night.succession import tell_promotion
from include.night.tracking import show_training

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.project import Project
    from include.registry.aliases import ForeignChange
    from include.registry.ledger import Record

log = logging.getLogger(__name__)
RECENT = timedelta(days=7)  # what happened before is known by now, one way or the other


def reconcile(project: Project) -> dict[str, Any]:
    """Repair every projection of the ledgers, and report what others have changed in them.

    Parameters
    ----------
    project : Project
        The installation, with all its files.

    Returns
    -------
    dict
        ``shown`` (trainings that MLflow lacked), ``foreign`` (sentences: what somebody else had changed), ``nights``
        (keys whose row was not right), ``messages`` (how many had never been put), and ``unreachable`` (models whose part
        of MLflow could not be repaired now).
    """
    shown, foreign, unreachable = [], [], []
    for name in project.catalog.models:
        try:
            shown += _trainings(project, name)
            foreign += [f"{name}: {change.sentence}" for change in _aliases(project, name)]
        except NightshiftError as error:
            log.warning("MLflow's part of %s is not repaired: %s", name, error)
            unreachable.append(name)
    nights = tell_nights(project, whole=True)["changed"]
    messages = sum(_messages(project, name) for name in project.catalog.models)
    messages += sum(_blocked(project, name) for name in project.catalog.datasets)
    index_home(project)
    flush(project)
    return {
        "shown": shown,
        "foreign": foreign,
        "nights": nights,
        "messages": messages,
        "unreachable": unreachable,
    }


def _aliases(project: Project, name: str) -> list[ForeignChange]:
    """Set a model's aliases right; what others changed is told to its owner."""
    if project.tracking_uri is None:
        return []
    from include.registry.aliases import reconcile as repaired

    changes = repaired(project.tracking_uri, name, wanted_aliases(project, name))
    day = f"{project.clock():%Y-%m-%d}"
    for change in changes:
        tell(
            project,
            name,
            "notice",
            "warn",
            f"alias {change.alias} was moved in MLflow",
            change.sentence,
            key=f"foreign/{name}/{change.alias}/{change.found}/{day}",
            impact="None for Nightshift; whoever reads the alias was served another model. It is set right again.",
            todo=("ask who moved it", f"to change the champion: `python -m include roll-back {name} --reason …`"),
        )
    return changes


def _trainings(project: Project, name: str) -> list[str]:
    """Show in MLflow what it lacks of the judged candidates; returns their digests."""
    if project.tracking_uri is None:
        return []
    from include.registry.tracking import tracking, version_of

    newest: dict[str, Record] = {}
    for record in project.model_ledger(name).records("gate"):
        newest[str(record.body["candidate"])] = record
    for record in list(newest.values()):  # MLflow shows a refit in the place of the candidate that was judged for it
        newest.pop(str(record.body.get("refit_of")), None)
    with tracking(project.tracking_uri) as client:
        missing = [digest for digest in newest if version_of(client, name, digest) is None]
    return [d for d in missing if show_training(project, name, artifact_of(project, name, d), newest[d])]


def _messages(project: Project, name: str) -> int:
    """Put the messages of a model's recent records that a killed step has not put."""
    records = _recent(project, project.model_ledger(name).records())
    told = {
        r.body.get("refit_of") for r in records if r.kind == "gate"
    }  # a refit's message is its judged candidate's too
    gates = [r for r in records if r.kind == "gate" and r.body["verdict"] != "wait" and r.body["candidate"] not in told]
    count = sum(tell_gate(project, name, r) for r in gates)
    return count + sum(tell_promotion(project, name, r) for r in records if r.kind == "promotion")


def _blocked(project: Project, name: str) -> int:
    newest = {str(r.body["partition"]): r for r in project.dataset_ledger(name).records("verdict")}
    records = _recent(project, list(newest.values()))
    dataset = project.catalog.dataset(name)
    bad = [r for r in records if r.body["health"] in ("block", "cannot_tell")]
    return sum(tell_blocked(project, dataset, r) for r in bad)


def _recent(project: Project, records: Sequence[Record]) -> list[Record]:
    since = project.clock() - RECENT
    return [r for r in records if datetime.fromisoformat(r.at) > since]
