"""Lengths of time as users write them: ``90d``, ``36h``, ``15m``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PATTERN = re.compile(r"^(\d{1,7})\s*([smhdw])$")


def parse_duration(value: Any) -> timedelta:
    """Return the length of time that a text such as ``36h`` names.

    Units: s seconds, m minutes, h hours, d days of 24 hours, w weeks.

    Raises
    ------
    ValueError
        When the text is anything else.

    Examples
    --------
    >>> parse_duration("36h")
    datetime.timedelta(days=1, seconds=43200)
    """
    if isinstance(value, timedelta):
        return value
    found = _PATTERN.match(value) if isinstance(value, str) else None
    if not found:
        message = "not a length of time; write a whole number and a unit, such as 15m, 36h, 90d or 2w"
        raise ValueError(message)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def format_duration(value: timedelta) -> str:
    """Return the shortest text that names a length of time.

    Examples
    --------
    >>> format_duration(timedelta(hours=48)), format_duration(timedelta(minutes=90))
    ('2d', '90m')
    """
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,7}\s*[smhdw]$", "examples": ["15m", "36h", "90d", "2w"]}),
]
