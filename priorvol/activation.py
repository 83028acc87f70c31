"""Activation functions: float64 definitions and their means under a standard normal.

The sampling kernels hold float32 versions of the same functions and are tested against these.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from priorvol import checks

Array = npt.NDArray[np.float64]

# E[log(1 + exp(z))] for z ~ N(0, 1), by quadrature; tests/unit/test_activation.py repeats it.
_SOFTPLUS_MEAN = 0.8060591833474398

LEAKY_SLOPE = 0.01


def _erf(z: Array) -> Array:
    from scipy.special import erf

    return np.asarray(erf(z), dtype=np.float64)


def _sigmoid(z: Array) -> Array:
    from scipy.special import expit

    return np.asarray(expit(z), dtype=np.float64)


def _gelu(z: Array) -> Array:
    from scipy.special import ndtr

    return np.asarray(z * ndtr(z), dtype=np.float64)


_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: np.maximum(z, 0.0),
    "leaky_relu": lambda z: np.maximum(z, 0.0),  # the slope is added in `apply`
    "tanh": np.tanh,
    "erf": _erf,
    "sigmoid": _sigmoid,
    "gelu": _gelu,
    "softplus": lambda z: np.logaddexp(0.0, z),
    "sin": np.sin,
    "sign": lambda z: np.where(z > 0.0, 1.0, -1.0),
    "linear": lambda z: z,
}


def _sech_squared(z: Array) -> Array:
    small = np.exp(-2.0 * np.abs(z))
    return np.asarray(4.0 * small / (1.0 + small) ** 2, dtype=np.float64)


def _normal_density(z: Array) -> Array:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi), dtype=np.float64)


def _gelu_slope(z: Array) -> Array:
    from scipy.special import ndtr

    return np.asarray(ndtr(z) + z * _normal_density(z), dtype=np.float64)


_DERIVATIVES: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: np.where(z > 0.0, 1.0, 0.0),
    "tanh": _sech_squared,
    "erf": lambda z: 2.0 / math.sqrt(math.pi) * np.exp(-z * z),
    "sigmoid": lambda z: _sigmoid(z) * _sigmoid(-z),
    "gelu": _gelu_slope,
    "softplus": _sigmoid,
    "sin": np.cos,
    "linear": np.ones_like,
}

ACTIVATIONS: tuple[str, ...] = tuple(_FUNCTIONS)
"""The names that ``Architecture(activation=...)`` accepts."""


def apply(z: Array, activation: str, *, shift: float = 0.0, slope: float = LEAKY_SLOPE) -> Array:
    """Return phi(z) + shift in float64.

    Parameters
    ----------
    z : array
        Pre-activations, any shape.
    activation : str
        One of `ACTIVATIONS`. ``gelu`` is z Phi(z); ``sign`` is -1 or +1 with sign(0) = -1.
    shift : float
        Added to phi.
    slope : float
        The slope of ``leaky_relu`` on the negative side.

    Raises
    ------
    ValueError
        If the activation is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> apply(np.array([-1.0, 2.0]), "leaky_relu", shift=0.5)
    array([0.49, 2.5 ])
    """
    checks.choice("activation", activation, ACTIVATIONS)
    values = _FUNCTIONS[activation](np.asarray(z, dtype=np.float64))
    if activation == "leaky_relu":
        values = values + slope * np.minimum(z, 0.0)
    return values + shift if shift else values


def derivative(z: Array, activation: str, *, slope: float = LEAKY_SLOPE) -> Array:
    """Return phi'(z) in float64; a shift has none.

    Parameters
    ----------
    z : array
        Pre-activations, any shape.
    activation : str
        One of `ACTIVATIONS` but ``sign``. At the kink of ``relu`` and ``leaky_relu`` it is the
        derivative from the left.
    slope : float
        The slope of ``leaky_relu`` on the negative side.

    Raises
    ------
    ValueError
        If the activation is unknown, or jumps (``sign``).

    Examples
    --------
    >>> import numpy as np
    >>> derivative(np.array([-1.0, 0.0, 2.0]), "relu")
    array([0., 0., 1.])
    """
    checks.choice("activation", activation, ACTIVATIONS)
    if activation == "sign":
        raise ValueError("activation 'sign' jumps at 0: it has no derivative to train with")
    values = np.asarray(z, dtype=np.float64)
    if activation == "leaky_relu":
        return np.where(values > 0.0, 1.0, slope)
    return _DERIVATIVES[activation](values)


def gaussian_mean(activation: str, *, slope: float = LEAKY_SLOPE) -> float:
    """Return E[phi(z)] for z ~ N(0, 1), without any shift (2510.06527).

    Examples
    --------
    >>> round(gaussian_mean("relu"), 5)
    0.39894
    """
    checks.choice("activation", activation, ACTIVATIONS)
    means = {
        "relu": 1 / math.sqrt(2 * math.pi),
        "leaky_relu": (1 - slope) / math.sqrt(2 * math.pi),
        "sigmoid": 0.5,
        "gelu": 1 / (2 * math.sqrt(math.pi)),
        "softplus": _SOFTPLUS_MEAN,
    }
    return means.get(activation, 0.0)
