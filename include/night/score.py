"""score: the champion's predictions of the night's rows, into the prediction log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.night.begun import begun
from include.night.rows import feature_rows, features_table
from include.registry.artifact import Artifact, load
from include.scoring.batch import score as score_batches
from include.scoring.batch import score_columns
from include.storage.schemas import predictions
from include.storage.specs import PARTITION
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.project import Project


def artifact_of(project: Project, name: str, digest: str) -> Artifact:
    """Return a model version, verified."""
    return load(project.model_home(name) / "artifacts", digest)


def predictions_table(project: Project, name: str, artifact: Artifact | None = None) -> Table | None:
    """Return a model's prediction log; None before its first row (unless the model that will write it is given)."""
    location = project.model_home(name) / "predictions"
    if artifact is not None:
        return Table(location, predictions(score_columns(artifact.manifest)))
    return Table.existing(location, f"predictions of {name}", predictions(["score"]))


def score(project: Project, name: str, partition: str) -> dict[str, Any]:
    """Score the night's rows with its champion; served predictions are never written again.

    Returns
    -------
    dict
        ``rows`` scored and ``model_version``; 0 rows with a ``reason`` when there is no champion or are no rows.
    """
    found = begun(project, name, partition)
    if found.champion is None:
        return {"rows": 0, "reason": "there is no champion yet"}
    if features_table(project, name) is None:
        return {"rows": 0, "reason": "there are no feature rows"}
    artifact = artifact_of(project, name, found.champion)
    table = predictions_table(project, name, artifact)
    assert table is not None  # noqa: S101 (an artifact was given)
    served = [r for r in table.contents() if r[PARTITION] == partition and r["role"] == "champion"]
    if not served:
        rows = feature_rows(project, name, [partition], found.feature_version)
        scored = score_batches(artifact, rows, nthread=project.threads)
        table.replace({PARTITION: partition, "role": "champion"}, _logged(scored, found.champion, partition))
        served = [r for r in table.contents() if r[PARTITION] == partition and r["role"] == "champion"]
    return {"rows": sum(int(r["rows"]) for r in served), "model_version": found.body["champion_version"]}


def _logged(batches: Iterator[pa.RecordBatch], version: str, night: str) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        count = batch.num_rows
        yield batch.append_column("model_version", pa.repeat(pa.scalar(version), count)).append_column(
            "scored_in", pa.repeat(pa.scalar(night), count)
        )
