"""What tonight is compared with: the profile of the first champion's training window, and the nights in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.evidence.rows import EVIDENCE_SCHEMA
from include.night.alarms import alarms_table, standing
from include.night.rows import feature_columns, present_features
from include.night.score import artifact_of
from include.partitions import partition_from_key
from include.scoring.batch import score_columns
from include.signals.binning import edges_from
from include.signals.profile import Profile, profile
from include.signals.profile_rows import PROFILE_SCHEMA, from_rows, to_rows
from include.signals.sample import sampled
from include.storage.objects import read_if_present, replace
from include.storage.schemas import SIGNALS, with_partition
from include.storage.specs import PARTITION
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from include.evidence.alarm import Alarm
    from include.night.begun import Begun
    from include.project import Project

_REFERENCE = "reference"
_SAMPLE_SEED = 0


@dataclass(frozen=True)
class Watch:
    """The tables and the reference of one model's signals.

    Attributes
    ----------
    project : Project
        The installation.
    found : Begun
        The night.
    """

    project: Project
    found: Begun

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self.found.model.name

    def table(self, name: str, columns: pa.Schema) -> Table:
        """Return a table of the model that has these columns and the partition."""
        return Table(self.project.model_home(self.name) / name, with_partition(name, columns))

    @property
    def signals(self) -> Table:
        """Return the table of signals."""
        return Table(self.project.model_home(self.name) / "signals", SIGNALS)

    @property
    def profiles(self) -> Table:
        """Return the table of profiles."""
        return self.table("profiles", PROFILE_SCHEMA)

    @property
    def evidence(self) -> Table:
        """Return the table of evidence."""
        return self.table("evidence", EVIDENCE_SCHEMA)

    @property
    def alarms(self) -> Table:
        """Return the table of alarms."""
        return alarms_table(self.project, self.name)

    def standing(self) -> list[Alarm]:
        """Return every alarm and notice in its newest status."""
        return standing(self.project, self.name)

    # ---- reference ---------------------------------------------------------------------------------------------

    @cached_property
    def first(self) -> Mapping[str, Any] | None:
        """Return the record of the first champion's training, None while there was none."""
        promoted = [str(r.body["candidate"]) for r in self.found.ledger.records("promotion")]
        trained = [
            r.body for r in self.found.ledger.records("candidate") if promoted and r.body["candidate"] == promoted[0]
        ]
        return trained[0] if trained else None

    @cached_property
    def keys(self) -> list[str]:
        """Return the keys of the reference's partitions: the training window of the first champion, or its newest part."""
        if self.first is None:
            return []
        keys: list[str] = list(self.first["train"]["keys"])
        length = self.found.model.signals.reference
        if length is None:
            return keys
        rows = self.project.catalog.dataset(self.found.model.rows)
        parsed = [partition_from_key(key, rows.partition, rows.timezone) for key in keys]
        return [p.key for p in parsed if p.start >= parsed[-1].end - length]

    @cached_property
    def pool_keys(self) -> list[str]:
        """Return the keys of the nights that fill the pools of the data's signals: the reference, then those until tonight.

        Notes
        -----
        Nights kept from training for the gate belong to it: nothing was fitted to them, they are the newest, and the
        profile of the reference does not hold them.
        """
        last = self.keys[-1] if self.keys else ""
        rows = self._features.contents()
        there = {r[PARTITION] for r in rows if r["_feature_version"] == self.found.feature_version and r["rows"]}
        return [*self.keys, *sorted(key for key in there if last < key < self.found.night.key)]

    @cached_property
    def columns(self) -> list[str]:
        """Return the features that are watched."""
        chosen = self.found.model.signals.columns
        return [c for c in feature_columns(self.project, self.name) if not chosen or c in chosen]

    @cached_property
    def score_columns(self) -> list[str]:
        """Return the columns of the prediction log that the champion writes: one, or one a class."""
        digest = self.found.champion
        return score_columns(artifact_of(self.project, self.name, digest).manifest) if digest else ["score"]

    @cached_property
    def _features(self) -> Table:
        return present_features(self.project, self.name).pinned()

    def rows(self, keys: Iterable[str]) -> Iterator[pa.RecordBatch]:
        """Return the watched features of some partitions, in a fixed order."""
        yield from self._features.ordered(self.columns, list(keys), _feature_version=self.found.feature_version)

    @cached_property
    def profile(self) -> Profile:
        """Return the profile of the reference; made once, then read."""
        stored = self.profiles.read(partitions=[_REFERENCE])
        if stored.num_rows:
            return from_rows(stored)
        edges = edges_from(self.rows(self.keys), threads=self.project.threads)
        made = profile(self.rows(self.keys), edges, threads=self.project.threads)
        self.profiles.replace(_REFERENCE, to_rows(made, with_edges=True).to_batches())
        return made

    @cached_property
    def sample(self) -> pa.Table:
        """Return a bounded sample of the reference's rows, always the same; drawn once, then read."""
        wanted = self.found.model.signals.sample_rows
        place = (
            self.project.model_home(self.name) / "reference_samples" / f"{self.profile.edges.id[:16]}-{wanted}.arrow"
        )
        stored = read_if_present(place)
        if stored is not None:
            return pa.ipc.open_file(pa.py_buffer(stored)).read_all()
        drawn = sampled(self.rows(self.keys), None, wanted, _SAMPLE_SEED)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, drawn.schema) as writer:
            writer.write_table(drawn)
        replace(place, sink.getvalue().to_pybytes())
        return drawn

    @property
    def hours(self) -> float:
        """Return the length of the reference in hours."""
        rows = self.project.catalog.dataset(self.found.model.rows)
        return sum(partition_from_key(key, rows.partition, rows.timezone).hours for key in self.keys)
