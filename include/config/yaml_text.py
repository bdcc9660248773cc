"""YAML as plain values, each with the place it was written at.

The reading is stricter than YAML itself, because what one reads must be what was meant: no anchors, aliases or tags, no
key twice, one document, and only ``true``, ``false``, ``null`` and numbers are anything but text (``no`` stays a text,
``12:30`` is not 750, ``2013-01-01`` is not an object, ``007`` keeps its zeros).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
KeyPath = tuple[str | int, ...]

_INT = re.compile(r"^[-+]?(0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}
_SPECIAL_FLOATS = {".inf": float("inf"), "+.inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan")}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Place:
    """A stretch of one line: line from 1, column from 0, length in characters."""

    line: int
    column: int
    length: int


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong: the key it concerns, what to say about it, and whether its key or its value is meant."""

    path: KeyPath
    text: str
    at_key: bool = False
    place: Place | None = None


@dataclass(frozen=True)
class Document:
    """The values of a YAML text, and where each key and each value stands."""

    data: Any
    keys: dict[KeyPath, Place]
    values: dict[KeyPath, Place]
    flaws: tuple[Flaw, ...]

    def place(self, flaw: Flaw) -> Place:
        """Return where a flaw is shown: at its key or value, or at the nearest thing around it that was written."""
        if flaw.place:
            return flaw.place
        first, second = (self.keys, self.values) if flaw.at_key else (self.values, self.keys)
        path = flaw.path
        while path:
            found = first.get(path) or second.get(path)
            if found:
                return found
            path, first = path[:-1], self.keys
        return Place(1, 0, 0)


def read_yaml(text: str) -> Document:
    r"""Return the values of a YAML text with their places; what is wrong with it stands in `Document.flaws`.

    Examples
    --------
    >>> document = read_yaml("name: flights\nkeep: no\nfirst: 2013-01-01")
    >>> document.data
    {'name': 'flights', 'keep': 'no', 'first': '2013-01-01'}
    >>> document.keys[("keep",)].line
    2
    """
    size = len(text.encode())
    if size > MAX_BYTES:
        flaw = Flaw((), f"the file has {size:,} bytes; a configuration file has at most {MAX_BYTES:,}")
        return Document(None, {}, {}, (flaw,))
    builder = _Builder(yaml.parse(text, Loader=_LOADER))
    try:
        data = builder.document()
    except yaml.MarkedYAMLError as error:
        data = None
        builder.flaws.append(_syntax_flaw(error))
    except yaml.YAMLError as error:
        data = None
        builder.flaws.append(Flaw((), f"is not YAML: {' '.join(str(error).split())}"))
    return Document(data, builder.keys, builder.values, tuple(builder.flaws))


def _syntax_flaw(error: yaml.MarkedYAMLError) -> Flaw:
    mark = error.problem_mark or error.context_mark
    said = ", ".join(part for part in (error.context, error.problem) if part)
    text = f"is not YAML: {said}; look at indentation, quotes and colons here and on the line above"
    return Flaw((), text, place=Place(mark.line + 1, mark.column, 1) if mark else None)


@dataclass
class _Builder:
    """Builds values from the parser's events, one node a call."""

    events: Iterator[Any]
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)

    def document(self) -> Any:
        data, documents = None, 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                node = next(self.events)
                if documents == 1:
                    data = self.value(node, ())
                else:
                    self._flaw((), "a second document starts here; a file has one", node)
                    break
        return data

    def value(self, event: Any, path: KeyPath) -> Any:
        if isinstance(event, yaml.AliasEvent):
            self._flaw(path, "uses an alias (*); anchors and aliases are refused, write the value out", event)
            return None
        self._refuse_anchor_and_tag(event, path)
        if isinstance(event, yaml.ScalarEvent):
            self.values[path] = _place(event)
            return _scalar(event)
        self.values.setdefault(path, _place(event))
        if len(path) >= MAX_DEPTH:
            self._flaw(path, f"is nested more than {MAX_DEPTH} deep", event)
            self._skip()
            return None
        return self._mapping(path) if isinstance(event, yaml.MappingStartEvent) else self._sequence(path)

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, path)
            place = _place(event)
            if key in found:
                first = self.keys[(*path, key)].line
                self._flaw((*path, key), f"is written twice, first on line {first}; keep one", event)
            self.keys.setdefault((*path, key), place)
            found[key] = self.value(next(self.events), (*path, key))
        return found

    def _key(self, event: Any, path: KeyPath) -> str:
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_anchor_and_tag(event, path)
            return str(event.value)
        self._flaw(path, "has a key that is not a plain text", event)
        if not isinstance(event, yaml.AliasEvent):
            self._skip()
        return ""

    def _sequence(self, path: KeyPath) -> list[Any]:
        found: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            found.append(self.value(event, (*path, len(found))))
        return found

    def _skip(self) -> None:
        depth = 1
        while depth:
            event = next(self.events)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)

    def _refuse_anchor_and_tag(self, event: Any, path: KeyPath) -> None:
        if event.anchor:
            self._flaw(path, f"has an anchor (&{event.anchor}); anchors and aliases are refused", event)
        if event.tag not in (None, "!"):
            self._flaw(path, f"has a tag ({event.tag}); tags are refused", event)

    def _flaw(self, path: KeyPath, text: str, event: Any) -> None:
        self.flaws.append(Flaw(path, text, place=_place(event)))


def _place(event: Any) -> Place:
    start, end = event.start_mark, event.end_mark
    length = end.column - start.column if end.line == start.line else 1
    return Place(start.line + 1, start.column, max(length, 1))


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text) if len(text) < 300 else text
    if _FLOAT.match(text) and not re.match(r"^[-+]?0\d", text):
        return float(text)
    return _SPECIAL_FLOATS.get(text.lower(), text)
