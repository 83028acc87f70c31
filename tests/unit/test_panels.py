"""Functions as polynomials on panels: resolved everywhere, with kinks and jumps where they are."""

import numpy as np
import pytest

from priorvol.infinite.panels import resolve

REACH = 60.0
Z = np.concatenate([np.linspace(-59.9, 59.9, 2001), np.linspace(-1.3, 1.3, 1001)]) + 1e-5


@pytest.mark.parametrize(
    "f, kinks, jumps",
    [
        (np.tanh, [], [[], []]),
        (lambda z: np.maximum(z, 0.0), [0.0], [[0.0], [1.0]]),
        (lambda z: np.abs(z - 1 / 3), [1 / 3], [[0.0], [2.0]]),
        (lambda z: np.where(z > 0.7, 2.0, 0.0), [0.7], [[2.0], [0.0]]),
        (lambda z: np.clip(z, -1.0, 1.0), [-1.0, 1.0], [[0.0, 0.0], [1.0, -1.0]]),
        (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))), [0.0], [[0.0], [0.0]]),
        (lambda z: np.where(z > -40.1, z, z - 3.0), [-40.1], [[3.0], [0.0]]),
        (lambda z: np.sin(5 * z), [], [[], []]),
    ],
)
def test_values_kinks_and_jumps(f, kinks, jumps):
    found = resolve(f, REACH)
    np.testing.assert_allclose(found(Z), f(Z), atol=1e-11)
    np.testing.assert_allclose(found.kinks, kinks, rtol=5e-14, atol=1e-25)
    np.testing.assert_allclose(found.jumps, np.reshape(jumps, (2, -1)), atol=1e-9)
    assert found.singular.size == 0


def test_many_kinks():
    """Of a triangle wave every kink is found, wherever bisection happens to fall."""
    for period in (2.0, 2.0 / 3.0, 2.0 * np.pi):
        found = resolve(lambda z, p=period: np.abs(np.mod(2 * z / p, 2) - 1), 25.0)
        inner = found.kinks[np.abs(found.kinks) < 24.0]
        places = np.arange(-200, 201) * period / 2
        expected = places[np.abs(places) < 24.0]
        np.testing.assert_allclose(inner, expected, rtol=1e-13, atol=1e-14)
        assert found.singular.size == 0 and not found.jumps[0].any()
        sizes = np.abs(found.jumps[1][np.abs(found.kinks) < 24.0])
        np.testing.assert_allclose(sizes, 4 / period, rtol=1e-9)


def test_derivatives():
    found = resolve(np.tanh, REACH)
    square = 1 / np.cosh(Z) ** 2
    np.testing.assert_allclose(found(Z, 1), square, atol=1e-12)
    np.testing.assert_allclose(found(Z, 2), -2 * np.tanh(Z) * square, atol=1e-10)


def test_sides_of_a_kink():
    found = resolve(lambda z: np.where(z > 0.0, 1.0 + z, 3.0 * z), REACH)
    assert found.sides(0.0, 0) == pytest.approx((0.0, 1.0), abs=1e-13)
    assert found.sides(0.0, 1) == pytest.approx((3.0, 1.0), abs=1e-11)


def test_known_kinks_are_kept():
    """What is narrower than the first nodes is missed, unless it is named."""
    width = 1e-5

    def f(z):
        return np.maximum(0.0, 1.0 - np.abs(z - 0.13) / width)

    told = resolve(f, 5.0, (0.13 - width, 0.13, 0.13 + width))
    assert told(0.13 + width / 4) == pytest.approx(0.75, abs=1e-8)
    assert len(told.kinks) == 3


def test_singular_places_are_named():
    found = resolve(lambda z: np.sqrt(np.abs(z)), REACH)
    assert found.singular.size == 1 and abs(found.singular[0]) < 1e-20
    np.testing.assert_allclose(found(Z), np.sqrt(np.abs(Z)), atol=1e-13)


def test_taylor_polynomials_near_zero():
    base = resolve(np.tanh, 1.0)
    near = base.near_zero(1e-5, 0.0)
    z = np.array([-9e-6, -1e-9, 3e-7, 8e-6])
    np.testing.assert_allclose(near(z), np.tanh(z), rtol=1e-12)
    np.testing.assert_allclose(near(z, 1), 1 / np.cosh(z) ** 2, rtol=1e-12)
    assert base.near_zero(1e-2, 0.0) is None
    kinked = resolve(lambda z: np.maximum(z, 0.0) - 2 * z, 1.0).near_zero(1e-6, 0.0)
    assert kinked.kinks.tolist() == [0.0]
    np.testing.assert_allclose(kinked(np.array([-5e-7, 5e-7]), 1), [-2.0, -1.0], rtol=1e-11)
    assert resolve(lambda z: np.sqrt(np.abs(z)), 1.0).near_zero(1e-6, 0.0) is None


@pytest.mark.parametrize(
    "f, message",
    [
        (lambda z: z[:2], "argument's shape"),
        (lambda z: np.where(z > 3.0, np.nan, z), "must be finite"),
        (lambda z: np.sin(1e9 * z), "cannot be resolved"),
    ],
)
def test_what_cannot_be_resolved(f, message):
    with pytest.raises(ValueError, match=message):
        resolve(f, REACH)
