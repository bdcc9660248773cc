"""What a diagnosis is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """One explanation of a strange night.

    Attributes
    ----------
    cause : str
        ``unit change``, ``null burst``, ``constant column``, ``renamed category``, ``new category``,
        ``vanished category``, ``duplicate rows``, ``copy of an earlier partition``, ``truncated partition``,
        ``shifted hours``, ``label leakage``, or ``the world changed``.
    subject : str
        The column, or ``rows``.
    evidence : mapping of str to float
        The numbers behind it.
    sentence : str
        In plain words.
    defect : bool
        True when the data are at fault: nothing may be trained on them.
    """

    cause: str
    subject: str
    evidence: Mapping[str, float]
    sentence: str
    defect: bool
