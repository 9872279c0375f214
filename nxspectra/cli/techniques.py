"""technique: look a technique up, and compile a release of PaNET."""

from __future__ import annotations

from pathlib import Path

import click

from nxspectra.cli.attempts import for_each
from nxspectra.cli.frame import DONE, FINDINGS, Format, Verb, format_option, note, say, say_json
from nxspectra.files import write_whole
from nxspectra.findings import Severity
from nxspectra.rdf.techniques import Techniques, table


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def technique() -> None:
    """Look techniques up in PaNET, and take over a later release of it."""


@technique.command(cls=Verb)
@click.argument("term", metavar="TERM")
@format_option
def show(*, term: str, form: Format) -> int:
    """Print a technique by IRI, id, label or synonym: its names, what is above and what is below it."""
    known = table()
    found = known.term(term)
    above, below = sorted(found.ancestors), sorted(known.narrower(found.id) - {found.id})
    if form == "json":
        say_json(
            {
                "iri": found.iri,
                "label": found.label,
                "synonyms": found.synonyms,
                "wider": above,
                "narrower": below,
                "release": known.version,
                "reasoned": known.reasoned,
            }
        )
        return DONE
    say(f"{found.label}  {found.iri}")
    if found.synonyms:
        say(f"  also called {'; '.join(found.synonyms)}")
    for title, ids in (("wider", above), ("narrower", below)):
        say(f"  {title}: {len(ids)}")
        for each in ids:
            say(f"    {_name(known, each)}")
    if not known.reasoned:
        note(f"PaNET {known.version}: compiled from what was not reasoned; what is below is incomplete")
    return DONE


def _name(known: Techniques, term_id: str) -> str:
    term = known.terms.get(term_id)
    return term_id if term is None else f"{term_id} {term.label}"


@technique.command(cls=Verb)
@click.argument("ontology", type=click.Path(path_type=Path), metavar="ONTOLOGY")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Write the table there; `techniques` in the site settings names it.",
)
@click.option("--release", metavar="VERSION", help="Which release it is, if the file does not say.")
@format_option
def compile(*, ontology: Path, output: Path, release: str | None, form: Format) -> int:  # noqa: A001
    """Compile an ontology file of PaNET into a table of techniques.

    ONTOLOGY is the reasoned release as OWL in RDF/XML, Turtle or N-Triples. Names and terms of the table in
    use that the release has no more are kept. A source that was not reasoned is compiled too, with a warning,
    and makes the exit code 1.
    """

    def work(path: Path) -> int:
        # the parser is loaded only where there is something to parse
        from nxspectra.rdf.ontology import as_json, compile_ontology

        compiled = compile_ontology(path, release=release, earlier=table())
        write_whole(output, as_json(compiled.table))
        known, found = compiled.table, compiled.findings
        if form == "json":
            say_json(
                {
                    "file": str(path),
                    "output": str(output),
                    "release": known.version,
                    "reasoned": known.reasoned,
                    "techniques": len(known.terms),
                    "findings": [finding.as_json() for finding in found],
                }
            )
        else:
            for finding in found:
                note(f"  {finding.severity}: {finding.path}: {finding.message}")
            note(f"{path}: {len(known.terms)} techniques of PaNET {known.version} in {output}")
        return FINDINGS if any(each.severity is Severity.WARNING for each in found) else DONE

    return for_each([ontology], form, work)
