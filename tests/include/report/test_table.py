from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from include.report.lines import NightLine
from include.report.table import Progress, legend, night_line, night_table

HOLD = NightLine(
    "2013-03-01",
    907,
    "pass",
    907,
    "hold",
    "3 partitions since the last training; every(7) asks for 7",
    champion="1",
    value=0.431,
    measured_on="2013-02-28",
    seconds=4.3,
)
RETRAIN = replace(
    HOLD, partition="2013-03-07", decision="retrain", candidate="a1b2c3d4e5f6", gate="pass", champion="2", promoted=True
)
FAILED = NightLine("2013-03-08", state="failed", reason="features: no such column", seconds=1.2)


def shown(lines: Sequence[NightLine], width: int) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(night_table(lines, width=width))
    return str(console.file.getvalue())  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [80, 100, 140, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = shown([HOLD, RETRAIN, FAILED], width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width


@pytest.mark.parametrize("width", [80, 100, 200])
def test_every_night_tells_everything(width: int) -> None:
    words = shown([HOLD, RETRAIN, FAILED], width).split()
    for said in (
        "2013-03-01",
        "907",
        "pass",
        "hold",
        "every(7)",
        "retrain",
        "a1b2c3d4e5f6",
        "2",
        "new",
        "0.4310",
        "4.3",
        "failed",
    ):
        assert any(said in word for word in words), said


def test_a_wide_terminal_has_one_line_a_night() -> None:
    assert len(shown([HOLD, RETRAIN, FAILED], 200).splitlines()) == 4


def test_wide_table_reads_as_documented() -> None:
    lines = [" ".join(line.split()) for line in shown([RETRAIN], 200).splitlines()]
    assert lines == [
        "Night Rows Health Scored Decision Why Candidate Gate Champion Log loss Time",
        "2013-03-07 907 pass 907 retrain 3 partitions since the last training; every(7) asks for 7 "
        "a1b2c3d4e5f6 pass 2 new 0.4310 4.3 s",
    ]


def test_a_reason_with_brackets_is_shown_as_it_is() -> None:
    assert "[red]alarm[/red]" in shown([replace(HOLD, reason="[red]alarm[/red]")], 200)


def test_no_night_gives_an_empty_table() -> None:
    assert shown([], 100).split() == [
        "Night",
        "Rows",
        "Health",
        "Scored",
        "Decision",
        "Why",
        "Gate",
        "Champ.",
        "Metric",
        "Time",
    ]


def test_legend_says_when_the_metric_was_known() -> None:
    expected = "Log loss is realised: of the newest night whose labels were known then (for 2013-03-01: 2013-02-28)."
    assert legend([HOLD]) == expected
    assert legend([]) == ""


def test_a_night_is_one_line_of_a_log() -> None:
    expected = (
        "✓ 2013-03-07  retrain: 3 partitions since the last training; every(7) asks for 7; gate pass; champion 2  4.3 s"
    )
    assert night_line(RETRAIN).plain == expected
    assert night_line(FAILED).plain == "✗ 2013-03-08  failed: features: no such column  1.2 s"


def test_a_refused_refit_is_told_beside_the_promotion() -> None:
    refused = replace(RETRAIN, refit_refused=True)
    assert "; its refit was refused: what was judged is promoted; champion 2" in night_line(refused).plain
    assert "its refit was refused: nothing is promoted yet" in night_line(replace(refused, promoted=False)).plain
    assert "refit was refused: what was judged is promoted" in shown([refused], 240)
    assert "was refused: what was" in shown([refused], 100)


class Seconds:
    """A clock that ticks a second at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_a_log_gets_plain_lines() -> None:
    console = Console(width=100, file=io.StringIO(), force_terminal=False)
    with Progress(console, Seconds()) as progress:
        with progress.phase("Installing"):
            progress.doing("Installing", "312 packages")
        progress.begin("2013-03-08")
        progress.night(FAILED)
    assert console.file.getvalue() == (  # type: ignore[attr-defined]
        "Installing …\n✓ Installing  1.0 s\n2013-03-08 …\n✗ 2013-03-08  failed: features: no such column  1.2 s\n"
    )


def test_a_failed_phase_is_told_and_raised() -> None:
    console = Console(width=100, file=io.StringIO(), force_terminal=False)
    with (
        pytest.raises(OSError, match="no disk"),
        Progress(console, Seconds()) as progress,
        progress.phase("Installing"),
    ):
        raise OSError("no disk")
    assert "✗ Installing  1.0 s" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_terminal_shows_what_runs_and_keeps_what_is_done() -> None:
    console = Console(width=100, file=io.StringIO(), force_terminal=True, color_system=None, legacy_windows=False)
    with Progress(console, Seconds()) as progress:
        progress.begin("2013-03-08", "scoring")
        assert progress._live is not None
        progress._live.refresh()
        progress.doing("2013-03-08", "training")
        progress._live.refresh()
        progress.night(FAILED)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "scoring" in text
    assert "training" in text
    assert text.count("✗ 2013-03-08") == 1
