"""Templates of our pages: escaped, self-contained, without scripts and without anything from a network."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from include.alerts.redact import redact
from include.report import words

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"
_CODE = re.compile(r"`([^`\n]{1,400})`")
_COMMAND = "python -m include"
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,116}\b")


def render(template: str, **values: Any) -> str:
    """Return a page.

    Parameters
    ----------
    template : str
        File in ``include/report/templates``.
    **values
        What it shows; every text is escaped, and secrets in it are hidden.
    """
    return _environment().get_template(template).render(**values)


def safe_href(href: str | None) -> str:
    r"""Return a link's target when it is `http`, `https`, `mailto` or relative; empty for any other scheme.

    Examples
    --------
    >>> safe_href("https://mlflow.example/run"), safe_href("../index.html"), safe_href(" java\nscript:alert(1)")
    ('https://mlflow.example/run', '../index.html', '')
    """
    text = re.sub(r"[\x00-\x20\x7f]+", "", href or "")
    scheme = re.match(r"^([a-zA-Z][a-zA-Z0-9+.-]*):", text)
    if scheme and scheme[1].lower() not in {"http", "https", "mailto"}:
        return ""
    return "" if text.startswith(("//", "\\", "/\\")) else redact(text)


def prose(text: str) -> Markup:
    """Return a sentence as HTML: escaped, secrets hidden, digests shortened, what stands between backticks set as code."""
    parts = _CODE.split(_DIGEST.sub(r"\1…", redact(text)))
    return Markup("").join(_code(part) if i % 2 else Markup("{}").format(part) for i, part in enumerate(parts))


def _code(text: str) -> Markup:
    if not text.startswith(_COMMAND):
        return Markup("<code>{}</code>").format(text)
    words_of_it = Markup(" ").join(Markup("<span>{}</span>").format(part) for part in text.split(" "))
    return Markup('<code class="command">{}</code>').format(words_of_it)


def _clean(value: Any) -> Any:
    """Hide secrets in whatever a template prints."""
    return redact(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    import jinja2

    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        count=words.count,
        number=words.number,
        short=words.short,
        seconds=words.seconds,
        word=words.word,
        tone=words.tone,
        day=words.day,
        ended=words.ended,
        sentence=words.sentence,
        prose=prose,
        href=safe_href,
    )
    found.globals.update(interval=words.interval, with_interval=words.with_interval, plural=words.plural)
    return found
