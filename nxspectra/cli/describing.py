"""describe: the RDF description of a file."""

from __future__ import annotations

from pathlib import Path

import click

from nxspectra import hdf5, rdf
from nxspectra.cli.frame import DONE, FINDINGS, Verb, attempt, note
from nxspectra.cli.validating import finding_lines
from nxspectra.findings import Severity


@click.command(cls=Verb)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["turtle", "json-ld", "n-triples"]),
    default="turtle",
    show_default=True,
    help="How the triples are written.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="OUT", help="Write it there."
)
@click.option(
    "--check",
    is_flag=True,
    help="Check it against the SHACL shapes; findings go to standard error, violations make the exit code 1.",
)
def describe(*, file: Path, form: rdf.Format, output: Path | None, check: bool) -> int:
    """Print the RDF description of a file.

    Publisher, licence, creators and identifiers come from the site settings, a TOML file named by
    $NXSPECTRA_CONFIG; without them the description is valid, with warnings.
    """

    def tell(path: Path) -> int:
        description = rdf.describe(hdf5.read(path))
        text = description.serialize(output, format=form)
        if output is None:
            click.echo(text.rstrip("\n"))
        else:
            note(f"{path}: described in {output}")
        if not check:
            return DONE
        findings = rdf.check(description)
        for finding in findings:
            for line in finding_lines(finding, indent="  "):
                note(line)
        violated = any(finding.severity is Severity.VIOLATION for finding in findings)
        note(f"{path}: the description {'does not conform' if violated else 'conforms'} to the shapes")
        return FINDINGS if violated else DONE

    return attempt(file, "text", tell)
