"""What people do while nights run: they answer approvals, roll back by the form, and bring late data."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import urllib.request
from _thread import interrupt_main
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.platform.settings import Platform

_PATIENCE_S = 1200


@dataclass
class Airflow:
    """A running Airflow, as its users see it: its database to look, its REST API to act."""

    platform: Platform
    _token: list[str] = field(default_factory=list)

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        """Return rows of Airflow's database."""
        connection = sqlite3.connect(f"file:{self.platform.database}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def state(self, dag_id: str, run_id: str, task_id: str | None = None) -> str | None:
        """Return the state of a run, or of a task of it; None while there is none."""
        table, where = ("task_instance", f" AND task_id = '{task_id}'") if task_id else ("dag_run", "")
        try:
            rows = self.asked(f"SELECT state FROM {table} WHERE dag_id = '{dag_id}' AND run_id = '{run_id}'{where}")
        except sqlite3.OperationalError:
            return None  # not made yet, or locked for the moment
        return rows[0][0] if rows else None

    def tasks(self, dag_id: str, partition: str) -> dict[str, str]:
        """Return the state of each task of a partition's run."""
        return dict(
            self.asked(
                "SELECT t.task_id, t.state FROM task_instance t JOIN dag_run r USING (dag_id, run_id) "
                f"WHERE r.dag_id = '{dag_id}' AND r.partition_key = '{partition}'"
            )
        )

    def answer(self, dag_id: str, run_id: str, option: str) -> None:
        """Answer an approval, as the form of a task that waits for a person does."""
        self.until(lambda: self.state(dag_id, run_id, "approve") == "awaiting_input", f"{run_id} asks")
        # an answer within a second, which no person gives, would find the task that asked still ending: taken for a crash
        ended = (
            f"state success for task instance TaskInstanceKey(dag_id='{dag_id}', task_id='approve', run_id='{run_id}'"
        )
        log = self.platform.airflow_home / "logs" / "platform" / "scheduler.log"
        self.until(lambda: ended in log.read_text(errors="replace"), f"{run_id} has asked")
        place = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails"
        self._called("PATCH", place, {"chosen_options": [option], "params_input": {}})
        self.until(lambda: self.state(dag_id, run_id) in ("success", "failed"), f"{run_id} ends")

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, str]) -> None:
        """Start a run, as the form of a DAG does."""
        self._called("POST", f"/dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": conf})

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Wait until something holds.

        Raises
        ------
        TimeoutError
            When it never does.
        """
        end = time.monotonic() + _PATIENCE_S
        while not done():
            if time.monotonic() > end:
                raise TimeoutError(what)
            time.sleep(0.1)

    def _called(self, method: str, place: str, body: dict[str, Any]) -> None:
        # on SQLite the server may lock itself out when it writes for a person and for a task at once
        self.until(self._quiet, "a moment without tasks")
        if not self._token:
            login = {"username": "admin", "password": self.platform.password()}
            self._token.append(self._sent("POST", "/auth/token", login)["access_token"])
        self._sent(method, f"/api/v2{place}", body, {"Authorization": f"Bearer {self._token[0]}"})

    def _sent(self, method: str, place: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(
            f"http://localhost:{self.platform.port}{place}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"} | (headers or {}),
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def _quiet(self) -> bool:
        busy = "SELECT count(*) FROM task_instance WHERE state IN ('scheduled', 'queued', 'running')"
        try:
            return self.asked(busy) == [(0,)]
        except sqlite3.OperationalError:
            return False


class Person(threading.Thread):
    """Somebody who acts while the nights run; what goes wrong interrupts them, and is raised at the end."""

    def __init__(self, acts: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._acts = acts
        self.error: BaseException | None = None

    def run(self) -> None:
        """Act."""
        try:
            self._acts()
        except BaseException as error:
            self.error = error
            interrupt_main()

    def done(self) -> None:
        """Raise what went wrong."""
        if self.error is not None:
            raise self.error
        self.join(5)
