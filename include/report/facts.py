"""What a night's page is made of: plain values, each part optional, because a night may end anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Link:
    """A place to look further: a URL, or a path relative to the page."""

    label: str
    href: str


@dataclass(frozen=True)
class DataFact:
    """What the night found of one dataset.

    Attributes
    ----------
    dataset, partition : str
        Its name, and the partition's key (or ``static``).
    health : str
        ``pass``, ``warn``, ``block``, ``cannot_tell``, ``missing`` or ``late``.
    rows, revision : int or None
        Rows published, and the how-manieth publication they are.
    reason : str
        One sentence, where the health is not ``pass``.
    checks, failed : int or None
        Rules checked and broken.
    report : str or None
        Where the page of the validation is.
    """

    dataset: str
    partition: str
    health: str
    rows: int | None = None
    revision: int | None = None
    reason: str = ""
    checks: int | None = None
    failed: int | None = None
    report: str | None = None


@dataclass(frozen=True)
class GatePart:
    """One part of the gate's verdict; differences are champion minus candidate: positive means the candidate is better.

    Attributes
    ----------
    name : str
        What was judged, for instance ``loss``, ``slice carrier=AA``, ``fairness``, ``golden set``.
    verdict : str
        ``pass``, ``fail``, ``wait``, ``cannot_tell`` or ``unset``.
    sentence : str
        The same in words with its numbers.
    difference, low, high : float or None
        In units of the metric.
    margin : float or None
        What the lower end had to exceed.
    """

    name: str
    verdict: str
    sentence: str = ""
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    margin: float | None = None


@dataclass(frozen=True)
class GateNight:
    """Losses of champion and candidate on one partition of the gate, and the bounds after it."""

    partition: str
    champion: float | None
    candidate: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class GateFact:
    """The gate's verdict on the candidate.

    Attributes
    ----------
    verdict : str
        ``pass``, ``fail`` or ``wait``.
    sentence : str
        Why, in words.
    metric, mode : str
        What was compared, and what had to be shown.
    confidence : float
        Between 0.5 and 1.
    nights, rows : int or None
        Partitions and labelled rows it rests on.
    nights_needed : int or None
        Further labelled nights expected before it can say more (``wait`` only).
    nights_left : int or None
        Further labelled nights after which the wait ends, settled or not.
    parts : tuple of GatePart
    path : tuple of GateNight
        In order of partitions.
    """

    verdict: str
    sentence: str
    metric: str = "log loss"
    mode: str = ""
    confidence: float | None = None
    nights: int | None = None
    rows: int | None = None
    nights_needed: int | None = None
    nights_left: int | None = None
    parts: tuple[GatePart, ...] = ()
    path: tuple[GateNight, ...] = ()


@dataclass(frozen=True)
class Point:
    """One metric on one partition with its 95 % interval; `kind` is ``realised`` or ``estimated``."""

    partition: str
    value: float | None
    low: float | None = None
    high: float | None = None
    rows: int | None = None
    kind: str = "realised"


@dataclass(frozen=True)
class MetricFact:
    """A metric over partitions, oldest first; `expected` is what the gate saw, a level to compare with."""

    name: str
    points: tuple[Point, ...] = ()
    lower_is_better: bool = True
    expected: float | None = None
    role: str = "champion"


@dataclass(frozen=True)
class AlarmFact:
    """An alarm or a notice.

    Attributes
    ----------
    subject, kind : str
        What it is about; ``alarm`` (latched, with a stated false-alarm rate) or ``notice`` (this night alone).
    sentence : str
        What was seen.
    since : str or None
        Key of the partition at which it began.
    diagnosis, cost, todo : str
        What explains it, what it costs, what to do.
    """

    subject: str
    sentence: str
    kind: str = "alarm"
    since: str | None = None
    diagnosis: str = ""
    cost: str = ""
    todo: str = ""


@dataclass(frozen=True)
class StepFact:
    """What one step did and cost; `state` is ``success``, ``failed`` or ``skipped``."""

    step: str
    wall_s: float | None = None
    cpu_s: float | None = None
    peak_mib: float | None = None
    rows_in: int | None = None
    rows_out: int | None = None
    bytes_out: int | None = None
    state: str = "success"
    attempt: int = 1
    reason: str = ""


@dataclass(frozen=True)
class OtherDecision:
    """What another policy would have done this night."""

    rule: str
    verdict: str
    reason: str = ""


@dataclass(frozen=True)
class Distribution:
    """Counts of a subject in the reference and tonight, bin by bin (`labels` name the bins)."""

    subject: str
    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]
    sentence: str = ""


@dataclass(frozen=True)
class NightReport:
    """One night of one model. Everything beyond model and partition may be missing.

    Attributes
    ----------
    model, partition : str
    start, end : datetime or None
        The interval of event time, in UTC.
    timezone : str
        In which the partition is cut.
    state : str
        ``done``, ``failed`` or ``running``.
    failures : tuple of (step, text)
        Steps that failed, with the error's text.
    data : tuple of DataFact
    rows_scored : int or None
        None: scoring did not come about; `scored_by` is the version that did it.
    replayed : bool
        Predictions were made after the event (scoring of the past), as of their prediction time.
    decision, reason, rule : str
        ``retrain``, ``hold`` or ``blocked``; the sentence; the policy's rule.
    evidence : tuple of (name, value)
        The numbers behind the decision, as they should read.
    others : tuple of OtherDecision
    candidate, trained_on : str
        Name of the candidate of this night, and a sentence on its rows and parameters.
    gate : GateFact or None
    champion_before, champion_after : str or None
        Versions before and after the night.
    promotion : str
        A sentence on the promotion, or on what it waits for.
    refit : str
        Why what passed goes on as it was judged, though it was trained again; empty otherwise.
    metrics : tuple of MetricFact
        The first one is the one that decides.
    labels_until : str or None
        Newest partition whose labels are known.
    alarms : tuple of AlarmFact
    distributions : tuple of Distribution
    importances : tuple of (feature, share)
        Of the champion's attributions, largest first.
    steps : tuple of StepFact
    todo : tuple of str
        What a person should do, beyond what follows from the facts.
    links : tuple of Link
    made_at : datetime or None
        When the page was made.
    footnotes : tuple of (name, value)
        Code version, digest of the configuration, versions of tables.
    """

    model: str
    partition: str
    start: datetime | None = None
    end: datetime | None = None
    timezone: str = "UTC"
    description: str = ""
    owner: str = ""
    state: str = "done"
    failures: tuple[tuple[str, str], ...] = ()
    data: tuple[DataFact, ...] = ()
    rows_scored: int | None = None
    scored_by: str | None = None
    replayed: bool = False
    decision: str | None = None
    reason: str = ""
    rule: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    others: tuple[OtherDecision, ...] = ()
    candidate: str | None = None
    trained_on: str = ""
    gate: GateFact | None = None
    champion_before: str | None = None
    champion_after: str | None = None
    promotion: str = ""
    refit: str = ""
    metrics: tuple[MetricFact, ...] = ()
    labels_until: str | None = None
    alarms: tuple[AlarmFact, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    importances: tuple[tuple[str, float], ...] = ()
    steps: tuple[StepFact, ...] = ()
    todo: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    made_at: datetime | None = None
    footnotes: tuple[tuple[str, str], ...] = ()

    @property
    def seconds(self) -> float:
        """Return the wall seconds of all steps together."""
        return sum(step.wall_s or 0.0 for step in self.steps)

    @property
    def blocked_data(self) -> tuple[DataFact, ...]:
        """Return the datasets that stop a retraining."""
        return tuple(fact for fact in self.data if fact.health not in {"pass", "warn"})
