"""What a backtest recommends, in a sentence, and how sure it is."""

from __future__ import annotations

from typing import Any

ENOUGH = 0.02
"""Captured gain that two policies may differ by and still count as equal; then the one with fewer trainings is taken."""
_NONE = ("never", "always")


def recommendation(result: dict[str, Any], mode: str | None = None) -> dict[str, Any]:
    """Return the policy to use, the sentence that says why, and the chance that it beats a calendar of the same count.

    Parameters
    ----------
    result : dict
        A backtest's `policies`, `asked` and `nights`.
    mode : str, optional
        The mode of the model's gate, under which its nights decide: what the policy captures there is told beside.

    Returns
    -------
    dict
        ``policy``, ``sentence``, ``chance_better_than_calendar`` (None for a calendar, or where nothing is gained).
    """
    policies, asked = result["policies"], result["asked"]
    decisions = result["nights"]["decisions"]
    always = policies["always"]
    if always["gain_captured"] is None or always["gain_low"] is None:
        return _nothing_gained(policies, decisions)
    candidates = [name for name in asked if name not in _NONE and policies[name]["retrains"]] or ["always"]
    best = max(policies[name]["gain_captured"] for name in candidates)
    near = [name for name in candidates if policies[name]["gain_captured"] >= best - ENOUGH]
    chosen = min(near, key=lambda name: (policies[name]["retrains"], -policies[name]["gain_captured"]))
    return _told(chosen, policies[chosen], decisions, mode)


def _told(name: str, policy: dict[str, Any], decisions: int, mode: str | None) -> dict[str, Any]:
    chance = policy["against_calendar"]["chance_better"]
    calendar = name.startswith("every") or name == "always"
    gain = f"{policy['gain_captured']:.0%}"
    if policy["gain_low"] is not None:
        gain += f" (95 % interval {policy['gain_low']:.0%} to {policy['gain_high']:.0%})"
    sentence = (
        f"Use {name}: it captures {gain} of what retraining on every night gains over never, "
        f"with {_counted(policy['retrains'], 'training')} in {_counted(decisions, 'decision')} ({policy['retrain_share']:.0%})"
    )
    if not calendar:
        sentence += f"; it beats a calendar with as many trainings in {chance:.0%} of resampled pasts"
    sentence += "."
    gated = policy.get("gates", {}).get(mode)
    if gated and gated["gain_captured"] is not None:
        sentence += (
            f" Under the model's gate ({mode}) it captures {gated['gain_captured']:.0%}, "
            f"with {gated['promotions']} of {_counted(gated['retrains'], 'training')} promoted."
        )
    return {
        "policy": name,
        "sentence": sentence,
        "chance_better_than_calendar": None if calendar else chance,
    }


def _nothing_gained(policies: dict[str, Any], decisions: int) -> dict[str, Any]:
    never, always = policies["never"]["mean_loss"], policies["always"]["mean_loss"]
    share = (never - always) / abs(never) if never else 0.0
    sentence = (
        f"Use never, and look again later: over {_counted(decisions, 'decision')} retraining every night changed the loss by "
        f"{-share:+.1%}, which chance explains."
    )
    return {"policy": "never", "sentence": sentence, "chance_better_than_calendar": None}


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
