"""The model card: what a model is, from what, how good, and what it is not fit for; Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.registry.manifest import Manifest

_TASKS = {
    "binary": "the probability of 1",
    "regression": "a number",
    "multiclass": "one probability per class",
}


def model_card(
    manifest: Manifest,
    *,
    description: str,
    owner: str,
    metrics: Mapping[str, float] | None = None,
    gate: Mapping[str, Any] | None = None,
    importance: Mapping[str, float] | None = None,
    limits: Sequence[str] = (),
) -> str:
    """Return the card of a model version.

    Parameters
    ----------
    manifest : Manifest
        What it is.
    description, owner : str
        From the model's configuration.
    metrics : mapping of str to float, optional
        On the hold-out.
    gate : mapping, optional
        A gate report as JSON (`GateReport.as_json`).
    importance : mapping of str to float, optional
        Mean |SHAP| by feature, the largest first.
    limits : sequence of str
        Sentences of the owner's, after those that follow from the manifest.
    """
    lineage, fit = manifest.lineage, manifest.fit
    lines = [
        f"# {lineage.model or 'Model'} {manifest.digest[:12]}",
        "",
        description,
        "",
        f"Owner: {owner}. It predicts {_TASKS[manifest.task]}"
        + (f" ({', '.join(manifest.classes)})." if manifest.classes else "."),
        "",
        "## Data",
        "",
        f"- Trained for the night {lineage.partition or 'unknown'} because of: {lineage.trigger or 'not recorded'}.",
        f"- Rows: {fit.rows:,} to train on"
        + (f", {fit.calibration_rows:,} newer ones to calibrate" if fit.calibration_rows else "")
        + f"; mean label {fit.label_mean:.4g}.",
        f"- Window: {lineage.window}, partitions {_span(lineage.train)}; kept for the gate: {_span(lineage.holdout)}.",
        *(f"- Table `{table.table}` at version {table.version}." for table in lineage.inputs),
        "",
        "## Quality",
        "",
        *(_metrics(metrics) if metrics else ["Not measured yet.", ""]),
        *(["## Gate", "", gate_table(gate), ""] if gate else []),
        *(["## What moves it", "", *_importance(importance), ""] if importance else []),
        "## Limits",
        "",
        *(f"- {limit}" for limit in (*known_limits(manifest), *limits)),
        "",
        "## Training",
        "",
        *_training(manifest),
        "",
    ]
    return "\n".join(lines)


def gate_table(gate: Mapping[str, Any]) -> str:
    """Return a gate report as a Markdown table, its verdict first."""
    rows = [f"**{gate['verdict']}**: {gate['reason']}", "", "| part | finding | reason |", "|---|---|---|"]
    rows += [f"| {_cell(p['name'])} | {_cell(p['finding'])} | {_cell(p['reason'])} |" for p in gate.get("parts", ())]
    return "\n".join(rows)


def known_limits(manifest: Manifest) -> list[str]:
    """Return the limits that follow from how a model was trained, each a sentence."""
    if manifest.kind == "constant":
        return ["It predicts the same for every row: it is what the first real model is compared with."]
    train = manifest.lineage.train
    found = [f"It has seen {_span(train)} only; what is new since then is unknown to it."] if train else []
    bucketed = [f.name for f in manifest.features if f.other]
    closed = [f.name for f in manifest.features if f.kind == "category" and not f.other]
    empty = [f.name for f in manifest.features if f.arrow == "null" or (f.kind == "category" and not f.categories)]
    if bucketed:
        found.append(f"Rare values of {', '.join(bucketed)} are one category, as are values it has never seen.")
    if closed:
        found.append(f"Values of {', '.join(closed)} that it has never seen count as missing; they are counted.")
    if empty:
        found.append(f"{', '.join(empty)} had no value in training, so it says nothing about them.")
    if not manifest.calibration and manifest.task != "regression":
        found.append("Its scores are not calibrated after training.")
    return found


def _metrics(metrics: Mapping[str, float]) -> list[str]:
    return ["| metric | hold-out |", "|---|---|", *(f"| {_cell(k)} | {v:.5g} |" for k, v in metrics.items()), ""]


def _importance(importance: Mapping[str, float]) -> list[str]:
    shown = list(importance.items())[:15]
    return ["| feature | mean absolute SHAP |", "|---|---|", *(f"| {_cell(k)} | {v:.4g} |" for k, v in shown)]


def _training(manifest: Manifest) -> list[str]:
    fit = manifest.fit
    if manifest.kind == "constant":
        return ["- Nothing was trained but the mean of the labels."]
    found = [
        f"- {fit.objective}, {fit.rounds} rounds, seed {fit.seed}, {fit.nthread} threads on {fit.device}.",
        f"- Parameters: {', '.join(f'{k} {v}' for k, v in fit.parameters.items() if k != 'objective')}.",
        f"- Libraries: {', '.join(f'{k} {v}' for k, v in fit.libraries.items())}.",
        f"- Model file: {manifest.model_bytes:,} bytes, SHA-256 {manifest.model_sha256}.",
    ]
    if fit.tuning:
        found.append(
            f"- Tuned: {fit.tuning.trials} sets tried and {fit.tuning.pruned} given up; loss on later rows "
            f"{fit.tuning.loss:.5g} instead of {fit.tuning.untuned_loss:.5g}."
        )
    return found


def _span(keys: Sequence[str]) -> str:
    if not keys:
        return "not recorded"
    return keys[0] if len(keys) == 1 else f"{keys[0]} to {keys[-1]} ({len(keys)})"


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
