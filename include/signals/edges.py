"""The fixed bins of a reference: what every later partition is counted in, so that counts can be added and compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from include.signals.columns import Kind
from include.signals.errors import SignalError
from include.signals.moments import FloatArray


@dataclass(frozen=True)
class NumericEdges:
    """Bins of a numeric column, right-closed: bin i holds ``bounds[i-1] < x <= bounds[i]``, bin 0 holds ``bounds[0]``.

    Attributes
    ----------
    name : str
    bounds : tuple of float
        Strictly increasing, from the reference's smallest to its largest value, in the unit of the column; empty when
        the reference has no finite value.
    discrete : bool
        Whether every value of the reference (of its sample) is a bound, so that a bin is a value.
    """

    name: str
    bounds: tuple[float, ...]
    discrete: bool

    @property
    def kind(self) -> Kind:
        """Always ``"numeric"``."""
        return "numeric"

    @cached_property
    def array(self) -> FloatArray:
        """The bounds as an array of shape (n_bounds,)."""
        return np.array(self.bounds, dtype=np.float64)

    def to_json(self) -> dict[str, Any]:
        """Return the canonical form; floats as hexadecimal text, so that no digit is lost."""
        bounds = [bound.hex() for bound in self.bounds]
        return {"bounds": bounds, "discrete": self.discrete, "kind": "numeric", "name": self.name}


@dataclass(frozen=True)
class CategoricalEdges:
    """Categories of a categorical column; every other text is counted together as unseen.

    Attributes
    ----------
    name : str
    categories : tuple of str
        Sorted; the most frequent ones where the reference has more than its bound.
    complete : bool
        Whether these are all categories of the reference. If not, the unseen bucket of the reference itself is not
        empty, and only its growth is news.
    """

    name: str
    categories: tuple[str, ...]
    complete: bool

    @property
    def kind(self) -> Kind:
        """Always ``"categorical"``."""
        return "categorical"

    @cached_property
    def array(self) -> pa.Array:
        """The categories as an Arrow array of shape (n_categories,)."""
        return pa.array(self.categories, pa.string())

    def to_json(self) -> dict[str, Any]:
        """Return the canonical form."""
        return {
            "categories": list(self.categories),
            "complete": self.complete,
            "kind": "categorical",
            "name": self.name,
        }


SubjectEdges = NumericEdges | CategoricalEdges


@dataclass(frozen=True)
class Edges:
    """The bins of all columns of a reference, identified by their content.

    Examples
    --------
    >>> from include.signals.binning import edges_from
    >>> edges = edges_from([pa.record_batch({"x": [1.0, 2.0, 2.0], "c": ["a", "b", None]})])
    >>> edges.subjects["x"].bounds, edges.subjects["c"].categories
    ((1.0, 2.0), ('a', 'b'))
    >>> Edges.from_json(edges.to_json()) == edges, edges.id[:12]
    (True, '89b9e1898c56')
    """

    subjects: Mapping[str, SubjectEdges]

    @cached_property
    def id(self) -> str:
        """SHA-256 of the canonical form, 64 hexadecimal digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Return the canonical form: the same edges give the same text whatever the order of their columns."""
        parts = [self.subjects[name].to_json() for name in sorted(self.subjects)]
        return json.dumps(parts, ensure_ascii=True, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Edges:
        """Return the edges whose `to_json` is `text`.

        Raises
        ------
        SignalError
            When the text is not what `to_json` writes.
        """
        try:
            found = [subject_from_json(part) for part in json.loads(text)]
        except (ValueError, KeyError, TypeError) as error:
            raise SignalError.at(
                "edges", f"they cannot be read ({error})", "the text of Edges.to_json", "profile the reference again"
            ) from error
        return cls({edges.name: edges for edges in found})

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Edges) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)


def subject_from_json(part: Mapping[str, Any]) -> SubjectEdges:
    """Return the edges of one column from their canonical form."""
    if part["kind"] == "categorical":
        return CategoricalEdges(part["name"], tuple(part["categories"]), part["complete"])
    return NumericEdges(part["name"], tuple(float.fromhex(bound) for bound in part["bounds"]), part["discrete"])
