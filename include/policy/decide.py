"""The night's decision: what must hold whatever the policy, then the policy's rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.errors import PolicyError
from include.policy.parse import Limits, Tried, parse
from include.policy.state import Decision, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.policy.parse import Policy

BOOTSTRAP = "bootstrap"
MANUAL = "manual"
_DIGEST = 64  # letters of a candidate's; only the first 12 are shown


def decide(policy: Policy, state: State) -> Decision:
    """Return what to do about retraining on one night.

    Parameters
    ----------
    policy : Policy
        From `include.policy.parse.parse` or `policy_of`.
    state : State
        What was known when the night ended, with the probes of `windows_wanted` where there are any.

    Returns
    -------
    Decision
        ``blocked`` when data are defective; ``hold`` while a candidate awaits its verdict; ``retrain`` when a person
        forces it (cooldown, budget and new labels do not hold a person back) or there is no champion; else what the
        rule says within its limits.

    Examples
    --------
    >>> from include.policy.state import State
    >>> decide(parse("every(7)"), State("m", "2013-03-08", champion="1", since_training=7, new_labels=900)).verdict
    'retrain'
    """
    settled = _settled(policy, state)
    if settled:
        return settled
    answer = policy.rule.answer(state)
    verdict: Any = "retrain" if answer.retrain else "hold"
    decision = Decision(verdict, answer.reason, policy.text, answer.evidence, answer.window)
    held = _held_back(policy.limits, state) if answer.retrain else None
    if held:
        text, numbers = held
        evidence = {**answer.evidence, "held": numbers}
        return replace(
            decision, verdict="hold", window=None, reason=f"{text}, though {answer.reason}", evidence=evidence
        )
    return decision


def windows_wanted(policy: Policy, state: State) -> tuple[str, ...]:
    """Return the windows of the cheap candidates to train before deciding (none when the answer is settled without)."""
    if _settled(policy, state) or _held_back(policy.limits, state):
        return ()
    return policy.rule.windows(state)


def alternatives(
    state: State, rules: Iterable[str], limits: Limits, tried: Tried | None = None
) -> dict[str, dict[str, Any]]:
    """Return what each of the rules would have decided on the same night, by rule, as JSON values.

    A rule that would have asked for cheap candidates that were not trained says so instead of guessing.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in rules:
        policy = parse(text, limits, tried)
        missing = set(windows_wanted(policy, state)) - {probe.window for probe in state.probes}
        if missing:
            found[policy.text] = {"verdict": None, "reason": "would have trained cheap candidates to answer"}
            continue
        decision = decide(policy, state)
        found[policy.text] = {"verdict": decision.verdict, "reason": decision.reason}
    return found


def record(policy: Policy, state: State, decision: Decision, rules: Iterable[str] = ()) -> dict[str, Any]:
    """Return the body of the ledger's decision record: inputs, verdict, reasons, what other policies would have done."""
    return {
        **settings_of(policy),
        "state": state.as_json(),
        "decision": decision.as_json(),
        "others": alternatives(state, [rule for rule in rules if rule != policy.text], policy.limits, policy.tried),
    }


def settings_of(policy: Policy) -> dict[str, Any]:
    """Return a policy as a decision record holds it: its rule, its limits, and what it tries."""
    return {
        "policy": policy.text,
        "limits": {
            "cooldown": policy.limits.cooldown,
            "budget_minutes_per_week": policy.limits.budget_minutes_per_week,
            "min_new_labels": policy.limits.min_new_labels,
        },
        "tried": {"windows": list(policy.tried.windows), "horizon": policy.tried.horizon, "own": policy.tried.own},
    }


def _settled(policy: Policy, state: State) -> Decision | None:
    if state.defects or state.health in ("block", "cannot_tell"):
        what = "; ".join(state.defects) or f"the health of the data is {state.health!r}"
        unmet = f"; {state.forced!r} must wait" if state.forced else ""
        return Decision("blocked", f"never on defective data: {what}{unmet}", policy.text, {"health": state.health})
    if state.pending:
        shown = state.pending[:12] if len(state.pending) == _DIGEST else state.pending
        text = f"candidate {shown} still awaits its verdict or its turn, and only one may"
        return Decision("hold", text, policy.text, {"pending": state.pending})
    if state.forced:
        return Decision("retrain", f"forced: {state.forced}", MANUAL, {"forced": state.forced})
    if state.champion is None:
        return _first(policy, state)
    return None


def _first(policy: Policy, state: State) -> Decision:
    fewest = max(1, policy.limits.min_new_labels)
    if state.new_labels >= fewest:
        return Decision("retrain", "there is no champion yet", BOOTSTRAP, {"labels": state.new_labels})
    text = f"there is no champion yet, and {state.new_labels} labels where {fewest} are needed"
    return Decision("hold", text, BOOTSTRAP, {"labels": state.new_labels})


def _held_back(limits: Limits, state: State) -> tuple[str, dict[str, float]] | None:
    """Return which limit holds a training back, in words and in numbers."""
    clock = state.clock
    if clock is not None and clock <= limits.cooldown and limits.cooldown > 0:
        text = f"it is partition {clock} of the {limits.cooldown} of cooldown"
        return text, {"clock": clock, "cooldown": limits.cooldown}
    if state.new_labels < limits.min_new_labels:
        text = f"{state.new_labels} new labels have matured where {limits.min_new_labels} are needed"
        return text, {"new_labels": state.new_labels, "min_new_labels": limits.min_new_labels}
    budget = limits.budget_minutes_per_week
    needed = state.training_cpu_minutes or 0.0
    if budget is not None and state.cpu_minutes_week + needed > budget:
        text = (
            f"a training of {needed:.1f} on top of {state.cpu_minutes_week:.1f} CPU minutes exceeds {budget:g} a week"
        )
        return text, {"training": needed, "spent": state.cpu_minutes_week, "budget": budget}
    return None


def decision_of(body: dict[str, Any]) -> Decision:
    """Return the decision that a ledger record tells.

    Raises
    ------
    PolicyError
        When the record has no decision.
    """
    found = body.get("decision")
    if not isinstance(found, dict):
        raise PolicyError.at("decision record", "has no decision", "what `record` wrote", "look at the ledger")
    return Decision(**found)


def others_again(body: dict[str, Any]) -> dict[str, str | None]:
    """Return what the other policies of a record say of the recorded state within the recorded limits, by rule."""
    again = alternatives(
        State.from_json(body["state"]), body.get("others", {}), Limits(**body.get("limits", {})), _tried(body)
    )
    return {rule: said["verdict"] for rule, said in again.items()}


def decided_again(body: dict[str, Any]) -> Decision:
    """Return what the recorded policy says of the recorded state; `replay` compares it with the recorded decision."""
    policy = parse(str(body.get("policy")), Limits(**body.get("limits", {})), _tried(body))
    return decide(policy, State.from_json(body["state"]))


def _tried(body: dict[str, Any]) -> Tried | None:
    told = body.get("tried", {})
    return Tried(tuple(told["windows"]), told["horizon"], told.get("own")) if told else None
