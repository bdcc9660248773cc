from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.report.plots import Series, bar_plot, interval_plot, line_plot, pair_plot

LABELS = ["2013-03-01", "2013-03-02", "2013-03-03"]


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(str(svg))


def numbers(svg: str) -> list[float]:
    """Return every coordinate of a drawing."""
    found: list[float] = []
    for element in parsed(svg).iter():
        for name in ("d", "points", "x", "y", "cx", "cy", "width", "height"):
            if name in element.attrib:
                found += map(float, re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", element.attrib[name]))
    return found


def test_line_goes_through_its_values() -> None:
    svg = line_plot("Loss", "it rises", LABELS, [Series("loss", (0.4, 0.5, 0.6))])
    (line,) = [e for e in parsed(svg) if e.get("class") == "line a"]
    assert line.get("d") == "M70.0 182.3L390.0 115.0L710.0 47.7"


def test_a_gap_breaks_line_and_band() -> None:
    values = (0.4, None, 0.5, 0.6)
    svg = line_plot("Loss", "", [*LABELS, "2013-03-04"], [Series("loss", values, values, values)])
    (line,) = [e for e in parsed(svg) if e.get("class") == "line a"]
    assert str(line.get("d")).count("M") == 2
    assert len([e for e in parsed(svg) if e.get("class") == "whisker a"]) == 1
    assert len([e for e in parsed(svg) if e.get("class") == "band a"]) == 1


def test_level_is_drawn_even_outside_the_values() -> None:
    svg = line_plot("Loss", "", LABELS, [Series("loss", (0.4, 0.41, 0.42))], level=0.9)
    assert len([e for e in parsed(svg) if e.get("class") == "level"]) == 1
    assert all(0 <= n <= 760 for n in numbers(svg))


@pytest.mark.parametrize("values", [(), (None, None, None), (math.nan, math.inf, None)])
def test_nothing_to_draw_gives_no_plot(values: tuple[float | None, ...]) -> None:
    assert line_plot("Loss", "", LABELS, [Series("loss", values)]) == ""


def test_title_and_description_are_told_and_escaped() -> None:
    svg = line_plot("<b>", 'a "quote" & <i>', ["<x>"], [Series("s<", (1.0,))])
    root = parsed(svg)
    assert root.get("role") == "img"
    assert [e.text for e in root][:2] == ["<b>", 'a "quote" & <i>']
    assert root.get("aria-label") == '<b>. a "quote" & <i>'


def test_long_series_are_drawn_without_dots() -> None:
    svg = line_plot("Loss", "", [str(i) for i in range(100)], [Series("loss", (0.5,) * 100)])
    assert "circle" not in svg


values = st.one_of(st.none(), st.floats(width=64), st.floats(-1e6, 1e6))


@settings(max_examples=80, deadline=None)
@given(st.lists(values, min_size=1, max_size=12), st.one_of(st.none(), st.floats()))
def test_any_values_stay_inside_the_drawing(found: list[float | None], level: float | None) -> None:
    small = [None if v is not None and math.isfinite(v) and abs(v) > 1e300 else v for v in found]
    if level is not None and abs(level) > 1e300:
        level = None
    svg = line_plot("t", "d", [str(i) for i in range(len(small))], [Series("s", tuple(small))], level=level)
    if svg:
        assert all(math.isfinite(n) and -1 <= n <= 761 for n in numbers(svg))
        assert "nan" not in svg


def test_histograms_show_shares_of_their_own_totals() -> None:
    svg = pair_plot("t", "d", ("a", "b"), (30, 10), (3, 1))
    reference, current = (str(e.get("d")) for e in parsed(svg) if "bar" in str(e.get("class")))
    assert re.findall(r"V([\d.]+)h", reference) == re.findall(r"V([\d.]+)h", current)


@pytest.mark.parametrize(("reference", "current"), [((0, 0), (1, 1)), ((1, 1), (0, 0)), ((math.nan, -1), (1, 1))])
def test_a_histogram_without_rows_is_not_drawn(reference: tuple[float, ...], current: tuple[float, ...]) -> None:
    assert pair_plot("t", "d", ("a", "b"), reference, current) == ""


def test_bars_keep_their_order_and_only_the_largest() -> None:
    svg = bar_plot("t", "d", [("small", 1.0, "1"), ("large", 9.0, "9"), ("middle", 5.0, "5")], most=2)
    assert [e.text for e in parsed(svg) if e.tag == "text"] == ["large", "9", "middle", "5"]


def test_bars_ignore_what_is_no_length() -> None:
    assert bar_plot("t", "d", [("a", math.nan, "x"), ("b", -1.0, "x")]) == ""


def test_intervals_stand_beside_zero_and_margin() -> None:
    svg = interval_plot("t", "d", [("loss", 0.013, 0.005, 0.022, "good")], margin=0.0045)
    classes = [e.get("class") for e in parsed(svg)]
    assert "zero" in classes
    assert "level" in classes
    assert "whisker good" in classes
    assert "dot good" in classes


def test_intervals_without_ends_are_left_out() -> None:
    assert interval_plot("t", "d", [("loss", 0.1, -math.inf, 0.2, "good")]) == ""


def test_long_names_are_cut() -> None:
    svg = bar_plot("t", "d", [("n" * 400, 1.0, "1")])
    assert next(e.text for e in parsed(svg) if e.tag == "text") == "n" * 25 + "…"
