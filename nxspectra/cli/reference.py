"""The page docs/reference/cli.md: what every verb says of itself.

python -m nxspectra.cli.reference > docs/reference/cli.md
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from nxspectra.cli import program

WIDTH = 88

INTRODUCTION = """\
# The commands

Every verb is the twin of a Python function and loads only what it needs. This page is what the verbs say of
themselves with `--help`; `python -m nxspectra.cli.reference` writes it.

| exit code | means |
|---|---|
| 0 | done, conforms, unchanged, or a search without hits |
| 1 | findings: violations, something required is missing, or refused |
| 2 | usage: what was asked for does not exist or contradicts itself; no file was touched |
| 3 | a file could not be read or written |

With several files the worst wins: 3, then 1, then 0; one bad file does not keep the others from being done.
A command that is interrupted ends with 130; one whose output nobody reads any more, as in
`nxspectra show FILE | head`, with 141.

Results go to standard output, progress and diagnostics to standard error. `--format json` gives JSON Lines,
one object a file, on every verb but `describe`, whose formats are those of RDF; a file that could not be
read, or was refused, is `{"file", "error"}`. NaN and infinity are `null`. Files are written whole or not at
all.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_verbs()]) + "\n"


def _verbs() -> Iterator[str]:
    parent = click.Context(program, info_name="nxspectra")
    for verb in program.verbs:
        command = program.get_command(parent, verb)
        if command is None:
            raise LookupError(verb)
        context = command.make_context(
            verb, [], parent=parent, resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH
        )
        yield f"## {verb}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"


if __name__ == "__main__":
    click.echo(page(), nl=False)
