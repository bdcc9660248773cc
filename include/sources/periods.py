"""The period that a folder's name says: ``period=2016-03``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from include.errors import SourceError
from include.periods import period_interval

if TYPE_CHECKING:
    from datetime import datetime

FOLDER = re.compile(r"^period=(.+)$")


def period_of_folder(name: str, timezone: str, shown: str) -> tuple[datetime, datetime]:
    """Return the interval of a folder's name after ``period=``; `SourceError` when it names none."""
    text = unquote(name)
    try:
        return period_interval(text, timezone)
    except ValueError:
        raise SourceError.at(
            shown,
            f"the folder's period {text!r} cannot be read",
            "a year 2016, quarter 2016-Q1, month 2016-03, week 2016-W05, day 2016-03-01, hour 2016-03-01T05Z, "
            "or first/last of them",
            "rename the folder",
        ) from None
