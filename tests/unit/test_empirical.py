"""Kernels of finite networks and their convergence, against plain loops over networks."""

import math

import numpy as np
import pytest
from agreement import assert_within

from priorvol import activation
from priorvol.activation import ACTIVATIONS
from priorvol.architecture import Architecture, Prior
from priorvol.infinite.convergence import kernel_convergence
from priorvol.infinite.covariance import output_law, tangent_kernel
from priorvol.infinite.empirical import (
    empirical_nngp,
    empirical_ntk,
    network_tangent_kernel,
    output_covariance,
)
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.rng import BLOCK, generator
from priorvol.sampler import draw_parameters, evaluate
from priorvol.task import Task

INF = math.inf
POINTS = array_inputs([[0.5, -1.0], [0.1, 0.7], [-1.5, 0.2]])


def finite(hidden, *args, prior=None, inputs=POINTS):
    return Task(Architecture(inputs.n, hidden, *args), prior or Prior(1.3, 0.4), inputs)


def jacobian_by_differences(task, parameters, scales, step=1e-6):
    """Return the derivatives of the outputs by every parameter times its scale, (m, p)."""
    columns = []
    for layer, (W, b) in enumerate(parameters):
        for array, scale in ((W, scales[layer][0]), (b, scales[layer][1])):
            for place in np.ndindex(array.shape):
                held = array[place]
                array[place] = held + step
                up = evaluate(task, parameters)
                array[place] = held - step
                down = evaluate(task, parameters)
                array[place] = held
                columns.append(scale * (up - down) / (2 * step))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("parametrization", ["ntk", "standard"])
def test_tangent_kernel_of_one_network_against_its_jacobian(name, parametrization):
    if name == "sign":
        with pytest.raises(ValueError, match="sign"):
            empirical_ntk(finite((3,), name), n_networks=2, parametrization=parametrization)
        return
    prior = Prior((1.3, 0.9, 1.6), (0.4, 0.0, 0.2), bias_scaling=("none", "none", "fan_in"))
    task = finite((4, 4), name, 0.2, prior=prior)
    parameters = draw_parameters(task, seed=3)
    scales = task.prior.scales(task.architecture.layer_sizes)
    if parametrization == "standard":
        scales = [(0.5, 0.5 if bias else 0.0) for _, bias in scales]  # 1 / sqrt(width)
    J = jacobian_by_differences(task, parameters, scales)
    kernel = network_tangent_kernel(task, parameters, parametrization=parametrization)
    np.testing.assert_allclose(kernel, J @ J.T, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", ["relu", "erf", "sign"])
def test_output_covariance_against_redrawn_output_layers(name):
    prior = Prior(1.3, (0.1, 0.2, 0.4))
    task = finite((5, 6), name, -0.1, prior=prior)
    parameters = draw_parameters(task, seed=4)
    n, rng = 5_000, generator(4, "output layers")
    outputs = np.empty((n, task.m))
    for i in range(n):
        top = rng.normal(size=(1, 6)) * 1.3 / math.sqrt(6), rng.normal(size=1) * 0.4
        outputs[i] = evaluate(task, [*parameters[:-1], top])
    products = outputs[:, :, None] * outputs[:, None, :]
    error = products.std(axis=0) / math.sqrt(n)
    assert_within(products.mean(axis=0), output_covariance(task, parameters), error)


@pytest.mark.parametrize("parametrization", ["ntk", "standard"])
def test_mean_and_standard_error(parametrization):
    task = finite((6, 6), "tanh")
    drawn = [draw_parameters(task, seed=9, index=i) for i in range(25)]
    kinds = [
        (empirical_nngp(task, n_networks=25, seed=9), output_covariance, {}),
        (
            empirical_ntk(task, n_networks=25, seed=9, parametrization=parametrization),
            network_tangent_kernel,
            {"parametrization": parametrization},
        ),
    ]
    for found, kernel, how in kinds:
        stack = np.array([kernel(task, parameters, **how) for parameters in drawn])
        np.testing.assert_allclose(found.mean, stack.mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(found.fluctuation, stack.std(axis=0, ddof=1), rtol=1e-12)
        np.testing.assert_allclose(found.standard_error, stack.std(axis=0, ddof=1) / 5, rtol=1e-12)
        assert found.n_networks == 25 and found.seed == 9
    assert parametrization in kinds[1][0].quantity


def test_seeds():
    task = finite((4,))
    one, again, other = (empirical_nngp(task, n_networks=5, seed=s).mean for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).all()
    assert BLOCK > 5


def test_perceptron_has_one_kernel():
    task = finite((), prior=Prior(2.0, 0.5))
    for found in (empirical_nngp(task, n_networks=3), empirical_ntk(task, n_networks=3)):
        np.testing.assert_allclose(found.mean, output_law(task).covariance, rtol=1e-14)
        assert not found.standard_error.any()


@pytest.mark.parametrize(
    ("task", "how", "message"),
    [
        (finite((INF,)), {"n_networks": 3}, "finite hidden widths"),
        (finite((4,)), {"n_networks": 1}, "n_networks must be at least 2"),
        (finite((4,)), {"n_networks": 3, "seed": -1}, "seed must be"),
        ("task", {"n_networks": 3}, "must be a Task"),
    ],
)
def test_refusals(task, how, message):
    for function in (empirical_nngp, empirical_ntk):
        with pytest.raises(ValueError, match=message):
            function(task, **how)


def test_more_refusals():
    with pytest.raises(ValueError, match="parametrization must be one of"):
        empirical_ntk(finite((4,)), n_networks=3, parametrization="mup")
    with pytest.raises(ValueError, match="one width"):
        empirical_ntk(finite((4, 5)), n_networks=3, parametrization="standard")


def plain_errors(stack, limit):
    """Return deviation, bias squared and fluctuation of a stack of kernels, by their definition."""
    n, size = len(stack), np.linalg.norm(limit)
    mean = stack.mean(axis=0)
    scatter = np.square(stack - mean).sum() / (n - 1)
    deviation = np.linalg.norm(mean - limit)
    away = [((a - limit) * (b - limit)).sum() for i, a in enumerate(stack) for b in stack[:i]]
    return deviation / size, np.mean(away) / size**2, math.sqrt(scatter) / size


def test_convergence_against_plain_loops():
    task = finite((INF, INF), "tanh", prior=Prior(1.3, (0.4, 0.0, 0.2)))
    found = kernel_convergence(task, [9, 4], n_networks=12, seed=5)
    assert found.widths.tolist() == [4, 9] and found.n_networks == 12 and found.seed == 5
    limits = {"NNGP": output_law(task).covariance, "NTK": tangent_kernel(task)}
    seeds = generator(5, "kernel convergence").integers(2**63, size=10)
    for i, width in enumerate((4, 9)):
        network = finite((width, width), "tanh", prior=task.prior)
        drawn = [draw_parameters(network, seed=int(seeds[width]), index=k) for k in range(12)]
        for name, kernel in (("NNGP", output_covariance), ("NTK", network_tangent_kernel)):
            stack = np.array([kernel(network, parameters) for parameters in drawn])
            whole = plain_errors(stack, limits[name])
            without = np.array(
                [plain_errors(np.delete(stack, k, axis=0), limits[name]) for k in range(12)]
            )
            jackknife = np.sqrt(11 / 12 * np.square(without - without.mean(axis=0)).sum(axis=0))
            errors = found.kernels[name]
            got = [(errors.deviation, errors.deviation_error)]
            got += [(errors.bias_squared, errors.bias_squared_error)]
            got += [(errors.fluctuation, errors.fluctuation_error)]
            for value, error, (pair) in zip(whole, jackknife, got, strict=True):
                assert pair[0][i] == pytest.approx(value, rel=1e-10)
                assert pair[1][i] == pytest.approx(error, rel=1e-8)


def test_exponent_is_weighted_least_squares():
    found = kernel_convergence(finite((INF,)), [4, 8, 16, 32], n_networks=20)
    for name in ("NNGP", "NTK"):
        for start in (1, 8):
            errors, used = found.kernels[name], found.widths >= start
            weight = (errors.fluctuation / errors.fluctuation_error)[used]
            (slope, _), covariance = np.polyfit(
                np.log(found.widths[used]),
                np.log(errors.fluctuation[used]),
                1,
                w=weight,
                cov="unscaled",
            )
            got = found.exponent(name, from_width=start)
            np.testing.assert_allclose(got, (slope, math.sqrt(covariance[0, 0])), rtol=1e-9)
    with pytest.raises(ValueError, match="two widths from 32 on"):
        found.exponent(from_width=32)
    with pytest.raises(ValueError, match="kernel must be one of 'NNGP', 'NTK'"):
        found.exponent("ntk")


def test_convergence_prints_itself():
    text = str(kernel_convergence(finite((INF,), "sign"), [4, 1024], n_networks=5))
    assert "NNGP" in text and "NTK" not in text and "1,024" in text and "5 networks a width" in text
    text = str(kernel_convergence(finite((INF,)), [4], n_networks=5))
    assert text.index("NNGP") < text.index("NTK")


@pytest.mark.parametrize(
    ("task", "widths", "how", "message"),
    [
        (finite((4,)), [4], {}, "infinite hidden widths"),
        (finite(()), [4], {}, "needs hidden layers"),
        (finite((INF,)), [], {}, "widths must be a sequence"),
        (finite((INF,)), "4", {}, "widths must be a sequence"),
        (finite((INF,)), 4, {}, "widths must be a sequence"),
        (finite((INF,)), [0], {}, "width must be at least 1"),
        (finite((INF,)), [INF], {}, "width must be an integer"),
        (finite((INF,)), [4], {"n_networks": 2}, "n_networks must be at least 3"),
        (finite((INF,)), [4], {"seed": -1}, "seed must be"),
        (finite((INF,), prior=Prior(distribution="uniform")), [4], {}, "no Gaussian limit"),
        (
            finite((INF,), prior=Prior(sigma_b=0.0), inputs=array_inputs([[0.0, 0.0]])),
            [4],
            {},
            "nothing to be relative to",
        ),
        ("task", [4], {}, "must be a Task"),
    ],
)
def test_convergence_refusals(task, widths, how, message):
    with pytest.raises(ValueError, match=message):
        kernel_convergence(task, widths, **how)


def test_activation_derivative_is_that_of_apply():
    z = np.linspace(-3.0, 3.0, 14)
    for name in ACTIVATIONS:
        if name != "sign":
            rise = activation.apply(z + 1e-6, name) - activation.apply(z - 1e-6, name)
            np.testing.assert_allclose(activation.derivative(z, name), rise / 2e-6, atol=1e-8)


def test_cube_by_default():
    task = Task(Architecture(2, (8,)))
    assert empirical_nngp(task, n_networks=2).mean.shape == (4, 4)
    assert boolean_cube(2) == task.inputs
