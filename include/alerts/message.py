"""One message to a person: what, why, what it means, what to do."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

from include.alerts.redact import MASK, redact
from include.errors import NightshiftError

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal[
    "blocked", "deadline", "failed", "gate", "approval", "promotion", "roll_back", "alarm", "notice", "defect", "digest"
]
Severity = Literal["info", "warn", "critical", "resolved"]
WORDS: dict[str, str] = {"info": "For information", "warn": "Warning", "critical": "Critical", "resolved": "Resolved"}
SCHEMA = 1


class MessageError(NightshiftError):
    """A message cannot be made or read."""


@dataclass(frozen=True)
class Link:
    """A place to look further: `http`, `https`, or a local path."""

    label: str
    href: str


@dataclass(frozen=True)
class Field:
    """A short fact: its name and its value, as they should read."""

    name: str
    value: str


@dataclass(frozen=True)
class Message:
    """What somebody should know, about one model or dataset (or the platform, when both are unset).

    Attributes
    ----------
    kind : str
        What happened, one of `Kind`.
    severity : str
        ``info``, ``warn``, ``critical`` or ``resolved``; shown as the leading word.
    title : str
        A few words; the subject and the partition are added to it.
    text : str
        What happened, in one sentence.
    at : datetime
        When it happened, with a zone.
    model, dataset : str or None
        The subject; at most one of them.
    partition : str or None
        Key of the partition or night.
    channel : str or None
        The owner's Slack channel; without one the message is written to a file.
    owner : str or None
        Person or team.
    why, impact : str
        Why it happened, and what it means for those who use the predictions.
    todo : tuple of str
        What to do, step by step; commands between backticks.
    fields : tuple of Field
    links : tuple of Link
    key : str
        Messages of one key are sent once; ``kind/subject/partition`` when empty.

    Raises
    ------
    MessageError
        For an unknown kind or severity, two subjects, or an instant without a zone.
    """

    kind: Kind
    severity: Severity
    title: str
    text: str
    at: datetime
    model: str | None = None
    dataset: str | None = None
    partition: str | None = None
    channel: str | None = None
    owner: str | None = None
    why: str = ""
    impact: str = ""
    todo: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    links: tuple[Link, ...] = ()
    key: str = ""

    def __post_init__(self) -> None:
        where = f"message {self.title!r}"
        if self.kind not in get_args(Kind):
            raise MessageError.at(where, f"kind {self.kind!r} is not known", f"one of {', '.join(get_args(Kind))}")
        if self.severity not in WORDS:
            raise MessageError.at(where, f"severity {self.severity!r} is not known", f"one of {', '.join(WORDS)}")
        if self.model and self.dataset:
            raise MessageError.at(
                where, "names a model and a dataset", "one subject", "name the one whose owner is told"
            )
        if self.at.tzinfo is None:
            raise MessageError.at(where, "its time has no zone", "an instant in UTC", "pass datetime.now(UTC)")
        if not self.key:
            parts = (self.kind, self.subject, self.partition or self.at.astimezone(UTC).strftime("%Y-%m-%d"))
            object.__setattr__(self, "key", "/".join(parts))

    @property
    def subject(self) -> str:
        """Return the name of the model or dataset, else ``platform``."""
        return self.model or self.dataset or "platform"

    @property
    def word(self) -> str:
        """Return the leading word of its severity."""
        return WORDS[self.severity]

    @property
    def headline(self) -> str:
        """Return the line that is read first: severity, title, subject, partition."""
        about = " ".join(part for part in (self.subject, self.partition or "") if part)
        return f"{self.word}: {self.title} · {about}"

    @property
    def thread(self) -> str | None:
        """Return the name of the night that it belongs to; None when it stands alone."""
        if self.partition is None:
            return None
        return _name("model" if self.model else "dataset", self.subject, self.partition)

    @property
    def name(self) -> str:
        """Return the name under which it is kept: readable, safe in paths, one for each key."""
        return f"{_name(self.kind, self.subject, self.partition or '')}-{hashlib.sha256(self.key.encode()).hexdigest()[:12]}"

    def redacted(self, secrets: Iterable[str] = ()) -> Message:
        """Return the same message with every secret hidden (see `include.alerts.redact`)."""
        known = tuple(secrets)

        def clean(text: str) -> str:
            return redact(text, known)

        return replace(
            self,
            title=clean(self.title),
            text=clean(self.text),
            why=clean(self.why),
            impact=clean(self.impact),
            todo=tuple(map(clean, self.todo)),
            fields=tuple(_clean_field(item, known) for item in self.fields),
            links=tuple(Link(clean(link.label), clean(link.href)) for link in self.links),
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` reads back unchanged."""
        return {"schema": SCHEMA, **asdict(self), "at": self.at.astimezone(UTC).isoformat()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Message:
        """Return the message that `as_json` wrote.

        Raises
        ------
        MessageError
            When a newer version wrote it, or it is no message.
        """
        known = {item.name for item in fields(cls)}
        if value.get("schema") != SCHEMA or not set(value) - {"schema"} <= known:
            raise MessageError.at("outbox", f"a message of schema {value.get('schema')!r}", f"schema {SCHEMA}")
        found = {name: item for name, item in value.items() if name != "schema"}
        try:
            found["at"] = datetime.fromisoformat(found["at"])
            found["todo"] = tuple(found.get("todo", ()))
            found["fields"] = tuple(Field(**item) for item in found.get("fields", ()))
            found["links"] = tuple(Link(**item) for item in found.get("links", ()))
            return cls(**found)
        except (KeyError, TypeError, ValueError) as error:
            raise MessageError.at("outbox", f"a broken message ({error})", f"schema {SCHEMA}") from error

    def as_bytes(self) -> bytes:
        """Return its JSON, the same bytes for the same message."""
        return json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False, indent=1).encode()


def _clean_field(item: Field, secrets: tuple[str, ...]) -> Field:
    """Hide the value of a field whose name says secret, too."""
    told = redact(f"{item.name}={item.value}", secrets).endswith(f"={MASK}")
    return Field(redact(item.name, secrets), MASK if told else redact(item.value, secrets))


def _name(*parts: str) -> str:
    return "-".join(re.sub(r"[^a-zA-Z0-9_.]+", "-", part).strip("-.")[:80] for part in parts if part)
