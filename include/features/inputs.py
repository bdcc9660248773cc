"""What of a dataset's rows may reach a model's SQL: no outcomes, and with the times that decide what is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.types import arrow_type
from include.errors import FeatureError
from include.features.key import ROW_NUMBER, keys_of
from include.features.times import INSTANT, events_of, known_at_of

if TYPE_CHECKING:
    from include.config.dataset import Dataset
    from include.config.model import Model

Inputs: TypeAlias = Mapping[str, Callable[[], Iterable[pa.RecordBatch]]]
TECHNICAL = ("_key", "_event_time", "_prediction_time")


def hidden_columns(dataset: Dataset, model: Model) -> frozenset[str]:
    """Return the columns of a dataset that no feature may see: its outcomes, and the target."""
    target = {model.target.column} if model.target.dataset == dataset.name else set()
    return frozenset(dataset.outcome) | target


def is_known_over_time(dataset: Dataset) -> bool:
    """Tell whether rows of a dataset become known one after the other (static ones are known whole)."""
    return not dataset.static or dataset.known_at.column is not None


def scored_rows(model: Model, dataset: Dataset, inputs: Inputs) -> Iterator[pa.RecordBatch]:
    """Yield the rows to score, with key, event time, prediction time and partition; at least one batch.

    Raises
    ------
    FeatureError
        When no rows were given, or they lack what the dataset declares.
    """
    hidden = hidden_columns(dataset, model)
    for batch in _given(model, dataset, inputs):
        events = events_of(batch, dataset)
        early = pc.subtract(events, pa.scalar(model.lead, pa.duration("us")))
        times = dict(zip(TECHNICAL, (keys_of(batch, dataset.key), events, early), strict=True))
        yield _extended(_without(batch, hidden), times | {"_partition": batch.column("_partition").cast(pa.string())})


def joined_rows(model: Model, dataset: Dataset, inputs: Inputs) -> Iterator[pa.RecordBatch]:
    """Yield the rows to join, with event time and when they became known; at least one batch.

    Raises
    ------
    FeatureError
        When no rows were given, or they lack what the dataset declares.
    """
    hidden = hidden_columns(dataset, model)
    for batch in _given(model, dataset, inputs):
        times = {}
        if not dataset.static:
            times["_event_time"] = events_of(batch, dataset)
        if is_known_over_time(dataset):
            times["_known_at"] = known_at_of(batch, dataset)
        yield _extended(_without(batch, hidden), times)


def _given(model: Model, dataset: Dataset, inputs: Inputs) -> Iterator[pa.RecordBatch]:
    """Yield a dataset's rows; one empty batch of its contract's types where there are none."""
    if dataset.name not in inputs:
        found = f"no rows of dataset {dataset.name} were given"
        raise FeatureError.at(f"model {model.name}", found, "them", "ingest it first")
    batches = iter(inputs[dataset.name]())
    first = next(batches, None)
    yield _nothing(dataset) if first is None else first
    yield from batches


def _nothing(dataset: Dataset) -> pa.RecordBatch:
    rules = dataset.contract.columns
    if not rules:
        found = "there are no rows, and its contract names no columns"
        raise FeatureError.at(f"dataset {dataset.name}", found, "one of them", "ingest it first")
    fields = [pa.field(name, arrow_type(rule.type)) for name, rule in rules.items()]
    fields += [pa.field("_partition", pa.string()), pa.field("_known_at", INSTANT)]
    fields += [] if dataset.key else [pa.field(ROW_NUMBER, pa.int64())]
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in fields], schema=pa.schema(fields))


def _without(batch: pa.RecordBatch, hidden: frozenset[str]) -> pa.RecordBatch:
    """Return the batch without hidden and technical columns."""
    names = [name for name in batch.schema.names if name not in hidden]
    return batch.select([name for name in names if not name.startswith("_") or name == ROW_NUMBER])


def _extended(batch: pa.RecordBatch, added: Mapping[str, pa.Array]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([*batch.columns, *added.values()], names=[*batch.schema.names, *added])
