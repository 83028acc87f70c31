"""The figure of kernels against width: what is drawn where."""

import math

import matplotlib
import numpy as np
import pytest

from priorvol import plotting
from priorvol.architecture import Architecture
from priorvol.infinite.convergence import kernel_convergence
from priorvol.task import Task

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def found():
    task = Task(Architecture(2, (math.inf,) * 2, "tanh"))
    return kernel_convergence(task, [4, 8, 16], n_networks=25)


def by_label(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def test_points(found):
    ax = plotting.convergence_plot(found)
    lines = by_label(ax)
    for name, errors in found.kernels.items():
        np.testing.assert_array_equal(
            lines[f"{name} of one network"].get_ydata(), errors.fluctuation
        )
        hollow = lines[f"{name}, mean against limit"]
        np.testing.assert_array_equal(hollow.get_ydata(), errors.deviation)
        assert hollow.get_markerfacecolor() == "white"
        np.testing.assert_allclose(hollow.get_xdata(), found.widths, rtol=0.05)
    assert r"scatter$/\sqrt{25}$" in lines
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["4", "8", "16"]


def test_lines_fall_as_the_root_of_the_width(found):
    ax = plotting.convergence_plot(found)
    lines = [line for line in ax.lines if line.get_label().startswith("_")]
    assert len(lines) == 4
    for line in lines:
        x, y = np.log(line.get_xdata()), np.log(line.get_ydata())
        assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(-0.5)
    assert lines[0].get_ydata() / lines[1].get_ydata() == pytest.approx(5.0)
    inside = np.interp(math.log(8), np.log(lines[0].get_xdata()), np.log(lines[0].get_ydata()))
    assert math.exp(inside) == pytest.approx(found.nngp.fluctuation[1], rel=0.3)


def test_one_kernel_and_given_axes():
    task = Task(Architecture(2, (math.inf,), "sign"))
    found = kernel_convergence(task, [4, 8], n_networks=10)
    _, ax = plt.subplots()
    assert plotting.convergence_plot(found, ax) is ax
    assert len(by_label(ax)) == 4 and not any("NTK" in label for label in by_label(ax))


def test_refusals(found):
    with pytest.raises(ValueError, match="found must be a KernelConvergence, got str"):
        plotting.convergence_plot("found")
    with pytest.raises(ValueError, match="ax must be matplotlib Axes"):
        plotting.convergence_plot(found, "ax")
