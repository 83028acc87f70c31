"""The simplicity-bias bound P <= 2^(-a K + b): a line over the points of log P against K."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks

Array = npt.NDArray[np.float64]


class NoBoundError(ValueError):
    """The points have one complexity only (or there are none), so that no line is determined."""


@dataclass(frozen=True)
class Envelope:
    """The bound P <= 2^(-slope K + intercept) on probability at complexity K.

    Attributes
    ----------
    slope : float
        a, in bits per unit of the complexity; positive where P falls as the complexity grows.
    intercept : float
        b, in bits.
    method : str
        How the line was chosen.

    Examples
    --------
    >>> print(Envelope(0.5, 1.0, "by hand"))
    P <= 2^(-0.5 K + 1)
    """

    slope: float
    intercept: float
    method: str

    def log_p(self, complexity: npt.ArrayLike) -> Array:
        """Return the bound at each complexity, as natural logs of probabilities.

        Examples
        --------
        >>> Envelope(0.5, 1.0, "by hand").log_p([2.0])
        array([0.])
        """
        k = np.asarray(complexity, dtype=np.float64)
        bound: Array = (self.intercept - self.slope * k) * math.log(2.0)
        return bound

    def __str__(self) -> str:
        """Return the bound as a formula."""
        sign = "-" if self.intercept < 0 else "+"
        return f"P <= 2^({0.0 - self.slope:.4g} K {sign} {abs(self.intercept):.4g})"


def upper_envelope(complexity: npt.ArrayLike, log_p: npt.ArrayLike) -> Envelope:
    """Return the line over all points that lies closest to the maxima of P at each complexity.

    Of all lines on or above every point (K, log2 P) it is the one whose vertical distance to the
    largest log2 P at each distinct complexity, averaged over the distinct complexities, is
    smallest. That line holds the edge of the upper convex hull above the mean of the distinct
    complexities; where a corner of the hull is there, every line between its two edges is as
    close, and the one with the mean of their slopes is taken.

    Parameters
    ----------
    complexity : (k,) array-like
        In any unit.
    log_p : (k,) array-like
        Natural logs of the probabilities.

    Returns
    -------
    Envelope
        Never below a point, rounding apart.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, or there are fewer than two distinct
        complexities.

    Notes
    -----
    The bound is that of Dingle, Camargo and Louis, Nat. Commun. 9 (2018) 761, with constants
    fitted to the points. No account is taken of the error of each P. Leave out functions that were
    counted once: their P is not known. A sample cuts P off from below, so the line depends on the
    number of draws and on the least count that is kept.

    Examples
    --------
    >>> import numpy as np
    >>> line = upper_envelope([1, 2, 3, 2], np.log([1/2, 1/4, 1/8, 1/100]))
    >>> round(line.slope, 12), round(abs(line.intercept), 12)
    (1.0, 0.0)
    """
    k, y = _points(complexity, log_p)
    distinct, top = maxima(k, y)
    if len(distinct) < 2:
        raise NoBoundError(
            f"an envelope needs at least two distinct complexities, got {distinct.tolist()}"
        )
    corners = _upper_hull(distinct, top)
    slopes = np.diff(top[corners]) / np.diff(distinct[corners])
    centre = distinct.mean()
    inner = distinct[corners[1:-1]]
    left = int(np.searchsorted(inner, centre, side="left"))
    right = int(np.searchsorted(inner, centre, side="right"))
    slope = -(slopes[left] + slopes[right]) / 2
    intercept = float((top + slope * distinct).max())
    return Envelope(float(slope) + 0.0, intercept, "hull edge over the mean of the complexities")


def quantile_bound(
    complexity: npt.ArrayLike,
    log_p: npt.ArrayLike,
    *,
    quantile: float = 0.99,
    weights: npt.ArrayLike | None = None,
) -> Envelope:
    """Return the line that a given fraction of the points lies below, by quantile regression.

    It minimises the sum of w (q u) over the points u above it and of w (1 - q) |u| over those
    below, u being the vertical distance of log2 P. The fraction of the weight strictly below it is
    at most q, and that on or below it at least q. A few points above are thus let off, unlike by
    `upper_envelope`; and as most functions are rare, it is they that decide.

    Parameters
    ----------
    complexity : (k,) array-like
        In any unit.
    log_p : (k,) array-like
        Natural logs of the probabilities.
    quantile : float
        q, in (0, 1).
    weights : (k,) array-like, optional
        At least 0; how many functions each point stands for, by default one.

    Returns
    -------
    Envelope
        Through at least two points of distinct complexity. Where several lines are as good, as
        with few points, one of them.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, a weight is negative, the quantile is out of
        range, or there are fewer than two distinct complexities of positive weight.

    Notes
    -----
    Koenker and Bassett, Econometrica 46 (1978) 33. The dual linear programme is solved, by HiGHS:
    it has one bounded variable a distinct point and two constraints, whose multipliers are the
    line.

    Examples
    --------
    >>> import numpy as np
    >>> k = np.repeat([1.0, 2.0, 3.0], 4)
    >>> log2_p = -k - np.tile([0.0, 1.0, 2.0, 3.0], 3)
    >>> line = quantile_bound(k, np.log(2) * log2_p, quantile=0.6)
    >>> round(line.slope, 9), round(line.intercept, 9)
    (1.0, -1.0)
    """
    from scipy.optimize import linprog

    quantile = checks.real("quantile", quantile, low=0.0, high=1.0, open_low=True, open_high=True)
    k, y = _points(complexity, log_p)
    k, y, w = _folded(k, y, np.ones_like(k) if weights is None else weights)
    if len(k) == 0 or k[0] == k[-1]:
        raise NoBoundError(
            f"a line needs at least two distinct complexities, got {np.unique(k).tolist()}"
        )
    centre, scale, level = k.mean(), np.ptp(k), y.mean()
    design = np.array([np.ones_like(k), (k - centre) / scale])
    ends: Any = np.column_stack([(quantile - 1) * w, quantile * w])
    found = linprog(level - y, A_eq=design, b_eq=[0.0, 0.0], bounds=ends, method="highs")
    if found.status != 0:
        raise RuntimeError(f"the linear programme was not solved: {found.message}")
    height, fall = -found.eqlin.marginals[0], found.eqlin.marginals[1] / scale
    intercept = float(level + height + fall * centre)
    return Envelope(float(fall) + 0.0, intercept, f"{quantile:g} quantile of the functions")


def _folded(k: Array, y: Array, weights: npt.ArrayLike) -> tuple[Array, Array, Array]:
    """Return the distinct points of positive weight, k rising, and their mean-1 weights."""
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != k.shape:
        raise ValueError(f"weights must have shape {k.shape}, got {w.shape}")
    wrong = w[~(np.isfinite(w) & (w >= 0))]
    if len(wrong):
        raise ValueError(f"weights must be finite and at least 0, got {wrong[0]}")
    k, y, w = (values[w > 0] for values in (k, y, w))
    order = np.lexsort((y, k))
    k, y, w = k[order], y[order], w[order]
    new = np.flatnonzero(np.append(True, (np.diff(k) != 0) | (np.diff(y) != 0))[: len(k)])
    total = np.add.reduceat(w, new) if len(new) else w
    return k[new], y[new], total / total.mean() if len(new) else total


def maxima(complexity: npt.ArrayLike, values: npt.ArrayLike) -> tuple[Array, Array]:
    """Return the distinct complexities, rising, and the largest value at each.

    Parameters
    ----------
    complexity, values : (k,) array-like

    Returns
    -------
    distinct, largest : (j,) float64 arrays

    Examples
    --------
    >>> maxima([2.0, 1.0, 2.0], [0.3, 0.4, 0.5])
    (array([1., 2.]), array([0.4, 0.5]))
    """
    k, y = np.asarray(complexity, dtype=np.float64), np.asarray(values, dtype=np.float64)
    distinct, place = np.unique(k, return_inverse=True)
    largest = np.full(len(distinct), -np.inf)
    np.maximum.at(largest, place, y)
    return distinct, largest


def _points(complexity: npt.ArrayLike, log_p: npt.ArrayLike) -> tuple[Array, Array]:
    """Return the complexities and log2 P."""
    k, y = np.asarray(complexity, dtype=np.float64), np.asarray(log_p, dtype=np.float64)
    if k.ndim != 1 or k.shape != y.shape:
        raise ValueError(
            f"complexity and log_p must both have shape (k,), got {k.shape} and {y.shape}"
        )
    for name, values in (("complexity", k), ("log_p", y)):
        wrong = values[~np.isfinite(values)]
        if len(wrong):
            raise ValueError(f"{name} must be finite, got {wrong[0]}")
    return k, y / math.log(2.0)


def _upper_hull(k: Array, y: Array) -> list[int]:
    """Return the indices of the corners of the upper convex hull, k rising."""
    corners: list[int] = []
    for i in range(len(k)):
        while len(corners) > 1:
            a, b = corners[-2:]
            if (y[b] - y[a]) * (k[i] - k[a]) > (y[i] - y[a]) * (k[b] - k[a]):
                break
            corners.pop()
        corners.append(i)
    return corners
