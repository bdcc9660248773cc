"""Commands about datasets: ingest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import AsJson, answer

if TYPE_CHECKING:
    from include.config.load import Kind
    from include.project import Project

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
        When it is neither one partition nor a range, or the range ends before it starts.
    """
    from include.errors import ConfigError

    if partition and not (first or last):
        return partition, None
    if first and last and not partition:
        if last < first:
            raise ConfigError.at(
                "arguments", f"--to {last} comes before --from {first}", "the earlier partition first", "swap them"
            )
        return first, last
    raise ConfigError.at("arguments", "no partitions are named", "--partition KEY, or --from KEY --to KEY", "name them")


def opened(kind: Kind, name: str) -> Project:
    """Return the installation with the files of one dataset or model; ConfigError says which there are when it is none."""
    from include.project import Project

    project = Project.open(only=(kind, name))
    if name not in (project.catalog.datasets if kind == "dataset" else project.catalog.models):
        whole = Project.open().catalog
        (whole.dataset if kind == "dataset" else whole.model)(name)
    return project


def ingest(
    dataset: Dataset, partition: Key = None, first: From = None, last: To = None, as_json: AsJson = False
) -> None:
    """Pull, check and publish partitions; a range is one pass over the source. Exit code 1 when any is blocked."""
    from include.night.messages import flush
    from include.night.whole import run_ingest
    from include.project import STATIC_KEY

    project = opened("dataset", dataset)
    static = project.catalog.dataset(dataset).static
    start, end = (STATIC_KEY, None) if static else range_of(partition, first, last)
    done = run_ingest(project, dataset, start, end)
    flush(project)
    answer(done, as_json)
    if done["blocked"]:
        raise typer.Exit(1)
