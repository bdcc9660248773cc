from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from include.errors import SourceError
from include.partitions import partition_from_key
from tests.include.sources.made import CSV, day, trips

MARCH_1 = [
    {"id": 1, "at": datetime(2013, 3, 1, 10, tzinfo=UTC), "city": "Ulm", "fare": 2.5, "_partition": "2013-03-01"},
    {"id": 2, "at": datetime(2013, 3, 1, 23, 30, tzinfo=UTC), "city": "Bonn", "fare": None, "_partition": "2013-03-01"},
]


def zipped(name, text):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("trips.csv", CSV.encode()),
        ("trips.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("trips.csv.zip", zipped("inner.csv", CSV)),
        ("trips.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ("trips.csv", CSV.replace("\n", "\r\n").encode()),
    ],
)
def test_one_partition_is_read_typed_by_the_contract(folder, name, content):
    folder.write(name, content)

    found = folder.read(trips(source={"kind": "files", "path": name}), "2013-03-01")

    assert found.to_pylist() == MARCH_1
    assert found.schema == pa.schema(
        {
            "id": pa.int64(),
            "at": pa.timestamp("us", tz="UTC"),
            "city": pa.string(),
            "fare": pa.float64(),
            "_partition": pa.string(),
        }
    )


def test_a_range_of_partitions_is_one_pass(folder):
    folder.write("trips.csv", CSV)

    found = folder.read(trips(), "2013-03-01", "2013-03-03")

    assert found["_partition"].to_pylist() == ["2013-03-01", "2013-03-01", "2013-03-02", "2013-03-03"]
    assert found["city"].to_pylist() == ["Ulm", "Bonn", "Ulm", "Köln"]


def test_a_partition_without_rows_is_empty_not_an_error(folder):
    folder.write("trips.csv", CSV)

    found = folder.read(trips(), "2013-04-01")

    assert found.num_rows == 0
    assert found.schema.names == ["id", "at", "city", "fare", "_partition"]


def test_partitions_follow_the_local_day(folder):
    folder.write("trips.csv", "id,at,city,fare\n1,2013-03-02T03:00:00Z,Ulm,1\n2,2013-03-01 23:00:00,Ulm,1\n")

    found = folder.read(trips(timezone="America/New_York"), "2013-03-01")

    assert found["id"].to_pylist() == [1, 2]
    assert found["at"].to_pylist()[1] == datetime(2013, 3, 2, 4, tzinfo=UTC)


def test_columns_without_a_rule_are_dropped(folder):
    folder.write("trips.csv", "extra,at,id\nx,2013-03-01,1\n")

    found = folder.read(trips({"id": "int8", "at": "timestamp"}), "2013-03-01")

    assert found.schema.names == ["id", "at", "_partition"]


def test_without_a_contract_all_columns_are_kept(folder):
    folder.write("trips.csv", "id,at,city,nothing\n1,2013-03-01T10:00:00Z,Ulm,\n")

    found = folder.read(trips({}), "2013-03-01")

    assert found.schema.types[:2] == [pa.int64(), pa.timestamp("us", tz="UTC")]
    assert found.schema.field("nothing").type == pa.null()  # its first value will say


def test_a_parquet_file_gives_the_same_rows(folder):
    folder.parquet(
        "trips.parquet",
        {
            "fare": pa.array([2.5, None, 7.0], pa.float32()),
            "at": pa.array([datetime(2013, 3, 1, 10), datetime(2013, 3, 1, 23, 30), datetime(2013, 3, 2)]),  # noqa: DTZ001
            "city": pa.array(["Ulm", "Bonn", "Ulm"]).dictionary_encode(),
            "id": pa.array([1, 2, 3], pa.int32()),
        },
    )

    found = folder.read(trips(source={"kind": "files", "path": "trips.parquet"}), "2013-03-01")

    assert found.to_pylist() == MARCH_1


def test_row_groups_outside_the_interval_are_not_decoded(folder):
    hours = [datetime(2013, 3, 1 + n // 24, n % 24) for n in range(72)]  # noqa: DTZ001
    path = folder.parquet("trips.parquet", {"id": list(range(72)), "at": hours}, row_group_size=24)
    damaged = bytearray(path.read_bytes())
    damaged[10:60] = b"\xff" * 50  # the first day's pages
    path.write_bytes(bytes(damaged))
    dataset = trips({"id": "int64", "at": "timestamp"}, source={"kind": "files", "path": "trips.parquet"})

    assert folder.read(dataset, "2013-03-02", "2013-03-03")["id"].to_pylist() == list(range(24, 72))
    with pytest.raises(SourceError, match=r"trips.parquet: row group 1 cannot be read"):
        folder.read(dataset, "2013-03-01")


def test_a_pattern_reads_its_files_in_order(folder):
    folder.write("in/b.csv", "id,at\n2,2013-03-01\n")
    folder.write("in/a.csv", "id,at\n1,2013-03-01\n")
    dataset = trips({"id": "int64", "at": "date"}, source={"kind": "files", "path": "in/*.csv"})

    assert folder.read(dataset, "2013-03-01")["id"].to_pylist() == [1, 2]


def test_the_key_in_a_path_opens_that_file_alone(folder):
    folder.write("in/2013-03-01.csv", "id,at\n1,2013-03-01\n")
    folder.write("in/2013-03-02.csv", "broken")
    folder.write("in/other.csv", "broken")
    dataset = trips({"id": "int64", "at": "date"}, source={"kind": "files", "path": "in/{key}.csv"})

    assert folder.read(dataset, "2013-03-01")["id"].to_pylist() == [1]
    assert folder.source(dataset).partitions() == ["2013-03-01", "2013-03-02"]
    with pytest.raises(SourceError) as caught:
        folder.read(dataset, "2013-03-03")
    assert str(caught.value) == (
        "in/2013-03-03.csv: there is no such file or folder. Did you mean '2013-03-02.csv'? "
        "Expected a file that is there. To do: correct source.path."
    )


def test_a_static_table_is_read_whole(folder):
    folder.write("planes.csv", "tail,seats\nN1,100\nN2,\n")
    dataset = trips(
        {"tail": "string", "seats": "int16"},
        source={"kind": "files", "path": "planes.csv"},
        event_time=None,
        static=True,
    )

    assert folder.read_all(dataset).to_pylist() == [
        {"tail": "N1", "seats": 100, "_partition": "static"},
        {"tail": "N2", "seats": None, "_partition": "static"},
    ]


@pytest.mark.parametrize(
    ("grain", "folders", "key", "ids"),
    [
        ("year", ["2016", "2017"], "2017-01-01", [1]),
        ("quarter", ["2016-Q1", "2016Q2"], "2016-04-01", [1]),
        ("month", ["2016-02", "2016-03"], "2016-03-01", [1]),
        ("week", ["2016-W05", "2016-W06"], "2016-02-08", [1]),
        ("week", ["2016-01-04%2F2016-01-10", "2016-01-11/2016-01-17"], "2016-01-11", [1]),
        ("day", ["2016-03-01", "2016-03-02"], "2016-03-02", [1]),
        ("hour", ["2016-03-01T05", "2016-03-01T06Z"], "2016-03-01T06Z", [1]),
    ],
)
def test_folders_name_the_period_of_rows_without_event_time(folder, grain, folders, key, ids):
    for number, name in enumerate(folders):
        folder.parquet(f"data/period={name}/part-0.parquet", {"id": [number]})
        folder.write(f"data/period={name}/_SUCCESS", "")
    dataset = trips({"id": "int64"}, source={"kind": "files", "path": "data"}, event_time=None, partition=grain)

    found = folder.read(dataset, key)

    start = partition_from_key(key, grain, "UTC").start
    assert found.to_pylist() == [{"id": number, "_event_time": start, "_partition": key} for number in ids]
    assert key in (folder.source(dataset).partitions() or [])
    assert len(folder.source(dataset).partitions() or []) == 2


def test_folders_are_looked_at_across_zones(folder):
    # The folder is cut in UTC, the dataset in New York: the last evening of February lies in the folder of March.
    folder.parquet("data/period=2016-02/part-0.parquet", {"at": [datetime(2016, 2, 20)]})  # noqa: DTZ001
    folder.parquet("data/period=2016-03/part-0.parquet", {"at": [datetime(2016, 3, 1, 2, tzinfo=UTC)]})
    folder.write("data/period=2016-07/part-0.parquet", "never opened")
    dataset = trips(
        {"at": "timestamp"},
        source={"kind": "files", "path": "data"},
        partition="month",
        timezone="America/New_York",
    )

    assert folder.read(dataset, "2016-02-01").num_rows == 2


def test_a_period_nobody_can_read_is_named(folder):
    folder.parquet("data/period=spring/part-0.parquet", {"id": [1]})
    dataset = trips({"id": "int64"}, source={"kind": "files", "path": "data"}, event_time=None)

    with pytest.raises(SourceError) as caught:
        folder.read(dataset, "2016-03-01")

    assert str(caught.value) == (
        f"{folder.root}/data/period=spring: the folder's period 'spring' cannot be read. Expected a year 2016, quarter "
        "2016-Q1, month 2016-03, week 2016-W05, day 2016-03-01, hour 2016-03-01T05Z, or first/last of them. "
        "To do: rename the folder."
    )


def test_a_broken_value_harms_only_its_own_partition(folder):
    folder.write("trips.csv", CSV.replace("4,2013-03-03,Köln,1e3", "4,2013-03-03,Köln,dear"))

    assert folder.read(trips(), "2013-03-01").num_rows == 2
    with pytest.raises(SourceError) as caught:
        folder.read(trips(), "2013-03-01", "2013-03-03")
    assert str(caught.value) == (
        "trips.csv, row 4, column 'fare': found 'dear'. Expected a number (float64). "
        "To do: correct the source, or contract.columns.fare.type."
    )


def test_derived_columns_and_event_times_come_from_expressions(folder):
    folder.write("trips.csv", "year,month,day,hhmm,delay\n2013,3,1,0515,20\n2013,3,2,2350,NA\n")
    dataset = trips(
        {"left": "timestamp", "on": "date", "delay": "int16", "late": "bool"},
        timezone="America/New_York",
        event_time="left",
        derive={
            "left": "make_timestamp(year::INT, month::INT, day::INT, hhmm::INT // 100, hhmm::INT % 100, 0) "
            "AT TIME ZONE 'America/New_York' -- local",
            "on": "make_date(year::INT, month::INT, day::INT)",
            "late": "delay >= 15",
        },
    )

    assert folder.read(dataset, "2013-03-01", "2013-03-02").to_pylist() == [
        {
            "left": datetime(2013, 3, 1, 10, 15, tzinfo=UTC),
            "on": date(2013, 3, 1),
            "delay": 20,
            "late": True,
            "_partition": "2013-03-01",
        },
        {
            "left": datetime(2013, 3, 3, 4, 50, tzinfo=UTC),
            "on": date(2013, 3, 2),
            "delay": None,
            "late": None,
            "_partition": "2013-03-02",
        },
    ]


def test_stopping_early_closes_the_file(folder):
    folder.write("trips.csv", "id,at\n" + "1,2013-03-01\n" * 300_000)
    source = folder.source(trips({"id": "int64", "at": "date"}))

    batches = source.read(day("2013-03-01"), day("2013-03-01"))
    assert next(batches).num_rows > 0
    batches.close()  # an open file would warn, and warnings are errors
    source.close()


def test_rows_without_an_event_time_belong_nowhere(folder):
    folder.write("trips.csv", CSV.replace("2013-03-02T00:00:00+00:00", ""))

    with pytest.raises(SourceError) as caught:
        folder.read(trips(), "2013-03-01")

    assert str(caught.value) == (
        "trips.csv, row 3, column 'at': is empty, so the row belongs to no partition. "
        "Expected the instant of the event in every row. To do: correct the source."
    )


def test_a_dataset_needs_an_event_time_or_folders(folder):
    folder.write("trips.csv", CSV)

    with pytest.raises(SourceError, match="names no event_time, and the file is not in a folder period=…"):
        folder.read(trips(event_time=None), "2013-03-01")
