"""digest: what a week or a day of nights came to, one message a channel, through the outbox."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from include.alerts.message import Field, Link, Message
from include.alerts.outbox import put
from include.fleet.nights import nights_table, tell_nights
from include.night.alarms import standing
from include.night.finished import unfinished_steps
from include.night.messages import flush
from include.registry.champions import challenger, champion, frozen, pending
from include.report.words import number, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.config.base import Owner
    from include.project import Project
    from include.registry.ledger import Record

Period = Literal["day", "week"]
PERIODS = ("day", "week")
_WORDS = ("hold", "retrain", "blocked")


@dataclass
class _Channel:
    """What one channel is told."""

    owners: set[str] = field(default_factory=set)
    nights: int = 0
    fields: list[Field] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)


def digest(project: Project, period: Period = "week") -> dict[str, Any]:
    """Put the digest of the last whole week (from Monday, UTC) or day into the outbox, and send what waits.

    Parameters
    ----------
    project : Project
        The installation, with all its files.
    period : str
        ``week`` or ``day``.

    Returns
    -------
    dict
        ``period`` (its first day), ``channels`` (those told; ``files`` for owners without one) and ``new``: how many had
        not been told before. A channel none of whose models or datasets did anything is told nothing.
    """
    tell_nights(project)
    since, until = _bounds(project.clock(), period)
    channels: dict[str, _Channel] = {}
    for name, model in project.catalog.models.items():
        _add_model(project, name, _of(channels, model.owner), since, until)
    for name, dataset in project.catalog.datasets.items():
        _add_dataset(project, name, _of(channels, dataset.owner), since, until)
    told = {channel: found for channel, found in channels.items() if found.fields}
    new = sum(put(project.home / "outbox", _message(project, period, since, *item)) for item in sorted(told.items()))
    flush(project)
    return {"period": since.date().isoformat(), "channels": [name or "files" for name in sorted(told)], "new": new}


def _bounds(now: datetime, period: Period) -> tuple[datetime, datetime]:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    until = today - timedelta(days=today.weekday()) if period == "week" else today
    return until - timedelta(days=7 if period == "week" else 1), until


def _of(channels: dict[str, _Channel], owner: Owner) -> _Channel:
    found = channels.setdefault(owner.slack or "", _Channel())
    found.owners.add(owner.name)
    return found


def _within(records: Sequence[Record], kind: str, since: datetime, until: datetime) -> list[Record]:
    return [r for r in records if r.kind == kind and since <= datetime.fromisoformat(r.at) < until]


def _add_model(project: Project, name: str, channel: _Channel, since: datetime, until: datetime) -> None:
    records = project.model_ledger(name).records()
    nights = sorted({str(r.body["partition"]) for r in _within(records, "night_start", since, until)})
    promoted = _within(records, "promotion", since, until)
    alarms = [a for a in standing(project, name) if a.latched and a.kind == "alarm"]
    waiting = challenger(records) or pending(records)
    if not (nights or promoted or alarms or waiting):
        return
    decided = Counter(r.body["decision"]["verdict"] for r in _within(records, "decision", since, until))
    unfinished = [key for key in nights if unfinished_steps(records, key)]
    serving, kept = champion(records), frozen(records)
    parts = [
        _nights(len(nights), decided),
        f"{len(unfinished)} not done" if unfinished else "",
        f"champion {serving.version}" if serving else "no champion yet",
        f"changed {_times(len(promoted))}" if promoted else "",
        f"frozen: {kept}" if kept else "",
        f"candidate {waiting[:12]} waits" if waiting else "",
        _metric(project, name, nights),
        f"{len(alarms)} alarm{'s' * (len(alarms) != 1)} open" if alarms else "",
    ]
    channel.nights += len(nights)
    channel.fields.append(Field(name, "; ".join(part for part in parts if part)))
    channel.todo += [f"look at the night {key} of {name}, which is not done" for key in unfinished[:2]]
    channel.todo += [f"answer the open alarms: `python -m include alarms {name}`"] if alarms else []


def _nights(count: int, decided: Counter[str]) -> str:
    told = ", ".join(f"{decided[name]} {name}" for name in _WORDS if decided[name])
    return f"{count} night{'s' * (count != 1)}" + (f" ({told})" if told else "")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _metric(project: Project, name: str, nights: Sequence[str]) -> str:
    """Return the newest realised metric of these nights in words, empty when there is none."""
    rows = nights_table(project).read(partitions=nights).to_pylist()
    mine = [row for row in rows if row["model"] == name and row["metric_value"] is not None]
    if not mine:
        return ""
    newest = max(mine, key=lambda row: str(row["night"]))
    return f"{word(newest['metric'])} {number(newest['metric_value'])} on {newest['metric_partition']}"


def _add_dataset(project: Project, name: str, channel: _Channel, since: datetime, until: datetime) -> None:
    records = project.dataset_ledger(name).records()
    newest = {str(r.body["partition"]): r for r in _within(records, "verdict", since, until)}
    blocked = sorted(key for key, r in newest.items() if r.body["health"] in ("block", "cannot_tell"))
    if not blocked:
        return
    told = ", ".join(blocked[:5]) + (f" and {len(blocked) - 5} more" if len(blocked) > 5 else "")
    channel.fields.append(Field(name, f"{len(newest)} partitions came, {len(blocked)} of them blocked: {told}"))
    channel.todo.append(f"correct the source of {name} and ingest {blocked[0]} again")


def _message(project: Project, period: Period, since: datetime, channel: str, found: _Channel) -> Message:
    first = f"{since:%Y-%m-%d}"
    return Message(
        kind="digest",
        severity="warn" if found.todo else "info",
        title=f"the {period} of {first}",
        text=f"{found.nights} nights of {sum('night' in f.value for f in found.fields)} models began.",
        at=project.clock(),
        channel=channel or None,
        owner=", ".join(sorted(found.owners)),
        todo=tuple(found.todo),
        fields=tuple(found.fields),
        links=(Link("All models", str(project.home / "reports" / "index.html")),),
        key=f"digest/{project.stamp.environment}/{period}/{first}/{channel}",
    )
