"""Great Expectations' SQL engine on one DuckDB connection that we own.

The library keeps a connection open only for the dialects it lists; for DuckDB it would close it between running a query
and fetching its rows, which DuckDB cannot bear. Our engine always yields the one connection, and remembers the numbers that
the library computed, since its own results carry either nothing or values of the data.
"""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from duckdb_engine import ConnectionWrapper
from sqlalchemy.pool import StaticPool

from include.contracts.library import Batch, SqlAlchemyBatchData, SqlAlchemyExecutionEngine, Validator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from include.contracts.library import AbstractDataContext, gxe

_RUNTIME = {"result_format": "BOOLEAN_ONLY", "catch_exceptions": True}


class DuckDBEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]
    """The library's SQL engine, bound to a connection that it may not close."""

    def __init__(self, connection: sa.Connection) -> None:
        self._owned = connection
        self.seen: dict[tuple[str, str | None], Any] = {}
        super().__init__(engine=connection.engine)

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """Yield the one connection."""
        yield self._owned

    def resolve_metrics(self, metrics_to_resolve: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute metrics as the library does, and remember the plain numbers."""
        found = super().resolve_metrics(metrics_to_resolve, *args, **kwargs)
        for wanted in metrics_to_resolve:
            if wanted.id in found:
                column = wanted.metric_domain_kwargs.get("column")
                self.seen[wanted.metric_name, column] = found[wanted.id]
        return found

    def close(self) -> None:
        """Leave the connection open: its owner closes it."""


def connect(connection: duckdb.DuckDBPyConnection) -> sa.Connection:
    """Return SQLAlchemy's side of a DuckDB connection; both see the same views."""
    engine = sa.create_engine("duckdb://", creator=lambda: ConnectionWrapper(connection), poolclass=StaticPool)
    # the dialect quotes PostgreSQL's keywords only; a column named `at` would break every check of its dataset
    words = connection.execute("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'")
    preparer = engine.dialect.identifier_preparer
    preparer.reserved_words = preparer.reserved_words | {word for (word,) in words.fetchall()}
    return engine.connect()


def judge(
    connection: sa.Connection, context: AbstractDataContext, view: str, expectations: Sequence[gxe.Expectation]
) -> tuple[dict[str, bool | None], dict[tuple[str, str | None], Any], dict[str, str]]:
    """Return what Great Expectations says of a view.

    Returns
    -------
    answers : dict
        By check name: True, False, or None where the check itself failed.
    seen : dict
        By (metric, column): the number that was computed.
    failures : dict
        By check name: the class of the exception; never its text, which can hold values.
    """
    engine = DuckDBEngine(connection)
    batch = Batch(data=SqlAlchemyBatchData(execution_engine=engine, table_name=view))
    validator = Validator(execution_engine=engine, batches=[batch], data_context=context)
    results = validator.graph_validate([one.configuration for one in expectations], runtime_configuration=_RUNTIME)
    answers: dict[str, bool | None] = {}
    failures: dict[str, str] = {}
    for result in results:
        name = result.expectation_config.meta["check"]
        failure = _failure(result.exception_info)
        answers[name] = None if failure else bool(result.success)
        if failure:
            failures[name] = failure
    return answers, engine.seen, failures


@atexit.register
def _end_quietly() -> None:
    """Close standard error to what comes after Python's own end.

    With these libraries loaded DuckDB's binding finds its objects alive there and prints forty lines of "leaked instance"
    on every terminal. Python's own last words (tracebacks, logs) are out by then.
    """
    if sys.stderr is not None:
        sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _failure(info: dict[str, Any]) -> str:
    """Return the class of the exception that an answer hides, or nothing."""
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            lines = [line for line in str(entry.get("exception_traceback") or "").splitlines() if line[:1].isalpha()]
            classes = [line.split(":")[0].rsplit(".", 1)[-1] for line in lines if "Traceback" not in line]
            named = [one for one in classes if one.isidentifier()]
            return named[0] if named else "Exception"
    return ""
