"""What all verbs share: lazy loading, errors as one clear line, many files with one exit code."""

from __future__ import annotations

import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import click

from nxspectra import __version__
from nxspectra.errors import NxspectraError

Format = Literal["text", "json"]

DONE, FINDINGS, USAGE, UNREADABLE = 0, 1, 2, 3
INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""
NOBODY_READS = 141
"""128 + SIGPIPE: `nxspectra show FILE | head` is no finding."""

OWN_PROCESS = "nxspectra is what this process is for"
"""Said by the command, not by a program that calls a verb: we may fork."""


class Program(click.Group):
    """A group of verbs whose modules are imported when they are called."""

    def __init__(self, name: str, verbs: Mapping[str, tuple[str, str]], **settings: Any) -> None:
        super().__init__(name, context_settings={"help_option_names": ["-h", "--help"]}, **settings)
        self.verbs = verbs
        self.params.append(
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_print_version,
                help="Print the version and exit.",
            )
        )
        self.params.append(verbose_option())

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.verbs:
            return None
        module = import_module(f"nxspectra.cli.{self.verbs[cmd_name][0]}")
        command = getattr(module, cmd_name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if word not in self.verbs and not word.startswith("-"):
            close = get_close_matches(word, self.verbs, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"verbs: {', '.join(self.verbs)}"
            raise click.UsageError(f"no verb {word!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of verbs without importing any of them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, line) for verb, (_, line) in self.verbs.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except NxspectraError as error:
            complain(str(error), error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            complain("interrupted; files are written whole or not at all, so nothing is left half done")
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # what is left in the buffer goes nowhere, also when the interpreter flushes at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(NOBODY_READS)
        ctx.exit(code if isinstance(code, int) else DONE)


def verbose_option() -> click.Option:
    """`-v`, before or after the verb."""
    return click.Option(
        ["-v", "--verbose"],
        is_flag=True,
        expose_value=False,
        callback=_remember_verbose,
        help="Say more on standard error; with an error, where in the program it came from.",
    )


def _remember_verbose(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().meta["nxspectra.verbose"] = True


def is_verbose() -> bool:
    ctx = click.get_current_context(silent=True)
    return ctx is not None and bool(ctx.find_root().meta.get("nxspectra.verbose"))


def _print_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"nxspectra {__version__}")
        ctx.exit(DONE)


class Verb(click.Command):
    """A verb of the shell; every one takes -h and -v."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        settings["context_settings"] = {
            "help_option_names": ["-h", "--help"],
            **(settings.get("context_settings") or {}),
        }
        super().__init__(*arguments, **settings)
        self.params.append(verbose_option())


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text for people, or JSON Lines: one object a file.",
)

out_option = click.option(
    "-o",
    "--output",
    "output",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="The file to write; with several files, the folder to write them to.",
)

in_place_option = click.option(
    "--in-place",
    is_flag=True,
    help="Put the new file in the place of the old one, whole or not at all.",
)

as_link_option = click.option(
    "--as-link",
    "as_link",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write a small file with what is added and links to the raw file, which stays as it is;"
    " the two are to be moved together. With several files, the folder to write them to.",
)

wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Wait so long for a file that somebody is still writing; without it that is an error.",
)

overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace OUT if it is there; without it that is an error."
)

workers_option = click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many files at a time.",
)

index_option = click.option(
    "--index",
    metavar="URL",
    help="The database that holds its index, postgresql+psycopg://HOST/NAME; that of the site settings, or a"
    " file in the catalogue, if not given.",
)

graph_option = click.option(
    "--graph",
    metavar="URL",
    help="A SPARQL server that keeps the graphs of the catalogue, such as http://127.0.0.1:7878; remembered"
    " when the catalogue is made. The folder keeps them if not given.",
)


def files_argument(required: bool = True) -> Callable[[Any], Any]:
    return click.argument(
        "files", nargs=-1, required=required, type=click.Path(path_type=Path), metavar="FILE..."
    )


# -- what is printed ---------------------------------------------------------------------------


def complain(message: str, error: BaseException | None = None) -> None:
    """One line on standard error, and with -v where it came from."""
    click.echo(f"nxspectra: {printable(message)}", err=True)
    if error is not None and is_verbose():
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)


def note(message: str) -> None:
    """Progress and diagnostics, on standard error."""
    click.echo(printable(message), err=True)


def say(message: str = "", **style: Any) -> None:
    """A line of the result, on standard output; in colour only on a terminal."""
    text = printable(message)
    click.echo(click.style(text, **style) if style else text)


def say_json(value: Mapping[str, object]) -> None:
    """One line of JSON, on standard output; NaN and infinity become null."""
    click.echo(json.dumps(_plain(value), ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, str | int | bool) or value is None:
        return str(value) if isinstance(value, str) else value
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, Iterable):
        return [_plain(item) for item in value]
    return str(value)


def printable(text: str) -> str:
    """`text` with what could steer a terminal written out: names and values come from files."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(
        mark if mark.isprintable() or mark in "\n\t" else mark.encode("unicode_escape").decode()
        for mark in text
    )


def human_bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


# -- where it is written -----------------------------------------------------------------------


def outputs(
    files: Sequence[Path],
    output: Path | None,
    in_place: bool,
    *,
    as_link: Path | None = None,
    overwrite: bool = False,
) -> dict[Path, Path]:
    """Where each file is to be written, decided before any is touched.

    Raises click.UsageError when `output` or `as_link` cannot take all of them.
    """
    if as_link is not None:
        if output is not None or in_place:
            raise click.UsageError("give -o OUT, --as-link OUT or --in-place, only one of them")
        output = as_link
    if output is not None and in_place:
        raise click.UsageError("give -o OUT or --in-place, not both")
    if in_place:
        return {file: file for file in files}
    if output is None:
        return {}
    if len(files) == 1 and not output.is_dir():
        targets = {files[0]: output}
    else:
        if output.exists() and not output.is_dir():
            raise click.UsageError(f"{output} is a file; {len(files)} files need a folder: -o DIR")
        targets = {file: output / file.name for file in files}
    doubles = [file for file in targets if list(targets.values()).count(targets[file]) > 1]
    if doubles:
        names = " and ".join(str(file) for file in doubles)
        raise click.UsageError(f"{names} would both be written to {targets[doubles[0]]}")
    for file, target in targets.items():
        if _same_file(file, target):
            raise click.UsageError(f"{target} is the file that is read; --in-place replaces it")
        if target.exists() and not overwrite:
            raise click.UsageError(f"{target} is already there; --overwrite replaces it")
    return targets


def _same_file(left: Path, right: Path) -> bool:
    try:
        return left.samefile(right)
    except OSError:
        return False
