"""Commands about models: night, train, score, status, ledger, why, replay, promote, refuse, roll-back, freeze, reproduce."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.datasets import From, Key, To, opened, range_of
from include.cli.output import AsJson, answer, console
from include.errors import ConfigError

if TYPE_CHECKING:
    from include.project import Project

Model = Annotated[str, typer.Argument(help="Model")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the ledger")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (night, train, score, status, ledger, why, replay, promote, refuse, freeze, reproduce):
        app.command()(command)
    app.command("roll-back")(roll_back)


def night(
    model: Model,
    partition: Key = None,
    first: From = None,
    last: To = None,
    force: Annotated[str | None, typer.Option(help="A reason to retrain whatever the policy says")] = None,
    without_data: Annotated[
        bool, typer.Option("--without-data", help="Also nights whose rows were not ingested; they cannot be undone")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run nights to their end without a scheduler; a night that is done stays as it is."""
    from include.night.whole import run_night
    from include.partitions import partitions_between

    project = project_of(model)
    rows = project.catalog.dataset(project.catalog.model(model).rows)
    wanted = partitions_between(*range_of(rows, partition, first, last))
    if not without_data:
        _refuse_without_rows(project, model, [each.key for each in wanted])
    found: dict[str, Any] = {each.key: run_night(project, model, each.key, force=force) for each in wanted}
    if as_json:
        answer(found, as_json)
    else:
        _print_nights(project, model, list(found))


def _refuse_without_rows(project: Project, model: str, keys: list[str]) -> None:
    """Refuse nights that were most likely mistyped: once one is decided, no earlier one may train any more."""
    from include.errors import ConfigError

    rows = project.catalog.model(model).rows
    ingested = {str(r.body["partition"]) for r in project.dataset_ledger(rows).records("verdict")}
    begun = {str(r.body["partition"]) for r in project.model_ledger(model).records("night_start")}
    missing = [key for key in keys if key not in ingested | begun]
    if missing:
        newest = max(ingested, default="none")
        raise ConfigError.at(
            f"model {model}, night {missing[0]}",
            f"dataset {rows} has no verdict on this partition",
            f"an ingested one (the newest is {newest})",
            f"ingest it first: python -m include ingest {rows} --partition {missing[0]}; or add --without-data",
        )


def night_of(project: Project, model: str, partition: str | None) -> str:
    """Return the key of one night, which must be named: by its key or its period."""
    from include.periods import partition_named

    rows = project.catalog.dataset(project.catalog.model(model).rows)
    if partition is None:
        raise ConfigError.at(
            "arguments", "no night is named", "--partition KEY", "see the nights: python -m include status"
        )
    return partition_named(partition, rows.partition, rows.timezone).key


def train(
    model: Model, partition: Key = None, reason: Reason = "asked for on the command line", as_json: AsJson = False
) -> None:
    """Force a retraining on a night that has begun, judge the candidate, and promote it when it passes."""
    from include.night.whole import carried_out, night_step

    project = project_of(model)
    key = night_of(project, model, partition)
    night_step(project, model, key, "decide", force=reason)
    trained = night_step(project, model, key, "train")
    judged = night_step(project, model, key, "gate")
    answer({"train": trained, "gate": judged, **carried_out(project, model, judged)}, as_json)


def score(model: Model, partition: Key = None, as_json: AsJson = False) -> None:
    """Score a night that has begun with its champion; scores that were served stay as they are."""
    from include.night.whole import night_step

    project = project_of(model)
    answer(night_step(project, model, night_of(project, model, partition), "score"), as_json)


def status(as_json: AsJson = False) -> None:
    """Show every model: champion, challenger, newest night. Exit code 1 when a ledger or table is damaged."""
    from include.cli.output import errors
    from include.fleet.status import DAMAGED, status_of
    from include.project import Project

    rows = status_of(Project.open())
    if as_json:
        answer(rows, as_json)
    else:
        answer([{name: item for name, item in row.items() if name != "problem"} for row in rows], as_json)
    damaged = [row["problem"] for row in rows if row["state"] == DAMAGED]
    for problem in damaged:
        errors.print(problem, style="red", highlight=False, markup=False, soft_wrap=True)
    if damaged:
        raise typer.Exit(1)


def ledger(
    model: Model,
    kind: Annotated[str | None, typer.Option(help="Only records of this kind")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a model's ledger, after checking its chain."""
    from include.errors import ConfigError

    found = project_of(model).model_ledger(model)
    found.verify()
    records = found.records(kind)
    kinds = sorted({record.kind for record in found.records()})
    if kind is not None and kind not in kinds:
        raise ConfigError.at(
            "--kind", f"no record of the model {model} is of the kind {kind!r}", f"one of {', '.join(kinds) or 'none'}"
        )
    if as_json:
        answer([record.as_json() for record in records], as_json)
        return
    answer(
        [
            {"n": r.number, "at": r.at[:19], "kind": r.kind, "key": r.key, "actor": r.actor, "digest": r.digest[:12]}
            for r in records
        ],
        as_json,
    )


def why(model: Model, partition: Key = None, as_json: AsJson = False) -> None:
    """Say why a night retrained or did not: state, verdict, reasons, what other policies would have done."""
    from include.errors import LedgerError
    from include.night.decide import decision_of_night
    from include.policy.why import why as lines_of

    project = project_of(model)
    key = night_of(project, model, partition)
    ledger = project.model_ledger(model)
    ledger.verify()
    record = decision_of_night(ledger.records(), key)
    if record is None:
        raise LedgerError.at(
            f"model {model}, night {key}",
            "was not decided",
            "a decided night",
            f"see: python -m include ledger {model}",
        )
    body = dict(record.body)
    if as_json:
        answer(body, as_json)
        return
    for line in lines_of(body):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def replay(model: Model, partition: Key = None, as_json: AsJson = False) -> None:
    """Recompute every state, decision, verdict, p-value and alarm from the tables; exit code 1 and the first difference if one differs."""
    from include.cli.output import errors
    from include.night.replay import replayed, replayed_evidence, replayed_tables

    project = project_of(model)
    key = None if partition is None else night_of(project, model, partition)
    every = [*replayed(project, model), *replayed_tables(project, model, key), *replayed_evidence(project, model)]
    found = [row for row in every if key in (None, row["partition"])]
    answer(found, as_json)
    different = next((row for row in found if not row["same"]), None)
    if different is not None:
        told = f"{different['partition']}: {different['reason']}: recorded {different['recorded']}, now {different['again']}"
        errors.print(told, style="red", highlight=False, markup=False)
        raise typer.Exit(1)


def promote(
    model: Model,
    candidate: Annotated[str, typer.Argument(help="Digest; the challenger when omitted")] = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Make a candidate that passed the gate the champion; a reason skips its shadow nights and canary."""
    answer(_acted(model, "promote", candidate, reason), as_json)


def refuse(
    model: Model,
    candidate: Annotated[str, typer.Argument(help="Digest; the challenger, or the one at the gate, when omitted")] = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Refuse a challenger or a candidate that waits: it will not be promoted."""
    answer(_acted(model, "refuse", candidate, reason), as_json)


def roll_back(
    model: Model,
    to: Annotated[
        str, typer.Option("--to", help="Version or digest of an earlier champion; the one before when omitted")
    ] = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Bring an earlier champion back; seconds, no training."""
    answer(_acted(model, "roll_back", to, reason), as_json)


def freeze(
    model: Model,
    thaw: Annotated[bool, typer.Option("--thaw", help="Let it change again")] = False,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Keep the champion whatever the policy says, until it is thawed."""
    answer(_acted(model, "thaw" if thaw else "freeze", "", reason), as_json)


def reproduce(
    model: Model, version: Annotated[str, typer.Argument(help="Version or digest")], as_json: AsJson = False
) -> None:
    """Train a version again from its pinned tables and compare the bytes, or say that rows of it were erased; exit code 1 when they differ."""
    from include.night.reproduce import reproduced

    found = reproduced(project_of(model), model, version)
    answer(found, as_json)
    if found["answer"] == "different":
        raise typer.Exit(1)


def _acted(model: str, action: str, candidate: str, reason: str) -> dict[str, Any]:
    from include.errors import ConfigError
    from include.night.promote import act

    if action != "promote" and not reason.strip():
        raise ConfigError.at("arguments", "no reason is given", '--reason "…"', "say why; the ledger keeps it")
    return act(project_of(model), model, action=action, candidate=candidate, reason=reason, by_hand=True)


def project_of(model: str) -> Project:
    """Return the installation with the files of one model; ConfigError when there is no such model."""
    return opened("model", model)


def _print_nights(project: Any, model: str, keys: list[str]) -> None:
    from include.night.lines import night_lines
    from include.report.table import legend, night_table

    lines = night_lines(project, model, keys)
    console.print(night_table(lines, width=console.width, title=model))
    console.print(legend(lines), style="dim")
