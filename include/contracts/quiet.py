"""Great Expectations without its noise."""

from __future__ import annotations

import logging
import os


def silence() -> None:
    """Turn off telemetry and the log lines of the library; run when this package is imported, so before the library is.

    Notes
    -----
    Importing it logs some two hundred lines that Airflow's log configuration lets through. Its engine's own error lines
    are silenced wholly, because they can hold values of the data; an exception is answered by the check it belongs to.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    for room in ("execution_engine", "validator", "expectations"):
        logging.getLogger(f"great_expectations.{room}").setLevel(logging.CRITICAL)
