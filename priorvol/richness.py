"""What counts say of the functions not seen: their mass, their number, and the entropy."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.result import Estimate, Richness
from priorvol.rows import Counts, Rows

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
    n, n_groups = n_samples, _n_groups(rows, n_samples, draws)
    _check_listed(rows, n, "the missing mass")
    values, times = rows.counts_of_counts
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


def n_functions(rows: Rows, *, n_samples: int, draws: int = 1, level: float = 0.95) -> Richness:
    """Return a lower bound on N_O, the number of functions that the prior can give, by Chao.

    Of the functions never seen there are, in expectation, at least f1^2 / (2 f2), with f1 and f2
    the numbers of those seen once and twice: by the Cauchy-Schwarz inequality, with equality where
    all functions not seen are as likely as those seen once. Very unlikely functions are beyond it.
    With f2 = 0 the bias-corrected f1 (f1 - 1) / 2 is taken. For grouped draws f1 and f2 are the
    functions seen in one group and in two, the group being the unit (Chao2).

    Parameters
    ----------
    rows : Rows
    n_samples, draws : int
        Number of draws, and draws in a group.
    level : float

    Returns
    -------
    Richness
        Its interval is that of the bound, log-normal in the number of functions not seen, and no
        number exceeds 2^m. Where the estimated number of those is 0, the upper end adds what could
        have been missed had each count been the mean of a Poisson law.

    Raises
    ------
    ValueError
        If the rows leave out draws, have grouped draws without group sums, or the level is out of
        range.

    Notes
    -----
    Chao, Scand. J. Stat. 11 (1984) 265 and Biometrics 43 (1987) 783. The sums kept of the groups
    tell one group from several. They tell two from three or more except where the sums of three
    are also those of two; such a function counts as one of two groups, which lowers the bound
    (unless there is no other of two groups).

    Examples
    --------
    >>> from priorvol.table import FunctionTable
    >>> print(FunctionTable.from_counts(["000", "010", "101", "110"], [1, 1, 2, 6]).n_functions())
    at least 5.8 functions [4.16, 8], 4 seen (95%, chao1)
    """
    from scipy.special import ndtri

    level = checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
    _check_listed(rows, n_samples, "the number of functions")
    n_units = _n_groups(rows, n_samples, draws)
    once, twice = _seen_once_and_twice(rows, draws)
    seen, z = len(rows), float(ndtri(0.5 + level / 2))
    share = (n_units - 1) / n_units
    if twice:
        unseen = share * once**2 / (2 * twice)
        ratio = once / twice
        variance = twice * (share * ratio**2 / 2 + share**2 * ratio**3 + share**2 * ratio**4 / 4)
    else:
        unseen = share * once * (once - 1) / 2
        variance = share * once * (once - 1) / 2 + share**2 * once * (2 * once - 1) ** 2 / 4
        variance -= share**2 * once**4 / (4 * (seen + unseen))
    if unseen > 0:
        spread = math.exp(z * math.sqrt(math.log1p(variance / unseen**2)))
        low, high = seen + unseen / spread, seen + unseen * spread
    else:
        low, high = float(seen), _most_missed(rows, n_units, z)
    most = math.ldexp(1.0, rows.m) if rows.m < 1024 else math.inf
    return Richness(
        observed=seen,
        estimate=min(seen + unseen, most),
        low=min(low, most),
        high=min(high, most),
        level=level,
        method="chao1" if draws == 1 else "chao2",
    )


def _n_groups(rows: Rows, n_samples: int, draws: int) -> int:
    """Return the number of groups; in effect, where they vary in size up to ``draws``."""
    if rows.size_squares is None:
        return n_samples // draws
    return max(n_samples**2 // rows.size_squares, 1)


def _seen_once_and_twice(rows: Rows, draws: int) -> tuple[int, int]:
    """Return the number of functions seen once and twice, or in one and in two groups."""
    if draws == 1:
        values, times = rows.counts_of_counts
        return int(times[values == 1].sum()), int(times[values == 2].sum())
    once = twice = 0
    for _, _, one, two in _few_groups(rows, draws, "the number of functions"):
        once, twice = once + int(one.sum()), twice + int(two.sum())
    return once, twice


def _most_missed(rows: Rows, n_units: int, z: float) -> float:
    """Return D / (1 - q) + z sd(D) / (1 - q), D the number seen, q the mean chance to be missed.

    A function seen in u units is missed with the chance exp(-u). For grouped draws u is taken as
    c^2 / sum(c_g^2), which is at most the number of groups.
    """
    missed = variance = across = 0.0
    for part in rows.parts():
        c = part.counts.astype(np.float64)
        units = c if part.group_pairs is None else c * c / (c + part.group_pairs)
        chance = np.exp(-units)
        missed += float(chance.sum())
        variance += float((chance * (1.0 - chance)).sum())
        across += float((units * chance).sum())
    seen = len(rows)
    deviation = math.sqrt(max(variance - across**2 / n_units, 0.0))
    return (seen + z * deviation) / (1.0 - missed / seen)


def _check_listed(rows: Rows, n_samples: int, what: str) -> None:
    values, times = rows.counts_of_counts
    unlisted = n_samples - int((values * times).sum())
    if unlisted:
        raise ValueError(
            f"{what} needs every draw listed; this table leaves out {unlisted:,} of {n_samples:,}"
        )


def _group_sums(rows: Rows, draws: int) -> tuple[int, int]:
    """Return the draws of functions seen in one group, and 2 c1 c2 summed over those of two.

    A few functions of three groups are taken for ones of two, which widens the interval.
    """
    lone, between = 0, 0
    for c, across, one, two in _few_groups(rows, draws, "the missing mass"):
        lone += int(c[one].sum())
        between += int(across[two].sum())
    return lone, between


def _few_groups(
    rows: Rows, draws: int, what: str
) -> Iterator[tuple[Counts, Counts, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Yield, of the functions with few draws: counts, 2 sum c_g c_h, whether in one group, in two.

    The sum over pairs of groups is c (c - 1) less the pairs within groups. A function counts as
    one of two groups where it allows whole numbers c1 + c2 = c, which are then at most ``draws``;
    some functions of three groups do: 4 + 1 + 1 has the sums of 3 + 3.
    """
    for part in rows.parts():
        if part.group_pairs is None:
            raise ValueError(
                f"{what} of grouped draws needs their group sums, which a restricted "
                "table does not keep"
            )
        few = part.counts <= 2 * draws
        c, pairs = part.counts[few], part.group_pairs[few]
        across = c * (c - 1) - pairs
        gap = c * c - 2 * across  # (c1 - c2)^2
        root = np.rint(np.sqrt(np.maximum(gap, 0))).astype(np.int64)
        two = (across > 0) & (root * root == gap)
        yield c, across, across == 0, two


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
