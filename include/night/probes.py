"""The cheap candidates of a night: from the feature rows as they were served and the labels known by its end."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.config.model import WindowSettings
from include.evaluation.plan import divides
from include.features.days import days_of
from include.night.days import EVENT_TIME
from include.night.golden import golden_keys, golden_record
from include.night.rows import feature_columns, feature_rows, features_table, label_numbers, labels_table
from include.partitions import partition_from_key
from include.policy.decide import windows_wanted
from include.policy.history import History, history_of_arrays
from include.policy.live import Champion, live_probes, window_text
from include.storage.specs import PARTITION
from include.training.encode import Codebook

if TYPE_CHECKING:
    from include.night.begun import Begun
    from include.partitions import Partition
    from include.policy.parse import Policy
    from include.policy.state import State
    from include.project import Project


def with_probes(project: Project, found: Begun, policy: Policy, state: State) -> State:
    """Return the state with the cheap candidates that the policy wants to see tonight; unchanged when it wants none."""
    windows = windows_wanted(policy, state)
    nights = _nights(project, found) if windows else []
    if len(nights) < 2 or nights[-1].key != found.night.key:
        return state
    history = _history(project, found, nights)
    if history is None:
        return state
    home = project.model_home(found.model.name)
    cache = home.path if home.is_local else Path(tempfile.gettempdir()) / "nightshift" / found.model.name
    return replace(state, probes=live_probes(found.model, history, _champion(found), windows, cache / "probes"))


def _nights(project: Project, found: Begun) -> list[Partition]:
    """Return the partitions up to tonight that have feature rows of the night's version, oldest first."""
    table = features_table(project, found.model.name)
    rows = project.catalog.dataset(found.model.rows)
    there = [r for r in table.contents() if r["rows"]] if table else []
    keys = {r[PARTITION] for r in there if r["_feature_version"] == found.feature_version}
    parsed = (partition_from_key(key, rows.partition, rows.timezone) for key in keys)
    return sorted(p for p in parsed if p.end <= found.night.end)


def _history(project: Project, found: Begun, nights: list[Partition]) -> History | None:
    model = found.model
    keys = [night.key for night in nights]
    labels = labels_table(project, model.name).read(["_key", "label", "label_text", "known_at", PARTITION], keys)
    labels = labels.filter(pc.less_equal(labels["known_at"], pa.scalar(found.night.end, labels["known_at"].type)))
    labels = labels.filter(pc.invert(_frozen(project, found, labels)))
    classes = tuple(sorted({t for t in labels["label_text"].to_pylist() if t is not None}))
    category = [c for c, rule in model.feature_contract.items() if rule.type == "category"]
    features = feature_columns(project, model.name, found.feature_version)
    book = Codebook(features, category, model.learner.max_categories)
    order = {key: place for place, key in enumerate(keys)}
    longer = divides(found.night.grain)
    matrices, places, values, instants, days = [], [], [], [], []
    for batch in feature_rows(project, model.name, keys, found.feature_version, also=[EVENT_TIME] if longer else []):
        if longer:
            days.append(days_of(batch.column(EVENT_TIME), found.night.timezone))
        matrices.append(np.ascontiguousarray(book.matrix(batch)))
        of_batch = batch.column(PARTITION).to_pylist()
        places.append(np.array([order[key] for key in of_batch], np.int64))
        known = labels.filter(pc.is_in(labels[PARTITION], value_set=pa.array(sorted(set(of_batch)), pa.string())))
        keyed = pc.binary_join_element_wise(known[PARTITION], known["_key"], "|").combine_chunks()
        mine = pc.binary_join_element_wise(batch.column(PARTITION), batch.column("_key"), "|")
        at = pc.index_in(mine, value_set=keyed)
        values.append(pc.take(label_numbers(known, classes), at).cast(pa.float64()).fill_null(np.nan).to_numpy())
        instants.append(pc.take(known["known_at"].cast(pa.int64()), at).fill_null(0).to_numpy())
    label = np.concatenate(values) if values else np.empty(0)
    if not np.isfinite(label).any():
        return None
    return history_of_arrays(
        nights, np.concatenate(places), np.concatenate(matrices), label, np.concatenate(instants),
        np.concatenate(days) if longer else None, model=model.name, task=model.task, names=book.columns,
        kinds=tuple("c" if feature.kind == "category" else "q" for feature in book.features()),
        classes=classes,
    )  # fmt: skip


def _frozen(project: Project, found: Begun, labels: pa.Table) -> pa.Array:
    """Return which labels belong to the golden set, from which nothing learns."""
    record = golden_record(found.ledger)
    keys = golden_keys(project, found.model.name, record.body["table_version"] if record else None)
    named = pa.array(
        [f"{partition}|{key}" for partition, all_of in keys.items() for key in all_of.to_pylist()], pa.string()
    )
    return pc.is_in(pc.binary_join_element_wise(labels[PARTITION], labels["_key"], "|"), value_set=named)


def _champion(found: Begun) -> Champion | None:
    """Return the champion's cut and window from the ledger; None for one that was not trained here."""
    records = found.ledger.records()
    trainings = [r for r in records if r.kind == "candidate"]
    mine = [r for r in trainings if r.body["candidate"] == found.champion]
    if not mine:
        return None
    decided = [r for r in records if r.kind == "decision" and r.key == mine[-1].body.get("decision")]
    chosen = decided[-1].body["decision"].get("window") if decided else None
    own = found.model.window if isinstance(found.model.window, WindowSettings) else None
    window = chosen or window_text(own, found.night.grain)
    return Champion(mine[-1].body["train"]["last"], window, int(trainings[0].body["rows"]))
