"""Pictures say what the values say, cover nothing, and leave matplotlib's global state alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from nxspectra import pictures
from nxspectra.errors import FileError, UsageError
from nxspectra.pictures.colours import CLASS_COLOURS, NO_CLASS
from nxspectra.simulation import Ramp, simulate
from nxspectra.spectra import Boundary, Classification, Spectra, Votes

BORDER = 21
INTERVAL = (18, 24)


@pytest.fixture(scope="module")
def ramp() -> Ramp:
    return simulate(3, 40, points=300)


def classified(number: int = 40, border: int = BORDER, *, votes: bool = True) -> Classification:
    index = (np.arange(number) >= border).astype(np.int64)
    high = 1 / (1 + np.exp(border - 0.5 - np.arange(number)))
    bins = np.linspace(9.6, 25.5, 4)
    return Classification(
        ("low", "high"),
        index,
        "model",
        "nxspectra",
        "0.1.0",
        "2026-01-01T00:00:00+00:00",
        probability=np.stack([1 - high, high], axis=1),
        votes=Votes(
            bins[:-1],
            bins[1:],
            np.array([0.9, 0.5, 0.7]),
            np.array([0.73, 0.0, 0.27]),
            np.empty((number, 3, 2)),
        )
        if votes
        else None,
        boundaries=(Boundary("low", "high", border, INTERVAL, 18.2, (16.9, 19.4)),),
    )


def the_map(figure: Figure) -> Axes:
    return next(axes for axes in figure.axes if axes.get_ylabel() == "pressure (GPa)")


def horizontal_lines(axes: Axes) -> set[float]:
    return {
        float(line.get_ydata()[0])
        for line in axes.lines
        if len(line.get_ydata()) == 2 and np.ptp(line.get_ydata()) == 0
    }


def test_the_boundary_is_drawn_before_its_first_frame_with_its_interval(ramp: Ramp) -> None:
    axes = the_map(pictures.heat_map(ramp.spectra, classified()))
    assert horizontal_lines(axes) == {BORDER - 0.5}
    band = axes.patches[0].get_bbox()
    assert (band.y0, band.y1) == (INTERVAL[0] - 0.5, INTERVAL[1] - 0.5)


def test_the_true_boundary_is_drawn_beside_the_found_one(ramp: Ramp) -> None:
    border = ramp.truth.border
    assert border is not None
    assert border != BORDER
    axes = the_map(pictures.heat_map(ramp.spectra, classified(), ramp.truth))
    assert horizontal_lines(axes) == {BORDER - 0.5, border - 0.5}


def test_the_strip_has_the_colour_of_the_class_of_each_frame(ramp: Ramp) -> None:
    found = classified()
    found = Classification(
        **{**vars(found), "class_index": np.where(np.arange(40) == 0, -1, found.class_index)}
    )
    figure = pictures.heat_map(ramp.spectra, found)
    strip = next(axes for axes in figure.axes if [t.get_text() for t in axes.get_xticklabels()] == ["label"])
    colours = np.asarray(strip.images[0].get_array())[:, 0]
    named = {None: NO_CLASS, "low": CLASS_COLOURS[0], "high": CLASS_COLOURS[1]}
    assert np.allclose(colours, [to_rgb(named[label]) for label in found.labels])


def test_each_bin_has_its_separability_beside_its_believability(ramp: Ramp) -> None:
    found = classified()
    assert found.votes is not None
    figure = pictures.heat_map(ramp.spectra, found)
    below = next(axes for axes in figure.axes if axes.get_ylabel() == "per bin")
    separability, believability = ([bar.get_height() for bar in container] for container in below.containers)
    assert separability == list(found.votes.separability)
    assert believability == list(found.votes.believability)
    for left, right in zip(*below.containers, strict=True):
        assert left.get_x() + left.get_width() < right.get_x()


def test_the_legends_cover_no_data(ramp: Ramp) -> None:
    figure = pictures.heat_map(ramp.spectra, classified(), ramp.truth, title="A ramp")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    assert len(legends) == 2
    for legend in legends:
        box = legend.get_window_extent()
        for axes in figure.axes:
            if axes.images or axes.containers:
                assert not box.overlaps(axes.get_window_extent())
        assert figure.bbox.containsx(box.x1)


@pytest.mark.parametrize("pressure", [True, False])
@pytest.mark.parametrize("number", [1, 2, 40])
def test_any_series_can_be_drawn(ramp: Ramp, number: int, pressure: bool) -> None:
    spectra = ramp.spectra.select(slice(0, number))
    intensity = spectra.intensity.copy()
    intensity[0, :7] = np.nan
    shown = Spectra(spectra.two_theta, intensity, spectra.pressure if pressure else None)
    FigureCanvasAgg(pictures.heat_map(shown)).draw()


def test_points_that_are_not_evenly_spaced_stay_where_they_are() -> None:
    angles = np.array([10.0, 11.0, 13.0, 20.0])
    figure = pictures.heat_map(Spectra(angles, np.ones((3, 4))), subtract_background=False)
    (mesh,) = figure.axes[0].collections
    edges = np.asarray(mesh.get_coordinates())[0, :, 0]  # type: ignore[attr-defined]
    assert edges == pytest.approx([9.5, 10.5, 12.0, 16.5, 23.5])


@given(st.lists(st.floats(0, 3), min_size=2, max_size=80), st.booleans())
def test_a_pressure_tick_stands_where_the_pressure_is_reached(steps: list[float], falling: bool) -> None:
    pressure = np.cumsum(steps)
    pressure = pressure[::-1] if falling else pressure
    frames, names = pictures.pressure_ticks(pressure)
    assert frames == sorted(frames)
    if np.ptp(pressure) == 0:
        return
    biggest = max(steps)
    for frame, name in zip(frames, names, strict=True):
        assert pressure[int(frame)] == pytest.approx(float(name), abs=biggest + 1e-9)


def test_a_series_that_goes_up_and_down_has_the_pressure_at_even_frames() -> None:
    there_and_back = np.concatenate([np.linspace(0, 40, 50), np.linspace(40, 0, 50)])
    frames, names = pictures.pressure_ticks(there_and_back)
    assert len(set(np.diff(frames).round(-1))) == 1
    assert [float(name) for name in names] == pytest.approx(there_and_back[np.array(frames, int)], rel=0.01)


def test_the_study_of_bins_marks_the_ambiguous_region() -> None:
    results = [
        pictures.BinsResult(1, 0.5, (3, 20)),
        pictures.BinsResult(5, 1.0, (10, 11)),
        pictures.BinsResult(9, None, None),
    ]
    upper, lower = pictures.bins_study(results, 30, truth=11).axes
    assert np.array_equal(upper.lines[0].get_ydata(), [0.5, 1.0, np.nan], equal_nan=True)
    spans = {tuple(line.get_ydata()) for line in lower.lines if line.get_linestyle() == "-"}
    assert spans == {(3, 20), (10, 11)}
    assert {text.get_text() for text in lower.texts} == {"16", "0"}


def test_a_picture_of_unknown_format_is_a_usage_error_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.png"):
        pictures.save(Figure(), tmp_path / "ramp.docx")
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        pictures.save(Figure(), tmp_path / "file" / "ramp.png")


def test_pictures_leave_pyplot_alone() -> None:
    program = "import sys, nxspectra.pictures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@given(st.floats(0, 10), st.floats(1e-3, 1e6))
def test_intensity_ticks_lie_on_the_scale_and_apart(low: float, span: float) -> None:
    ticks = pictures.intensity_ticks(low, low + span)
    assert ticks == sorted(ticks)
    assert all(low <= tick <= low + span for tick in ticks)
    places = np.sqrt((np.array(ticks) - low) / span)
    assert np.all(np.diff(places) > 0.14)
