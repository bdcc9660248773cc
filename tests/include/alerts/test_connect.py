from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from include.alerts.connect import check_connection, sender_of
from include.alerts.message import MessageError
from include.alerts.senders import FileSender
from include.alerts.slack_api import SlackSender, WebhookSender
from include.storage.locations import Location

from .conftest import HOOK, TOKEN, FakeSlack, message


@dataclass
class Connection:
    password: str | None = None
    host: str | None = None
    extra: Any = None


def test_no_connection_means_files(tmp_path: Path) -> None:
    assert isinstance(sender_of(None, Location.of(tmp_path)), FileSender)


def test_token_posts_to_channels(slack: FakeSlack, tmp_path: Path) -> None:
    sender = sender_of(Connection(TOKEN, f"{slack.url}/api/"), Location.of(tmp_path))
    assert sender.send(message()).via == "slack"
    assert sender.send_many([message(), message(key="b")]).via == "slack"
    assert slack.asked[0]["_auth"] == f"Bearer {TOKEN}"


def test_owners_without_a_channel_get_files(slack: FakeSlack, tmp_path: Path) -> None:
    sender = sender_of(Connection(TOKEN, f"{slack.url}/api/"), Location.of(tmp_path))
    assert sender.send(message(channel=None)).via == "file"
    assert sender.send_many([message(channel=None), message(channel=None, key="b")]).via == "file"
    assert slack.asked == []
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("extra", [{"base_url": "URL/api/"}, '{"extra__slack__base_url": "URL/api/"}'])
def test_base_url_may_stand_in_the_extra(slack: FakeSlack, tmp_path: Path, extra: Any) -> None:
    if isinstance(extra, str):
        found: Any = extra.replace("URL", slack.url)
    else:
        found = {name: value.replace("URL", slack.url) for name, value in extra.items()}
    assert sender_of(Connection(TOKEN, extra=found), Location.of(tmp_path)).send(message()).via == "slack"


@pytest.mark.parametrize(
    ("password", "host"), [("URL/services/HOOK", None), ("HOOK", "URL/services"), ("services/HOOK", "URL/services/")]
)
def test_webhook_is_known_by_its_form(slack: FakeSlack, tmp_path: Path, password: str, host: str | None) -> None:
    said = password.replace("URL", slack.url).replace("HOOK", HOOK)
    where = host.replace("URL", slack.url) if host else None
    assert sender_of(Connection(said, where), Location.of(tmp_path)).send(message()).via == "webhook"
    assert slack.asked[0]["_path"] == f"/services/{HOOK}"


def test_kinds_are_told_without_sending() -> None:
    assert isinstance(check_connection(Connection(TOKEN)), SlackSender)
    assert isinstance(check_connection(Connection(HOOK)), WebhookSender)


@pytest.mark.parametrize(
    ("connection", "text"),
    [
        (Connection(""), "Slack connection: its password is empty. Expected a bot token"),
        (Connection("canary-hunter2"), "its password is no token and no webhook"),
        (Connection(TOKEN, extra="{"), "its extra is not JSON"),
        (Connection(TOKEN, extra={"timeout": "soon"}), "timeout is 'soon'. Expected 1 to 60 seconds"),
    ],
)
def test_a_wrong_connection_says_what_is_wrong(connection: Connection, text: str) -> None:
    with pytest.raises(MessageError) as found:
        check_connection(connection)
    assert text in str(found.value)
    assert "canary" not in str(found.value)


def test_a_wrong_connection_falls_back_to_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert sender_of(Connection("canary"), Location.of(tmp_path)).send(message()).via == "file"
    assert "its password is no token and no webhook" in caplog.text
