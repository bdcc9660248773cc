"""What we use of Great Expectations, imported without its telemetry, log lines and deprecation warnings.

Importing this module takes 2 to 3 seconds: only `engine` and `expectations` do, and they are themselves imported late.
"""

from __future__ import annotations

import logging
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations.expectations as gxe
    from great_expectations import ExpectationSuite, get_context
    from great_expectations.data_context import AbstractDataContext
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
    from great_expectations.validator.validation_graph import ValidationGraph

__all__ = [
    "AbstractDataContext",
    "ExpectationSuite",
    "SqlAlchemyBatchData",
    "SqlAlchemyExecutionEngine",
    "ValidationGraph",
    "gxe",
    "new_context",
]

logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)  # sets itself to INFO


def new_context() -> AbstractDataContext:
    """Return a context that lives in memory and shows no progress bars."""
    context = get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context
