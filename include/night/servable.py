"""Whether a model version can score a night: its features must still be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.errors import ModelError
from include.night.messages import tell
from include.night.rows import features_table

if TYPE_CHECKING:
    from include.night.begun import Begun
    from include.project import Project
    from include.registry.artifact import Artifact

_MOST = 5


def lost_columns(project: Project, found: Begun, artifact: Artifact) -> list[str]:
    """Return the features of a model version that the night's rows do not have; none where there are no rows.

    Notes
    -----
    The table of features keeps every column that it ever had, and one that the SQL has lost since reads as missing values:
    scores of those would look like any others.
    """
    table = features_table(project, found.model.name)
    if table is None:
        return []
    there = table.stored_columns(_partition=found.night.key, _feature_version=found.feature_version)
    return [name for name in artifact.manifest.feature_names if name not in there] if there else []


def unservable(project: Project, found: Begun) -> ModelError | None:
    """Return why the champion cannot score the night, None when it can (or there is none)."""
    from include.night.score import artifact_of

    if found.champion is None:
        return None
    lost = lost_columns(project, found, artifact_of(project, found.model.name, found.champion))
    return _refusal(found, found.champion, f"version {found.body['champion_version']}", lost) if lost else None


def refuse_lost(project: Project, found: Begun, artifact: Artifact, role: str) -> None:
    """Refuse a version that would be served without features it needs.

    Raises
    ------
    ModelError
        When a feature of it is not among the night's columns.
    """
    lost = lost_columns(project, found, artifact)
    if lost:
        raise _refusal(found, artifact.digest, f"the version in the role {role}", lost)


def _refusal(found: Begun, digest: str, named: str, lost: list[str]) -> ModelError:
    name, night = found.model.name, found.night.key
    columns = ", ".join(map(repr, lost[:_MOST])) + (f" and {len(lost) - _MOST} more" if len(lost) > _MOST else "")
    many = len(lost) > 1
    source = found.model.features or f"dataset {found.model.rows}"
    return ModelError.at(
        f"model {name}, night {night}",
        f"{named} ({digest[:12]}) was trained on the column{'s' if many else ''} {columns}, which {source} no longer gives",
        "every feature that the version was trained on",
        f"put {'them' if many else 'it'} back until a version without {'them' if many else 'it'} serves; to train one now: "
        f'python -m include train {name} --partition {night} --reason "…"',
    )


def tell_unservable(project: Project, found: Begun, error: ModelError) -> None:
    """Tell the model's owner, once a night, that nothing was scored."""
    name, night = found.model.name, found.night.key
    tell(
        project,
        name,
        "blocked",
        "critical",
        "not scored: a feature is gone",
        str(error),
        partition=night,
        key=f"unservable/{name}/{night}",
        impact="The night has no predictions, and trains nothing by itself.",
        todo=(
            f"Put the column back into {found.model.features or f'dataset {found.model.rows}'}, if it was lost by mistake",
            f'Else train a version without it: `python -m include train {name} --partition {night} --reason "…"`',
        ),
    )
