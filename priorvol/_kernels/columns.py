"""Covering points by weighted columns: what of a problem can be settled without a search.

A column is a set of up to 128 points (two words) with a cost; columns are to be chosen that cover
all points most cheaply. They live on one stack: each level d of a search owns a stretch of it, from
``start`` to ``stop``, which the functions here shrink in place.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from priorvol._kernels.implicants import MOST_PRIMES, pop
from priorvol._kernels.jit import kernel

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

LEVELS = 130
"""Levels of a search: the whole problem, one part of it, and one more for each of 128 points."""

_ZERO = np.uint64(0)
_ONE = np.uint64(1)


class Problem(NamedTuple):
    """Memory of a search: columns on the stack, levels, points, columns of the current level."""

    low: Words  # of each column: its points
    high: Words
    cost: Numbers
    name: Numbers  # what the caller calls it
    start: Numbers  # of each level: its first column
    stop: Numbers  # and one past its last
    left: Words  # (levels, 2) points to be covered
    paid: Numbers  # cost of the columns chosen
    taken: Numbers  # number of columns chosen
    least: Numbers  # no cover costs less
    point: Numbers  # point branched on
    chosen: Numbers  # names of the columns chosen so far
    best: Numbers  # and of those of the cheapest cover
    around: Words  # (128, 2) of each point: what its columns have in common, or add up to
    key: Numbers  # of each point: a count
    begin: Numbers  # of each point: where its columns begin in ``entry``
    entry: Numbers
    slack: Numbers  # of each column of the current level: what is left of its cost
    drop: npt.NDArray[np.bool_]


def problem_memory() -> Problem:
    """Return memory for a search over at most `MOST_PRIMES` columns."""
    words, numbers = np.uint64, np.int64
    stack = LEVELS * MOST_PRIMES
    return Problem(
        low=np.zeros(stack, words),
        high=np.zeros(stack, words),
        cost=np.zeros(stack, numbers),
        name=np.zeros(stack, numbers),
        start=np.zeros(LEVELS, numbers),
        stop=np.zeros(LEVELS, numbers),
        left=np.zeros((LEVELS, 2), words),
        paid=np.zeros(LEVELS, numbers),
        taken=np.zeros(LEVELS, numbers),
        least=np.zeros(LEVELS, numbers),
        point=np.zeros(LEVELS, numbers),
        chosen=np.zeros(LEVELS, numbers),
        best=np.zeros(LEVELS, numbers),
        around=np.zeros((128, 2), words),
        key=np.zeros(128, numbers),
        begin=np.zeros(129, numbers),
        entry=np.zeros(128 * MOST_PRIMES, numbers),
        slack=np.zeros(MOST_PRIMES, numbers),
        drop=np.zeros(MOST_PRIMES, np.bool_),
    )


@kernel
def copy(s, target, c):
    """Copy column c to a place of the stack."""
    s.low[target] = s.low[c]
    s.high[target] = s.high[c]
    s.cost[target] = s.cost[c]
    s.name[target] = s.name[c]


@kernel
def take(s, d, c):
    """Choose column c at level d."""
    s.chosen[s.taken[d]] = s.name[c]
    s.taken[d] += 1
    s.paid[d] += s.cost[c]
    s.left[d, 0] &= ~s.low[c]
    s.left[d, 1] &= ~s.high[c]


@kernel
def reduce(s, d):
    """Simplify level d by what some cheapest cover has in common, until nothing changes."""
    while True:
        _restrict(s, d)
        if s.stop[d] == s.start[d]:
            return
        if _take_essential(s, d):
            continue
        n = s.stop[d]
        _drop_dominated_columns(s, d)
        if s.stop[d] < n and _take_essential(s, d):
            continue
        if not _drop_dominated_points(s, d):
            return


@kernel
def _restrict(s, d):
    """Remove the points covered from the columns, and columns with no points."""
    place = s.start[d]
    for c in range(s.start[d], s.stop[d]):
        copy(s, place, c)
        s.low[place] &= s.left[d, 0]
        s.high[place] &= s.left[d, 1]
        place += (s.low[place] | s.high[place]) != _ZERO
    s.stop[d] = place


@kernel
def _take_essential(s, d):
    """Choose the columns that alone cover a point; return whether there were any."""
    once_low = _ZERO
    once_high = _ZERO
    twice_low = _ZERO
    twice_high = _ZERO
    for c in range(s.start[d], s.stop[d]):
        twice_low |= once_low & s.low[c]
        twice_high |= once_high & s.high[c]
        once_low |= s.low[c]
        once_high |= s.high[c]
    once_low &= ~twice_low
    once_high &= ~twice_high
    if not once_low | once_high:
        return False
    for c in range(s.start[d], s.stop[d]):
        if (s.low[c] & once_low) | (s.high[c] & once_high):
            take(s, d, c)
    return True


@kernel
def _drop_dominated_columns(s, d):
    """Drop columns that cover no more than another one, unless that costs more."""
    start = s.start[d]
    n = s.stop[d] - start
    low = s.low[start : start + n]
    high = s.high[start : start + n]
    cost = s.cost[start : start + n]
    for c in range(n):
        a = low[c]
        b = high[c]
        price = cost[c]
        above = 0
        for e in range(n):
            within = ((a & ~low[e]) | (b & ~high[e])) == _ZERO
            equal = (a == low[e]) & (b == high[e]) & (price == cost[e])
            above += within & (cost[e] <= price) & ((e < c) | (not equal))
        s.drop[c] = above > 0
    place = start
    for c in range(n):
        copy(s, place, start + c)
        place += not s.drop[c]
    s.stop[d] = place


@kernel
def _drop_dominated_points(s, d):
    """Drop points that are covered whenever another is; return whether there were any.

    These are the points that all columns of the other have in common.
    """
    a = s.left[d, 0]
    b = s.left[d, 1]
    while a | b:
        x, a, b = pop(a, b)
        s.around[x, 0] = s.left[d, 0]
        s.around[x, 1] = s.left[d, 1]
    for c in range(s.start[d], s.stop[d]):
        a = s.low[c]
        b = s.high[c]
        while a | b:
            x, a, b = pop(a, b)
            s.around[x, 0] &= s.low[c]
            s.around[x, 1] &= s.high[c]
    kept_low = s.left[d, 0]
    kept_high = s.left[d, 1]
    a = kept_low
    b = kept_high
    while a | b:
        x, a, b = pop(a, b)
        low = s.around[x, 0]
        high = s.around[x, 1]
        if x < 64:
            low &= ~(_ONE << np.uint64(x))
        else:
            high &= ~(_ONE << np.uint64(x - 64))
        kept_low &= ~low
        kept_high &= ~high
        a &= ~low
        b &= ~high
    fewer = (kept_low != s.left[d, 0]) | (kept_high != s.left[d, 1])
    s.left[d, 0] = kept_low
    s.left[d, 1] = kept_high
    return fewer
