from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import ConfigError
from include.platform.plan import orders, plan_of
from include.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.open(environ={"NIGHTSHIFT_HOME": str(tmp_path)})


def test_usual_plan_is_two_months_and_two_weeks(project: Project) -> None:
    plan = plan_of(project, None, None, None, None)

    assert (plan.history[0].key, plan.history[1].key) == ("2013-01-01", "2013-02-28")
    assert plan.keys[0] == "2013-02-28"
    assert plan.keys[1:] == [f"2013-03-{day:02d}" for day in range(1, 15)]


def test_history_is_one_bulk_run_a_dataset(project: Project) -> None:
    order = orders(project, plan_of(project, None, None, "2013-03-02", None))
    runs = {run["dag_id"]: run["conf"] for run in order["runs"]}

    assert runs["ingest_flights"] == {"partition": "2013-01-01", "last": "2013-02-28"}
    assert runs["ingest_planes"] == {"partition": "static"}


def test_backfills_name_wall_clock_bounds(project: Project) -> None:
    order = orders(project, plan_of(project, None, None, "2013-03-11", None))
    found = {plan["dag_id"]: (plan["from"], plan["to"]) for plan in order["backfills"]}

    assert found["ingest_flights"] == ("2013-03-01T00:00:00+00:00", "2013-03-11T23:59:59+00:00")
    assert found["nightly_flight_delay"] == ("2013-02-28T00:00:00+00:00", "2013-03-11T23:59:59+00:00")
    assert "ingest_planes" not in found


def test_nights_before_their_history_are_refused(project: Project) -> None:
    with pytest.raises(ConfigError, match="correct the flags"):
        plan_of(project, None, "2013-03-01", "2013-02-01", None)
    with pytest.raises(ConfigError, match="is not the key of a day"):
        plan_of(project, None, "March", None, None)


def test_unknown_model_is_refused_with_a_hint(project: Project) -> None:
    with pytest.raises(ConfigError, match="flight_delay"):
        plan_of(project, "flight_delays", None, None, None)
