"""docs/alerts.md says what the code does: its samples are real output, its numbers the code's."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

from include.alerts.delivery import Limits
from include.alerts.message import WORDS, Field, Kind, Link, Message
from include.alerts.slack import plain, render

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "alerts.md").read_text()
SAMPLE = Message(
    kind="blocked",
    severity="critical",
    title="partition blocked",
    text="The rows break their contract: 17.9 rows an hour; expected at least 25.",
    at=datetime(2013, 3, 9, 6, 5, tzinfo=UTC),
    dataset="flights",
    partition="2013-03-08",
    channel="#flights-data",
    owner="Flight operations data",
    impact="Nobody sees these rows; models that need them do not retrain.",
    todo=("correct the source", "`python -m include ingest flights --partition 2013-03-08`, or clear the ingest run"),
    fields=(Field("Rows", "431"), Field("Revision", "1")),
    links=(Link("Validation", "https://nightshift.example/reports/datasets/flights/2013-03-08.html"),),
    key="verdict/2013-03-08/1",
)


def block(language: str) -> str:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)[0]


def told_kinds() -> dict[str, str]:
    """Return the kinds of the table and their severities."""
    return dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|", PAGE, flags=re.MULTILINE))


def test_sample_file_is_real_output() -> None:
    assert block("text") == plain(SAMPLE)


def test_sample_payload_is_real_output() -> None:
    payload = render(SAMPLE)
    assert json.loads(block("json")) == {"text": payload.text, "blocks": list(payload.blocks)}


def test_every_kind_that_is_sent_is_told() -> None:
    rooms = (ROOT / "include" / "night", ROOT / "include" / "fleet")
    code = "".join(path.read_text() for room in rooms for path in room.glob("*.py"))
    sent = set(re.findall(r'kind="(\w+)"', code)) | set(re.findall(r'tell\(\s*project,\s*name,\s*"(\w+)"', code))
    assert sent & set(get_args(Kind)) == set(told_kinds())


def test_severities_are_the_words_messages_begin_with() -> None:
    assert {word for told in told_kinds().values() for word in told.split(", ")} <= set(WORDS.values())


def test_limits_are_the_codes() -> None:
    limits = Limits()
    assert limits.give_up_after == timedelta(days=3)
    assert f"More than {limits.per_channel} messages" in PAGE
    assert f"about {limits.seconds:g} seconds" in PAGE


def test_commands_exist() -> None:
    assert "NIGHTSHIFT_SLACK" in PAGE
    assert 'SLACK_CONNECTION = "nightshift_slack"' in (ROOT / "include" / "night" / "messages.py").read_text()
