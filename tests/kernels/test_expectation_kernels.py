"""Kernels of Gaussian expectations against NumPy."""

import math

import numpy as np
from numpy.polynomial import chebyshev, hermite_e

from priorvol._kernels import expectations as kernels
from priorvol.infinite.panels import resolve

RULE = np.array(np.polynomial.legendre.leggauss(16))
HERMITE = np.array(hermite_e.hermegauss(16))
HERMITE[1] /= HERMITE[1].sum()


def normalised_hermite(n, x):
    """h_n from NumPy's He_n, for n small enough for factorials."""
    return hermite_e.hermeval(x, np.eye(n + 1)[n]) / math.sqrt(math.factorial(n))


def test_hermite_coefficients():
    generator = np.random.default_rng(0)
    x, weighted = generator.normal(size=24), generator.normal(size=24)
    out = np.zeros(12)
    kernels.hermite_coefficients(x, weighted, out)
    expected = [weighted @ normalised_hermite(n, x) for n in range(12)]
    np.testing.assert_allclose(out, expected, rtol=1e-11, atol=1e-12)


def test_mehler_sums():
    generator = np.random.default_rng(1)
    first, second = generator.normal(size=(2, 3, 16))
    rho = np.array([0.0, 0.3, -0.9, 1.0, -1.0, 1e-9])
    left, right = np.array([0, 1, 2, 0, 1, 2]), np.array([2, 0, 1, 0, 1, 0])
    out = np.zeros(6)
    kernels.mehler(rho, left, right, first, second, out)
    powers = rho[:, None] ** np.arange(16)
    expected = (powers * first[left] * second[right]).sum(axis=1)
    np.testing.assert_allclose(out, expected, rtol=1e-13)


def test_panels_and_their_polynomials():
    generator = np.random.default_rng(2)
    breaks, table = np.array([-2.0, 0.0, 0.5, 3.0]), generator.normal(size=(3, 16))
    for z, panel in ((-9.0, 0), (-2.0, 0), (-0.1, 0), (0.0, 1), (0.4, 1), (0.5, 2), (9.0, 2)):
        assert kernels.panel_of(breaks, z) == panel
    for z, panel in ((-1.3, 0), (0.2, 1), (2.9, 2)):
        low, high = breaks[panel], breaks[panel + 1]
        t = (2 * z - low - high) / (high - low)
        expected = chebyshev.chebval(t, table[panel])
        np.testing.assert_allclose(kernels.on_panel(breaks, table, panel, z), expected, rtol=1e-12)


def test_conditional_means():
    """Of |v - 1| and sin v, whose means are known in closed form; kinks in and out of reach."""
    distance, wave = resolve(lambda z: np.abs(z - 1.0), 60.0), resolve(np.sin, 60.0)
    centres = np.array([-4.0, 0.9, 1.0, 2.0])
    for width in (0.01, 0.5, 3.0):
        found = {}
        for name, panels in (("distance", distance), ("wave", wave)):
            out = np.zeros((len(centres), 2))
            kernels.conditionals(
                panels.breaks,
                panels.kinks,
                panels.coefficients[0],
                centres,
                width,
                11.0,
                RULE,
                HERMITE,
                out,
            )
            found[name] = out
        gap = (centres - 1.0) / width
        tail = np.array([math.erf(g / math.sqrt(2)) for g in gap])
        folded = width * (math.sqrt(2 / math.pi) * np.exp(-gap * gap / 2) + gap * tail)
        np.testing.assert_allclose(found["distance"][:, 0], folded, rtol=1e-11, atol=1e-15)
        damp = math.exp(-(width**2) / 2)
        np.testing.assert_allclose(found["wave"][:, 0], np.sin(centres) * damp, atol=1e-13)
        # E[v sin v] = centre E[sin v] + width^2 E[cos v]
        moment = (centres * np.sin(centres) + width**2 * np.cos(centres)) * damp
        np.testing.assert_allclose(found["wave"][:, 1], moment, atol=1e-12)
