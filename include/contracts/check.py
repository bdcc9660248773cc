"""Judge partitions: a contract in, a verdict with every check's answer out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from include.contracts import observe, quiet, relation
from include.contracts.suite import Check, feature_suite_of, suite_of
from include.contracts.validation import Validation, health_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.config.dataset import Dataset
    from include.config.model import Model
    from include.partitions import Partition

    Rows: TypeAlias = Sequence[str] | pa.Table | ds.Dataset


class Checker:
    """Judges any number of partitions on one DuckDB connection and one Great Expectations context.

    Parameters
    ----------
    memory : str
        Memory that DuckDB may take, such as ``512MB``; what does not fit goes to disk.
    threads : int
        Threads that DuckDB may use.

    Notes
    -----
    The library is imported when the first partition is judged (2 to 3 seconds). Not safe to use from two threads at
    once.
    """

    def __init__(self, *, memory: str = "512MB", threads: int = 2) -> None:
        self._spill = tempfile.TemporaryDirectory(prefix="nightshift-check-")
        settings = {
            "memory_limit": memory,
            "threads": str(threads),
            "temp_directory": self._spill.name,
            "preserve_insertion_order": "false",
        }
        self._duck = duckdb.connect(":memory:", config=settings)
        self._duck.execute("SET TimeZone = 'UTC'")
        self._gx: tuple[Any, Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the connection and its spilled files."""
        self._gx = None
        self._duck.close()
        self._spill.cleanup()

    def check(self, dataset: Dataset, rows: Rows, partition: Partition | None = None) -> Validation:
        """Return the verdict on one partition of a dataset.

        Parameters
        ----------
        dataset : Dataset
            Whose contract is applied.
        rows : sequence of str, or Arrow table, or Arrow dataset
            Local Parquet files (the partition column may be missing from them), or the rows themselves.
        partition : Partition, optional
            None for a static dataset.

        Raises
        ------
        ConfigError
            When the contract itself cannot be read.
        """
        return self._judge(dataset.name, suite_of(dataset, partition), rows, partition.key if partition else None)

    def check_features(
        self,
        model: Model,
        rows: Rows,
        partition: Partition | str | None = None,
        *,
        expected_rows: int | None = None,
        types: Mapping[str, str] | None = None,
    ) -> Validation:
        """Return the verdict on the feature rows of one night.

        Parameters
        ----------
        model : Model
            Whose ``feature_contract`` is applied.
        rows : sequence of str, or Arrow table, or Arrow dataset
            The feature rows, with ``_key``.
        partition : Partition or str, optional
            The night.
        expected_rows : int, optional
            Rows of the rows' dataset; another number of feature rows blocks.
        types : mapping, optional
            Contract type of each feature as served before.
        """
        checks = feature_suite_of(model, types)
        if expected_rows is not None:
            terms = {"low": expected_rows, "high": expected_rows, "empty": False}
            checks[0] = Check("rows", None, "block", f"{expected_rows} rows, as many as {model.rows} has", terms)
        key = partition if isinstance(partition, str) or partition is None else partition.key
        return self._judge(model.name, checks, rows, key)

    def _judge(self, subject: str, checks: list[Check], rows: Rows, key: str | None) -> Validation:
        schema, count, source = self._open(rows)
        summaries = observe.summaries(rows, schema, checks)
        if not count:
            results = observe.empty_results(checks)
        else:
            wanted = [check for check in checks if relation.judgeable(check, schema)]
            relation.create_view(self._duck, source, schema, wanted, count)
            answers = self._ask(wanted)
            results = tuple(observe.result_of(check, schema, count, *answers) for check in checks)
        return Validation(subject, key, count, health_of(results), results, summaries, _engine_text())

    def _open(self, rows: Rows) -> tuple[pa.Schema, int, str]:
        """Return schema, number of rows and the SQL text that reads them."""
        if isinstance(rows, pa.Table | ds.Dataset):
            self._duck.register("_rows_in_memory", rows)
            count = rows.num_rows if isinstance(rows, pa.Table) else rows.count_rows()
            return rows.schema, count, "_rows_in_memory"
        files = [pq.read_metadata(path) for path in rows]
        if not files:
            return pa.schema([]), 0, ""
        listed = ", ".join(relation.quoted_text(str(Path(path))) for path in rows)
        schema = pq.read_schema(rows[0])
        return schema, sum(one.num_rows for one in files), f"read_parquet([{listed}], hive_partitioning = false)"

    def _ask(self, checks: Sequence[Check]) -> tuple[dict[str, bool | None], dict[Any, Any], dict[str, str]]:
        connection, context = self._library()
        engine = quiet.load("include.contracts.engine")
        expectation_of = quiet.load("include.contracts.expectations").expectation_of
        expectations = [made for made in map(expectation_of, checks) if made is not None]
        try:
            answers: tuple[dict[str, bool | None], dict[Any, Any], dict[str, str]]
            answers = engine.judge(connection, context, relation.VIEW, expectations)
            return answers
        finally:
            connection.rollback()

    def _library(self) -> tuple[Any, Any]:
        if self._gx is None:
            context = quiet.load().get_context(mode="ephemeral")
            bars = quiet.load("great_expectations.data_context.types.base").ProgressBarsConfig(globally=False)
            context.variables.progress_bars = bars
            self._gx = (quiet.load("include.contracts.engine").connect(self._duck), context)
        return self._gx


def _engine_text() -> str:
    from importlib.metadata import version

    return f"great-expectations {version('great-expectations')}, duckdb {version('duckdb')}"
