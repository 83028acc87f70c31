"""Test of whether two samples come from one distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from priorvol.comparison.samples import Sample

MOST_DRAWS = 10**9
"""Draws of both sides together that can be permuted (a limit of NumPy's hypergeometric numbers)."""

FEWEST_GROUPS = 20.0
"""Independent draws, in effect, that a function needs to be tested in grouped draws."""

_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Equality:
    """Test of the equality of two distributions.

    Attributes
    ----------
    p_value : float
        nan where no test can be made.
    statistic : float
    method : str
        How it was made, or why it was not.
    """

    p_value: float
    statistic: float
    method: str


def equality(a: Sample, b: Sample, rng: np.random.Generator, n_permutations: int) -> Equality:
    """Test whether all draws come from one distribution.

    Independent draws, runs among them, are permuted between the sides; the statistic is
    sum (a/n_a - b/n_b)^2 / (a + b), Pearson's chi-square up to a factor, over all functions, and
    its p-value (1 + as large) / (1 + permutations) is exact at any counts.

    Whole groups cannot be permuted: a table keeps of them the sum of c (c - 1) for each function,
    which gives the variance of its count but no more. So of grouped draws, each function with
    `FEWEST_GROUPS` draws in effect, in the sum of both sides, is tested alone by the clustered
    variances, and the smallest p-value is taken times their number (Bonferroni).

    Parameters
    ----------
    a, b : Sample
        Counts of the same functions, every draw of which is listed.
    rng : numpy.random.Generator
    n_permutations : int
        0 for no permutation test.
    """
    if a.group > 1 or b.group > 1:
        return _grouped(a, b)
    if n_permutations == 0:
        return Equality(p_value=math.nan, statistic=math.nan, method="no permutations were asked")
    if a.n + b.n > MOST_DRAWS:
        text = f"not made: above {MOST_DRAWS:,} draws cannot be permuted"
        return Equality(p_value=math.nan, statistic=math.nan, method=text)
    total = a.counts + b.counts
    once, many = total == 1, total > 1
    colours = np.append(total[many], int(once.sum()))

    def statistic(first: np.ndarray) -> np.ndarray:
        """Sum over functions; the last column is how many functions seen once A has."""
        u = first[:, :-1]
        often = ((u / a.n - (colours[:-1] - u) / b.n) ** 2 / colours[:-1]).sum(axis=1)
        lone = first[:, -1] / a.n**2 + (colours[-1] - first[:, -1]) / b.n**2
        return np.asarray(often + lone)

    observed = float(statistic(np.append(a.counts[many], int(a.counts[once].sum()))[None, :])[0])
    larger = 0
    rows = max(1, _BLOCK // len(colours))
    for start in range(0, n_permutations, rows):
        size = min(rows, n_permutations - start)
        drawn = rng.multivariate_hypergeometric(colours, a.n, size=size, method="marginals")
        larger += int((statistic(drawn) >= observed * (1.0 - 1e-12)).sum())
    return Equality(
        p_value=(1 + larger) / (1 + n_permutations),
        statistic=observed,
        method=f"{n_permutations:,} permutations of the draws",
    )


def _grouped(a: Sample, b: Sample) -> Equality:
    from scipy.special import ndtr

    pooled = (a.counts + b.counts) / (a.n + b.n)
    rates = [s.n / s.effects for s in (a, b)]
    tested = (pooled > 0) & (pooled < 1)
    for rate in rates:
        tested &= (pooled * rate >= FEWEST_GROUPS) & ((1 - pooled) * rate >= FEWEST_GROUPS)
    if not tested.any():
        text = f"not made: no function has {FEWEST_GROUPS:g} independent draws in effect"
        return Equality(p_value=math.nan, statistic=math.nan, method=text)
    p = pooled[tested]
    variance = p * (1.0 - p) * (1.0 / rates[0][tested] + 1.0 / rates[1][tested])
    z = np.abs(a.p[tested] - b.p[tested]) / np.sqrt(variance)
    largest, number = float(z.max()), int(tested.sum())
    return Equality(
        p_value=min(2.0 * number * float(ndtr(-largest)), 1.0),
        statistic=largest,
        method=f"largest of {number:,} differences in clustered errors, by effective sample size",
    )
