"""The order of the outputs and the minimax tilt of the sequential sampler.

Botev (2017, 1603.04166) shifts step k of the sequential sampler by mu_k so that the largest log
weight is smallest: psi* = max over x of min over mu of psi(x; mu). For fixed x the minimum is one
dimension at a time: with d_k = h_k / l_k, h = mean + L x and l the diagonal of L, it is where a
unit normal of mean y_k = mu_k + d_k - x_k, kept above 0, has mean d_k. What is left,

    g(h) = -(h - mean)' K^-1 (h - mean) / 2 + sum_k rho(d_k),
    rho(d) = d^2 / 2 - y d + y^2 / 2 + log Phi(y),   rho' = d - y,   rho'' = 1 - 1 / var(y),

is concave, with a barrier at h = 0, and Newton's method with line search finds its maximum from any
h > 0. Steps are made in x, where nothing is subtracted or inverted that a nearly singular K would
leave no digits of.
"""

from __future__ import annotations

import math

import numpy as np

from priorvol._kernels.doubles import upper_factor
from priorvol._kernels.jit import kernel
from priorvol._kernels.normal import LOG_ROOT_TWO_PI, hazard, log_ndtr, moments
from priorvol._kernels.whitened import precision_of, solve_symmetric


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
        if y < 0.0:  # hz = phi(y) / Phi(y): y^2 / 2 and log Phi(y) would cancel
            total += 0.5 * d * d - y * d - LOG_ROOT_TWO_PI - math.log(hz)
        else:  # d^2 / 2 - y d + y^2 / 2 = hz^2 / 2, as d = y + hz
            total += 0.5 * hz * hz + log_ndtr(y)
        slope[k] = hz / pivots[k]
        curvature[k] = hz * w / (c * pivots[k] ** 2)
    return total


@kernel
def _outputs(rows, mean, x):
    """Return mean + L x for a lower triangular L."""
    h = mean.copy()
    for i in range(len(h)):
        for j in range(i + 1):
            h[i] += rows[i, j] * x[j]
    return h


@kernel
def minimax_tilt(rows, mean, start, sweeps, tolerance):
    """Return Botev's tilt.

    Parameters
    ----------
    rows : (m, m) array
        The lower factor L of K.
    mean : (m,) array
    start : (m,) array
        Some x with mean + L x > 0.
    sweeps : int
        Most steps of Newton's method.
    tolerance : float
        On the gain in psi that the last step promises, in nats; relative where psi is beyond 1.

    Returns
    -------
    tilt : (m,) array
    psi : float
        The minimax bound on the log weights.
    gain : float
        The gain that a further step promises, over max(1, |psi|): at most ``tolerance`` if it
        converged.
    done : int
        Steps made.
    sites : (2, m) array
        tau and nu of the Gaussian that g is to second order: a site exp(-tau h^2 / 2 + nu h) an
        output.
    """
    m = len(mean)
    pivots = np.diag(rows).copy()
    x = start.copy()
    h = _outputs(rows, mean, x)
    slope, curvature = np.zeros(m), np.zeros(m)
    psi = _terms(h, pivots, slope, curvature) - 0.5 * _dot(x, x)
    gain, done = np.inf, 0
    while done < sweeps and np.isfinite(psi):
        upper, rank = upper_factor(precision_of(rows, curvature))
        if rank < m:
            break
        force = -x
        for i in range(m):
            for j in range(i + 1):
                force[j] += rows[i, j] * slope[i]
        step = force.copy()
        solve_symmetric(upper, step)
        slant = _dot(step, force)  # slope of psi along the step
        gain = slant / max(1.0, abs(psi))
        if not gain > tolerance:
            break
        length, best = 1.0, psi
        while length > 1e-10:
            trial = x + length * step
            h = _outputs(rows, mean, trial)
            value = _terms(h, pivots, slope, curvature) - 0.5 * _dot(trial, trial)
            if value >= psi + 1e-4 * length * slant:
                best = value
                break
            length *= 0.5
        if length <= 1e-10:
            h = _outputs(rows, mean, x)
            _terms(h, pivots, slope, curvature)
            break
        x, psi = x + length * step, best
        done += 1
    sites = np.empty((2, m))
    sites[0] = curvature
    sites[1] = slope + curvature * h
    return x - slope * pivots, psi, gain, done, sites
