"""The code blocks of README and docs do what the pages say.

A page runs from top to bottom in one empty folder and one Python namespace. In a `console` block a line
`$ command` is run; the lines below it must appear in what it prints, in that order, `…` for anything;
`$ command  # exit 1` names another exit code than 0. Shown output is compared as text, so a page shows only
what is the same everywhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    return [(match[1], match[2]) for match in BLOCK.finditer(page.read_text())]


def commands(block: str) -> Iterator[tuple[str, int, list[str]]]:
    """Each command of a console block with its exit code and the lines it is shown to print."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        first, *shown = part.rstrip("\n").splitlines()
        command, _, code = first.partition("  # exit ")
        yield command, int(code or 0), shown


def run(command: str, expected: int, shown: list[str], folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        check=False,
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
    )
    printed = done.stdout + done.stderr
    assert done.returncode == expected, f"$ {command}\n{printed}"
    at = 0
    for line in filter(None, (line.strip() for line in shown)):
        pattern = r".*?".join(re.escape(part) for part in line.split("…"))
        match = re.compile(pattern).search(printed, at)
        assert match, f"$ {command}\ndid not print (in this order): {line}\nbut:\n{printed}"
        at = match.end()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for language, block in blocks(page):
        if language == "python":
            exec(compile(block, f"{page.name}", "exec"), namespace)
        else:
            for command, code, shown in commands(block):
                if not command.startswith(("make ", "pip ", "git ", "cd ")):
                    run(command, code, shown, tmp_path)
