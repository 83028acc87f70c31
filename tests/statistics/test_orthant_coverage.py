"""Coverage of the orthant estimator's 95 % intervals, over cases with independent truth.

Cases are one-factor, equicorrelated and two-factor laws and Markov trees by quadrature, arcsine
laws, independent blocks, singular laws made of wedges, and counted draws (whose own error is
added), and nearly singular laws: thin cones of three outputs, and near copies of outputs, with
condition numbers up to 1e24. m is 2 to 128 and P from 0.6 to below 1e-97. Fails where the
two-sided binomial p-value of the number of covered truths against 95 % is below 0.01. Where an
estimate of a nearly singular law says that rounding is in the way, its interval must hold the
truth, always; it is not counted.
"""

import numpy as np
import pytest
from orthant_truths import FAMILIES, NEARLY_SINGULAR, case
from scipy.stats import binomtest

from priorvol.estimators.orthant import orthant_probability
from priorvol.gaussian import GaussianLaw

LEAST_P_VALUE = 0.01
ROUNDING = 1e-9  # of the quadratures
NAMES = {family.__name__ for family in NEARLY_SINGULAR}


def cover(rng, number):
    """Return a row a case: its family, covered, distance in standard errors, m, log P."""
    rows = []
    for seed in range(number):
        family, covariance, mean, signs, truth, error = case(rng)
        found = orthant_probability(
            GaussianLaw(covariance, mean),
            signs,
            seed=seed,
            relative_error=float(rng.choice([0.003, 0.005, 0.01])),
        )
        if not found.converged:
            assert family in NAMES and "double precision" in found.diagnostics["advice"]
            assert found.low - ROUNDING <= truth <= found.high + ROUNDING
            continue
        both = np.hypot(found.standard_error, error)
        # the interval is symmetric in log P; the truth's error makes it longer
        reach = (found.high - found.log_p) * (both / found.standard_error if both > 0 else 1.0)
        distance = found.log_p - truth
        covered = abs(distance) <= reach + ROUNDING
        rows.append((family, covered, distance / max(both, ROUNDING), len(signs), truth))
    return rows


def check(rows):
    number, covered = len(rows), sum(row[1] for row in rows)
    found = binomtest(covered, number, 0.95)
    assert found.pvalue >= LEAST_P_VALUE, f"{covered} of {number}: p = {found.pvalue:.2g}"
    distances = np.array([row[2] for row in rows])
    assert np.abs(distances).max() < 6.0
    # no bias: the mean distance is a normal of deviation 1 / sqrt(number)
    assert abs(distances.mean()) < 4.0 / np.sqrt(number)


def test_intervals_cover():
    check(cover(np.random.default_rng(11), 120))


@pytest.mark.slow
def test_intervals_cover_over_two_thousand_cases():
    rows = cover(np.random.default_rng(12), 2400)
    families = {row[0] for row in rows}
    assert families == {family.__name__ for family in FAMILIES} | {"counted"}
    sizes, truths = np.array([row[3] for row in rows]), np.array([row[4] for row in rows])
    assert sizes.min() == 2 and sizes.max() > 120
    assert truths.max() > np.log(0.4) and truths.min() < -97 * np.log(10)
    check(rows)
    for family in families:  # each alone, so that none hides another
        some = [row for row in rows if row[0] == family]
        covered = sum(row[1] for row in some)
        assert binomtest(covered, len(some), 0.95).pvalue >= 0.001, (family, covered, len(some))
