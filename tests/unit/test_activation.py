"""Activations against their definitions in scalar arithmetic, their means against quadrature."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from priorvol.activation import ACTIVATIONS, LEAKY_SLOPE, apply, gaussian_mean

EPS = np.finfo(np.float64).eps

DEFINITIONS = {
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "tanh": math.tanh,
    "erf": math.erf,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z)),
    "gelu": lambda z: z * 0.5 * math.erfc(-z / math.sqrt(2)),
    "softplus": lambda z: max(z, 0.0) + math.log1p(math.exp(-abs(z))),
    "sin": math.sin,
    "sign": lambda z: 1.0 if z > 0 else -1.0,
    "linear": lambda z: z,
}

POINTS = np.concatenate([np.linspace(-9, 9, 181), [-0.0, 1e-300, -1e-300, 1e-9, -30.0, 30.0]])


def test_the_list_of_activations_is_complete():
    assert set(ACTIVATIONS) == set(DEFINITIONS)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_definitions(activation):
    expected = np.array([DEFINITIONS[activation](z) for z in POINTS.tolist()])
    found = apply(POINTS, activation)
    assert found.dtype == np.float64 and found.shape == POINTS.shape
    # A few roundings in either formula; that of erfc's argument is magnified by about z^2.
    bound = EPS * (8 + 2 * POINTS**2) * np.abs(expected)
    assert (np.abs(found - expected) <= bound).all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_any_shape_and_a_shift(activation):
    z = np.linspace(-3, 3, 24).reshape(2, 3, 4)
    plain = apply(z, activation)
    assert plain.shape == z.shape
    np.testing.assert_array_equal(apply(z, activation, shift=-0.25), plain - 0.25)
    np.testing.assert_array_equal(apply(z.tolist(), activation), plain)


def test_sign_of_zero_is_minus_one():
    np.testing.assert_array_equal(apply(np.array([0.0, -0.0]), "sign"), [-1.0, -1.0])


def test_leaky_slope():
    z = np.array([-2.0, -1.0, 0.0, 3.0])
    np.testing.assert_array_equal(apply(z, "leaky_relu", slope=0.25), [-0.5, -0.25, 0.0, 3.0])
    np.testing.assert_array_equal(apply(z, "leaky_relu", slope=1.0), z)
    np.testing.assert_array_equal(apply(z, "leaky_relu", slope=0.0), apply(z, "relu"))
    assert LEAKY_SLOPE == 0.01


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_means_against_quadrature(activation):
    def integrand(z):
        return DEFINITIONS[activation](z) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    halves = [quad(integrand, *ends, epsabs=1e-13) for ends in ((-38, 0), (0, 38))]
    value = math.fsum(half[0] for half in halves)
    error = math.fsum(half[1] for half in halves)
    assert error < 1e-8
    assert abs(gaussian_mean(activation) - value) <= error + EPS


def test_the_softplus_constant_to_the_last_digits():
    # The trapezoidal rule's error is exp(-2 pi d / h) for poles at distance d = pi: 1e-34 at 1/4.
    h = 0.25
    nodes = [h * i for i in range(-160, 161)]
    value = math.fsum(
        DEFINITIONS["softplus"](z) * math.exp(-z * z / 2) * h / math.sqrt(2 * math.pi)
        for z in nodes
    )
    # Each term has some five roundings, all terms are positive and add up to less than 1.
    assert abs(gaussian_mean("softplus") - value) <= 5 * EPS


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_leaky_mean_follows_the_slope(slope):
    expected = (1 - slope) / math.sqrt(2 * math.pi)
    assert gaussian_mean("leaky_relu", slope=slope) == expected


def test_published_shifts():
    assert round(gaussian_mean("relu"), 5) == 0.39894
    assert round(gaussian_mean("gelu"), 5) == 0.28209
    assert gaussian_mean("tanh") == 0.0


@pytest.mark.parametrize("name", ["ReLU", "", None, 3, "tahn"])
def test_unknown_activations_are_refused(name):
    for call in (lambda: apply(np.zeros(1), name), lambda: gaussian_mean(name)):
        with pytest.raises(ValueError, match="activation must be one of") as caught:
            call()
        assert repr(name) in str(caught.value)


def test_a_close_name_is_suggested():
    with pytest.raises(ValueError, match="did you mean 'tanh'"):
        gaussian_mean("tahn")
