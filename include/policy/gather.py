"""A configured model's history straight from its sources, without a night ever having run."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.errors import PolicyError
from include.evaluation.plan import divides
from include.features.build import build
from include.features.days import days_of
from include.features.version import feature_version
from include.labels.mature import labels_of
from include.partitions import partition_at, partition_from_key, partitions_between
from include.policy.history import History, history_of_arrays
from include.sources import open_source
from include.sources.folders import local_files
from include.sources.places import inside_package, local_path, scheme_of
from include.storage.reading import conformed
from include.training.encode import Codebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from include.config.dataset import Dataset
    from include.config.model import Model
    from include.partitions import Partition
    from include.project import Project
    from include.sources import Source

_TECHNICAL = ("_key", "_event_time", "_prediction_time", "_partition")
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_VERSION = 5  # of what is kept in the cache


def gathered(project: Project, name: str, last: str | None = None) -> History:
    """Return a model's labelled history: the partitions that have labelled rows, in the order of time.

    Parameters
    ----------
    project : Project
        The installation; its configuration may be elsewhere, and nothing needs to have run.
    name : str
        Model.
    last : str, optional
        Key of the last partition to read; all that the rows' source holds when left out.

    Raises
    ------
    PolicyError
        When there is nothing to read, or no label.
    """
    model = project.catalog.model(name)
    partitions = _partitions(project, project.catalog.dataset(model.rows))
    features = _features(project, model, partitions)
    labels = _labels(project, model, partitions)
    numbered = model.rows == model.target.dataset and not project.catalog.dataset(model.rows).key
    found = _joined(model, partitions, features, labels, numbered).occupied()
    return found if last is None else found.until(last)


def gathered_once(project: Project, name: str, cache: Path, last: str | None = None) -> tuple[History, Path]:
    """Return a model's history and the folder it is kept in, read again only when configuration or files changed.

    Sources other than local files do not tell whether they changed: they are read each time.
    """
    told = json.dumps([_fingerprint(project, name), last], sort_keys=True)
    folder = cache / f"history-{hashlib.sha256(told.encode()).hexdigest()[:24]}"
    kept = _kept(folder)
    if kept is None:
        cache.mkdir(parents=True, exist_ok=True)
        found = gathered(project, name, last)
        with tempfile.TemporaryDirectory(dir=cache) as staging:
            found.save(Path(staging) / "history")
            shutil.rmtree(folder, ignore_errors=True)
            (Path(staging) / "history").rename(folder)
        kept = History.load(folder)
    return kept, folder


def _kept(folder: Path) -> History | None:
    """Return the history of a folder, None where it is not there, or damaged and to be made again."""
    try:
        return History.load(folder)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, EOFError) as error:
        logging.getLogger(__name__).warning("%s cannot be read (%s): it is made again", folder, error)
        return None


def _fingerprint(project: Project, name: str) -> Any:
    model = project.catalog.model(name)
    datasets = {d: project.catalog.dataset(d) for d in model.all_datasets}
    version = feature_version(project.catalog.features_sql(name), model, datasets)
    target = model.target.model_dump(mode="json")
    types = {column: rule.type for column, rule in model.feature_contract.items()}
    files = {d: _files(project, dataset) for d, dataset in datasets.items()}
    return [_VERSION, version, target, types, model.task, model.learner.max_categories, files]


def _files(project: Project, dataset: Dataset) -> Any:
    """Return names, sizes and times of change of a dataset's local files, or the instant where they are elsewhere."""
    source = dataset.source
    if source.kind != "files" or scheme_of(source.path) == "s3":
        return project.clock().isoformat()
    path, roots = source.path.replace("{key}", "*"), ()
    inside = scheme_of(path) == "package"
    place = inside_package(path) if inside else local_path(path, project.catalog.root, roots)
    found = [(file.shown, file.path.stat()) for file in local_files(place, path, dataset.timezone, roots)]
    return [source.model_dump(mode="json"), [(shown, told.st_size, told.st_mtime_ns) for shown, told in found]]


def _partitions(project: Project, rows: Dataset) -> list[Partition]:
    """Return the partitions from the first to the last that the source holds, within those that are declared."""
    grain, zone = rows.partition, rows.timezone
    low, high = rows.first_partition, rows.last_partition
    held = open_source(rows, connections=project.connections, base=project.catalog.root).partitions()
    if held is None and (low is None or high is None):
        held = _span_of_events(project, rows)
    if held is not None:
        held = [key for key in held if (low or key) <= key <= (high or key)]
        if not held:
            raise PolicyError.at(f"dataset {rows.name}", "holds no rows", "partitions to look back on", "check source")
        low, high = held[0], held[-1]
    ends = [partition_from_key(key, grain, zone) for key in (low, high) if key is not None]
    return partitions_between(ends[0], ends[-1])


def _stretches(dataset: Dataset, source: Source, first: Partition, last: Partition) -> Iterator[list[Partition]]:
    """Yield neighbouring partitions that can be read: all, or those that have a file where each has one of its own."""
    wanted = partitions_between(first, last)
    if dataset.source.kind != "files" or "{key}" not in dataset.source.path:
        yield wanted
        return
    held = set(source.partitions() or ())
    for there, stretch in groupby(wanted, lambda partition: partition.key in held):
        if there:
            yield list(stretch)


def _span_of_events(project: Project, rows: Dataset) -> list[str]:
    """Return the keys of the first and last partition that have rows, by reading the source once."""
    years = rows.model_copy(update={"partition": "year"})
    ends = (partition_at(_EARLIEST, "year", rows.timezone), partition_at(_LATEST, "year", rows.timezone))
    source = open_source(years, connections=project.connections, base=project.catalog.root)
    low: list[datetime] = []
    high: list[datetime] = []
    for batch in source.read(*ends):
        found = pc.min_max(batch.column(rows.event_time or "_event_time")).as_py()
        if found["min"] is not None:
            low, high = [min([*low, found["min"]])], [max([*high, found["max"]])]
    return [partition_at(at.astimezone(UTC), rows.partition, rows.timezone).key for at in (*low, *high)]


def _reader(project: Project, dataset: Dataset, model: Model, nights: Sequence[Partition]) -> Callable[[], Any]:
    """Return what reads the rows that the nights may see, each time anew."""
    shared: list[pa.Schema] = []  # one schema for all partitions, found once where no contract types them

    def rows() -> Iterator[pa.RecordBatch]:
        source = open_source(dataset, connections=project.connections, base=project.catalog.root)
        if dataset.static:
            yield from source.read_all()
            return
        start = nights[0].start if dataset.name == model.rows else nights[0].start - model.lookback
        first = partition_at(start, dataset.partition, dataset.timezone)
        newest = partition_at(nights[-1].end - timedelta(microseconds=1), dataset.partition, dataset.timezone)
        numbers: dict[str, int] = {}
        for stretch in _stretches(dataset, source, first, newest):
            for batch in source.read(stretch[0], stretch[-1]):
                yield batch if dataset.key else _numbered(batch, numbers)

    def read() -> Iterator[pa.RecordBatch]:
        if dataset.contract.columns:
            yield from rows()
            return
        if not shared:
            shared.append(_shared_schema(dataset.name, rows()))
        yield from conformed((batch.select(_filled(batch)) for batch in rows()), shared[0])

    return read


def _shared_schema(name: str, batches: Iterable[pa.RecordBatch]) -> pa.Schema:
    """Return the columns of all batches, in a type that holds the values of each: whole numbers become decimals.

    Where a batch has no value of a column, its type there says nothing: files that lack all values often say text.

    Raises
    ------
    PolicyError
        When a column is a text in one partition and a number in another.
    """
    types: dict[str, pa.DataType] = {}
    said: dict[str, pa.DataType] = {}
    for batch in batches:
        said |= {field.name: field.type for field in batch.schema if field.name not in said}
        for field in batch.select(_filled(batch)).schema:
            known = types.get(field.name, field.type)
            if known == field.type:
                types[field.name] = known
                continue
            pair = [pa.schema([(field.name, kind)]) for kind in (known, field.type)]
            try:
                types[field.name] = pa.unify_schemas(pair, promote_options="permissive").field(0).type
            except pa.ArrowTypeError:
                found = f"is of type {field.type}, and of type {known} before"
                if batch.num_rows and "_partition" in batch.schema.names:
                    found += f" (partition {batch.column('_partition')[0].as_py()})"
                raise PolicyError.at(
                    f"dataset {name}, column {field.name}",
                    found,
                    "one type in all partitions",
                    "correct the files, or type it under contract.columns",
                ) from None
    return pa.schema({name: types.get(name, kind) for name, kind in said.items()})


def _filled(batch: pa.RecordBatch) -> list[str]:
    """Return the columns of a batch that have a value."""
    return [
        name for name, values in zip(batch.schema.names, batch.columns, strict=True) if values.null_count < len(values)
    ]


def _numbered(batch: pa.RecordBatch, numbers: dict[str, int]) -> pa.RecordBatch:
    """Return the rows with their number within their partition, which is the key where none is declared."""
    keys = batch.column("_partition").cast(pa.string()).dictionary_encode()
    codes = keys.indices.to_numpy(zero_copy_only=False)
    number = np.empty(batch.num_rows, np.int64)
    for code, key in enumerate(keys.dictionary.to_pylist()):
        there = np.flatnonzero(codes == code)
        number[there] = numbers.get(key, 0) + np.arange(len(there))
        numbers[key] = numbers.get(key, 0) + len(there)
    return batch.append_column("_row", pa.array(number, pa.int64()))


def _features(project: Project, model: Model, nights: Sequence[Partition]) -> tuple[pa.Table, Codebook, Any]:
    """Return keys, partitions and instants of the rows, the codebook that encoded them, and their matrix."""
    datasets = {name: project.catalog.dataset(name) for name in (model.rows, *model.datasets)}
    inputs = {name: _reader(project, dataset, model, nights) for name, dataset in datasets.items()}
    sql = project.catalog.features_sql(model.name)
    book: Codebook | None = None
    keys, matrices = [], []
    for batch in build(
        model, datasets, inputs, nights[0], nights[-1], sql, memory=project.memory, threads=project.threads
    ):
        if book is None:
            names = [column for column in batch.schema.names if column not in _TECHNICAL]
            category = [c for c, rule in model.feature_contract.items() if rule.type == "category" and c in names]
            book = Codebook(names, category, model.learner.max_categories)
        matrices.append(np.ascontiguousarray(book.matrix(batch)))
        keys.append(batch.select(["_key", "_partition", "_event_time"]))
    if book is None:
        found = f"no rows from {nights[0].key} to {nights[-1].key}"
        raise PolicyError.at(
            f"dataset {model.rows}",
            found,
            "rows of these partitions",
            "check its source, first_partition and last_partition",
        )
    return pa.Table.from_batches(keys), book, np.concatenate(matrices)


def _labels(project: Project, model: Model, nights: Sequence[Partition]) -> pa.Table:
    dataset = project.catalog.dataset(model.target.dataset)
    shown = _reader(project, dataset, model, nights)
    batches = list(labels_of(model, dataset, shown(), _LATEST))
    if not batches:
        raise PolicyError.at(f"model {model.name}", "no row has a label", "outcomes in the source", "check the target")
    return pa.Table.from_batches(batches)


def _unique_keys(rows: pa.Table, numbered: bool) -> pa.ChunkedArray:
    """Return keys that are unique over all partitions, which row numbers alone are not."""
    return pc.binary_join_element_wise(rows["_partition"], rows["_key"], "|") if numbered else rows["_key"]


def _joined(
    model: Model,
    nights: Sequence[Partition],
    features: tuple[pa.Table, Codebook, Any],
    labels: pa.Table,
    numbered: bool,
) -> History:
    keys, book, matrix = features
    place = pc.index_in(_unique_keys(keys, numbered), value_set=_unique_keys(labels, numbered).combine_chunks())
    label, classes = _outcomes(model, labels, place)
    known = pc.take(labels["known_at"].cast(pa.int64()), place).fill_null(0).to_numpy()
    order = {partition.key: i for i, partition in enumerate(nights)}
    codes = keys["_partition"].combine_chunks().dictionary_encode()
    of_code = np.array([order[key] for key in codes.dictionary.to_pylist()], np.int64)
    return history_of_arrays(
        nights,
        of_code[codes.indices.to_numpy()],
        _capped(matrix, book, model.learner.max_categories),
        label,
        known,
        days_of(keys["_event_time"], nights[0].timezone) if divides(nights[0].grain) else None,
        model=model.name,
        task=model.task,
        names=book.columns,
        kinds=tuple("c" if feature.kind == "category" else "q" for feature in book.features()),
        classes=classes,
    )


def _outcomes(model: Model, labels: pa.Table, place: pa.ChunkedArray) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    if model.task != "multiclass":
        return pc.take(labels["label"], place).cast(pa.float64()).fill_null(np.nan).to_numpy(), ()
    text = pc.take(labels["label_text"], place)
    classes = tuple(sorted(t for t in pc.unique(text).to_pylist() if t is not None))
    codes = pc.index_in(text, value_set=pa.array(classes, pa.string()))
    return codes.cast(pa.float64()).fill_null(np.nan).to_numpy(), classes


def _capped(matrix: NDArray[np.float32], book: Codebook, most: int) -> NDArray[np.float32]:
    """Return the matrix with the categories that appeared after the first `most` taken as one."""
    for place, feature in enumerate(book.features()):
        if feature.kind == "category":
            np.minimum(matrix[:, place], np.float32(most), out=matrix[:, place])
    return matrix
