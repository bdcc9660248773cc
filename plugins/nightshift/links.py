"""Buttons on a task's page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.models.taskinstancekey import TaskInstanceKey


class ReportLink(BaseOperatorLink):
    """The page of the night."""

    name = "Night report"

    def get_link(self, operator: Any, *, ti_key: TaskInstanceKey) -> str:
        """Return where reports are served, when they are (``NIGHTSHIFT_REPORTS_URL``)."""
        base = os.environ.get("NIGHTSHIFT_REPORTS_URL", "").rstrip("/")
        return f"{base}/models/{operator.name}/index.html" if base else ""


class BacktestLink(BaseOperatorLink):
    """The page of a backtest."""

    name = "Backtest"

    def get_link(self, operator: Any, *, ti_key: TaskInstanceKey) -> str:
        """Return where the model's newest backtest is served, when reports are (``NIGHTSHIFT_REPORTS_URL``)."""
        base = os.environ.get("NIGHTSHIFT_REPORTS_URL", "").rstrip("/")
        return f"{base}/models/{operator.name}/backtest.html" if base else ""
