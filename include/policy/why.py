"""Why a night decided as it did, in lines for people, from its ledger record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.policy.decide import decision_of
from include.policy.state import State
from include.report.words import plural

if TYPE_CHECKING:
    from collections.abc import Mapping


def why(body: Mapping[str, Any]) -> list[str]:
    """Return the lines that explain a decision record: verdict, reason, what was known, what other policies would have done.

    Parameters
    ----------
    body : mapping
        Body of the record that `include.policy.decide.record` made.

    Raises
    ------
    PolicyError
        When the record has no decision, or was written by a newer version.
    """
    decision, state = decision_of(dict(body)), State.from_json(dict(body["state"]))
    lines = [
        f"{state.model}, night {state.partition}: {decision.verdict}",
        f"  because {decision.reason}",
        f"  policy {body['policy']}" + (f", spoken by {decision.rule}" if decision.rule != body["policy"] else ""),
    ]
    lines += [f"  {line}" for line in _known(state)]
    if decision.window:
        lines.append(f"  trains on {decision.window}")
    for rule, other in dict(body.get("others", {})).items():
        lines.append(f"  {rule} would say {other['verdict'] or 'nothing yet'}: {other['reason']}")
    return lines


def _known(state: State) -> list[str]:
    found = [
        f"champion {state.champion or 'none yet'}, {plural(state.history, 'labelled partition')}, "
        f"{plural(state.new_labels, 'new label')}"
    ]
    if state.since_training is not None:
        found.append(f"{plural(state.since_training, 'partition')} since the last training")
    if state.losses and state.gate_loss is not None:
        newest = state.losses[-1]
        found.append(f"loss {newest.mean:.4g} on {newest.partition}, {state.gate_loss:.4g} at its gate")
    if state.alarms:
        found.append("alarms: " + ", ".join(f"{alarm.subject} since {alarm.since}" for alarm in state.alarms))
    for probe in state.probes:
        compared = [pair for pair in probe.pairs if pair.gain is not None]
        if compared:
            text = f"{compared[-1].gain:+.4g} on {compared[-1].partition}"
            found.append(f"candidate on {probe.window}: gain {text} ({probe.cpu_seconds:.1f} CPU s)")
    return found
