"""Commands about signals and alarms: measure, signals, alarms, acknowledge, drift."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from include.cli.datasets import Key, range_of
from include.cli.output import AsJson, answer, console

Model = Annotated[str, typer.Argument(help="Model")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (measure, signals, alarms, acknowledge, drift):
        app.command()(command)


def measure(model: Model, partition: Key = None, as_json: AsJson = False) -> None:
    """Measure a night that has begun: labels, performance, signals, alarms; each p-value is drawn once."""
    from include.cli.models import project_of
    from include.night.whole import night_step

    key, _ = range_of(partition, None, None)
    answer(night_step(project_of(model), model, key, "measure"), as_json)


def signals(model: Model, partition: Key = None, as_json: AsJson = False) -> None:
    """Show the signals of a partition, the strangest first."""
    from include.cli.models import project_of
    from include.storage.schemas import SIGNALS
    from include.storage.tables import Table

    key, _ = range_of(partition, None, None)
    rows = Table(project_of(model).model_home(model) / "signals", SIGNALS).read(partitions=[key]).to_pylist()
    rows.sort(key=lambda row: -abs(row["studentised"] or 0.0))
    answer([{k: v for k, v in row.items() if k != "_partition"} for row in rows], as_json)


def alarms(
    model: Model,
    everything: Annotated[bool, typer.Option("--all", help="Also notices and closed ones")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the alarms that stand, with what, since when, how sure, and what to do."""
    from include.cli.models import project_of
    from include.night.alarms import standing

    found = [a for a in standing(project_of(model), model) if everything or a.latched]
    rows = [
        {
            "partition": a.partition,
            "signal": a.signal,
            "subject": a.subject,
            "since": a.since,
            "effect": a.effect,
            "evidence": a.evidence,
            "kind": a.kind,
            "status": a.status,
            "what": a.sentence,
        }
        for a in found
    ]
    answer(rows, as_json)


def acknowledge(
    model: Model,
    subject: Annotated[str, typer.Option(help="Subject of the alarm, as `alarms` shows it")],
    signal: Annotated[str | None, typer.Option(help="Signal; all of the subject's when omitted")] = None,
    as_json: AsJson = False,
) -> None:
    """Acknowledge the alarms of a subject: their streams start anew from the change on."""
    from include.cli.models import project_of
    from include.night.alarms import acknowledge as closed

    answer(_listed(closed(project_of(model), model, subject, signal)), as_json)


def drift(
    reference: Annotated[str, typer.Option(help="Parquet or CSV file, or a folder of them")],
    current: Annotated[
        str, typer.Option(help="What is compared with it; a folder period=… is compared group by group")
    ],
    by: Annotated[str | None, typer.Option(help="Column whose values split the current rows")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Statistics from all values, not from bins")] = False,
    joint: Annotated[bool, typer.Option("--joint", help="Also all columns jointly")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare any two files, or a reference with a partitioned folder; no model is needed."""
    from include.signals.study import compare

    found = compare(reference, current, by=by, exact=exact, joint=joint)
    if as_json:
        answer(found, as_json)
        return
    rows: list[dict[str, Any]] = []
    for column, values in found["subjects"].items():
        shown = {name: value for name, value in values.items() if isinstance(value, int | float)}
        rows.append({"column": column, **dict(list(shown.items())[:6])})
    for row in rows:
        console.print(row, highlight=False)
    answer(found["alarms"], as_json)


def _listed(found: list[Any]) -> list[dict[str, Any]]:
    return [{"partition": a.partition, "signal": a.signal, "subject": a.subject, "status": a.status} for a in found]
