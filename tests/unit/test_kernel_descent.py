"""Gradient descent along a kernel: against integration, explicit steps, sampling, and limits."""

import math

import numpy as np
import pytest
from agreement import assert_within
from scipy.integrate import solve_ivp

from priorvol import TrainingSet, rng
from priorvol.infinite.kernel_descent import KernelDescent, covariance_factor
from priorvol.infinite.prediction import target_outputs

EPS = np.finfo(np.float64).eps
TRAIN = np.array([4, 1, 2])
TARGETS = np.array([1.0, -1.0, -1.0])


def random_kernel(m, rank, purpose):
    features = rng.generator(0, purpose).normal(size=(m, rank))
    return features @ features.T


@pytest.fixture
def kernel():
    return random_kernel(6, 9, "tangent kernel")


@pytest.fixture
def factor():
    return covariance_factor(random_kernel(6, 8, "covariance"))


@pytest.mark.parametrize("time", [0.05, 1.0, 7.0])
@pytest.mark.parametrize("rank", [9, 2])
def test_flow_against_integration(time, rank, factor):
    kernel = random_kernel(6, rank, "tangent kernel")
    start = np.column_stack([factor, np.arange(6.0)])

    def velocity(_, flat):
        h = flat.reshape(start.shape)
        return -(kernel[:, TRAIN] @ (h[TRAIN] - TARGETS[:, None]) / 3).ravel()

    path = solve_ivp(velocity, (0, time), start.ravel(), method="DOP853", rtol=1e-11, atol=1e-12)
    expected = path.y[:, -1].reshape(start.shape)
    found = KernelDescent(kernel, TRAIN).flow(time).outputs(start, TARGETS)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("steps", [0, 1, 2, 13, 200])
@pytest.mark.parametrize("share", [0.3, 0.75, 1.0])
@pytest.mark.parametrize("rank", [9, 2])
def test_descent_against_explicit_steps(steps, share, rank, factor):
    kernel = random_kernel(6, rank, "tangent kernel")
    descent = KernelDescent(kernel, TRAIN)
    rate = share * descent.largest_step
    h = np.column_stack([factor, np.arange(6.0)])
    found = descent.descent(steps, learning_rate=rate).outputs(h, TARGETS)
    for _ in range(steps):
        h = h - rate / 3 * kernel[:, TRAIN] @ (h[TRAIN] - TARGETS[:, None])
    # At share 1 the largest mode never decays and each step adds a rounding of some 10 terms.
    np.testing.assert_allclose(found, h, rtol=0, atol=(steps + 1) * 200 * EPS)


def test_law_against_training_many_linear_models():
    # h = Phi w with w from N(0, C), trained in w: Theta = Phi Phi^T and K = Phi C Phi^T differ.
    generator = rng.generator(1, "linear models")
    n, m, d = 40_000, 5, 7
    features, spread = generator.normal(size=(m, d)), np.linspace(0.3, 2.0, d)
    train, targets = np.array([0, 3, 4]), np.array([1.0, -1.0, 1.0])
    w = generator.normal(size=(n, d)) * spread
    descent = KernelDescent(features @ features.T, train)
    rate = 0.8 * descent.largest_step
    for _ in range(25):
        w = w - rate / 3 * (w @ features[train].T - targets) @ features[train]
    h = w @ features.T
    moved, mean = descent.descent(25, learning_rate=rate).law(
        covariance_factor(features * spread**2 @ features.T), np.zeros(m), targets
    )
    covariance = moved @ moved.T
    variances = np.diag(covariance)
    assert_within(h.mean(axis=0), mean, np.sqrt(variances / n))
    assert_within(
        np.cov(h.T, bias=True),
        covariance,
        np.sqrt((np.outer(variances, variances) + covariance**2) / n),
    )
    assert variances[1] > 0.1  # an input out of training is left uncertain


def test_law_against_the_formula_with_inverses(kernel, factor):
    # 1902.06720, equations 15 and 16, as they stand there
    time, K = 2.5, factor @ factor.T
    inside = kernel[np.ix_(TRAIN, TRAIN)]
    values, vectors = np.linalg.eigh(inside)
    shrink = vectors @ np.diag(np.exp(-values * time / 3)) @ vectors.T
    carried = kernel[:, TRAIN] @ np.linalg.inv(inside) @ (np.eye(3) - shrink)
    cross = carried @ K[TRAIN]
    expected = K + carried @ K[np.ix_(TRAIN, TRAIN)] @ carried.T - cross - cross.T
    moved, mean = KernelDescent(kernel, TRAIN).flow(time).law(factor, np.zeros(6), TARGETS)
    np.testing.assert_allclose(mean, carried @ TARGETS, rtol=0, atol=1e-12)
    np.testing.assert_allclose(moved @ moved.T, expected, rtol=0, atol=1e-11)


def test_no_time_and_no_steps_change_nothing(kernel, factor):
    descent = KernelDescent(kernel, TRAIN)
    start = np.arange(6.0)
    for response in (descent.flow(0.0), descent.descent(0, learning_rate=0.1)):
        np.testing.assert_array_equal(response.outputs(start, TARGETS), start)
        moved, mean = response.law(factor, start, TARGETS)
        np.testing.assert_array_equal(moved, factor)
        np.testing.assert_array_equal(mean, start)


def test_the_limit_interpolates_and_is_the_limit(kernel, factor):
    descent = KernelDescent(kernel, TRAIN)
    moved, mean = descent.flow(math.inf).law(factor, np.zeros(6), TARGETS)
    np.testing.assert_array_equal(mean[TRAIN], TARGETS)
    np.testing.assert_array_equal(moved[TRAIN], 0.0)
    assert (np.linalg.norm(moved[[0, 3, 5]], axis=1) > 0).all()
    late = 40.0 / descent.rates[0]
    for response in (
        descent.flow(late),
        descent.flow(late / 1e6, learning_rate=1e6),
        descent.descent(int(1e7), learning_rate=late / 1e7),
    ):
        moved_late, mean_late = response.law(factor, np.zeros(6), TARGETS)
        np.testing.assert_allclose(mean_late, mean, rtol=0, atol=1e-12)
        np.testing.assert_allclose(moved_late, moved, rtol=0, atol=1e-12)


def test_small_steps_are_flow(kernel, factor):
    descent = KernelDescent(kernel, TRAIN)
    flow = descent.flow(1.0).outputs(factor, TARGETS)
    errors = []
    for steps in (1_000, 10_000):
        found = descent.descent(steps, learning_rate=1.0 / steps).outputs(factor, TARGETS)
        errors.append(np.abs(found - flow).max())
    # (1 - r/k)^k = exp(-r) (1 - r^2 / (2 k) + O(1 / k^2)): ten times the steps, a tenth the error
    assert 9.5 < errors[0] / errors[1] < 10.5


def test_weak_modes_keep_their_accuracy():
    # (1 - exp(-x)) / x for x = 1e-12 is 1 to 1e-12; its naive form is off by 1e-4.
    descent = KernelDescent(np.diag([1.0, 1e-12]), np.arange(2))
    for response in (descent.flow(2.0), descent.descent(1_000, learning_rate=0.002)):
        assert abs(response.outputs(np.zeros(2), np.ones(2))[1] / 1e-12 - 1) < 1e-11


def test_an_input_without_kernel_never_moves():
    kernel = np.array([[0.0, 0.0, 0.0], [0.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
    descent = KernelDescent(kernel, np.array([0, 1]))
    for response in (descent.flow(math.inf), descent.flow(3.0), descent.descent(7)):
        h = response.outputs(np.array([0.25, 0.5, 0.0]), np.array([1.0, 1.0]))
        assert h[0] == 0.25 and h[1] > 0.5 and h[2] > 0.0
    assert descent.unfitted(np.array([1.0, 1.0]), np.zeros((2, 1))).tolist() == [0]
    assert (
        descent.unfitted(np.array([0.0, 1.0]), np.zeros((2, 1))).tolist() == []
    )  # it is where it should be
    still = KernelDescent(np.zeros((2, 2)), np.array([1]))
    assert still.largest_step == math.inf
    np.testing.assert_array_equal(
        still.descent(5, learning_rate=1e9).outputs(np.ones(2), np.zeros(1)), 1.0
    )


def test_equal_training_inputs():
    single = random_kernel(3, 4, "duplicates")
    place = np.array([0, 1, 1, 2])
    kernel = single[np.ix_(place, place)]
    factor = covariance_factor(random_kernel(3, 3, "prior"))[place]
    twice = KernelDescent(kernel, np.array([0, 1, 2]))
    once = KernelDescent(single, np.array([0, 1]))
    agree, apart = np.array([1.0, -1.0, -1.0]), np.array([1.0, -1.0, 1.0])

    # Equal labels: in the limit as with one of them.
    moved, mean = twice.flow(math.inf).law(factor, np.zeros(4), agree)
    wanted, wanted_mean = once.flow(math.inf).law(factor[[0, 1, 3]], np.zeros(3), agree[:2])
    np.testing.assert_allclose(mean, wanted_mean[place], atol=1e-13)
    np.testing.assert_allclose(moved, wanted[place], atol=1e-13)
    np.testing.assert_array_equal(moved[:3], 0.0)
    np.testing.assert_allclose(mean[:3], agree, atol=1e-14)
    assert twice.unfitted(agree, factor[:3]).tolist() == []

    # Contradictory labels: their mean, exactly, and named.
    moved, mean = twice.flow(math.inf).law(factor, np.zeros(4), apart)
    _, middle = once.flow(math.inf).law(factor[[0, 1, 3]], np.zeros(3), np.array([1.0, 0.0]))
    np.testing.assert_array_equal(moved[:3], 0.0)
    np.testing.assert_array_equal(mean[1:3], 0.0)
    np.testing.assert_allclose(mean, middle[place], atol=1e-13)
    assert twice.unfitted(apart, factor[:3]).tolist() == [1, 2]


def test_targets_beyond_the_reach_of_a_low_rank_kernel():
    # XOR has no linear part: the least-squares fit is 0 everywhere, exactly.
    points = np.array([[x, y] for x in (-1.0, 1.0) for y in (-1.0, 1.0)])
    kernel, xor = points @ points.T / 2, np.array([-1.0, 1.0, 1.0, -1.0])
    descent = KernelDescent(kernel, np.arange(4))
    moved, mean = descent.flow(math.inf).law(covariance_factor(kernel), np.zeros(4), xor)
    np.testing.assert_array_equal(mean, 0.0)
    np.testing.assert_array_equal(moved, 0.0)
    assert descent.unfitted(xor, np.zeros((4, 1))).tolist() == [0, 1, 2, 3]


def test_start_out_of_the_reach_of_the_kernel_stays():
    # The prior moves along (1, -1), the kernel along (1, 1) only.
    kernel, factor = np.ones((3, 3)), np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    descent = KernelDescent(kernel, np.array([0, 1]))
    moved, mean = descent.flow(math.inf).law(factor, np.zeros(3), np.ones(2))
    np.testing.assert_allclose(moved, factor, atol=1e-15)
    np.testing.assert_allclose(mean, 1.0, atol=1e-15)
    assert descent.unfitted(np.zeros(2), factor[:2]).tolist() == [0, 1]


def test_ridge_is_the_posterior_under_noise(factor):
    K, noise = factor @ factor.T, 0.3
    gain = K[:, TRAIN] @ np.linalg.inv(K[np.ix_(TRAIN, TRAIN)] + noise * np.eye(3))
    moved, mean = (
        KernelDescent(K, TRAIN).ridge(noise).law(factor, np.zeros(6), TARGETS, noise=noise)
    )
    np.testing.assert_allclose(mean, gain @ TARGETS, atol=1e-13)
    np.testing.assert_allclose(moved @ moved.T, K - gain @ K[TRAIN], atol=1e-12)


def test_ridge_with_vanishing_noise_tends_to_ridge_without():
    single = random_kernel(3, 3, "vanishing noise")
    place = np.array([0, 1, 1, 2])
    kernel, factor = single[np.ix_(place, place)], covariance_factor(single)[place]
    descent, y = KernelDescent(kernel, np.array([0, 1, 2])), np.array([1.0, 1.0, -1.0])
    moved, mean = descent.ridge(0.0).law(factor, np.zeros(4), y)
    for noise in (1e-6, 1e-8):
        near, near_mean = descent.ridge(noise).law(factor, np.zeros(4), y, noise=noise)
        np.testing.assert_allclose(near_mean, mean, atol=100 * noise)
        np.testing.assert_allclose(near @ near.T, moved @ moved.T, atol=100 * noise)


def test_order_of_training_inputs_does_not_matter(kernel, factor):
    order = [2, 0, 1]
    one = KernelDescent(kernel, TRAIN).flow(1.5).outputs(factor, TARGETS)
    other = KernelDescent(kernel, TRAIN[order]).flow(1.5).outputs(factor, TARGETS[order])
    np.testing.assert_allclose(one, other, atol=1e-13)


def test_factor_of_singular_covariances():
    covariance = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, -1.0], [0.0, -1.0, 1.0]])
    factor = covariance_factor(covariance)
    assert factor.shape == (3, 1) and factor[0, 0] == 0.0
    np.testing.assert_allclose(factor @ factor.T, covariance, atol=1e-15)
    np.testing.assert_array_equal(covariance_factor(np.zeros((2, 2))), np.zeros((2, 1)))


def test_targets():
    assert target_outputs(TrainingSet([0, 1], [0, 1]), 2.5).tolist() == [-2.5, 2.5]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: d.flow(-1.0), "time must be at least 0.0, got -1.0"),
        (lambda d: d.flow(math.nan), "time must be finite, got nan"),
        (lambda d: d.flow(1.0, learning_rate=0.0), "learning_rate must be above 0.0, got 0.0"),
        (lambda d: d.descent(-1), "steps must be at least 0, got -1"),
        (lambda d: d.descent(1.5), "steps must be an integer, got 1.5"),
        (lambda d: d.descent(math.inf), "use time=math.inf"),
        (lambda d: d.descent(3, learning_rate=2.1), "learning_rate must be at most 2 = 2 s / "),
        (lambda d: d.respond(time=1.0, steps=2), "got time=1.0 and steps=2"),
        (lambda d: d.ridge(-0.1), "noise must be at least 0.0, got -0.1"),
        (lambda d: d.flow(1.0).outputs(np.zeros(3), np.ones(2)), r"initial must have shape \(2,\)"),
        (lambda d: d.flow(1.0).outputs(np.zeros(2), np.ones(1)), r"targets \(2,\)"),
        (lambda d: target_outputs(TrainingSet([0], [1]), 0), "targets must be above 0.0, got 0"),
    ],
)
def test_bad_numbers_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(KernelDescent(np.diag([2.0, 1.0]), np.arange(2)))


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (np.zeros((2, 3)), r"kernel must have shape \(m, m\), got \(2, 3\)"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), "kernel must be finite"),
        (np.array([[1.0, 0.5], [0.2, 1.0]]), "kernel must be symmetric"),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), "positive semidefinite, got eigenvalues from -1"),
    ],
)
def test_bad_kernels_are_refused(kernel, message):
    with pytest.raises(ValueError, match=message):
        KernelDescent(kernel, np.arange(2))


@pytest.mark.parametrize(
    ("indices", "message"),
    [([0, 2], r"indices must lie in 0..1, got 2"), ([1, 1], "distinct"), ([], "non-empty")],
)
def test_bad_indices_are_refused(indices, message):
    with pytest.raises(ValueError, match=message):
        KernelDescent(np.eye(2), indices)


def test_precision_says_what_counts_as_zero():
    # Equal inputs, in a kernel known to 1e-11: the difference of both is no mode of its own.
    kernel = np.array([[1.0, 1.0 - 1e-11], [1.0 - 1e-11, 1.0]])
    apart = np.array([1.0, -1.0])
    exact, rough = (KernelDescent(kernel, np.arange(2), precision=p) for p in (EPS, 1e-11))
    assert (exact.eigenvalues == 0).sum() == 0 and (rough.eigenvalues == 0).sum() == 1
    np.testing.assert_allclose(exact.flow(math.inf).outputs(np.zeros(2), apart), apart)
    np.testing.assert_allclose(rough.flow(math.inf).outputs(np.zeros(2), apart), 0.0, atol=1e-15)
    assert exact.unfitted(apart, np.zeros((2, 1))).tolist() == []
    assert rough.unfitted(apart, np.zeros((2, 1))).tolist() == [0, 1]
    assert covariance_factor(kernel).shape == (2, 2)
    assert covariance_factor(kernel, precision=1e-11).shape == (2, 1)
    with pytest.raises(ValueError, match="precision must be at least"):
        KernelDescent(kernel, np.arange(2), precision=0.0)


def test_small_deviations_are_kept_while_they_are_real():
    # The last output is nearly that of a training input: 1e-6 of it is its own.
    points = np.array([[1.0, 0.0, 0.0], [1.0, 1e-6, 0.0], [0.0, 1.0, 1.0]])
    kernel = points @ points.T
    descent = KernelDescent(kernel, np.array([0]))
    moved, mean = descent.flow(math.inf).law(points, np.zeros(3), np.ones(1))
    np.testing.assert_allclose(np.linalg.norm(moved[1]), 1e-6, rtol=1e-9)
    np.testing.assert_array_equal(mean, [1.0, 1.0, 0.0])


def test_divergence_starts_beyond_the_largest_step():
    descent = KernelDescent(np.diag([2.0, 1.0]), np.arange(2))
    assert descent.largest_step == 2.0
    h = descent.descent(5, learning_rate=2.0).outputs(np.zeros(2), np.ones(2))
    np.testing.assert_array_equal(h, [2.0, 1.0])  # the largest mode swings for ever
