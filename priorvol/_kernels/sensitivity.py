"""Sensitivity, block sensitivity and certificates, for all inputs of many functions at once.

Functions on {0,1}^n come as columns, many side by side (see `priorvol._kernels.neighbours`);
statements about an input x are bit masks over all x.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from priorvol._kernels.cube import ONES, flip_word
from priorvol._kernels.jit import kernel
from priorvol._kernels.neighbours import difference, lanes

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

_ZERO = np.uint64(0)
_LANES = 64  # functions side by side on {0,1}^7, where all 128 sets of coordinates have a mask
_WIDTH = 2 * _LANES  # the low words of a block, then the high ones
_SIZE = np.array([s.bit_count() for s in range(128)], dtype=np.int64)
_HIGHEST = np.array([max(s.bit_length() - 1, 0) for s in range(128)], dtype=np.int64)


def largest_sensitivity(columns: Words, n: int) -> Counts:
    """Return the most sensitive coordinates that an input of each function has.

    Parameters
    ----------
    columns : (words, k) uint64 array, C order
        Packed functions on {0,1}^n, n <= 16.
    n : int

    Returns
    -------
    largest : (k,) int64 array
    """
    largest = np.zeros(columns.shape[1], dtype=np.int64)
    _largest_sensitivity(columns, n, lanes(columns), largest)
    return largest


def largest_block_sensitivity(columns: Words, n: int) -> Counts:
    """Return the most disjoint sensitive blocks of coordinates at an input of each function.

    Parameters
    ----------
    columns : (2, k) uint64 array, C order
        Functions on {0,1}^7 whose coordinates from n on do nothing.
    n : int
        1 to 7.

    Returns
    -------
    largest : (k,) int64 array
    """
    largest = np.zeros(columns.shape[1], dtype=np.int64)
    _largest_block_sensitivity(columns, n, largest)
    return largest


def largest_certificate(columns: Words, n: int) -> Counts:
    """Return the most coordinates that an input of each function needs to fix its output.

    Parameters
    ----------
    columns : (2, k) uint64 array, C order
        Functions on {0,1}^7 whose coordinates from n on do nothing.
    n : int
        1 to 7.

    Returns
    -------
    largest : (k,) int64 array
    """
    largest = np.zeros(columns.shape[1], dtype=np.int64)
    _largest_certificate(columns, n, largest)
    return largest


@kernel
def _largest_sensitivity(columns, n, side, largest):
    n_words, k = columns.shape
    buffer = np.empty(side, np.uint64)
    planes = np.empty((5, side), np.uint64)  # binary digits of the count, one bit an input
    for start in range(0, k, side):
        stop = min(start + side, k)
        width = stop - start
        block = columns[:, start:stop]
        best = largest[start:stop]
        differs = buffer[:width]
        for j in range(n_words):
            planes[:] = _ZERO
            for i in range(n):
                difference(block, j, i, differs)
                _add_bit(planes, differs)
            _raise_to_maximum(planes, best)


@kernel
def _add_bit(planes, bit):
    """Add one bit to each of the binary counters."""
    p0, p1, p2, p3, p4 = planes[0], planes[1], planes[2], planes[3], planes[4]
    for t in range(len(bit)):
        carry = bit[t]
        p0[t], carry = p0[t] ^ carry, p0[t] & carry
        p1[t], carry = p1[t] ^ carry, p1[t] & carry
        p2[t], carry = p2[t] ^ carry, p2[t] & carry
        p3[t], carry = p3[t] ^ carry, p3[t] & carry
        p4[t] ^= carry


@kernel
def _raise_to_maximum(planes, best):
    """Raise ``best`` to the largest of the 64 counters where that is more."""
    p0, p1, p2, p3, p4 = planes[0], planes[1], planes[2], planes[3], planes[4]
    for t in range(len(best)):
        among = ONES
        value = np.int64(0)
        for digit, plane in ((16, p4), (8, p3), (4, p2), (2, p1), (1, p0)):
            kept = among & plane[t]
            if kept != _ZERO:
                among = kept
                value += digit
        best[t] = max(best[t], value)


@kernel
def _fill(columns, start, out):
    """Copy a block of functions to ``out`` (_WIDTH,), constant functions where there are none."""
    k = columns.shape[1]
    for t in range(_LANES):
        inside = start + t < k
        out[t] = columns[0, start + t] if inside else _ZERO
        out[_LANES + t] = columns[1, start + t] if inside else _ZERO


@kernel
def _flip_block(values, i, out):
    """Write masks (_WIDTH,) with coordinate i of 0 ... 6 negated to ``out``."""
    if i == 6:
        for t in range(_LANES):
            out[t] = values[_LANES + t]
            out[_LANES + t] = values[t]
    else:
        for t in range(_WIDTH):
            out[t] = flip_word(values[t], i)


@kernel
def _largest_block_sensitivity(columns, n, largest):
    """Search all disjoint families, blocks in the order of their lowest coordinates.

    With g_h[M] the inputs at which the set M of coordinates holds h disjoint sensitive blocks,
    g_h[M] is g_h[M without its lowest coordinate] or, over the blocks B within M that contain it,
    S_B and g_(h-1)[M without B]. Only sets without coordinate 0, and all of them together, are met.
    """
    everything = (1 << n) - 1
    moved = np.empty((128, _WIDTH), np.uint64)
    sensitive = np.empty((128, _WIDTH), np.uint64)
    held = np.empty((128, _WIDTH), np.uint64)
    more = np.empty((128, _WIDTH), np.uint64)
    for start in range(0, columns.shape[1], _LANES):
        best = largest[start : start + _LANES]
        _fill(columns, start, moved[0])
        for b in range(1, 1 << n):
            top = _HIGHEST[b]
            _flip_block(moved[b ^ (1 << top)], top, moved[b])
            for t in range(_WIDTH):
                sensitive[b, t] = moved[b, t] ^ moved[0, t]
        for b in range(1 << n):
            for t in range(_WIDTH):
                held[b, t] = ONES
        for h in range(1, n + 1):
            found = _ZERO
            for a in range(2, everything + 1, 2):
                _extend(a, h, sensitive, held, more)
            _extend(everything, h, sensitive, held, more)
            for t in range(len(best)):
                some = more[everything, t] | more[everything, _LANES + t]
                found |= some
                best[t] += some != _ZERO
            if found == _ZERO:
                break
            held, more = more, held


@kernel
def _extend(a, h, sensitive, held, more):
    """Compute g_h of the set ``a`` from g_(h-1), held, and g_h of smaller sets, in ``more``."""
    out = more[a]
    lowest = a & -a
    rest = a ^ lowest
    if _SIZE[a] < h or rest == 0:
        for t in range(_WIDTH):
            out[t] = sensitive[a, t] if h == 1 and rest == 0 else _ZERO
        return
    for t in range(_WIDTH):
        out[t] = more[rest, t]
    part = rest
    while True:  # the subsets of the other coordinates, from all to none
        if _SIZE[rest ^ part] >= h - 1:
            for t in range(_WIDTH):
                out[t] |= sensitive[part | lowest, t] & held[rest ^ part, t]
        if part == 0:
            break
        part = (part - 1) & rest


@kernel
def _largest_certificate(columns, n, largest):
    """Fold f over every subcube: it is constant where both halves are and they agree."""
    function = np.empty(_WIDTH, np.uint64)
    other = np.empty(_WIDTH, np.uint64)
    agrees = np.empty((7, _WIDTH), np.uint64)
    constant = np.empty((128, _WIDTH), np.uint64)
    certified = np.empty((8, _WIDTH), np.uint64)  # some subcube of this dimension is constant
    for start in range(0, columns.shape[1], _LANES):
        best = largest[start : start + _LANES]
        _fill(columns, start, function)
        for i in range(n):
            _flip_block(function, i, other)
            for t in range(_WIDTH):
                agrees[i, t] = ~(function[t] ^ other[t])
        certified[:] = _ZERO
        for t in range(_WIDTH):
            constant[0, t] = ONES
        for free in range(1, 1 << n):
            top = _HIGHEST[free]
            half = constant[free ^ (1 << top)]
            _flip_block(half, top, other)
            dimension = _SIZE[free]
            for t in range(_WIDTH):
                value = half[t] & other[t] & agrees[top, t]
                constant[free, t] = value
                certified[dimension, t] |= value
        for t in range(len(best)):
            for dimension in range(1, n + 1):
                both = certified[dimension, t] & certified[dimension, _LANES + t]
                best[t] += both != ONES
