"""The standard normal in scalars of float64, accurate far into both tails.

With x the argument, Phi the distribution function and phi the density. Below `_FAR` everything
comes from the continued fraction of the Mills ratio, (1 - Phi(t)) / phi(t) =
1 / (t + 1 / (t + 2 / (t + 3 / ...))), which does not cancel.
"""

from __future__ import annotations

import math

from priorvol._kernels.doubles import fma
from priorvol._kernels.jit import kernel

LOG_ROOT_TWO_PI = 0.5 * math.log(2.0 * math.pi)
_ROOT_HALF = math.sqrt(0.5)
_PEAK = 1.0 / math.sqrt(2.0 * math.pi)
_FAR = -5.0  # the continued fraction needs 60 terms here, fewer beyond


@kernel
def _fractions(t):
    """Return w1 = 1 / (t + w2) and w2 = 2 / (t + 3 / ...), for t of at least 5."""
    terms = 60 if t < 8.0 else 30 if t < 20.0 else 12
    rest = 0.0
    for k in range(terms, 1, -1):
        rest = k / (t + rest)
    return 1.0 / (t + rest), rest


@kernel
def density(x):
    """Return phi(x); the rounding of the square is made good."""
    square = x * x
    return _PEAK * math.exp(-0.5 * square) * (1.0 - 0.5 * fma(x, x, -square))


@kernel
def ndtr(x):
    """Return Phi(x)."""
    if x < _FAR:
        return density(x) / (_fractions(-x)[0] - x) if x > -40.0 else 0.0
    return 0.5 * math.erfc(-x * _ROOT_HALF)


@kernel
def log_ndtr(x):
    """Return log Phi(x)."""
    if x < _FAR:
        w1, _ = _fractions(-x)
        return -0.5 * x * x - LOG_ROOT_TWO_PI - math.log(w1 - x)
    if x < 0.0:
        return math.log(0.5 * math.erfc(-x * _ROOT_HALF))
    return math.log1p(-ndtr(-x))


@kernel
def hazard(x):
    """Return phi(x) / Phi(x), the slope of log Phi: the hazard rate of the normal at -x."""
    if x < _FAR:
        return _fractions(-x)[0] - x
    return density(x) / (0.5 * math.erfc(-x * _ROOT_HALF)) if x < 40.0 else 0.0


@kernel
def moments(x):
    """Return h, w, c of a unit normal with mean x that is kept where it is positive.

    h is `hazard`, w = x + h its mean and c = 1 - h w its variance, each without cancellation.
    """
    if x < _FAR:
        w1, w2 = _fractions(-x)
        return w1 - x, w1, (w2 - w1) / (w2 - x)
    h = hazard(x)
    return h, x + h, 1.0 - h * (x + h)
