"""score: predictions of the night's rows, into the prediction log: served ones, and those beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.night.begun import begun
from include.night.roles import roles_of
from include.night.rows import feature_rows, features_table
from include.night.servable import lost_columns, refuse_lost, tell_unservable, unservable
from include.registry.artifact import Artifact, load
from include.scoring.batch import score as score_batches
from include.scoring.batch import score_columns
from include.storage.schemas import predictions
from include.storage.specs import PARTITION
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.night.begun import Begun
    from include.night.roles import Part
    from include.project import Project


def artifact_of(project: Project, name: str, digest: str) -> Artifact:
    """Return a model version, verified."""
    return load(project.model_home(name) / "artifacts", digest)


def predictions_table(project: Project, name: str) -> Table | None:
    """Return a model's prediction log; None before its first row."""
    location = project.model_home(name) / "predictions"
    return Table.existing(location, f"predictions of {name}", predictions(["score"]))


def score(project: Project, name: str, partition: str) -> dict[str, Any]:
    """Score the night's rows with its champion, and beside it with a challenger on trial and the champion it replaced.

    What was served is never written again.

    Returns
    -------
    dict
        ``rows`` served and ``model_version`` of the champion; 0 rows with a ``reason`` when there is no champion, are no
        rows, or the champion needs a feature that is gone; ``beside``: rows by role of those that were not served by the
        champion.

    Raises
    ------
    ModelError
        When a challenger that is served needs a feature that is gone.
    """
    found = begun(project, name, partition)
    if found.champion is None:
        return {"rows": 0, "reason": "there is no champion yet"}
    if features_table(project, name) is None:
        return {"rows": 0, "reason": "there are no feature rows"}
    refused = unservable(project, found)
    if refused is not None:
        tell_unservable(project, found, refused)
        return {"rows": 0, "reason": str(refused)}
    counts: dict[str, int] = {}
    for role, parts in roles_of(found).items():
        counts[role] = _scored(project, found, role, parts)
    served = {"rows": counts["champion"] + counts.get("canary", 0), "model_version": found.body["champion_version"]}
    beside = {role: rows for role, rows in counts.items() if role != "champion"}
    return served | ({"beside": beside} if beside else {})


def _scored(project: Project, found: Begun, role: str, parts: Sequence[Part]) -> int:
    """Return how many rows of a role there are, after scoring them if there were none."""
    name, partition = found.model.name, found.night.key
    artifacts = [artifact_of(project, name, part.version) for part in parts]
    for artifact in artifacts:
        if role == "canary":
            refuse_lost(project, found, artifact, role)
        elif lost_columns(project, found, artifact):
            return 0  # it scores beside the champion only, to be compared: what it would make of less tells nothing
    columns = list(dict.fromkeys(column for a in artifacts for column in score_columns(a.manifest)))
    table = Table(project.model_home(name) / "predictions", predictions(columns))
    if not _rows(table, partition, role):
        rows = (
            batch
            for part, artifact in zip(parts, artifacts, strict=True)
            for batch in _logged(project, found, part, artifact, columns)
        )
        table.replace({PARTITION: partition, "role": role}, rows)
    return _rows(table, partition, role)


def _rows(table: Table, partition: str, role: str) -> int:
    return sum(int(r["rows"]) for r in table.contents() if r[PARTITION] == partition and r["role"] == role)


def _logged(
    project: Project, found: Begun, part: Part, artifact: Artifact, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Yield what one version scores of its share of the keys, as the prediction log keeps it."""
    rows = feature_rows(project, found.model.name, [found.night.key], found.feature_version)
    mine = (part.of(batch) for batch in rows)
    for batch in score_batches(artifact, mine, nthread=project.threads):
        count = batch.num_rows
        kept = {name: batch.column(name) for name in batch.schema.names}
        empty = {name: pa.nulls(count, pa.float64()) for name in columns if name not in kept}
        told = {"model_version": pa.repeat(pa.scalar(part.version), count)}
        told["scored_in"] = pa.repeat(pa.scalar(found.night.key), count)
        yield pa.record_batch(kept | empty | told)
