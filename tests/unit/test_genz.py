"""SciPy's orthants, turned into estimates: against closed forms, quadrature and its own error."""

import math

import numpy as np
import pytest
from agreement import assert_within
from scipy.integrate import quad
from scipy.special import ndtr

from priorvol.estimators.genz import LARGEST_M, RUNS, genz_probability
from priorvol.gaussian import GaussianLaw


def one_factor(k, rho, signs, mean=0.0):
    """P(s_i h_i > 0) for h_i = mean + sqrt(rho) z + sqrt(1 - rho) e_i, by quadrature over z."""

    def integrand(z):
        place = (mean + math.sqrt(rho) * z) / math.sqrt(1 - rho)
        return math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * np.prod(ndtr(signs * place))

    return quad(integrand, -12, 12, epsabs=1e-14, limit=200)[0]


def equal(k, rho, mean=0.0):
    return GaussianLaw(np.full((k, k), rho) + (1 - rho) * np.eye(k), np.full(k, mean))


@pytest.mark.parametrize("k", [3, 6, 10, LARGEST_M])
@pytest.mark.parametrize("kind", ["all", "half"])
@pytest.mark.parametrize("mean", [0.0, 0.4])
def test_one_factor(k, kind, mean):
    signs = np.ones(k, dtype=int)
    if kind == "half":
        signs[::2] = -1
    found = genz_probability(equal(k, 0.6, mean), signs, seed=k, n_samples=20_000)
    truth = one_factor(k, 0.6, signs, mean)
    assert_within(found.log_p, math.log(truth), found.standard_error)
    assert found.low < found.log_p < found.high


def test_one_and_two_outputs_are_closed_forms():
    one = genz_probability(GaussianLaw([[4.0]], [1.0]), [-1], seed=0)
    assert one.p == pytest.approx(float(ndtr(-0.5)), rel=1e-13)
    two = genz_probability(GaussianLaw([[4.0, -1.0], [-1.0, 1.0]]), [1, 1], seed=0)
    assert two.p == pytest.approx(0.25 - math.asin(0.5) / (2 * math.pi), rel=1e-13)
    assert two.converged and two.standard_error < 1e-13


@pytest.mark.parametrize(("signs", "truth"), [((1, 1, 1), 1 / 4), ((1, -1, 1), 1 / 8)])
def test_singular_covariances(signs, truth):
    """The perceptron of two inputs without a bias: three outputs of two weights."""
    weights = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    found = genz_probability(GaussianLaw(weights @ weights.T), signs, seed=1)
    assert_within(found.p, truth, found.standard_error * found.p)


def test_what_it_cannot_find_is_not_called_impossible():
    weights = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    found = genz_probability(GaussianLaw(weights @ weights.T), [1, 1, -1], seed=1)
    assert found.log_p == -math.inf and math.isnan(found.standard_error)
    assert found.high == 0.0 and not found.converged and not found.is_exact


def test_the_error_is_that_of_the_estimate():
    """Over 200 seeds the squared deviations over squared errors are F(1, 9) distributed."""
    signs = np.array([1, -1] * 4)
    truth = math.log(one_factor(8, 0.5, signs))
    found = [
        genz_probability(equal(8, 0.5), signs, seed=seed, n_samples=2000) for seed in range(200)
    ]
    squares = np.array([((e.log_p - truth) / e.standard_error) ** 2 for e in found])
    nu = RUNS - 1
    mean = nu / (nu - 2)
    variance = 2 * nu**2 * (nu - 1) / ((nu - 2) ** 2 * (nu - 4))
    assert_within(squares.mean(), mean, math.sqrt(variance / 200))
    covered = np.mean([e.low <= truth <= e.high for e in found])
    assert_within(covered, 0.95, math.sqrt(0.95 * 0.05 / 200), sigmas=4)


def test_seeds_and_records():
    law, signs = equal(5, 0.5), [1, 1, -1, 1, -1]
    first, again, other = (genz_probability(law, signs, seed=s) for s in (7, 7, 8))
    assert first.log_p == again.log_p != other.log_p
    assert (first.method, first.quantity, first.seed) == ("genz", "P(f)", 7)
    assert first.diagnostics == {"runs": RUNS} and first.n_samples == 200_000
    rough = genz_probability(law, signs, seed=7, relative_error=1e-9)
    assert first.converged and not rough.converged


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"signs": [1]}, "signs must be 2 numbers, each -1 or 1"),
        ({"signs": [1, 2]}, "signs must be 2 numbers, each -1 or 1"),
        ({"law": np.eye(2)}, "law must be a GaussianLaw, got ndarray"),
        ({"law": GaussianLaw([[1.0, 0.0], [0.0, 0.0]])}, "outputs with a variance"),
        ({"law": equal(17, 0.1), "signs": [1] * 17}, "at most 16 outputs that differ, got 17"),
        ({"seed": -1}, "seed must be"),
        ({"relative_error": 0}, "relative_error must be above 0"),
        ({"relative_error": math.nan}, "relative_error must be finite"),
        ({"n_samples": 999}, "n_samples must be at least 1,000"),
        ({"n_samples": 1000.5}, "n_samples must be an integer"),
        ({"level": 1.0}, "level must be"),
    ],
)
def test_bad_input(change, message):
    arguments = {"law": equal(2, 0.5), "signs": [1, 1], "seed": 0} | change
    with pytest.raises(ValueError, match=message):
        genz_probability(arguments.pop("law"), arguments.pop("signs"), **arguments)
