"""Cheapest two-level forms of many functions: a cover by prime implicants for each.

A product of sums of f is a sum of products of not f, read with every literal negated.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from priorvol._kernels.columns import Problem, problem_memory
from priorvol._kernels.covers import cheapest_cover
from priorvol._kernels.implicants import Primes, find_primes, prime_memory
from priorvol._kernels.jit import kernel
from priorvol._kernels.rows import popcount

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

COSTS = ("terms", "literals", "operations")
"""What is least: 1 a term, 1 a literal, or 1 a literal and 1 more if it is negated."""

NODE_LIMIT = 20_000
"""Nodes of a search after which the best cover found will do."""

_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


def minimise(
    words: Words, n: int, *, clauses: bool, cost: str, limit: int = NODE_LIMIT
) -> tuple[Numbers, Flags]:
    """Return the cost of the cheapest form of each function, and whether it is proven least.

    Parameters
    ----------
    words : (k, ceil(2^n / 64)) uint64 array
        Packed functions, any memory order, writable or not.
    n : int
        1 to 7.
    clauses : bool
        Whether to take products of sums instead of sums of products.
    cost : {"terms", "literals", "operations"}
    limit : int
        Nodes of a search. A function has one search for each part of its problem; they share it.

    Returns
    -------
    costs : (k,) int64 array
    exact : (k,) bool array
    """
    rows = np.array(words, dtype=np.uint64, order="C")
    costs = np.zeros(len(rows), dtype=np.int64)
    terms = np.zeros_like(costs)
    exact = np.zeros(len(rows), dtype=np.bool_)
    memory = prime_memory(), problem_memory()
    _minimise(rows, n, clauses, COSTS.index(cost), limit, *memory, costs, terms, exact)
    return costs, exact


def minimise_one(
    row: Words, n: int, *, clauses: bool, cost: str, limit: int = NODE_LIMIT
) -> tuple[Numbers, Numbers, bool]:
    """Return the cubes of the cheapest form of one function, and whether it is proven least.

    Cubes are those of the function, or with ``clauses`` of its complement: for each its first
    point and its free coordinates, (terms,) int64 arrays.
    """
    primes, problem = prime_memory(), problem_memory()
    rows = np.array(row[None, :], dtype=np.uint64, order="C")
    terms = np.zeros(1, dtype=np.int64)
    exact = np.zeros(1, dtype=np.bool_)
    spare = np.zeros_like(terms)
    _minimise(rows, n, clauses, COSTS.index(cost), limit, primes, problem, spare, terms, exact)
    chosen = problem.best[: terms[0]]
    return primes.values[chosen], primes.free[chosen], bool(exact[0])


def implicants(row: Words, n: int) -> tuple[Numbers, Numbers]:
    """Return the prime implicants of one function: first points and free coordinates."""
    primes = prime_memory()
    high = row[1] if n == 7 else np.uint64(0)
    count = find_primes(np.uint64(row[0]), np.uint64(high), n, primes)
    return primes.values[:count], primes.free[:count]


@kernel
def _pair(row, n, complement):
    """Return a function, or its complement, as two words."""
    low = row[0]
    high = row[1] if n == 7 else np.uint64(0)
    if complement:
        low = ~low
        high = ~high
        if n < 7:
            high = np.uint64(0)
        if n < 6:
            low &= _ONES >> np.uint64(64 - (1 << n))
    return low, high


@kernel
def _form(
    low: np.uint64,
    high: np.uint64,
    n: int,
    clauses: bool,
    cost: int,
    limit: int,
    p: Primes,
    s: Problem,
) -> tuple[int, int, bool]:
    """Find the cheapest form of one function."""
    count = find_primes(low, high, n, p)
    for c in range(count):
        ones = popcount(np.uint64(p.values[c]))
        literals = n - popcount(np.uint64(p.free[c]))
        if cost == 0:
            s.cost[c] = 1
        elif cost == 1:
            s.cost[c] = literals
        else:
            s.cost[c] = literals + (ones if clauses else literals - ones)
    found: tuple[int, int, bool] = cheapest_cover(low, high, p, count, limit, s)
    return found


@kernel
def _minimise(
    words: Words,
    n: int,
    clauses: bool,
    cost: int,
    limit: int,
    p: Primes,
    s: Problem,
    costs: Numbers,
    terms: Numbers,
    exact: Flags,
) -> None:
    for i in range(len(words)):
        low, high = _pair(words[i], n, clauses)
        costs[i], terms[i], exact[i] = _form(low, high, n, clauses, cost, limit, p, s)
