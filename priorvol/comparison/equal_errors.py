"""Agreement of log P among functions of equal test error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from priorvol.comparison.concordance import LogPoints, coefficient
from priorvol.simplicity.association import Coefficient

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

_BLOCK = 1 << 18  # weights at a time


@dataclass(frozen=True, kw_only=True)
class EqualErrors:
    """What of the correlation of log P_A and log P_B is left once the test error is held fixed.

    Both distributions may favour functions near the target, and agree in nothing else. The
    corrected Pearson r is the sum of what the number of test errors gives alone and of what
    functions of equal error add.

    Attributes
    ----------
    within : Coefficient
        Corrected Pearson among functions of equal test error: covariance and variances within
        these groups, counting noise taken off. Near 1: the two sides agree beyond the error.
    by_error : Coefficient
        The part of the corrected Pearson r over all functions that differences between groups
        give: r itself if within a group the sides had nothing in common.
    n_groups : int
        Different test errors that two functions or more have.
    """

    within: Coefficient
    by_error: Coefficient
    n_groups: int


def equal_errors(
    points: LogPoints,
    errors: Labels,
    rng: np.random.Generator,
    *,
    n_bootstrap: int,
    level: float,
) -> EqualErrors:
    """Return the agreement within and between groups of functions of equal test error.

    Parameters
    ----------
    points : LogPoints
    errors : (k,) int64 array
        Number of wrong test inputs of each function.
    rng : numpy.random.Generator
        Of the resamples of functions that intervals come from.
    n_bootstrap : int
    level : float

    Notes
    -----
    With s groups of k functions, sums of squares within groups over k - s estimate the variances
    within, as in an analysis of variance, and the noise's mean is taken off. The sums between
    groups exceed what the groups' means give by s - 1 times the covariance within, which is taken
    off as well. A group of n functions from which W are drawn again has sums of squares smaller by
    1 - 1/n on average, so that much less of the noise is taken off in resamples.
    """
    k = len(errors)
    order = np.argsort(errors, kind="stable")
    values, starts, sizes = np.unique(errors[order], return_index=True, return_counts=True)
    x, y = points.x - points.x.mean(), points.y - points.y.mean()
    columns = np.array([np.ones(k), x, y, x * x, x * y, y * y, points.x_noise, points.y_noise])
    columns = columns[:, order]
    once = _coefficients(columns, starts, np.ones((1, k)), np.ones(len(values)))
    drawn = [np.empty((0, 2))]
    rows = max(1, _BLOCK // k)
    for start in range(0, n_bootstrap, rows):
        size = min(rows, n_bootstrap - start)
        weights = rng.multinomial(k, np.full(k, 1.0 / k), size=size).astype(np.float64)
        drawn.append(_coefficients(columns, starts, weights, 1.0 - 1.0 / sizes))
    samples = np.concatenate(drawn)
    bearing = int(sizes[sizes > 1].sum())
    reason = "log P varies no more than its counting noise among functions of equal error"
    if bearing == 0:
        reason = "no two functions have one test error"
    within, by_error = (
        coefficient(float(once[0, i]), samples[:, i], number, level, reason)
        for i, number in ((0, bearing), (1, k))
    )
    return EqualErrors(within=within, by_error=by_error, n_groups=int((sizes > 1).sum()))


def _coefficients(columns: Array, starts: Labels, weights: Array, shrink: Array) -> Array:
    """Return r within groups, and what groups give of r, for each row of weights, (rows, 2)."""
    sums = [np.add.reduceat(weights * column, starts, axis=1) for column in columns]
    n, x, y, xx, xy, yy, vx, vy = sums
    safe = np.maximum(n, 1.0)
    free = np.maximum(n - 1.0, 0.0) * shrink
    freedom = free.sum(axis=1)
    within = [
        (product - first * second / safe).sum(axis=1)
        for product, first, second in ((xx, x, x), (xy, x, y), (yy, y, y))
    ]
    noise = [(free * v / safe).sum(axis=1) for v in (vx, vy)]
    total = n.sum(axis=1)
    whole = [
        product.sum(axis=1) - first.sum(axis=1) * second.sum(axis=1) / total
        for product, first, second in ((xx, x, x), (xy, x, y), (yy, y, y))
    ]
    found = np.full((len(weights), 2), math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = [(within[0] - noise[0]) / freedom, (within[2] - noise[1]) / freedom]
        common = within[1] / freedom
        every = [whole[i] / (total - 1.0) - v.sum(axis=1) / total for i, v in ((0, vx), (2, vy))]
        usable = (inside[0] > 0) & (inside[1] > 0)
        found[usable, 0] = (common / np.sqrt(inside[0] * inside[1]))[usable]
        groups = (n > 0).sum(axis=1)
        between = whole[1] - within[1] - (groups - 1.0) * np.where(freedom > 0, common, 0.0)
        usable = (every[0] > 0) & (every[1] > 0)
        share = between / (total - 1.0) / np.sqrt(every[0] * every[1])
        found[usable, 1] = share[usable]
    return found
