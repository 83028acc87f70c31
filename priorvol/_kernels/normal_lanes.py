"""The standard normal for many values at once: branch-free float64, vectorised by the compiler.

Relative errors are a few 1e-16, besides that of x^2 / 2 in the exponential (up to x^2 / 2 units in
the last place). Draws so far out that branch-free code does not reach them are made one by one by
`excess_far`. Polynomials are made by scripts/fit_normal.py.
"""

from __future__ import annotations

import math

import numpy as np

from priorvol._kernels.doubles import polynomial
from priorvol._kernels.jit import kernel
from priorvol._kernels.normal import hazard, log_ndtr

_EXP = (
    2.511015364692893e-08,
    2.763279054211718e-07,
    2.7557240604663896e-06,
    2.4801485074105115e-05,
    0.00019841269890340666,
    0.0013888888952696516,
    0.00833333333331949,
    0.04166666666648666,
    0.1666666666666668,
    0.5000000000000019,
    1.0,
    1.0,
)
_LOG = (
    0.07308903576708663,
    0.07665805861027504,
    0.09091446216268435,
    0.11111105544689748,
    0.14285714313126918,
    0.19999999999949444,
    0.3333333333333335,
)
_TAIL = (
    -8.184871169317877e-10,
    5.020718426289166e-10,
    9.45609530796672e-09,
    -5.007421549353109e-09,
    -6.78450980016785e-08,
    3.580104762099442e-08,
    4.3404911461250156e-07,
    -3.3104951522969477e-07,
    -2.7693540891929557e-06,
    3.9778982413013755e-06,
    1.6681106301479112e-05,
    -4.9761764810035216e-05,
    -5.937567525781897e-05,
    0.000544898829150681,
    -0.0007978694091599534,
    -0.00299337673793835,
    0.020795066800913316,
    -0.06911863870883946,
    0.16502036617034394,
    -0.3135331566712128,
    0.4953056159699768,
    -0.6653825028900577,
    0.769193049750063,
)

# Wichura 1988, algorithm AS 241: the quantile in the middle, and between 1.4e-11 and 0.075
_MIDDLE_ABOVE = (
    2509.0809287301226727,
    33430.575583588128105,
    67265.770927008700853,
    45921.953931549871457,
    13731.693765509461125,
    1971.5909503065514427,
    133.14166789178437745,
    3.387132872796366608,
)
_MIDDLE_BELOW = (
    5226.495278852545925,
    28729.085735721942674,
    39307.89580009271061,
    21213.794301586595867,
    5394.1960214247511077,
    687.1870074920579083,
    42.313330701600911252,
    1.0,
)
_OUTER_ABOVE = (
    7.7454501427834140764e-4,
    0.0227238449892691845833,
    0.24178072517745061177,
    1.27045825245236838258,
    3.64784832476320460504,
    5.7694972214606914055,
    4.6303378461565452959,
    1.42343711074968357734,
)
_OUTER_BELOW = (
    1.05075007164441684324e-9,
    5.475938084995344946e-4,
    0.0151986665636164571966,
    0.14810397642748007459,
    0.68976733498510000455,
    1.6763848301838038494,
    2.05319162663775882187,
    1.0,
)

# the same below 1.4e-11
_OUTEST_ABOVE = (
    2.01033439929228813265e-7,
    2.71155556874348757815e-5,
    0.0012426609473880784386,
    0.026532189526576123093,
    0.29656057182850489123,
    1.7848265399172913358,
    5.4637849111641143699,
    6.6579046435011037772,
)
_OUTEST_BELOW = (
    2.04426310338993978564e-15,
    1.4215117583164458887e-7,
    1.8463183175100546818e-5,
    7.868691311456132591e-4,
    0.0148753612908506148525,
    0.13692988092273580531,
    0.59983220655588793769,
    1.0,
)

_exp_polynomial = polynomial(_EXP)
_log_polynomial = polynomial(_LOG)
_tail_polynomial = polynomial(_TAIL)
_middle_above, _middle_below = polynomial(_MIDDLE_ABOVE), polynomial(_MIDDLE_BELOW)
_outer_above, _outer_below = polynomial(_OUTER_ABOVE), polynomial(_OUTER_BELOW)
_outest_above, _outest_below = polynomial(_OUTEST_ABOVE), polynomial(_OUTEST_BELOW)

_LOG2E = 1.0 / math.log(2.0)
_LN2_HIGH = 0.693147180369123816490  # with trailing zeros, so that products with k are exact
_LN2_LOW = 1.90821492927058770002e-10
_ROUND = 1.5 * 2.0**52  # adding and taking it away rounds to an integer
_LOWEST = -700.0
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
_MANTISSA = 0x000FFFFFFFFFFFFF
_HALF_EXPONENT = 0x3FE0000000000000

OUTER = -24.5
"""Log of the least tail probability that `quantile_size` takes."""

FAR = -690.0
"""Log of the least tail probability that `quantile_outest` takes; beyond it is `excess_far`."""


@kernel
def exp(x):
    """Return e^x for x of at most 0, and at least -700."""
    k = (x * _LOG2E + _ROUND) - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    power = np.int64((np.int64(k) + np.int64(1023)) << np.int64(52)).view(np.float64)
    return _exp_polynomial(r) * power


@kernel
def log(x):
    """Return the natural log of a positive normal number."""
    bits = np.float64(x).view(np.int64)
    shifted = bits - np.int64(_ROOT_HALF_BITS)
    k = np.float64(shifted >> np.int64(52))
    m = np.int64((shifted & np.int64(_MANTISSA)) + np.int64(_ROOT_HALF_BITS)).view(np.float64)
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    return k * _LN2_HIGH + (2.0 * f + (2.0 * f * s * _log_polynomial(s) + k * _LN2_LOW))


@kernel
def scaled_tail(a):
    """Return exp(a^2 / 2) (1 - Phi(a)) for a of at least 0."""
    inverse = 1.0 / (a + 5.0)
    return _tail_polynomial((a - 5.0) * inverse) * inverse


@kernel
def quantile_size(log_p, p):
    """Return -x with Phi(x) = p, for p of at most 1/2, and log p of at least `OUTER`."""
    q = 0.5 - p
    r = 0.180625 - q * q
    middle = q * (_middle_above(r) / _middle_below(r))
    t = math.sqrt(-log_p) - 1.6
    outer = _outer_above(t) / _outer_below(t)
    return middle if q <= 0.425 else outer


@kernel
def quantile_outest(log_p):
    """Return -x with log Phi(x) = log p, for log p from `FAR` to `OUTER`."""
    t = math.sqrt(-log_p) - 5.0
    return _outest_above(t) / _outest_below(t)


@kernel
def excess_far(x, u):
    """Return e > 0 with log Phi(x - e) = log u + log Phi(x), by Newton's method.

    A normal draw kept above -x is e - x; e is accurate where it is small against x.
    """
    log_u = math.log(u)
    target = log_u + log_ndtr(x)
    if x < -1.0:
        e = -2.0 * log_u / (math.sqrt(x * x - 2.0 * log_u) - x)
    else:
        e = x + math.sqrt(max(-2.0 * target - math.log(max(-4.0 * math.pi * target, 1.0)), 0.0))
    for _ in range(50):
        h = hazard(x - e)
        if x < -1.0:
            value = (x - 0.5 * e) * e + math.log(hazard(x) / h) - log_u
        else:
            value = log_ndtr(x - e) - target
        step = value / h
        e += max(step, -0.5 * e)
        if abs(step) <= 1e-15 * e:
            break
    return e
