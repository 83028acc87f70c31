"""Neighbouring inputs that a function treats differently: counted, marked and spread.

Functions on {0,1}^n come as (words, k) columns, many side by side; coordinate i = 0 ... n - 1 is
bit i of the point's number. Coordinates below 6 lie inside a word, the others tell words apart.
Below n = 6 the spare bits are 0 and stay 0, since no flip of a coordinate below n reaches them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from priorvol._kernels.cube import flip_word
from priorvol._kernels.jit import kernel
from priorvol._kernels.rows import popcount

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

_ZERO = np.uint64(0)
_BLOCK_WORDS = 2048  # of one buffer: a few of them fit in the first-level cache
_FEWEST_LANES = 8  # functions side by side: one vector register


def lanes(columns: Words) -> int:
    """Return how many functions to treat side by side, so that buffers stay in the cache."""
    return max(_FEWEST_LANES, _BLOCK_WORDS // len(columns))


def count_pairs(columns: Words, n: int, distance: int) -> Counts:
    """Count ordered pairs of inputs at a Hamming distance whose outputs differ.

    Parameters
    ----------
    columns : (words, k) uint64 array, C order
        Packed functions on {0,1}^n.
    n, distance : int
        With 1 <= distance <= n.

    Returns
    -------
    counts : (k,) int64 array
    """
    counts = np.zeros(columns.shape[1], dtype=np.int64)
    shifts = np.array([s for s in range(1 << n) if s.bit_count() == distance], dtype=np.int64)
    _count_pairs(columns, shifts, lanes(columns), counts)
    return counts


def count_boundary(columns: Words, n: int, radius: int) -> Counts:
    """Count inputs with a differently classified one within a Hamming distance.

    On a shortest path to such an input the output changes somewhere, so they are the inputs within
    radius - 1 of one that has a differing neighbour at distance 1.

    Parameters
    ----------
    columns : (words, k) uint64 array, C order
        Packed functions on {0,1}^n.
    n, radius : int
        With 1 <= radius <= n.

    Returns
    -------
    counts : (k,) int64 array
    """
    counts = np.zeros(columns.shape[1], dtype=np.int64)
    _count_boundary(columns, n, radius, lanes(columns), counts)
    return counts


@kernel
def difference(block, j, i, out):
    """Write word j of f(x) xor f(x with coordinate i negated), of a block, to ``out``."""
    word = block[j]
    if i < 6:
        for t in range(len(out)):
            out[t] = word[t] ^ flip_word(word[t], i)
    else:
        other = block[j ^ (1 << (i - 6))]
        for t in range(len(out)):
            out[t] = word[t] ^ other[t]


@kernel
def _count_pairs(columns, shifts, side, counts):
    n_words, k = columns.shape
    buffer = np.empty(side, np.uint64)
    for start in range(0, k, side):
        stop = min(start + side, k)
        block = columns[:, start:stop]
        total = counts[start:stop]
        moved = buffer[: stop - start]
        for shift in shifts:
            for j in range(n_words):
                word = block[j]
                other = block[j ^ (shift >> 6)]
                for t in range(len(moved)):
                    moved[t] = other[t]
                for i in range(6):
                    if (shift >> i) & 1:
                        for t in range(len(moved)):
                            moved[t] = flip_word(moved[t], i)
                for t in range(len(moved)):
                    total[t] += popcount(word[t] ^ moved[t])


@kernel
def _count_boundary(columns, n, radius, side, counts):
    n_words, k = columns.shape
    buffer = np.empty(side, np.uint64)
    marks = np.empty((n_words, side), np.uint64)
    wider = np.empty((n_words, side), np.uint64)
    for start in range(0, k, side):
        stop = min(start + side, k)
        width = stop - start
        block = columns[:, start:stop]
        total = counts[start:stop]
        differs = buffer[:width]
        for j in range(n_words):
            row = marks[j]
            for t in range(width):
                row[t] = _ZERO
            for i in range(n):
                difference(block, j, i, differs)
                for t in range(width):
                    row[t] |= differs[t]
        for _ in range(radius - 1):
            _spread(marks[:, :width], n, wider[:, :width])
            marks, wider = wider, marks
        for j in range(n_words):
            row = marks[j]
            for t in range(width):
                total[t] += popcount(row[t])


@kernel
def _spread(marks, n, wider):
    """Write the marks and everything at Hamming distance 1 from one to ``wider``."""
    for j in range(len(marks)):
        row = marks[j]
        out = wider[j]
        for t in range(len(out)):
            out[t] = row[t]
        for i in range(min(n, 6)):
            for t in range(len(out)):
                out[t] |= flip_word(row[t], i)
        for i in range(6, n):
            other = marks[j ^ (1 << (i - 6))]
            for t in range(len(out)):
                out[t] |= other[t]


@kernel
def mark_differing(points, starts, neighbours, first, marks):
    """Mark the functions that treat a point unlike one of its neighbours.

    Parameters
    ----------
    points : (m, w) uint64 array
        Row x holds f(x) of 64 w functions, a bit each.
    starts : (rows + 1,) int64 array
    neighbours : (starts[-1],) int32 array
        Those of point first + r are neighbours[starts[r]:starts[r + 1]].
    first : int
    marks : (m, w) uint64 array
        Rows first ... first + rows - 1 are written.
    """
    for r in range(len(starts) - 1):
        own = points[first + r]
        found = marks[first + r]
        for t in range(len(found)):
            found[t] = _ZERO
        for p in range(starts[r], starts[r + 1]):
            other = points[neighbours[p]]
            for t in range(len(found)):
                found[t] |= own[t] ^ other[t]
