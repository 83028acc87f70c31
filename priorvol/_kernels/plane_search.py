"""Which angles of many planes of output layers give networks that fit a training set.

With u and v two independent output layers with Gaussian parameters, c u + s v has the law of an
output layer, up to its size, whatever the numbers c and s: they are angles in the plane of u and v.
With h an output times +1 or -1 by the label, an input of the training set is right at the angles
where c h(u) + s h(v) > 0, half a circle. All inputs are right on an arc, which is empty for most
planes after a few inputs.

A batch has 2 x 32 output layers and the 32 x 32 planes of one of the first half and one of the
second. No angle is computed: c / s is compared with -h(v) / h(u).
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types

from priorvol._kernels import simd
from priorvol._kernels.jit import intrinsic, kernel
from priorvol._kernels.layers import PANEL
from priorvol._kernels.simd import (
    INT16,
    INT64,
    LANES,
    constant,
    read_float32,
    splat,
    write_float32,
)

SIDE = 32
"""Output layers of either half of a batch."""

PLANES = SIDE * SIDE
"""Planes of a batch."""

ROW = 4 * LANES * PANEL
"""Bytes of the 64 values of a batch."""

_HALVES = SIDE // LANES
_FAR = 3e38


@intrinsic
def _signs(typing_context, outputs, n, slopes, signs):
    """Write what `_narrow` takes of ``n`` inputs, at most 32.

    Arguments: address of their outputs; n; addresses of rows of 32 float32, written: -1 / h(u); and
    of 2 x 32 words, written: bit x of word u of the first 32 says h(u) > 0 at input x, of the
    others h(u) < 0.
    """

    def code(context, b, signature, arguments):
        outputs, n, slopes, signs = arguments
        outputs, slopes, signs = (simd.pointer(b, each) for each in (outputs, slopes, signs))
        zero, none = simd.vector_float(0.0), simd.vector_int(0)
        loop = simd.Loop(b, n, [none] * (2 * _HALVES))
        bit = splat(b, b.trunc(b.shl(constant(1), loop.index), simd.INT32), simd.VINT)
        words = []
        for half in range(_HALVES):
            place = b.add(b.mul(loop.index, constant(LANES * PANEL)), constant(LANES * half))
            h = simd.load(b, simd.at(b, outputs, place))
            place = b.add(b.mul(loop.index, constant(SIDE)), constant(LANES * half))
            simd.store(b, b.fdiv(simd.vector_float(-1.0), h), simd.at(b, slopes, place))
            for i, sign in enumerate((">", "<")):
                found = b.select(b.fcmp_ordered(sign, h, zero), bit, none)
                words.append(b.or_(loop.carried[2 * half + i], found))
        for i, value in enumerate(loop.close(words)):
            place = constant(SIDE * (i % 2) + LANES * (i // 2))
            simd.store(b, value, simd.at(b, signs, place, simd.INT32))
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4), code


@intrinsic
def _narrow(typing_context, outputs, slopes, first, none, u, signs, arcs):
    """Return the bits of those of 32 planes of which an arc may be left, all with one u.

    With t = c / s, an input is right where t is above r = -h(v) / h(u) if h(u) > 0 and s > 0, or if
    both are below 0, and where t is below r else. So what counts are the least and the largest r
    of the inputs with h(u) > 0 and of those with h(u) < 0. Inputs with h(u) = 0 are left to later.

    Arguments: addresses of the outputs and of what `_signs` wrote of -1 / h(u), of all inputs; the
    first of 32 inputs to look at; the place of a row of slopes that are nan; u; address of the
    words that `_signs` wrote of those inputs; address of 4 x 32 float32, gone on with where
    ``first`` is not 0: the least r of either kind of input, above 0 and below, then the largest.
    """

    def code(context, b, signature, arguments):
        outputs, slopes, first, none, u, signs, arcs = arguments
        outputs, slopes, signs, arcs = (
            simd.pointer(b, each) for each in (outputs, slopes, signs, arcs)
        )

        def word(kind):
            place = simd.at(b, signs, b.add(u, constant(SIDE * kind)), simd.INT32)
            return b.zext(simd.load(b, place, simd.INT32), INT64)

        far, near = simd.vector_float(_FAR), simd.vector_float(-_FAR)
        fresh = b.icmp_unsigned("==", first, constant(0))
        before = []
        for half in range(_HALVES):
            for i, value in enumerate((far, far, near, near)):
                kept = simd.load(b, simd.at(b, arcs, constant(SIDE * i + LANES * half)))
                before.append(b.select(fresh, value, kept))
        starting = [word(0), word(1), *before]
        entry = b.block
        head, body, end = (b.append_basic_block(name) for name in ("head", "body", "end"))
        b.branch(head)
        b.position_at_end(head)
        carried = [b.phi(value.type) for value in starting]
        for phi, value in zip(carried, starting, strict=True):
            phi.add_incoming(value, entry)
        kinds, ends = carried[:2], [carried[2 + 4 * half : 6 + 4 * half] for half in range(_HALVES)]
        mask = constant(0)
        for half, (least_up, least_down, most_up, most_down) in enumerate(ends):
            left = b.or_(
                b.fcmp_ordered("<", most_up, least_down), b.fcmp_ordered("<", most_down, least_up)
            )
            bits = b.zext(b.bitcast(left, INT16), INT64)
            mask = b.or_(mask, b.shl(bits, constant(LANES * half)))
        unseen = b.icmp_unsigned("!=", b.or_(*kinds), constant(0))
        b.cbranch(b.and_(unseen, b.icmp_unsigned("!=", mask, constant(0))), body, end)
        b.position_at_end(body)
        settled = [list(four) for four in ends]
        left_over = []
        for i, kind in enumerate(kinds):
            place = b.cttz(kind, ir.Constant(ir.IntType(1), 0))
            done = b.icmp_unsigned("==", kind, constant(0))
            x = b.select(done, none, b.add(first, place))
            slope = simd.load(b, simd.at(b, slopes, b.add(b.mul(x, constant(SIDE)), u)), simd.FLOAT)
            slope = splat(b, slope)
            row = b.add(b.mul(x, constant(LANES * PANEL)), constant(SIDE))
            for half, four in enumerate(settled):
                h = simd.load(b, simd.at(b, outputs, b.add(row, constant(LANES * half))))
                r = b.fmul(h, slope)
                four[i] = b.select(b.fcmp_ordered("<", r, four[i]), r, four[i])
                four[2 + i] = simd.maximum(b, r, four[2 + i])
            left_over.append(b.and_(kind, b.sub(kind, constant(1))))
        latch = b.block
        for phi, value in zip(carried, left_over + sum(settled, []), strict=True):
            phi.add_incoming(value, latch)
        b.branch(head)
        b.position_at_end(end)
        for half, four in enumerate(ends):
            for i, value in enumerate(four):
                simd.store(b, value, simd.at(b, arcs, constant(SIDE * i + LANES * half)))
        return mask

    return types.intp(*[types.intp] * 7), code


@kernel
def search(outputs, n, slopes, signs, cotangents, arcs, codes):
    """List the planes and angles of a batch at which all ``n`` inputs are right, to rounding.

    Parameters
    ----------
    outputs : int
        Address of the outputs, times their labels' signs (see `planes`), and of one row
        more.
    n : int
    slopes : int
        Address of scratch, 32 float32 an input and as many more.
    signs : int
        Address of scratch, 64 float32 for every 32 inputs or part of them.
    cotangents : (angles / 2,) float32
        Of the first half of the angles, whose sines are above 0.
    arcs : int
        Address of scratch, 128 float32.
    codes : (PLANES * angles + 1,) int64
        Written: (u * 32 + v) * angles + angle.

    Returns
    -------
    int
        How many there are.
    """
    half = len(cotangents)
    found = 0
    for first in range(0, n, SIDE):
        here = slopes + 4 * SIDE * first
        _signs(outputs + ROW * first, min(n - first, SIDE), here, signs + 8 * first)
    for u in range(SIDE):
        write_float32(slopes + 4 * (SIDE * n + u), np.float32(np.nan))
    for u in range(SIDE):
        first = 0
        left = 1
        while left != 0 and first < n:
            left = _narrow(outputs, slopes, first, n, u, signs + 8 * first, arcs)
            first += SIDE
        v = 0
        while left != 0:
            if left & 1:
                place = arcs + 4 * v
                least_up, least_down = read_float32(place), read_float32(place + 4 * SIDE)
                most_up = read_float32(place + 8 * SIDE)
                most_down = read_float32(place + 12 * SIDE)
                code = 2 * half * (u * SIDE + v)
                for k in range(half):
                    t = cotangents[k]
                    codes[found] = code + k
                    found += np.int64(most_up < t and t < least_down)
                    codes[found] = code + half + k
                    found += np.int64(most_down < t and t < least_up)
            left >>= 1
            v += 1
    return found
