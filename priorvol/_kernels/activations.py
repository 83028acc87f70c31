"""Activation functions in float32, in loops that the compiler vectorises.

Each is within a few units in the last place of `priorvol.activation`, except where that is
smaller than 1e-7 (tails of gelu and erf).
"""

from __future__ import annotations

import math

import numpy as np

from priorvol._kernels import polynomials
from priorvol._kernels.jit import kernel
from priorvol._kernels.simd import LANES

CODES = {
    "relu": 0,
    "leaky_relu": 1,
    "tanh": 2,
    "erf": 3,
    "sigmoid": 4,
    "gelu": 5,
    "softplus": 6,
    "sin": 7,
    "sign": 8,
    "linear": 9,
}

_F = np.float32
_ZERO, _HALF, _ONE, _TWO = _F(0.0), _F(0.5), _F(1.0), _F(2.0)
_LOG2E = _F(1.0 / math.log(2.0))
_LN2_HIGH = _F(0.693359375)
_LN2_LOW = _F(math.log(2.0) - 0.693359375)
_ROUND = _F(1.5 * 2.0**23)  # adding and taking it away rounds to an integer
_LOWEST, _HIGHEST = _F(-87.0), _F(88.0)
_ROOT_HALF = _F(math.sqrt(0.5))
_TWO_OVER_ROOT_PI = _F(2.0 / math.sqrt(math.pi))
_ROOT_TWO_PI_INVERSE = _F(1.0 / math.sqrt(2.0 * math.pi))

_EXP = tuple(_F(c) for c in polynomials.EXP)
_TANH = tuple(_F(c) for c in polynomials.TANH)
_ERF = tuple(_F(c) for c in polynomials.ERF)
_ERFC_LOG = tuple(_F(c) for c in polynomials.ERFC_LOG)
_ERFCX = tuple(_F(c) for c in polynomials.ERFCX)
_LOG1P = tuple(_F(c) for c in polynomials.LOG1P)
_SIN = tuple(_F(c) for c in polynomials.SIN)


@kernel
def _exp(x):
    x = min(max(x, _LOWEST), _HIGHEST)
    k = (x * _LOG2E + _ROUND) - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    a, b, c, d, e, f, g = _EXP
    p = ((((((a * r + b) * r + c) * r + d) * r + e) * r + f) * r) + g
    return p * np.int32((np.int32(k) + np.int32(127)) << np.int32(23)).view(np.float32)


@kernel
def _tanh(x):
    size = abs(x)
    y = x * x
    a, b, c, d, e, f = _TANH
    small = (((((a * y + b) * y + c) * y + d) * y + e) * y + f) * x
    large = _ONE - _TWO / (_exp(_TWO * size) + _ONE)
    large = -large if x < _ZERO else large
    return small if size < _F(0.625) else large


@kernel
def _erf(x):
    size = min(abs(x), _F(4.0))
    y = x * x
    a, b, c, d, e, f, g = _ERF
    small = ((((((a * y + b) * y + c) * y + d) * y + e) * y + f) * y + g) * x
    a, b, c, d, e, f, g, h, i = _ERFC_LOG
    q = (
        ((((((a * size + b) * size + c) * size + d) * size + e) * size + f) * size + g) * size + h
    ) * size + i
    large = _ONE - _exp(-q)
    large = -large if x < _ZERO else large
    return small if size < _ONE else large


@kernel
def _gelu(x):
    # The tail keeps its relative accuracy: where all units are in it, it alone decides the sign.
    y = x * _ROOT_HALF
    size = abs(y)
    a, b, c, d, e, f, g = _ERF
    s = y * y
    small = ((((((a * s + b) * s + c) * s + d) * s + e) * s + f) * s + g) * y
    t = _ONE / (_ONE + _HALF * size)
    a, b, c, d, e, f, g, h = _ERFCX
    p = (((((((a * t + b) * t + c) * t + d) * t + e) * t + f) * t + g) * t + h) * t
    tail = p * _exp(-s)
    large = _TWO - tail if x > _ZERO else tail
    return _HALF * x * (_ONE + small if size < _ONE else large)


@kernel
def _softplus(x):
    u = _exp(-abs(x))
    a, b, c, d, e, f, g, h, i, j = _LOG1P
    p = ((((((((a * u + b) * u + c) * u + d) * u + e) * u + f) * u + g) * u + h) * u + i) * u + j
    return max(x, _ZERO) + u * p


@kernel
def _sin(x):
    turns = x * (1.0 / math.pi)
    k = (turns + 6755399441055744.0) - 6755399441055744.0
    r = _F(x - k * math.pi)
    y = r * r
    a, b, c, d, e = _SIN
    s = ((((a * y + b) * y + c) * y + d) * y + e) * r
    odd = k - 2.0 * np.floor(k * 0.5)
    return -s if odd != 0.0 else s


@kernel
def sigmoid(x):
    """Return 1 / (1 + exp(-x)) of a float32."""
    return _ONE / (_ONE + _exp(-x))


@kernel
def softplus(x):
    """Return ln(1 + exp(x)) of a float32."""
    return _softplus(x)


@kernel
def activate(h, rows, vectors, stride, code, shift, slope):
    """Replace ``rows`` rows of pre-activations by phi + shift; ``code`` is from `CODES`."""
    width = LANES * vectors
    for r in range(rows):
        z = h[r * stride : r * stride + width]
        if code == 0:
            for i in range(width):
                z[i] = max(z[i], _ZERO)
        elif code == 1:
            for i in range(width):
                z[i] = max(z[i], _ZERO) + slope * min(z[i], _ZERO)
        elif code == 2:
            for i in range(width):
                z[i] = _tanh(z[i])
        elif code == 3:
            for i in range(width):
                z[i] = _erf(z[i])
        elif code == 4:
            for i in range(width):
                z[i] = sigmoid(z[i])
        elif code == 5:
            for i in range(width):
                z[i] = _gelu(z[i])
        elif code == 6:
            for i in range(width):
                z[i] = _softplus(z[i])
        elif code == 7:
            for i in range(width):
                z[i] = _sin(np.float64(z[i]))
        elif code == 8:
            for i in range(width):
                z[i] = _ONE if z[i] > _ZERO else -_ONE
        if shift != _ZERO:
            for i in range(width):
                z[i] += shift


@kernel
def differentiate(z, n, code, slope):
    """Replace ``n`` pre-activations by phi'; ``code`` is from `CODES`, other than that of sign.

    At the kink of relu and leaky_relu it is the derivative from the left.
    """
    if code == 0:
        for i in range(n):
            z[i] = _ONE if z[i] > _ZERO else _ZERO
    elif code == 1:
        for i in range(n):
            z[i] = _ONE if z[i] > _ZERO else slope
    elif code == 2:
        for i in range(n):
            u = _exp(-_TWO * abs(z[i]))
            z[i] = _TWO * _TWO * u / ((_ONE + u) * (_ONE + u))
    elif code == 3:
        for i in range(n):
            z[i] = _TWO_OVER_ROOT_PI * _exp(-z[i] * z[i])
    elif code == 4:
        for i in range(n):
            u = _exp(-abs(z[i]))
            z[i] = u / ((_ONE + u) * (_ONE + u))
    elif code == 5:
        for i in range(n):
            x = z[i]
            density = _ROOT_TWO_PI_INVERSE * _exp(-_HALF * x * x)
            z[i] = _HALF * (_ONE + _erf(x * _ROOT_HALF)) + x * density
    elif code == 6:
        for i in range(n):
            z[i] = sigmoid(z[i])
    elif code == 7:
        for i in range(n):
            z[i] = _sin(np.float64(z[i]) + 0.5 * math.pi)
    else:
        for i in range(n):
            z[i] = _ONE
