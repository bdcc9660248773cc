from __future__ import annotations

import gzip
import io
import zipfile

import pyarrow as pa
import pytest

from include.errors import SourceError
from include.sources.csv_rows import CsvRows, CsvSettings
from tests.include.sources.made import trips

COLUMNS: dict[str, object] = {"id": "int16", "at": "date", "city": "string"}


def failure(folder, content, *, name="trips.csv", columns=None, **settings):
    folder.write(name, content)
    dataset = trips(COLUMNS if columns is None else columns, source={"kind": "files", "path": name, **settings})
    with pytest.raises(SourceError) as caught:
        folder.read(dataset, "2013-03-01", "2013-03-31")
    return str(caught.value)


def zipped(members, encrypted=False):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    content = bytearray(stream.getvalue())
    if encrypted:
        content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "trips.csv: has 0 bytes. Expected a CSV file with a header. To do: write or copy it again."),
        (
            b"PAR1xxxxPAR1",
            "trips.csv: is a Parquet file. Expected a CSV file. To do: set source.format: parquet.",
        ),
        (
            b"id,at,id,city,at\n1,2013-03-01,2,Ulm,x\n",
            "trips.csv: its header names 'at', 'id' more than once. Expected each column once. "
            "To do: rename a column in the source.",
        ),
        (
            b"id,when,city\n1,2013-03-01,Ulm\n",
            "trips.csv: has no column 'at'. Its columns: id, when, city. Expected every column that the contract names. "
            "To do: rename it in the source, or in contract.columns of trips.yaml.",
        ),
        (
            b"id,at,citty\n1,2013-03-01,Ulm\n",
            "trips.csv: has no column 'city'. Did you mean 'citty'? Its columns: id, at, citty. "
            "Expected every column that the contract names. "
            "To do: rename it in the source, or in contract.columns of trips.yaml.",
        ),
        (
            b"id;at;city\n1;2013-03-01;Ulm\n",
            "trips.csv: its header is one column, 'id;at;city'. Expected \",\" between its fields, as source.delimiter says. "
            'To do: set source.delimiter: ";", or put quotes around the name if the column is really called so.',
        ),
        (
            b"id\tat\tcity\n1\t2013-03-01\tUlm\n",
            "trips.csv: its header is one column, 'id\\tat\\tcity'. Expected \",\" between its fields, as source.delimiter "
            'says. To do: set source.delimiter: "\\t", or put quotes around the name if the column is really called so.',
        ),
        (
            b"id,at,city\n1,2013-03-01,Ulm\n2,2013-03-02\n",
            "trips.csv, row 2: has 2 fields. Expected 3, as in the header. "
            "To do: quote fields that hold ',', or correct source.delimiter.",
        ),
        (
            b"id,at,city\n1,2013-03-01,Ulm,x\n",
            "trips.csv, row 1: has 4 fields. Expected 3, as in the header. "
            "To do: quote fields that hold ',', or correct source.delimiter.",
        ),
        (
            b"id,at,city\n1,2013-03-01,Ulm\nx,2013-03-02,Ulm\n",
            "trips.csv, row 2, column 'id': found 'x'. Expected a whole number from -32,768 to 32,767 (int16). "
            "To do: correct the source, or contract.columns.id.type.",
        ),
        (
            b"id,at,city\n1,2013-03-01,Ulm\n40000,2013-03-02,Ulm\n",
            "trips.csv, row 2, column 'id': found '40000'. Expected a whole number from -32,768 to 32,767 (int16). "
            "To do: correct the source, or contract.columns.id.type.",
        ),
        (
            b"id,at,city\n1,2013-03-01,Ulm\n2,1.3.2013,Ulm\n",
            "trips.csv, row 2, column 'at': found '1.3.2013'. Expected a date such as 2013-03-01 (date). "
            "To do: correct the source, or contract.columns.at.type.",
        ),
        (
            "id,at,city\n1,2013-03-01,Ulm\n2,2013-03-02,Köln\n".encode("latin-1"),
            "trips.csv, line 3: cannot be read as utf-8. Expected text in the encoding that source.encoding names. "
            "To do: set source.encoding (latin-1 and cp1252 are common), or write the file as utf-8.",
        ),
    ],
)
def test_bad_files_are_named_with_row_and_column(folder, content, expected):
    assert failure(folder, content) == expected


def test_bytes_of_another_encoding_are_found_far_into_the_file(folder):
    lines = [b"1,2013-03-01,Ulm\n"] * 200_000
    lines[150_000] = "1,2013-03-01,Köln\n".encode("latin-1")

    assert failure(folder, b"id,at,city\n" + b"".join(lines)).startswith(
        "trips.csv, row 150,001, column 'city': cannot be read as utf-8."
    )


def test_a_wrong_type_is_found_far_into_the_file(folder):
    lines = ["1,2013-03-01,Ulm\n"] * 400_000
    lines[399_000] = "1.5,2013-03-01,Ulm\n"

    assert failure(folder, "id,at,city\n" + "".join(lines)).startswith(
        "trips.csv, row 399,001, column 'id': found '1.5'."
    )


def test_personal_values_stay_hidden(folder):
    columns = COLUMNS | {"id": {"type": "int16", "pii": True}}

    text = failure(folder, "id,at,city\n555-1234,2013-03-01,Ulm\n", columns=columns)

    assert "555" not in text
    assert "found a value that is hidden, since the column is pii." in text


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        (
            "trips.csv.gz",
            gzip.compress(b"id,at,city\n" * 1000, mtime=0)[:-20],
            "cannot be unpacked (Compressed file ended",
        ),
        ("trips.csv.gz", b"id,at,city\n", "cannot be unpacked (Not a gzipped file"),
        ("trips.csv.zip", b"id,at,city\n", "cannot be unpacked (File is not a zip file)"),
        ("trips.csv.zip", zipped({"a.csv": "x", "b.csv": "y"}), "holds 2 files (a.csv, b.csv)"),
        ("trips.csv.zip", zipped({}), "holds 0 files (nothing)"),
        ("trips.csv.zip", zipped({"a.csv": "x"}, encrypted=True), "is encrypted"),
    ],
)
def test_packed_files_that_cannot_be_unpacked(folder, name, content, found):
    assert failure(folder, content, name=name).startswith(f"{name}: {found}")


def test_a_quoted_newline_is_part_of_its_value(folder):
    folder.write("trips.csv", 'id,at,city\n1,2013-03-01,"New\nYork, ""NY"""\n2,2013-03-01,Ulm\n')

    found = folder.read(trips(COLUMNS), "2013-03-01")

    assert found["city"].to_pylist() == ['New\nYork, "NY"', "Ulm"]


def test_a_quote_never_closed_is_bounded(folder):
    text = failure(folder, 'id,at,city\n1,2013-03-01,"' + "x" * 20_000_000)

    assert text.startswith("trips.csv: a row is longer than 2,097,152 bytes, or a quote is never closed.")


def test_encoding_and_delimiter_are_settings(folder):
    folder.write("trips.csv", "id;at;city\n1;2013-03-01;Köln\n".encode("cp1252"))
    source = {"kind": "files", "path": "trips.csv", "encoding": "cp1252", "delimiter": ";"}

    assert folder.read(trips(COLUMNS, source=source), "2013-03-01")["city"].to_pylist() == ["Köln"]


def test_tabs_between_fields_are_a_setting(folder):
    folder.write("trips.csv", "id\tat\tcity\n1\t2013-03-01\tUlm\n")
    source = {"kind": "files", "path": "trips.csv", "delimiter": "\t"}

    assert folder.read(trips(COLUMNS, source=source), "2013-03-01")["city"].to_pylist() == ["Ulm"]


def test_another_separator_is_told_without_a_contract_too(tmp_path):
    path = tmp_path / "trips.csv"
    path.write_text("id,at\n1,2\n")

    with pytest.raises(SourceError, match='set source.delimiter: ","'):
        CsvRows(path, "trips.csv", CsvSettings(delimiter=";"))


def test_a_quoted_name_may_hold_a_separator(tmp_path):
    path = tmp_path / "trips.csv"
    path.write_text('"id;at"\n1\n')

    assert CsvRows(path, "trips.csv", CsvSettings()).names == ["id;at"]


def test_an_unknown_encoding_is_refused(folder):
    assert failure(folder, "id,at,city\n", encoding="utf-9") == (
        "trips.csv: source.encoding 'utf-9' is not known. Expected a name such as utf-8. To do: correct it."
    )


def test_missing_values_are_the_texts_declared(folder):
    folder.write("trips.csv", "id,at,city\nNA,2013-03-01,-\n")
    source = {"kind": "files", "path": "trips.csv", "null_values": ["NA", "-"]}

    found = folder.read(trips(COLUMNS, source=source), "2013-03-01")

    assert found.select(["id", "city"]).to_pylist() == [{"id": None, "city": None}]


def test_whole_numbers_may_be_written_with_a_point(folder):
    folder.write("trips.csv", "id,at,city\n1.0,2013-03-01,Ulm\n 2 ,2013-03-01,Ulm\n")

    assert folder.read(trips(COLUMNS), "2013-03-01")["id"].to_pylist() == [1, 2]


def test_more_rows_than_allowed_are_refused(folder):
    text = failure(folder, "id,at,city\n" + "1,2013-03-01,Ulm\n" * 11, max_rows=10)

    assert text.startswith("trips.csv: has more than 10 rows. Expected at most as many as source.max_rows allows.")


def test_a_header_alone_gives_no_rows(folder):
    folder.write("trips.csv", "id,at,city\n")

    assert folder.read(trips(COLUMNS), "2013-03-01").num_rows == 0


def test_without_a_contract_a_change_of_type_is_refused(folder):
    content = "id,at\n" + "1,2013-03-01\n" * 500_000 + "x,2013-03-01\n"

    assert failure(folder, content, columns={}).startswith("trips.csv: a value is unlike those before it (")


def test_rows_are_numbered_from_one(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a\n" + "1\n" * 3_000_000)

    starts = [first for first, _ in CsvRows(path, "x.csv", CsvSettings()).batches(["a"], {"a": pa.int8()})]

    assert starts[0] == 1
    assert len(starts) > 1
    assert starts == sorted(starts)
