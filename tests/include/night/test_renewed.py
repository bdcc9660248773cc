"""Objects under a prefix: what is new is read once, and touches just the partitions whose rows it brings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from include.night import whole
from include.night.whole import run_ingest
from include.project import Project
from include.sources.objects import S3Object
from include.storage.specs import PARTITION
from tests.include.night.shops import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VISITS = """\
name: visits
description: One visit.
owner: {name: Shop team}
source: {kind: s3, bucket: lake, prefix: in/, connection: lake}
event_time: at
key: [id]
late_for: 2d
contract:
  columns:
    id: {type: int64, nullable_share: 0}
    at: {type: date, nullable_share: 0}
    place: {type: string, set: [Ulm, Bonn]}
"""
PLACES = """\
name: places
description: One place.
owner: {name: Shop team}
static: true
source: {kind: s3, bucket: lake, prefix: places/, connection: lake}
contract: {columns: {place: {type: string, nullable_share: 0}}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


class Lake:
    """An installation whose rows lie in a bucket."""

    def __init__(self, folder: Path, server: str, patch: pytest.MonkeyPatch) -> None:
        self.client = boto3.client(
            "s3", endpoint_url=server, aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1"
        )
        self.client.create_bucket(Bucket="lake")
        extra = {"endpoint_url": server, "region_name": "us-east-1"}
        said = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
        self.environ = {
            "NIGHTSHIFT_HOME": str(folder / "home"),
            "NIGHTSHIFT_CONFIG": str(folder / "config"),
            "AIRFLOW_CONN_LAKE": json.dumps(said),
        }
        self.yaml = folder / "config" / "datasets" / "visits.yaml"
        self.yaml.parent.mkdir(parents=True)
        (folder / "config" / "models").mkdir()
        self.yaml.write_text(VISITS)
        self.yaml.with_name("places.yaml").write_text(PLACES)
        self.fetched: list[str] = []
        real = S3Object.local

        def local(item: S3Object) -> Any:
            self.fetched.append(item.key.rsplit("/", 1)[-1])
            return real(item)

        patch.setattr(S3Object, "local", local)

    def put(self, name: str, *rows: tuple[int, int, str]) -> None:
        lines = [f"{number},2024-01-{day:02d},{place}" for number, day, place in rows]
        self.client.put_object(Bucket="lake", Key=f"in/{name}", Body="\n".join(["id,at,place", *lines]).encode())

    def ingest(self, day: int, last: int | None = None, dataset: str = "visits") -> dict[str, Any]:
        """Ingest and return what happened, with the objects that were fetched for it."""
        self.fetched.clear()
        keys = [f"2024-01-{d:02d}" for d in (day, last or day)]
        done = run_ingest(self.project(), dataset, *(["static"] if dataset == "places" else keys))
        return {**done, "fetched": sorted(self.fetched)}

    def project(self) -> Project:
        return Project.open(environ=self.environ, actor="tester", clock=lambda: NOW)

    def rows(self) -> dict[str, list[int]]:
        table = self.project().snapshots("visits")
        found: dict[str, list[int]] = {}
        for row in table.read(["id", PARTITION]).to_pylist() if table else ():
            found.setdefault(row[PARTITION][-2:], []).append(row["id"])
        return {key: sorted(ids) for key, ids in sorted(found.items())}

    def revision(self, day: int) -> int:
        found = self.project().dataset_ledger("visits").records("verdict")
        return int([r.body["revision"] for r in found if r.body["partition"] == f"2024-01-{day:02d}"][-1])


@pytest.fixture
def lake(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    found = Lake(tmp_path, server, monkeypatch)
    found.put("a.csv", (1, 3, "Ulm"), (2, 4, "Bonn"))
    found.put("b.csv", (3, 5, "Ulm"))
    yield found
    for item in found.client.list_objects_v2(Bucket="lake").get("Contents", []):
        found.client.delete_object(Bucket="lake", Key=item["Key"])
    found.client.delete_bucket(Bucket="lake")


def test_unchanged_prefix_is_not_read_again(lake: Lake) -> None:
    first = lake.ingest(3, 5)
    again = lake.ingest(3, 5)

    assert first["fetched"] == ["a.csv", "b.csv"]
    assert first["published"] == ["2024-01-03", "2024-01-04", "2024-01-05"]
    assert (again["fetched"], again["published"], again["health"]) == ([], [], "pass")
    assert again["unchanged"] == ["2024-01-03", "2024-01-04", "2024-01-05"]
    assert again["rows"] == 3
    assert lake.rows() == {"03": [1], "04": [2], "05": [3]}


def test_new_object_is_read_once_and_touches_its_partitions_alone(lake: Lake) -> None:
    lake.ingest(3, 5)
    lake.put("c.csv", (4, 6, "Ulm"), (5, 5, "Bonn"))
    done = lake.ingest(6)

    assert done["published"] == ["2024-01-05", "2024-01-06"]
    assert done["fetched"] == ["b.csv", "c.csv"]  # a.csv holds no row of these two days
    assert lake.rows() == {"03": [1], "04": [2], "05": [3, 5], "06": [4]}
    assert (lake.revision(4), lake.revision(5), lake.revision(6)) == (1, 2, 1)


def test_late_rows_are_known_from_the_night_that_ingests_them(lake: Lake) -> None:
    lake.ingest(3, 5)
    lake.put("c.csv", (4, 6, "Ulm"), (5, 5, "Bonn"))
    lake.ingest(6)
    table = lake.project().snapshots("visits")
    assert table is not None
    known = {row["id"]: row["_known_at"].isoformat()[:10] for row in table.read(["id", "_known_at"]).to_pylist()}

    assert known == {1: "2024-01-03", 2: "2024-01-04", 3: "2024-01-05", 4: "2024-01-06", 5: "2024-01-07"}


def test_replaced_object_renews_what_it_held_and_holds(lake: Lake) -> None:
    lake.ingest(3, 5)
    lake.put("b.csv", (3, 4, "Ulm"), (9, 5, "Ulm"))
    lake.put("c.csv", (4, 6, "Ulm"))
    done = lake.ingest(6)

    assert done["published"] == ["2024-01-04", "2024-01-05", "2024-01-06"]
    assert lake.rows() == {"03": [1], "04": [2, 3], "05": [9], "06": [4]}


def test_rows_before_the_window_are_told_and_pulled_by_hand(lake: Lake) -> None:
    lake.ingest(3, 5)
    lake.put("c.csv", (4, 6, "Ulm"), (5, 3, "Bonn"))
    whole_ingest = whole.ingest(lake.project(), "visits", "2024-01-06")
    assert whole_ingest["too_late"] == ["2024-01-03"]

    lake.ingest(6)
    assert lake.rows()["03"] == [1]
    assert lake.ingest(3)["published"] == ["2024-01-03"]
    assert lake.rows()["03"] == [1, 5]


def test_ingest_of_an_older_partition_hides_nothing_from_the_next(lake: Lake) -> None:
    lake.ingest(3, 5)
    lake.put("c.csv", (4, 6, "Ulm"), (5, 5, "Bonn"))
    lake.ingest(3)

    assert lake.ingest(6)["published"] == ["2024-01-05", "2024-01-06"]


def test_attempt_that_is_not_published_is_begun_anew(lake: Lake) -> None:
    lake.ingest(3, 5)
    lake.put("c.csv", (4, 6, "Ulm"), (5, 5, "Bonn"))
    whole.ingest(lake.project(), "visits", "2024-01-06")  # killed before anything was shown
    assert lake.rows() == {"03": [1], "04": [2], "05": [3]}

    assert lake.ingest(6)["published"] == ["2024-01-05", "2024-01-06"]


def test_lost_index_costs_a_reading_and_changes_nothing(lake: Lake) -> None:
    lake.ingest(3, 5)
    (lake.project().dataset_home("visits").path / "objects.json").unlink()
    done = lake.ingest(3, 5)

    assert done["fetched"] == ["a.csv", "b.csv"]
    assert (done["published"], len(done["unchanged"])) == ([], 3)


def test_blocked_partition_is_read_again(lake: Lake) -> None:
    lake.put("c.csv", (4, 6, "Rome"))
    assert lake.ingest(6)["blocked"] == ["2024-01-06"]
    assert lake.ingest(6)["blocked"] == ["2024-01-06"]
    lake.put("c.csv", (4, 6, "Ulm"))

    assert lake.ingest(6)["published"] == ["2024-01-06"]


def test_changed_contract_is_a_changed_source(lake: Lake) -> None:
    lake.ingest(3, 5)
    lake.yaml.write_text(VISITS.replace("[Ulm, Bonn]", "[Ulm]"))

    assert lake.ingest(4)["blocked"] == ["2024-01-04"]
    assert lake.rows()["04"] == [2]


def test_static_objects_are_read_when_they_change(lake: Lake) -> None:
    lake.client.put_object(Bucket="lake", Key="places/p.csv", Body=b"place\nUlm\n")
    first, again = lake.ingest(0, dataset="places"), lake.ingest(0, dataset="places")
    lake.client.put_object(Bucket="lake", Key="places/p.csv", Body=b"place\nUlm\nBonn\n")
    changed = lake.ingest(0, dataset="places")

    assert [first["fetched"], again["fetched"], changed["fetched"]] == [["p.csv"], [], ["p.csv"]]
    assert [again["unchanged"], changed["published"], changed["rows"]] == [["static"], ["static"], 2]
