"""Layers of one network on all inputs, in float32 over explicit vectors.

Activations lie in rows, one a unit, ``stride`` floats apart; the inputs run along a row in vectors
of 16, the last one filled up with repeats. Weights of a layer with K units below come in column
blocks of 4 units above (single units at the end): (K + 1) groups of 4 (or 1), the biases first. So
the block of unit j starts at element j (K + 1). Sums run from the bias through the units below in
order, one fused multiply-add each, whatever the width of the processor's registers.
"""

from __future__ import annotations

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import types

from priorvol._kernels import simd
from priorvol._kernels.jit import intrinsic, kernel
from priorvol._kernels.simd import INT16, LANES, constant, splat

BLOCK = 4
"""Units computed together."""

_HAS_512 = bool(llvmlite.binding.get_host_cpu_features().get("avx512f"))
_WIDE = 4 if _HAS_512 else 1  # vectors of one row held in registers at a time


def _tile(b, pointers, first, width, units, rectify):
    """Emit the sums of ``units`` units on ``width`` vectors from vector ``first`` on."""
    h, w, out, below, stride = pointers
    zero = simd.vector_float(0.0)
    lane = b.mul(first, constant(LANES))
    start = []
    for unit in range(units):
        start += [splat(b, simd.load(b, simd.at(b, w, constant(unit)), simd.FLOAT))] * width
    loop = simd.Loop(b, below, start)
    row = b.add(b.mul(loop.index, stride), lane)
    weights = b.mul(b.add(loop.index, constant(1)), constant(units))
    inputs = [simd.load(b, simd.at(b, h, b.add(row, constant(LANES * v)))) for v in range(width)]
    sums = []
    for unit in range(units):
        place = simd.at(b, w, b.add(weights, constant(unit)))
        weight = splat(b, simd.load(b, place, simd.FLOAT))
        for v in range(width):
            sums.append(simd.fma(b, weight, inputs[v], loop.carried[unit * width + v]))
    sums = loop.close(sums)
    for unit in range(units):
        for v in range(width):
            value = sums[unit * width + v]
            if rectify:
                value = simd.maximum(b, value, zero)
            place = b.add(b.mul(constant(unit), stride), b.add(lane, constant(LANES * v)))
            simd.store(b, value, simd.at(b, out, place))


def _dense(name, units, rectify):
    """Return an intrinsic (h, w, out, below, stride, vectors): ``units`` rows of a layer."""

    def dense(typing_context, h, w, out, below, stride, vectors):
        signature = types.void(*[types.intp] * 6)

        def code(context, b, signature, arguments):
            h, w, out, below, stride, vectors = arguments
            base = [simd.pointer(b, address) for address in (h, w, out)]
            pointers = (*base, below, stride)
            wide = b.udiv(vectors, constant(_WIDE))
            loop = simd.Loop(b, wide)
            _tile(b, pointers, b.mul(loop.index, constant(_WIDE)), _WIDE, units, rectify)
            loop.close()
            if _WIDE > 1:
                done = b.mul(wide, constant(_WIDE))
                loop = simd.Loop(b, b.sub(vectors, done))
                _tile(b, pointers, b.add(loop.index, done), 1, units, rectify)
                loop.close()
            return context.get_dummy_value()

        return signature, code

    dense.__name__ = dense.__qualname__ = name
    return intrinsic(dense)


_dense_block = _dense("dense_block", BLOCK, False)
_dense_unit = _dense("dense_unit", 1, False)
_relu_block = _dense("relu_block", BLOCK, True)
_relu_unit = _dense("relu_unit", 1, True)


def _cube(name, low, rectify):
    """Return an intrinsic (v, out, high, blocks): one unit on the Boolean cube, 64 inputs a block.

    ``v`` holds the bias, the weights of the last six inputs (last input first, zeros where there
    are fewer) and of the ``high`` others; ``low`` is the input's value at bit 0: 0 or -1.
    """

    def cube(typing_context, v, out, high, blocks):
        signature = types.void(*[types.intp] * 4)

        def code(context, b, signature, arguments):
            v, out, high, blocks = arguments
            v, out = simd.pointer(b, v), simd.pointer(b, out)
            zero = simd.vector_float(0.0)

            def weight(i):
                return splat(b, simd.load(b, simd.at(b, v, i), simd.FLOAT))

            base = weight(constant(0))
            for bit in range(4):
                values = [1.0 if lane >> bit & 1 else low for lane in range(LANES)]
                base = simd.fma(b, weight(constant(1 + bit)), simd.vector_float(values), base)
            vectors = [base]
            for bit in (4, 5):
                w = weight(constant(1 + bit))
                below, above = simd.vector_float(low), simd.vector_float(1.0)
                vectors = [simd.fma(b, w, below, x) for x in vectors] + [
                    simd.fma(b, w, above, x) for x in vectors
                ]
            loop = simd.Loop(b, blocks)
            inner = simd.Loop(b, high, vectors)
            bit = b.and_(b.lshr(loop.index, inner.index), constant(1))
            one, other = ir.Constant(simd.FLOAT, 1.0), ir.Constant(simd.FLOAT, low)
            value = splat(b, b.select(b.trunc(bit, ir.IntType(1)), one, other))
            w = weight(b.add(inner.index, constant(7)))
            done = inner.close([simd.fma(b, w, value, x) for x in inner.carried])
            start = b.mul(loop.index, constant(64))
            for i, x in enumerate(done):
                if rectify:
                    x = simd.maximum(b, x, zero)
                simd.store(b, x, simd.at(b, out, b.add(start, constant(LANES * i))))
            loop.close()
            return context.get_dummy_value()

        return signature, code

    cube.__name__ = cube.__qualname__ = name
    return intrinsic(cube)


_cube_01 = _cube("cube_01", 0.0, False)
_cube_pm1 = _cube("cube_pm1", -1.0, False)
_cube_01_relu = _cube("cube_01_relu", 0.0, True)
_cube_pm1_relu = _cube("cube_pm1_relu", -1.0, True)


@intrinsic
def _sign_bits(typing_context, row, out, vectors):
    """Write the bits h > 0 of ``vectors`` vectors at ``row`` to ``out``."""

    def code(context, b, signature, arguments):
        row, out, vectors = arguments
        row, out = simd.pointer(b, row), simd.pointer(b, out)
        loop = simd.Loop(b, vectors)
        x = simd.load(b, simd.at(b, row, b.mul(loop.index, constant(LANES))))
        mask = b.bitcast(b.fcmp_ordered(">", x, simd.vector_float(0.0)), INT16)
        simd.store(b, mask, simd.at(b, out, loop.index, INT16), align=2)
        loop.close()
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), code


@intrinsic
def _any_positive(typing_context, row, vectors):
    """Return whether any of ``vectors`` vectors at ``row`` holds a number above 0."""

    def code(context, b, signature, arguments):
        row = simd.pointer(b, arguments[0])
        loop = simd.Loop(b, arguments[1], [simd.vector_float(0.0)])
        x = simd.load(b, simd.at(b, row, b.mul(loop.index, constant(LANES))))
        (largest,) = loop.close([simd.maximum(b, x, loop.carried[0])])
        mask = b.bitcast(b.fcmp_ordered(">", largest, simd.vector_float(0.0)), INT16)
        return b.icmp_unsigned("!=", mask, ir.Constant(INT16, 0))

    return types.boolean(types.intp, types.intp), code


@intrinsic
def _copy_row(typing_context, source, target, vectors):
    """Copy ``vectors`` vectors."""

    def code(context, b, signature, arguments):
        source, target, vectors = arguments
        source, target = simd.pointer(b, source), simd.pointer(b, target)
        loop = simd.Loop(b, vectors)
        lane = b.mul(loop.index, constant(LANES))
        simd.store(b, simd.load(b, simd.at(b, source, lane)), simd.at(b, target, lane))
        loop.close()
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), code


@kernel
def dense(h, w, below, above, vectors, stride, rectify, out):
    """Compute ``above`` units from ``below`` rows of ``h``; see the module's head for the layout.

    Parameters
    ----------
    h, out : float32, flat; ``out`` has room for above + 3 rows
    w : float32, flat, (below + 1) * above weights
    rectify : bool
        Apply ReLU.
    """
    ph, pw, po = h.ctypes.data, w.ctypes.data, out.ctypes.data
    blocks = above - above % BLOCK
    for j in range(0, blocks, BLOCK):
        wj, oj = pw + 4 * j * (below + 1), po + 4 * j * stride
        if rectify:
            _relu_block(ph, wj, oj, below, stride, vectors)
        else:
            _dense_block(ph, wj, oj, below, stride, vectors)
    for j in range(blocks, above):
        wj, oj = pw + 4 * j * (below + 1), po + 4 * j * stride
        if rectify:
            _relu_unit(ph, wj, oj, below, stride, vectors)
        else:
            _dense_unit(ph, wj, oj, below, stride, vectors)


@kernel
def scale_biases(w, below, above, ratio):
    """Multiply the biases of a layer's weights by ``ratio``."""
    blocks = above - above % BLOCK
    for j in range(0, blocks, BLOCK):
        for i in range(BLOCK):
            w[j * (below + 1) + i] *= ratio
    for j in range(blocks, above):
        w[j * (below + 1)] *= ratio


@kernel
def drop_dead(h, units, vectors, stride, alive):
    """Move the rows with a positive entry to the front, in order; return how many there are.

    A ReLU unit that is never positive adds exactly nothing to the layer above. ``alive`` (units,)
    is set to 1 or 0.
    """
    kept = 0
    base = h.ctypes.data
    for j in range(units):
        if _any_positive(base + 4 * j * stride, vectors):
            if kept < j:
                _copy_row(base + 4 * j * stride, base + 4 * kept * stride, vectors)
            kept += 1
            alive[j] = 1
        else:
            alive[j] = 0
    return kept


@kernel
def cube_layer(w, n, units, signed, stride, rectify, drop, column, alive, out):
    """Compute ``units`` units on the Boolean cube, whose inputs the weights list last first.

    With ``drop`` (ReLU only) units that are never positive are left out: on the cube the largest
    pre-activation is known beforehand, summed in the same order, so the test is exact.

    Parameters
    ----------
    w : float32, flat, (n + 1) * units weights
    signed : bool
        Inputs are -1 and +1 instead of 0 and 1.
    column : (max(n, 6) + 1,) float32 scratch, zeros beyond n
    alive : (units,) uint8, written
    out : float32, flat

    Returns
    -------
    int
        Number of rows written.
    """
    blocks = max(1 << n >> 6, 1)
    high = max(n - 6, 0)
    kept = 0
    whole = units - units % BLOCK
    for j in range(units):
        lanes = BLOCK if j < whole else 1
        start = (j - j % lanes) * (n + 1) + j % lanes
        largest = np.float32(0.0)
        for k in range(n + 1):
            value = w[start + lanes * k]
            column[k] = value
            if k == 0:
                largest = value
            elif signed:
                largest += abs(value)
            else:
                largest += max(value, np.float32(0.0))
        alive[j] = 1
        if drop and not largest > np.float32(0.0):
            alive[j] = 0
            continue
        pc, po = column.ctypes.data, out.ctypes.data + 4 * kept * stride
        if signed:
            if rectify:
                _cube_pm1_relu(pc, po, high, blocks)
            else:
                _cube_pm1(pc, po, high, blocks)
        elif rectify:
            _cube_01_relu(pc, po, high, blocks)
        else:
            _cube_01(pc, po, high, blocks)
        kept += 1
    return kept


@kernel
def threshold(h, rows, vectors, stride, last_mask, keys):
    """Write the bits h > 0 of ``rows`` rows to ``keys`` (rows, words) uint64.

    ``last_mask`` keeps the used bits of the last word.
    """
    words = keys.shape[1]
    base = h.ctypes.data
    for r in range(rows):
        keys[r, words - 1] = 0
        _sign_bits(base + 4 * r * stride, keys.ctypes.data + 8 * r * words, vectors)
        keys[r, words - 1] &= last_mask
