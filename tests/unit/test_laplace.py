"""Laplace's method against its own definition, computed otherwise, and against what it approaches.

Its error is not known, so it is tested as the number that it is: the Gaussian integral around the
mode, by a general optimiser and another factorisation; and where it becomes exact.
"""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr
from scipy.stats import multivariate_normal

from priorvol.estimators.laplace import laplace
from priorvol.gaussian import GaussianLaw


def by_optimiser(root, mean, signs, noise):
    """Laplace's value in the coordinates z of h = mean + root z, z standard normal."""

    def minus_log(z):
        return 0.5 * z @ z - log_ndtr(signs * (mean + root @ z) / math.sqrt(noise)).sum()

    def gradient(z):
        x = signs * (mean + root @ z) / math.sqrt(noise)
        hazard = np.exp(-0.5 * x * x - log_ndtr(x)) / math.sqrt(2 * math.pi)
        return z - root.T @ (signs * hazard) / math.sqrt(noise)

    start = np.zeros(root.shape[1])
    best = minimize(minus_log, start, jac=gradient, method="BFGS", options={"gtol": 1e-10})
    x = signs * (mean + root @ best.x) / math.sqrt(noise)
    hazard = np.exp(-0.5 * x * x - log_ndtr(x)) / math.sqrt(2 * math.pi)
    weight = hazard * (x + hazard) / noise
    hessian = np.eye(len(start)) + (root.T * weight) @ root
    return -minus_log(best.x) - 0.5 * np.linalg.slogdet(hessian)[1], mean + root @ best.x


@pytest.mark.filterwarnings("ignore:Desired error not necessarily achieved")
@pytest.mark.parametrize("rank", [1, 3, 6, 12])
@pytest.mark.parametrize("noise", [0.05, 1.0])
def test_the_definition_of_full_and_singular_covariances(rank, noise):
    rng = np.random.default_rng(rank)
    root = rng.standard_normal((6, rank))
    mean = 0.3 * rng.standard_normal(6)
    signs = rng.choice([-1, 1], 6)
    found = laplace(GaussianLaw(root @ root.T, mean), signs, noise=noise)
    log_z, mode = by_optimiser(root, mean, signs, noise)
    assert found.converged
    # both stop at a gradient or a step of 1e-9 or so, and log_z is flat at the mode
    assert found.log_z == pytest.approx(log_z, abs=1e-8)
    np.testing.assert_allclose(found.mode, mode, atol=1e-5)


def test_an_output_without_variance_counts_by_the_link_alone():
    one = laplace(GaussianLaw([[0.5]]), [1])
    both = laplace(GaussianLaw([[0.5, 0.0], [0.0, 0.0]]), [1, -1])
    assert both.log_z == pytest.approx(one.log_z + math.log(0.5), abs=1e-12)
    fixed = laplace(GaussianLaw([[0.0, 0.0], [0.0, 0.0]], [1.0, -2.0]), [1, 1], noise=4.0)
    assert fixed.log_z == pytest.approx(log_ndtr(0.5) + log_ndtr(-1.0), abs=1e-12)
    assert fixed.converged


def test_repeated_outputs_are_two_looks_at_one():
    """Against a one-dimensional integral: the integrand is near Gaussian for a wide link."""
    law = GaussianLaw(np.full((3, 3), 0.2))
    exact, _ = quad(
        lambda h: ndtr(h) ** 3 * math.exp(-h * h / 0.4) / math.sqrt(0.4 * math.pi), -8, 8
    )
    assert laplace(law, [1, 1, 1]).log_z == pytest.approx(math.log(exact), abs=0.01)


@pytest.mark.parametrize("signs", [(1, 1, 1), (1, -1, 1), (-1, 1, -1)])
def test_it_becomes_exact_for_a_wide_link(signs):
    """The error is of second order in the covariance over the noise: a tenth gives a hundredth."""
    K = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]])
    errors = []
    for scale in (0.1, 0.01):
        signed = scale * K * np.outer(signs, signs) + np.eye(3)
        # the closed form of the orthant of three outputs
        rho = signed / np.sqrt(np.outer(np.diag(signed), np.diag(signed)))
        exact = 1 / 8 + sum(math.asin(rho[i, j]) for i, j in ((0, 1), (0, 2), (1, 2))) / (
            4 * math.pi
        )
        errors.append(laplace(GaussianLaw(scale * K), signs).log_z - math.log(exact))
    assert 1e-5 < abs(errors[0]) < 1e-2
    assert 0.005 < errors[1] / errors[0] < 0.02


def test_two_outputs_against_scipy():
    law = GaussianLaw([[1.0, 0.8], [0.8, 1.0]])
    exact = multivariate_normal.cdf([0, 0], cov=law.covariance + np.eye(2))
    assert laplace(law, [1, 1]).log_z == pytest.approx(math.log(exact), abs=0.03)
    assert laplace(law, [1, 1]).log_z != pytest.approx(math.log(exact), abs=1e-3)  # it is no bound


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e4, 1e8])
@pytest.mark.parametrize("place", [0.0, -50.0, 3e3])
def test_newton_converges_from_far_off(scale, place):
    rng = np.random.default_rng(3)
    root = rng.standard_normal((20, 8))
    law = GaussianLaw(scale * root @ root.T, np.full(20, place))
    signs = rng.choice([-1, 1], 20)
    found = laplace(law, signs)
    assert found.converged and math.isfinite(found.log_z)
    assert found.log_z < 0


def test_the_sign_of_everything_may_change():
    rng = np.random.default_rng(5)
    root = rng.standard_normal((7, 7))
    signs = rng.choice([-1, 1], 7)
    law, mean = root @ root.T, rng.standard_normal(7)
    one = laplace(GaussianLaw(law, mean), signs)
    other = laplace(GaussianLaw(law, -mean), -signs)
    assert one.log_z == pytest.approx(other.log_z, abs=1e-12)
    order = rng.permutation(7)
    shuffled = laplace(GaussianLaw(law[np.ix_(order, order)], mean[order]), signs[order])
    assert one.log_z == pytest.approx(shuffled.log_z, abs=1e-10)


@pytest.mark.parametrize(
    ("signs", "noise", "message"),
    [
        ([1], 1.0, "signs must be 2 numbers, each -1 or 1, got"),
        ([1, 0], 1.0, "signs must be 2 numbers, each -1 or 1, got"),
        ([1, np.nan], 1.0, "signs must be 2 numbers, each -1 or 1, got"),
        (["1", "1"], 1.0, "signs must be 2 numbers, each -1 or 1, got"),
        ([[1, 1]], 1.0, "signs must be 2 numbers, each -1 or 1, got"),
        ([1, 1], 0.0, "noise must be above 0"),
        ([1, 1], -1.0, "noise must be above 0"),
        ([1, 1], math.nan, "noise must be finite"),
        ([1, 1], "1", "noise must be a number"),
    ],
)
def test_bad_input(signs, noise, message):
    with pytest.raises(ValueError, match=message):
        laplace(GaussianLaw(np.eye(2)), signs, noise=noise)


def test_a_law_is_wanted():
    with pytest.raises(ValueError, match="law must be a GaussianLaw, got ndarray"):
        laplace(np.eye(2), [1, 1])
