"""The two kinds of YAML file, in one place to import from."""

from __future__ import annotations

from include.config.dataset import Dataset
from include.config.model import Model

__all__ = ["Dataset", "Model"]
