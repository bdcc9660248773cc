"""A CSV file of any size in bounded memory: its types from all of it, its rows from a copy by column."""

from __future__ import annotations

import json
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from include.separators import other_separator
from include.signals.errors import SignalError

BLOCK_BYTES = 1 << 20

# In the order in which `pyarrow.csv.read_csv` tries them; a text is always possible.
_CANDIDATES: tuple[pa.DataType, ...] = (
    pa.null(),
    pa.int64(),
    pa.bool_(),
    pa.date32(),
    pa.time32("s"),
    pa.timestamp("s"),
    pa.timestamp("ns"),
    pa.timestamp("s", "UTC"),
    pa.timestamp("ns", "UTC"),
    pa.float64(),
)
_TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"


class CsvFile:
    """The rows of a CSV file by column.

    Parameters
    ----------
    path : Path
        Perhaps compressed, as its name says.
    delimiter : str, optional
        One character between the fields; what the header shows if not given (see `delimiter_of`).

    Notes
    -----
    A first pass finds each column's type from all its values, as `pyarrow.csv.read_csv` does with the whole file in memory;
    empty fields, ``NA``, ``null`` and the like are missing in columns of texts too, as they are to an ingest and to pandas.
    A second pass writes the rows into a temporary Arrow file, from which any columns are read as often as wanted. The copy
    goes with this object. Memory holds a block of 1 MiB at a time.
    """

    def __init__(self, path: Path, delimiter: str | None = None) -> None:
        self.delimiter = delimiter_of(path, delimiter)
        written = pa.csv.ParseOptions(delimiter=self.delimiter)
        schema = types_of(path, self.delimiter)
        handle, copy = tempfile.mkstemp(prefix="nightshift-csv-", suffix=".arrow")
        os.close(handle)
        self._copy = Path(copy)
        weakref.finalize(self, self._copy.unlink, missing_ok=True)
        options = pa.csv.ConvertOptions(column_types=schema, strings_can_be_null=True)
        with (
            pa.csv.open_csv(path, read_options=_blocks(), parse_options=written, convert_options=options) as reader,
            pa.ipc.new_file(self._copy, reader.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer,
        ):
            self.schema: pa.Schema = reader.schema
            for batch in reader:
                writer.write_batch(batch)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows with these columns, in their order."""
        places = [self.schema.get_field_index(name) for name in columns]
        options = pa.ipc.IpcReadOptions(included_fields=sorted(places), use_threads=False)
        with pa.OSFile(str(self._copy)) as source, pa.ipc.open_file(source, options=options) as reader:
            for place in range(reader.num_record_batches):
                yield reader.get_batch(place).select(list(columns))


def delimiter_of(path: Path, given: str | None = None) -> str:
    """Return what stands between the fields of a CSV file.

    Parameters
    ----------
    path : Path
    given : str, optional
        One character. If not given: a comma, unless that leaves the header one column and a semicolon, a tab or a bar
        divides it.

    Raises
    ------
    SignalError
        When the character given leaves the header one column and another divides it.
    """
    with pa.input_stream(str(path)) as stream:
        head = stream.read(BLOCK_BYTES).decode("utf-8-sig", errors="replace")
    likely = other_separator(head, given or ",")
    if given is None or likely is None:
        return likely or given or ","
    raise SignalError.at(
        str(path),
        f"no {json.dumps(given)} divides its header",
        "the character between its fields",
        f"try {json.dumps(likely)}",
    )


def types_of(path: Path, delimiter: str = ",") -> pa.Schema:
    """Return the columns of a CSV file with the types that hold all their values.

    Raises
    ------
    SignalError
        When two columns have one name.
    """
    written = pa.csv.ParseOptions(delimiter=delimiter)
    with pa.csv.open_csv(path, read_options=_blocks(), parse_options=written) as reader:
        names = list(reader.schema.names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SignalError.at(
            str(path), f"two columns are named {twice[0]!r}", "a name for each column", "rename one of them"
        )
    possible = {name: list(_CANDIDATES) for name in names}
    options = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True)
    with pa.csv.open_csv(path, read_options=_blocks(), parse_options=written, convert_options=options) as reader:
        for batch in reader:
            for name in names:
                possible[name] = _still_possible(batch.column(name), possible[name])
    return pa.schema([(name, kinds[0] if kinds else pa.string()) for name, kinds in possible.items()])


def _blocks() -> pa.csv.ReadOptions:
    return pa.csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False)


def _still_possible(texts: pa.Array, kinds: Sequence[pa.DataType]) -> list[pa.DataType]:
    """Return the types that all of some texts can be read as."""
    if not kinds or texts.null_count == len(texts):
        return list(kinds)
    trimmed = pc.utf8_trim_whitespace(texts)
    return [kind for kind in kinds if not pa.types.is_null(kind) and _holds(trimmed, texts, kind)]


def _holds(trimmed: pa.Array, texts: pa.Array, kind: pa.DataType) -> bool:
    if pa.types.is_time32(kind):  # Arrow has no such cast
        return bool(pc.all(pc.match_substring_regex(trimmed, _TIME_OF_DAY)).as_py())
    values = texts if pa.types.is_timestamp(kind) else trimmed  # blanks around a timestamp make it a text
    cast: Callable[..., Any] = values.cast
    try:
        cast(kind)
    except pa.ArrowInvalid:
        return False
    return True
