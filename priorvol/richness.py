"""What a table says of the functions it has not seen: counts of counts, missing mass, entropy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.result import Estimate

if TYPE_CHECKING:
    from priorvol.table import FunctionTable

Counts = npt.NDArray[np.int64]

ENTROPIES = ("plug-in", "chao-shen")


def counts_of_counts(table: FunctionTable) -> tuple[Counts, Counts]:
    """Return the distinct counts and the number of functions with each, (j,) int64, rising.

    Examples
    --------
    >>> from priorvol.table import FunctionTable
    >>> values, times = counts_of_counts(FunctionTable.from_counts(["00", "01", "11"], [1, 1, 3]))
    >>> values.tolist(), times.tolist()
    ([1, 3], [2, 1])
    """
    tally: dict[int, int] = {}
    for _, counts in table.chunks():
        values, times = np.unique(counts, return_counts=True)
        for value, number in zip(values.tolist(), times.tolist(), strict=True):
            tally[value] = tally.get(value, 0) + number
    keys = sorted(tally)
    return np.array(keys, np.int64), np.array([tally[key] for key in keys], np.int64)


def missing_mass(table: FunctionTable, *, level: float = 0.95) -> Estimate:
    """Return the Good-Turing estimate of the total P(f) of all functions never seen.

    For independent draws it is the share of singletons among the draws, with the normal interval
    of Esty (Ann. Stat. 11 (1983) 905). For grouped draws it is the share of draws whose function
    was seen in one group only; its error takes the group as the unit, and for the functions seen
    twice those seen in two groups.

    Parameters
    ----------
    table : FunctionTable
    level : float

    Returns
    -------
    Estimate
        Its upper end is never below 3 / (number of groups).

    Raises
    ------
    ValueError
        If the table leaves out rare functions, has grouped draws without group sums, or the level
        is out of range.

    Notes
    -----
    Good, Biometrika 40 (1953) 237.

    Examples
    --------
    >>> from priorvol.table import FunctionTable
    >>> missing_mass(FunctionTable.from_counts(["00", "01", "11"], [1, 1, 8])).p
    0.2
    """
    from scipy.special import ndtri

    level = checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
    if table.n_unlisted:
        raise ValueError(
            f"the missing mass needs every draw listed; this table leaves out "
            f"{table.n_unlisted:,} of {table.n_samples:,}"
        )
    n, n_groups = table.n_samples, table.n_groups
    values, times = table.counts_of_counts
    doubletons = int(times[values == 2].sum())
    lone, between = table.n_singletons, 2 * doubletons
    if table.output_draws > 1:
        lone, between = _group_sums(table)
    mass = lone / n
    error = math.sqrt(mass * (1 - mass) / n_groups + between / n**2)
    half = float(ndtri(0.5 + level / 2)) * error
    ends = (max(mass - half, 0.0), mass, min(max(mass + half, 3.0 / n_groups), 1.0))
    low, log_p, high = (math.log(end) if end > 0 else -math.inf for end in ends)
    return Estimate(
        log_p=log_p,
        standard_error=error / mass if mass else math.nan,
        low=low,
        high=high,
        level=level,
        method="good_turing",
        quantity="missing mass",
        n_samples=n,
        diagnostics={"singletons": table.n_singletons, "doubletons": doubletons},
    )


def _group_sums(table: FunctionTable) -> tuple[int, int]:
    """Return the draws of functions seen in one group, and 2 c1 c2 summed over those of two.

    2 c1 c2 is c (c - 1) less the pairs within groups. A function counts as one of two groups where
    its sums allow two whole numbers c1 and c2; a few of three groups do, which widens the interval.
    """
    if table.group_pairs is None:
        raise ValueError(
            "the missing mass of grouped draws needs their group sums, which a restricted table "
            "does not keep"
        )
    lone, between, start = 0, 0, 0
    for _, counts in table.chunks():
        few = counts <= 2 * table.output_draws
        c, pairs = counts[few], table.group_pairs[start : start + len(counts)][few]
        across = c * (c - 1) - pairs
        gap = c * c - 2 * across  # (c1 - c2)^2
        root = np.rint(np.sqrt(np.maximum(gap, 0))).astype(np.int64)
        lone += int(c[across == 0].sum())
        between += int(across[root * root == gap].sum())
        start += len(counts)
    return lone, between


def entropy(table: FunctionTable, *, estimator: str = "plug-in") -> float:
    """Return the entropy of P(f) in bits.

    Parameters
    ----------
    table : FunctionTable
    estimator : "plug-in" or "chao-shen"
        The plug-in value is biased low by what was not seen. Chao and Shen's (Environ. Ecol. Stat.
        10 (2003) 429) corrects for the missing mass and takes the draws as independent.

    Raises
    ------
    ValueError
        If the estimator is unknown, or "chao-shen" is asked of a table that leaves out draws.

    Examples
    --------
    >>> from priorvol.table import FunctionTable
    >>> entropy(FunctionTable.from_counts(["0", "1"], [5, 5]))
    1.0
    """
    checks.choice("estimator", estimator, ENTROPIES)
    n = table.n_samples
    values, times = table.counts_of_counts
    p = values / n
    if estimator == "plug-in":
        return float(-(times * p * np.log2(p)).sum()) + 0.0
    p = p * (1.0 - min(missing_mass(table).p, 1.0 - 1.0 / n))
    seen = -np.expm1(n * np.log1p(-np.minimum(p, 1 - 1e-16)))
    return float(-(times * p * np.log2(p) / seen).sum()) + 0.0
