"""A number of a function on {0,1}^7 that the symmetries of the cube and negation leave alone.

Functions of one orbit have equal numbers; two orbits seldom do. It is a sum of mixed Walsh-Hadamard
coefficients up to degree two, by their absolute values, so that the order of inputs, their signs
and the sign of the function drop out.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.cube import ONES, WHERE_ZERO
from priorvol._kernels.jit import kernel
from priorvol._kernels.rows import popcount


@kernel
def _mix(x):
    """Return a 64-bit hash (the finaliser of splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def _size(low, high):
    """Return the absolute value of 128 times the mean of the two words as signs."""
    return np.uint64(abs(128 - 2 * (popcount(low) + popcount(high))))


@kernel
def signatures(columns, out):
    """Write the signature of each function, packed as (2, k), to ``out`` (k,) uint64."""
    linear = np.empty(7, np.uint64)
    for f in range(columns.shape[1]):
        low, high = columns[0, f], columns[1, f]
        total = _mix(_size(low, high) + np.uint64(1))
        for i in range(7):
            other = ~WHERE_ZERO[i] if i < 6 else np.uint64(0)
            top = ~WHERE_ZERO[i] if i < 6 else ONES
            linear[i] = _size(low ^ other, high ^ top)
            total += _mix(linear[i] + np.uint64(1 << 10))
        for i in range(7):
            for j in range(i):
                lower = ~WHERE_ZERO[j]
                other = lower ^ (~WHERE_ZERO[i] if i < 6 else np.uint64(0))
                top = lower ^ (~WHERE_ZERO[i] if i < 6 else ONES)
                pair = (linear[i] + linear[j]) << np.uint64(20)
                pair |= (linear[i] * linear[j]) << np.uint64(30)
                total += _mix(pair + _size(low ^ other, high ^ top) + np.uint64(1 << 11))
        out[f] = total
