"""How often neighbouring inputs of a Boolean cube have different outputs, by Hamming distance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.bits import Words
from priorvol.complexity.chunks import map_columns
from priorvol.complexity.registry import SYMMETRIES, Measure, register
from priorvol.inputs import MAX_CUBE


def disagreement(functions: Any, distance: int, *, m: int | None = None) -> npt.NDArray[np.float64]:
    """Return C_d, the fraction of pairs of inputs at Hamming distance d whose outputs differ.

    Parameters
    ----------
    functions : any form of k functions on a Boolean cube, n at most 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    distance : int
        d, 1 to n.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    disagreement : (k,) float64 array
        In [0, 1].

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on a whole Boolean cube with n at most
        16, m is missing or does not agree, or the distance is out of range.

    Notes
    -----
    A fraction of all 2^n binomial(n, d) ordered pairs, so exact in float64 up to one rounding. A
    uniformly random function has mean 1/2 at every distance.

    Source: Franco and Anthony, IEEE Trans. Neural Netw. 17 (2006) 578.

    Examples
    --------
    Parity changes with every coordinate, so not with two of them.

    >>> disagreement("01101001", 1), disagreement("01101001", 2)
    (array([1.]), array([0.]))
    """
    distance = checks.integer("distance", distance, low=1)

    def column(columns: Words, n: int) -> npt.NDArray[np.float64]:
        checks.integer("distance", distance, high=n)
        return _disagreement(columns, n, distance)

    return map_columns(column, functions, m, "disagreement")


def cumulative_disagreement(
    functions: Any, up_to: int, *, m: int | None = None
) -> npt.NDArray[np.float64]:
    """Return C_1 + ... + C_d, the sum of `disagreement` over distances up to d.

    Parameters
    ----------
    functions : any form of k functions on a Boolean cube, n at most 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    up_to : int
        d, 1 to n.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    total : (k,) float64 array
        In [0, d].

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on a whole Boolean cube with n at most
        16, m is missing or does not agree, or ``up_to`` is out of range.

    Notes
    -----
    Source: Franco and Anthony, IEEE Trans. Neural Netw. 17 (2006) 578.

    Examples
    --------
    >>> cumulative_disagreement("01101001", 3)
    array([2.])
    """
    up_to = checks.integer("up_to", up_to, low=1)

    def column(columns: Words, n: int) -> npt.NDArray[np.float64]:
        checks.integer("up_to", up_to, high=n)
        return _cumulative(columns, n, up_to)

    return map_columns(column, functions, m, "cumulative disagreement")


def disagreement_1(functions: Any, *, m: int | None = None) -> npt.NDArray[np.float64]:
    """Return C_1, the fraction of pairs of inputs at Hamming distance 1 whose outputs differ.

    Parameters
    ----------
    functions : any form of k functions on a Boolean cube, n at most 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    disagreement : (k,) float64 array
        In [0, 1]: the average sensitivity divided by n.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on a whole Boolean cube with n at most
        16, or m is missing or does not agree.

    Notes
    -----
    Source: Franco and Anthony, IEEE Trans. Neural Netw. 17 (2006) 578.

    Examples
    --------
    >>> disagreement_1(["01101001", "00000001"])
    array([1.  , 0.25])
    """
    return map_columns(_disagreement_1, functions, m, "disagreement_1")


def disagreement_2(functions: Any, *, m: int | None = None) -> npt.NDArray[np.float64]:
    """Return C_2, the fraction of pairs of inputs at Hamming distance 2 whose outputs differ.

    Parameters
    ----------
    functions : any form of k functions on a Boolean cube, n at most 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    disagreement : (k,) float64 array
        In [0, 1]. 0 at n = 1, where there is no such pair.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on a whole Boolean cube with n at most
        16, or m is missing or does not agree.

    Notes
    -----
    Source: Franco and Anthony, IEEE Trans. Neural Netw. 17 (2006) 578.

    Examples
    --------
    >>> disagreement_2(["01101001", "00000001"])
    array([0.  , 0.25])
    """
    return map_columns(_disagreement_2, functions, m, "disagreement_2")


def generalization_complexity(functions: Any, *, m: int | None = None) -> npt.NDArray[np.float64]:
    """Return C_1 + C_2: how often outputs differ at Hamming distance 1, and 2, summed.

    Parameters
    ----------
    functions : any form of k functions on a Boolean cube, n at most 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    complexity : (k,) float64 array
        In [0, 2]; C_1 alone at n = 1, where no inputs are at distance 2.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on a whole Boolean cube with n at most
        16, or m is missing or does not agree.

    Notes
    -----
    The measure is a series over distances, cut after its second term as in arXiv:1805.08522;
    `cumulative_disagreement` gives the others.

    Source: Franco and Anthony, IEEE Trans. Neural Netw. 17 (2006) 578; arXiv:1805.08522, appendix.

    Examples
    --------
    >>> generalization_complexity(["01101001", "00000001"])
    array([1. , 0.5])
    """
    what = "generalization_complexity"
    return map_columns(_generalization_complexity, functions, m, what)


def _disagreement(columns: Words, n: int, distance: int) -> npt.NDArray[np.float64]:
    from priorvol._kernels.neighbours import count_pairs

    return count_pairs(columns, n, distance) / (math.comb(n, distance) << n)


def _cumulative(columns: Words, n: int, up_to: int) -> npt.NDArray[np.float64]:
    total = np.zeros(columns.shape[1])
    for distance in range(1, up_to + 1):
        total += _disagreement(columns, n, distance)
    return total


def _disagreement_1(columns: Words, n: int) -> npt.NDArray[np.float64]:
    return _disagreement(columns, n, 1)


def _disagreement_2(columns: Words, n: int) -> npt.NDArray[np.float64]:
    return _disagreement(columns, n, 2) if n > 1 else np.zeros(columns.shape[1])


def _generalization_complexity(columns: Words, n: int) -> npt.NDArray[np.float64]:
    return _cumulative(columns, n, min(n, 2))


register(
    Measure(
        name="disagreement_1",
        function=disagreement_1,
        unit="",
        label=r"disagreement at distance 1, $C_1$",
        cost="about 60 million functions a second a core at n = 7",
        source="Franco and Anthony, IEEE Trans. Neural Netw. 17 (2006) 578",
        description="fraction of pairs of inputs at Hamming distance 1 whose outputs differ",
        needs="cube",
        largest_n=MAX_CUBE,
        symmetries=SYMMETRIES,
        oracle="all pairs, one by one; parity, AND; the Walsh spectrum",
    )
)
register(
    Measure(
        name="disagreement_2",
        function=disagreement_2,
        unit="",
        label=r"disagreement at distance 2, $C_2$",
        cost="about 30 million functions a second a core at n = 7",
        source="Franco and Anthony, IEEE Trans. Neural Netw. 17 (2006) 578",
        description="fraction of pairs of inputs at Hamming distance 2 whose outputs differ",
        needs="cube",
        largest_n=MAX_CUBE,
        symmetries=SYMMETRIES,
        oracle="all pairs, one by one; parity, AND; the Walsh spectrum",
    )
)
register(
    Measure(
        name="generalization_complexity",
        function=generalization_complexity,
        unit="",
        label="generalisation complexity $C_1 + C_2$",
        cost="about 20 million functions a second a core at n = 7",
        source="Franco and Anthony, IEEE Trans. Neural Netw. 17 (2006) 578; arXiv:1805.08522",
        description="fractions of pairs at distance 1, and 2, whose outputs differ, summed",
        needs="cube",
        largest_n=MAX_CUBE,
        symmetries=SYMMETRIES,
        oracle="all pairs, one by one; parity, AND; the Walsh spectrum",
    )
)
