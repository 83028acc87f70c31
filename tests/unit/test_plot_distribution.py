"""The figure of P(K): what is drawn where, in which range, and that the legend is over nothing."""

import matplotlib
import numpy as np
import pytest

from priorvol import bits, plotting
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.complexity import measure
from priorvol.simplicity.distribution import complexity_distribution
from priorvol.table import FunctionTable
from priorvol.task import Task

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

SMALL = FunctionTable.from_counts(["0000", "1111", "0110"], [5, 3, 2])


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def table():
    task = Task(Architecture(7, (10,)), Prior(sigma_b=0.5))
    return collect(task, n_samples=5000, output_draws=5, n_jobs=1)


def by_label(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def assert_legend_is_clear(ax):
    ax.figure.draw_without_rendering()
    box = ax.get_legend().get_window_extent()
    for line in ax.lines:
        places = ax.transData.transform(np.column_stack(line.get_data()))
        under = (places[:, 0] >= box.x0) & (places[:, 0] <= box.x1)
        assert not (places[under, 1] >= box.y0).any()
    assert box.y1 <= ax.get_window_extent().y1 + 1


def test_three_distributions_and_their_names(table):
    found = complexity_distribution(table, n_uniform=2000)
    ax = plotting.distribution_plot(found)
    assert texts(ax) == [
        "prior: 5,000 draws\n(5 output draws a hidden draw)",
        "random, $P(T)$ of the prior",
        "uniformly random",
        "pointwise 95% intervals",
    ]
    assert (ax.get_xlabel(), ax.get_ylabel()) == (measure("k_lz").label, "probability")
    assert ax.get_yscale() == "log"
    for text, spread in zip(texts(ax), (found.prior, found.same_t, found.uniform), strict=False):
        x, y = by_label(ax)[text].get_data()
        assert x.tolist() == found.k.tolist()
        np.testing.assert_array_equal(y, np.where(spread.counts > 0, spread.p, np.nan))
    assert len({(line.get_color(), line.get_linestyle()) for line in by_label(ax).values()}) == 3
    assert_legend_is_clear(ax)


def test_a_table_and_its_distribution_give_one_figure(table):
    one = plotting.distribution_plot(table, "lz76_words", n_uniform=300, seed=4, level=0.8)
    found = complexity_distribution(table, "lz76_words", n_uniform=300, seed=4, level=0.8)
    other = plotting.distribution_plot(found)
    for a, b in zip(one.lines, other.lines, strict=True):
        np.testing.assert_array_equal(a.get_xydata(), b.get_xydata())
    assert texts(one) == texts(other) and texts(one)[-1] == "pointwise 80% intervals"


def test_few_complexities_are_points_with_bars():
    found = complexity_distribution(SMALL, n_uniform=100)
    ax = plotting.distribution_plot(found, log=False)
    line = by_label(ax)["prior: 10 draws"]
    assert line.get_linestyle() == "None" and line.get_marker() == "o"
    bars = ax.collections[0].get_segments()
    expected = np.column_stack([found.prior.low, found.prior.high])
    np.testing.assert_allclose([bar[:, 1] for bar in bars], expected)
    assert (ax.get_yscale(), ax.get_ylim()[0]) == ("linear", 0.0)
    assert_legend_is_clear(ax)


def test_many_complexities_have_a_band(table):
    found = complexity_distribution(table, n_uniform=2000)
    ax = plotting.distribution_plot(found)
    band = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    for i in np.flatnonzero(found.prior.counts)[::5]:
        at = band[band[:, 0] == found.k[i], 1]
        assert np.isclose(at, found.prior.low[i], rtol=1e-9, atol=0).any()
        assert np.isclose(at, found.prior.high[i], rtol=1e-9, atol=0).any()


def test_bins_are_steps(table):
    found = complexity_distribution(table, n_uniform=2000, bins=12)
    ax = plotting.distribution_plot(found, log=False)
    assert ax.get_ylabel() == "probability of a bin"
    x, y = by_label(ax)[texts(ax)[0]].get_data()
    assert x.tolist() == np.repeat(found.edges, 2)[1:-1].tolist()
    counted = np.flatnonzero(found.prior.counts)
    shown = np.repeat(found.prior.p, 2)
    np.testing.assert_array_equal(y[: 2 * counted[-1] + 2], shown[: 2 * counted[-1] + 2])
    assert np.isnan(y[2 * counted[-1] + 2 :]).all()  # nothing beyond the last


def test_rare_complexities_do_not_stretch_the_axis(table):
    # an effective count below one has an interval down to almost nothing
    found = complexity_distribution(table, n_uniform=2000)
    assert found.prior.low[found.prior.counts > 0].min() < 1e-8
    ax = plotting.distribution_plot(found)
    low, _ = ax.get_ylim()
    smallest = min(s.p[s.counts > 0].min() for s in (found.prior, found.same_t, found.uniform))
    assert smallest / 10 <= low < smallest
    assert max(ax.get_yticks()) <= 1.0


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize(
    "table",
    [
        SMALL,
        FunctionTable.from_counts(["0110"], [7]),
        FunctionTable(
            bits.pack(np.random.default_rng(0).random((300, 64)) < 0.5), np.arange(1, 301), m=64
        ),
    ],
    ids=["few", "one function", "many functions"],
)
@pytest.mark.parametrize("name", ["k_lz", "entropy"])
def test_the_legend_is_over_nothing(table, name, log):
    ax = plotting.distribution_plot(table, name, log=log, n_uniform=500)
    assert_legend_is_clear(ax)
    assert ax.get_xlabel() == measure(name).label


def test_axes_labels_and_style(table):
    before = dict(matplotlib.rcParams)
    _, ax = plt.subplots()
    assert plotting.distribution_plot(SMALL, ax=ax, label="mine") is ax
    assert texts(ax)[0] == "mine"
    new = plotting.distribution_plot(SMALL)
    assert new is not ax and new.figure.get_size_inches().tolist() == [3.4, 2.6]
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("found", "options", "message"),
    [
        ("0110", {}, "FunctionTable is wanted, got str"),
        (SMALL, {"ax": 3}, "ax must be matplotlib Axes or None, got int"),
        (SMALL, {"measure": "k_lzz"}, "did you mean 'k_lz'"),
        (SMALL, {"bins": 0}, "bins must be at least 1"),
        (complexity_distribution(SMALL), {"bins": 3}, r"\['bins'\] go with a table"),
    ],
)
def test_bad_arguments(found, options, message):
    with pytest.raises(ValueError, match=message):
        plotting.distribution_plot(found, **options)
