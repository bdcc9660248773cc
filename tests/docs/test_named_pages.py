from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_pages_that_the_code_names_are_there() -> None:
    files = [path for folder in ("include", "plugins", "dags", "config") for path in (ROOT / folder).rglob("*.py")]
    named = {page for path in files for page in re.findall(r"docs/[a-z-]+\.md", path.read_text())}

    assert "docs/platform.md" in named
    assert [page for page in sorted(named) if not (ROOT / page).exists()] == []
