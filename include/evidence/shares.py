"""How the yearly rate of false alarms is shared among the streams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from include.evidence.stream import Stream

Key = tuple[str, str, str]


def shares(streams: Iterable[Stream], attributions: Mapping[str, float] | None = None) -> dict[Key, float]:
    """Return each stream's share of the yearly rate; they sum to 1.

    Parameters
    ----------
    streams : iterable of Stream
        All that are watched.
    attributions : mapping of str to float, optional
        Mean absolute attribution of each feature; missing features count 0.

    Notes
    -----
    Half goes to the performance and joint streams, equally; half to the features, each by its attribution mixed half
    and half with an equal share, and divided equally among its signals. Where one of the halves has no stream the
    other gets everything.

    Examples
    --------
    >>> watched = [Stream("loss", "log_loss", "1", "performance"), Stream("ks", "a"), Stream("ks", "b")]
    >>> list(shares(watched, {"a": 3.0, "b": 1.0}).values())
    [0.5, 0.3125, 0.1875]
    """
    listed = list(streams)
    features = [one for one in listed if one.role == "feature"]
    others = [one for one in listed if one.role != "feature"]
    half = 0.5 if features and others else 1.0
    result = {one.key: half / len(others) for one in others}
    result.update({key: half * part for key, part in _feature_shares(features, attributions or {}).items()})
    return {one.key: result[one.key] for one in listed}


def _feature_shares(features: list[Stream], attributions: Mapping[str, float]) -> dict[Key, float]:
    signals = Counter(one.subject for one in features)
    weight = {subject: max(attributions.get(subject, 0.0), 0.0) for subject in signals}
    total = sum(weight.values())
    part = {
        subject: 0.5 / len(signals) + 0.5 * (weight[subject] / total if total > 0.0 else 1.0 / len(signals))
        for subject in signals
    }
    return {one.key: part[one.subject] / signals[one.subject] for one in features}
