"""The version of Nightshift, recorded with everything it decides."""

from __future__ import annotations

VERSION = "0.1.0"
