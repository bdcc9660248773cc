from __future__ import annotations

import dataclasses
import re
from itertools import pairwise
from typing import Any

import pytest

from include.report import facts
from include.report.facts import (
    AlarmFact,
    DataFact,
    Distribution,
    GateFact,
    GateNight,
    GatePart,
    Link,
    MetricFact,
    NightReport,
    OtherDecision,
    Point,
    StepFact,
)
from include.report.night import night_page

from .conftest import Page, bare, night

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"
KILOBYTE = 1000


def test_summary_answers_the_three_questions() -> None:
    text = Page.read(night_page(night())).text
    for said in (
        "What happened Data: flights (979 rows) and weather (69 rows) with warnings passed their contracts.",
        "979 rows were scored by champion 1, as of their prediction time (the past was replayed).",
        "A candidate a1b2c3d4e5f6 was trained (54,212 labelled rows of 59 partitions).",
        "It passed the gate: version 2 takes over from version 1.",
        "Why weather: 3 of 72 hours are missing. 7 partitions since the last training; every(7) asks for 7.",
        "What you should do Look at what changed in temperature, below, and acknowledge the alarm once you know why.",
    ):
        assert said in text


def test_summary_comes_before_everything_else() -> None:
    text = Page.read(night_page(night())).text
    headings = [
        "What happened",
        "Why",
        "What you should do",
        "Data",
        "Decision",
        "Candidate and gate",
        "What the night cost",
    ]
    places = [text.index(f" {heading} ") for heading in headings]
    assert places == sorted(places)


def test_pills_say_every_state_in_words() -> None:
    html = night_page(night())
    pills = re.findall(r'<span class="pill (\w+)">([^<]+)</span>', html.split("<main>")[0])
    assert pills == [
        ("fair", "data warn"),
        ("good", "decision retrain"),
        ("good", "gate pass"),
        ("good", "new champion"),
        ("bad", "1 alarm"),
    ]


def test_needs_no_network_and_runs_no_script() -> None:
    html = night_page(night())
    page = Page.read(html)
    assert page.all("script") == page.all("link") == page.all("img") == page.all("iframe") == []
    assert "@import" not in html
    assert "url(" not in html
    assert "default-src 'none'" in str(page.all("meta")[2]["content"])


def test_plots_are_told_to_screen_readers() -> None:
    html = night_page(night())
    plots = Page.read(html).all("svg")
    assert len(plots) == 6
    assert {plot["role"] for plot in plots} == {"img"}
    assert all(plot["aria-label"] for plot in plots)
    assert len(re.findall(r"<svg[^>]*><title>[^<]+</title><desc>[^<]+</desc>", html)) == 6


def test_every_plot_has_its_numbers_beside_it() -> None:
    text = Page.read(night_page(night())).text
    for number in ("0.0130", "0.0050 to 0.0220", "0.4310", "0.4100 to 0.4600", "0–10 10 5", "3.1 s"):
        assert number in text


def test_headings_go_down_one_level_at_a_time() -> None:
    levels = [int(tag[1]) for tag, _ in Page.read(night_page(night())).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_length_of_the_night_is_stated() -> None:
    clocks_changed = night(end=night().end.replace(hour=4))
    assert "(23 h, cut in America/New_York)" in Page.read(night_page(clocks_changed)).text


def test_tables_have_as_many_cells_as_headings() -> None:
    for table in re.findall(r"<table>.*?</table>", night_page(night()), re.DOTALL):
        widths = {row.count("<td") or row.count("<th") for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)}
        assert len(widths) == 1


def test_a_night_of_which_nothing_is_known_says_so() -> None:
    text = Page.read(night_page(bare())).text
    for said in (
        "No dataset has a verdict yet.",
        "Nothing was scored: there is no champion yet.",
        "No decision was taken.",
        "There is no champion yet.",
        "No labels are known yet",
        "No reason was recorded.",
        "Nothing. The night needs nobody.",
        "No candidate was trained, so there was nothing to judge.",
        "No step has recorded its cost.",
        "Champion none yet",
    ):
        assert said in text


@pytest.mark.parametrize("name", [item.name for item in dataclasses.fields(NightReport)][2:])
def test_any_part_may_be_missing(name: str) -> None:
    default = {item.name: item.default for item in dataclasses.fields(NightReport)}[name]
    page = Page.read(night_page(night(**{name: default})))
    assert "Night of Friday 8 March 2013" in page.text


def test_blocked_data_say_what_to_run() -> None:
    blocked = night(
        data=(DataFact("flights", "2013-03-08", "block", 431, reason="17.9 rows an hour, at least 25 expected"),),
        decision="blocked",
        reason="flights is blocked",
        candidate=None,
        gate=None,
        champion_after="1",
        alarms=(),
    )
    page = Page.read(night_page(blocked))
    assert "Data: flights is blocked." in page.text
    assert "flights: 17.9 rows an hour, at least 25 expected." in page.text
    assert "python -m include ingest flights --partition 2013-03-08" in page.text
    assert "python -m include night flight_delay --partition 2013-03-08" in page.text
    assert 'class="todo act"' in night_page(blocked)


def test_a_failed_night_names_its_step() -> None:
    failed = night(state="failed", failures=(("features", "the SQL names a column that flights lacks"),))
    text = Page.read(night_page(failed)).text
    assert "features failed; the night is not complete." in text
    assert "features: the SQL names a column that flights lacks." in text
    assert "night failed" in text


def test_numbers_that_are_not_finite_are_left_out() -> None:
    nan, inf = float("nan"), float("inf")
    odd = night(
        metrics=(
            MetricFact("log loss", (Point("2013-03-01", nan, -inf, inf), Point("2013-03-02", inf)), expected=nan),
        ),
        gate=GateFact(
            "wait",
            "x",
            parts=(GatePart("loss", "wait", "", nan, -inf, inf, nan),),
            path=(GateNight("a", nan, inf),) * 3,
        ),
        distributions=(Distribution("x", ("a", "b"), (nan, 1.0), (1.0, inf)),),
        importances=(("a", nan), ("b", 1.0)),
        steps=(StepFact("a", nan, inf), StepFact("b", 1.0)),
    )
    html = night_page(odd)
    Page.read(html)
    assert "nan" not in html.split("</style>")[1]
    assert not re.search(r"\binf\b", html.split("</style>")[1])


def test_unset_parts_of_the_gate_are_neither_passed_nor_failed() -> None:
    html = night_page(night())
    assert "Neither passed nor failed: fairness (no groups are named)." in Page.read(html).text
    assert ">fairness</td>" not in html


def test_the_first_candidate_is_compared_with_the_constant_predictor() -> None:
    text = Page.read(night_page(night(champion_before=None, champion_after="1"))).text
    assert "Loss of the constant predictor minus that of the candidate" in text
    assert "version 1 is the first champion" in text


def test_digests_are_shortened() -> None:
    digest = "61496149e644365a9a61fa051bd330fcb46999a5b38f7cfae0dc02580522d279"
    html = night_page(night(reason=f"candidate {digest} waits", evidence=(("pending", digest),)))
    assert digest not in html
    assert "Candidate 61496149e644… waits." in Page.read(html).text


def _evil(value: Any) -> Any:
    """Replace every text of a fact by one that attacks the page."""
    if isinstance(value, str):
        return EVIL
    if isinstance(value, tuple):
        return tuple(_evil(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [item.name for item in dataclasses.fields(value)]
        return type(value)(**{name: _evil(getattr(value, name)) for name in names})
    return value


def test_no_text_of_data_becomes_markup() -> None:
    for report in (_evil(night()), dataclasses.replace(_evil(night()), gate=night().gate, metrics=night().metrics)):
        html = night_page(report)
        page = Page.read(html)
        assert page.all("script") == page.all("img") == []
        assert "49" not in page.text
        assert all(not name.startswith("on") for _, attributes in page.tags for name in attributes)
        assert EVIL in page.text


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        " \tjavascript:x",
        "//evil.example",
        "vbscript:x",
    ],
)
def test_links_lead_only_to_the_web_or_beside_the_page(href: str) -> None:
    page = Page.read(night_page(night(links=(Link("Look", href),), data=(DataFact("f", "p", "pass", report=href),))))
    assert page.all("a") == []
    assert "Look" in page.text


def test_secrets_are_hidden_on_the_page() -> None:
    leak = "postgresql://etl:canary1@db/x password=canary2"
    leaky = night(
        reason=leak,
        failures=(("ingest", leak),),
        footnotes=((leak, leak),),
        evidence=((leak, leak),),
        links=(Link("Look", "https://user:canary3@host/x"),),
    )
    assert "canary" not in night_page(leaky)


def huge() -> NightReport:
    days = [f"{2012 + i // 336:04d}-{i // 28 % 12 + 1:02d}-{i % 28 + 1:02d}" for i in range(400)]
    long = "a long sentence on what was found and what was expected, " * 4
    return night(
        data=tuple(DataFact(f"dataset_{i}", days[-1], "warn", 10**9, i, long, 200, 3) for i in range(20)),
        evidence=tuple((f"name {i}", "value") for i in range(200)),
        others=tuple(OtherDecision(f"every({i})", "hold", long) for i in range(20)),
        gate=GateFact(
            "wait",
            long,
            parts=tuple(GatePart(f"slice feature_{i}=x", "wait", long, 0.01, -0.01, 0.03, 0.005) for i in range(60)),
            path=tuple(GateNight(day, 0.4, 0.5, -0.1, 0.1) for day in days),
        ),
        metrics=tuple(MetricFact(f"metric {i}", tuple(Point(d, 0.4, 0.3, 0.5, 1000) for d in days)) for i in range(9)),
        alarms=tuple(AlarmFact(f"feature_{i}", long, since=days[0], diagnosis=long) for i in range(200)),
        distributions=tuple(
            Distribution(f"feature_{i}", tuple(map(str, range(50))), (1.0,) * 50, (2.0,) * 50) for i in range(200)
        ),
        importances=tuple((f"feature_{i}", 1.0 / (i + 1)) for i in range(200)),
        steps=tuple(StepFact(f"step {i}", 1.0, 1.0, 100, 10, 10, reason=long) for i in range(20)),
    )


def test_two_hundred_features_and_four_hundred_nights_fit() -> None:
    html = night_page(huge())
    page = Page.read(html)
    assert len(html.encode()) < 300 * KILOBYTE
    assert "(the newest 50 of 400)" in page.text
    assert "And 192 more subjects" in page.text
    assert "the largest 30 of 200 features" in page.text
    assert "And 150 more, in table alarms" in page.text
    assert "And 20 more bins." in page.text
    assert "Further metrics are in table performance : metric 6, metric 7, metric 8." in page.text


def test_a_usual_page_is_small() -> None:
    assert len(night_page(night()).encode()) < 45 * KILOBYTE


def test_every_kind_of_fact_is_used() -> None:
    kinds = {name for name, value in vars(facts).items() if dataclasses.is_dataclass(value)}
    parts = [value for value in vars(night()).values() if isinstance(value, tuple)]
    used = {type(item).__name__ for part in parts for item in part} | {
        "NightReport",
        "GateFact",
        "GatePart",
        "GateNight",
        "Point",
    }
    assert kinds - used == set()
