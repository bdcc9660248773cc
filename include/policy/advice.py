"""What a backtest recommends, in a sentence, and how sure it is."""

from __future__ import annotations

from typing import Any

ENOUGH = 0.02
"""Share of the best policy's gain over never that another may lack and still count as equal; then the one with fewer
trainings is taken."""
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

    Notes
    -----
    A policy demonstrably gains over never when its paired low end, right for all policies asked for and always together
    (`low_of_all`), is above 0. Where none does, it is never. Else those are compared that do, and those that gain at least as
    much but vary too much to show it. The ones within two hundredths of the largest gain count as equal, and the one with
    the fewest trainings is taken; always only where none of those asked for is left.
    """
    policies, asked = result["policies"], result["asked"]
    proven = [name for name in dict.fromkeys([*asked, "always"]) if name != "never" and _gains(policies[name])]
    if not proven:
        return _nothing_gained(result)
    shown = max(_gain(policies[name]) for name in proven)
    compared = [name for name in asked if name not in _NONE and (name in proven or _gain(policies[name]) >= shown)]
    compared = compared or ["always"]
    best = max(_gain(policies[name]) for name in compared)
    near = [name for name in compared if _gain(policies[name]) >= (1 - ENOUGH) * best]
    chosen = min(near, key=lambda name: (policies[name]["retrains"], -_gain(policies[name])))
    return _told(
        chosen, result, mode, None if chosen in proven else max(proven, key=lambda name: _gain(policies[name]))
    )


def _gains(policy: dict[str, Any]) -> bool:
    """Tell whether a policy demonstrably gains over never."""
    return bool(policy["retrains"]) and float(policy["against_never"]["low_of_all"]) > 0


def _gain(policy: dict[str, Any]) -> float:
    return float(policy["against_never"]["difference"])


def _told(name: str, result: dict[str, Any], mode: str | None, proof: str | None) -> dict[str, Any]:
    """Return the recommendation of a policy; `proof` is the one that demonstrably gains where it does not itself."""
    policies, decisions = result["policies"], result["nights"]["decisions"]
    policy = policies[name]
    chance = policy["against_calendar"]["chance_better"]
    calendar = name.startswith("every") or name == "always"
    sentence = (
        f"Use {name}: it {_worth(policy, policies)}, "
        f"with {_counted(policy['retrains'], 'training')} in {_counted(decisions, 'decision')} ({policy['retrain_share']:.0%})"
    )
    if not calendar:
        sentence += f"; it beats a calendar with as many trainings in {chance:.0%} of resampled pasts"
    if proof is not None:
        sentence += (
            f"; its gain over never varies too much to be shown by itself, that of {proof}, which is smaller, is"
        )
    sentence += "."
    gated = policy.get("gates", {}).get(mode)
    if gated:
        sentence += _under_the_gate(gated, mode, told=policies["always"]["gain_low"] is not None)
    return {
        "policy": name,
        "sentence": sentence,
        "chance_better_than_calendar": None if calendar else chance,
    }


def _worth(policy: dict[str, Any], policies: dict[str, Any]) -> str:
    """Return what a policy gains: as a share of always' gain where that is none of chance's, else of never's loss."""
    if policy["gain_captured"] is not None and policies["always"]["gain_low"] is not None:
        gain = f"{policy['gain_captured']:.0%}"
        if policy["gain_low"] is not None:
            gain += f" (95 % interval {policy['gain_low']:.0%} to {policy['gain_high']:.0%})"
        return f"captures {gain} of what retraining on every night gains over never"
    gained, never = policy["against_never"], policies["never"]["mean_loss"]
    ends = " to ".join(f"{gained[end] / abs(never):.1%}" for end in ("low", "high"))
    return (
        f"lowers the loss of never by {gained['difference'] / abs(never):.1%} (95 % interval {ends}), "
        f"where retraining on every night changes it by {_change(policies):+.1%}, which chance explains"
    )


def _under_the_gate(gated: dict[str, Any], mode: str | None, *, told: bool) -> str:
    promoted = f"{gated['promotions']} of {_counted(gated['retrains'], 'training')} promoted"
    if told and gated["gain_captured"] is not None:
        return f" Under the model's gate ({mode}) it captures {gated['gain_captured']:.0%}, with {promoted}."
    return f" Under the model's gate ({mode}) it has {promoted}."


def _change(policies: dict[str, Any]) -> float:
    never, always = policies["never"]["mean_loss"], policies["always"]["mean_loss"]
    return (always - never) / abs(never) if never else 0.0


def _nothing_gained(result: dict[str, Any]) -> dict[str, Any]:
    policies, decisions = result["policies"], result["nights"]["decisions"]
    sentence = (
        f"Use never, and look again later: over {_counted(decisions, 'decision')} retraining every night changed the loss by "
        f"{_change(policies):+.1%}, which chance explains{_nearest(result)}."
    )
    return {"policy": "never", "sentence": sentence, "chance_better_than_calendar": None}


def _nearest(result: dict[str, Any]) -> str:
    """Return what the best policy that was asked for would have gained, though that may be chance too."""
    policies, never = result["policies"], abs(result["policies"]["never"]["mean_loss"])
    tried = [name for name in result["asked"] if name not in _NONE and policies[name]["retrains"]]
    best = max(tried, key=lambda name: _gain(policies[name]), default=None)
    if best is None or not never or _gain(policies[best]) <= 0:
        return ""
    low = policies[best]["against_never"]["low_of_all"]
    gained, least = f"{_gain(policies[best]) / never:.1%}", f"{low / never:.1%}"
    return f"; {best} lowered it by {gained}, with {least} as the low end that is right for all policies tried"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
