"""Signals: one number per partition and subject, from mergeable profiles.

In a notebook:

>>> import pyarrow as pa
>>> from include.signals import Profile, edges_from, signals_of
>>> reference = [pa.record_batch({"delay": [0.0, 1.0, 2.0, 3.0] * 50})]
>>> edges = edges_from(reference)
>>> tonight = Profile.of([pa.record_batch({"delay": [2.0, 3.0, 4.0] * 20})], edges)
>>> found = signals_of(tonight, Profile.of(reference, edges), key="notebook")
>>> [(one.signal, round(one.value, 2)) for one in found]
[('wasserstein_standardised', 1.34), ('null_share', 0.0), ('mean_shift', 1.34)]
>>> found[2].studentised > 9
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.signals.binning import edges_from
    from include.signals.catalogue import STATISTICS, binned_values, exact_values
    from include.signals.edges import Edges
    from include.signals.errors import SignalError
    from include.signals.measure import Signal, signals_of, signals_table
    from include.signals.measured import Measured
    from include.signals.pca_error import PcaError
    from include.signals.profile import Profile
    from include.signals.profile_rows import PROFILE_SCHEMA, from_rows, to_rows
    from include.signals.reading import parquet_batches
    from include.signals.sample import sampled
    from include.signals.study import compare

_HOME = {
    "PROFILE_SCHEMA": "profile_rows",
    "STATISTICS": "catalogue",
    "Edges": "edges",
    "Measured": "measured",
    "PcaError": "pca_error",
    "Profile": "profile",
    "Signal": "measure",
    "SignalError": "errors",
    "binned_values": "catalogue",
    "compare": "study",
    "edges_from": "binning",
    "exact_values": "catalogue",
    "from_rows": "profile_rows",
    "parquet_batches": "reading",
    "sampled": "sample",
    "signals_of": "measure",
    "signals_table": "measure",
    "to_rows": "profile_rows",
}

__all__ = [
    "PROFILE_SCHEMA",
    "STATISTICS",
    "Edges",
    "Measured",
    "PcaError",
    "Profile",
    "Signal",
    "SignalError",
    "binned_values",
    "compare",
    "edges_from",
    "exact_values",
    "from_rows",
    "parquet_batches",
    "sampled",
    "signals_of",
    "signals_table",
    "to_rows",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOME:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"include.signals.{_HOME[name]}"), name)
