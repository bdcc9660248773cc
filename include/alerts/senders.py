"""Ways for a message to reach people, and what they answer; the way to Slack itself is in `include.alerts.slack_api`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from include.alerts.slack import plain
from include.errors import NightshiftError
from include.storage.objects import create_if_absent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.alerts.message import Message
    from include.storage.locations import Location

LONGEST_PAUSE_S = 3600.0


class SendError(NightshiftError):
    """A message was not sent.

    Attributes
    ----------
    everyone : bool
        Whether other messages would fail likewise (Slack is down, is throttling, or refuses the token).
    pause_s : float
        Seconds to wait before the next try.
    exact : bool
        Whether Slack itself named that time.
    """

    def __init__(self, reason: str, *, everyone: bool = True, pause_s: float = 60.0, exact: bool = False) -> None:
        super().__init__(reason)
        self.everyone, self.exact = everyone, exact
        self.pause_s = min(pause_s, LONGEST_PAUSE_S)


@dataclass(frozen=True)
class Receipt:
    """Where a message went: ``slack``, ``webhook`` or ``file``; the channel, and Slack's time stamp or the file's place."""

    via: str
    channel: str = ""
    place: str = ""


class Sender(Protocol):
    """A way for messages to reach people."""

    def send(self, message: Message, thread: str | None = None) -> Receipt:
        """Send one message, as a reply when `thread` is a time stamp of Slack; raises `SendError`."""

    def send_many(self, messages: Sequence[Message]) -> Receipt:
        """Send many messages of one channel as one; raises `SendError`."""


class FileSender:
    """Writes each message into a text file of its own: what happens where no Slack is connected."""

    def __init__(self, folder: Location) -> None:
        self.folder = folder

    def send(self, message: Message, thread: str | None = None) -> Receipt:
        """Write the message; a second time of the same message changes nothing."""
        place = self.folder / f"{message.at:%Y%m%dT%H%M%SZ}-{message.name}.txt"
        create_if_absent(place, plain(message).encode())
        return Receipt("file", message.channel or "", str(place))

    def send_many(self, messages: Sequence[Message]) -> Receipt:
        """Write each into its own file."""
        receipts = [self.send(message) for message in messages]
        return Receipt("file", receipts[0].channel, str(self.folder))
