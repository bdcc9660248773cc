"""A ledger written anew with a whole chain: what somebody does who knows how its digests are made."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.include.night.shops import World


def rechained(world: World, change: Callable[[str, dict[str, Any]], None], *, drop: int = 0) -> None:
    """Change bodies of records in place, leave out the newest ones, and compute every digest again."""
    paths = sorted((world.folder / "home" / "models" / "sales" / "ledger").glob("0*.json"))
    for path in paths[len(paths) - drop :]:
        path.unlink()
    previous = "0" * 64
    for path in paths[: len(paths) - drop]:
        record = json.loads(path.read_text())
        change(record["key"], record["body"])
        record["previous"] = previous
        content = {name: value for name, value in record.items() if name != "digest"}
        record["digest"] = previous = hashlib.sha256(_text(content).encode()).hexdigest()
        _write(path, _text(record))


def unchanged(_key: str, _body: dict[str, Any]) -> None:
    """Change nothing."""


def changed(prefix: str, **values: Any) -> Callable[[str, dict[str, Any]], None]:
    """Return a change of the records whose key begins so; ``state__new_labels`` is a field inside another."""

    def change(key: str, body: dict[str, Any]) -> None:
        if key.startswith(prefix):
            for name, value in values.items():
                *path, last = name.split("__")
                place = body
                for step in path:
                    place = place[step]
                if value is ...:
                    place.pop(last, None)
                else:
                    place[last] = value

    return change


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _write(path: Path, text: str) -> None:
    path.chmod(0o644)
    path.write_text(text)
