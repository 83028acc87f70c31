"""Weighted correlations of columns with one column, within strata, for many sets of weights.

Functions stand stratum by stratum: stratum s is starts[s] ... starts[s + 1] - 1. With a single
stratum these are the plain coefficients. A whole-number weight is that many repetitions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from priorvol._kernels.jit import kernel

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@kernel
def centre(values: Array, starts: Places, weights: Array, out: Array) -> None:
    """Write values less their stratum's weighted mean; exactly 0 where a stratum has one value."""
    for s in range(len(starts) - 1):
        total = 0.0
        weighted = 0.0
        low = np.inf
        high = -np.inf
        for i in range(starts[s], starts[s + 1]):
            if weights[i] > 0.0:
                total += weights[i]
                weighted += weights[i] * values[i]
                low = min(low, values[i])
                high = max(high, values[i])
        mean = weighted / total if low < high else 0.0
        for i in range(starts[s], starts[s + 1]):
            out[i] = values[i] - mean if low < high else 0.0


@kernel
def rank(
    order: Places, first: npt.NDArray[np.bool_], starts: Places, weights: Array, out: Array
) -> None:
    """Write (r - (N + 1) / 2) / (N + 1), r the midrank within a stratum of total weight N.

    ``order`` holds, stratum by stratum, the functions by rising value; ``first`` says where in
    that order a value differs from the one before.
    """
    for s in range(len(starts) - 1):
        stop = starts[s + 1]
        total = 0.0
        for i in range(starts[s], stop):
            total += weights[i]
        before = 0.0
        place = starts[s]
        while place < stop:
            end = place
            tied = 0.0
            while end == place or (end < stop and not first[end]):
                tied += weights[order[end]]
                end += 1
            value = (before + 0.5 * (tied - total)) / (total + 1.0)
            for p in range(place, end):
                out[order[p]] = value
            before += tied
            place = end


@kernel
def _product(weights: Array, a: Array, b: Array) -> float:
    total = 0.0
    for i in range(len(weights)):
        total += weights[i] * a[i] * b[i]
    return total


@kernel
def correlate(
    columns: Array,
    orders: Places,
    firsts: npt.NDArray[np.bool_],
    starts: Places,
    weights: Array,
    found: Array,
) -> None:
    """Write the correlations of columns 1, 2, ... with column 0.

    Parameters
    ----------
    columns : (c + 1, k) float64 array
    orders : (c + 1, k) int64 array
    firsts : (c + 1, k) bool array
        See `rank`.
    starts : int64 array
    weights : (r, k) float64 array
    found : (r, c, 2) float64 array
        Of the values and of the ranks; nan where one does not vary within any stratum.
    """
    k = columns.shape[1]
    x = np.empty((2, k))
    y = np.empty((2, k))
    for r in range(len(weights)):
        w = weights[r]
        centre(columns[0], starts, w, x[0])
        rank(orders[0], firsts[0], starts, w, x[1])
        squares = (_product(w, x[0], x[0]), _product(w, x[1], x[1]))
        for c in range(1, len(columns)):
            centre(columns[c], starts, w, y[0])
            rank(orders[c], firsts[c], starts, w, y[1])
            for kind in range(2):
                scale = squares[kind] * _product(w, y[kind], y[kind])
                if scale > 0.0:
                    value = _product(w, x[kind], y[kind]) / np.sqrt(scale)
                    found[r, c - 1, kind] = min(1.0, max(-1.0, value))
                else:
                    found[r, c - 1, kind] = np.nan
