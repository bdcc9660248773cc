"""A night, or a validation, as one line of a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NightLine:
    """One night as one line.

    Attributes
    ----------
    partition : str
    ingested, scored : int or None
        Rows.
    health : str or None
        ``pass``, ``warn``, ``block``, ``cannot_tell``, ``missing`` or ``late``: the worst of the night's datasets.
    decision, reason : str
        ``retrain``, ``hold`` or ``blocked``; and why, in a sentence.
    candidate : str or None
    gate : str or None
        ``pass``, ``fail`` or ``wait``.
    champion : str or None
        Version after the night.
    promoted : bool
        Whether the champion is new tonight.
    metric : str
        Name of the realised metric.
    value : float or None
        Of the newest partition whose labels were known that night.
    measured_on : str or None
        That partition.
    seconds : float or None
        Wall time of the night.
    state : str
        ``done`` or ``failed``.
    measured_rows : int or None
        Labelled rows that the realised metric rests on.
    cpu_seconds : float or None
        Processor time of the night.
    refit_refused : bool
        Whether what passed was trained again, failed the checks of a refit, and goes on as it was judged.
    """

    partition: str
    ingested: int | None = None
    health: str | None = None
    scored: int | None = None
    decision: str | None = None
    reason: str = ""
    candidate: str | None = None
    gate: str | None = None
    champion: str | None = None
    promoted: bool = False
    metric: str = "log loss"
    value: float | None = None
    measured_on: str | None = None
    seconds: float | None = None
    state: str = "done"
    measured_rows: int | None = None
    cpu_seconds: float | None = None
    refit_refused: bool = False


@dataclass(frozen=True)
class ValidationLine:
    """One validation as one line.

    Attributes
    ----------
    partition : str
    health : str
        ``pass``, ``warn``, ``block`` or ``cannot_tell``.
    rows : int or None
    checks, failed : int or None
        Rules checked and broken.
    reason : str
        One sentence, where the health is not ``pass``.
    revision : int or None
    """

    partition: str
    health: str
    rows: int | None = None
    checks: int | None = None
    failed: int | None = None
    reason: str = ""
    revision: int | None = None


@dataclass(frozen=True)
class SubjectLine:
    """One model or dataset as one line of the first page.

    Attributes
    ----------
    kind : str
        ``model`` or ``dataset``.
    name, description, owner : str
    newest : str or None
        Key of its newest night or validation.
    state : str or None
        Of that: a decision, or a health.
    champion : str or None
        Version in use (models).
    sentence : str
        What a person should know.
    """

    kind: str
    name: str
    description: str = ""
    owner: str = ""
    newest: str | None = None
    state: str | None = None
    champion: str | None = None
    sentence: str = ""
