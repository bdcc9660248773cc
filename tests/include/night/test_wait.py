"""A night waits for verdicts until its deadline; what is missing then, or blocked, stops retraining only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigError
from include.night.publish import verdict_of
from include.night.wait import wait
from include.night.whole import run_ingest, run_night
from tests.include.night.shops import SECOND, THIRD, rows_of

if TYPE_CHECKING:
    from tests.include.night.shops import World


def _block_rates(world: World, partition: str) -> None:
    path = world.config / "data" / "rates" / f"{partition}.csv"
    path.write_text(path.read_text().replace(",1.0", ",99.0"))


def test_waits_for_every_verdict(world: World) -> None:
    assert wait(world.project(), "sales", SECOND) is None
    run_ingest(world.project(), "shop", SECOND)
    assert wait(world.project(), "sales", SECOND) is None
    run_ingest(world.project(), "rates", SECOND)

    begun = wait(world.project(), "sales", SECOND)
    assert begun is not None
    assert (begun["health"], begun["champion_version"]) == ("pass", 1)


def test_begun_night_stays_as_it_began(world: World) -> None:
    first = wait(world.project(), "sales", SECOND, expired=True)
    world.ingest(SECOND)

    assert wait(world.project(), "sales", SECOND) == first


def test_missing_dataset_never_retrains_and_says_so(world: World) -> None:
    run_ingest(world.project(), "shop", SECOND)
    done = run_night(world.project(), "sales", SECOND, force="try")
    start = world.project().model_ledger("sales").find(f"night/{SECOND}")

    assert start is not None
    assert start.body["datasets"]["rates"]["missing"] == [SECOND]
    assert start.body["reason"] == f"rates: {SECOND} has not come within 1m"
    assert done["score"]["rows"] == 48
    assert done["decide"]["verdict"] == "blocked"
    assert done["train"]["skipped"].startswith("blocked")


def test_night_outside_its_dataset_is_refused(world: World) -> None:
    for night in ("2023-12-31", "2024-02-01"):
        with pytest.raises(ConfigError, match="no such partition. Expected one from 2024-01-01 to 2024-01-31"):
            run_night(world.project(), "sales", night, force="try")


def test_missing_rows_score_nothing_and_end_well(world: World) -> None:
    done = run_night(world.project(), "sales", SECOND)

    assert done["score"]["rows"] == 0
    assert done["decide"]["verdict"] == "blocked"
    assert world.night(THIRD)["score"]["rows"] == 48


def test_blocked_partition_stays_in_quarantine(world: World) -> None:
    _block_rates(world, SECOND)
    done = run_ingest(world.project(), "rates", SECOND)
    project = world.project()
    snapshots = project.snapshots("rates")
    verdict = verdict_of(project, "rates", SECOND)

    assert done["blocked"] == [SECOND]
    assert "rate" in done["reasons"][SECOND]
    assert snapshots is not None
    assert SECOND not in snapshots.partitions()
    assert verdict is not None
    assert verdict.body["health"] == "block"
    assert (project.home.path / "datasets" / "rates" / "quarantine").is_dir()
    assert (project.home.path / verdict.body["report"]).is_file()


def test_blocked_partition_never_retrains_a_model(world: World) -> None:
    _block_rates(world, SECOND)
    done = world.night(SECOND, force="try")

    assert done["score"]["rows"] == 48
    assert done["decide"]["verdict"] == "blocked"
    assert "skipped" in done["train"]
    assert len(rows_of(world.project(), "predictions")) == 48


def test_worse_revision_leaves_the_good_one_visible(world: World) -> None:
    good = world.project().snapshots("rates")
    assert good is not None
    before = (good.version(), good.rows("2024-01-15"))
    _block_rates(world, "2024-01-15")
    done = run_ingest(world.project(), "rates", "2024-01-15")
    after = world.project().snapshots("rates")

    assert done["blocked"] == ["2024-01-15"]
    assert after is not None
    assert (after.version(), after.rows("2024-01-15")) == before


def test_corrected_partition_is_published(world: World) -> None:
    path = world.config / "data" / "rates" / f"{SECOND}.csv"
    right = path.read_text()
    _block_rates(world, SECOND)
    run_ingest(world.project(), "rates", SECOND)
    path.write_text(right)
    done = run_ingest(world.project(), "rates", SECOND)

    assert (done["published"], done["blocked"]) == ([SECOND], [])
    assert wait(world.project(), "sales", SECOND) is None  # orders have not come
