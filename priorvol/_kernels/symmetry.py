"""Images of functions on {0,1}^7 under permuted and negated inputs.

A function is a pair of words; bit b of word j is f at the point 64 j + b, and coordinate i of a
point is bit i of its number. Permutations are reached one from the next by swapping neighbouring
coordinates (Steinhaus, Johnson and Trotter), negations by a Gray code.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from priorvol._kernels.cube import ONES, WHERE_ZERO, flip
from priorvol._kernels.jit import kernel

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_LANES = 256  # functions side by side: they stay in the first-level cache
_HALF = np.uint64(32)
_LOWER = np.uint64(0x00000000FFFFFFFF)


@kernel
def _swap(low: Words, high: Words, i: int) -> None:
    """Swap coordinates i and i + 1, i = 0 ... 5, of every function, in place."""
    if i == 5:
        for k in range(len(low)):
            changed = (low[k] >> _HALF) ^ (high[k] & _LOWER)
            low[k] ^= changed << _HALF
            high[k] ^= changed
        return
    shift = np.uint64(1 << i)
    mask = ~WHERE_ZERO[i] & WHERE_ZERO[i + 1]
    for k in range(len(low)):
        changed = ((low[k] >> shift) ^ low[k]) & mask
        low[k] ^= changed ^ (changed << shift)
        changed = ((high[k] >> shift) ^ high[k]) & mask
        high[k] ^= changed ^ (changed << shift)


@kernel
def _negate(low: Words, high: Words, i: int) -> None:
    """Negate coordinate i of every function, in place."""
    for k in range(len(low)):
        low[k], high[k] = flip(low[k], high[k], i)


@kernel
def _lower(low: Words, high: Words, best_low: Words, best_high: Words, mask: np.uint64) -> None:
    """Take each function, every bit negated if ``mask`` is all ones, if below the best so far."""
    for k in range(len(low)):
        a = low[k] ^ mask
        b = high[k] ^ mask
        less = (a < best_low[k]) | ((a == best_low[k]) & (b < best_high[k]))
        best_low[k] = a if less else best_low[k]
        best_high[k] = b if less else best_high[k]


@kernel
def _lower_both(
    low: Words, high: Words, best_low: Words, best_high: Words, complement: bool
) -> None:
    _lower(low, high, best_low, best_high, np.uint64(0))
    if complement:
        _lower(low, high, best_low, best_high, ONES)


@kernel
def smallest(pair: Words, swaps: Places, flips: Places, complement: bool, best: Words) -> None:
    """Write the smallest image of each function, word 0 compared first.

    Parameters
    ----------
    pair : (2, k) uint64 array
        Functions on seven inputs; overwritten.
    swaps : int64 array
        Coordinates i to swap with i + 1, one after the other.
    flips : int64 array
        Coordinates to negate, one after the other, before the first and after each swap.
    complement : bool
        Whether the negated functions are images too.
    best : (2, k) uint64 array
    """
    k = pair.shape[1]
    for start in range(0, k, _LANES):
        stop = min(start + _LANES, k)
        low = pair[0, start:stop]
        high = pair[1, start:stop]
        best_low = best[0, start:stop]
        best_high = best[1, start:stop]
        for i in range(stop - start):
            best_low[i] = low[i]
            best_high[i] = high[i]
        for step in range(len(swaps) + 1):
            if step > 0:
                _swap(low, high, swaps[step - 1])
            _lower_both(low, high, best_low, best_high, complement)
            for i in flips:
                _negate(low, high, i)
                _lower_both(low, high, best_low, best_high, complement)


@kernel
def images(pair: Words, swaps: Places, flips: Places, found: Words) -> None:
    """Write every image of one function, pair (2, 1), to found ((swaps + 1) (flips + 1), 2)."""
    low = pair[0]
    high = pair[1]
    place = 0
    for step in range(len(swaps) + 1):
        if step > 0:
            _swap(low, high, swaps[step - 1])
        found[place, 0] = low[0]
        found[place, 1] = high[0]
        place += 1
        for i in flips:
            _negate(low, high, i)
            found[place, 0] = low[0]
            found[place, 1] = high[0]
            place += 1


@kernel
def _count_equal(low: Words, high: Words, pair: Words, mask: np.uint64, counts: Places) -> None:
    """Count each function that is the given one, every bit of it negated if ``mask`` is ones."""
    for k in range(len(low)):
        counts[k] += (low[k] ^ mask == pair[0, k]) & (high[k] ^ mask == pair[1, k])


@kernel
def count_fixing(
    pair: Words, swaps: Places, flips: Places, complement: bool, counts: Places
) -> None:
    """Count the group elements that leave each function unchanged; arguments as `smallest`.

    ``pair`` stays as it is; ``counts`` (k,) int64 is written.
    """
    k = pair.shape[1]
    moved = np.empty((2, _LANES), np.uint64)
    for start in range(0, k, _LANES):
        stop = min(start + _LANES, k)
        given = pair[:, start:stop]
        found = counts[start:stop]
        low = moved[0, : stop - start]
        high = moved[1, : stop - start]
        for i in range(stop - start):
            low[i] = given[0, i]
            high[i] = given[1, i]
            found[i] = 0
        for step in range(len(swaps) + 1):
            if step > 0:
                _swap(low, high, swaps[step - 1])
            for turn in range(len(flips) + 1):
                if turn > 0:
                    _negate(low, high, flips[turn - 1])
                _count_equal(low, high, given, np.uint64(0), found)
                if complement:
                    _count_equal(low, high, given, ONES, found)
