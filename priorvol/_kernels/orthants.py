"""Sequential sampling of a normal inside the positive orthant, many draws at a time.

A *guide* says how: outputs are drawn one after another, each from a normal whose mean is linear in
the draws before, kept where it is positive. With m the mean of step k,

    m = offset[k] + sum_(j < k) rows[k, j] e_j,    r = slope[k] m + start[k],
    h = spread[k] (r + y),  y normal and above -r,    e_k = (h - m) / rows[k, k],

and the log weight of the draw, the density of N(mean, K) over that of the guide, is

    constant + sum_k log Phi(r) + square[k] r^2 + linear[k] r + tilt[k] e_k.

`from_sites` makes a guide of EP's posterior, with the site of the output that is drawn divided
out; `from_tilt` makes one of the exponentially tilted prior (Botev 2017, 1603.04166).
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

LANES = 32
"""Draws made together."""

OFFSET, SLOPE, START, SPREAD, PIVOT, SQUARE, LINEAR, TILT = range(8)
"""Columns of a guide's coefficients."""

WORK = 9 * LANES
"""Length of the working array of `follow`."""

_PRODUCT, _LOG, _MEAN, _R, _RATIO, _TAIL, _U, _LOG_P, _KEPT = range(0, WORK, LANES)
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
def from_sites(sigma, mu, tau, nu, order, base):
    """Return the guide of EP's posterior.

    Parameters
    ----------
    sigma, mu : (m, m) and (m,) arrays
        Gaussian posterior.
    tau, nu : (m,) arrays
        Its sites.
    order : (m,) int64
        Outputs in the order in which they are drawn.
    base : float
        Log of the integral of the prior times the sites; see `log_base`.

    Returns
    -------
    rows : (m, m) array
    coefficients : (m, 8) array
    constant : float
    usable : bool
        False where a factorisation failed.
    """
    m = len(mu)
    rows, rank = lower_factor(sigma, order)
    coefficients = np.zeros((m, 8))
    constant = base
    usable = rank == m
    for k in range(m):
        i = order[k]
        s = rows[k, k] ** 2
        left = 1.0 - tau[i] * s
        if not (s > 0.0 and left > 0.0):
            usable = False
            break
        v = s / left
        d = 1.0 + tau[i] * v
        spread = math.sqrt(v)
        c = coefficients[k]
        c[OFFSET] = mu[i]
        c[SLOPE] = 1.0 / (left * spread)
        c[START] = -nu[i] * spread
        c[SPREAD] = spread
        c[PIVOT] = 1.0 / rows[k, k]
        c[SQUARE] = 0.5 * tau[i] * v / d
        c[LINEAR] = -nu[i] * spread / d
        constant += 0.5 * math.log(d) - 0.5 * nu[i] * nu[i] * v / d
    return rows, coefficients, constant, usable


@kernel
def log_base(mu, tau, nu, mean, half_log_det):
    """Return the log of the integral of N(h; mean, K) prod exp(-tau h^2 / 2 + nu h)."""
    total = -half_log_det
    for i in range(len(mu)):
        total += 0.5 * (nu[i] - tau[i] * mean[i]) * (mu[i] - mean[i])
        total += (nu[i] - 0.5 * tau[i] * mean[i]) * mean[i]
    return total


@kernel
def from_tilt(rows, mean, order, tilt):
    """Return the guide of the prior whose step k is shifted by ``tilt[k]`` conditional deviations.

    ``rows`` is the prior's lower factor in the given order.
    """
    m = len(order)
    coefficients = np.zeros((m, 8))
    constant = 0.0
    for k in range(m):
        c = coefficients[k]
        c[OFFSET] = mean[order[k]]
        c[SLOPE] = 1.0 / rows[k, k]
        c[START] = tilt[k]
        c[SPREAD] = rows[k, k]
        c[PIVOT] = 1.0 / rows[k, k]
        c[TILT] = -tilt[k]
        constant += 0.5 * tilt[k] * tilt[k]
    return rows, coefficients, constant


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
def _weigh_step(work, slope, start, square, linear):
    """Multiply the weights by a step's factor; leave r in place of the mean.

    All lanes are parts of one array, at fixed distances, so that the compiler can see that they
    do not overlap.
    """
    for t in range(LANES):
        x = slope * work[_MEAN + t] + start
        half = -0.5 * x * x
        ratio = scaled_tail(abs(x))
        tail = ratio * exp(max(half, -700.0))
        below = x < 0.0
        work[_PRODUCT + t] *= ratio if below else 1.0 - tail
        work[_LOG + t] += (half if below else 0.0) + (square * x + linear) * x
        work[_R + t] = x
        work[_RATIO + t] = ratio
        work[_TAIL + t] = tail


@kernel
def _draw_step(work, spread):
    """Turn the uniform numbers into normal draws above -r, and these into h."""
    outer = 0
    for t in range(LANES):
        x, u, tail = work[_R + t], work[_U + t], work[_TAIL + t]
        below = x < 0.0
        p = u * (work[_RATIO + t] if below else 1.0 - tail)
        q = (1.0 - u) + u * tail
        low = below | (p <= q)
        p = p if low else q
        log_p = log(p) + (-0.5 * x * x if below else 0.0)
        size = quantile_size(max(log_p, OUTER), u * tail if below else p)
        y = x + (size if low else -size)
        work[_LOG_P + t] = log_p
        work[_U + t] = spread * max(y, 0.0)
        outer += 1 if log_p < OUTER else 0
        work[_KEPT + t] = u
    if outer:
        beyond = 0
        for t in range(LANES):
            x, log_p = work[_R + t], work[_LOG_P + t]
            y = max(x + quantile_outest(min(max(log_p, FAR), OUTER)), 0.0)
            take = (log_p < OUTER) & (x < 6.0)  # above 6, 1.4e-11 of the draws end at the edge
            work[_U + t] = spread * y if take else work[_U + t]
            beyond += 1 if log_p < FAR else 0
        if beyond:
            for t in range(LANES):
                if work[_LOG_P + t] < FAR:
                    work[_U + t] = spread * excess_far(work[_R + t], work[_KEPT + t])


@kernel
def _close_step(work, pivot, tilt):
    """Replace the mean by the step e, and weigh it."""
    for t in range(LANES):
        step = (work[_U + t] - work[_MEAN + t]) * pivot
        work[_LOG + t] += tilt * step
        work[_MEAN + t] = step


@kernel
def _take_logs(work):
    """Move the product of the factors to the log weights."""
    for t in range(LANES):
        work[_LOG + t] += log(work[_PRODUCT + t])
        work[_PRODUCT + t] = 1.0


@kernel
def follow(rows, coefficients, constant, order, draw, points, h, log_weights, steps, work):
    """Draw `LANES` vectors by a guide, or weigh given ones.

    Parameters
    ----------
    rows, coefficients, constant, order
        The guide.
    draw : bool
        Whether ``h`` is to be drawn; else it is given.
    points : (m, `LANES`) array
        Uniform numbers in (0, 1), row k for step k; not read unless ``draw``.
    h : (m, `LANES`) array
        The draws, in the order of the outputs; filled if ``draw``.
    log_weights : (`LANES`,) array
        Filled: log density of the prior over that of the guide.
    steps : (m, `LANES`) array
        Filled with e.
    work : (`WORK`,) array
        Overwritten.
    """
    m = len(order)
    for t in range(LANES):
        work[_PRODUCT + t] = 1.0
        work[_LOG + t] = constant
    mean = work[_MEAN : _MEAN + LANES]
    for k in range(m):
        c = coefficients[k]
        for t in range(LANES):
            mean[t] = c[OFFSET]
        add_rows(mean, rows[k], steps, k, 0)
        _weigh_step(work, c[SLOPE], c[START], c[SQUARE], c[LINEAR])
        target = h[order[k]]
        if draw:
            work[_U : _U + LANES] = points[k]
            _draw_step(work, c[SPREAD])
            target[:] = work[_U : _U + LANES]
        else:
            work[_U : _U + LANES] = target
        _close_step(work, c[PIVOT], c[TILT])
        steps[k] = mean
        if k % _RENEW == _RENEW - 1 or k == m - 1:
            _take_logs(work)
    log_weights[:] = work[_LOG : _LOG + LANES]


@kernel
def mix(first, second, mean_share, generator, shifts, start, blocks, log_weights):
    """Weigh draws of two guides under their mixture (the balance heuristic).

    Parameters
    ----------
    first, second : (rows, coefficients, constant, order)
        Guides.
    mean_share : float
        Share of the draws that are the first's, in (0, 1).
    generator : (m,) array
        Of the lattice; see `lattice_points`.
    shifts : (2, m) array
        The lattice's shifts for each guide.
    start : (2,) int64
        First point for each guide.
    blocks : (2,) int64
        Blocks of `LANES` draws for each guide.
    log_weights : (`LANES` * (blocks[0] + blocks[1]),) array
        Filled, those of the first guide first.
    """
    m = len(generator)
    points, h, steps = np.empty((m, LANES)), np.empty((m, LANES)), np.empty((m, LANES))
    own, other, work = np.empty(LANES), np.empty(LANES), np.empty(WORK)
    log_share, log_rest = math.log(mean_share), math.log1p(-mean_share)
    place = 0
    for which in range(2):
        for block in range(blocks[which]):
            lattice_points(points, generator, shifts[which], start[which] + block * LANES)
            if which == 0:
                follow(*first, True, points, h, own, steps, work)
                follow(*second, False, points, h, other, steps, work)
            else:
                follow(*second, True, points, h, other, steps, work)
                follow(*first, False, points, h, own, steps, work)
            for t in range(LANES):
                a, b = log_share - own[t], log_rest - other[t]
                top = max(a, b)
                log_weights[place + t] = -(top + math.log(math.exp(a - top) + math.exp(b - top)))
            place += LANES
