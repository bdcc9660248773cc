"""Small plots as SVG files that stand alone: for MLflow's pages, which have no style of ours.

Drawn by hand, because a plotting library costs a second in every training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Array = np.ndarray[Any, Any]
WIDTH, HEIGHT, LEFT, TOP, PLOT = 520, 420, 70, 40, 320
_BLUE, _GREY, _INK = "#2a6fb0", "#b8bec6", "#1f2933"


@dataclass(frozen=True)
class Axis:
    """One axis: its title and the values at its ends."""

    title: str
    low: float = 0.0
    high: float = 1.0


def training_plots(
    label: Array, score: Array, task: str, importance: Mapping[str, float] | None = None
) -> dict[str, str]:
    """Return the plots of a training by file name.

    Parameters
    ----------
    label : ndarray, shape (n_rows,)
        Labels of rows the model was not trained on: 0 or 1, class places, or numbers.
    score : ndarray, shape (n_rows,) or (n_rows, n_classes)
        Its scores of them.
    task : str
        ``binary``, ``regression`` or ``multiclass``.
    importance : mapping of str to float, optional
        Mean |SHAP| by feature.

    Returns
    -------
    dict of str to str
        ``plots/feature_importance.svg`` when importance is given, ``plots/calibration.svg`` when there are rows,
        ``plots/roc.svg`` for a binary task with both labels.
    """
    found = {}
    if importance:
        found["plots/feature_importance.svg"] = bars("Feature importance (mean |SHAP|)", importance)
    if task == "multiclass" and len(label):
        top = score.argmax(axis=1)
        label, score = (top == label).astype(float), score.max(axis=1)
    if len(label):
        found["plots/calibration.svg"] = _calibration(label, score, task)
    if task == "binary" and 0 < label.sum() < len(label):
        false, true = roc_points(label, score)
        axes = (Axis("false positive rate"), Axis("true positive rate"))
        found["plots/roc.svg"] = lines("ROC curve", false, true, axes)
    return found


def roc_points(label: Array, score: Array, points: int = 200) -> tuple[Array, Array]:
    """Return false and true positive rates at falling thresholds; shape (n_points,), from (0, 0) to (1, 1).

    Rows of equal score count together. At most so many points are kept, at evenly spaced places.

    Examples
    --------
    >>> roc_points(np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1]))[1].tolist()
    [0.0, 0.5, 0.5, 1.0, 1.0]
    """
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    true = np.concatenate([[0.0], np.cumsum(label[order])[ends]])
    false = np.concatenate([[0.0], (np.arange(1, len(score) + 1) - np.cumsum(label[order]))[ends]])
    if len(true) > points:
        kept = np.unique(np.linspace(0, len(true) - 1, points).round().astype(int))
        true, false = true[kept], false[kept]
    return false / false[-1], true / true[-1]


def _calibration(label: Array, score: Array, task: str) -> str:
    """Draw mean label against mean score in ten groups of equal size."""
    groups = np.array_split(np.argsort(score, kind="stable"), min(10, len(score)))
    said = np.array([score[group].mean() for group in groups])
    seen = np.array([label[group].mean() for group in groups])
    if task == "regression":
        low, high = float(min(said.min(), seen.min())), float(max(said.max(), seen.max()))
        axes = (Axis("mean prediction", low, high), Axis("mean label", low, high))
    else:
        axes = (Axis("mean score"), Axis("share that came true"))
    return lines("Calibration", said, seen, axes, dots=True)


def lines(title: str, x: Array, y: Array, axes: tuple[Axis, Axis], *, dots: bool = False) -> str:
    """Return one line with the diagonal beside it, as an SVG document."""
    across = [LEFT + PLOT * _place(value, axes[0]) for value in x]
    down = [TOP + PLOT * (1 - _place(value, axes[1])) for value in y]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across, down, strict=True))
    parts = [
        f'<rect x="{LEFT}" y="{TOP}" width="{PLOT}" height="{PLOT}" fill="none" stroke="{_GREY}"/>',
        f'<line x1="{LEFT}" y1="{TOP + PLOT}" x2="{LEFT + PLOT}" y2="{TOP}" stroke="{_GREY}" stroke-dasharray="4 4"/>',
        f'<polyline points="{path}" fill="none" stroke="{_BLUE}" stroke-width="2"/>',
        *_ticks(axes),
    ]
    if dots:
        parts += [
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{_BLUE}"/>' for a, b in zip(across, down, strict=True)
        ]
    return _document(title, HEIGHT, parts)


def bars(title: str, values: Mapping[str, float], most: int = 20) -> str:
    """Return horizontal bars, the first of them on top, as an SVG document."""
    shown = list(values.items())[:most]
    largest = max((value for _, value in shown), default=0.0) or 1.0
    parts = []
    for row, (name, value) in enumerate(shown):
        y = TOP + 20 * row
        parts.append(f'<text x="190" y="{y + 13}" text-anchor="end">{escape(_short(name))}</text>')
        parts.append(f'<rect x="196" y="{y + 2}" width="{240 * value / largest:.1f}" height="14" fill="{_BLUE}"/>')
        parts.append(f'<text x="{200 + 240 * value / largest:.1f}" y="{y + 13}">{value:.3g}</text>')
    return _document(title, TOP + 20 * len(shown) + 16, parts)


def _ticks(axes: tuple[Axis, Axis]) -> list[str]:
    bottom, middle = TOP + PLOT, LEFT + PLOT / 2
    return [
        f'<text x="{LEFT}" y="{bottom + 18}">{axes[0].low:.3g}</text>',
        f'<text x="{LEFT + PLOT}" y="{bottom + 18}" text-anchor="end">{axes[0].high:.3g}</text>',
        f'<text x="{LEFT - 6}" y="{bottom}" text-anchor="end">{axes[1].low:.3g}</text>',
        f'<text x="{LEFT - 6}" y="{TOP + 10}" text-anchor="end">{axes[1].high:.3g}</text>',
        f'<text x="{middle}" y="{bottom + 36}" text-anchor="middle">{escape(axes[0].title)}</text>',
        f'<text transform="rotate(-90 24 {TOP + PLOT / 2})" x="24" y="{TOP + PLOT / 2}" text-anchor="middle">'
        f"{escape(axes[1].title)}</text>",
    ]


def _place(value: float, axis: Axis) -> float:
    span = axis.high - axis.low
    return 0.5 if span <= 0 else (value - axis.low) / span


def _short(name: str) -> str:
    return name if len(name) <= 26 else name[:25] + "…"


def _document(title: str, height: int, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="12" fill="{_INK}">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        f'<text x="16" y="24" font-size="15" font-weight="bold">{escape(title)}</text>'
    )
    return head + "".join(parts) + "</svg>\n"
