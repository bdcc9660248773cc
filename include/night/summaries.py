"""What is kept of each partition for its diagnosis: made on its night, then read by the nights after."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.evidence.columns import is_number, numbers_of
from include.evidence.kept import FORM, from_bytes, to_bytes
from include.evidence.strength import class_strengths, label_strength
from include.evidence.summary import Summary, summarise_columns, summarise_rows
from include.features.inputs import hidden_columns
from include.features.key import key_columns
from include.night.rows import feature_columns, label_numbers, labels_table, present_features
from include.partitions import typical_hours
from include.signals.sample import sampled
from include.storage.objects import list_names, read_if_present
from include.storage.objects import replace as put
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.config.dataset import Dataset
    from include.night.begun import Begun
    from include.project import Project
    from include.storage.locations import Location
    from include.storage.tables import Table

FOLDER = "summaries"
_SAMPLED = 20_000
_HELD = 40
_DAY_HOURS = 23
_TECHNICAL = (PARTITION, "_revision", "_known_at", "_row", "_event_time")


class Summaries:
    """The summaries of a model's partitions, each made when first asked for.

    Parameters
    ----------
    project, found
        The installation and the night.

    Notes
    -----
    Columns are those of the features, from a sample of 20,000 rows. The rows as a whole (repeats, copies, hours) are
    those of the dataset, without what features add to them: a copied row keeps its values there, while a feature such as
    the weekday or a mean of the last week changes. Each costs one pass over the partition.
    """

    def __init__(self, project: Project, found: Begun) -> None:
        self._project, self._found = project, found
        self._held: dict[str, Summary] = {}
        self._strengths: dict[str, dict[tuple[str, str], float]] = {}

    @property
    def task(self) -> str:
        """Return the task of the model."""
        return self._found.model.task

    @cached_property
    def keys(self) -> list[str]:
        """Return the keys of the partitions until the night that have feature rows, oldest first."""
        rows = self._features.contents()
        keys = {r[PARTITION] for r in rows if r["_feature_version"] == self._found.feature_version and r["rows"]}
        return sorted(key for key in keys if key <= self._found.night.key)

    def new(self) -> list[str]:
        """Return those of which nothing is kept: no night has diagnosed them."""
        return self._unkept("rows", self.keys)

    def of(self, key: str) -> Summary:
        """Return the summary of a partition, kept or made; those asked for last are held in memory."""
        found = self._held.pop(key, None)
        if found is None:
            kept = read_if_present(self._place("rows", key))
            found = (from_bytes(kept) if kept else None) or self._made(key)
        self._held[key] = found  # behind all others: the first has not been asked for the longest
        if len(self._held) > _HELD:
            del self._held[next(iter(self._held))]
        return found

    def keep(self, key: str) -> None:
        """Keep the summary of a partition, which says that it has been diagnosed."""
        put(self._place("rows", key), to_bytes(self.of(key)))

    # ---- labels --------------------------------------------------------------------------------------------------

    def new_labels(self, keys: list[str]) -> list[str]:
        """Return those of some labelled partitions whose labels no night has looked at."""
        return self._unkept("labels", keys)

    def strengths(self, key: str) -> dict[tuple[str, str], float]:
        """Return how well each column of a labelled partition tells the label (each class of several) by itself."""
        if key not in self._strengths:
            self._strengths[key] = self._kept_strengths(key) or self._measured(key)
        return self._strengths[key]

    def _kept_strengths(self, key: str) -> dict[tuple[str, str], float]:
        kept = read_if_present(self._place("labels", key))
        if kept:
            with suppress(pa.ArrowInvalid):
                table = pa.ipc.open_file(pa.py_buffer(kept)).read_all()
                names, classes, strengths = (table[name].to_pylist() for name in ("name", "class", "strength"))
                return dict(zip(zip(names, classes, strict=True), strengths, strict=True))
        return {}

    def keep_strengths(self, key: str) -> None:
        """Keep what `strengths` found, which says that the labels of the partition have been looked at."""
        strengths = self.strengths(key)
        table = pa.table(
            {
                "name": pa.array([name for name, _ in strengths], pa.string()),
                "class": pa.array([label for _, label in strengths], pa.string()),
                "strength": pa.array(list(strengths.values()), pa.float64()),
            }
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        put(self._place("labels", key), sink.getvalue().to_pybytes())

    # ---- made ----------------------------------------------------------------------------------------------------

    def _place(self, what: str, key: str) -> Location:
        return self._folder / f"{self._named(what)}{key}.arrow"

    def _named(self, what: str) -> str:
        """Return how the names begin of what is kept for this feature version."""
        return f"{what}-{self._found.feature_version[:16]}-{FORM}-"

    @cached_property
    def _folder(self) -> Location:
        return self._project.model_home(self._found.model.name) / FOLDER

    def _unkept(self, what: str, keys: Sequence[str]) -> list[str]:
        kept = set(list_names(self._folder))
        return [key for key in keys if self._place(what, key).name not in kept]

    @cached_property
    def _features(self) -> Table:
        return present_features(self._project, self._found.model.name).pinned()

    @cached_property
    def _rows(self) -> Dataset:
        return self._project.catalog.dataset(self._found.model.rows)

    @cached_property
    def _snapshots(self) -> Table | None:
        table = self._project.snapshots(self._rows.name)
        return table.pinned(self._found.version(self._rows.name)) if table else None

    def _made(self, key: str) -> Summary:
        columns = feature_columns(self._project, self._found.model.name, self._found.feature_version)
        batches = self._features.ordered(columns, [key], _feature_version=self._found.feature_version)
        found = self._of_rows(key)
        return replace(found, columns=summarise_columns(batches), name=key)

    def _of_rows(self, key: str) -> Summary:
        """Return what is kept of the dataset's rows as a whole."""
        rows, table = self._rows, self._snapshots
        if table is None:
            return Summary(0, 0.0, np.empty(0, dtype=np.uint64), None, {})
        names = [name for name in table.spec.schema.names if name not in _TECHNICAL]
        hidden = {*hidden_columns(rows, self._found.model), *rows.key}
        content = [name for name in names if name not in hidden and not _is_idle(table.spec.schema.field(name).type)]
        identity = [name for name in key_columns(rows.key) if name in names] or names
        days = typical_hours(rows.partition) >= _DAY_HOURS  # an hour's rows are never those of the hour before
        time = rows.event_time if days and rows.event_time in names else None
        wanted = list(dict.fromkeys([*identity, *content, *([time] if time else [])]))
        return summarise_rows(
            table.ordered(wanted, [key]), key=identity, content=content, event_time=time, timezone=rows.timezone
        )

    def _measured(self, key: str) -> dict[tuple[str, str], float]:
        columns, labels, classes = self._sampled(key)
        found = {}
        for name in columns.column_names:
            values, told, numeric = _values(columns.column(name))
            if classes:
                strengths = class_strengths(values[told], labels[told], numeric)
                found.update({(name, classes[place]): strength for place, strength in strengths.items()})
            else:
                found[name, ""] = label_strength(values[told], labels[told], numeric)
        return found

    def _sampled(self, key: str) -> tuple[pa.Table, np.ndarray, Sequence[str]]:
        """Return the features of a sample of a partition's labelled rows, their labels, and the classes of several.

        The labels are drawn first: of a million rows only the sampled ones are put together.
        """
        name, version = self._found.model.name, self._found.feature_version
        columns = feature_columns(self._project, name, version)
        known = labels_table(self._project, name).read(["_key", "label", "label_text"], [key]).sort_by("_key")
        known = sampled(known.to_batches(), None, _SAMPLED, 0) if known.num_rows else known
        multiclass = self._found.model.task == "multiclass"
        classes = sorted(pc.unique(known.column("label_text")).drop_null().to_pylist()) if multiclass else ()
        keys, numbers = known.column("_key").combine_chunks(), label_numbers(known, classes)
        rows, labels = [], []
        for batch in self._features.ordered(["_key", *columns], [key], _feature_version=version):
            place = pc.index_in(batch.column("_key"), value_set=keys)
            rows.append(batch.select(columns).filter(pc.is_valid(place)))
            labels.append(pc.take(numbers, place.drop_null()))
        if not rows:
            return pa.table({}), np.empty(0), classes
        return pa.Table.from_batches(rows), numbers_of(pa.chunked_array(labels)), classes


def _is_idle(kind: pa.DataType) -> bool:
    """Tell whether a column of a type says nothing of a row's content: an instant, or one that has had no value yet."""
    return bool(pa.types.is_temporal(kind) or pa.types.is_null(kind))


def _values(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return a column's values (codes of texts), which of them are told, and whether they are numbers."""
    if is_number(column.type):
        values = numbers_of(column)
        return values, np.isfinite(values), True
    codes = column.cast(pa.string()).combine_chunks().dictionary_encode().indices
    return codes.fill_null(-1).to_numpy(zero_copy_only=False), codes.is_valid().to_numpy(zero_copy_only=False), False
