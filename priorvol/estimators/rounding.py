"""What the rounding of a covariance leaves open: bounds on orthants that hold in spite of it.

A covariance in double precision is known up to about `ENTRY` an entry. Where an orthant is so thin
that this decides its probability, no sampling helps. What can be said without sampling comes from
weights y >= 0, sum y = 1, for which y'h is almost nothing: inside the orthant h_i < y'h / y_i for
every i at once.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from priorvol.estimators.expectation_propagation import standardised
from priorvol.estimators.tilting import SINGULAR
from priorvol.gaussian import GaussianLaw

Array = npt.NDArray[np.float64]

ENTRY = 4 * float(np.finfo(np.float64).eps)
"""Error of an entry of a correlation matrix, of any activation's kernel."""

_STEPS = np.arange(0.5, 60.25, 0.25)  # standard deviations of y'h that are tried
_CLEAR = 1e3  # the least eigenvalue of outputs clearly independent, over what rounding may change
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)


def bound_despite_rounding(law: GaussianLaw, signs: npt.ArrayLike) -> float:
    """Return a bound on log P of an orthant, for every covariance within rounding of a law's.

    Examples
    --------
    >>> law = GaussianLaw([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 2.0]])  # h, h', h + h'
    >>> bool(bound_despite_rounding(law, [1, 1, -1]) < -25.0)
    True
    """
    from priorvol._kernels.singular_orthants import pivoted_factor

    correlation, mean, _ = standardised(law, signs)
    factor, _, rank = pivoted_factor(correlation, SINGULAR)
    return log_bound(correlation, mean, deepest(factor[:, :rank], mean)[1])


def is_empty(factor: npt.ArrayLike, signs: npt.ArrayLike) -> bool:
    """Say whether no x gives the outputs ``factor x`` some signs, of a factor that is exact.

    Parameters
    ----------
    factor : (k, r) array
        No row is 0.
    signs : (k,) array of -1 and +1

    Returns
    -------
    bool
        True where weights y >= 0 make sum y_i signs_i factor_i = 0 to rounding (1e-13).

    Examples
    --------
    >>> table = [[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]  # a perceptron with a bias at 0, 1, 2
    >>> is_empty(table, [1, -1, 1]), is_empty(table, [1, 1, -1])
    (True, False)
    """
    rows = np.asarray(factor, dtype=np.float64) * np.asarray(signs)[:, None]
    rows = rows / np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    x, y = deepest(rows, np.zeros(len(rows)))
    return x is None and bool(np.abs(y @ rows).max() <= 1e-13)


def deepest(factor: Array, mean: Array) -> tuple[Array | None, Array]:
    """Return the direction deepest inside a polyhedron mean + factor x > 0, and the weights y.

    The point of least norm in the convex hull of the outputs' normals: p = sum y_i factor_i is
    inside the cone, unless it is 0, when the cone is empty. A mean makes one more dimension, and
    one more normal: x / t with (x, t) inside the cone factor x + mean t > 0, t > 0.

    Parameters
    ----------
    factor : (k, r) array
    mean : (k,) array

    Returns
    -------
    x : (r,) float64 or None
        Inside; where the mean is 0, of norm r^(1/2). None if p is 0 up to 1e-8.
    y : (k,) float64
        At least 0; their sum is 1. Where x is None and the mean 0, factor' y is 0 up to that.

    Examples
    --------
    >>> deepest(np.eye(2), np.zeros(2))
    (array([1., 1.]), array([0.5, 0.5]))
    >>> deepest(np.array([[1.0], [-1.0]]), np.zeros(2))
    (None, array([0.5, 0.5]))
    """
    from scipy.optimize import nnls

    k, r = factor.shape
    normals = factor
    if mean.any():
        normals = np.zeros((k + 1, r + 1))
        normals[:k, :r], normals[:k, r], normals[k, r] = factor, mean, 1.0
    lengths = np.sqrt((normals * normals).sum(axis=1))
    normals = normals / lengths[:, None]
    table = np.vstack([normals.T, np.ones(len(normals))])
    y, _ = nnls(table, np.concatenate([np.zeros(len(table) - 1), [1.0]]), maxiter=50 * k)
    y /= y.sum()
    p = y @ normals
    norm = float(np.sqrt(p @ p))
    weights = y[:k] / lengths[:k]
    if norm <= 1e-8 or (normals @ p).min() <= 0.0:
        return None, weights / weights.sum()
    x = p[:r] / p[r] if mean.any() else p * (math.sqrt(r) / norm)
    return x, weights / weights.sum()


def log_bound(correlation: Array, mean: Array, y: Array) -> float:
    """Return an upper bound on log P(h > 0) for every correlation matrix within `ENTRY`.

    With Z = y'h, P(h > 0) <= P(Z > c) + P(0 < h_i < c / y_i for i in S), and the second is at most
    the volume times the largest density; S is chosen among outputs that are clearly independent.

    Parameters
    ----------
    correlation : (k, k) array
    mean : (k,) array
    y : (k,) array
        At least 0.

    Examples
    --------
    >>> bound = log_bound(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.zeros(2), np.array([0.5, 0.5]))
    >>> bool(-17.0 < bound < -15.0)
    True
    """
    from scipy.special import log_ndtr

    total = float(y.sum())
    if not total > 0.0:
        return 0.0
    y = y / total
    spread = math.sqrt(max(float(y @ correlation @ y), 0.0) + ENTRY)
    left, columns = np.diag(correlation).copy(), np.empty((len(y), 0))
    reach = max(float(y @ mean), 0.0) + spread * _STEPS
    box, chosen = np.zeros(len(_STEPS)), np.zeros(0, dtype=np.int64)
    while True:
        gain = y * np.sqrt(np.maximum(left, 0.0))
        i = int(gain.argmax())
        chosen = np.append(chosen, i)
        if not gain[i] * _ROOT_TWO_PI > reach[0]:
            break
        among = correlation[np.ix_(chosen, chosen)]
        if np.linalg.eigvalsh(among)[0] < _CLEAR * len(chosen) * ENTRY:
            break
        box += np.minimum(np.log(reach / (_ROOT_TWO_PI * gain[i])) + 1.0 / _CLEAR, 0.0)
        column = (correlation[i] - columns @ columns[i]) / math.sqrt(left[i])
        columns = np.column_stack([columns, column])
        left = left - column * column
        left[chosen] = 0.0
    return min(float(np.logaddexp(box, log_ndtr(-_STEPS)).min()), 0.0)
