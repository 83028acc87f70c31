"""What the figure of a correlation map shows."""

import numpy as np
import pytest

from priorvol import plotting
from priorvol.infinite.correlation_map import correlation_map

matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture
def ax():
    from matplotlib.figure import Figure

    return Figure().subplots()


def test_the_map_its_iterates_and_its_fixed_points(ax):
    found = correlation_map("relu", shift="zero-mean", n_layers=4)
    assert plotting.correlation_map_plot(found, ax) is ax
    diagonal, curve, web, *points = ax.lines
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    np.testing.assert_allclose(curve.get_ydata(), found(curve.get_xdata()))
    rho = found.correlations
    np.testing.assert_allclose(
        web.get_xdata(), [rho[0], rho[0], rho[1], rho[1], rho[2], rho[2], rho[3]]
    )
    np.testing.assert_allclose(
        web.get_ydata(), [rho[0], rho[1], rho[1], rho[2], rho[2], rho[3], rho[3]]
    )
    assert [point.get_xdata()[0] for point in points] == [p.rho for p in found.fixed_points]
    faces = [point.get_markerfacecolor() for point in points]
    assert faces == ["#0072B2", "white"]


def test_bad_arguments(ax):
    with pytest.raises(ValueError, match="must be a CorrelationMap"):
        plotting.correlation_map_plot(np.zeros(3), ax)
    with pytest.raises(ValueError, match="n_points must be"):
        plotting.correlation_map_plot(correlation_map("relu"), ax, n_points=1)
