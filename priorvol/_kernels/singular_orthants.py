"""Sequential sampling of the orthant of a singular normal: more outputs than dimensions.

h = mean + A x with x standard normal in r dimensions. Dimensions come in an order in which every
output is *complete* at some step: it depends on x up to there and no further. Step j is a normal
kept in the interval that the outputs complete at j leave. Two guides go along at once: EP's
posterior with the sites of these outputs divided out, and the prior with a shift of step j.
"""

from __future__ import annotations

import math

import numpy as np

from priorvol._kernels.jit import kernel
from priorvol._kernels.normal import log_ndtr, moments, ndtr
from priorvol._kernels.normal_lanes import (
    FAR,
    OUTER,
    excess_far,
    quantile_outest,
    quantile_size,
)


@kernel
def pivoted_factor(matrix, tolerance):
    """Return A with A A' = matrix, its rank and pivots: each the largest variance that is left.

    Returns
    -------
    factor : (m, m) array
        Columns from the rank on are 0.
    pivots : (m,) int64
        The first ``rank`` are the outputs of the steps.
    rank : int
        Steps until no variance is above ``tolerance``.
    """
    m = len(matrix)
    columns = np.zeros((m, m))
    pivots = np.full(m, -1)
    left = np.diag(matrix).copy()
    rank = 0
    for k in range(m):
        best = int(np.argmax(left))
        if not left[best] > tolerance:
            break
        column = columns[k]
        column[:] = matrix[best]
        for j in range(k):
            share = columns[j, best]
            for i in range(m):
                column[i] -= share * columns[j, i]
        column /= math.sqrt(left[best])
        for j in range(k):
            column[pivots[j]] = 0.0
        for i in range(m):
            left[i] -= column[i] * column[i]
        left[best] = -np.inf
        pivots[k] = best
        rank += 1
    return np.ascontiguousarray(columns.T), pivots, rank


@kernel
def log_interval(low, high):
    """Return log(Phi(high) - Phi(low)); -inf for an empty interval."""
    if not low < high:
        return -np.inf
    if low > 0.0:
        low, high = -high, -low
    if high > 0.0:
        return math.log1p(-(ndtr(low) + ndtr(-high)))
    top = log_ndtr(high)
    if low == -np.inf:
        return top
    return top + math.log(-math.expm1(log_ndtr(low) - top))


@kernel
def _quantile(log_p):
    """Return -x with log Phi(x) = log p, for p of at most 1/2."""
    if log_p >= OUTER:
        return quantile_size(log_p, math.exp(log_p))
    return quantile_outest(max(log_p, FAR))


@kernel
def draw_interval(low, high, u):
    """Turn a uniform number into a normal draw between ``low`` and ``high``."""
    turned = low > 0.0
    if turned:
        low, high, u = -high, -low, 1.0 - u
    if high > 0.0:
        below, above = ndtr(low), ndtr(-high)
        inside = 1.0 - (below + above)
        p, q = below + u * inside, above + (1.0 - u) * inside
        x = -_quantile(math.log(p)) if p <= q else _quantile(math.log(q))
    else:
        top = log_ndtr(high)
        share = u
        if low > -np.inf:
            share += (1.0 - u) * math.exp(log_ndtr(low) - top)
        log_p = top + math.log(share)
        x = -_quantile(log_p) if log_p >= FAR else high - excess_far(high, share)
    x = min(max(x, low), high)
    return -x if turned else x


@kernel
def interval_mean(low, high, shift):
    """Return the mean of a normal of mean ``shift`` and variance 1 kept in an interval."""
    a, b = low - shift, high - shift
    if b == np.inf:
        return a + shift + moments(-a)[1] if a > -np.inf else shift
    if a == -np.inf:
        return b + shift - moments(b)[1]
    mass = log_interval(a, b)
    c = -0.5 * math.log(2.0 * math.pi) - mass
    return shift + math.exp(c - 0.5 * a * a) - math.exp(c - 0.5 * b * b)


@kernel
def interval_shift(low, high, target):
    """Return the shift at which `interval_mean` is ``target``, by bisection."""
    if low == -np.inf and high == np.inf:
        return target
    left, right = target - 1.0, target + 1.0
    while interval_mean(low, high, left) > target and left > -1e6:
        left = target - 2.0 * (target - left)
    while interval_mean(low, high, right) < target and right < 1e6:
        right = target + 2.0 * (right - target)
    for _ in range(60):
        middle = 0.5 * (left + right)
        if interval_mean(low, high, middle) < target:
            left = middle
        else:
            right = middle
    return 0.5 * (left + right)


@kernel
def centre_shifts(mean, matrix, first, x):
    """Return the shift of every step whose draw then has mean x, given that those before are x."""
    r = matrix.shape[1]
    shifts = np.empty(r)
    for j in range(r):
        low, high = -np.inf, np.inf
        for i in range(first[j], first[j + 1]):
            c = mean[i]
            for a in range(j):
                c += matrix[i, a] * x[a]
            if matrix[i, j] > 0.0:
                low = max(low, -c / matrix[i, j])
            else:
                high = min(high, -c / matrix[i, j])
        shifts[j] = interval_shift(low, high, x[j])
    return shifts


@kernel
def mix_intervals(
    mean, matrix, first, tau, nu, centre, rows, precision, shifts, number, generator, shift, logs
):
    """Weigh draws of the two guides, half each, under their mixture.

    Parameters
    ----------
    mean, matrix : (m,) and (m, r) arrays
        h = mean + matrix x, with outputs in the order in which they are complete.
    first : (r + 1,) int64
        Outputs first[j] to first[j + 1] are complete at step j.
    tau, nu : (m,) arrays
        EP's sites.
    centre, rows, precision : (r,), (r, r) and (r,) arrays
        EP's posterior of x: step j has this precision and mean centre[j] - sum_(l < j) rows[j, l]
        (x[l] - centre[l]).
    shifts : (r,) array
        Of the other guide.
    number : int
        Draws, even.
    generator, shift : (r,) and (2, r) arrays
        The lattice, and its shift for each guide.
    logs : (number,) array
        Filled with log weights; -inf where an interval was empty.
    """
    r = matrix.shape[1]
    x = np.empty(r)
    half = number // 2
    for t in range(number):
        which, point = (0, t + 1) if t < half else (1, t - half + 1)
        log_p, one, two = 0.0, 0.0, 0.0
        for j in range(r):
            m = centre[j]
            for a in range(j):
                m -= rows[j, a] * (x[a] - centre[a])
            low, high, curve, pull = -np.inf, np.inf, precision[j], 0.0
            for i in range(first[j], first[j + 1]):
                c, a = mean[i], matrix[i, j]
                for b in range(j):
                    c += matrix[i, b] * x[b]
                if a > 0.0:
                    low = max(low, -c / a)
                else:
                    high = min(high, -c / a)
                curve -= tau[i] * a * a
                pull += a * (tau[i] * (c + a * m) - nu[i])
            if not low < high:
                log_p = -np.inf
                break
            curve = max(curve, 1.0)  # never less than the prior's
            root = math.sqrt(curve)
            m += pull / curve
            u = shift[which, j] + generator[j] * point
            u = min(max(abs(2.0 * (u - math.floor(u)) - 1.0), 1e-15), 1.0 - 1e-15)
            low_1, high_1 = (low - m) * root, (high - m) * root
            low_2, high_2 = low - shifts[j], high - shifts[j]
            if which == 0:
                x[j] = m + draw_interval(low_1, high_1, u) / root
            else:
                x[j] = shifts[j] + draw_interval(low_2, high_2, u)
            y, z = (x[j] - m) * root, x[j] - shifts[j]
            one += math.log(root) - 0.5 * y * y - log_interval(low_1, high_1)
            two += -0.5 * z * z - log_interval(low_2, high_2)
            log_p -= 0.5 * x[j] * x[j]
        if log_p == -np.inf:
            logs[t] = -np.inf
            continue
        top = max(one, two)
        logs[t] = log_p - top - math.log(0.5 * (math.exp(one - top) + math.exp(two - top)))
