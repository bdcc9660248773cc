from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.include.night.shops import World, copy_of, prepared

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return an installation of one's own: history is loaded, the first night made the first champion."""
    return copy_of(prepared(tmp_path_factory), tmp_path / "world")
