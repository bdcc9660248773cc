"""Checks as expectations of Great Expectations, with titles and notes for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.contracts.library import ExpectationSuite, gxe
from include.contracts.names import EVENT, inside_column, pattern_column, surplus_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.contracts.suite import Check

_SEVERITY = {"block": "critical", "warn": "warning"}
_TITLES = {
    "rows": "Number of rows",
    "freshness": "Freshness",
    "interval": "Events lie inside the partition",
    "unique_key": "The key identifies a row",
    "nullable_share": "Missing values of {column}",
    "range": "Range of {column}",
    "set": "Values of {column}",
    "regex": "Pattern of {column}",
    "unique": "No value of {column} twice",
}


def expectation_of(check: Check) -> gxe.Expectation | None:
    """Return the expectation that judges a check; None for types, which are read from the schema.

    Notes
    -----
    Shares of missing values are compared with a tolerance of 1e-12, since 1 − 0.7 is not 0.3 in floating point.
    Patterns and ranges of texts are evaluated by DuckDB into columns of truth values, and uniqueness into a column with
    the number of surplus rows: the library knows neither of the former in DuckDB, and counts duplicates with a window
    over all rows.
    """
    title = _TITLES.get(check.rule, "").format(column=check.column)
    said = {
        "severity": _SEVERITY[check.severity],
        "description": title,
        "notes": f"Expected: {check.expected}.",
        "meta": {"check": check.name},
    }
    terms = check.terms
    makers: dict[str, tuple[type[gxe.Expectation], dict[str, Any]]] = {
        "rows": (gxe.ExpectTableRowCountToBeBetween, _limits(terms)),
        "freshness": (gxe.ExpectColumnMaxToBeBetween, {"column": EVENT, "min_value": terms.get("low")}),
        "interval": (gxe.ExpectColumnValuesToBeBetween, {"column": EVENT, **_limits(terms), "strict_max": True}),
        "unique_key": (gxe.ExpectColumnMaxToBeBetween, {"column": surplus_column(None), "max_value": 0}),
        "nullable_share": (
            gxe.ExpectColumnValuesToNotBeNull,
            {"column": check.column, "mostly": max(0.0, 1 - terms.get("most", 0) - 1e-12)},
        ),
        "range": (gxe.ExpectColumnValuesToBeBetween, {"column": check.column, **_limits(terms)}),
        "set": (gxe.ExpectColumnValuesToBeInSet, {"column": check.column, "value_set": list(terms.get("values", ()))}),
        "regex": (
            gxe.ExpectColumnValuesToBeInSet,
            {"column": pattern_column(check.column or ""), "value_set": [True]},
        ),
        "unique": (gxe.ExpectColumnMaxToBeBetween, {"column": surplus_column(check.column), "max_value": 0}),
    }
    if check.rule not in makers:
        return None
    if check.has_text_bounds:
        return gxe.ExpectColumnValuesToBeInSet(column=inside_column(check.column or ""), value_set=[True], **said)
    kind, arguments = makers[check.rule]
    return kind(**arguments, **said)


def gx_suite_of(name: str, checks: Sequence[Check]) -> ExpectationSuite:
    """Return the checks as a suite that Great Expectations can save, show and run elsewhere."""
    made = [expectation_of(check) for check in checks]
    return ExpectationSuite(name=name, expectations=[one for one in made if one is not None])


def _limits(terms: Any) -> dict[str, Any]:
    return {"min_value": terms.get("low"), "max_value": terms.get("high")}
