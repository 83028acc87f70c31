"""Gaussian expectations in closed form: relu, leaky_relu, erf, sign, sin, cos, gelu, linear.

Every class takes variances q_x, q_y and a correlation rho as float64 arrays of one shape, with
rho = 0 where a variance is 0, and looks after accuracy near rho = -1 and 1: 1 - rho^2 is
(1 - rho)(1 + rho), and angles are arctan2. `priorvol.infinite.expectations` checks the arguments
and adds the shift.

Sources: Cho and Saul 2009 (relu), Williams 1997 (erf); 1910.12478 lists both. The others
are derived here.
Gradients follow from Price's theorem: at fixed variances the derivative with respect to the
covariance c is E[phi'(u) phi'(v)].
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Gradient = tuple[Array, Array, Array]

_TWO_PI = 2.0 * math.pi


class Moments(Protocol):
    """Expectations of phi and phi' under centred normals; see `GaussianExpectations`."""

    error: float

    def mean(self, q: Array) -> Array:
        """E[phi(u)]."""

    def mean_gradient(self, q: Array) -> Array:
        """Return d E[phi(u)] / d ln q."""

    def value(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """E[phi(u) phi(v)]."""

    def value_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return its derivatives with respect to ln q_x, ln q_y and rho."""

    def derivative(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """E[phi'(u) phi'(v)]."""

    def derivative_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return its derivatives with respect to ln q_x, ln q_y and rho."""


def _root(q_x: Array, q_y: Array) -> Array:
    """Return sqrt(q_x q_y), exact where both are equal, without overflow."""
    return np.where(q_x == q_y, q_x, np.sqrt(q_x) * np.sqrt(q_y))


def _sine(rho: Array) -> Array:
    """Return sqrt(1 - rho^2)."""
    root: Array = np.sqrt((1.0 - rho) * (1.0 + rho))
    return root


def _inverse_sine(rho: Array) -> Array:
    """Return 1 / sqrt(1 - rho^2), inf at rho = -1 and 1."""
    with np.errstate(divide="ignore"):
        inverse: Array = 1.0 / _sine(rho)
    return inverse


class Rectifier:
    """phi(z) = z above 0 and a z below it: relu (a = 0), leaky_relu, linear (a = 1), abs (-1)."""

    error = 1e-15

    def __init__(self, slope: float) -> None:
        """Take the slope below 0."""
        self.odd = (1.0 + slope) / 2.0  # phi(z) = odd z + even |z|
        self.even = (1.0 - slope) / 2.0

    def mean(self, q: Array) -> Array:
        """E[phi(u)] = even sqrt(2 q / pi)."""
        return self.even * np.sqrt(2.0 * q / math.pi)

    def mean_gradient(self, q: Array) -> Array:
        """Return d E[phi(u)] / d ln q."""
        return self.mean(q) / 2.0

    def value(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """Return odd^2 c + even^2 E|u v|."""
        angle = np.arctan2(rho, _sine(rho))
        both = 2.0 / math.pi * (_sine(rho) + rho * angle)
        return _root(q_x, q_y) * (self.odd**2 * rho + self.even**2 * both)

    def value_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return derivatives: the value has degree 1/2 in both variances."""
        half = self.value(q_x, q_y, rho) / 2.0
        return half, half.copy(), _root(q_x, q_y) * self.derivative(q_x, q_y, rho)

    def derivative(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """Return odd^2 + even^2 E[sign(u) sign(v)]."""
        angle = np.arctan2(rho, _sine(rho))
        return self.odd**2 + self.even**2 * (2.0 / math.pi) * angle + 0.0 * (q_x + q_y)

    def derivative_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return derivatives; that for rho is infinite at rho = -1 and 1 unless linear."""
        zero = np.zeros(np.shape(q_x + q_y + rho))
        if self.even == 0.0:
            return zero, zero.copy(), zero.copy()
        slope = self.even**2 * (2.0 / math.pi) * _inverse_sine(rho)
        return zero, zero.copy(), slope + zero


class ErrorFunction:
    """phi = erf."""

    error = 1e-15

    def mean(self, q: Array) -> Array:
        """E[erf(u)] = 0."""
        return np.zeros(np.shape(q))

    def mean_gradient(self, q: Array) -> Array:
        """Return zeros."""
        return np.zeros(np.shape(q))

    @staticmethod
    def _parts(q_x: Array, q_y: Array, rho: Array) -> tuple[Array, Array]:
        """Return c and Delta = (1 + 2 q_x)(1 + 2 q_y) - 4 c^2."""
        c = _root(q_x, q_y) * rho
        return c, 1.0 + 2.0 * (q_x + q_y) + 4.0 * q_x * q_y * (1.0 - rho) * (1.0 + rho)

    def value(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """Return (2/pi) arcsin(2 c / sqrt((1 + 2 q_x)(1 + 2 q_y)))."""
        c, delta = self._parts(q_x, q_y, rho)
        return 2.0 / math.pi * np.arctan2(2.0 * c, np.sqrt(delta))

    def value_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return derivatives."""
        c, delta = self._parts(q_x, q_y, rho)
        common = 2.0 / math.pi * c / np.sqrt(delta)
        by_rho = _root(q_x, q_y) * (4.0 / math.pi) / np.sqrt(delta)
        return common / (1.0 + 2.0 * q_x), common / (1.0 + 2.0 * q_y), by_rho

    def derivative(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """Return (4/pi) / sqrt(Delta)."""
        return 4.0 / math.pi / np.sqrt(self._parts(q_x, q_y, rho)[1])

    def derivative_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return derivatives."""
        delta = self._parts(q_x, q_y, rho)[1]
        value = 4.0 / math.pi / np.sqrt(delta)
        cross = 2.0 * q_x * q_y * (1.0 - rho) * (1.0 + rho)
        by_rho = value * 4.0 * q_x * q_y * rho / delta
        return -value * (q_x + cross) / delta, -value * (q_y + cross) / delta, by_rho


class Sign:
    """phi = sign, with sign(0) = -1; it has no derivative to take the expectation of."""

    error = 1e-15

    def mean(self, q: Array) -> Array:
        """E[sign(u)] = 0, and sign(0) = -1 where q is 0."""
        return np.where(q == 0.0, -1.0, 0.0)

    def mean_gradient(self, q: Array) -> Array:
        """Return zeros."""
        return np.zeros(np.shape(q))

    def value(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """Return (2/pi) arcsin(rho); 1 where both variances are 0."""
        both: Array = 2.0 / math.pi * np.arctan2(rho, _sine(rho))
        return np.where((q_x == 0.0) & (q_y == 0.0), 1.0, both)

    def value_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return derivatives; that for rho is infinite at rho = -1 and 1."""
        zero = np.zeros(np.shape(q_x + q_y + rho))
        return zero, zero.copy(), 2.0 / math.pi * _inverse_sine(rho) + zero

    def derivative(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """Raise `ValueError`."""
        raise ValueError(
            "E[phi'(u) phi'(v)] is undefined for activation='sign': it jumps, so that its NTK "
            "would be infinite on the diagonal"
        )

    def derivative_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Raise `ValueError`."""
        self.derivative(q_x, q_y, rho)
        raise AssertionError  # not reached


class Wave:
    """phi = sin or cos."""

    error = 1e-15

    def __init__(self, *, is_sine: bool) -> None:
        """Take which of the two it is."""
        self.is_sine = is_sine

    def mean(self, q: Array) -> Array:
        """E[cos(u)] = exp(-q / 2); E[sin(u)] = 0."""
        return np.zeros(np.shape(q)) if self.is_sine else np.exp(-q / 2.0)

    def mean_gradient(self, q: Array) -> Array:
        """Return d E[phi(u)] / d ln q."""
        return np.zeros(np.shape(q)) if self.is_sine else -q / 2.0 * np.exp(-q / 2.0)

    @staticmethod
    def _parts(q_x: Array, q_y: Array, rho: Array) -> tuple[Array, Array, Array]:
        """Return c, E[sin(u) sin(v)] and E[cos(u) cos(v)]."""
        root_x, root_y = np.sqrt(q_x), np.sqrt(q_y)
        c = _root(q_x, q_y) * rho
        gap = (root_x - root_y) ** 2 / 2.0 + _root(q_x, q_y) * (1.0 - np.abs(rho))
        near = np.exp(-gap) / 2.0  # gap = (q_x + q_y) / 2 - |c|
        far = np.exp(-2.0 * np.abs(c))
        return c, np.sign(c) * near * -np.expm1(-2.0 * np.abs(c)), near * (1.0 + far)

    def value(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """Return exp(-(q_x + q_y) / 2) times sinh(c) or cosh(c)."""
        return self._parts(q_x, q_y, rho)[1 if self.is_sine else 2]

    def value_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return derivatives."""
        return self._gradient(q_x, q_y, rho, is_sine=self.is_sine)

    def derivative(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """Return the value of the other of the two."""
        return self._parts(q_x, q_y, rho)[2 if self.is_sine else 1]

    def derivative_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return derivatives."""
        return self._gradient(q_x, q_y, rho, is_sine=not self.is_sine)

    def _gradient(self, q_x: Array, q_y: Array, rho: Array, *, is_sine: bool) -> Gradient:
        c, sines, cosines = self._parts(q_x, q_y, rho)
        own, other = (sines, cosines) if is_sine else (cosines, sines)
        by_x = -q_x / 2.0 * own + c / 2.0 * other
        by_y = -q_y / 2.0 * own + c / 2.0 * other
        return by_x, by_y, _root(q_x, q_y) * other


class GaussianLinear:
    """phi = gelu: z Phi(z) with Phi the normal distribution function.

    With A = 1 + q_x, B = 1 + q_y, Delta = A B - c^2 and F = E[Phi(u) Phi(v)]
    = 1/4 + arctan(t) / (2 pi), t = c / sqrt(Delta), integration by parts (Stein) gives

    E[phi(u) phi(v)] = c F + q_x q_y (Delta + rho^2) / (2 pi A B sqrt(Delta)),
    E[phi'(u) phi'(v)] = F + t J / (2 pi),    J = (3 + q_x + q_y + t^2) / (A B).

    Derivatives are taken at fixed rho, where those of Delta and t by ln q_x are Delta - B and
    t B / (2 Delta): nothing large cancels, whatever the variances.
    """

    error = 1e-15

    def mean(self, q: Array) -> Array:
        """E[u Phi(u)] = q / sqrt(2 pi (1 + q))."""
        return q / np.sqrt(_TWO_PI * (1.0 + q))

    def mean_gradient(self, q: Array) -> Array:
        """Return d E[phi(u)] / d ln q."""
        return self.mean(q) * (1.0 - q / (2.0 * (1.0 + q)))

    def value(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """E[phi(u) phi(v)]."""
        delta, t, f = self._parts(q_x, q_y, rho)
        root = np.sqrt(delta)
        share = q_x / (1.0 + q_x) * (q_y / (1.0 + q_y))
        return t * root * f + share * (root + rho**2 / root) / _TWO_PI

    def value_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return derivatives."""
        by_rho = np.sqrt(q_x) * np.sqrt(q_y) * self.derivative(q_x, q_y, rho)
        return self._value_by_log(q_x, q_y, rho), self._value_by_log(q_y, q_x, rho), by_rho

    def derivative(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """E[phi'(u) phi'(v)], the derivative of the value with respect to c."""
        _, t, f = self._parts(q_x, q_y, rho)
        j = (3.0 + q_x + q_y + t**2) / ((1.0 + q_x) * (1.0 + q_y))
        return f + t * j / _TWO_PI

    def derivative_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return derivatives."""
        delta, t, _ = self._parts(q_x, q_y, rho)
        rest = (3.0 + q_x + q_y + 3.0 * t**2) / delta
        by_rho = np.sqrt(q_x) * np.sqrt(q_y) * (1.0 + rest) / (_TWO_PI * np.sqrt(delta))
        by_x = self._derivative_by_log(q_x, q_y, rho)
        return by_x, self._derivative_by_log(q_y, q_x, rho), by_rho

    @staticmethod
    def _parts(q_x: Array, q_y: Array, rho: Array) -> tuple[Array, Array, Array]:
        """Return Delta, t and F."""
        delta = 1.0 + q_x + q_y + q_x * q_y * (1.0 - rho) * (1.0 + rho)
        t = np.sqrt(q_x) * np.sqrt(q_y) * rho / np.sqrt(delta)
        return delta, t, 0.25 + np.arctan(t) / _TWO_PI

    def _value_by_log(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """Return the derivative of the value with respect to ln q_x."""
        delta, t, f = self._parts(q_x, q_y, rho)
        a, root = 1.0 + q_x, np.sqrt(delta)
        growth = q_x * (1.0 + q_y * (1.0 - rho) * (1.0 + rho))  # Delta - B
        inner = (root + rho**2 / root) / a + growth * (1.0 - rho**2 / delta) / (2.0 * root)
        share = q_x / a * (q_y / (1.0 + q_y))
        return t * root * (f / 2.0 + t / (2.0 * a * _TWO_PI)) + share * inner / _TWO_PI

    def _derivative_by_log(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """Return the derivative of E[phi'(u) phi'(v)] with respect to ln q_x."""
        delta, t, _ = self._parts(q_x, q_y, rho)
        a, b = 1.0 + q_x, 1.0 + q_y
        up = 0.5 + (3.0 + q_x + q_y + 3.0 * t**2) / (2.0 * delta)
        down = q_x / a * (2.0 + q_y + t**2) / b
        return t * (up - down) / (_TWO_PI * a)


def closed_form(activation: str, slope: float) -> Moments | None:
    """Return the closed form of an activation, or None if it has none.

    Examples
    --------
    >>> closed_form("relu", 0.01).mean(np.array(2 * np.pi))
    np.float64(1.0)
    >>> closed_form("tanh", 0.01) is None
    True
    """
    forms: dict[str, Moments] = {
        "relu": Rectifier(0.0),
        "leaky_relu": Rectifier(slope),
        "linear": Rectifier(1.0),
        "erf": ErrorFunction(),
        "sign": Sign(),
        "sin": Wave(is_sine=True),
        "cos": Wave(is_sine=False),
        "gelu": GaussianLinear(),
    }
    return forms.get(activation)
