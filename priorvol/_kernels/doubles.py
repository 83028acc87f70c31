"""float64 building blocks that the compiler vectorises: fused multiply-adds and polynomials.

They are branch-free, so a loop of them over contiguous arrays becomes one over wide registers.
Multiply-adds are `llvm.fma`, exactly rounded whatever the width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from priorvol._kernels.jit import intrinsic, kernel

_DOUBLE = ir.DoubleType()


def _fused(builder: Any, x: Any, y: Any, z: Any) -> Any:
    function = builder.module.globals.get("llvm.fma.f64")
    if function is None:
        signature = ir.FunctionType(_DOUBLE, [_DOUBLE] * 3)
        function = ir.Function(builder.module, signature, "llvm.fma.f64")
    return builder.call(function, [x, y, z])


@intrinsic
def fma(typingctx, x, y, z):
    """Return x y + z, rounded once."""

    def generate(context, builder, signature, arguments):
        return _fused(builder, *arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


def polynomial(coefficients: Sequence[float]) -> Callable[[float], float]:
    """Return the polynomial with the highest power's coefficient first, by Horner's rule."""
    values = [float(c) for c in coefficients]

    @intrinsic
    def evaluate(typingctx, x):
        def generate(context, builder, signature, arguments):
            result = ir.Constant(_DOUBLE, values[0])
            for value in values[1:]:
                result = _fused(builder, result, arguments[0], ir.Constant(_DOUBLE, value))
            return result

        return types.float64(types.float64), generate

    return evaluate


@kernel
def add_rows(row, factors, rows, count, start):
    """Add ``factors[j] * rows[j]`` to ``row``, for j < count, from column ``start`` on."""
    width = len(row)
    j = 0
    while j + 8 <= count:
        a, b, c, d = factors[j], factors[j + 1], factors[j + 2], factors[j + 3]
        e, f, g, h = factors[j + 4], factors[j + 5], factors[j + 6], factors[j + 7]
        r0, r1, r2, r3 = rows[j], rows[j + 1], rows[j + 2], rows[j + 3]
        r4, r5, r6, r7 = rows[j + 4], rows[j + 5], rows[j + 6], rows[j + 7]
        for i in range(start, width):
            x = fma(b, r1[i], fma(a, r0[i], row[i]))
            x = fma(d, r3[i], fma(c, r2[i], x))
            x = fma(f, r5[i], fma(e, r4[i], x))
            row[i] = fma(h, r7[i], fma(g, r6[i], x))
        j += 8
    while j < count:
        a, r0 = factors[j], rows[j]
        for i in range(start, width):
            row[i] = fma(a, r0[i], row[i])
        j += 1


@kernel
def upper_factor(matrix):
    """Return the upper triangular U with U' U = matrix, of a positive definite matrix.

    Returns
    -------
    factor : (m, m) array
    rank : int
        Rows done: less than m where a pivot is not positive.
    """
    m = len(matrix)
    factor = np.zeros((m, m))
    column = np.empty(m)
    for i in range(m):
        factor[i, i:] = matrix[i, i:]
        column[:i] = -factor[:i, i]
        add_rows(factor[i], column, factor, i, i)
        pivot = factor[i, i]
        if not pivot > 0.0:
            return factor, i
        factor[i, i:] /= np.sqrt(pivot)
    return factor, m


@kernel
def solve_transposed(factor, right):
    """Overwrite ``right`` with U'^-1 right, for an upper triangular U; panels stay in cache."""
    m, width = right.shape
    column = np.empty(m)
    for first in range(0, width, _PANEL):
        panel = np.ascontiguousarray(right[:, first : first + _PANEL])
        for i in range(m):
            column[:i] = -factor[:i, i]
            add_rows(panel[i], column, panel, i, 0)
            panel[i] /= factor[i, i]
        right[:, first : first + _PANEL] = panel


_PANEL = 96
