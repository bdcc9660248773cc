"""A process that has imported everything once, and forks a child for each piece of work: to be killed at a chosen point.

It reads one JSON line a job and answers one. A child patches what makes effects durable (links, renames, removals, syncs,
commits of tables), counts those points, before and after each, and kills itself with SIGKILL at the one it is told; or it
is killed from outside after some milliseconds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

import include.night.preload  # noqa: F401  (children are forked and import nothing)
from include.night.messages import flush
from include.night.promote import act
from include.night.whole import dataset_step, night_step, run_ingest, run_night
from include.project import Project
from tests.include.night.shops import NOW


def project_of(job: dict[str, Any]) -> Project:
    """Return the installation of a job; a rerun comes an hour later, when claims of the dead have run out."""
    now = NOW + timedelta(hours=job.get("later", 0))
    return Project.open(environ=job["environ"], actor="tester", clock=lambda: now)


def work(job: dict[str, Any]) -> None:
    """Do what the job names."""
    project, night = project_of(job), job["night"]
    what, options = job["work"], job.get("options", {})
    if what == "whole night":
        run_night(project, "sales", night, **options)
    elif what == "whole ingest":
        for dataset in ("shop", "rates"):
            run_ingest(project, dataset, night)
    elif what == "flush":
        flush(project)
    elif what == "promote":
        passed = [
            r.body["candidate"] for r in project.model_ledger("sales").records("gate") if r.body["verdict"] == "pass"
        ]
        act(project, "sales", action="promote", candidate=passed[-1])
    elif what in ("validate", "publish"):
        dataset_step(project, "shop", night, what, **options)
    else:
        night_step(project, "sales", night, what, **options)


def count_points(kill_at: int | None, counted: Path) -> None:
    """Count what makes effects durable, and die at one of them."""
    seen = [0]

    def point() -> None:
        seen[0] += 1
        if seen[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if kill_at is None:
            counted.write_bytes(str(seen[0]).encode())

    def around(real: Any) -> Any:
        def patched(*args: Any, **kwargs: Any) -> Any:
            point()
            result = real(*args, **kwargs)
            point()
            return result

        return patched

    for owner, name in (
        (os, "link"),
        (os, "replace"),
        (os, "unlink"),
        (os, "fsync"),
        (DeltaTable, "create"),
        (DeltaTable, "create_write_transaction"),
    ):
        setattr(owner, name, around(getattr(owner, name)))


def forked(job: dict[str, Any]) -> int:
    """Start a child that does the job; returns its process id."""
    child = os.fork()
    if child:
        return child
    try:
        count_points(job.get("kill_at"), Path(job["environ"]["NIGHTSHIFT_HOME"]).parent / "points")
        work(job)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def ended(job: dict[str, Any]) -> list[int]:
    """Do a job in one child, or in several at once; returns how they ended (a signal is negative)."""
    children = [forked(job) for _ in range(job.get("copies", 1))]
    if "kill_after_ms" in job:
        time.sleep(job["kill_after_ms"] / 1000)
        os.kill(children[0], signal.SIGKILL)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def main() -> None:
    """Answer each line with a line, until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print must not stand between the answers
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        answers.write(json.dumps(ended(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
