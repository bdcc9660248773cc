"""The champion that tolerated losses are counted from, so that many small ones cannot add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.registry.ledger import Record


def anchor(records: Sequence[Record]) -> str | None:
    """Return the digest of a model's anchor; None before the first champion.

    Notes
    -----
    The first champion is the anchor, until a champion is promoted that its gate proved better than the anchor: the low end
    of the confidence sequence of its gain over it is above 0, whatever the mode asked for. Better than a champion which was
    itself only tolerated proves nothing. A roll back brings back the anchor of that champion's time.

    Examples
    --------
    >>> anchor([]) is None
    True
    """
    passed = {r.body["candidate"]: r.body for r in records if r.kind == "gate" and r.body["verdict"] == "pass"}
    found: str | None = None
    at_the_time_of: dict[str, str] = {}
    for record in records:
        if record.kind != "promotion":
            continue
        candidate = str(record.body["candidate"])
        if record.body["action"] == "roll_back":
            found = at_the_time_of.get(candidate, found)
        elif found is None or _proven(passed.get(candidate), found):
            found = candidate
        at_the_time_of[candidate] = found or candidate
    return found


def _proven(gate: Mapping[str, Any] | None, against: str) -> bool:
    """Tell whether a gate's verdict proved its candidate better than the anchor."""
    if gate is None:
        return False
    part = "performance" if gate["champion"] == against else "anchor"
    lows = [p["numbers"].get("low") for p in gate["report"]["parts"] if p["name"] == part]
    return bool(lows) and lows[0] is not None and lows[0] > 0
