"""MLflow's aliases as a projection of the ledger, and what others changed in them."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.registry.tracking import MANIFEST_TAG, TrackingError, shown, tracking, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow import MlflowClient

ALIASES = ("champion", "challenger", "previous", "shadow")
_TAG = "nightshift.alias."
_ATTEMPTS = 5


@dataclass(frozen=True)
class ForeignChange:
    """An alias that does not stand where Nightshift last put it.

    Attributes
    ----------
    alias : str
        Its name.
    expected, found : str
        Manifest digests: where Nightshift put it and where it stands; empty for nowhere, ``version N`` for a version
        that Nightshift did not register.
    """

    alias: str
    expected: str
    found: str

    @property
    def sentence(self) -> str:
        """Return it in words."""
        return (
            f"Somebody moved the alias {self.alias} in MLflow from {self.expected[:12] or 'nowhere'} "
            f"to {self.found[:12] or 'nowhere'}; the ledger decides who serves."
        )


def project_aliases(tracking_uri: str, model: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """Make the aliases of a registered model say what the ledger says.

    Parameters
    ----------
    tracking_uri : str
        Database or server.
    model : str
        Registered model.
    wanted : mapping of str to str
        Manifest digest by alias (`ALIASES`); an alias that is not named is removed.

    Returns
    -------
    dict of str to str
        Registered version by alias. Nothing is written when all stand right already.

    Raises
    ------
    TrackingError
        When MLflow cannot be reached, or a digest is not registered yet (its training is to be logged first); the other
        aliases are in place then.
    """
    with tracking(tracking_uri) as client:
        known = _registered_model(client, model)
        if known is None:
            if not wanted:
                return {}
            raise _absent(tracking_uri, model, "is not registered")
        versions = {alias: version_of(client, model, digest) for alias, digest in wanted.items()}
        placed = {alias: str(version.version) for alias, version in versions.items() if version is not None}
        for alias in ALIASES:
            _place(client, model, alias, placed.get(alias), str(known.aliases.get(alias, "")) or None)
            _remember(client, model, known.tags, alias, wanted[alias] if alias in placed else "")
    missing = sorted(set(wanted) - set(placed))
    if missing:
        raise _absent(tracking_uri, model, f"has no version of {wanted[missing[0]][:12]} for the alias {missing[0]}")
    return placed


def reconcile(tracking_uri: str, model: str, wanted: Mapping[str, str]) -> list[ForeignChange]:
    """Return what others changed in a model's aliases since Nightshift set them, and set them right.

    Raises
    ------
    TrackingError
        As `project_aliases` does.
    """
    with tracking(tracking_uri) as client:
        known = _registered_model(client, model)
        changes = [] if known is None else _foreign(client, known)
    project_aliases(tracking_uri, model, wanted)
    return changes


def _foreign(client: MlflowClient, known: Any) -> list[ForeignChange]:
    digests = {
        str(v.version): v.tags.get(MANIFEST_TAG, f"version {v.version}")
        for v in client.search_model_versions(f"name = '{known.name}'")
    }
    changes = []
    for alias in ALIASES:
        expected = known.tags.get(_TAG + alias, "")
        version = known.aliases.get(alias)
        found = "" if version is None else digests.get(str(version), f"version {version}")
        if found != expected:
            changes.append(ForeignChange(alias, expected, found))
    return changes


def _place(client: MlflowClient, model: str, alias: str, version: str | None, now: str | None) -> None:
    if version == now:
        return
    if version is None:
        client.delete_registered_model_alias(model, alias)
        return
    from mlflow.exceptions import MlflowException

    for attempt in range(_ATTEMPTS):
        try:
            client.set_registered_model_alias(model, alias, version)
            return
        except MlflowException as error:
            # Two writers that set an alias for the first time at once: one of them meets the other's row.
            if "UNIQUE" not in str(error).upper() or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(random.random() * 0.05 * 2**attempt)  # noqa: S311 (spreads writers, hides nothing)


def _remember(client: MlflowClient, model: str, tags: Mapping[str, str], alias: str, digest: str) -> None:
    if tags.get(_TAG + alias, "") != digest:
        client.set_registered_model_tag(model, _TAG + alias, digest)


def _registered_model(client: MlflowClient, model: str) -> Any:
    found = client.search_registered_models(f"name = '{model}'")
    return client.get_registered_model(model) if found else None


def _absent(uri: str, model: str, found: str) -> TrackingError:
    return TrackingError.at(
        f"MLflow at {shown(uri)}, model {model}", found, "its training to be logged", "log the training first"
    )
