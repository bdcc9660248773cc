"""The plots of a training, from a sample of rows that the model was not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.explain.attributions import SAMPLE_ROWS, contributions
from include.explain.charts import training_plots
from include.scoring.batch import scores
from include.signals.sample import sampled

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from include.registry.artifact import Artifact

# exact SHAP values cost some milliseconds a row; the mean over these is within a few per cent of that over many more
EXPLAINED_ROWS = 1000


def plots_of(
    artifact: Artifact, rows: Iterable[pa.RecordBatch], *, sample: int = SAMPLE_ROWS, seed: int = 0, nthread: int = 1
) -> tuple[dict[str, str], dict[str, float]]:
    """Return a model's plots and the importance of its features.

    Parameters
    ----------
    artifact : Artifact
        The model.
    rows : iterable of pyarrow.RecordBatch
        Labelled feature rows of the hold-out (column `label`); read once, in memory bounded by the sample.
    sample : int
        Most rows taken; the importance is that of at most `EXPLAINED_ROWS` of them.
    seed : int
        Decides which.
    nthread : int
        Threads.

    Returns
    -------
    (dict of str to str, dict of str to float)
        SVG by path (`charts.training_plots`), mean |SHAP| by feature; both empty without rows.
    """
    taken = sampled(rows, None, sample, seed).combine_chunks()
    if not taken.num_rows:
        return {}, {}
    batch = taken.to_batches()[0]
    importance = contributions(
        artifact, [batch], rows=min(sample, EXPLAINED_ROWS), seed=seed, nthread=nthread
    ).importance
    label = batch.column("label").to_numpy(zero_copy_only=False)
    found = scores(artifact, batch, nthread)
    return training_plots(label, found, artifact.manifest.task, importance), importance
