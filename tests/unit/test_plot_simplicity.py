"""Figures of simplicity bias: what is drawn, what the legend says, bad input."""

import matplotlib
import numpy as np
import pytest

from priorvol import (
    Architecture,
    FunctionTable,
    Prior,
    Task,
    array_inputs,
    collect,
    complexity,
    plotting,
)
from priorvol.simplicity import complexity_panel, correlate, simple_but_rare

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def table():
    task = Task(Architecture(4, (6,)), Prior(sigma_b=0.5))
    return collect(task, n_samples=20_000, n_jobs=1, progress=False)


@pytest.fixture(scope="module")
def panel(table):
    return complexity_panel(table, ["k_lz", "entropy", "bdd_size"])


@pytest.fixture(scope="module")
def correlations(table):
    return correlate(table, ["k_lz", "bdd_size"], n_bootstrap=20, n_null=3)


@pytest.fixture(scope="module")
def rare(table):
    return simple_but_rare(table, "bdd_size")


def legend_texts(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_panel_in_a_new_figure(panel):
    parts = plotting.panel_plot(panel)
    assert [ax.get_xlabel().replace("\n", " ") for ax in parts] == [
        complexity.measure(name).label for name in panel.observed
    ]
    assert [ax.get_ylabel() for ax in parts] == ["$P(f)$", "", ""]
    drawn = parts[0].lines[0]
    np.testing.assert_array_equal(drawn.get_xdata(), panel.observed["k_lz"])
    np.testing.assert_array_equal(drawn.get_ydata(), panel.p)
    labels = [line.get_label() for line in parts[0].lines[1:]]
    assert len(labels) == 3  # the functions and both nulls
    assert len(parts[2].lines) == 3  # no permuted null: it is the same for every order
    assert legend_texts(parts[0].figure)[0].endswith("functions drawn twice or more")


def test_panel_in_a_given_figure(panel):
    figure = Figure()
    parts = plotting.panel_plot(panel, figure, columns=2)
    assert parts[0].figure is figure
    assert [ax.get_ylabel() for ax in parts] == ["$P(f)$", "", "$P(f)$"]
    assert len(figure.axes) == 4
    assert [ax.get_visible() for ax in figure.axes] == [True] * 3 + [False]
    figure.draw_without_rendering()
    with pytest.raises(ValueError, match="figure must be an empty matplotlib Figure"):
        plotting.panel_plot(panel, figure)


def test_medians_of_the_panel(panel):
    ax = plotting.panel_plot(panel)[1]
    marks = ax.lines[1]
    for x, y in zip(*marks.get_data(), strict=True):
        place = np.floor(np.log10(y) * 2)
        chosen = np.floor(np.log10(panel.p) * 2 + 1e-9) == place
        assert chosen.sum() >= 5
        assert x == np.median(panel.observed["entropy"][chosen])


def test_correlations(correlations):
    ax = plotting.correlation_plot(correlations)
    names = [row.measure for row in correlations.rows]
    assert [label.get_text() for label in ax.get_yticklabels()] == names
    row = correlations.row("k_lz")
    expected = [
        row.association.spearman.value,
        row.association.spearman_given_t.value,
        row.same_t.spearman.value,
        row.permuted_inputs.spearman.value,
    ]
    points = [line for line in ax.lines if line.get_marker() not in ("None", None, "")]
    found = [float(line.get_xdata()[0]) for line in points if line.get_ydata()[0] < 0.5]
    assert found == expected
    texts = legend_texts(ax.figure)
    assert len(texts) == len(set(texts)) == 5
    width, height = plotting.correlation_size(correlations)
    np.testing.assert_allclose(ax.figure.get_size_inches(), (width, height))
    own = Figure().subplots()
    assert plotting.correlation_plot(correlations, own) is own


def test_rare_functions(table, rare):
    ax = plotting.rare_plot(table, rare, labels=3)
    lines = {line.get_label(): line for line in ax.lines}
    drawn = lines["functions drawn"]
    np.testing.assert_allclose(drawn.get_ydata(), table.at_least(2).counts / table.n_samples)
    most = drawn.get_xdata().max()
    simple = rare.complexity <= most
    seen, unseen = simple & (rare.counts > 0), simple & (rare.counts == 0)
    np.testing.assert_array_equal(lines["listed, drawn"].get_ydata(), rare.p[seen])
    limits = lines["listed, not drawn: 95% limit"]
    np.testing.assert_array_equal(limits.get_ydata(), rare.high[unseen])
    assert [text.get_text() for text in ax.texts] == ["1", "2", "3"]
    low, high = ax.get_ylim()
    assert low < rare.high[unseen].min()
    assert high >= rare.p.max()
    for text in ax.texts:
        x, y = ax.transAxes.inverted().transform(ax.transData.transform(text.xy))
        assert 0 <= x <= 1
        assert 0 <= y <= 1
    assert ax.get_xlabel() == complexity.measure("bdd_size").label


def test_rare_functions_of_a_named_measure(table):
    own = Figure().subplots()
    assert plotting.rare_plot(table, "k_lz", own, labels=0) is own
    assert len(own.texts) == 0


def test_numbered_functions_are_ringed_and_below_the_bound(table, rare):
    ax = plotting.rare_plot(table, rare, labels=6)
    rings = [line for line in ax.lines if line.get_fillstyle() == "none"]
    at = [tuple(float(value) for value in line.get_xydata()[0]) for line in rings]
    assert at == [text.xy for text in ax.texts] and len(at) == 6
    bound = np.minimum(np.exp(rare.envelope.log_p([x for x, _ in at])), 1.0)
    assert ([y for _, y in at] < bound).all()
    named = legend_texts(ax.figure)[-6:]
    assert set(named) <= {name.replace("_", " ") for name in rare.names if name}
    # of four functions, two lie on the bound
    few = FunctionTable.from_counts(["0000", "1111", "0001", "0111"], [40, 40, 10, 10])
    ax = plotting.rare_plot(few, "sop_literals", labels=9)
    assert [text.get_text() for text in ax.texts] == ["1", "2"]


def test_a_list_of_none(table, rare):
    none = rare.take(np.array([], dtype=np.int64))
    ax = plotting.rare_plot(table, none)
    assert len(ax.texts) == 0
    low, high = ax.get_ylim()
    assert low < 2 / table.n_samples and high > table.counts.max() / table.n_samples


# Where things lie


def outside(box, figure):
    frame = figure.bbox
    return (
        box.x0 < frame.x0 - 0.5
        or box.y0 < frame.y0 - 0.5
        or box.x1 > frame.x1 + 0.5
        or box.y1 > frame.y1 + 0.5
    )


def assert_apart_and_inside(figure, legends):
    """Fail if something is cut off, or a legend is over Axes, their labels or another legend."""
    figure.draw_without_rendering()
    parts = []
    for ax in figure.axes:
        if ax.get_visible():
            own, ax.legend_ = ax.legend_, None
            parts.append(ax.get_tightbbox())
            ax.legend_ = own
    boxes = [legend.get_window_extent() for legend in legends]
    assert len(parts) and len(boxes)
    for box in [*parts, *boxes]:
        assert not outside(box, figure), f"{box} is not within {figure.bbox}"
    for i, box in enumerate(boxes):
        for other in [*parts, *boxes[:i]]:
            assert not box.padded(-1).overlaps(other.padded(-1)), f"{box} is over {other}"


@pytest.mark.parametrize("names", [["k_lz"], ["k_lz", "entropy", "bdd_size"], None])
@pytest.mark.parametrize("style", ["default", "house"])
def test_nothing_of_the_panel_is_cut_off(table, names, style):
    found = complexity_panel(table, names)
    figure = None if style == "house" else Figure()
    parts = plotting.panel_plot(found, figure)
    assert_apart_and_inside(parts[0].figure, parts[0].figure.legends)


def test_nothing_of_new_figures_is_cut_off(table, rare, correlations):
    for ax in (
        plotting.rare_plot(table, rare),
        plotting.rare_plot(table, "expression_length", labels=2),
        plotting.correlation_plot(correlations),
    ):
        (legend,) = ax.figure.legends
        assert ax.get_legend() is None
        assert_apart_and_inside(ax.figure, [legend])


def test_given_axes_have_legends_of_their_own(table, rare, correlations):
    figure, axes = plt.subplots(1, 3, figsize=(16, 6), layout="constrained")
    plotting.rare_plot(table, rare, axes[0])
    plotting.correlation_plot(correlations, axes[1])
    plotting.rare_plot(table, "k_lz", axes[2])
    assert not figure.legends
    assert_apart_and_inside(figure, [ax.get_legend() for ax in axes])


def test_legends_are_not_over_axes_in_a_plain_figure(table, rare):
    ax = plt.subplots()[1]
    plotting.rare_plot(table, rare, ax)
    ax.figure.draw_without_rendering()
    legend = ax.get_legend().get_window_extent()
    assert legend.y1 <= ax.xaxis.label.get_window_extent().y0 + 1
    np.testing.assert_allclose(legend.x1, ax.bbox.x1, atol=5)


def test_the_legend_of_the_panel_explains_what_is_drawn(table):
    def kinds(names):
        figure = plotting.panel_plot(complexity_panel(table, names))[0].figure
        return [text.split(":")[0] for text in legend_texts(figure)[1:]]

    both = ["functions drawn", "random functions of the same $T$"]
    assert kinds(["k_lz", "entropy"]) == [*both, "the functions, inputs permuted"]
    assert kinds(["entropy", "bdd_size"]) == both


def test_a_panel_of_points_that_are_no_cube():
    task = Task(Architecture(2, (5,)), inputs=array_inputs(np.random.default_rng(0).random((9, 2))))
    found = complexity_panel(collect(task, n_samples=3000, n_jobs=1, progress=False))
    (first, *_) = parts = plotting.panel_plot(found)
    assert len(parts) == len(found.observed) == 3
    assert len(legend_texts(first.figure)) == 3


def test_a_part_of_a_figure_is_refused(panel):
    part = Figure().subfigures(1, 2)[0]
    with pytest.raises(ValueError, match="figure must be an empty matplotlib Figure or None"):
        plotting.panel_plot(panel, part)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda table, rare: plotting.panel_plot("panel"), "panel must be a ComplexityPanel"),
        (lambda table, rare: plotting.correlation_plot(3), "found must be Correlations, got int"),
        (lambda table, rare: plotting.rare_plot(rare, rare), "a FunctionTable is wanted"),
        (lambda table, rare: plotting.rare_plot(table, 3), "found must be the RareFunctions"),
        (lambda table, rare: plotting.rare_plot(table, "k_lx"), "measure must be one of"),
        (lambda table, rare: plotting.rare_plot(table, rare, labels=-1), "labels must be at least"),
        (lambda table, rare: plotting.rare_plot(table, rare, 3), "ax must be matplotlib Axes"),
        (
            lambda table, rare: plotting.rare_plot(
                FunctionTable.from_counts(["01", "10", "11"], [5, 5, 3]), rare
            ),
            "found must be the RareFunctions of the table",
        ),
    ],
)
def test_bad_input(call, message, table, rare):
    with pytest.raises(ValueError, match=message):
        call(table, rare)


def test_columns_of_the_panel_are_checked(panel):
    with pytest.raises(ValueError, match="columns must be at least 1, got 0"):
        plotting.panel_plot(panel, columns=0)
