"""Judge partitions: a contract in, a verdict with every check's answer out."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from include.contracts import observe, relation, summaries
from include.contracts.suite import Check, feature_suite_of, suite_of
from include.contracts.validation import CheckResult, Validation, health_of
from include.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.config.dataset import Dataset
    from include.config.model import Model
    from include.contracts import engine
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
        # Parquet's statistics leave NaN out, and DuckDB folds isnan(x) and comparisons of x by them: NaN would pass.
        self._duck.execute("SET disabled_optimizers = 'statistics_propagation'")
        self._asked: engine.Judge | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the connection and its spilled files."""
        self._asked = None
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
        hidden = {check.column for check in checks if check.pii and check.column}
        if isinstance(rows, pa.Table):
            seen, count, schema = summaries.of_table(rows, hidden), rows.num_rows, rows.schema
        else:
            schema, footers = _footers(rows)
            seen, count = summaries.of_footers(schema, footers, hidden), sum(one.num_rows for one in footers)
        if count:
            results = self._results(checks, schema, count, self._source(rows))
        else:
            results = observe.empty_results(checks)
        return Validation(subject, key, count, health_of(results), results, seen, _engine_text())

    def _results(self, checks: list[Check], schema: pa.Schema, count: int, source: str) -> tuple[CheckResult, ...]:
        wanted = [check for check in checks if relation.judgeable(check, schema)]
        unread = [check for check in wanted if check.rule == "regex" and not relation.is_readable(self._duck, check)]
        wanted = [check for check in wanted if check not in unread]
        relation.create_view(self._duck, source, schema, wanted, count)
        answers = self._judge_of_views()(relation.VIEW, wanted)
        for check in unread:
            answers.fail(check, "DuckDB cannot read the pattern")
        return tuple(observe.result_of(check, schema, count, answers) for check in checks)

    def _source(self, rows: Rows) -> str:
        """Return the SQL text that reads the rows."""
        if isinstance(rows, pa.Table | ds.Dataset):
            self._duck.register("_rows_in_memory", rows)
            return "_rows_in_memory"
        listed = ", ".join(relation.quoted_text(str(path)) for path in rows)
        return f"read_parquet([{listed}], hive_partitioning = false)"

    def _judge_of_views(self) -> engine.Judge:
        if self._asked is None:
            from include.contracts.engine import Judge, connect

            self._asked = Judge(connect(self._duck))
        return self._asked


def _footers(rows: Sequence[str] | ds.Dataset) -> tuple[pa.Schema, list[Any]]:
    """Return the schema of Parquet files and the footer of each."""
    if isinstance(rows, ds.Dataset):
        return rows.schema, [fragment.metadata for fragment in rows.get_fragments()]
    try:
        footers = [pq.read_metadata(path) for path in rows]
    except (OSError, pa.ArrowInvalid) as error:
        raise StorageError.at(
            "staged rows",
            f"a file cannot be read ({type(error).__name__})",
            "Parquet files",
            "ingest the partition again",
        ) from error
    return (footers[0].schema.to_arrow_schema() if footers else pa.schema([])), footers


def _engine_text() -> str:
    from importlib.metadata import version

    return f"great-expectations {version('great-expectations')}, duckdb {version('duckdb')}"
