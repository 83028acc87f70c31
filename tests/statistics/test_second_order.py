"""The size of second-order differences: its bias and its coverage on tables of known laws."""

import math

import numpy as np
import pytest
from agreement import assert_within
from scipy.stats import poisson

from priorvol.comparison import compare
from priorvol.comparison.concordance import LogPoints, _corrected
from priorvol.comparison.equal_errors import equal_errors
from priorvol.comparison.log_ratio import log_ratio
from priorvol.comparison.samples import Sample
from priorvol.simplicity.association import associate
from priorvol.table import FunctionTable

QUICK = {"n_bootstrap": 0, "n_permutations": 0, "n_ceiling": 0, "nulls": False}
LEVEL = 0.9


def covered(found, sd, mean):
    return (
        found.sd_low - 1e-12 <= sd <= found.sd_high + 1e-12,
        found.mean_low <= mean <= found.mean_high,
    )


@pytest.mark.parametrize("k", [5, 12, 60])
@pytest.mark.parametrize("sd", [0.0, 0.1, 0.4, 2.0])
def test_intervals_hold_the_spread_and_the_mean(k, sd):
    rng, times, hits = np.random.default_rng(k), 800, []
    squares = []
    for _ in range(times):
        noise = rng.choice([0.01, 0.05, 0.2], k)
        delta = rng.standard_t(3, size=k)
        delta *= sd / delta.std(ddof=1)
        d = delta + rng.normal(size=k) * np.sqrt(noise)
        hits.append(covered(log_ratio(d, noise, LEVEL), sd, delta.mean()))
        squares.append(d.var(ddof=1) - noise.mean())
    squares = np.array(squares)
    assert_within(squares.mean(), sd**2, squares.std(ddof=1) / math.sqrt(times), sigmas=4)
    error = math.sqrt(LEVEL * (1 - LEVEL) / times)
    rates = np.mean(hits, axis=0)
    assert_within(rates[1], LEVEL, error, sigmas=4)
    assert rates[0] > LEVEL - 4 * error


def law(k, spread, rng):
    """Return P_A and P_B over k functions whose log ratios spread as given about their mean."""
    p = np.arange(1.0, k + 1) ** -0.8
    delta = rng.standard_normal(k)
    q = p * np.exp(delta * spread / delta.std(ddof=1))
    return p / p.sum(), q / q.sum()


@pytest.mark.parametrize("spread", [0.0, 0.15, 0.5])
def test_compare_finds_the_spread_between_two_laws(spread):
    rng, times, k = np.random.default_rng(3), 100, 25
    p, q = law(k, spread, rng)
    words = np.arange(k, dtype=np.uint64)[:, None]
    found, hits = [], []
    for seed in range(times):
        a, b = (
            FunctionTable.from_counts(words, rng.multinomial(n, law), m=8)
            for n, law in ((6000, p), (4000, q))
        )
        each = compare(a, b, min_count=1, level=LEVEL, seed=seed, **QUICK).agreement.concordance
        assert each.n_functions == k  # so that the truth is one number
        found.append(each.log_ratio)
        hits.append(covered(each.log_ratio, spread, float(np.log(q / p).mean())))
    error = math.sqrt(LEVEL * (1 - LEVEL) / times)
    rates = np.mean(hits, axis=0)
    assert (rates > LEVEL - 4 * error).all(), rates
    if spread == 0.5:
        sds = np.array([each.sd for each in found])
        assert_within(sds.mean(), spread, sds.std(ddof=1) / math.sqrt(times), sigmas=4)


def test_without_noise_it_is_the_partial_correlation():
    rng, k = np.random.default_rng(5), 60
    errors = rng.integers(0, 5, k)
    x = rng.normal(size=k) + errors
    y = 0.5 * x + rng.normal(size=k) - errors**2
    points = LogPoints(x, np.zeros(k), y, np.zeros(k), lambda t, r: t, lambda t, r: t)
    found = equal_errors(points, errors, rng, n_bootstrap=200, level=0.95)
    wanted = associate(x, {"b": y}, strata=errors, units=np.arange(k), n_bootstrap=0)["b"]
    assert found.within.value == pytest.approx(wanted.pearson_given_t.value)
    assert found.within.low < found.within.value < found.within.high
    # the parts add up: groups give one, covariance within them the other
    r = _corrected(points, np.ones((1, k)))[0, 0]
    residual = [v - np.array([v[errors == e].mean() for e in errors]) for v in (x, y)]
    covariance = residual[0] @ residual[1] / (k - 5)
    rest = covariance / (x.std(ddof=1) * y.std(ddof=1))
    assert found.by_error.value + rest == pytest.approx(r)
    assert found.n_groups == 5


def test_functions_of_different_errors_have_nothing_within():
    zeros = np.zeros(4)
    points = LogPoints(np.arange(4.0), zeros, np.arange(4.0), zeros, lambda t, r: t, lambda t, r: t)
    found = equal_errors(points, np.arange(4), np.random.default_rng(0), n_bootstrap=0, level=0.9)
    assert math.isnan(found.within.value)
    assert "no two functions" in found.within.reason
    assert found.by_error.value == pytest.approx(1.0)


@pytest.mark.parametrize("common", [0.0, 1.0])
def test_agreement_by_the_target_alone_is_told_from_agreement_beyond_it(common):
    rng, k, times = np.random.default_rng(6), 100, 60
    words = np.arange(k, dtype=np.uint64)[:, None]
    errors = np.bitwise_count(words[:, 0]).astype(float)
    own, other = rng.normal(size=(2, k)) * 0.5
    other = common * own + (1 - common) * other
    if not common:  # nothing in common within groups: neither truth nor chance
        for e in np.unique(errors):
            here = errors == e
            own[here] -= own[here].mean()
            other[here] -= other[here].mean()
        other -= own * (own @ other) / (own @ own)
    laws = [np.exp(-0.4 * errors + values) for values in (own, other)]
    laws = [p / p.sum() for p in laws]
    truth_by_error = np.corrcoef(*np.log(laws))[0, 1]
    found = []
    for seed in range(times):
        a, b = (FunctionTable.from_counts(words, rng.multinomial(15_000, p), m=7) for p in laws)
        each = compare(a, b, min_count=1, seed=seed, target="0" * 7, **QUICK).agreement
        assert each.concordance.n_functions == k
        found.append([each.equal_errors.within.value, each.equal_errors.by_error.value])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / math.sqrt(times)
    assert_within(mean[0], common, error[0], sigmas=4)
    if not common:
        assert_within(mean[1], truth_by_error, error[1], sigmas=4)
    else:
        assert mean[1] < 0.9


def test_intervals_hold_the_agreement_within():
    rng, k, times, inside = np.random.default_rng(7), 80, 150, 0
    errors = rng.integers(0, 6, k)
    for _ in range(times):
        u, v = rng.normal(size=(2, k))
        x, y = errors + u, 2.0 * errors + 0.6 * u + 0.8 * v
        noise = np.full(k, 0.1)
        points = LogPoints(
            x + rng.normal(size=k) * math.sqrt(0.1),
            noise,
            y + rng.normal(size=k) * math.sqrt(0.1),
            noise,
            lambda t, r: t,
            lambda t, r: t,
        )
        found = equal_errors(points, errors, rng, n_bootstrap=200, level=LEVEL).within
        inside += found.low <= 0.6 <= found.high
    # percentile intervals are a little short
    assert inside / times > LEVEL - 0.03 - 4 * math.sqrt(LEVEL * (1 - LEVEL) / times)


def test_the_noise_of_log_counts_is_right_to_half_a_percent():
    for mean in (4, 5, 6, 8, 10, 20, 60):
        c = np.arange(0, int(mean + 40 * math.sqrt(mean) + 60))
        p = poisson.pmf(c, mean)
        log_p, noise = Sample(c, np.ones(len(c)), 10**9, 1).log_p()
        variance = p @ log_p**2 - (p @ log_p) ** 2
        assert p @ noise == pytest.approx(variance, rel=0.0055)


@pytest.mark.parametrize("min_count", [5, 10])
def test_two_samples_of_one_law_of_many_rare_functions_have_no_spread(min_count):
    rng, times = np.random.default_rng(8), 60
    p = np.arange(1.0, 1501) ** -0.8
    p /= p.sum()
    words = np.arange(1500, dtype=np.uint64)[:, None]
    at_zero = 0
    for seed in range(times):
        counts = [rng.multinomial(40_000, p) for _ in range(2)]
        a, b = (FunctionTable.from_counts(words[c > 0], c[c > 0], m=11) for c in counts)
        options = QUICK | {"min_count": min_count, "level": LEVEL, "seed": seed}
        found = compare(a, b, **options).agreement.concordance.log_ratio
        at_zero += found.sd_low == 0.0
    tail = (1.0 - LEVEL) / 2.0  # the interval can miss 0 on one side only
    assert at_zero / times > 1 - tail - 4 * math.sqrt(tail * (1 - tail) / times)
