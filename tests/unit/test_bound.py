"""The envelope, the quantile line and the fit: known lines, brute force, scikit-learn, coverage."""

import json
import math

import numpy as np
import pytest
from agreement import assert_within
from drawn import table_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import QuantileRegressor

from priorvol import bits, complexity
from priorvol.complexity import Measure, registry
from priorvol.simplicity import bound_fit
from priorvol.simplicity.bound import Envelope, maxima, quantile_bound, upper_envelope
from priorvol.simplicity.bound_fit import fit_bound
from priorvol.sources import PriorSampling
from priorvol.table import FunctionTable

POINTS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(-40, 0)), min_size=2, max_size=25
).filter(lambda points: len({k for k, _ in points}) > 1)


def log2_bound(envelope, k):
    return envelope.log_p(k) / math.log(2.0)


def test_a_known_envelope_is_found():
    rng = np.random.default_rng(0)
    k = np.repeat(np.arange(7.0, 160.0, 3.5), 20)
    below = rng.exponential(10.0, len(k))
    below[::40] = 0.0  # every other complexity has a point on the line
    envelope = upper_envelope(k, (1.3 - 0.42 * k - below) * math.log(2.0))
    assert envelope.slope == pytest.approx(0.42, abs=1e-12)
    assert envelope.intercept == pytest.approx(1.3, abs=1e-10)


def test_two_edges_and_the_mean_complexity_decides():
    k, y = np.array([0.0, 8.0, 10.0]), np.array([0.0, -1.0, -20.0])
    envelope = upper_envelope(k, y * math.log(2.0))  # the mean, 6, is under the first edge
    assert (envelope.slope, envelope.intercept) == (pytest.approx(0.125), pytest.approx(0.0))
    k, y = np.append(k, [9.0, 9.5, 9.7, 9.9]), np.append(y, [-30.0] * 4)  # mean 8.01: the second
    assert upper_envelope(k, y * math.log(2.0)).slope == pytest.approx(9.5)


def test_a_corner_over_the_mean_takes_the_mean_of_both_slopes():
    envelope = upper_envelope([0.0, 1.0, 2.0], np.array([-1.0, 0.0, -3.0]) * math.log(2.0))
    assert envelope.slope == pytest.approx(1.0)
    assert log2_bound(envelope, [1.0])[0] == pytest.approx(0.0, abs=1e-12)


@settings(deadline=None, max_examples=200)
@given(POINTS)
def test_never_below_a_point_and_no_line_is_closer(points):
    k, y = np.array(points, dtype=float).T
    envelope = upper_envelope(k, y * math.log(2.0))
    gaps = log2_bound(envelope, k) - y
    assert gaps.min() == pytest.approx(0.0, abs=1e-9)
    distinct, top = maxima(k, y)
    mean_gap = (log2_bound(envelope, distinct) - top).mean()
    for i in range(len(distinct)):
        for j in range(i):
            slope = (top[i] - top[j]) / (distinct[i] - distinct[j])
            line = top[i] + slope * (distinct - distinct[i])
            if (line >= top - 1e-9).all():
                assert mean_gap <= (line - top).mean() + 1e-9


@given(POINTS, st.randoms())
def test_the_order_of_the_points_does_not_matter(points, random):
    mixed = list(points)
    random.shuffle(mixed)
    assert upper_envelope(*zip(*points, strict=True)) == upper_envelope(*zip(*mixed, strict=True))


def test_maxima():
    distinct, largest = maxima([3.0, 1.0, 3.0], [-2.0, -5.0, -1.0])
    assert (distinct.tolist(), largest.tolist()) == ([1.0, 3.0], [-5.0, -1.0])


def test_the_formula_prints_its_signs():
    assert str(Envelope(0.25, -1.5, "by hand")) == "P <= 2^(-0.25 K - 1.5)"
    assert str(Envelope(0.0, 2.0, "by hand")) == "P <= 2^(0 K + 2)"


@pytest.mark.parametrize(
    ("k", "log_p", "message"),
    [
        ([1.0, 1.0], [-1.0, -2.0], r"at least two distinct complexities, got \[1\.0\]"),
        ([], [], r"at least two distinct complexities, got \[\]"),
        ([1.0, 2.0], [-1.0], r"shape \(k,\), got \(2,\) and \(1,\)"),
        ([1.0, math.nan], [-1.0, -2.0], "complexity must be finite, got nan"),
        ([1.0, 2.0], [-1.0, -math.inf], "log_p must be finite, got -inf"),
    ],
)
def test_bad_points(k, log_p, message):
    with pytest.raises(ValueError, match=message):
        upper_envelope(k, log_p)


# The quantile line


def pinball(envelope, k, y, w, quantile):
    """Return what quantile regression minimises."""
    u = y - log2_bound(envelope, k)
    return float((w * np.where(u > 0, quantile * u, (quantile - 1) * u)).sum())


def lines_through_two_points(k, y):
    for i in range(len(k)):
        for j in range(i):
            if k[i] != k[j]:
                slope = (y[j] - y[i]) / (k[i] - k[j])
                yield Envelope(slope, y[i] + slope * k[i], "through two points")


QUANTILES = st.sampled_from([0.1, 0.5, 0.75, 0.99])


@settings(deadline=None, max_examples=150)
@given(POINTS, QUANTILES, st.randoms(use_true_random=False))
def test_no_line_through_two_points_is_better(points, quantile, random):
    k, y = np.array(points, dtype=float).T
    w = np.array([random.choice([0.5, 1.0, 3.0]) for _ in points])
    found = quantile_bound(k, y * math.log(2.0), quantile=quantile, weights=w)
    best = min(pinball(line, k, y, w, quantile) for line in lines_through_two_points(k, y))
    assert pinball(found, k, y, w, quantile) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.9, 0.99])
def test_the_fraction_of_the_weight_below_is_the_quantile(quantile):
    rng = np.random.default_rng(1)
    k, w = rng.integers(2, 40, 1500) * 3.5, rng.integers(1, 9, 1500)
    y = -0.4 * k - rng.exponential(4.0, 1500)
    gap = log2_bound(quantile_bound(k, y * math.log(2.0), quantile=quantile, weights=w), k) - y
    below, on = w[gap > 1e-6].sum(), w[np.abs(gap) <= 1e-6].sum()
    assert below <= quantile * w.sum() <= below + on
    assert on <= 2 * w.max()  # two points


@pytest.mark.parametrize("quantile", [0.5, 0.95, 0.99])
def test_the_line_is_that_of_scikit_learn(quantile):
    rng = np.random.default_rng(2)
    k, w = rng.integers(2, 40, 700) * 3.5, rng.random(700)
    y = -0.4 * k - rng.exponential(4.0, 700)
    found = quantile_bound(k, y * math.log(2.0), quantile=quantile, weights=w)
    other = QuantileRegressor(quantile=quantile, alpha=0.0).fit(k[:, None], y, sample_weight=w)
    assert found.slope == pytest.approx(-other.coef_[0], rel=1e-6)
    assert found.intercept == pytest.approx(other.intercept_, rel=1e-6)


def test_weights_are_repetitions():
    rng = np.random.default_rng(3)
    k, y, w = rng.integers(0, 9, 60), -rng.random(60) * 20, rng.integers(0, 4, 60)
    heavy = quantile_bound(k, y, quantile=0.8, weights=w)
    repeated = quantile_bound(np.repeat(k, w), np.repeat(y, w), quantile=0.8)
    assert heavy.slope == pytest.approx(repeated.slope, rel=1e-9)
    assert heavy.intercept == pytest.approx(repeated.intercept, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantile": 1.0}, "quantile must be above 0.0 and below 1.0, got 1.0"),
        ({"weights": [1.0, 2.0]}, r"weights must have shape \(3,\), got \(2,\)"),
        ({"weights": [1.0, -2.0, 1.0]}, "weights must be finite and at least 0, got -2.0"),
        ({"weights": [1.0, 0.0, 1.0]}, r"at least two distinct complexities, got \[1\.0\]"),
        ({"weights": [0.0, 0.0, 0.0]}, r"at least two distinct complexities, got \[\]"),
    ],
)
def test_bad_options_of_the_quantile_line(options, message):
    with pytest.raises(ValueError, match=message):
        quantile_bound([1.0, 2.0, 1.0], [-1.0, -2.0, -3.0], **options)


# The fit to a table


@pytest.fixture
def low_bits(monkeypatch):
    """A measure that is the number in the lowest six bits of the first word."""

    def column(functions, *, m=None):
        return (bits.as_words(functions, m)[0][:, 0] & np.uint64(63)).astype(np.float64)

    measure = Measure("low_bits", column, "", "low bits", "", "", "")
    monkeypatch.setitem(registry._MEASURES, "low_bits", measure)
    return "low_bits"


def with_complexities(k, counts, m=40, **options):
    """Return a table of functions whose lowest six bits are k."""
    words = (np.arange(len(k), dtype=np.uint64) << np.uint64(6)) | np.asarray(k, np.uint64)
    seen = np.asarray(counts) > 0
    return FunctionTable(words[seen][:, None], np.asarray(counts)[seen], m=m, **options)


def test_a_table_on_a_line_gives_the_line(low_bits):
    k = np.arange(1, 9)
    table = with_complexities([*k, 3, 5], [*(2 ** (20 - 2 * k)), 7, 2], n_samples=2**20)
    fit = fit_bound(table, low_bits, n_bootstrap=20, n_uniform=10)
    assert fit.envelope.slope == pytest.approx(2.0, rel=1e-12)
    assert fit.envelope.intercept == pytest.approx(0.0, abs=1e-9)
    assert fit.n_functions == 10
    assert fit_bound(table, low_bits, min_count=8, n_bootstrap=2, n_uniform=10).n_functions == 8
    quantile = fit_bound(
        table, low_bits, method="quantile", min_count=8, n_bootstrap=2, n_uniform=10
    )
    assert quantile.envelope.slope == pytest.approx(2.0, rel=1e-6)


def mixed(n=6, k=3000, seed=0):
    """Return a table of random functions on {0,1}^n with a long tail."""
    rng = np.random.default_rng(seed)
    words = bits.pack(np.unique(rng.random((k, 2**n)) < rng.random((k, 1)), axis=0))
    counts = rng.permutation(1 + (3000 / np.arange(1, len(words) + 1) ** 1.2).astype(int))
    return FunctionTable(words, counts, m=2**n)


@pytest.mark.parametrize("method", ["hull", "quantile"])
@pytest.mark.parametrize("min_count", [1, 2, 10])
def test_the_line_is_that_of_the_functions_counted_often_enough(method, min_count, monkeypatch):
    table = mixed()
    k = complexity.k_lz(table)
    kept = table.counts >= min_count
    log_p = np.log(table.counts[kept] / table.n_samples)
    line = {"hull": upper_envelope, "quantile": quantile_bound}[method](k[kept], log_p)
    for part in (1 << 18, 100):  # the second reads the table in many parts
        monkeypatch.setattr("priorvol.simplicity.distribution.CHUNK", part)
        fit = fit_bound(table, method=method, min_count=min_count, n_bootstrap=2)
        assert fit.envelope.slope == pytest.approx(line.slope, rel=1e-6)
        assert fit.envelope.intercept == pytest.approx(line.intercept, rel=1e-6)
        assert fit.envelope.method == line.method
        assert fit.n_functions == kept.sum()
        assert fit.max_k == k.max()


def test_the_guess_is_chaos_bound_over_the_largest_complexity():
    table = mixed()
    fit = fit_bound(table, n_bootstrap=50, min_count=10, level=0.9)
    chao = table.n_functions(level=0.9)
    largest = complexity.k_lz(table).max()
    assert fit.richness == chao
    assert fit.guess == pytest.approx(math.log2(chao.estimate) / largest)
    ends = (math.log2(chao.low) / largest, math.log2(chao.high) / largest)
    assert fit.guess_interval == pytest.approx(ends)
    assert fit.ratio == pytest.approx(fit.envelope.slope / fit.guess)
    assert fit.ratio_interval[0] <= fit.ratio <= fit.ratio_interval[1]
    assert fit.max_k_all >= largest
    assert fit.guess_all == 64 / fit.max_k_all
    assert fit.ratio_all == pytest.approx(fit.envelope.slope / fit.guess_all)


def test_for_few_inputs_every_function_is_asked_for_the_largest_complexity():
    table = FunctionTable.from_counts(["00000000", "11111111", "00001111"], [8, 7, 3])
    every = [format(i, "08b") for i in range(256)]
    fit = fit_bound(table, n_bootstrap=5, n_uniform=1)
    assert fit.max_k_all == complexity.k_lz(every).max()
    assert fit.guess_all == 8 / fit.max_k_all


def test_the_same_seed_gives_the_same_intervals():
    one, again, other = (fit_bound(mixed(), n_bootstrap=10, seed=seed) for seed in (4, 4, 5))
    assert one == again
    assert one.slope_interval != other.slope_interval
    assert one.envelope == other.envelope


def test_functions_alike_are_resampled_as_if_one_by_one(low_bits, monkeypatch):
    rng = np.random.default_rng(5)
    k = np.concatenate([np.arange(1, 11), rng.integers(1, 11, 2000)])
    counts = np.concatenate(
        [(40_000 / 2.0 ** np.arange(1, 11)).astype(int), rng.integers(1, 4, 2000)]
    )
    table = with_complexities(k, counts)

    def slopes(crowd, method):
        monkeypatch.setattr(bound_fit, "CROWD", crowd)
        found = []
        resampled = bound_fit._resampled
        monkeypatch.setattr(
            bound_fit, "_resampled", lambda *args: found.append(resampled(*args)) or found[-1]
        )
        fit_bound(table, low_bits, method=method, n_bootstrap=300, n_uniform=2)
        monkeypatch.setattr(bound_fit, "_resampled", resampled)
        return found[0]

    for method in ("hull", "quantile"):
        together, alone = slopes(2, method), slopes(10**9, method)
        error = np.hypot(together.std(axis=0, ddof=1), alone.std(axis=0, ddof=1)) / math.sqrt(300)
        assert (error > 0).all()
        assert_within(together.mean(axis=0), alone.mean(axis=0), error)


def test_grouped_draws_scatter_more(low_bits):
    k = np.arange(1, 11)
    counts = (2**17 / 2.0**k).astype(int)
    n = 20 * math.ceil(counts.sum() / 20)
    plain = with_complexities(k, counts, n_samples=n)
    pairs = counts * 18 // 2 * 2
    options = {"source": PriorSampling(20), "n_samples": n}
    grouped = with_complexities(k, counts, group_pairs=pairs, **options)
    lost = with_complexities(k, counts, **options)
    widths = []
    for table in (plain, grouped, lost):
        fit = fit_bound(table, low_bits, n_bootstrap=400, n_uniform=2)
        widths.append(fit.slope_interval[1] - fit.slope_interval[0])
    # nearly all draws of a group agree: errors about sqrt(19) times those of independent draws
    assert 3 < widths[1] / widths[0] < 6
    assert 3 < widths[2] / widths[0] < 6


def test_functions_of_different_inflation_keep_their_places(low_bits):
    k = np.arange(1, 11)
    counts = (2**20 / 2.0**k).astype(int)
    pairs = np.where(k > 5, counts * 18 // 2 * 2, 0)
    n = 20 * math.ceil(counts.sum() / 20)
    table = with_complexities(k, counts, n_samples=n, group_pairs=pairs, source=PriorSampling(20))
    fit = fit_bound(table, low_bits, n_bootstrap=400, n_uniform=2)
    # a relative error of sqrt(20 / 1024) = 0.14 in the rarest, or 0.2 bits over nine units
    assert fit.slope_interval[1] - fit.slope_interval[0] < 4 * 0.2 / 9


def test_a_function_of_nearly_all_draws_is_known_better_than_by_a_poisson_count(low_bits):
    table = with_complexities([0, 1], [9900, 100])
    fit = fit_bound(table, low_bits, n_bootstrap=400, n_uniform=2)
    width = (fit.intercept_interval[1] - fit.intercept_interval[0]) * math.log(2.0)
    # the intercept is log2 P of the first: binomial, sqrt((1 - p) / (n p)) = 0.001
    expected = 2 * 1.959963984540054 * math.sqrt(0.01 / 9900)
    assert 0.8 * expected < width < 1.25 * expected  # 400 draws give the width to about 6%


def truth(rng, crowd, levels=30, slope=0.5, intercept=-4.0):
    """Return complexities and log2 P: one function on the line at each level, the others below."""
    k = np.repeat(np.arange(levels), 1 + crowd)
    below = 0.5 + rng.exponential(3.0, len(k))
    below[:: 1 + crowd] = 0.0
    return k, intercept - slope * k - below


def test_the_interval_covers_the_true_slope(low_bits):
    rng = np.random.default_rng(6)
    k, log2_p = truth(rng, crowd=10)
    covered, held = [], []
    for seed in range(100):
        counts = rng.poisson(10**5 * 2.0**log2_p)
        table = with_complexities(k, counts, n_samples=10**5)
        fit = fit_bound(table, low_bits, min_count=10, n_bootstrap=100, n_uniform=2, seed=seed)
        low, high = fit.slope_interval
        covered.append(low <= 0.5 <= high)
        held.append(low <= fit.envelope.slope <= high)
    assert all(held)
    # Nominal 0.95; the bias of maxima of noisy counts is not all removed, as the docstring says
    assert np.mean(covered) >= 0.75


def test_without_a_bound_on_n_o_the_functions_listed_stand_in():
    table = mixed()
    cut = FunctionTable(table.functions, table.counts, m=64, n_samples=table.n_samples + 50)
    fit = fit_bound(cut, n_bootstrap=2)
    assert (fit.richness.method, fit.richness.estimate) == ("listed", len(table))
    assert fit.guess_interval == (fit.guess, fit.guess)
    # the draws left out count in P(f)
    factor = math.log2(table.n_samples / (table.n_samples + 50))
    intercept = fit_bound(table, n_bootstrap=2).envelope.intercept
    assert fit.envelope.intercept == pytest.approx(intercept + factor, rel=1e-9)
    groups = [["0000", "0000"], ["0000", "0110"], ["0110", "0110"], ["0111", "1111"]]
    assert fit_bound(table_of(groups, 4, sums=False), n_bootstrap=5).richness.method == "listed"
    assert fit_bound(table_of(groups, 4), n_bootstrap=5).richness.method == "chao2"


def test_resampled_tables_may_all_lack_a_line(low_bits):
    table = with_complexities([1, 2], [2, 1000])
    fit = fit_bound(table, low_bits, min_count=2, n_bootstrap=40, n_uniform=2)
    assert 0 < fit.n_bootstrap < 40  # where the first was drawn less than twice there is none
    nothing = bound_fit._basic(1.0, np.empty(0), 0.95)
    assert all(math.isnan(end) for end in nothing)


def test_the_fit_prints_and_goes_to_json():
    fit = fit_bound(mixed(), n_bootstrap=5)
    text = str(fit)
    assert text.startswith(f"{fit.envelope} (hull edge")
    assert "K = k_lz" in text and "N_O: at least" in text
    record = json.loads(json.dumps(fit.to_json(), allow_nan=False))
    assert record["envelope"]["slope"] == fit.envelope.slope
    assert record["richness"]["estimate"] == fit.richness.estimate
    assert record["slope_interval"] == list(fit.slope_interval)
    assert record["ratio_all"] == fit.ratio_all


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "k_lzz"}, "did you mean 'k_lz'"),
        ({"method": "ransac"}, "method must be one of 'hull', 'quantile'"),
        ({"quantile": 0.0}, "quantile must be above 0.0"),
        ({"min_count": 0}, "min_count must be at least 1, got 0"),
        ({"n_bootstrap": 1}, "n_bootstrap must be at least 2 and at most 1,000,000, got 1"),
        ({"n_uniform": 0}, "n_uniform must be at least 1 and at most 10,000,000, got 0"),
        ({"level": 95}, "level must be above 0.0 and below 1.0, got 95"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"min_count": 10**9}, "at least two distinct complexities"),
        ({"min_count": 10**9, "method": "quantile"}, "at least two distinct complexities"),
    ],
)
def test_bad_options_of_the_fit(options, message):
    with pytest.raises(ValueError, match=message):
        fit_bound(mixed(k=200), **options)
