"""describe: the RDF description of a file or of a model."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import get_args

import click

from nxspectra import hdf5, rdf
from nxspectra.cli.frame import DONE, FINDINGS, Verb, attempt, note
from nxspectra.cli.validating import finding_lines
from nxspectra.findings import Severity
from nxspectra.rdf.writing import save

CARD = "model-card"


@click.command(cls=Verb)
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE|MODEL")
@click.option(
    "--format",
    "form",
    type=click.Choice([*get_args(rdf.Format), CARD]),
    default="turtle",
    show_default=True,
    help="How it is written: as triples; model-card is a page to read, for a model.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="OUT", help="Write it there."
)
@click.option(
    "--check",
    is_flag=True,
    help="Check it against the SHACL shapes; findings go to standard error, violations make the exit code 1.",
)
def describe(*, file: Path, form: str, output: Path | None, check: bool) -> int:
    """Print the description of a file or a model.

    A model is an .npz that `train` wrote, or the name of one in a folder of $NXSPECTRA_MODELS. Publisher,
    licence, creators and identifiers come from the site settings, a TOML file named by $NXSPECTRA_CONFIG;
    without them the description is valid, with warnings.
    """

    is_model = _is_model(file)
    if form == CARD and not is_model:
        raise click.UsageError("a file of spectra has no model card; --format turtle describes it")

    def tell(path: Path) -> int:
        description = _model(path) if is_model else rdf.describe(hdf5.read(path))
        text = _text(description, form)
        if output is None:
            click.echo(text.rstrip("\n"))
        else:
            save(text, output)
            note(f"{path}: described in {output}")
        return _checked(path, description) if check else DONE

    return attempt(file, "text", tell)


def _is_model(path: Path) -> bool:
    """Is it a model file, or the name of one, rather than a NeXus file?"""
    if path.exists():
        return zipfile.is_zipfile(path)
    # classifiers are loaded only for what may be the name of a model
    return path.suffix == ".npz" or (bool(os.environ.get("NXSPECTRA_MODELS")) and _names_model(path))


def _names_model(path: Path) -> bool:
    from nxspectra.classifiers import model_names

    return str(path) in model_names()


def _model(path: Path) -> rdf.ModelDescription:
    # a file of spectra is described without the classifiers
    from nxspectra.classifiers import Model

    return rdf.describe(Model.load(path))


def _text(description: rdf.Description | rdf.ModelDescription, form: str) -> str:
    if form == CARD and isinstance(description, rdf.ModelDescription):
        return rdf.model_card(description)
    return description.serialize(format=form)  # type: ignore[arg-type]  # click has looked


def _checked(path: Path, description: rdf.Description | rdf.ModelDescription) -> int:
    findings = rdf.check(description)
    for finding in findings:
        for line in finding_lines(finding, indent="  "):
            note(line)
    violated = any(finding.severity is Severity.VIOLATION for finding in findings)
    note(f"{path}: the description {'does not conform' if violated else 'conforms'} to the shapes")
    return FINDINGS if violated else DONE
