from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from include.report.facts import Link
from include.report.validation import validation_page

from .conftest import Page


@dataclass(frozen=True)
class Check:
    rule: str
    column: str | None
    severity: str
    passed: bool | None
    observed: float | None
    expected: str
    sentence: str


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    nulls: int | None
    minimum: float | str | None = "Jane Canary"


@dataclass(frozen=True)
class Validation:
    health: str
    rows: int
    checks: tuple[Check, ...]
    columns: tuple[Column, ...] = ()


ROWS = Check("rows", None, "block", True, 979.0, "25 to 60 an hour", "40.8 rows an hour came")
NULLS = Check(
    "nullable_share", "tailnum", "warn", False, 0.031, "at most 0.02", "3.1 % are missing, at most 2 % expected"
)
RANGE = Check("range", "dep_delay", "block", False, 2.0, "-60 to 1,440", "2 values lie outside of -60 to 1,440")
UNSURE = Check("set", "carrier", "block", None, None, "one of 16", "there is no row to judge")


def page(validation: Validation, **more: object) -> Page:
    return Page.read(validation_page(validation, "flights", "2013-03-08", **more))  # type: ignore[arg-type]


def test_a_healthy_partition_needs_nobody() -> None:
    found = page(Validation("pass", 979, (ROWS,)), description="a departure", owner="Flights team", seconds=0.41)
    for said in (
        "Validation of Friday 8 March 2013",
        "979 rows of flights were checked against 1 rule. The partition is fit to be published.",
        "Every rule of the contract holds.",
        "What you should do Nothing.",
        "checked in 0.41 s",
        "partition rows 25 to 60 an hour 979 blocks 40.8 rows an hour came",
    ):
        assert said in found.text


def test_a_blocked_partition_says_what_broke_and_what_to_do() -> None:
    found = page(Validation("block", 979, (ROWS, NULLS, RANGE, UNSURE)))
    for said in (
        "2 rules are broken. 1 rule cannot be judged; that never counts as healthy. The partition is blocked: it stays in "
        "quarantine, and the last good snapshot stays visible.",
        "3.1 % are missing, at most 2 % expected. 2 values lie outside of -60 to 1,440. There is no row to judge.",
        "Look at tailnum and dep_delay at the source of flights.",
        "python -m include ingest flights --partition 2013-03-08",
        "include/datasets/flights.yaml",
    ):
        assert said in found.text


def test_broken_checks_come_first_and_healthy_last() -> None:
    html = validation_page(Validation("block", 1, (ROWS, UNSURE, RANGE)), "flights", "2013-03-08")
    table = html.split("<tbody>")[1]
    assert table.index("dep_delay") < table.index("carrier") < table.index("40.8 rows")


@pytest.mark.parametrize(
    ("check", "pill"), [(ROWS, "pass"), (RANGE, "block"), (NULLS, "warn"), (UNSURE, "cannot tell")]
)
def test_outcomes_are_words(check: Check, pill: str) -> None:
    html = validation_page(Validation("warn", 1, (check,)), "flights", "2013-03-08").split("<tbody>")[1]
    assert f">{pill}</span>" in html


def test_what_cannot_be_told_reads_as_blocked() -> None:
    text = page(Validation("cannot_tell", 0, (UNSURE,))).text
    assert "The partition is blocked, because its health cannot be told: it stays in quarantine." in text


def test_warnings_do_not_call_for_a_new_load() -> None:
    text = page(Validation("warn", 9, (NULLS,))).text
    assert "Nothing waits for it: the partition is in use." in text
    assert "python -m include" not in text


def test_only_named_fields_of_a_check_are_shown() -> None:
    @dataclass(frozen=True)
    class Leaky(Check):
        examples: tuple[str, ...] = ("Jane Canary",)

    leaky = Leaky(**RANGE.__dict__)
    assert "Canary" not in validation_page(Validation("block", 1, (leaky,)), "flights", "2013-03-08")


def test_texts_are_escaped_and_secrets_hidden() -> None:
    evil = "<script>alert(1)</script> password=canary"
    check = Check(evil, evil, "block", False, 1.0, evil, evil)
    html = validation_page(Validation("block", 1, (check,) * 3), evil, evil, links=[Link(evil, "javascript:x")])
    assert Page.read(html).all("script") == Page.read(html).all("a") == []
    assert "canary" not in html


def test_a_thousand_checks_fit() -> None:
    many = tuple(replace(NULLS, column=f"column_{i}", passed=i % 5 != 0) for i in range(1000))
    html = validation_page(Validation("warn", 10**9, many), "flights", "2013-03-08")
    assert len(html.encode()) < 300_000
    assert "And 500 more checks that passed." in Page.read(html).text


def test_sentences_do_not_repeat_the_columns_beside_them() -> None:
    check = replace(RANGE, sentence="dep_delay: 2 values lie outside; expected -60 to 1,440")
    html = validation_page(Validation("block", 9, (check,)), "flights", "2013-03-08")
    assert '<td class="w">2 values lie outside</td>' in html
    assert "dep_delay: 2 values lie outside; expected -60 to 1,440." in Page.read(html).text


def test_columns_are_told_without_their_values() -> None:
    columns = (Column("tailnum", "string", 31), Column("late", "bool", None))
    html = validation_page(Validation("pass", 1000, (ROWS,), columns), "flights", "2013-03-08")
    text = Page.read(html).text
    assert "2 columns Column Type Missing Share tailnum string 31 3.1 % late bool – –" in text
    assert "Canary" not in html


def test_an_empty_contract_is_said() -> None:
    assert "The contract has no rule, so nothing was checked." in page(Validation("cannot_tell", 3, ())).text


def test_a_static_dataset_has_no_date() -> None:
    html = validation_page(Validation("pass", 3322, (ROWS,)), "planes", "static")
    assert "Validation of planes" in Page.read(html).text


def test_links_and_footnotes_stand_at_the_end() -> None:
    found = page(
        Validation("pass", 1, (ROWS,)),
        links=[Link("All validations", "index.html")],
        footnotes=[("Engine", "duckdb 2.0")],
        made_at=datetime(2026, 11, 21, 6, tzinfo=UTC),
    )
    assert found.all("a") == [{"href": "index.html"}]
    assert found.text.endswith(
        "Made 2026-11-21 06:00 UTC. This page needs no network and runs no script. Engine duckdb 2.0"
    )
