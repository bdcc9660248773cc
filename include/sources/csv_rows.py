"""Rows of a CSV file (plain, gzipped or zipped), streamed, typed on the way where that is safe."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pacsv

from include.errors import SourceError
from include.separators import fields_of, other_separator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_BLOCK_BYTES = 2 * 1024 * 1024
_HEAD_BYTES = 1024 * 1024
_MOST_SHOWN = 60
_PACKING_ERRORS = (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile)


@dataclass(frozen=True)
class CsvSettings:
    """How a CSV file is written.

    Attributes
    ----------
    delimiter, encoding : str
        One character, and the name of a Python codec.
    null_values : tuple of str
        Texts that mean a missing value, quoted or not.
    max_rows : int
        A file with more rows is refused.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    null_values: tuple[str, ...] = ("", "NA", "NaN", "null", "NULL")
    max_rows: int = 200_000_000


class CsvRows:
    """One CSV file.

    Parameters
    ----------
    path : Path
        A local file.
    shown : str
        Its name in messages; its ending says how it is packed.
    settings : CsvSettings
        How it is written.

    Raises
    ------
    SourceError
        When it is empty, packed in an unknown way, or its header cannot be read, names a column twice or is one column
        that another separator divides.
    """

    def __init__(self, path: Path, shown: str, settings: CsvSettings) -> None:
        self._path, self._shown, self._settings = path, shown, settings
        self._check_encoding_name()
        self.names = self._header()

    def batches(
        self, columns: Sequence[str], types: Mapping[str, pa.DataType] | None
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield record batches of the columns, each with the number of its first row, from 1 (the header not counted).

        Columns come in the types given (None: as the first rows look; others: as texts), except where one of their
        values does not fit: from there on the columns come as texts, so that the caller, who casts them, can name the
        row.
        """
        done = 0
        with self._explained():
            try:
                for batch in self._stream(columns, _wanted(columns, types)):
                    yield done + 1, batch
                    done += batch.num_rows
                    self._check_rows(done)
            except pa.ArrowInvalid as error:
                if types is None or "In CSV column" not in str(error) or "UTF8" in str(error):
                    raise
            else:
                return
            yield from self._as_texts(columns, done)

    def _as_texts(self, columns: Sequence[str], done: int) -> Iterator[tuple[int, pa.RecordBatch]]:
        seen = 0
        for batch in self._stream(columns, dict.fromkeys(columns, pa.string())):
            rest = batch.slice(max(done - seen, 0))
            seen += batch.num_rows
            if rest.num_rows:
                yield seen - rest.num_rows + 1, rest
                self._check_rows(seen)

    def _check_rows(self, rows: int) -> None:
        if rows > self._settings.max_rows:
            raise SourceError.at(
                self._shown,
                f"has more than {self._settings.max_rows:,} rows",
                "at most as many as source.max_rows allows",
                "look whether the file is what it should be; raise source.max_rows if it is",
            )

    def _stream(
        self, columns: Sequence[str], types: Mapping[str, pa.DataType], *, threads: bool = True
    ) -> Iterator[pa.RecordBatch]:
        convert = pacsv.ConvertOptions(
            include_columns=list(columns),
            column_types=dict(types),
            null_values=list(self._settings.null_values),
            strings_can_be_null=True,
        )
        parse = pacsv.ParseOptions(delimiter=self._settings.delimiter, newlines_in_values=True)
        read = pacsv.ReadOptions(block_size=_BLOCK_BYTES, encoding=self._settings.encoding, use_threads=threads)
        with self._opened() as stream:
            reader = pacsv.open_csv(stream, read_options=read, parse_options=parse, convert_options=convert)
            with reader:
                yield from (batch for batch in reader if batch.num_rows)

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes] | gzip.GzipFile | pa.NativeFile]:
        if self._shown.endswith(".gz"):
            with gzip.open(self._path, "rb") as packed:
                yield packed
        elif self._shown.endswith(".zip"):
            with zipfile.ZipFile(self._path) as archive, archive.open(self._member(archive)) as member:
                yield member
        else:
            with pa.OSFile(str(self._path)) as plain:
                yield plain

    def _member(self, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
        members = [member for member in archive.infolist() if not member.is_dir()]
        members = [member for member in members if not member.filename.startswith("__MACOSX/")]
        if len(members) != 1:
            names = ", ".join(member.filename for member in members[:5]) or "nothing"
            raise self._wrong(
                f"holds {len(members)} files ({names})", "a zip with one CSV file", "pack one file in each"
            )
        if members[0].flag_bits & 1:
            raise self._wrong("is encrypted", "a zip without a password", "pack it without one")
        return members[0]

    def _header(self) -> list[str]:
        with self._explained(), self._opened() as stream:
            head = stream.read(_HEAD_BYTES)
        if not head:
            raise self._wrong("has 0 bytes", "a CSV file with a header", "write or copy it again")
        if head.startswith(b"PAR1"):
            raise self._wrong("is a Parquet file", "a CSV file", "set source.format: parquet")
        text = self._decoded(head)
        names = fields_of(text, self._settings.delimiter)
        if (likely := other_separator(text, self._settings.delimiter)) is not None:
            raise self._separated_otherwise(names[0], likely)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise self._wrong(
                f"its header names {', '.join(repr(name) for name in twice)} more than once",
                "each column once",
                "rename a column in the source",
            )
        return names

    def _separated_otherwise(self, name: str, likely: str) -> SourceError:
        shown = name if len(name) <= _MOST_SHOWN else f"{name[:_MOST_SHOWN]}…"
        return self._wrong(
            f"its header is one column, {shown!r}",
            f"{json.dumps(self._settings.delimiter)} between its fields, as source.delimiter says",
            f"set source.delimiter: {json.dumps(likely)}, or put quotes around the name if the column is really called so",
        )

    def _decoded(self, head: bytes) -> str:
        encoding = "utf-8-sig" if codecs.lookup(self._settings.encoding).name == "utf-8" else self._settings.encoding
        try:
            return codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeError as error:
            line = head[: error.start].count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1
            raise self._wrong_encoding(f"line {line}") from None

    def _check_encoding_name(self) -> None:
        try:
            codecs.lookup(self._settings.encoding)
        except LookupError:
            raise self._wrong(
                f"source.encoding {self._settings.encoding!r} is not known", "a name such as utf-8", "correct it"
            ) from None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except _PACKING_ERRORS as error:
            raise self._wrong(f"cannot be unpacked ({error})", "a whole file", "write or copy it again") from None
        except UnicodeError:
            raise self._wrong_encoding(self._first_undecodable()) from None
        except pa.ArrowInvalid as error:
            raise self._invalid(error) from None

    def _invalid(self, error: pa.ArrowInvalid) -> SourceError:
        said = str(error).splitlines()[0]
        if "UTF8" in said or "UTF-8" in said:
            return self._wrong_encoding(self._first_undecodable())
        if re.search(r"Expected \d+ columns, got \d+", said):
            return self._ragged(said)
        if "In CSV column" in said:
            return self._wrong(
                f"a value is unlike those before it ({said[:200]})",
                "columns of one type",
                "name the columns and their types in contract.columns",
            )
        if "straddling" in said:
            return self._wrong(
                f"a row is longer than {_BLOCK_BYTES:,} bytes, or a quote is never closed",
                "rows of at most that length, each quote closed",
                "look for a stray quote",
            )
        return self._wrong(f"cannot be read as CSV ({said[:200]})", "a CSV file", "write it again")

    def _ragged(self, said: str) -> SourceError:
        try:
            for _ in self._stream(self.names[:1], {self.names[0]: pa.string()}, threads=False):
                pass
        except pa.ArrowInvalid as error:  # read by one thread, the parser knows the number of the row
            said = str(error)
        counts = re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)", said)
        number, expected, found = counts.groups() if counts else (None, "?", "?")
        return SourceError.at(
            f"{self._shown}, row {int(number) - 1:,}" if number else self._shown,
            f"has {found} fields" if number else f"a row has {found} fields",
            f"{expected}, as in the header",
            f"quote fields that hold {self._settings.delimiter!r}, or correct source.delimiter",
        )

    def _first_undecodable(self) -> str:
        """Return where the first bytes stand that the encoding does not allow."""
        if codecs.lookup(self._settings.encoding).name != "utf-8":
            return "a row"
        seen = 0
        for batch in self._stream(self.names, dict.fromkeys(self.names, pa.binary())):
            for name in batch.schema.names:
                try:
                    batch.column(name).cast(pa.string())
                except pa.ArrowInvalid:
                    position = _first_invalid(batch.column(name))
                    return f"row {seen + position + 1:,}, column {name!r}"
            seen += batch.num_rows
        return "a row"

    def _wrong_encoding(self, where: str) -> SourceError:
        return SourceError.at(
            f"{self._shown}, {where}",
            f"cannot be read as {self._settings.encoding}",
            "text in the encoding that source.encoding names",
            "set source.encoding (latin-1 and cp1252 are common), or write the file as utf-8",
        )

    def _wrong(self, found: str, expected: str, do: str) -> SourceError:
        return SourceError.at(self._shown, found, expected, do)


def _wanted(columns: Sequence[str], types: Mapping[str, pa.DataType] | None) -> dict[str, pa.DataType]:
    if types is None:
        return {}
    return {name: _direct(types[name]) if name in types else pa.string() for name in columns}


def _direct(kind: pa.DataType) -> pa.DataType:
    # Truth values and instants come in many spellings, and float32 would overflow silently: these are cast from text.
    cast_later = pa.types.is_boolean(kind) or pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    if pa.types.is_float32(kind):
        return pa.float64()
    return pa.string() if cast_later else kind


def _first_invalid(values: pa.Array) -> int:
    for position, value in enumerate(values):
        try:
            (value.as_py() or b"").decode()
        except UnicodeDecodeError:
            return position
    return int(pc.count(values).as_py())
