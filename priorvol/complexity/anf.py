"""Algebraic normal form: a function as a sum modulo 2 of products of its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol.bits import Words
from priorvol.complexity.chunks import map_any_cube
from priorvol.complexity.registry import Measure, register
from priorvol.inputs import MAX_CUBE


def anf_coefficients(functions: Any, *, m: int | None = None) -> Words:
    """Return the coefficients of the algebraic normal form of each function, packed.

    f(x) = XOR over S of a(S) AND_{i in S} x_i, in one way. The set S is an input number: input i
    of the function is in S where bit i of the binary expansion is 1, the first input being the
    most significant, as in the numbering of the points. S = 0 is the constant term.

    Parameters
    ----------
    functions : any form of k functions on a whole Boolean cube {0,1}^n, 1 <= n <= 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    coefficients : (k, ceil(m / 64)) uint64 array
        Bit b of word j is a(64 j + b), as functions are packed.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form, m is missing or does not agree, or the inputs
        are not a whole Boolean cube with n at most 16.

    Notes
    -----
    a(S) is the sum modulo 2 of f over the points below S. The transform is its own inverse: the
    form of the form is the function.

    Source: Bakoev, arXiv:1905.08649.

    Examples
    --------
    XOR of two inputs is x_1 + x_2 (bits 2 and 1), their OR is x_1 + x_2 + x_1 x_2.

    >>> anf_coefficients(["0110", "0111"])
    array([[ 6],
           [14]], dtype=uint64)
    """
    return map_any_cube(_coefficients, functions, m, "anf_coefficients")


def anf_degree(functions: Any, *, m: int | None = None) -> npt.NDArray[np.int64]:
    """Return the algebraic degree of each function: inputs in the longest product of its form.

    Parameters
    ----------
    functions : any form of k functions on a whole Boolean cube {0,1}^n, 1 <= n <= 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    degree : (k,) int64 array
        0 to n; 0 for both constants.

    Raises
    ------
    ValueError
        As `anf_coefficients`.

    Notes
    -----
    It is n exactly where T is odd. Invertible affine maps of the inputs over GF(2) leave it
    unchanged.

    Source: Bakoev, arXiv:1905.08649.

    Examples
    --------
    >>> anf_degree(["0110", "0001", "1111"])
    array([1, 2, 0])
    """
    return map_any_cube(_degree, functions, m, "anf_degree")


def anf_terms(functions: Any, *, m: int | None = None) -> npt.NDArray[np.int64]:
    """Return the number of products in the algebraic normal form of each function.

    Parameters
    ----------
    functions : any form of k functions on a whole Boolean cube {0,1}^n, 1 <= n <= 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    terms : (k,) int64 array
        0 to 2^n. The constant term counts as one, so the constant 0 has none and the constant 1
        has one.

    Raises
    ------
    ValueError
        As `anf_coefficients`.

    Notes
    -----
    The complement has one term more or less. Negating inputs can change it widely: the AND of n
    inputs has one term, that of their negations 2^n.

    Source: Bakoev, arXiv:1905.08649.

    Examples
    --------
    >>> anf_terms(["0110", "0001", "1000", "0000"])
    array([2, 1, 4, 0])
    """
    return map_any_cube(_terms, functions, m, "anf_terms")


def _coefficients(words: Words, n: int) -> Words:
    from priorvol._kernels.anf import transformed

    return np.ascontiguousarray(transformed(words, n).T)


def _degree(words: Words, n: int) -> npt.NDArray[np.int64]:
    from priorvol._kernels.anf import degrees

    return degrees(words, n)


def _terms(words: Words, n: int) -> npt.NDArray[np.int64]:
    from priorvol._kernels.anf import term_counts

    return term_counts(words, n)


register(
    Measure(
        name="anf_degree",
        function=anf_degree,
        unit="",
        label="algebraic degree",
        cost="about 160 million functions a second a core at n = 7",
        source="Bakoev, arXiv:1905.08649",
        description="inputs in the longest product of the algebraic normal form; constants 0",
        needs="cube",
        largest_n=MAX_CUBE,
        symmetries=("complement", "permutation", "flips", "reversal"),
        oracle="sums over subcubes modulo 2; sympy's ANFform at n <= 4",
    )
)
register(
    Measure(
        name="anf_terms",
        function=anf_terms,
        unit="terms",
        label="terms of the algebraic normal form",
        cost="about 200 million functions a second a core at n = 7",
        source="Bakoev, arXiv:1905.08649",
        description="products in the algebraic normal form, the constant term included",
        needs="cube",
        largest_n=MAX_CUBE,
        symmetries=("permutation",),
        oracle="sums over subcubes modulo 2; sympy's ANFform at n <= 4",
    )
)
