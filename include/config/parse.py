"""One YAML file → one frozen object, or everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import ValidationError

from include.config.dataset import Dataset
from include.config.errors import flaws_of, render
from include.config.model import Model
from include.config.yaml_text import Document, Flaw, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Item = TypeVar("Item", Dataset, Model)
_STAND_INS: dict[str, Any] = {
    "name": "x",
    "description": "x",
    "owner": {"name": "x"},
    "source": {"kind": "files", "path": "x"},
    "task": "regression",
    "rows": "x",
    "target": {"dataset": "x", "column": "x"},
}


@dataclass
class ParsedFile(Generic[Item]):
    """What came out of a file.

    Attributes
    ----------
    path, text, document : Path, str, Document
        The file, its text, and the values in it.
    item : Dataset or Model or None
        None when a key has a value that it cannot have.
    rest : Dataset or Model or None
        Then: what the other keys say, stand-ins for what is missing, so that they can be checked too.
    flaws : list of Flaw
        Everything that is wrong.
    """

    path: Path
    text: str
    document: Document
    item: Item | None = None
    rest: Item | None = None
    wrong: frozenset[str] = frozenset()
    flaws: list[Flaw] = field(default_factory=list)

    def add(self, flaws: Iterable[Flaw]) -> None:
        """Take in what further checks found, except about stand-ins and keys already known to be wrong."""
        for flaw in flaws:
            key = flaw.path[0] if flaw.path else ""
            if self.item is not None or (key in self.document.data and key not in self.wrong):
                self.flaws.append(flaw)

    def messages(self) -> tuple[str, ...]:
        """Return a message for each flaw, in the order of the file."""
        return render(self.flaws, self.document, self.text, self.path)


def parse_file(path: Path, schema: type[Item]) -> ParsedFile[Item]:
    """Return what is in a file; nothing raises, what is wrong stands in `ParsedFile.flaws`."""
    text, document = read_file(path)
    parsed: ParsedFile[Item] = ParsedFile(path, text, document, flaws=list(document.flaws))
    data = document.data
    if isinstance(data, dict):
        _validate(parsed, schema, data)
    elif not parsed.flaws:
        found = "the file is empty" if data is None else "the file is not a mapping of keys to values"
        kind = schema.__name__.lower()
        parsed.flaws.append(Flaw((), f"{found}; a {kind} begins with name: {path.stem}"))
    parsed.flaws += _name_flaws(data, path)
    return parsed


def read_file(path: Path) -> tuple[str, Document]:
    """Return the text of a file and the values in it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        return "", _flawed(f"the file is not UTF-8: byte {error.start} cannot be read; save it as UTF-8")
    except OSError as error:
        return "", _flawed(f"the file cannot be read: {error.strerror}")
    return text, read_yaml(text)


def _flawed(text: str) -> Document:
    return Document(None, {}, {}, (Flaw((), text),))


def _validate(parsed: ParsedFile[Item], schema: type[Item], data: dict[str, Any]) -> None:
    try:
        parsed.item = schema.model_validate(data)
    except ValidationError as error:
        flaws = flaws_of(error, schema, data)
        parsed.flaws += flaws
        parsed.wrong = frozenset(str(flaw.path[0]) for flaw in flaws if flaw.path)
        parsed.rest = _rest(schema, {key: value for key, value in data.items() if key not in parsed.wrong})


def _rest(schema: type[Item], data: dict[str, Any]) -> Item | None:
    stand_ins = {key: value for key, value in _STAND_INS.items() if key in schema.model_fields}
    try:
        return schema.model_validate(stand_ins | data)
    except ValidationError:
        return None


def _name_flaws(data: Any, path: Path) -> list[Flaw]:
    name = data.get("name") if isinstance(data, dict) else None
    if path.suffix != ".yaml":
        return [Flaw((), f"the file's name ends in {path.suffix!r}; it must end in '.yaml'")]
    if isinstance(name, str) and name != path.stem:
        return [Flaw(("name",), f"is {name!r}, but the file is called {path.name!r}; they must be equal.")]
    return []
