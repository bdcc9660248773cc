from __future__ import annotations

import duckdb
import pytest
import sqlalchemy as sa

from include.contracts.engine import Answers, DuckDBEngine, Judge, connect
from include.contracts.expectations import expectation_of
from include.contracts.library import SqlAlchemyBatchData, new_context
from include.contracts.suite import Check


@pytest.mark.parametrize("name", ["at", "order", "qualify", "pivot", "select", "plain"])
def test_columns_may_be_named_like_keywords(name: str) -> None:
    with duckdb.connect() as duck:
        duck.execute(f'CREATE TABLE t AS SELECT 3 AS "{name}"')
        with connect(duck) as connection:
            found = connection.execute(sa.select(sa.func.max(sa.column(name))).select_from(sa.table("t"))).scalar()

    assert found == 3


CHECKS = (
    Check("rows", None, "block", "1 to 4 rows", {"low": 1, "high": 4}),
    Check("nullable_share", "x", "block", "at most a quarter missing", {"most": 0.25}),
    Check("range", "x", "block", "from 0 to 9", {"low": 0.0, "high": 9.0}),
    Check("set", "word", "warn", "one of a, b", {"values": ("a", "b")}),
    Check("set", "x", "warn", "one of a", {"values": ("a",)}),  # no number is a text: this one cannot be answered
    Check("type", "x", "block", "type int64", {"type": "int64"}),
)
VIEWS = {
    "good": "VALUES (1, 'a'), (2, 'b'), (3, NULL), (9, 'a')",
    "empty values": "VALUES (1, 'a'), (NULL, 'b'), (NULL, 'b')",
    "far": "VALUES (99, 'a'), (2, 'c'), (3, 'c'), (4, 'a'), (5, 'a')",
}


def show(duck: duckdb.DuckDBPyConnection, rows: str) -> None:
    duck.execute(f"CREATE OR REPLACE VIEW seen AS SELECT * FROM ({rows}) t (x, word)")


def asked_of_the_library(connection: sa.Connection) -> dict[str, bool | None]:
    """Return the answers of the library's own validator, which prepares everything anew."""
    from great_expectations.core.batch import Batch
    from great_expectations.validator.validator import Validator

    engine = DuckDBEngine(connection)
    engine.show("seen")
    batch = Batch(data=SqlAlchemyBatchData(execution_engine=engine, table_name="seen"))
    validator = Validator(execution_engine=engine, batches=[batch], data_context=new_context())
    wanted = [one.configuration for check in CHECKS if (one := expectation_of(check)) is not None]
    results = validator.graph_validate(wanted, runtime_configuration={"result_format": "BOOLEAN_ONLY"})
    said = {}
    for result in results:
        raised = [one for one in result.exception_info.values() if isinstance(one, dict) and one["raised_exception"]]
        said[result.expectation_config.meta["check"]] = None if raised else bool(result.success)
    connection.rollback()
    return said


def test_answers_are_those_of_the_library() -> None:
    with duckdb.connect() as duck, connect(duck) as connection:
        judge, found = Judge(connection), {}
        for name, rows in VIEWS.items():
            show(duck, rows)
            found[name] = judge("seen", CHECKS).passed
            assert found[name] == asked_of_the_library(connection)

    assert found == {
        "good": {"rows": True, "x.nullable_share": True, "x.range": True, "word.set": True, "x.set": None},
        "empty values": {"rows": True, "x.nullable_share": False, "x.range": True, "word.set": True, "x.set": None},
        "far": {"rows": False, "x.nullable_share": True, "x.range": False, "word.set": False, "x.set": None},
    }


def test_failed_check_leaves_the_others_alone() -> None:
    with duckdb.connect() as duck, connect(duck) as connection:
        show(duck, VIEWS["far"])
        found = Judge(connection)("seen", CHECKS)

    assert found.failures == {"x.set": "DataError"}  # the class only: its text holds values
    assert found.passed["word.set"] is False


def test_views_of_other_columns_get_their_own_answers() -> None:
    check = Check("range", "x", "block", "from 0 to 9", {"low": 0.0, "high": 9.0})
    with duckdb.connect() as duck, connect(duck) as connection:
        judge = Judge(connection)
        show(duck, VIEWS["good"])
        first = judge("seen", [check])
        duck.execute("CREATE OR REPLACE VIEW seen AS SELECT 50.5 AS x, 1 AS more")
        second = judge("seen", [check])
        duck.execute("CREATE OR REPLACE VIEW seen AS SELECT 'a' AS word")
        third = judge("seen", [check])

    assert [one.passed["x.range"] for one in (first, second, third)] == [True, False, None]
    assert first.seen["column_values.between.unexpected_count", "x"] == 0
    assert second.seen["column_values.between.unexpected_count", "x"] == 1


def test_check_of_the_type_alone_asks_nothing() -> None:
    with duckdb.connect() as duck, connect(duck) as connection:
        show(duck, VIEWS["good"])

        assert Judge(connection)("seen", CHECKS[-1:]) == Answers(seen={})
