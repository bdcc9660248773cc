"""Commands about configuration: lint, describe, schema, reference, doctor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from include.cli.output import AsJson, answer, console, errors

Name = Annotated[str, typer.Argument(help="Dataset or model")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (lint, describe, schema, reference, doctor):
        app.command()(command)


def lint(
    name: Annotated[str | None, typer.Argument(help="Dataset or model; all when omitted")] = None,
    as_json: AsJson = False,
) -> None:
    """Check YAML and SQL files: every error with file, line, what is expected and what to do."""
    from include.config.lint import lint as found_in
    from include.config.load import config_root

    said = found_in(config_root(os.environ), name)
    if as_json:
        answer({"errors": said}, as_json)
    else:
        for text in said:
            errors.print(text, markup=False, highlight=False, soft_wrap=True)
    if said:
        raise typer.Exit(2)
    if not as_json:
        console.print("No errors.")


def describe(name: Name, as_json: AsJson = False) -> None:
    """Show the resolved configuration of a dataset or model, every default written out."""
    from include.config.lint import as_yaml, described
    from include.config.load import config_root, load_catalog

    found = described(load_catalog(config_root(os.environ)), name)
    answer(found if as_json else as_yaml(found), as_json)


def schema(kind: Annotated[str, typer.Argument(help="dataset or model")]) -> None:
    """Print the JSON Schema of a kind of YAML file, for editors."""
    from include.config.reference import json_schema
    from include.errors import ConfigError

    if kind not in ("dataset", "model"):
        raise ConfigError.at("schema", f"kind {kind!r} is not known", "dataset or model")
    answer(json_schema(kind), as_json=True)  # type: ignore[arg-type]


def reference() -> None:
    """Make the generated pages of docs/ again."""
    from include.config.reference import write

    write(Path(__file__).resolve().parents[2] / "docs")
    console.print("docs/ is up to date.")


def doctor(as_json: AsJson = False) -> None:
    """Look for what is wrong with this installation, and say what to do about it."""
    from include.doctor import examine
    from include.project import Project

    found = examine(Project.open(), os.environ)
    answer([line.__dict__ for line in found], as_json)
    if any(line.state == "fail" for line in found):
        raise typer.Exit(1)
