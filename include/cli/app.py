"""All commands in one program."""

from __future__ import annotations

import errno
import sys

import typer
from rich.text import Text

from include.cli import backtest, configuration, datasets, fleet, models, platform, signals
from include.cli.output import errors
from include.errors import NightshiftError

app = typer.Typer(
    name="nightshift",
    help="Keep tabular models fresh, and prove every decision.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (platform, configuration, datasets, models, signals, backtest, fleet):
    group.add_to(app)


def main() -> None:
    """Run a command; a user's mistake is one message and an exit code, not a traceback."""
    try:
        app()
    except NightshiftError as error:
        _stop(str(error), error.exit_code)
    except OSError as error:
        if error.errno not in _PLACE:
            raise
        _stop(
            f"{str(error).splitlines()[0]}. Expected a folder that can be written, with room left. "
            "To do: check that path, or NIGHTSHIFT_HOME where it lies there.",
            1,
        )
    except Exception as error:
        said = _ELSEWHERE.get(type(error).__module__.split(".")[0])
        if said is None:
            raise
        _stop(f"{type(error).__name__}: {str(error).splitlines()[0]}. To do: {said}.", 1)


_ELSEWHERE = {
    "botocore": "check NIGHTSHIFT_HOME, AWS_ENDPOINT_URL, AWS_REGION and the credentials",
    "_internal": "a table cannot be read: look at the folder _delta_log, and restore it from a copy",
    "deltalake": "a table cannot be read: look at the folder _delta_log, and restore it from a copy",
}
"""What other libraries raise when a place or its content is not what it should be, and what to do about it."""
_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.ENOTDIR, errno.ENOENT)


def _stop(text: str, code: int) -> None:
    errors.print(Text.assemble(("error", "bold red"), f" {text}"), soft_wrap=True)
    sys.exit(code)
