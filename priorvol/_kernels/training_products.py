"""Products of small matrices in float32 over explicit vectors: the arithmetic of training.

Rows of a matrix stand one after another, padded with zeros to whole vectors of `WIDTH` numbers.
Every sum runs in order from its first term through one fused multiply-add each, whatever the width
of the processor's registers and the size of the tiles, so results are the same on every processor.
Memory is named by address.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types

from priorvol._kernels import simd
from priorvol._kernels.jit import HAS_512_BITS, intrinsic, kernel
from priorvol._kernels.simd import FLOAT, INT32, constant

WIDTH = 8
"""Numbers in a vector: a whole register of many processors, half of one of others."""

_VECTOR = ir.VectorType(FLOAT, WIDTH)
_WIDEST = 6 if HAS_512_BITS else 2  # vectors of a row held in registers at a time
_TALL = 8 if HAS_512_BITS else 4  # rows of them


def _vector(b, numbers, size):
    """Return the vector of ``size`` equal numbers."""
    empty = ir.Constant(ir.VectorType(FLOAT, size), ir.Undefined)
    first = b.insert_element(empty, numbers, ir.Constant(INT32, 0))
    return b.shuffle_vector(first, empty, ir.Constant(ir.VectorType(INT32, size), [0] * size))


def _shuffle(b, x, y, mask):
    return b.shuffle_vector(x, y, ir.Constant(ir.VectorType(INT32, len(mask)), mask))


def _fma(b, x, y, z):
    """Return x y + z of vectors of any size, rounded once."""
    name = f"llvm.fma.v{z.type.count}f32"
    function = b.module.globals.get(name)
    if function is None:
        function = ir.Function(b.module, ir.FunctionType(z.type, [z.type] * 3), name)
    return b.call(function, [x, y, z])


def _opaque(b, x):
    """Return a vector of 512 bits that the compiler knows nothing of.

    It would make a vector of one number repeated and half of it by instructions of their own, where
    the half is there already.
    """
    return b.asm(ir.FunctionType(x.type, [x.type]), "", "=v,0", [x], side_effect=False)


def _pieces(width):
    """Return places and sizes of the pieces that ``width`` vectors are held in."""
    pair = 2 if HAS_512_BITS else 1
    return [(WIDTH * v, WIDTH * min(pair, width - v)) for v in range(0, width, pair)]


def _tile(rows, width):
    """Return an intrinsic that computes ``rows`` rows and ``width`` vectors of `multiply`."""

    def tile(typing_context, a, row, step, b_, below, start, out, above, inner, least, mask, kept):
        signature = types.void(*[types.intp] * 9, types.float32, types.intp, types.intp)

        def code(context, b, signature, arguments):
            a, row, step, w, below, start, out, above, inner, least, mask, kept = arguments
            a, w, start, out, mask = (simd.pointer(b, each) for each in (a, w, start, out, mask))
            pieces = _pieces(width)

            def load(source, piece):
                place = simd.at(b, source, constant(piece[0]))
                return simd.load(b, place, ir.VectorType(FLOAT, piece[1]))

            places = [simd.at(b, a, b.mul(constant(r), row)) for r in range(rows)]
            loop = simd.Loop(b, inner, [load(start, piece) for piece in pieces] * rows)
            source = simd.at(b, w, b.mul(loop.index, below))
            vectors = [load(source, piece) for piece in pieces]
            shift, sums = b.mul(loop.index, step), []
            for r in range(rows):
                factor = simd.load(b, simd.at(b, places[r], shift), FLOAT)
                factors = _vector(b, factor, pieces[0][1])  # of the first piece, the largest
                if pieces[-1][1] < pieces[0][1]:
                    factors = _opaque(b, factors)
                for i, (_, size) in enumerate(pieces):
                    carried = loop.carried[r * len(pieces) + i]
                    some = factors
                    if size < pieces[0][1]:
                        some = _shuffle(b, factors, factors, list(range(size)))
                    sums.append(_fma(b, some, vectors[i], carried))
            sums = loop.close(sums)
            for r in range(rows):
                target = simd.at(b, out, b.mul(constant(r), above))
                gate = simd.at(b, mask, b.mul(constant(r), kept))
                for i, piece in enumerate(pieces):
                    value, lowest = sums[r * len(pieces) + i], _vector(b, least, piece[1])
                    low = b.fcmp_ordered("<", value, lowest)  # NaN stays
                    zero = ir.Constant(value.type, [0.0] * piece[1])
                    is_open = b.fcmp_ordered(">", load(gate, piece), zero)
                    value = b.select(is_open, b.select(low, lowest, value), zero)
                    simd.store(b, value, simd.at(b, target, constant(piece[0])))
            return context.get_dummy_value()

        return signature, code

    tile.__name__ = tile.__qualname__ = f"tile_{rows}_{width}"
    return intrinsic(tile)


_tall_1, _low_1, _flat_1 = (_tile(rows, 1) for rows in (_TALL, 4, 1))
_tall_2, _low_2, _flat_2 = (_tile(rows, 2) for rows in (_TALL, 4, 1))
_tall_4, _low_4, _flat_4 = (_tile(rows, 4) for rows in (_TALL, 4, 1))
_tall_5, _low_5, _flat_5 = (_tile(rows, 5) for rows in (_TALL, 4, 1))
_tall_6, _low_6, _flat_6 = (_tile(rows, 6) for rows in (_TALL, 4, 1))


@kernel
def multiply(a, row, step, b, below, start, out, above, rows, inner, vectors, least, mask, kept):
    """Write out[r] = max(least, start + sum over i < inner of a[r, i] b[i]), r < rows.

    Parameters
    ----------
    a, row, step : int
        Address; element (r, i) is the float32 at r row + i step.
    b, below : int
        Address of rows of ``vectors`` vectors, and floats from one row to the next.
    start : int
        Address of the row that every sum starts from.
    out, above : int
        Address of the result, and floats from one row to the next.
    rows, inner, vectors : int
    least : float32
        Lower values are raised to it: 0 is ReLU, -inf leaves them. NaN stays.
    mask, kept : int
        Address; number v of row r becomes 0 unless the float32 at r kept + v is positive.
    """
    v = 0
    while v < vectors:
        width = min(vectors - v, _WIDEST)
        if width == 3:
            width = 2
        w, s, g = b + 4 * WIDTH * v, start + 4 * WIDTH * v, mask + 4 * WIDTH * v
        r = 0
        while r < rows:
            x, o = a + 4 * r * row, out + 4 * (r * above + WIDTH * v)
            left, gate = rows - r, g + 4 * r * kept
            height = _TALL if left >= _TALL else 4 if left >= 4 else 1
            if width == 6:
                if height == _TALL:
                    _tall_6(x, row, step, w, below, s, o, above, inner, least, gate, kept)
                elif height == 4:
                    _low_6(x, row, step, w, below, s, o, above, inner, least, gate, kept)
                else:
                    _flat_6(x, row, step, w, below, s, o, above, inner, least, gate, kept)
            elif width == 5:
                if height == _TALL:
                    _tall_5(x, row, step, w, below, s, o, above, inner, least, gate, kept)
                elif height == 4:
                    _low_5(x, row, step, w, below, s, o, above, inner, least, gate, kept)
                else:
                    _flat_5(x, row, step, w, below, s, o, above, inner, least, gate, kept)
            elif width == 4:
                if height == _TALL:
                    _tall_4(x, row, step, w, below, s, o, above, inner, least, gate, kept)
                elif height == 4:
                    _low_4(x, row, step, w, below, s, o, above, inner, least, gate, kept)
                else:
                    _flat_4(x, row, step, w, below, s, o, above, inner, least, gate, kept)
            elif width == 2:
                if height == _TALL:
                    _tall_2(x, row, step, w, below, s, o, above, inner, least, gate, kept)
                elif height == 4:
                    _low_2(x, row, step, w, below, s, o, above, inner, least, gate, kept)
                else:
                    _flat_2(x, row, step, w, below, s, o, above, inner, least, gate, kept)
            elif width == 1:
                if height == _TALL:
                    _tall_1(x, row, step, w, below, s, o, above, inner, least, gate, kept)
                elif height == 4:
                    _low_1(x, row, step, w, below, s, o, above, inner, least, gate, kept)
                else:
                    _flat_1(x, row, step, w, below, s, o, above, inner, least, gate, kept)
            r += height
        v += width


@intrinsic
def dots(typing_context, h, stride, w, vectors, bias, out, rows):
    """Write bias + h[r] . w of ``rows`` rows, ``stride`` floats apart, to the float32 at ``out``.

    The lanes of a vector are summed first, then halves are added to halves, then the bias.
    """

    def code(context, b, signature, arguments):
        h, stride, w, vectors, bias, out, rows = arguments
        h, w, bias, out = (simd.pointer(b, address) for address in (h, w, bias, out))
        offset = simd.load(b, bias, simd.FLOAT)
        loop = simd.Loop(b, rows)
        source = simd.at(b, h, b.mul(loop.index, stride))
        along = simd.Loop(b, vectors, [ir.Constant(_VECTOR, [0.0] * WIDTH)])
        shift = b.mul(along.index, constant(WIDTH))
        x, y = (simd.load(b, simd.at(b, each, shift), _VECTOR) for each in (source, w))
        (total,) = along.close([_fma(b, x, y, along.carried[0])])
        for half in (4, 2, 1):
            mask = [(lane + half) % WIDTH for lane in range(WIDTH)]
            total = b.fadd(total, _shuffle(b, total, total, mask))
        value = b.fadd(b.extract_element(total, ir.Constant(INT32, 0)), offset)
        simd.store(b, value, simd.at(b, out, loop.index))
        loop.close()
        return context.get_dummy_value()

    return types.void(*[types.intp] * 7), code


@intrinsic
def _column_sums(typing_context, source, stride, rows, vectors, out):
    """See `column_sums`."""

    def code(context, b, signature, arguments):
        source, stride, rows, vectors, out = arguments
        source, out = simd.pointer(b, source), simd.pointer(b, out)
        zero = ir.Constant(_VECTOR, [0.0] * WIDTH)
        along = simd.Loop(b, vectors)
        shift = b.mul(along.index, constant(WIDTH))
        column = simd.at(b, source, shift)
        fours = b.udiv(rows, constant(4))
        loop = simd.Loop(b, fours, [zero] * 4)
        sums = []
        for i in range(4):
            row = b.add(b.mul(loop.index, constant(4)), constant(i))
            value = simd.load(b, simd.at(b, column, b.mul(row, stride)), _VECTOR)
            sums.append(b.fadd(loop.carried[i], value))
        sums = loop.close(sums)
        total = b.fadd(b.fadd(b.fadd(sums[0], sums[1]), sums[2]), sums[3])
        rest = simd.Loop(b, b.urem(rows, constant(4)), [total])
        row = b.add(b.mul(fours, constant(4)), rest.index)
        value = simd.load(b, simd.at(b, column, b.mul(row, stride)), _VECTOR)
        (total,) = rest.close([b.fadd(rest.carried[0], value)])
        simd.store(b, total, simd.at(b, out, shift))
        along.close()
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), code


@kernel
def column_sums(source, stride, rows, vectors, out):
    """Write the sum of ``rows`` rows of ``vectors`` vectors, ``stride`` floats apart, to ``out``.

    Rows 4 i, 4 i + 1, 4 i + 2 and 4 i + 3 are added up apart, then the four sums in order, then
    the rows left over.
    """
    _column_sums(source, stride, rows, vectors, out)


@intrinsic
def _transpose_block(typing_context, source, stride, rows, zeros, out, above):
    """Write the transpose of a square block; rows from ``rows`` on are read at ``zeros``."""

    def code(context, b, signature, arguments):
        source, stride, rows, zeros, out, above = arguments
        source, zeros, out = (simd.pointer(b, address) for address in (source, zeros, out))
        block = []
        for r in range(WIDTH):
            place = simd.at(b, source, b.mul(constant(r), stride))
            inside = b.icmp_signed("<", constant(r), rows)
            block.append(simd.load(b, b.select(inside, place, zeros), _VECTOR))
        for bit in (1, 2, 4):
            keep = [lane if not lane & bit else WIDTH + (lane ^ bit) for lane in range(WIDTH)]
            swap = [lane ^ bit if not lane & bit else WIDTH + lane for lane in range(WIDTH)]
            after = list(block)
            for r in range(WIDTH):
                if not r & bit:
                    after[r] = _shuffle(b, block[r], block[r | bit], keep)
                    after[r | bit] = _shuffle(b, block[r], block[r | bit], swap)
            block = after
        for r in range(WIDTH):
            simd.store(b, block[r], simd.at(b, out, b.mul(constant(r), above)))
        return context.get_dummy_value()

    return types.void(*[types.intp] * 6), code


@kernel
def transpose(source, rows, vectors, zeros, out, above):
    """Write the transpose of ``rows`` rows of ``vectors`` vectors, padded with zeros, to ``out``.

    Its rows, one for each number of a row of the source, have ``above`` floats: ``rows`` rounded
    up to whole vectors. ``zeros`` is the address of a vector of zeros.
    """
    stride = WIDTH * vectors
    for r in range(0, rows, WIDTH):
        for v in range(vectors):
            block = source + 4 * (r * stride + WIDTH * v)
            _transpose_block(
                block, stride, rows - r, zeros, out + 4 * (WIDTH * v * above + r), above
            )
