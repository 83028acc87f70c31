"""Sequential sampling of the orthant of a singular normal: more outputs than dimensions.

h = mean + A x with x standard normal in r dimensions. Dimensions come in an order in which every
output is *complete* at some step: it depends on x up to there and no further. Step j is a normal
kept in the interval that the outputs complete at j leave. Two guides go along at once: EP's
posterior with the sites of these outputs divided out, and the prior with a shift of step j.
"""

from __future__ import annotations

import math

import numpy as np

from priorvol._kernels.doubles import add_rows
from priorvol._kernels.jit import kernel
from priorvol._kernels.normal import log_ndtr, moments, ndtr
from priorvol._kernels.normal_lanes import (
    FAR,
    OUTER,
    excess_far,
    exp,
    log,
    quantile_outest,
    quantile_size,
    scaled_tail,
)
from priorvol._kernels.orthants import LANES

_LOW_1, _HIGH_1, _MASS_1, _, _, _LOW_2, _HIGH_2, _MASS_2, *_REST = range(0, 17 * LANES, LANES)
_, _, _U, _X, _ONE, _TWO, _SQUARE, _PRODUCT_1, _PRODUCT_2 = _REST
_WORK = 17 * LANES
_NO_END = 1e150  # stands for infinity
_RENEW = 16  # steps whose masses are multiplied before the logarithm is taken
_LEAST = 1e-18  # mass; `_RENEW` of them are a normal number


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
def _mass_step(work, low, high):
    """Leave the mass between two ends, -1 where it needs `log_interval`, and the tails of the ends.

    ``low`` and ``high`` are places in the working array, of ends that are finite or +-`_NO_END`;
    the mass is put after them.
    """
    for t in range(LANES):
        a, b = work[low + t], work[high + t]
        near = scaled_tail(abs(a)) * exp(max(-0.5 * a * a, -700.0))
        far = scaled_tail(abs(b)) * exp(max(-0.5 * b * b, -700.0))
        across = 1.0 - (near + far)
        one_side = near - far if a > 0.0 else far - near
        inside = across if (a <= 0.0) & (b >= 0.0) else one_side
        least = 1e-4 if (a <= 0.0) & (b >= 0.0) else max(1e-4 * max(near, far), _LEAST)
        work[high + LANES + t] = inside if inside > least else -1.0
        work[high + 2 * LANES + t] = far if a > 0.0 else near  # of the end that comes first, turned
        work[high + 3 * LANES + t] = near if a > 0.0 else far


@kernel
def _draw_step(work, low, high):
    """Turn the uniform numbers into normal draws between two ends, where the mass is known."""
    for t in range(LANES):
        a, b, u = work[low + t], work[high + t], work[_U + t]
        turned = a > 0.0
        v = 1.0 - u if turned else u
        inside = max(work[high + LANES + t], 0.0)
        p = work[high + 2 * LANES + t] + v * inside
        across = (a <= 0.0) & (b >= 0.0)
        q = work[high + 3 * LANES + t] + (1.0 - v) * inside if across else 1.0
        small = max(min(p, q), 1e-300)
        log_p = log(small)
        size = quantile_size(max(log_p, OUTER), small)
        x = -size if (p <= q) ^ turned else size
        work[_X + t] = min(max(x, a), b)
        work[_U + t] = u if (log_p > OUTER) & (work[high + LANES + t] > 0.0) else -u


@kernel
def _take_logs(work):
    for t in range(LANES):
        work[_ONE + t] -= log(work[_PRODUCT_1 + t])
        work[_TWO + t] -= log(work[_PRODUCT_2 + t])
        work[_PRODUCT_1 + t] = 1.0
        work[_PRODUCT_2 + t] = 1.0


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
        Draws, a multiple of 2 `LANES`.
    generator, shift : (r,) and (2, r) arrays
        The lattice, and its shift for each guide.
    logs : (number,) array
        Filled with log weights; -inf where an interval was empty.
    """
    r = matrix.shape[1]
    half = number // 2
    negative = -rows
    x, e = np.empty((r, LANES)), np.empty((r, LANES))
    m, c, pull = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    alive = np.empty(LANES, np.bool_)
    work = np.empty(_WORK)
    for block in range(number // LANES):
        which = 0 if block * LANES < half else 1
        start = block * LANES - which * half
        for t in range(LANES):
            alive[t] = True
            work[_ONE + t], work[_TWO + t], work[_SQUARE + t] = 0.0, 0.0, 0.0
            work[_PRODUCT_1 + t], work[_PRODUCT_2 + t] = 1.0, 1.0
        roots = 0.0
        for j in range(r):
            for t in range(LANES):
                m[t], pull[t] = centre[j], 0.0
                work[_LOW_2 + t], work[_HIGH_2 + t] = -_NO_END, _NO_END
            add_rows(m, negative[j], e, j, 0)
            curve = precision[j]
            for i in range(first[j], first[j + 1]):
                a = matrix[i, j]
                curve -= tau[i] * a * a
                c[:] = mean[i]
                add_rows(c, matrix[i], x, j, 0)
                for t in range(LANES):
                    end = -c[t] / a
                    if a > 0.0:
                        work[_LOW_2 + t] = max(work[_LOW_2 + t], end)
                    else:
                        work[_HIGH_2 + t] = min(work[_HIGH_2 + t], end)
                    pull[t] += a * (tau[i] * (c[t] + a * m[t]) - nu[i])
            curve = max(curve, 1.0)  # never less than the prior's
            root = math.sqrt(curve)
            roots += math.log(root)
            for t in range(LANES):
                alive[t] &= work[_LOW_2 + t] < work[_HIGH_2 + t]
                if not alive[t]:  # it goes on, to no purpose
                    work[_LOW_2 + t], work[_HIGH_2 + t] = -1.0, 1.0
                m[t] += pull[t] / curve
                work[_LOW_1 + t] = max((work[_LOW_2 + t] - m[t]) * root, -_NO_END)
                work[_HIGH_1 + t] = min((work[_HIGH_2 + t] - m[t]) * root, _NO_END)
                work[_LOW_2 + t] = max(work[_LOW_2 + t] - shifts[j], -_NO_END)
                work[_HIGH_2 + t] = min(work[_HIGH_2 + t] - shifts[j], _NO_END)
                u = shift[which, j] + generator[j] * (start + t + 1)
                u = abs(2.0 * (u - math.floor(u)) - 1.0)
                work[_U + t] = min(max(u, 1e-15), 1.0 - 1e-15)
            _mass_step(work, _LOW_1, _HIGH_1)
            _mass_step(work, _LOW_2, _HIGH_2)
            low, high = (_LOW_1, _HIGH_1) if which == 0 else (_LOW_2, _HIGH_2)
            _draw_step(work, low, high)
            for t in range(LANES):
                if work[_U + t] < 0.0:
                    a, b = _ends(work[low + t], work[high + t])
                    work[_X + t] = draw_interval(a, b, -work[_U + t])
                if work[_MASS_1 + t] < 0.0:
                    a, b = _ends(work[_LOW_1 + t], work[_HIGH_1 + t])
                    work[_ONE + t] -= log_interval(a, b)
                    work[_MASS_1 + t] = 1.0
                if work[_MASS_2 + t] < 0.0:
                    a, b = _ends(work[_LOW_2 + t], work[_HIGH_2 + t])
                    work[_TWO + t] -= log_interval(a, b)
                    work[_MASS_2 + t] = 1.0
            for t in range(LANES):
                value = work[_X + t]
                value = m[t] + value / root if which == 0 else shifts[j] + value
                x[j, t], e[j, t] = value, value - centre[j]
                y, z = (value - m[t]) * root, value - shifts[j]
                work[_ONE + t] -= 0.5 * y * y
                work[_TWO + t] -= 0.5 * z * z
                work[_SQUARE + t] += 0.5 * value * value
                work[_PRODUCT_1 + t] *= work[_MASS_1 + t]
                work[_PRODUCT_2 + t] *= work[_MASS_2 + t]
            if j % _RENEW == _RENEW - 1 or j == r - 1:
                _take_logs(work)
        for t in range(LANES):
            one, two = work[_ONE + t] + roots, work[_TWO + t]
            top = max(one, two)
            mixture = top + math.log(0.5 * (math.exp(one - top) + math.exp(two - top)))
            logs[block * LANES + t] = -work[_SQUARE + t] - mixture if alive[t] else -np.inf


@kernel
def _ends(low, high):
    """Return ends with infinite ones for `_NO_END`."""
    return (low if low > -_NO_END else -np.inf), (high if high < _NO_END else np.inf)
