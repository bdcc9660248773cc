"""Loads a Nightshift model in MLflow's `pyfunc`; copied into each logged model, so it needs nothing of Nightshift.

The manifest leaves out what has its default. Takes a pandas data frame with the feature columns under their names, in any order, texts as texts. Gives what Nightshift's
own scoring gives: texts mapped to categories as the manifest says, unknown ones missing, scores calibrated.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Predictor:
    """A model and its manifest."""

    def __init__(self, folder: Path) -> None:
        self.manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.booster: Any = None
        if self.manifest["kind"] == "xgboost":
            import xgboost

            self.booster = xgboost.Booster(model_file=folder / "model.ubj")

    def predict(self, frame: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the scores: shape (n_rows,), or (n_rows, n_classes) for several classes; `params` is not used."""
        import numpy as np

        constant = self.manifest.get("constant")
        if constant:
            return np.tile(constant, (len(frame), 1)) if len(constant) > 1 else np.full(len(frame), constant[0])
        columns = [_encoded(frame[f["name"]], f) for f in self.manifest["features"]]
        matrix = np.column_stack(columns).astype(np.float32)
        raw = self.booster.inplace_predict(matrix, validate_features=False).astype(np.float64)
        return _calibrated(raw, self.manifest.get("calibration", []))


def _encoded(column: Any, feature: dict[str, Any]) -> Any:
    if feature["kind"] == "number":
        return column.astype("Float64").to_numpy(dtype="float64", na_value=float("nan"))
    codes = {text: code for code, text in enumerate(feature.get("categories", []))}
    known = column.astype("object").map(codes).astype("float64")
    if feature.get("other"):
        known = known.where(known.notna() | column.isna(), float(len(codes)))
    return known.to_numpy()


def _calibrated(raw: Any, tables: list[dict[str, Any]]) -> Any:
    import numpy as np

    if not tables:
        return raw
    if raw.ndim == 1:
        return np.interp(raw, tables[0]["raw"], tables[0]["calibrated"])
    found = np.column_stack([np.interp(raw[:, i], t["raw"], t["calibrated"]) for i, t in enumerate(tables)])
    return found / found.sum(axis=1, keepdims=True)


def _load_pyfunc(path: str) -> Predictor:
    """Return the model at a path (MLflow calls this by its name)."""
    return Predictor(Path(path))
