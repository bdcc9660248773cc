"""``make run`` and ``make up``: real nights through a real scheduler on this machine."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

from include.night.indexes import index_home
from include.night.lines import night_lines
from include.platform.plan import Plan, orders
from include.platform.servers import PlatformError, Servers
from include.platform.settings import ROOT, Platform, python
from include.report.table import Progress, legend, night_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.project import Project

_POLL_S = 0.5


def run_nights(project: Project, platform: Platform, plan: Plan, console: Console) -> int:
    """Work through the nights of a plan, print them, stop; what is done already is not done again.

    Returns
    -------
    int
        0 when every night is done, 1 when one failed.
    """
    if not _to_do(project, plan):
        console.print(f"All {len(plan.keys)} nights are done already.")
        return _summary(project, platform, plan, console)
    servers = Servers(platform.environment(os.environ), platform.airflow_home / "logs" / "platform")
    with Progress(console, time.monotonic) as progress, _stopping(servers):
        _start(project, platform, servers, progress, plan)
        _watch(project, platform, servers, progress, plan)
        with progress.phase("Stopping the platform"):
            servers.stop()
    return _summary(project, platform, plan, console)


def stay_up(project: Project, platform: Platform, plan: Plan | None, console: Console) -> int:
    """Run the platform with its user interfaces until Ctrl-C."""
    servers = Servers(platform.environment(os.environ), platform.airflow_home / "logs" / "platform")
    password = platform.password()
    with _stopping(servers):
        with Progress(console, time.monotonic) as progress:
            _start(project, platform, servers, progress, plan, interface=True)
        console.print(f"\nAirflow  http://localhost:{platform.port}   user admin, password {password}")
        console.print(f"MLflow   http://localhost:{platform.mlflow_port}")
        console.print(f"Reports  {platform.home / 'reports'}\n\nCtrl-C stops everything.")
        try:
            while True:
                servers.check()
                time.sleep(1)
        except KeyboardInterrupt:
            console.print("\nStopping …")
            servers.stop()
            console.print("Stopped.")
    return 0


def _start(
    project: Project,
    platform: Platform,
    servers: Servers,
    progress: Progress,
    plan: Plan | None,
    *,
    interface: bool = False,
) -> None:
    airflow = [python(), "-m", "airflow"]
    platform.password()
    for folder in ("airflow", "mlflow", "reports"):
        (platform.home / folder).mkdir(parents=True, exist_ok=True)
    with progress.phase("Preparing the databases"):
        mlflow = servers.start("mlflow-database", [python(), "-c", _MLFLOW_DATABASE])
        servers.call("airflow-database", [*airflow, "db", "migrate"])
        mlflow.child.wait()
        servers.parts.remove(mlflow)
    with progress.phase("Starting Airflow"):
        apps = [] if interface else ["--apps", "execution"]
        server = servers.start("api-server", [*airflow, "api-server", *apps])
        servers.wait_healthy(server, f"http://localhost:{platform.port}/execution/health")
        order = orders(project, plan) if plan else {"pools": {"training": 1}, "runs": [], "backfills": []}
        servers.call("launch", [python(), str(ROOT / "config" / "launch.py")], json.dumps(order))
        servers.start("scheduler", [*airflow, "scheduler", "--skip-serve-logs"])
        if interface:
            servers.start("dag-processor", [*airflow, "dag-processor"])
            servers.start("triggerer", [*airflow, "triggerer", "--skip-serve-logs"])
            servers.start("mlflow", _mlflow_server(platform))
            servers.wait_healthy(servers.parts[-1], f"http://localhost:{platform.mlflow_port}/health")


_MLFLOW_DATABASE = (
    "import os; from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as S; "
    "S(os.environ['MLFLOW_TRACKING_URI'], os.path.join(os.environ['NIGHTSHIFT_HOME'], 'mlflow', 'artifacts'))"
)


def _mlflow_server(platform: Platform) -> list[str]:
    return [
        "env",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false",
        python(),
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        platform.tracking_uri,
        "--artifacts-destination",
        str(platform.home / "mlflow" / "artifacts"),
        "--host",
        "127.0.0.1",
        "--port",
        str(platform.mlflow_port),
        "--workers",
        "1",
    ]


def _to_do(project: Project, plan: Plan) -> list[str]:
    """Return the nights that are not done."""
    done = {line.partition for line in night_lines(project, plan.model.name, plan.keys) if line.state == "done"}
    return [key for key in plan.keys if key not in done]


def _watch(project: Project, platform: Platform, servers: Servers, progress: Progress, plan: Plan) -> None:
    """Show what goes on until every run of the plan has ended."""
    shown = set(plan.keys) - set(_to_do(project, plan))
    loading = f"Loading the history of {len(plan.model.all_datasets)} datasets"
    began = progress.begin(loading)
    loaded = False
    current = ""
    while True:
        servers.check()
        runs = _runs(platform)
        if not loaded and all(r["state"] in _ENDED for r in runs if r["run_id"].startswith("history__")):
            loaded = True
            progress.end(loading, f"✓ {loading}", time.monotonic() - began)
        nights = {r["partition_key"]: r for r in runs if r["dag_id"] == f"nightly_{plan.model.name}"}
        for key in plan.keys:
            if key in shown or nights.get(key, {}).get("state") not in _ENDED:
                continue
            for line in night_lines(project, plan.model.name, [key]):
                progress.night(line)
            shown.add(key)
        running = next((k for k in plan.keys if nights.get(k, {}).get("state") == "running"), "")
        if running and running != current and running not in shown:
            progress.begin(running)
            current = running
        if running:
            progress.doing(running, _task(platform, f"nightly_{plan.model.name}", nights[running]["run_id"]))
        if len(shown) == len(plan.keys) and all(r["state"] in _ENDED for r in runs):
            return
        time.sleep(_POLL_S)


_ENDED = ("success", "failed")


def _runs(platform: Platform) -> list[dict[str, Any]]:
    return _asked(platform, "SELECT dag_id, run_id, state, partition_key FROM dag_run")


def _task(platform: Platform, dag_id: str, run_id: str) -> str:
    found = _asked(
        platform,
        "SELECT task_id FROM task_instance WHERE dag_id = ? AND run_id = ? AND state IN ('running', 'queued', 'up_for_reschedule')",
        (dag_id, run_id),
    )
    return ", ".join(row["task_id"] for row in found)


def _asked(platform: Platform, query: str, values: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return rows of Airflow's database, read only: writing beside its server could lock it."""
    connection = sqlite3.connect(f"file:{platform.database}?mode=ro", uri=True, timeout=10)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(query, values)]
    except sqlite3.OperationalError:
        return []  # locked for the moment: the next look finds it
    finally:
        connection.close()


@contextmanager
def _stopping(servers: Servers) -> Iterator[None]:
    """Stop every part whatever happens; a request to end counts as Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    # SIGINT too: a shell without job control starts what stands before & with Ctrl-C ignored.
    before = {each: signal.signal(each, interrupt) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except KeyboardInterrupt as error:
        text = "run"
        raise PlatformError.at(text, "was interrupted", "", "run it again: it goes on where it stopped") from error
    finally:
        for each, earlier in before.items():
            signal.signal(each, earlier)
        servers.stop()


def _summary(project: Project, platform: Platform, plan: Plan, console: Console) -> int:
    lines = night_lines(project, plan.model.name, plan.keys)
    index_home(project)
    console.print()
    console.print(night_table(lines, width=console.width, title=plan.model.name))
    console.print(legend(lines), style="dim")
    for text in _blocked(project, plan):
        console.print(text)
    console.print(f"\nReports  {index_home(project)}")
    console.print(f"Tables   {platform.home}  (Delta Lake: docs/tables.md)")
    console.print("Airflow and MLflow  make up")
    missing = set(plan.keys) - {line.partition for line in lines if line.state == "done"}
    return 1 if missing else 0


def _blocked(project: Project, plan: Plan) -> list[str]:
    """Return a line for each partition of a dataset whose newest verdict blocks it."""
    found = []
    for name in plan.model.all_datasets:
        newest = {r.body["partition"]: r.body for r in project.dataset_ledger(name).records("verdict")}
        for key, body in sorted(newest.items()):
            if body["health"] in ("block", "cannot_tell"):
                found.append(f"Blocked  {name} {key}: {body['reason']}")
    return found
