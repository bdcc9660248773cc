"""Commands about signals and alarms: measure, signals, alarms, acknowledge, drift."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from statistics import median
from typing import Annotated, Any

import typer

from include.cli.datasets import Key
from include.cli.output import AsJson, answer, console
from include.errors import ConfigError

Model = Annotated[str, typer.Argument(help="Model")]

_SHOWN = (
    "partition",
    "signal",
    "subject",
    "model_version",
    "since",
    "before",
    "after",
    "effect",
    "size",
    "evidence",
    "expected_loss",
    "expected_loss_high",
    "expected_cost",
    "currency",
    "material",
    "kind",
    "status",
    "todo",
)

_STATISTICS = ("ks_statistic", "wasserstein_standardised", "mean_shift", "psi", "js_distance", "null_share")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (measure, signals, alarms, acknowledge, drift):
        app.command()(command)


def measure(model: Model, partition: Key = None, as_json: AsJson = False) -> None:
    """Measure a night that has begun: labels, performance, signals, alarms; each p-value is drawn once."""
    from include.cli.models import night_of, project_of
    from include.night.whole import night_step

    project = project_of(model)
    answer(night_step(project, model, night_of(project, model, partition), "measure"), as_json)


def signals(model: Model, partition: Key = None, as_json: AsJson = False) -> None:
    """Show the signals of a partition, the strangest first."""
    from include.cli.models import night_of, project_of
    from include.storage.schemas import SIGNALS
    from include.storage.tables import Table

    project = project_of(model)
    key = night_of(project, model, partition)
    rows = Table(project.model_home(model) / "signals", SIGNALS).read(partitions=[key]).to_pylist()
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
    if as_json or not found:
        answer([_alarm(a) for a in found], as_json)
        return
    for alarm in found:
        console.print(_told(alarm), highlight=False, markup=False)


def _told(alarm: Any) -> str:
    """Return an alarm as a person reads it: a table of so many columns fits no terminal."""
    cost = [f"Since then: {alarm.cost}."] if alarm.cost else []
    small = "" if alarm.material else ", too small to be sent"
    named = f"{alarm.kind} of {alarm.signal}, subject {alarm.subject}: {alarm.status}{small}"
    return "\n  ".join([f"{alarm.partition}: {alarm.sentence}", *cost, f"To do: {alarm.todo}", named])


def _alarm(alarm: Any) -> dict[str, Any]:
    told = {name: getattr(alarm, name) for name in _SHOWN}
    clean = {name: None if isinstance(v, float) and not isfinite(v) else v for name, v in told.items()}
    return {**clean, "what": alarm.sentence}


def acknowledge(
    model: Model,
    subject: Annotated[
        str | None, typer.Option(help="Subject of the alarm, as `alarms` shows it; all alarms that stand when omitted")
    ] = None,
    signal: Annotated[str | None, typer.Option(help="Signal; all of the subject's when omitted")] = None,
    partition: Annotated[
        str | None, typer.Option(help="Accept the data of a partition in which a defect was found, instead of an alarm")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Acknowledge alarms, whose streams start anew from the change on; or accept a partition's data as they are."""
    from include.cli.models import night_of, project_of
    from include.night.alarms import acknowledge as closed
    from include.night.defects import accept

    project = project_of(model)
    if partition is not None:
        key = night_of(project, model, partition)
        found = accept(project, model, key)
        rows = [(one, text) for one, told in found.items() for text in told]
        answer([{"partition": one, "defect": text, "status": "accepted"} for one, text in rows], as_json)
        return
    answer(_listed(closed(project, model, subject, signal)), as_json)


def drift(
    reference: Annotated[str, typer.Option(help="Parquet or CSV file, or a folder of them")],
    current: Annotated[
        str, typer.Option(help="What is compared with it; a folder period=… is compared group by group")
    ],
    by: Annotated[str | None, typer.Option(help="Column whose values split the current rows")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Statistics from all values, not from bins")] = False,
    joint: Annotated[bool, typer.Option("--joint", help="Also all columns jointly")] = False,
    columns: Annotated[
        str | None, typer.Option(help="Columns to compare, with commas between; all that both sides have when omitted")
    ] = None,
    categorical: Annotated[
        str | None, typer.Option(help="Columns of numbers to compare as categories, with commas between")
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(
            help="Character between the fields of CSV files (tab for tabs); what their header shows when omitted"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare any two files, or a reference with a partitioned folder; no model is needed."""
    from include.signals.study import compare

    named, forced = ([name.strip() for name in one.split(",")] if one else None for one in (columns, categorical))
    between = None if delimiter is None else _character(delimiter)
    found = compare(
        reference, current, by=by, exact=exact, joint=joint, columns=named, categorical=forced or (), delimiter=between
    )
    if as_json:
        answer(found, as_json)
        return
    groups = found["current"]["groups"]
    answer(_table(found["subjects"]), as_json=False)
    if groups is not None:
        console.print(f"Each number is the median of {len(groups)} groups; --json has all.", style="dim", markup=False)
    for side in (found["reference"], found["current"]):
        for one in side["delimiters"]:
            if one != (between or ","):
                console.print(
                    f"{side['path']}: read with {json.dumps(one)} between the fields", style="dim", markup=False
                )
    for column, reason in found["ignored"].items():
        console.print(f"{column}: not compared, {reason}", style="dim", highlight=False, markup=False)
    for alarm in found["alarms"]:
        console.print(f"{alarm['partition']}: {alarm['sentence']}", highlight=False, markup=False)
    if not found["alarms"]:
        console.print(_no_alarm(found), highlight=False, markup=False)


def _character(delimiter: str) -> str:
    """Return the character that was meant: a tab is hard to type."""
    found = "\t" if delimiter in ("tab", "\\t") else delimiter
    if len(found) != 1:
        raise ConfigError.at(
            f"--delimiter {delimiter!r}", "it is not one character", "a character, or tab", "correct it"
        )
    return found


def _table(subjects: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a line a column, with the share of infinities where a group of any column has some."""
    shares = [values.get("infinite_share") or 0.0 for values in subjects.values()]
    any_infinite = any(any(one.values()) if isinstance(one, dict) else one for one in shares)
    names = (*_STATISTICS, "infinite_share") if any_infinite else _STATISTICS
    return [{"column": column, **_statistics(values, names)} for column, values in subjects.items()]


def _statistics(values: dict[str, Any], names: Sequence[str]) -> dict[str, float | None]:
    """Return the statistics that fit a line; of groups their medians, None where nothing can be told."""
    shown: dict[str, float | None] = {}
    for name in names:
        of_groups = values.get(name)
        told = [one for one in (of_groups.values() if isinstance(of_groups, dict) else [of_groups]) if one is not None]
        shown[name] = median(told) if told else None
    return shown


def _no_alarm(found: dict[str, Any]) -> str:
    if not found["current"]["rows"]:
        return f"{found['current']['path']} has no rows: nothing can be told."
    groups = [found[side]["groups"] for side in ("reference", "current")]
    if groups[1] is None:
        return "Alarms need groups in an order of time: --by, or folders such as period=2024-01."
    count = sum(len(one) for one in groups if one)
    from include.evidence.stream import FEWEST_NIGHTS

    if count < FEWEST_NIGHTS:
        return f"{count} groups; alarms can be told from {FEWEST_NIGHTS} on, those of the reference counted."
    return f"No alarm in {len(groups[1])} groups."


def _listed(found: list[Any]) -> list[dict[str, Any]]:
    return [{"partition": a.partition, "signal": a.signal, "subject": a.subject, "status": a.status} for a in found]
