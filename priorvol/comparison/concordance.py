"""Agreement of two sets of log P: correlation and slope without counting noise, and the ceiling."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from priorvol.comparison.log_ratio import LogRatio, log_ratio
from priorvol.simplicity.association import FEWEST_UNITS, Coefficient, associate, pearson_spearman

Array = npt.NDArray[np.float64]

_BLOCK = 1 << 20  # weights at a time


@dataclass(frozen=True, kw_only=True)
class Concordance:
    """How far two sets of log P(f) agree over some functions, x = log P_A and y = log P_B.

    Attributes
    ----------
    n_functions : int
    n_unseen : (int, int)
        Functions with no draw in the half of A, or of B, that is compared; each counts as half an
        independent draw there.
    mass : (float, float)
        Share of the compared draws of A and of B on these functions; nan for estimates.
    pearson, spearman : Coefficient
        Of x and y as they are, noise and all.
    pearson_corrected : Coefficient
        Pearson's r with the variances of counting noise taken off those of x and y. It may exceed
        1 by chance.
    slope : Coefficient
        dy/dx of the major axis of that corrected covariance matrix: errors in both variables. Its
        interval is one of the axis's direction, and all slopes where that takes in the vertical:
        log P that do not vary together.
    log_ratio : LogRatio
        Of log P_B - log P_A: its mean and, without counting noise, its spread; the size of a
        second-order difference.
    slope_naive : float
        Least squares of y on x, which counting noise in x makes too small.
    ceiling : dict of str to (float, float, float)
        Mean, low and high of ``pearson``, ``spearman`` and ``slope_naive`` for two perfect samplers
        with these numbers of draws, of distributions whose log P differ by a constant, if at all.
    reason : str
        Why numbers are nan, or empty.
    """

    n_functions: int
    n_unseen: tuple[int, int]
    mass: tuple[float, float]
    pearson: Coefficient
    spearman: Coefficient
    pearson_corrected: Coefficient
    slope: Coefficient
    log_ratio: LogRatio
    slope_naive: float
    ceiling: dict[str, tuple[float, float, float]]
    reason: str = ""


@dataclass(frozen=True)
class LogPoints:
    """log P on two sides with the variances of their noise, (k,) each.

    ``redraw_a`` and ``redraw_b`` return log P as a perfect sampler would find it, given the true
    log P and a random generator. ``shared`` is the variance of what moves all differences y - x
    alike, such as the error of one P(S).
    """

    x: Array
    x_noise: Array
    y: Array
    y_noise: Array
    redraw_a: Callable[[Array, np.random.Generator], Array]
    redraw_b: Callable[[Array, np.random.Generator], Array]
    shared: float = 0.0


def concordance(
    points: LogPoints,
    rng: np.random.Generator,
    *,
    n_unseen: tuple[int, int],
    mass: tuple[float, float],
    n_bootstrap: int,
    n_ceiling: int,
    level: float,
    seed: int,
) -> Concordance:
    """Return the agreement of two sides over functions that were chosen by other draws.

    Intervals are percentile bootstraps that resample functions.

    Notes
    -----
    The noise of the two sides is independent, so its variances add to those of x and y and
    nothing to their covariance (Fuller, Measurement Error Models, 1987, section 1.3). The ceiling
    draws both sides anew around true values that spread as much as the pooled log P less its
    noise, at the mean level of either side: each is moved towards the mean by
    sqrt(s^2 / (s^2 + v)), s^2 being the variance without noise and v its own noise, since pooled
    values as they are would spread too far.
    """
    k = len(points.x)
    ratio = log_ratio(
        points.y - points.x, points.x_noise + points.y_noise, level, shared=points.shared
    )
    if k < 3:
        nothing = Coefficient(
            value=math.nan, low=math.nan, high=math.nan, n_functions=k, n_units=k, reason="few"
        )
        return Concordance(
            n_functions=k,
            n_unseen=n_unseen,
            mass=mass,
            pearson=nothing,
            spearman=nothing,
            pearson_corrected=nothing,
            slope=nothing,
            log_ratio=ratio,
            slope_naive=math.nan,
            ceiling={},
            reason=f"at least 3 functions are wanted, {k} have draws enough",
        )
    found = associate(
        points.x,
        {"b": points.y},
        strata=np.zeros(k, dtype=np.int64),
        units=np.arange(k),
        n_bootstrap=n_bootstrap,
        level=level,
        seed=seed,
    )["b"]
    once = _corrected(points, np.ones((1, k)))
    drawn = [np.empty((0, 3))]
    rows = max(1, _BLOCK // k)
    for start in range(0, n_bootstrap, rows):
        size = min(rows, n_bootstrap - start)
        weights = rng.multinomial(k, np.full(k, 1.0 / k), size=size).astype(np.float64)
        drawn.append(_corrected(points, weights))
    samples = np.concatenate(drawn)
    reason = "log P varies no more than its counting noise"
    corrected = coefficient(float(once[0, 0]), samples[:, 0], k, level, reason)
    slope = direction(float(once[0, 1]), samples[:, 1], k, level, reason)
    return Concordance(
        n_functions=k,
        n_unseen=n_unseen,
        mass=mass,
        pearson=found.pearson,
        spearman=found.spearman,
        pearson_corrected=corrected,
        slope=slope,
        log_ratio=ratio,
        slope_naive=float(once[0, 2]),
        ceiling=_ceiling(points, rng, n_ceiling, level),
        reason=corrected.reason,
    )


def _corrected(points: LogPoints, weights: Array) -> Array:
    """Return corrected r, corrected slope and naive slope for each row of weights, (rows, 3)."""
    x, y = points.x - points.x.mean(), points.y - points.y.mean()
    columns = np.array([x, y, x * x, x * y, y * y, points.x_noise, points.y_noise])
    total = weights.sum(axis=1)
    mx, my, xx, xy, yy, vx, vy = columns @ weights.T / total
    unbiased = total / (total - 1.0)
    sxx, sxy, syy = (xx - mx * mx) * unbiased, (xy - mx * my) * unbiased, (yy - my * my) * unbiased
    cxx, cyy = sxx - vx, syy - vy
    usable = (cxx > 0) & (cyy > 0)
    r = np.full(len(total), np.nan)
    r[usable] = sxy[usable] / np.sqrt(cxx[usable] * cyy[usable])
    slope = np.full(len(total), np.nan)
    ok = usable & (sxy != 0)
    gap = (cyy - cxx)[ok]
    slope[ok] = (gap + np.sqrt(gap**2 + 4.0 * sxy[ok] ** 2)) / (2.0 * sxy[ok])
    naive = np.divide(sxy, sxx, out=np.full(len(total), np.nan), where=sxx > 0)
    return np.column_stack([r, slope, naive])


def coefficient(value: float, samples: Array, k: int, level: float, why_nan: str) -> Coefficient:
    """Return a coefficient over k functions with the percentile interval of its resamples."""
    low = high = math.nan
    defined = samples[np.isfinite(samples)]
    if k >= FEWEST_UNITS and len(samples) and 2 * len(defined) > len(samples):
        low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]).tolist()
    reason = "" if math.isfinite(value) else why_nan
    return Coefficient(value=value, low=low, high=high, n_functions=k, n_units=k, reason=reason)


def direction(value: float, samples: Array, k: int, level: float, why_nan: str) -> Coefficient:
    """Return a slope with the interval of its direction, which turns through the vertical.

    Examples
    --------
    >>> found = direction(2.0, np.linspace(1.5, 2.5, 101), 20, 0.9, "")
    >>> round(found.low, 2), round(found.high, 2)
    (1.55, 2.45)
    >>> str(direction(50.0, np.array([40.0, 60.0, -50.0, -40.0]), 20, 0.9, ""))
    '+50.000 [-inf, +inf]'
    """
    angle = math.atan(value)
    turned = np.arctan(samples) - angle
    turned -= np.pi * np.rint(turned / np.pi)
    found = coefficient(value, turned, k, level, why_nan)
    if math.isnan(found.low):
        return found
    low, high = angle + found.low, angle + found.high
    bounded = -math.pi / 2 < low and high < math.pi / 2
    ends = (math.tan(low), math.tan(high)) if bounded else (-math.inf, math.inf)
    return replace(found, low=ends[0], high=ends[1])


def _ceiling(
    points: LogPoints, rng: np.random.Generator, n_ceiling: int, level: float
) -> dict[str, tuple[float, float, float]]:
    """Return what two perfect samplers of one distribution would give."""
    x, y, vx, vy = points.x, points.y, points.x_noise, points.y_noise
    noise = vx + vy
    share = np.divide(vy, noise, out=np.full(len(x), 0.5), where=noise > 0)
    pooled, noise = share * x + (1.0 - share) * y, share**2 * vx + (1.0 - share) ** 2 * vy
    spread = max(float(pooled.var(ddof=1) - noise.mean()), 0.0)
    total = spread + noise
    shrink = np.sqrt(np.divide(spread, total, out=np.zeros(len(x)), where=total > 0))
    truth = pooled.mean() + shrink * (pooled - pooled.mean())
    found = []
    levels = [float(values.mean() - pooled.mean()) for values in (x, y)]
    for _ in range(n_ceiling):
        u, v = points.redraw_a(truth + levels[0], rng), points.redraw_b(truth + levels[1], rng)
        if np.ptp(u) > 0 and np.ptp(v) > 0:
            slope = float(np.cov(u, v)[0, 1] / u.var(ddof=1))
            found.append((*pearson_spearman(u, v), slope))
    if len(found) < 2:
        return {}
    columns = np.array(found).T
    return {
        name: (float(c.mean()), *np.quantile(c, [(1 - level) / 2, (1 + level) / 2]).tolist())
        for name, c in zip(("pearson", "spearman", "slope_naive"), columns, strict=True)
    }
