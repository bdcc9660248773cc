"""The steps of the fleet's upkeep by their words, each with its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.errors import ConfigError

if TYPE_CHECKING:
    from include.project import Project

STEPS = ("reconcile", "digest", "compaction", "retention")


def upkeep(project: Project, what: str, *, period: str = "week", dry_run: bool = False) -> dict[str, Any]:
    """Run one step of the upkeep.

    Parameters
    ----------
    project : Project
        The installation, with all its files.
    what : str
        One of `STEPS`.
    period : str
        Of the digest: ``week`` or ``day``.
    dry_run : bool
        Retention only says what it would remove.

    Raises
    ------
    ConfigError
        For another step or period.
    """
    if what == "reconcile":
        from include.fleet.reconcile import reconcile

        return reconcile(project)
    if what == "digest":
        from include.fleet.digest import PERIODS, digest

        if period not in PERIODS:
            raise ConfigError.at("digest", f"period {period!r} is not known", f"one of {', '.join(PERIODS)}")
        return digest(project, period)  # type: ignore[arg-type]
    if what == "compaction":
        from include.fleet.compaction import compact

        return compact(project)
    if what == "retention":
        from include.fleet.retention import retain

        return retain(project, dry_run=dry_run)
    raise ConfigError.at("fleet", f"step {what!r} is not known", f"one of {', '.join(STEPS)}")
