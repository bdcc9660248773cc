from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.signals.edges import CategoricalEdges, Edges, NumericEdges
from include.signals.errors import SignalError

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, unique=True), st.lists(st.text(), unique=True), st.booleans())
def test_json_gives_the_same_edges(bounds: list[float], texts: list[str], flag: bool) -> None:
    edges = Edges(
        {"x": NumericEdges("x", tuple(sorted(bounds)), flag), "c": CategoricalEdges("c", tuple(sorted(texts)), flag)}
    )
    again = Edges.from_json(edges.to_json())
    assert again == edges
    assert again.subjects["x"].bounds == edges.subjects["x"].bounds
    assert again.subjects["c"].categories == edges.subjects["c"].categories


def test_id_is_of_the_content() -> None:
    x, y = NumericEdges("x", (1.0, 2.0), True), NumericEdges("y", (1.0,), True)
    assert Edges({"x": x, "y": y}).id == Edges({"y": y, "x": x}).id
    assert Edges({"x": x}).id != Edges({"x": NumericEdges("x", (1.0, 2.0 + 1e-15), True)}).id
    assert len(Edges({"x": x}).id) == 64
    assert Edges({"x": x}) != "x"
    assert len({Edges({"x": x}), Edges({"x": x})}) == 1


@pytest.mark.parametrize("text", ["{", "[1]", '[{"kind": "numeric", "name": "x"}]'])
def test_broken_json_is_explained(text: str) -> None:
    with pytest.raises(SignalError, match=r"edges: they cannot be read \(.*profile the reference again"):
        Edges.from_json(text)
