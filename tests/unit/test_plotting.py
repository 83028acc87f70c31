"""Figures: what is drawn where, what is left out, and that nothing else changes."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from priorvol import bits, complexity, plotting
from priorvol.architecture import Architecture
from priorvol.complexity import Measure, registry
from priorvol.inputs import array_inputs
from priorvol.intervals import clopper_pearson, wilson
from priorvol.simplicity.bound import upper_envelope
from priorvol.sources import PriorSampling
from priorvol.table import FunctionTable
from priorvol.task import Task

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

PLOTS = (plotting.rank_plot, plotting.complexity_plot, plotting.histogram_plot)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def skewed(k=400, m=64, seed=0):
    """Return a table with a long tail of singletons."""
    rng = np.random.default_rng(seed)
    words = bits.pack(np.unique(rng.random((k, m)) < rng.random((k, 1)), axis=0))
    counts = 1 + (3000 / np.arange(1, len(words) + 1) ** 1.5).astype(int)
    return FunctionTable(words, counts, m=m)


def grouped():
    """Return a table of 40 functions in 200 groups of 10 draws, and its tallies by hand."""
    rng = np.random.default_rng(1)
    centre = rng.integers(0, 40, 200)
    f = np.where(rng.random((200, 10)) < 0.7, centre[:, None], rng.geometric(0.2, (200, 10)) % 40)
    tally = np.stack([(f == i).sum(axis=1) for i in range(40)])
    words = np.arange(40, dtype=np.uint64)[:, None]
    pairs = (tally * (tally - 1)).sum(axis=1)
    counts = tally.sum(axis=1)
    seen = counts > 0
    return FunctionTable(
        words[seen], counts[seen], m=6, source=PriorSampling(10), group_pairs=pairs[seen]
    )


def lines(ax):
    """Return the lines of the legend by label, the others under ''."""
    return {line.get_label() if line.get_label()[0] != "_" else "": line for line in ax.lines}


def band(ax, number=0):
    """Return the vertices of a band as a set of (x, y) to twelve digits."""
    vertices = np.concatenate([path.vertices for path in ax.collections[number].get_paths()])
    return {(f"{x:.11e}", f"{y:.11e}") for x, y in vertices}


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def assert_legend_is_clear(ax, x, y):
    ax.figure.draw_without_rendering()
    box = ax.get_legend().get_window_extent()
    places = ax.transData.transform(np.column_stack([x, y]))
    under = (places[:, 0] >= box.x0) & (places[:, 0] <= box.x1)
    assert (places[under, 1] < box.y0).all()
    assert box.y1 <= ax.get_window_extent().y1 + 1


# The rank plot


def test_rank_curve_and_band():
    table = skewed()
    ax = plotting.rank_plot(table)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("rank of $f$", "$P(f)$")
    line = lines(ax)[f"{table.n_samples:,} draws"]
    counts = np.sort(table.counts)[::-1]
    rank, p = line.get_data()
    assert p.tolist() == (counts[rank.astype(int) - 1] / table.n_samples).tolist()
    assert rank[-1] == (counts > 1).sum()
    drawn = band(ax)
    for r in (1, 2, 7, int(rank[-1])):
        for end in clopper_pearson(counts[r - 1], table.n_samples):
            assert (f"{r:.11e}", f"{end:.11e}") in drawn
    assert "pointwise 95% interval" in legend_texts(ax)


def test_level_and_interval_are_used_and_named():
    table = skewed()
    ax = plotting.rank_plot(table, level=0.8, interval="wilson")
    low, _ = wilson(table.counts.max(), table.n_samples, level=0.8)
    assert (f"{1:.11e}", f"{low:.11e}") in band(ax)
    assert "pointwise 80% interval" in legend_texts(ax)


def test_zipf_line():
    table = skewed(m=128)
    line = lines(plotting.rank_plot(table))["Zipf: $1/(\\mathrm{rank}\\;\\ln 2^{128})$"]
    rank, p = line.get_data()
    assert rank.tolist() == [1.0, len(table)]
    np.testing.assert_allclose(p, 0.01127106 / rank, rtol=1e-6)
    assert not any("Zipf" in text for text in legend_texts(plotting.rank_plot(table, zipf=False)))


def test_singletons_are_dotted_or_left_out():
    table = skewed()
    ax = plotting.rank_plot(table)
    once = next(line for line in ax.lines if line.get_linestyle() == ":")
    assert once.get_xdata().tolist() == [len(table) - table.n_singletons + 1, len(table)]
    np.testing.assert_allclose(once.get_ydata(), 1 / table.n_samples)
    assert "counted once" in legend_texts(ax)
    ax = plotting.rank_plot(table, singletons=False)
    assert "counted once" not in legend_texts(ax)
    assert all(line.get_linestyle() != ":" for line in ax.lines)
    only = FunctionTable.from_counts(["00", "01"], [1, 1])
    with pytest.raises(ValueError, match="counted once: nothing to draw with singletons=False"):
        plotting.rank_plot(only, singletons=False)
    assert legend_texts(plotting.rank_plot(only))[0] == "2 draws"


def test_a_few_functions_are_points_with_bars():
    table = FunctionTable.from_counts(["0000", "0110", "0001", "1000"], [9, 5, 1, 1])
    ax = plotting.rank_plot(table)
    filled, hollow, *_ = ax.lines
    assert filled.get_xdata().tolist() == [1, 2]
    assert hollow.get_xdata().tolist() == [3, 4]
    assert hollow.get_markerfacecolor() == "white"
    low, high = clopper_pearson(9, 16)
    bar = ax.collections[0].get_segments()[0]
    np.testing.assert_allclose(bar, [[1, low], [1, high]])


def test_a_long_curve_is_thinned():
    rng = np.random.default_rng(0)
    counts = np.unique(rng.integers(1, 10**7, 20_000))
    words = np.arange(len(counts), dtype=np.uint64)[:, None]
    table = FunctionTable(words, counts, m=16)
    for limit in (10, 500, 2000):
        line = plotting.rank_plot(table, max_points=limit).lines[0]
        rank, p = line.get_data()
        assert len(rank) <= limit
        assert (rank[0], rank[-1]) == (1, len(counts))
        assert p.tolist() == (counts[::-1][rank.astype(int) - 1] / table.n_samples).tolist()


def test_grouped_draws_have_their_own_intervals_and_say_so():
    table = grouped()
    ax = plotting.rank_plot(table)
    assert legend_texts(ax)[0] == "2,000 draws\n(10 output draws a hidden draw)"
    ranks = table.ranks()
    low, high = (band(ax) for _ in range(2))
    for count in set(ranks.counts[ranks.counts > 1].tolist()):
        tied = ranks.counts == count
        first = int(ranks.rank[tied][0])
        assert (f"{first:.11e}", f"{ranks.low[tied].min():.11e}") in low
        assert (f"{first:.11e}", f"{ranks.high[tied].max():.11e}") in high
    assert ranks.inflation.max() > 2  # the intervals are wider than for independent draws


def test_grouped_draws_without_group_sums():
    table = FunctionTable(
        np.arange(20, dtype=np.uint64)[:, None], np.full(20, 10), m=6, source=PriorSampling(10)
    )
    low, high = clopper_pearson(1, 20)
    assert {(f"{1:.11e}", f"{low:.11e}"), (f"{1:.11e}", f"{high:.11e}")} <= band(
        plotting.rank_plot(table)
    )


def test_several_tables_have_colours_lines_and_labels_of_their_own():
    tables = [skewed(seed=seed) for seed in range(3)]
    with plotting.style():
        ax = plotting.rank_plot(iter(tables), labels=("a", "b", "c"))
    found = [lines(ax)[label] for label in "abc"]
    assert len({line.get_color() for line in found}) == 3
    assert len({line.get_linestyle() for line in found}) == 3
    ax = plotting.rank_plot(tables[:2])
    assert [text.split(":")[0] for text in legend_texts(ax)[:2]] == ["table 1", "table 2"]


def test_overlaid_calls_share_one_legend():
    _, ax = plt.subplots()
    plotting.rank_plot(skewed(), ax, labels="a")
    low, _ = ax.get_ylim()
    lower = FunctionTable(skewed().functions, skewed().counts, m=64, n_samples=10**7)
    plotting.rank_plot(lower, ax, labels=["b"])
    assert ax.get_ylim()[0] < low  # the second curve is in view
    texts = legend_texts(ax)
    assert len(texts) == len(set(texts))
    assert {"a", "b"} <= set(texts)


# The complexity plot


def test_every_function_counted_often_enough_is_shown_and_the_others_are_counted():
    table = skewed(3000)
    for min_count in (1, 2, 5):
        ax = plotting.complexity_plot(table, min_count=min_count)
        kept = int((table.counts >= min_count).sum())
        (mesh,) = [c for c in ax.collections if hasattr(c, "get_coordinates")] or [None]
        in_cells = 0 if mesh is None else int(mesh.get_array().sum())
        assert len(lines(ax)["one function"].get_xdata()) + in_cells == kept
        title = ax.get_legend().get_title().get_text()
        omitted = len(table) - kept
        assert (
            title
            == {
                1: "",
                2: f"functions counted once\nomitted ({omitted:,})",
                5: f"functions counted less than 5 times\nomitted ({omitted:,})",
            }[min_count]
        )


def test_few_functions_are_all_points():
    table = FunctionTable.from_counts(["0000", "1111", "0110", "0010"], [8, 7, 2, 1])
    ax = plotting.complexity_plot(table, "lz76_words")
    assert ax.get_xlabel() == complexity.measure("lz76_words").label
    assert (ax.get_ylabel(), ax.get_yscale()) == ("$P(f)$", "log")
    points = sorted(zip(*lines(ax)["one function"].get_data(), strict=True))
    words = complexity.lz76_words(["0000", "1111", "0110"])
    assert points == sorted(zip(words, np.array([8, 7, 2]) / 18, strict=True))
    assert len(ax.figure.axes) == 1  # no colour bar


def test_cells_are_coloured_where_functions_crowd():
    table = skewed(3000)
    ax = plotting.complexity_plot(table, min_count=1)
    mesh = next(c for c in ax.collections if hasattr(c, "get_coordinates"))
    assert mesh.get_array().compressed().min() >= 3
    bar = ax.figure.axes[1]
    assert (bar.get_ylabel(), bar.get_yscale()) == ("functions in a cell", "log")


def test_bound_is_the_envelope_of_the_functions_shown():
    table = skewed(3000)
    ax = plotting.complexity_plot(table, min_count=3)
    keep = table.counts >= 3
    k = complexity.k_lz(table)[keep]
    envelope = upper_envelope(k, np.log(table.counts[keep] / table.n_samples))
    (label,) = [text for text in legend_texts(ax) if text.startswith("bound")]
    a = f"{envelope.slope:.3g}".replace("-", "\N{MINUS SIGN}")
    assert f"$a$ = {a}, " in label
    ends, p = lines(ax)[label].get_data()
    np.testing.assert_allclose(np.log(p), envelope.log_p(ends))
    without = plotting.complexity_plot(table, min_count=3, bound=False)
    assert legend_texts(without) == ["one function"]
    alone = plotting.complexity_plot(FunctionTable.from_counts(["0110"], [7]))
    assert legend_texts(alone) == ["one function"]


def test_what_a_table_leaves_out_and_grouped_draws_are_said():
    short = FunctionTable(["0000", "0110"], [5, 3], n_samples=20)
    title = plotting.complexity_plot(short).get_legend().get_title().get_text()
    assert title == "not listed: 12 draws"
    title = plotting.complexity_plot(grouped()).get_legend().get_title().get_text()
    assert title.endswith("10 output draws a hidden draw")


def test_many_distinct_complexities_share_columns(monkeypatch):
    def column(functions, *, m=None):
        return bits.as_words(functions, m)[0][:, 0] / 2.0**60

    measure = Measure("first_word", column, "", "first word", "", "", "")
    monkeypatch.setitem(registry._MEASURES, "first_word", measure)
    ax = plotting.complexity_plot(skewed(3000), "first_word", min_count=1)
    mesh = next(c for c in ax.collections if hasattr(c, "get_coordinates"))
    shown = len(lines(ax)["one function"].get_xdata()) + int(mesh.get_array().sum())
    assert shown == len(skewed(3000))


def test_a_measure_of_the_cube_needs_one(monkeypatch):
    measure = Measure("cubic", complexity.k_lz, "", "cubic", "", "", "", needs="cube")
    monkeypatch.setitem(registry._MEASURES, "cubic", measure)
    task = Task(Architecture(2, (3,)), inputs=array_inputs(np.eye(4)[:, :2] + 1.0))
    with pytest.raises(ValueError, match="cubic needs functions on a whole Boolean cube"):
        plotting.complexity_plot(FunctionTable(["0110", "1111"], [3, 4], task=task), "cubic")


# The histogram


def test_histogram_points_and_carets():
    table = FunctionTable.from_counts(["0000", "1111", "0110"], [5, 3, 1])
    ax = plotting.histogram_plot(table)
    points, carets = ax.lines[:2]
    assert points.get_xdata().tolist() == [0, 2, 4]
    np.testing.assert_allclose(points.get_ydata(), np.array([5, 1, 3]) / 9)
    assert carets.get_xdata().tolist() == [1, 3]
    np.testing.assert_allclose(carets.get_ydata(), clopper_pearson(0, 9)[1])
    assert legend_texts(ax)[1:] == [
        "pointwise 95% interval",
        "none counted: upper end of interval",
    ]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$T$ (ones of $f$)", "$P(T)$")
    assert ax.get_yscale() == "log"


def test_histogram_steps_and_band():
    table = skewed()
    ax = plotting.histogram_plot(table)
    found = table.t_histogram()
    drawn = band(ax)
    for t in np.flatnonzero(found.counts)[::5]:
        assert (f"{t + 0.5:.11e}", f"{found.low[t]:.11e}") in drawn
        assert (f"{t - 0.5:.11e}", f"{found.high[t]:.11e}") in drawn
    edges, p = ax.lines[0].get_data()
    assert edges[0] == -0.5 and edges[-1] == table.m + 0.5
    np.testing.assert_array_equal(p[::2], np.where(found.counts > 0, found.p, np.nan))


def test_linear_histogram_shows_zeros_as_zeros():
    table = FunctionTable.from_counts(["0000", "1111"], [5, 3])
    ax = plotting.histogram_plot(table, log=False)
    assert (ax.get_yscale(), ax.get_ylim()[0]) == ("linear", 0.0)
    assert ax.lines[0].get_ydata().tolist() == [5 / 8, 0, 0, 0, 3 / 8]
    assert not any("none counted" in text for text in legend_texts(ax))


def test_histogram_of_several_tables_and_groups():
    ax = plotting.histogram_plot([grouped(), skewed(m=5)])
    assert legend_texts(ax)[0].startswith("table 1: 2,000 draws\n(10 output draws")
    assert (
        ax.lines[0].get_marker()
        != next(line for line in ax.lines if line.get_label().startswith("table 2")).get_marker()
    )


# All figures


@pytest.mark.parametrize("plot", PLOTS)
def test_axes_given_are_returned_and_no_setting_changes(plot):
    before = dict(matplotlib.rcParams)
    _, ax = plt.subplots()
    assert plot(skewed(), ax=ax) is ax
    new = plot(skewed())
    assert new is not ax
    assert new.figure.get_size_inches().tolist() == [3.4, 2.6]
    assert dict(matplotlib.rcParams) == before


def test_style_is_a_block():
    before = matplotlib.rcParams.copy()
    with plotting.style():
        assert matplotlib.rcParams["pdf.fonttype"] == 42
        assert matplotlib.rcParams["savefig.dpi"] == 300
        assert matplotlib.rcParams["figure.constrained_layout.use"]
    assert matplotlib.rcParams == before


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize(
    "table",
    [
        FunctionTable.from_counts(["0110"], [7]),
        FunctionTable.from_counts(["0", "1"], [3, 2]),
        FunctionTable(np.arange(60, dtype=np.uint64)[:, None], np.full(60, 50), m=6),
        skewed(),
    ],
    ids=["one function", "two functions", "flat", "skewed"],
)
def test_legend_lies_over_no_data_and_no_tick_is_above_one(plot, table):
    ax = plot(table)
    for line in ax.lines:
        x, y = (np.asarray(values, dtype=float) for values in line.get_data())
        assert_legend_is_clear(ax, x, y)
    ticks = [tick for tick in ax.get_yticks() if ax.get_ylim()[0] <= tick <= ax.get_ylim()[1]]
    assert 2 <= len(ticks) <= 10
    assert max(ax.get_yticks()) <= 1.0
    assert ax.get_yticks(minor=True).max() <= 1.0


@pytest.mark.parametrize("plot", PLOTS)
def test_saves_as_pdf_with_embedded_truetype(plot, tmp_path):
    with plotting.style():
        plot(skewed()).figure.savefig(tmp_path / "figure.pdf")
    content = (tmp_path / "figure.pdf").read_bytes()
    assert b"/CIDFontType2" in content
    assert b"/Type3" not in content


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ("0110", {}, "FunctionTable is wanted, got str|must be a FunctionTable|got str"),
        (3, {}, "got int"),
        (skewed(50), {"ax": 3}, "ax must be matplotlib Axes or None, got int"),
    ],
)
def test_bad_tables_and_axes(plot, table, options, message):
    with pytest.raises(ValueError, match=message):
        plot(table, **options)


@pytest.mark.parametrize("plot", [plotting.rank_plot, plotting.histogram_plot])
@pytest.mark.parametrize(
    ("tables", "options", "message"),
    [
        ([], {}, "at least one FunctionTable, got none"),
        ([skewed(50), "x"], {}, "FunctionTable is wanted, got str"),
        (skewed(50), {"labels": ["a", "b"]}, r"one a table: 1 tables, got \['a', 'b'\]"),
        (skewed(50), {"labels": 3}, "labels must be a str or several, got int"),
        (skewed(50), {"level": 1.0}, "level must be above 0.0 and below 1.0, got 1.0"),
        (skewed(50), {"interval": "wald"}, "interval must be one of 'clopper-pearson', 'wilson'"),
    ],
)
def test_bad_arguments(plot, tables, options, message):
    with pytest.raises(ValueError, match=message):
        plot(tables, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "k_lzz"}, "measure must be one of 'k_lz', 'lz76_words'.*did you mean 'k_lz'"),
        ({"min_count": 0}, "min_count must be at least 1, got 0"),
        ({"min_count": 10**6}, "was counted min_count = 1000000 times or more"),
    ],
)
def test_bad_arguments_of_the_complexity_plot(options, message):
    with pytest.raises(ValueError, match=message):
        plotting.complexity_plot(skewed(50), **options)


def test_max_points_is_checked():
    with pytest.raises(ValueError, match="max_points must be at least 10, got 9"):
        plotting.rank_plot(skewed(50), max_points=9)


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "priorvol\[plot\]"'):
        plotting.rank_plot(skewed(50))


def test_importing_plotting_loads_no_matplotlib():
    code = "import sys, priorvol.plotting; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
