"""Decision-tree depths and binary decision diagrams of packed functions, many side by side.

A subcube is a point x with a set F of free coordinates. A property of all subcubes is a mask of
points for each F, the same at all points of a subcube. It grows by a coordinate i through
A & A(x ^ 2^i), with A the mask of F without i. A set of coordinates is the number whose bits they
are. A block holds functions side by side as rows (sets, words * lanes): first word 0 of every
lane, then word 1, so that one plain loop serves both, but for coordinate 6, which swaps them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from priorvol._kernels.cube import ONES, WHERE_ZERO, flip_word
from priorvol._kernels.jit import kernel
from priorvol._kernels.rows import popcount

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

_ZERO = np.uint64(0)
_LANES = 32  # functions side by side: their masks stay in the second-level cache


def depths(pair: Words, n: int) -> Counts:
    """Return the decision-tree depths of functions on seven inputs that depend on the last n.

    Parameters
    ----------
    pair : (2, k) uint64 array in C order
        Functions on {0,1}^7; coordinates n ... 6 do nothing.
    n : int

    Returns
    -------
    depths : (k,) int64 array
    """
    columns = pair[: 1 + (n == 7)]
    found = np.full(pair.shape[1], n, dtype=np.int64)
    rest = np.flatnonzero(_top_is_zero(columns, n))
    part = np.ascontiguousarray(columns[:, rest])
    values = found[rest]
    _depths(part, n, values)
    found[rest] = values
    return found


def sizes(pair: Words, n: int) -> Counts:
    """Return the least sizes of binary decision diagrams over all orders; see `depths`."""
    best = np.empty(pair.shape[1], dtype=np.int64)
    _sizes(pair[: 1 + (n == 7)], n, np.empty(0, dtype=np.int64), best)
    return best


def sizes_of_order(pair: Words, n: int, order: Counts) -> Counts:
    """Return the sizes where coordinate ``order[0]`` is asked first, and so on; see `depths`."""
    found = np.empty(pair.shape[1], dtype=np.int64)
    _sizes(pair[: 1 + (n == 7)], n, order, found)
    return found


@kernel
def _fill(columns, start, width, block):
    """Copy functions start ... to a row of a block; lanes to spare hold the constant 0."""
    for j in range(len(columns)):
        for lane in range(_LANES):
            block[j * _LANES + lane] = columns[j, start + lane] if lane < width else _ZERO


@kernel
def _flip_row(row, i):
    """Negate coordinate i of every function of a row."""
    if i == 6:
        for lane in range(_LANES):
            low = row[lane]
            row[lane] = row[_LANES + lane]
            row[_LANES + lane] = low
    else:
        for lane in range(len(row)):
            row[lane] = flip_word(row[lane], i)


@kernel
def _set_both(rows, source, target, i):
    """Set a row to another that holds at a point and at its neighbour across coordinate i."""
    if i == 6:
        for lane in range(_LANES):
            both = rows[source, lane] & rows[source, _LANES + lane]
            rows[target, lane] = both
            rows[target, _LANES + lane] = both
    else:
        for lane in range(rows.shape[1]):
            word = rows[source, lane]
            rows[target, lane] = word & flip_word(word, i)


@kernel
def _add_both(rows, source, target, i):
    """Add to a row what `_set_both` would set it to."""
    if i == 6:
        for lane in range(_LANES):
            both = rows[source, lane] & rows[source, _LANES + lane]
            rows[target, lane] |= both
            rows[target, _LANES + lane] |= both
    else:
        for lane in range(rows.shape[1]):
            word = rows[source, lane]
            rows[target, lane] |= word & flip_word(word, i)


@kernel
def _lowest(number):
    """Return the place of the lowest one of a number above 0."""
    i = 0
    while not (number >> i) & 1:
        i += 1
    return i


@kernel
def _highest(number):
    """Return the place of the highest one of a number above 0."""
    i = 0
    while number >> (i + 1):
        i += 1
    return i


# Decision trees


@kernel
def _even_points(n):
    """Return the points of word 0 with an even number of ones and coordinates n ... 5 zero."""
    even = _ZERO
    for b in range(1 << min(n, 6)):
        if popcount(np.uint64(b)) % 2 == 0:
            even |= np.uint64(1) << np.uint64(b)
    return even


@kernel
def _top_is_zero(columns, n):
    """Say which functions have no coefficient on all n coordinates: the others need all n."""
    n_words, k = columns.shape
    zero = np.empty(k, np.bool_)
    even = _even_points(n)
    used = ONES >> np.uint64(64 - (1 << min(n, 6)))
    odd = used & ~even
    for lane in range(k):
        word = columns[0, lane]
        balance = popcount(word & even) - popcount(word & odd)
        if n_words == 2:
            word = columns[1, lane]
            balance += popcount(word & odd) - popcount(word & even)
        zero[lane] = balance == 0
    return zero


@kernel
def _constant(function, same, rows, n):
    """Write to row F where the subcube with F free is constant."""
    for lane in range(len(function)):
        rows[0, lane] = ONES
    for i in range(n):
        for lane in range(len(function)):
            same[i, lane] = function[lane]
        _flip_row(same[i], i)
        for lane in range(len(function)):
            same[i, lane] = ~(same[i, lane] ^ function[lane])
    for free in range(1, 1 << n):
        i = _lowest(free)
        _set_both(rows, free & (free - 1), free, i)
        for lane in range(len(function)):
            rows[free, lane] &= same[i, lane]


@kernel
def _depths(columns, n, depths):
    """Find the depths; on entry they are n.

    Row F holds where the subcube with F free is constant, for |F| <= e, and for larger F where its
    depth is at most |F| - e: with e falling from n, the depth is n - e once the row of all
    coordinates holds. Rows go up in the order of numbers, so a set comes after its subsets.
    """
    n_words, k = columns.shape
    width = n_words * _LANES
    full = (1 << n) - 1
    function = np.empty(width, np.uint64)
    same = np.empty((n, width), np.uint64)
    rows = np.empty((1 << n, width), np.uint64)
    size = np.array([popcount(np.uint64(free)) for free in range(1 << n)], dtype=np.int64)
    for start in range(0, k, _LANES):
        count = min(_LANES, k - start)
        _fill(columns, start, count, function)
        _constant(function, same, rows, n)
        for e in range(n, 0, -1):
            if e < n:
                for free in range(1 << n):
                    if size[free] > e:
                        for i in range(n):
                            if (free >> i) & 1:
                                _add_both(rows, free ^ (1 << i), free, i)
            waiting = 0
            for lane in range(count):
                if rows[full, lane] == _ZERO:
                    waiting += 1
                elif depths[start + lane] > n - e:
                    depths[start + lane] = n - e
            if waiting == 0:
                break


# Binary decision diagrams


@kernel
def _first_of_each(function, shifted, equal, seen, n):
    """Write to row B of ``seen`` where f with B free equals f at a point before, and is no first.

    Row B of ``equal`` holds where f with B free is the same at x and x ^ D, for one D after the
    other. The earlier of the two points lacks the highest coordinate of D.
    """
    full = (1 << n) - 1
    width = len(function)
    for free in range(full + 1):
        for lane in range(width):
            seen[free, lane] = _ZERO
    for lane in range(width):
        shifted[lane] = function[lane]
    for step in range(1, full + 1):
        moved = step ^ (step >> 1)
        _flip_row(shifted, _lowest(step))
        rest = full ^ moved
        top = _highest(moved)
        free = 0
        while True:
            if free == 0:
                for lane in range(width):
                    equal[0, lane] = ~(function[lane] ^ shifted[lane])
            else:
                _set_both(equal, free & (free - 1), free, _lowest(free))
            if top == 6:
                for lane in range(_LANES, width):
                    seen[free, lane] |= equal[free, lane]
            else:
                later = ~WHERE_ZERO[top]
                for lane in range(width):
                    seen[free, lane] |= equal[free, lane] & later
            if free == rest:
                break
            free = (free - rest) & rest


@kernel
def _count(function, equal, seen, starts, n, widths):
    """Write to widths[B * n + i], i in B, how many f with B free differ and depend on i.

    f depends on i where it is not the same at x and x ^ 2^i with B free but for i.
    """
    full = (1 << n) - 1
    n_words = len(function) // _LANES
    for i in range(n):
        for lane in range(len(function)):
            equal[0, lane] = function[lane]
        _flip_row(equal[0], i)
        for lane in range(len(function)):
            equal[0, lane] = ~(equal[0, lane] ^ function[lane])
        rest = full ^ (1 << i)
        free = 0
        while True:
            if free:
                _set_both(equal, free & (free - 1), free, _lowest(free))
            below = free | (1 << i)
            for lane in range(_LANES):
                new = starts[below, 0] & ~(seen[below, lane] | equal[free, lane])
                widths[below * n + i, lane] = popcount(new)
            if n_words == 2:
                for lane in range(_LANES):
                    word = seen[below, _LANES + lane] | equal[free, _LANES + lane]
                    widths[below * n + i, lane] += popcount(starts[below, 1] & ~word)
            if free == rest:
                break
            free = (free - rest) & rest


@kernel
def _sizes(columns, n, order, sizes):
    """Add up the nodes: along an order, or the fewest of all orders if it is empty."""
    n_words, k = columns.shape
    width = n_words * _LANES
    function = np.empty(width, np.uint64)
    shifted = np.empty(width, np.uint64)
    equal = np.empty((1 << n, width), np.uint64)
    seen = np.empty((1 << n, width), np.uint64)
    widths = np.empty((n << n, _LANES), np.int64)
    best = np.zeros((1 << n, _LANES), np.int64)
    starts = _starts(n)
    for start in range(0, k, _LANES):
        count = min(_LANES, k - start)
        _fill(columns, start, count, function)
        _first_of_each(function, shifted, equal, seen, n)
        _count(function, equal, seen, starts, n, widths)
        if len(order):
            below = (1 << n) - 1
            for lane in range(count):
                sizes[start + lane] = 0
            for i in order:
                for lane in range(count):
                    sizes[start + lane] += widths[below * n + i, lane]
                below ^= 1 << i
        else:
            _least(widths, best, n)
            for lane in range(count):
                sizes[start + lane] = best[-1, lane]


@kernel
def _starts(n):
    """Return the first point of each subcube with B free, as masks (B, word)."""
    starts = np.zeros((1 << n, 2), np.uint64)
    for free in range(1 << n):
        for x in range(1 << n):
            if x & free == 0:
                starts[free, x >> 6] |= np.uint64(1) << np.uint64(x & 63)
    return starts


@kernel
def _least(widths, best, n):
    """Write to best[B] the fewest nodes labelled with B, asked last, over all orders of B."""
    for below in range(1, 1 << n):
        for lane in range(_LANES):
            best[below, lane] = np.int64(1) << np.int64(30)
        for i in range(n):
            if (below >> i) & 1:
                for lane in range(_LANES):
                    nodes = best[below ^ (1 << i), lane] + widths[below * n + i, lane]
                    best[below, lane] = min(best[below, lane], nodes)
