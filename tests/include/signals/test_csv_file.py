"""A streamed CSV file has the types and rows that reading it whole gives, wherever its blocks end."""

from __future__ import annotations

import gc
import gzip
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from include.signals import csv_file
from include.signals.csv_file import CsvFile, types_of
from include.signals.errors import SignalError

COLUMNS = {
    "whole": ["1", " 2 ", "+3", "-4", "", "0x1F"],
    "late decimal": ["1", "2", "3", "4", "5", "6.5"],
    "late text": ["1", "2", "3", "4", "5", "six"],
    "too large": ["1", "2", "3", "4", "5", "9223372036854775808"],
    "decimal": ["1.5", "1e3", "nan", "inf", "-Infinity", " 2.0"],
    "no number": ["1,000", "1_000", "--1", "1.5.5", "e", "-"],
    "empty": ["", "", "NA", "null", "", "NaN"],
    "late value": ["", "", "", "", "", "7"],
    "truth": ["true", "False", "TRUE", "0", "1", ""],
    "bits": ["0", "1", "1", "0", "1", "0"],
    "bits then truth": ["0", "1", "1", "0", "1", "true"],
    "date": ["2024-01-01", "2024-02-29", "", "1960-12-31", "2024-01-02", "2024-01-03"],
    "no date": ["2024-01-01", "2024-02-30", "", "1960-12-31", "2024-01-02", "2024-01-03"],
    "date then time": ["2024-01-01", "2024-01-01", "2024-01-01", "2024-01-01", "2024-01-01", "2024-01-01 10:00:00"],
    "time": ["10:00:00", "23:59:59", "00:00", "", "10:01:00", "10:02"],
    "instant": ["2024-01-01 10:00:00", "2024-01-01T10:00:00", "2024-01-01", "", "2024-01-01 10:00", "2024-01-01 23:59:59"],
    "fraction": ["2024-01-01 10:00:00", "2024-01-01 10:00:00.5", "2024-01-01", "", "2024-01-01", "2024-01-01"],
    "with zone": ["2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z", "", "", "2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"],
    "zones": ["2024-01-01T10:00:00Z", "2024-01-01T10:00:00.25+02:00", "", "", "2024-01-01 10:00:00-0500", "2024-01-01T10Z"],
    "late zone": ["2024-01-01T10:00:00", "2024-01-01", "", "", "2024-01-01", "2024-01-01T10:00:00+01:00"],
    "number then date": ["1", "2", "3", "4", "5", "2024-01-01"],
    "text": ["a", "", "NA", " b ", "c", "d"],
    "quoted": ['"1"', '"2"', '""', '"a ""b"" c"', '"x,y"', '"two\nlines"'],
}  # fmt: skip


def write(path: Path, columns: dict[str, list[str]]) -> Path:
    rows = [",".join(_quoted(value) for value in row) for row in zip(*columns.values(), strict=True)]
    text = "\n".join([",".join(columns), *rows]) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.name.endswith("gz") else text.encode())
    return path


def _quoted(value: str) -> str:
    return value if value.startswith('"') or "," not in value else f'"{value}"'


@pytest.fixture(params=[60, 1 << 20], ids=["small blocks", "one block"])
def _block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "BLOCK_BYTES", request.param)


@pytest.mark.usefixtures("_block")
@pytest.mark.parametrize("name", list(COLUMNS))
def test_types_and_rows_are_those_of_the_whole_file(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "a.csv", {"n": ["1", "2", "3", "4", "5", "6"], name: COLUMNS[name]})
    options = pa.csv.ParseOptions(newlines_in_values=True) if name == "quoted" else None
    missing = pa.csv.ConvertOptions(strings_can_be_null=True)
    whole = pa.csv.read_csv(path, parse_options=options, convert_options=missing)
    found = CsvFile(path)
    assert found.schema == whole.schema
    rows = pa.Table.from_batches(
        found.batches([name, "n"]), pa.schema([whole.schema.field(name), whole.schema.field("n")])
    )
    assert rows.to_pydict()["n"] == [1, 2, 3, 4, 5, 6]
    assert str(rows.column(name).to_pylist()) == str(whole.column(name).to_pylist())


def test_empty_texts_are_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", {"n": ["1", "2", "3", "4"], "text": ["a", "", "NA", '""']})
    (batch,) = CsvFile(path).batches(["text"])
    assert batch.to_pydict() == {"text": ["a", None, None, None]}


def test_compressed_files_and_files_without_rows(tmp_path: Path) -> None:
    assert CsvFile(write(tmp_path / "a.csv.gz", {"x": ["1", "2.5"]})).schema == pa.schema([("x", pa.float64())])
    (tmp_path / "b.csv").write_text("x,y\n")
    empty = CsvFile(tmp_path / "b.csv")
    assert empty.schema == pa.schema([("x", pa.null()), ("y", pa.null())])
    assert sum(batch.num_rows for batch in empty.batches(["y"])) == 0


def test_type_that_changes_after_many_blocks_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "BLOCK_BYTES", 1000)
    path = write(tmp_path / "a.csv", {"x": [*map(str, range(5000)), "0.5"]})
    found = CsvFile(path)
    assert found.schema.field("x").type == pa.float64()
    batches = list(found.batches(["x"]))
    assert len(batches) > 10
    assert max(batch.num_rows for batch in batches) < 1000
    assert sum(batch.num_rows for batch in batches) == 5001


def test_columns_of_one_name_are_explained(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,x\n1,2\n")
    with pytest.raises(SignalError, match="two columns are named 'x'"):
        types_of(tmp_path / "a.csv")


def test_copy_goes_with_its_file(tmp_path: Path) -> None:
    found = CsvFile(write(tmp_path / "a.csv", {"x": ["1", "2"]}))
    copy = found._copy
    assert copy.exists()
    del found
    gc.collect()
    assert not copy.exists()


def test_copy_goes_with_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "copies"))
    (tmp_path / "copies").mkdir()
    (tmp_path / "a.csv").write_text("x,y\n1,2\n1,2,3\n")
    with pytest.raises(pa.ArrowInvalid):
        CsvFile(tmp_path / "a.csv")
    gc.collect()
    assert list((tmp_path / "copies").iterdir()) == []


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_the_header_shows_what_separates(tmp_path: Path, name: str, separator: str) -> None:
    text = f"\ufeffx{separator}c\n1{separator}a\n2.5{separator}b\n".encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    found = CsvFile(path)
    assert found.schema == pa.schema([("x", pa.float64()), ("c", pa.string())])
    assert pa.Table.from_batches(found.batches(["c", "x"])).to_pydict() == {"c": ["a", "b"], "x": [1.0, 2.5]}
    assert found.delimiter == separator


def test_a_separator_given_is_taken_or_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x;y,z\n1;2,3\n")
    assert CsvFile(tmp_path / "a.csv").schema.names == ["x;y", "z"]
    assert CsvFile(tmp_path / "a.csv", ";").schema.names == ["x", "y,z"]
    with pytest.raises(SignalError, match=r'a\.csv: no "\|" divides its header\. .* To do: try ","'):
        CsvFile(tmp_path / "a.csv", "|")
