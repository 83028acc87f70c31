"""Functions of h = mean + L z: thresholded Gaussian outputs, packed into words.

Sixty-four samples are computed side by side. Sums run over the columns of L in order, in float64
without contraction, so a function does not depend on the processor nor on the samples beside it.
In float32 an output would have the wrong sign about once in 10^6 draws (rounding of 1e-7 of its
size), and outputs that depend on one another (a singular L) would break their relation as often;
in float64 it is once in 10^15.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels import streams
from priorvol._kernels.jit import kernel

LANES = 64
"""Samples computed side by side."""


@kernel
def sample_functions(factor, mean, place, sign, key, block, first, count, keys):
    """Draw functions ``first`` to ``first + count - 1`` of a block.

    Parameters
    ----------
    factor : (k, r) float64
        Lower trapezoidal: row i has at most i + 1 entries.
    mean : (k,) float64
    place : (m,) int64
        Which row of the factor input i follows; -1 where its output is fixed.
    sign : (m,) int8
        Whether it follows the row (+1) or its opposite (-1); of a fixed output, whether it is
        positive.
    key : four integers below 2^32
    block, first, count : int
    keys : (>= count, ceil(m / 64)) uint64, written
    """
    k, r = factor.shape
    rounded = max((r + 63) // 64 * 64, 64)
    state = np.empty(streams.STATE_WORDS, dtype=np.uint32)
    numbers = np.empty(rounded, dtype=np.float32)
    z = np.zeros((max(r, 1), LANES))
    above = np.zeros(k + 1, dtype=np.uint64)
    below = np.zeros(k + 1, dtype=np.uint64)
    for start in range(0, count, LANES):
        lanes = min(LANES, count - start)
        for s in range(lanes):
            streams.start(state, key, first + start + s, block, 0)
            streams.fill(state, numbers, r, False, 1.0)
            for j in range(r):
                z[j, s] = numbers[j]
        threshold(factor, mean, z, 0, above, below)
        pack_lanes(above, below, place, sign, lanes, keys[start : start + lanes])


@kernel
def threshold(factor, mean, z, start, above, below):
    """Set bit s of ``above[i]`` where h_i > 0 in lane s, and of ``below[i]`` where h_i < 0.

    Parameters
    ----------
    factor : (k, r) float64
        Lower trapezoidal.
    mean : (k,) float64
    z : (r, 64) float64
    start : int
        First row to compute.
    above, below : (>= k,) uint64, written
    """
    k, r = factor.shape
    h = np.empty(LANES)
    for i in range(start, k):
        for s in range(LANES):
            h[s] = mean[i]
        columns = min(i + 1, r)
        j = 0
        while j + 4 <= columns:  # four at a time, added one after the other
            a, b, c, d = factor[i, j], factor[i, j + 1], factor[i, j + 2], factor[i, j + 3]
            for s in range(LANES):
                h[s] = (((h[s] + a * z[j, s]) + b * z[j + 1, s]) + c * z[j + 2, s]) + d * z[
                    j + 3, s
                ]
            j += 4
        while j < columns:
            a = factor[i, j]
            for s in range(LANES):
                h[s] += a * z[j, s]
            j += 1
        high, low = np.uint64(0), np.uint64(0)
        for s in range(LANES):
            high |= np.uint64(h[s] > 0.0) << np.uint64(s)
            low |= np.uint64(h[s] < 0.0) << np.uint64(s)
        above[i], below[i] = high, low


@kernel
def pack_lanes(above, below, place, sign, lanes, keys):
    """Write the function of each lane as words; parameters as `sample_functions`."""
    m = len(place)
    for w in range((m + 63) // 64):
        for s in range(lanes):
            keys[s, w] = np.uint64(0)
        for b in range(min(64, m - 64 * w)):
            i = 64 * w + b
            if place[i] < 0:
                mask = np.uint64(0xFFFFFFFFFFFFFFFF) if sign[i] > 0 else np.uint64(0)
            else:
                mask = above[place[i]] if sign[i] > 0 else below[place[i]]
            for s in range(lanes):
                keys[s, w] |= ((mask >> np.uint64(s)) & np.uint64(1)) << np.uint64(b)
