"""The normal distribution's kernels against SciPy and mpmath, in units of the last place."""

import math

import mpmath as mp
import numba
import numpy as np
import pytest
from scipy import special

from priorvol._kernels import normal, normal_lanes
from priorvol._kernels.jit import kernel

EPS = np.finfo(np.float64).eps
SIZES = np.concatenate([np.geomspace(1e-12, 38, 2001), np.geomspace(38, 1e8, 301)])
GRID = np.concatenate([-SIZES, SIZES, [0.0], np.linspace(-12, 12, 4001)])


def over(function):
    """Return a function of arrays, compiled in a loop as the kernels use it."""

    @numba.njit(error_model="numpy")
    def loop(x, out):
        for i in range(len(x)):
            out[i] = function(x[i])

    def run(x):
        out = np.empty_like(x)
        loop(x, out)
        return out

    return run


def each(function, x):
    return np.array([function(value) for value in x])


def assert_ulps(found, exact, ulps):
    error = np.abs(found - exact) / np.maximum(np.abs(exact) * EPS, np.finfo(np.float64).tiny)
    assert np.isfinite(found).all()
    assert (error <= ulps).all(), f"{error.max():.1f} ulps"


def exactly(x):
    """Return Phi, log Phi, hazard, mean and variance above 0 in 50 digits."""
    with mp.workdps(50):
        x = mp.mpf(x)
        p = mp.erfc(-x / mp.sqrt(2)) / 2
        h = mp.npdf(x) / p
        log_p = mp.log(p) if x < 0 else mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2)
        return p, log_p, h, x + h, 1 - h * (x + h)


def test_against_fifty_digits():
    for x in np.concatenate([-np.geomspace(1e-3, 37, 60), np.geomspace(1e-3, 37, 60), [0.0]]):
        h, w, c = normal.moments(x)
        found = normal.ndtr(x), normal.log_ndtr(x), normal.hazard(x), w, c
        assert h == found[2]
        # w and c cancel between -5 and 0
        for value, exact, ulps in zip(found, exactly(x), (16, 16, 16, 300, 10_000), strict=True):
            if abs(exact) > 1e-300:
                assert abs(value - exact) <= ulps * EPS * abs(exact), x


def test_against_scipy():
    # scipy rounds x / sqrt(2) before it is squared, which is x^2 units of the tail
    ulps = 16 + np.where(np.abs(GRID) < 40, GRID**2, 0.0)
    assert_ulps(each(normal.log_ndtr, GRID), special.log_ndtr(GRID), ulps)
    ordinary = special.ndtr(GRID) > 1e-300
    x, ulps = GRID[ordinary], ulps[ordinary]
    assert_ulps(each(normal.ndtr, x), special.ndtr(x), ulps)
    below = GRID[GRID < 0]
    exact = np.sqrt(2 / np.pi) / special.erfcx(-below / np.sqrt(2))
    assert_ulps(each(normal.hazard, below), exact, 16)


def test_moments_far_out():
    # w = 1 / t - 2 / t^3 + 10 / t^5 - ..., c = 1 / t^2 - 6 / t^4 + 50 / t^6 - ...
    t = 1e4
    _, w, c = normal.moments(-t)
    assert math.isclose(w, 1 / t - 2 / t**3 + 10 / t**5, rel_tol=4 * EPS)
    assert math.isclose(c, 1 / t**2 - 6 / t**4 + 50 / t**6, rel_tol=4 * EPS)


def test_moments_are_smooth_where_the_formula_changes():
    below = normal.moments(np.nextafter(-5.0, -6.0))
    above = normal.moments(-5.0)
    for x, y, ulps in zip(below, above, (20, 1000, 10_000), strict=True):  # the latter cancels
        assert abs(x - y) <= ulps * EPS * abs(y)


def test_exponential_and_logarithm():
    x = -np.concatenate([np.geomspace(1e-18, 700, 5001), np.linspace(0, 700, 5001)])
    assert_ulps(over(normal_lanes.exp)(x), np.exp(x), 2)
    y = np.concatenate([np.geomspace(1e-300, 1e300, 5001), 1 + np.linspace(-0.3, 0.5, 5001)])
    assert_ulps(over(normal_lanes.log)(y), np.log(y), 2)


def test_scaled_tail():
    x = np.concatenate([[0.0], SIZES])
    assert_ulps(over(normal_lanes.scaled_tail)(x), special.erfcx(x / np.sqrt(2)) / 2, 12)


@kernel
def _quantile(p):
    return normal_lanes.quantile_size(normal_lanes.log(p), p)


def test_quantiles():
    p = np.concatenate([np.geomspace(3e-11, 0.5, 4001), np.linspace(0.001, 0.4999, 4001)])
    exact = -special.ndtri(p)
    found = over(_quantile)(p)
    assert (np.abs(found - exact) <= 8 * EPS * np.maximum(exact, 0.3)).all()
    log_p = np.linspace(normal_lanes.FAR, normal_lanes.OUTER, 2001)
    assert_ulps(over(normal_lanes.quantile_outest)(log_p), -special.ndtri_exp(log_p), 40)


FAR_OUT = [
    (x, u)
    for x in (4.0, 0.0, -0.99, -1.01, -5.0, -37.0, -500.0, -1e4)
    for u in (1e-14, 0.01, 0.5, 0.999)
    if special.log_ndtr(x) + math.log(u) < -2
]


@pytest.mark.parametrize(("x", "u"), FAR_OUT)
def test_excess_far_out(x, u):
    e = normal_lanes.excess_far(x, u)
    share = math.exp(special.log_ndtr(x - e) - special.log_ndtr(x))
    # log Phi(x) is rounded to x^2 / 2 units
    assert math.isclose(share, u, rel_tol=50 * EPS * (1 + x * x))


def test_excess_beyond_the_doubles_of_the_tail():
    # far out the excess is exponential: e = -log(u) / |x| (1 + O(1 / x^2))
    for u in (1e-10, 0.3, 0.9):
        assert math.isclose(normal_lanes.excess_far(-1e7, u), -math.log(u) / 1e7, rel_tol=1e-12)
