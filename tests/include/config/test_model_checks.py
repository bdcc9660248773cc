from __future__ import annotations

import pytest

from include.config.load import load_catalog
from include.config.metric_names import METRICS
from include.evaluation.metrics import metric_names


def first_error(folder):
    return load_catalog(folder.root).broken["model/fares"].errors[0].splitlines()[0]


@pytest.mark.parametrize(
    ("changed", "to", "more", "expected"),
    [
        ("rows: trips", "rows: trip", "", "5: rows names 'trip', which is not a dataset. Did you mean 'trips'?"),
        ("rows: trips", "rows: zebra", "", "5: rows names 'zebra', which is not a dataset. Known datasets: trips."),
        ("", "", "datasets: [trips, weather]", "7: datasets[1] names 'weather', which is not a dataset. Known datasets: trips."),
        ("column: fare", "column: far", "", "6: target.column names 'far', which trips does not have. Did you mean 'fare'?"),
        (
            "column: fare",
            "column: city",
            "",
            "6: target.column names 'city', which is not an outcome column of trips: features would see the answer. "
            "Add it to outcome in trips.yaml.",
        ),
        ("delay: 1d", "known_at: strt", "", "6: target.known_at names 'strt', which trips does not have. Did you mean 'start'?"),
        ("", "", "features: fares.sql", "7: features names 'fares.sql', which is not beside this file."),
        ("", "", "first_partition: 2013-13-01", "7: first_partition is wrong: partition '2013-13-01': is not the key of a day."),
        ("", "", "schedule: 0 2 * * 1", "7: schedule is '0 2 * * 1', which does not tick once in every day"),
        ("", "", "policy: evry(7)", "7: policy.rule is wrong: policy 'evry(7)': 'evry' is not a rule"),
        ("", "", "policy: any_of(psi(0.2), never)", "7: policy.rule names psi, which only a backtest knows."),
        ("", "", "policy: {rule: auto, windows: [0d]}", "7: policy.windows has a window of no length."),
        ("", "", "learner: {monotone: {cty: 1}}", "7: learner.monotone.cty names 'cty', which is not a feature. Did you mean 'city'?"),
        ("", "", "learner: {monotone: {fare: 1}}", "7: learner.monotone.fare names 'fare', which is not a feature."),
        ("", "", "signals: {columns: [cities]}", "7: signals.columns[0] names 'cities', which is not a feature."),
        ("", "", "signals: {slices: [cities]}", "7: signals.slices[0] names 'cities', which is not a feature."),
        ("", "", "gate: {slices: [cty]}", "7: gate.slices[0] names 'cty', which is not a feature. Did you mean 'city'?"),
        (
            "task: regression",
            "task: binary",
            "gate: {fairness: {groups: [cty], max_equalised_odds_difference: 0.1}}",
            "7: gate.fairness.groups[0] names 'cty', which is not a feature.",
        ),
        ("", "", "gate: {behaviour: [{kind: monotone, column: cty}]}", "7: gate.behaviour[0].column names 'cty', which is not"),
        ("", "", "gate: {fairness: {groups: [city]}}", "7: gate.fairness is for binary models, this one is regression. Remove it."),
        ("", "", "gate: {max_calibration_error: 0.1}", "7: gate.max_calibration_error is for binary and multiclass models"),
        (
            "task: regression",
            "task: multiclass",
            "gate: {behaviour: [{kind: monotone, column: city}]}",
            "7: gate.behaviour is for binary and regression models, this one is multiclass. Remove it.",
        ),
        ("", "", "gate: {metric: maee}", "7: gate.metric is 'maee', not a metric of a regression task. Expected one of: mse, rmse"),
        ("", "", "feature_contract: {cty: {}}", "7: feature_contract.cty names 'cty', which is not a feature."),
        ("", "", "feature_contract: {city: {regex: '('}}", "7: feature_contract.city.regex is '(', not a regular expression"),
    ],
)  # fmt: skip
def test_a_model_must_agree_with_its_datasets(folder, changed, to, more, expected):
    folder.dataset()
    folder.model(changed, to, more=more)

    assert first_error(folder).startswith(f"include/models/fares.yaml:{expected}")


def test_rows_must_have_partitions(folder):
    folder.dataset("event_time: start", "static: true")
    folder.model()

    assert first_error(folder) == (
        "include/models/fares.yaml:5: rows names 'trips', which is static; rows need partitions, one a night."
    )


def test_labels_need_the_key_of_the_rows(folder):
    folder.dataset(more="key: [start, city]\n")
    folder.write(
        "datasets/fares_paid.yaml",
        """\
        name: fares_paid
        description: One payment.
        owner: {name: Data}
        source: {kind: files, path: paid.csv}
        event_time: at
        key: [trip]
        outcome: [fare]
        contract: {columns: {at: {type: timestamp}, trip: {type: string}, fare: {type: float64}}}
        """,
    )
    folder.model("dataset: trips", "dataset: fares_paid")

    assert first_error(folder) == (
        "include/models/fares.yaml:6: target.dataset has another key than the rows: (start, city) and (trip); "
        "labels are found by the same key."
    )


def test_a_model_of_a_broken_dataset_says_whose_fault_it_is(folder):
    folder.dataset("type: string", "type: text")
    folder.model()

    assert first_error(folder) == (
        "include/models/fares.yaml:5: rows names 'trips', whose own file has errors: python -m include lint trips"
    )


def test_references_are_checked_beside_other_mistakes(folder):
    folder.dataset()
    folder.model("task: regression", "task: regresion", more="datasets: [trps]\n")

    errors = load_catalog(folder.root).broken["model/fares"].errors

    assert [error.splitlines()[0].split(":", 2)[2] for error in errors] == [
        " task is 'regresion', expected one of: binary, regression, multiclass. Did you mean 'regression'?",
        " datasets[0] names 'trps', which is not a dataset. Did you mean 'trips'?",
    ]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_metrics_of_a_gate_are_those_that_can_be_measured(task):
    assert METRICS[task] == tuple(name for name in metric_names(task) if name != "business_value")
