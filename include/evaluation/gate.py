"""The gate: may this candidate replace the champion? Pass, fail or wait, with every number."""

from __future__ import annotations

from collections.abc import Sequence

from include.evaluation.nights import NightScores, paired_nights
from include.evaluation.performance import Judged, judge_gain
from include.evaluation.terms import Terms
from include.evaluation.verdict import GateReport, Part, Verdict, unset

_PARTS_BY_OTHERS = ("fairness", "calibration", "latency", "size", "churn", "leakage", "behaviour", "golden_set")


def judge(
    nights: Sequence[NightScores],
    terms: Terms,
    *,
    first_look: int | None = None,
    parts: Sequence[Part] = (),
    bootstrap: bool = False,
) -> GateReport:
    """Return the verdict on a candidate.

    Parameters
    ----------
    nights : sequence of NightScores
        Held-out partitions in the order of time, later than everything the candidate was trained on.
    terms : Terms
    first_look : int, optional
        Number of labelled nights at this candidate's first judgement; today's when this is the first.
    parts : sequence of Part
        What else was looked at; what is missing is listed as unset, never as passed.
    bootstrap : bool
        The champion is the constant predictor of a model that has none yet.

    Notes
    -----
    `fail` when a part fails, else `wait` when a part waits or cannot tell, else `pass`.
    """
    paired = paired_nights(nights, terms.metric)
    waited = 0 if first_look is None else max(0, len(paired.gain) - first_look)
    gain = judge_gain(paired, terms, waited=waited)
    every = [gain.part, *parts]
    named = {part.name for part in every}
    every += [unset(name, f"gate.{name}") for name in _PARTS_BY_OTHERS if name not in named]
    verdict = _overall(every)
    return GateReport(
        verdict=verdict,
        reason=_reason(verdict, every, bootstrap),
        mode=terms.mode,
        metric=terms.metric.name,
        nights=len(paired.gain),
        gain=float(paired.gain.mean()) if len(paired.gain) else None,
        low=_finite(gain.interval.low),
        high=_finite(gain.interval.high),
        nights_needed=_needed(verdict, gain),
        error_per_candidate=terms.alpha,
        error_per_year=None if terms.candidates_per_year is None else terms.alpha * terms.candidates_per_year,
        ask_person=False,
        parts=tuple(every),
    )


def _overall(parts: Sequence[Part]) -> Verdict:
    findings = {part.finding for part in parts}
    if "fail" in findings:
        return "fail"
    return "wait" if findings & {"wait", "cannot_tell"} else "pass"


def _reason(verdict: Verdict, parts: Sequence[Part], bootstrap: bool) -> str:
    decisive = {"pass": ("pass",), "fail": ("fail",), "wait": ("wait", "cannot_tell")}[verdict]
    first = next(part for part in parts if part.finding in decisive)
    text = f"{first.name}: {first.reason}"
    return f"bootstrap (against the constant predictor): {text}" if bootstrap else text


def _needed(verdict: Verdict, gain: Judged) -> int | None:
    return gain.needed if verdict == "wait" else None


def _finite(value: float) -> float | None:
    return value if abs(value) != float("inf") else None
