"""One pass keeps what a diagnosis needs, however the rows are cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.evidence import hashes as module
from include.evidence.summary import summarise

START = datetime(2024, 3, 10, tzinfo=UTC)


def rows(count: int = 48) -> pa.Table:
    rng = np.random.default_rng(5)
    return pa.table(
        {
            "id": pa.array(range(count)),
            "at": pa.array([START + timedelta(minutes=30 * i) for i in range(count)], pa.timestamp("us", "UTC")),
            "amount": pa.array([None if i % 8 == 0 else float(v) for i, v in enumerate(rng.normal(size=count))]),
            "shop": pa.array(["a", "b", "b", None] * (count // 4)),
            "late": pa.array(rng.integers(0, 2, count)),
        }
    )


def test_columns_are_summarised():
    found = summarise(rows().to_batches(), key=("id",), event_time="at", label="late")
    assert set(found.columns) == {"amount", "shop"}
    assert found.columns["amount"].null_share == 0.125
    assert found.columns["shop"].shares == {"b": pytest.approx(2 / 3), "a": pytest.approx(1 / 3)}
    assert (found.rows, found.duplicate_share) == (48, 0.0)


def test_hours_are_local():
    utc = summarise(rows().to_batches(), event_time="at").hours
    local = summarise(rows().to_batches(), event_time="at", timezone="Asia/Kolkata").hours
    assert utc.tolist() == [2] * 24
    assert local.sum() == 48
    later = rows(4)
    assert summarise(later.to_batches(), event_time="at", timezone="America/New_York").hours.nonzero()[0].tolist() == [
        19,
        20,
    ]


def test_batches_do_not_matter():
    one = summarise(rows().to_batches(), key=("id",), event_time="at")
    other = summarise(rows().to_batches(max_chunksize=5), key=("id",), event_time="at")
    assert (one.sketch == other.sketch).all()
    assert one.columns["amount"].quantiles.tolist() == other.columns["amount"].quantiles.tolist()


def test_row_order_does_not_change_the_sketch():
    table = rows()
    turned = table.take(list(reversed(range(table.num_rows))))
    assert (summarise(table.to_batches()).sketch == summarise(turned.to_batches()).sketch).all()


def test_repeated_keys_are_counted():
    table = pa.concat_tables([rows(40), rows(40).slice(0, 10)])
    assert summarise(table.to_batches(), key=("id",)).duplicate_share == pytest.approx(0.2)


def test_repeats_under_new_keys_are_counted():
    again = rows(40).slice(0, 10)
    again = again.set_column(0, "id", pa.array(range(900, 910)))
    table = pa.concat_tables([rows(40), again])
    found = summarise(table.to_batches(max_chunksize=7), key=("id",), event_time="at")
    assert (found.duplicate_share, found.repeated_share) == (0.0, pytest.approx(0.2))
    # without times three rows of few values are alike by themselves
    assert summarise(table.drop(["at"]).to_batches(), key=("id",)).repeated_share == pytest.approx(0.26)
    later = pc.add(again.column("at"), pa.scalar(timedelta(days=1)))
    table = pa.concat_tables([rows(40), again.set_column(1, "at", later.cast(again.schema.field("at").type))])
    assert summarise(table.to_batches(), key=("id",), event_time="at").repeated_share == 0.0


def test_repeated_keys_are_no_repeats_under_new_ones():
    table = pa.concat_tables([rows(40), rows(40).slice(0, 10)])
    assert summarise(table.to_batches(), key=("id",), event_time="at").repeated_share == 0.0


@pytest.mark.parametrize("key", [(), ("at",), ("id", "shop"), ("id", "at")])
def test_only_one_column_can_be_a_surrogate(key):
    assert np.isnan(summarise(rows(40).to_batches(), key=key, event_time="at").repeated_share)


def test_without_key_whole_rows_are_compared():
    table = pa.concat_tables([rows(40), rows(40)])
    assert summarise(table.to_batches()).duplicate_share == pytest.approx(0.5)


def test_repeating_part_of_the_key_is_summarised():
    table = rows().append_column("line", pa.array(["x", "y"] * 24))
    found = summarise(table.to_batches(), key=("line", "id"))
    assert "line" in found.columns
    assert "id" not in found.columns


def test_many_rows_keep_a_bounded_number_of_hashes(monkeypatch):
    monkeypatch.setattr(module, "_KEPT_HASHES", 100)
    table = pa.table({"id": pa.array(list(range(2000)) * 2)})
    found = summarise(table.to_batches(max_chunksize=300), key=("id",))
    assert found.duplicate_share == pytest.approx(0.5)
    assert found.sketch.size <= 100


def test_empty_partition_has_no_columns():
    found = summarise([])
    assert (found.rows, found.duplicate_share, dict(found.columns), found.sketch.size) == (0, 0.0, {}, 0)


def test_all_null_column_is_told():
    table = pa.table({"x": pa.array([None, None], pa.float64()), "y": pa.array([None, None], pa.string())})
    found = summarise(table.to_batches())
    assert (found.columns["x"].null_share, found.columns["y"].distinct) == (1.0, 0)
    assert np.isnan(found.columns["x"].quantiles).all()
