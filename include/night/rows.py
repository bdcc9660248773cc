"""Feature rows with their labels, in an order that is always the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import FeatureError
from include.storage.schemas import LABELS
from include.storage.specs import PARTITION, TableSpec
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.project import Project

TECHNICAL = ("_key", "_event_time", "_prediction_time", PARTITION, "_feature_version")
_BY = (PARTITION, "_feature_version")
_LABEL_SCHEMA = pa.schema([("_key", pa.string()), ("label", pa.float64()), ("label_text", pa.string())])


def features_table(project: Project, name: str) -> Table | None:
    """Return a model's table of feature rows, None before its first night."""
    like = TableSpec("features", None, partition_by=_BY, replaced_by=_BY)
    found = Table.existing(project.model_home(name) / "features", f"features of {name}", like)
    return found and project.as_it_was("features", found)


def labels_table(project: Project, name: str) -> Table:
    """Return a model's table of labels."""
    return project.as_it_was("labels", Table(project.model_home(name) / "labels", LABELS))


def present_features(project: Project, name: str) -> Table:
    """Return a model's table of feature rows; FeatureError before its first night."""
    table = features_table(project, name)
    if table is None:
        raise FeatureError.at(f"model {name}", "has no feature rows", "those of a night", "run a night first")
    return table


def feature_columns(project: Project, name: str, feature_version: str | None = None) -> list[str]:
    """Return the names of a model's features, in the order of its table; none before its first night.

    Parameters
    ----------
    feature_version : str, optional
        Whose features: what a training or a comparison takes. Those of every version when omitted: what is watched, and
        what a champion of an earlier version reads; a column that another version has is null in the rows of this one.
    """
    table = features_table(project, name)
    if table is None:
        return []
    columns = [column for column in table.spec.schema.names if column not in TECHNICAL]
    if feature_version is None:
        return columns
    there = table.stored_columns(_feature_version=feature_version)
    return [column for column in columns if column in there]


def feature_rows(
    project: Project,
    name: str,
    partitions: Sequence[str],
    feature_version: str,
    table_version: int | None = None,
    *,
    also: Sequence[str] = (),
) -> Iterator[pa.RecordBatch]:
    """Return the feature rows of some partitions, with ``_key``, ``_partition`` and `also`, always in the same order."""
    table = present_features(project, name)
    columns = ["_key", PARTITION, *also, *(name for name in table.spec.schema.names if name not in TECHNICAL)]
    yield from table.ordered(columns, partitions, table_version, _feature_version=feature_version)


def labelled_rows(
    project: Project,
    name: str,
    partitions: Sequence[str],
    feature_version: str,
    features_at: int | None = None,
    labels_at: int | None = None,
    *,
    classes: Sequence[str] = (),
    leave_out: Mapping[str, pa.Array] | None = None,
    also: Sequence[str] = (),
) -> Iterator[pa.RecordBatch]:
    """Return the feature rows that have a mature label, with it in the column ``label``.

    Parameters
    ----------
    project, name
        The installation and the model.
    partitions : sequence of str
        Keys, in the order the rows shall come.
    feature_version : str
        Which features.
    features_at, labels_at : int, optional
        Pinned versions of the two tables.
    classes : sequence of str
        Of a multiclass model: a label is the place of its class here, and rows of any other class are left out.
    leave_out : mapping of str to pyarrow.Array, optional
        Keys by partition of rows that are not returned: the golden set, where something is learned or judged.
    also : sequence of str
        Technical columns to return beside them, such as ``_event_time``.

    Notes
    -----
    The labels of one partition are held in memory at a time.
    """
    labels = labels_table(project, name).pinned(labels_at)
    features = present_features(project, name).pinned(features_at)
    columns = ["_key", PARTITION, *also, *(name for name in features.spec.schema.names if name not in TECHNICAL)]
    for partition in partitions:
        known = pa.Table.from_batches(labels.ordered(_LABEL_SCHEMA.names, [partition]), _LABEL_SCHEMA)
        if leave_out and partition in leave_out:
            known = known.filter(pc.invert(pc.is_in(known.column("_key"), value_set=leave_out[partition])))
        if not known.num_rows:
            continue
        keys, values = known.column("_key").combine_chunks(), label_numbers(known, classes)
        for batch in features.ordered(columns, [partition], _feature_version=feature_version):
            place = pc.index_in(batch.column("_key"), value_set=keys)
            labelled = batch.append_column("label", pc.take(values, place))
            yield labelled.filter(pc.is_valid(labelled.column("label")))


def label_numbers(labels: pa.Table, classes: Sequence[str] = ()) -> pa.Array:
    """Return labels as numbers: as they are, or the place of each class; missing for a class that is not there.

    Examples
    --------
    >>> known = pa.table({"label": pa.nulls(3, pa.float64()), "label_text": ["b", "new", "a"]})
    >>> label_numbers(known, ("a", "b")).to_pylist()
    [1.0, None, 0.0]
    """
    if not classes:
        return labels.column("label").combine_chunks()
    return pc.index_in(
        labels.column("label_text").combine_chunks(), value_set=pa.array(list(classes), pa.string())
    ).cast(pa.float64())


def classes_of(project: Project, name: str, partitions: Sequence[str], labels_at: int | None = None) -> tuple[str, ...]:
    """Return the classes among the labels of some partitions, in the order of their names; none but for multiclass models."""
    labels = labels_table(project, name).pinned(labels_at)
    found: set[str] = set()
    for batch in labels.ordered(["label_text"], partitions):
        found |= {text for text in pc.unique(batch.column("label_text")).to_pylist() if text is not None}
    return tuple(sorted(found))
