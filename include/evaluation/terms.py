"""The terms of a gate: everything that its verdict depends on beside the scores."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from include.evaluation.fairness import FairnessLimits
from include.evaluation.looks import log_bar
from include.evaluation.metrics import Metric, default_metric, metric
from include.evaluation.plan import LEAST_DAYS, averaged, wait_of

if TYPE_CHECKING:
    from include.evaluation.nights import PairedNights
    from include.partitions import Grain

Mode = Literal["superior", "non_inferior", "expected"]
RELATIVE_MARGIN = 0.01
"""A margin of 0 means this share of the champion's value for `non_inferior` and `expected`."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a gate.

    margin
        In the metric's unit. `superior`: the gain to prove; else the loss that may be risked (0: 1 % of the champion's
        value).
    confidence
        1 - the chance that a candidate no better than the terms allow is ever passed, over all looks together.
    max_wait
        Further labelled nights after the first look; then the verdict is `fail`.
    unit
        What a value is of, in words: `nights`, or `days` where nights are divided into them.
    block
        Consecutive nights averaged into one value before anything is concluded (12 or 24 for hours).
    horizon
        Nights that a promoted candidate is expected to serve.
    candidates_per_year
        For the error stated per model-year; None: not stated.
    slices, search_slices
        Columns whose values are judged apart; worst slices to find beside them.
    fairness, max_calibration_error, max_churn, max_microseconds_per_row, max_megabytes, max_single_feature_auc
        Limits; None: unset.
    behaviour, golden_set
        Whether such a part is expected of the caller; `golden_margin` is the loss on the golden set that may be added
        (None: what chance explains).
    classes
        Whether the scores are probabilities of classes (else numbers).
    """

    mode: Mode = "expected"
    metric: Metric = field(default_factory=lambda: metric("log_loss"))
    margin: float = 0.0
    confidence: float = 0.95
    max_wait: int = 14
    unit: str = "nights"
    block: int = 1
    horizon: int = 30
    candidates_per_year: float | None = None
    slices: tuple[str, ...] = ()
    search_slices: int = 0
    fairness: FairnessLimits | None = None
    max_calibration_error: float | None = None
    max_churn: float | None = None
    max_microseconds_per_row: float | None = None
    max_megabytes: float | None = None
    max_single_feature_auc: float | None = None
    behaviour: bool = False
    golden_set: bool = False
    golden_margin: float | None = None
    classes: bool = True

    @property
    def alpha(self) -> float:
        """Error spent on one candidate."""
        return 1 - self.confidence

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns whose values `NightScores.slices` must hold."""
        return tuple(dict.fromkeys((*self.slices, *(self.fairness.groups if self.fairness else ()))))

    def in_values(self, paired: PairedNights) -> Terms:
        """Return the terms with everything that counts nights counting the values of nights like these instead."""
        if len(paired.gain) == paired.nights:
            return self
        return replace(self, max_wait=math.ceil(self.max_wait * len(paired.gain) / paired.nights), unit="days")

    def log_bar(self, first_look: int) -> float:
        """Return the log evidence that proves something, for looks from that many values until `max_wait` later."""
        return log_bar(self.alpha, first_look // self.block, -(-self.max_wait // self.block))

    @classmethod
    def of(
        cls,
        settings: Any,
        task: str,
        *,
        grain: Grain = "day",
        days: int = LEAST_DAYS,
        block: int | None = None,
        horizon: int | None = None,
        candidates_per_year: float | None = None,
    ) -> Terms:
        """Return the terms that a model's YAML file sets.

        Parameters
        ----------
        settings : include.config.model.GateSettings
        task : str
            `binary`, `multiclass` or `regression`.
        grain, days : str, int
            Of the model's partitions, and how many different days the rows of one tell: they decide what is unset.
        """
        chosen = metric(settings.metric, task) if settings.metric else default_metric(task)
        return cls(
            mode=settings.mode,
            metric=chosen,
            margin=settings.margin,
            confidence=settings.confidence,
            max_wait=wait_of(settings, grain, days),
            block=averaged(settings, grain) if block is None else block,
            horizon=horizon or 30,
            candidates_per_year=candidates_per_year,
            slices=tuple(settings.slices),
            search_slices=settings.search_slices,
            fairness=_fairness_limits(settings.fairness),
            max_calibration_error=settings.max_calibration_error,
            max_churn=settings.max_churn,
            max_microseconds_per_row=settings.max_microseconds_per_row,
            max_megabytes=settings.max_megabytes,
            max_single_feature_auc=settings.max_single_feature_auc,
            behaviour=bool(settings.behaviour),
            golden_set=settings.golden_set is not None,
            golden_margin=settings.golden_set.margin if settings.golden_set else None,
            classes=task != "regression",
        )


def _fairness_limits(settings: Any) -> FairnessLimits | None:
    if settings is None:
        return None
    return FairnessLimits(
        groups=tuple(settings.groups),
        demographic_parity=settings.max_demographic_parity_difference,
        equalised_odds=settings.max_equalised_odds_difference,
        threshold=settings.threshold,
    )
