"""Sensitivity, block sensitivity and certificate complexity of functions on a Boolean cube."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol.bits import Words
from priorvol.complexity.chunks import map_columns, map_cube
from priorvol.complexity.registry import SYMMETRIES, Measure, register
from priorvol.inputs import MAX_CUBE


def average_sensitivity(functions: Any, *, m: int | None = None) -> npt.NDArray[np.float64]:
    """Return the mean over inputs of the number of coordinates whose change changes the output.

    Parameters
    ----------
    functions : any form of k functions on a Boolean cube, n at most 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    sensitivity : (k,) float64 array
        In [0, n]. Exact: a whole number divided by 2^n.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on a whole Boolean cube with n at most
        16, or m is missing or does not agree.

    Notes
    -----
    The total influence of the coordinates, and n times `disagreement_1`.

    Source: Kahn, Kalai and Linial, Proc. 29th FOCS (1988) 68.

    Examples
    --------
    >>> average_sensitivity(["01101001", "00000001"])
    array([3.  , 0.75])
    """
    return map_columns(_average_sensitivity, functions, m, "average_sensitivity")


def sensitivity(functions: Any, *, m: int | None = None) -> npt.NDArray[np.int64]:
    """Return the most coordinates of one input whose change changes the output.

    Parameters
    ----------
    functions : any form of k functions on a Boolean cube, n at most 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    sensitivity : (k,) int64 array
        s, 0 to n.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on a whole Boolean cube with n at most
        16, or m is missing or does not agree.

    Notes
    -----
    Source: Cook, Dwork and Reischuk, SIAM J. Comput. 15 (1986) 87.

    Examples
    --------
    >>> sensitivity(["01101001", "00000001", "00000000"])
    array([3, 3, 0])
    """
    return map_columns(_sensitivity, functions, m, "sensitivity")


def block_sensitivity(functions: Any, *, m: int | None = None) -> npt.NDArray[np.int64]:
    """Return the most disjoint blocks of coordinates of one input that are each sensitive.

    A block is sensitive at x where negating all its coordinates changes f(x).

    Parameters
    ----------
    functions : any form of k functions on a Boolean cube, n at most 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    block_sensitivity : (k,) int64 array
        bs, 0 to n. Exact.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on a whole Boolean cube with n at most
        7, or m is missing or does not agree.

    Notes
    -----
    s <= bs <= C, with s `sensitivity` and C `certificate_complexity`.

    Source: Nisan, SIAM J. Comput. 20 (1991) 999.

    Examples
    --------
    >>> block_sensitivity(["01101001", "00000001", "00000000"])
    array([3, 3, 0])

    Sortedness of four bits, 1 at words that only rise or only fall: two coordinates of 0011 are
    sensitive, and so is the block of the other two.

    >>> ordered = "1101000110001011"
    >>> sensitivity(ordered), block_sensitivity(ordered)
    (array([2]), array([3]))
    """
    return map_cube(_block_sensitivity, functions, m, np.int64, "block_sensitivity")


def certificate_complexity(functions: Any, *, m: int | None = None) -> npt.NDArray[np.int64]:
    """Return the most coordinates that must be known of an input to be sure of its output.

    A certificate of x is a set of coordinates such that f is constant on the inputs that agree
    with x there; the smallest one of each x is taken, and of these the largest.

    Parameters
    ----------
    functions : any form of k functions on a Boolean cube, n at most 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    certificate_complexity : (k,) int64 array
        C, 0 to n. Exact.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on a whole Boolean cube with n at most
        7, or m is missing or does not agree.

    Notes
    -----
    C <= s bs, with s `sensitivity` and bs `block_sensitivity` (Nisan).

    Source: Nisan, SIAM J. Comput. 20 (1991) 999.

    Examples
    --------
    In the last function the first coordinate says which of the other two is the output.

    >>> certificate_complexity(["01101001", "00000001", "00110101"])
    array([3, 3, 2])
    """
    return map_cube(_certificate_complexity, functions, m, np.int64, "certificate_complexity")


def _average_sensitivity(columns: Words, n: int) -> npt.NDArray[np.float64]:
    from priorvol._kernels.neighbours import count_pairs

    return count_pairs(columns, n, 1) / (1 << n)


def _sensitivity(columns: Words, n: int) -> npt.NDArray[np.int64]:
    from priorvol._kernels.sensitivity import largest_sensitivity

    return largest_sensitivity(columns, n)


def _block_sensitivity(pair: Words, n: int) -> npt.NDArray[np.int64]:
    from priorvol._kernels.sensitivity import largest_block_sensitivity

    return largest_block_sensitivity(pair, n)


def _certificate_complexity(pair: Words, n: int) -> npt.NDArray[np.int64]:
    from priorvol._kernels.sensitivity import largest_certificate

    return largest_certificate(pair, n)


register(
    Measure(
        name="average_sensitivity",
        function=average_sensitivity,
        unit="coordinates",
        label="average sensitivity (coordinates)",
        cost="about 60 million functions a second a core at n = 7",
        source="Kahn, Kalai and Linial, Proc. 29th FOCS (1988) 68",
        description="coordinates whose change changes the output, mean over inputs",
        needs="cube",
        largest_n=MAX_CUBE,
        symmetries=SYMMETRIES,
        oracle="each coordinate of each input, one by one; parity, AND, multiplexer",
    )
)
register(
    Measure(
        name="sensitivity",
        function=sensitivity,
        unit="coordinates",
        label="sensitivity (coordinates)",
        cost="about 40 million functions a second a core at n = 7",
        source="Cook, Dwork and Reischuk, SIAM J. Comput. 15 (1986) 87",
        description="coordinates whose change changes the output, maximum over inputs",
        needs="cube",
        largest_n=MAX_CUBE,
        symmetries=SYMMETRIES,
        oracle="each coordinate of each input, one by one; parity, AND, multiplexer",
    )
)
register(
    Measure(
        name="block_sensitivity",
        function=block_sensitivity,
        unit="blocks",
        label="block sensitivity (blocks)",
        cost="about 1 million functions a second a core at n = 7",
        source="Nisan, SIAM J. Comput. 20 (1991) 999",
        description="disjoint blocks whose negation changes the output, maximum over inputs",
        needs="cube",
        largest_n=7,
        symmetries=SYMMETRIES,
        oracle="a search through disjoint families at each input; parity, AND, sortedness",
    )
)
register(
    Measure(
        name="certificate_complexity",
        function=certificate_complexity,
        unit="coordinates",
        label="certificate complexity (coordinates)",
        cost="about 6 million functions a second a core at n = 7",
        source="Nisan, SIAM J. Comput. 20 (1991) 999",
        description="coordinates that fix the output, fewest for each input, maximum over inputs",
        needs="cube",
        largest_n=7,
        symmetries=SYMMETRIES,
        oracle="all subcubes of each input; parity, AND, multiplexer",
    )
)
