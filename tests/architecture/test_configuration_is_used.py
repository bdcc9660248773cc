"""Every key that a YAML file may have is read by something: a key without effect would be believed in."""

from __future__ import annotations

import ast
import typing
from functools import cache
from pathlib import Path

from include.config.base import Settings
from include.config.dataset import Dataset
from include.config.model import Model

ROOT = Path(__file__).resolve().parents[2]
READ_AS = {
    "Model.name": "model.name",
    "Model.description": "model.description",
    "Model.owner": "model.owner",
    "Model.task": "model.task",
    "Model.rows": "model.rows",
    "Model.datasets": "model.datasets",
    "Model.features": "model.features",
    "Model.feature_contract": "model.feature_contract",
    "Model.lead": "model.lead",
    "Model.lookback": "model.lookback",
    "Model.target": "model.target",
    "Model.schedule": "model.schedule",
    "Model.first_partition": "model.first_partition",
    "Model.window": "model.window",
    "Model.learner": "model.learner",
    "Model.signals": "model.signals",
    "Model.policy": "model.policy",
    "Model.gate": "model.gate",
    "Model.promotion": "model.promotion",
    "Model.alerts": "model.alerts",
    "Model.value": "model.value",
    "Model.retention": "found.retention",
    "Owner.name": "owner.name",
    "Owner.slack": "owner.slack",
    "Owner.email": "owner.contact",
    "FeatureRule.type": "rule.type",
    "ValueRules.nullable_share": "rule.nullable_share",
    "ValueRules.range": "rule.range",
    "ValueRules.set": "rule.set",
    "ValueRules.regex": "rule.regex",
    "ValueRules.unique": "rule.unique",
    "ValueRules.pii": "rule.pii",
    "ValueRules.severity": "rule.severity",
    "Target.dataset": "target.dataset",
    "Target.column": "target.column",
    "Target.known_at": "target.known_at",
    "Target.delay": "target.delay",
    "WindowSettings.last": "window.last",
    "WindowSettings.decay": "window.decay",
    "Learner.parameters": "learner.parameters",
    "Learner.rounds": "learner.rounds",
    "Learner.seed": "learner.seed",
    "Learner.monotone": "learner.monotone",
    "Learner.max_categories": "learner.max_categories",
    "Learner.device": "learner.device",
    "Learner.calibrate": "learner.calibrate",
    "Learner.tune": "learner.tune",
    "Tune.trials": "settings.trials",
    "Tune.budget_minutes": "settings.budget_minutes",
    "AlarmSettings.false_alarms_per_year": "signals.false_alarms_per_year",
    "AlarmSettings.columns": "signals.columns",
    "AlarmSettings.reference": "signals.reference",
    "AlarmSettings.min_effect": "signals.min_effect",
    "AlarmSettings.min_expected_loss": "signals.min_expected_loss",
    "AlarmSettings.calendar": "signals.calendar",
    "AlarmSettings.slices": "signals.slices",
    "AlarmSettings.sample_rows": "signals.sample_rows",
    "PolicySettings.rule": "policy.rule",
    "PolicySettings.cooldown": "settings.cooldown",
    "PolicySettings.budget_minutes_per_week": "settings.budget_minutes_per_week",
    "PolicySettings.min_new_labels": "settings.min_new_labels",
    "PolicySettings.windows": "settings.windows",
    "PolicySettings.horizon": "settings.horizon",
    "GateSettings.mode": "settings.mode",
    "GateSettings.metric": "settings.metric",
    "GateSettings.margin": "settings.margin",
    "GateSettings.confidence": "settings.confidence",
    "GateSettings.holdout": "settings.holdout",
    "GateSettings.max_wait": "settings.max_wait",
    "GateSettings.refit": "gate.refit",
    "GateSettings.slices": "settings.slices",
    "GateSettings.search_slices": "settings.search_slices",
    "GateSettings.fairness": "settings.fairness",
    "GateSettings.max_calibration_error": "settings.max_calibration_error",
    "GateSettings.max_microseconds_per_row": "settings.max_microseconds_per_row",
    "GateSettings.max_megabytes": "settings.max_megabytes",
    "GateSettings.max_churn": "settings.max_churn",
    "GateSettings.max_single_feature_auc": "settings.max_single_feature_auc",
    "GateSettings.behaviour": "settings.behaviour",
    "GateSettings.golden_set": "settings.golden_set",
    "Fairness.groups": "settings.groups",
    "Fairness.max_demographic_parity_difference": "settings.max_demographic_parity_difference",
    "Fairness.max_equalised_odds_difference": "settings.max_equalised_odds_difference",
    "Fairness.threshold": "settings.threshold",
    "Behaviour.kind": "each.kind",
    "Behaviour.column": "each.column",
    "Behaviour.direction": "each.direction",
    "Behaviour.change": "each.change",
    "Behaviour.tolerance": "each.tolerance",
    "GoldenSet.rows": "settings.rows",
    "GoldenSet.margin": "golden_set.margin",
    "Promotion.approval": "settings.approval",
    "Promotion.approval_timeout": "promotion.approval_timeout",
    "Promotion.shadow_nights": "settings.shadow_nights",
    "Promotion.canary_share": "settings.canary_share",
    "Promotion.canary_nights": "settings.canary_nights",
    "Promotion.previous_nights": "settings.previous_nights",
    "Alerts.deadline": "alerts.deadline",
    "Alerts.severity": "alerts.severity",
    "Value.currency": "value.currency",
    "Value.threshold": "value.threshold",
    "Value.true_positive": "value.true_positive",
    "Value.false_positive": "value.false_positive",
    "Value.true_negative": "value.true_negative",
    "Value.false_negative": "value.false_negative",
    "Retention.versions": "settings.versions",
    "Retention.grace": "settings.grace",
    "Dataset.name": "rows.name",
    "Dataset.description": "dataset.description",
    "Dataset.owner": "dataset.owner",
    "Dataset.source": "dataset.source",
    "Dataset.derive": "dataset.derive",
    "Dataset.schedule": "cron",
    "Dataset.timezone": "rows.timezone",
    "Dataset.partition": "rows.partition",
    "Dataset.event_time": "rows.event_time",
    "Dataset.key": "dataset.key",
    "Dataset.known_at": "dataset.known_at",
    "Dataset.outcome": "dataset.outcome",
    "Dataset.late_for": "dataset.late_for",
    "Dataset.first_partition": "rows.first_partition",
    "Dataset.last_partition": "rows.last_partition",
    "Dataset.static": "dataset.static",
    "Dataset.contract": "dataset.contract",
    "Dataset.retention": "dataset.retention",
    "FilesSource.kind": "source.kind",
    "FilesSource.path": "source.path",
    "FilesSource.format": "settings.format",
    "FilesSource.delimiter": "settings.delimiter",
    "FilesSource.encoding": "settings.encoding",
    "FilesSource.null_values": "settings.null_values",
    "FilesSource.connection": "source.connection",
    "FilesSource.max_rows": "settings.max_rows",
    "SqlSource.kind": "source.kind",
    "SqlSource.connection": "source.connection",
    "SqlSource.query": "settings.query",
    "SqlSource.batch_rows": "_settings.batch_rows",
    "S3Source.kind": "source.kind",
    "S3Source.bucket": "_settings.bucket",
    "S3Source.prefix": "_settings.prefix",
    "S3Source.connection": "source.connection",
    "S3Source.format": "settings.format",
    "S3Source.delimiter": "settings.delimiter",
    "S3Source.encoding": "settings.encoding",
    "S3Source.null_values": "settings.null_values",
    "S3Source.max_rows": "settings.max_rows",
    "KnownAt.column": "dataset.known_at.column",
    "KnownAt.delay": "dataset.known_at.delay",
    "Contract.columns": "dataset.contract.columns",
    "Contract.partition": "dataset.contract.partition",
    "ColumnRule.type": "rule.type",
    "PartitionRules.rows_per_hour": "rules.rows_per_hour",
    "PartitionRules.freshness": "rules.freshness",
    "PartitionRules.unique_key": "rules.unique_key",
    "PartitionRules.severity": "rules.severity",
}
"""What reads each key, as it ends in the code outside ``include/config``."""


def _settings(kind: object) -> set[type[Settings]]:
    """Return the classes of settings in a type, and in the types of their fields."""
    found: set[type[Settings]] = set()
    waiting: list[object] = [kind]
    while waiting:
        each = waiting.pop()
        waiting += typing.get_args(each)
        if isinstance(each, type) and issubclass(each, Settings) and each not in found | {Settings}:
            found.add(each)
            waiting += [field.annotation for field in each.model_fields.values()]
            waiting += list(each.__bases__)
    return found


def _fields() -> set[str]:
    every = _settings(Model) | _settings(Dataset)
    return {f"{each.__name__}.{name}" for each in every for name in each.__annotations__ if name in each.model_fields}


@cache
def _read() -> frozenset[str]:
    """Return every attribute that the code outside of the configuration reads, with what it is read from."""
    found: set[str] = set()
    for folder in ("include", "plugins", "dags"):
        for path in (ROOT / folder).rglob("*.py"):
            if "config" not in path.relative_to(ROOT).parts:
                nodes = ast.walk(ast.parse(path.read_text()))
                found |= {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}
    return frozenset(found)


def test_every_key_is_listed() -> None:
    assert _fields() == set(READ_AS)


def test_every_key_is_read() -> None:
    ends = {f".{text}" for text in _read()}
    unread = [key for key, text in READ_AS.items() if not any(end.endswith(f".{text}") for end in ends)]

    assert unread == []
    assert len(ends) > 1000
