from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.include.night.shops import World, make_world

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return an installation into which nothing is ingested yet."""
    return make_world(tmp_path / "world", days=1)
