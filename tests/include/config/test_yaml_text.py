from __future__ import annotations

import pytest

from include.config.yaml_text import MAX_BYTES, Place, read_yaml


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("''", ""),
        ("12", 12),
        ("-3", -3),
        ("007", "007"),
        ("1.50", 1.5),
        ("01.5", "01.5"),
        ("1e3", 1000.0),
        (".inf", float("inf")),
        ("12:30", "12:30"),
        ("2013-01-01", "2013-01-01"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("'12'", "12"),
        ("'true'", "true"),
    ],
)
def test_scalars_mean_what_they_look_like(text, expected):
    found = read_yaml(f"a: {text}").data["a"]

    assert found == expected
    assert type(found) is type(expected)


def test_places_point_at_keys_and_values():
    document = read_yaml("name: flights\ncontract:\n  columns: {late: {type: bool}}\nkey: [a, bc]\n")

    assert document.flaws == ()
    assert document.keys[("contract", "columns", "late", "type")] == Place(3, 19, 4)
    assert document.values[("contract", "columns", "late", "type")] == Place(3, 25, 4)
    assert document.values[("key", 1)] == Place(4, 9, 2)


@pytest.mark.parametrize(
    ("text", "flaw", "line"),
    [
        ("a: 1\nb: &x 2", "has an anchor (&x); anchors and aliases are refused", 2),
        ("a: &x 1\nb: *x", "uses an alias (*); anchors and aliases are refused, write the value out", 2),
        ("a: !!python/name:os.system x", "has a tag (tag:yaml.org,2002:python/name:os.system); tags are refused", 1),
        ("a: !secret x", "has a tag (!secret); tags are refused", 1),
        ("a: 1\nb: 2\na: 3", "is written twice, first on line 1; keep one", 3),
        ("a: 1\n---\nb: 2", "a second document starts here; a file has one", 3),
        ("{[1, 2]: 3}", "has a key that is not a plain text", 1),
    ],
)
def test_yaml_beyond_plain_values_is_refused(text, flaw, line):
    document = read_yaml(text)

    assert (flaw, line) in [(found.text, document.place(found).line) for found in document.flaws]


def test_broken_yaml_names_its_line():
    document = read_yaml("name: x\nowner: {name: y\ntask: binary\n")

    assert [document.place(flaw).line for flaw in document.flaws] == [3]
    assert document.flaws[0].text.startswith("is not YAML: while parsing a flow mapping")


def test_a_file_too_large_is_not_parsed():
    document = read_yaml("a: " + "x" * MAX_BYTES)

    assert document.data is None
    assert document.flaws[0].text == "the file has 262,147 bytes; a configuration file has at most 262,144"


def test_deep_nesting_is_refused_not_crashed_on():
    document = read_yaml("a: " + "[" * 20_000 + "]" * 20_000)

    assert document.flaws[0].text == "is nested more than 32 deep"


def test_empty_text_has_no_data():
    assert read_yaml("# nothing\n").data is None
