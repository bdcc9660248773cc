"""Bug or world: what an upstream fault would explain, before a strange night is called a change of the world."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from include.evidence.column_faults import column_faults
from include.evidence.diagnosis import Diagnosis
from include.evidence.row_faults import row_faults
from include.evidence.summary import ColumnSummary, Summary

__all__ = ["WORLD", "Diagnosis", "diagnose", "is_defect"]

WORLD = "the world changed"
_FEWEST_NIGHTS = 5


def diagnose(tonight: Summary, history: Sequence[Summary], subjects: Collection[str] | None = None) -> list[Diagnosis]:
    """Return what explains a strange night: the faults found, else that the world changed.

    Parameters
    ----------
    tonight : Summary
        Of the partition in question.
    history : sequence of Summary
        Of calm partitions, oldest first; at least five, better thirty. What they show between themselves is the
        measure of what is normal.
    subjects : collection of str, optional
        Columns to look at; all by default. The rows as a whole are always looked at.

    Returns
    -------
    list of Diagnosis
        Defects first; never empty. With too short a history, the one answer that it cannot tell, not a defect.

    Notes
    -----
    Every fault is judged against the spread of calm partitions, so a column that always has gaps or repeats is not
    reported. A new category below 10 % of the rows is named but is not a defect.
    """
    if len(history) < _FEWEST_NIGHTS or tonight.rows == 0:
        found = f"{len(history)} calm partitions" if tonight.rows else "no row"
        sentence = f"Cannot tell a fault from a change: {found} to compare, at least {_FEWEST_NIGHTS} needed."
        return [Diagnosis("cannot tell", "rows", {"nights": float(len(history))}, sentence, False)]
    found_faults = list(row_faults(tonight, history))
    for name, column in tonight.columns.items():
        past = [night.columns[name] for night in history if _comparable(night, name, column)]
        if len(past) >= _FEWEST_NIGHTS and (subjects is None or name in subjects):
            found_faults += column_faults(name, column, past)
    found_faults += _missing_columns(tonight, history)
    if not any(one.defect for one in found_faults):
        sentence = "No fault of the data explains it: the world changed."
        found_faults.append(Diagnosis(WORLD, "rows", {}, sentence, False))
    return sorted(found_faults, key=lambda one: not one.defect)


def is_defect(diagnoses: Sequence[Diagnosis]) -> bool:
    """Tell whether any explanation is a defect of the data, so that nothing may be trained on them."""
    return any(one.defect for one in diagnoses)


def _comparable(night: Summary, name: str, column: ColumnSummary) -> bool:
    past = night.columns.get(name)
    return past is not None and past.numeric == column.numeric and bool(past.shares)


def _missing_columns(tonight: Summary, history: Sequence[Summary]) -> list[Diagnosis]:
    missing = [name for name in history[-1].columns if name not in tonight.columns]
    return [
        Diagnosis("null burst", name, {"null_share": 1.0}, f"The column {name} is missing.", True) for name in missing
    ]
