from __future__ import annotations

import re

import pytest

from include.report.pages import TEMPLATES, prose, render, safe_href


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://a.example/x?b=1", "https://a.example/x?b=1"),
        ("../index.html", "../index.html"),
        ("2013-03-01T05Z.html", "2013-03-01T05Z.html"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("java\nscript:alert(1)", ""),
        ("\x01javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("//evil.example", ""),
        ("/\\evil.example", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_only_safe_targets_become_links(href: str | None, expected: str) -> None:
    assert safe_href(href) == expected


def test_prose_sets_commands_apart() -> None:
    assert prose("run `python -m include doctor` and `ls <x>` & wait") == (
        'run <code class="command"><span>python</span> <span>-m</span> <span>include</span> <span>doctor</span></code> '
        "and <code>ls &lt;x&gt;</code> &amp; wait"
    )


def test_an_open_backtick_stays_a_backtick() -> None:
    assert prose("it is 5` long") == "it is 5` long"


def test_missing_values_of_a_template_are_errors() -> None:
    with pytest.raises(Exception, match="'models' is undefined"):
        render("home.html", datasets=[], made_at=None)


def test_templates_never_switch_escaping_off() -> None:
    sources = {path.name: path.read_text() for path in TEMPLATES.iterdir()}
    assert {
        name for name, text in sources.items() if re.search(r"\|\s*safe|autoescape|<script|javascript:", text)
    } == set()
    assert {name for name, text in sources.items() if re.search(r"https?://|//cdn|@import|url\(", text)} == set()
    assert len(sources) == 14
