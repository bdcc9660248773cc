from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.alerts.message import Field, Link, Message, MessageError

from .conftest import message


def test_reads_back_what_it_wrote() -> None:
    found = message()
    assert Message.from_json(json.loads(found.as_bytes())) == found


def test_headline_begins_with_the_severity() -> None:
    assert message().headline == "Critical: data blocked · flights 2013-03-08"
    assert message(severity="info").headline.startswith("For information: ")


def test_key_names_kind_subject_and_partition() -> None:
    assert message().key == "blocked/flights/2013-03-08"


def test_key_without_a_partition_names_the_day() -> None:
    assert message(kind="digest", dataset=None, partition=None).key == "digest/platform/2013-03-09"


def test_names_differ_when_keys_differ() -> None:
    assert message(key="a/b").name != message(key="a/c").name


@given(st.text(min_size=1, max_size=300))
def test_name_is_safe_in_a_path(partition: str) -> None:
    name = message(partition=partition, key="").name
    assert "/" not in name
    assert "\\" not in name
    assert not name.startswith(".")
    assert len(name) < 255


def test_night_of_a_model_has_a_thread() -> None:
    found = message(dataset=None, model="flight_delay")
    assert found.thread == "model-flight_delay-2013-03-08"
    assert message(partition=None).thread is None


def test_models_and_datasets_of_one_name_have_their_own_threads() -> None:
    assert message(dataset=None, model="flights").thread != message().thread


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"kind": "party"}, "kind 'party' is not known. Expected one of blocked, deadline, failed"),
        ({"severity": "loud"}, "severity 'loud' is not known. Expected one of info, warn, critical, resolved."),
        ({"model": "m"}, "names a model and a dataset. Expected one subject."),
        ({"at": datetime(2013, 3, 9)}, "its time has no zone. Expected an instant in UTC."),  # noqa: DTZ001
    ],
)
def test_refuses_what_is_no_message(changes: dict[str, object], text: str) -> None:
    with pytest.raises(MessageError, match=text):
        message(**changes)


@pytest.mark.parametrize(
    "body", [{}, {"schema": 2}, {"schema": 1, "kind": "blocked"}, {**message().as_json(), "colour": "red"}]
)
def test_refuses_to_read_what_it_did_not_write(body: dict[str, object]) -> None:
    with pytest.raises(MessageError, match="outbox: a "):
        Message.from_json(body)


def test_time_is_written_in_utc() -> None:
    local = datetime(2013, 3, 9, 1, 5, tzinfo=timezone(timedelta(hours=-5)))
    assert message(at=local).as_json()["at"] == "2013-03-09T06:05:00+00:00"
    assert Message.from_json(message(at=local).as_json()).at == datetime(2013, 3, 9, 6, 5, tzinfo=UTC)


def test_redacts_every_text_of_it() -> None:
    leak = "pg://u:canary@h, canary2"
    found = message(
        title=leak,
        text=leak,
        why=leak,
        impact=leak,
        todo=(leak,),
        fields=(Field("Source", leak), Field("token", "canary")),
        links=(Link(leak, "https://user:canary@host/x"),),
    ).redacted(["canary2"])
    assert b"canary" not in found.as_bytes()
    assert found.fields[1].value == "[hidden]"


def test_redaction_keeps_the_key() -> None:
    assert message(text="password=x1234").redacted().name == message().name
