"""Plots as inline SVG: a line with its interval, two histograms, bars, and intervals beside zero.

They are drawn by hand, because a drawing library costs a second of import in every night's report and its output brings
its own colours: here all colours come from the page's style, so that a plot reads in light, in dark and on paper. Every
plot has a title and a description for screen readers; the page puts the numbers beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from include.report.axes import Scale, spread, tick_text, ticks
from include.report.words import number

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 760, 60, 40, 14, 34
_HALF = 440


@dataclass(frozen=True)
class Series:
    """One line: values by position (None for a gap), with the ends of their intervals; `style` is ``a``, ``b`` or ``c``."""

    name: str
    values: tuple[float | None, ...]
    lows: tuple[float | None, ...] = ()
    highs: tuple[float | None, ...] = ()
    style: str = "a"


def line_plot(
    title: str,
    description: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    level: float | None = None,
    height: int = 250,
) -> Markup:
    """Return lines over partitions, each with a band between its lower and upper ends.

    Parameters
    ----------
    title, description : str
        Read aloud by screen readers.
    labels : sequence of str
        One for each position.
    series : sequence of Series
        Values that are not finite are gaps.
    level : float, optional
        A dashed horizontal line to compare with.

    Returns
    -------
    Markup
        Empty when there is nothing to draw.
    """
    known = [v for s in series for values in (s.values, s.lows, s.highs) for v in values if _finite(v)]
    if level is not None and _finite(level):
        known.append(level)
    if not known or not labels:
        return Markup("")
    marks = ticks(*_padded(min(known), max(known)))  # type: ignore[type-var,arg-type]
    x = Scale(0, max(1, len(labels) - 1), LEFT + 10, WIDTH - RIGHT - 10)
    y = Scale(marks[0], marks[-1], height - BOTTOM, TOP)
    parts = [_grid(marks, y, WIDTH - RIGHT), _dates(labels, x, height)]
    if level is not None and _finite(level):
        parts.append(Markup('<path class="level" d="M{} {}H{}"/>').format(LEFT, y(level), WIDTH - RIGHT))
    for item in series:
        parts += [_band(item, x, y), _line(item, x, y)]
    return _svg(title, description, parts, height)


def pair_plot(
    title: str, description: str, labels: Sequence[str], reference: Sequence[float], current: Sequence[float]
) -> Markup:
    """Return two histograms bin beside bin, as shares of their own totals; empty when either has no rows."""
    old, new = _shares(reference), _shares(current)
    if not labels or not any(old) or not any(new):
        return Markup("")
    height, end = 200, _HALF - 12
    marks = ticks(0, max(*old, *new), 4)
    y = Scale(marks[0], marks[-1], height - BOTTOM, TOP)
    width = (end - LEFT) / len(labels)
    middle = Scale(0, max(1, len(labels) - 1), LEFT + width / 2, end - width / 2)
    parts = [
        _grid(marks, y, end, unit=" %"),
        _columns(old, LEFT + width * 0.08, width, y, "c"),
        _columns(new, LEFT + width * 0.52, width, y, "a"),
        _dates(labels, middle, height, most=max(2, min(8, 50 // _longest(labels)))),
    ]
    return _svg(title, description, parts, height, _HALF)


def bar_plot(title: str, description: str, items: Sequence[tuple[str, float, str]], *, most: int = 30) -> Markup:
    """Return horizontal bars of (name, value ≥ 0, text); the largest `most` of them in the order given."""
    known = [item for item in items if _finite(item[1]) and item[1] >= 0]
    largest = sorted(range(len(known)), key=lambda i: -known[i][1])[:most]
    shown = [known[i] for i in sorted(largest)]
    if not shown:
        return Markup("")
    x = Scale(0, max(value for _, value, _ in shown) or 1.0, 190, WIDTH - 110)
    parts = []
    for i, (name, value, text) in enumerate(shown):
        top = 6 + i * 24
        parts.append(_text(182, top + 13, _short(name, 26), "end"))
        parts.append(_bar(190, top, max(1.5, x(value) - 190), 16, "a"))
        parts.append(_text(max(1.5, x(value) - 190) + 197, top + 13, text, "start", "value"))
    return _svg(title, description, parts, 12 + len(shown) * 24)


def interval_plot(
    title: str,
    description: str,
    rows: Sequence[tuple[str, float | None, float, float, str]],
    *,
    margin: float | None = None,
) -> Markup:
    """Return intervals of (name, value, low, high, tone) beside a line at zero and one at the margin."""
    shown = [row for row in rows if _finite(row[2]) and _finite(row[3])][:40]
    if not shown:
        return Markup("")
    ends = [end for row in shown for end in row[2:4]] + [0.0] + ([margin] if margin is not None else [])
    marks = ticks(*_padded(min(ends), max(ends)), 6)
    height = 20 + len(shown) * 26 + 24
    x = Scale(marks[0], marks[-1], 190, WIDTH - 30)
    step = marks[1] - marks[0]
    parts = [Markup('<path class="grid" d="M{} 8V{}"/>').format(x(mark), height - 24) for mark in marks]
    parts += [_text(x(mark), height - 8, tick_text(mark, step), "middle") for mark in marks]
    parts.append(Markup('<path class="zero" d="M{} 8V{}"/>').format(x(0), height - 24))
    if margin:
        parts.append(Markup('<path class="level" d="M{} 8V{}"/>').format(x(margin), height - 24))
    for i, (name, value, low, high, tone) in enumerate(shown):
        at = 24 + i * 26
        parts.append(_text(180, at + 4, _short(name, 26), "end"))
        parts.append(
            Markup('<path class="whisker {}" d="M{} {}H{}M{} {}v10M{} {}v10"/>').format(
                tone, x(low), at, x(high), x(low), at - 5, x(high), at - 5
            )
        )
        if value is not None and _finite(value):
            parts.append(Markup('<circle class="dot {}" cx="{}" cy="{}" r="4.5"/>').format(tone, x(value), at))
    return _svg(title, description, parts, height)


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _padded(low: float, high: float) -> tuple[float, float]:
    pad = (high - low) * 0.04
    return low - pad if low != 0 else low, high + pad


def _svg(title: str, description: str, parts: Sequence[Markup], height: int, width: int = WIDTH) -> Markup:
    inside = Markup("").join(parts)
    return Markup(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title><desc>{}</desc>{}</svg>'
    ).format(width, height, f"{title}. {description}", title, description, inside)


def _grid(marks: Sequence[float], y: Scale, end: float, unit: str = "") -> Markup:
    step = marks[1] - marks[0]
    lines = Markup("").join(Markup("M{} {}H{}").format(LEFT, y(mark), end) for mark in marks)
    texts = Markup("").join(_text(LEFT - 8, y(mark) + 4, tick_text(mark, step) + unit, "end") for mark in marks)
    return Markup('<path class="grid" d="{}"/>').format(lines) + texts


def _dates(labels: Sequence[str], x: Scale, height: int, most: int = 8) -> Markup:
    shown = [(i, labels[i]) for i in spread(len(labels), most)]
    return Markup("").join(_text(x(i), height - BOTTOM + 20, _short(label, 14), "middle") for i, label in shown)


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> Markup:
    named = Markup(' class="{}"').format(style) if style else Markup("")
    return Markup('<text x="{}" y="{}" text-anchor="{}"{}>{}</text>').format(
        round(x, 1), round(y, 1), anchor, named, text
    )


def _shares(counts: Sequence[float]) -> list[float]:
    """Return counts as per cent of their total; what is not finite or negative counts as none."""
    known = [value if _finite(value) and value > 0 else 0.0 for value in counts]
    total = sum(known)
    return [value / total * 100 if total else 0.0 for value in known]


def _columns(shares: Sequence[float], start: float, width: float, y: Scale, style: str) -> Markup:
    """Draw all columns of a histogram as one path, because rectangles of their own make a page large."""
    thick = round(max(0.4, width * 0.4), 1)
    drawn = "".join(
        f"M{start + i * width:.1f} {y(0)}V{y(share)}h{thick}V{y(0)}z" for i, share in enumerate(shares) if share
    )
    return Markup('<path class="bar {}" d="{}"/>').format(style, drawn)


def _bar(x: float, y: float, width: float, height: float, style: str) -> Markup:
    return Markup('<rect class="bar {}" x="{}" y="{}" width="{}" height="{}"/>').format(
        style, round(x, 1), round(y, 1), round(width, 1), round(max(0.0, height), 1)
    )


def _band(series: Series, x: Scale, y: Scale) -> Markup:
    runs: list[list[tuple[int, float, float]]] = [[]]
    for i, (low, high) in enumerate(zip(series.lows, series.highs, strict=False)):
        if low is not None and high is not None and _finite(low) and _finite(high):
            runs[-1].append((i, low, high))
        else:
            runs.append([])
    shapes = []
    for run in filter(None, runs):
        points = [f"{x(i)},{y(high)}" for i, _, high in run] + [f"{x(i)},{y(low)}" for i, low, _ in reversed(run)]
        if len(run) == 1:
            i, low, high = run[0]
            shapes.append(
                Markup('<path class="whisker {}" d="M{} {}V{}"/>').format(series.style, x(i), y(low), y(high))
            )
        else:
            shapes.append(Markup('<polygon class="band {}" points="{}"/>').format(series.style, " ".join(points)))
    return Markup("").join(shapes)


def _line(series: Series, x: Scale, y: Scale) -> Markup:
    path, pen, dots = [], "M", []
    dotted = len(series.values) <= 62
    for i, value in enumerate(series.values):
        if value is None or not _finite(value):
            pen = "M"
            continue
        path.append(f"{pen}{x(i)} {y(value)}")
        pen = "L"
        if dotted:
            tip = f"{series.name}: {number(value)}"
            dots.append(
                Markup('<circle class="dot {}" cx="{}" cy="{}" r="3"><title>{}</title></circle>').format(
                    series.style, x(i), y(value), tip
                )
            )
    return Markup('<path class="line {}" d="{}"/>').format(series.style, "".join(path)) + Markup("").join(dots)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _longest(labels: Sequence[str]) -> int:
    return max(1, max(min(14, len(str(escape(label)))) for label in labels))
