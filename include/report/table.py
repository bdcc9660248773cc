"""The table of nights that a run prints, and its progress while it works."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from include.report.lines import NightLine
from include.report.words import NOTHING, count, number, seconds, tone, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from rich.console import Console, RenderableType

_WIDE, _NARROW = 140, 96
_STYLES = {"good": "green", "fair": "yellow", "bad": "bold red", "plain": ""}


def night_table(lines: Sequence[NightLine], *, width: int = 100, title: str = "") -> Table:
    """Return the table of nights, one line each, the reason wrapped below its decision.

    Parameters
    ----------
    lines : sequence of NightLine
        Printed in their order.
    width : int
        Columns of the terminal. Below 140 the candidate stands with the reason, below 96 the decision, too.
    title : str
    """
    wide = width >= _WIDE
    found = Table(title=title or None, box=None, pad_edge=False, padding=(0, 2 if wide else 1, 0, 0))
    metrics = {line.metric for line in lines}
    measured = metrics.pop() if len(metrics) == 1 else "metric"
    found.add_column("Night", no_wrap=True)
    found.add_column("Rows", justify="right", no_wrap=True)
    found.add_column("Health", no_wrap=True)
    found.add_column("Scored", justify="right", no_wrap=True)
    if width >= _NARROW:
        found.add_column("Decision", no_wrap=True)
    found.add_column("Why" if width >= _NARROW else "Decision", min_width=16, overflow="fold")
    if wide:
        found.add_column("Candidate", no_wrap=True, max_width=28)
    found.add_column("Gate", no_wrap=True)
    found.add_column("Champion" if wide else "Champ.", no_wrap=True)
    found.add_column(measured.capitalize() if len(measured) < 14 else "Metric", justify="right", no_wrap=True)
    found.add_column("Time", justify="right", no_wrap=True)
    for line in lines:
        found.add_row(*_cells(line, width))
    return found


def legend(lines: Sequence[NightLine]) -> str:
    """Return one sentence on what the columns mean; empty for no lines."""
    if not lines:
        return ""
    known = [line for line in lines if line.measured_on]
    newest = f" (for {known[-1].partition}: {known[-1].measured_on})" if known else ""
    return f"{lines[-1].metric.capitalize()} is realised: of the newest night whose labels were known then{newest}."


def _cells(line: NightLine, width: int) -> list[RenderableType]:
    cells: list[RenderableType] = [
        Text(line.partition),
        count(line.ingested),
        _toned(line.health),
        count(line.scored),
        *_reasons(line, width),
    ]
    if width >= _WIDE:
        cells.append(Text(_short(line.candidate or NOTHING, 28)))
    champion = Text(f"{line.champion} new", "bold green") if line.promoted else Text(line.champion or NOTHING)
    return [*cells, _toned(line.gate), champion, number(line.value), seconds(line.seconds)]


def _reasons(line: NightLine, width: int) -> list[Text]:
    why = line.reason
    if line.candidate and width < _WIDE:
        why = f"{why}; candidate {line.candidate}" if why else f"candidate {line.candidate}"
    if line.refit_refused:
        why = f"{why}; {_refused(line)}"
    if width >= _NARROW:
        return [_decided(line), Text(why)]
    return [Text.assemble(_decided(line), f": {why}" if why else "")]


def _refused(line: NightLine) -> str:
    return f"its refit was refused: {'what was judged is promoted' if line.promoted else 'nothing is promoted yet'}"


def _decided(line: NightLine) -> Text:
    return _toned("failed" if line.state == "failed" else line.decision)


def _toned(state: str | None) -> Text:
    return Text(word(state), style=_STYLES[tone(state)])


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


class Progress:
    """What is going on now: phases of setting up, then nights.

    On a terminal, what is running is redrawn in place and what is done stays above it. Elsewhere (a log, CI) each phase and
    each night is one plain line when it is done, and one when it begins.

    Parameters
    ----------
    console : rich.console.Console
    clock : callable
        Seconds of a clock that only goes forward (`time.monotonic`).

    Examples
    --------
    >>> from rich.console import Console
    >>> times = iter([0.0, 2.5])
    >>> with Progress(Console(width=60), lambda: next(times)) as progress:
    ...     with progress.phase("Installing the packages"):
    ...         pass
    Installing the packages …
    ✓ Installing the packages  2.5 s
    """

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self.console, self._clock = console, clock
        self._running: dict[str, tuple[float, Text]] = {}
        self._spinner = Spinner("dots")
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self.console.is_terminal:
            self._live = Live(console=self.console, refresh_per_second=8, transient=True, get_renderable=self._drawn)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing; what was printed stays."""
        if self._live:
            self._live.stop()
            self._live = None

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Show a phase while it lasts, and how long it took; ✗ when it fails (the error goes on)."""
        begun = self.begin(name)
        try:
            yield
        except BaseException:
            self.end(name, f"✗ {name}", self._clock() - begun, style="bold red")
            raise
        self.end(name, f"✓ {name}", self._clock() - begun)

    def begin(self, name: str, doing: str = "") -> float:
        """Show something as running; returns when it began."""
        begun = self._clock()
        self._running[name] = (begun, Text(doing))
        if not self._live:
            self.console.print(Text(f"{name} …"))
        return begun

    def doing(self, name: str, what: str) -> None:
        """Say what a running thing is at (for instance the step of a night)."""
        if name in self._running:
            self._running[name] = (self._running[name][0], Text(what))

    def end(self, name: str, text: str, took_s: float, style: str = "") -> None:
        """Leave one line for what is done."""
        self._running.pop(name, None)
        self.console.print(Text.assemble((text, style), ("  " + seconds(took_s), "dim")))

    def night(self, line: NightLine) -> None:
        """Leave one line for a night that is done."""
        self._running.pop(line.partition, None)
        self.console.print(night_line(line))

    def _drawn(self) -> RenderableType:
        now = self._clock()
        lines: list[RenderableType] = []
        for name, (begun, doing) in self._running.items():
            row = Table.grid(padding=(0, 1))
            row.add_row(
                self._spinner, Text(name, style="bold"), doing, Text(seconds(max(0.0, now - begun)), style="dim")
            )
            lines.append(row)
        return Group(*lines)


def night_line(line: NightLine) -> Text:
    """Return a night as one line of text, for logs and progress."""
    mark = ("✗ ", "bold red") if line.state == "failed" else ("✓ ", "green")
    parts: list[Text | str | tuple[str, str]] = [mark, (line.partition, "bold"), "  ", _decided(line)]
    if line.reason:
        parts.append(f": {line.reason}")
    if line.gate:
        parts += ["; gate ", _toned(line.gate)]
    if line.refit_refused:
        parts.append(f"; {_refused(line)}")
    if line.promoted:
        parts += ["; ", (f"champion {line.champion}", "bold green")]
    if line.seconds is not None:
        parts.append((f"  {seconds(line.seconds)}", "dim"))
    return Text.assemble(*parts)


__all__ = ["NightLine", "Progress", "legend", "night_line", "night_table"]
