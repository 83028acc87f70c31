"""Figures of comparisons: what is drawn where."""

import math
from dataclasses import replace

import matplotlib
import numpy as np
import pytest

from priorvol import plotting
from priorvol.comparison import compare, compare_settings
from priorvol.plotting.settings import QUANTITIES as SETTING_QUANTITIES
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
    (legend,) = ax.figure.legends
    assert "SGD: mean" in legend.get_texts()[0].get_text()


def test_baselines_stand_above_the_bars(found):
    ax = plotting.error_laws_plot(found)
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["random, target's T: 0.5", "random: 0.5"]
    ax.figure.draw_without_rendering()
    tops = [text.get_window_extent().y0 for text in ax.texts]
    assert min(tops) > ax.bbox.y1
    assert all(text.get_window_extent().y1 <= ax.figure.bbox.y1 for text in ax.texts)


def test_the_margins_have_few_ticks():
    values = {t: rough(p) for t, p in zip(NAMES[:3], (0.95, 1e-20, 1e-25), strict=True)}
    _, _, beside, _ = plotting.comparison_figure(compare(A, values, target="0011", **QUICK))
    assert beside.get_xticks().tolist() == [0.0, 0.5, 1.0]


def test_the_legend_of_the_bars_lies_below_them(found):
    errors = plotting.comparison_figure(found)[-1]
    errors.figure.figure.draw_without_rendering()
    assert errors.get_legend().get_window_extent().y1 < errors.bbox.y0


def test_the_whole_figure_has_margins(found):
    main, above, beside, errors = plotting.comparison_figure(found)
    main.figure.figure.draw_without_rendering()
    for ax, side, size in ((above, found.a, "get_height"), (beside, found.b, "get_width")):
        held = sum(getattr(bar, size)() for bars in ax.containers for bar in bars)
        assert held == pytest.approx(side.p.sum())
    assert above.get_xlim() == main.get_xlim()
    assert beside.get_ylim() == main.get_ylim()
    assert "Pearson" in above.get_title(loc="left")
    assert "spread of ln ratio" in above.get_title(loc="left")
    assert "4 test inputs" in errors.get_xlabel()


def test_the_whole_figure_without_errors_or_of_estimates():
    with plotting.style():
        figure = plt.figure()
        assert len(plotting.comparison_figure(compare(A, B, **QUICK), figure)) == 3
    values = {t: rough(p) for t, p in zip(NAMES[:4], (0.4, 0.2, 0.1, 0.1), strict=True)}
    with_target = compare(A, values, target="0001", **QUICK)
    assert len(plotting.comparison_figure(with_target)) == 4


def rough(p):
    log_p = float(np.log(p))
    ends = {"low": log_p - 0.1, "high": log_p + 0.1}
    return Estimate(
        log_p=log_p, standard_error=0.05, level=0.95, method="orthant", quantity="P(f|S)", **ends
    )


def test_both_rank_plots(found):
    ax = plotting.comparison_rank_plot(found)
    drawn = lines(ax)
    for side in (found.a, found.b):
        x, y = drawn[side.name].get_data()
        wanted = np.sort(side.p[side.p > 0])[::-1]
        assert np.allclose(x, np.arange(1, len(wanted) + 1))
        assert np.allclose(y, wanted)
    x, y = drawn["Bayes, in the order of SGD"].get_data()
    order = [t for t in np.array(found.texts())[np.argsort(-found.a.p)] if t in NAMES[1:5]]
    assert np.allclose(y, [B.probability(t).p for t in order])
    assert "drawn once" not in drawn


def test_rank_plots_thin_dot_and_end():
    rng = np.random.default_rng(0)
    p = np.arange(1.0, 301) ** -1.0
    tables = []
    for _ in range(2):
        counts = rng.multinomial(2000, p / p.sum())
        words = np.arange(300, dtype=np.uint64)[:, None]
        tables.append(FunctionTable.from_counts(words[counts > 0], counts[counts > 0], m=9))
    found = compare(*tables, **QUICK)
    drawn = lines(plotting.comparison_rank_plot(found, max_points=20))
    assert "drawn once" in drawn
    assert len(drawn["A"].get_xdata()) <= 20
    few = compare(*tables, max_functions=50, **QUICK)
    x, y = lines(plotting.comparison_rank_plot(few))["A"].get_data()
    assert np.allclose(y, tables[0].ranks(len(y)).p)  # none that is not listed is left out
    assert 10 < len(y) < 50


def test_estimates_have_a_rank_plot():
    values = {t: rough(p) for t, p in zip(NAMES[:4], (0.4, 0.2, 0.1, 0.1), strict=True)}
    ax = plotting.comparison_rank_plot(compare(A, values, names=("SGD", "orthant"), **QUICK))
    assert np.allclose(lines(ax)["orthant"].get_ydata(), [0.4, 0.2, 0.1, 0.1])
    assert ax.get_ylabel() == "$P(f)$"


def test_errors_against_complexity(found):
    ax = plotting.error_complexity_plot(found, measure="entropy")
    ax.figure.draw_without_rendering()
    points = {}
    for scatter, side in zip(ax.collections[1::2], (found.a, found.b), strict=True):
        points[side.name] = scatter.get_offsets()
    # entropy of T/4: T = 0 or 4, 1 or 3, 2; errors against 0011 are 2, then 1 or 3 of 4
    groups = {0.0: ["0000", "1111"], 0.8112781: ["0001", "0010", "0111", "1011"]}
    for table, side in ((A, "SGD"), (B, "Bayes")):
        for offset, (_, texts) in zip(points[side], sorted(groups.items()), strict=True):
            held = [(table.probability(t).p, t) for t in texts]
            wrong = [sum(x != y for x, y in zip(t, "0011", strict=True)) / 4 for _, t in held]
            mean = np.average(wrong, weights=[p for p, _ in held])
            assert offset[1] == pytest.approx(mean)
    (target,) = [line for line in ax.lines if line.get_label() == "target"]
    assert target.get_xdata()[0] == pytest.approx(1.0)
    for options, message in (
        ({"n_bins": 1}, "n_bins must be"),
        ({"measure": "colour"}, "measure must be|colour"),
    ):
        with pytest.raises(ValueError, match=message):
            plotting.error_complexity_plot(found, **options)


@pytest.fixture(scope="module")
def settings():
    tables = {"one": B, "a longer name of a setting": A}
    return compare_settings(A, tables, target="0001", name="ref", **QUICK)


def test_settings_are_rows(settings):
    for quantity in SETTING_QUANTITIES:
        ax = plotting.settings_plot(settings, quantity=quantity)
        rows = [label.get_text() for label in ax.get_yticklabels()]
        assert rows[:3] == ["ref (halves)", "one", "a longer name of a setting"]
        assert len(rows) == (5 if quantity == "error" else 3)
    ax = plotting.settings_plot(settings, quantity="target")
    values = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert np.allclose(values, [B.probability("0001").p, A.probability("0001").p])
    ax = plotting.settings_plot(settings, quantity="error")
    values = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "x"]
    assert np.allclose(values, [each.error for each in settings.baselines])


def test_slopes_without_bounds_are_arrows_at_the_end(settings):
    (row, *others) = settings.rows
    far = replace(row.agreement.concordance.slope, value=90.0, low=-math.inf, high=math.inf)
    held = replace(row.agreement.concordance, slope=far)
    row = replace(row, agreement=replace(row.agreement, concordance=held))
    found = replace(settings, rows=(row, *others))
    ax = plotting.settings_plot(found, quantity="slope")
    (arrow,) = [line for line in ax.lines if line.get_marker() == ">"]
    assert arrow.get_xdata()[0] == 5.0
    assert -4.0 < ax.get_xlim()[0] and ax.get_xlim()[1] < 6.0
    bars = [each.get_segments()[0].tolist() for each in ax.collections]
    assert [[-3.0, 2.0], [5.0, 2.0]] in bars


def test_settings_beside_each_other(settings):
    drawn = plotting.settings_panel_plot(settings)
    assert [ax.get_xlabel() for ax in drawn] == [
        SETTING_QUANTITIES[name] for name in ("spread", "slope", "error", "target")
    ]
    with plotting.style():
        figure = plt.figure()
        drawn = plotting.settings_panel_plot(settings, figure, quantities=("ratio", "pearson"))
        assert len(drawn) == 2
    without = compare_settings(A, {"one": B}, **QUICK)
    assert len(plotting.settings_panel_plot(without)) == 2


def test_bad_settings(settings):
    without = compare_settings(A, {"one": B}, **QUICK)
    for wrong, message in (
        (lambda: plotting.settings_plot("x"), "must be a SettingsComparison, got str"),
        (lambda: plotting.settings_plot(settings, quantity="colour"), "quantity must be"),
        (lambda: plotting.settings_plot(without, quantity="error"), "needs a comparison with a"),
        (lambda: plotting.settings_panel_plot(without, quantities=("target",)), "needs a compari"),
        (lambda: plotting.settings_panel_plot(settings, quantities=()), "got none"),
        (lambda: plotting.settings_panel_plot(settings, 3), "must be an empty matplotlib Figure"),
        (lambda: plotting.settings_plot(settings, 3), "must be matplotlib Axes"),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()


def test_bad_input(found):
    for plot in (plotting.comparison_rank_plot, plotting.error_complexity_plot):
        with pytest.raises(ValueError, match="must be a Comparison, got str"):
            plot("x")
        with pytest.raises(ValueError, match="must be matplotlib Axes"):
            plot(found, 3)
    with pytest.raises(ValueError, match="max_points must be"):
        plotting.comparison_rank_plot(found, max_points=1)
    with pytest.raises(ValueError, match="with a target"):
        plotting.error_complexity_plot(compare(A, B, **QUICK))
    with pytest.raises(ValueError, match="must be a Comparison, got str"):
        plotting.comparison_figure("x")
    with pytest.raises(ValueError, match="must be an empty matplotlib Figure"):
        plotting.comparison_figure(found, 3)
    for plot in (plotting.comparison_plot, plotting.error_laws_plot):
        with pytest.raises(ValueError, match="must be a Comparison, got str"):
            plot("x")
        with pytest.raises(ValueError, match="must be matplotlib Axes"):
            plot(found, 3)
    with pytest.raises(ValueError, match="with a target"):
        plotting.error_laws_plot(compare(A, B, **QUICK))
