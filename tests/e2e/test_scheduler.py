"""Nights through a real scheduler, and what people do meanwhile, from one start of the platform.

Night 17 was done before without a scheduler, and its candidate passed; the scheduler finds it done, and asks a person, who
approves: the second champion. Then: 18 with a blocked partition of the rates, 19 calm, 20 trains a candidate, whose promotion
the person refuses. The person then rolls back by form and tries policies on the past by form. Night 21 waits for the rates, which come late, and is served by the
champion that was brought back. Another model, in a hurry, does not wait for them: its night goes on at its deadline.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from include.night.whole import run_ingest
from include.partitions import partition_from_key
from include.platform import run as platform_run
from include.platform.plan import Plan, orders
from include.platform.servers import Part, Servers
from include.platform.settings import platform_of
from include.registry.champions import champions
from tests.e2e.person import Airflow, Person
from tests.include.night.shops import SECOND, World, copy_of, prepared, state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.project import Project
    from include.registry.ledger import Ledger

pytestmark = pytest.mark.e2e
BLOCKED, CALM, TRAINING, LATE = "2024-01-18", "2024-01-19", "2024-01-20", "2024-01-21"
ROLL_BACK = {"action": "roll_back", "candidate": "", "reason": "worse on Sundays"}
BACKTEST = {"model": "sales", "policies": "never, every(2)", "first": "2024-01-08", "gates": False}


@dataclass
class Finished:
    """An installation after its run."""

    world: World
    airflow: Airflow
    plan: Plan
    code: int
    printed: str

    @property
    def ledger(self) -> Ledger:
        """Return the ledger of the patient model."""
        return self.world.project().model_ledger("sales")


def _plan(project: Project) -> Plan:
    days = [partition_from_key(f"2024-01-{day:02d}", "day", "UTC") for day in (1, 16, 17, 18, 19, 20, 21)]
    return Plan(project.catalog.model("sales"), (days[0], days[1]), tuple(days[2:]))


def _orders(project: Project, plan: Plan) -> dict[str, Any]:
    """Return the usual order, without the rates of the late night, with the model in a hurry."""
    order = orders(project, plan)
    for backfill in order["backfills"]:
        if backfill["dag_id"] == "ingest_rates":
            backfill["to"] = backfill["to"].replace(LATE, TRAINING)
    (nights,) = [one for one in order["backfills"] if one["dag_id"] == "nightly_sales"]
    hurry = {"dag_id": "nightly_hurry", "from": f"{LATE}T00:00:00+00:00", "to": nights["to"], "max_active_runs": 1}
    order["backfills"].append(hurry)
    return order


def _people(world: World, airflow: Airflow) -> None:
    """Do what people do while the nights run."""
    ledger = world.project().model_ledger("sales")
    (earlier,) = [r.body["candidate"] for r in ledger.records("gate") if r.body["partition"] == SECOND]
    airflow.answer("promote_sales", f"promote__{earlier}", "Approve")
    airflow.until(lambda: ledger.find(f"decision/{TRAINING}") is not None, "night 20 decides")
    airflow.until(lambda: airflow.tasks("nightly_sales", TRAINING).get("report") == "success", "night 20 ends")
    airflow.answer("promote_sales", f"promote__{ledger.records('gate')[-1].body['candidate']}", "Reject")
    airflow.trigger("promote_sales", "by_form", ROLL_BACK)
    airflow.until(lambda: airflow.state("promote_sales", "by_form") == "success", "the roll back ends")
    airflow.trigger("backtest", "by_form", BACKTEST)
    airflow.until(lambda: airflow.state("backtest", "by_form") in ("success", "failed"), "the backtest ends")
    run_ingest(world.project(), "rates", LATE)


def _prepare(world: World) -> None:
    sales = world.config / "models" / "sales.yaml"
    text = sales.read_text().replace("deadline: 1m", "deadline: 30m")
    sales.write_text(text + "promotion: {approval: true, previous_nights: 0}\n")
    world.night(SECOND, force="try")
    run_ingest(world.project(), "shop", LATE)
    rates = world.config / "data" / "rates" / f"{BLOCKED}.csv"
    rates.write_text(rates.read_text().replace(",1.0", ",99.0"))
    hurry = text.replace("name: sales", "name: hurry").replace("30m", "10s").replace("every(3)", "never")
    (world.config / "models" / "hurry.yaml").write_text(hurry.replace("2024-01-17", LATE))


def _worked(world: World, airflow: Airflow) -> tuple[int, str, Plan]:
    project = world.project()
    plan, printed = _plan(project), io.StringIO()
    code = platform_run.run_nights(project, airflow.platform, plan, Console(file=printed, width=200))
    return code, printed.getvalue(), plan


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """Return what one start of the platform, and one stop, have done."""
    world = copy_of(prepared(tmp_path_factory), tmp_path_factory.mktemp("platform") / "world")
    _prepare(world)
    start = Servers.start

    def with_people(servers: Servers, name: str, command: Sequence[str]) -> Part:
        # `make run` needs the tasks' part of the API only
        return start(servers, name, [word for word in command if word not in ("--apps", "execution")])

    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.environ.items():
            patch.setenv(name, value)
        patch.setattr(platform_run, "orders", _orders)
        patch.setattr(Servers, "start", with_people)
        airflow = Airflow(platform_of(os.environ))
        person = Person(lambda: _people(world, airflow))
        person.start()
        try:
            code, printed, plan = _worked(world, airflow)
        finally:
            person.done()
        yield Finished(world, airflow, plan, code, printed)


def test_every_night_is_done(finished: Finished) -> None:
    runs = finished.airflow.asked("SELECT partition_key, state FROM dag_run WHERE dag_id = 'nightly_sales' ORDER BY 1")

    assert finished.code == 0, finished.printed
    assert runs == [(night, "success") for night in (SECOND, BLOCKED, CALM, TRAINING, LATE)]


def test_ingest_of_the_blocked_partition_is_red(finished: Finished) -> None:
    runs = dict(finished.airflow.asked("SELECT partition_key, state FROM dag_run WHERE dag_id = 'ingest_rates'"))
    tries = finished.airflow.asked(
        "SELECT t.state, t.try_number FROM task_instance t JOIN dag_run r USING (dag_id, run_id) "
        f"WHERE r.dag_id = 'ingest_rates' AND r.partition_key = '{BLOCKED}' AND t.task_id = 'publish'"
    )

    assert (runs[BLOCKED], runs[CALM], runs[TRAINING]) == ("failed", "success", "success")
    assert tries == [("failed", 1)]  # trying again would not mend the rows
    assert f"Blocked  rates {BLOCKED}: rate" in finished.printed


def test_blocked_night_scores_and_never_retrains(finished: Finished) -> None:
    decision = finished.ledger.find(f"decision/{BLOCKED}")
    tasks = finished.airflow.tasks("nightly_sales", BLOCKED)
    wanted = {"score": "success", "train": "skipped", "promote": "skipped", "report": "success"}

    assert decision is not None
    assert decision.body["decision"]["verdict"] == "blocked"
    assert {name: tasks[name] for name in wanted} == wanted


def test_approved_candidate_becomes_champion(finished: Finished) -> None:
    ledger = finished.ledger
    verdict = next(r.body for r in ledger.records("gate") if r.body["partition"] == SECOND)
    record = next(r for r in ledger.records("promotion") if r.body["candidate"] == verdict["candidate"])

    assert verdict["verdict"] == "pass"
    assert record.body["action"] == "promote"
    assert [one.version for one in champions(ledger.records())] == [1, 2, 1]
    assert finished.airflow.state("promote_sales", f"promote__{verdict['candidate']}") == "success"
    assert ledger.verify() == len(ledger.records())


def test_refused_candidate_changes_nothing(finished: Finished) -> None:
    verdict = finished.ledger.records("gate")[-1].body
    run = f"promote__{verdict['candidate']}"
    states = [finished.airflow.state("promote_sales", run, task) for task in ("approve", "promote")]
    (refusal,) = finished.ledger.records("refusal")

    assert (verdict["partition"], verdict["verdict"]) == (TRAINING, "pass")
    assert finished.airflow.state("promote_sales", run) == "failed"
    assert states == ["failed", "upstream_failed"]
    assert (refusal.body["candidate"], refusal.actor) == (verdict["candidate"], "admin")
    assert verdict["candidate"] not in {r.body["candidate"] for r in finished.ledger.records("promotion")}


def test_roll_back_by_form_serves_the_next_night(finished: Finished) -> None:
    record = next(r for r in finished.ledger.records("promotion") if r.body["action"] == "roll_back")
    night = finished.ledger.find(f"night/{LATE}")

    assert (record.body["reason"], record.actor) == ("worse on Sundays", "admin")
    assert finished.airflow.state("promote_sales", "by_form") == "success"
    assert night is not None
    assert night.body["champion_version"] == 1


def test_backtest_by_form_leaves_its_page_and_figures(finished: Finished) -> None:
    query = "SELECT task_id, map_index, state FROM task_instance WHERE dag_id = 'backtest' ORDER BY 1, 2"
    tasks = finished.airflow.asked(query)
    mapped = [index for task, index, _ in tasks if task == "candidates"]
    folder = finished.world.project().home.path / "reports" / "models" / "sales"
    figures = json.loads((folder / "backtest.json").read_text())

    assert {state for _, _, state in tasks} == {"success"}
    assert mapped == list(range(len(mapped))) != []
    assert {"never", "every(2)"} <= set(figures["policies"])
    assert figures["recommendation"]["sentence"] in (folder / "backtest.html").read_text()


def test_night_waits_for_late_data(finished: Finished) -> None:
    (came,) = [r for r in finished.world.project().dataset_ledger("rates").records() if r.body["partition"] == LATE]
    night = finished.ledger.find(f"night/{LATE}")
    pokes = finished.airflow.asked(
        "SELECT count(*) FROM task_reschedule s JOIN task_instance t ON t.id = s.ti_id JOIN dag_run r "
        "ON r.dag_id = t.dag_id AND r.run_id = t.run_id "
        f"WHERE t.dag_id = 'nightly_sales' AND r.partition_key = '{LATE}'"
    )

    assert night is not None
    assert night.body["health"] == "pass"
    assert came.at < night.at
    assert pokes[0][0] >= 1


def test_night_goes_on_without_late_data_at_its_deadline(finished: Finished) -> None:
    ledger = finished.world.project().model_ledger("hurry")
    night, decision = ledger.find(f"night/{LATE}"), ledger.find(f"decision/{LATE}")
    runs = finished.airflow.asked("SELECT partition_key, state FROM dag_run WHERE dag_id = 'nightly_hurry'")

    assert runs == [(LATE, "success")]
    assert night is not None
    assert decision is not None
    assert night.body["reason"] == f"rates: {LATE} has not come within 10s"
    assert decision.body["decision"]["verdict"] == "blocked"
    assert ledger.records("candidate") == []


def test_missed_deadline_is_told_to_the_owner(finished: Finished) -> None:
    home = finished.world.project().home.path
    told = [json.loads(path.read_text()) for path in home.glob("outbox/settled/*")]
    late = [one["message"] for one in told if one["message"]["kind"] == "deadline"]

    assert [(one["model"], one["partition"]) for one in late] == [("hurry", LATE)]
    assert "was not done" in late[0]["text"]


def test_second_run_does_nothing(finished: Finished) -> None:
    before = state(finished.world.project())
    code, printed, _ = _worked(finished.world, finished.airflow)

    assert code == 0
    assert "All 5 nights are done already." in printed
    assert state(finished.world.project()) == before
