"""The files behind a local path: itself, what a pattern matches, or what is in a folder of ``period=…``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.errors import SourceError
from include.sources.periods import FOLDER, period_of_folder
from include.sources.places import LocalFile, checked, has_format, is_glob, matching, missing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SECOND_HALF = re.compile(r"^\d{4}(-\d{2}){0,2}(-W\d{2}|-?Q[1-4])?$")


def local_files(place: Path, shown: str, timezone: str, roots: Sequence[Path]) -> list[LocalFile]:
    """Return the files behind a path, sorted by name.

    Raises
    ------
    SourceError
        When there is none, or a folder holds no file with rows.
    """
    if is_glob(str(place)):
        found = [LocalFile(path, str(path)) for path in matching(place, roots)]
        if not found:
            raise SourceError.at(shown, "no file matches this pattern", "one file at least", "correct source.path")
        return found
    if place.is_dir():
        return _in_folder(place, shown, timezone, roots)
    if not place.is_file():
        raise missing(place, shown)
    return [LocalFile(place, shown)]


def _in_folder(folder: Path, shown: str, timezone: str, roots: Sequence[Path]) -> list[LocalFile]:
    periods = sorted(entry for entry in folder.iterdir() if entry.is_dir() and FOLDER.match(entry.name))
    found = [file for period in periods for file in _in_period(period, timezone, roots)]
    found = found or [LocalFile(path, str(path)) for path in _with_rows(folder, roots)]
    if not found:
        raise SourceError.at(
            shown,
            "the folder holds no CSV or Parquet file",
            "folders period=…/part-0.parquet, or files with rows",
            "correct source.path",
        )
    return found


def _in_period(folder: Path, timezone: str, roots: Sequence[Path]) -> list[LocalFile]:
    text = folder.name.removeprefix("period=")
    found = [(path, text) for path in _with_rows(folder, roots)]
    for inner in sorted(folder.iterdir()):
        if inner.is_dir() and _SECOND_HALF.match(inner.name):  # period=2016-01-04/2016-01-10 written as it is
            found += [(path, f"{text}/{inner.name}") for path in _with_rows(inner, roots)]
    return [LocalFile(path, str(path), period_of_folder(name, timezone, str(path.parent))) for path, name in found]


def _with_rows(folder: Path, roots: Sequence[Path]) -> list[Path]:
    names = sorted(entry for entry in folder.iterdir() if has_format(entry.name) and entry.is_file())
    return [checked(path, str(path), roots) for path in names]
