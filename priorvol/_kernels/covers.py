"""The cheapest cover of up to 128 points: lower bounds, and a search that branches and bounds.

What is left of a problem once it is reduced falls into parts that share no column; each is
searched on its own. A node of the search chooses one column of a point that has fewest, and goes
without those tried before. A node is given up when the columns chosen and a lower bound on the
rest cost no less than the best cover known.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.columns import Problem, copy, reduce, take
from priorvol._kernels.implicants import Primes, pop
from priorvol._kernels.jit import kernel
from priorvol._kernels.rows import popcount

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
# Numbers of a NumPy type: of plain ones each would have the functions compiled for it.
_FAR = np.int64(1 << 40)  # more than any cover costs
_WHOLE = np.int64(0)  # level of the whole problem
_PART = np.int64(1)  # and of one part of it


@kernel
def _index(s, d):
    """List the columns of each point of level d, and add up their points in ``around``."""
    for x in range(128):
        s.key[x] = 0
        s.around[x, 0] = _ZERO
        s.around[x, 1] = _ZERO
    for c in range(s.start[d], s.stop[d]):
        a = s.low[c]
        b = s.high[c]
        while a | b:
            x, a, b = pop(a, b)
            s.key[x] += 1
            s.around[x, 0] |= s.low[c]
            s.around[x, 1] |= s.high[c]
    total = 0
    for x in range(128):
        s.begin[x] = total
        total += s.key[x]
        s.key[x] = s.begin[x]
    s.begin[128] = total
    for c in range(s.start[d], s.stop[d]):
        a = s.low[c]
        b = s.high[c]
        while a | b:
            x, a, b = pop(a, b)
            s.entry[s.key[x]] = c - s.start[d]
            s.key[x] += 1


@kernel
def _bound_below(s, d):
    """Price the points of level d, one after the other, as high as costs allow; return the sum.

    No column costs less than its points do, so that no cover costs less than the sum (prices are a
    feasible point of the dual linear program). What is left of a column's cost is its ``slack``.
    The next point is one with fewest unpriced points beside it in a column.
    """
    start = s.start[d]
    for c in range(start, s.stop[d]):
        s.slack[c - start] = s.cost[c]
    low = s.left[d, 0]
    high = s.left[d, 1]
    total = 0
    while low | high:
        best = -1
        fewest = 129
        a = low
        b = high
        while a | b:
            x, a, b = pop(a, b)
            beside = popcount(s.around[x, 0] & low) + popcount(s.around[x, 1] & high)
            if beside < fewest:
                best = x
                fewest = beside
        first = s.begin[best]
        last = s.begin[best + 1]
        if first == last:
            return _FAR
        price = _FAR
        for e in range(first, last):
            price = min(price, s.slack[s.entry[e]])
        total += price
        for e in range(first, last):
            c = s.entry[e]
            s.slack[c] -= price
            if s.slack[c] == 0:
                low &= ~s.low[start + c]
                high &= ~s.high[start + c]
    return total


@kernel
def _drop_dear(s, d, spare):
    """Drop the columns with more slack than may be wasted; return whether there were any."""
    start = s.start[d]
    place = start
    for c in range(start, s.stop[d]):
        copy(s, place, c)
        place += not s.slack[c - start] > spare
    fewer = place < s.stop[d]
    s.stop[d] = place
    return fewer


@kernel
def _settle(s, d, dearest):
    """Reduce and bound level d; return whether it may hold a cover that costs below ``dearest``."""
    while True:
        reduce(s, d)
        s.least[d] = s.paid[d]
        if s.left[d, 0] | s.left[d, 1]:
            _index(s, d)
            s.least[d] += _bound_below(s, d)
        spare = dearest - 1 - s.least[d]
        if spare < 0:
            return False
        if not _drop_dear(s, d, spare):
            return True


@kernel
def _set_point(s, d):
    """Branch at the point of level d with fewest columns, and of those with the largest ones."""
    for x in range(128):
        s.key[x] = 0
    for c in range(s.start[d], s.stop[d]):
        a = s.low[c]
        b = s.high[c]
        weight = 100_000 - popcount(a) - popcount(b)
        while a | b:
            x, a, b = pop(a, b)
            s.key[x] += weight
    best = -1
    for x in range(128):
        if s.key[x] and (best < 0 or s.key[x] < s.key[best]):
            best = x
    s.point[d] = best


@kernel
def _next_column(s, d):
    """Return the column of level d's point that covers most for its cost, or -1 if none is left."""
    x = s.point[d]
    half = s.low if x < 64 else s.high
    bit = _ONE << np.uint64(x % 64)
    best = -1
    most = 0
    for c in range(s.start[d], s.stop[d]):
        if half[c] & bit:
            covered = popcount(s.low[c]) + popcount(s.high[c])
            if best < 0 or covered * s.cost[best] > most * s.cost[c]:
                best = c
                most = covered
    return best


@kernel
def _descend(s, d, c):
    """Make the level below d, in which column c is chosen; level d goes on without it."""
    below = d + 1
    s.left[below, 0] = s.left[d, 0]
    s.left[below, 1] = s.left[d, 1]
    s.paid[below] = s.paid[d]
    s.taken[below] = s.taken[d]
    take(s, below, c)
    s.low[c] = _ZERO
    s.high[c] = _ZERO
    place = s.stop[d]
    s.start[below] = place
    for e in range(s.start[d], s.stop[d]):
        copy(s, place, e)
        place += 1
    s.stop[below] = place


@kernel
def _search(s, nodes, limit):
    """Find the cheapest cover of level 1, which is reduced and not empty.

    Its columns go to ``best``, from the level's ``taken`` on. Returns its cost, the number of its
    columns, the nodes so far, and whether no cover is cheaper. Past ``limit`` nodes the first
    cover found is good enough.
    """
    top = _PART
    base = s.taken[top]
    dearest = _FAR
    count = 0
    _settle(s, top, dearest)
    _set_point(s, top)
    d = top
    while d >= top and dearest > s.least[top]:
        c = _next_column(s, d) if dearest > s.least[d] else -1
        if c < 0:
            d -= 1
            continue
        if nodes >= limit and dearest < _FAR:
            return dearest, count, nodes, False
        nodes += 1
        _descend(s, d, c)
        below = d + 1
        if not _settle(s, below, dearest):
            continue
        if s.left[below, 0] | s.left[below, 1]:
            _set_point(s, below)
            d = below
            continue
        dearest = s.paid[below]
        count = s.taken[below] - base
        for e in range(base, s.taken[below]):
            s.best[e] = s.chosen[e]
    return dearest, count, nodes, True


@kernel
def _split_off(s):
    """Move the columns joined to the first point left of level 0, and their points, to level 1."""
    x, _, _ = pop(s.left[_WHOLE, 0], s.left[_WHOLE, 1])
    a = _ZERO
    b = _ZERO
    if x < 64:
        a = _ONE << np.uint64(x)
    else:
        b = _ONE << np.uint64(x - 64)
    grows = True
    while grows:
        grows = False
        for c in range(s.stop[_WHOLE]):
            if (s.low[c] & a) | (s.high[c] & b) and (s.low[c] & ~a) | (s.high[c] & ~b):
                a |= s.low[c]
                b |= s.high[c]
                grows = True
    s.left[_WHOLE, 0] &= ~a
    s.left[_WHOLE, 1] &= ~b
    s.left[_PART, 0] = a
    s.left[_PART, 1] = b
    place = s.stop[_WHOLE]
    s.start[_PART] = place
    for c in range(s.stop[_WHOLE]):
        if (s.low[c] & a) | (s.high[c] & b):
            copy(s, place, c)
            place += 1
    s.stop[_PART] = place


@kernel
def cheapest_cover(
    low: np.uint64, high: np.uint64, p: Primes, count: int, limit: int, s: Problem
) -> tuple[int, int, bool]:
    """Cover a function by its ``count`` primes, whose costs are the first ones of the stack.

    Returns the cost, the number of primes chosen, and whether no cover is cheaper; ``best`` holds
    their numbers. ``limit`` is the number of nodes after which the best cover known will do.
    """
    for c in range(count):
        s.low[c] = p.low[c]
        s.high[c] = p.high[c]
        s.name[c] = c
    s.start[_WHOLE] = 0
    s.stop[_WHOLE] = count
    s.left[_WHOLE, 0] = low
    s.left[_WHOLE, 1] = high
    s.paid[_WHOLE] = 0
    s.taken[_WHOLE] = 0
    reduce(s, _WHOLE)
    total = s.paid[_WHOLE]
    n = s.taken[_WHOLE]
    for e in range(n):
        s.best[e] = s.chosen[e]
    nodes = np.int64(0)
    exact = True
    while s.left[_WHOLE, 0] | s.left[_WHOLE, 1]:
        _split_off(s)
        s.paid[_PART] = 0
        s.taken[_PART] = n
        cost, found, nodes, proven = _search(s, nodes, limit)
        total += cost
        n += found
        exact &= proven
    return total, n, exact
