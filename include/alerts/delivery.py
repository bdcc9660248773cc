"""One delivery: what waits in the outbox is claimed, sent and settled, as far as Slack and the limits allow."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from include.alerts.claims import Claims
from include.alerts.message import Message, MessageError
from include.alerts.senders import SendError
from include.storage.objects import create_if_absent, exists, list_names, read_if_present, remove, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from include.alerts.claims import Claim
    from include.alerts.senders import Receipt, Sender
    from include.storage.locations import Location

log = logging.getLogger(__name__)
Outcome = Literal["sent", "given_up", "broken"]
_LONGEST_PAUSE_S = 900.0


@dataclass(frozen=True)
class Limits:
    """How much one flush may do.

    Attributes
    ----------
    per_channel : int
        Messages that one flush posts one by one to a channel; more of them go out as one list.
    list_length : int
        Messages in one such list.
    seconds : float
        No further message is begun after this time.
    give_up_after : timedelta
        A message that could not be sent for so long since its first try is recorded as given up.
    lease : timedelta
        How long a sender has a message to itself.
    """

    per_channel: int = 5
    list_length: int = 25
    seconds: float = 20.0
    give_up_after: timedelta = timedelta(days=3)
    lease: timedelta = timedelta(minutes=2)


@dataclass
class Flushed:
    """What a flush did: how many messages were sent, wait, or were given up; and why they wait."""

    sent: int = 0
    pending: int = 0
    given_up: int = 0
    reason: str = ""
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """Return what happened as a line for the log; empty when there was nothing to do."""
        parts = []
        if self.sent:
            ways = sorted({_way(receipt) for receipt in self.receipts})
            parts.append(f"{_messages(self.sent)} {', '.join(ways)}")
        if self.given_up:
            parts.append(f"{_messages(self.given_up)} given up")
        if self.pending:
            wait = "waits" if self.pending == 1 else "wait"
            parts.append(f"{_messages(self.pending)} {wait}" + (f": {self.reason}" if self.reason else ""))
        return "; ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """Return plain values for a task's result."""
        return asdict(self)


class Delivery:
    """One flush of an outbox, whose outcome is written into `done` as it goes."""

    def __init__(
        self,
        location: Location,
        sender: Sender,
        clock: Callable[[], datetime],
        limits: Limits,
        timer: Callable[[], float],
        done: Flushed,
    ) -> None:
        self.location, self.sender, self.clock, self.limits, self.done = location, sender, clock, limits, done
        self.claims = Claims(location / "claims", clock, limits.lease)
        self.timer, self.until = timer, timer() + limits.seconds
        self.stopped = False

    def run(self) -> None:
        """Send what can be sent; raises only what the storage raises."""
        names = list_names(self.location / "pending")
        if not names:
            return
        paused = _read_pause(self.location)
        if paused and self.clock() < datetime.fromisoformat(paused["until"]):
            self.done.pending, self.done.reason = len(names), f"{paused['reason']}; tried again after {paused['until']}"
            return
        for group in _by_channel(list(self._ready(names))):
            self._send_group(group)
        self.done.pending = len(list_names(self.location / "pending"))

    def _ready(self, names: Sequence[str]) -> Iterator[Message]:
        """Yield the messages that can be read; settle those that never can."""
        for name in names:
            found = read_message(self.location, name)
            if isinstance(found, Message):
                yield found
            elif found is not None:
                self._settle(name, None, "broken", reason=str(found))

    def _send_group(self, group: list[Message]) -> None:
        if len(group) <= self.limits.per_channel:
            for message in group:
                self._send([message])
            return
        for start in range(0, len(group), self.limits.list_length):
            self._send(group[start : start + self.limits.list_length])

    def _send(self, messages: Sequence[Message]) -> None:
        if self.stopped:
            return
        if self.timer() > self.until:
            self.stopped, self.done.reason = True, f"this step gives messages {self.limits.seconds:g} s"
            return
        mine = [(message, claim) for message in messages if (claim := self._claim(message))]
        if not mine:
            self.done.reason = self.done.reason or "another task is sending, or it is too soon to try again"
            return
        try:
            receipt = self._deliver([message for message, _ in mine])
        except SendError as error:
            self._failed(mine, error)
            return
        remove(self.location / "pause")
        for message, _ in mine:
            self._settle(message.name, message, "sent", receipt=receipt)
        self.done.sent += len(mine)
        self.done.receipts.append(receipt)

    def _claim(self, message: Message) -> Claim | None:
        """Take a message; clear it away when somebody settled it before this claim."""
        claim = self.claims.take(message.name)
        if claim and exists(self.location / "settled" / message.name):
            self._clear(message.name)
            return None
        return claim

    def _deliver(self, messages: Sequence[Message]) -> Receipt:
        if len(messages) > 1:
            return self.sender.send_many(messages)
        message = messages[0]
        if message.thread is None:
            return self.sender.send(message)
        place = self.location / "threads" / f"{message.thread}.{(message.channel or 'none').strip('#@')}"
        first = read_if_present(place)
        receipt = self.sender.send(message, first.decode() if first else None)
        if receipt.via == "slack" and first is None:
            create_if_absent(place, receipt.place.encode())
        return receipt

    def _failed(self, mine: Sequence[tuple[Message, Claim]], error: SendError) -> None:
        self.done.reason, now = str(error), self.clock()
        for message, claim in mine:
            if now - claim.first >= self.limits.give_up_after:
                self._settle(message.name, message, "given_up", reason=str(error))
                self.done.given_up += 1
                log.error("Message given up after %s: %s (%s)", self.limits.give_up_after, message.headline, error)
            else:
                self.claims.release(claim, wait_s=0.0 if error.everyone else error.pause_s, reason=str(error))
        if error.everyone:
            self.stopped = True
            _write_pause(self.location, now, error)

    def _settle(
        self, name: str, message: Message | None, outcome: Outcome, receipt: Receipt | None = None, reason: str = ""
    ) -> None:
        body = {
            "outcome": outcome,
            "at": self.clock().astimezone(UTC).isoformat(),
            "receipt": asdict(receipt) if receipt else None,
            "reason": reason,
            "message": message.as_json() if message else None,
        }
        create_if_absent(self.location / "settled" / name, json.dumps(body, sort_keys=True).encode())
        self._clear(name)

    def _clear(self, name: str) -> None:
        remove(self.location / "pending" / name)
        self.claims.clear(name)


def read_message(location: Location, name: str) -> Message | MessageError | None:
    """Return the message; the error of one that cannot be read; None for one that another task has just settled."""
    data = read_if_present(location / "pending" / name)
    if data is None:
        return None
    try:
        return Message.from_json(json.loads(data))
    except MessageError as error:
        return error
    except (ValueError, AttributeError) as error:
        return MessageError.at(f"outbox message {name}", f"cannot be read ({error})", "JSON")


def _by_channel(messages: Sequence[Message]) -> list[list[Message]]:
    groups: dict[str, list[Message]] = {}
    for message in sorted(messages, key=lambda message: (message.at, message.key)):
        groups.setdefault(message.channel or "", []).append(message)
    return list(groups.values())


def _read_pause(location: Location) -> dict[str, Any] | None:
    found = json.loads(read_if_present(location / "pause") or b"null")
    return found if isinstance(found, dict) else None


def _write_pause(location: Location, now: datetime, error: SendError) -> None:
    before = _read_pause(location) or {}
    count = int(before.get("count", 0)) + 1
    asked = (
        error.pause_s
        if error.exact
        else min(error.pause_s * 2 ** min(count - 1, 10), max(_LONGEST_PAUSE_S, error.pause_s))
    )
    until = (now + timedelta(seconds=asked)).astimezone(UTC).isoformat(timespec="seconds")
    replace(location / "pause", json.dumps({"until": until, "reason": str(error), "count": count}).encode())


def _way(receipt: Receipt) -> str:
    if receipt.via == "file":
        return f"written to {receipt.place.rsplit('/', 1)[0]}, since no Slack channel is connected for it"
    return "sent to Slack" + (" by webhook" if receipt.via == "webhook" else "")


def _messages(count: int) -> str:
    return f"{count} message" if count == 1 else f"{count} messages"
