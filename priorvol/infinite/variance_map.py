"""The variance of pre-activations from layer to layer, and the weights that keep it at 1.

One layer takes the variance q to sigma_w^2 E[(phi(u) + shift)^2] + sigma_b^2, u of variance q
(Poole et al., 1606.05340, eq. 3; weights scaled by fan_in).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from priorvol.architecture import Architecture
from priorvol.infinite.expectations import GaussianExpectations

Array = npt.NDArray[np.float64]

_LOW, _HIGH = 1e-12, 1e20  # variances beyond which they are taken to go to 0 or to infinity
_STEPS = 200


@dataclass(frozen=True, eq=False)
class VarianceMap:
    """One layer's map of the variance q of pre-activations.

    Attributes
    ----------
    expectations : GaussianExpectations
        Of the activation with its shift.
    sigma_w, sigma_b : float

    Examples
    --------
    >>> relu = VarianceMap(GaussianExpectations("relu"), 2.0, 1.0)
    >>> relu(3.0)
    7.0
    >>> relu.fixed_point(1.0)
    inf
    """

    expectations: GaussianExpectations
    sigma_w: float
    sigma_b: float

    def __call__(self, q: float) -> float:
        """Return the variance one layer on."""
        square = float(self.expectations.value(q, q, 1.0))
        return self.sigma_w**2 * square + self.sigma_b**2

    def fixed_point(self, start: float) -> float:
        """Return the limit of the variances from ``start`` on: 0, a fixed point, or inf.

        The map is followed layer by layer; where that takes long it is looked for between the last
        variance and the ends, in the direction in which the variances move.
        """
        q = start
        for _ in range(_STEPS):
            following = self(q)
            if abs(following - q) <= 4e-15 * following:
                return following
            q = following
            if q < _LOW:
                return 0.0
            if q > _HIGH:
                return math.inf
        return self._search(q)

    def _search(self, q: float) -> float:
        from scipy.optimize import brentq

        def excess(log_q: float, /) -> float:
            return self(math.exp(log_q)) / math.exp(log_q) - 1.0

        direction = math.copysign(1.0, excess(math.log(q)))
        here = math.log(q)
        while math.log(_LOW) < here < math.log(_HIGH):
            there = here + 0.05 * direction
            if excess(there) * direction <= 0.0:
                low, high = min(here, there), max(here, there)
                return math.exp(float(brentq(excess, low, high, xtol=1e-15, rtol=1e-15)))
            here = there
        return 0.0 if direction < 0.0 else math.inf


def unit_weight(expectations: GaussianExpectations) -> float:
    """Return 1 / sqrt(E[(phi(z) + shift)^2]), z ~ N(0, 1): sigma_w of the unit-variance point.

    Raises
    ------
    ValueError
        If the activation is 0.

    Examples
    --------
    >>> round(unit_weight(GaussianExpectations("relu", shift="zero-mean")) ** 2, 2)
    2.93
    """
    square = float(expectations.value(1.0, 1.0, 1.0))
    if not square > 0.0:
        raise ValueError("no sigma_w keeps unit variance: the activation is 0")
    return 1.0 / math.sqrt(square)


def unit_sigma_w(architecture: Architecture) -> tuple[float, ...]:
    """Return sigma_w of every layer at which pre-activations keep unit variance.

    It goes with sigma_b = 0, weights scaled by fan_in, and inputs with |x|^2 = n_inputs (the cube
    {-1, +1}^n): the first layer has sigma_w = 1, and every layer above 1 / sqrt(E[(phi(z) +
    shift)^2]), z ~ N(0, 1) (2510.06527). The output then has variance 1 too.

    Parameters
    ----------
    architecture : Architecture

    Returns
    -------
    tuple of float
        One value a layer of weights, for `Prior(sigma_w=...)`.

    Examples
    --------
    >>> unit_sigma_w(Architecture(7, (40, 40), activation="linear"))
    (1.0, 1.0, 1.0)
    """
    if not architecture.hidden:
        return (1.0,)
    expectations = GaussianExpectations(
        architecture.activation,
        shift=architecture.shift,
        slope=architecture.slope,
    )
    return (1.0, *[unit_weight(expectations)] * len(architecture.hidden))
