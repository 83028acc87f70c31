"""Activation kernels against their float64 definitions, in units of the last place."""

import numpy as np
import pytest

from priorvol import activation
from priorvol._kernels.activations import CODES, activate

TINY = np.finfo(np.float32).tiny

# Largest error: so many float32 ulps of the exact value, or the absolute error if that is larger.
# 1e-37 is the edge of the exponential's range; 1 + erf cancels in the tail of gelu; pi is good to
# 53 bits, so zeros of the sine up to 1e4 are good to 1e4 / 2^52.
TOLERANCES = {
    "relu": (0, 0.0),
    "leaky_relu": (1, 0.0),
    "tanh": (2, 0.0),
    "erf": (3, 0.0),
    "sigmoid": (3, 1e-37),
    "gelu": (3, 1.2e-7),
    "softplus": (3, 1e-37),
    "sin": (3, 3e-12),
    "sign": (0, 0.0),
    "linear": (0, 0.0),
}


def _grid():
    sizes = np.geomspace(2.0**-149, 1e4, 300_001)
    parts = [
        np.linspace(-12, 12, 600_001),
        np.linspace(-1e4, 1e4, 600_001),
        np.pi / 2 * np.arange(-6000, 6001),  # zeros and extremes of the sine
        sizes,
        -sizes,
        [0.0, -0.0, TINY, -TINY, 1e-45, -1e-45, 0.625, -0.625, 1.0, -1.0],
    ]
    values = np.concatenate(parts).astype(np.float32)
    values = np.concatenate([values, np.nextafter(values, np.float32(np.inf))])
    return values[: len(values) - len(values) % 16]


GRID = _grid()


def run(z, name, shift=0.0, slope=activation.LEAKY_SLOPE):
    h = np.array(z, dtype=np.float32)
    assert len(h) % 16 == 0
    vectors = len(h) // 16
    activate(h, 1, vectors, len(h), CODES[name], np.float32(shift), np.float32(slope))
    return h


def assert_close(found, exact, ulps, absolute):
    place = np.spacing(np.maximum(np.abs(exact), TINY).astype(np.float32)).astype(np.float64)
    excess = np.abs(found.astype(np.float64) - exact) - np.maximum(ulps * place, absolute)
    assert (excess <= 0).all(), f"at {GRID[excess.argmax()]!r}: {found[excess.argmax()]!r}"


def test_every_activation_has_a_kernel():
    assert set(CODES) == set(activation.ACTIVATIONS) == set(TOLERANCES)
    assert len(set(CODES.values())) == len(CODES)


@pytest.mark.parametrize("name", CODES)
def test_within_a_few_ulps_of_the_definition(name):
    exact = activation.apply(GRID.astype(np.float64), name)
    found = run(GRID, name)
    assert np.isfinite(found).all()
    assert_close(found, exact, *TOLERANCES[name])


@pytest.mark.parametrize("slope", [0.0, 0.25, 1.0])
def test_leaky_slopes(slope):
    exact = activation.apply(GRID.astype(np.float64), "leaky_relu", slope=slope)
    assert_close(run(GRID, "leaky_relu", slope=slope), exact, 1, 0.0)


@pytest.mark.parametrize("name", ["tanh", "erf", "sin", "linear"])
def test_odd_functions_are_exactly_odd(name):
    np.testing.assert_array_equal(run(-GRID, name), -run(GRID, name))


@pytest.mark.parametrize("name", ["relu", "tanh", "erf", "sin", "linear", "leaky_relu"])
def test_zero_stays_exactly_zero(name):
    np.testing.assert_array_equal(run(np.array([0.0, -0.0] * 8), name), np.zeros(16))


def test_exact_values_at_zero():
    zeros = np.zeros(16)
    assert (run(zeros, "sigmoid") == 0.5).all()
    assert (run(zeros, "gelu") == 0.0).all()
    assert (run(zeros, "sign") == -1.0).all()
    assert (run(-zeros, "sign") == -1.0).all()


@pytest.mark.parametrize("name", ["tanh", "erf"])
def test_saturating_functions_stay_within_one(name):
    found = run(GRID, name)
    assert np.abs(found).max() == 1.0


def test_sigmoid_stays_within_zero_and_one():
    found = run(GRID, "sigmoid")
    assert found.min() >= 0.0 and found.max() == 1.0


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("shift", [-0.3989422804014327, 0.75])
def test_a_shift_is_one_more_addition(name, shift):
    expected = run(GRID, name) + np.float32(shift)
    np.testing.assert_array_equal(run(GRID, name, shift=shift), expected)


@pytest.mark.parametrize("name", CODES)
def test_rows_are_a_stride_apart_and_nothing_else_is_touched(name):
    rng = np.random.default_rng(1)
    h = rng.normal(size=(5, 64)).astype(np.float32)
    before = h.copy()
    flat = h.ravel()
    activate(flat, 3, 2, 64, CODES[name], np.float32(0.5), np.float32(0.01))
    h = flat.reshape(5, 64)
    for row in range(3):
        np.testing.assert_array_equal(h[row, :32], run(before[row, :32], name, shift=0.5))
    np.testing.assert_array_equal(h[:, 32:], before[:, 32:])
    np.testing.assert_array_equal(h[3:], before[3:])
