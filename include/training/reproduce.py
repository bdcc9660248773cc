"""The same model again, from its manifest and its pinned rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.config.model import Learner
from include.training.fit import fit
from include.training.recipe import libraries

if TYPE_CHECKING:
    from include.registry.manifest import Manifest
    from include.training.fit import Rows

_SET_AGAIN = ("num_class", "monotone_constraints")


@dataclass(frozen=True)
class Reproduction:
    """Whether training again gave the same bytes.

    Attributes
    ----------
    same : bool
        Whether the model files have one SHA-256.
    expected, found : str
        SHA-256 of the model file then and now.
    reasons : tuple of str
        What differs that explains it; empty when it is the same.
    """

    same: bool
    expected: str
    found: str
    reasons: tuple[str, ...] = ()


def reproduce(rows: Rows, manifest: Manifest) -> Reproduction:
    """Train a model again as its manifest says, and compare.

    Parameters
    ----------
    rows : callable
        Gives the rows of the table versions and partitions that the manifest pins (`lineage.inputs`), in their order.
    manifest : Manifest
        Of the model. Tuned parameters and weights stand in it, so nothing is searched or decided again.

    Raises
    ------
    ModelError
        When the rows cannot be trained on.
    """
    again = fit(
        rows,
        features=manifest.feature_names,
        learner=learner_of(manifest),
        task=manifest.task,
        seed=manifest.fit.seed,
        nthread=manifest.fit.nthread,
        weights=manifest.fit.weights or None,
        classes=manifest.classes,
        categorical=[f.name for f in manifest.features if f.kind == "category"],
        lineage=manifest.lineage,
    )
    found = again.manifest
    same = found.model_sha256 == manifest.model_sha256 and found.calibration == manifest.calibration
    return Reproduction(same, manifest.model_sha256, found.model_sha256, () if same else _reasons(manifest, found))


def learner_of(manifest: Manifest) -> Learner:
    """Return the learner that a manifest records."""
    recorded = dict(manifest.fit.parameters)
    signs = str(recorded.get("monotone_constraints", "")).strip("()")
    monotone = dict(zip(manifest.feature_names, map(int, signs.split(",")), strict=True)) if signs else {}
    return Learner.model_validate(
        {
            "parameters": {name: value for name, value in recorded.items() if name not in _SET_AGAIN},
            "rounds": manifest.fit.rounds,
            "monotone": {name: sign for name, sign in monotone.items() if sign},
            "max_categories": manifest.fit.max_categories,
            "device": manifest.fit.device,
            "calibrate": bool(manifest.calibration),
        }
    )


def _reasons(before: Manifest, now: Manifest) -> tuple[str, ...]:
    reasons = [
        f"{name} was {version} and is {libraries().get(name, 'absent')}"
        for name, version in before.fit.libraries.items()
        if libraries().get(name) != version
    ]
    if before.fit.rows_sha256 != now.fit.rows_sha256:
        count = (
            f"{before.fit.rows + before.fit.calibration_rows:,} then, {now.fit.rows + now.fit.calibration_rows:,} now"
        )
        reasons.append(f"the rows differ in content or order ({count})")
    return tuple(reasons) or ("nothing recorded differs: the processor's instructions may",)
