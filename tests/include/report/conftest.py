"""A full night, and a reader that refuses pages a browser would have to mend."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

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

_VOID = {"meta", "link", "br", "hr", "img", "input"}
_EMPTY = {"path", "rect", "circle", "polygon"}


@dataclass
class Page(HTMLParser):
    """What stands in a page, told from its tags; raises for tags that do not match."""

    open: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def read(cls, html: str) -> Page:
        found = cls()
        found.feed(html)
        found.close()
        assert found.open == [], f"never closed: {found.open}"
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"twice in <{tag}>: {names}"
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _EMPTY, f"<{tag}/> is not empty in HTML"
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def night(**changes: Any) -> NightReport:
    """Return a night on which everything happened, with changes."""
    points = tuple(
        Point(f"2013-03-{day:02d}", 0.43 + day / 1000, 0.41, 0.46, 900, "realised" if day < 7 else "estimated")
        for day in range(1, 9)
    )
    gate = GateFact(
        verdict="pass",
        sentence="the candidate gains 0.013 of log loss over 14 nights (0.005 to 0.022)",
        mode="expected",
        confidence=0.95,
        nights=14,
        rows=11_893,
        parts=(
            GatePart("loss", "pass", "gain 0.013", 0.013, 0.005, 0.022, 0.0045),
            GatePart("fairness", "unset", "no groups are named"),
        ),
        path=tuple(GateNight(f"2013-02-{day:02d}", 0.46, 0.445) for day in range(15, 29)),
    )
    found: dict[str, Any] = {
        "model": "flight_delay",
        "partition": "2013-03-08",
        "start": datetime(2013, 3, 8, 5, tzinfo=UTC),
        "end": datetime(2013, 3, 9, 5, tzinfo=UTC),
        "timezone": "America/New_York",
        "description": "whether a flight arrives at least 15 minutes late",
        "owner": "Flights team",
        "data": (
            DataFact("flights", "2013-03-08", "pass", 979, 1, checks=31, failed=0, report="../flights/2013-03-08.html"),
            DataFact("weather", "2013-03-08", "warn", 69, 1, "3 of 72 hours are missing"),
        ),
        "rows_scored": 979,
        "scored_by": "1",
        "replayed": True,
        "decision": "retrain",
        "reason": "7 partitions since the last training; every(7) asks for 7",
        "rule": "every(7)",
        "evidence": (("Partitions since the training", "7"),),
        "others": (OtherDecision("never", "hold", "it never retrains"),),
        "candidate": "a1b2c3d4e5f6",
        "trained_on": "54,212 labelled rows of 59 partitions",
        "gate": gate,
        "champion_before": "1",
        "champion_after": "2",
        "promotion": "It takes effect with the night of 2013-03-09",
        "metrics": (MetricFact("log loss", points, expected=0.441),),
        "labels_until": "2013-03-06",
        "alarms": (AlarmFact("temperature", "its mean moved", since="2013-03-04", diagnosis="the season changed"),),
        "distributions": (Distribution("temp", ("0–10", "10–20"), (10, 30), (5, 1), "It grew colder."),),
        "importances": (("carrier", 0.6), ("dest", 0.4)),
        "steps": (StepFact("features", 0.6, 0.5, 212, 979, 979), StepFact("train", 3.1, 2.9, 410, 54_212)),
        "links": (Link("Run in Airflow", "http://localhost:8080/dags/nightly_flight_delay"),),
        "made_at": datetime(2026, 11, 21, 6, tzinfo=UTC),
        "footnotes": (("Code", "1.0.0"),),
    }
    return NightReport(**{**found, **changes})


def bare() -> NightReport:
    """Return a night of which nothing is known."""
    return NightReport("flight_delay", "2013-03-08")
