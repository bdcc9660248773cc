"""Which way messages go: chosen from an Airflow connection, or a file when there is none."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from include.alerts.message import MessageError
from include.alerts.senders import FileSender, Receipt, Sender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.alerts.message import Message
    from include.alerts.slack_api import SlackSender, WebhookSender
    from include.storage.locations import Location

log = logging.getLogger(__name__)
_TIMEOUT_S = 10
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

    def __init__(self, slack: Sender, files: FileSender) -> None:
        self._slack, self._files = slack, files

    def send(self, message: Message, thread: str | None = None) -> Receipt:
        return self._slack.send(message, thread) if message.channel else self._files.send(message)

    def send_many(self, messages: Sequence[Message]) -> Receipt:
        return self._slack.send_many(messages) if messages[0].channel else self._files.send_many(messages)


def sender_of(connection: SlackConnection | None, files: Location) -> Sender:
    """Return the way messages go, whatever the connection holds: a night does not fail because of it.

    Parameters
    ----------
    connection : SlackConnection or None
        A bot token posts to each owner's channel and answers in threads; a webhook posts to its one channel; None writes
        files.
    files : Location
        Folder for messages that have no channel, or all of them without a connection.

    Returns
    -------
    Sender
        The one for files, too, when the connection cannot be used; the log says why (`check_connection` raises it).
    """
    try:
        slack = None if connection is None else check_connection(connection)
    except MessageError as error:
        log.warning("Messages go to files in %s: %s", files, error)
        slack = None
    if slack is None:
        return FileSender(files)
    return _Routed(slack, FileSender(files)) if slack.needs_channel else slack


def check_connection(connection: SlackConnection) -> SlackSender | WebhookSender:
    """Return the way to Slack that a connection describes; nothing is sent.

    Raises
    ------
    MessageError
        When the connection holds neither a token nor a webhook. The text does not repeat what it holds.
    """
    # Here and not above: the library takes longer to import than most steps without a message last.
    from include.alerts.slack_api import API, HOOKS, SlackSender, WebhookSender

    secret, extra = (connection.password or "").strip(), _extra(connection.extra)
    host, timeout_s = (connection.host or "").strip(), _timeout(extra.get("timeout"))
    if secret.startswith(("xox", "xapp-")):
        return SlackSender(secret, base_url=str(extra.get("base_url") or host or API), timeout_s=timeout_s)
    if secret.startswith(("https://", "http://")):
        return WebhookSender(secret, timeout_s=timeout_s)
    if _HOOK_PATH.match(secret):
        base = (host if "://" in host else f"https://{host}" if host else HOOKS).rstrip("/")
        return WebhookSender(f"{base}/{secret.removeprefix('services/')}", timeout_s=timeout_s)
    found = "its password is no token and no webhook" if secret else "its password is empty"
    raise MessageError.at("Slack connection", found, _EXPECTED, "see docs/alerts.md")


def _timeout(value: object) -> int:
    text = str(value or _TIMEOUT_S)
    if not text.isdigit() or not 1 <= int(text) <= 60:
        raise MessageError.at("Slack connection", f"timeout is {text[:20]!r}", "1 to 60 seconds", "correct its extra")
    return int(text)


def _extra(found: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """Return the extra settings, also those that Airflow's form prefixed."""
    if isinstance(found, str):
        try:
            found = json.loads(found or "{}")
        except ValueError as error:
            raise MessageError.at("Slack connection", "its extra is not JSON", '{"base_url": "https://…"}') from error
    values = found if isinstance(found, Mapping) else {}
    return {re.sub(r"^extra__\w+?__", "", str(name)): value for name, value in values.items()}
