"""The result of judging a partition: what was checked, what was observed, and the health it adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from include.config.base import Severity

Health = Literal["pass", "warn", "block", "cannot_tell"]


@dataclass(frozen=True)
class CheckResult:
    """One check and its answer.

    Attributes
    ----------
    name, column, severity, expected
        As in `include.contracts.suite.Check`.
    rule : str
        Kind of check.
    passed : bool | None
        None when it cannot be told (no rows, only missing values, or the check itself failed).
    observed : float | None
        The number that was compared: a share of rows, rows, surplus rows, or hours, as `unit` says.
    unit : str
        ``share``, ``rows``, ``hours`` or empty.
    sentence : str
        The answer in words. It never contains a value of the data.
    """

    name: str
    rule: str
    column: str | None
    severity: Severity
    passed: bool | None
    observed: float | None
    unit: str
    expected: str
    sentence: str


@dataclass(frozen=True)
class ColumnSummary:
    """What a column holds: type, missing rows and, unless it is personal data or text, its smallest and largest."""

    name: str
    type: str
    nulls: int | None
    minimum: float | str | None = None
    maximum: float | str | None = None


@dataclass(frozen=True)
class Validation:
    """The answer to a contract for one partition.

    Attributes
    ----------
    subject : str
        Dataset or model.
    partition : str | None
        Key; None for a static dataset.
    rows : int
        Rows judged.
    health : str
        ``pass``, ``warn``, ``block`` or ``cannot_tell``; the last two block.
    checks : tuple of CheckResult
        In the order of the suite, the row count first.
    columns : tuple of ColumnSummary
        What was seen of each column.
    engine : str
        What judged: names and versions.
    """

    subject: str
    partition: str | None
    rows: int
    health: Health
    checks: tuple[CheckResult, ...]
    columns: tuple[ColumnSummary, ...] = ()
    engine: str = ""

    @property
    def blocked(self) -> bool:
        """Tell whether the rows must not be published or scored."""
        return self.health in ("block", "cannot_tell")

    @property
    def broken(self) -> tuple[CheckResult, ...]:
        """Return the checks that did not pass."""
        return tuple(check for check in self.checks if check.passed is not True)

    @property
    def sentence(self) -> str:
        """Return the answer in one sentence."""
        what = f"{self.subject} {self.partition or 'as a whole'}: {self.rows:,} rows"
        if not self.broken:
            return f"{what}, {len(self.checks)} checks passed"
        reasons = "; ".join(check.sentence for check in self.broken[:5])
        more = f"; and {len(self.broken) - 5} more" if len(self.broken) > 5 else ""
        return f"{what}, {self.health.replace('_', ' ')}: {reasons}{more}"

    def as_json(self) -> dict[str, Any]:
        """Return plain dictionaries, lists, texts and numbers."""
        return {
            **asdict(self),
            "checks": [asdict(c) for c in self.checks],
            "columns": [asdict(c) for c in self.columns],
        }

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Validation:
        """Return the validation that `as_json` wrote."""
        checks = tuple(CheckResult(**check) for check in body["checks"])
        columns = tuple(ColumnSummary(**column) for column in body["columns"])
        return cls(**{**body, "checks": checks, "columns": columns})


def health_of(checks: Sequence[CheckResult]) -> Health:
    """Return the health that answers add up to.

    Notes
    -----
    A failed check of severity ``block`` blocks; failing that, one that cannot be told is ``cannot_tell``, which blocks
    too; failing that, a check of severity ``warn`` that failed or cannot be told is ``warn``. No check at all is
    ``cannot_tell``: nothing that was not examined is healthy.
    """
    if not checks:
        return "cannot_tell"
    blocking = [check.passed for check in checks if check.severity == "block"]
    if False in blocking:
        return "block"
    if None in blocking:
        return "cannot_tell"
    return "pass" if all(check.passed for check in checks) else "warn"
