"""Confidence intervals for proportions, of independent and of grouped draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks

Array = npt.NDArray[np.float64]


def clopper_pearson(
    count: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95
) -> tuple[Array, Array]:
    """Return the exact (conservative) interval of a binomial proportion.

    Parameters
    ----------
    count, n : array-like
        Successes and trials, broadcast together; effective, non-integer numbers are taken too.
    level : float
        In (0, 1).

    Returns
    -------
    low, high : float64 arrays

    Raises
    ------
    ValueError
        If a count is negative or above n, n is not positive, or the level is out of range.

    Notes
    -----
    Clopper and Pearson, Biometrika 26 (1934) 404.

    Examples
    --------
    >>> low, high = clopper_pearson(0, 100)
    >>> round(float(high), 4)
    0.0362
    """
    from scipy.special import betaincinv

    k, n_, level = _check(count, n, level)
    tail = (1.0 - level) / 2.0
    safe_low = np.where(k > 0, k, 1.0)
    safe_high = np.where(k < n_, n_ - k, 1.0)
    low = np.where(k > 0, betaincinv(safe_low, n_ - k + 1.0, tail), 0.0)
    high = np.where(k < n_, betaincinv(k + 1.0, safe_high, 1.0 - tail), 1.0)
    return low, high


def wilson(count: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95) -> tuple[Array, Array]:
    """Return Wilson's score interval of a binomial proportion; arguments as `clopper_pearson`.

    Notes
    -----
    Wilson, J. Am. Stat. Assoc. 22 (1927) 209. Its coverage is right on average, not always.

    Examples
    --------
    >>> [round(float(end), 4) for end in wilson(10, 100)]
    [0.0552, 0.1744]
    """
    from scipy.special import ndtri

    k, n_, level = _check(count, n, level)
    z2 = ndtri(0.5 + level / 2.0) ** 2
    p = k / n_
    centre = (p + z2 / (2 * n_)) / (1 + z2 / n_)
    half = np.sqrt(z2 * (p * (1 - p) / n_ + z2 / (4 * n_**2))) / (1 + z2 / n_)
    low = np.where(k > 0, np.maximum(centre - half, 0.0), 0.0)
    high = np.where(k < n_, np.minimum(centre + half, 1.0), 1.0)
    return low, high


INTERVALS: dict[str, Callable[..., tuple[Array, Array]]] = {
    "clopper-pearson": clopper_pearson,
    "wilson": wilson,
}


def inflation(
    count: npt.ArrayLike, group_pairs: npt.ArrayLike, *, n_groups: float, draws: float
) -> Array:
    """Return the variance of grouped counts over that of independent draws (design effect).

    With c_g the successes among the ``draws`` draws of group g, the clustered variance of
    p = sum(c_g) / (n_groups draws) is the variance of a mean over groups. It is never taken
    below 1, and is ``draws`` (the group is the unit) where nothing was counted, where every draw
    was a success, or where there is a single group.

    Parameters
    ----------
    count : array-like
        sum of c_g.
    group_pairs : array-like
        sum of c_g (c_g - 1).
    n_groups, draws : float

    Returns
    -------
    float64 array, in [1, draws * n_groups / (n_groups - 1)]

    Notes
    -----
    Korn and Graubard, Survey Methodology 24 (1998) 193. Where a function was seen in few groups,
    count / inflation is close to the number of those groups: the group is the unit.

    Examples
    --------
    >>> inflation([3, 3], [0, 6], n_groups=1000, draws=10).round(2)
    array([1., 3.])
    """
    c = np.asarray(count, dtype=np.float64)
    squares = c + np.asarray(group_pairs, dtype=np.float64)
    p = c / (n_groups * draws)
    usable = (c > 0) & (p < 1) & (n_groups > 1)
    scale = max(n_groups - 1, 1) * draws * np.where(usable, p * (1 - p), 1.0)
    effect = (squares - c * c / n_groups) / scale
    return np.where(usable, np.maximum(effect, 1.0), float(draws))


def grouped_interval(
    count: npt.ArrayLike,
    group_pairs: npt.ArrayLike | None,
    *,
    n_groups: float,
    draws: float,
    level: float = 0.95,
    interval: str = "clopper-pearson",
) -> tuple[Array, Array, Array]:
    """Return low, high and the inflation for counts of draws that come in groups.

    The interval is that of a binomial with count and number of trials both divided by the
    inflation, but for an end that rests on few groups: count / inflation, the effective number of
    groups that a function was seen in, says how well the inflation itself is known. The effective
    number of trials is therefore multiplied by (z / t)^2, t being Student's quantile with that
    number less 1 of degrees of freedom, and the end goes out no further than where each group is
    one trial. So does the low end, by the draws in which the function was not seen. With
    ``draws=1`` the interval is the plain one. ``group_pairs=None`` with more than one draw a group
    means that nothing is known of the groups: each is then one trial.

    Raises
    ------
    ValueError
        If the interval's name is unknown or a number is out of range.

    Notes
    -----
    Korn and Graubard, Survey Methodology 24 (1998) 193, adjust by Student's t in this way. Rare
    groups much larger than those seen are beyond any such interval.

    Examples
    --------
    >>> low, high, effect = grouped_interval([0], [0], n_groups=1000, draws=50)
    >>> high.round(4), effect
    (array([0.0037]), array([50.]))
    """
    checks.choice("interval", interval, INTERVALS)
    c = np.asarray(count, dtype=np.float64)
    if draws == 1:
        effect = np.ones_like(c)
    elif group_pairs is None:
        effect = np.full_like(c, float(draws))
    else:
        effect = inflation(c, group_pairs, n_groups=n_groups, draws=draws)
    units = None if draws == 1 or group_pairs is None else np.full_like(c, float(draws))
    low, high = _clustered(c, n_groups * draws, effect, units, level, interval)
    return low, high, effect


def ratio_interval(
    count: npt.ArrayLike,
    group_pairs: npt.ArrayLike,
    size_sums: npt.ArrayLike,
    *,
    n_samples: int,
    group_size: float,
    level: float = 0.95,
    interval: str = "clopper-pearson",
) -> tuple[Array, Array, Array]:
    """Return low, high and the inflation for counts of draws in groups of varying sizes.

    With c_g of the a_g draws of group g, p = sum(c_g) / sum(a_g) is a ratio of two random numbers,
    and its variance that of the mean of c_g - p a_g. The rest is as in `grouped_interval`; an end
    goes out no further than where all the draws of each group that a function was seen in are one.

    Parameters
    ----------
    count, group_pairs, size_sums : array-like
        sum of c_g, of c_g (c_g - 1) and of c_g a_g.
    n_samples : int
        sum of a_g.
    group_size : float
        sum of a_g^2 over sum of a_g.
    level : float
    interval : str

    Raises
    ------
    ValueError
        If the interval's name is unknown or a number is out of range.

    Notes
    -----
    Cochran, Sampling Techniques (1977), section 6.3.

    Examples
    --------
    Two draws in each of 500 groups: those of one group are alike, or one of them is counted.

    >>> _, _, effect = ratio_interval([500, 500], [500, 0], [1000, 1000], n_samples=1000,
    ...                               group_size=2.0)
    >>> effect.round(1)
    array([2., 1.])
    """
    checks.choice("interval", interval, INTERVALS)
    c = np.asarray(count, dtype=np.float64)
    together = np.asarray(size_sums, dtype=np.float64)
    effect = ratio_inflation(c, group_pairs, together, n_samples=n_samples, group_size=group_size)
    units = np.maximum(together / np.maximum(c, 1.0), group_size)
    low, high = _clustered(c, n_samples, effect, units, level, interval)
    return low, high, effect


def ratio_inflation(
    count: npt.ArrayLike,
    group_pairs: npt.ArrayLike,
    size_sums: npt.ArrayLike,
    *,
    n_samples: int,
    group_size: float,
) -> Array:
    """Return what `inflation` does, for groups of varying sizes; arguments as `ratio_interval`.

    Examples
    --------
    >>> ratio_inflation([500], [500], [1000], n_samples=1000, group_size=2.0).round(1)
    array([2.])
    """
    c = np.asarray(count, dtype=np.float64)
    together = np.asarray(size_sums, dtype=np.float64)
    p, n_groups = c / n_samples, n_samples / group_size
    usable = (c > 0) & (p < 1) & (n_groups > 1)
    squares = c + np.asarray(group_pairs, dtype=np.float64)
    squares = squares - 2.0 * p * together + p * p * group_size * n_samples
    scale = n_samples * np.where(usable, p * (1 - p), 1.0) * (1.0 - 1.0 / max(n_groups, 2.0))
    return np.where(usable, np.maximum(squares / scale, 1.0), group_size)


def _clustered(
    c: Array, n_samples: float, effect: Array, units: Array | None, level: float, interval: str
) -> tuple[Array, Array]:
    """Return the ends for counts that are inflated; ``units`` draws at most are one."""
    ends = INTERVALS[interval]
    n = n_samples / effect
    seen = np.minimum(c / effect, n)
    low, high = ends(seen, n, level=level)
    if units is not None:
        unit_n = n_samples / units
        unit_low, unit_high = ends(np.minimum(c / units, unit_n), unit_n, level=level)
        few = _student(seen, level)
        high = np.maximum(high, np.minimum(ends(seen * few, n * few, level=level)[1], unit_high))
        few = _student(n - seen, level)
        low = np.minimum(low, np.maximum(ends(seen * few, n * few, level=level)[0], unit_low))
    return low, high


def _student(n_seen: Array, level: float) -> Array:
    """Return (z / t)^2 for ``n_seen`` - 1 degrees of freedom, at least half a one."""
    from scipy.special import ndtri, stdtrit

    tail = 0.5 + level / 2.0
    squares = (ndtri(tail) / stdtrit(np.maximum(n_seen - 1.0, 0.5), tail)) ** 2
    return np.asarray(squares, dtype=np.float64)


def _check(count: Any, n: Any, level: Any) -> tuple[Array, Array, float]:
    level = checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
    k, n_ = np.broadcast_arrays(np.asarray(count, np.float64), np.asarray(n, np.float64))
    if not (np.isfinite(k).all() and np.isfinite(n_).all()):
        raise ValueError("counts and numbers of trials must be finite")
    if (n_ <= 0).any():
        raise ValueError(f"n must be positive, got {n_.min()}")
    if (k < 0).any() or (k > n_).any():
        worst = k[(k < 0) | (k > n_)].flat[0]
        raise ValueError(f"count must lie in 0..n, got {worst}")
    return k, n_, level
