"""What a model's configuration asks of decisions and verdicts: kept in their records, so that these can be computed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.config.model import Model
    from include.project import Project

_OF_MODEL = {"task", "rows", "target", "window", "policy", "gate", "promotion"}
_OF_DATASET = {"partition", "timezone", "event_time", "known_at", "late_for"}


def asked(project: Project, model: Model) -> dict[str, Any]:
    """Return the settings that decisions and verdicts hang on, as plain JSON; of its datasets those of rows and target."""
    names = sorted({model.rows, model.target.dataset})
    datasets = {n: project.catalog.dataset(n).model_dump(mode="json", include=_OF_DATASET) for n in names}
    return {"model": model.model_dump(mode="json", include=_OF_MODEL), "datasets": datasets}


def still_asked(recorded: dict[str, Any], now: dict[str, Any]) -> bool:
    """Tell whether recorded settings are those of now; keys that a later version adds do not count.

    Examples
    --------
    >>> still_asked({"gate": {"margin": 0.1}}, {"gate": {"margin": 0.1, "added": None}, "policy": "auto"})
    True
    >>> still_asked({"gate": {"margin": 0.1}}, {"gate": {"margin": 0.2}})
    False
    """
    for name, value in recorded.items():
        other = now.get(name)
        same = still_asked(value, other) if isinstance(value, dict) and isinstance(other, dict) else value == other
        if name not in now or not same:
            return False
    return True
