"""How signals, their changes and their costs are said to a person."""

from __future__ import annotations

import math
from collections.abc import Mapping

_TITLES: Mapping[str, str] = {
    "rows_per_hour": "Rows per hour",
    "domain_auc": "All features jointly",
    "wasserstein_standardised": "Distribution of {subject}",
    "mean_shift": "Mean of {subject}",
    "js_divergence": "Mix of {subject}",
    "null_share": "Missing values of {subject}",
    "infinite_share": "Infinite values of {subject}",
    "unseen_share": "Unknown values of {subject}",
    "prediction_distance": "Distribution of predictions",
    "prediction_shift": "Mean of predictions",
    "realised_loss": "Realised {subject}",
    "estimated_loss": "Estimated {subject}",
    "attribution": "Weight of {subject} in predictions",
}
_UNITS: Mapping[str, str] = {
    "wasserstein_standardised": "sd from the reference",
    "mean_shift": "sd from the reference",
    "prediction_distance": "sd from its first nights",
    "prediction_shift": "sd from its first nights",
    "js_divergence": "bits from the reference",
    "domain_auc": "AUC against the reference",
}
_SHARES = ("null_share", "infinite_share", "unseen_share")


def title(signal: str, subject: str) -> str:
    """Return what a signal of a subject is about.

    Examples
    --------
    >>> title("null_share", "dep_hour"), title("ks", "dep_hour")
    ('Missing values of dep_hour', 'ks of dep_hour')
    """
    plain = subject.replace("_", " ") if signal.endswith("_loss") else subject
    return _TITLES[signal].format(subject=plain) if signal in _TITLES else f"{signal} of {plain}"


def change(signal: str, before: float, after: float, night: str, *, lasting: bool) -> str:
    """Return the values before and after a change, with their unit; only the night when a value is not known.

    Examples
    --------
    >>> change("null_share", 0.0, 0.031, "2013-03-01", lasting=False)
    '0 % before, 3.1 % on 2013-03-01'
    >>> change("mean_shift", 0.0, 0.5, "2013-03-01", lasting=True)
    '0 before 2013-03-01, 0.5 since (sd from the reference)'
    """
    if not (math.isfinite(before) and math.isfinite(after)):
        return f"since {night}" if lasting else f"on {night}"
    first, second = (_percent(v) if signal in _SHARES else f"{v:.4g}" for v in (before, after))
    unit = f" ({_UNITS[signal]})" if signal in _UNITS else ""
    return f"{first} before {night}, {second} since{unit}" if lasting else f"{first} before, {second} on {night}{unit}"


def _percent(value: float) -> str:
    return f"{100.0 * value:.3g} %"


def cost(loss: float | None, high: float | None, money: float | None, currency: str | None) -> str:
    """Return what a change costs; empty when that is unknown.

    Examples
    --------
    >>> cost(0.0123, 0.0301, 41.2, "EUR")
    'loss a row +0.0123 (at most +0.0301), 41.2 EUR less earned a partition'
    >>> cost(0.0123, None, -12345.6, "EUR")
    'loss a row +0.0123, 12,346 EUR more earned a partition'
    >>> cost(None, None, None, None)
    ''
    """
    if loss is None:
        return ""
    most = f" (at most {high:+.3g})" if high is not None else ""
    told = f"loss a row {loss:+.3g}{most}"
    if money is None or not currency:
        return told
    amount = f"{abs(money):,.0f}" if abs(money) >= 100 else f"{abs(money):.3g}"
    return f"{told}, {amount} {currency} {'more' if money < 0 else 'less'} earned a partition"
