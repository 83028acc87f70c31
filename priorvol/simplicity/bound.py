"""The simplicity-bias bound P <= 2^(-a K + b): a line over the points of log P against K."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


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
        raise ValueError(
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
