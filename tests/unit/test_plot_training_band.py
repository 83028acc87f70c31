"""The figures of trained ensembles beside infinite width: what is drawn where."""

import math

import matplotlib
import numpy as np
import pytest

from priorvol import Architecture, Task, TrainingSet, plotting
from priorvol.training import training_band

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

S = TrainingSet([0, 1, 3], [1, 0, 1])


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def found():
    task = Task(Architecture(2, (math.inf,), "erf"))
    how = {"steps": 50, "learning_rate": 0.5, "targets": 2.0, "n_jobs": 1, "progress": False}
    return training_band(task, S, [16, 4], n_networks=200, **how)


def by_label(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def test_an_ensemble_over_the_band(found):
    positions = np.array([3.0, 1.0, 0.0, 2.0])
    order = np.argsort(positions)
    ax = plotting.training_band_plot(found, width=16, positions=positions, examples=3)
    assert ax.get_title() == "width 16"
    lines = by_label(ax)
    mean = lines["200 networks, mean"]
    np.testing.assert_array_equal(mean.get_xdata(), np.arange(4.0))
    np.testing.assert_array_equal(mean.get_ydata(), found.mean[1][order])
    upper = (found.mean + 2 * found.standard_deviation)[1][order]
    np.testing.assert_array_equal(lines[r"$\pm 2$ sd"].get_ydata(), upper)
    learnt = lines["training inputs"]
    np.testing.assert_array_equal(learnt.get_xdata(), [3.0, 1.0, 2.0])
    np.testing.assert_array_equal(learnt.get_ydata(), [2.0, -2.0, 2.0])
    thin = [line for line in ax.lines if line.get_linewidth() == 0.4]
    assert len(thin) == 3
    for line, outputs in zip(thin, found.examples[1], strict=False):
        np.testing.assert_array_equal(line.get_ydata(), outputs[order])
    (band,) = ax.collections
    edges = band.get_paths()[0].vertices
    law = found.prediction
    for sign, end in ((-1, edges[:, 1].min()), (1, edges[:, 1].max())):
        ends = law.mean + sign * 2 * law.standard_deviation
        assert end == pytest.approx(ends.max() if sign > 0 else ends.min())


def test_the_narrowest_by_default_and_given_axes(found):
    _, ax = plt.subplots()
    assert plotting.training_band_plot(found, ax, examples=0) is ax
    assert ax.get_title() == "width 4"
    np.testing.assert_array_equal(by_label(ax)["200 networks, mean"].get_ydata(), found.mean[0])
    assert "single networks" not in by_label(ax)


def test_distances_and_the_line_of_a_power(found):
    ax = plotting.band_distance_plot({"erf": found}, powers={"erf": -1.0})
    lines = by_label(ax)
    seen = found.mean_shift.squared > 2 * found.mean_shift.squared_error
    assert seen.any()
    points = lines["erf, mean"]
    np.testing.assert_array_equal(points.get_ydata(), found.mean_shift.distance[seen])
    np.testing.assert_allclose(points.get_xdata(), found.widths[seen], rtol=0.05)
    assert lines["erf, sd"].get_markerfacecolor() == "white"
    slope = lines[r"$\propto$ width$^{-1}$"]
    x, y = np.log(slope.get_xdata()), np.log(slope.get_ydata())
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(-1.0)
    centre = np.log(found.widths[seen]).mean()
    height = np.log(found.mean_shift.distance[seen]).mean()
    assert np.interp(centre, x, y) == pytest.approx(height)
    _, given = plt.subplots()
    assert plotting.band_distance_plot(found, given) is given
    assert set(by_label(given)) == {"mean", "sd"}


def test_refusals(found):
    for draw in (plotting.training_band_plot, plotting.band_distance_plot):
        with pytest.raises(ValueError, match="found must be a TrainingBand"):
            draw("found")
        with pytest.raises(ValueError, match="ax must be matplotlib Axes"):
            draw(found, "ax")
    with pytest.raises(ValueError, match="width must be one of 4, 16, got 8"):
        plotting.training_band_plot(found, width=8)
    with pytest.raises(ValueError, match="positions must be 4 finite numbers"):
        plotting.training_band_plot(found, positions=[0.0, 1.0])
    with pytest.raises(ValueError, match="examples must be"):
        plotting.training_band_plot(found, examples=-1)
    with pytest.raises(ValueError, match="found must be a TrainingBand or a mapping"):
        plotting.band_distance_plot({})
    with pytest.raises(ValueError, match="a name of powers must be"):
        plotting.band_distance_plot({"erf": found}, powers={"relu": -0.5})
