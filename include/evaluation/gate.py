"""The gate: may this candidate replace the champion? Pass, fail or wait, with every number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.evaluation.checks import calibration_part, churn_part, limit_part
from include.evaluation.fairness import fairness_part
from include.evaluation.golden import golden_part
from include.evaluation.nights import NightScores, PairedNights, paired_nights
from include.evaluation.performance import judge_gain
from include.evaluation.slices import slices_part
from include.evaluation.terms import Terms
from include.evaluation.verdict import GateReport, Part, Verdict, unset

PARTS = (
    "performance", "anchor", "slices", "golden_set", "fairness", "calibration", "latency", "size", "churn", "leakage", "behaviour",
)  # fmt: skip
"""Everything that a report lists, in its order."""
_TOO = {"fail": ("fails", "fail"), "wait": ("is open", "are open")}
"""What the headline says of the other parts that fail or wait: of one, and of several."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What the candidate costs to use, measured; None: not measured."""

    microseconds_per_row: float | None = None
    megabytes: float | None = None


def judge(
    nights: Sequence[NightScores],
    terms: Terms,
    *,
    first_look: int | None = None,
    golden: NightScores | None = None,
    costs: Costs | None = None,
    parts: Sequence[Part] = (),
    bootstrap: bool = False,
) -> GateReport:
    """Return the verdict on a candidate.

    Nights that tell several days (`NightScores.day`) are divided into them: a value is a day, whatever the partitions.

    Parameters
    ----------
    nights : sequence of NightScores
        Held-out partitions in the order of time, later than everything the candidate was trained on.
    terms : Terms
        See `Terms.of` for those of a YAML file.
    first_look : int, optional
        Labelled nights at this candidate's first judgement (`report.nights` then); leave out when this is the first.
    golden : NightScores, optional
        The frozen rows scored by both models.
    costs : Costs, optional
        Needed where the terms limit them.
    parts : sequence of Part
        What was looked at elsewhere: `leakage_part`, `behaviour_part`, or parts of your own.
    bootstrap : bool
        The champion is the constant predictor (`constant_scores`), since the model has none yet.

    Notes
    -----
    `fail` when a part fails, else `wait` when a part waits or cannot tell, else `pass`; after `max_wait` further labelled
    nights what is still open is a `fail`. What the terms do not ask for is listed as `unset`, what they ask for and nobody
    measured as `cannot_tell`. Where newest data pass and the golden set fails, a person is asked.

    Error: a candidate that is no better than the terms allow passes with chance at most `error_per_candidate`, over all
    looks together; over a model-year at most that times the candidates judged (`error_per_year`, an expected number).
    """
    values = [value for night in nights for value in night.days()]
    paired = paired_nights(values, terms.metric)
    waited = 0 if first_look is None else max(0, paired.nights - first_look)
    over = waited >= terms.max_wait and first_look is not None
    left = None if over else terms.max_wait - waited
    looked = paired.values_of(paired.nights - waited)
    terms = terms.in_values(paired)
    gain = judge_gain(paired, terms, looked, left=left)
    own = _own_parts(values, paired, terms, looked, left, golden, costs, bootstrap=bootstrap)
    found = {part.name: part for part in (gain.part, *own, *parts)}
    missing = {name: _missing(name, terms) for name in PARTS if name not in found}
    listed = [found.get(name) or missing[name] for name in PARTS] + [
        part for name, part in found.items() if name not in PARTS
    ]
    every = tuple(_settled(part, over) for part in listed)
    verdict = _overall(every)
    return GateReport(
        verdict=verdict,
        reason=_reason(verdict, every, bootstrap),
        mode=terms.mode,
        metric=terms.metric.name,
        nights=paired.nights,
        gain=float(paired.gain.mean()) if len(paired.gain) else None,
        low=_finite(gain.interval.low),
        high=_finite(gain.interval.high),
        nights_needed=paired.nights_for(gain.needed) if verdict == "wait" else None,
        nights_left=left if verdict == "wait" else None,
        error_per_candidate=round(terms.alpha, 12),
        error_per_year=None
        if terms.candidates_per_year is None
        else round(terms.alpha * terms.candidates_per_year, 12),
        ask_person=_contradicts(every),
        parts=every,
    )


def constant_scores(training_labels: NDArray[Any], rows: int, classes: int | None = None) -> NDArray[np.float64]:
    """Return the scores of the constant predictor, the rival of a model's first candidate.

    Parameters
    ----------
    training_labels : array
        Labels before the cut; NaN is left out.
    rows : int
        Rows to score.
    classes : int, optional
        Number of classes when there are more than two; then shape (rows, classes), else (rows,).

    Examples
    --------
    >>> constant_scores(np.array([0.0, 1.0, 1.0, 1.0]), 2).tolist()
    [0.75, 0.75]
    """
    known = np.asarray(training_labels, dtype=np.float64)
    known = known[np.isfinite(known)]
    if classes is None:
        return np.full(rows, known.mean() if len(known) else 0.0)
    share = np.bincount(known.astype(np.intp), minlength=classes) / max(len(known), 1)
    return np.tile(share, (rows, 1))


def _own_parts(
    nights: Sequence[NightScores],
    paired: PairedNights,
    terms: Terms,
    looked: int,
    left: int | None,
    golden: NightScores | None,
    costs: Costs | None,
    *,
    bootstrap: bool,
) -> list[Part]:
    found = []
    if terms.mode == "non_inferior" and any(night.anchor is not None for night in nights):
        against = paired_nights(nights, terms.metric, "anchor")
        found.append(judge_gain(against, terms, looked, name="anchor", left=left).part)
    if terms.slices or terms.search_slices:
        told = [night for night in nights if night.partition in set(paired.partitions)]
        found.append(slices_part(told, terms, looked))
    if golden is not None:
        found.append(golden_part(golden, terms.metric, terms.golden_margin, terms.confidence))
    if terms.fairness is not None:
        found.append(fairness_part(nights, terms.fairness, confidence=terms.confidence))
    if terms.max_calibration_error is not None:
        found.append(calibration_part(nights, terms.max_calibration_error))
    if terms.max_churn is not None:
        found.append(
            unset("churn", "there is no champion yet whose predictions could change")
            if bootstrap
            else churn_part(nights, terms.max_churn, classes=terms.classes)
        )
    spent = costs or Costs()
    if terms.max_microseconds_per_row is not None:
        found.append(
            limit_part("latency", spent.microseconds_per_row, terms.max_microseconds_per_row, "microseconds a row")
        )
    if terms.max_megabytes is not None:
        found.append(limit_part("size", spent.megabytes, terms.max_megabytes, "megabytes"))
    return found


def _missing(name: str, terms: Terms) -> Part:
    """Return the part that nobody gave: asked for by the terms, or unset."""
    asked = {
        "golden_set": terms.golden_set,
        "leakage": terms.max_single_feature_auc is not None,
        "behaviour": terms.behaviour,
    }
    if asked.get(name, False):
        return Part(name, "cannot_tell", "the terms ask for it, but nothing was measured")
    return unset(name)


def _settled(part: Part, over: bool) -> Part:
    """Return the part; once the wait is over, what is open has failed."""
    if over and part.finding in ("wait", "cannot_tell"):
        return replace(part, finding="fail", reason=f"still open after the longest wait: {part.reason}")
    return part


def _overall(parts: Sequence[Part]) -> Verdict:
    findings = {part.finding for part in parts}
    if "fail" in findings:
        return "fail"
    return "wait" if findings & {"wait", "cannot_tell"} else "pass"


def _reason(verdict: Verdict, parts: Sequence[Part], bootstrap: bool) -> str:
    decisive = {"pass": ("pass",), "fail": ("fail",), "wait": ("wait", "cannot_tell")}[verdict]
    first, *others = (part for part in parts if part.finding in decisive)
    text = f"{first.name}: {first.reason}"
    if others and verdict != "pass":
        text += f"; {_named([part.name for part in others])} {_TOO[verdict][len(others) > 1]} too"
    if _contradicts(parts):
        text += "; the newest nights disagree (they pass): a person should look"
    return f"bootstrap (against the constant predictor): {text}" if bootstrap else text


def _named(names: Sequence[str]) -> str:
    """Return the names of parts as they are said: latency, size and golden set."""
    *most, last = (name.replace("_", " ") for name in names)
    return f"{', '.join(most)} and {last}" if most else last


def _contradicts(parts: Sequence[Part]) -> bool:
    finding = {part.name: part.finding for part in parts}
    return finding.get("performance") == "pass" and finding.get("golden_set") == "fail"


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
