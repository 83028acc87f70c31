"""Linear separability of packed functions, many functions side by side.

A function of at most eight inputs is a threshold function unless two points where it is 1 and two
where it is 0 have the same sum. Such four points lie in one subcube, either pair opposite in it:
x and x ^ D, with D the coordinates that vary. So for each D the pairs of ones and the pairs of
zeros are found at all points at once, and moved along D to meet.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from priorvol._kernels.cube import WHERE_ZERO, flip_word
from priorvol._kernels.jit import kernel

Words = npt.NDArray[np.uint64]

_ZERO = np.uint64(0)
_LANES = 64  # functions side by side: their masks stay in the first-level cache


def separable(pair: Words, n: int) -> npt.NDArray[np.bool_]:
    """Return which functions on seven inputs that depend on the last n are separable.

    Parameters
    ----------
    pair : (2, k) uint64 array in C order
        Functions on {0,1}^7; coordinates n ... 6 do nothing.
    n : int

    Returns
    -------
    separable : (k,) bool array
    """
    result = np.empty(pair.shape[1], dtype=np.bool_)
    _unate(pair, n, result)
    rest = np.flatnonzero(result)
    result[rest] = False
    found = np.empty(len(rest), dtype=np.bool_)
    _summable(np.ascontiguousarray(pair[:, rest]), n, found)
    result[rest[~found]] = True
    return result


@kernel
def _unate(pair, n, unate):
    """Say which functions never rise in one place and fall in another along one coordinate."""
    k = len(unate)
    for lane in range(k):
        low = pair[0, lane]
        high = pair[1, lane]
        mixed = False
        for i in range(min(n, 6)):
            shift = np.uint64(1 << i)
            up_low = low >> shift
            up_high = high >> shift
            rises = ((up_low & ~low) | (up_high & ~high)) & WHERE_ZERO[i]
            falls = ((low & ~up_low) | (high & ~up_high)) & WHERE_ZERO[i]
            mixed |= (rises != _ZERO) & (falls != _ZERO)
        if n == 7:
            mixed |= ((high & ~low) != _ZERO) & ((low & ~high) != _ZERO)
        unate[lane] = not mixed


@kernel
def _flip(low, high, i):
    """Negate coordinate i of every function."""
    for lane in range(len(low)):
        if i == 6:
            word = low[lane]
            low[lane] = high[lane]
            high[lane] = word
        else:
            low[lane] = flip_word(low[lane], i)
            high[lane] = flip_word(high[lane], i)


@kernel
def _spread(low, high, i):
    """Add to each mask its points moved along coordinate i."""
    for lane in range(len(low)):
        if i == 6:
            word = low[lane] | high[lane]
            low[lane] = word
            high[lane] = word
        else:
            low[lane] |= flip_word(low[lane], i)
            high[lane] |= flip_word(high[lane], i)


@kernel
def _summable(pair, n, summable):
    """Say for which functions two ones and two zeros have the same sum.

    The sets D come in Gray code order, so that f(x ^ D) takes one step each.
    """
    k = len(summable)
    shifted = np.empty((2, _LANES), np.uint64)
    ones = np.empty((2, _LANES), np.uint64)
    zeros = np.empty((2, _LANES), np.uint64)
    meet = np.empty(_LANES, np.uint64)
    for start in range(0, k, _LANES):
        count = min(_LANES, k - start)
        for lane in range(count):
            meet[lane] = _ZERO
            shifted[0, lane] = pair[0, start + lane]
            shifted[1, lane] = pair[1, start + lane]
        for step in range(1, 1 << n):
            i = 0
            while not (step >> i) & 1:
                i += 1
            _flip(shifted[0, :count], shifted[1, :count], i)
            for j in range(2):
                for lane in range(count):
                    word = pair[j, start + lane]
                    ones[j, lane] = word & shifted[j, lane]
                    zeros[j, lane] = ~(word | shifted[j, lane])
            moved = step ^ (step >> 1)
            for i in range(n):
                if (moved >> i) & 1:
                    _spread(ones[0, :count], ones[1, :count], i)
                    _spread(zeros[0, :count], zeros[1, :count], i)
            for j in range(2):
                for lane in range(count):
                    meet[lane] |= ones[j, lane] & zeros[j, lane]
        for lane in range(count):
            summable[start + lane] = meet[lane] != _ZERO
