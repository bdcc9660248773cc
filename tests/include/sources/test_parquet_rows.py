from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.errors import SourceError
from include.sources.parquet_rows import ParquetRows
from tests.include.sources.made import trips

SOURCE = {"kind": "files", "path": "trips.parquet"}
COLUMNS = {"id": "int16", "at": "timestamp"}


def failure(folder, **more):
    with pytest.raises(SourceError) as caught:
        folder.read(trips(COLUMNS, source=SOURCE | more), "2013-03-01")
    return str(caught.value)


def whole_file(folder, rows=1000):
    at = [datetime(2013, 3, 1, tzinfo=UTC)] * rows
    return folder.parquet("trips.parquet", {"id": pa.array(range(rows), pa.int32()), "at": at}, row_group_size=100)


def test_a_file_of_no_bytes(folder):
    folder.write("trips.parquet", b"")

    assert failure(folder) == (
        "trips.parquet: has 0 bytes. Expected a whole Parquet file. To do: write or copy it again."
    )


@pytest.mark.parametrize("kept", [10, 500, -1])
def test_a_truncated_file(folder, kept):
    path = whole_file(folder)
    content = path.read_bytes()[:kept]
    path.write_bytes(content)

    assert failure(folder) == (
        f"trips.parquet: is truncated: its {len(content):,} bytes end without a footer. "
        "Expected a whole Parquet file. To do: write or copy it again."
    )


def test_a_file_of_another_kind(folder):
    folder.write("trips.parquet", "id,at\n1,2013-03-01\n")

    assert failure(folder).startswith("trips.parquet: is not a Parquet file: it begins with b'id,a'.")


def test_a_damaged_footer(folder):
    path = whole_file(folder)
    content = bytearray(path.read_bytes())
    content[-200:-100] = b"\xff" * 100
    path.write_bytes(bytes(content))

    assert failure(folder).startswith("trips.parquet: has a damaged footer (")


def test_damaged_pages_name_their_row_group(folder):
    path = whole_file(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 300] = b"\xff" * 300
    path.write_bytes(bytes(content))

    assert ": row group " in failure(folder)


def test_a_file_that_claims_too_many_rows_is_not_decoded(folder):
    column = pa.array([0]).cast(pa.int8()).take(pa.array([0] * 1_000_000))
    path = folder.parquet("trips.parquet", {"id": column, "at": column}, compression="zstd")

    assert path.stat().st_size < 10_000
    assert failure(folder, max_rows=999_999) == (
        "trips.parquet: claims 1,000,000 rows of 2 columns. Expected at most 999,999 rows of 20,000 columns. "
        "To do: look whether the file is what it should be; raise source.max_rows if it is."
    )


def test_a_renamed_column_offers_the_nearest(folder):
    folder.parquet("trips.parquet", {"id": [1], "att": [datetime(2013, 3, 1, tzinfo=UTC)]})

    assert failure(folder).startswith("trips.parquet: has no column 'at'. Did you mean 'att'? Its columns: id, att.")


def test_a_value_that_does_not_fit_names_its_row(folder):
    at = [datetime(2013, 3, 1, tzinfo=UTC)] * 300_000
    identifiers = [1] * 300_000
    identifiers[250_000] = 40_000
    folder.parquet("trips.parquet", {"id": identifiers, "at": at}, row_group_size=70_000)

    assert failure(folder) == (
        "trips.parquet, row 250,001, column 'id': found 40000. Expected a whole number from -32,768 to 32,767 (int16). "
        "To do: correct the source, or contract.columns.id.type."
    )


def test_the_number_of_a_row_counts_what_was_cut_away(folder):
    days = [datetime(2013, 3, 1 + n % 2, tzinfo=UTC) for n in range(10)]
    identifiers = list(range(10))
    identifiers[6] = 99_999
    folder.parquet("trips.parquet", {"id": identifiers, "at": days})

    assert failure(folder).startswith("trips.parquet, row 7, column 'id': found 99999.")


def test_rows_missing_after_the_footer_was_read_are_noticed(folder, monkeypatch):
    path = whole_file(folder)
    rows = ParquetRows(path, "trips.parquet", 10_000)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lambda *_args, **_more: iter(()))

    with pytest.raises(SourceError, match="row group 1 has 0 rows where its footer claims 100"):
        list(rows.batches(["id"], None, None, "UTC"))


def test_only_the_columns_wanted_are_decoded(folder):
    folder.parquet("trips.parquet", {"id": [1], "at": [datetime(2013, 3, 1, tzinfo=UTC)], "more": [[1, 2]]})

    found = folder.read(trips(COLUMNS, source=SOURCE), "2013-03-01")

    assert found.schema.names == ["id", "at", "_partition"]


def test_types_that_tables_do_not_keep_need_a_contract(folder):
    folder.parquet("trips.parquet", {"at": [datetime(2013, 3, 1, tzinfo=UTC)], "clock": pa.array([1], pa.time64("us"))})

    with pytest.raises(
        SourceError, match=r"trips.parquet, column 'clock': is of type time64\[us\], which tables do not keep"
    ):
        folder.read(trips({}, source=SOURCE), "2013-03-01")
