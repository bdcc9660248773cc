"""One contract for all operators: thin, keyword-only, small JSON out, reasons in what is skipped or failed."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import textwrap
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.night.whole import run_ingest, run_night
from tests.include.night.shops import FIRST, SECOND, World, copy_of, prepared

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Airflow's own deprecations, not ours
    from airflow.sdk import BaseOperator
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

FOLDER = Path(__file__).resolve().parents[2] / "plugins" / "nightshift" / "operators"
NIGHT = ("features", "score", "measure", "decide", "train", "gate", "report")
OPTIONS: dict[str, dict[str, Any]] = {
    "IngestOperator": {"name": "shop"},
    "ValidateOperator": {"name": "shop"},
    "PublishOperator": {"name": "shop"},
    "WaitOperator": {"deadline": timedelta(hours=1)},
    "PromoteOperator": {"action": "promote", "candidate": "", "reason": ""},
    "PlanBacktestOperator": {"form": {"policies": "every(3)", "gates": "False"}},
    "ComputeCutsOperator": {"form": {"policies": "every(3)", "gates": "False"}, "cuts": []},
    "ReplayOperator": {"form": {"policies": "every(3)", "gates": "False"}},
    "StartPromotionOperator": {"trigger_dag_id": "promote_sales"},
    "FleetOperator": {"what": "compaction"},
    "ApproveOperator": {"action": "promote", "candidate": "", "subject": "Change?"},
}


def _classes() -> dict[str, type[BaseOperator]]:
    found: dict[str, type[BaseOperator]] = {}
    for path in sorted(FOLDER.glob("[a-z]*.py")):
        module = importlib.import_module(f"nightshift.operators.{path.stem}")
        own = inspect.getmembers(module, inspect.isclass)
        found |= {n: c for n, c in own if c.__module__ == module.__name__ and issubclass(c, BaseOperator)}
    return found


CLASSES = _classes()
MADE = sorted(set(CLASSES) - {"StepOperator"})


@dataclass
class Task:
    """What an operator asks its task instance for."""

    task_id: str
    said: dict[str, Any] = field(default_factory=dict)
    pushed: dict[str, Any] = field(default_factory=dict)
    dag_id: str = "nightly_sales"

    def xcom_pull(self, task_ids: str) -> Any:
        """Return what a task said before."""
        return self.said.get(task_ids)

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep what is said beside the result."""
        self.pushed[key] = value


@dataclass
class Run:
    """What an operator asks its run for."""

    triggering_user_name: str | None = None
    start_date: datetime = field(default_factory=lambda: datetime.now(UTC))


@pytest.fixture
def world(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> World:
    from nightshift.connections import AirflowConnections

    from include.errors import SourceError

    def none(self: object, conn_id: str) -> Any:
        raise SourceError.at(f"connection {conn_id}", "is not set")

    found = copy_of(prepared(tmp_path_factory), tmp_path / "world")
    for name, value in found.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(AirflowConnections, "get", none)
    return found


def _made(name: str, **options: Any) -> BaseOperator:
    usual = {} if name in ("StartPromotionOperator", "FleetOperator") else {"name": "sales", "partition": SECOND}
    if name in ("PromoteOperator", "ApproveOperator", "PlanBacktestOperator", "ComputeCutsOperator", "ReplayOperator"):
        del usual["partition"]
    return CLASSES[name](task_id="step", **{**usual, **OPTIONS.get(name, {}), **options})


def _run(name: str, said: dict[str, Any] | None = None, user: str | None = None, **options: Any) -> Any:
    context = {"ti": Task("step", said or {}), "dag_run": Run(user)}
    result = _made(name, **options).execute(context)
    assert len(json.dumps(result)) < 4000
    return result


def test_every_operator_is_known() -> None:
    assert len(MADE) == 18
    assert {name.removesuffix("Operator").lower() for name in MADE} == {
        *NIGHT,
        "ingest",
        "validate",
        "publish",
        "wait",
        "approve",
        "promote",
        "startpromotion",
        "planbacktest",
        "computecuts",
        "replay",
        "fleet",
    }


@pytest.mark.parametrize("name", MADE)
def test_arguments_are_keyword_only(name: str) -> None:
    given = inspect.signature(inspect.unwrap(CLASSES[name].__init__)).parameters.values()
    usual = [p.name for p in given if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]

    assert usual == ["self"]


@pytest.mark.parametrize("name", MADE)
def test_template_fields_are_attributes(name: str) -> None:
    made = _made(name)

    assert made.template_fields
    assert all(hasattr(made, field) for field in made.template_fields)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_init_only_assigns_what_it_is_given(path: Path) -> None:
    made = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    for init in made:
        for statement in init.body:
            text = ast.unparse(statement)
            plain = (
                isinstance(statement, ast.Assign) and text == f"self.{text.split(' = ')[1]} = {text.split(' = ')[1]}"
            )
            assert plain or text.startswith("super().__init__("), text


def test_checks_of_init_see_a_computed_value() -> None:
    text = textwrap.dedent("self.name = name.strip()")
    assert text != f"self.{text.split(' = ')[1]} = {text.split(' = ')[1]}"


def test_a_night_by_its_operators(world: World) -> None:
    attempt = _run("IngestOperator")
    assert (attempt["partitions"], attempt["rows"]) == (3, 144)  # two days may still have late rows
    assert _run("ValidateOperator", {"ingest": attempt}) == "pass"
    assert _run("PublishOperator", {"ingest": attempt}) == {"published": 1, "unchanged": 2, "rows": 144}
    run_ingest(world.project(), "rates", SECOND)
    begun = _made("WaitOperator").poke({"ti": Task("wait"), "dag_run": Run()})
    assert (begun.is_done, begun.xcom_value) == (True, {"health": "pass", "champion": 1})
    assert _run("FeaturesOperator")["rows"] == 48
    assert _run("ScoreOperator") == {"rows": 48, "model_version": 1}
    assert _run("MeasureOperator")["alarms"] == []
    assert _run("DecideOperator", force="try")["verdict"] == "retrain"
    trained = _run("TrainOperator")
    judged = _run("GateOperator")
    assert (judged["candidate"], judged["verdict"]) == (trained["candidate"], "pass")
    promoted = _run("PromoteOperator", user="ada", candidate=judged["candidate"])
    assert promoted["version"] == 2
    assert _run("ReportOperator")["page"]
    records = world.project().model_ledger("sales").records()
    assert {r.actor for r in records if r.kind == "promotion"} == {"tester", "ada"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("TrainOperator", "hold: 1 of 3 partitions have passed since the last training"),
        ("GateOperator", "there is no candidate to judge"),
    ],
)
def test_skipped_steps_say_why(world: World, name: str, reason: str) -> None:
    world.ingest(SECOND)
    run_night(world.project(), "sales", SECOND)
    with pytest.raises(AirflowSkipException) as raised:
        _run(name)

    assert str(raised.value) == reason


@pytest.mark.parametrize("verdict", ["fail", "wait", None])
def test_nothing_is_promoted_without_a_pass(verdict: str | None) -> None:
    with pytest.raises(AirflowSkipException) as raised:
        _run("StartPromotionOperator", {"gate": {"verdict": verdict, "candidate": "abc"}})

    assert str(raised.value) == f"nothing is promoted: the verdict is {verdict!r}"


def test_blocked_partition_fails_its_publish(world: World) -> None:
    rows = world.orders(SECOND)
    rows[0]["channel"] = "phone"
    world.write_orders(SECOND, rows)
    attempt = _run("IngestOperator")
    assert _run("ValidateOperator", {"ingest": attempt}) == "block"
    with pytest.raises(AirflowFailException, match=f"blocked partitions: {SECOND}: channel"):
        _run("PublishOperator", {"ingest": attempt})


def test_step_of_a_night_that_has_not_begun_fails(world: World) -> None:
    with pytest.raises(AirflowFailException, match="has not begun"):
        _run("FeaturesOperator")


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("PromoteOperator", {"action": "roll_back"}, "roll_back has no reason"),
        ("PromoteOperator", {"action": "roll_back", "candidate": "99", "reason": "worse"}, "'99' names no one"),
        ("IngestOperator", {"partition": "2026-13-01"}, "is not the key of a day"),
        ("IngestOperator", {"partition": "2024-02-01"}, "there is no such partition"),
        ("IngestOperator", {"last": "2020-01-01"}, "2020-01-01 comes before"),
    ],
)
def test_mistake_of_a_person_is_not_tried_again(world: World, name: str, options: dict[str, str], text: str) -> None:
    with pytest.raises(AirflowFailException, match=text):
        _run(name, **options)


def test_wait_for_no_partition_is_not_tried_again(world: World) -> None:
    with pytest.raises(AirflowFailException, match="is not the key of a day"):
        _made("WaitOperator", partition="2026-13-01").poke({"ti": Task("wait"), "dag_run": Run()})


def test_night_begins_at_its_deadline(world: World) -> None:
    made = _made("WaitOperator", deadline=timedelta(0))
    early = _made("WaitOperator").poke({"ti": Task("wait"), "dag_run": Run()})
    late = made.poke({"ti": Task("wait"), "dag_run": Run(start_date=datetime(2024, 1, 1, tzinfo=UTC))})

    assert not early.is_done
    assert late.is_done
    assert late.xcom_value == {"health": "cannot_tell", "champion": 1}


def test_first_night_is_read_again_alike(world: World) -> None:
    assert _run("DecideOperator", partition=FIRST)["rule"] == "bootstrap"


def test_upkeep_by_its_operator(world: World) -> None:
    assert _run("FleetOperator") == {"tables": 0}
    assert _run("FleetOperator", what="reconcile")["nights"] == 1
    assert _run("FleetOperator", what="digest", period="week")["new"] in (0, 1)
    assert _run("FleetOperator", what="retention", dry_run="True")["dry_run"] is True


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"what": "digest", "period": "never"}, AirflowSkipException, "no digest is sent"),
        ({"what": "digest", "period": "month"}, AirflowFailException, "period 'month' is not known"),
        ({"what": "dust"}, AirflowFailException, "step 'dust' is not known"),
    ],
)
def test_upkeep_says_why_it_does_not(world: World, options: dict[str, str], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        _run("FleetOperator", **options)


def test_backtest_by_its_operators(world: World) -> None:
    cuts = _run("PlanBacktestOperator")
    assert len(cuts) > 1
    assert all(group == sorted(group) for group in cuts)
    computed = [_run("ComputeCutsOperator", cuts=group) for group in cuts]
    assert all(computed)
    assert _run("ComputeCutsOperator", cuts=cuts[0]) == 0
    told = _run("ReplayOperator")
    result = json.loads(Path(told["page"]).with_suffix(".json").read_text())
    assert result["cells_computed"] == 0
    assert result["asked"] == ["every(3)"]
    assert told["sentence"] == result["recommendation"]["sentence"]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"policies": "evry(3)"}, "did you mean 'every'"),
        ({"first": "1999-01-01"}, "is not in the history"),
        ({"label_delay": "soon"}, "partitions \\(1\\) or a length of time"),
    ],
)
def test_form_of_a_backtest_is_told_what_is_wrong(world: World, form: dict[str, str], text: str) -> None:
    with pytest.raises(AirflowFailException, match=text):
        _run("PlanBacktestOperator", form=form)
