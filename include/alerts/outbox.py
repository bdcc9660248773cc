"""The outbox: messages are put once, and sent by whoever passes next, until they are sent or too old.

Under one place lie ``pending/`` (messages), ``claims/`` (who is sending, until when), ``settled/`` (what became of each),
``threads/`` (Slack's time stamp of a night's first message) and ``pause`` (nothing is tried before then). All are single
objects (`include.storage.objects`), so that it works on a disk and on S3, from many tasks at once.

Delivery is at least once: a message goes out twice only when a sender dies between Slack's answer and the record of it, or
answers later than its claim lasts.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from include.alerts.delivery import Delivery, Flushed, Limits, Outcome, read_message
from include.alerts.message import Message
from include.alerts.senders import Receipt
from include.storage.objects import create_if_absent, exists, list_names, read_if_present

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from include.alerts.senders import Sender
    from include.storage.locations import Location

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settled:
    """What became of a message."""

    message: Message | None
    outcome: Outcome
    at: datetime
    receipt: Receipt | None = None
    reason: str = ""


def put(location: Location, message: Message, secrets: Iterable[str] = ()) -> bool:
    """Keep a message for sending, unless one of its key was kept before.

    Parameters
    ----------
    location : Location
        The outbox.
    message : Message
    secrets : iterable of str, optional
        Values that must not leave the installation; what has the shape of a secret is hidden anyway.

    Returns
    -------
    bool
        True when it is new; False when one of its key is waiting or was settled: nothing is sent then.
    """
    if exists(location / "settled" / message.name):
        return False
    return create_if_absent(location / "pending" / message.name, message.redacted(secrets).as_bytes())


def flush(
    location: Location,
    sender: Sender,
    clock: Callable[[], datetime],
    *,
    limits: Limits | None = None,
    timer: Callable[[], float] = time.monotonic,
) -> Flushed:
    """Send what waits, and never raise: a night does not fail because Slack does.

    Parameters
    ----------
    location : Location
        The outbox.
    sender : Sender
        Slack, a webhook or files (`include.alerts.connect.sender_of` chooses).
    clock : callable
        Returns the present instant with a zone.
    limits : Limits, optional
    timer : callable, optional
        Seconds of a clock that only goes forward.

    Returns
    -------
    Flushed
        Its `sentence` is logged.

    Notes
    -----
    When Slack is down, throttles or refuses the token, the rest is left alone and a pause is noted, so that later steps
    do not wait for it again; the pause doubles up to 15 minutes (or is Slack's Retry-After). When Slack refuses one
    message (no such channel), the others go on.
    """
    done = Flushed()
    try:
        Delivery(location, sender, clock, limits or Limits(), timer, done).run()
    except Exception as error:
        # The promise of this function: whatever is wrong with the outbox itself is said, not raised.
        done.pending = max(done.pending, 1)
        done.reason = f"the outbox cannot be used ({type(error).__name__}: {str(error)[:200]})"
        log.warning("Messages: %s", done.sentence, exc_info=True)
        return done
    if done.sentence:
        log.log(logging.WARNING if done.pending or done.given_up else logging.INFO, "Messages: %s", done.sentence)
    return done


def waiting(location: Location) -> list[Message]:
    """Return the messages that are not settled, oldest first (those that cannot be read are left out)."""
    found = [read_message(location, name) for name in list_names(location / "pending")]
    return sorted((m for m in found if isinstance(m, Message)), key=lambda message: (message.at, message.key))


def settled(location: Location) -> list[Settled]:
    """Return what became of all earlier messages, in the order of their settling."""
    found = []
    for name in list_names(location / "settled"):
        body = json.loads(read_if_present(location / "settled" / name) or b"null")
        if body:
            message = Message.from_json(body["message"]) if body["message"] else None
            receipt = Receipt(**body["receipt"]) if body["receipt"] else None
            found.append(Settled(message, body["outcome"], datetime.fromisoformat(body["at"]), receipt, body["reason"]))
    return sorted(found, key=lambda item: item.at)
