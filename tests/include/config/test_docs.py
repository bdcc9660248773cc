from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.config.lint import lint
from include.config.load import load_catalog

DOCS = Path(__file__).resolve().parents[3] / "docs"
WEATHER = """\
name: weather
description: The weather of an hour.
owner: {name: Data}
source: {kind: files, path: weather.csv}
event_time: at
contract: {columns: {at: {type: timestamp}, district: {type: string}, temperature: {type: float64}}}
"""


@pytest.fixture
def documented(folder):
    """Write the files that the documentation shows, each under the name in its first line."""
    folder.write("datasets/weather.yaml", WEATHER)
    for page in ("add-a-dataset.md", "add-a-model.md"):
        text = (DOCS / page).read_text(encoding="utf-8")
        for body in re.findall(r"```(?:yaml|sql)\n(.*?)```", text, re.DOTALL):
            first = body.partition("\n")[0]
            folder.write(first.lstrip("-# ").removeprefix("include/"), body)
    return folder


def test_the_files_shown_are_right(documented):
    catalog = load_catalog(documented.root)

    assert [file.text for file in catalog.broken.values()] == []
    assert list(catalog.datasets) == ["trips", "weather"]
    assert list(catalog.models) == ["fares", "fares_by_weather"]
    assert lint(documented.root) == []


@pytest.mark.parametrize(
    ("page", "file", "written", "wrong"),
    [
        ("add-a-dataset.md", "datasets/trips.yaml", "district: {type: string", "district: {type: text"),
        ("add-a-model.md", "models/fares.yaml", "column: fare,", "column: fair,"),
    ],
)
def test_the_errors_shown_are_real(documented, page, file, written, wrong):
    path = documented.root / file
    path.write_text(path.read_text(encoding="utf-8").replace(written, wrong), encoding="utf-8")
    shown = re.findall(r"```\n\$ python -m include lint (\w+)\n(.*?)\n```", (DOCS / page).read_text(), re.DOTALL)

    ((name, output),) = shown
    assert "\n".join(lint(documented.root, name)) == output


def test_the_pages_link_only_to_pages_there_are():
    for page in DOCS.glob("add-a-*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (DOCS / target).is_file(), f"{page.name} links to {target}"
