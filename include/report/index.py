"""Pages that list: the nights of a model, the validations of a dataset, and everything there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.report.pages import render
from include.report.plots import Series, line_plot
from include.report.words import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from markupsafe import Markup

    from include.report.lines import NightLine, SubjectLine, ValidationLine

MOST_LINES = 400


def nights_page(
    model: str,
    lines: Sequence[NightLine],
    *,
    description: str = "",
    owner: str = "",
    made_at: datetime | None = None,
) -> str:
    """Return the page that lists a model's nights, the newest first; each links to ``<partition>.html`` beside it.

    Parameters
    ----------
    model : str
    lines : sequence of NightLine
        In order of partitions; the newest 400 are listed.
    description, owner : str
    made_at : datetime, optional
    """
    shown = list(lines[-MOST_LINES:])
    return render(
        "nights.html",
        model=model,
        description=description,
        owner=owner,
        lines=shown[::-1],
        hidden=len(lines) - len(shown),
        metric=shown[-1].metric if shown else "",
        metric_plot=_metric_plot(shown),
        promotions=sum(line.promoted for line in shown),
        trainings=sum(line.decision == "retrain" for line in shown),
        troubled=sum(line.state == "failed" or line.decision == "blocked" for line in shown),
        made_at=made_at,
    )


def validations_page(
    dataset: str,
    lines: Sequence[ValidationLine],
    *,
    description: str = "",
    owner: str = "",
    made_at: datetime | None = None,
) -> str:
    """Return the page that lists a dataset's validations, the newest first; each links to ``<partition>.html`` beside it.

    Parameters
    ----------
    dataset : str
    lines : sequence of ValidationLine
        In order of partitions; the newest 400 are listed.
    description, owner : str
    made_at : datetime, optional
    """
    shown = list(lines[-MOST_LINES:])
    return render(
        "validations.html",
        dataset=dataset,
        description=description,
        owner=owner,
        lines=shown[::-1],
        hidden=len(lines) - len(shown),
        rows_plot=_rows_plot(shown),
        blocked=[line for line in shown if line.health not in {"pass", "warn"}],
        made_at=made_at,
    )


def home_page(subjects: Sequence[SubjectLine], *, made_at: datetime | None = None) -> str:
    """Return the first page: every model and dataset, each with a link to ``models/<name>/`` or ``datasets/<name>/``."""
    return render(
        "home.html",
        models=[line for line in subjects if line.kind == "model"],
        datasets=[line for line in subjects if line.kind == "dataset"],
        made_at=made_at,
    )


def _metric_plot(lines: Sequence[NightLine]) -> Markup | str:
    known = [line for line in lines if line.value is not None and line.measured_on]
    if len(known) < 2:
        return ""
    first, last = known[0], known[-1]
    words = f"From {number(first.value)} on {first.measured_on} to {number(last.value)} on {last.measured_on}"
    labels = [str(line.measured_on) for line in known]
    return line_plot(last.metric, words, labels, [Series(last.metric, tuple(line.value for line in known))], height=200)


def _rows_plot(lines: Sequence[ValidationLine]) -> Markup | str:
    known = [line for line in lines if line.rows is not None]
    if len(known) < 2:
        return ""
    words = f"From {known[0].rows:,} in {known[0].partition} to {known[-1].rows:,} in {known[-1].partition}"
    series = [Series("rows", tuple(line.rows for line in known))]
    return line_plot("Rows", words, [line.partition for line in known], series, height=200)
