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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from duckdb_engine import ConnectionWrapper
from sqlalchemy.pool import StaticPool

from include.contracts.expectations import expectation_of
from include.contracts.library import SqlAlchemyBatchData, SqlAlchemyExecutionEngine, ValidationGraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

    from include.contracts.library import gxe
    from include.contracts.suite import Check

_RUNTIME = {"result_format": "BOOLEAN_ONLY", "catch_exceptions": True}


class DuckDBEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]
    """The library's SQL engine, bound to a connection that it may not close."""

    def __init__(self, connection: sa.Connection) -> None:
        self._owned = connection
        self.seen: dict[tuple[str, str | None], Any] = {}
        self._columns: list[dict[str, str]] = []
        # its cache knows a number by its metric and column only: it would hand one view's numbers to the next
        super().__init__(engine=connection.engine, caching=False)

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """Yield the one connection."""
        yield self._owned

    def show(self, view: str) -> None:
        """Compute what follows on this view, and forget the numbers of the one before."""
        self.seen = {}
        described = self._owned.exec_driver_sql(f"DESCRIBE {view}")
        self._columns = [{"name": name} for name, *_ in described.fetchall()]
        self.load_batch_data(view, SqlAlchemyBatchData(execution_engine=self, table_name=view))

    def resolve_metrics(self, metrics_to_resolve: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute metrics as the library does, and remember the plain numbers.

        The names of the columns are known: the library would look for them in tables that DuckDB has not, then ask as we.
        """
        found = {
            wanted.id: self._columns for wanted in metrics_to_resolve if wanted.metric_name == "table.column_types"
        }
        others = [wanted for wanted in metrics_to_resolve if wanted.id not in found]
        if others:
            found |= super().resolve_metrics(others, *args, **kwargs)
        for wanted in others:
            if wanted.id in found:
                column = wanted.metric_domain_kwargs.get("column")
                self.seen[wanted.metric_name, column] = found[wanted.id]
        return found

    def close(self) -> None:
        """Leave the connection open: its owner closes it."""


class _Alone(ConnectionWrapper):  # type: ignore[misc]
    """A connection whose statements stand alone: in a transaction one that fails would take all after it with it."""

    def begin(self) -> None:
        """Begin nothing."""

    def commit(self) -> None:
        """Commit nothing."""

    def rollback(self) -> None:
        """Take nothing back."""


def connect(connection: duckdb.DuckDBPyConnection) -> sa.Connection:
    """Return SQLAlchemy's side of a DuckDB connection; both see the same views."""
    engine = sa.create_engine("duckdb://", creator=lambda: _Alone(connection), poolclass=StaticPool)
    # the dialect quotes PostgreSQL's keywords only; a column named `at` would break every check of its dataset
    words = connection.execute("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'")
    preparer = engine.dialect.identifier_preparer
    preparer.reserved_words = preparer.reserved_words | {word for (word,) in words.fetchall()}
    return engine.connect()


class Judge:
    """Great Expectations' answers on any number of views of one connection.

    What a check needs, its metrics and theirs in turn, depends on the check alone, so it is worked out once and kept: for
    59 small partitions that is two thirds of the time.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of `connect`.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._engine = DuckDBEngine(connection)
        self._known: dict[str, _Prepared] = {}

    def __call__(self, view: str, checks: Sequence[Check]) -> Answers:
        """Return what Great Expectations says of a view, check by check; checks of types are left out."""
        self._engine.show(view)
        found = Answers(seen=self._engine.seen)
        asked = [(check, one) for check in checks if (one := self._prepared(check, found)) is not None]
        self._answer(asked, found)
        return found

    def _prepared(self, check: Check, found: Answers) -> _Prepared | None:
        """Return the check's expectation and its metrics; nothing where it has none, or cannot be prepared."""
        key = repr(check)
        if key not in self._known:
            expectation = expectation_of(check)
            if expectation is None:
                return None
            try:
                self._known[key] = _Prepared.of(expectation, self._engine)
            except Exception as error:
                found.fail(check, type(error).__name__)
                return None
        return self._known[key]

    def _answer(self, asked: Sequence[tuple[Check, _Prepared]], found: Answers) -> None:
        graph = ValidationGraph(self._engine, [edge for _, one in asked for edge in one.edges])
        try:
            metrics, aborted = graph.resolve(_RUNTIME, show_progress_bars=False)
        except Exception as error:
            for check, _ in asked:
                found.fail(check, type(error).__name__)
            return
        for check, one in asked:
            broken = [aborted[name]["exception_info"] for name in one.metrics if name in aborted]
            if broken:
                found.fail(check, _class_in(broken[0]))
                continue
            try:
                found.passed[check.name] = one.judge(metrics, self._engine)
            except Exception as error:
                found.fail(check, type(error).__name__)


@dataclass
class Answers:
    """What Great Expectations says of a view.

    Attributes
    ----------
    passed : dict
        By check name: True, False, or None where the check itself failed.
    seen : dict
        By (metric, column): the number that was computed.
    failures : dict
        By check name: the class of the exception; never its text, which can hold values.
    """

    seen: Mapping[tuple[str, str | None], Any]
    passed: dict[str, bool | None] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def fail(self, check: Check, why: str) -> None:
        """Say that a check itself failed."""
        self.passed[check.name], self.failures[check.name] = None, why


@dataclass(frozen=True)
class _Prepared:
    """An expectation with the metrics that it needs."""

    expectation: gxe.Expectation
    needed: Mapping[str, Any]
    result_format: Any
    edges: Sequence[Any]
    metrics: frozenset[Any]

    @classmethod
    def of(cls, expectation: gxe.Expectation, engine: DuckDBEngine) -> _Prepared:
        needs = expectation.get_validation_dependencies(execution_engine=engine, runtime_configuration=_RUNTIME)
        graph = ValidationGraph(engine)
        for metric in needs.get_metric_configurations():
            graph.build_metric_dependency_graph(metric, _RUNTIME)
        names = {part for edge in graph.edge_ids for part in edge if part is not None}
        needed = {name: metric.id for name, metric in needs.metric_configurations.items()}
        return cls(expectation, needed, needs.result_format, graph.edges, frozenset(names))

    def judge(self, metrics: Mapping[Any, Any], engine: DuckDBEngine) -> bool:
        """Return whether the expectation is met."""
        given = {name: metrics[metric] for name, metric in self.needed.items()}
        runtime = {**_RUNTIME, "result_format": self.result_format}
        result = self.expectation._validate(metrics=given, runtime_configuration=runtime, execution_engine=engine)
        return bool(result["success"])


@atexit.register
def _end_quietly() -> None:
    """Close standard error to what comes after Python's own end.

    With these libraries loaded DuckDB's binding finds its objects alive there and prints forty lines of "leaked instance"
    on every terminal. Python's own last words (tracebacks, logs) are out by then.
    """
    if sys.stderr is not None:
        sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _class_in(info: Any) -> str:
    """Return the class of the exception that a traceback ends with."""
    lines = [line for line in str(info["exception_traceback"] or "").splitlines() if line[:1].isalpha()]
    classes = [line.split(":")[0].rsplit(".", 1)[-1] for line in lines if "Traceback" not in line]
    return next((one for one in classes if one.isidentifier()), "Exception")
