from __future__ import annotations

import json

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.errors import SourceError
from include.partitions import partition_from_key
from include.sources.connections import EnvironmentConnections
from include.sources.objects import S3Object, objects_under, s3_client
from include.sources.s3 import NewObjects
from tests.include.sources.made import day, table_of, trips

COLUMNS = {"id": "int64", "at": "date"}
S3 = {"kind": "s3", "bucket": "lake", "prefix": "in/", "connection": "lake"}


@pytest.fixture(scope="module")
def server():
    from moto.server import ThreadedMotoServer

    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def lake(server):
    client = boto3.client(
        "s3", endpoint_url=server, aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1"
    )
    client.create_bucket(Bucket="lake")
    yield client
    for item in client.list_objects_v2(Bucket="lake").get("Contents", []):
        client.delete_object(Bucket="lake", Key=item["Key"])
    client.delete_bucket(Bucket="lake")


@pytest.fixture
def environment(server):
    extra = {"endpoint_url": server, "region_name": "us-east-1"}
    said = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
    return {"AIRFLOW_CONN_LAKE": json.dumps(said)}


def put(client, key, rows):
    body = rows if isinstance(rows, bytes) else ("id,at\n" + "".join(f"{n},{at}\n" for n, at in rows)).encode()
    client.put_object(Bucket="lake", Key=key, Body=body)


def look(folder, environment, watermark=None, first="2013-03-01", last=None, **source):
    found = folder.source(trips(COLUMNS, source=S3 | source), environment, watermark=watermark)
    assert isinstance(found, NewObjects)
    fresh = found.fresh()
    table = table_of(found, list(found.read(day(first), day(last or first))))
    return table["id"].to_pylist(), fresh, found


def test_objects_are_new_until_their_rows_are_published(folder, lake, environment):
    put(lake, "in/a.csv", [(1, "2013-03-01")])
    put(lake, "in/_SUCCESS", b"")
    rows, fresh, source = look(folder, environment)
    assert (rows, fresh) == ([1], ["in/a.csv"])

    again, fresh_again, _ = look(folder, environment)  # nothing was published: the watermark was not kept
    assert (again, fresh_again) == ([1], ["in/a.csv"])

    put(lake, "in/b.csv", [(2, "2013-03-02")])
    rows, fresh, _ = look(folder, environment, source.watermark, "2013-03-02")
    assert (rows, fresh) == ([2], ["in/b.csv"])


def test_an_object_is_fetched_again_only_for_its_partitions(folder, lake, environment, monkeypatch):
    put(lake, "in/a.csv", [(1, "2013-03-01")])
    put(lake, "in/b.csv", [(2, "2013-03-02")])
    _, _, source = look(folder, environment)
    fetched = []
    original = S3Object.local
    monkeypatch.setattr(S3Object, "local", lambda self: (fetched.append(self.key), original(self))[1])

    rows, _, _ = look(folder, environment, source.watermark, "2013-03-02")

    assert (rows, fetched) == ([2], ["in/b.csv"])


def test_late_rows_of_an_earlier_partition_are_told(folder, lake, environment):
    put(lake, "in/a.csv", [(1, "2013-03-01")])
    _, _, source = look(folder, environment)
    put(lake, "in/b.csv", [(2, "2013-03-02"), (3, "2013-03-01")])

    rows, _, later = look(folder, environment, source.watermark, "2013-03-02")

    assert rows == [2]
    assert later.touched() == ["2013-03-01", "2013-03-02"]
    assert look(folder, environment, later.watermark, "2013-03-01")[0] == [1, 3]
    assert later.partitions() == ["2013-03-01", "2013-03-02"]


def test_a_changed_object_is_new_and_a_removed_one_forgotten(folder, lake, environment):
    put(lake, "in/a.csv", [(1, "2013-03-01")])
    put(lake, "in/b.csv", [(2, "2013-03-01")])
    _, _, source = look(folder, environment)
    put(lake, "in/a.csv", [(9, "2013-03-02")])
    lake.delete_object(Bucket="lake", Key="in/b.csv")

    rows, fresh, later = look(folder, environment, source.watermark, "2013-03-02")

    assert (rows, fresh) == ([9], ["in/a.csv"])
    assert later.touched() == ["2013-03-01", "2013-03-02"]
    index = json.loads(later.watermark or "{}")
    assert {key: entry["partitions"] for key, entry in index.items()} == {"in/a.csv": ["2013-03-02"]}


def test_the_key_in_a_prefix_lists_that_partition_alone(folder, lake, environment):
    put(lake, "in/2013-03-01/a.csv", [(1, "2013-03-01")])
    put(lake, "in/2013-03-02/a.csv", b"broken")

    assert look(folder, environment, prefix="in/{key}/")[0] == [1]
    with pytest.raises(SourceError) as caught:
        look(folder, environment, first="2013-03-03", prefix="in/{key}/")
    assert str(caught.value) == (
        "s3://lake/in/2013-03-03/: there is no object with rows under this prefix. Expected one object at least. "
        "To do: correct source.bucket and source.prefix."
    )


def test_more_than_a_page_of_objects_is_listed(lake, environment):
    for name in "bac":
        put(lake, f"in/{name}.csv", [])
    client = s3_client(EnvironmentConnections(environment), "lake")

    assert [item.key for item in objects_under(client, "lake", "in/", "UTC", page=2)] == [
        "in/a.csv",
        "in/b.csv",
        "in/c.csv",
    ]


def test_a_bad_object_is_named(folder, lake, environment):
    put(lake, "in/a.csv", [("x", "2013-03-01")])

    with pytest.raises(
        SourceError, match=r"^s3://lake/in/a.csv, row 1, column 'id': found 'x'\. Expected a whole number"
    ):
        look(folder, environment)


def test_an_object_replaced_while_it_is_read_is_noticed(folder, lake, environment):
    put(lake, "in/a.csv", [(1, "2013-03-01")])
    client = s3_client(EnvironmentConnections(environment), "lake")
    listed = objects_under(client, "lake", "in/", "UTC")[0]
    put(lake, "in/a.csv", [(2, "2013-03-01")])

    with pytest.raises(SourceError) as caught, listed.local():
        pass
    assert str(caught.value) == (
        "s3://lake/in/a.csv: was replaced while it was read. Expected objects that stay as they are. "
        "To do: run the task again."
    )


@pytest.mark.parametrize("watermark", ["nonsense", "[]", '{"a": 1}'])
def test_a_watermark_that_cannot_be_read(folder, environment, watermark):
    with pytest.raises(SourceError, match="watermark of trips: cannot be read"):
        folder.source(trips(COLUMNS, source=S3), environment, watermark=watermark)


def test_a_missing_bucket_says_so(folder, lake, environment):
    with pytest.raises(SourceError) as caught:
        look(folder, environment, bucket="pond")

    assert str(caught.value) == (
        "s3://pond/in/: S3 answers NoSuchBucket. Expected an object that may be read. To do: correct the bucket's name."
    )


def test_a_server_that_does_not_answer(folder):
    said = {"conn_type": "aws", "login": "k", "password": "hunter2", "extra": {"endpoint_url": "http://127.0.0.1:1"}}

    with pytest.raises(SourceError) as caught:
        look(folder, {"AIRFLOW_CONN_LAKE": json.dumps(said)})

    assert str(caught.value).startswith("s3://lake/in/: S3 cannot be reached (Could not connect to the endpoint URL")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("s3://lake/in/a.csv", [1]),
        ("s3://lake/in/*.csv", [1, 2]),
        ("s3://lake/in", [1, 2]),
        ("s3://lake/{key}.csv", [3]),
    ],
)
def test_files_may_lie_on_s3(folder, lake, environment, path, ids):
    put(lake, "in/a.csv", [(1, "2013-03-01")])
    put(lake, "in/b.csv", [(2, "2013-03-01")])
    put(lake, "in/note", b"no rows")
    put(lake, "2013-03-01.csv", [(3, "2013-03-01")])
    source = folder.source(trips(COLUMNS, source={"kind": "files", "path": path, "connection": "lake"}), environment)

    found = table_of(source, list(source.read(day("2013-03-01"), day("2013-03-01"))))

    assert found["id"].to_pylist() == ids


def test_folders_of_periods_may_lie_on_s3(folder, lake, environment):
    for name in ("2013-03", "2013-04", "2013-04-01/2013-04-30"):
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({"id": [int(name[5:7])]}), sink)
        put(lake, f"data/period={name}/part-0.parquet", sink.getvalue().to_pybytes())
    chosen = trips(
        {"id": "int8"},
        source={"kind": "files", "path": "s3://lake/data", "connection": "lake"},
        event_time=None,
        partition="month",
    )
    source = folder.source(chosen, environment)

    assert source.partitions() == ["2013-03-01", "2013-04-01"]
    april = partition_from_key("2013-04-01", "month", "UTC")
    assert table_of(source, list(source.read(april, april)))["id"].to_pylist() == [4, 4]


def test_an_object_that_is_not_there(folder, lake, environment):
    source = folder.source(
        trips(COLUMNS, source={"kind": "files", "path": "s3://lake/x.csv", "connection": "lake"}), environment
    )

    with pytest.raises(SourceError, match=r"^s3://lake/x.csv: there is no such object\."):
        list(source.read(day("2013-03-01"), day("2013-03-01")))
