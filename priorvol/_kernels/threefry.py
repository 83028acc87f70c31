"""Random words, normals and uniforms from Threefry-4x32-20 (Salmon et al., SC 2011).

One step of sixteen lanes turns the counters (p, c1, c2, c3), p = 16 step + lane, into 64 numbers:
word w of lane l becomes element 64 step + 16 w + l. Normals come in pairs from words (0, 1) and
(2, 3) by Box-Muller with the polynomials of `polynomials`; the radius has 32 random bits, so
|z| < 6.67. All arithmetic is exactly rounded, so the numbers are the same on every processor.
"""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba import types

from priorvol._kernels import polynomials, simd
from priorvol._kernels.jit import intrinsic, kernel
from priorvol._kernels.simd import INT64, LANES, VFLOAT, VINT, constant, splat, vector_int

ROUNDS = 20
STEP = 64
"""Numbers made by one step."""

_ROTATIONS = ((10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20))
_PARITY = 0x1BD11BDA


def _rotate(b, x, places):
    left = b.shl(x, vector_int(places))
    return b.or_(left, b.lshr(x, vector_int(32 - places)))


def _threefry(b, counter, key):
    parity = vector_int(_PARITY)
    for word in key:
        parity = b.xor(parity, word)
    schedule = [*key, parity]
    x = [b.add(c, k) for c, k in zip(counter, key, strict=True)]
    for turn in range(ROUNDS):
        first, second = _ROTATIONS[turn % 8]
        low, high = (1, 3) if turn % 2 == 0 else (3, 1)
        x[0] = b.add(x[0], x[low])
        x[low] = b.xor(_rotate(b, x[low], first), x[0])
        x[2] = b.add(x[2], x[high])
        x[high] = b.xor(_rotate(b, x[high], second), x[2])
        if turn % 4 == 3:
            injection = turn // 4 + 1
            for i in range(4):
                x[i] = b.add(x[i], schedule[(injection + i) % 5])
            x[3] = b.add(x[3], vector_int(injection))
    return x


def _radius(b, word):
    """Return sqrt(-2 ln u) for u = (word | 1) / 2^32."""
    real = b.uitofp(b.or_(word, vector_int(1)), VFLOAT)
    root_half = 0x3F3504F3  # float32 of sqrt(1/2); the mantissa is brought to [it, twice it)
    shifted = b.add(b.bitcast(real, VINT), vector_int(0x3F800000 - root_half))
    exponent = b.sub(b.ashr(shifted, vector_int(23)), vector_int(127 + 32))
    mantissa = b.add(b.and_(shifted, vector_int(0x007FFFFF)), vector_int(root_half))
    x = b.fsub(b.bitcast(mantissa, VFLOAT), simd.vector_float(1.0))
    tail = b.fmul(simd.polynomial(b, x, polynomials.LOG), x)
    log = simd.fma(b, b.sitofp(exponent, VFLOAT), simd.vector_float(math.log(2.0)), tail)
    square = simd.maximum(b, b.fmul(log, simd.vector_float(-2.0)), simd.vector_float(0.0))
    return simd.square_root(b, square)


def _normal_pair(b, radius_word, angle_word):
    radius = _radius(b, radius_word)
    turn = b.fmul(b.sitofp(angle_word, VFLOAT), simd.vector_float(2.0**-32))  # [-1/2, 1/2]
    y = b.fsub(simd.vector_float(0.25), simd.absolute(b, turn))
    y2 = b.fmul(y, y)
    cosine = b.fmul(simd.polynomial(b, y2, polynomials.SIN_TURN), y)
    sine = simd.polynomial(b, y2, polynomials.COS_TURN)
    sign = b.and_(angle_word, vector_int(0x80000000))
    signed = b.bitcast(b.xor(b.bitcast(b.fmul(sine, radius), VINT), sign), VFLOAT)
    return b.fmul(cosine, radius), signed


def _normals(b, words):
    return [*_normal_pair(b, words[0], words[1]), *_normal_pair(b, words[2], words[3])]


def _uniforms(b, words):
    """Return numbers on [-sqrt(3), sqrt(3)], the uniform law of variance 1."""
    unit = simd.vector_float(math.sqrt(3.0) * 2.0**-31)
    return [b.fmul(b.sitofp(word, VFLOAT), unit) for word in words]


def _words(b, words):
    return words


def _filler(name, transform, is_float):
    """Return an intrinsic (address, steps, k0..k3, c1, c2, c3, scale) that fills an array."""

    def fill(typing_context, address, steps, k0, k1, k2, k3, c1, c2, c3, scale):
        words = [types.uint32] * 7
        signature = types.void(types.intp, types.intp, *words, types.float32)

        def code(context, b, signature, arguments):
            address, steps, *words, scale = arguments
            out = simd.pointer(b, address)
            k0, k1, k2, k3, c1, c2, c3 = (splat(b, word, VINT) for word in words)
            loop = simd.Loop(b, steps, [vector_int(list(range(LANES)))])
            position = loop.carried[0]
            values = transform(b, _threefry(b, [position, c1, c2, c3], [k0, k1, k2, k3]))
            if is_float:
                factor = splat(b, scale)
                values = [b.fmul(value, factor) for value in values]
            start = b.mul(loop.index, constant(STEP))
            element = ir.FloatType() if is_float else ir.IntType(32)
            for i, value in enumerate(values):
                place = b.add(start, ir.Constant(INT64, LANES * i))
                simd.store(b, value, simd.at(b, out, place, element))
            loop.close([b.add(position, vector_int(LANES))])
            return context.get_dummy_value()

        return signature, code

    fill.__name__ = fill.__qualname__ = name
    return intrinsic(fill)


_fill_normals = _filler("fill_normals", _normals, True)
_fill_uniforms = _filler("fill_uniforms", _uniforms, True)
_fill_words = _filler("fill_words", _words, False)


@kernel
def fill_at(out, n, uniform, scale, key, c1, c2, c3):
    """Fill memory from address ``out`` on; the rest as `fill`."""
    steps = (n + STEP - 1) // STEP
    k0, k1, k2, k3 = np.uint32(key[0]), np.uint32(key[1]), np.uint32(key[2]), np.uint32(key[3])
    a, b, c = np.uint32(c1), np.uint32(c2), np.uint32(c3)
    if uniform:
        _fill_uniforms(out, steps, k0, k1, k2, k3, a, b, c, np.float32(scale))
    else:
        _fill_normals(out, steps, k0, k1, k2, k3, a, b, c, np.float32(scale))


@kernel
def fill(out, n, uniform, scale, key, c1, c2, c3):
    """Fill ``out`` float32 with at least ``n`` numbers of standard deviation ``scale``.

    Parameters
    ----------
    out : float32 array with room for n rounded up to a multiple of 64
    uniform : bool
        The uniform law instead of the normal one.
    key : four integers below 2^32
    c1, c2, c3 : int
        The upper counter words.
    """
    fill_at(out.ctypes.data, n, uniform, scale, key, c1, c2, c3)


@kernel
def fill_words(out, n, key, c1, c2, c3):
    """Fill ``out`` uint32 with at least ``n`` random words; arguments as `fill`."""
    steps = (n + STEP - 1) // STEP
    k0, k1, k2, k3 = np.uint32(key[0]), np.uint32(key[1]), np.uint32(key[2]), np.uint32(key[3])
    a, b, c = np.uint32(c1), np.uint32(c2), np.uint32(c3)
    _fill_words(out.ctypes.data, steps, k0, k1, k2, k3, a, b, c, np.float32(0))
