from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.night.indexes import index_dataset, index_home, index_model
from include.project import Project

START = {"datasets": {"flights": {"rows": 979}}, "health": "pass"}
DECISION = {"decision": {"verdict": "hold", "reason": "1 of 7 partitions"}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.open(
        environ={"NIGHTSHIFT_HOME": str(tmp_path)}, actor="test", clock=lambda: datetime(2026, 11, 21, 6, tzinfo=UTC)
    )


def told(project: Project, *partitions: str) -> None:
    ledger = project.model_ledger("flight_delay")
    for key in partitions:
        ledger.append("night_start", f"start/{key}", {"partition": key, **START})
        ledger.append("decision", f"decision/{key}", {"partition": key, **DECISION})


def checked(project: Project, key: str, health: str, number: int) -> None:
    body = {"partition": key, "health": health, "rows": 979, "checks": 31, "reason": "why", "revision": number}
    project.dataset_ledger("flights").append("verdict", f"verdict/{key}/{number}", body)


def test_old_lines_are_kept_and_told_again_when_all_are(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.night.indexes._NEWEST", 1)
    told(project, "2013-03-01", "2013-03-02")
    place = index_model(project, "flight_delay")
    lines = place.parent / "lines.json"
    lines.path.write_text(lines.path.read_text().replace("1 of 7 partitions", "as it was told"))

    told(project, "2013-03-03")
    assert index_model(project, "flight_delay", "2013-03-03").path.read_text().count("as it was told") == 2
    assert index_model(project, "flight_delay", "2013-03-01").path.read_text().count("as it was told") == 1
    assert "as it was told" not in index_model(project, "flight_delay").path.read_text()


@pytest.mark.parametrize("lines", ["nonsense", '{"2013-03-01": {"colour": "red"}}'])
def test_lines_of_another_version_are_told_again(project: Project, lines: str) -> None:
    told(project, "2013-03-01")
    place = index_model(project, "flight_delay")
    (place.parent / "lines.json").path.write_text(lines)

    assert "1 of 7 partitions" in index_model(project, "flight_delay", "2013-03-01").path.read_text()


def test_nights_of_a_model_are_listed(project: Project) -> None:
    told(project, "2013-03-01", "2013-03-02")
    place = index_model(project, "flight_delay")
    html = place.path.read_text()
    assert place.uri.endswith("/reports/models/flight_delay/index.html")
    assert html.index("2013-03-02.html") < html.index("2013-03-01.html")
    assert "1 of 7 partitions" in html


def test_only_the_newest_verdict_of_a_partition_is_listed(project: Project) -> None:
    checked(project, "2013-03-01", "block", 1)
    checked(project, "2013-03-01", "pass", 2)
    checked(project, "2013-03-02", "block", 1)
    html = index_dataset(project, "flights").path.read_text()
    assert html.count(".html") == 2
    assert "2 partitions, 1 blocked" in html
    assert "0 of 31" in html
    assert "some of 31" in html


def test_first_page_leads_to_pages_that_are_there(project: Project) -> None:
    told(project, "2013-03-01")
    checked(project, "2013-03-01", "warn", 1)
    place = index_home(project)
    html = place.path.read_text()
    for name in (*project.catalog.models, *project.catalog.datasets):
        (page,) = list(place.path.parent.glob(f"*/{name}/index.html"))
        assert str(page.relative_to(place.path.parent)) in html
    assert 'href="models/flight_delay/2013-03-01.html"' in html
    assert '<span class="pill plain">hold</span>' in html
    assert '<span class="pill fair">warn</span>' in html


def test_an_empty_installation_has_pages_too(project: Project) -> None:
    html = index_home(project).path.read_text()
    assert "flight_delay" in html
    assert "none yet" in html
