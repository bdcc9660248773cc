"""Labels that have matured: outcomes that were known by the end of the night."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import ConfigError
from include.features.key import keys_of
from include.features.times import INSTANT, events_of, known_at_of
from include.partitions import partition_at, partition_from_key, partitions_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from include.config.dataset import Dataset
    from include.config.model import Model
    from include.partitions import Partition

SCHEMA = pa.schema(
    [
        pa.field("_key", pa.string()),
        pa.field("label", pa.float64()),
        pa.field("label_text", pa.string()),
        pa.field("known_at", INSTANT),
        pa.field("_partition", pa.string()),
    ]
)
UNBOUNDED = timedelta(days=31)
_LARGEST = 3.4028234e38  # of 32 bits, in which trainings hold labels


def labels_of(
    model: Model,
    dataset: Dataset,
    batches: Iterable[pa.RecordBatch],
    as_of: datetime,
    classes: Sequence[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the labels that were known at an instant.

    Parameters
    ----------
    model : Model
        Whose target it is.
    dataset : Dataset
        The target's dataset.
    batches : iterable of pyarrow.RecordBatch
        Its rows, with `_partition` and, where they were stored, `_known_at`.
    as_of : datetime
        The end of the night.
    classes : sequence of str, optional
        Classes of a multiclass model, in the order of its manifest.

    Yields
    ------
    pyarrow.RecordBatch
        Of `SCHEMA`. `label` is 0 or 1, a number, or the place of the class in `classes` (missing for a class that is not
        there, or without `classes`); `label_text` is the class of a multiclass model, else missing.

    Raises
    ------
    ConfigError
        When the outcome's values are not those of the task.

    Notes
    -----
    A label is known at the target's `known_at` column, else `delay` after the event, else when its row is known; and
    never before its row is. A missing outcome gives no label.
    """
    for batch in batches:
        outcome = _outcome(model, batch)
        known = _known_at(model, dataset, batch)
        kept = pc.and_(pc.is_valid(outcome), pc.fill_null(pc.less_equal(known, pa.scalar(as_of, INSTANT)), False))
        if not pc.any(kept).as_py():
            continue
        text = outcome.filter(kept) if model.task == "multiclass" else None
        label = _places(text, classes) if text is not None else outcome.filter(kept)
        yield pa.RecordBatch.from_arrays(
            [
                keys_of(batch, dataset.key).filter(kept),
                label,
                text if text is not None else pa.nulls(len(label), pa.string()),
                known.filter(kept),
                batch.column("_partition").cast(pa.string()).filter(kept),
            ],
            schema=SCHEMA,
        )


def refreshable(model: Model, dataset: Dataset, night: Partition) -> list[Partition]:
    """Return the partitions of the target's dataset whose labels may change in a night, earliest first.

    Parameters
    ----------
    model : Model
        Whose target it is.
    dataset : Dataset
        The target's dataset.
    night : Partition
        The night.

    Notes
    -----
    Those that have begun by the night's end and whose rows and labels may still have been coming at its start: until
    delay + ``late_for`` after their end. A target known at a column without ``delay`` counts as 31 days.

    Examples
    --------
    >>> from include.partitions import partition_from_key
    >>> from include.config.dataset import Dataset
    >>> from include.config.model import Model
    >>> owner = {"name": "Team"}
    >>> bikes = Dataset(name="bikes", description="A ride.", owner=owner, source={"kind": "files", "path": "a.csv"},
    ...     event_time="t", outcome=("late",))
    >>> model = Model(name="ride", description="Late.", owner=owner, task="binary", rows="bikes",
    ...     target={"dataset": "bikes", "column": "late", "delay": "1d"})
    >>> [p.key for p in refreshable(model, bikes, partition_from_key("2013-03-03", "day", "UTC"))]
    ['2013-03-02', '2013-03-03']
    """
    reach = (UNBOUNDED if (known := maturity(model, dataset)) is None else known) + dataset.late_for
    last = partition_at(night.end - timedelta(microseconds=1), dataset.partition, dataset.timezone)
    first = partition_at(night.start - reach, dataset.partition, dataset.timezone)
    while first.end + reach <= night.start:
        first = first.following()
    if dataset.first_partition:
        earliest = partition_from_key(dataset.first_partition, dataset.partition, dataset.timezone)
        first = max(first, earliest, key=lambda partition: partition.start)
    return partitions_between(first, last)


def maturity(model: Model, dataset: Dataset) -> timedelta | None:
    """Return how long after the event its label is known at the latest; None where only a column tells.

    Parameters
    ----------
    model : Model
        Whose target it is.
    dataset : Dataset
        The target's dataset.
    """
    own = dataset.known_at.delay or timedelta(0)
    if model.target.delay is not None:
        return max(model.target.delay, own)
    return None if model.target.known_at or dataset.known_at.column else own


def _known_at(model: Model, dataset: Dataset, batch: pa.RecordBatch) -> pa.Array:
    row = known_at_of(batch, dataset)
    if model.target.known_at is not None:
        _there(model, batch, model.target.known_at)
        own = batch.column(model.target.known_at).cast(INSTANT)
        return pc.if_else(pc.is_valid(own), _later(own, row), pa.scalar(None, INSTANT))
    if model.target.delay is not None:
        return _later(pc.add(events_of(batch, dataset), pa.scalar(model.target.delay, pa.duration("us"))), row)
    return row


def _later(first: pa.Array, second: pa.Array) -> pa.Array:
    """Return the later of two instants; Arrow has a maximum of whole numbers only."""
    whole = pc.max_element_wise(first.cast(INSTANT).cast(pa.int64()), second.cast(INSTANT).cast(pa.int64()))
    return whole.cast(INSTANT)


def _outcome(model: Model, batch: pa.RecordBatch) -> pa.Array:
    """Return the outcome as numbers, or as texts for a multiclass model; missing where it is missing."""
    _there(model, batch, model.target.column)
    values = batch.column(model.target.column)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_null(values.type):  # no row ever had one, so nothing says its type
        values = values.cast(pa.string() if model.task == "multiclass" else pa.float64())
    if model.task == "multiclass":
        if not (_is_text(values.type) or pa.types.is_integer(values.type) or pa.types.is_boolean(values.type)):
            raise _wrong(model, f"is of type {values.type}", "texts or whole numbers")
        return values.cast(pa.string())
    if not (pa.types.is_boolean(values.type) or _is_number(values.type)):
        raise _wrong(
            model, f"is of type {values.type}", "true and false, or 0 and 1" if model.task == "binary" else "numbers"
        )
    numbers = values.cast(pa.int8()) if pa.types.is_boolean(values.type) else values
    numbers = numbers.cast(pa.float64(), safe=False)
    numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    _allowed(model, numbers)
    return numbers


def _allowed(model: Model, numbers: pa.Array) -> None:
    if model.task == "binary":
        wrong = pc.invert(pc.is_in(numbers, value_set=pa.array([0.0, 1.0, None])))
        expected = "true and false, or 0 and 1"
    else:
        wrong = pc.greater(pc.abs(numbers), _LARGEST)
        expected = f"finite numbers up to {_LARGEST:.2g}, as trainings hold them"
    strange = numbers.filter(wrong)
    if len(strange):
        raise _wrong(model, f"has {strange[0].as_py():g} in {len(strange)} of {len(numbers)} rows", expected)


def _places(text: pa.Array, classes: Sequence[str] | None) -> pa.Array:
    return pc.index_in(text, value_set=pa.array(list(classes or ()), pa.string())).cast(pa.float64())


def _there(model: Model, batch: pa.RecordBatch, column: str) -> None:
    if column not in batch.schema.names:
        raise ConfigError.at(
            f"model {model.name}, target",
            f"dataset {model.target.dataset} has no column {column}",
            "one it has",
            "correct it",
        )


def _wrong(model: Model, found: str, expected: str) -> ConfigError:
    where = f"model {model.name}, target.column {model.target.column}"
    return ConfigError.at(
        where, f"{found}", f"{expected} for a {model.task} task", "derive such a column in the dataset"
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
