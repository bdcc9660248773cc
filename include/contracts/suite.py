"""A contract as a list of checks, each with its expectation in words and in numbers."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from include.config.durations import format_duration
from include.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.config.base import Severity
    from include.config.dataset import Dataset, PartitionRules, ValueRules
    from include.config.model import Model
    from include.partitions import Partition

TABLE_RULES = ("rows", "freshness", "interval", "unique_key")


@dataclass(frozen=True)
class Check:
    """One rule of a contract, ready to be judged.

    Attributes
    ----------
    rule : str
        ``rows``, ``freshness``, ``interval``, ``unique_key``, ``type``, ``nullable_share``, ``range``, ``set``,
        ``regex`` or ``unique``.
    column : str | None
        The column it is about; None for the partition as a whole.
    severity : str
        ``warn`` or ``block``.
    expected : str
        What must hold, in words.
    terms : mapping
        What must hold, in numbers: what the rule's expectation takes.
    pii : bool
        The column holds personal data: nothing observed of its values may be shown.
    """

    rule: str
    column: str | None
    severity: Severity
    expected: str
    terms: Mapping[str, Any] = field(default_factory=dict)
    pii: bool = False

    @property
    def has_text_bounds(self) -> bool:
        """Tell whether it is a range of texts."""
        return any(isinstance(self.terms.get(end), str) for end in ("low", "high"))

    @property
    def name(self) -> str:
        """Identifier of the check within its suite, such as ``dep_delay.range``."""
        return f"{self.column}.{self.rule}" if self.column else self.rule


def suite_of(dataset: Dataset, partition: Partition | None = None) -> list[Check]:
    """Return the checks of a dataset's contract for one partition, the row count first.

    Parameters
    ----------
    dataset : Dataset
        Whose contract it is.
    partition : Partition, optional
        Its length turns rows per hour into rows; None for a static dataset, which is judged whole.

    Raises
    ------
    ConfigError
        When a bound cannot be read as a value of its column's type.

    Notes
    -----
    The checks are: rows; freshness and interval (all events inside the partition) where the dataset has an event
    time; the key's uniqueness; then, column by column, type, share of missing values, range, set, regex, unique.
    """
    rules = dataset.contract.partition
    checks = [_rows_check(rules, partition)]
    if dataset.event_time and partition:
        checks += _time_checks(rules, dataset.event_time, partition)
    if dataset.key and rules.unique_key:
        expected = f"no two rows with the same {', '.join(dataset.key)}"
        checks.append(Check("unique_key", None, rules.severity, expected, {"columns": dataset.key}))
    for column, rule in dataset.contract.columns.items():
        checks += column_checks(column, rule, rule.type, where=f"dataset {dataset.name}, contract.columns.{column}")
    return checks


def feature_suite_of(model: Model, types: Mapping[str, str] | None = None) -> list[Check]:
    """Return the checks of a model's feature rows.

    Parameters
    ----------
    model : Model
        Whose ``feature_contract`` it is.
    types : mapping, optional
        Contract type of each feature as it has been served so far; a feature whose type changes is blocked.
    """
    checks = [Check("rows", None, "block", "at least 1 row", {"low": 1, "high": None, "empty": False})]
    checks.append(Check("unique_key", None, "block", "one feature row for each row", {"columns": ("_key",)}))
    known = dict(types or {})
    for column in dict.fromkeys((*known, *model.feature_contract)):
        rule = model.feature_contract.get(column)
        wanted = (rule.type if rule else None) or known.get(column)
        where = f"model {model.name}, feature_contract.{column}"
        if rule is not None:
            checks += column_checks(column, rule, wanted, where=where)
        elif wanted:
            checks.append(Check("type", column, "block", f"type {wanted}, as served before", {"type": wanted}))
    return checks


def column_checks(column: str, rule: ValueRules, type_name: str | None, *, where: str) -> Iterator[Check]:
    """Yield the checks of one column."""

    def check(name: str, expected: str, **terms: Any) -> Check:
        return Check(name, column, rule.severity, expected, terms, rule.pii)

    if type_name:
        yield check("type", f"type {type_name}", type=type_name)
    if rule.nullable_share < 1:
        at_most = (
            "no missing values"
            if rule.nullable_share == 0
            else f"at most {100 * rule.nullable_share:.4g} % of the values missing"
        )
        yield check("nullable_share", at_most, most=rule.nullable_share)
    if rule.range is not None and rule.range != (None, None):
        low, high = (_bound(value, type_name, where) for value in rule.range)
        yield check("range", _between(*rule.range), low=low, high=high)
    if rule.set is not None:
        yield check("set", _one_of(rule), values=_members(rule.set, type_name, where))
    if rule.regex is not None:
        yield check("regex", f"texts that match {rule.regex} from their start", pattern=rule.regex)
    if rule.unique:
        yield check("unique", "no value twice")


def _rows_check(rules: PartitionRules, partition: Partition | None) -> Check:
    low, high = rules.rows_per_hour or (None, None)
    hours = partition.hours if partition else None
    least = max(1, math.ceil(low * hours - 1e-9)) if low and hours else 1
    most = math.floor(high * hours + 1e-9) if high is not None and hours else None
    expected = f"at least {least} rows" if most is None else f"{least} to {most} rows"
    expected = expected.replace("at least 1 rows", "at least 1 row")
    if rules.rows_per_hour and hours:
        bounds = "–".join("" if value is None else f"{value:g}" for value in (low, high))
        expected += f" ({bounds} an hour × {hours:g} h)"
    terms = {"low": least, "high": most, "hours": hours, "empty": low is not None and low == 0}
    return Check("rows", None, rules.severity, expected, terms)


def _time_checks(rules: PartitionRules, event_time: str, partition: Partition) -> Iterator[Check]:
    if rules.freshness is not None:
        expected = f"newest {event_time} at most {format_duration(rules.freshness)} before the partition's end"
        terms = {"column": event_time, "low": partition.end - rules.freshness, "end": partition.end}
        yield Check("freshness", None, rules.severity, expected, terms)
    expected = f"{event_time} from {partition.start:%Y-%m-%d %H:%M} until before {partition.end:%Y-%m-%d %H:%M} UTC"
    terms = {"column": event_time, "low": partition.start, "high": partition.end}
    yield Check("interval", None, "block", expected, terms)


def _between(*bounds: float | str | None) -> str:
    low, high = (f"{value:g}" if isinstance(value, float) else value for value in bounds)
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"from {low} to {high}"


def _one_of(rule: ValueRules) -> str:
    values = [str(value) for value in rule.set or ()]
    shown = ", ".join(values[:12]) + (f" and {len(values) - 12} more" if len(values) > 12 else "")
    return f"one of {len(values)} values" if rule.pii else f"one of {shown}"


def _bound(value: float | str | None, type_name: str | None, where: str) -> float | datetime | str | None:
    """Return a bound as a value of its column's type."""
    if value is None:
        return None
    try:
        if type_name == "timestamp":
            instant = datetime.fromisoformat(str(value))
            return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        if type_name == "date":
            return datetime.combine(date.fromisoformat(str(value)), datetime.min.time(), tzinfo=UTC)
        if type_name in ("string", "category"):
            return str(value)
        return _single(float(value)) if type_name == "float32" else float(value)
    except ValueError:
        raise ConfigError.at(
            where, f"range has the bound {value!r}", f"a value of type {type_name or 'float64'}", "correct the bound"
        ) from None


def _single(value: float) -> float:
    """Return the nearest value that four bytes hold, so that a bound of 0.1 admits a stored 0.1."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return value


def _members(values: tuple[str | int, ...], type_name: str | None, where: str) -> tuple[str | float, ...]:
    if type_name is None or type_name in ("string", "category"):
        return tuple(str(value) for value in values) if type_name else values
    try:
        return tuple(float(value) if type_name.startswith(("float", "dec")) else int(value) for value in values)
    except ValueError:
        raise ConfigError.at(
            where, f"set has a value that is not of type {type_name}", "values of the column's type", "correct the set"
        ) from None
