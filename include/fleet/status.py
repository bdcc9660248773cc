"""Every model in a line: champion, challenger, newest night; one whose ledger or tables are damaged says so in its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deltalake.exceptions import DeltaError

from include.errors import NightshiftError
from include.night.lines import night_lines
from include.registry.champions import challenger, champion, frozen, pending
from include.registry.stages import trial

if TYPE_CHECKING:
    from include.project import Project

_COLUMNS = ("model", "champion", "digest", "waiting", "stage", "frozen", "night", "decision", "state", "problem")
BROKEN, DAMAGED = "configuration has errors", "damaged"


def status_of(project: Project) -> list[dict[str, Any]]:
    """Return a line for each model, those last whose files have errors.

    Returns
    -------
    list of dict
        ``model``, ``champion`` (version), ``digest``, ``waiting`` (digest of the challenger, or of who is at the gate),
        ``stage``, ``frozen``, ``night`` (newest), ``decision``, ``state``, ``problem`` (what is wrong and what to do; None).
    """
    rows = [_line(project, name) for name in project.catalog.models]
    broken = [file for file in project.catalog.broken.values() if file.kind == "model"]
    return [*rows, *(_only(file.name, BROKEN, file.text) for file in broken)]


def _line(project: Project, name: str) -> dict[str, Any]:
    try:
        return _only(name, None, None) | _told(project, name)
    except NightshiftError as error:
        return _only(name, DAMAGED, str(error))
    except DeltaError as error:
        said = f"model {name}: a table cannot be read: {str(error).splitlines()[0]}"
        return _only(name, DAMAGED, f"{said}. To do: restore its folder _delta_log from a copy.")


def _told(project: Project, name: str) -> dict[str, Any]:
    ledger = project.model_ledger(name)
    ledger.check()
    records = ledger.records()
    serving, lines, on_trial = champion(records), night_lines(project, name), trial(records)
    newest = lines[-1] if lines else None
    return {
        "champion": serving.version if serving else None,
        "digest": serving.candidate[:12] if serving else None,
        "waiting": (challenger(records) or pending(records) or "")[:12] or None,
        "stage": on_trial.stage if on_trial else "gate" if pending(records) else None,
        "frozen": frozen(records),
        "night": newest.partition if newest else None,
        "decision": newest.decision if newest else None,
        "state": newest.state if newest else None,
    }


def _only(name: str, state: str | None, problem: str | None) -> dict[str, Any]:
    """Return a line that tells nothing but a state, and what is wrong."""
    return dict.fromkeys(_COLUMNS) | {"model": name, "state": state, "problem": problem}
