"""Commands about datasets: ingest."""

from __future__ import annotations

from typing import Annotated

import typer

from include.cli.output import AsJson, answer

Dataset = Annotated[str, typer.Argument(help="Dataset")]
Key = Annotated[str | None, typer.Option("--partition", help="Key of one partition, such as 2013-03-01")]
From = Annotated[str | None, typer.Option("--from", help="Key of the first partition of a range")]
To = Annotated[str | None, typer.Option("--to", help="Key of the last partition of a range")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(ingest)


def range_of(partition: str | None, first: str | None, last: str | None) -> tuple[str, str | None]:
    """Return the first and last key that a user asked for.

    Raises
    ------
    ConfigError
        When it is neither one partition nor a range.
    """
    from include.errors import ConfigError

    if partition and not (first or last):
        return partition, None
    if first and last and not partition:
        return first, last
    raise ConfigError.at("arguments", "no partitions are named", "--partition KEY, or --from KEY --to KEY", "name them")


def ingest(
    dataset: Dataset, partition: Key = None, first: From = None, last: To = None, as_json: AsJson = False
) -> None:
    """Pull, check and publish partitions; a range is one pass over the source. Exit code 1 when any is blocked."""
    from include.night.messages import flush
    from include.night.whole import run_ingest
    from include.project import STATIC_KEY, Project

    project = Project.open(only=("dataset", dataset))
    static = project.catalog.dataset(dataset).static
    start, end = (STATIC_KEY, None) if static else range_of(partition, first, last)
    done = run_ingest(project, dataset, start, end)
    flush(project)
    answer(done, as_json)
    if done["blocked"]:
        raise typer.Exit(1)
