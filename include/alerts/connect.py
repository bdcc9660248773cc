"""Which way messages go: chosen from an Airflow connection, or a file when there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from include.alerts.message import MessageError
from include.alerts.senders import API, HOOKS, FileSender, Receipt, Sender, SlackSender, WebhookSender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.alerts.message import Message
    from include.storage.locations import Location

_HOOK_PATH = re.compile(r"^(?:services/)?T\w+/B\w+/\w+$")
_EXPECTED = "a bot token (xoxb-…), a webhook URL (https://hooks.slack.com/services/…) or its last part (T…/B…/…)"


class SlackConnection(Protocol):
    """What is read of an Airflow connection (of type slack, slackwebhook or generic)."""

    @property
    def password(self) -> str | None:
        """The bot token, the webhook's URL, or the last part of it."""

    @property
    def host(self) -> str | None:
        """Base URL, where it is not Slack's own."""

    @property
    def extra(self) -> Mapping[str, Any] | str | None:
        """Further settings: ``base_url``, ``timeout``."""


class _Routed:
    """Slack for those who named a channel, files for the others."""

    def __init__(self, slack: SlackSender, files: FileSender) -> None:
        self._slack, self._files = slack, files

    def send(self, message: Message, thread: str | None = None) -> Receipt:
        return self._slack.send(message, thread) if message.channel else self._files.send(message)

    def send_many(self, messages: Sequence[Message]) -> Receipt:
        return self._slack.send_many(messages) if messages[0].channel else self._files.send_many(messages)


def sender_of(connection: SlackConnection | None, files: Location) -> Sender:
    """Return the way messages go.

    Parameters
    ----------
    connection : SlackConnection or None
        A bot token posts to each owner's channel and answers in threads; a webhook posts to its one channel; None writes
        files.
    files : Location
        Folder for messages that have no channel, or all of them without a connection.

    Raises
    ------
    MessageError
        When the connection holds neither a token nor a webhook. The text does not repeat what it holds.
    """
    if connection is None:
        return FileSender(files)
    secret, extra = (connection.password or "").strip(), _extra(connection.extra)
    host = (connection.host or "").strip()
    timeout_s = int(extra.get("timeout") or 10)
    if secret.startswith(("xox", "xapp-")):
        base = str(extra.get("base_url") or host or API)
        return _Routed(SlackSender(secret, base_url=base, timeout_s=timeout_s), FileSender(files))
    if secret.startswith(("https://", "http://")):
        return WebhookSender(secret, timeout_s=timeout_s)
    if _HOOK_PATH.match(secret):
        base = (host if "://" in host else f"https://{host}" if host else HOOKS).rstrip("/")
        path = secret.removeprefix("services/")
        return WebhookSender(f"{base}/{path}", timeout_s=timeout_s)
    raise MessageError.at(
        "Slack connection",
        "its password is empty" if not secret else "its password is no token and no webhook",
        _EXPECTED,
        "see docs/alerts.md",
    )


def _extra(found: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """Return the extra settings, also those that Airflow's form prefixed."""
    if isinstance(found, str):
        try:
            found = json.loads(found or "{}")
        except ValueError as error:
            raise MessageError.at("Slack connection", "its extra is not JSON", '{"base_url": "https://…"}') from error
    values = found if isinstance(found, Mapping) else {}
    return {re.sub(r"^extra__\w+?__", "", str(name)): value for name, value in values.items()}
