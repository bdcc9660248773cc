"""Contracts: what rows must be before anyone sees them, judged by Great Expectations in DuckDB."""

from include.contracts.quiet import silence

silence()
