"""Claims: who may send a message now. A claim is an object made once; the next one may be made when it has run out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.storage.objects import create_if_absent, list_names, read_if_present, remove, replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.storage.locations import Location

_LONGEST_WAIT_S = 3600.0


@dataclass(frozen=True)
class Claim:
    """The right to send a message: the n-th, and when the first was taken."""

    name: str
    number: int
    first: datetime
    taken: datetime

    @property
    def object_name(self) -> str:
        """Return the name of its object; later claims sort after earlier ones."""
        return f"{self.name}.{self.number:06d}"


class Claims:
    """The claims on the messages of one outbox.

    Parameters
    ----------
    location : Location
        Folder of the claims.
    clock : callable
        Returns the present instant with a zone.
    lease : timedelta
        How long a claim holds; one whose owner died runs out by itself.
    """

    def __init__(self, location: Location, clock: Callable[[], datetime], lease: timedelta) -> None:
        self.location, self.clock, self.lease = location, clock, lease
        self._names: list[str] | None = None

    def take(self, name: str) -> Claim | None:
        """Return the right to send a message, or None while somebody else has it or it is too soon to try again."""
        now = self.clock().astimezone(UTC)
        claim = Claim(name, 1, now, now)
        last = self._last(name)
        if last is not None:
            found = read_if_present(self.location / last)
            if found is None:  # settled since the names were listed
                return None
            body = json.loads(found)
            if now < datetime.fromisoformat(body["until"]):
                return None
            claim = Claim(name, int(last.rsplit(".", 1)[1]) + 1, datetime.fromisoformat(body["first"]), now)
        if not create_if_absent(self.location / claim.object_name, _body(claim, now + self.lease, "sending")):
            return None
        if last is not None:
            remove(self.location / last)
        return claim

    def release(self, claim: Claim, *, wait_s: float, reason: str) -> None:
        """Let the message be tried again after a while, which doubles with each try up to an hour."""
        wait = min(wait_s * 2 ** min(claim.number - 1, 10), max(wait_s, _LONGEST_WAIT_S))
        until = self.clock().astimezone(UTC) + timedelta(seconds=wait)
        replace(self.location / claim.object_name, _body(claim, until, reason))

    def clear(self, name: str) -> None:
        """Remove the claims on a message that is settled."""
        for found in list_names(self.location, after=f"{name}."):
            if not _is_of(found, name):
                break
            remove(self.location / found)

    def _last(self, name: str) -> str | None:
        if self._names is None:
            self._names = list_names(self.location)
        return max((found for found in self._names if _is_of(found, name)), default=None)


def _is_of(object_name: str, name: str) -> bool:
    return object_name.rpartition(".")[0] == name


def _body(claim: Claim, until: datetime, state: str) -> bytes:
    found = {"first": claim.first.isoformat(), "until": until.isoformat(), "state": state}
    return json.dumps(found).encode()
