"""Keys that were written but would change nothing: refused, so that nobody believes in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.config.yaml_text import Flaw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config.model import Model


def without_effect(model: Model) -> Iterator[Flaw]:
    """Yield the keys of a model's file that have no effect beside its others, each with what would give it one."""
    yield from _of_promotion(model)
    yield from _of_policy(model)


def _of_promotion(model: Model) -> Iterator[Flaw]:
    written, settings = model.promotion.model_fields_set, model.promotion
    if "canary_nights" in written and not settings.canary_share:
        yield _nothing(("promotion", "canary_nights"), "without canary_share")
    if "approval_timeout" in written and not settings.approval:
        yield _nothing(("promotion", "approval_timeout"), "without approval: true")


def _of_policy(model: Model) -> Iterator[Flaw]:
    if re.search(r"\bauto\b", model.policy.rule):
        return
    if model.window == "auto":
        said = "is 'auto', but only the policy auto chooses windows. Expected expanding, or {last: …, decay: …}."
        yield Flaw(("window",), said)
    for key in ("windows", "horizon"):
        if key in model.policy.model_fields_set and getattr(model.policy, key):
            yield _nothing(("policy", key), f"for the rule {model.policy.rule}: it is for auto")


def _nothing(path: tuple[str | int, ...], why: str) -> Flaw:
    return Flaw(path, f"has no effect {why}. Remove it.", True)
