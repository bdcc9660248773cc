"""measure: labels that have matured, defects of the data, realised and estimated performance, signals and alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.night.begun import begun
from include.night.diagnosed import diagnose_earlier
from include.night.estimated import measure_estimated
from include.night.labels import labelled_partitions, take_labels
from include.night.measure_table import performance_table, realised_of
from include.night.metrics import deciding_metric
from include.night.realised import measure_realised
from include.night.servable import unservable
from include.night.unseen import Unseen
from include.night.watch import watch

if TYPE_CHECKING:
    from include.project import Project


def measure(project: Project, name: str, partition: str) -> dict[str, Any]:
    """Take in labels and measure what they say of served predictions; estimate what they will say of tonight's.

    Returns
    -------
    dict
        ``labelled`` (keys whose labels changed), ``measured`` (keys with served predictions among them), ``alarms``
        (sentences), and the newest ``metric``, ``metric_partition``, ``value`` and ``rows`` of the champion's realised
        loss; ``new_classes`` (rows by class, by partition) where labels are of classes that the version which served
        does not know.
    """
    found = begun(project, name, partition)
    labelled, looked_at = take_labels(project, found)
    diagnose_earlier(project, found)
    realised = measure_realised(project, found, looked_at)
    serves = found.champion is not None and unservable(project, found) is None
    unseen = Unseen(project, found) if serves else None
    if unseen is not None:
        measure_estimated(project, found, unseen)
    alarms = watch(project, found, unseen)
    metric = deciding_metric(found.model).name
    whole = {one.key for one in labelled_partitions(project, found)}
    newest = realised_of(performance_table(project, name), metric, {partition: whole})[partition]
    told = {"labelled": labelled, "measured": realised.measured, "alarms": [a.sentence for a in alarms], **newest}
    return told | ({"new_classes": realised.new_classes} if realised.new_classes else {})
