"""The page of a night."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.report.pages import render
from include.report.plots import Series, bar_plot, interval_plot, line_plot, pair_plot
from include.report.story import NOTHING_TO_DO, newest, what_happened, what_to_do, why
from include.report.words import count, number, seconds, tone, word

if TYPE_CHECKING:
    from markupsafe import Markup

    from include.report.facts import GateFact, MetricFact, NightReport

MOST_ROWS = 50
_MOST_DISTRIBUTIONS = 8
_MOST_BINS = 30
_MOST_METRICS = 6
_MOST_POINTS = 200
_WORST = ("block", "cannot_tell", "missing", "late", "warn", "pass")


def night_page(night: NightReport) -> str:
    """Return a night's page: one HTML file without scripts that needs no network.

    Parameters
    ----------
    night : NightReport
        What is missing is said to be missing. Tables show the newest 50 rows and plots the newest 200 partitions, so that
        a page stays below 300 kB.
    """
    shown = [item for item in map(_metric, night.metrics) if item["plot"]]
    pairs = _distributions(night)
    todo = what_to_do(night)
    hours = (night.end - night.start).total_seconds() / 3600 if night.start and night.end else None
    return render(
        "night.html",
        night=night,
        names={fact.dataset for fact in night.data},
        hours=hours,
        happened=what_happened(night),
        reasons=why(night),
        todo=todo,
        act=todo != [NOTHING_TO_DO] and bool(night.failures or night.blocked_data or night.alarms or night.todo),
        figures=_figures(night),
        worst_health=next((health for health in _WORST if any(fact.health == health for fact in night.data)), None),
        promoted=bool(night.champion_after) and night.champion_after != night.champion_before,
        alarm_count=sum(alarm.kind == "alarm" for alarm in night.alarms),
        gate_plot=_gate_plot(night.gate),
        gate_margin=_margin(night.gate),
        judged=[part for part in night.gate.parts if part.verdict != "unset"] if night.gate else [],
        unset=_unset(night.gate) if night.gate else [],
        rival="champion" if night.champion_before else "constant predictor",
        path_plot=_path_plot(night.gate),
        metrics=shown[:_MOST_METRICS],
        metrics_hidden=[item["fact"].name for item in shown[_MOST_METRICS:]],
        distributions=pairs[:_MOST_DISTRIBUTIONS],
        distributions_hidden=max(0, len(pairs) - _MOST_DISTRIBUTIONS),
        importance_plot=_importance_plot(night),
        importance_hidden=len(night.importances) > 30,
        cost_plot=_cost_plot(night),
        most_rows=MOST_ROWS,
    )


def _unset(gate: GateFact) -> list[str]:
    """Return the parts that were not judged, together where they share the reason."""
    reasons: dict[str, list[str]] = {}
    for part in gate.parts:
        if part.verdict == "unset":
            reasons.setdefault(part.sentence, []).append(word(part.name))
    return [f"{', '.join(names)} ({why})" if why else ", ".join(names) for why, names in reasons.items()]


def _figures(night: NightReport) -> list[tuple[str, str, str]]:
    found = [("Rows scored", count(night.rows_scored), f"by version {night.scored_by}" if night.scored_by else "")]
    point = newest(night.metrics[0]) if night.metrics else None
    if point:
        note = f"{point.partition}, realised"
        found.append((night.metrics[0].name.capitalize(), number(point.value), note))
    champion = night.champion_after or night.champion_before
    note = f"before: version {night.champion_before}" if night.champion_before not in {None, champion} else ""
    found.append(("Champion", f"version {champion}" if champion else "none yet", note))
    if night.steps:
        cpu = sum(step.cpu_s or 0.0 for step in night.steps)
        found.append(("Time", seconds(night.seconds), f"{seconds(cpu)} of CPU" if cpu else ""))
    return found


def _metric(fact: MetricFact) -> dict[str, Any]:
    points = fact.points[-_MOST_POINTS:]
    kinds = [kind for kind in ("realised", "estimated") if any(p.kind == kind and p.value is not None for p in points)]
    labels = list(dict.fromkeys(point.partition for point in points))
    series = []
    for style, kind in zip("ab", kinds, strict=False):
        found = {point.partition: point for point in points if point.kind == kind}
        chosen = [found.get(label) for label in labels]
        series.append(
            Series(
                kind,
                tuple(p.value if p else None for p in chosen),
                tuple(p.low if p else None for p in chosen),
                tuple(p.high if p else None for p in chosen),
                style,
            )
        )
    keys = [(item.style, f"{item.name}, with its 95 % interval" if any(item.lows) else item.name) for item in series]
    keys += [("level", f"at the gate ({number(fact.expected)})")] if fact.expected is not None else []
    plot = line_plot(fact.name, _said(fact), labels, series, level=fact.expected) if series else ""
    return {"fact": fact, "plot": plot, "legend": keys, "hidden": len(fact.points) > MOST_ROWS}


def _said(fact: MetricFact) -> str:
    known = [point for point in fact.points if point.value is not None]
    first, last = known[0], known[-1]
    return f"From {number(first.value)} on {first.partition} to {number(last.value)} on {last.partition}"


def _gate_plot(gate: GateFact | None) -> Markup | str:
    if gate is None:
        return ""
    rows = [
        (word(part.name), part.difference, part.low, part.high, tone(part.verdict))
        for part in gate.parts
        if part.low is not None and part.high is not None
    ]
    said = f"Verdict {gate.verdict}. {gate.sentence}"
    return interval_plot("Intervals of the gate", said, rows, margin=_margin(gate))


def _margin(gate: GateFact | None) -> float | None:
    return next((part.margin for part in gate.parts if part.margin), None) if gate else None


def _path_plot(gate: GateFact | None) -> Markup | str:
    if gate is None or len(gate.path) < 2:
        return ""
    path = gate.path[-_MOST_POINTS:]
    series = [
        Series("champion", tuple(point.champion for point in path), style="c"),
        Series("candidate", tuple(point.candidate for point in path), style="a"),
    ]
    return line_plot(
        gate.metric, f"Losses of champion and candidate on {len(path)} partitions", [p.partition for p in path], series
    )


def _distributions(night: NightReport) -> list[dict[str, Any]]:
    found = []
    for fact in night.distributions:
        words = f"Shares of the reference and of tonight in {len(fact.labels)} bins. {fact.sentence}"
        plot = pair_plot(fact.subject, words, fact.labels, fact.reference, fact.current)
        rows = list(zip(fact.labels, fact.reference, fact.current, strict=True))
        if plot:
            found.append({"fact": fact, "plot": plot, "rows": rows[:_MOST_BINS], "hidden": len(rows[_MOST_BINS:])})
    return found


def _importance_plot(night: NightReport) -> Markup | str:
    total = sum(value for _, value in night.importances)
    if total <= 0:
        return ""
    items = [(name, value / total, f"{value / total * 100:.1f} %") for name, value in night.importances]
    return bar_plot("Attributions", f"The largest is {items[0][0]} with {items[0][2]}", items)


def _cost_plot(night: NightReport) -> Markup | str:
    items = [(step.step, step.wall_s or 0.0, seconds(step.wall_s)) for step in night.steps if step.wall_s]
    return bar_plot("Wall time by step", f"{seconds(night.seconds)} in all", items) if len(items) > 1 else ""
