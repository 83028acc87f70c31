"""Algebraic normal forms of packed functions by the Moebius transform over GF(2).

Functions are held as (words, k), so that each step is one loop over contiguous words.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from priorvol._kernels.cube import WHERE_ZERO
from priorvol._kernels.jit import kernel
from priorvol._kernels.rows import popcount

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

_ZERO = np.uint64(0)

_SIZES = np.array(
    [
        sum(1 << bit for bit in range(64) if bit.bit_count() == size)  # of six coordinates
        for size in range(7)
    ],
    dtype=np.uint64,
)
"""Bits of a word whose number has 0 ... 6 ones."""


def transformed(words: Words, n: int) -> Words:
    """Return the algebraic normal form, (words, k), of packed functions (k, words).

    Parameters
    ----------
    words : (k, ceil(2^n / 64)) uint64 array
        Packed functions (see `priorvol.bits`), any memory order, writable or not.
    n : int

    Returns
    -------
    columns : (ceil(2^n / 64), k) uint64 array
        In C order. Bit b of word j is the coefficient of the monomial of number 64 j + b.
    """
    # A fresh (words, k) array has one type and layout whatever was given: nothing recompiles.
    columns = np.array(words.T, dtype=np.uint64, order="C")
    _transform(columns, n)
    return columns


def degrees(words: Words, n: int) -> Counts:
    """Return the size of the largest monomial of packed functions (k, words); 0 if none."""
    out = np.zeros(len(words), dtype=np.int64)
    _degrees(transformed(words, n), out)
    return out


def term_counts(words: Words, n: int) -> Counts:
    """Return the number of monomials of packed functions (k, words)."""
    out = np.zeros(len(words), dtype=np.int64)
    _count_terms(transformed(words, n), out)
    return out


@kernel
def _transform(columns, n):
    n_words, k = columns.shape
    for j in range(n_words):
        word = columns[j]
        for i in range(k):
            value = word[i]
            for c in range(min(n, 6)):
                value ^= (value & WHERE_ZERO[c]) << np.uint64(1 << c)
            word[i] = value
    step = 1
    while step < n_words:
        for first in range(0, n_words, 2 * step):
            for j in range(first, first + step):
                low = columns[j]
                high = columns[j + step]
                for i in range(k):
                    high[i] ^= low[i]
        step *= 2


@kernel
def _degrees(columns, out):
    n_words, k = columns.shape
    sizes = np.zeros(n_words, np.int64)
    for j in range(1, n_words):
        sizes[j] = sizes[j >> 1] + (j & 1)
    for j in range(n_words):
        word = columns[j]
        for size in range(7):
            degree = sizes[j] + size
            mask = _SIZES[size]
            for i in range(k):
                if word[i] & mask != _ZERO and out[i] < degree:
                    out[i] = degree


@kernel
def _count_terms(columns, out):
    n_words, k = columns.shape
    for j in range(n_words):
        word = columns[j]
        for i in range(k):
            out[i] += popcount(word[i])
