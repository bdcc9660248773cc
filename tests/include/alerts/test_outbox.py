from __future__ import annotations

import logging
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from include.alerts.connect import sender_of
from include.alerts.delivery import Limits
from include.alerts.message import Message
from include.alerts.outbox import flush, put, settled, waiting
from include.alerts.senders import FileSender, Receipt, SendError
from include.alerts.slack_api import SlackSender
from include.errors import StorageError
from include.storage.locations import Location
from include.storage.objects import create_if_absent, list_names

from .conftest import HOOK, TOKEN, Answer, Clock, FakeSlack, message, refusal


def api(slack: FakeSlack) -> SlackSender:
    return SlackSender(TOKEN, base_url=f"{slack.url}/api/", timeout_s=1, patience_s=0.0)


def model(**changes: Any) -> Message:
    return message(**{"dataset": None, "model": "flight_delay", "kind": "gate", "severity": "info", **changes})


def test_a_message_of_one_key_is_kept_once(outbox: Location) -> None:
    assert put(outbox, message()) is True
    assert put(outbox, message(text="The same, told again.")) is False
    assert [found.text for found in waiting(outbox)] == ["Two rules of the contract are broken."]


def test_a_settled_message_is_not_kept_again(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    put(outbox, message())
    flush(outbox, api(slack), clock)
    assert put(outbox, message()) is False
    assert flush(outbox, api(slack), clock).sent == 0
    assert len(slack.asked) == 1


def test_flush_sends_and_says_so(
    outbox: Location, clock: Clock, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "include.alerts")
    put(outbox, message())
    done = flush(outbox, api(slack), clock)
    assert (done.sent, done.pending, done.given_up, done.reason) == (1, 0, 0, "")
    assert caplog.messages == ["Messages: 1 message sent to Slack"]
    assert [(item.outcome, item.at, item.message) for item in settled(outbox)] == [("sent", clock.now, message())]
    assert list_names(outbox / "pending") == list_names(outbox / "claims") == []


def test_an_empty_outbox_costs_nothing(outbox: Location, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert flush(outbox, FileSender(outbox), clock).sentence == ""
    assert caplog.messages == []
    assert not outbox.path.exists()


def test_messages_of_a_night_share_a_thread(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    put(outbox, model(key="gate", at=clock.now))
    flush(outbox, api(slack), clock)
    put(outbox, model(kind="promotion", key="promotion", at=clock.now + timedelta(seconds=1)))
    put(outbox, model(kind="gate", key="next night", partition="2013-03-09", at=clock.now + timedelta(seconds=2)))
    flush(outbox, api(slack), clock)
    assert [body.get("thread_ts") for body in slack.asked] == [None, "1700000000.000001", None]


def test_threads_are_kept_apart_by_channel(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    put(outbox, model(key="a", channel="#one"))
    put(outbox, model(key="b", channel="#two"))
    flush(outbox, api(slack), clock)
    assert [body.get("thread_ts") for body in slack.asked] == [None, None]


def test_oldest_messages_go_first(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    for minutes in (3, 1, 2):
        put(outbox, model(key=f"{minutes}", title=f"number {minutes}", at=clock.now + timedelta(minutes=minutes)))
    flush(outbox, api(slack), clock)
    assert [text.split(" ·")[0] for text in slack.texts] == [f"For information: number {n}" for n in (1, 2, 3)]


def test_throttled_flush_stops_and_waits_as_told(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    for i in range(3):
        put(outbox, model(key=str(i)))
    slack.always = Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "40"})
    done = flush(outbox, api(slack), clock)
    assert (done.sent, done.pending, done.given_up) == (0, 3, 0)
    assert done.sentence == "3 messages wait: Slack asks to slow down (429, again in 40 s)"
    assert len(slack.asked) == 1

    slack.always = None
    clock.pass_(seconds=39)
    again = flush(outbox, api(slack), clock)
    assert (again.pending, len(slack.asked)) == (3, 1)
    assert again.reason.endswith("tried again after 2013-03-09T07:00:40+00:00")

    clock.pass_(seconds=1)
    assert flush(outbox, api(slack), clock).sent == 3


@pytest.mark.parametrize(
    "answer",
    [Answer(500, "x"), Answer(hang=5), Answer(200, "no json"), refusal("invalid_auth"), refusal("fatal_error")],
)
def test_whatever_slack_does_nothing_is_raised_or_lost(
    outbox: Location, clock: Clock, slack: FakeSlack, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    put(outbox, message())
    slack.always = answer
    done = flush(outbox, api(slack), clock)
    assert (done.sent, done.pending) == (0, 1)
    assert done.reason.startswith("Slack ")
    assert "canary" not in caplog.text + done.reason
    slack.always = None
    slack.gone.set()
    clock.pass_(minutes=10)
    assert flush(outbox, api(slack), clock).sent == 1
    assert slack.texts[-1] == slack.texts[0]


def test_refused_connections_are_told_not_raised(outbox: Location, clock: Clock) -> None:
    put(outbox, message())
    done = flush(outbox, SlackSender(TOKEN, base_url="http://127.0.0.1:9/"), clock)
    assert done.pending == 1
    assert done.reason.startswith("Slack cannot be reached (URLError")


def test_a_dead_slack_costs_one_try_a_pause(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    slack.always = refusal("fatal_error")
    put(outbox, message())
    tries = []
    for minute in range(46):
        before = len(slack.asked)
        flush(outbox, api(slack), clock)
        tries += [minute] if len(slack.asked) > before else []
        clock.pass_(minutes=1)
    assert tries == [0, 1, 3, 7, 15, 30, 45]


def test_one_refused_message_does_not_hold_the_others(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    put(outbox, model(key="a", at=clock.now, channel="#gone"))
    put(outbox, model(key="b", at=clock.now + timedelta(seconds=1)))
    slack.planned = [refusal("channel_not_found")]
    done = flush(outbox, api(slack), clock)
    assert (done.sent, done.pending) == (1, 1)
    assert "refuses the message for #gone (channel_not_found)" in done.sentence
    assert flush(outbox, api(slack), clock).sent == 0
    clock.pass_(minutes=10)
    assert flush(outbox, api(slack), clock).sent == 1


def test_too_old_messages_are_given_up_with_a_record(
    outbox: Location, clock: Clock, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    put(outbox, message())
    slack.always = refusal("channel_not_found")
    given_up = 0
    for _ in range(14):
        given_up += flush(outbox, api(slack), clock).given_up
        clock.pass_(hours=6)
    assert given_up == 1
    assert "Message given up after 3 days, 0:00:00: Critical: data blocked" in caplog.text
    (record,) = settled(outbox)
    assert (record.outcome, record.message) == ("given_up", message())
    assert record.reason.startswith("Slack refuses the message for #flights (channel_not_found)")
    assert waiting(outbox) == []
    assert put(outbox, message()) is False


def test_an_old_message_is_tried_before_it_is_given_up(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    put(outbox, message())
    clock.pass_(days=400)
    assert flush(outbox, api(slack), clock).sent == 1


def test_many_messages_of_a_channel_become_one(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    for i in range(31):
        put(outbox, message(key=str(i)))
    put(outbox, message(key="other", channel="#quiet"))
    done = flush(outbox, api(slack), clock)
    assert (done.sent, done.pending) == (32, 0)
    assert [body["channel"] for body in slack.asked] == ["#flights", "#flights", "#quiet"]
    assert slack.texts[0].startswith("Critical: 25 messages at once.")


def test_a_flush_begins_nothing_after_its_time(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    for i in range(4):
        put(outbox, message(key=str(i)))
    seconds = iter([0.0, 1.0, 21.0])
    done = flush(outbox, api(slack), clock, timer=lambda: next(seconds))
    assert (done.sent, done.pending) == (1, 3)
    assert done.reason == "this step gives messages 20 s"


def test_without_a_connection_the_log_names_the_folder(
    outbox: Location, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "include.alerts")
    put(outbox, message())
    flush(outbox, sender_of(None, Location.of(tmp_path / "messages")), clock)
    assert caplog.messages == [
        f"Messages: 1 message written to {tmp_path}/messages, since no Slack channel is connected for it"
    ]
    assert len(list((tmp_path / "messages").iterdir())) == 1


def test_secrets_never_reach_the_store_or_slack(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    leak = f"pg://etl:canary1@db; token=canary2; {TOKEN}; {HOOK}; plain-canary3"
    put(outbox, message(text=leak, why=leak, todo=(leak,)), secrets=["plain-canary3"])
    stored = b"".join(path.read_bytes() for path in outbox.path.rglob("*") if path.is_file())
    flush(outbox, api(slack), clock)
    slack.asked[0].pop("_auth")
    assert b"canary" not in stored
    assert "canary" not in str(slack.asked)


def test_a_broken_message_is_settled_not_retried(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    create_if_absent(outbox / "pending" / "junk", b"{")
    create_if_absent(outbox / "pending" / "newer", b'{"schema": 9}')
    put(outbox, message())
    done = flush(outbox, api(slack), clock)
    assert (done.sent, done.pending) == (1, 0)
    assert sorted(item.outcome for item in settled(outbox)) == ["broken", "broken", "sent"]
    assert waiting(outbox) == []


def test_a_broken_store_is_told_not_raised(
    outbox: Location, clock: Clock, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise StorageError("the disk is gone")

    put(outbox, message())
    monkeypatch.setattr("include.alerts.delivery.list_names", fail)
    done = flush(outbox, api(slack), clock)
    assert done.reason == "the outbox cannot be used (StorageError: the disk is gone)"
    assert done.pending == 1
    assert "the disk is gone" in caplog.text


class Dying:
    """Delivers, then dies before it can say so."""

    def __init__(self, sender: SlackSender) -> None:
        self.sender = sender

    def send(self, message: Message, thread: str | None = None) -> Receipt:
        self.sender.send(message, thread)
        raise KeyboardInterrupt

    def send_many(self, messages: object) -> Receipt:
        raise AssertionError


def test_a_task_killed_while_sending_loses_nothing(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    put(outbox, message())
    with pytest.raises(KeyboardInterrupt):
        flush(outbox, Dying(api(slack)), clock)
    done = flush(outbox, api(slack), clock)
    assert (done.sent, done.pending, len(slack.asked)) == (0, 1, 1)
    assert done.reason == "another task is sending, or it is too soon to try again"
    clock.pass_(minutes=2)
    assert flush(outbox, api(slack), clock).sent == 1
    assert len(slack.asked) == 2


def test_a_task_killed_after_the_record_sends_nothing_twice(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    put(outbox, message())
    pending = (outbox / "pending" / message().name).path
    data = pending.read_bytes()
    flush(outbox, api(slack), clock)
    pending.write_bytes(data)
    flush(outbox, api(slack), clock)
    assert len(slack.asked) == 1
    assert waiting(outbox) == []


def test_tasks_flushing_at_once_send_each_message_once(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    for i in range(12):
        put(outbox, message(key=str(i), channel=f"#c{i}", partition=None))
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        flush(outbox, api(slack), clock)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(body["channel"] for body in slack.asked) == sorted(f"#c{i}" for i in range(12))
    assert len(settled(outbox)) == 12


class Refusing:
    """Refuses everything."""

    def send(self, message: Message, thread: str | None = None) -> Receipt:
        raise SendError("no")

    def send_many(self, messages: object) -> Receipt:
        raise SendError("no")


def test_a_bundle_that_fails_waits_whole(outbox: Location, clock: Clock) -> None:
    for i in range(9):
        put(outbox, message(key=str(i)))
    assert flush(outbox, Refusing(), clock).pending == 9


def test_limits_can_be_chosen(outbox: Location, clock: Clock, slack: FakeSlack) -> None:
    for i in range(2):
        put(outbox, message(key=str(i)))
    flush(outbox, api(slack), clock, limits=Limits(per_channel=1))
    assert len(slack.asked) == 1
