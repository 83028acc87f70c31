"""Functions on {0,1}^7 as pairs of words: moving along a coordinate, folding over a subcube.

Bit b of word j is f at the point 64 j + b; coordinate i = 0 ... 6 is bit i of the point's number,
so the first input is coordinate 6. All of these are plain expressions for the compiler to inline.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.jit import kernel

ONES = np.uint64(0xFFFFFFFFFFFFFFFF)

WHERE_ZERO = np.array(
    [
        0x5555555555555555,
        0x3333333333333333,
        0x0F0F0F0F0F0F0F0F,
        0x00FF00FF00FF00FF,
        0x0000FFFF0000FFFF,
        0x00000000FFFFFFFF,
    ],
    dtype=np.uint64,
)
"""Bits of a word whose coordinate i = 0 ... 5 is 0."""


@kernel
def flip_word(word, i):
    """Return a word with coordinate i < 6 negated: bit b is the given word's bit b ^ 2^i."""
    shift = np.uint64(1 << i)
    mask = WHERE_ZERO[i]
    return ((word >> shift) & mask) | ((word & mask) << shift)


@kernel
def flip(low, high, i):
    """Return both words with coordinate i of 0 ... 6 negated: the function f(x ^ 2^i)."""
    if i == 6:
        return high, low
    return flip_word(low, i), flip_word(high, i)
