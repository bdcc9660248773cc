"""What is wrong with a YAML file, in the words of the person who wrote it."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.config.base import COLUMN_PATTERN, CONNECTION_PATTERN, NAME_PATTERN, SLACK_PATTERN
from include.config.schema_walk import known_keys, literals, members_at, value_at
from include.config.yaml_text import Document, Flaw, KeyPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

_SECRET = re.compile(r"((?:password|passwd|secret|token|credential|api_?key)\w*['\"]?\s*[:=]\s*)\S.*", re.IGNORECASE)
_URL_LOGIN = re.compile(r"(://)[^/@\s]*@")
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a text (put it in quotes)",
    "dict": "keys with values",
    "model": "keys with values",
    "tuple": "a list",
    "list": "a list",
}
_PATTERNS = {
    NAME_PATTERN: "lower-case letters, digits and _, with a letter first",
    COLUMN_PATTERN: "one that does not begin with _ (such columns are Nightshift's own)",
    CONNECTION_PATTERN: "the id of an Airflow connection (letters, digits, _ . -), never a URL or a password",
    SLACK_PATTERN: "a Slack channel such as '#data' (in quotes, since # begins a comment), or its id",
}
_BOUNDS = {
    "greater_than": ("a number greater than {}", "gt"),
    "greater_than_equal": ("a number of at least {}", "ge"),
    "less_than": ("a number less than {}", "lt"),
    "less_than_equal": ("a number of at most {}", "le"),
    "string_too_short": ("a text of at least {} character", "min_length"),
    "string_too_long": ("a text of at most {} characters", "max_length"),
    "too_short": ("a list of at least {}", "min_length"),
    "too_long": ("a list of at most {}", "max_length"),
}


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Return the sentence that offers the nearest known word, empty when none is near.

    Examples
    --------
    >>> did_you_mean("cooldwn", ["cooldown", "rule"])
    " Did you mean 'cooldown'?"
    """
    near = difflib.get_close_matches(found, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""


def listed(names: Iterable[str], most: int = 12) -> str:
    """Return names as a text, the first of them when they are many.

    >>> listed(["a", "b", "c"], 2), listed([])
    ('a, b and 1 more', 'none')
    """
    found = list(names)
    more = len(found) - most
    return (", ".join(found[:most]) + (f" and {more} more" if more > 0 else "")) or "none"


def dotted(path: KeyPath) -> str:
    """Return the way one writes a path of keys: ``contract.columns.late.type``, ``datasets[2]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown_path(path: Path) -> str:
    """Return a path relative to the current folder when it lies inside it, whole otherwise."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def without_secrets(text: str) -> str:
    """Return a line with what looks like a password or a login in a URL replaced by ``***``."""
    return _URL_LOGIN.sub(r"\1***@", _SECRET.sub(r"\1***", text))


def render(flaws: Iterable[Flaw], document: Document, text: str, path: Path) -> tuple[str, ...]:
    """Return one message for each flaw in the order of the file: where, what, the line itself with a caret below."""
    lines = text.splitlines()
    placed = sorted(((document.place(flaw), flaw) for flaw in flaws), key=lambda pair: (pair[0].line, pair[0].column))
    messages = []
    for place, flaw in placed:
        key = dotted(flaw.path)
        said = f"{key} {flaw.text}" if key else flaw.text
        message = f"{shown_path(path)}:{place.line}: {without_secrets(said)}"
        if place.length and place.line <= len(lines):
            line = without_secrets(lines[place.line - 1])
            margin = f"{place.line:>6} | "
            message += f"\n{margin}{line}\n{' ' * (len(margin) - 2)}| {' ' * place.column}"
            message += "^" * max(1, min(place.length, len(line) - place.column))
        messages.append(message)
    return tuple(dict.fromkeys(messages))


def flaws_of(error: ValidationError, schema: type[BaseModel], data: Any) -> list[Flaw]:
    """Return what pydantic found, in our words: one flaw a key, with the valid values and the nearest one."""
    found: dict[tuple[KeyPath, str], Flaw] = {}
    for item in error.errors(include_url=False):
        path = _path_in(data, item)
        if not _of_another_member(item, path, data):
            flaw = _flaw(path, item, schema, data)
            found.setdefault((flaw.path, flaw.text), flaw)
    return list(found.values())


def _of_another_member(item: ErrorDetails, path: KeyPath, data: Any) -> bool:
    """Tell whether an error comes from a member of a union that was not meant: keys were written, or were not."""
    if len(path) == len(item["loc"]) or "[key]" in item["loc"]:
        return False
    wants_keys = item["type"] in ("model_type", "dict_type")
    wants_scalar = item["type"].split("_")[0] in ("literal", "string", "float", "int", "none")
    return wants_scalar if isinstance(value_at(data, path), dict) else wants_keys


def _path_in(data: Any, item: ErrorDetails) -> KeyPath:
    """Return the keys of an error's place; pydantic puts the names of union members between them."""
    path: KeyPath = ()
    for position, part in enumerate(item["loc"]):
        here = value_at(data, path)
        absent = item["type"] == "missing" and position == len(item["loc"]) - 1
        written = isinstance(here, dict) and (part in here or absent)
        if written or (isinstance(here, list) and isinstance(part, int)):
            path = (*path, part)
    return path


def _flaw(path: KeyPath, item: ErrorDetails, schema: type[BaseModel], data: Any) -> Flaw:
    kind, context = item["type"], item.get("ctx", {})
    special: Callable[..., Flaw] | None = {
        "extra_forbidden": _unknown_key,
        "missing": _missing_key,
        "union_tag_not_found": _missing_tag,
        "union_tag_invalid": _wrong_tag,
    }.get(kind)
    if special:
        return special(path, item, schema, data)
    value = item["input"]
    if kind == "value_error":
        message = str(context.get("error", item["msg"]))
        scalar = not isinstance(value, (dict, list)) and path
        return Flaw(path, f"is {_shown(value)}: {message}" if scalar else f"is wrong: {message}" if path else message)
    if "[key]" in item["loc"]:
        return Flaw(
            path, f"is not a name that a column can have, expected {_expected(kind, context, item)}.", at_key=True
        )
    hint = did_you_mean(str(value), _choices(context)) if kind == "literal_error" else ""
    end = "" if hint else "."
    return Flaw(path, f"is {_shown(value)}, expected {_expected(kind, context, item)}{end}{'.' * bool(hint)}{hint}")


def _unknown_key(path: KeyPath, _item: ErrorDetails, schema: type[BaseModel], data: Any) -> Flaw:
    known = known_keys(schema, path[:-1], data)
    hint = did_you_mean(str(path[-1]), known) or (f" Known here: {', '.join(known)}." if known else "")
    return Flaw(path, f"is not a known key.{hint}", at_key=True)


def _missing_key(path: KeyPath, _item: ErrorDetails, schema: type[BaseModel], data: Any) -> Flaw:
    holders = members_at(schema, path[:-1], data)
    from include.config.describe_keys import meaning  # what it imports is slow, and most files have no flaw

    told = meaning(holders[0], str(path[-1])) if holders else ""
    return Flaw(path, f"is missing: {told[:1].lower()}{told[1:]}" if told else "is missing.", at_key=True)


def _missing_tag(path: KeyPath, item: ErrorDetails, schema: type[BaseModel], data: Any) -> Flaw:
    tags = [
        str(choice) for member in members_at(schema, path, data) for choice in literals(member.model_fields["kind"])
    ]
    return Flaw((*path, "kind"), f"is missing, expected one of: {', '.join(tags)}.", at_key=True)


def _wrong_tag(path: KeyPath, item: ErrorDetails, _schema: type[BaseModel], _data: Any) -> Flaw:
    context = item.get("ctx", {})
    tags = str(context.get("expected_tags", "")).replace("'", "")
    hint = did_you_mean(str(context.get("tag")), tags.split(", "))
    return Flaw((*path, "kind"), f"is '{context.get('tag')}', expected one of: {tags}.{hint}")


def _expected(kind: str, context: dict[str, Any], item: ErrorDetails) -> str:
    if kind == "literal_error":
        return f"one of: {', '.join(_choices(context))}"
    if context.get("pattern") in _PATTERNS:
        return _PATTERNS[context["pattern"]]
    if kind == "string_pattern_mismatch":
        return f"a text that matches {context['pattern']}"
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return words.format(context[name])
    base = kind.split("_", 1)[0]
    return _KINDS.get(base, item["msg"][:1].lower() + item["msg"][1:])


def _choices(context: dict[str, Any]) -> list[str]:
    return re.findall(r"'([^']*)'", str(context.get("expected", ""))) or [str(context.get("expected", ""))]


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…{text[0]}"
