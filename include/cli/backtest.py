"""The command backtest: policies tried on a model's own past, before one is switched on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from include.cli.datasets import From, To
from include.cli.output import answer, console

if TYPE_CHECKING:
    from collections.abc import Mapping


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backtest)


def backtest(
    model: Annotated[str, typer.Argument(help="Model; no night of it needs to have run")],
    policies: Annotated[
        str, typer.Option(help="Rules to try, such as 'auto,every(3),challenger(0.03)'; a usual set when omitted")
    ] = "",
    first: From = None,
    last: To = None,
    label_delay: Annotated[
        str | None,
        typer.Option(help="Time (30d) or partitions (1) until labels are known; the configured delay when omitted"),
    ] = None,
    windows: Annotated[
        str,
        typer.Option(help="Training windows in partitions, such as 'last(6),decay(4)'; those of the YAML when omitted"),
    ] = "",
    latency: Annotated[int, typer.Option(help="Partitions from a training to its serving", min=0)] = 0,
    gates: Annotated[bool, typer.Option(help="Also replay every policy under each mode of the gate")] = True,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here as JSON; - prints it")] = None,
    page: Annotated[Path | None, typer.Option("--html", help="Write the page with the frontier here")] = None,
) -> None:
    """Try policies on a model's past, beside never, always, the calendar, chance and hindsight.

    Gain: share of what training every night gains over never. Timing: 0 % like trainings at random times, as many, 100 %
    like the best times in hindsight.
    """
    from include.cli.models import project_of
    from include.policy.backtest import run_backtest
    from include.policy.form import options_of, rules_in
    from include.policy.page import backtest_page

    for file in (json_file, page):
        _writable(file)
    form = {"first": first, "last": last, "label_delay": label_delay, "windows": windows}
    options = options_of(form | {"latency": latency, "gates": gates})
    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("walk-forward matrix", total=None)
        found = run_backtest(
            project_of(model), model, rules_in(policies), options,
            progress=lambda done, count: shown.update(task, completed=done, total=count),
        )  # fmt: skip
    if page:
        page.write_text(backtest_page(found), encoding="utf-8")
    text = json.dumps(found, indent=1, ensure_ascii=False)
    if json_file and str(json_file) != "-":
        json_file.write_text(text + "\n", encoding="utf-8")
    if json_file and str(json_file) == "-":
        console.file.write(text + "\n")
        return
    answer([{"policy": name, **_shown(each)} for name, each in found["policies"].items()], as_json=False)
    console.print(found["recommendation"]["sentence"])


def _writable(file: Path | None) -> None:
    """Refuse a place that nothing can be written to, before anything is computed."""
    from include.errors import PolicyError

    if file is None or str(file) == "-":
        return
    if file.is_dir():
        raise PolicyError.at(f"{file}", "is a folder", "a file to write to", f"write to {file / 'backtest.json'}, say")
    if not file.parent.is_dir():
        raise PolicyError.at(f"{file}", f"{file.parent} is no folder", "a folder that is there", "make it first")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise PolicyError.at(f"{file}", "may not be written", "a file that you may write", "choose another place")


def _shown(policy: Mapping[str, Any]) -> dict[str, str]:
    """Return what a line of the table says of a policy, in 80 columns; the JSON has it all, to every digit."""
    low, high = policy.get("low"), policy.get("high")
    return {
        "loss": f"{policy['mean_loss']:.4g}",
        "95 % interval": "–" if low is None or high is None else f"{low:.4g}–{high:.4g}",
        "trainings": f"{policy['retrains']}",
        "gain": _percent(policy.get("gain_captured")),
        "timing": _percent(policy.get("timing_skill")),
        "CPU s": "–" if policy.get("cpu_seconds") is None else f"{policy['cpu_seconds']:.3g}",
    }


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
