"""Cases of NannyML's test suite on data that only its own package holds: several classes, and made car prices.

They are skipped, loudly, unless the environment variable NIGHTSHIFT_NANNYML names the folder `nannyml/datasets/data` of an
installed NannyML (0.13.1 installs with Python 3.11 in an environment of its own) and the shared oracles are there.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from include.evaluation.metrics import metric
from include.signals.calibration import fit_calibration
from include.signals.catalogue import STATISTICS
from include.signals.direct_loss import DirectLoss
from include.signals.estimate import expected

SHARED = Path(os.environ.get("NIGHTSHIFT_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
ORACLES = SHARED / "data" / "oracles.json"
DATA = Path(os.environ.get("NIGHTSHIFT_NANNYML", "/absent"))
CLASSES = ("prepaid_card", "highstreet_card", "upmarket_card")
NAMES = {"roc_auc": "auc"}

pytestmark = pytest.mark.skipif(
    not (ORACLES.exists() and DATA.is_dir()), reason="needs the oracles and NIGHTSHIFT_NANNYML, NannyML's own data"
)


def _cases(*ids: range | tuple[int, ...]) -> list[dict[str, Any]]:
    wanted = {f"{case:03d}" for group in ids for case in group}
    cases = json.loads(ORACLES.read_text())["cases"] if ORACLES.exists() else []
    return [case for case in cases if case["id"] in wanted]


@pytest.fixture(scope="module")
def cards() -> tuple[pd.DataFrame, pd.DataFrame]:
    reference, analysis = (pd.read_csv(DATA / f"mc_{part}.csv") for part in ("reference", "analysis"))
    return reference, analysis


@pytest.fixture(scope="module")
def prices() -> tuple[pd.DataFrame, pd.DataFrame]:
    parts = [pd.read_csv(DATA / f"regression_synthetic_{part}.csv") for part in ("reference", "analysis")]
    later = parts[1].merge(pd.read_csv(DATA / "regression_synthetic_analysis_targets.csv"), on="id")
    return parts[0][parts[0].y_pred >= 0], later[later.y_pred >= 0]


def _scores(rows: pd.DataFrame) -> np.ndarray:
    return rows[[f"y_pred_proba_{name}" for name in CLASSES]].to_numpy(float)


def _chunks(case: dict[str, Any], rows: pd.DataFrame) -> list[Any]:
    keys = case["inputs"]["keys"]
    if case["inputs"]["chunking"].get("chunk_period") == "Y":
        return [rows["timestamp"].str[:4].to_numpy() == key for key in keys]
    return [slice(int(first), int(last) + 1) for first, last in (key.strip("[]").split(":") for key in keys)]


def _tenths(rows: pd.DataFrame) -> list[pd.DataFrame]:
    size = len(rows) // 10
    return [rows.iloc[at * size : (at + 1) * size if at < 9 else None] for at in range(10)]


@pytest.mark.parametrize("case", _cases(range(126, 133), range(140, 147)), ids=lambda case: case["id"])
def test_estimates_of_several_classes_agree(case, cards):
    reference, analysis = cards
    label = reference["y_true"].map({name: place for place, name in enumerate(CLASSES)}).to_numpy(float)
    chance = fit_calibration(label, _scores(reference)).apply(_scores(analysis))
    name = case["statistic"].split(":")[1]
    decided = np.stack([(analysis["y_pred"] == one).to_numpy(float) for one in CLASSES], axis=1)
    score = _scores(analysis) if name in ("roc_auc", "average_precision") else decided
    found = [expected(metric(NAMES.get(name, name)), score[c], chance[c]).value for c in _chunks(case, analysis)]
    assert found == pytest.approx(case["expected"], abs=TIES.get(case["id"], case["tolerance"]))


TIES = {"129": 0.01, "143": 0.01}
"""Scores have two decimals: NannyML lets the order of rows decide among equal ones, here ties count together."""


@pytest.mark.parametrize("case", _cases(range(190, 196)), ids=lambda case: case["id"])
def test_realised_losses_agree(case, prices):
    asked = metric(case["statistic"].split(":")[1])
    found = [
        asked.measure(rows.y_true.to_numpy(float), rows.y_pred.to_numpy(float)).value for rows in _tenths(prices[1])
    ]
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.mark.parametrize("case", _cases((73, 75, 77, 79, 81)), ids=lambda case: case["id"])
def test_drift_of_the_label_agrees(case, prices):
    reference, later = prices
    rows = _tenths(later)[case["inputs"]["chunk"]]
    distance = next(one for one in STATISTICS if one.name == case["statistic"])
    found = distance.exact(reference.y_true.to_numpy(float), rows.y_true.to_numpy(float))
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.fixture(scope="module")
def direct_losses(prices) -> DirectLoss:
    rows = prices[0]
    return DirectLoss(rows.y_true.to_numpy(float), rows.y_pred.to_numpy(float), _features(rows), seed=0)


def _features(rows: pd.DataFrame) -> pa.Table:
    left_out = ["id", "y_true", "y_pred", "timestamp"]
    return pa.Table.from_pandas(rows.drop(columns=[name for name in left_out if name in rows]), preserve_index=False)


@pytest.mark.parametrize("case", _cases(range(154, 160), range(166, 172)), ids=lambda case: case["id"])
def test_direct_losses_are_near_those_of_another_loss_model(case, prices, direct_losses):
    """NannyML teaches LightGBM's defaults on each loss, here xgboost is taught: other trees, the same answer within 3 %."""
    later, name = prices[1], case["statistic"].split(":")[1]
    months = case["inputs"]["chunking"].get("chunk_period") == "M"
    chunks = [later["timestamp"].str[:7] == key for key in case["inputs"]["keys"]] if months else _chunks(case, later)
    found = []
    for chunk in chunks:
        rows = later[chunk]
        found += direct_losses.estimate([metric(name)], rows.y_pred.to_numpy(float), _features(rows))
    assert [one.value for one in found] == pytest.approx(case["expected"], rel=0.03)


def test_all_cases_of_those_data_are_asked():
    assert len(_cases(range(126, 133), range(140, 147), range(190, 196), (73, 75, 77, 79, 81))) == 25
    assert len(_cases(range(154, 160), range(166, 172))) == 12
