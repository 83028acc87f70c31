"""Expectation propagation for the positive orthant: P(h > 0) for h ~ N(mean, K), K singular or not.

Sites exp(-tau h^2 / 2 + nu h), one an output, are matched in turn (sequential EP). Gaussian
posteriors follow from B = I + S K S with S = diag(tau^1/2) (Rasmussen and Williams 2006,
section 3.6), so that K is never inverted.
"""

from __future__ import annotations

import math

import numpy as np

from priorvol._kernels.doubles import add_rows, solve_transposed, upper_factor
from priorvol._kernels.jit import kernel
from priorvol._kernels.normal import log_ndtr, moments

_BLOCK = 16  # sites whose updates reach the other columns together


@kernel
def posterior(covariance, mean, tau, nu):
    """Return the covariance and mean of N(mean, K) times the sites, and log det B / 2.

    Returns
    -------
    sigma : (m, m) array
    mu : (m,) array
    half_log_det : float
        nan where B could not be factorised.
    """
    m = len(mean)
    root = np.sqrt(tau)
    b = np.empty((m, m))
    v = np.empty((m, m))
    for i in range(m):
        for j in range(m):
            v[i, j] = root[i] * covariance[i, j]
            b[i, j] = v[i, j] * root[j]
        b[i, i] += 1.0
    u, rank = upper_factor(b)
    half = 0.0
    for i in range(m):
        half += math.log(u[i, i])
    if rank < m:
        half = np.nan
    solve_transposed(u, v)
    sigma = covariance.copy()
    column = np.empty(m)
    for i in range(m):
        column[:] = -v[:, i]
        add_rows(sigma[i], column, v, m, i)
    for i in range(m):
        for j in range(i):
            sigma[i, j] = sigma[j, i]
    force = nu - tau * mean
    mu = mean.copy()
    for i in range(m):
        total = 0.0
        for j in range(m):
            total += sigma[i, j] * force[j]
        mu[i] += total
    return sigma, mu, half


@kernel
def sweep(sigma, mu, tau, nu, noise, damping):
    """Match every site once, in order; return the largest change of a site.

    Changes are measured in units of the posterior: tau times the variance, nu times the standard
    deviation. ``sigma``, ``mu``, ``tau`` and ``nu`` are overwritten.
    """
    m = len(mu)
    change = 0.0
    columns = np.empty((_BLOCK, m))
    weights = np.empty(_BLOCK)
    factors = np.empty(_BLOCK)
    for first in range(0, m, _BLOCK):
        size = min(_BLOCK, m - first)
        columns[:size] = sigma[first : first + size]
        for b in range(size):
            i = first + b
            column = columns[b]
            s = column[i]
            weights[b] = 0.0
            left = 1.0 - tau[i] * s  # of the precision, without the site
            if not (s > 0.0 and left > 0.0):
                continue
            v = s / left
            a = (mu[i] - nu[i] * s) / left
            sd = math.sqrt(v + noise[i])
            h, w, c = moments(a / sd)
            share = v / (v + noise[i])
            kept = noise[i] / (v + noise[i]) + share * c  # new variance over v
            step_tau = damping * ((1.0 - kept) / (v * kept) - tau[i])
            step_nu = damping * (h * (c + w * w) / (sd * kept) - nu[i])
            if noise[i] == 0.0:
                step_tau = damping * (h * w / (v * c) - tau[i])
            tau[i] += step_tau
            nu[i] += step_nu
            change = max(change, abs(step_tau) * s, abs(step_nu) * math.sqrt(s))
            scale = 1.0 / (1.0 + step_tau * s)
            gain = (step_nu - step_tau * mu[i]) * scale
            for j in range(m):
                mu[j] += gain * column[j]
            weights[b] = step_tau * scale
            for other in range(b + 1, size):
                factor = weights[b] * columns[other, i]
                target = columns[other]
                for j in range(m):
                    target[j] -= factor * column[j]
        for j in range(m):
            for b in range(size):
                factors[b] = -weights[b] * columns[b, j]
            add_rows(sigma[j], factors, columns, size, 0)
    return change


@kernel
def log_evidence(sigma, mu, tau, nu, mean, noise, half_log_det):
    """Return EP's log Z at the given sites and posterior."""
    m = len(mu)
    total = -half_log_det
    for i in range(m):
        total += 0.5 * (nu[i] - tau[i] * mean[i]) * (mu[i] - mean[i])
        total += (nu[i] - 0.5 * tau[i] * mean[i]) * mean[i]
        left = 1.0 - tau[i] * sigma[i, i]
        if not (sigma[i, i] > 0.0 and left > 0.0):
            return np.nan
        v = sigma[i, i] / left
        a = (mu[i] - nu[i] * sigma[i, i]) / left
        total += log_ndtr(a / math.sqrt(v + noise[i]))
        d = 1.0 + tau[i] * v
        total += 0.5 * math.log(d)
        total -= (-0.5 * tau[i] * a * a + nu[i] * a + 0.5 * nu[i] * nu[i] * v) / d
    return total


@kernel
def propagate(covariance, mean, noise, damping, sweeps, tolerance):
    """Run EP until the sites change by less than ``tolerance``, at most ``sweeps`` times.

    Parameters
    ----------
    covariance : (m, m) array
        Positive semidefinite, with positive variances; of outputs turned so that all are wanted
        positive.
    mean : (m,) array
    noise : (m,) array
        The link of output i is Phi(h / noise^1/2): a step where the noise is 0.
    damping : float
        Share of the step that is taken, in (0, 1].
    sweeps : int
    tolerance : float

    Returns
    -------
    log_z : float
    tau, nu : (m,) arrays
    sigma, mu : (m, m) and (m,) arrays
        Of the Gaussian posterior.
    done : int
        Sweeps made.
    change : float
        Of the last sweep; see `sweep`.
    """
    m = len(mean)
    tau, nu = np.zeros(m), np.zeros(m)
    sigma, mu, half = covariance.copy(), mean.copy(), 0.0
    change, least, patience, done = np.inf, np.inf, 0, 0
    while done < sweeps and not change < tolerance:
        change = sweep(sigma, mu, tau, nu, noise, damping)
        sigma, mu, half = posterior(covariance, mean, tau, nu)
        done += 1
        patience = 0 if change < least else patience + 1
        least = min(least, change)
        if patience >= 3:  # it turns in circles: smaller steps
            damping, patience = 0.5 * damping, 0
        if not np.isfinite(half):
            break
    log_z = log_evidence(sigma, mu, tau, nu, mean, noise, half)
    return log_z, tau, nu, sigma, mu, done, change
