"""Circuits of two-input gates: an upper bound on the size of functions of up to seven inputs.

Above the trees and shared splits of `priorvol._kernels.circuit_trees`, whose words these are:
decompositions f = g(h(A), rest), full adders, and a sum of two inputs in place of one of them. The
rules are in the docstring of `priorvol.complexity.circuit_size`.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.circuit_trees import (
    FULL,
    halves,
    join,
    look_up,
    merge,
    shared_seven,
    shared_six,
    split,
    tree_five,
    tree_seven,
    tree_six,
)
from priorvol._kernels.cube import WHERE_ZERO
from priorvol._kernels.jit import kernel

_ZERO = np.uint64(0)
_ONE = np.uint64(1)

_CANDIDATES = 128  # at most 21 + 3 * 35 for seven inputs


@kernel
def _cofactors(low, high, k, i, j, h, parts):
    """Fill ``parts`` with the eight cofactors for coordinates i > j > h, numbered 4 a + 2 b + c."""
    for a in range(2):
        zero, one = split(low, high, k, i)
        low_a, high_a = halves(one if a else zero, k - 1)
        for b in range(2):
            zero, one = split(low_a, high_a, k - 1, j)
            low_b, high_b = halves(one if b else zero, k - 2)
            zero, one = split(low_b, high_b, k - 2, h)
            parts[4 * a + 2 * b], parts[4 * a + 2 * b + 1] = zero, one


@kernel
def _of_block(parts, n):
    """Whether n cofactors are two functions: the numbers of the second's, and the two."""
    other = parts[0]
    where = _ZERO
    for p in range(1, n):
        if parts[p] != parts[0]:
            if where != _ZERO and parts[p] != other:
                return False, where, parts[0], other
            other = parts[p]
            where |= _ONE << np.uint64(p)
    return where != _ZERO, where, parts[0], other


@kernel
def _of_rest(parts, n, full):
    """Whether n cofactors are 0, 1, h or not h: the outer function, h last, and h."""
    inner = _ZERO
    outer = _ZERO
    for p in range(n):
        word = parts[p]
        low = _ONE << np.uint64(p)
        high = _ONE << np.uint64(p + n)
        if word == full:
            outer |= low | high
        elif word != _ZERO:
            if inner == _ZERO:
                inner = word
            if word == inner:
                outer |= high
            elif word == inner ^ full:
                outer |= low
            else:
                return False, outer, inner
    return inner != _ZERO, outer, inner


@kernel
def _sums(parts):
    """Return at which cofactor three bits, some negated, are all 0, if only their sum matters."""
    for q in range(4):
        if (
            parts[q ^ 1] == parts[q ^ 2]
            and parts[q ^ 1] == parts[q ^ 4]
            and parts[q ^ 3] == parts[q ^ 5]
            and parts[q ^ 3] == parts[q ^ 6]
        ):
            return q
    return -1


@kernel
def _reduce(low, high, k):
    """Leave out an input, at 0 gates, or merge it with another or the rest in one gate.

    Returns the number of gates, or -1 if it cannot be done, and what is left, a word of k - 1
    coordinates. Which input comes first does not matter: disjoint decompositions commute, up to
    permutation and negation of inputs (Ashenhurst), and each takes one gate off the exact sizes.
    """
    full = FULL[k - 1]
    for i in range(k - 1, -1, -1):
        zero, one = split(low, high, k, i)
        if zero == one:
            return 0, zero
        if zero == _ZERO or zero == full:
            return (0, zero) if zero == one ^ full else (1, one)
        if one == _ZERO or one == full or zero == one ^ full:
            return 1, zero
        for j in range(i):
            found, word = merge(zero, one, k - 1, j)
            if found:
                return 1, word
    return -1, _ZERO


@kernel
def _put(gates, coordinates, words, n, number, k, word):
    gates[n], coordinates[n], words[n] = number, k, word
    return n + 1


@kernel
def _decompose(low, high, k, table, parts, gates, coordinates, words):
    """List the decompositions of a function of k inputs; return how many.

    Each is a number of gates and what they leave to be built, a word on so many coordinates.
    """
    n = 0
    used = 0
    for i in range(k - 1, -1, -1):
        zero, one = split(low, high, k, i)
        for j in range(i):
            low_a, high_a = halves(zero, k - 1)
            parts[0], parts[1] = split(low_a, high_a, k - 1, j)
            low_a, high_a = halves(one, k - 1)
            parts[2], parts[3] = split(low_a, high_a, k - 1, j)
            found, outer, inner = _of_rest(parts, 4, FULL[k - 2])
            if found:
                n = _put(gates, coordinates, words, n, look_up(outer, 3, table), k - 2, inner)
            for h in range(j):
                _cofactors(low, high, k, i, j, h, parts)
                n = _triple(parts, k, table, gates, coordinates, words, n)
                bits = (1 << i) | (1 << j) | (1 << h)
                q = _sums(parts)
                if q >= 0 and not used & bits:  # one triple of a class of alike inputs will do
                    used |= bits
                    even = join(parts[q], parts[q ^ 1], k - 2)
                    odd = join(parts[q ^ 3], parts[q ^ 7], k - 2)
                    alone = parts[q] == parts[q ^ 1] and parts[q ^ 3] == parts[q ^ 7]
                    word = join(even, odd, k - 1)
                    n = _put(gates, coordinates, words, n, 4 if alone else 5, k - 1, word)
    return n


@kernel
def _triple(parts, k, table, gates, coordinates, words, n):
    """Add the decompositions in which three inputs are the block or the rest."""
    found, where, first, second = _of_block(parts, 8)
    if found:
        word = join(first, second, k - 2)
        n = _put(gates, coordinates, words, n, look_up(where, 3, table), k - 2, word)
    found, outer, inner = _of_rest(parts, 8, FULL[k - 3])
    if found:
        n = _put(gates, coordinates, words, n, look_up(outer, 4, table), k - 3, inner)
    return n


@kernel
def _substitute(zero, one, k, j):
    """Put x XOR x_j for x: the cofactors of the new function, of k coordinates, j among them."""
    swapped = (zero ^ one) & ~WHERE_ZERO[j] & FULL[k]
    return zero ^ swapped, one ^ swapped


@kernel
def _five(word, table, parts, gates, coordinates, words):
    low, high = halves(word, 5)
    number, smaller = _reduce(low, high, 5)
    if number >= 0:
        return number + np.int64(table[smaller])
    best = tree_five(word, table)
    for i in range(5):
        zero, one = split(low, high, 5, i)
        for j in range(4):
            new_low, new_high = _substitute(zero, one, 4, j)
            best = min(best, 1 + tree_five(join(new_low, new_high, 5), table))
    n = _decompose(low, high, 5, table, parts, gates[0], coordinates[0], words[0])
    for c in range(n):
        best = min(best, gates[0, c] + look_up(words[0, c], coordinates[0, c], table))
    return best


@kernel
def _six(word, table, lists, parts, gates, coordinates, words):
    low, high = halves(word, 6)
    number, smaller = _reduce(low, high, 6)
    if number >= 0:
        return number + _five(smaller, table, parts, gates, coordinates, words)
    best = tree_six(word, table)
    for i in range(6):
        zero, one = split(low, high, 6, i)
        for j in range(5):
            new_low, new_high = _substitute(zero, one, 5, j)
            best = min(best, 1 + tree_six(join(new_low, new_high, 6), table))
    best = shared_six(low, high, best, lists, table)
    n = _decompose(low, high, 6, table, parts, gates[1], coordinates[1], words[1])
    for c in range(n):
        word, k = words[1, c], coordinates[1, c]
        if k == 5:
            size = _five(word, table, parts, gates, coordinates, words)
        else:
            size = look_up(word, k, table)
        best = min(best, gates[1, c] + size)
    return best


@kernel
def _seven(low, high, table, lists, parts, gates, coordinates, words):
    number, smaller = _reduce(low, high, 7)
    if number >= 0:
        return number + _six(smaller, table, lists, parts, gates, coordinates, words)
    best = tree_seven(low, high, table)
    best = shared_seven(low, high, best, lists, table)
    n = _decompose(low, high, 7, table, parts, gates[2], coordinates[2], words[2])
    for c in range(n):
        word, k = words[2, c], coordinates[2, c]
        if k == 6:
            size = _six(word, table, lists, parts, gates, coordinates, words)
        elif k == 5:
            size = _five(word, table, parts, gates, coordinates, words)
        else:
            size = look_up(word, k, table)
        best = min(best, gates[2, c] + size)
    return best


@kernel
def circuit_sizes(pair, table, sizes):
    """Bound the circuit size of functions of seven inputs.

    Parameters
    ----------
    pair : (2, k) uint64 array
        Words on seven inputs; inputs that do nothing are left out.
    table : (65536,) uint8 array
        Exact sizes of the functions of four inputs.
    sizes : (k,) int64 array
        Filled with the numbers of gates.
    """
    lists = np.empty((3, 8), np.uint64)
    parts = np.empty(8, np.uint64)
    gates = np.empty((3, _CANDIDATES), np.int64)
    coordinates = np.empty((3, _CANDIDATES), np.int64)
    words = np.empty((3, _CANDIDATES), np.uint64)
    for f in range(len(sizes)):
        sizes[f] = _seven(pair[0, f], pair[1, f], table, lists, parts, gates, coordinates, words)


@kernel
def count_essential(pair, counts):
    """Count the inputs that functions of seven inputs, words (2, k), depend on."""
    for f in range(len(counts)):
        counts[f] = 0
        for i in range(7):
            zero, one = split(pair[0, f], pair[1, f], 7, i)
            counts[f] += zero != one
