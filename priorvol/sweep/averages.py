"""Means with Student's intervals, over training sets and over targets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def mean_interval(values: npt.ArrayLike, *, level: float = 0.95) -> tuple[Array, Array, Array]:
    """Return the mean along the last axis and the ends of its interval; nan is left out.

    The interval is Student's t, cut at the range of a share, [0, 1]. Of one value there is none
    (nan), and values that are all equal have one of no width.

    Parameters
    ----------
    values : (..., k) array_like
        Shares.
    level : float

    Returns
    -------
    mean, low, high : (...) float64 arrays

    Examples
    --------
    >>> mean, low, high = mean_interval([0.25, 0.5, 0.75])
    >>> float(mean), bool(low < mean < high)
    (0.5, True)
    """
    mean, error, n = mean_error(values)
    from scipy.special import stdtrit

    with np.errstate(invalid="ignore"):
        half = stdtrit(n - 1, 0.5 + level / 2.0) * error
    return mean, np.maximum(mean - half, 0.0), np.minimum(mean + half, 1.0)


def mean_error(values: npt.ArrayLike) -> tuple[Array, Array, Array]:
    """Return the mean along the last axis, its standard error, and of how many; nan is left out.

    Examples
    --------
    >>> mean, error, n = mean_error([1.0, 3.0, float("nan")])
    >>> float(mean), float(error), float(n)
    (2.0, 1.0, 2.0)
    """
    array = np.asarray(values, dtype=np.float64)
    held = np.isfinite(array)
    n = held.sum(axis=-1).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):  # one value has no error
        mean = np.where(held, array, 0.0).sum(axis=-1) / n
        squares = np.where(held, array - mean[..., None], 0.0) ** 2
        error = np.sqrt(squares.sum(axis=-1) / (n * (n - 1)))
    return np.asarray(mean), np.asarray(error), np.asarray(n)
