"""The figure of PAC-Bayes bounds: what is drawn where."""

import math

import matplotlib
import numpy as np
import pytest

from priorvol import plotting
from priorvol.architecture import Architecture
from priorvol.bound_curve import pac_bayes_curve
from priorvol.task import Task

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def found():
    task = Task(Architecture(3, (math.inf,)))
    options = {"sizes": [4, 8, 16], "corruptions": [0, 0.5], "n_sets": 3, "n_samples": 100}
    return pac_bayes_curve(task, "00001111", **options)


def test_lines(found):
    ax = plotting.pac_bayes_plot(found)
    lines = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert len(lines) == 6
    error = found.over_sets(found.error)[0]
    for j in range(2):
        bound, ep, mean = lines[3 * j : 3 * j + 3]
        np.testing.assert_array_equal(bound.get_ydata(), found.epsilon().mean(axis=2)[:, j])
        np.testing.assert_array_equal(ep.get_ydata(), found.epsilon("ep").mean(axis=2)[:, j])
        np.testing.assert_array_equal(mean.get_ydata(), error[:, j])
        np.testing.assert_allclose(bound.get_xdata(), found.sizes, rtol=0.05)
        assert bound.get_markerfacecolor() == "white"
        assert len({line.get_color() for line in (bound, ep, mean)}) == 1
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["4", "8", "16"]


def test_legend_says_how_sure(found):
    ax = plotting.pac_bayes_plot(found)
    labels = ax.get_legend_handles_labels()[1]
    assert labels[:2] == ["no label corrupted", "50% of labels random"]
    assert "bound, certified at 95%" in labels


def test_given_axes_and_refusals(found):
    _, ax = plt.subplots()
    assert plotting.pac_bayes_plot(found, ax) is ax
    with pytest.raises(ValueError, match="found must be a PACBayesCurve, got str"):
        plotting.pac_bayes_plot("found")
    with pytest.raises(ValueError, match="ax must be matplotlib Axes"):
        plotting.pac_bayes_plot(found, "ax")
