"""A database as a source: one SELECT, streamed in batches through a server-side cursor."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import DATETIME as SqliteInstant
from sqlalchemy.exc import SQLAlchemyError

from include.errors import SourceError
from include.partitions import STATIC_KEY
from include.sources.cut import PartitionCut
from include.sources.rows import by_event, with_key
from include.sources.shape import RowShape

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from datetime import datetime

    from include.config.dataset import Dataset, SqlSource
    from include.partitions import Partition
    from include.sources.connections import Connection, Connections

_DRIVERS = {"postgres": "postgresql", "mssql": "mssql+pyodbc", "mysql": "mysql+mysqldb"}
# What Airflow's PostgreSQL connections carry in their extra, too.
_LIBPQ = ("sslmode", "sslcert", "sslkey", "sslrootcert", "options", "application_name", "connect_timeout", "host")
_SELECT = re.compile(r"^\s*(?:--[^\n]*\n\s*)*(?:SELECT|WITH)\b", re.IGNORECASE)
_STRING_OR_COMMENT = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


class SqlTable:
    """The rows of a query.

    Parameters
    ----------
    dataset : Dataset
        What its rows are.
    settings : SqlSource
        Its `source`.
    connections : Connections
        Where the database and its password are found.
    """

    watermark: str | None = None

    def __init__(self, dataset: Dataset, settings: SqlSource, connections: Connections) -> None:
        self._dataset, self._settings, self._connections = dataset, settings, connections
        self._shape = RowShape(dataset)
        self._shown = f"source.query of {dataset.name}"
        self._names = _bound_names(settings.query, self._shown)

    @property
    def schema(self) -> pa.Schema | None:
        """Types of the user's columns, None when the contract names none."""
        return self._shape.schema

    def read(self, first: Partition, last: Partition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the partitions from first to last in one query.

        Parameters
        ----------
        first, last : Partition
            Both included; ``:start`` and ``:end`` are bound to the start of the first and the end of the last, in UTC.

        Yields
        ------
        pa.RecordBatch
            The user's columns in the types of the contract, and `_partition`; rows outside the interval are left out.

        Raises
        ------
        SourceError
            When the database cannot be reached, refuses the query, or a value does not fit.
        """
        cut = PartitionCut(self._dataset, first, last)
        with closing(self._raw(first.start, last.end)) as raw:
            yield from by_event(raw, self._shape, cut, self._shown)

    def read_all(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows of a static dataset, with ``static`` as their `_partition`."""
        with closing(self._raw(None, None)) as raw:
            yield from with_key(raw, self._shape, STATIC_KEY, self._shown)

    def partitions(self) -> list[str] | None:
        """Return None: a database does not say which partitions it holds."""
        return None

    def close(self) -> None:
        """Give memory back."""
        self._shape.close()

    def _raw(self, start: datetime | None, end: datetime | None) -> Generator[tuple[int, pa.RecordBatch]]:
        statement = self._statement(start, end)
        first_row = 1
        with (
            self._explained(),
            self._connected() as connection,
            closing(connection.execute(statement)) as result,
        ):
            names = list(result.keys())
            self._check_names(names)
            wanted = set(self._shape.wanted(names, self._shown))
            for rows in result.partitions(self._settings.batch_rows):
                columns = zip(names, zip(*rows, strict=True), strict=True)
                arrays = {n: self._array(values, n, first_row) for n, values in columns if n in wanted}
                yield first_row, pa.record_batch(arrays)
                first_row += len(rows)

    def _statement(self, start: datetime | None, end: datetime | None) -> sa.TextClause:
        values = {"start": start, "end": end}
        if start is None and self._names:
            raise SourceError.at(
                self._shown,
                f"binds :{' and :'.join(sorted(self._names))}, but the dataset is static and has no partitions",
                "a query without them",
                "correct the query, or remove static: true",
            )
        instants = [sa.bindparam(name, values[name], _instant()) for name in sorted(self._names)]
        literal = _STRING_OR_COMMENT.sub(lambda found: found[0].replace(":", r"\:"), self._settings.query)
        return sa.text(literal.rstrip().rstrip(";")).bindparams(*instants)

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        engine = sa.create_engine(_url(self._connections.get(self._settings.connection)), poolclass=sa.NullPool)
        options: dict[str, Any] = {"stream_results": True, "max_row_buffer": self._settings.batch_rows}
        if engine.dialect.name == "postgresql":
            options["postgresql_readonly"] = True
        try:
            with engine.connect() as connection:
                yield connection.execution_options(**options)
        finally:
            engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        connection = f"connection {self._settings.connection!r}"
        try:
            yield
        except ModuleNotFoundError as error:
            raise SourceError.at(
                connection, f"its driver {error.name!r} is not installed", "an installed driver", "install it"
            ) from None
        except SQLAlchemyError as error:
            # Only the driver's own words: SQLAlchemy's would repeat the values bound.
            said = str(getattr(error, "orig", None) or error).strip().splitlines()
            raise SourceError.at(
                f"{self._shown} ({connection})",
                f"the database refuses: {said[0][:300] if said else type(error).__name__}",
                "a query that it runs",
                "correct the query or the connection",
            ) from None

    def _check_names(self, names: Sequence[str]) -> None:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SourceError.at(
                self._shown, f"returns {twice[0]!r} more than once", "each column once", "name the columns apart (AS)"
            )

    def _array(self, values: tuple[Any, ...], name: str, first_row: int) -> pa.Array:
        try:
            return pa.array(values)
        except (pa.ArrowException, OverflowError):
            position = _first_strange(values)
        raise SourceError.at(
            f"{self._shown}, row {first_row + position:,}, column {name!r}",
            f"found a value of type {type(values[position]).__name__}, unlike the rows before it or unknown to Arrow",
            "values of one type",
            "cast the column in the query",
        )


def _bound_names(query: str, shown: str) -> set[str]:
    bare = _STRING_OR_COMMENT.sub(" ", query)
    if not _SELECT.match(query) or ";" in bare.rstrip().rstrip(";"):
        raise SourceError.at(
            shown, "is not one SELECT", "a single statement that begins with SELECT or WITH", "correct it"
        )
    names = set(re.findall(r"(?<![:\w]):([A-Za-z_]\w*)", bare))
    unknown = sorted(names - {"start", "end"})
    if unknown:
        raise SourceError.at(shown, f"binds :{unknown[0]}", "only :start and :end", "correct the query")
    return names


def _instant() -> sa.types.TypeEngine[datetime]:
    """Return the type of a bound instant.

    Notes
    -----
    SQLite has no type of time and compares texts: "… 00:00:00" is before the usual "… 00:00:00.000000", and the first row
    of a partition would be lost. Without the fraction both forms compare rightly.
    """
    text = SqliteInstant(truncate_microseconds=True)  # type: ignore[no-untyped-call]
    return sa.DateTime(timezone=True).with_variant(text, "sqlite")


def _url(connection: Connection) -> sa.URL:
    extra = dict(connection.extra)
    driver = str(extra.get("sqlalchemy_driver") or _DRIVERS.get(connection.conn_type, connection.conn_type))
    if driver.startswith("sqlite"):
        return sa.URL.create(driver, database=connection.schema or connection.host)
    query = {name: extra[name] for name in _LIBPQ if name in extra} if driver.startswith("postgresql") else {}
    query |= dict(extra.get("sqlalchemy_query") or {})
    return sa.URL.create(
        driver,
        connection.login,
        connection.password,
        connection.host,
        connection.port,
        connection.schema,
        {str(name): str(value) for name, value in query.items()},
    )


def _first_strange(values: Sequence[Any]) -> int:
    """Return the position of the first value with which the values before it make no Arrow array."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            pa.array(values[:middle])
            low = middle
        except (pa.ArrowException, OverflowError):
            high = middle
    return low
