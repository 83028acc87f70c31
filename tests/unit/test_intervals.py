"""Intervals: scipy and exact binomial tails; grouped ones against the groups themselves."""

import math
from fractions import Fraction

import numpy as np
import pytest
from agreement import assert_within
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import betaln, gammaln
from scipy.stats import binom, binomtest

from priorvol.intervals import INTERVALS, clopper_pearson, grouped_interval, inflation, wilson

EPS = np.finfo(np.float64).eps
QUANTILE = 2.0**-44
"""Relative error of an end; the exact binomial tails below hold scipy's quantile to it."""

QUICK = settings(max_examples=100, deadline=None, derandomize=True)

GRID = [
    (k, n) for n in (1, 2, 3, 10, 37, 1000, 10**6) for k in {0, 1, 2, n // 3, n - 1, n} if k <= n
]
LEVELS = [0.5, 0.9, 0.95, 0.999]


@pytest.mark.parametrize("level", LEVELS)
def test_clopper_pearson_is_that_of_scipy(level):
    counts, trials = np.array(GRID).T
    low, high = clopper_pearson(counts, trials, level=level)
    for i, (k, n) in enumerate(GRID):
        expected = binomtest(k, n).proportion_ci(level, method="exact")
        # scipy solves for the ends with brentq, to its default xtol = 2e-12 and rtol = 4 eps.
        for found, end in ((low[i], expected.low), (high[i], expected.high)):
            assert abs(found - end) <= 2e-12 + 4 * EPS * end


@pytest.mark.parametrize("level", LEVELS)
def test_wilson_is_that_of_scipy(level):
    counts, trials = np.array(GRID).T
    low, high = wilson(counts, trials, level=level)
    for i, (k, n) in enumerate(GRID):
        expected = binomtest(k, n).proportion_ci(level, method="wilson")
        # both subtract two numbers of the size of the high end, some ten roundings each; the
        # normal quantile is good to a few eps
        assert abs(low[i] - expected.low) <= 32 * EPS * high[i]
        assert abs(high[i] - expected.high) <= 32 * EPS * high[i]


def upper_tail(k, n, p):
    """P(X >= k) in exact arithmetic."""
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 7), (3, 7), (6, 7), (7, 7), (2, 40), (25, 40)])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_clopper_pearson_ends_solve_their_equations_exactly(k, n, level):
    low, high = (float(end) for end in clopper_pearson(k, n, level=level))
    tail = Fraction((1 - level) / 2)
    step = Fraction(QUANTILE)
    assert upper_tail(k, n, Fraction(low) * (1 - step)) < tail
    assert upper_tail(k, n, Fraction(low) * (1 + step)) > tail
    if k < n:
        lower = [1 - upper_tail(k + 1, n, Fraction(high) * (1 + s)) for s in (-step, step)]
        assert lower[0] > tail > lower[1]
    else:
        assert high == 1.0


@pytest.mark.parametrize("name", INTERVALS)
def test_edges(name):
    low, high = INTERVALS[name]([0, 10, 0, 1], [10, 10, 1, 1])
    assert low[[0, 2]].tolist() == [0.0, 0.0] and high[[1, 3]].tolist() == [1.0, 1.0]
    assert (low <= high).all() and (high[[0, 2]] < 1).all() and (low[[1, 3]] > 0).all()
    # 0 of n: 1 - (tail)^(1 / n), and z^2 / (n + z^2), in closed form
    n = 10.0**12
    top = float(INTERVALS[name](0, n)[1])
    z2 = 1.959963984540054**2
    expected = -math.expm1(math.log(0.025) / n) if name == "clopper-pearson" else z2 / (n + z2)
    assert abs(top - expected) <= QUANTILE * expected


@pytest.mark.parametrize("name", INTERVALS)
@QUICK
@given(n=st.integers(1, 10**9), share=st.floats(0, 1), level=st.floats(0.01, 0.9999))
def test_intervals_hold_the_estimate_and_mirror(name, n, share, level):
    k = round(share * n)
    low, high = INTERVALS[name](k, n, level=level)
    assert 0 <= low <= k / n <= high <= 1
    mirrored = INTERVALS[name](n - k, n, level=level)
    # besides the quantile's own error, 1 - p loses the digits below eps
    assert abs((1 - mirrored[1]) - low) <= QUANTILE * low + 8 * EPS
    assert abs((1 - mirrored[0]) - high) <= QUANTILE * (1 - high) + 8 * EPS


@pytest.mark.parametrize("level", [0.68, 0.95])
def test_clopper_pearson_covers_at_every_proportion(level):
    for n in (1, 2, 5, 17, 60):
        k = np.arange(n + 1)
        low, high = clopper_pearson(k, n, level=level)
        # coverage is least just beyond the ends, where one count drops out
        ends = np.concatenate([low, high, np.linspace(0, 1, 401)])
        p = np.concatenate([ends, np.nextafter(ends, 0), np.nextafter(ends, 1)])
        p = p[(p >= 0) & (p <= 1)]
        inside = (low[:, None] <= p) & (p <= high[:, None])
        coverage = (binom.pmf(k[:, None], n, p) * inside).sum(axis=0)
        # n + 1 probabilities, each good to 100 eps
        assert coverage.min() >= level - 100 * (n + 1) * EPS
        assert coverage.min() < 1


def test_broadcasting_and_effective_numbers():
    low, high = clopper_pearson([[0], [2]], [10, 20, 30])
    assert low.shape == high.shape == (2, 3) and low.dtype == np.float64
    below, between, above = (float(clopper_pearson(k, 10)[1]) for k in (2, 2.5, 3))
    assert below < between < above
    np.testing.assert_array_equal(clopper_pearson([], [])[0], [])


@pytest.mark.parametrize("function", [clopper_pearson, wilson])
@pytest.mark.parametrize(
    ("count", "n", "level", "message"),
    [
        (-1, 10, 0.95, r"count must lie in 0\.\.n, got -1"),
        (11, 10, 0.95, r"count must lie in 0\.\.n, got 11"),
        ([1, 12], 10, 0.95, r"count must lie in 0\.\.n, got 12"),
        (0, 0, 0.95, "n must be positive, got 0"),
        (0, -5, 0.95, "n must be positive, got -5"),
        (math.nan, 10, 0.95, "must be finite"),
        (1, math.inf, 0.95, "must be finite"),
        (None, 10, 0.95, "must be finite"),
        ("a", 10, 0.95, "'a'"),
        ([1, 2], [3, 4, 5], 0.95, "shape"),
        (1, 10, 0.0, "level must be .* got 0.0"),
        (1, 10, 1.0, "level must be .* got 1.0"),
        (1, 10, 95, "level must be .* got 95"),
        (1, 10, math.nan, "level must be finite, got nan"),
        (1, 10, "0.95", "level must be a number, got '0.95'"),
    ],
)
def test_bad_numbers(function, count, n, level, message):
    with pytest.raises(ValueError, match=message):
        function(count, n, level=level)


# Grouped draws


def group_sums(groups):
    """Return count and pair sum over the last axis but one, (..., groups, functions)."""
    return groups.sum(axis=-2), (groups * (groups - 1)).sum(axis=-2)


@QUICK
@given(st.integers(2, 30), st.integers(1, 60), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_inflation_is_the_clustered_variance(n_groups, draws, concentration, seed):
    rng = np.random.default_rng(seed)
    rates = rng.beta(0.05 + concentration, 1 + concentration, size=(n_groups, 20))
    groups = rng.binomial(draws, rates)
    count, pairs = group_sums(groups)
    found = inflation(count, pairs, n_groups=n_groups, draws=draws)
    p = count / (n_groups * draws)
    clustered = groups.var(axis=0, ddof=1) / (n_groups * draws**2)
    mixed = (count > 0) & (p < 1)
    expected = clustered[mixed] / (p * (1 - p) / (n_groups * draws))[mixed]
    # the sum of squares loses what the square of the mean cancels, and 1 - p what p does
    square = (pairs + count)[mixed] / (n_groups * draws * (p * (1 - p))[mixed])
    bound = 16 * EPS * square * n_groups / (n_groups - 1) / (1 - p[mixed])
    assert (np.abs(found[mixed] - np.maximum(expected, 1.0)) <= bound).all()
    np.testing.assert_array_equal(found[~mixed], float(draws))
    assert (found >= 1).all()
    assert (found <= draws * n_groups / (n_groups - 1) * (1 + 16 * EPS)).all()


def test_inflation_at_its_ends():
    n_groups, draws = 100, 50
    apart = inflation(60, 0, n_groups=n_groups, draws=draws)
    together = inflation(150, 3 * 50 * 49, n_groups=n_groups, draws=draws)
    assert float(apart) == 1.0
    assert abs(float(together) - 50 * 100 / 99) <= 16 * EPS * 50
    every = n_groups * draws
    for count, pairs in ((0, 0), (every, n_groups * draws * (draws - 1))):
        assert float(inflation(count, pairs, n_groups=n_groups, draws=draws)) == draws
    assert float(inflation(3, 6, n_groups=1, draws=draws)) == draws


@pytest.mark.parametrize("name", INTERVALS)
def test_one_draw_a_group_is_the_plain_interval(name):
    counts = np.arange(11)
    low, high, effect = grouped_interval(counts, None, n_groups=10, draws=1, interval=name)
    for found, expected in zip((low, high), INTERVALS[name](counts, 10), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(effect, 1.0)


@pytest.mark.parametrize("name", INTERVALS)
def test_without_group_sums_the_group_is_the_unit(name):
    counts = np.array([0, 50, 75, 500])
    low, high, effect = grouped_interval(counts, None, n_groups=10, draws=50, interval=name)
    for found, expected in zip((low, high), INTERVALS[name](counts / 50, 10), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(effect, 50.0)


@pytest.mark.parametrize("name", INTERVALS)
@QUICK
@given(st.integers(2, 30), st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_grouped_intervals_hold_the_estimate(name, n_groups, draws, seed):
    rng = np.random.default_rng(seed)
    groups = rng.binomial(draws, rng.beta(0.1, 0.5, size=(n_groups, 20)))
    count, pairs = group_sums(groups)
    low, high, effect = grouped_interval(
        count, pairs, n_groups=n_groups, draws=draws, interval=name
    )
    p = count / (n_groups * draws)
    assert (low <= p * (1 + 8 * EPS)).all() and (p <= high * (1 + 8 * EPS)).all()
    # never narrower than if the draws were independent
    plain = INTERVALS[name](count, n_groups * draws)
    assert (low <= plain[0] * (1 + QUANTILE)).all()
    assert (high >= plain[1] * (1 - QUANTILE)).all()
    assert (effect >= 1).all()


def test_a_function_never_seen_is_bounded_by_the_groups():
    _, high, effect = grouped_interval([0], [0], n_groups=1000, draws=50)
    expected = -math.expm1(math.log(0.025) / 1000)
    assert abs(high[0] - expected) <= QUANTILE * expected
    assert effect.tolist() == [50.0]


@pytest.mark.parametrize("interval", ["exact", "normal", None])
def test_unknown_intervals(interval):
    with pytest.raises(ValueError, match="interval must be one of 'clopper-pearson', 'wilson'"):
        grouped_interval([1], [0], n_groups=10, draws=2, interval=interval)


# Coverage for groups with an intra-group correlation: beta-binomial counts of 50 draws. Groups in
# which the function was not seen need no drawing, so any number of groups costs nothing.

DRAWS, GROUPS, REPLICATES = 50, 2000, 4000


def beta_binomial(p, rho):
    k = np.arange(DRAWS + 1)
    a, b = p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho
    choose = gammaln(DRAWS + 1) - gammaln(k + 1) - gammaln(DRAWS - k + 1)
    return np.exp(choose + betaln(k + a, DRAWS - k + b) - betaln(a, b))


def grouped_counts(rho, seen, seed):
    """Return P(f), counts and pair sums; ``seen`` groups are expected to show the function."""
    p = math.exp(
        brentq(lambda x: GROUPS * (1 - beta_binomial(math.exp(x), rho)[0]) - seen, -35, -0.01)
    )
    pmf = beta_binomial(p, rho)
    rng = np.random.default_rng(seed)
    groups = rng.binomial(GROUPS, 1 - pmf[0], size=REPLICATES)
    sizes = 1 + rng.choice(DRAWS, size=groups.sum(), p=pmf[1:] / pmf[1:].sum())
    replicate = np.repeat(np.arange(REPLICATES), groups)
    counts = np.bincount(replicate, sizes, REPLICATES)
    return p, counts, np.bincount(replicate, sizes * (sizes - 1), REPLICATES)


def test_the_simulation_has_the_stated_correlation():
    p, counts, pairs = grouped_counts(0.1, 20, seed=1)
    n = GROUPS * DRAWS
    assert_within(counts.mean(), n * p, counts.std(ddof=1) / math.sqrt(REPLICATES))
    # E[c (c - 1)] = R (R - 1) p (p + rho (1 - p)) in each group
    expected = GROUPS * DRAWS * (DRAWS - 1) * p * (p + 0.1 * (1 - p))
    assert_within(pairs.mean(), expected, pairs.std(ddof=1) / math.sqrt(REPLICATES))


CORRELATIONS = (0.001, 0.01, 0.1, 0.5)
SEEN = (0.5, 1, 2, 3, 5, 10, 20, 50, 100)


@pytest.mark.parametrize("rho", CORRELATIONS)
@pytest.mark.parametrize("seen", SEEN)
def test_coverage_of_grouped_draws(rho, seen, level=0.95):
    p, counts, pairs = grouped_counts(rho, seen, seed=int(1000 * rho + 7 * seen))
    low, high, _ = grouped_interval(counts, pairs, n_groups=GROUPS, draws=DRAWS, level=level)
    coverage = ((low <= p) & (p <= high)).mean()
    error = math.sqrt(level * (1 - level) / REPLICATES)
    assert coverage >= level - 3 * error, f"rho {rho}, {seen} groups seen: {coverage:.3f}"
