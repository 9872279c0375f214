"""crosswalk: which raw keys tell which concept; look, check, explain, suggest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from nxspectra import hdf5, migration
from nxspectra.cli.attempts import Failed, attempts, for_each
from nxspectra.cli.frame import (
    DONE,
    FINDINGS,
    USAGE,
    Format,
    Verb,
    complain,
    format_option,
    note,
    say,
    say_json,
)
from nxspectra.cli.migrating import crosswalk_option
from nxspectra.errors import CrosswalkError
from nxspectra.migration import Crosswalk
from nxspectra.migration.concepts import CONCEPTS
from nxspectra.migration.explaining import Knowing, knowing
from nxspectra.migration.suggesting import as_toml, suggestions
from nxspectra.tree import Group


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def crosswalk() -> None:
    """Look at crosswalks: which raw keys tell which concept, and which must not be taken.

    A crosswalk is named, if it is shipped, or the path of a TOML file.
    """


@crosswalk.command("list", cls=Verb)
@format_option
def list_(*, form: Format) -> int:
    """List the crosswalks that are shipped."""
    for name in migration.available():
        table = Crosswalk.load(name)
        if form == "json":
            say_json(summary(table))
        else:
            say(f"{name:<14} {table.title}")
    return DONE


@crosswalk.command(cls=Verb)
@click.argument("name", metavar="NAME|FILE")
@format_option
def show(*, name: str, form: Format) -> int:
    """Print every rule of a crosswalk and of those it builds on, by concept."""
    table = Crosswalk.load(name)
    rules = knowing(table)
    if form == "json":
        say_json({**summary(table), "rules": [rule.as_json() for rule in rules]})
        return DONE
    say(f"{table.name}: {table.title}")
    if table.extends:
        say(f"builds on {', '.join(parent for parent, _ in table.extends)}")
    for concept in sorted({rule.concept for rule in rules}):
        say()
        say(concept, bold=True)
        say_rules(rule for rule in rules if rule.concept == concept)
    return DONE


@crosswalk.command(cls=Verb)
@click.argument("names", nargs=-1, required=True, metavar="NAME|FILE...")
@format_option
def check(*, names: tuple[str, ...], form: Format) -> int:
    """Say what is wrong with crosswalks, with file, line and key."""
    codes = []
    for name in names:
        try:
            table = Crosswalk.load(name, check=True)
        except CrosswalkError as error:
            codes.append(USAGE)
            complain(str(error), error)
            if form == "json":
                say_json({"crosswalk": name, "error": str(error)})
            continue
        codes.append(DONE)
        if form == "json":
            say_json(summary(table))
        else:
            say(f"{name}: {counts(table)}")
    return max(codes)


@crosswalk.command(cls=Verb)
@click.argument("key", metavar="KEY")
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A raw file: also say what becomes of its keys of that name.",
)
@crosswalk_option
@format_option
def explain(*, key: str, file: Path | None, crosswalk: str, form: Format) -> int:
    """Say which rules know a key, by its name or the end of its path.

    The exit code is 1 when none does.
    """
    table = Crosswalk.load(crosswalk)
    rules = knowing(table, key)
    told: list[str] = []
    for lines in attempts([] if file is None else [file], form, lambda raw: becomes(raw, table, key)):
        if isinstance(lines, Failed):
            return lines.code
        told += lines
    if form == "json":
        say_json({"key": key, "rules": [rule.as_json() for rule in rules], "told": told})
    else:
        say_rules(rules)
        for line in told:
            say(f"{file}: {line}")
    if not rules:
        note(f"no rule of {table.name} knows {key}; `nxspectra crosswalk suggest FILE` proposes some")
    return DONE if rules else FINDINGS


@crosswalk.command(cls=Verb)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE")
@click.option("--all", "every", is_flag=True, help="Also for concepts that are found already.")
@crosswalk_option
def suggest(*, file: Path, every: bool, crosswalk: str) -> int:
    """Propose rules for keys of a raw file that no rule knows, as TOML for a person to edit.

    For the concepts that are not found in it, by the likeness of names, the kind of the unit, the shape and
    the plausible range; nothing is asked of anybody else. The exit code is 1 when there is none.
    """
    table = Crosswalk.load(crosswalk)

    def look(raw: Path) -> int:
        root = hdf5.read(raw)
        found = suggestions(root, table, None if every else not_found(root, table))
        if not found:
            note(f"{raw}: no key that {table.name} does not know looks like a concept that is missing")
            return FINDINGS
        click.echo(as_toml(found, table, raw.name), nl=False)
        return DONE

    return for_each([file], "text", look)


# -- what is printed ---------------------------------------------------------------------------


def summary(table: Crosswalk) -> dict[str, object]:
    return {
        "crosswalk": table.name,
        "title": table.title,
        "extends": [name for name, _ in table.extends],
        "digest": table.digest,
        "rules": len(table.rules),
        "refusals": len(table.refusals),
        "constants": len(table.constants),
    }


def counts(table: Crosswalk) -> str:
    parents = ", ".join(name for name, _ in table.extends)
    return f"{len(table.rules)} rules, {len(table.refusals)} refusals, {len(table.constants)} constants" + (
        f", with those of {parents}" if parents else ""
    )


def say_rules(rules: Iterable[Knowing]) -> None:
    for rule in rules:
        verb = f"tells {rule.concept} ({rule.trust})" if rule.takes else f"does not tell {rule.concept}"
        say(f"  {rule.id}: {', '.join(rule.keys)} {verb}")
        if rule.within:
            say(f"      in {', '.join(rule.within)}")
        if rule.not_within:
            say(f"      not in {', '.join(rule.not_within)}")
        if rule.why:
            say(f"      {rule.why}")


def not_found(root: Group, table: Crosswalk) -> set[str]:
    """Paths of the concepts that nothing in the file tells."""
    known = {found.concept for found in migration.review(root, table).found}
    return {concept.path for concept in CONCEPTS} - known


def becomes(file: Path, table: Crosswalk, key: str) -> list[str]:
    """What a migration says of the keys of that name in a file."""
    review = migration.review(hdf5.read(file), table)
    end = f"/{key.strip('/')}"
    lines = [
        f"{found.origin} is {found.state}: {found.concept} = {found.shown}"
        for found in review.found
        if found.origin.endswith(end)
    ]
    lines += [
        f"{path} agrees with {found.origin}: {found.concept} = {found.shown}"
        for found in review.found
        for path in found.agreeing
        if path.endswith(end)
    ]
    lines += [
        f"{finding.path}: {finding.message} [{finding.rule}]"
        for finding in review.findings
        if finding.path.endswith(end)
    ]
    return lines
