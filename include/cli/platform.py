"""Commands of the embedded platform: run, up."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from include.cli.output import console

ModelOption = Annotated[str | None, typer.Option("--model", help="Model; the only one that is configured when omitted")]
First = Annotated[
    str | None, typer.Option(help="First night: its key or a period; the model's first partition when omitted")
]
Last = Annotated[str | None, typer.Option(help="Last night: its key or a period; 13 after the first when omitted")]
Since = Annotated[str | None, typer.Option("--history-from", help="First partition of the history to load")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(up)


def run(model: ModelOption = None, first: First = None, last: Last = None, history_from: Since = None) -> None:
    """Work through real nights with a real scheduler, print them, stop. Goes on where an earlier run stopped."""
    from include.platform.plan import plan_of
    from include.platform.run import run_nights
    from include.platform.settings import platform_of
    from include.project import Project

    platform = platform_of(os.environ)
    project = Project.open(environ={**os.environ, "NIGHTSHIFT_HOME": str(platform.home)})
    raise typer.Exit(run_nights(project, platform, plan_of(project, model, first, last, history_from), console))


def up() -> None:
    """Run the platform with its user interfaces until Ctrl-C."""
    from include.platform.run import stay_up
    from include.platform.settings import platform_of
    from include.project import Project

    platform = platform_of(os.environ)
    project = Project.open(environ={**os.environ, "NIGHTSHIFT_HOME": str(platform.home)})
    raise typer.Exit(stay_up(project, platform, None, console))
