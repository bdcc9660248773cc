"""The rows that a candidate is judged on: later nights that neither it nor its rivals have learned from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from include.evaluation.groups import grouped
from include.evaluation.nights import NightScores
from include.evaluation.plan import divides
from include.features.days import days_of
from include.night.columns import columns_of
from include.night.days import EVENT_TIME
from include.night.golden import golden_keys, golden_record, golden_rows
from include.night.labels import labelled_with_features
from include.night.rows import feature_columns, label_numbers, labelled_rows
from include.scoring.batch import known_classes, scores
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.evaluation.terms import Terms
    from include.night.begun import Begun
    from include.project import Project
    from include.registry.artifact import Artifact


@dataclass(frozen=True)
class Rivals:
    """Who is compared: `champion` may be the constant predictor, `anchor` is None where the terms know none."""

    champion: Artifact
    candidate: Artifact
    anchor: Artifact | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the classes that any of them knows."""
        return known_classes(*(each for each in (self.champion, self.candidate, self.anchor) if each is not None))


def held_out_keys(project: Project, found: Begun, first: str, rivals: Rivals) -> list[str]:
    """Return the labelled partitions from a candidate's first held-out one on.

    Those that the champion or the anchor has learned from are left out: they would favour it. That happens when it was
    trained again after its own gate, or when the hold-out has become longer since.
    """
    learned = [each.manifest.lineage.train for each in (rivals.champion, rivals.anchor) if each is not None]
    known = max((keys[-1] for keys in learned if keys), default="")
    return [p.key for p in labelled_with_features(project, found) if p.key >= first and p.key > known]


def scored_nights(
    project: Project, found: Begun, keys: Sequence[str], rivals: Rivals, terms: Terms, first: int
) -> list[NightScores]:
    """Return the rows of each night with all scores, the golden set's left out.

    Parameters
    ----------
    keys : sequence of str
        Partitions, oldest first.
    first : int
        How many of them the first look had: numbers are divided into ranges by these.
    """
    features = feature_columns(project, found.model.name, found.feature_version) if terms.search_slices else ()
    names = [*terms.columns, *features]
    frozen = golden_record(found.ledger)
    left_out = golden_keys(project, found.model.name, frozen.body["table_version"] if frozen else None)
    also = [EVENT_TIME] if divides(found.night.grain) else []
    rows = labelled_rows(
        project, found.model.name, keys, found.feature_version, classes=rivals.classes, leave_out=left_out, also=also
    )
    nights = {}
    for key, batches in groupby((b for b in rows if b.num_rows), lambda batch: batch.column(PARTITION)[0].as_py()):
        table = pa.Table.from_batches(list(batches))
        label = table.column("label")
        night = _with_scores(project, found, key, table, label, rivals, tuple(dict.fromkeys(names)))
        nights[key] = replace(night, day=days_of(table.column(EVENT_TIME), found.night.timezone)) if also else night
    nothing = np.empty(0)
    return grouped([nights.get(key) or NightScores(key, nothing, nothing, nothing) for key in keys], first)


def golden_night(project: Project, found: Begun, rivals: Rivals, terms: Terms) -> NightScores | None:
    """Return the golden set with all scores; None where none is frozen in the night's feature version.

    Its segments are the columns that the gate names for slices and fairness, else every text and boolean among the features.
    """
    record = golden_record(found.ledger, found.feature_version)
    if record is None:
        return None
    rows = golden_rows(project, found.model.name, record)
    features = feature_columns(project, found.model.name, found.feature_version)
    names = terms.columns or tuple(
        field.name
        for field in rows.schema
        if (pa.types.is_string(field.type) or pa.types.is_boolean(field.type)) and field.name in features
    )
    label = label_numbers(rows, rivals.classes)
    return grouped([_with_scores(project, found, "golden set", rows, label, rivals, names)], 1)[0]


def _with_scores(
    project: Project, found: Begun, name: str, rows: pa.Table, label: Any, rivals: Rivals, names: Sequence[str]
) -> NightScores:
    batch = rows.combine_chunks().to_batches()[0]

    def scored(artifact: Artifact) -> np.ndarray[Any, np.dtype[np.float64]]:
        return scores(artifact, batch, project.threads, classes=rivals.classes)

    return NightScores(
        partition=name,
        label=label.to_numpy(zero_copy_only=False),
        champion=scored(rivals.champion),
        candidate=scored(rivals.candidate),
        anchor=None if rivals.anchor is None else scored(rivals.anchor),
        slices=columns_of(project, found, rows, names),
    )


def night_path(nights: Sequence[NightScores], terms: Terms) -> list[dict[str, Any]]:
    """Return the losses of champion and candidate night by night."""
    path = []
    for night in nights:
        champion = terms.metric.measure(night.label, night.champion)
        candidate = terms.metric.measure(night.label, night.candidate)
        row = {"champion": champion.value, "candidate": candidate.value, "rows": champion.rows}
        path.append({"partition": night.partition, **row})
    return path


def mean_loss(nights: Sequence[NightScores], terms: Terms) -> dict[str, Any]:
    """Return the candidate's mean loss over the held-out nights and its standard error between nights."""
    values = [terms.metric.measure(n.label, n.candidate).value for n in nights if len(n.label)]
    found = np.array([v for v in values if v is not None], np.float64)
    spread = float(found.std(ddof=1) / np.sqrt(len(found))) if len(found) > 1 else None
    return {"candidate_loss": float(found.mean()) if len(found) else None, "candidate_standard_error": spread}
