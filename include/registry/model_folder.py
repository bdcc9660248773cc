"""A model as MLflow's model format: the artifact's own bytes, with what MLflow needs beside them.

The flavors are `xgboost` (the bare booster) and `python_function` (`nightshift_model.py`, which encodes texts and
calibrates, as Nightshift's own scoring does). Written by hand: MLflow's own writer saves the booster again, which may
change its bytes, and its generic loader cannot take texts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow.models import Model

    from include.registry.artifact import Artifact
    from include.registry.manifest import Feature, Manifest

LOADER = Path(__file__).with_name("nightshift_model.py")
EXAMPLE_ROWS = 3
_TYPES = {"bool": "boolean", "int8": "integer", "int16": "integer", "int32": "integer", "int64": "long"}


def write_model_folder(artifact: Artifact, folder: Path, model_id: str, run_id: str) -> None:
    """Write the files of a logged model into a folder that exists."""
    manifest = artifact.manifest
    (folder / "manifest.json").write_bytes(manifest.json_bytes)
    if artifact.model:
        (folder / "model.ubj").write_bytes(artifact.model)
    code = folder / "code"
    code.mkdir()
    (code / LOADER.name).write_bytes(LOADER.read_bytes())
    requirements = ["mlflow", "numpy", "pandas"]
    requirements += [f"xgboost=={manifest.fit.libraries['xgboost']}"] if artifact.model else []
    (folder / "requirements.txt").write_text("\n".join(requirements) + "\n")
    (folder / "python_env.yaml").write_text(
        f"python: {sys.version.split()[0]}\nbuild_dependencies: [pip]\ndependencies:\n- -r requirements.txt\n"
    )
    example = example_rows(manifest)
    (folder / "input_example.json").write_text(json.dumps(example))
    (folder / "serving_input_example.json").write_text(json.dumps({"dataframe_split": example}))
    _described(manifest, model_id, run_id).save(str(folder / "MLmodel"))


def example_rows(manifest: Manifest) -> dict[str, Any]:
    """Return made-up rows of the right types, as pandas' `split` orientation: never a row of anybody's data."""
    rows = [[_example(feature, row) for feature in manifest.features] for row in range(EXAMPLE_ROWS)]
    return {"columns": list(manifest.feature_names), "data": rows}


def _example(feature: Feature, row: int) -> Any:
    if feature.kind == "category":
        return feature.categories[row % len(feature.categories)] if feature.categories else ""
    if feature.arrow == "bool":
        return row % 2 == 1
    return row if _TYPES.get(feature.arrow) else float(row)


def _described(manifest: Manifest, model_id: str, run_id: str) -> Model:
    from mlflow import pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = [ColSpec(_type(feature), feature.name, required=False) for feature in manifest.features]
    outputs = [ColSpec("double", name) for name in _outputs(manifest)]
    found = Model(
        run_id=run_id,
        model_id=model_id,
        signature=ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs)) if inputs else None,
        metadata={"manifest": manifest.digest, "task": manifest.task},
        saved_input_example_info={
            "artifact_path": "input_example.json",
            "type": "dataframe",
            "pandas_orient": "split",
            "serving_input_path": "serving_input_example.json",
        },
    )
    pyfunc.add_to_model(found, loader_module=LOADER.stem, code="code", python_env="python_env.yaml")
    if manifest.kind == "xgboost":
        found.add_flavor(
            "xgboost",
            xgb_version=manifest.fit.libraries["xgboost"],
            data="model.ubj",
            model_class="xgboost.core.Booster",
            model_format="ubj",
            code=None,
        )
    return found


def _type(feature: Feature) -> str:
    return "string" if feature.kind == "category" else _TYPES.get(feature.arrow, "double")


def _outputs(manifest: Manifest) -> Sequence[str]:
    return manifest.classes if manifest.task == "multiclass" else ("score",)
