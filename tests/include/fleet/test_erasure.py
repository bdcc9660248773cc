"""A person's rows leave every version; what was pinned still reads; nothing says whose rows they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from include.errors import ConfigError, LedgerError
from include.fleet.erasure import erase
from include.fleet.retention import retain
from include.night.golden import golden_rows
from include.night.reproduce import reproduced
from include.storage.vacuum import data_files
from tests.include.night.shops import FIRST, SECOND, THIRD, World, rows_of, with_gate

if TYPE_CHECKING:
    from collections.abc import Iterator

GONE = "5003"  # an order of 2024-01-06, which the first champion was trained on


def _stored(world: World, column: str) -> Iterator[str]:
    """Yield every value of a column in every data file of the installation, shown or not."""
    home = world.project().home
    for path in sorted(home.path.glob("*/*/*/_partition=*/**/*.parquet")):
        file = pq.ParquetFile(path)
        if column in file.schema_arrow.names:
            yield from (str(value) for value in file.read([column]).column(column).to_pylist())


def _changed(world: World, partition: str) -> None:
    rows = world.orders(partition)
    rows[0]["amount"] = "1.25"
    world.write_orders(partition, rows)
    world.ingest(partition)


def test_rows_leave_every_version_and_table(world: World) -> None:
    world.night(SECOND)
    _changed(world, "2024-01-06")
    assert GONE in set(_stored(world, "number"))
    assert GONE in set(_stored(world, "_key"))
    done = erase(world.project(), "shop", [GONE], reason="request 7")

    assert GONE not in set(_stored(world, "number"))
    assert GONE not in set(_stored(world, "_key"))
    assert done["rows"] == {
        "datasets/shop/snapshots": 2,
        "models/sales/features": 1,
        "models/sales/labels": 1,
    }
    assert done["models"] == ["sales"]


def test_all_other_rows_stay(world: World) -> None:
    before = {name: rows_of(world.project(), name) for name in ("features", "labels")}
    erase(world.project(), "shop", [GONE], reason="request 7")
    after = {name: rows_of(world.project(), name) for name in ("features", "labels")}

    assert after == {name: [r for r in rows if r["_key"] != GONE] for name, rows in before.items()}
    world.night(SECOND)
    assert len(rows_of(world.project(), "predictions")) == 48


def test_receipt_tells_all_but_the_key(world: World) -> None:
    erase(world.project(), "shop", [GONE], reason="request 7")
    records = world.project().dataset_ledger("shop").records()
    receipt = next(r for r in records if r.kind == "erasure")

    assert receipt.body["reason"] == "request 7"
    assert receipt.body["tables"]["datasets/shop/snapshots"] == {
        "partitions": ["2024-01-06"],
        "rows": 1,
        "files": 1,
    }
    assert not re.search(rf"\b{GONE}\b", str([r.as_json() for r in records]))  # a digest may hold the digits
    assert records[-1].kind == "erased"
    assert world.project().model_ledger("sales").last("erasure") is not None


def test_reproduce_answers_erased(world: World) -> None:
    assert reproduced(world.project(), "sales", "1")["answer"] == "same"
    erase(world.project(), "shop", [GONE], reason="request 7")
    found = reproduced(world.project(), "sales", "1")

    assert (found["answer"], found["found"]) == ("erased", "")
    assert "request 7" in found["reasons"][0]


def test_version_trained_on_other_rows_is_still_reproduced(world: World) -> None:
    world.night(SECOND)
    erase(world.project(), "shop", ["15003"], reason="request 7")  # in the hold-out of the first champion

    assert reproduced(world.project(), "sales", "1")["answer"] == "same"


def test_pinned_versions_still_read_without_the_rows(world: World) -> None:
    table = world.project().snapshots("shop")
    assert table is not None
    version = table.version()
    _changed(world, "2024-01-06")
    erase(world.project(), "shop", [GONE], reason="request 7")
    erase(world.project(), "shop", ["5004"], reason="request 8")
    retain(world.project())
    keys = [k for b in table.ordered(["number"], ["2024-01-06"], version) for k in b.column("number").to_pylist()]

    assert len(keys) == 46
    assert not {5003, 5004} & set(keys)


def test_replacements_of_pinned_files_survive_retention(world: World) -> None:
    from tests.include.fleet.test_retention import _keep, _later

    table = world.project().snapshots("shop")
    assert table is not None
    version = table.version()
    _changed(world, "2024-01-06")
    erase(world.project(), "shop", [GONE], reason="request 7")
    _keep(world, versions="0d", grace="1d")
    retain(_later(world, days=4000))

    assert sum(b.num_rows for b in table.ordered(["number"], ["2024-01-06"], version)) == 47
    assert sum("2024-01-06" in f.path for f in data_files(table.location)) == 2


def test_rows_are_found_by_another_column(world: World) -> None:
    done = erase(world.project(), "shop", ["desk"], column="channel", reason="request 7")
    project = world.project()

    assert set(_stored(world, "channel")) <= {"web"}
    assert {r["channel"] for r in rows_of(project, "features")} == {"web"}
    assert done["rows"]["models/sales/features"] == done["rows"]["datasets/shop/snapshots"]


def test_killed_erasure_is_run_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from include.fleet import erasure

    class Killed(BaseException):
        pass

    real, calls = erasure.remove_old, []

    def dying(location: object, path: str) -> None:
        calls.append(path)
        if len(calls) == 2:
            raise Killed
        real(location, path)  # type: ignore[arg-type]

    monkeypatch.setattr(erasure, "remove_old", dying)
    with pytest.raises(Killed):
        erase(world.project(), "shop", [GONE], reason="request 7")
    monkeypatch.undo()
    erase(world.project(), "shop", [GONE], reason="request 7")

    assert GONE not in {*_stored(world, "number"), *_stored(world, "_key")}
    assert len(world.project().dataset_ledger("shop").records("erasure")) == 2
    assert len(rows_of(world.project(), "features")) == 16 * 48 - 1


def test_samples_of_feature_rows_are_drawn_again(world: World) -> None:
    world.night(SECOND)
    samples = world.project().model_home("sales").path / "reference_samples"
    assert list(samples.iterdir())
    erase(world.project(), "shop", [GONE], reason="request 7")
    assert list(samples.iterdir()) == []

    world.night("2024-01-18")
    assert list(samples.iterdir())


def test_quarantined_rows_go_too(world: World) -> None:
    rows = world.orders(SECOND)
    rows[0]["channel"] = "phone"
    world.write_orders(SECOND, rows)
    world.ingest(SECOND)
    done = erase(world.project(), "shop", [rows[0]["number"]], reason="request 7")

    # the second is the file that its ingest staged and nobody was shown
    assert done["rows"] == {"datasets/shop/quarantine": 1, "datasets/shop/snapshots": 1}
    assert rows[0]["number"] not in set(_stored(world, "number"))


@pytest.mark.parametrize(
    ("keys", "options", "error", "text"),
    [
        (["5003"], {}, LedgerError, "erase has no reason"),
        ([], {"reason": "r"}, ConfigError, "erase has no key"),
        (["99"], {"reason": "r"}, LedgerError, "no version has such rows"),
        (["1"], {"reason": "r", "column": "custmer"}, ConfigError, "there is no column 'custmer'"),
    ],
)
def test_mistakes_change_nothing(
    world: World, keys: list[str], options: dict[str, str], error: type[Exception], text: str
) -> None:
    before = world.project().dataset_ledger("shop").records()
    with pytest.raises(error, match=text):
        erase(world.project(), "shop", keys, **options)  # type: ignore[arg-type]

    assert len(world.project().dataset_ledger("shop").records()) == len(before)


def test_first_night_stands_after_an_erasure(world: World) -> None:
    from include.night.whole import run_night

    erase(world.project(), "shop", [GONE], reason="request 7")
    done = run_night(world.project(), "sales", FIRST)

    assert done["decide"]["rule"] == "bootstrap"


def test_frozen_rows_leave_the_golden_set_and_it_still_judges(world: World) -> None:
    with_gate(world, "{mode: non_inferior, margin: 0.5, holdout: 3d, golden_set: {rows: 30, margin: 1}}")
    world.night(SECOND, force="freeze")
    record = world.project().model_ledger("sales").records("golden_set")[0]
    frozen = golden_rows(world.project(), "sales", record)
    gone = str(frozen["_key"][0])
    done = erase(world.project(), "shop", [gone], reason="request 8")
    retain(world.project())
    left = golden_rows(world.project(), "sales", record)

    assert done["rows"]["models/sales/golden"] == 1
    assert (left.num_rows, gone in left["_key"].to_pylist()) == (frozen.num_rows - 1, False)
    world.night(THIRD, force="judge again")
    gate = world.project().model_ledger("sales").records("gate")[-1].body
    assert next(p for p in gate["report"]["parts"] if p["name"] == "golden_set")["numbers"]["rows"] == left.num_rows
