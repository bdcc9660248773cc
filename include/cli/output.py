"""How commands answer: a table or JSON; one line for a user's mistake, never a traceback."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

console = Console(width=None if sys.stdout.isatty() else 100)  # a log has no width of its own
errors = Console(stderr=True)
_DIGEST = re.compile(r"^[0-9a-f]{64}$")
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON")]


def answer(value: Any, as_json: bool) -> None:
    """Print a mapping, or a list of them, for people or for programs."""
    if as_json:
        sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")
    elif isinstance(value, list):
        console.print(_table(value))
    elif isinstance(value, dict):
        console.print(_pairs(value))
    else:
        console.print(value, markup=False, highlight=False)


def _pairs(value: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, item in value.items():
        table.add_row(Text(str(name)), Text(_plain(item)))
    return table


def _table(rows: Sequence[Mapping[str, Any]]) -> Table | str:
    if not rows:
        return "nothing"
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(str(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_plain(item)) for item in row.values()))
    return table


def _plain(item: Any) -> str:
    if item is None:
        return "–"
    if isinstance(item, float):
        return f"{item:.6g}"
    if isinstance(item, dict | list):
        return json.dumps(item, default=str, ensure_ascii=False)
    text = str(item)
    return text[:12] if _DIGEST.match(text) else text
