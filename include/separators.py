"""What stands between the fields of a CSV file, by its header."""

from __future__ import annotations

import csv
import io

SEPARATORS = (",", ";", "\t", "|")


def fields_of(head: str, separator: str) -> list[str]:
    """Return the fields of the first record of a text.

    Examples
    --------
    >>> fields_of('id;"first;last"', ";")
    ['id', 'first;last']
    """
    return next(csv.reader(io.StringIO(head, newline=""), delimiter=separator), [])


def other_separator(head: str, assumed: str = ",") -> str | None:
    """Return what separates the fields of a header that is one column by the separator assumed; None when that one may be right.

    Parameters
    ----------
    head : str
        The beginning of a CSV file, its whole header at least.
    assumed : str
        One character. A header that it divides is never doubted, nor is a quoted name.

    Examples
    --------
    >>> other_separator("id;at;city"), other_separator("id,at;city"), other_separator('"id;at"')
    (';', None, None)
    """
    if len(fields_of(head, assumed)) != 1:
        return None
    counts = {one: len(fields_of(head, one)) for one in SEPARATORS if one != assumed}
    likely = max(counts, key=lambda one: counts[one])
    return likely if counts[likely] > 1 else None
