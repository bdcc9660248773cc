from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.contracts.summaries import of_footers, of_table


@pytest.fixture
def table() -> pa.Table:
    return pa.table({"n": [3, None, 1], "who": [7, 8, 9], "text": ["b", "a", None], "_technical": [1, 2, 3]})


def test_summary_hides_texts_and_personal_data(table):
    found = {one.name: one for one in of_table(table, {"who"})}
    assert set(found) == {"n", "who", "text"}
    assert (found["n"].minimum, found["n"].maximum, found["n"].nulls) == (1, 3, 1)
    assert (found["who"].minimum, found["text"].minimum, found["text"].nulls) == (None, None, 1)


def test_footers_tell_what_tables_tell(table, tmp_path):
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    footer = pq.read_metadata(tmp_path / "a.parquet")
    assert of_footers(table.schema, [footer], {"who"}) == of_table(table, {"who"})


def test_missing_statistics_are_not_guessed(table, tmp_path):
    pq.write_table(table, tmp_path / "a.parquet", write_statistics=False)
    found = of_footers(table.schema, [pq.read_metadata(tmp_path / "a.parquet")], set())
    assert {(one.nulls, one.minimum) for one in found} == {(None, None)}
