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
    was seen in one group only, and the groups are the unit of the error.

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
    lone = table.n_singletons
    if table.output_draws > 1:
        lone = _draws_of_lone_groups(table)
    doubletons = int(times[values == 2].sum())
    mass = lone / n
    error = math.sqrt((mass * (1 - mass) + 2 * doubletons / n) / n_groups)
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


def _draws_of_lone_groups(table: FunctionTable) -> int:
    """Return the number of draws of functions that were seen in a single group."""
    if table.group_pairs is None:
        raise ValueError(
            "the missing mass of grouped draws needs their group sums, which a restricted table "
            "does not keep"
        )
    lone, start = 0, 0
    for _, counts in table.chunks():
        pairs = table.group_pairs[start : start + len(counts)]
        lone += int(counts[pairs == counts * (counts - 1)].sum())
        start += len(counts)
    return lone


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
