"""describe: a file or a model in RDF, as a record of another catalogue, or as a card to read."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import get_args

import click

from nxspectra import exports, hdf5, rdf
from nxspectra.cli.attempts import for_each
from nxspectra.cli.frame import DONE, FINDINGS, Verb, note
from nxspectra.cli.validating import finding_lines
from nxspectra.files import write_whole
from nxspectra.findings import Severity
from nxspectra.rdf import techniques
from nxspectra.settings import Settings

TRIPLES = get_args(rdf.Format)
RECORDS = get_args(exports.Form)
CARD = "model-card"
CRATE = "ro-crate"


@click.command(cls=Verb)
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE|MODEL")
@click.option(
    "--format",
    "form",
    type=click.Choice([*TRIPLES, *RECORDS, CARD]),
    default="turtle",
    show_default=True,
    help="Triples; a record for another catalogue, of a file; or a card to read, of a model.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write it there. For ro-crate a folder that then holds the file too, unless OUT ends in .json.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Check it against the SHACL shapes; findings go to standard error, violations make the exit code 1.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="PNG",
    help="Draw the weights of a model's bins over the angle axis.",
)
def describe(*, file: Path, form: str, output: Path | None, check: bool, plot: Path | None) -> int:
    """Print the description of a file or a model.

    A model is an .npz that `train` wrote, or the name of one in a folder of $NXSPECTRA_MODELS. Publisher,
    licence, creators, identifiers and what other catalogues require come from the site settings, a TOML file
    named by $NXSPECTRA_CONFIG; without them the description is valid, with warnings, and a record is refused.
    """
    is_model = _is_model(file)
    if form == CARD and not is_model:
        raise click.UsageError("a file of spectra has no model card; --format turtle describes it")
    if plot is not None and not is_model:
        raise click.UsageError("--plot draws the bins of a model; classify --plot draws a file of spectra")
    if form in RECORDS and is_model:
        raise click.UsageError(f"{form} is a record of a file; --format turtle describes a model")
    site = Settings.load()
    techniques.table(site)  # settings that cannot be used are told before the file is touched
    if form in RECORDS:
        exports.check_installed(form)  # type: ignore[arg-type]  # click has looked

    def tell(path: Path) -> int:
        if plot is not None:
            _draw(path, plot)
        description = _model(path, site) if is_model else rdf.describe(hdf5.read(path), site)
        if form == CRATE and output is not None and output.suffix != ".json":
            exports.write_ro_crate(_of_a_file(description), output)
        elif output is not None:
            write_whole(output, _text(description, form, site))
        else:
            click.echo(_text(description, form, site).rstrip("\n"))
        if output is not None:
            note(f"{path}: described in {output}")
        return _checked(path, description) if check else DONE

    return for_each([file], "text", tell)


def _is_model(path: Path) -> bool:
    """Is it a model file, or the name of one, rather than a NeXus file?"""
    if path.exists():
        return zipfile.is_zipfile(path)
    # classifiers are loaded only for what may be the name of a model
    return path.suffix == ".npz" or (bool(os.environ.get("NXSPECTRA_MODELS")) and _names_model(path))


def _names_model(path: Path) -> bool:
    from nxspectra.classifiers import model_names

    return str(path) in model_names()


def _model(path: Path, site: Settings) -> rdf.ModelDescription:
    # a file of spectra is described without the classifiers
    from nxspectra.classifiers import Model

    return rdf.describe(Model.load(path), site)


def _draw(path: Path, picture: Path) -> None:
    from nxspectra import pictures  # matplotlib is loaded for those who want a picture
    from nxspectra.classifiers import Model

    pictures.save(pictures.weighed(Model.load(path), title=path.name), picture)
    note(f"picture: {picture}")


def _of_a_file(description: rdf.Description | rdf.ModelDescription) -> rdf.Description:
    if isinstance(description, rdf.ModelDescription):
        raise TypeError("a model where a file was to be described")
    return description


def _text(description: rdf.Description | rdf.ModelDescription, form: str, site: Settings) -> str:
    if form in RECORDS:
        return exports.export(_of_a_file(description), form, site)  # type: ignore[arg-type]  # click has looked
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
