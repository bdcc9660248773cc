"""The first load of a model file happens in a child interpreter, which may crash or hang without harm."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

from include.errors import ModelError

SECONDS = 20.0
SECONDS_PER_MEGABYTE = 1.0
MEMORY_BYTES = 8 * 2**30
_CHILD = Path(__file__).with_name("first_load.py")


def prove(model: bytes, digest: str, features: int, where: str, folder: Path | None = None) -> None:
    """Prove once per machine and version of xgboost that a model file can be loaded and walked.

    Parameters
    ----------
    model : bytes
        The file.
    digest : str
        Its SHA-256, verified by the caller.
    features : int
        How many inputs it must expect.
    where : str
        Shown in the error.
    folder : Path, optional
        Where proofs are remembered; ``~/.cache/nightshift`` when omitted.

    Raises
    ------
    ModelError
        When the child crashes, hangs, needs too much memory, or finds the trees broken.
    """
    place = (folder or default_cache()) / "proven"
    mark = place / f"{digest}-{features}-xgboost-{version('xgboost')}"
    if mark.exists():
        return
    _child(model, features, where)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark.touch()


@cache
def default_cache() -> Path:
    """Return this user's folder for what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "nightshift"


def _child(model: bytes, features: int, where: str) -> None:
    seconds = SECONDS + SECONDS_PER_MEGABYTE * len(model) / 1e6
    command = [sys.executable, "-I", "-S", str(_CHILD), str(_library()), str(features), str(MEMORY_BYTES)]
    environment = {"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1"}
    do = "train again, or roll back to another version"
    try:
        done = subprocess.run(  # noqa: S603 - our own file, run by this very interpreter
            command, input=model, capture_output=True, timeout=seconds, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError.at(
            where, f"was not loaded within {seconds:.3g} s by a child interpreter", "a sound model file", do
        ) from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        said = lines[-1][:300] if lines and done.returncode > 0 else f"it ended with signal {-done.returncode}"
        raise ModelError.at(where, f"cannot be loaded by a child interpreter ({said})", "a sound model file", do)


@cache
def _library() -> Path:
    found = importlib.util.find_spec("xgboost")
    for folder in (found.submodule_search_locations or []) if found else []:
        for name in ("libxgboost.so", "libxgboost.dylib", "xgboost.dll"):
            if (Path(folder) / "lib" / name).exists():
                return Path(folder) / "lib" / name
    raise ModelError.at("xgboost", "has no shared library", "an installed xgboost", "run `make install` again")
