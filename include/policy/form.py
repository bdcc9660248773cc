"""A backtest's form: the texts that a person gives on the command line or in Airflow, as options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.errors import PolicyError
from include.policy.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta


def options_of(form: Mapping[str, Any], **more: Any) -> Options:
    """Return the options of a form.

    Parameters
    ----------
    form : mapping
        ``first``, ``last``, ``label_delay``, ``windows``, ``latency``, ``gates``; texts, empty or left out for the usual.
    **more
        Other attributes of `Options`.

    Raises
    ------
    PolicyError
        When a text cannot be read.

    Examples
    --------
    >>> options_of({"first": "2013-03", "label_delay": "1", "windows": "last(6), decay(4)", "gates": "False"}).windows
    ('last(6)', 'decay(4)')
    """
    return Options(
        first=form.get("first") or None,
        last=form.get("last") or None,
        label_delay=label_delay_of(form.get("label_delay") or ""),
        latency=int(form.get("latency") or 0),
        windows=tuple(rules_in(form.get("windows") or "")),
        gates=str(form.get("gates", True)) != "False",
        **more,
    )


def label_delay_of(text: str) -> timedelta | int | None:
    """Return a label delay: partitions (``1``), a length of time (``30d``), or None for the configured one (empty).

    Raises
    ------
    PolicyError
        When it is neither.
    """
    from include.config.durations import parse_duration

    if not text:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return parse_duration(text)
    except ValueError as error:
        expected = "partitions (1) or a length of time (30d)"
        raise PolicyError.at("--label-delay", f"is {text!r}", expected, "correct it, or leave it out") from error


def rules_in(text: str) -> list[str]:
    """Return the rules of a list: commas within brackets belong to a rule.

    Examples
    --------
    >>> rules_in("auto, any_of(every(7), on_loss(3)),never")
    ['auto', 'any_of(every(7), on_loss(3))', 'never']
    """
    rules, depth, current = [], 0, ""
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            rules.append(current.strip())
            current = ""
        else:
            current += letter
    rules.append(current.strip())
    return [rule for rule in rules if rule]
