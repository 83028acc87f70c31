"""Layers of one network on all inputs, in float32 over explicit vectors.

The inputs are cut into panels of 64, four vectors of 16 (the last one filled up with repeats). In a
panel, whose successor starts ``panel`` bytes further on, stand the units' 64 activations one unit
after another. A list names the places of the units that are alive, since a ReLU unit that is never
positive adds exactly nothing to the layer above.

The weights of a layer with K live units below come in column blocks of 4 units above (single units
at the end), K groups of 4 (or 1) each, so that the block of unit j starts at element j K; then the
biases. Sums run from the bias through the units below in order, one fused multiply-add each,
whatever the width of the processor's registers. Memory is named by address.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types

from priorvol._kernels import simd
from priorvol._kernels.jit import HAS_512_BITS, intrinsic, kernel
from priorvol._kernels.simd import INT16, INT64, LANES, constant, splat

BLOCK = 4
"""Units whose weights stand together."""

PANEL = 4
"""Vectors in a panel."""

_WIDE = PANEL if HAS_512_BITS else 1  # vectors of one unit held in registers at a time

_BYTES = 4 * LANES * PANEL  # of one unit in a panel


def _offset(b, base, index):
    """Return the place ``index`` bytes after ``base``."""
    return b.gep(base, [index], source_etype=ir.IntType(8))


def _tile(b, source, target, w, bias, places, below, least, width, units):
    """Emit the sums of ``units`` units on ``width`` vectors of the panels at source and target."""
    start = []
    for unit in range(units):
        start += [splat(b, simd.load(b, simd.at(b, bias, constant(unit)), simd.FLOAT))] * width
    loop = simd.Loop(b, below, start)
    place = simd.load(b, simd.at(b, places, loop.index, INT64), INT64, 8)
    unit_below = _offset(b, source, place)
    inputs = [simd.load(b, simd.at(b, unit_below, constant(LANES * v))) for v in range(width)]
    group = b.mul(loop.index, constant(units))
    sums = []
    for unit in range(units):
        weight = simd.load(b, simd.at(b, w, b.add(group, constant(unit))), simd.FLOAT)
        for v in range(width):
            sums.append(simd.fma(b, splat(b, weight), inputs[v], loop.carried[unit * width + v]))
    sums = loop.close(sums)
    for unit in range(units):
        for v in range(width):
            value = simd.maximum(b, sums[unit * width + v], least)
            simd.store(b, value, simd.at(b, target, constant(LANES * (unit * PANEL + v))))


def _columns(name, units):
    """Return an intrinsic that computes ``units`` units on all inputs.

    Arguments: addresses of the panels below, of the units' weights and biases, of their place in
    the first panel of the output and of the list of units below; units below, bytes between panels,
    vectors, and the least value of a unit.
    """

    def columns(typing_context, h, w, bias, out, places, below, panel, vectors, least):
        signature = types.void(*[types.intp] * 8, types.float32)

        def code(context, b, signature, arguments):
            *addresses, below, panel, vectors, least = arguments
            h, w, bias, out, places = (simd.pointer(b, address) for address in addresses)
            rest = (w, bias, places, below, splat(b, least))

            def narrow(source, target, count):
                loop = simd.Loop(b, count)
                shift = b.mul(loop.index, constant(4 * LANES))
                _tile(b, _offset(b, source, shift), _offset(b, target, shift), *rest, 1, units)
                loop.close()

            whole = b.udiv(vectors, constant(PANEL))
            loop = simd.Loop(b, whole)
            shift = b.mul(loop.index, panel)
            source, target = _offset(b, h, shift), _offset(b, out, shift)
            if _WIDE == PANEL:
                _tile(b, source, target, *rest, PANEL, units)
            else:
                narrow(source, target, constant(PANEL))
            loop.close()
            shift = b.mul(whole, panel)
            left = b.sub(vectors, b.mul(whole, constant(PANEL)))
            narrow(_offset(b, h, shift), _offset(b, out, shift), left)
            return context.get_dummy_value()

        return signature, code

    columns.__name__ = columns.__qualname__ = name
    return intrinsic(columns)


_columns_of_block = _columns("columns_of_block", BLOCK)
_column = _columns("column", 1)


def _cube(name, low, rectify):
    """Return an intrinsic (v, out, panel, high, blocks): one unit on the cube, 64 inputs a block.

    ``v`` holds the bias, the weights of the last six inputs (last input first, zeros where there
    are fewer) and of the ``high`` others; ``low`` is the input's value at bit 0: 0 or -1.
    """

    def cube(typing_context, v, out, panel, high, blocks):
        signature = types.void(*[types.intp] * 5)

        def code(context, b, signature, arguments):
            v, out, panel, high, blocks = arguments
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
                below = [b.fsub(x, w) if low else x for x in vectors]
                vectors = below + [b.fadd(x, w) for x in vectors]
            loop = simd.Loop(b, blocks)
            inner = simd.Loop(b, high, vectors)
            bit = b.trunc(b.lshr(loop.index, inner.index), ir.IntType(1))
            w = simd.load(b, simd.at(b, v, b.add(inner.index, constant(7))), simd.FLOAT)
            if low:
                other = b.fsub(ir.Constant(simd.FLOAT, -0.0), w)
            else:
                other = ir.Constant(simd.FLOAT, 0.0)
            term = splat(b, b.select(bit, w, other))
            done = inner.close([b.fadd(x, term) for x in inner.carried])
            here = _offset(b, out, b.mul(loop.index, panel))
            for i, x in enumerate(done):
                if rectify:
                    x = simd.maximum(b, x, zero)
                simd.store(b, x, simd.at(b, here, constant(LANES * i)))
            loop.close()
            return context.get_dummy_value()

        return signature, code

    cube.__name__ = cube.__qualname__ = name
    return intrinsic(cube)


_cube_01 = _cube("cube_01", 0.0, False)
_cube_pm1 = _cube("cube_pm1", -1.0, False)
_cube_01_relu = _cube("cube_01_relu", 0.0, True)
_cube_pm1_relu = _cube("cube_pm1_relu", -1.0, True)


def _over_vectors(b, h, panel, vectors, carried=()):
    """Open a loop over a unit's vectors; return it with the vector."""
    loop = simd.Loop(b, vectors, carried)
    which = b.udiv(loop.index, constant(PANEL))
    lane = b.mul(b.urem(loop.index, constant(PANEL)), constant(LANES))
    return loop, simd.load(b, simd.at(b, _offset(b, h, b.mul(which, panel)), lane))


@intrinsic
def _sign_bits(typing_context, h, panel, vectors, out):
    """Write the bits h > 0 of the unit at ``h`` to ``out``."""

    def code(context, b, signature, arguments):
        h, panel, vectors, out = arguments
        loop, x = _over_vectors(b, simd.pointer(b, h), panel, vectors)
        mask = b.bitcast(b.fcmp_ordered(">", x, simd.vector_float(0.0)), INT16)
        simd.store(b, mask, simd.at(b, simd.pointer(b, out), loop.index, INT16), align=2)
        loop.close()
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4), code


@intrinsic
def is_alive(typing_context, h, panel, vectors):
    """Return 1 if the unit at ``h`` is positive anywhere, else 0."""

    def code(context, b, signature, arguments):
        h, panel, vectors = arguments
        zero = simd.vector_float(0.0)
        loop, x = _over_vectors(b, simd.pointer(b, h), panel, vectors, [zero])
        (largest,) = loop.close([simd.maximum(b, x, loop.carried[0])])
        mask = b.bitcast(b.fcmp_ordered(">", largest, zero), INT16)
        return b.zext(b.icmp_unsigned("!=", mask, ir.Constant(INT16, 0)), INT64)

    return types.intp(*[types.intp] * 3), code


@intrinsic
def _scale(typing_context, address, vectors, factor):
    """Multiply ``vectors`` vectors at ``address``."""

    def code(context, b, signature, arguments):
        address, vectors, factor = arguments
        base, factor = simd.pointer(b, address), splat(b, factor)
        loop = simd.Loop(b, vectors)
        place = simd.at(b, base, b.mul(loop.index, constant(LANES)))
        simd.store(b, b.fmul(simd.load(b, place), factor), place)
        loop.close()
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.float32), code


@kernel
def scale_biases(w, below, above, ratio):
    """Multiply the biases of a layer's weights at ``w`` by ``ratio``.

    Up to 15 numbers that follow are multiplied as well; there must be room for them.
    """
    _scale(w + 4 * below * above, (above + LANES - 1) // LANES, ratio)


@kernel
def dense(h, places, w, below, above, first, some, vectors, panel, least, out):
    """Compute the units ``first`` to ``first + some - 1`` of a layer; see the module's head.

    Parameters
    ----------
    h : int
        Address of the first panel of the units below.
    places : int
        Address of the list of live units below.
    w, below, above : int
        Address of the weights of ``above`` units from ``below`` live ones.
    first, some : int
        ``first`` is a multiple of 4.
    vectors, panel : int
        Vectors of inputs, and bytes between panels.
    least : float32
        Lower values are raised to it: 0 is ReLU, -inf leaves them.
    out : int
        Address of the first panel of the units computed.
    """
    blocks = above - above % BLOCK
    biases = w + 4 * below * above
    j = first
    while j < first + some:
        wj, bj, oj = w + 4 * j * below, biases + 4 * j, out + _BYTES * (j - first)
        if j < blocks:
            _columns_of_block(h, wj, bj, oj, places, below, panel, vectors, least)
            j += BLOCK
        else:
            _column(h, wj, bj, oj, places, below, panel, vectors, least)
            j += 1


@kernel
def find_alive(h, units, vectors, panel, alive):
    """Write at ``alive`` (uint8) 1 for the units of ``h`` that are positive anywhere, else 0."""
    for j in range(units):
        simd.write_uint8(alive + j, np.uint8(is_alive(h + _BYTES * j, panel, vectors)))


@kernel
def set_alive(units, alive):
    """Write 1 at ``alive`` for every unit."""
    for j in range(units):
        simd.write_uint8(alive + j, np.uint8(1))


@kernel
def list_alive(units, alive, places):
    """List the places of the live units at ``places`` (int64); return how many there are."""
    live = 0
    for j in range(units):
        simd.write_int64(places + 8 * live, _BYTES * j)
        live += np.int64(simd.read_uint8(alive + j))  # no branch: it cannot be predicted
    return live


@kernel
def cube_layer(w, n, units, signed, panel, rectify, drop, column, alive, out):
    """Compute ``units`` units on the Boolean cube, whose inputs the weights list last first.

    With ``drop`` (ReLU only) units that are never positive are left out: on the cube the largest
    pre-activation is known beforehand, summed in the same order, so the test is exact.

    Parameters
    ----------
    w : int
        Address of the weights.
    signed : bool
        Inputs are -1 and +1 instead of 0 and 1.
    column : int
        Address of scratch, max(n, 6) + 1 float32, zeros beyond n.
    alive : int
        Address of uint8 flags, written.
    out : int
        Address of the first panel.
    """
    blocks = max(1 << n >> 6, 1)
    high = max(n - 6, 0)
    whole = units - units % BLOCK
    zero, half = np.float32(0.0), np.float32(0.5)
    for j in range(units):
        lanes = BLOCK if j < whole else 1
        start = w + 4 * ((j - j % lanes) * n + j % lanes)
        largest = simd.read_float32(w + 4 * (units * n + j))
        simd.write_float32(column, largest)
        for k in range(n):
            value = simd.read_float32(start + 4 * lanes * k)
            simd.write_float32(column + 4 * (k + 1), value)
            size = np.float32(abs(value))
            largest += size if signed else (value + size) * half  # no branch on random signs
        if drop and not largest > zero:
            simd.write_uint8(alive + j, np.uint8(0))
            continue
        simd.write_uint8(alive + j, np.uint8(1))
        place = out + _BYTES * j
        if signed:
            if rectify:
                _cube_pm1_relu(column, place, panel, high, blocks)
            else:
                _cube_pm1(column, place, panel, high, blocks)
        elif rectify:
            _cube_01_relu(column, place, panel, high, blocks)
        else:
            _cube_01(column, place, panel, high, blocks)


@kernel
def threshold(h, units, vectors, panel, keys, words):
    """Write the bits h > 0 of ``units`` units to ``words`` uint64 each at ``keys``.

    Bits beyond 16 * vectors are 0; those of the repeats in the last vector are set as they fall.
    """
    for j in range(units):
        place = keys + 8 * words * j
        simd.write_int64(place + 8 * (words - 1), 0)
        _sign_bits(h + _BYTES * j, panel, vectors, place)
