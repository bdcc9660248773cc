from __future__ import annotations

from pathlib import Path

import pytest

from include.config.lint import as_yaml, described, lint
from include.config.load import load_catalog
from include.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_of_the_project_is_clean():
    assert lint(ROOT / "include") == []
    assert lint(ROOT / "include", "flight_delay") == []


def test_one_name_is_checked_alone(folder):
    folder.dataset("type: string", "type: text")
    folder.write("models/other.yaml", "name: [")

    said = lint(folder.root, "trips")

    assert said[0].startswith("include/datasets/trips.yaml:10: contract.columns.city.type is 'text', expected one of:")
    assert said[-1] == "Check it with: python -m include lint trips"
    assert not any("other.yaml" in message for message in said)


def test_an_unknown_name_offers_the_nearest(folder):
    folder.dataset()

    assert lint(folder.root, "trip") == ["include: there is no dataset or model 'trip'. Did you mean 'trips'?"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("fare >", 'syntax error at or near ")"'),
        ("fare), (city", "it is not one expression"),
        ("(SELECT 1)", "it uses a subquery; an expression sees one row"),
        ("sum(fare)", "sum looks at other rows or differs from run to run"),
        ("row_number() OVER ()", "it uses a window; an expression sees one row"),
        ("now()", "now looks at other rows or differs from run to run"),
        ("current_date", "current_date looks at other rows or differs from run to run"),
        ("random()", "random looks at other rows or differs from run to run"),
        ("age(start)", "age looks at other rows or differs from run to run"),
    ],
)
def test_expressions_of_derive_are_parsed(folder, expression, found):
    folder.dataset("    fare:", "    far: {type: bool}\n    fare:", more=f'derive: {{far: "{expression}"}}\n')

    assert lint(folder.root)[0] == (
        f"include/datasets/trips.yaml, derive.far: {found}. "
        "Expected an SQL expression over the columns of one row. To do: correct the expression."
    )


def test_the_syntax_of_features_is_checked(folder):
    folder.dataset()
    folder.model(more="features: fares.sql\n")
    folder.write("models/fares.sql", "SELECT _key,\n  city FROMM trips")

    assert lint(folder.root)[0].startswith("include/models/fares.sql:2: syntax error at or near")


def test_names_of_features_are_looked_up_in_the_sql(folder):
    folder.dataset()
    folder.model(more="features: fares.sql\nsignals: {columns: [town]}\ngate: {slices: [city]}\n")
    folder.write("models/fares.sql", "SELECT _key, city AS towns FROM trips")

    assert [message.splitlines()[0] for message in lint(folder.root)] == [
        "include/models/fares.yaml:8: signals.columns[0] names 'town', which is not a feature. Did you mean 'towns'?",
        "Check it with: python -m include lint fares",
    ]


def test_a_star_tells_no_names(folder):
    folder.dataset()
    folder.model(more="features: fares.sql\nsignals: {columns: [town]}\n")
    folder.write("models/fares.sql", "SELECT * FROM trips")

    assert lint(folder.root) == []


def test_describing_writes_every_default(folder):
    folder.dataset()
    folder.model()
    catalog = load_catalog(folder.root)

    found = described(catalog, "fares")

    assert found["model"]["target"] == {"dataset": "trips", "column": "fare", "known_at": None, "delay": "1d"}
    assert found["model"]["lookback"] == "7d"
    assert found["model"]["gate"]["holdout"] is None
    assert found["digest"] == catalog.digest("fares")
    assert as_yaml(described(catalog, "trips")).startswith("dataset:\n  name: trips\n  description: One trip.\n")


def test_describing_a_broken_one_gives_its_errors(folder):
    folder.dataset("type: string", "type: text")

    with pytest.raises(ConfigError, match=r"trips.yaml:10: contract.columns.city.type is 'text'"):
        described(load_catalog(folder.root), "trips")


def test_describing_an_unknown_one_offers_the_nearest(folder):
    folder.dataset()

    with pytest.raises(ConfigError, match="there is no dataset or model 'trps'"):
        described(load_catalog(folder.root), "trps")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT _key, n FROM trips, read_text('/etc/passwd') AS f(n)", "reads read_text(…). Expected the model's datasets."),
        ("SELECT _key, n FROM read_parquet('https://example.com/a.parquet') AS f(n)", "reads read_parquet(…)."),
        ("COPY trips TO 'trips.csv'", "is not a SELECT. Expected one SELECT."),
        ("SELECT _key, random() AS chance FROM trips", "uses random."),
        ("SELECT _key, hour FROM weather", "reads weather. Expected one of trips."),
        ("SELECT city FROM trips", "the result has no column _key. Expected _key of the rows."),
    ],
)  # fmt: skip
def test_sql_that_would_be_refused_at_night_is_refused_before(folder, sql, said):
    folder.dataset()
    folder.model(more="features: fares.sql\n")
    folder.write("models/fares.sql", sql)

    assert said in lint(folder.root)[0]
    assert lint(folder.root)[0].startswith("include/models/fares.sql")
