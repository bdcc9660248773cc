"""The ledger: an append-only, hash-chained log, one create-if-absent object a record.

It is the truth for night starts, verdicts of data, decisions, gates, approvals and champions; everything else (MLflow
aliases, the fleet's table, Slack) is a projection that can be made again from it. A record is found again by its key, so
that a rerun, a second copy of a task or a lost acknowledgement repeats what was written and adds nothing.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.errors import ConflictError, LedgerError
from include.storage.objects import create_if_absent, list_names, list_written, read_bytes, read_if_present

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from include.storage.locations import Location

_GENESIS = "0" * 64
_CHECKPOINT_EVERY = 64
_TRIES = 200
_TODO = "restore it from a copy"


@dataclass(frozen=True)
class Stamp:
    """Who writes, where, and with which code.

    Attributes
    ----------
    actor : str
        A person's name, or the step that acts.
    environment : str
        Name of the installation.
    code_version : str
        Version of Nightshift.
    """

    actor: str
    environment: str
    code_version: str


@dataclass(frozen=True)
class Record:
    """One line of a ledger.

    Attributes
    ----------
    number : int
        Its place, from 0.
    kind : str
        What was recorded: ``night_start``, ``verdict``, ``decision``, ``gate``, ``promotion`` …
    key : str
        Idempotency key; a ledger has at most one record of a key.
    body : mapping
        What was recorded, as plain JSON.
    actor, environment, code_version : str
        See `Stamp`.
    at : str
        Instant of writing (UTC, ISO 8601); says when, decides nothing.
    commit : str
        Random, so that a writer knows its own record again.
    previous, digest : str
        SHA-256 of the record before and of this one.
    """

    number: int
    kind: str
    key: str
    body: Mapping[str, Any]
    actor: str
    environment: str
    code_version: str
    at: str
    commit: str
    previous: str
    digest: str

    def as_json(self) -> dict[str, Any]:
        """Return the record as plain JSON."""
        return dict(self.__dict__) | {"body": dict(self.body)}


class Ledger:
    """The ledger at a location.

    Parameters
    ----------
    location : Location
        Folder of the records.
    stamp : Stamp
        Put on every record written.
    clock : callable
        Returns the present instant, in UTC.
    """

    def __init__(self, location: Location, stamp: Stamp, clock: Callable[[], datetime]) -> None:
        self.location, self._stamp, self._clock = location, stamp, clock
        self._records: list[Record] = []
        self._by_key: dict[str, Record] = {}
        self._whole = False

    def records(self, kind: str | None = None) -> list[Record]:
        """Return the records in order, all or of one kind, freshly looked up.

        Raises
        ------
        LedgerError
            When the chain is broken: a record was changed or removed.
        """
        self._refresh()
        return [record for record in self._records if kind is None or record.kind == kind]

    def find(self, key: str) -> Record | None:
        """Return the record of a key, or None."""
        self._refresh()
        return self._by_key.get(key)

    def last(self, kind: str) -> Record | None:
        """Return the newest record of a kind, or None."""
        found = self.records(kind)
        return found[-1] if found else None

    def until(self, number: int) -> Ledger:
        """Return the ledger as it was when it had so many records; nothing can be written to it."""
        past = _Past(self.location, self._stamp, self._clock)
        past._records = self.records()[:number]
        past._by_key = {record.key: record for record in past._records}
        return past

    def append(
        self,
        kind: str,
        key: str,
        body: Mapping[str, Any],
        *,
        unless: Callable[[Sequence[Record]], str | None] | None = None,
        actor: str | None = None,
    ) -> Record:
        """Write a record unless its key is there; return the one that is there in the end.

        Parameters
        ----------
        kind, key : str
            See `Record`.
        body : mapping
            Plain JSON.
        unless : callable, optional
            Given all records, just before each attempt, returns why this one must not be written, or None.
        actor : str, optional
            In the place of the stamp's.

        Raises
        ------
        ConflictError
            When ``unless`` gives a reason; nothing is written.
        """
        plain = json.loads(json.dumps(body, sort_keys=True, allow_nan=False))
        for _ in range(_TRIES):
            self._refresh()
            if key in self._by_key:
                return self._by_key[key]
            reason = unless(self._records) if unless else None
            if reason:
                raise ConflictError.at(
                    str(self.location), reason, "an unchanged state", "look at the ledger, then run the step again"
                )
            record = self._draft(kind, key, plain, actor)
            if create_if_absent(self.location / _name(record.number), _encoded(record)):
                self._take(record)
                self._checkpoint(record.number)
                return record
        raise ConflictError.at(
            str(self.location), f"{_TRIES} records were written by others first", "a free moment", "run the step again"
        )

    def verify(self) -> int:
        """Read every record anew and return their number.

        Raises
        ------
        LedgerError
            Naming the first record whose content or place was changed.
        """
        fresh = Ledger(self.location, self._stamp, self._clock)
        for name in list_names(self.location):
            if name.endswith(".json"):
                fresh._take(_decoded(read_bytes(self.location / name), f"{self.location}/{name}"))
        return len(fresh._records)

    def check(self) -> int:
        """Return the number of records, after looking whether any that a checkpoint covers was changed or removed since.

        Raises
        ------
        LedgerError
            Naming the first record whose content or place was changed.

        Notes
        -----
        Cheap enough for every night: records behind the newest checkpoint are held against its digests by `records`; of
        the others only those are read that changed after it was written, or are of another size. `verify` reads all.
        """
        self._refresh()
        names = list_names(self.location / "checkpoints")
        if names:
            self._check_covered(names[-1])
        return len(self._records)

    def _check_covered(self, checkpoint: str) -> None:
        """Refuse records that are not as the checkpoint has them."""
        written = list_written(self.location)
        _, until = list_written(self.location / "checkpoints")[checkpoint]
        for number, line in enumerate(read_bytes(self.location / "checkpoints" / checkpoint).splitlines()):
            place = self.location / _name(number)
            size, changed = written.get(place.name, (-1, 0.0))
            if size == len(line) and changed <= until:
                continue
            raw = read_if_present(place)
            if raw is None:
                raise LedgerError.at(
                    str(place), "is missing", f"every record up to {_name(len(self._records) - 1)}", _TODO
                )
            if raw != line:
                raise _changed(str(place))

    def _draft(self, kind: str, key: str, body: Mapping[str, Any], actor: str | None) -> Record:
        record = Record(
            number=len(self._records),
            kind=kind,
            key=key,
            body=body,
            actor=actor or self._stamp.actor,
            environment=self._stamp.environment,
            code_version=self._stamp.code_version,
            at=self._clock().isoformat(timespec="microseconds"),
            commit=uuid.uuid4().hex,
            previous=self._records[-1].digest if self._records else _GENESIS,
            digest="",
        )
        return Record(**{**record.__dict__, "digest": _digest(record)})

    def _take(self, record: Record) -> None:
        where = f"{self.location}/{_name(record.number)}"
        before = self._records[-1].digest if self._records else _GENESIS
        if record.number != len(self._records) or record.previous != before:
            raise LedgerError.at(
                where,
                "does not follow the record before it",
                "an unbroken chain",
                "restore the ledger's folder from a copy",
            )
        if record.digest != _digest(record):
            raise _changed(where)
        self._records.append(record)
        self._by_key[record.key] = record

    def _refresh(self) -> None:
        """Take what others have written since; one read a record, a checkpoint for many at once."""
        if not self._records:
            self._load_checkpoint()
        self._read_on()
        if not self._whole:
            self._look_for_gap()
            self._whole = True

    def _look_for_gap(self) -> None:
        """Refuse a ledger that goes on behind a missing record: the next record would be written into the gap."""
        newest = max((name for name in list_names(self.location) if name.endswith(".json")), default="")
        self._read_on()
        missing = _name(len(self._records))
        if newest > missing:
            raise LedgerError.at(f"{self.location}/{missing}", "is missing", f"every record up to {newest}", _TODO)

    def _read_on(self) -> None:
        while True:
            raw = read_if_present(self.location / _name(len(self._records)))
            if raw is None:
                return
            self._take(_decoded(raw, f"{self.location}/{_name(len(self._records))}"))

    def _load_checkpoint(self) -> None:
        names = list_names(self.location / "checkpoints")
        if not names:
            return
        for line in read_bytes(self.location / "checkpoints" / names[-1]).splitlines():
            self._take(_decoded(line, f"{self.location}/checkpoints/{names[-1]}"))

    def _checkpoint(self, number: int) -> None:
        if (number + 1) % _CHECKPOINT_EVERY == 0:
            lines = b"\n".join(_encoded(record) for record in self._records)
            create_if_absent(self.location / "checkpoints" / f"{number + 1:010d}.jsonl", lines)


def _changed(where: str) -> LedgerError:
    return LedgerError.at(where, "was changed after it was written", "its own digest", "restore the record from a copy")


class _Past(Ledger):
    """A ledger that neither grows nor is written to."""

    def append(self, kind: str, key: str, body: Mapping[str, Any], **_: Any) -> Record:
        """Refuse to write.

        Raises
        ------
        LedgerError
            Always.
        """
        raise LedgerError.at(
            f"{self.location}, {kind} {key}",
            "would be written into the past",
            "a record that is there",
            "append to the ledger itself",
        )

    def _refresh(self) -> None:
        return


def _name(number: int) -> str:
    return f"{number:010d}.json"


def _encoded(record: Record) -> bytes:
    return json.dumps(record.as_json(), sort_keys=True, separators=(",", ":")).encode()


def _decoded(raw: bytes, where: str) -> Record:
    try:
        return Record(**json.loads(raw))
    except (ValueError, TypeError) as error:
        raise LedgerError.at(
            where, "is not a record of a ledger", "JSON as it was written", "restore it from a copy"
        ) from error


def _digest(record: Record) -> str:
    content = {name: value for name, value in record.as_json().items() if name != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
