"""What the project says of itself is true and agrees."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import nxspectra

TOP = Path(__file__).parent.parent


def test_the_changelog_ends_with_the_version_of_the_package() -> None:
    newest = re.search(r"^## (\S+)", (TOP / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == nxspectra.__version__


def test_package_metadata_and_citation_have_the_same_version() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    assert project["version"] == nxspectra.__version__
    assert f"version: {nxspectra.__version__}\n" in (TOP / "CITATION.cff").read_text()


def test_every_page_of_the_docs_is_linked_from_the_index() -> None:
    index = (TOP / "docs" / "index.md").read_text()
    pages = {str(page.relative_to(TOP / "docs")) for page in (TOP / "docs").rglob("*.md")} - {"index.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


def test_links_between_pages_lead_somewhere() -> None:
    pages = [TOP / "README.md", *(TOP / "docs").rglob("*.md")]
    broken = [
        (str(page.relative_to(TOP)), target)
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []
