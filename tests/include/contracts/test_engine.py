from __future__ import annotations

import duckdb
import pytest
import sqlalchemy as sa

from include.contracts.engine import connect


@pytest.mark.parametrize("name", ["at", "order", "qualify", "pivot", "select", "plain"])
def test_columns_may_be_named_like_keywords(name: str) -> None:
    with duckdb.connect() as duck:
        duck.execute(f'CREATE TABLE t AS SELECT 3 AS "{name}"')
        with connect(duck) as connection:
            found = connection.execute(sa.select(sa.func.max(sa.column(name))).select_from(sa.table("t"))).scalar()

    assert found == 3
