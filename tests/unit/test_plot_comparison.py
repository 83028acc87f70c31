"""Figures of comparisons: what is drawn where."""

import matplotlib
import numpy as np
import pytest

from priorvol import plotting
from priorvol.comparison import compare
from priorvol.result import Estimate
from priorvol.table import FunctionTable

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

NAMES = ["0000", "0001", "0010", "0111", "1011", "1111"]
A = FunctionTable.from_counts(NAMES[:5], [4000, 2000, 1500, 700, 400])
B = FunctionTable.from_counts(NAMES[1:], [2100, 1400, 800, 350, 30])
QUICK = {"n_bootstrap": 20, "n_permutations": 19, "n_ceiling": 20}


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def found():
    return compare(A, B, target="0011", names=("SGD", "Bayes"), **QUICK)


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def test_points_stand_at_both_probabilities():
    found = compare(A, B, **QUICK)
    drawn = lines(plotting.comparison_plot(found))
    x, y = drawn["function"].get_data()
    places = [found.texts().index(t) for t in found.texts() if t in NAMES[1:5]]
    assert np.allclose(x, found.a.p[places])
    assert np.allclose(y, found.b.p[places])
    assert np.allclose(np.log(x), [A.probability(found.texts()[i]).log_p for i in places])


def test_one_sided_functions_stand_at_the_upper_limits(found):
    drawn = lines(plotting.comparison_plot(found))
    x, y = (data[0] for data in drawn["only SGD: 95% limit"].get_data())
    assert (x, y) == pytest.approx((4000 / 8600, B.probability("0000").interval[1]))
    x, y = (data[0] for data in drawn["only Bayes: 95% limit"].get_data())
    assert (x, y) == pytest.approx((A.probability("1111").interval[1], 30 / 4680))


def test_errors_give_the_colours(found):
    ax = plotting.comparison_plot(found)
    (dots,) = [c for c in ax.collections if c.get_label() == "function"]
    places = [i for i, t in enumerate(found.texts()) if t in NAMES[1:5]]
    assert np.allclose(dots.get_array(), found.errors.of_functions[places])


def test_the_band_is_that_of_two_perfect_samplers():
    found = compare(A, B, **QUICK)
    ax = plotting.comparison_plot(found)
    (band,) = [c for c in ax.collections if "perfect" in c.get_label()]
    vertices = band.get_paths()[0].vertices
    p = np.unique(vertices[:, 0])[100]
    top = vertices[vertices[:, 0] == p][:, 1].max()
    wanted = p * np.exp(1.959964 * np.sqrt((1 - p) / p * (1 / 8600 + 1 / 4680)))
    assert top == pytest.approx(wanted, rel=1e-5)
    assert vertices[:, 0].min() == pytest.approx(max(4 / 4680, ax.get_xlim()[0]))


def test_the_axes_are_alike_and_named(found):
    ax = plotting.comparison_plot(found)
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.get_xlabel().endswith(", SGD")
    assert ax.get_ylabel().endswith(", Bayes")
    assert "Pearson" in ax.get_title(loc="left")
    assert "p of equality" in ax.get_title(loc="left")


def test_estimates_without_an_error_are_points():
    silent = Estimate(
        log_p=-1.0,
        standard_error=np.nan,
        low=np.nan,
        high=np.nan,
        level=0.95,
        method="ep",
        quantity="P(f)",
    )
    found = compare(A, {"0000": silent, "0001": silent, "1110": silent}, **QUICK)
    ax = plotting.comparison_plot(found)
    ax.figure.draw_without_rendering()
    assert len(lines(ax)["function"].get_xdata()) == 2


def test_given_axes_are_drawn_into(found):
    with plotting.style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.0, 3.7))
        assert plotting.comparison_plot(found, left) is left
        assert plotting.error_laws_plot(found, right) is right
        figure.draw_without_rendering()


def test_bars_are_the_error_laws(found):
    ax = plotting.error_laws_plot(found)
    heights = [[bar.get_height() for bar in bars] for bars in ax.containers]
    assert np.allclose(heights, [found.errors.a.p, found.errors.b.p])
    assert "4 test inputs" in ax.get_xlabel()
    (legend,) = [ax.get_legend()]
    assert "SGD: mean" in legend.get_texts()[0].get_text()


def test_bad_input(found):
    for plot in (plotting.comparison_plot, plotting.error_laws_plot):
        with pytest.raises(ValueError, match="must be a Comparison, got str"):
            plot("x")
        with pytest.raises(ValueError, match="must be matplotlib Axes"):
            plot(found, 3)
    with pytest.raises(ValueError, match="with a target"):
        plotting.error_laws_plot(compare(A, B, **QUICK))
