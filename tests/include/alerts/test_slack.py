from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.alerts.message import Field, Link
from include.alerts.slack import BLOCKS, FIELD, FIELDS, HEADER, SECTION, TOTAL, Payload, bundle, escape, plain, render

from .conftest import message

HOSTILE = "<!channel> <@U123> <https://evil.example|click> & *bold*"


def weight(payload: Payload) -> int:
    return sum(len(text["text"]) for block in payload.blocks for text in texts_of(block))


def texts_of(block: dict[str, Any]) -> list[dict[str, Any]]:
    return block.get("fields") or block.get("elements") or [block["text"]]


def assert_within_limits(payload: Payload) -> None:
    assert 1 <= len(payload.blocks) <= BLOCKS
    assert weight(payload) <= TOTAL
    assert 0 < len(payload.text) <= SECTION
    for block in payload.blocks:
        most = {"header": HEADER, "section": SECTION, "context": FIELD}[block["type"]]
        assert all(0 < len(text["text"]) <= most for text in texts_of(block))
        assert len(block.get("fields", [])) <= FIELDS
        assert all(len(text["text"]) <= FIELD for text in block.get("fields", []))


def test_says_what_why_impact_and_what_to_do() -> None:
    assert render(message()).blocks == (
        {
            "type": "header",
            "text": {"type": "plain_text", "text": "Critical: data blocked · flights 2013-03-08", "emoji": False},
        },
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "Two rules of the contract are broken.", "verbatim": True},
        },
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": "*Why*\n17.9 rows an hour came; at least 25 were expected.",
                "verbatim": True,
            },
        },
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": "*Impact*\nThe night of flight_delay scores what is there and does not retrain.",
                "verbatim": True,
            },
        },
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": "*What to do*\n1. Look at the source.\n"
                "2. Run `python -m include ingest flights --partition 2013-03-08`",
                "verbatim": True,
            },
        },
        {
            "type": "section",
            "fields": [
                {"type": "mrkdwn", "text": "*Rows*\n431", "verbatim": True},
                {"type": "mrkdwn", "text": "*Rules broken*\n2 of 31", "verbatim": True},
            ],
        },
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": "<https://nightshift.example/flights/2013-03-08.html|Report>",
                "verbatim": True,
            },
        },
        {
            "type": "context",
            "elements": [
                {
                    "type": "mrkdwn",
                    "text": "Flights team · 2013-03-09 06:05 UTC · Nightshift, blocked",
                    "verbatim": True,
                }
            ],
        },
    )


def test_fallback_text_has_headline_and_event() -> None:
    expected = "Critical: data blocked · flights 2013-03-08. Two rules of the contract are broken."
    assert render(message()).text == expected


def test_leaves_out_what_is_not_said() -> None:
    found = render(message(why="", impact="", todo=(), fields=(), links=()))
    assert [block["type"] for block in found.blocks] == ["header", "section", "context"]


def test_mentions_and_links_of_data_are_shown_literally() -> None:
    hostile = message(
        title=HOSTILE,
        text=HOSTILE,
        why=HOSTILE,
        todo=(HOSTILE,),
        owner=HOSTILE,
        fields=(Field(HOSTILE, HOSTILE),),
        links=(Link(HOSTILE, "https://safe.example"),),
    )
    found = render(hostile)
    marked = [t["text"] for block in found.blocks for t in texts_of(block) if t["type"] == "mrkdwn"]
    shown = "".join([found.text, *marked]).replace("<https://safe.example|", "")
    assert "<!" not in shown
    assert "<@" not in shown
    assert "<https://evil" not in shown
    assert "&lt;!channel&gt;" in shown


@pytest.mark.parametrize("href", ["javascript:alert(1)", "file:///etc/passwd", "/var/reports/x.html", "s3://b/x.html"])
def test_only_web_links_become_links(href: str) -> None:
    found = json.dumps(render(message(links=(Link("Report", href),))).blocks)
    assert f"<{href}" not in found
    assert f"Report: `{href}`" in found


def test_link_target_cannot_break_out() -> None:
    found = json.dumps(render(message(links=(Link("a|b", "https://x.example/a|b>c <!channel> d"),))).blocks)
    assert "<https://x.example/a%7Cb%3Ec%20%3C!channel%3E%20d|a/b>" in found


def test_escapes_control_and_direction_characters() -> None:
    assert escape("a\x00b\u202ec\u200bd\ne") == "abcd\ne"


def test_cuts_never_split_an_entity() -> None:
    found = render(message(text="&" * 5000)).blocks[1]["text"]["text"]
    assert found.endswith("&amp; …")
    assert len(found) <= SECTION


def test_long_lists_of_steps_keep_whole_steps() -> None:
    found = render(message(todo=tuple(f"step {n} " + "x" * 300 for n in range(40)))).blocks[4]["text"]["text"]
    assert found.endswith("x …")
    assert len(found) <= SECTION


def test_facts_go_before_words_when_it_is_too_long() -> None:
    long = "word " * 590
    found = render(
        message(why=long, impact=long, text=long, fields=tuple(Field(f"f{n}", "v" * 900) for n in range(40)))
    )
    assert_within_limits(found)
    assert sum(len(block.get("fields", [])) for block in found.blocks) == 0
    assert found.blocks[1]["text"]["text"] == long


@pytest.mark.parametrize("text", ["\x1f", " ", "\u200b\n"])
def test_a_text_of_which_nothing_can_be_shown_is_a_dash(text: str) -> None:
    assert render(message(text=text)).blocks[1]["text"]["text"] == "–"


texts = st.text(max_size=4000) | st.sampled_from([HOSTILE * 60, "&" * 3500, "<" * 3500])


@settings(max_examples=60, deadline=None)
@given(texts, texts, st.lists(texts, max_size=6), st.lists(st.tuples(texts, texts), max_size=60))
def test_any_message_fits_slack(text: str, why: str, todo: list[str], facts: list[tuple[str, str]]) -> None:
    found = message(
        text=text or "x",
        why=why,
        todo=tuple(todo),
        fields=tuple(Field(*fact) for fact in facts),
        links=tuple(Link(a, "https://x.example/" + b) for a, b in facts[:9]),
    )
    assert_within_limits(render(found))


def test_bundle_lists_the_worst_first() -> None:
    found = bundle([message(severity="info", title="gate"), message(severity="critical"), message(severity="warn")])
    assert found.blocks[0]["text"]["text"] == "Critical: 3 messages at once"
    lines = found.blocks[1]["text"]["text"].split("\n")
    assert [line.split(":")[0] for line in lines] == ["• *Critical", "• *Warning", "• *For information"]


@pytest.mark.parametrize("amount", [1, 6, 25, 300])
def test_bundle_of_any_size_fits_slack(amount: int) -> None:
    found = bundle([message(key=str(i), text="&" * 500, partition="p" * 200) for i in range(amount)])
    assert_within_limits(found)
    told = sum(text["text"].count("• *") for block in found.blocks[1:] for text in texts_of(block))
    rest = found.blocks[-1]["text"]["text"]
    assert told == amount or rest == f"… and {amount - told} more; the reports of the nights list them."


def test_plain_text_holds_everything() -> None:
    assert plain(message()) == (
        "Critical: data blocked · flights 2013-03-08\n"
        "\n"
        "Two rules of the contract are broken.\n"
        "\n"
        "Why: 17.9 rows an hour came; at least 25 were expected.\n"
        "\n"
        "Impact: The night of flight_delay scores what is there and does not retrain.\n"
        "\n"
        "What to do:\n"
        "  1. Look at the source.\n"
        "  2. Run `python -m include ingest flights --partition 2013-03-08`\n"
        "\n"
        "Rows: 431\n"
        "Rules broken: 2 of 31\n"
        "\n"
        "Report: https://nightshift.example/flights/2013-03-08.html\n"
        "\n"
        "To Flights team #flights · 2013-03-09 06:05 UTC · blocked/flights/2013-03-08\n"
    )


def test_steps_begin_with_a_capital() -> None:
    steps = ("correct the source", "`make run` again")
    assert "1. Correct the source\n2. `make run` again" in render(message(todo=steps)).blocks[4]["text"]["text"]
    assert "  1. Correct the source\n  2. `make run` again" in plain(message(todo=steps))
