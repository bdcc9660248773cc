"""What a model is, in one canonical JSON text whose SHA-256 names it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from include.errors import ModelError

SCHEMA = 1
Kind = Literal["xgboost", "constant"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Feature(_Part):
    """One input of a model, and how its values become numbers."""

    name: str
    """Column of the feature rows."""
    kind: Literal["number", "category"]
    """A number (also booleans), or a text taken as a category."""
    arrow: str
    """Arrow type at training (`int64`, `double`, `bool`, `string`, …)."""
    categories: tuple[str, ...] = ()
    """Known texts; the code of a text is its place here."""
    other: bool = False
    """Whether all other texts share one more code, ``len(categories)``; without it they are missing values."""


class Calibration(_Part):
    """A monotone table from raw score to calibrated score, linear between its points."""

    raw: tuple[float, ...]
    """Raw scores, rising."""
    calibrated: tuple[float, ...]
    """Calibrated scores, never falling."""


class TableInput(_Part):
    """One table that rows were read from, pinned."""

    table: str
    """Its name below the root, such as `models/flight_delay/features`."""
    version: int
    """Table version."""
    partitions: tuple[str, ...] = ()
    """Keys of the partitions that were read; all of them when empty."""


class Lineage(_Part):
    """Where a model comes from: all that is needed to train it again."""

    model: str = ""
    """Name of the configured model."""
    partition: str = ""
    """Night that it was trained for."""
    inputs: tuple[TableInput, ...] = ()
    """Tables read."""
    train: tuple[str, ...] = ()
    """Keys of the partitions trained on."""
    holdout: tuple[str, ...] = ()
    """Keys of the partitions kept for the gate."""
    window: str = "expanding"
    """The window that was chosen, in words."""
    feature_version: str = ""
    """Version of the features."""
    configuration: str = ""
    """Digest of the resolved configuration."""
    code: str = ""
    """Code version."""
    parent: str = ""
    """Digest of the champion at that time; empty for the first."""
    trigger: str = ""
    """The decision that asked for it, in words."""
    refit_of: str = ""
    """Digest of the candidate that passed the gate, where this is its recipe trained again up to the newest label."""


class Tuning(_Part):
    """What a search for parameters tried."""

    trials: int
    """Parameter sets tried to the end."""
    pruned: int
    """Parameter sets given up early."""
    loss: float
    """Mean loss of the best on the later parts of the training rows (the objective's own metric)."""
    untuned_loss: float
    """The same, of the learner's parameters as they were."""


class Fit(_Part):
    """How it was trained."""

    objective: str = ""
    """xgboost's objective."""
    parameters: dict[str, float | int | str | bool] = Field(default_factory=dict)
    """All parameters given to xgboost."""
    rounds: int = 0
    """Boosting rounds."""
    max_categories: int = 1000
    """Categories of a feature kept apart."""
    seed: int = 0
    """Seed of the training."""
    nthread: int = 1
    """Threads; other counts may give other last bits."""
    device: str = "cpu"
    """`cpu` or `cuda`; they give other last bits."""
    rows: int = 0
    """Training rows."""
    calibration_rows: int = 0
    """Rows used for calibration only."""
    weights: dict[str, float] = Field(default_factory=dict)
    """Weight of a row by its partition; empty when all weigh the same."""
    label_mean: float = 0.0
    """Weighted mean of the training labels (class index for several classes)."""
    rows_sha256: str = ""
    """Digest of the encoded rows, labels and weights in their order."""
    libraries: dict[str, str] = Field(default_factory=dict)
    """Versions of Python and of the libraries that shape the result."""
    tuning: Tuning | None = None
    """The search that chose the parameters; none when they were given."""


class Manifest(_Part):
    """All that is needed to use a model safely, and to train it again."""

    schema_version: int = SCHEMA
    """Version of this description."""
    kind: Kind = "xgboost"
    """`constant` predicts the same for every row."""
    task: Literal["binary", "regression", "multiclass"]
    """Kind of target."""
    features: tuple[Feature, ...] = ()
    """Inputs, in the order the model expects."""
    classes: tuple[str, ...] = ()
    """Names of the classes, in the order of their scores (several classes only)."""
    calibration: tuple[Calibration, ...] = ()
    """None, one, or one per class."""
    constant: tuple[float, ...] = ()
    """What a constant model predicts: one number, or one per class."""
    model_sha256: str
    """Digest of the model file."""
    model_bytes: int
    """Size of the model file in bytes."""
    fit: Fit = Fit()
    """How it was trained."""
    lineage: Lineage = Lineage()
    """Where it comes from."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Return the names of the inputs in the model's order."""
        return tuple(feature.name for feature in self.features)

    @property
    def json_bytes(self) -> bytes:
        """Return the canonical JSON: sorted keys, no spaces, UTF-8.

        What has its default is left out, so that a field added later does not rename the models of before; a default
        can therefore never change.
        """
        always = {"schema_version": self.schema_version, "kind": self.kind}
        return canonical(self.model_dump(mode="json", exclude_defaults=True) | always)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON: the name of the model version."""
        return hashlib.sha256(self.json_bytes).hexdigest()


def canonical(value: Any) -> bytes:
    r"""Return JSON that is the same for equal values.

    Examples
    --------
    >>> canonical({"b": 1.5, "a": ["é"]})
    b'{"a":["\xc3\xa9"],"b":1.5}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def parse_manifest(data: bytes, where: str) -> Manifest:
    """Return the manifest of its JSON text.

    Raises
    ------
    ModelError
        When it is not one, or was written by a later version of Nightshift.
    """
    try:
        found = json.loads(data)
        version = found.get("schema_version") if isinstance(found, dict) else None
        if isinstance(version, int) and version > SCHEMA:
            raise ModelError.at(where, f"has schema {version}", f"at most {SCHEMA}", "update Nightshift here")
        return Manifest.model_validate(found)
    except (ValueError, ValidationError) as error:
        first = str(error).splitlines()[0]
        raise ModelError.at(
            where, f"is not a manifest ({first})", "the JSON that a training wrote", "restore the file, or roll back"
        ) from error
