"""erasure: a person's rows leave every version of a dataset and of the models that score it; the ledger keeps a receipt.

The receipt says which tables, partitions and how many rows, never the key: a ledger is kept for ever. It is written
before the first file changes, so that nothing goes without one; a killed erasure is run again and writes another.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import ConfigError, ConflictError, LedgerError
from include.features.key import keys_of
from include.fleet.places import exists_table
from include.night.golden import golden_table
from include.night.rows import features_table, labels_table
from include.night.score import predictions_table
from include.night.summaries import FOLDER
from include.storage.erased import affected, remove_old, rows_of, without
from include.storage.lifetimes import stand_in
from include.storage.objects import list_names, remove
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from include.config.dataset import Dataset
    from include.project import Project
    from include.storage.erased import Affected, Matches

_LOOKS = 5  # at a table that others write to meanwhile


@dataclass(frozen=True)
class _Target:
    """One table, and which of its rows are to go."""

    name: str
    table: Table
    matches: Matches


def erase(
    project: Project, name: str, keys: Sequence[str], *, column: str | None = None, reason: str = ""
) -> dict[str, Any]:
    """Erase rows of a dataset, and what models keep of them under the same key.

    Parameters
    ----------
    project : Project
        The installation, with all its files.
    name : str
        Dataset.
    keys : sequence of str
        Keys as the tables of models have them: the key's columns joined by ``|``.
    column : str, optional
        Compare this column with `keys` in the place of the key: all rows of a customer, for instance.
    reason : str
        Such as the number of the request; kept in the ledger.

    Returns
    -------
    dict
        ``receipt`` (number of the ledger's record), ``rows`` (by table, all versions together), ``files`` written again,
        ``models`` (whose versions can no longer be reproduced if they were trained on these rows) and ``joined_by``
        (models that join this dataset: what their feature rows took from it stays under their own keys).

    Raises
    ------
    LedgerError
        Without a reason, or when there are no such rows.
    ConfigError
        When neither the dataset declares a key nor a column is given, or there is no such column.
    """
    dataset = project.catalog.dataset(name)
    _check(dataset, keys, column, reason)
    targets = list(_targets(project, dataset, keys, column))
    found = {target.name: affected(target.table, target.matches) for target in targets}
    if not any(found.values()):
        raise LedgerError.at(
            f"dataset {name}", "no version has such rows", "the key of a row", "check --key and --column"
        )
    receipt = _receipt(project, name, found, reason)
    for target in targets:
        _rewrite(target, found[target.name], str(receipt.body["request"]))
    rows = {table: sum(f.rows for f in files) for table, files in found.items() if files}
    _forget_samples(project, {table.split("/")[1] for table in rows if table.startswith("models/")})
    project.dataset_ledger(name).append("erased", f"erased/{receipt.body['request']}", {"rows": rows})
    return {
        "receipt": receipt.number,
        "rows": rows,
        "files": sum(map(len, found.values())),
        "models": sorted({table.split("/")[1] for table in rows if table.startswith("models/")}),
        "joined_by": sorted(
            m.name for m in project.catalog.models.values() if name in m.all_datasets and name != m.rows
        ),
    }


def _forget_samples(project: Project, models: Iterable[str]) -> None:
    """Remove the samples and summaries of feature rows that nights are compared with: they are made again from what is left."""
    for name in models:
        for kept in ("reference_samples", FOLDER):
            folder = project.model_home(name) / kept
            for sample in list_names(folder):
                remove(folder / sample)


def _check(dataset: Dataset, keys: Sequence[str], column: str | None, reason: str) -> None:
    where = f"dataset {dataset.name}"
    if not reason.strip():
        raise LedgerError.at(where, "erase has no reason", "a sentence for the ledger", "say why")
    if not keys or not all(keys):
        raise ConfigError.at(where, "erase has no key", "one key at least, none of them empty", "name the rows")
    if column is None and not dataset.key:
        raise ConfigError.at(where, "declares no key", "a column that names the rows", "add --column COLUMN")
    if column and dataset.contract.columns and column not in dataset.contract.columns:
        raise ConfigError.at(
            where, f"there is no column {column!r}", f"one of {', '.join(dataset.contract.columns)}", "correct --column"
        )


def _targets(project: Project, dataset: Dataset, keys: Sequence[str], column: str | None) -> Iterator[_Target]:
    """Yield the tables of models first: the dataset's own rows say which keys to look for, should this be run again."""
    home = project.dataset_home(dataset.name)
    own = [
        _Target(f"datasets/{dataset.name}/{table}", found, _of_dataset(dataset, keys, column))
        for table in ("quarantine", "snapshots")
        if (found := Table.existing(home / table, table)) is not None
    ]
    gone = _keys_by_partition(dataset, own)
    for model in project.catalog.models.values():
        tables: list[tuple[str, Table | None]] = []
        if model.rows == dataset.name:
            tables += [("predictions", predictions_table(project, model.name))]
            tables += [("features", features_table(project, model.name))]
        if model.target.dataset == dataset.name:
            labels = labels_table(project, model.name)
            tables += [("labels", labels if exists_table(labels.location) else None)]
        if dataset.name in (model.rows, model.target.dataset):
            tables += [("golden", golden_table(project, model.name))]
        for table, found in tables:
            if found is not None:
                yield _Target(f"models/{model.name}/{table}", found, _of_model(gone, everywhere=bool(dataset.key)))
    yield from own


def _of_dataset(dataset: Dataset, keys: Sequence[str], column: str | None) -> Matches:
    wanted = pa.array(sorted(set(keys)), pa.string())

    def matches(batch: pa.RecordBatch, _: str) -> pa.Array:
        if column and column not in batch.schema.names:  # a file whose rows have no value of it leaves it out
            return pa.repeat(pa.scalar(False), batch.num_rows)
        return pc.is_in(keys_of(batch, [column] if column else dataset.key), wanted)

    return matches


def _of_model(gone: dict[str, set[str]], *, everywhere: bool) -> Matches:
    together = set().union(*gone.values())

    def matches(batch: pa.RecordBatch, partition: str) -> pa.Array:
        wanted = together if everywhere else gone.get(partition, set())
        return pc.is_in(batch.column("_key"), pa.array(sorted(wanted), pa.string()))

    return matches


def _keys_by_partition(dataset: Dataset, own: Iterable[_Target]) -> dict[str, set[str]]:
    """Return the keys, as models have them, of the rows that are to go."""
    found: dict[str, set[str]] = {}
    for target in own:
        for file in affected(target.table, target.matches):
            partition = file.partition
            for batch in rows_of(target.table, file.path):
                chosen = batch.filter(pc.fill_null(target.matches(batch, partition), False))
                found.setdefault(partition, set()).update(keys_of(chosen, dataset.key).to_pylist())
    return found


def _receipt(project: Project, name: str, found: dict[str, list[Affected]], reason: str) -> Any:
    """Write what is about to go into the ledger of the dataset, and of each model that loses rows."""
    request = uuid.uuid4().hex
    tables = {
        table: {
            "partitions": sorted({file.partition for file in files}),
            "rows": sum(file.rows for file in files),
            "files": len(files),
        }
        for table, files in found.items()
        if files
    }
    body = {"request": request, "dataset": name, "reason": reason, "tables": tables}
    for model in sorted({table.split("/")[1] for table in tables if table.startswith("models/")}):
        mine = {table: told for table, told in tables.items() if table.startswith(f"models/{model}/")}
        project.model_ledger(model).append("erasure", f"erasure/{request}", body | {"tables": mine})
    return project.dataset_ledger(name).append("erasure", f"erasure/{request}", body)


def _rewrite(target: _Target, files: list[Affected], request: str) -> None:
    for _ in range(_LOOKS):
        for file in files:
            _write_again(target, file, request)
        files = affected(target.table, target.matches)
        if not files:
            return
    raise ConflictError.at(
        f"table {target.name}", "others kept writing these rows", "a quiet moment", "run the erasure again"
    )


def _write_again(target: _Target, file: Affected, request: str) -> None:
    """Put a file without the rows in the place of one, for the newest version and for those before; then remove it."""
    table = target.table
    if file.values:
        token = table.token(dict(file.values)) if file.shown else None
        staged = without(table, file, target.matches)
        if file.shown:
            try:
                table.publish([staged], run_key=f"erasure/{request}/{file.path}", token=token)
            except ConflictError:  # published meanwhile: looked at again
                remove_old(table.location, staged.path)
                return
        stand_in(table.location, file.path, staged.path)
    remove_old(table.location, file.path)
