from __future__ import annotations

import json
import logging
import socket
import time
from typing import Any

import pytest

from include.alerts.senders import Receipt, SendError
from include.alerts.slack_api import SlackSender, WebhookSender

from .conftest import HOOK, TOKEN, Answer, FakeSlack, message, refusal


def api(slack: FakeSlack, **settings: Any) -> SlackSender:
    return SlackSender(TOKEN, base_url=f"{slack.url}/api/", **{"timeout_s": 2, "patience_s": 0.05, **settings})


def hook(slack: FakeSlack, **settings: Any) -> WebhookSender:
    return WebhookSender(f"{slack.url}/services/{HOOK}", **{"timeout_s": 2, "patience_s": 0.05, **settings})


def unused_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_posts_blocks_to_the_owners_channel(slack: FakeSlack) -> None:
    receipt = api(slack).send(message())
    assert receipt == Receipt("slack", "Cflights", "1700000000.000001")
    asked = slack.asked[0]
    assert asked["_path"] == "/api/chat.postMessage"
    assert asked["_auth"] == f"Bearer {TOKEN}"
    assert asked["channel"] == "#flights"
    assert asked["text"].startswith("Critical: data blocked · flights 2013-03-08.")
    assert [block["type"] for block in asked["blocks"]][:2] == ["header", "section"]
    assert asked["unfurl_links"] is False


def test_replies_in_a_thread_when_told_its_time_stamp(slack: FakeSlack) -> None:
    api(slack).send(message(severity="info"), "1699.1")
    assert (slack.asked[0]["thread_ts"], slack.asked[0]["reply_broadcast"]) == ("1699.1", False)


def test_critical_replies_are_shown_in_the_channel(slack: FakeSlack) -> None:
    api(slack).send(message(), "1699.1")
    assert slack.asked[0]["reply_broadcast"] is True


def test_many_messages_are_posted_as_one(slack: FakeSlack) -> None:
    api(slack).send_many([message(key=str(i)) for i in range(7)])
    assert slack.texts == ["Critical: 7 messages at once. Critical: data blocked · flights 2013-03-08"]


def test_webhook_posts_without_naming_a_channel(slack: FakeSlack) -> None:
    assert hook(slack).send(message(channel=None)) == Receipt("webhook")
    assert slack.asked[0]["_path"] == f"/services/{HOOK}"
    assert "channel" not in slack.asked[0]


def test_short_retry_after_is_waited_for(slack: FakeSlack) -> None:
    slack.planned = [Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "0"})]
    assert api(slack, patience_s=2.0).send(message()).via == "slack"
    assert len(slack.asked) == 2


@pytest.mark.parametrize("make", [api, hook])
def test_long_retry_after_is_left_to_the_outbox(slack: FakeSlack, make: Any) -> None:
    slack.always = Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "77"})
    begun = time.monotonic()
    with pytest.raises(SendError, match=r"Slack asks to slow down \(429, again in 77 s\)") as found:
        make(slack).send(message())
    assert time.monotonic() - begun < 1
    assert len(slack.asked) == 1
    assert (found.value.pause_s, found.value.exact, found.value.everyone) == (77.0, True, True)


def test_retry_after_without_a_number_means_a_minute(slack: FakeSlack) -> None:
    slack.always = Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "soon"})
    with pytest.raises(SendError) as found:
        api(slack).send(message())
    assert found.value.pause_s == 60.0


@pytest.mark.parametrize("make", [api, hook])
@pytest.mark.parametrize("status", [500, 503])
def test_a_failing_slack_is_tried_twice(slack: FakeSlack, make: Any, status: int) -> None:
    slack.always = Answer(status, "upstream failed")
    with pytest.raises(SendError, match=rf"Slack has a failure of its own \({status}\)") as found:
        make(slack).send(message())
    assert len(slack.asked) == 2
    assert found.value.everyone


@pytest.mark.parametrize("make", [api, hook])
def test_one_failure_of_slack_is_overcome(slack: FakeSlack, make: Any) -> None:
    slack.planned = [Answer(500, "once")]
    make(slack).send(message())
    assert len(slack.asked) == 2


@pytest.mark.parametrize("kind", ["api", "hook"])
def test_refused_connections_are_an_error_of_ours(kind: str) -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    sender = SlackSender(TOKEN, base_url=url) if kind == "api" else WebhookSender(f"{url}/services/{HOOK}")
    with pytest.raises(SendError, match="Slack cannot be reached") as found:
        sender.send(message())
    assert found.value.everyone
    assert HOOK not in str(found.value)
    assert TOKEN not in str(found.value)


@pytest.mark.parametrize("make", [api, hook])
def test_a_hanging_slack_costs_one_timeout(slack: FakeSlack, make: Any) -> None:
    slack.always = Answer(hang=10)
    begun = time.monotonic()
    with pytest.raises(SendError, match="Slack cannot be reached"):
        make(slack, timeout_s=1).send(message())
    assert 0.9 < time.monotonic() - begun < 2.5


def test_an_answer_that_is_no_json_is_an_error_of_ours(slack: FakeSlack) -> None:
    slack.always = Answer(200, "<html>maintenance</html>")
    with pytest.raises(SendError):
        api(slack).send(message())


@pytest.mark.parametrize("word", ["invalid_auth", "token_revoked", "account_inactive", "missing_scope"])
def test_a_refused_token_stops_everyone(slack: FakeSlack, word: str) -> None:
    slack.always = refusal(word)
    with pytest.raises(SendError, match=f"Slack refuses the connection \\({word}\\)") as found:
        api(slack).send(message())
    assert found.value.everyone
    assert len(slack.asked) == 1


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("channel_not_found", "invite the app to the channel, or correct owner.slack in the YAML file"),
        ("not_in_channel", r"invite the app to the channel \(/invite\)"),
        ("is_archived", "name another channel as owner.slack in the YAML file"),
        ("something_new", "see https://docs.slack.dev/reference/methods/chat.postMessage"),
    ],
)
def test_a_refused_channel_stops_only_its_message(slack: FakeSlack, word: str, advice: str) -> None:
    slack.always = refusal(word)
    with pytest.raises(SendError, match=f"Slack refuses the message for #flights \\({word}\\); {advice}") as found:
        api(slack).send(message())
    assert not found.value.everyone


def test_refused_blocks_are_sent_again_as_text(slack: FakeSlack) -> None:
    slack.planned = [refusal("invalid_blocks")]
    assert api(slack).send(message()).via == "slack"
    assert ["blocks" in body and bool(body["blocks"]) for body in slack.asked] == [True, False]


def test_webhook_that_is_gone_stops_everyone(slack: FakeSlack) -> None:
    slack.always = Answer(404, "no_service")
    with pytest.raises(SendError, match=r"Slack refuses the connection \(no_service\)") as found:
        hook(slack).send(message())
    assert found.value.everyone


def test_a_message_without_a_channel_is_refused_unsent(slack: FakeSlack) -> None:
    with pytest.raises(SendError, match="no Slack channel is named for it"):
        api(slack).send(message(channel=None))
    assert slack.asked == []


@pytest.mark.parametrize("make", [api, hook])
def test_the_library_never_logs_the_secrets(slack: FakeSlack, make: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    slack.planned = [Answer(500, "a"), Answer(500, "b"), Answer(hang=5)]
    for _ in range(2):
        with pytest.raises(SendError):
            make(slack, timeout_s=1).send(message())
    assert "canary" not in caplog.text


def test_receipts_are_plain(slack: FakeSlack) -> None:
    assert json.loads(json.dumps(api(slack).send(message()).__dict__))["channel"] == "Cflights"
