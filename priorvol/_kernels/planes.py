"""Output draws in planes: which angles of many planes give networks that fit a training set.

With u and v two independent output layers with Gaussian parameters, c u + s v has the law of an
output layer, up to its size, whatever the numbers c and s: they are angles in the plane of u and v.
With h an output times +1 or -1 by the label, an input of the training set is right at the angles
where c h(u) + s h(v) > 0, half a circle. All inputs are right on an arc, which is empty for most
planes after a few inputs.

A batch has 2 x 32 output layers and the 32 x 32 planes of one of the first half and one of the
second. A plane's arc is kept as the two vectors (h(u), h(v)) that bound it, the outermost
clockwise and counterclockwise; no angle is computed.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types

from priorvol._kernels import simd
from priorvol._kernels.jit import intrinsic, kernel
from priorvol._kernels.layers import BLOCK, PANEL, dense
from priorvol._kernels.simd import (
    INT16,
    INT64,
    LANES,
    constant,
    read_float32,
    read_float64,
    read_int64,
    read_uint8,
    splat,
    write_float32,
)
from priorvol._kernels.streams import fill_at

SIDE = 32
"""Output layers of either half of a batch."""

PLANES = SIDE * SIDE
"""Planes of a batch."""

ROW = 4 * LANES * PANEL
"""Bytes of the 64 values of a batch."""

_IN_PANEL = PANEL * LANES


@intrinsic
def _narrow(typing_context, outputs, first, n, u, v, arcs):
    """Return the bits of those of 16 planes of which an arc is left.

    Arguments: address of the outputs, a row of 64 an input; the inputs ``first`` to ``n`` - 1 to
    look at; the places in a row of u and of 16 v; address of four vectors, written: the bounds of
    the arcs, (h(u), h(v)) clockwise and counterclockwise.
    """

    def code(context, b, signature, arguments):
        outputs, first, n, u, v, arcs = arguments
        outputs, arcs = simd.pointer(b, outputs), simd.pointer(b, arcs)

        def row(x):
            start = b.mul(x, constant(LANES * PANEL))
            a = simd.load(b, simd.at(b, outputs, b.add(start, u)), simd.FLOAT)
            return splat(b, a), simd.load(b, simd.at(b, outputs, b.add(start, v)))

        zero = simd.vector_float(0.0)
        start, second = row(first), b.add(first, constant(1))
        entry = b.block
        head, body, end = (b.append_basic_block(name) for name in ("head", "body", "end"))
        b.branch(head)
        b.position_at_end(head)
        x = b.phi(INT64)
        bounds = [b.phi(simd.VFLOAT) for _ in range(4)]
        mask = b.phi(INT16)
        x.add_incoming(second, entry)
        for phi, value in zip(bounds, (*start, *start), strict=True):
            phi.add_incoming(value, entry)
        mask.add_incoming(ir.Constant(INT16, -1), entry)
        more = b.and_(b.icmp_signed("<", x, n), b.icmp_unsigned("!=", mask, ir.Constant(INT16, 0)))
        b.cbranch(more, body, end)
        b.position_at_end(body)
        h, k = row(x)
        right_u, right_v, left_u, left_v = bounds
        p = simd.fma(b, right_u, k, b.fneg(b.fmul(right_v, h)))
        q = simd.fma(b, left_u, k, b.fneg(b.fmul(left_v, h)))
        clockwise, counter = b.fcmp_ordered("<", p, zero), b.fcmp_ordered(">", q, zero)
        narrowed = [
            b.select(clockwise, h, right_u),
            b.select(clockwise, k, right_v),
            b.select(counter, h, left_u),
            b.select(counter, k, left_v),
        ]
        gone = b.bitcast(b.and_(clockwise, counter), INT16)
        latch = b.block
        x.add_incoming(b.add(x, constant(1)), latch)
        for phi, value in zip(bounds, narrowed, strict=True):
            phi.add_incoming(value, latch)
        mask.add_incoming(b.and_(mask, b.not_(gone)), latch)
        b.branch(head)
        b.position_at_end(end)
        for i, value in enumerate(bounds):
            simd.store(b, value, simd.at(b, arcs, constant(LANES * i)))
        return b.zext(mask, INT64)

    return types.intp(*[types.intp] * 6), code


@kernel
def lay_out(places, panel, live, chosen, signs, source, target):
    """Copy the live units' activations on ``chosen`` inputs, times their signs, as weights.

    They are laid out as the weights of ``len(chosen)`` units, a multiple of 4, from the live units
    and a last one that is 1; biases of 0 follow (see `layers`).
    """
    n, below = len(chosen), live + 1
    for i in range(n):
        x = chosen[i]
        here = source + panel * (x // _IN_PANEL) + 4 * (x % _IN_PANEL)
        there = target + 4 * ((i - i % BLOCK) * below + i % BLOCK)
        sign = signs[i]
        for k in range(live):
            value = read_float32(here + read_int64(places + 8 * k))
            write_float32(there + 4 * BLOCK * k, sign * value)
        write_float32(there + 4 * BLOCK * live, sign)
        write_float32(target + 4 * (n * below + i), np.float32(0.0))


@kernel
def draw_batch(plan, layer, live, weights):
    """Draw the output layers of a batch at ``weights``: 64 weights a live unit, then 64 biases."""
    scale = read_float64(plan.scale + 8 * layer)
    uniform = read_uint8(plan.uniform + layer) != 0
    fill_at(plan.state, weights, (live + 1) * 2 * SIDE, uniform, scale)
    ratio = np.float32(read_float64(plan.ratio + 8 * layer))
    for i in range(2 * SIDE):
        place = weights + ROW * live + 4 * i
        write_float32(place, read_float32(place) * ratio)


@kernel
def outputs_of_batch(weights, rows, features, live, n, outputs):
    """Compute the outputs of a batch on the ``n`` inputs of `lay_out`, a row of 64 an input.

    ``rows`` is the address of the list 0, 256, ... of places.
    """
    least = -np.float32(np.inf)
    dense(weights, rows, features, live + 1, n, 0, n, PANEL, ROW, least, outputs)


@kernel
def search(outputs, n, cosines, sines, arcs, codes):
    """List the planes and angles of a batch at which all ``n`` inputs are right.

    Parameters
    ----------
    outputs : int
        Address of the outputs, times their labels' signs; see `outputs_of_batch`.
    n : int
    cosines, sines : (angles,) float32
    arcs : int
        Address of scratch, 64 float32.
    codes : (PLANES * angles,) int64
        Written: (u * 32 + v) * angles + angle, rising.

    Returns
    -------
    int
        How many there are.
    """
    angles = len(cosines)
    found = 0
    first = 0  # an input at which every output is 0 would leave no bound to start from
    while first < n - 1 and read_float32(outputs + ROW * first) == np.float32(0.0):
        first += 1
    for u in range(SIDE):
        for half in range(SIDE // LANES):
            left = _narrow(outputs, first, n, u, SIDE + LANES * half, arcs)
            v = 0
            while left != 0:
                if left & 1:
                    place = arcs + 4 * v
                    a, b = read_float32(place), read_float32(place + 4 * LANES)
                    c, d = read_float32(place + 8 * LANES), read_float32(place + 12 * LANES)
                    code = (u * SIDE + LANES * half + v) * angles
                    for k in range(angles):
                        right = a * cosines[k] + b * sines[k] > np.float32(0.0)
                        right &= c * cosines[k] + d * sines[k] > np.float32(0.0)
                        codes[found] = code + k
                        found += np.int64(right)
                left >>= 1
                v += 1
    return found


@kernel
def turn(weights, live, code, cosines, sines, target):
    """Write the output layer of a plane and an angle at ``target``, as one unit's weights."""
    angles = len(cosines)
    c, s = cosines[code % angles], sines[code % angles]
    u, v = code // angles // SIDE, code // angles % SIDE + SIDE
    for k in range(live + 1):
        row = weights + ROW * k
        write_float32(target + 4 * k, c * read_float32(row + 4 * u) + s * read_float32(row + 4 * v))
