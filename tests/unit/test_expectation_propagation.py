"""Expectation propagation: exact cases, quadrature, invariances, bad input."""

import dataclasses

import numpy as np
import pytest
from orthant_truths import factor_log_p, one_factor, tree
from scipy import integrate, stats
from scipy.special import log_ndtr

from priorvol.estimators.expectation_propagation import expectation_propagation, standardised
from priorvol.gaussian import GaussianLaw


def smooth_law(m, seed=0, mean=0.0):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((m, 2))
    distances = ((points[:, None] - points[None]) ** 2).sum(-1)
    return GaussianLaw(0.3 + np.exp(-distances), mean * rng.standard_normal(m))


@pytest.mark.parametrize("noise", [0.0, 0.7])
def test_independent_outputs_are_exact(noise):
    rng = np.random.default_rng(0)
    variances, mean = rng.exponential(2, 9), rng.normal(size=9)
    signs = rng.choice([-1, 1], 9)
    found = expectation_propagation(GaussianLaw(np.diag(variances), mean), signs, noise=noise)
    exact = log_ndtr(signs * mean / np.sqrt(variances + noise)).sum()
    assert found.log_z == pytest.approx(exact, rel=1e-10)
    assert found.converged and found.change < found.tolerance
    if noise == 0:  # moments of truncated normals
        for i in range(9):
            ends = (0, np.inf) if signs[i] > 0 else (-np.inf, 0)
            sd = np.sqrt(variances[i])
            law = stats.truncnorm(
                (ends[0] - mean[i]) / sd, (ends[1] - mean[i]) / sd, loc=mean[i], scale=sd
            )
            assert found.mean[i] == pytest.approx(law.mean(), rel=1e-7)
            assert found.covariance[i, i] == pytest.approx(law.var(), rel=1e-6)


def test_one_output_with_a_link():
    found = expectation_propagation(GaussianLaw([[2.0]], [0.5]), [-1], noise=1.0)
    assert found.log_z == pytest.approx(log_ndtr(-0.5 / np.sqrt(3.0)), rel=1e-12)


@pytest.mark.parametrize("rho", [-0.8, -0.3, 0.3, 0.8])
def test_two_outputs_are_near_the_truth(rho):
    found = expectation_propagation(GaussianLaw([[1, rho], [rho, 1]]), [1, 1])
    exact = np.log(np.arccos(-rho) / (2 * np.pi))
    assert found.converged
    # EP is not exact: errors published for two dimensions are of this size
    assert 1e-6 < abs(found.log_z - exact) < 0.1


@pytest.mark.parametrize("noise", [0.5, 4.0])
def test_a_smooth_link_in_two_dimensions(noise):
    law, signs = GaussianLaw([[1.0, 0.6], [0.6, 2.0]], [0.2, -0.3]), np.array([1, -1])
    found = expectation_propagation(law, signs, noise=noise)
    density = stats.multivariate_normal(law.mean, law.covariance)

    def weight(y, x):
        likely = np.exp(log_ndtr(np.array([x, -y]) / np.sqrt(noise)).sum())
        return likely * density.pdf([x, y])

    exact, error = integrate.dblquad(weight, -9, 9, -9, 9, epsabs=1e-9)
    assert abs(found.log_z - np.log(exact)) < 0.01 + error


def test_noise_is_the_orthant_of_a_noisier_law():
    """E prod Phi(s h / sd) is P(s (h + noise) > 0): EP agrees with itself up to its own error."""
    law, signs = smooth_law(12), np.ones(12, dtype=int)
    link = expectation_propagation(law, signs, noise=0.5).log_z
    step = expectation_propagation(GaussianLaw(law.covariance + 0.5 * np.eye(12)), signs).log_z
    assert abs(link - step) < 0.05


@pytest.mark.parametrize("damping", [0.3, 0.7, 1.0])
def test_the_fixed_point_does_not_depend_on_damping(damping):
    law, signs = smooth_law(30, mean=0.5), np.random.default_rng(1).choice([-1, 1], 30)
    one = expectation_propagation(law, signs, tolerance=1e-10, max_iterations=1000)
    other = expectation_propagation(
        law, signs, damping=damping, tolerance=1e-10, max_iterations=1000
    )
    assert one.converged and other.converged
    assert other.log_z == pytest.approx(one.log_z, rel=1e-7)
    np.testing.assert_allclose(other.mean, one.mean, rtol=1e-6)


def test_sites_match_moments():
    """At the fixed point every tilted marginal has the posterior's mean and variance."""
    law, signs = smooth_law(10, mean=0.5), np.random.default_rng(2).choice([-1, 1], 10)
    found = expectation_propagation(law, signs, tolerance=1e-10)
    for i in range(10):
        v = found.covariance[i, i]
        cavity_v = 1 / (1 / v - found.tau[i])
        cavity_m = cavity_v * (found.mean[i] / v - found.nu[i])
        sd, s = np.sqrt(cavity_v), signs[i]
        tilted = stats.truncnorm(-s * cavity_m / sd, np.inf, loc=s * cavity_m, scale=sd)
        assert s * found.mean[i] == pytest.approx(tilted.mean(), rel=1e-6)
        assert v == pytest.approx(tilted.var(), rel=1e-6)
    precision = np.linalg.inv(law.covariance) + np.diag(found.tau)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(precision), rtol=1e-6)


def test_permuting_scaling_and_turning_change_nothing():
    law, rng = smooth_law(20, mean=0.5), np.random.default_rng(3)
    signs = rng.choice([-1, 1], 20)
    base = expectation_propagation(law, signs, tolerance=1e-10)
    order, factor = rng.permutation(20), rng.choice([-1, 1], 20) * rng.exponential(1, 20)
    moved = GaussianLaw(
        law.covariance[np.ix_(order, order)] * np.outer(factor, factor), law.mean[order] * factor
    )
    found = expectation_propagation(
        moved, signs[order] * np.sign(factor).astype(int), tolerance=1e-10
    )
    assert found.log_z == pytest.approx(base.log_z, rel=1e-8)
    np.testing.assert_allclose(found.mean, base.mean[order] * factor, rtol=1e-6)
    np.testing.assert_allclose(found.tau * factor**2, base.tau[order], rtol=1e-5, atol=1e-9)


def test_it_is_a_rough_guide_to_known_orthants():
    rng, errors = np.random.default_rng(4), []
    for _ in range(12):
        covariance, mean, signs, log_p = (one_factor, tree)[rng.integers(2)](rng)
        found = expectation_propagation(GaussianLaw(covariance, mean), signs)
        assert found.converged
        errors.append(abs(found.log_z - log_p))
    assert 0 < np.median(errors) < 0.1 and max(errors) < 1.0  # nats; P is 0.4 to 1e-40


def test_improbable_orthants():
    """128 correlated outputs, all against their means: P is below 1e-100."""
    signs = np.random.default_rng(6).choice([-1, 1], 128)
    loadings, own, mean = np.full(128, 0.7), np.full(128, 0.7), -1.2 * signs
    law = GaussianLaw(np.full((128, 128), 0.49) + 0.49 * np.eye(128), mean)
    found = expectation_propagation(law, signs)
    exact = factor_log_p(loadings, own, mean, signs)
    assert found.converged and exact < -100 * np.log(10)
    assert found.log_z == pytest.approx(exact, abs=0.05)


def test_singular_laws():
    rng = np.random.default_rng(5)
    a = rng.standard_normal((40, 6))
    signs = np.where(a @ rng.standard_normal(6) > 0, 1, -1)
    found = expectation_propagation(GaussianLaw(a @ a.T), signs)
    assert found.converged and np.isfinite(found.log_z)
    assert ((found.mean * signs) > 0).all()
    assert np.linalg.matrix_rank(found.covariance, tol=1e-9) <= 6


@pytest.mark.parametrize("distance", [1e-3, 1e-5])
def test_nearly_the_same_output(distance):
    rho = 1 - distance**2 / 2
    found = expectation_propagation(GaussianLaw([[1, rho], [rho, 1]]), [1, -1])
    assert found.converged
    assert found.log_z == pytest.approx(np.log(distance / (2 * np.pi)), abs=0.02)


def test_signs_that_cannot_be_had_do_not_converge():
    found = expectation_propagation(GaussianLaw([[1, 0, 1], [0, 1, 1], [1, 1, 2.0]]), [1, 1, -1])
    assert not found.converged


def test_too_few_sweeps_are_owned_up_to():
    found = expectation_propagation(smooth_law(30), np.ones(30, dtype=int), max_iterations=2)
    assert not found.converged and found.iterations == 2 and found.change > found.tolerance


def test_the_result_is_frozen():
    found = expectation_propagation(GaussianLaw([[1.0]]), [1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.log_z = 0.0


def test_standardised():
    correlation, mean, scale = standardised(
        GaussianLaw([[4.0, 1.0], [1.0, 1.0]], [2.0, 3.0]), [-1, 1]
    )
    np.testing.assert_allclose(correlation, [[1.0, -0.5], [-0.5, 1.0]])
    np.testing.assert_allclose(mean, [-1.0, 3.0])
    np.testing.assert_allclose(scale, [-0.5, 1.0])


@pytest.mark.parametrize(
    ("signs", "options", "message"),
    [
        ([1], {}, "signs must be 2 numbers"),
        ([1, 0], {}, "each -1 or 1"),
        ([[1, 1]], {}, "signs must be 2 numbers"),
        ([1, np.nan], {}, "each -1 or 1"),
        ([1, 1], {"noise": -1.0}, "noise must be at least 0"),
        ([1, 1], {"noise": np.inf}, "noise must be finite"),
        ([1, 1], {"damping": 0.0}, "damping must be above 0"),
        ([1, 1], {"damping": 1.5}, "damping must be above 0.0 and at most 1.0"),
        ([1, 1], {"max_iterations": 0}, "max_iterations must be at least 1"),
        ([1, 1], {"tolerance": 0.0}, "tolerance must be above 0"),
    ],
)
def test_bad_input(signs, options, message):
    with pytest.raises(ValueError, match=message):
        expectation_propagation(GaussianLaw(np.eye(2)), signs, **options)


def test_an_output_without_variance_is_refused():
    with pytest.raises(ValueError, match="output 1 has no variance"):
        expectation_propagation(GaussianLaw([[1.0, 0.0], [0.0, 0.0]]), [1, 1])
