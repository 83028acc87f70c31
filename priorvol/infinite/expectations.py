"""`GaussianExpectations`: E[phi(u) phi(v)] and its like under a centred bivariate normal.

Every kernel of an infinitely wide network, and every correlation map, is made of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.activation import ACTIVATIONS, LEAKY_SLOPE, apply, gaussian_mean
from priorvol.infinite.closed_forms import Gradient, Moments, closed_form
from priorvol.infinite.quadrature import Quadrature

Array = npt.NDArray[np.float64]
Activation = str | Callable[[Array], Array]

_ROUNDING = 1e-10  # how far beyond -1..1 a correlation may be by rounding


class GaussianExpectations:
    """Expectations of an activation under (u, v) centred normal.

    Parameters
    ----------
    activation : str or callable
        A name in `priorvol.activation.ACTIVATIONS`, ``"cos"``, or a function of a float64 array
        that returns one of the same shape.
    shift : float or "zero-mean"
        Added to phi. ``"zero-mean"`` is -E[phi(z)] under z ~ N(0, 1), so that E[phi(z)] = 0.
    slope : float
        Slope of ``leaky_relu`` on the negative side.
    kinks : sequence of float
        Where a callable or one of its first two derivatives jumps, as far as it is known. Those
        that are not given are looked for.

    Attributes
    ----------
    shift : float
        The number added.
    error : float
        Bound on the error of `value`, relative to sqrt(E[phi(u)^2] E[phi(v)^2]).

    Notes
    -----
    u and v have variances q_x, q_y >= 0 and correlation rho in [-1, 1]; all three broadcast. A
    variable of variance 0 is the number 0, whatever rho is; where phi' jumps there, phi'(0) is the
    mean of both sides. Closed forms: relu, leaky_relu, erf, sign, sin, cos, gelu, linear;
    quadrature for everything else, to 1e-10 for variances from 0.01 to 100 (gradients to 1e-9),
    with an `AccuracyWarning` where its own estimate is larger. Distinct (q_x, q_y, rho) take
    microseconds each by a series; where a callable has kinks and |rho| is near 1 (above 0.99) they
    are integrated one by one, some 10 milliseconds each.

    Raises
    ------
    ValueError
        If a value is out of range or an activation is unknown.

    Examples
    --------
    >>> relu = GaussianExpectations("relu")
    >>> float(relu.value(1.0, 1.0, 1.0))
    0.5
    >>> GaussianExpectations("relu", shift="zero-mean").mean(1.0).item()
    0.0
    """

    def __init__(
        self,
        activation: Activation,
        *,
        shift: float | str = 0.0,
        slope: float = LEAKY_SLOPE,
        kinks: Sequence[float] = (),
    ) -> None:
        """Check the arguments and choose closed form or quadrature."""
        self.activation = activation
        self.slope = checks.real("slope", slope, low=0.0, high=1.0)
        self._moments = _moments(activation, self.slope, tuple(kinks))
        if isinstance(shift, str):
            checks.choice("shift", shift, ("zero-mean",))
            if isinstance(activation, str) and activation in ACTIVATIONS:
                mean = gaussian_mean(activation, slope=self.slope)  # as in Architecture
            else:
                mean = float(self._moments.mean(np.array(1.0)))
            self.shift = 0.0 - mean
        else:
            self.shift = checks.real("shift", shift) + 0.0
        self._added = self.shift
        if self.shift and isinstance(self._moments, Quadrature):
            # added to the values: E[phi^2] - E[phi]^2 would lose what is left of sigmoid - 1/2
            self._moments = _moments(activation, self.slope, tuple(kinks), shift=self.shift)
            self._added = 0.0

    @property
    def error(self) -> float:
        """Bound on the error of `value`, relative to sqrt(E[phi(u)^2] E[phi(v)^2])."""
        return self._moments.error

    @property
    def has_derivative(self) -> bool:
        """Whether E[phi'(u) phi'(v)] is defined: phi does not jump, nor is singular.

        Examples
        --------
        >>> GaussianExpectations("relu").has_derivative
        True
        >>> GaussianExpectations("sign").has_derivative
        False
        """
        try:
            self._moments.derivative(np.ones(1), np.ones(1), np.zeros(1))
        except ValueError:
            return False
        return True

    def mean(self, q: npt.ArrayLike) -> Array:
        """Return E[phi(u)] + shift for u of variance ``q``.

        Examples
        --------
        >>> GaussianExpectations("cos").mean(0.0).item()
        1.0
        """
        return self._moments.mean(_variance("q", q)) + self._added

    def value(self, q_x: npt.ArrayLike, q_y: npt.ArrayLike, rho: npt.ArrayLike) -> Array:
        """Return E[(phi(u) + shift) (phi(v) + shift)].

        Examples
        --------
        >>> GaussianExpectations("linear").value(4.0, 1.0, 0.5).item()
        1.0
        """
        x, y, r = _arguments(q_x, q_y, rho)
        value = self._moments.value(x, y, r)
        if not self._added:
            return value
        means = self._moments.mean(x) + self._moments.mean(y)
        return value + self._added * means + self._added**2

    def value_gradient(
        self, q_x: npt.ArrayLike, q_y: npt.ArrayLike, rho: npt.ArrayLike
    ) -> Gradient:
        """Return the derivatives of `value` with respect to ln q_x, ln q_y and rho.

        They are infinite where they are: for ``sign`` that for rho is, at rho = -1 and 1.

        Examples
        --------
        >>> [g.item() for g in GaussianExpectations("linear").value_gradient(4.0, 1.0, 0.5)]
        [0.5, 0.5, 2.0]
        """
        x, y, r = _arguments(q_x, q_y, rho)
        by_x, by_y, by_rho = self._moments.value_gradient(x, y, r)
        if self._added:
            by_x = by_x + self._added * self._moments.mean_gradient(x)
            by_y = by_y + self._added * self._moments.mean_gradient(y)
        return by_x, by_y, np.where((x == 0.0) | (y == 0.0), 0.0, by_rho)

    def derivative(self, q_x: npt.ArrayLike, q_y: npt.ArrayLike, rho: npt.ArrayLike) -> Array:
        """Return E[phi'(u) phi'(v)].

        Raises
        ------
        ValueError
            If phi jumps, as ``sign`` does.

        Examples
        --------
        >>> GaussianExpectations("relu").derivative(1.0, 3.0, 1.0).item()
        0.5
        """
        return self._moments.derivative(*_arguments(q_x, q_y, rho))

    def derivative_gradient(
        self, q_x: npt.ArrayLike, q_y: npt.ArrayLike, rho: npt.ArrayLike
    ) -> Gradient:
        """Return the derivatives of `derivative` with respect to ln q_x, ln q_y and rho.

        They are infinite where they are: for ``relu`` that for rho is, at rho = -1 and 1.

        Examples
        --------
        >>> [g.item() for g in GaussianExpectations("relu").derivative_gradient(1.0, 1.0, 1.0)]
        [0.0, 0.0, inf]
        """
        x, y, r = _arguments(q_x, q_y, rho)
        by_x, by_y, by_rho = self._moments.derivative_gradient(x, y, r)
        return by_x, by_y, np.where((x == 0.0) | (y == 0.0), 0.0, by_rho)

    def hermite_coefficients(self, n: int, q: float = 1.0) -> Array:
        """Return E[(phi(u) + shift) h_k(u / sqrt(q))] for k below n, u of variance ``q``.

        h_k are the normalised Hermite polynomials: E[h_i(z) h_j(z)] is 1 if i = j, else 0. At equal
        variances E[(phi(u) + shift)(phi(v) + shift)] is the sum of rho^k times their squares.

        Raises
        ------
        ValueError
            If n is not a whole number from 1 to 4096, or q is not a variance.

        Examples
        --------
        >>> np.round(GaussianExpectations("relu").hermite_coefficients(4), 6) + 0.0
        array([0.398942, 0.5     , 0.282095, 0.      ])
        """
        n = checks.integer("n", n, low=1, high=4096)
        q = checks.real("q", q, low=0.0)
        moments = self._moments
        if not isinstance(moments, Quadrature):
            function = _function(self.activation, self.slope)
            moments = Quadrature(function, f"activation={self.activation!r}")
        coefficients = moments.hermite_coefficients(q, n).copy()
        coefficients[0] += self._added
        return coefficients


def _function(activation: Activation, slope: float, shift: float = 0.0) -> Callable[[Array], Array]:
    """Return phi + shift as a function of an array."""
    if callable(activation):
        return (lambda z: np.asarray(activation(z)) + shift) if shift else activation
    if activation == "cos":
        return lambda z: np.asarray(np.cos(z) + shift, dtype=np.float64)
    if activation == "sigmoid" and shift == -0.5:
        return lambda z: np.asarray(np.tanh(z / 2.0) / 2.0, dtype=np.float64)  # without rounding
    return lambda z: apply(z, activation, shift=shift, slope=slope)


def _moments(
    activation: Activation, slope: float, kinks: tuple[float, ...], *, shift: float = 0.0
) -> Moments:
    """Return the closed form if there is one, which leaves out the shift, else quadrature."""
    for kink in kinks:
        checks.real("kinks", kink)
    if callable(activation):
        return Quadrature(_function(activation, slope, shift), f"activation={activation!r}", kinks)
    name = checks.choice("activation", activation, (*ACTIVATIONS, "cos"))
    if kinks:
        raise ValueError(f"kinks are those of a callable, got {kinks} with activation={name!r}")
    closed = closed_form(name, slope)
    if closed is not None:
        return closed
    return Quadrature(_function(name, slope, shift), f"activation={name!r}")


def _variance(name: str, q: npt.ArrayLike) -> Array:
    variance = np.asarray(q, dtype=np.float64)
    if not (np.isfinite(variance).all() and (variance >= 0.0).all()):
        wrong = variance[~((variance >= 0.0) & np.isfinite(variance))].flat[0]
        raise ValueError(f"{name} must be a variance: finite and at least 0, got {wrong}")
    return variance


def _arguments(
    q_x: npt.ArrayLike, q_y: npt.ArrayLike, rho: npt.ArrayLike
) -> tuple[Array, Array, Array]:
    """Return variances and correlation of one shape; correlation 0 where a variance is 0."""
    x, y = _variance("q_x", q_x), _variance("q_y", q_y)
    r = np.asarray(rho, dtype=np.float64)
    if not (np.abs(r) <= 1.0 + _ROUNDING).all():
        wrong = r[~(np.abs(r) <= 1.0 + _ROUNDING)].flat[0]
        raise ValueError(f"rho must be a correlation, from -1 to 1, got {wrong}")
    x, y, r = np.broadcast_arrays(x, y, r)
    return x, y, np.where((x == 0.0) | (y == 0.0), 0.0, np.clip(r, -1.0, 1.0))
