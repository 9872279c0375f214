"""A model card to read: https://doi.org/10.1145/3287560.3287596, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nxspectra.rdf.models import ModelDescription, TrainingData
    from nxspectra.rdf.terms import Agent

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!&])")


def model_card(description: ModelDescription) -> str:
    """What a model is, for those who must decide whether to believe it, in Markdown."""
    return "\n".join(_lines(description)) + "\n"


def _lines(model: ModelDescription) -> Iterator[str]:
    yield f"# {_plain(model.title)}"
    yield ""
    yield _plain(model.text)
    yield ""
    yield "## What it is"
    yield ""
    yield from _table(
        ("", ""),
        [
            ("identifier", f"`{model.pid}`"),
            ("IRI", f"<{model.iri}>"),
            ("file", f"{_plain(model.file.name)}, {model.file.size} bytes"),
            ("classifier", f"{_plain(model.classifier)}, from {_plain(model.provider)}"),
            ("classes", ", ".join(map(_plain, model.classes))),
            (
                "two theta",
                f"{model.two_theta[0]:g} to {model.two_theta[1]:g} degrees, {model.n_points} points",
            ),
            ("beam energy", "not known" if model.energy is None else f"{model.energy:g} keV"),
            ("trained", f"{model.trained or 'date not known'}, seed {model.seed}"),
            ("publisher", _who(model.publisher)),
            ("creators", "; ".join(map(_who, model.creators)) or "not set"),
            ("licence", f"<{model.license}>" if model.license else "not set"),
        ],
    )
    columns = ("file", "sha256", "data set", "frames")
    yield from _section("What it was trained on", columns, _files(model.training))
    if model.calibration is not None:
        yield from _section("What it was calibrated on", columns, _files(model.calibration.files))
        yield f"By {_plain(model.calibration.method)}; how well its probabilities and intervals hold there:"
        yield ""
        yield from _table(("figure", "value"), _figures(model.calibration.figures))
    yield from _section("Figures", ("figure", "value"), _figures(model.figures))
    yield from _section("Parameters", ("parameter", "value"), _values(model.parameters))
    yield from _section("Preprocessing", ("step", "value"), _values(model.preprocessing))
    yield "## What it is not for"
    yield ""
    yield (
        "Spectra on another angle range, of another beam energy or of another sample than those above: the"
        " model has not seen them. A label says which class a spectrum resembles most, not that the phase is"
        " in the sample. Figures of training were measured on the spectra that it was trained on."
    )


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if rows:
        yield from _table(head, rows)
    else:
        yield "Nothing is known."
        yield ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _files(files: Sequence[TrainingData]) -> list[tuple[str, ...]]:
    return [
        (
            _plain(used.file_name),
            f"`{used.digest}`" if used.digest else "not known",
            f"<{used.data_set}>" if used.data_set else "not known",
            "; ".join(f"{_plain(label)}: {_plain(frames)}" for label, frames in used.frames.items())
            or "without their classes",
        )
        for used in files
    ]


def _figures(figures: Mapping[str, float | tuple[float, ...]] | Mapping[str, float]) -> list[tuple[str, str]]:
    return [
        (_plain(name), ", ".join(f"{each:.6g}" for each in (value if isinstance(value, tuple) else (value,))))
        for name, value in figures.items()
    ]


def _values(values: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(_plain(name), _plain(value)) for name, value in values.items()]


def _who(agent: Agent | None) -> str:
    if agent is None:
        return "not set"
    return " ".join(
        part for part in (_plain(agent.name or ""), f"<{agent.iri}>" if agent.iri else "") if part
    )


def _plain(text: str) -> str:
    """Text that means itself in Markdown and in HTML."""
    return _MARKUP.sub(r"\\\1", text)
