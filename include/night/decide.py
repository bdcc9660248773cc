"""decide: the policy says retrain, hold or blocked, with its reasons; only a night later than all decided ones may."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

from include.config.model import WindowSettings
from include.night.asked import asked
from include.night.begun import begun
from include.night.pinned import versions_now
from include.night.probes import with_probes
from include.night.state import state_of
from include.policy.decide import decide as decide_by_policy
from include.policy.decide import record as decision_record
from include.policy.live import window_text
from include.policy.parse import policy_of
from include.registry.champions import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.night.begun import Begun
    from include.policy.parse import Policy
    from include.policy.state import Decision
    from include.project import Project
    from include.registry.ledger import Record

OTHERS = ("never", "every(7)", "every(30)", "on_alarm", "on_loss(3)", "k_of_n(2, 5)", "challenger(3%)", "auto")
"""Rules whose answer stands beside the model's own in every record."""


def decide(project: Project, name: str, partition: str, *, force: str | None = None) -> dict[str, Any]:
    """Decide a night, once; a decided night returns its recorded decision.

    Parameters
    ----------
    project : Project
        The installation.
    name, partition : str
        Model and key of the night.
    force : str, optional
        A person's reason to retrain now. On a night that is decided already it makes a further decision, recorded as such.

    Returns
    -------
    dict
        ``verdict``, ``reason``, ``rule``.

    Raises
    ------
    LedgerError
        When a record of the ledger was changed or removed.
    """
    found = begun(project, name, partition)
    found.ledger.check()
    key = f"decision/{partition}" + (f"/forced/{force}" if force else "")
    recorded = found.ledger.find(key)
    if recorded is None:
        policy, tables = policy_of_night(found), versions_now(project, name)
        then = project.as_of(tables)
        state = with_probes(then, found, policy, state_of(then, found, force))
        decision = in_order(decide_by_policy(policy, state), found.ledger.records(), partition)
        pins = {"partition": partition, "settings": asked(project, found.model), "tables": tables}
        recorded = found.ledger.append("decision", key, decision_record(policy, state, decision, OTHERS) | pins)
    told = recorded.body["decision"]
    return {"verdict": told["verdict"], "reason": told["reason"], "rule": told["rule"]}


def decision_of_night(records: Sequence[Record], partition: str) -> Record | None:
    """Return the newest decision of a night: that of the policy, or a later forced one."""
    found = [r for r in records if r.kind == "decision" and r.body["partition"] == partition]
    return found[-1] if found else None


def policy_of_night(found: Begun) -> Policy:
    """Return the policy that the model's YAML names, with its limits and what it tries."""
    return policy_of(found.model.policy, found.night.grain, _delay(found), _own_window(found))


def _delay(found: Begun) -> int:
    """Return the partitions until labels are known, as the model declares it."""
    delay = found.model.target.delay
    return ceil(delay.total_seconds() / 3600 / found.night.hours) if delay else 0


def _own_window(found: Begun) -> str | None:
    """Return the window that the model's YAML names, None where it leaves that to the policy."""
    window = found.model.window
    return window_text(window, found.night.grain) if isinstance(window, WindowSettings) else None


def in_order(decision: Decision, records: Sequence[Record], partition: str) -> Decision:
    """Hold back what may not train: nights before a decided one, and models that a person has frozen.

    Parameters
    ----------
    decision : Decision
        Of the policy.
    records : sequence of Record
        What the ledger held when it was taken.
    partition : str
        The night.
    """
    if decision.verdict != "retrain":
        return decision
    later = sorted({r.body["partition"] for r in records if r.kind == "decision" and r.body["partition"] > partition})
    if later:
        text = f"the later night {later[-1]} is decided already; decisions only go forward"
        return replace(decision, verdict="hold", reason=text, window=None)
    kept = frozen(records)
    if kept is not None:
        return replace(decision, verdict="hold", reason=f"the champion is frozen: {kept}", window=None)
    return decision
