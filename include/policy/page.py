"""The backtest as a page: what to use and why, the frontier, every policy with its intervals, and what the proof costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from include.report.axes import Scale, tick_text, ticks
from include.report.pages import render
from include.report.words import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 400, 64, 20, 16, 46
_BOUNDS = ("random", "hindsight")
_LETTER = 6.6  # width of a letter of 12 px, about


def backtest_page(result: dict[str, Any]) -> str:
    """Return the page of what `include.policy.backtest.run_backtest` returned: HTML, offline, escaped."""
    policies = {name: policy for name, policy in result["policies"].items() if not name.startswith(_BOUNDS)}
    ranked = sorted(policies.items(), key=lambda item: item[1]["mean_loss"])
    unit = result["loss"]
    return render(
        "backtest.html",
        result=result,
        ranked=[(name, policy, name in result["asked"]) for name, policy in ranked],
        plot=frontier_plot(result),
        unit=unit,
        decide=_deciding(result["nights"]["decisions"]),
        labels=_delayed(result["label_delay_partitions"]),
        paths={name: _retrains(policies[name]["path"]) for name in result["asked"]},
        gates=_gates(ranked, result["asked"]),
    )


def _deciding(nights: int) -> str:
    return f"{plural(nights, 'night')} that {'decides' if nights == 1 else 'decide'}"


def _delayed(partitions: int) -> str:
    return f"labels {plural(partitions, 'partition')} late" if partitions else "labels known on the night itself"


def frontier_plot(result: dict[str, Any]) -> Markup:
    """Return gain captured over share of nights that retrain: policies as dots between hindsight and calendar."""
    nights = result["nights"]["decisions"]
    frontier = [point for point in result["frontier"] if point["hindsight_captured"] is not None]
    if not frontier:
        return Markup("")
    dots = _dots(result)
    top = max([1.05, *(100 * point["hindsight_captured"] / 100 for point in frontier), *(y for _, _, y, _ in dots)])
    bottom = min([0.0, *(y for _, _, y, _ in dots)])
    marks = ticks(100 * max(bottom, -0.5), 100 * min(top, 2.5), 6)
    x = Scale(0, 100, LEFT, WIDTH - RIGHT)
    y = Scale(marks[0], marks[-1], HEIGHT - BOTTOM, TOP)
    parts = [_axes(x, y, marks)]
    parts += [
        _curve([(100 * p["retrains"] / nights, 100 * p[name]) for p in frontier], x, y, style)
        for name, style in (("calendar_captured", "b"), ("hindsight_captured", "c"))
    ]
    parts += _labelled(dots, x, y, marks)
    return Markup(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="Frontier"><title>Gain captured by retraining</title>'
        "<desc>Share of nights that retrain against the share of the gain of always retraining that is captured.</desc>{}</svg>"
    ).format(WIDTH, HEIGHT, Markup("").join(parts))


def _dots(result: dict[str, Any]) -> list[tuple[str, float, float, bool]]:
    found = []
    for name, policy in result["policies"].items():
        if not name.startswith(_BOUNDS) and policy["gain_captured"] is not None:
            found.append((name, 100 * policy["retrain_share"], policy["gain_captured"], name in result["asked"]))
    return found


def _axes(x: Scale, y: Scale, marks: Sequence[float]) -> Markup:
    step = marks[1] - marks[0]
    parts = [Markup('<path class="grid" d="M{} {}H{}"/>').format(LEFT, y(mark), WIDTH - RIGHT) for mark in marks]
    parts += [_text(LEFT - 8, y(mark) + 4, f"{tick_text(mark, step)} %", "end") for mark in marks]
    parts += [_text(x(mark), HEIGHT - BOTTOM + 18, f"{mark} %", "middle") for mark in (0, 20, 40, 60, 80, 100)]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "nights that retrain", "middle"))
    parts += [Markup('<path class="level" d="M{} {}H{}"/>').format(LEFT, y(100), WIDTH - RIGHT)]
    return Markup("").join(parts)


def _curve(points: Sequence[tuple[float, float]], x: Scale, y: Scale, style: str) -> Markup:
    shown = [(x(a), min(max(y(b), TOP), HEIGHT - BOTTOM)) for a, b in points]
    path = "M" + "L".join(f"{a} {b}" for a, b in shown)
    return Markup('<path class="line {}" d="{}"/>').format(style, path)


def _labelled(
    dots: Sequence[tuple[str, float, float, bool]], x: Scale, y: Scale, marks: Sequence[float]
) -> list[Markup]:
    """Return dots with their names, each name moved down until it meets no other."""
    parts: list[Markup] = []
    taken: list[tuple[float, float, float]] = []
    for name, share, gain, asked in sorted(dots, key=lambda dot: (not dot[3], dot[1])):
        at_x, at_y = x(share), y(min(max(100 * gain, marks[0]), marks[-1]))
        parts.append(
            Markup('<circle class="dot {}" cx="{}" cy="{}" r="{}"/>').format(
                "" if asked else "c", at_x, at_y, 5.5 if asked else 4
            )
        )
        width = len(name) * _LETTER
        left = at_x + 9 if at_x + 9 + width < WIDTH - RIGHT else at_x - 9 - width
        place = at_y + 4
        while any(abs(place - row) < 13 and left < end and begin < left + width for begin, end, row in taken):
            place += 13
        taken.append((left, left + width, place))
        parts.append(_text(left, place, name, "start", "value" if asked else ""))
    return parts


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}" class="{}">{}</text>').format(
        round(x, 1), round(y, 1), anchor, style, text
    )


def _retrains(path: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [step for step in path if step["verdict"] == "retrain"]


def _gates(
    ranked: Sequence[tuple[str, dict[str, Any]]], asked: Sequence[str]
) -> list[tuple[str, list[dict[str, Any]]]]:
    return [
        (name, [policy, *policy["gates"].values()]) for name, policy in ranked if name in asked and policy.get("gates")
    ]
