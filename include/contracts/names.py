"""Names of the columns that the view adds to the user's."""

from __future__ import annotations

EVENT = "_event"


def pattern_column(column: str) -> str:
    """Return the name of the column that says whether a text matches its pattern."""
    return f"_matches_{column}"


def inside_column(column: str) -> str:
    """Return the name of the column that says whether a text lies in its range."""
    return f"_inside_{column}"


def surplus_column(column: str | None) -> str:
    """Return the name of the column that holds the number of surplus rows of a column, or of the key."""
    return f"_surplus_{column}" if column else "_surplus"
