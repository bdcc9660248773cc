from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.signals.errors import SignalError
from include.signals.scipy_tests import TESTS
from include.signals.study import compare


def write(path: Path, **columns: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    random = np.random.default_rng(0)
    sides = []
    for name, shift, n in (("reference", 0.0, 3_000), ("current", 0.5, 900)):
        texts = np.array(["a", "b", "c"])[random.integers(0, 3 if shift else 2, n)]
        sides.append(
            write(
                tmp_path / f"{name}.parquet",
                x=random.normal(shift, 1, n),
                c=texts,
                flag=random.random(n) < 0.5,
                when=pa.array(np.arange(n), pa.timestamp("s")),
                tags=pa.array([["u"]] * n),
            )
        )
    return sides[0], sides[1]


def test_every_statistic_of_every_column(pair: tuple[Path, Path]) -> None:
    found = compare(*pair)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found["subjects"]) == ["x", "c", "flag"]
    assert found["subjects"]["x"]["kind"] == "numeric"
    assert found["subjects"]["x"]["mean_shift"] == pytest.approx(0.5, abs=0.15)
    assert found["subjects"]["c"]["unseen_share"] == pytest.approx(1 / 3, abs=0.06)
    assert "unseen_share" not in found["subjects"]["x"]
    assert found["studentised"]["x"]["mean_shift"] > 8
    assert abs(found["studentised"]["flag"]["js_divergence"]) < 4
    assert set(found["ignored"]) == {"when", "tags"}
    assert found["reference"]["rows"] == 3_000
    assert found["alarms"] == []
    assert found["joint"] == {}


def test_exact_is_close_and_says_so(pair: tuple[Path, Path]) -> None:
    binned, exact = compare(*pair), compare(*pair, exact=True)
    assert (binned["exact"], exact["exact"]) == (False, True)
    assert binned["subjects"].keys() == exact["subjects"].keys()
    for name, of_column in exact["subjects"].items():
        assert binned["subjects"][name].keys() == of_column.keys() - TESTS.keys()
    assert binned["subjects"]["x"]["wasserstein"] == pytest.approx(exact["subjects"]["x"]["wasserstein"], abs=0.01)
    categories = {name: value for name, value in exact["subjects"]["c"].items() if name not in TESTS}
    assert binned["subjects"]["c"] == pytest.approx(categories, abs=1e-9)


@pytest.mark.parametrize("exact", [False, True])
def test_groups_have_a_value_each(pair: tuple[Path, Path], exact: bool) -> None:
    found = compare(*pair, by="c", exact=exact)
    assert found["current"]["by"] == "c"
    assert found["current"]["groups"] == ["a", "b", "c"]
    assert list(found["subjects"]) == ["x", "flag"]
    assert set(found["subjects"]["x"]["ks_statistic"]) == {"a", "b", "c"}
    assert set(found["studentised"]["x"]["mean_shift"]) == {"a", "b", "c"}


def test_named_columns_only(pair: tuple[Path, Path]) -> None:
    found = compare(*pair, columns=["when", "x"], categorical=["x"])
    assert {name: one["kind"] for name, one in found["subjects"].items()} == {"when": "numeric", "x": "categorical"}
    assert found["ignored"] == {}


def test_joint_measures_are_asked_for(pair: tuple[Path, Path]) -> None:
    found = compare(*pair, joint=True)["joint"]
    assert found["domain_auc"] > 0.6
    assert found["domain_auc_studentised"] > 5
    assert found["pca_reconstruction_error"] > 0


def test_a_folder_of_days_raises_an_alarm(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    days = np.datetime64("2024-01-01") + np.arange(120).astype("timedelta64[D]")
    for i, day in enumerate(days):
        folder = tmp_path / ("reference" if i < 60 else "current") / f"period={day}"
        write(folder / "part-0.parquet", calm=random.normal(size=80), moved=random.normal(3.0 * (i >= 80), 1, 80))
    found = compare(tmp_path / "reference", tmp_path / "current")
    assert {alarm["subject"] for alarm in found["alarms"]} == {"moved"}
    first = found["alarms"][0]
    assert "2024-03-21" <= first["partition"] <= "2024-04-10"
    assert "2024-03-18" <= first["since"] <= "2024-03-24"
    assert first["evidence"] > 1_000
    assert len(found["subjects"]["moved"]["wasserstein"]) == 60


def test_infinities_raise_an_alarm(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    for i, day in enumerate(np.datetime64("2024-01-01") + np.arange(120).astype("timedelta64[D]")):
        folder = tmp_path / ("reference" if i < 60 else "current") / f"period={day}"
        ratios = np.where(np.arange(80) < 4 * (i >= 80), np.inf, random.normal(size=80))
        write(folder / "part-0.parquet", calm=random.normal(size=80), ratio=ratios)
    found = compare(tmp_path / "reference", tmp_path / "current")
    (alarm,) = found["alarms"]
    assert (alarm["signal"], alarm["subject"]) == ("infinite_share", "ratio")
    assert "2024-03-21" <= alarm["partition"] <= "2024-04-10"
    assert alarm["sentence"].startswith("Infinite values of ratio")
    assert "infinite_share" not in found["studentised"]["calm"]
    assert found["subjects"]["calm"]["infinite_share"]["2024-03-01"] == 0.0


@pytest.mark.parametrize("exact", [False, True])
def test_new_infinities_of_a_file_are_told(tmp_path: Path, exact: bool) -> None:
    write(tmp_path / "r.parquet", x=np.arange(100.0))
    write(tmp_path / "c.parquet", x=np.where(np.arange(100) < 5, -np.inf, np.arange(100.0)))
    found = compare(tmp_path / "r.parquet", tmp_path / "c.parquet", exact=exact)
    assert (found["subjects"]["x"]["infinite_share"], found["subjects"]["x"]["null_share"]) == (0.05, 0.0)
    assert found["studentised"]["x"]["infinite_share"] > 10


def test_alarms_can_be_replaced(tmp_path: Path) -> None:
    for side in ("reference", "current"):
        for day in ("2024-01-01", "2024-01-02"):
            write(tmp_path / side / f"day={day}" / "a.parquet", x=[1.0, 2.0])
    seen = []

    def alarms(pool: list, nights: list) -> list:
        seen.append(([one.partition for one in pool], [one.partition for one in nights]))
        return [{"partition": "p"}]

    assert compare(tmp_path / "reference", tmp_path / "current", alarms=alarms)["alarms"] == [{"partition": "p"}]
    assert seen == [(["2024-01-01", "2024-01-02"], ["2024-01-01", "2024-01-02"])]


@pytest.mark.parametrize("exact", [False, True])
def test_dirty_columns_are_survived(tmp_path: Path, exact: bool) -> None:
    reference = write(
        tmp_path / "r.parquet",
        constant=[3.0] * 50,
        empty=pa.nulls(50, pa.float64()),
        untyped=pa.nulls(50),
        text=pa.array([None] * 49 + ["a"]),
        wild=[np.inf, -np.inf, np.nan, 1e308, -1e308] * 10,
    )
    current = write(
        tmp_path / "c.parquet",
        constant=[4.0],
        empty=pa.array([1.0]),
        untyped=pa.array(["a"]),
        text=pa.nulls(1),
        wild=[1.0],
        new=[1],
    )
    found = compare(reference, current, exact=exact)
    json.dumps(found, allow_nan=False)
    assert found["subjects"]["constant"]["ks_statistic"] == 1.0
    assert found["subjects"]["empty"]["ks_statistic"] is None
    assert found["subjects"]["empty"]["null_share"] == 0.0
    assert found["subjects"]["untyped"]["psi"] is None
    assert found["subjects"]["text"]["null_share"] == 1.0
    assert found["ignored"] == {"new": "not in the reference"}


def test_no_current_rows_cannot_be_told(tmp_path: Path) -> None:
    reference = write(tmp_path / "r.parquet", x=[1.0, 2.0])
    found = compare(reference, write(tmp_path / "c.parquet", x=pa.array([], pa.float64())))
    assert found["subjects"]["x"]["ks_statistic"] is None
    assert found["studentised"]["x"]["null_share"] is None
    with pytest.raises(SignalError, match=r"c\.parquet: it has no rows\. Expected rows to compare with"):
        compare(tmp_path / "c.parquet", reference)


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (
            {"speeed": [1.0]},
            {},
            r"c\.parquet, column speed: it is missing \(did you mean 'speeed'\?\)\. Expected one of: speeed",
        ),
        (
            {"speed": ["fast"]},
            {},
            r"c\.parquet, column speed: categorical values \(string\)\. Expected numeric ones \(double\)",
        ),
        (
            {"speed": [1.0]},
            {"columns": ["spede"]},
            r"r\.parquet, column spede: it is missing \(did you mean 'speed'\?\)",
        ),
        ({"speed": [1.0]}, {"categorical": ["nope"]}, r"r\.parquet, column nope: it is missing"),
        ({"speed": [1.0]}, {"by": "day"}, r"c\.parquet, column day: it cannot group rows"),
        ({"speed": [1.0], "tags": [[1]]}, {"columns": []}, r"r\.parquet: no column that can be compared"),
    ],
)
def test_columns_that_do_not_fit_are_explained(
    tmp_path: Path, columns: dict[str, list[object]], options: dict[str, object], message: str
) -> None:
    reference = write(tmp_path / "r.parquet", speed=[1.0, 2.0])
    current = write(tmp_path / "c.parquet", **columns)
    with pytest.raises(SignalError, match=message):
        compare(reference, current, **options)


def test_all_columns_of_another_kind_are_named(tmp_path: Path) -> None:
    reference = write(tmp_path / "r.parquet", **{f"x{i}": [1.0, 2.0] for i in range(7)}, c=["a", "b"], same=[1, 2])
    current = write(tmp_path / "c.parquet", **{f"x{i}": ["a", "b"] for i in range(7)}, c=[1, 2], same=[1, 2])
    with pytest.raises(SignalError) as caught:
        compare(reference, current)
    assert str(caught.value) == (
        f"{current}: 8 columns hold values of another kind: x0 (string instead of double), x1 (string instead of double), "
        "x2 (string instead of double), x3 (string instead of double), x4 (string instead of double), 3 more. Expected the "
        f"kinds of {reference}. To do: cast the columns of one side, or compare them as categories."
    )


def test_csv_whose_type_changes_late_compares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.signals.csv_file.BLOCK_BYTES", 500)
    for name in ("r", "c"):
        values = [*map(str, range(1000)), "0.5"]
        (tmp_path / f"{name}.csv").write_text("x,g\n" + "".join(f"{v},{i % 3}\n" for i, v in enumerate(values)))
    found = compare(tmp_path / "r.csv", tmp_path / "c.csv", by="g")
    assert found["current"]["rows"] == 1001
    assert found["current"]["groups"] == ["0", "1", "2"]
    assert max(found["subjects"]["x"]["ks_statistic"].values()) < 0.01


def test_csv_and_parquet_compare(tmp_path: Path) -> None:
    reference = write(tmp_path / "r.parquet", x=[1, 2, 3, 4], c=["a", "b", "a", "b"])
    current = tmp_path / "c.csv"
    current.write_text("c,x\na,2\nb,4\n")
    assert compare(reference, current)["subjects"]["c"]["js_distance"] == 0.0


def test_gaps_of_texts_are_counted_in_csv_files_too(tmp_path: Path) -> None:
    whole = write(tmp_path / "r.parquet", c=["a", "b", None, "b"])
    (tmp_path / "c.csv").write_text("c,x\na,1\nb,2\n,3\nb,4\n")
    found = compare(whole, tmp_path / "c.csv")["subjects"]["c"]
    assert (found["null_share"], found["unseen_share"], found["psi"]) == (0.25, 0.0, 0.0)


def test_column_that_the_current_side_lacks_is_named_and_left_out(tmp_path: Path) -> None:
    reference = write(tmp_path / "r.parquet", speed=[1.0, 2.0, 3.0], label=[0, 1, 0])
    current = write(tmp_path / "c.parquet", speed=[2.0, 3.0, 4.0])
    found = compare(reference, current)

    assert list(found["subjects"]) == ["speed"]
    assert found["ignored"] == {"label": f"missing in {current}: it cannot be told"}
