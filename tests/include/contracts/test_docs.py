"""The examples of docs/contracts.md are what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import yaml

from include.config.dataset import Dataset, PartitionRules, ValueRules
from include.config.model import FeatureRule
from include.contracts.check import Checker
from include.partitions import partition_from_key
from tests.include.features.worlds import RIDES, rides

TEXT = (Path(__file__).parents[3] / "docs" / "contracts.md").read_text()
NIGHT = partition_from_key("2013-03-03", "day", "UTC")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)


def test_example_contract_gives_the_answer_shown():
    dataset = Dataset(**(RIDES.model_dump() | {"outcome": ()} | yaml.safe_load(blocks("yaml")[0])))
    table = rides([NIGHT])
    lengths = [99.0 if i < 3 else 1.0 for i in range(24)]
    riders = ["nobody" if i < 2 else f"R{i}" for i in range(24)]
    given = table.set_column(3, "length", pa.array(lengths)).append_column("rider", pa.array(riders))
    with Checker() as checker:
        found = checker.check(dataset, given, NIGHT)
    assert found.sentence == blocks("text")[0].strip()


def test_example_feature_contract_is_valid():
    rules = yaml.safe_load(blocks("yaml")[1])["feature_contract"]
    assert [FeatureRule(**rule).severity for rule in rules.values()] == ["block", "warn"]


def test_every_rule_is_described():
    rules = (set(ValueRules.model_fields) | set(PartitionRules.model_fields)) - {"pii", "severity"}
    assert rules == {name for name in rules if f"| `{name}" in TEXT}
