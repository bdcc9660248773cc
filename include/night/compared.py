"""Two versions that both scored the same nights, compared on what came true."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from include.evaluation.looks import log_bar
from include.evaluation.nights import NightScores, paired_nights
from include.evaluation.performance import worse_evidence
from include.evaluation.plan import divides
from include.evaluation.terms import Terms
from include.features.days import days_of
from include.night.days import EVENT_TIME
from include.night.labels import labelled_partitions
from include.night.rows import label_numbers, labels_table, present_features
from include.night.score import artifact_of, predictions_table
from include.report.words import plural
from include.scoring.batch import in_classes, known_classes, score_columns
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from include.night.begun import Begun
    from include.project import Project
    from include.registry.artifact import Artifact
    from include.storage.tables import Table


@dataclass(frozen=True)
class Compared:
    """What the labels say of a new version against an old one.

    Attributes
    ----------
    nights : int
        Nights that both scored and whose labels are known.
    gain : float or None
        Mean over the values of the new version's gain, in the metric's unit; positive is better.
    evidence, needed : float
        Evidence that the new version is worse, and how much proves it however often one looks.
    metric : str
        What is compared.
    values : int
        One a night, or one a day of nights that are longer, as at the gate.
    """

    nights: int
    gain: float | None
    evidence: float
    needed: float
    metric: str
    values: int = 0

    @property
    def worse(self) -> bool:
        """Tell whether the new version is proven worse."""
        return self.evidence >= self.needed

    @property
    def sentence(self) -> str:
        """Say it."""
        if self.gain is None:
            return "no night that both scored has labels yet"
        days = f" ({self.values} days)" if self.values > self.nights else ""
        side = f"{abs(self.gain):.4g} {'better' if self.gain > 0 else 'worse'}"
        return (
            f"{self.metric.replace('_', ' ')} {side} a row over {plural(self.nights, 'labelled night')}{days}, "
            f"evidence that it is worse {self.evidence:.3g} of {self.needed:.3g}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON."""
        return asdict(self)


def compared(project: Project, found: Begun, old: str, new: str, keys: Sequence[str]) -> Compared:
    """Return what the labels known tonight say of two versions on the nights that both scored.

    Parameters
    ----------
    project, found
        The installation and the night.
    old, new : str
        Digests.
    keys : sequence of str
        Nights in which both took part.

    Notes
    -----
    Scores are those of the prediction log, as they were given in those nights. The evidence is that of the gate's
    confidence sequence on the gate's values (a night, a day of a week or longer, half a day or a day of hours), valid at every
    look from the third value on, at the gate's confidence.
    """
    terms = Terms.of(found.model.gate, found.model.task, grain=found.night.grain)
    needed = float(np.exp(log_bar(terms.alpha)))
    mature = {p.key for p in labelled_partitions(project, found)}
    pair = [artifact_of(project, found.model.name, digest) for digest in (old, new)]
    table = predictions_table(project, found.model.name)
    nights = [_night(project, found, table, key, pair) for key in sorted(keys) if table and key in mature]
    paired = paired_nights([value for night in nights for value in night.days()], terms.metric)
    if not len(paired.gain):
        return Compared(0, None, 0.0, needed, terms.metric.name)
    evidence = float(np.exp(min(worse_evidence(paired.blocks(terms.block), 0.0), 50.0)))
    gain, values = float(paired.gain.mean()), len(paired.gain)
    return Compared(paired.nights, gain, evidence, needed, terms.metric.name, values)


def _night(project: Project, found: Begun, table: Table, key: str, pair: Sequence[Artifact]) -> NightScores:
    """Return the rows of one night that both versions scored, with their labels."""
    labels = labels_table(project, found.model.name).read(["_key", "label", "label_text"], [key])
    rows = table.read(partitions=[key])
    classes = known_classes(*pair)
    joined = labels
    for place, artifact in enumerate(pair):
        own = score_columns(artifact.manifest)
        mine = rows.filter(_equal(rows, artifact.digest)).select(["_key", *own])
        joined = joined.join(mine.rename_columns(["_key", *_named(own, place)]), "_key", join_type="inner")
    if divides(found.night.grain):
        joined = joined.join(_instants(project, found, key), "_key", join_type="left outer")
    joined = joined.sort_by("_key")
    old, new = (_scores(joined, artifact, place, classes) for place, artifact in enumerate(pair))
    day = _days(joined, found.night.timezone) if EVENT_TIME in joined.column_names else None
    return NightScores(key, label_numbers(joined, classes).to_numpy(zero_copy_only=False), old, new, day=day)


def _instants(project: Project, found: Begun, key: str) -> pa.Table:
    """Return key and instant of the feature rows of one night."""
    import pyarrow as pa

    table = present_features(project, found.model.name)
    rows = table.ordered(["_key", EVENT_TIME], [key], _feature_version=found.feature_version)
    return pa.Table.from_batches(rows, pa.schema([table.spec.schema.field(name) for name in ("_key", EVENT_TIME)]))


def _days(joined: pa.Table, timezone: str) -> NDArray[np.int64] | None:
    """Return the day of each row; None where rows have no feature row any more, so that days cannot be told."""
    instants = joined.column(EVENT_TIME)
    return None if instants.null_count else days_of(instants, timezone)


def _equal(rows: pa.Table, digest: str) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    return pc.equal(rows.column("model_version"), digest)


def _named(columns: Sequence[str], place: int) -> list[str]:
    return [f"{place} {column}" for column in columns]


def _scores(joined: pa.Table, artifact: Artifact, place: int, classes: Sequence[str]) -> Any:
    columns = [joined.column(name).to_numpy() for name in _named(score_columns(artifact.manifest), place)]
    return in_classes(np.column_stack(columns), artifact.manifest.classes, classes) if classes else columns[0]


def scored_nights(project: Project, name: str, version: str) -> set[str]:
    """Return the keys of the nights of which the prediction log has rows of a version."""
    table = predictions_table(project, name)
    if table is None:
        return set()
    rows = table.read(["model_version", PARTITION]).group_by(["model_version", PARTITION]).aggregate([])
    return {row[PARTITION] for row in rows.to_pylist() if row["model_version"] == version}
