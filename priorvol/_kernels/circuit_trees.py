"""Circuits of two-input gates: an upper bound on the size, by decompositions down to four inputs.

A function of k = 5, 6 or 7 inputs is a pair of words (low, high): its two cofactors with respect
to coordinate k - 1, functions of k - 1 coordinates in the lowest 2^(k - 1) bits. Everything is a
minimum over all choices of inputs, so that permuting or negating inputs changes nothing; the order
of the remaining coordinates is not kept when one is split off. ``table`` holds the exact sizes of
the functions of four inputs. The rules are in the docstring of `priorvol.complexity.circuit_size`.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.cube import ONES, WHERE_ZERO
from priorvol._kernels.jit import kernel

_ZERO = np.uint64(0)
_ONE = np.uint64(1)

FULL = np.array([1, 3, 15, 255, (1 << 16) - 1, (1 << 32) - 1, (1 << 64) - 1], dtype=np.uint64)
"""The constant 1 as a function of k = 0 ... 6 coordinates."""

MANY = 1 << 20
"""More gates than any function here needs."""


@kernel
def split(low, high, k, i):
    """Return the cofactors for coordinate i = 0 and 1; where i was is what was k - 1."""
    if i == k - 1:
        return low, high
    shift = np.uint64(1 << i)
    moved = ((low >> shift) ^ high) & WHERE_ZERO[i] & FULL[k - 1]
    return low ^ (moved << shift), high ^ moved


@kernel
def halves(word, k):
    """Return the cofactors of a function of k coordinates in one word, for coordinate k - 1."""
    return word & FULL[k - 1], word >> np.uint64(1 << (k - 1))


@kernel
def join(low, high, k):
    """Return one word for a function of k <= 6 coordinates."""
    return low | (high << np.uint64(1 << (k - 1)))


@kernel
def look_up(word, k, table):
    """Return the exact size of a function of k <= 4 coordinates."""
    for i in range(k, 4):
        word |= word << np.uint64(1 << i)
    return np.int64(table[word])


@kernel
def _mux(zero, one, size_zero, size_one, size_both, full):
    """Bound the size of x ? one : zero, by the sizes of zero, one and zero XOR one."""
    both = zero ^ one
    if both == _ZERO:
        return size_zero
    if zero == _ZERO or zero == full:
        return 0 if both == full else size_one + 1
    if both == full or one == _ZERO or one == full:
        return size_zero + 1
    nested = zero & one == zero or zero & one == one
    shannon = size_zero + size_one + (2 if nested else 3)
    return min(shannon, min(size_zero, size_one) + size_both + 2)


@kernel
def merge(zero, one, k, j):
    """Whether f = g(h(x, x_j), rest) for a gate h, with g as a word of k coordinates.

    The cofactors with respect to x are functions of k coordinates, with j among them.
    """
    shift = np.uint64(1 << j)
    mask = WHERE_ZERO[j] & FULL[k]
    a, b = zero & mask, (zero >> shift) & mask
    c, d = one & mask, (one >> shift) & mask
    other = d
    if b == c:
        if a == d:
            other = b
        elif not (a == b or b == d):
            return False, _ZERO
    elif a == c and b == d or a == b and c == d:  # without x or x_j
        return False, _ZERO
    elif a == d and a == c:
        other = b
    elif a == d and a == b:
        other = c
    else:
        return False, _ZERO
    a |= a << shift
    other |= other << shift
    low, _ = split(a & FULL[k - 1], a >> np.uint64(1 << (k - 1)), k, j)
    high, _ = split(other & FULL[k - 1], other >> np.uint64(1 << (k - 1)), k, j)
    return True, join(low, high, k)


# Trees: decompositions that share nothing.


@kernel
def tree_five(word, table):
    """Bound the size of a function of five inputs, in one word."""
    low, high = halves(word, 5)
    full = FULL[4]
    best = MANY
    for i in range(4, -1, -1):
        zero, one = split(low, high, 5, i)
        if zero == one:
            return np.int64(table[zero])
        size_zero = np.int64(table[zero])
        size_one = np.int64(table[one])
        size_both = np.int64(table[zero ^ one])
        best = min(best, _mux(zero, one, size_zero, size_one, size_both, full))
        for j in range(i):
            found, word = merge(zero, one, 4, j)
            if found:
                best = min(best, 1 + np.int64(table[word]))
    return best


@kernel
def tree_six(word, table):
    """Bound the size of a function of six inputs, in one word."""
    low, high = halves(word, 6)
    full = FULL[5]
    best = MANY
    for i in range(5, -1, -1):
        zero, one = split(low, high, 6, i)
        if zero == one:
            return tree_five(zero, table)
        size_zero = tree_five(zero, table)
        size_one = tree_five(one, table)
        size_both = tree_five(zero ^ one, table)
        best = min(best, _mux(zero, one, size_zero, size_one, size_both, full))
        for j in range(i):
            found, word = merge(zero, one, 5, j)
            if found:
                best = min(best, 1 + tree_five(word, table))
    return best


@kernel
def tree_seven(low, high, table):
    """Bound the size of a function of seven inputs."""
    best = MANY
    for i in range(6, -1, -1):
        zero, one = split(low, high, 7, i)
        if zero == one:
            return tree_six(zero, table)
        size_zero = tree_six(zero, table)
        size_one = tree_six(one, table)
        size_both = tree_six(zero ^ one, table)
        best = min(best, _mux(zero, one, size_zero, size_one, size_both, ONES))
    return best


# Sharing: the first inputs are split off in one order, each with the same two of the cofactors
# f_0, f_1 and f_0 XOR f_1 everywhere; what is the same function up to negation is built once.


@kernel
def _branches(zero, one, kind):
    """Return the two functions that a split of this kind needs."""
    if kind == 0:
        return zero, one
    return (zero if kind == 1 else one), zero ^ one


@kernel
def _node(zero, one, kind, full):
    """Return the number of gates that a split adds to its two functions."""
    both = zero ^ one
    first = one if kind == 2 else zero
    if both == _ZERO:
        return 0
    if both == full:
        return 0 if zero == _ZERO or zero == full else 1
    if kind > 0:
        return 1 if first == _ZERO or first == full else 2
    if zero == _ZERO or zero == full or one == _ZERO or one == full:
        return 1
    return 2 if zero & one == zero or zero & one == one else 3


@kernel
def _insert(words, n, word, full):
    """Add a function to a list, unless it, its complement or a constant; return the new length."""
    if word & _ONE:
        word ^= full
    if word == _ZERO:
        return n
    for i in range(n):
        if words[i] == word:
            return n
    words[n] = word
    return n + 1


@kernel
def _list_of_five(words, n, leaves, limit, table):
    """Bound the size of a circuit of n functions of five inputs together, or return ``limit``."""
    best = limit
    if n < 4:  # four share nothing yet: the trees of seven inputs cover that
        total = 0
        for which in range(n):
            total += tree_five(words[which], table)
        best = min(best, total)
    for i in range(5):
        for kind in range(3):
            n_leaves = 0
            total = 0
            for which in range(n):
                if total >= best:
                    break
                low, high = halves(words[which], 5)
                zero, one = split(low, high, 5, i)
                total += _node(zero, one, kind, FULL[4])
                for word in _branches(zero, one, kind):
                    before = n_leaves
                    n_leaves = _insert(leaves, n_leaves, word, FULL[4])
                    if n_leaves > before:
                        total += np.int64(table[word])
            best = min(best, total)
    return best


@kernel
def shared_six(low, high, limit, lists, table):
    """Bound the size of a function of six inputs by sharing below one split."""
    best = limit
    for i in range(6):
        zero, one = split(low, high, 6, i)
        for kind in range(3):
            first, second = _branches(zero, one, kind)
            n = _insert(lists[0], 0, first, FULL[5])
            n = _insert(lists[0], n, second, FULL[5])
            gates = _node(zero, one, kind, FULL[5])
            below = _list_of_five(lists[0], n, lists[1], best - gates, table)
            best = min(best, gates + below)
    return best


@kernel
def _upper_gates(low, high, i, kind, j, next_kind, words, below):
    """Count the gates of two levels, i first; fill ``below`` with what they need."""
    zero, one = split(low, high, 7, i)
    gates = _node(zero, one, kind, ONES)
    first, second = _branches(zero, one, kind)
    n = _insert(words, 0, first, ONES)
    n = _insert(words, n, second, ONES)
    n_below = 0
    for which in range(n):
        word_low, word_high = halves(words[which], 6)
        zero, one = split(word_low, word_high, 6, i if j == 6 else j)
        gates += _node(zero, one, next_kind, FULL[5])
        first, second = _branches(zero, one, next_kind)
        n_below = _insert(below, n_below, first, FULL[5])
        n_below = _insert(below, n_below, second, FULL[5])
    return gates, n_below


@kernel
def shared_seven(low, high, limit, lists, table):
    """Bound the size of a function of seven inputs by sharing below two splits."""
    best = limit
    for i in range(7):
        for j in range(i):
            for kind in range(3):
                for other in range(3):
                    upper, _ = _upper_gates(low, high, i, kind, j, other, lists[0], lists[1])
                    gates, n = _upper_gates(low, high, j, other, i, kind, lists[0], lists[1])
                    gates = min(upper, gates)
                    below = _list_of_five(lists[1], n, lists[2], best - gates, table)
                    best = min(best, gates + below)
    return best
