"""Linear separability: which functions one perceptron computes, and with which weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol.bits import Words
from priorvol.complexity.chunks import check_cube, map_cube
from priorvol.complexity.registry import SYMMETRIES, Measure, register


def linearly_separable(functions: Any, *, m: int | None = None) -> npt.NDArray[np.bool_]:
    """Return whether each function is a threshold function: f(x) = 1 where w.x >= theta.

    These are the functions that a perceptron with a bias computes. Constants are among them.

    Parameters
    ----------
    functions : any form of k functions on {0,1}^n, n <= 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    separable : (k,) bool array

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on such a cube, or m is missing or does
        not agree.

    Notes
    -----
    Exact, and without a linear programme: for n <= 8, though not for n = 9, a function is a
    threshold function if no two points where it is 1 have the same sum as two where it is 0 (it is
    2-asummable, or completely monotonic).

    Source: Muroga, Tsuboi and Baugh, IEEE Trans. Comput. C-19 (1970) 818; Muroga, Threshold Logic
    and Its Applications (Wiley, 1971).

    Examples
    --------
    AND, parity, majority.

    >>> linearly_separable(["00000001", "01101001", "00010111"])
    array([ True, False,  True])
    """
    return map_cube(_separable, functions, m, np.bool_, "linearly_separable")


def not_separable(functions: Any, *, m: int | None = None) -> npt.NDArray[np.int64]:
    """Return 0 for each function that is linearly separable and 1 for each other.

    As a complexity, it is `linearly_separable` turned round.

    Parameters
    ----------
    functions : any form of k functions on {0,1}^n, n <= 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    values : (k,) int64 array
        Pure numbers.

    Raises
    ------
    ValueError
        If the functions are refused as in `linearly_separable`.

    Notes
    -----
    Source: that of `linearly_separable`.

    Examples
    --------
    >>> not_separable(["0001", "0110"])
    array([0, 1])
    """
    return map_cube(_not_separable, functions, m, np.int64, "not_separable")


def threshold_weights(
    function: Any, *, m: int | None = None
) -> tuple[npt.NDArray[np.int64], int] | None:
    """Return integers w and theta with f(x) = 1 exactly where w.x >= theta, or None.

    The sum of |w| is the least there is, and theta the largest that fits w; for the constant 0 it
    is 1, for the constant 1 it is 0. There may be several such w.

    Parameters
    ----------
    function : one function on {0,1}^n, n <= 7
        A table of one row, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    weights : (n,) int64 array
        The first input's weight first; the inputs are 0 and 1. 0 where f does not depend on it.
    threshold : int
        Or None in place of both, if f is not linearly separable.

    Raises
    ------
    ValueError
        If it is not one function, or is refused as in `linearly_separable`.
    RuntimeError
        If the weights that the solver returns do not give f.

    Notes
    -----
    An integer linear programme (SciPy's HiGHS); the weights returned are checked in integers.

    Source: Muroga, Threshold Logic and Its Applications (Wiley, 1971).

    Examples
    --------
    Majority, then parity.

    >>> threshold_weights("00010111")
    (array([1, 1, 1]), 2)
    >>> threshold_weights("01101001") is None
    True
    """
    words, found = bits.as_words(function, m)
    n = check_cube(function, found, "threshold_weights", largest_n=7)
    if len(words) != 1:
        raise ValueError(f"one function is wanted, got {len(words)}")
    if not linearly_separable(words, m=found)[0]:
        return None
    values = bits.unpack(words, found)[0]
    points = (np.arange(found)[:, None] >> np.arange(n - 1, -1, -1)) & 1
    weights = _least_weights(values, points)
    sums = points @ weights
    threshold = int(sums[values].min()) if values.any() else int(sums.max()) + 1
    if not np.array_equal(sums >= threshold, values):
        text = bits.to_text(words, found)[0]
        raise RuntimeError(f"the solver's weights {weights.tolist()} do not give {text}")
    return weights, threshold


def _least_weights(
    values: npt.NDArray[np.bool_], points: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return integer weights of a separable function with the least sum of magnitudes."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    n = points.shape[1]
    cube = values.astype(np.int64).reshape((2,) * n)
    # f is unate: along an input it only rises or only falls
    signs = np.sign([np.diff(cube, axis=axis).sum() for axis in range(n)])
    least = np.abs(signs)
    most = np.where(signs, np.inf, 0.0)
    sides = np.where(values, 1, -1)[:, None]
    rows = sides * np.column_stack([signs * points, -np.ones(len(points), dtype=np.int64)])
    result = milp(
        c=np.append(np.ones(n), 0.0),  # |w|, then theta
        constraints=LinearConstraint(rows, np.where(values, 0.0, 1.0), np.inf),
        bounds=Bounds(np.append(least, -np.inf), np.append(most, np.inf)),
        integrality=np.ones(n + 1),
    )
    if result.x is None:
        raise RuntimeError(f"the solver found no weights: {result.message}")
    weights: npt.NDArray[np.int64] = signs * np.rint(result.x[:n]).astype(np.int64)
    return weights


def _separable(pair: Words, n: int) -> npt.NDArray[np.bool_]:
    from priorvol._kernels.separability import separable

    return separable(pair, n)


def _not_separable(pair: Words, n: int) -> npt.NDArray[np.int64]:
    return (~_separable(pair, n)).astype(np.int64)


register(
    Measure(
        name="not_separable",
        function=not_separable,
        unit="",
        label="not linearly separable",
        cost="1.5 (perceptrons) to 300 (random) million functions a second a core at n = 7",
        source="Muroga, Tsuboi and Baugh, IEEE Trans. Comput. C-19 (1970) 818",
        description="0 if one perceptron with a bias computes the function, else 1",
        needs="cube",
        largest_n=7,
        symmetries=SYMMETRIES,
        oracle="the known numbers of threshold functions to n = 7; linear programmes",
    )
)
