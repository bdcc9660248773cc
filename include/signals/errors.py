"""Errors of signals."""

from __future__ import annotations

from include.errors import NightshiftError


class SignalError(NightshiftError):
    """Rows cannot be profiled or compared with their reference."""
