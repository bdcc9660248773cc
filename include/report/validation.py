"""The page of a dataset's validation: every check in words, with what was expected and what was seen, never a value of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from include.report.pages import render
from include.report.plots import bar_plot
from include.report.words import NOTHING, listed, number, plural, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from include.report.facts import Link

MOST_CHECKS, MOST_COLUMNS = 500, 300
_ORDER = {False: 0, None: 1, True: 2}


class CheckResult(Protocol):
    """One check and its outcome, as the contracts give it."""

    @property
    def rule(self) -> str:
        """What kind of rule it is."""

    @property
    def column(self) -> str | None:
        """The column, or None for the partition as a whole."""

    @property
    def severity(self) -> str:
        """``warn`` or ``block``."""

    @property
    def passed(self) -> bool | None:
        """None: cannot tell."""

    @property
    def observed(self) -> float | None:
        """What was measured: a count, a share, a length of time; never a value of a row."""

    @property
    def expected(self) -> str:
        """What the contract asks for."""

    @property
    def sentence(self) -> str:
        """The outcome in words."""


class ColumnSummary(Protocol):
    """What a column holds."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def type(self) -> str:
        """Its type."""

    @property
    def nulls(self) -> int | None:
        """Rows without a value."""


class Validation(Protocol):
    """The outcome of all checks of one partition."""

    @property
    def health(self) -> str:
        """``pass``, ``warn``, ``block`` or ``cannot_tell``."""

    @property
    def rows(self) -> int:
        """Rows checked."""

    @property
    def checks(self) -> Sequence[CheckResult]:
        """Every check, in the order of the contract."""

    @property
    def columns(self) -> Sequence[ColumnSummary]:
        """What was seen of each column; may be empty."""


def validation_page(
    validation: Validation,
    dataset: str,
    partition: str,
    *,
    description: str = "",
    owner: str = "",
    seconds: float | None = None,
    made_at: datetime | None = None,
    links: Sequence[Link] = (),
    footnotes: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the page of a validation: one HTML file without scripts that needs no network.

    Parameters
    ----------
    validation : Validation
        Broken checks come first, then those that cannot tell. Of each, only rule, column, severity, outcome, the number
        observed, the expectation and the sentence are shown; of each column its type and how many values are missing.
    dataset, partition : str
    description, owner : str
    seconds : float, optional
        Time the checks took.
    made_at : datetime, optional
    links, footnotes : sequences
        Where to look further; versions for the foot of the page.
    """
    checks = list(validation.checks)
    ranked = sorted(checks, key=lambda check: _ORDER[check.passed])
    broken = [check for check in checks if check.passed is False]
    doubtful = [check for check in checks if check.passed is None]
    return render(
        "validation.html",
        validation=validation,
        dataset=dataset,
        partition=partition,
        description=description,
        owner=owner,
        seconds_taken=seconds,
        checks=[(check, _brief(check)) for check in ranked[:MOST_CHECKS]],
        hidden=max(0, len(ranked) - MOST_CHECKS),
        columns=[
            (c.name, c.type, c.nulls, _share(c.nulls, validation.rows)) for c in validation.columns[:MOST_COLUMNS]
        ],
        columns_hidden=max(0, len(validation.columns) - MOST_COLUMNS),
        happened=_happened(validation, dataset, len(checks), len(broken), len(doubtful)),
        reasons=[sentence(check.sentence, {check.column or ""}) for check in (*broken, *doubtful)][:12]
        or ["Every rule of the contract holds."],
        todo=_todo(validation.health, dataset, partition, broken),
        broken_by_column=_by_column(broken),
        made_at=made_at,
        links=links,
        footnotes=footnotes,
    )


def _happened(validation: Validation, dataset: str, checks: int, broken: int, doubtful: int) -> list[str]:
    first = f"{plural(validation.rows, 'row')} of {dataset} {'was' if validation.rows == 1 else 'were'} checked against {plural(checks, 'rule')}."
    found = [first]
    if broken:
        found.append(f"{plural(broken, 'rule')} {'is' if broken == 1 else 'are'} broken.")
    if doubtful:
        found.append(f"{plural(doubtful, 'rule')} cannot be judged; that never counts as healthy.")
    found.append(
        {
            "pass": "The partition is fit to be published.",
            "warn": "The partition is fit to be published, with warnings.",
            "block": "The partition is blocked: it stays in quarantine, and the last good snapshot stays visible.",
            "cannot_tell": "The partition is blocked, because its health cannot be told: it stays in quarantine.",
        }.get(validation.health, f"Its health is {validation.health}.")
    )
    return found


def _todo(health: str, dataset: str, partition: str, broken: Sequence[CheckResult]) -> list[str]:
    if health == "pass":
        return ["Nothing."]
    columns = list(dict.fromkeys(check.column for check in broken if check.column))
    look = f"Look at {listed(columns)} at the source of {dataset}." if columns else f"Look at the source of {dataset}."
    if health == "warn":
        return [look, "Nothing waits for it: the partition is in use."]
    return [
        f"{look} The rows as they came are in the table `datasets/{dataset}/quarantine`",
        f"When the source is corrected: `python -m include ingest {dataset} --partition {partition}`",
        f"If the rows are right and the rule is wrong, correct the contract in `include/datasets/{dataset}.yaml`, then load it again.",
    ]


def _brief(check: CheckResult) -> str:
    """Return a check's sentence without what stands in the columns beside it."""
    text = check.sentence.removeprefix(f"{check.column}: ").removesuffix(f"; expected {check.expected}")
    return text.removeprefix(f"{check.rule}: ")


def _share(nulls: int | None, rows: int) -> str:
    return f"{nulls / rows:.1%}".replace("%", " %") if nulls is not None and rows else NOTHING


def _by_column(broken: Sequence[CheckResult]) -> object:
    counts: dict[str, int] = {}
    for check in broken:
        counts[check.column or "the partition"] = counts.get(check.column or "the partition", 0) + 1
    items = [(name, float(amount), number(amount)) for name, amount in counts.items()]
    return bar_plot("Broken rules by column", f"{len(broken)} in all", items, most=20) if len(items) > 2 else ""
