"""The page of the commands is what the commands say of themselves."""

from __future__ import annotations

from pathlib import Path

from nxspectra.cli import program
from nxspectra.cli.reference import page

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"


def test_the_page_of_the_commands_is_what_they_say_of_themselves() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run `python -m nxspectra.cli.reference > docs/reference/cli.md`"
    )


def test_every_verb_is_on_the_page() -> None:
    headings = [line.removeprefix("## ") for line in page().splitlines() if line.startswith("## ")]
    assert headings == list(program.verbs)
