"""A whole ingest and a whole night, without a scheduler: the same steps in the same order, each measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.errors import BlockedError
from include.night.decide import decide
from include.night.features import build_features
from include.night.ingest import ingest
from include.night.judge import judge
from include.night.measure import measure
from include.night.promote import act
from include.night.publish import publish
from include.night.report import report
from include.night.score import score
from include.night.steps import Cost, step
from include.night.train import train
from include.night.trial import approved
from include.night.validate import validate
from include.night.wait import wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.project import Project


def run_ingest(project: Project, name: str, first: str, last: str | None = None) -> dict[str, Any]:
    """Ingest, validate and publish the partitions from ``first`` to ``last``; blocked ones are in the result."""
    staged = dataset_step(project, name, first, "ingest", last=last)
    checked = dataset_step(project, name, first, "validate", attempt=staged["attempt"])
    done = dataset_step(project, name, first, "publish", attempt=staged["attempt"])
    return {**done, "health": checked["health"], "bytes": staged["bytes"]}


def dataset_step(
    project: Project, name: str, partition: str, what: str, *, attempt: str = "", last: str | None = None
) -> dict[str, Any]:
    """Run one step of a dataset's ingest by its word, with its cost recorded."""

    def work(cost: Cost) -> dict[str, Any]:
        if what == "ingest":
            staged = ingest(project, name, partition, last)
            cost.bytes_out = staged["bytes"]
            return staged
        return validate(project, name, attempt) if what == "validate" else publish(project, name, attempt)

    return measured_step(project, "datasets", name, partition, what, work)


def measured_step(
    project: Project, kind: str, name: str, partition: str, what: str, work: Callable[[Cost], dict[str, Any]]
) -> dict[str, Any]:
    """Run one step with its cost recorded in the ``steps`` table."""
    with step(project, kind, name, partition, what) as cost:
        result = work(cost)
        cost.rows_out = cost.rows_out or int(result.get("rows") or 0)
    return result


def night_step(project: Project, name: str, partition: str, what: str, **options: Any) -> dict[str, Any]:
    """Run one step of a model's night by its word, with its cost recorded."""
    steps: dict[str, Callable[..., dict[str, Any]]] = {
        "features": build_features,
        "score": score,
        "measure": measure,
        "decide": decide,
        "train": train,
        "gate": judge,
        "report": report,
    }
    return measured_step(
        project, "models", name, partition, what, lambda _: steps[what](project, name, partition, **options)
    )


def run_night(
    project: Project, name: str, partition: str, *, force: str | None = None, wait_for_data: bool = False
) -> dict[str, Any]:
    """Run a model's night to its end, promotion included (where no person must approve).

    Parameters
    ----------
    project, name, partition
        The installation, the model, the key of the night.
    force : str, optional
        A person's reason to retrain.
    wait_for_data : bool
        Refuse to begin while a dataset has no verdict; else the night goes on without and says so.

    Raises
    ------
    BlockedError
        With ``wait_for_data``, when data are missing.
    """
    if wait(project, name, partition, expired=not wait_for_data) is None:
        raise BlockedError.at(
            f"model {name}, night {partition}", "waits for its data", "a verdict on every dataset", "ingest them first"
        )
    results = {what: night_step(project, name, partition, what) for what in ("features", "score", "measure")}
    results["decide"] = night_step(project, name, partition, "decide", force=force)
    results["train"] = night_step(project, name, partition, "train")
    results["gate"] = night_step(project, name, partition, "gate")
    results |= carried_out(project, name, results["gate"])
    results["report"] = night_step(project, name, partition, "report")
    return results


def carried_out(project: Project, name: str, judged: dict[str, Any]) -> dict[str, Any]:
    """Do what the gate's answer says is to be done about the champion, where no person must approve; ``promote`` or nothing."""
    start = judged.get("start")
    if not start or not _needs_nobody(project, name, start):
        return {}
    what = {field: start[field] for field in ("action", "candidate", "reason")}
    return {"promote": act(project, name, **what)}


def _needs_nobody(project: Project, name: str, start: dict[str, str]) -> bool:
    """Tell whether what is to be started needs no person, or has been approved by one."""
    if start["action"] != "promote" or not project.catalog.model(name).promotion.approval:
        return True
    return approved(project.model_ledger(name).records(), start["candidate"])
