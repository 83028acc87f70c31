"""Sequential sampling of a normal inside the positive orthant, many draws at a time.

A *guide* says how: outputs are drawn one after another, each from a normal whose mean is linear in
the draws before, kept where it is positive. With m the mean of step k,

    m = offset[k] + sum_(j < k) rows[k, j] e_j,    r = slope[k] m + start[k],
    h = spread[k] (r + y),  y normal and above -r,    e_k = (h - m) / rows[k, k].

`from_tilt` makes a guide of the exponentially tilted prior (Botev 2017, 1603.04166); its e are
the standard normals behind h, so it knows the prior's density as well. `from_sites` makes one of
EP's posterior, with the site of the output that is drawn divided out. Densities are those of the
numbers as computed, so weights are right however good or bad a guide is.
"""

from __future__ import annotations

import math

import numpy as np

from priorvol._kernels.doubles import add_rows, upper_factor
from priorvol._kernels.jit import kernel
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
from priorvol._kernels.whitened import whitened_posterior

LANES = 32
"""Draws made together."""

OFFSET, SLOPE, START, SPREAD, PIVOT = range(5)
"""Columns of a guide's coefficients."""

WORK = 10 * LANES
"""Length of the working array of `follow`."""

_PRODUCT, _LOG_Q, _HALF, _MEAN, _R, _RATIO, _TAIL, _H, _LOG_P, _U = range(0, WORK, LANES)
_RENEW = 16  # steps whose factors are multiplied before the logarithm is taken


@kernel
def lower_factor(matrix, order):
    """Return the lower Cholesky factor of a matrix with its rows in a given order, and the rank."""
    m = len(order)
    turned = np.empty((m, m))
    for i in range(m):
        for j in range(m):
            turned[i, j] = matrix[order[i], order[j]]
    upper, rank = upper_factor(turned)
    return np.ascontiguousarray(upper.T), rank


@kernel
def from_sites(factor, mean, tau, nu, order):
    """Return the guide of a prior times Gaussian sites exp(-tau h^2 / 2 + nu h).

    Parameters
    ----------
    factor : (m, m) array
        The prior's lower factor L, with outputs in the given order.
    mean, tau, nu : (m,) arrays
        By output.
    order : (m,) int64
        Outputs in the order in which they are drawn.

    Returns
    -------
    rows : (m, m) array
    coefficients : (m, 5) array
    usable : bool
        False where a factorisation failed.
    """
    m = len(order)
    coefficients = np.zeros((m, 5))
    rows, _, centre, _, usable = whitened_posterior(factor, mean[order], tau[order], nu[order])
    if not usable:
        return factor, coefficients, False
    for i in range(m):
        o = order[i]
        s = rows[i, i] ** 2
        left = 1.0 - tau[o] * s
        if not (s > 0.0 and left > 0.0):
            usable = False
            break
        spread = math.sqrt(s / left)
        c = coefficients[i]
        c[OFFSET] = mean[o]
        for j in range(i + 1):
            c[OFFSET] += factor[i, j] * centre[j]
        c[SLOPE] = 1.0 / (left * spread)
        c[START] = -nu[o] * spread
        c[SPREAD] = spread
        c[PIVOT] = 1.0 / rows[i, i]
    return rows, coefficients, usable


@kernel
def from_tilt(factor, mean, order, tilt):
    """Return the guide of the prior whose step k is shifted by ``tilt[k]`` conditional deviations.

    ``factor`` is the prior's lower factor in the given order, and the guide's rows.
    """
    m = len(order)
    coefficients = np.zeros((m, 5))
    for k in range(m):
        c = coefficients[k]
        c[OFFSET] = mean[order[k]]
        c[SLOPE] = 1.0 / factor[k, k]
        c[START] = tilt[k]
        c[SPREAD] = factor[k, k]
        c[PIVOT] = 1.0 / factor[k, k]
    return coefficients


@kernel
def lattice_points(points, generator, shift, first):
    """Fill ``points`` (m, `LANES`) with points ``first``, ... of a shifted, folded lattice."""
    for k in range(len(points)):
        row, step, start = points[k], generator[k], shift[k]
        for t in range(LANES):
            u = start + step * np.float64(first + t + 1)
            u = abs(2.0 * (u - math.floor(u)) - 1.0)
            row[t] = min(max(u, 1e-15), 1.0 - 1e-15)


@kernel
def _mean_step(work, slope, start):
    """Leave r, and what its tail probability is made of, beside the mean.

    All lanes are parts of one array, at fixed distances, so that the compiler can see that they
    do not overlap.
    """
    for t in range(LANES):
        x = slope * work[_MEAN + t] + start
        ratio = scaled_tail(abs(x))
        work[_R + t] = x
        work[_RATIO + t] = ratio
        work[_TAIL + t] = ratio * exp(max(-0.5 * x * x, -700.0))


@kernel
def _draw_step(work, spread):
    """Turn the uniform numbers into normal draws above -r, and these into h."""
    outer = 0
    for t in range(LANES):
        x, u, tail = work[_R + t], work[_H + t], work[_TAIL + t]
        below = x < 0.0
        p = u * (work[_RATIO + t] if below else 1.0 - tail)
        q = (1.0 - u) + u * tail
        low = below | (p <= q)
        p = p if low else q
        log_p = log(p) + (-0.5 * x * x if below else 0.0)
        size = quantile_size(max(log_p, OUTER), u * tail if below else p)
        y = x + (size if low else -size)
        work[_LOG_P + t] = log_p
        work[_H + t] = spread * max(y, 0.0)
        outer += 1 if log_p < OUTER else 0
        work[_U + t] = u
    if outer:
        beyond = 0
        for t in range(LANES):
            x, log_p = work[_R + t], work[_LOG_P + t]
            y = max(x + quantile_outest(min(max(log_p, FAR), OUTER)), 0.0)
            take = (log_p < OUTER) & (x < 6.0)  # above 6, 1.4e-11 of the draws end at the edge
            work[_H + t] = spread * y if take else work[_H + t]
            beyond += 1 if log_p < FAR else 0
        if beyond:
            for t in range(LANES):
                if work[_LOG_P + t] < FAR:
                    work[_H + t] = spread * excess_far(work[_R + t], work[_U + t])


@kernel
def _density_step(work, scale, pivot):
    """Weigh h: the log density of the step, without constants, and the half square of e.

    Far out, where r is very negative, y^2 / 2 + log Phi(r) would cancel; with g = r + y > 0 it
    is g^2 / 2 - g r + log of the scaled tail.
    """
    for t in range(LANES):
        h, x = work[_H + t], work[_R + t]
        g = h * scale
        y = g - x
        below = x < 0.0
        work[_PRODUCT + t] *= work[_RATIO + t] if below else 1.0 - work[_TAIL + t]
        work[_LOG_Q + t] -= 0.5 * (g * g) - g * x if below else 0.5 * (y * y)
        e = (h - work[_MEAN + t]) * pivot
        work[_HALF + t] += 0.5 * (e * e)
        work[_MEAN + t] = e


@kernel
def _take_logs(work):
    """Move the product of the factors to the log density."""
    for t in range(LANES):
        work[_LOG_Q + t] -= log(work[_PRODUCT + t])
        work[_PRODUCT + t] = 1.0


@kernel
def follow(rows, coefficients, order, draw, points, h, log_density, half_square, steps, work):
    """Draw `LANES` vectors by a guide, or weigh given ones.

    Parameters
    ----------
    rows, coefficients, order
        The guide.
    draw : bool
        Whether ``h`` is to be drawn; else it is given.
    points : (m, `LANES`) array
        Uniform numbers in (0, 1), row k for step k; not read unless ``draw``.
    h : (m, `LANES`) array
        The draws, in the order of the outputs; filled if ``draw``.
    log_density : (`LANES`,) array
        Filled: log density of the guide at h, without the constant -(m / 2) log 2 pi.
    half_square : (`LANES`,) array
        Filled: half the sum of e^2. Of `from_tilt`'s guide, minus this and the sum of the logs of
        the factor's diagonal is the prior's log density, without the same constant.
    steps : (m, `LANES`) array
        Filled with e.
    work : (`WORK`,) array
        Overwritten.
    """
    m = len(order)
    for t in range(LANES):
        work[_PRODUCT + t] = 1.0
        work[_LOG_Q + t] = 0.0
        work[_HALF + t] = 0.0
    mean = work[_MEAN : _MEAN + LANES]
    for k in range(m):
        c = coefficients[k]
        for t in range(LANES):
            mean[t] = c[OFFSET]
        add_rows(mean, rows[k], steps, k, 0)
        _mean_step(work, c[SLOPE], c[START])
        target = h[order[k]]
        if draw:
            work[_H : _H + LANES] = points[k]
            _draw_step(work, c[SPREAD])
            target[:] = work[_H : _H + LANES]
        else:
            work[_H : _H + LANES] = target
        _density_step(work, 1.0 / c[SPREAD], c[PIVOT])
        steps[k] = mean
        if k % _RENEW == _RENEW - 1 or k == m - 1:
            _take_logs(work)
    scale = 0.0
    for k in range(m):
        scale += math.log(coefficients[k, SPREAD])
    for t in range(LANES):
        log_density[t] = work[_LOG_Q + t] - scale
        half_square[t] = work[_HALF + t]


@kernel
def mix(sites, tilt, share, generator, shifts, start, blocks, log_weights, log_ratios, draws):
    """Weigh draws of two guides under their mixture (the balance heuristic).

    The log weight of a draw is the log of the prior's density over the mixture's: the mean of the
    weights is the probability of the orthant, and draws resampled by weight follow the prior
    inside the orthant. No weight is above exp(psi) / (1 - share), with the psi of
    `priorvol._kernels.tilting.minimax_tilt`.

    Parameters
    ----------
    sites, tilt : (rows, coefficients, order)
        Guides by `from_sites` and `from_tilt`; ``sites`` may be a tilt's as well.
    share : float
        Share of the draws that are the first's, in (0, 1).
    generator : (m,) array
        Of the lattice; see `lattice_points`.
    shifts : (2, m) array
        The lattice's shifts for each guide.
    start : (2,) int64
        First point for each guide.
    blocks : (2,) int64
        Blocks of `LANES` draws for each guide.
    log_weights : (n,) array
        Filled; n = `LANES` * (blocks[0] + blocks[1]), the draws of ``sites`` first.
    log_ratios : (n,) array
        Filled: log density of ``sites`` over that of ``tilt``.
    draws : (n, m) array, or (0, m) where they are not wanted
        Filled with h.
    """
    m = len(generator)
    points, h, steps = np.empty((m, LANES)), np.empty((m, LANES)), np.empty((m, LANES))
    one, two, work = np.empty(LANES), np.empty(LANES), np.empty(WORK)
    half, unused = np.empty(LANES), np.empty(LANES)
    log_share, log_rest = math.log(share), math.log1p(-share)
    log_det = 0.0
    for k in range(m):
        log_det += math.log(tilt[1][k, SPREAD])
    place = 0
    for which in range(2):
        for block in range(blocks[which]):
            lattice_points(points, generator, shifts[which], start[which] + block * LANES)
            if which == 0:
                follow(*sites, True, points, h, one, half, steps, work)
                follow(*tilt, False, points, h, two, half, steps, work)
            else:
                follow(*tilt, True, points, h, two, half, steps, work)
                follow(*sites, False, points, h, one, unused, steps, work)
            for t in range(LANES):
                a, b = log_share + one[t], log_rest + two[t]
                top = max(a, b)
                mixture = top + math.log(math.exp(a - top) + math.exp(b - top))
                log_weights[place + t] = -half[t] - log_det - mixture
                log_ratios[place + t] = one[t] - two[t]
            if len(draws):
                for t in range(LANES):
                    for i in range(m):
                        draws[place + t, i] = h[i, t]
            place += LANES
