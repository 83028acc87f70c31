"""Random networks against the limit of infinite width, within computed standard errors.

With one hidden layer and Gaussian parameters below it, the mean kernels of finite networks are
those of the limit at every width. With more layers they differ by O(1 / width), which is taken out
by comparing two widths: 2 K(2 N) - K(N) is within O(1 / width^2) of the limit.
"""

import math

import numpy as np
import pytest
from agreement import assert_within

from priorvol.activation import ACTIVATIONS
from priorvol.architecture import Architecture, Prior
from priorvol.infinite.convergence import kernel_convergence
from priorvol.infinite.covariance import output_law, tangent_kernel
from priorvol.infinite.empirical import empirical_nngp, empirical_ntk
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.sampler import draw_parameters, evaluate
from priorvol.task import Task

INF = math.inf
POINTS = array_inputs([[0.5, -1.0, 0.3], [0.1, 0.7, 1.2], [-1.5, 0.2, 0.0], [0.0, 0.0, 0.0]])


def with_widths(hidden, activation, prior, inputs=POINTS, shift=0.0):
    return Task(Architecture(inputs.n, hidden, activation, shift), prior, inputs)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sigma_b", [0.0, 0.5])
def test_one_hidden_layer_is_exact_at_any_width(activation, sigma_b):
    prior = Prior((1.4, 1.2), (sigma_b, 0.3))
    limit = with_widths((INF,), activation, prior, shift=0.2)
    finite = with_widths((30,), activation, prior, shift=0.2)
    found = empirical_nngp(finite, n_networks=250, seed=1)
    rounding = 1e-12  # where all networks have one value
    assert_within(found.mean, output_law(limit).covariance, found.standard_error + rounding)
    if activation != "sign":
        found = empirical_ntk(finite, n_networks=250, seed=2)
        assert_within(found.mean, tangent_kernel(limit), found.standard_error + rounding)


@pytest.mark.parametrize(
    "prior",
    [
        Prior((1.4, 1.2), (0.5, 0.3), ("gaussian", "uniform"), bias_scaling="none"),
        Prior((0.8, 1.2), (0.5, 0.0), weight_scaling=("none", "fan_in")),
        Prior((1.4, 1.2), (0.9, 0.0), bias_scaling=("fan_in", "none")),
    ],
    ids=["uniform above", "unscaled weights", "scaled biases"],
)
def test_scalings_of_one_hidden_layer(prior):
    finite = with_widths((30,), "relu", prior)
    if prior.distribution[1] == "uniform":  # of the same variance: the same mean kernel
        prior = Prior(prior.sigma_w, prior.sigma_b)
    limit = with_widths((INF,), "relu", prior)
    for found, wanted in (
        (empirical_nngp(finite, n_networks=600, seed=3), output_law(limit).covariance),
        (empirical_ntk(finite, n_networks=600, seed=4), tangent_kernel(limit)),
    ):
        assert_within(found.mean, wanted, found.standard_error + 1e-12)


def extrapolated(kernel, task_of, width, **how):
    """Return 2 K(2 N) - K(N) with its standard error."""
    once = kernel(task_of(width), seed=5, **how)
    twice = kernel(task_of(2 * width), seed=6, **how)
    error = np.hypot(2 * twice.standard_error, once.standard_error)
    return 2 * twice.mean - once.mean, error + 1e-12


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
@pytest.mark.parametrize("depth", [2, 3])
def test_deep_networks_approach_the_limit(activation, depth):
    prior = Prior(1.3, (0.3, *[0.2] * (depth - 1), 0.0))
    limit = with_widths((INF,) * depth, activation, prior)
    kernels = [
        (empirical_nngp, output_law(limit).covariance, {}),
        (empirical_ntk, tangent_kernel(limit), {}),
        (
            empirical_ntk,
            tangent_kernel(limit, parametrization="standard"),
            {"parametrization": "standard"},
        ),
    ]
    for kernel, wanted, how in kernels:
        got, error = extrapolated(
            kernel,
            lambda width: with_widths((width,) * depth, activation, prior),
            60,
            n_networks=150,
            **how,
        )
        assert_within(got, wanted, error)


def test_deep_networks_of_other_scalings_approach_the_limit():
    # uniform weights above, biases that vanish there, unscaled weights below
    prior = Prior(
        (0.8, 1.3, 1.2),
        (0.5, 0.6, 0.7),
        ("gaussian", "uniform", "uniform"),
        ("none", "fan_in", "fan_in"),
        ("none", "fan_in", "fan_in"),
    )
    limit = with_widths((INF, INF), "erf", prior)
    for kernel, wanted in (
        (empirical_nngp, output_law(limit).covariance),
        (empirical_ntk, tangent_kernel(limit)),
    ):
        got, error = extrapolated(
            kernel, lambda n: with_widths((n, n), "erf", prior), 60, n_networks=200
        )
        assert_within(got, wanted, error)


def test_standard_parametrisation_without_extrapolation_differs_by_one_over_the_width():
    # one layer: K(N) = K(inf) + (sigma_w^2 E[phi' phi'] x.y + biases) / N exactly in the mean
    prior = Prior((1.3, 1.1), (0.3, 0.2))
    width, X = 25, POINTS.values
    limit = with_widths((INF,), "relu", prior)
    found = empirical_ntk(
        with_widths((width,), "relu", prior),
        n_networks=1000,
        seed=7,
        parametrization="standard",
    )
    first = tangent_kernel(with_widths((), "relu", Prior(1.3, 0.3)))
    # Theta = K^2 + sigma_w^2 E[phi' phi'] K^1 in the NTK parametrisation gives E[phi' phi']
    slope = (tangent_kernel(limit) - output_law(limit).covariance) / (1.21 * first)
    rest = 1.21 * slope * (X @ X.T + 1.0) + 1.0  # 1 for the output's bias
    wanted = tangent_kernel(limit, parametrization="standard") + rest / width
    assert_within(found.mean, wanted, found.standard_error + 1e-12)
    plain = tangent_kernel(limit, parametrization="standard")
    assert (np.abs(found.mean - plain) > 5 * found.standard_error).any()  # the test can tell


def test_outputs_of_wide_networks_have_the_law():
    inputs = boolean_cube(3, "pm1")
    prior = Prior(1.4, 0.2)
    law = output_law(with_widths((INF, INF), "relu", prior, inputs))
    task = with_widths((128, 128), "relu", prior, inputs)
    n = 1500
    h = np.array([evaluate(task, draw_parameters(task, seed=8, index=i)) for i in range(n)])
    assert_within(h.mean(axis=0), 0.0, h.std(axis=0) / math.sqrt(n))
    products = h[:, :, None] * h[:, None, :]
    error = products.std(axis=0) / math.sqrt(n)
    # the mean over networks is off by O(1 / 128), below the error here
    assert_within(products.mean(axis=0), law.covariance, error)
    # and so are the signs: each pair agrees with probability 1/2 + arcsin(rho) / pi
    root = np.sqrt(np.diag(law.covariance))
    rho = np.clip(law.covariance / np.outer(root, root), -1.0, 1.0)
    agree = (h[:, :, None] > 0) == (h[:, None, :] > 0)
    p = 0.5 + np.arcsin(rho) / math.pi
    assert_within(agree.mean(axis=0), p, np.sqrt(p * (1 - p) / n) + 1e-12)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_fluctuations_shrink_as_the_root_of_the_width(activation):
    task = with_widths((INF, INF), activation, Prior(1.4, 0.2), boolean_cube(3, "pm1"))
    found = kernel_convergence(task, [48, 96, 192], n_networks=250, seed=9)
    for name in ("NNGP", "NTK"):
        slope, error = found.exponent(name)
        assert error < 0.05
        assert_within(slope, -0.5, error)


def test_bias_of_the_mean_kernel_vanishes_with_one_hidden_layer_only():
    prior = Prior(1.5, 0.1)
    one = kernel_convergence(with_widths((INF,), "relu", prior), [8], n_networks=1000, seed=10)
    for errors in (one.nngp, one.ntk):
        assert_within(errors.bias_squared, 0.0, errors.bias_squared_error)
    deep = kernel_convergence(with_widths((INF,) * 4, "tanh", prior), [2], n_networks=1000, seed=11)
    assert (deep.nngp.bias_squared > 3 * deep.nngp.bias_squared_error).all()
