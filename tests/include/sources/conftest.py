"""A folder of files to read."""

from __future__ import annotations

import pytest

from tests.include.sources.made import Folder


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path)
