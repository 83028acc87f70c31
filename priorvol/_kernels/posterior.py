"""Functions from a truncated normal: outputs on a training set inside their orthant, others given.

Trained outputs are turned so that all are wanted positive. Those that others determine (a singular
law) are *checks*: linear in the draws of the others, and only to be looked at. A draw of the
trained outputs comes from one of two guides (`priorvol._kernels.orthants`): the exponentially
tilted prior, whose log weight is bounded by psi*, and EP's posterior. Accepting draws of the first
with probability exp(log weight - psi*) makes independent exact draws (Botev 2017, 1603.04166);
from one of them a Metropolis chain whose proposals are independent draws of a mixture of both
guides is exact at every step.

All numbers of a draw come from the streams of its own group: counter word 4 a names the uniforms
of attempt a, 4 t + 1 those of proposal t, 4 t + 2 the normals of the other outputs at step t, and
3 the choices of the chain. So a group does not depend on those beside it.
"""

from __future__ import annotations

import math

import numpy as np

from priorvol._kernels import streams
from priorvol._kernels.gaussian_functions import LANES as SAMPLES
from priorvol._kernels.gaussian_functions import pack_lanes, threshold
from priorvol._kernels.jit import kernel
from priorvol._kernels.orthants import LANES, OFFSET, SPREAD, WORK, follow

_UNIT = 2.0**-53
_MAX_ATTEMPTS = 1 << 30


@kernel
def _room(numbers):
    return max((numbers + streams.STEP - 1) // streams.STEP * streams.STEP, streams.STEP)


@kernel
def _uniforms(key, block, index, counter, state, words, points, lane):
    """Fill column ``lane`` of ``points`` with uniforms of 53 bits; return one more."""
    n = len(points)
    streams.start(state, key, index, block, counter)
    streams.fill_words(state, words, 2 * n + 2)
    for k in range(n):
        points[k, lane] = _unit(words, k)
    return _unit(words, n)


@kernel
def _unit(words, k):
    high, low = np.int64(words[2 * k] >> np.uint32(5)), np.int64(words[2 * k + 1] >> np.uint32(6))
    return (np.float64(high * 67108864 + low) + 0.5) * _UNIT


@kernel
def _log_det(tilted):
    """Return the sum of the logs of the diagonal of the prior's factor."""
    total = 0.0
    for k in range(len(tilted[2])):
        total += math.log(tilted[1][k, SPREAD])
    return total


@kernel
def _check(checks, offsets, e, lane):
    """Return whether the outputs that others determine are positive in a lane."""
    for i in range(len(offsets)):
        h = offsets[i]
        for j in range(checks.shape[1]):
            h += checks[i, j] * e[j, lane]
        if not h > 0.0:
            return False
    return True


@kernel
def independent_draws(tilted, bound, checks, offsets, key, block, first, count, draws):
    """Draw the trained outputs of groups ``first``, ... by rejection; lanes are groups.

    Parameters
    ----------
    tilted : (rows, coefficients, order)
        Guide.
    bound : float
        On its log weights.
    checks : (c, r) float64
        Outputs that others determine, in terms of the r normals e behind those.
    offsets : (c,) float64
        Their means.
    key, block, first, count
    draws : (count, r) float64
        Filled with e.

    Returns
    -------
    attempts : int
    highest : float
        The largest log weight less the bound: at most 0.
    """
    r = draws.shape[1]
    points, h, space = np.full((r, LANES), 0.5), np.empty((r, LANES)), np.empty((r, LANES))
    density, half, ticket = np.empty(LANES), np.empty(LANES), np.ones(LANES)
    log_det = _log_det(tilted)
    work, state = np.empty(WORK), np.empty(streams.STATE_WORDS, dtype=np.uint32)
    words = np.empty(_room(2 * r + 2), dtype=np.uint32)
    group, attempt = np.full(LANES, -1), np.zeros(LANES, dtype=np.int64)
    following, done, attempts, highest = 0, 0, 0, -np.inf
    while done < count:
        for t in range(LANES):
            if group[t] < 0 and following < count:
                group[t], attempt[t] = following, 0
                following += 1
            if group[t] >= 0:
                index, counter = first + group[t], 4 * attempt[t]
                ticket[t] = _uniforms(key, block, index, counter, state, words, points, t)
        follow(*tilted, True, points, h, density, half, space, work)
        for t in range(LANES):
            if group[t] < 0:
                continue
            attempts += 1
            attempt[t] += 1
            excess = -half[t] - log_det - density[t] - bound
            highest = max(highest, excess)
            if math.log(ticket[t]) < excess and _check(checks, offsets, space, t):
                for j in range(r):
                    draws[group[t], j] = space[j, t]
                group[t] = -1
                done += 1
    return attempts, highest


@kernel
def first_draw(tilted, bound, checks, offsets, key, block, index, e):
    """Draw the trained outputs of one group by rejection; lanes are attempts.

    Parameters are those of `independent_draws`; ``e`` (r,) is filled. The draw is the one that
    `independent_draws` makes.

    Returns
    -------
    found : bool
    highest : float
    """
    r = len(e)
    points, h, space = np.empty((r, LANES)), np.empty((r, LANES)), np.empty((r, LANES))
    density, half, ticket = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    log_det = _log_det(tilted)
    work, state = np.empty(WORK), np.empty(streams.STATE_WORDS, dtype=np.uint32)
    words = np.empty(_room(2 * r + 2), dtype=np.uint32)
    highest = -np.inf
    for start in range(0, _MAX_ATTEMPTS, LANES):
        for t in range(LANES):
            ticket[t] = _uniforms(key, block, index, 4 * (start + t), state, words, points, t)
        follow(*tilted, True, points, h, density, half, space, work)
        for t in range(LANES):
            excess = -half[t] - log_det - density[t] - bound
            highest = max(highest, excess)
            if math.log(ticket[t]) < excess and _check(checks, offsets, space, t):
                for j in range(r):
                    e[j] = space[j, t]
                return True, highest
    return False, highest


@kernel
def proposals(tilted, sites, share, checks, offsets, key, block, index, start, e, weights):
    """Draw proposals of the mixture of both guides, and weigh them.

    Parameters
    ----------
    tilted, sites : (rows, coefficients, order)
        Guides.
    share : float
        Probability that a proposal is of EP's guide, below 1.
    checks, offsets
        See `independent_draws`.
    key, block, index
        The group.
    start : int
        Proposals before this one are given: row 0 of ``e``, or none.
    e : (n, r) float64
        Filled from row ``start`` on.
    weights : (n,) float64
        Filled: log weights of all rows, -inf where a check fails.

    Returns
    -------
    tickets : (n,) float64
        Uniform numbers for accepting them.
    """
    n, r = e.shape
    points, h = np.empty((r, LANES)), np.empty((r, LANES))
    space, other_space = np.empty((r, LANES)), np.empty((r, LANES))
    own, other = np.empty(LANES), np.empty(LANES)
    half, unused, log_det = np.empty(LANES), np.empty(LANES), _log_det(tilted)
    work, state = np.empty(WORK), np.empty(streams.STATE_WORDS, dtype=np.uint32)
    words = np.empty(_room(max(2 * r + 2, 4 * n)), dtype=np.uint32)
    tickets, component = np.empty(n), np.empty(n, dtype=np.uint8)
    streams.start(state, key, index, block, 3)
    streams.fill_words(state, words, 4 * n)
    for t in range(n):
        tickets[t] = _unit(words, 2 * t)
        component[t] = _unit(words, 2 * t + 1) < share
    lanes = np.empty(LANES, dtype=np.int64)
    for which in range(3):  # rows given, proposals of the tilted guide, proposals of EP's
        t = 0 if which == 0 else start
        stop = start if which == 0 else n
        while t < stop:
            used = 0
            while t < stop and used < LANES:
                if which == 0 or component[t] == which - 1:
                    lanes[used] = t
                    used += 1
                t += 1
            if used == 0:
                break
            for s in range(LANES):
                step = lanes[min(s, used - 1)]
                if which == 0:
                    for j in range(r):
                        space[j, s] = e[step, j]
                else:
                    _uniforms(key, block, index, 4 * step + 1, state, words, points, s)
            if which == 0:
                _outputs(tilted, space, h)
                follow(*tilted, False, points, h, own, half, space, work)
            elif which == 1:
                follow(*tilted, True, points, h, own, half, space, work)
            else:
                follow(*sites, True, points, h, other, unused, other_space, work)
                follow(*tilted, False, points, h, own, half, space, work)
            if share > 0.0 and which < 2:
                follow(*sites, False, points, h, other, unused, other_space, work)
            for s in range(used):
                step = lanes[s]
                for j in range(r):
                    e[step, j] = space[j, s]
                weights[step] = -np.inf
                if _check(checks, offsets, space, s):
                    mixture = own[s]
                    if share > 0.0:
                        a, b = math.log(share) + other[s], math.log1p(-share) + own[s]
                        top = max(a, b)
                        mixture = top + math.log(math.exp(a - top) + math.exp(b - top))
                    weights[step] = -half[s] - log_det - mixture
    return tickets


@kernel
def _outputs(tilted, e, h):
    """Compute the outputs from the normals behind them."""
    rows, coefficients, order = tilted
    for k in range(len(order)):
        target = h[order[k]]
        for t in range(LANES):
            target[t] = coefficients[k, OFFSET]
        for j in range(k + 1):
            a = rows[k, j]
            for t in range(LANES):
                target[t] += a * e[j, t]


@kernel
def walk(weights, tickets, places):
    """Run an independence Metropolis chain from proposal 0; return the moves made.

    ``places`` (n,) is filled with the proposal at which the chain is at each step.
    """
    at, moves = 0, 0
    places[0] = 0
    for t in range(1, len(weights)):
        if math.log(tickets[t]) < weights[t] - weights[at]:
            at = t
            moves += 1
        places[t] = at
    return moves


@kernel
def complete(
    factor, mean, known, place, sign, turns, draws, places, chain, key, block, first, keys
):
    """Draw the other outputs given the trained ones, and pack the functions.

    Parameters
    ----------
    factor, mean, place, sign
        See `priorvol._kernels.gaussian_functions.sample_functions`.
    known : (k,) int8
        The sign of each row that the training set fixes, 0 for the others.
    turns : (r,) int8
        Signs by which the trained outputs were turned.
    draws : (d, r) float64
        Normals behind the turned outputs.
    places : (n,) int64
        Which of them each function has.
    chain : int
        Functions in one group; group ``first`` is that of function 0.
    key, block, first
    keys : (>= n, words) uint64, written
    """
    k, rank = factor.shape
    r = draws.shape[1]
    rest = rank - r
    state = np.empty(streams.STATE_WORDS, dtype=np.uint32)
    numbers = np.empty(_room(rest), dtype=np.float32)
    z = np.zeros((max(rank, 1), SAMPLES))
    above, below = np.zeros(k + 1, dtype=np.uint64), np.zeros(k + 1, dtype=np.uint64)
    for start in range(0, len(places), SAMPLES):
        lanes = min(SAMPLES, len(places) - start)
        for s in range(lanes):
            at = start + s
            for j in range(r):
                z[j, s] = turns[j] * draws[places[at], j]
            streams.start(state, key, first + at // chain, block, 4 * (at % chain) + 2)
            streams.fill(state, numbers, rest, False, 1.0)
            for j in range(rest):
                z[r + j, s] = numbers[j]
        threshold(factor, mean, z, r, above, below)
        for i in range(k):
            if known[i] != 0:
                above[i] = np.uint64(0xFFFFFFFFFFFFFFFF) if known[i] > 0 else np.uint64(0)
                below[i] = ~above[i]
        pack_lanes(above, below, place, sign, lanes, keys[start : start + lanes])
