from __future__ import annotations

from dataclasses import replace

from include.report.index import home_page, nights_page, validations_page
from include.report.lines import NightLine, SubjectLine, ValidationLine

from .conftest import Page

HOLD = NightLine(
    "2013-03-01", 900, "pass", 900, "hold", "1 of 7", None, None, "1", value=0.43, measured_on="2013-02-28", seconds=4.2
)
RETRAIN = replace(
    HOLD, partition="2013-03-02", decision="retrain", candidate="a1", gate="pass", champion="2", promoted=True
)
FAILED = NightLine("2013-03-03", state="failed", reason="features: no such column")
EVIL = "<script>alert(1)</script>"


def test_nights_are_listed_newest_first_with_their_pages() -> None:
    page = Page.read(nights_page("flight_delay", [HOLD, RETRAIN, FAILED], owner="Flights team"))
    assert [a["href"] for a in page.all("a")] == ["2013-03-03.html", "2013-03-02.html", "2013-03-01.html"]
    assert "3 nights, 1 training, 1 new champion, 1 blocked or failed · owner Flights team" in page.text
    assert "2013-03-02 900 pass 900 retrain 1 of 7 pass 2 new 0.4300 4.2 s" in page.text


def test_no_night_says_how_to_make_one() -> None:
    assert "python -m include night flight_delay --partition KEY" in Page.read(nights_page("flight_delay", [])).text


def test_four_hundred_nights_fit_and_older_are_counted() -> None:
    many = [replace(HOLD, partition=f"night-{i:04d}", measured_on=str(i), reason="a reason " * 12) for i in range(450)]
    html = nights_page("flight_delay", many)
    assert len(html.encode()) < 300_000
    page = Page.read(html)
    assert "And 50 earlier nights" in page.text
    assert len(page.all("a")) == 400


def test_validations_are_listed_with_what_broke() -> None:
    lines = [
        ValidationLine("2013-03-01", "pass", 900, 31, 0),
        ValidationLine("2013-03-02", "block", 431, 31, 1, "too few"),
    ]
    page = Page.read(validations_page("flights", lines))
    assert "2 partitions, 1 blocked" in page.text
    assert "2013-03-02 block 431 1 of 31 – too few" in page.text
    assert len(page.all("svg")) == 1


def test_four_hundred_validations_fit() -> None:
    many = [ValidationLine(f"p{i}", "warn", i, 31, 1, "a reason " * 12) for i in range(900)]
    html = validations_page("flights", many)
    assert len(html.encode()) < 300_000
    assert "And 500 earlier partitions" in Page.read(html).text


def test_no_validation_says_how_to_make_one() -> None:
    assert "python -m include ingest flights --partition KEY" in Page.read(validations_page("flights", [])).text


def test_first_page_leads_to_every_subject() -> None:
    subjects = [
        SubjectLine("model", "flight_delay", "late flights", "Flights team", "2013-03-14", "hold", "2"),
        SubjectLine("dataset", "flights", "departures", "Flights team", None, None),
    ]
    page = Page.read(home_page(subjects))
    assert [a["href"] for a in page.all("a")] == [
        "models/flight_delay/index.html",
        "models/flight_delay/2013-03-14.html",
        "datasets/flights/index.html",
    ]
    assert "1 model, 1 dataset" in page.text


def test_an_empty_installation_is_said() -> None:
    text = Page.read(home_page([])).text
    assert "No model has had a night yet." in text
    assert "No dataset has been checked yet." in text


def test_texts_are_escaped() -> None:
    night = replace(HOLD, partition=EVIL, reason=EVIL, champion=EVIL)
    for html in (
        nights_page(EVIL, [night], description=EVIL, owner=EVIL),
        validations_page(EVIL, [ValidationLine(EVIL, EVIL, reason=EVIL)], description=EVIL),
        home_page([SubjectLine("model", EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL)]),
    ):
        assert Page.read(html).all("script") == []
