"""A night that has begun: what its first record fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.errors import ConfigError, LedgerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.config.model import Model
    from include.partitions import Partition
    from include.project import Project
    from include.registry.ledger import Ledger


@dataclass(frozen=True)
class Begun:
    """A night in work.

    Attributes
    ----------
    model : Model
        Its model.
    night : Partition
        Its interval.
    ledger : Ledger
        The model's ledger.
    body : mapping
        The record ``night_start``.
    """

    model: Model
    night: Partition
    ledger: Ledger
    body: Mapping[str, Any]

    @property
    def feature_version(self) -> str:
        """Return the feature version that the night uses."""
        return str(self.body["feature_version"])

    @property
    def champion(self) -> str | None:
        """Return the digest of the champion that serves the night."""
        return self.body["champion"]  # type: ignore[no-any-return]

    @property
    def blocked(self) -> bool:
        """Tell whether its data forbid to retrain."""
        return self.body["health"] in ("block", "cannot_tell")

    def version(self, dataset: str) -> int | None:
        """Return the pinned version of a dataset's snapshots."""
        return self.body["datasets"][dataset]["version"]  # type: ignore[no-any-return]


def begun(project: Project, name: str, partition: str) -> Begun:
    """Return a night that ``wait`` has begun.

    Raises
    ------
    LedgerError
        When it has not begun.
    ConfigError
        When the configuration was changed since: the night must be what it was when it began.
    """
    model = project.catalog.model(name)
    ledger = project.model_ledger(name)
    record = ledger.find(f"night/{partition}")
    if record is None:
        raise LedgerError.at(
            f"model {name}, night {partition}", "has not begun", "its record night_start", "run `wait` first"
        )
    found = Begun(model, project.night(model, partition), ledger, record.body)
    now = project.catalog.digest(name)
    if record.body["configuration"] != now and ledger.find(f"decision/{partition}") is None:
        raise ConfigError.at(
            f"model {name}, night {partition}",
            "its configuration was changed after the night began",
            "the configuration that the night began with, or a decided night",
            "put the old configuration back until this night is done, or run the next night",
        )
    return found
