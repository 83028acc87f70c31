"""Ensembles of finite networks, trained in NumPy, against training at infinite width.

A finite network's trained output differs from the infinite one's by a mean whose expansion is in
powers of 1 / width where the activation is smooth, and of 1 / sqrt(width) for relu, where units
that switch sides add a first term of that order. Several widths give the limit by Richardson's
extrapolation. Each network is held against the infinite-width response to its own initial outputs,
so that the scatter of the start, whose law is exact, does not enter.
"""

import math

import numpy as np
import pytest
from agreement import assert_within
from scipy.special import erf

from priorvol import Architecture, Prior, Task, TrainingSet, boolean_cube, rng
from priorvol.infinite.covariance import tangent_kernel
from priorvol.infinite.dynamics import train_prediction
from priorvol.infinite.kernel_descent import KernelDescent

SIGMA_W, SIGMA_B = 1.4, 0.5
STEPS, RATE = 20, 0.3
CUBE = boolean_cube(2)
S = TrainingSet([0, 1, 3], [1, 0, 1])
TARGETS = np.array([1.0, -1.0, 1.0])
ACTIVATIONS = {
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: np.where(z > 0.0, 1.0, 0.0)),
    "erf": (erf, lambda z: 2.0 / math.sqrt(math.pi) * np.exp(-z * z)),
}


def ensemble(width, depth, activation, parametrization, n, *, steps=STEPS):
    """Train n networks from the prior; return the outputs before and after, (n, m) each."""
    generator = rng.generator(width, f"{activation} {depth} {parametrization}")
    phi, slope = ACTIVATIONS[activation]
    sizes = [CUBE.n] + [width] * depth + [1]
    before, after = [], []
    for count in [100] * (n // 100):
        W = [generator.normal(size=(count, o, i)) for i, o in zip(sizes, sizes[1:], strict=False)]
        b = [generator.normal(size=(count, 1, o)) for o in sizes[1:]]
        weight, bias, rate = [SIGMA_W / math.sqrt(i) for i in sizes[:-1]], SIGMA_B, RATE
        if parametrization == "standard":
            W, b = [w * s for w, s in zip(W, weight, strict=True)], [SIGMA_B * c for c in b]
            weight, bias, rate = [1.0] * len(W), 1.0, RATE / width
        for step in range(steps + 1):
            units, z = [np.broadcast_to(CUBE.values, (count, *CUBE.values.shape))], []
            for layer in range(depth + 1):
                forward = weight[layer] * units[-1] @ W[layer].transpose(0, 2, 1)
                z.append(forward + bias * b[layer])
                units.append(phi(z[-1]))
            h = z[-1][:, :, 0]
            if step == 0:
                before.append(h)
            if step == steps:
                break
            error = np.zeros((count, CUBE.m, 1))
            error[:, list(S.indices), 0] = (h[:, list(S.indices)] - TARGETS) / len(S)
            for layer in range(depth, -1, -1):
                by_weight = weight[layer] * error.transpose(0, 2, 1) @ units[layer]
                by_bias = bias * error.sum(axis=1, keepdims=True)
                if layer:
                    error = weight[layer] * (error @ W[layer]) * slope(z[layer - 1])
                W[layer] -= rate * by_weight
                b[layer] -= rate * by_bias
        after.append(h)
    return np.concatenate(before), np.concatenate(after)


# Weights that leave of g(N) = g + a / N the limit g, and of g(N) = g + a / sqrt(N) + b / N.
BY_WIDTH = {1: -1.0, 2: 2.0}
BY_ROOT = {1: 1 / 3, 4: -2.0, 16: 8 / 3}


@pytest.mark.parametrize(
    ("activation", "depth", "parametrization", "width", "n", "weights"),
    [
        ("relu", 1, "ntk", 64, 800, BY_ROOT),
        ("erf", 2, "ntk", 64, 300, BY_WIDTH),
        ("erf", 1, "standard", 128, 800, BY_WIDTH),
        ("erf", 2, "standard", 64, 300, BY_WIDTH),
    ],
)
def test_finite_ensembles_extrapolate_to_infinite_width(
    activation, depth, parametrization, width, n, weights
):
    task = Task(
        Architecture(2, (math.inf,) * depth, activation),
        Prior(sigma_w=SIGMA_W, sigma_b=SIGMA_B),
        CUBE,
    )
    prediction = train_prediction(
        task, S, steps=STEPS, learning_rate=RATE, parametrization=parametrization
    )
    kernel = tangent_kernel(task, parametrization=parametrization)
    response = KernelDescent(kernel, np.array(S.indices)).descent(STEPS, learning_rate=RATE)
    limit, variance = 0.0, 0.0
    for factor, weight in weights.items():
        before, after = ensemble(factor * width, depth, activation, parametrization, n)
        infinite = response.outputs(before.T, TARGETS).T
        # `infinite` has mean prediction.mean, and its covariance tends to prediction.covariance.
        one, other = after - prediction.mean, infinite - prediction.mean
        products = np.einsum("ni,nj->nij", one, one) - np.einsum("ni,nj->nij", other, other)
        gaps = np.concatenate([after - infinite, products.reshape(n, -1)], axis=1)
        limit = limit + weight * gaps.mean(axis=0)
        variance = variance + weight**2 * gaps.var(axis=0, ddof=1) / n
    error = np.sqrt(variance)
    assert error.max() < 0.03  # outputs are of size 1
    assert_within(limit, 0.0, error)
    # Training has moved the outputs by far more than that.
    assert np.abs(prediction.mean).max() > 0.5


def test_the_functions_that_finite_networks_end_on():
    # Stopped early, so that several functions are left.
    n, steps, width = 4_000, 3, 64
    task = Task(Architecture(2, (math.inf,), "erf"), Prior(sigma_w=SIGMA_W, sigma_b=SIGMA_B), CUBE)
    prediction = train_prediction(task, S, steps=steps, learning_rate=RATE)
    counts = []
    for each in (width, 2 * width):
        h = ensemble(each, 1, "erf", "ntk", n, steps=steps)[1]
        counts.append(np.bincount((h > 0) @ [8, 4, 2, 1], minlength=16) / n)
    found = [prediction.probability(format(f, "04b"), seed=f) for f in range(16)]
    p = np.array([one.p for one in found])
    own = p * np.array([one.standard_error for one in found])
    assert (p > 0.01).sum() >= 5 and p.max() < 0.8
    error = np.sqrt(5 * p * (1 - p) / n + own**2)
    likely = p * n > 30  # rarer ones have no normal error
    assert_within((2 * counts[1] - counts[0])[likely], p[likely], error[likely])
    assert_within(p.sum(), 1.0, np.sqrt((own**2).sum()))
