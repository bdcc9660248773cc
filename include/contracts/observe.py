"""What was seen of a partition, in numbers and in words that hold no value of the data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.contracts import types
from include.contracts.names import EVENT, inside_column, pattern_column, surplus_column
from include.contracts.relation import columns_of
from include.contracts.validation import CheckResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from include.contracts.engine import Answers
    from include.contracts.suite import Check

_BROKEN = {
    "range": "lie outside",
    "interval": "events lie outside",
    "set": "are none of them",
    "regex": "do not match",
}
_METRICS = {"range": "between", "interval": "between", "set": "in_set", "regex": "in_set", "nullable_share": "nonnull"}


def result_of(
    check: Check,
    schema: pa.Schema,
    rows: int,
    answers: Answers,
) -> CheckResult:
    """Return the answer to one check.

    Parameters
    ----------
    check : Check
        The rule.
    schema : pyarrow.Schema
        Of the rows.
    rows : int
        Number of rows, at least 1.
    answers : Answers
        Of Great Expectations.

    Notes
    -----
    A column that is not there fails its type check and those of the partition that read it; its other checks cannot be
    told, and neither can those of a column with only missing values.
    """
    missing = [column for column in columns_of(check) if column not in schema.names]
    if missing:
        passed = False if check.rule in ("type", "unique_key", "freshness", "interval") else None
        return _answer(check, passed, None, "", f"the column {missing[0]} is not there")
    if check.rule == "type":
        found = types.name_of(schema.field(check.column or "").type)
        passed = types.matches(check.terms["type"], schema.field(check.column or "").type)
        return _answer(check, passed, None, "", f"is {found}")
    passed = answers.passed.get(check.name)
    if passed is None:
        return _answer(check, None, None, "", f"could not be checked ({answers.failures.get(check.name, 'no answer')})")
    return _judged(check, rows, passed, answers.seen)


def empty_results(checks: Sequence[Check]) -> tuple[CheckResult, ...]:
    """Return the answers for a partition without rows: blocked, or a warning where the contract allows none."""
    first = checks[0]
    if first.terms.get("empty"):
        return (
            CheckResult("rows", "rows", None, "warn", None, 0, "rows", first.expected, "no rows, which is allowed"),
        )
    head = CheckResult("rows", "rows", None, "block", False, 0, "rows", first.expected, "no rows")
    return (head, *(_answer(check, None, None, "", "no rows") for check in checks[1:]))


def _judged(check: Check, rows: int, passed: bool | None, seen: Mapping[tuple[str, str | None], Any]) -> CheckResult:
    if check.rule == "rows":
        return _answer(check, passed, rows, "rows", f"{rows:,} rows")
    if check.rule == "freshness":
        return _freshness(check, passed, seen.get(("column.max", EVENT)))
    if check.rule in ("unique", "unique_key"):
        surplus = seen.get(("column.max", surplus_column(check.column)))
        told = passed if surplus is not None else None
        what = "the key" if check.rule == "unique_key" else "the value"
        return _answer(check, told, surplus, "rows", f"{surplus:,} rows repeat {what} of another")
    return _share(check, rows, passed, seen)


def _share(check: Check, rows: int, passed: bool | None, seen: Mapping[tuple[str, str | None], Any]) -> CheckResult:
    column, metric = _counted(check)
    nulls = seen.get(("column_values.nonnull.unexpected_count", column))
    broken = seen.get((f"column_values.{metric}.unexpected_count", column))
    if broken is None or nulls is None:
        return _answer(check, None, None, "", "could not be checked (no answer)")
    if check.rule == "nullable_share":
        told = f"{int(nulls):,} of {rows:,} values are missing ({nulls / rows:.3%})"
        return _answer(check, passed, nulls / rows, "share", told)
    if nulls == rows:
        return _answer(check, None, None, "share", "all values are missing")
    told = f"{int(broken):,} of {rows - int(nulls):,} {_BROKEN[check.rule]}"
    return _answer(check, passed, broken / (rows - nulls), "share", told)


def _counted(check: Check) -> tuple[str | None, str]:
    """Return the column of the view and the library's metric that count the values which break a rule."""
    if check.has_text_bounds:
        return inside_column(check.column or ""), "in_set"
    column = {"interval": EVENT, "regex": pattern_column(check.column or "")}.get(check.rule, check.column)
    return column, _METRICS[check.rule]


def _freshness(check: Check, passed: bool | None, newest: Any) -> CheckResult:
    if newest is None:
        return _answer(check, None, None, "hours", "no event has a time")
    instant = datetime.fromisoformat(str(newest))
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    hours = (check.terms["end"] - instant).total_seconds() / 3600
    return _answer(check, passed, hours, "hours", f"the newest event is {hours:.1f} h before the end")


def _answer(check: Check, passed: bool | None, observed: float | None, unit: str, found: str) -> CheckResult:
    subject = (
        f"{check.column}: " if check.column else {"unique_key": "key: ", "rows": ""}.get(check.rule, f"{check.rule}: ")
    )
    told = f"{subject}{found}; expected {check.expected}"
    number = None if observed is None else float(observed)
    return CheckResult(check.name, check.rule, check.column, check.severity, passed, number, unit, check.expected, told)
