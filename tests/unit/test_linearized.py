"""Linearised networks: Jacobians by finite differences, and training against the networks' own."""

import math

import numpy as np
import pytest
from agreement import assert_within

from priorvol import (
    Architecture,
    Prior,
    Task,
    TrainingSet,
    array_inputs,
    boolean_cube,
    draw_parameters,
    evaluate,
    rng,
)
from priorvol.activation import ACTIVATIONS, apply, derivative
from priorvol.infinite.covariance import tangent_kernel
from priorvol.infinite.linearized import gradient_kernel, layer_gradients, linearize

SMOOTH = [name for name in ACTIVATIONS if name != "sign"]
POINTS = array_inputs(rng.generator(0, "points").normal(size=(6, 3)))


def drawn(hidden, activation="tanh", *, inputs=POINTS, shift=0.0, index=0, **prior):
    slope = {"slope": 0.2} if activation == "leaky_relu" else {}
    task = Task(
        Architecture(inputs.n, hidden, activation, shift=shift, **slope), Prior(**prior), inputs
    )
    return task, draw_parameters(task, seed=3, index=index)


def flat(parameters):
    return np.concatenate([np.concatenate([W.ravel(), b]) for W, b in parameters])


def unflat(vector, parameters):
    out, start = [], 0
    for W, b in parameters:
        stop = start + W.size
        out.append((vector[start:stop].reshape(W.shape), vector[stop : stop + b.size]))
        start = stop + b.size
    return out


def column_scales(task, parameters, parametrization):
    """Return what each parameter is per unit of what is trained."""
    if parametrization == "standard":
        width = task.architecture.hidden[0]
        return np.concatenate(
            [
                np.concatenate([np.ones(W.size), np.full(b.size, float(sigma_b > 0))])
                for (W, b), sigma_b in zip(parameters, task.prior.sigma_b, strict=True)
            ]
        ) / math.sqrt(width)
    scales = task.prior.scales(task.architecture.layer_sizes)
    return np.concatenate(
        [
            np.concatenate([np.full(W.size, w), np.full(b.size, s)])
            for (W, b), (w, s) in zip(parameters, scales, strict=True)
        ]
    )


def numeric_jacobian(task, parameters):
    """Differentiate `evaluate` by central differences, refined once (error h^4)."""
    base, columns = flat(parameters), []
    for j in range(len(base)):

        def slope(h, j=j):
            moved = [base.copy(), base.copy()]
            moved[0][j] += h
            moved[1][j] -= h
            up, down = (evaluate(task, unflat(v, parameters)) for v in moved)
            return (up - down) / (2 * h)

        columns.append((4 * slope(5e-5) - slope(1e-4)) / 3)
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("activation", SMOOTH)
def test_derivatives_by_finite_differences(activation):
    z = np.linspace(-6.05, 6.05, 122)  # no point lies within h of the kink at 0

    def slope(h):
        return (apply(z + h, activation, slope=0.3) - apply(z - h, activation, slope=0.3)) / (2 * h)

    expected = (4 * slope(5e-4) - slope(1e-3)) / 3
    found = derivative(z, activation, slope=0.3)
    # Differences lose 1e-16 |phi| / h; the next term is h^4 phi'''''/ 480, at most 1e-13.
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-12)


def test_derivatives_far_out_and_at_the_kink():
    far = np.array([-800.0, 800.0])
    for activation in SMOOTH:
        assert np.isfinite(derivative(far, activation)).all()
    tail = derivative(np.array([20.0]), "tanh")[0]
    assert abs(tail / (4 * math.exp(-40)) - 1) < 1e-14  # 1 - tanh^2 would be 0 there
    assert derivative(np.zeros(1), "relu")[0] == 0.0
    assert derivative(np.zeros(1), "leaky_relu", slope=0.1)[0] == 0.1


@pytest.mark.parametrize("name", ["sign", "tahn", None])
def test_no_derivative(name):
    with pytest.raises(ValueError, match="activation"):
        derivative(np.zeros(2), name)


@pytest.mark.parametrize("parametrization", ["ntk", "standard"])
@pytest.mark.parametrize("activation", SMOOTH)
def test_jacobian_by_finite_differences(activation, parametrization):
    task, parameters = drawn((5, 5), activation, shift=0.1, sigma_w=1.3, sigma_b=(0.5, 0.0, 0.7))
    network = linearize(task, parameters, parametrization=parametrization)
    scales = column_scales(task, parameters, parametrization)
    expected = numeric_jacobian(task, parameters) * scales
    assert network.jacobian.shape == (6, task.architecture.n_parameters)
    np.testing.assert_allclose(network.jacobian, expected, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(network.outputs, evaluate(task, parameters))


@pytest.mark.parametrize("hidden", [(), (4,), (4, 3, 5)])
def test_kernel_is_that_of_the_jacobian(hidden):
    task, parameters = drawn(hidden, bias_scaling="fan_in", weight_scaling="none")
    network = linearize(task, parameters)
    expected = network.jacobian @ network.jacobian.T
    np.testing.assert_allclose(network.tangent_kernel, expected, rtol=1e-13, atol=1e-13)
    np.testing.assert_array_equal(
        network.tangent_kernel, gradient_kernel(layer_gradients(task, parameters))
    )


def test_a_perceptrons_kernel_is_that_of_infinite_width():
    task, parameters = drawn((), sigma_w=1.5, sigma_b=0.4)
    found = linearize(task, parameters).tangent_kernel
    np.testing.assert_allclose(found, tangent_kernel(task), rtol=1e-13, atol=1e-14)


def descend(task, parameters, training_set, *, steps, rate, parametrization="ntk", targets=1.0):
    """Train a network itself by gradient descent, its Jacobian taken anew at each step."""
    scales = column_scales(task, parameters, parametrization)
    chosen = list(training_set.indices)
    y = np.where(np.array(training_set.labels) == 1, targets, -targets)
    theta = flat(parameters) / np.where(scales > 0, scales, 1.0)
    for _ in range(steps):
        now = unflat(theta * np.where(scales > 0, scales, 1.0), parameters)
        network = linearize(task, now, parametrization=parametrization)
        error = network.outputs[chosen] - y
        theta = theta - rate / len(y) * error @ network.jacobian[chosen]
    return evaluate(task, unflat(theta * np.where(scales > 0, scales, 1.0), parameters))


def test_a_perceptron_is_its_own_linearisation():
    S = TrainingSet([0, 2, 3, 5], [1, 0, 1, 1])
    task, parameters = drawn((), sigma_w=1.5, sigma_b=0.4)
    for steps in (1, 30):
        found = linearize(task, parameters).train(S, steps=steps, learning_rate=0.5, targets=2.0)
        expected = descend(task, parameters, S, steps=steps, rate=0.5, targets=2.0)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_training_is_that_of_the_linear_model():
    S = TrainingSet([0, 2, 5], [1, 0, 1])
    task, parameters = drawn((6,), "gelu", sigma_b=0.5)
    network = linearize(task, parameters)
    J, y, rate = network.jacobian, np.array([1.0, -1.0, 1.0]), 0.4
    change = np.zeros(J.shape[1])
    for _ in range(50):
        error = network.outputs[[0, 2, 5]] + J[[0, 2, 5]] @ change - y
        change = change - rate / 3 * error @ J[[0, 2, 5]]
    found = network.train(S, steps=50, learning_rate=rate)
    np.testing.assert_allclose(found, network.outputs + J @ change, rtol=0, atol=1e-12)
    # The limit is the interpolation by the smallest change of parameters.
    least = np.linalg.lstsq(J[[0, 2, 5]], y - network.outputs[[0, 2, 5]], rcond=None)[0]
    limit = network.train(S, time=math.inf)
    np.testing.assert_allclose(limit, network.outputs + J @ least, rtol=0, atol=1e-11)
    np.testing.assert_array_equal(limit[[0, 2, 5]], y)
    np.testing.assert_array_equal(network.train(S, time=0.0), network.outputs)


@pytest.mark.parametrize("parametrization", ["ntk", "standard"])
def test_wide_networks_train_as_their_linearisations(parametrization):
    # The tangent kernel changes by O(1 / width) in training, so the distance goes down as that.
    S, n = TrainingSet([0, 1, 3], [1, 0, 1]), 40
    means, errors = [], []
    for width in (32, 256):
        squares = []
        for index in range(n):
            task, parameters = drawn(
                (width, width), "erf", inputs=boolean_cube(2, "pm1"), index=index
            )
            network = linearize(task, parameters, parametrization=parametrization)
            own = descend(task, parameters, S, steps=10, rate=0.2, parametrization=parametrization)
            squares.append(np.mean((network.train(S, steps=10, learning_rate=0.2) - own) ** 2))
        means.append(np.mean(squares))
        errors.append(np.std(squares, ddof=1) / math.sqrt(n) / means[-1])
    ratio = means[1] / means[0]
    assert means[1] < 1e-4
    assert_within(ratio, (32 / 256) ** 2, ratio * math.hypot(*errors))


def test_an_input_that_moves_no_parameter_stays():
    task, parameters = drawn((7, 7), "relu", inputs=boolean_cube(3), sigma_b=0.0)
    h = linearize(task, parameters).train(TrainingSet([0, 3], [1, 1]), time=math.inf)
    assert h[0] == 0.0 and h[3] == 1.0


def test_bad_input_is_refused():
    task, parameters = drawn((4, 5))
    with pytest.raises(ValueError, match=r"hidden layers of one width, got hidden = \(4, 5\)"):
        linearize(task, parameters, parametrization="standard")
    with pytest.raises(ValueError, match=r"hidden layers of one width, got hidden = \(\)"):
        linearize(*drawn(()), parametrization="standard")
    with pytest.raises(ValueError, match="parametrization must be one of 'ntk', 'standard'"):
        linearize(task, parameters, parametrization="mup")
    with pytest.raises(ValueError, match="parameters must have 3 layers, got 2"):
        linearize(task, parameters[:2])
    with pytest.raises(ValueError, match="'sign' jumps at 0"):
        linearize(*drawn((4,), "sign"))
    infinite = Task(Architecture(3, (math.inf,)), inputs=POINTS)
    with pytest.raises(ValueError, match="finite hidden widths"):
        linearize(infinite, parameters)
    network = linearize(task, parameters)
    with pytest.raises(ValueError, match="index 6, but there are m = 6"):
        network.train(TrainingSet([6], [1]))
    with pytest.raises(ValueError, match="training_set must be a TrainingSet, got list"):
        network.train([0, 1])
    with pytest.raises(ValueError, match="diverges"):
        network.train(TrainingSet([0], [1]), steps=3, learning_rate=1e6)
    with pytest.raises(ValueError, match="got time=1.0 and steps=3"):
        network.train(TrainingSet([0], [1]), time=1.0, steps=3)
