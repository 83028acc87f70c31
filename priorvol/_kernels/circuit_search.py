"""Exhaustive search over circuits of two-input gates on four inputs.

Functions are 16-bit words, bit p the value at point p; input i is the word of bit i of p. All are
normal, f(0) = 0: where a circuit holds a function that is not, its complement does as well, since
negation costs nothing. Five gates keep normal functions normal and depend on both operands.

A circuit is a list of gates, each a pair of earlier functions and a type. The pairs are numbered
by (larger operand, smaller operand, type), so that a new gate only appends to the list, and each
circuit is met with the numbers of its gates increasing: of the gates that can be built now, the
first in the list comes next. Only its first gate is set apart. That gate joins two inputs, so
permuting and negating inputs turns it into x_0 AND x_1 or x_0 XOR x_1, and it is only those two
that are tried; results are meant up to permutation and negation of inputs.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.jit import kernel

INPUTS = (0xAAAA, 0xCCCC, 0xF0F0, 0xFF00)

GATES = (0b1000, 0b0010, 0b0100, 0b1110, 0b0110)
"""The types: bit a + 2 b is the gate's value at operands a and b."""

LARGEST = 8

UNKNOWN = np.uint8(255)


@kernel
def apply_gate(gate, a, b):
    """Return the gate of this number in `GATES` of two words."""
    if gate == 0:
        return a & b
    if gate == 1:
        return a & ~b
    if gate == 2:
        return ~a & b
    if gate == 3:
        return a | b
    return a ^ b


@kernel
def mark(n_gates, sizes, chains):
    """Mark what circuits of ``n_gates`` >= 1 gates compute and no smaller marked one did.

    Parameters
    ----------
    n_gates : int
    sizes : (65536,) uint8 array
        Number of gates of each function or ``UNKNOWN``; changed in place.
    chains : (65536, LARGEST, 3) uint8 array
        Gates (type, smaller operand, larger operand) of what is marked, filled in place. Operands
        0 to 3 are the inputs, 4 the first gate.

    Returns
    -------
    tried : int
        Number of circuits looked at.
    """
    tried = 0
    words = np.zeros(4 + n_gates, np.int64)
    chain = np.zeros((n_gates, 3), np.uint8)
    place = np.zeros((n_gates, 3), np.int64)  # larger operand, smaller operand, type
    for i in range(4):
        words[i] = INPUTS[i]
    for first in (0, 4):
        _set(words, chain, 0, first, 0, 1)
        if n_gates == 1:
            tried += 1
            _keep(words[4], chain, n_gates, sizes, chains)
            continue
        depth = 1
        place[1, 0], place[1, 1], place[1, 2] = 1, 0, -1
        while depth > 0:
            if depth == n_gates - 1:
                tried += _last(words, chain, n_gates, place, sizes, chains)
                depth -= 1
                continue
            if not _advance(place, depth):
                depth -= 1
                continue
            large, small, gate = place[depth]
            _set(words, chain, depth, gate, small, large)
            if _is_new(words, 4 + depth):
                place[depth + 1] = place[depth]
                depth += 1
    return tried


@kernel
def _advance(place, depth):
    """Move to the next pair and type; False if there is none."""
    place[depth, 2] += 1
    if place[depth, 2] == 5:
        place[depth, 2] = 0
        place[depth, 1] += 1
        if place[depth, 1] == place[depth, 0]:
            place[depth, 1] = 0
            place[depth, 0] += 1
    return place[depth, 0] < 4 + depth


@kernel
def _set(words, chain, depth, gate, small, large):
    words[4 + depth] = apply_gate(gate, words[small], words[large])
    chain[depth, 0], chain[depth, 1], chain[depth, 2] = gate, small, large


@kernel
def _is_new(words, at):
    if words[at] == 0:
        return False
    for i in range(at):
        if words[i] == words[at]:
            return False
    return True


@kernel
def _last(words, chain, n_gates, place, sizes, chains):
    """Try each last gate; it must use the gate before, which nothing else does."""
    depth = n_gates - 1
    large = 3 + depth
    for small in range(large):
        for gate in range(5):
            word = apply_gate(gate, words[small], words[large])
            if sizes[word] == UNKNOWN:
                _set(words, chain, depth, gate, small, large)
                _keep(word, chain, n_gates, sizes, chains)
    return 5 * large


@kernel
def _keep(word, chain, n_gates, sizes, chains):
    if sizes[word] == UNKNOWN:
        sizes[word] = n_gates
        for i in range(n_gates):
            for j in range(3):
                chains[word, i, j] = chain[i, j]
