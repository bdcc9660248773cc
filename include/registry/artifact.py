"""A model as two files: `model.ubj` and `manifest.json`, written once, verified at every load.

A model file is data, never a pickle. xgboost does not validate what it loads, and an edited file crashes the interpreter
(its own security page says so), so a file is first loaded in a child interpreter, once per machine and library version.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.errors import ConflictError, ModelError
from include.registry.manifest import Manifest, parse_manifest
from include.registry.proof import prove
from include.registry.signing import Keys
from include.storage.objects import create_if_absent, read_bytes, read_if_present

if TYPE_CHECKING:
    import xgboost as xgb

    from include.storage.locations import Location

MODEL, MANIFEST, SIGNATURE = "model.ubj", "manifest.json", "manifest.sig"


@dataclass(frozen=True)
class Artifact:
    """A model's bytes and what they are.

    Attributes
    ----------
    manifest : Manifest
        What it is.
    model : bytes
        UBJSON of xgboost; empty for a constant model.
    """

    manifest: Manifest
    model: bytes = field(repr=False)
    _boosters: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """Return the name of this model version: the SHA-256 of its manifest."""
        return self.manifest.digest

    def booster(self, nthread: int = 1) -> xgb.Booster:
        """Return the booster, loaded once per thread count, predicting on the CPU.

        Raises
        ------
        ModelError
            For a constant model, which has none.
        """
        if self.manifest.kind != "xgboost":
            raise ModelError.at(f"model {self.digest[:12]}", "is a constant", "a trained model")
        if nthread not in self._boosters:
            import xgboost as xgb

            booster = xgb.Booster({"nthread": nthread})
            booster.load_model(bytearray(self.model))
            booster.set_param({"device": "cpu", "nthread": nthread})
            self._boosters[nthread] = booster
        return self._boosters[nthread]


def sha256(data: bytes) -> str:
    """Return the hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def save(artifact: Artifact, store: Location, keys: Keys | None = None) -> str:
    """Write an artifact below ``store/<digest>`` and return its digest; nothing happens when it is there already.

    Parameters
    ----------
    artifact : Artifact
        What to write.
    store : Location
        Folder of all artifacts of a model.
    keys : Keys, optional
        Signs the manifest; the environment's (`Keys.of`) when omitted.

    Raises
    ------
    ConflictError
        When other bytes are there under this name.
    """
    place = store / artifact.digest
    manifest = artifact.manifest.json_bytes
    signature = (keys or Keys.of()).sign(manifest)
    files = [(MODEL, artifact.model), (MANIFEST, manifest)]
    if signature:
        files.insert(1, (SIGNATURE, signature))
    for name, data in files:
        if not create_if_absent(place / name, data) and read_bytes(place / name) != data:
            raise ConflictError.at(
                str(place / name), "holds other bytes", "those of this model", "restore or remove that folder"
            )
    return artifact.digest


def load(store: Location, digest: str, *, keys: Keys | None = None, cache: Path | None = None) -> Artifact:
    """Return a verified artifact.

    Parameters
    ----------
    store : Location
        Folder of all artifacts of a model.
    digest : str
        Name of the version, as the ledger has it: bytes that do not hash to it are refused.
    keys : Keys, optional
        With a key, a missing or wrong signature is refused; the environment's (`Keys.of`) when omitted.
    cache : Path, optional
        Local folder that remembers which files were proven harmless; ``~/.cache/nightshift`` when omitted.

    Raises
    ------
    ModelError
        When files are missing, altered, unsigned, or cannot be loaded in a child interpreter.
    """
    place = store / digest
    manifest_bytes = _present(place / MANIFEST)
    if sha256(manifest_bytes) != digest:
        raise _altered(place / MANIFEST, sha256(manifest_bytes), digest)
    (keys or Keys.of()).verify(manifest_bytes, read_if_present(place / SIGNATURE), str(place))
    manifest = parse_manifest(manifest_bytes, str(place / MANIFEST))
    model = _present(place / MODEL)
    if sha256(model) != manifest.model_sha256:
        raise _altered(place / MODEL, sha256(model), manifest.model_sha256)
    if manifest.kind == "xgboost":
        prove(model, manifest.model_sha256, len(manifest.features), str(place / MODEL), cache)
    return Artifact(manifest, model)


def _present(place: Location) -> bytes:
    data = read_if_present(place)
    if data is None:
        raise ModelError.at(
            str(place), "is not there", "the file that a training wrote", "restore it, or roll back to another version"
        )
    return data


def _altered(place: Location, found: str, expected: str) -> ModelError:
    return ModelError.at(
        str(place),
        f"was altered (its SHA-256 is {found[:12]}…)",
        f"{expected[:12]}…",
        "restore the file, or roll back to another version",
    )
