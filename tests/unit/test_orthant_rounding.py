"""Bounds on orthants that hold in spite of rounding, and points deep inside cones."""

import math

import mpmath as mp
import numpy as np
import pytest
from orthant_truths import factor_log_p, thin, three_log_p
from scipy import stats
from scipy.optimize import linprog

from priorvol.estimators.rounding import (
    ENTRY,
    bound_despite_rounding,
    deepest,
    is_empty,
    log_bound,
)
from priorvol.gaussian import GaussianLaw
from priorvol.inputs import boolean_cube


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_deepest_against_a_linear_program(shift):
    rng = np.random.default_rng(0)
    found = {True: 0, False: 0}
    for _ in range(60):
        k, r = int(rng.integers(3, 12)), int(rng.integers(1, 5))
        factor, mean = rng.normal(size=(k, r)), shift * rng.normal(size=k)
        x, y = deepest(factor, mean)
        table = np.column_stack([-factor, np.ones(k)])
        bounds = [(-1e3, 1e3)] * r + [(None, 1.0)]
        margin = linprog(np.eye(r + 1)[r] * -1.0, A_ub=table, b_ub=mean, bounds=bounds).x[-1]
        assert (y >= 0).all() and y.sum() == pytest.approx(1.0)
        assert (x is not None) == (margin > 1e-9)
        if x is None:  # no x can do: the outputs have a sum that is not above 0
            np.testing.assert_allclose(y @ factor, 0.0, atol=1e-12)
            assert y @ mean <= 1e-12
        else:
            assert (mean + factor @ x > 0).all()
        found[x is None] += 1
    assert min(found.values()) > 10


def test_separable_functions_of_three_inputs():
    table = np.hstack([boolean_cube(3, "01").values, np.ones((8, 1))])
    signs = np.where((np.arange(256)[:, None] >> np.arange(8)) & 1, 1, -1)
    assert sum(not is_empty(table, row) for row in signs) == 104  # Muroga 1971


def test_thin_but_not_empty():
    for e in (1e-2, 1e-5, 1e-7):
        assert not is_empty([[1.0, 0.0], [-1.0, e]], [1, 1])
    assert is_empty([[1.0, 0.0], [-1.0, 0.0]], [1, 1])


def test_the_bound_is_above_thin_cones():
    rng = np.random.default_rng(1)
    gaps = []
    for _ in range(100):
        covariance, _, signs, log_p = thin(rng)
        bound = bound_despite_rounding(GaussianLaw(covariance), signs)
        assert bound >= log_p
        gaps.append(bound - log_p)
    assert np.quantile(gaps, 0.3) < 7.0  # it says something


def test_the_bound_holds_for_every_covariance_within_rounding():
    """Entries moved by up to `ENTRY`; P in 60 digits, of those that are covariances."""
    rng, seen = np.random.default_rng(2), 0
    factor = np.array([[1.0, 0.0, 0.0], [-1.0, 1e-4, 0.0], [0.0, -1.0, 1e-4]])
    law = GaussianLaw(factor @ factor.T)
    roots = np.sqrt(np.diag(law.covariance))
    correlation = law.covariance / np.outer(roots, roots)
    bound = bound_despite_rounding(law, [1, 1, 1])
    found = []
    with mp.workdps(60):
        for _ in range(200):
            r = [
                mp.mpf(correlation[i]) + ENTRY * rng.uniform(-1, 1)
                for i in ((0, 1), (0, 2), (1, 2))
            ]
            if 1 + 2 * r[0] * r[1] * r[2] - r[0] ** 2 - r[1] ** 2 - r[2] ** 2 <= 0:
                continue
            p = mp.mpf(1) / 8 + sum(map(mp.asin, r)) / (4 * mp.pi)
            found.append(float(mp.log(p)))
            seen += 1
    assert seen > 20 and max(found) <= bound
    assert max(found) - min(found) > 0.5  # rounding does decide P here
    assert min(found) < three_log_p(factor) < max(found)


def test_the_bound_of_a_law_with_a_mean():
    """h1 and -h1 - 3 s + s h2 cannot both be above 0 unless h2 > 3."""
    s = 1e-4
    law = GaussianLaw([[1.0, -1.0], [-1.0, 1.0 + s**2]], [0.0, -3.0 * s])
    bound = bound_despite_rounding(law, [1, 1])
    h = np.linspace(0, 10, 100_001)
    inside = stats.norm.pdf(h * s) * s * stats.norm.sf(3.0 + h)
    assert math.log(np.trapezoid(inside, h)) <= bound < math.log(20 * s)


def test_a_law_that_is_not_thin_has_no_bound():
    law = GaussianLaw(0.5 + 0.5 * np.eye(5))
    exact = factor_log_p([0.5**0.5] * 5, [0.5**0.5] * 5, [0.0] * 5, [1] * 5)
    assert exact < bound_despite_rounding(law, np.ones(5, dtype=int)) <= 0.0
    assert log_bound(np.eye(2), np.zeros(2), np.zeros(2)) == 0.0
