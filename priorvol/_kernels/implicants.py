"""Prime implicants of functions on {0,1}^n, n <= 7, a whole direction of subcubes at a time.

For a set of free coordinates, one pair of words holds the points whose subcube in these directions
lies inside the function: for a larger set it is that of a smaller one, ANDed with its flip along
the coordinate added. A subcube is prime if none with one more free coordinate is inside.

Pairs of words are (low, high) as in `priorvol._kernels.cube`; below seven inputs high is 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from priorvol._kernels.cube import flip
from priorvol._kernels.jit import kernel
from priorvol._kernels.rows import popcount

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

MOST_PRIMES = 672
"""No function on seven inputs has more prime implicants. None contains another, and of subcubes
like that there are at most as many as all of one dimension, C(7, 2) 2^5: every subcube of a
dimension lies in equally many of the next, and holds equally many of the one below."""

_ZERO = np.uint64(0)
_ONE = np.uint64(1)


class Primes(NamedTuple):
    """Prime implicants of one function, and the memory to find them."""

    inside: Words  # (128, 2) for each free set: points whose subcube is inside
    low: Words  # (primes,) points of each prime
    high: Words
    values: Numbers  # its first point
    free: Numbers  # its free coordinates, bit i for coordinate i


def prime_memory() -> Primes:
    """Return memory for `find_primes`."""
    words, numbers = np.uint64, np.int64
    return Primes(
        inside=np.zeros((128, 2), words),
        low=np.zeros(MOST_PRIMES, words),
        high=np.zeros(MOST_PRIMES, words),
        values=np.zeros(MOST_PRIMES, numbers),
        free=np.zeros(MOST_PRIMES, numbers),
    )


def _sets_of_points() -> tuple[Words, Words]:
    points = np.arange(128)
    free = points[:, None]
    bits = np.array([1 << (point % 64) for point in range(128)], dtype=np.uint64)
    origins, subcubes = (
        (chosen * bits).reshape(128, 2, 64).sum(axis=2, dtype=np.uint64)
        for chosen in ((points & free) == 0, (points & ~free) == 0)
    )
    return origins, subcubes


_ORIGINS, _SUBCUBES = _sets_of_points()  # for each free set: points 0 on it; its subcube at 0


@kernel
def lowest(word):
    """Return the place of the lowest one of a word that is not 0."""
    return popcount((word & (~word + _ONE)) - _ONE)


@kernel
def pop(low, high):
    """Return the first point of a set that is not empty, and the set without it."""
    if low:
        return lowest(low), low & (low - _ONE), high
    return 64 + lowest(high), low, high & (high - _ONE)


@kernel
def _translate(low, high, x):
    """Return both words moved up by 0 <= x < 128 places."""
    if x >= 64:
        return _ZERO, low << np.uint64(x - 64)
    if x == 0:
        return low, high
    up = np.uint64(x)
    return low << up, (high << up) | (low >> np.uint64(64 - x))


@kernel
def find_primes(low: np.uint64, high: np.uint64, n: int, p: Primes) -> int:
    """Find the prime implicants of one function on n inputs; return how many there are.

    Bits beyond 2^n must be 0. The primes come in descending order of free sets, and for the same
    set in ascending order of points.
    """
    n_sets = 1 << n
    p.inside[0, 0] = low
    p.inside[0, 1] = high
    for directions in range(1, n_sets):
        fewer = directions & (directions - 1)
        a = p.inside[fewer, 0]
        b = p.inside[fewer, 1]
        if a | b:
            i = 0
            while not (directions >> i) & 1:
                i += 1
            c, d = flip(a, b, i)
            a &= c
            b &= d
        p.inside[directions, 0] = a
        p.inside[directions, 1] = b
    count = 0
    for directions in range(n_sets - 1, -1, -1):
        a = p.inside[directions, 0] & _ORIGINS[directions, 0]
        b = p.inside[directions, 1] & _ORIGINS[directions, 1]
        if not a | b:
            continue
        for i in range(n):
            if not (directions >> i) & 1:
                a &= ~p.inside[directions | (1 << i), 0]
                b &= ~p.inside[directions | (1 << i), 1]
        while a | b:
            x, a, b = pop(a, b)
            p.low[count], p.high[count] = _translate(
                _SUBCUBES[directions, 0], _SUBCUBES[directions, 1], x
            )
            p.values[count] = x
            p.free[count] = directions
            count += 1
    return count
