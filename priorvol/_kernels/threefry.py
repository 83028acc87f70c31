"""Random words from the counter-based generator Threefry-4x32-20 (Salmon et al., SC 2011).

One step of sixteen lanes turns the counters (p, c1, c2, c3), p = 16 step + lane, into 64 words:
word w of lane l becomes element 64 step + 16 w + l.
"""

from __future__ import annotations

import numpy as np
from numba import types

from priorvol._kernels import simd
from priorvol._kernels.jit import intrinsic, kernel
from priorvol._kernels.simd import INT32, LANES, VINT, constant, splat, vector_int

ROUNDS = 20
STEP = 64
"""Words made by one step."""

_ROTATIONS = ((10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20))
_PARITY = 0x1BD11BDA


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
        x[low] = b.xor(simd.rotate(b, x[low], first), x[0])
        x[2] = b.add(x[2], x[high])
        x[high] = b.xor(simd.rotate(b, x[high], second), x[2])
        if turn % 4 == 3:
            injection = turn // 4 + 1
            for i in range(4):
                x[i] = b.add(x[i], schedule[(injection + i) % 5])
            x[3] = b.add(x[3], vector_int(injection))
    return x


@intrinsic
def _fill(typing_context, address, steps, k0, k1, k2, k3, c1, c2, c3):
    """Write ``steps`` steps of words at ``address``."""

    def code(context, b, signature, arguments):
        address, steps, *words = arguments
        out = simd.pointer(b, address)
        k0, k1, k2, k3, c1, c2, c3 = (splat(b, word, VINT) for word in words)
        loop = simd.Loop(b, steps, [vector_int(list(range(LANES)))])
        position = loop.carried[0]
        values = _threefry(b, [position, c1, c2, c3], [k0, k1, k2, k3])
        start = b.mul(loop.index, constant(STEP))
        for i, value in enumerate(values):
            place = b.add(start, constant(LANES * i))
            simd.store(b, value, simd.at(b, out, place, INT32))
        loop.close([b.add(position, vector_int(LANES))])
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, *[types.uint32] * 7), code


@kernel
def fill_at(out, n, key, c1, c2, c3):
    """Fill memory from address ``out`` on; the rest as `fill`."""
    steps = (n + STEP - 1) // STEP
    k0, k1, k2, k3 = np.uint32(key[0]), np.uint32(key[1]), np.uint32(key[2]), np.uint32(key[3])
    _fill(out, steps, k0, k1, k2, k3, np.uint32(c1), np.uint32(c2), np.uint32(c3))


@kernel
def fill(out, n, key, c1, c2, c3):
    """Fill ``out`` uint32 with at least ``n`` random words.

    Parameters
    ----------
    out : uint32 array with room for n rounded up to a multiple of 64
    key : four integers below 2^32
    c1, c2, c3 : int
        The upper counter words.
    """
    fill_at(out.ctypes.data, n, key, c1, c2, c3)
