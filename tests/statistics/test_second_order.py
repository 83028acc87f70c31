"""The size of second-order differences: its bias and its coverage on tables of known laws."""

import math

import numpy as np
import pytest
from agreement import assert_within

from priorvol.comparison import compare
from priorvol.comparison.log_ratio import log_ratio
from priorvol.table import FunctionTable

QUICK = {"n_bootstrap": 0, "n_permutations": 0, "n_ceiling": 0}
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
    rng, times, k = np.random.default_rng(3), 150, 25
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
