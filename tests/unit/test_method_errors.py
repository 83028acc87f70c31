"""The errors of methods held against a reference, and their figure."""

import dataclasses
import math

import numpy as np
import pytest

from priorvol import bits, complexity, plotting
from priorvol.architecture import Architecture, Prior
from priorvol.estimators import estimate_batch
from priorvol.estimators.errors import method_errors
from priorvol.task import Task

TASK = Task(Architecture(3, (math.inf,)))
KINDS = {"constants": ["00000000", "11111111"], "named": ["01101001", "00010111", "00000000"]}


@pytest.fixture(scope="module")
def found():
    return method_errors(TASK, KINDS, reference="genz", seed=1, relative_error=0.1, n_jobs=1)


def test_a_function_is_there_once_with_its_first_kind(found):
    assert bits.to_text(found.functions, 8) == ["00000000", "11111111", "01101001", "00010111"]
    assert found.kinds.tolist() == ["constants", "constants", "named", "named"]
    assert (len(found), found.n_left_out) == (4, 0)


def test_the_error_is_the_difference_of_the_two(found):
    ep = estimate_batch(TASK, found.functions, method="ep")
    genz = estimate_batch(TASK, found.functions, method="genz", seed=1)
    np.testing.assert_allclose(found.method_log10_p, [each.log10_p for each in ep])
    np.testing.assert_allclose(found.log10_p, [each.log10_p for each in genz])
    np.testing.assert_allclose(
        found.error, [a.log10_p - b.log10_p for a, b in zip(ep, genz, strict=True)]
    )
    errors = [each.standard_error / math.log(10) for each in genz]
    np.testing.assert_allclose(found.standard_error, errors)
    # EP is off for the constants, by far more than the reference is
    assert (np.abs(found.error[:2]) > 10 * found.standard_error[:2]).all()


def test_what_the_error_is_held_against(found):
    columns = found.columns()
    assert columns["t"].tolist() == [0, 8, 4, 4]
    np.testing.assert_array_equal(
        columns["k_lz"], complexity.k_lz(bits.to_text(found.functions, 8))
    )
    np.testing.assert_array_equal(columns["log10_p"], found.log10_p)


def test_impossible_functions_are_left_out():
    task = Task(Architecture(3, (math.inf,)), Prior(sigma_b=0.0))
    found = method_errors(task, {"all": ["10000000", "00000000"]}, reference="genz", n_jobs=1)
    assert (len(found), found.n_left_out) == (1, 1)


def test_lines(found):
    lines = found.lines()
    assert [line.split()[:2] for line in lines[1:]] == [
        ["all", "4"],
        ["constants", "2"],
        ["named", "2"],
    ]
    worst = np.abs(found.error).argmax()
    assert f"{found.error[worst]:+.4f}" in lines[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "t"}, "task must be a Task"),
        ({"functions": {}}, "functions of one kind at least are wanted"),
        ({"functions": {"none": np.zeros((0, 1), np.uint64)}}, "one function at least is wanted"),
        ({"functions": {"short": ["01"]}}, "2 characters, but m = 8"),
        ({"method": "epp"}, "did you mean 'ep'"),
        ({"reference": "ep"}, "reference must have an error and estimate P\\(f\\) as 'ep' does"),
        ({"method": "laplace"}, "estimate P\\(f\\) under a unit-noise probit link as 'laplace'"),
        ({"seed": -1}, "seed must be"),
        ({"n_jobs": 0}, "n_jobs must be"),
    ],
)
def test_bad_input(change, message):
    arguments = {"task": TASK, "functions": KINDS, "reference": "genz"} | change
    with pytest.raises(ValueError, match=message):
        method_errors(arguments.pop("task"), arguments.pop("functions"), **arguments)


# The figure


def test_the_figure_has_a_row_a_set_and_a_panel_a_column(found):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = plotting.method_errors_plot([found, found], figure)
    assert len(axes) == 6 and figure.axes == axes
    assert axes[1].get_title() == "{0,1}^3" and "EP: error" in axes[0].get_ylabel()
    for ax, (name, values) in zip(axes[:3], found.columns().items(), strict=True):
        drawn = {line.get_label(): line for line in ax.get_lines()}
        for kind in KINDS:
            chosen = found.kinds == kind
            np.testing.assert_array_equal(drawn[kind].get_xdata(), values[chosen], err_msg=name)
            np.testing.assert_array_equal(drawn[kind].get_ydata(), found.error[chosen])
    figure.draw_without_rendering()


def test_the_line_is_the_median_of_full_bins(found):
    rng = np.random.default_rng(0)
    many = dataclasses.replace(
        found,
        functions=np.repeat(found.functions, 100, axis=0),
        kinds=np.repeat(found.kinds, 100),
        log10_p=np.repeat([-1.0, -1.0, -5.0, -9.0], 100),
        standard_error=np.repeat(found.standard_error, 100),
        method_log10_p=np.repeat([-1.0, -1.0, -5.0, -9.0], 100) + rng.normal(size=400),
        converged=np.repeat(found.converged, 100),
    )
    ax = plotting.method_errors_plot(many)[0]
    line = next(line for line in ax.get_lines() if line.get_label() == "median")
    np.testing.assert_allclose(line.get_xdata(), [-9.0, -5.0, -1.0])
    np.testing.assert_allclose(line.get_ydata()[2], np.median(many.error[:200]))


@pytest.mark.parametrize("value", [[], "x", None, 3])
def test_figures_of_something_else_are_refused(value):
    with pytest.raises(ValueError, match="one MethodErrors or several, got"):
        plotting.method_errors_plot(value)


def test_a_figure_in_use_is_refused(found):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots()
    with pytest.raises(ValueError, match="an empty matplotlib Figure or None"):
        plotting.method_errors_plot(found, figure)


def test_titles(found):
    axes = plotting.method_errors_plot([found, found], titles=["one", "two"])
    assert [axes[1].get_title(), axes[4].get_title()] == ["one", "two"]
    with pytest.raises(ValueError, match="one title a row is wanted: 1, got 2"):
        plotting.method_errors_plot(found, titles=["one", "two"])
