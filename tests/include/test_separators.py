from __future__ import annotations

import pytest

from include.separators import fields_of, other_separator


@pytest.mark.parametrize(
    ("head", "assumed", "expected"),
    [
        ("id;at;city\n1;2;3\n", ",", ";"),
        ("id\tat\tcity\r\n1\t2\t3\r\n", ",", "\t"),
        ("id|at\n", ",", "|"),
        ("id,at,city\n", ";", ","),
        ('"id";"at"\n', ",", ";"),
        ('"first\nline";at\n', ",", ";"),
        ("price; net\tgross; kind\n", ",", ";"),
        ("id\n1;2\n", ",", None),
        ("id,at;city\n", ",", None),
        ('"id;at"\n', ",", None),
        ("id\n", ",", None),
        ("", ",", None),
    ],
)
def test_only_a_header_of_one_column_is_doubted(head: str, assumed: str, expected: str | None) -> None:
    assert other_separator(head, assumed) == expected


def test_a_header_is_the_first_record() -> None:
    assert fields_of('id;"first\nlast"\n1;2\n', ";") == ["id", "first\nlast"]
    assert fields_of("", ",") == []
