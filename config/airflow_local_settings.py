"""Imported by every Airflow component at its start, because ``config/`` is on the path of the embedded platform.

The scheduler forks its tasks, so what it has imported once, no task pays for again: 14 nights take half the time.
"""

from __future__ import annotations

import os
import sys

if sys.argv[1:2] == ["scheduler"] and os.environ.get("NIGHTSHIFT_PRELOAD", "1") == "1":
    import deltalake  # noqa: F401
    import duckdb  # noqa: F401
    import mlflow.xgboost  # noqa: F401
    import pyarrow.compute
    import pyarrow.parquet  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.metrics  # noqa: F401
    import xgboost  # noqa: F401

    import include.contracts.engine
    import include.night.preload  # noqa: F401
