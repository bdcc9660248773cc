"""The exact DAGs, their edges that carry safety, and what a broken file yields."""

from __future__ import annotations

import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATASETS = {"airports", "flights", "planes", "weather"}
MODELS = {"flight_delay"}


def _dags(config: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("NIGHTSHIFT_CONFIG", str(config))
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow's own deprecations, not ours
        import runpy

        from airflow.sdk import DAG

        for name in ("ingest", "nightly", "promote", "operate", "fleet"):
            made = runpy.run_path(str(ROOT / "dags" / f"{name}.py"))
            found |= {value.dag_id: value for value in made.values() if isinstance(value, DAG)}
    return found


@pytest.fixture
def dags(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return _dags(ROOT / "include", monkeypatch)


def test_exact_set_of_dag_ids(dags: dict[str, Any]) -> None:
    expected = {f"ingest_{name}" for name in DATASETS}
    expected |= {"backtest", "fleet"}
    expected |= {f"{kind}_{name}" for kind in ("nightly", "promote") for name in MODELS}

    assert set(dags) == expected


def test_the_night_reads_as_its_words(dags: dict[str, Any]) -> None:
    night = dags["nightly_flight_delay"]
    order = ["wait", "features", "score", "measure", "decide", "train", "gate", "promote", "report"]

    assert [task.task_id for task in night.topological_sort()] == order


def test_nothing_promotes_but_behind_the_gate(dags: dict[str, Any]) -> None:
    night = dags["nightly_flight_delay"]

    assert night.get_task("promote").upstream_task_ids == {"gate"}
    assert night.get_task("promote").trigger_rule == "all_success"
    assert night.get_task("gate").upstream_task_ids == {"train"}


def test_publish_stands_behind_validate(dags: dict[str, Any]) -> None:
    for name in DATASETS:
        assert dags[f"ingest_{name}"].get_task("publish").upstream_task_ids == {"validate"}
        assert dags[f"ingest_{name}"].get_task("validate").upstream_task_ids == {"ingest"}


def test_training_runs_one_at_a_time(dags: dict[str, Any]) -> None:
    assert dags["nightly_flight_delay"].get_task("train").pool == "training"


def test_every_dag_has_its_runbook(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        assert "**When it is red.**" in dag.doc_md
        assert dag.default_args["owner"]


def test_every_model_has_a_deadline(dags: dict[str, Any]) -> None:
    for name in MODELS:
        assert dags[f"nightly_{name}"].deadline


def test_broken_file_yields_a_stub_and_harms_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("datasets", "models"):
        shutil.copytree(ROOT / "include" / folder, tmp_path / folder)
    path = tmp_path / "models" / "flight_delay.yaml"
    path.write_text(path.read_text().replace("policy:", "polcy:"))
    dags = _dags(tmp_path, monkeypatch)
    stub = dags["nightly_flight_delay"]

    assert stub.tags == {"config-error", "nightshift"}
    assert "polcy" in stub.doc_md
    assert [task.task_id for task in stub.tasks] == ["configuration"]
    assert "ingest_flights" in dags
    assert "promote_flight_delay" not in dags


def test_schedule_names_the_partition_that_ended(dags: dict[str, Any]) -> None:
    timetable = dags["nightly_flight_delay"].timetable

    assert timetable.run_offset == -1
    assert timetable.key_format == "%Y-%m-%d"


def test_nothing_is_removed_before_it_is_compacted(dags: dict[str, Any]) -> None:
    fleet = dags["fleet"]

    assert set(fleet.task_ids) == {"reconcile", "digest", "compaction", "retention"}
    assert fleet.get_task("retention").upstream_task_ids == {"compaction"}
    assert fleet.get_task("digest").upstream_task_ids == {"reconcile"}


def test_upkeep_is_first_due_at_the_next_tick(dags: dict[str, Any]) -> None:
    fleet = dags["fleet"]

    # with a start in the past the missed tick would run at once, beside the history that `make run` loads
    assert (fleet.start_date, fleet.catchup, fleet.timetable.run_immediately) == (None, False, False)


@pytest.mark.parametrize("text", ["", "2013", "2013-Q1", "2013-03", "2013-W05", "2013-03-01", "2013-03-01T05Z"])
def test_backtest_takes_periods(dags: dict[str, Any], text: str) -> None:
    for name in ("first", "last"):
        assert re.search(dags["backtest"].params.get_param(name).schema["pattern"], text)
        assert not re.search(dags["backtest"].params.get_param(name).schema["pattern"], f"{text};")


def test_backtest_is_one_dag_with_the_model_in_its_form(dags: dict[str, Any]) -> None:
    backtest = dags["backtest"]

    assert [task.task_id for task in backtest.topological_sort()] == ["cuts", "candidates", "replay"]
    assert backtest.get_task("candidates").is_mapped
    assert backtest.params.get_param("model").schema["enum"] == sorted(MODELS)
    assert set(backtest.params) == {
        "model", "policies", "first", "last", "label_delay", "windows", "latency", "gates",
    }  # fmt: skip
