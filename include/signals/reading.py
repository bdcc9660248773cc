"""Files to study: a Parquet or CSV file, or a folder of them, read in batches with only the columns needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from include.signals.columns import Kind, kind_of
from include.signals.csv_file import CsvFile
from include.signals.errors import SignalError
from include.signals.streaming import BATCH_ROWS

PAGE_BYTES = 65_536
SUFFIXES = (".parquet", ".csv", ".csv.gz")

_KEYED_FOLDER = re.compile(r"^(?P<name>[^=]+)=(?P<value>.+)$")


def parquet_batches(source: Any, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a Parquet file.

    Parameters
    ----------
    source : path, or binary file object
    columns : sequence of str, optional
        Columns to decode; all if not given.

    Notes
    -----
    Texts are decoded as dictionaries, which a Parquet file mostly holds them as: half the time of decoding them row by
    row. Pages are read one by one and on one thread (profiling keeps the others busy): 50 MiB less at the peak than
    whole column chunks on all threads, and the same memory for row groups of any size.
    """
    with pq.ParquetFile(source) as file:
        texts = [field.name for field in file.schema_arrow if kind_of(field.type) == "categorical"]
    with pq.ParquetFile(source, pre_buffer=False, buffer_size=PAGE_BYTES, read_dictionary=texts) as file:
        yield from file.iter_batches(BATCH_ROWS, columns=None if columns is None else list(columns), use_threads=False)


@dataclass(frozen=True)
class Part:
    """One file of a side.

    Attributes
    ----------
    path : Path
    key : str or None
        What its folder is named after ``=``; None when the side is not split by folders.
    given : str or None
        The character between the fields of a CSV file; None: what its header shows.
    """

    path: Path
    key: str | None
    given: str | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns and types, from the file's own description.

        Raises
        ------
        SignalError
            When the file cannot be read as what its name says, or two columns have one name.
        """
        if self._is_csv:
            return self._csv.schema
        found = _read(self.path, lambda: pq.read_schema(self.path))
        twice = sorted({name for name in found.names if found.names.count(name) > 1})
        if twice:
            raise SignalError.at(
                str(self.path), f"two columns are named {twice[0]!r}", "a name for each column", "rename one of them"
            )
        return found

    @cached_property
    def _csv(self) -> CsvFile:
        if self.path.stat().st_size == 0:
            raise SignalError.at(str(self.path), "it is empty", "a header and rows", "check how it was written")
        found: CsvFile = _read(self.path, lambda: CsvFile(self.path, self.given))
        return found

    @property
    def delimiter(self) -> str | None:
        """The character between the fields of a CSV file; None for Parquet."""
        return self._csv.delimiter if self._is_csv else None

    @property
    def _is_csv(self) -> bool:
        return not self.path.name.endswith(".parquet")

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows with these columns, at least one batch."""
        if self._is_csv:
            read = self._csv.batches(columns)
        else:
            read = parquet_batches(self.path, columns)
        empty = True
        try:
            for batch in read:
                empty = False
                yield batch
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.path, error) from error
        if empty:
            yield _no_rows(self.schema, columns)


@dataclass(frozen=True)
class Side:
    """One side of a study: its files, in the order of their names.

    Attributes
    ----------
    path : Path
    parts : tuple of Part
    key : str or None
        The name before ``=`` of the folders that split it, as ``period`` of ``period=2024-01``.
    """

    path: Path
    parts: tuple[Part, ...]
    key: str | None

    @classmethod
    def open(cls, path: str | Path, delimiter: str | None = None) -> Side:
        """Return a file, or a folder of files, perhaps one folder ``<key>=<value>`` deep.

        Parameters
        ----------
        path : path
        delimiter : str, optional
            The character between the fields of CSV files; what each file's header shows if not given.

        Raises
        ------
        SignalError
            When there is nothing to read at this path.
        """
        root = Path(path)
        if root.is_file():
            if not root.name.endswith(SUFFIXES):
                raise SignalError.at(str(root), "not a file that can be read", " or ".join(SUFFIXES), "convert it")
            return cls(root, (Part(root, None, delimiter),), None)
        if not root.exists():
            raise SignalError.at(str(root), "it does not exist", "a file or folder", "correct the path")
        files = sorted(file for file in root.rglob("*") if file.is_file() and file.name.endswith(SUFFIXES))
        if not files:
            raise SignalError.at(
                str(root), "no file in it", f"files ending in {', '.join(SUFFIXES)}", "correct the path"
            )
        keyed = [_KEYED_FOLDER.match(file.relative_to(root).parts[0]) for file in files]
        names = {match["name"] if match else None for match in keyed}
        if len(names) > 1:
            raise SignalError.at(
                str(root),
                "some files lie in folders <key>=<value> and some do not, or under several keys",
                "one key for all, as period=2024-01/part-0.parquet",
                "move the others away",
            )
        parts = [
            Part(file, unquote(match["value"]) if match else None, delimiter)
            for file, match in zip(files, keyed, strict=True)
        ]
        return cls(root, tuple(parts), names.pop())

    @property
    def delimiters(self) -> list[str]:
        """The characters between the fields of its CSV files, each once; none for Parquet."""
        return sorted({part.delimiter for part in self.parts if part.delimiter is not None})

    @cached_property
    def kinds(self) -> dict[str, Kind | None]:
        """How each column can be compared, over all files; None where a file has nothing that can be.

        Raises
        ------
        SignalError
            When two files hold a column as different kinds, or do not have the same columns.
        """
        found: dict[str, Kind | None] = {}
        named: dict[str, Path] = {}
        for part in self.parts:
            if found and set(found) != set(part.schema.names):
                odd = sorted(set(found) ^ set(part.schema.names))[0]
                raise SignalError.at(
                    str(part.path), f"column {odd} is not in all files", "the same columns", "mend the file"
                )
            for field in part.schema:
                if pa.types.is_null(field.type) and field.name in found:
                    continue
                kind = kind_of(field.type)
                if field.name in named and found[field.name] != kind:
                    raise SignalError.at(
                        f"{part.path}, column {field.name}",
                        f"type {field.type}",
                        f"{found[field.name]} values, as in {named[field.name].name}",
                        "write all files with one type",
                    )
                found[field.name] = kind
                if not pa.types.is_null(field.type):
                    named[field.name] = part.path
        return found

    def is_clock(self, name: str) -> bool:
        """Return whether the column holds dates or timestamps."""
        kinds = [part.schema.field(name).type for part in self.parts]
        return any(pa.types.is_timestamp(kind) or pa.types.is_date(kind) for kind in kinds)

    def is_null(self, name: str) -> bool:
        """Return whether no file knows a type for the column: all of it is null."""
        return all(pa.types.is_null(part.schema.field(name).type) for part in self.parts)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of all files with these columns."""
        for part in self.parts:
            yield from part.batches(columns)

    def column(self, name: str, key: str | None = None) -> pa.ChunkedArray:
        """Return all values of one column, of the files of one key or of all; texts as texts, not as dictionaries."""
        chunks = []
        for part in self.parts:
            if key is None or part.key == key:
                found = [batch.column(0) for batch in part.batches([name])]
                chunks += [one.dictionary_decode() if pa.types.is_dictionary(one.type) else one for one in found]
        kind = _common_type([chunk.type for chunk in chunks])
        return pa.chunked_array([chunk.cast(kind, safe=False) for chunk in chunks], type=kind)


def _common_type(types: Sequence[pa.DataType]) -> pa.DataType:
    """Return a type for chunks of one kind: files may hold a column as integers, as floats and as null."""
    known = list(dict.fromkeys(one for one in types if not pa.types.is_null(one)))
    if len(known) > 1 and all(pa.types.is_integer(one) or pa.types.is_floating(one) for one in known):
        return pa.float64()
    return known[0] if known else pa.null()


def _no_rows(schema: pa.Schema, columns: Sequence[str]) -> pa.RecordBatch:
    wanted = pa.schema([schema.field(name) for name in columns])
    return pa.RecordBatch.from_pylist([], schema=wanted)


def _read(path: Path, action: Any) -> Any:
    try:
        return action()
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> SignalError:
    what = "Parquet" if path.name.endswith(".parquet") else "CSV"
    cause = str(error).strip().splitlines()[0].rstrip(".")
    return SignalError.at(str(path), f"it cannot be read as {what} ({cause})", f"a whole {what} file", "write it again")
