"""Gaussian posteriors in the coordinates x of h = mean + L x, x standard normal.

Nearly singular covariances leave nothing of their small variances when something is subtracted
from them. Here nothing is: the posterior precision of x is I + L' diag(tau) L, whose rounding is
relative to the scale of each x, however small its share of K.
"""

from __future__ import annotations

import math

import numpy as np

from priorvol._kernels.doubles import add_rows, upper_factor
from priorvol._kernels.expectation_propagation import log_evidence, sweep
from priorvol._kernels.jit import kernel


@kernel
def precision_of(factor, tau):
    """Return the upper triangle of I + L' diag(tau) L for a lower triangular L; tau < 0 is 0."""
    m = len(tau)
    scaled = np.zeros((m, m))
    for i in range(m):
        scaled[i, : i + 1] = math.sqrt(max(tau[i], 0.0)) * factor[i, : i + 1]
    found = np.zeros((m, m))
    column = np.empty(m)
    for j in range(m):
        column[:] = scaled[:, j]
        add_rows(found[j], column[j:], scaled[j:], m - j, j)
        found[j, j] += 1.0
    return found


@kernel
def solve_symmetric(upper, right):
    """Overwrite the vector ``right`` with (U' U)^-1 right."""
    m = len(right)
    for i in range(m):
        for j in range(i):
            right[i] -= upper[j, i] * right[j]
        right[i] /= upper[i, i]
    for i in range(m - 1, -1, -1):
        for j in range(i + 1, m):
            right[i] -= upper[i, j] * right[j]
        right[i] /= upper[i, i]


@kernel
def inverse_lower(factor):
    """Return L^-1 for a lower triangular L."""
    m = len(factor)
    inverse = np.zeros((m, m))
    column = np.empty(m)
    for i in range(m):
        for j in range(i):
            column[j] = -factor[i, j]
        inverse[i, i] = 1.0
        add_rows(inverse[i], column, inverse, i, 0)
        inverse[i] /= factor[i, i]
    return inverse


@kernel
def whitened_posterior(factor, mean, tau, nu):
    """Return the posterior of x and of h under sites exp(-tau h^2 / 2 + nu h).

    Parameters
    ----------
    factor : (m, m) array
        The prior's lower factor L.
    mean, tau, nu : (m,) arrays
        In the same order.

    Returns
    -------
    rows : (m, m) array
        L V, lower triangular: rows @ rows.T is the covariance of h.
    root : (m, m) array
        V, lower triangular: V V' is the covariance of x.
    centre : (m,) array
        Mean of x.
    half_log_det : float
        log det(I + L' diag(tau) L) / 2.
    usable : bool
        False where the factorisation failed.
    """
    m = len(mean)
    flipped = precision_of(factor, tau)[::-1, ::-1]  # its factor: the last step comes first
    turned = np.empty((m, m))
    for i in range(m):
        for j in range(i, m):
            turned[i, j] = flipped[j, i]
    upper, rank = upper_factor(turned)
    centre, rows, root, half = np.zeros(m), np.zeros((m, m)), np.zeros((m, m)), 0.0
    if rank < m:
        return rows, root, centre, np.nan, False
    for i in range(m):
        half += math.log(upper[i, i])
        pull = nu[i] - tau[i] * mean[i]
        for j in range(i + 1):
            centre[m - 1 - j] += factor[i, j] * pull
    solve_symmetric(upper, centre)
    lower = np.empty((m, m))
    for i in range(m):
        lower[i] = upper[m - 1 - i, ::-1]
    root = inverse_lower(lower)
    for i in range(m):
        add_rows(rows[i], factor[i], root, i + 1, 0)
    return rows, root, centre[::-1].copy(), half, True


@kernel
def propagate_whitened(factor, mean, start_tau, start_nu, damping, sweeps, tolerance):
    """Run EP for the positive orthant from given sites; the prior is given by its lower factor.

    Sweeps are those of `expectation_propagation.sweep`, but posteriors are made in whitened
    coordinates: this is for covariances too near singular for `propagate`.

    Returns
    -------
    log_z, tau, nu, done, change
        As of `expectation_propagation.propagate`; log Z is nan where it broke down.
    """
    m = len(mean)
    tau, nu, noise = start_tau.copy(), start_nu.copy(), np.zeros(m)
    log_z, change, least, patience, done = np.nan, np.inf, np.inf, 0, 0
    while True:
        rows, _, centre, half, usable = whitened_posterior(factor, mean, tau, nu)
        if not usable:
            return np.nan, tau, nu, done, change
        sigma, mu = np.zeros((m, m)), mean.copy()
        column = np.ascontiguousarray(rows.T)
        for i in range(m):
            add_rows(sigma[i], rows[i], column, i + 1, 0)
            for j in range(i + 1):
                mu[i] += factor[i, j] * centre[j]
        log_z = log_evidence(sigma, mu, tau, nu, mean, noise, half)
        if done == sweeps or change < tolerance or not np.isfinite(mu).all():
            return log_z, tau, nu, done, change
        change = sweep(sigma, mu, tau, nu, noise, damping)
        done += 1
        patience = 0 if change < least else patience + 1
        least = min(least, change)
        if patience >= 3:
            damping, patience = 0.5 * damping, 0


@kernel
def entry_sensitivity(inverse, root, centre):
    """Return the sum over i, j of |d log Z / d K_ij|, of a Gaussian approximation of an orthant.

    d log Z / dK = K^-1 (E[(h - mean)(h - mean)'] - K) K^-1 / 2, in whitened coordinates
    L'^-1 (V V' + c c' - I) L^-1 / 2: log Z changes by at most this times the largest change of an
    entry, to first order.

    Parameters
    ----------
    inverse : (m, m) array
        L^-1.
    root, centre : (m, m) and (m,) arrays
        See `whitened_posterior`.
    """
    m = len(centre)
    moments = np.zeros((m, m))
    columns = np.ascontiguousarray(root.T)
    for i in range(m):
        add_rows(moments[i], root[i], columns, i + 1, 0)
        for j in range(m):
            moments[i, j] += centre[i] * centre[j]
        moments[i, i] -= 1.0
    half = np.zeros((m, m))  # moments L^-1
    for i in range(m):
        add_rows(half[i], moments[i], inverse, m, 0)
    total, row, column = 0.0, np.empty(m), np.empty(m)
    for i in range(m):
        row[:] = 0.0
        column[:] = inverse[:, i]
        add_rows(row, column[i:], half[i:], m - i, 0)
        for j in range(m):
            total += abs(row[j])
    return 0.5 * total
