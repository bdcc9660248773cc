"""Which features: a digest of everything that decides their values."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from include.config.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.config.dataset import Dataset
    from include.config.model import Model


def feature_version(sql: str | None, model: Model, datasets: Mapping[str, Dataset]) -> str:
    """Return the sha256 (hexadecimal) of a model's feature text, lead, lookback and what it reads.

    Parameters
    ----------
    sql : str | None
        Text of the SQL file; None for the default features.
    model : Model
        Whose features they are.
    datasets : mapping
        Configured datasets by name.

    Notes
    -----
    Ends of lines, trailing blanks and the order in which datasets are listed do not matter. Of each dataset those
    settings count that decide values: event time, key, when rows are known, outcome columns, derived columns, types.
    Owners, descriptions, bounds and schedules do not.
    """
    names = sorted({model.rows, *(model.datasets if sql is not None else ())})
    body = {
        "sql": None if sql is None else "\n".join(line.rstrip() for line in sql.strip().splitlines()),
        "lead": format_duration(model.lead),
        "lookback": format_duration(model.lookback),
        "rows": model.rows,
        "target": [model.target.dataset, model.target.column],
        "datasets": {name: _read_of(datasets[name]) for name in names},
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _read_of(dataset: Dataset) -> dict[str, Any]:
    return {
        "event_time": dataset.event_time,
        "key": dataset.key,
        "known_at": dataset.known_at.model_dump(mode="json"),
        "outcome": sorted(dataset.outcome),
        "static": dataset.static,
        "derive": dataset.derive,
        "partition": [dataset.partition, dataset.timezone],
        "types": {name: rule.type for name, rule in dataset.contract.columns.items()},
    }
