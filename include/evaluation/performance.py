"""The gate's first part: is the candidate good enough on the nights, by one of three modes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from include.evaluation.nights import PairedNights
from include.evaluation.sequence import (
    LEAST_NIGHTS,
    Interval,
    belief,
    interval,
    log_evidence,
    night_sums,
    nights_needed,
)
from include.evaluation.terms import RELATIVE_MARGIN, Terms
from include.evaluation.verdict import Part

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """The part, the interval behind it, and the further nights needed at today's effect."""

    part: Part
    interval: Interval
    needed: int | None


def judge_gain(
    paired: PairedNights, terms: Terms, first_look: int, *, name: str = "performance", left: int | None = None
) -> Judged:
    """Return whether the candidate's gain over the champion meets the terms.

    Parameters
    ----------
    paired : PairedNights
        One gain a night, or a day of one.
    terms : Terms
    first_look : int
        Values at the candidate's first judgement.
    name : str
        Of the part.
    left : int, optional
        Further labelled nights until the wait ends: an open part says so where it needs more; None: not told.

    Notes
    -----
    superior: the confidence sequence's low end above margin passes, its high end below margin fails. non_inferior: the
    same with -margin. expected: the posterior mean is positive and the posterior chance of losing more than the margin is
    at most 1 - confidence passes; a chance of any gain of at most 1 - confidence fails, and so does a candidate without any difference.
    """
    values = paired.blocks(terms.block)
    if len(values) < LEAST_NIGHTS:
        missing = (LEAST_NIGHTS - len(values)) * terms.block
        reason = f"{len(values)} of at least {LEAST_NIGHTS} labelled {_units(terms)}: cannot tell"
        said = _with_end(reason, paired.nights_for(missing), left)
        part = Part(name, "cannot_tell", said, {"nights": paired.nights})
        return Judged(part, Interval(-np.inf, np.inf), missing)
    margin = absolute_margin(paired, terms)
    bar = terms.log_bar(first_look)
    found = interval(values, bar)
    judge = _expected if terms.mode == "expected" else _proven
    part, needed = judge(values, margin, found, terms, name, bar)
    if part.finding == "wait":
        part = replace(part, reason=_with_end(part.reason, paired.nights_for(needed), left))
    numbers = {
        "gain": float(values.mean()), "low": found.low, "high": found.high, "margin": margin,
        "nights": paired.nights, "blocks": len(values), "champion": float(paired.champion.mean()),
        "candidate": float(paired.candidate.mean()), "autocorrelation": float(belief(values).autocorrelation),
        "evidence_needed": float(np.exp(bar)),
        "skipped": [list(pair) for pair in paired.skipped], **part.numbers,
    }  # fmt: skip
    return Judged(Part(name, part.finding, part.reason, numbers), found, needed if part.finding == "wait" else None)


def _with_end(reason: str, needed: int | None, left: int | None) -> str:
    """Return the reason of what is open with when the wait ends, where that comes before the nights needed.

    Examples
    --------
    >>> _with_end("about 63 further labelled nights at today's effect", 63, 9)
    "about 63 further labelled nights at today's effect, but the wait ends after 9 more (max_wait)"
    >>> _with_end("no number of nights like these would show it", None, 1)
    'no number of nights like these would show it, but the wait ends after 1 more (max_wait)'
    """
    if left is None or (needed is not None and needed <= left):
        return reason
    return f"{reason}, but the wait ends {f'after {left} more' if left else 'with the next look'} (max_wait)"


def absolute_margin(paired: PairedNights, terms: Terms, *, always: bool = False) -> float:
    """Return the margin in the metric's unit.

    0 means 1 % of the champion's value where something may be risked: for `non_inferior` and `expected`, and for the slices
    of every mode (`always`).
    """
    if terms.mode == "superior" and not always:
        return terms.margin
    own = terms.margin if terms.mode != "superior" else 0.0
    return own or RELATIVE_MARGIN * abs(float(paired.champion.mean()))


def _proven(
    values: FloatArray, margin: float, found: Interval, terms: Terms, name: str, log_bar: float
) -> tuple[Part, int | None]:
    bar = margin if terms.mode == "superior" else -margin
    unit = terms.metric.unit
    what = f"gain {values.mean():.4g} {unit}, between {found.low:.4g} and {found.high:.4g} at {terms.confidence:.0%}; {bar:.4g} is asked"
    if found.low > bar:
        return Part(name, "pass", what), None
    if found.high < bar or found.low == found.high:
        return Part(name, "fail", what), None
    blocks = nights_needed(values, bar, log_bar)
    needed = None if blocks is None else blocks * terms.block
    more = (
        f"no number of {terms.unit} like these would show it"
        if needed is None
        else f"about {needed} further labelled {terms.unit} at today's effect"
    )
    return Part(name, "wait", f"{what}; {more}"), needed


def _expected(
    values: FloatArray, margin: float, found: Interval, terms: Terms, name: str, _: float
) -> tuple[Part, int | None]:
    now = belief(values)
    mean, harm, better = float(now.mean), float(now.chance_below(-margin)), 1 - float(now.chance_below(0.0))
    numbers = {
        "expected_gain": mean,
        "chance_of_harm": harm,
        "chance_of_gain": better,
        "horizon_gain": mean * terms.horizon,
    }
    what = (
        f"expected gain {mean:.4g} {terms.metric.unit} a row ({mean * terms.horizon:.4g} over {terms.horizon} nights), "
        f"chance of losing more than {margin:.4g}: {harm:.1%}, of any gain: {better:.1%}"
    )
    if mean > 0 and harm <= terms.alpha:
        return Part(name, "pass", what, numbers), None
    if found.low == found.high and mean <= 0:  # more nights of an equal model would only keep others from being trained
        return Part(
            name, "fail", f"{what}; it is equal to the champion on every one of {len(values)} {_units(terms)}", numbers
        ), None
    if better <= terms.alpha:
        return Part(name, "fail", what, numbers), None
    needed = _until_harmless(values, margin, terms) if mean > 0 else None
    more = (
        f"no number of {terms.unit} like these would do"
        if needed is None
        else f"about {needed} further labelled {terms.unit} at today's effect"
    )
    return Part(name, "wait", f"{what}; {more}", numbers), needed


def _until_harmless(values: FloatArray, margin: float, terms: Terms, most: int = 400) -> int | None:
    """Return the further nights after which the chance of harm would be small enough, at today's effect."""
    ahead = np.arange(len(values) + 1.0, len(values) + most + 1)[:, None]
    then = night_sums(values).stretched(ahead).belief()
    enough = (then.mean > 0) & (then.chance_below(-margin) <= terms.alpha)
    return (int(enough.argmax()) + 1) * terms.block if enough.any() else None


def worse_evidence(values: FloatArray, bar: float) -> float:
    """Return the log evidence that the mean of the night values is below `bar`; 0 below three nights."""
    return float(log_evidence(night_sums(-values).about(-bar))) if len(values) >= LEAST_NIGHTS else 0.0


def _units(terms: Terms) -> str:
    return terms.unit if terms.block == 1 else f"blocks of {terms.block} partitions"
