"""What counts say of the functions not seen: missing mass and entropy."""

from __future__ import annotations

import math

import numpy as np

from priorvol import checks
from priorvol.result import Estimate
from priorvol.rows import Rows

ENTROPIES = ("plug-in", "chao-shen")


def missing_mass(rows: Rows, *, n_samples: int, draws: int = 1, level: float = 0.95) -> Estimate:
    """Return the Good-Turing estimate of the total P(f) of all functions never seen.

    For independent draws it is the share of singletons among the draws, with the normal interval
    of Esty (Ann. Stat. 11 (1983) 905). For grouped draws it is the share of draws whose function
    was seen in one group only; its error takes the group as the unit, and for the functions seen
    twice those seen in two groups.

    Parameters
    ----------
    rows : Rows
    n_samples, draws : int
        Number of draws, and draws in a group.
    level : float

    Returns
    -------
    Estimate
        Its upper end is never below 3 / (number of groups).

    Raises
    ------
    ValueError
        If the rows leave out draws, have grouped draws without group sums, or the level is out of
        range.

    Notes
    -----
    Good, Biometrika 40 (1953) 237.

    Examples
    --------
    >>> from priorvol.table import FunctionTable
    >>> FunctionTable.from_counts(["00", "01", "11"], [1, 1, 8]).missing_mass().p
    0.2
    """
    from scipy.special import ndtri

    level = checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
    n, n_groups = n_samples, n_samples // draws
    values, times = rows.counts_of_counts
    unlisted = n - int((values * times).sum())
    if unlisted:
        raise ValueError(
            f"the missing mass needs every draw listed; this table leaves out {unlisted:,} of {n:,}"
        )
    singletons, doubletons = (int(times[values == count].sum()) for count in (1, 2))
    lone, between = singletons, 2 * doubletons
    if draws > 1:
        lone, between = _group_sums(rows, draws)
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
        diagnostics={"singletons": singletons, "doubletons": doubletons},
    )


def _group_sums(rows: Rows, draws: int) -> tuple[int, int]:
    """Return the draws of functions seen in one group, and 2 c1 c2 summed over those of two.

    2 c1 c2 is c (c - 1) less the pairs within groups. A function counts as one of two groups where
    its sums allow two whole numbers c1 and c2; a few of three groups do, which widens the interval.
    """
    lone, between = 0, 0
    for part in rows.parts():
        if part.group_pairs is None:
            raise ValueError(
                "the missing mass of grouped draws needs their group sums, which a restricted "
                "table does not keep"
            )
        few = part.counts <= 2 * draws
        c, pairs = part.counts[few], part.group_pairs[few]
        across = c * (c - 1) - pairs
        gap = c * c - 2 * across  # (c1 - c2)^2
        root = np.rint(np.sqrt(np.maximum(gap, 0))).astype(np.int64)
        lone += int(c[across == 0].sum())
        between += int(across[root * root == gap].sum())
    return lone, between


def entropy(rows: Rows, *, n_samples: int, draws: int = 1, estimator: str = "plug-in") -> float:
    """Return the entropy of P(f) in bits.

    Parameters
    ----------
    rows : Rows
    n_samples, draws : int
        Number of draws, and draws in a group.
    estimator : "plug-in" or "chao-shen"
        The plug-in value is biased low by what was not seen. Chao and Shen's (Environ. Ecol. Stat.
        10 (2003) 429) corrects for the missing mass and takes the draws as independent.

    Raises
    ------
    ValueError
        If the estimator is unknown, or "chao-shen" is asked of rows that leave out draws.

    Examples
    --------
    >>> from priorvol.table import FunctionTable
    >>> FunctionTable.from_counts(["0", "1"], [5, 5]).entropy()
    1.0
    """
    checks.choice("estimator", estimator, ENTROPIES)
    n = n_samples
    values, times = rows.counts_of_counts
    p = values / n
    if estimator == "plug-in":
        return float(-(times * p * np.log2(p)).sum()) + 0.0
    p = p * (1.0 - min(missing_mass(rows, n_samples=n, draws=draws).p, 1.0 - 1.0 / n))
    seen = -np.expm1(n * np.log1p(-np.minimum(p, 1 - 1e-16)))
    return float(-(times * p * np.log2(p) / seen).sum()) + 0.0
