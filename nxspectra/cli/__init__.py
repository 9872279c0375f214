"""The verbs for the shell, each the twin of a function and loading only what it needs.

Results go to standard output, progress and diagnostics to standard error. The exit code is 0 for done,
conforms, or a search without hits; 1 for findings or refused; 2 for usage, before any file is touched;
3 for a file that could not be read or written. With several files the worst wins: 3, then 1, then 0.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from nxspectra.cli.frame import OWN_PROCESS, Program

program = Program(
    "nxspectra",
    {
        # verb: (module, its line in the list of verbs)
        "demo": ("demonstration", "Simulate a raw ramp and take it the whole way, with a picture."),
        "simulate": ("simulating", "Write a simulated raw file, as a beamline leaves it."),
        "show": ("looking", "Print the tree of a NeXus file."),
        "validate": ("validating", "Check files against the application definition they follow."),
        "repair": ("repairing", "Put names, spellings and missing classes right, in a copy."),
        "migrate": ("migrating", "Put the raw keys of files at their standard places."),
        "crosswalk": (
            "crosswalks",
            "Look at crosswalks: which raw keys tell which concept, and which must not be taken.",
        ),
        "annotate": ("labelling", "Write labels given by a person into a file."),
        "train": ("training", "Train a classifier on labelled files."),
        "evaluate": ("evaluating", "Hold a model against truth."),
        "classify": ("labelling", "Give every spectrum a class by a trained model."),
        "explain": ("explaining", "Tell which angle regions decided about the class of a spectrum."),
        "strip": ("stripping", "Take away what was added to files, and nothing else."),
        "check-links": ("stripping", "Say which links of files lead nowhere."),
        "describe": ("describing", "Print the description of a file or a model."),
        "technique": ("techniques", "Look techniques up in PaNET, and take over a later release of it."),
        "ingest": ("ingesting", "Take raw files the whole way into a catalogue."),
        "catalogue": (
            "cataloguing",
            "Look after a catalogue: make it again from the files, check that its parts agree,"
            " take others over.",
        ),
        "search": ("searching", "Find files in a catalogue by text, conditions, technique, label and more."),
        "serve": (
            "serving",
            "Serve a catalogue over HTTP: the PaN search API, SPARQL, interpretations;"
            " until it is interrupted.",
        ),
        "definition": (
            "defining",
            "Print an application definition in another language, or look for faults in NXDL files.",
        ),
        "plugins": ("training", "List the classifiers that are installed."),
    },
    help="""Take a raw NeXus diffraction series and give it back annotated, valid, findable and interpreted.

    Start with `nxspectra demo`; `nxspectra VERB --help` explains a verb.
    """,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `nxspectra`, with the arguments of this process if none are given."""
    for stream in (sys.stdout, sys.stderr):
        # a name in a file may hold what the terminal cannot show
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    program(arguments, prog_name="nxspectra", obj=OWN_PROCESS)
