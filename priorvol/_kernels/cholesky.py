"""Cholesky factors of singular matrices, in a fixed order of operations.

Nothing is left to a linear algebra library, whose order of summation depends on the processor and
the number of threads: the factor is the same, bit for bit, wherever the matrix is.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.jit import kernel

_EQUAL = 1e-6


@kernel
def pivoted_cholesky(covariance, first, tolerance, columns, order):
    """Factor a positive semidefinite matrix with pivoting; return its rank r.

    The first pivots are those of ``first``, in that order, as far as something is left of them;
    then always the row of which most is left, the first of equals (up to `_EQUAL`: the order of
    the pivots does not hang on the last bit of the matrix). It ends where nothing above the
    tolerance is left: what is left out of the outputs has no larger variance.

    Parameters
    ----------
    covariance : (k, k) float64
        Of unit diagonal.
    first : (j,) int64
        Rows to take first.
    tolerance : float
        A row whose conditional variance is no larger depends on the pivots so far.
    columns : (k, k) float64, written
        Row p holds column p of the factor: covariance = columns[:r].T @ columns[:r].
    order : (k,) int64, written
        The r pivots, then the rows that depend on them, of ``first`` before the others.

    Returns
    -------
    r, depending : int
        Rank, and how many rows of ``first`` depend on those before them.
    """
    k = covariance.shape[0]
    left = np.ones(k)
    done = np.zeros(k, dtype=np.bool_)
    dependent = np.empty(k, dtype=np.int64)
    n_dependent = 0
    rank = 0
    for turn in range(len(first)):
        pivot = first[turn]
        done[pivot] = True
        if left[pivot] > tolerance:
            order[rank] = pivot
            _eliminate(covariance, pivot, rank, columns, left, done)
            rank += 1
        else:
            dependent[n_dependent] = pivot
            n_dependent += 1
    depending = n_dependent
    while True:
        most = 0.0
        for i in range(k):
            if not done[i]:
                most = max(most, left[i])
        if not most > tolerance:
            break
        pivot = 0
        while done[pivot] or left[pivot] < (1.0 - _EQUAL) * most:
            pivot += 1
        done[pivot] = True
        order[rank] = pivot
        _eliminate(covariance, pivot, rank, columns, left, done)
        rank += 1
    for i in range(k):
        if not done[i]:
            dependent[n_dependent] = i
            n_dependent += 1
    for i in range(n_dependent):
        order[rank + i] = dependent[i]
    return rank, depending


@kernel
def _eliminate(covariance, pivot, rank, columns, left, done):
    """Compute column ``rank`` of the factor and what it leaves of the variances.

    Rows that were pivots before have exactly 0 there; rows that depend on pivots keep what
    rounding leaves, which is 0 up to the tolerance, and are set to 0.
    """
    k = covariance.shape[0]
    root = np.sqrt(left[pivot])
    column = columns[rank]
    for i in range(k):
        column[i] = covariance[pivot, i]
    for q in range(rank):
        factor = columns[q, pivot]
        for i in range(k):
            column[i] -= factor * columns[q, i]
    for i in range(k):
        if done[i]:
            column[i] = 0.0
        else:
            column[i] /= root
            left[i] -= column[i] * column[i]
    column[pivot] = root
