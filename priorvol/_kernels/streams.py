"""Streams of normals and uniforms: sixteen lanes of xoshiro128++ (Blackman and Vigna, 2021).

A stream is named by key and counter: its lanes' states are the 64 words that Threefry-4x32-20
makes of them, word w of a state at element 16 w + lane. Every step of the lanes draws four outputs
w = 0..3 and makes 64 numbers, of which element 64 step + 16 w + l comes from lane l. Normals come
in pairs from outputs (0, 1) and (2, 3) by Box-Muller with the polynomials of `polynomials`; the
radius has 32 random bits, so |z| < 6.67. All arithmetic is exactly rounded: the numbers are the
same on every processor.

Threefry alone would do, but doubles the price of a normal number.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types

from priorvol._kernels import polynomials, simd, threefry
from priorvol._kernels.jit import intrinsic, kernel
from priorvol._kernels.simd import INT32, LANES, VFLOAT, VINT, constant, splat, vector_int

STEP = 64
"""Numbers made by one step of the lanes."""

STATE_WORDS = 64


def _xoshiro(b, s):
    """Return the next output of each lane and the states after it."""
    output = b.add(simd.rotate(b, b.add(s[0], s[3]), 7), s[0])
    shifted = b.shl(s[1], vector_int(9))
    s2, s3 = b.xor(s[2], s[0]), b.xor(s[3], s[1])
    s1, s0 = b.xor(s[1], s2), b.xor(s[0], s3)
    return output, [s0, s1, b.xor(s2, shifted), simd.rotate(b, s3, 11)]


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


def _same(b, words):
    """Return the outputs themselves."""
    return words


def _filler(name, transform, kind):
    """Return an intrinsic (state, out, steps, scale) that fills memory and moves the state on."""
    is_float = kind is simd.FLOAT

    def fill(typing_context, state, out, steps, scale):
        def code(context, b, signature, arguments):
            state, out, steps, scale = arguments
            state, out = simd.pointer(b, state), simd.pointer(b, out)
            places = [simd.at(b, state, constant(LANES * i), INT32) for i in range(4)]
            loop = simd.Loop(b, steps, [simd.load(b, place, VINT) for place in places])
            lanes, words = loop.carried, []
            for _ in range(4):
                word, lanes = _xoshiro(b, lanes)
                words.append(word)
            values = transform(b, words)
            if is_float:
                factor = splat(b, scale)
                values = [b.fmul(value, factor) for value in values]
            start = b.mul(loop.index, constant(STEP))
            for i, value in enumerate(values):
                simd.store(b, value, simd.at(b, out, b.add(start, constant(LANES * i)), kind))
            for place, value in zip(places, loop.close(lanes), strict=True):
                simd.store(b, value, place)
            return context.get_dummy_value()

        return types.void(types.intp, types.intp, types.intp, types.float32), code

    fill.__name__ = fill.__qualname__ = name
    return intrinsic(fill)


_fill_normals = _filler("fill_normals", _normals, simd.FLOAT)
_fill_uniforms = _filler("fill_uniforms", _uniforms, simd.FLOAT)
_fill_words = _filler("fill_words", _same, INT32)


@kernel
def start_at(state, key, c1, c2, c3):
    """Set the state at an address; the rest as `start`."""
    threefry.fill_at(state, STATE_WORDS, key, c1, c2, c3)


@kernel
def fill_at(state, out, n, uniform, scale):
    """Fill memory from address ``out`` on from the state at an address; the rest as `fill`."""
    steps = (n + STEP - 1) // STEP
    if uniform:
        _fill_uniforms(state, out, steps, np.float32(scale))
    else:
        _fill_normals(state, out, steps, np.float32(scale))


@kernel
def start(state, key, c1, c2, c3):
    """Set ``state`` (64,) uint32 to the start of the stream named by key and counter.

    Parameters
    ----------
    key : four integers below 2^32
    c1, c2, c3 : int
        Below 2^32.
    """
    start_at(state.ctypes.data, key, c1, c2, c3)


@kernel
def fill(state, out, n, uniform, scale):
    """Fill ``out`` float32 with at least ``n`` numbers of standard deviation ``scale``.

    Parameters
    ----------
    state : (64,) uint32, moved on
    out : float32 array with room for n rounded up to a multiple of 64
    uniform : bool
        The uniform law instead of the normal one.
    """
    fill_at(state.ctypes.data, out.ctypes.data, n, uniform, scale)


@kernel
def fill_words(state, out, n):
    """Fill ``out`` uint32 with at least ``n`` outputs; as `fill`."""
    steps = (n + STEP - 1) // STEP
    _fill_words(state.ctypes.data, out.ctypes.data, steps, np.float32(0.0))
