"""Commands about all models and datasets together: fleet, erase."""

from __future__ import annotations

from typing import Annotated

import typer

from include.cli.datasets import Dataset
from include.cli.output import AsJson, answer


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(fleet)
    app.command()(erase)


def fleet(
    step: Annotated[
        str, typer.Argument(help="reconcile, digest, compaction or retention; all of them when omitted")
    ] = "",
    period: Annotated[str, typer.Option(help="Of the digest: week or day")] = "week",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Retention only says what it would remove")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep the installation in order: repair projections, send the digest, compact small files, remove what is too old."""
    from include.errors import ConfigError
    from include.fleet.upkeep import STEPS, upkeep
    from include.project import Project

    if dry_run and step != "retention":
        raise ConfigError.at(
            "arguments", "--dry-run is for retention alone", "fleet retention --dry-run", "add the step"
        )
    project = Project.open()
    if step:
        answer(upkeep(project, step, period=period, dry_run=dry_run), as_json)
    else:
        answer({what: upkeep(project, what, period=period) for what in STEPS}, as_json)


def erase(
    dataset: Dataset,
    key: Annotated[list[str], typer.Option("--key", help="Key of a row, its columns joined by |; may be repeated")],
    column: Annotated[str, typer.Option(help="Compare this column with --key in the place of the dataset's key")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Such as the request's number; kept in the ledger")] = "",
    as_json: AsJson = False,
) -> None:
    """Erase rows from every version of a dataset and of the models that score them; the ledger keeps a receipt."""
    from include.fleet.erasure import erase as erased
    from include.project import Project

    project = Project.open()
    project.catalog.dataset(dataset)
    answer(erased(project, dataset, key, column=column or None, reason=reason), as_json)
