"""Upkeep of all models and datasets together: summary, digest, repair of projections, compaction, retention, erasure."""
