"""One installation: its configuration, where it keeps things, who acts, and what time it is."""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.config.load import config_root, load_catalog, load_one
from include.errors import ConfigError
from include.partitions import Partition, partition_from_key
from include.registry.ledger import Ledger, Stamp
from include.storage.locations import Location
from include.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from include.config.dataset import Dataset
    from include.config.load import Catalog, Kind
    from include.config.model import Model
    from include.storage.tables import Table

STATIC_KEY = "static"


def utc_now() -> datetime:
    """Return the present instant; the only clock outside tests."""
    return datetime.now(UTC)


def _environment() -> Mapping[str, str]:
    return os.environ


@dataclass(frozen=True)
class Project:
    """Everything a step of a night needs to know about its installation.

    Attributes
    ----------
    home : Location
        Root of all tables, ledgers, reports and messages.
    catalog : Catalog
        Datasets and models.
    stamp : Stamp
        Who acts, where, with which code.
    connections : object
        Gives connections by id; see `include.sources.connections`.
    tracking_uri : str or None
        Of MLflow; None where nothing is projected.
    threads : int
        That a step may use.
    memory : str
        That a query may use, such as ``2GB``.
    clock : callable
        Returns the present instant in UTC.
    versions : mapping of str to int
        Of a model's tables by name, where they are to be read as they were; see `as_of`.
    """

    home: Location
    catalog: Catalog
    stamp: Stamp
    connections: Any
    tracking_uri: str | None = None
    threads: int = 1
    memory: str = "1GB"
    clock: Callable[[], datetime] = field(default=utc_now)
    versions: Mapping[str, int] = field(default_factory=dict)
    _ledgers: dict[str, Ledger] = field(default_factory=dict, repr=False, compare=False)
    _pinned: dict[str, Table] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(
        cls,
        *,
        environ: Mapping[str, str] | None = None,
        actor: str | None = None,
        only: tuple[Kind, str] | None = None,
        connections: Any = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> Project:
        """Return the installation that the environment describes.

        Parameters
        ----------
        environ : mapping, optional
            ``NIGHTSHIFT_HOME`` (default ``.nightshift``), ``NIGHTSHIFT_CONFIG`` (default ``include``),
            ``NIGHTSHIFT_ENVIRONMENT`` (default ``local``), ``NIGHTSHIFT_THREADS``, ``NIGHTSHIFT_MEMORY``,
            ``MLFLOW_TRACKING_URI``.
        actor : str, optional
            Written into the ledger; the operating system's user when omitted.
        only : (kind, name), optional
            Reads no other configuration file than this one and those it names.
        connections, clock
            See the class.
        """
        found = _environment() if environ is None else environ
        root = config_root(found)
        if connections is None:
            from include.sources.connections import EnvironmentConnections

            connections = EnvironmentConnections(found)
        return cls(
            home=_home(found),
            catalog=load_one(root, *only) if only else load_catalog(root),
            stamp=Stamp(actor or getpass.getuser(), found.get("NIGHTSHIFT_ENVIRONMENT") or "local", VERSION),
            connections=connections,
            tracking_uri=found.get("MLFLOW_TRACKING_URI") or None,
            threads=_whole(found, "NIGHTSHIFT_THREADS", 1),
            memory=_memory(found),
            clock=clock,
        )

    # ---- places ------------------------------------------------------------------------------------------------

    def dataset_home(self, name: str) -> Location:
        """Return the folder of a dataset."""
        return self.home / "datasets" / name

    def model_home(self, name: str) -> Location:
        """Return the folder of a model."""
        return self.home / "models" / name

    def dataset_ledger(self, name: str) -> Ledger:
        """Return the ledger of a dataset's verdicts."""
        return self._ledger(self.dataset_home(name) / "ledger")

    def model_ledger(self, name: str) -> Ledger:
        """Return the ledger of a model's nights, decisions, gates and champions."""
        return self._ledger(self.model_home(name) / "ledger")

    def _ledger(self, location: Location) -> Ledger:
        """Return one object a ledger: it remembers what it has read, and looks for what is new."""
        if location.uri not in self._ledgers:
            self._ledgers[location.uri] = Ledger(location, self.stamp, self.clock)
        return self._ledgers[location.uri]

    def snapshots(self, dataset: str) -> Table | None:
        """Return the table of a dataset's visible rows, None before its first publication."""
        from include.storage.tables import Table

        return Table.existing(self.dataset_home(dataset) / "snapshots", f"snapshots of {dataset}")

    def as_of(self, versions: Mapping[str, int], *ledgers: Ledger) -> Project:
        """Return the installation with some of a model's tables, and ledgers, as they were: for reading that one model."""
        past = {one.location.uri: one for one in ledgers}
        return replace(self, versions=dict(versions), _ledgers=self._ledgers | past, _pinned={})

    def as_it_was(self, name: str, table: Table) -> Table:
        """Return a model's table in the version that `as_of` was told, opened once; itself where none was."""
        if name not in self.versions:
            return table
        if name not in self._pinned:
            self._pinned[name] = table.pinned(self.versions[name])
        return self._pinned[name]

    # ---- time --------------------------------------------------------------------------------------------------

    def partition(self, dataset: Dataset, key: str) -> Partition | None:
        """Return a dataset's partition by key; None stands for the whole of a static dataset."""
        if dataset.static:
            return None
        return partition_from_key(key, dataset.partition, dataset.timezone)

    def night(self, model: Model, key: str) -> Partition:
        """Return a model's night by key: a partition of the dataset whose rows it scores."""
        rows = self.catalog.dataset(model.rows)
        return partition_from_key(key, rows.partition, rows.timezone)


def _home(environ: Mapping[str, str]) -> Location:
    home = Location.of(environ.get("NIGHTSHIFT_HOME") or ".nightshift", environ)
    if home.is_local and home.path.exists() and not home.path.is_dir():
        raise ConfigError.at(
            "environment variable NIGHTSHIFT_HOME", f"{home} is not a folder", "a folder, or s3://…", "correct it"
        )
    return home


def _memory(environ: Mapping[str, str]) -> str:
    text = environ.get("NIGHTSHIFT_MEMORY") or "1GB"
    if not re.fullmatch(r"\d+(\.\d+)? ?[KMGT]i?B", text):
        raise ConfigError.at(
            "environment variable NIGHTSHIFT_MEMORY",
            f"is {text!r}",
            "an amount such as 2GB",
            "correct or unset NIGHTSHIFT_MEMORY",
        )
    return text


def _whole(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise ConfigError.at(
            f"environment variable {name}", f"is {text!r}", "a whole number from 1", f"correct or unset {name}"
        )
    return int(text)
