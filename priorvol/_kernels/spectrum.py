"""Walsh-Hadamard transforms of packed functions, many functions side by side.

The coefficients 2^n f^(S) are whole numbers. A block of functions is unpacked to one contiguous
array in which the values of all of them at a point are neighbours: so a butterfly between points,
at any distance, is one long loop over contiguous numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from priorvol._kernels.jit import kernel

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

_ONE = np.uint64(1)
_BLOCK = 1 << 14  # numbers in a block: at 16 bits each, the size of a first-level cache
_LEAST = 32  # functions in a block, where 2^n leaves room for fewer


def degree_sums(words: Words, n: int, *, squares: bool) -> Counts:
    """Add up the magnitudes, or the squares, of 2^n f^(S) over the sets S of each size.

    Parameters
    ----------
    words : (k, ceil(2^n / 64)) uint64 array
        Packed functions (see `priorvol.bits`), any memory order, writable or not.
    n : int
        Inputs, at most 16.
    squares : bool
        Whether to add up squares; otherwise magnitudes.

    Returns
    -------
    sums : (n + 1, k) int64 array
        Row d is the sum over S of size d.
    """
    columns, block = _prepare(words, n)
    sums = np.zeros((n + 1, columns.shape[1]), dtype=np.int64)
    _degree_sums(columns, n, squares, block, sums)
    return sums


def coefficients(words: Words, n: int) -> npt.NDArray[np.float64]:
    """Return f^(S), (k, 2^n) float64, of packed functions (k, ceil(2^n / 64))."""
    columns, block = _prepare(words, n)
    out = np.empty((columns.shape[1], 1 << n))
    _coefficients(columns, n, block, out)
    return out


def _prepare(words: Words, n: int) -> tuple[Words, npt.NDArray[np.signedinteger]]:
    """Return the words as (words, k), of one type and layout, and room for a block."""
    columns = np.array(words.T, dtype=np.uint64, order="C")
    room = max(_BLOCK, _LEAST << n)
    return columns, np.empty(room, dtype=np.int16 if n < 15 else np.int32)


@kernel
def _transform(columns, start, width, n, block):
    """Write 2^n f^(S) of functions start ... start + width - 1 to block[S * width + i]."""
    for x in range(1 << n):
        word = columns[x >> 6, start : start + width]
        row = block[x * width : (x + 1) * width]
        bit = np.uint64(x & 63)
        for i in range(width):
            row[i] = 1 - 2 * np.int64((word[i] >> bit) & _ONE)
    step = width
    while step < width << n:
        for first in range(0, width << n, 2 * step):
            low = block[first : first + step]
            high = block[first + step : first + 2 * step]
            for i in range(step):
                a = low[i]
                b = high[i]
                low[i] = a + b
                high[i] = a - b
        step *= 2


@kernel
def _degree_sums(columns, n, squares, block, sums):
    k = columns.shape[1]
    lanes = len(block) >> n
    sizes = np.zeros(1 << n, np.int64)
    for s in range(1, 1 << n):
        sizes[s] = sizes[s >> 1] + (s & 1)
    for start in range(0, k, lanes):
        width = min(lanes, k - start)
        _transform(columns, start, width, n, block)
        for s in range(1 << n):
            row = block[s * width : (s + 1) * width]
            total = sums[sizes[s], start : start + width]
            if squares:
                for i in range(width):
                    total[i] += np.int64(row[i]) * np.int64(row[i])
            else:
                for i in range(width):
                    total[i] += abs(np.int64(row[i]))


@kernel
def _coefficients(columns, n, block, out):
    k = columns.shape[1]
    lanes = len(block) >> n
    scale = 1.0 / (1 << n)
    for start in range(0, k, lanes):
        width = min(lanes, k - start)
        _transform(columns, start, width, n, block)
        for i in range(width):
            for s in range(1 << n):
                out[start + i, s] = block[s * width + i] * scale
