"""Commands about datasets: ingest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import AsJson, answer

if TYPE_CHECKING:
    from include.config.dataset import Dataset as DatasetConfig
    from include.config.load import Kind
    from include.partitions import Partition
    from include.project import Project

Dataset = Annotated[str, typer.Argument(help="Dataset")]
Key = Annotated[
    str | None,
    typer.Option("--partition", help="One partition: its key, such as 2013-03-01, or its period, such as 2013-W09"),
]
From = Annotated[
    str | None, typer.Option("--from", help="First partition of a range: its key, or a period such as 2013-Q1")
]
To = Annotated[str | None, typer.Option("--to", help="Last partition of a range: its key, or a period such as 2013-Q1")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(ingest)


def range_of(
    rows: DatasetConfig, partition: str | None, first: str | None, last: str | None
) -> tuple[Partition, Partition]:
    """Return the first and last partition of a dataset that a user asked for.

    Raises
    ------
    ConfigError
        When it is neither one partition nor a range, or the range ends before it starts.
    """
    from include.errors import ConfigError
    from include.periods import partition_named, partitions_named

    grain, zone = rows.partition, rows.timezone
    if partition and not (first or last):
        one = partition_named(partition, grain, zone)
        return one, one
    if first and last and not partition:
        start, end = partitions_named(first, grain, zone)[0], partitions_named(last, grain, zone)[1]
        if end < start:
            raise ConfigError.at(
                "arguments", f"--to {last} comes before --from {first}", "the earlier partition first", "swap them"
            )
        return start, end
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
    configured = project.catalog.dataset(dataset)
    if configured.static:
        done = run_ingest(project, dataset, STATIC_KEY)
    else:
        start, end = range_of(configured, partition, first, last)
        done = run_ingest(project, dataset, start.key, end.key)
    flush(project)
    answer(done, as_json)
    if done["blocked"]:
        raise typer.Exit(1)
