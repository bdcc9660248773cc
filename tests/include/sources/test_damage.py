"""Whatever happens to a file on its way, what comes out is rows or a `SourceError`, never another exception."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.errors import SourceError
from tests.include.sources.made import day, trips

COLUMNS = {"id": "int16", "at": "timestamp", "city": "string", "fare": "float32", "on": "date", "paid": "decimal"}
CSV = "id,at,city,fare,on,paid\n" + "".join(
    f'{n},2013-03-01T{n % 24:02}:00:00Z,"New\nYork",{n / 3},2013-03-01,1.5\n' for n in range(40)
)


def parquet():
    table = pa.table(
        {
            "id": pa.array(range(40), pa.int32()),
            "at": [datetime(2013, 3, 1, n % 24, tzinfo=UTC) for n in range(40)],
            "city": [f"c{n % 3}" for n in range(40)],
            "fare": [n / 3 for n in range(40)],
            "on": [date(2013, 3, 1)] * 40,
            "paid": [1.5] * 40,
        }
    )
    stream = io.BytesIO()
    pq.write_table(table, stream, row_group_size=15)
    return stream.getvalue()


WHOLE = {"csv": CSV.encode(), "parquet": parquet()}
PIECES = st.one_of(
    st.binary(max_size=4),
    st.sampled_from(
        [b'"', b",", b"\n", b"\r", b"\x00", b"\xff\xfe", b"1e999", b"9" * 30, b"nan", b"-", b"\xef\xbb\xbf"]
    ),
)
WOUNDS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), PIECES), min_size=1, max_size=4)


def wounded(content, wounds):
    for share, cut, piece in wounds:
        place = int(share * len(content))
        content = content[:place] + piece + content[place + cut :]
    return content


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wounds=WOUNDS)
def test_a_damaged_file_gives_rows_or_a_source_error(folder, kind, wounds):
    folder.write(f"trips.{kind}", wounded(WHOLE[kind], wounds))
    source = folder.source(trips(COLUMNS, source={"kind": "files", "path": f"trips.{kind}"}))

    said = ""
    try:
        rows = sum(batch.num_rows for batch in source.read(day("2013-03-01"), day("2013-03-01")))
    except SourceError as error:
        rows, said = 0, str(error)

    assert 0 <= rows <= 80
    assert not said or (said.startswith(f"trips.{kind}") and " Expected " in said)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_whole_file_gives_all_rows(folder, kind):
    folder.write(f"trips.{kind}", WHOLE[kind])

    found = folder.read(trips(COLUMNS, source={"kind": "files", "path": f"trips.{kind}"}), "2013-03-01")

    assert found.num_rows == 40
