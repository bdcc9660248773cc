"""Errors a user can act on.

Each answers four questions: where, what was found, what was expected, what to do.
"""

from __future__ import annotations

from typing import Self


class NightshiftError(Exception):
    """Base of every error that a person can act on; shown without a traceback.

    Examples
    --------
    >>> print(NightshiftError.at("flights.yaml:3", "no column 'when'", "one of: day, hour", "correct event_time"))
    flights.yaml:3: no column 'when'. Expected one of: day, hour. To do: correct event_time.
    """

    exit_code = 1

    @classmethod
    def at(cls, where: str, found: str, expected: str = "", do: str = "") -> Self:
        """Return the error whose text says where, what was found, what was expected and what to do."""
        text = f"{where}: {found}" if found.endswith(("?", ".")) else f"{where}: {found}."
        if expected:
            text += f" Expected {expected}."
        if do:
            text += f" To do: {do}."
        return cls(text)

    def __reduce__(self) -> tuple[type[NightshiftError], tuple[object, ...]]:
        """Pickle by text, so that the error crosses from a child interpreter unharmed."""
        return type(self), self.args


class ConfigError(NightshiftError):
    """A YAML or SQL file that a user wrote is wrong."""

    exit_code = 2


class SourceError(NightshiftError):
    """A source could not give the rows of a partition as its contract types them."""


class StorageError(NightshiftError):
    """A table or object store refused, or holds something newer than this code."""


class ConflictError(StorageError):
    """Somebody else wrote first; what was about to be written is stale."""


class BlockedError(NightshiftError):
    """Data are blocked: the contract's verdict does not allow their use."""


class FeatureError(NightshiftError):
    """A model's SQL cannot be run, or its rows break their contract."""


class ModelError(NightshiftError):
    """A model file is missing, altered, or cannot be trained or loaded."""


class LedgerError(NightshiftError):
    """A ledger is broken, or refuses what was asked of it."""


class PolicyError(NightshiftError):
    """A policy cannot be read or run."""

    exit_code = 2
