"""The order of the outputs and the minimax tilt of the sequential sampler.

Botev (2017, 1603.04166) shifts step k of the sequential sampler by mu_k so that the largest log
weight is smallest: psi* = max over x of min over mu of psi(x; mu). For fixed x the minimum is one
dimension at a time: with d_k = h_k / l_k, h = mean + L x and l the diagonal of L, it is where a
unit normal of mean y_k = mu_k + d_k - x_k, kept above 0, has mean d_k. What is left,

    g(h) = -(h - mean)' K^-1 (h - mean) / 2 + sum_k rho(d_k),
    rho(d) = d^2 / 2 - y d + y^2 / 2 + log Phi(y),   rho' = d - y,   rho'' = 1 - 1 / var(y),

is concave, with a barrier at h = 0: it is the log posterior of a Gaussian process, and Newton's
method with line search finds its maximum from any h > 0 (in the form of Rasmussen and Williams
2006, algorithm 3.1, which does not invert K).
"""

from __future__ import annotations

import math

import numpy as np

from priorvol._kernels.doubles import upper_factor
from priorvol._kernels.jit import kernel
from priorvol._kernels.normal import hazard, log_ndtr, moments


@kernel
def greedy_order(covariance, mean):
    """Return an order in which each output is the least probable given those before it.

    Gibson, Glasbey and Elston 1994: outputs before are put at their means above 0. A singular
    covariance is ordered as far as its rank goes, the rest by index.
    """
    m = len(mean)
    order = np.arange(m)
    factor = np.zeros((m, m))  # row k: column k of the Cholesky factor, by output
    variance = np.diag(covariance).copy()
    centre = mean.copy()
    for k in range(m):
        best, least = -1, np.inf
        for place in range(k, m):
            i = order[place]
            if variance[i] > 1e-13 * covariance[i, i]:
                x = centre[i] / math.sqrt(variance[i])
                if x < least:
                    best, least = place, x
        if best < 0:
            break
        i = order[best]
        order[best], order[k] = order[k], i
        column = factor[k]
        column[:] = covariance[i]
        for j in range(k):
            share = factor[j, i]
            previous = factor[j]
            for a in range(m):
                column[a] -= share * previous[a]
        column /= math.sqrt(variance[i])
        step = hazard(least)
        for a in range(m):
            variance[a] -= column[a] * column[a]
            centre[a] += column[a] * step
        variance[i] = 0.0
    return order


@kernel
def _dot(x, y):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * y[i]
    return total


@kernel
def _times(matrix, x):
    """Return a matrix times x, in an order that no library's threads change."""
    out = np.empty(len(matrix))
    for i in range(len(matrix)):
        out[i] = _dot(matrix[i], x)
    return out


@kernel
def mean_to_shift(d):
    """Return the y at which a unit normal of mean y, kept above 0, has mean d > 0."""
    y = d - 1.0 / d
    for _ in range(100):
        _, w, c = moments(y)
        step = (w - d) / c
        y -= step
        if abs(step) <= 1e-14 * (1.0 + abs(y)):
            break
    return y


@kernel
def _terms(h, pivots, slope, curvature):
    """Fill rho' / l and -rho'' / l^2 and return the sum of rho; -inf outside the orthant."""
    total = 0.0
    for k in range(len(h)):
        d = h[k] / pivots[k]
        if not d > 0.0:
            return -np.inf
        y = mean_to_shift(d)
        hz, w, c = moments(y)
        # d^2 / 2 - y d + y^2 / 2 = hz^2 / 2, as d = y + hz
        total += 0.5 * hz * hz + log_ndtr(y)
        slope[k] = hz / pivots[k]
        curvature[k] = hz * w / (c * pivots[k] ** 2)
    return total


@kernel
def minimax_tilt(covariance, rows, mean, start, sweeps, tolerance):
    """Return Botev's tilt.

    Parameters
    ----------
    covariance, rows : (m, m) arrays
        K and its lower factor.
    mean : (m,) array
    start : (m,) array
        K^-1 (h - mean) of some h > 0.
    sweeps : int
        Most steps of Newton's method.
    tolerance : float
        On the last step's promised gain in psi, in nats.

    Returns
    -------
    tilt : (m,) array
    psi : float
        The minimax bound on the log weights.
    gain : float
        The gain that a further step promises: below ``tolerance`` if it converged.
    done : int
        Steps made.
    """
    m = len(mean)
    pivots = np.diag(rows).copy()
    a = start.copy()
    h = mean + _times(covariance, a)
    slope, curvature = np.zeros(m), np.zeros(m)
    psi = _terms(h, pivots, slope, curvature) - 0.5 * _dot(a, h - mean)
    gain, done = np.inf, 0
    b = np.empty((m, m))
    while done < sweeps and np.isfinite(psi):
        root = np.sqrt(curvature)
        for i in range(m):
            for j in range(m):
                b[i, j] = root[i] * covariance[i, j] * root[j]
            b[i, i] += 1.0
        u, rank = upper_factor(b)
        if rank < m:
            break
        right = curvature * (h - mean) + slope
        x = root * _times(covariance, right)
        for i in range(m):
            for j in range(i):
                x[i] -= u[j, i] * x[j]
            x[i] /= u[i, i]
        for i in range(m - 1, -1, -1):
            for j in range(i + 1, m):
                x[i] -= u[i, j] * x[j]
            x[i] /= u[i, i]
        step = right - root * x - a
        move = _times(covariance, step)
        gain = _dot(slope - a, move)  # slope of psi along the step
        if not gain > tolerance:
            break
        length, best = 1.0, psi
        while length > 1e-10:
            trial = h + length * move
            value = _terms(trial, pivots, slope, curvature)
            new = a + length * step
            value -= 0.5 * _dot(new, trial - mean)
            if value >= psi + 1e-4 * length * gain:
                best = value
                break
            length *= 0.5
        if length <= 1e-10:
            _terms(h, pivots, slope, curvature)
            break
        a, h, psi = a + length * step, h + length * move, best
        done += 1
    tilt = np.empty(m)
    for k in range(m):
        x = 0.0
        for i in range(k, m):
            x += rows[i, k] * a[i]
        tilt[k] = x - slope[k] * pivots[k]
    return tilt, psi, gain, done
