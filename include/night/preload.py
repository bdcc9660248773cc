"""Everything a night imports, in one import: for a parent whose children are forked, which then import nothing."""

from __future__ import annotations

import include.contracts.engine
import include.evaluation.gate
import include.explain.card
import include.features.build
import include.night.lines
import include.night.promote
import include.night.report
import include.night.wait
import include.night.whole
import include.registry.aliases
import include.registry.mlflow
import include.scoring.batch
import include.sources.files
import include.training.fit  # noqa: F401
