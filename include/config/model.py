"""The schema of a model's YAML file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from include.config.base import Column, Name, Owner, Retention, Settings, Severity, Share
from include.config.dataset import ColumnType, ValueRules
from include.config.durations import Duration

Task = Literal["binary", "regression", "multiclass"]
Mode = Literal["superior", "non_inferior", "expected"]


class Target(Settings):
    """What the model predicts and when it becomes known."""

    dataset: Name
    """Dataset that has the outcome; its key must be the key of the rows."""
    column: Column
    """The outcome (an outcome column of that dataset); missing means: no label."""
    known_at: Column | None = None
    """Column with the instant at which the label is known; else the row's own `known_at`, else `delay` after the event."""
    delay: Duration | None = None
    """Time from the event to knowing its label, the longest usual one; without it 90 % of the labels must be there."""


class FeatureRule(ValueRules):
    """What one feature must be; an empty rule is allowed."""

    type: ColumnType | Literal["category"] | None = None
    """Arrow type, checked when given; `category` is a text that the learner takes as a category."""


class WindowSettings(Settings):
    """Which labelled rows a candidate is trained on."""

    last: Duration | None = None
    """Only the newest rows, this far back from the training cut."""
    decay: Duration | None = None
    """Weight of a row halves with each such length of age."""


class Tune(Settings):
    """Search for better parameters before a training."""

    trials: int = Field(default=20, gt=0)
    """Parameter sets tried at most."""
    budget_minutes: float = Field(default=10.0, gt=0)
    """Wall minutes at most."""


class Learner(Settings):
    """How a candidate is trained (xgboost)."""

    parameters: dict[str, float | int | str | bool] = Field(default_factory=dict)
    """xgboost's own parameters, on top of `objective`, `max_depth: 6`, `eta: 0.1`."""
    rounds: int = Field(default=200, gt=0, le=20_000)
    """Number of trees (times classes for multiclass)."""
    seed: int = 0
    """Mixed with model and partition, so that each night's training is reproducible."""
    monotone: dict[Column, Literal[-1, 1]] = Field(default_factory=dict)
    """Features in which the prediction may only rise (1) or fall (-1)."""
    max_categories: int = Field(default=1000, gt=0)
    """Rarer categories than the most frequent so many become one."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train."""
    calibrate: bool = False
    """Isotonic calibration of the scores on the newest fifth of the training rows."""
    tune: Tune | None = None
    """Search for parameters; unset: the ones above."""


class PolicySettings(Settings):
    """When to retrain."""

    rule: str = "auto"
    """`never`, `always`, `every(n)`, `on_alarm`, `on_loss(k)`, `k_of_n(k, n)`, `challenger(margin)`, `auto`, or `all_of(…)`, `any_of(…)` of them."""
    cooldown: int = Field(default=0, ge=0)
    """Partitions after a training in which no other is started (a person may force one)."""
    budget_minutes_per_week: float | None = Field(default=None, gt=0)
    """CPU minutes a week that trainings may cost; unset: no limit."""
    min_new_labels: int = Field(default=1, ge=0)
    """Labels that must have matured since the champion's training cut."""
    windows: tuple[Duration, ...] = ()
    """Recent lengths that `auto` tries beside all history; chosen from label delay and partition length when empty."""
    horizon: int | None = Field(default=None, gt=0)
    """Partitions that a new champion is expected to serve: `auto` earns one training in so many; 24 hours, 7 days, or 4 longer partitions when unset."""


class Fairness(Settings):
    """Largest differences between groups that a candidate may show."""

    groups: tuple[Column, ...] = Field(min_length=1)
    """Columns of the rows or features that name groups."""
    max_demographic_parity_difference: Share | None = None
    """Of the share of positive predictions between groups."""
    max_equalised_odds_difference: Share | None = None
    """Of true and false positive rates between groups."""
    threshold: float = Field(default=0.5, gt=0, le=1)
    """Score at and above which a prediction counts as positive."""


class Behaviour(Settings):
    """One expectation about how predictions move."""

    kind: Literal["monotone", "invariance", "directional"]
    """monotone: never moves against `direction` as the column grows; invariance: does not move when the column is exchanged; directional: moves with `direction` on average."""
    column: Column
    """The feature that is changed."""
    direction: Literal[-1, 1] = 1
    """1: the prediction rises with the column."""
    change: float | None = None
    """Amount added to a number; unset: one standard deviation. For invariance of a category: its values are exchanged."""
    tolerance: Share = 0.0
    """Share of rows that may break it."""


class GoldenSet(Settings):
    """Rows frozen once, never trained on, scored by every candidate."""

    rows: int = Field(default=2000, gt=0)
    """How many are drawn from the first history, at most a fifth of it."""
    margin: float | None = Field(default=None, ge=0)
    """Loss on them that a candidate may add, in units of the metric (0: none at all, so that every other equal candidate fails); unset: none that is shown at 75 %, over all rows and segments."""


class GateSettings(Settings):
    """What a candidate must show before it may be promoted."""

    mode: Mode = "expected"
    """superior: better by the margin; non_inferior: not worse by more than it; expected: gain expected and harm beyond the margin improbable."""
    metric: str | None = None
    """Loss to compare; log_loss for classes and rmse's square for numbers when unset."""
    margin: float = Field(default=0.0, ge=0)
    """In units of the metric; 0 means 1 % of the champion's loss for non_inferior and expected."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """At which a worse candidate is kept out, however often one looks."""
    holdout: Duration | None = None
    """Newest labelled time kept from training for the gate (at least one partition, at most a fifth of the history); when unset 14 days, 3 days by hour, or 3 longer partitions whose rows do not tell days."""
    max_wait: int | None = Field(default=None, ge=0)
    """Further labelled partitions that a verdict may wait for; when unset 14 days' worth (at least one), 3 days' by hour, or 6 longer partitions whose rows do not tell days."""
    refit: bool = False
    """After a pass, train the same recipe up to the newest label, check that (golden set, churn, costs), and promote it."""
    slices: tuple[Column, ...] = ()
    """Columns whose values are judged apart, corrected for their number."""
    search_slices: int = Field(default=0, ge=0)
    """Worst slices to search for beside them, of one or two features (numbers in four ranges)."""
    fairness: Fairness | None = None
    """Unset: not judged, and listed as unset."""
    max_calibration_error: Share | None = None
    """Largest expected calibration error."""
    max_microseconds_per_row: float | None = Field(default=None, gt=0)
    """Largest scoring time."""
    max_megabytes: float | None = Field(default=None, gt=0)
    """Largest model file."""
    max_churn: Share | None = None
    """Largest share of predictions that change sides (classes) or move by more than a standard deviation (numbers)."""
    max_single_feature_auc: float | None = Field(default=None, gt=0.5, le=1)
    """A feature that alone predicts better than this is taken for leakage; 0.5 is chance."""
    behaviour: tuple[Behaviour, ...] = ()
    """Expectations about how predictions move."""
    golden_set: GoldenSet | None = None
    """Frozen rows that every candidate is judged on too."""


class Promotion(Settings):
    """How a challenger becomes champion."""

    approval: bool = False
    """A person must approve; nobody answering is a refusal."""
    approval_timeout: Duration = timedelta(hours=24)
    """How long to wait for that person."""
    shadow_nights: int = Field(default=0, ge=0)
    """Nights that a challenger scores beside the champion first; realised losses that say worse refuse it."""
    canary_share: Share = 0.0
    """Share of keys (by hash) that the challenger then serves."""
    canary_nights: int = Field(default=7, gt=0)
    """Nights that it serves only this share."""
    previous_nights: int | None = Field(default=None, ge=0)
    """Nights that a replaced champion goes on scoring; realised losses that say the new one is worse roll back. Unset: 14 days' worth (of hours 3). 0: never."""


class AlarmSettings(Settings):
    """What is watched, and how often it may cry wolf."""

    false_alarms_per_year: float = Field(default=0.05, gt=0, le=1)
    """Chance of any false alarm in a year, over all signals together."""
    columns: tuple[Column, ...] = ()
    """Features to watch; all of them when empty."""
    reference: Duration | None = None
    """Length of the reference before the first champion's training cut; its training window when unset."""
    min_effect: float = Field(default=0.1, ge=0)
    """Changes of a smaller size (Cohen's: 0.2 is small) stay in the report, out of Slack and of the policy."""
    min_expected_loss: float | None = Field(default=None, ge=0)
    """Changes that surely cost less a row, in the gate's metric, likewise; 1 % of the champion's loss when unset."""
    calendar: Literal["weekday", "none"] = "weekday"
    """Effect removed before nights are compared."""
    slices: tuple[Column, ...] = ()
    """Columns by whose values performance is measured apart."""
    sample_rows: int = Field(default=5000, gt=0)
    """Rows sampled for domain classifier and attributions."""


class Alerts(Settings):
    """When a night is late, and what a message needs."""

    deadline: Duration = timedelta(hours=6)
    """A night not done this long after its schedule is reported; its wait for data ends then too."""
    severity: Severity = "warn"
    """How loud the message of a missed deadline is: `warn`, or `block` for critical."""


class Value(Settings):
    """What predictions are worth."""

    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    """ISO 4217."""
    threshold: float = 0.5
    """Score at and above which one acts (binary)."""
    true_positive: float = 0.0
    """Value of acting rightly, per row."""
    false_positive: float = 0.0
    """Value (negative: cost) of acting wrongly."""
    true_negative: float = 0.0
    """Value of rightly not acting."""
    false_negative: float = 0.0
    """Value (negative: cost) of missing one."""


class Model(Settings):
    """One model: what it predicts, from what, and when it may change."""

    name: Name
    """Identifier, equal to the file's name."""
    description: str = Field(min_length=1)
    """What a prediction says, in a sentence."""
    owner: Owner
    """Told when a person should look."""
    task: Task
    """Kind of target."""
    rows: Name
    """Dataset whose rows are scored."""
    datasets: tuple[Name, ...] = ()
    """Further datasets that the features join."""
    features: str | None = Field(default=None, pattern=r"^[a-z0-9_]+\.sql$")
    """SQL file beside this one; all columns of the rows that are known in time when unset."""
    feature_contract: dict[Column, FeatureRule] = Field(default_factory=dict)
    """Rules by feature, checked each night."""
    lead: Duration = timedelta(0)
    """The prediction is made this long before the event."""
    lookback: Duration = Field(default=timedelta(days=7))
    """How far before the night's start the joined datasets' rows reach."""
    target: Target
    """What is predicted."""
    schedule: str | None = None
    """Cron line of the night in the rows' zone; the rows' own when unset, for a night waits for its data anyway."""
    first_partition: str | None = None
    """Key of the first night; earlier partitions are history to train on."""
    window: Literal["expanding", "auto"] | WindowSettings = "expanding"
    """Rows that a candidate is trained on."""
    learner: Learner = Learner()
    """How it is trained."""
    signals: AlarmSettings = AlarmSettings()
    """What is watched."""
    policy: PolicySettings = PolicySettings()
    """When to retrain; a text is its rule."""
    gate: GateSettings = GateSettings()
    """What a candidate must show."""
    promotion: Promotion = Promotion()
    """How a challenger becomes champion."""
    alerts: Alerts = Alerts()
    """When the night is late."""
    value: Value | None = None
    """What predictions are worth."""
    retention: Retention = Retention()
    """How long old versions are kept."""

    @field_validator("policy", mode="before", json_schema_input_type=PolicySettings | str)
    @classmethod
    def _rule_alone(cls, value: Any) -> Any:
        return {"rule": value} if isinstance(value, str) else value

    @field_validator("first_partition", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return value.isoformat() if hasattr(value, "isoformat") else value

    @model_validator(mode="after")
    def _rows_are_a_dataset(self) -> Self:
        if self.value is not None and self.task != "binary":
            message = "value is for binary tasks"
            raise ValueError(message)
        return self

    @property
    def all_datasets(self) -> tuple[str, ...]:
        """Return every dataset the night waits for: the rows first, then joins, then the target's."""
        return tuple(dict.fromkeys((self.rows, *self.datasets, self.target.dataset)))
