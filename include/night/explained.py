"""Bug or world: what explains an alarm, from the rows of tonight and of the calm nights before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.evidence.diagnose import diagnose
from include.evidence.summary import Summary, summarise
from include.night.rows import feature_columns, present_features
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Collection

    from include.night.reference import Watch

_NIGHTS = 30


def explained(place: Watch, subjects: Collection[str]) -> list[dict[str, Any]]:
    """Return what explains strange subjects of a night, defects first, as plain JSON.

    Parameters
    ----------
    place : Watch
        The night.
    subjects : collection of str
        Features (and others, which are looked at as rows) that raised an alarm or a notice.

    Notes
    -----
    Compared with are the newest 30 partitions before that have feature rows.
    """
    found = place.found
    table = present_features(place.project, found.model.name).pinned()
    rows = table.contents()
    keys = sorted({r[PARTITION] for r in rows if r["_feature_version"] == found.feature_version and r["rows"]})
    before = [key for key in keys if key < found.night.key][-_NIGHTS:]
    columns = ["_key", "_event_time", *feature_columns(place.project, found.model.name)]
    timezone = place.project.catalog.dataset(found.model.rows).timezone

    def summary(key: str) -> Summary:
        batches = table.ordered(columns, [key], _feature_version=found.feature_version)
        return summarise(batches, key=["_key"], event_time="_event_time", timezone=timezone)

    told = diagnose(summary(found.night.key), [summary(key) for key in before], subjects)
    return [{"what": d.cause, "subject": d.subject, "sentence": d.sentence, "defect": bool(d.defect)} for d in told]
