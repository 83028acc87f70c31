r"""Walsh-Hadamard spectrum of functions on the Boolean cube.

f is written as a sum of parities, (-1)^f(x) = sum over S of f^(S) (-1)^(S.x), with
f^(S) = E_x[(-1)^f(x) (-1)^(S.x)], x uniform. A set S of inputs is an input number, whose binary
expansion says which inputs are in it, the first input being the most significant bit; S.x counts
those of them that are 1. The squares f^(S)^2 add up to 1 (Parseval).

Whole numbers, 2^n f^(S), are added up exactly; only the last division leaves them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol.bits import Words
from priorvol.complexity.chunks import map_any_cube
from priorvol.complexity.registry import Measure, register
from priorvol.inputs import MAX_CUBE

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def walsh_spectrum(functions: Any, *, m: int | None = None) -> Floats:
    """Return the Walsh-Hadamard coefficients f^(S) of each function.

    Parameters
    ----------
    functions : any form of k functions on a whole Boolean cube {0,1}^n, 1 <= n <= 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    coefficients : (k, 2^n) float64 array
        Column S is f^(S), in [-1, 1]: the set S as an input number (see the module's head).
        Column 0 is 1 - 2 T/m. Multiples of 2^(1 - n), exact.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form, m is missing or does not agree, or the inputs
        are not a whole Boolean cube with n at most 16.

    Notes
    -----
    The result takes 2^(n + 3) bytes a function, and no other measure of this module keeps it.

    Source: O'Donnell, Analysis of Boolean Functions, arXiv:2105.10386, chapter 1.

    Examples
    --------
    >>> walsh_spectrum(["0110", "0001"])
    array([[ 0. ,  0. ,  0. ,  1. ],
           [ 0.5,  0.5,  0.5, -0.5]])
    """
    return map_any_cube(_coefficients, functions, m, "walsh_spectrum")


def weight_by_degree(functions: Any, *, m: int | None = None) -> Floats:
    """Return the sum of f^(S)^2 over the sets S of each size, for each function.

    Parameters
    ----------
    functions : any form of k functions on a whole Boolean cube {0,1}^n, 1 <= n <= 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    weights : (k, n + 1) float64 array
        Column d is the weight at size d, exact. Rows sum to 1.

    Raises
    ------
    ValueError
        As `walsh_spectrum`.

    Notes
    -----
    Source: O'Donnell, Analysis of Boolean Functions, arXiv:2105.10386, chapter 1.

    Examples
    --------
    >>> weight_by_degree(["0110", "0001"])
    array([[0.  , 0.  , 1.  ],
           [0.25, 0.5 , 0.25]])
    """
    return map_any_cube(_weights, functions, m, "weight_by_degree")


def fourier_degree(functions: Any, *, m: int | None = None) -> Counts:
    """Return the size of the largest set S with f^(S) not 0, of each function.

    Parameters
    ----------
    functions : any form of k functions on a whole Boolean cube {0,1}^n, 1 <= n <= 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    degree : (k,) int64 array
        0 to n; 0 for constants. It is the degree of f as a real polynomial, at least the degree
        over GF(2) (`priorvol.complexity.anf_degree`).

    Raises
    ------
    ValueError
        As `walsh_spectrum`.

    Notes
    -----
    Source: O'Donnell, Analysis of Boolean Functions, arXiv:2105.10386, chapter 1.

    Examples
    --------
    >>> fourier_degree(["0110", "0011", "1111"])
    array([2, 1, 0])
    """
    return map_any_cube(_degree, functions, m, "fourier_degree")


def spectral_norm(functions: Any, *, m: int | None = None) -> Floats:
    """Return the L1 norm of the spectrum, the sum of the magnitudes of f^(S), of each function.

    Parameters
    ----------
    functions : any form of k functions on a whole Boolean cube {0,1}^n, 1 <= n <= 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    norm : (k,) float64 array
        At least 1 (constants and parities of some inputs, negated or not) and at most 2^(n/2),
        which bent functions reach.

    Raises
    ------
    ValueError
        As `walsh_spectrum`.

    Notes
    -----
    Source: O'Donnell, Analysis of Boolean Functions, arXiv:2105.10386, chapter 3.

    Examples
    --------
    >>> spectral_norm(["0110", "0001"])
    array([1., 2.])
    """
    return map_any_cube(_norm, functions, m, "spectral_norm")


def mean_frequency(functions: Any, *, m: int | None = None) -> Floats:
    """Return the total influence of each function, the mean size of S with weight f^(S)^2.

    Parameters
    ----------
    functions : any form of k functions on a whole Boolean cube {0,1}^n, 1 <= n <= 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    frequency : (k,) float64 array
        0 to n, exact.

    Raises
    ------
    ValueError
        As `walsh_spectrum`.

    Notes
    -----
    This equals the average sensitivity exactly: the mean over points x of the number of inputs
    whose negation changes f(x). It is also n times the disagreement of neighbours at Hamming
    distance 1. The three are one number up to scale, and agreement among them is no evidence.

    Source: O'Donnell, Analysis of Boolean Functions, arXiv:2105.10386, section 2.3.

    Examples
    --------
    >>> mean_frequency(["0110", "0001"])
    array([2., 1.])
    """
    return map_any_cube(_mean, functions, m, "mean_frequency")


def mean_frequency_l1(functions: Any, *, m: int | None = None) -> Floats:
    """Return the mean size of S, weighted by the magnitude of f^(S), of each function.

    Parameters
    ----------
    functions : any form of k functions on a whole Boolean cube {0,1}^n, 1 <= n <= 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    frequency : (k,) float64 array
        0 to n.

    Raises
    ------
    ValueError
        As `walsh_spectrum`.

    Notes
    -----
    Unlike `mean_frequency` it is no function of the average sensitivity: small coefficients count
    for more.

    Examples
    --------
    >>> mean_frequency_l1(["01101001", "00000001"]), mean_frequency(["01101001", "00000001"])
    (array([3. , 1.2]), array([3.  , 0.75]))
    """
    return map_any_cube(_mean_l1, functions, m, "mean_frequency_l1")


def high_degree_weight(functions: Any, *, m: int | None = None) -> Floats:
    """Return the weight f^(S)^2 on sets of two inputs or more, of each function.

    Parameters
    ----------
    functions : any form of k functions on a whole Boolean cube {0,1}^n, 1 <= n <= 16
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    weight : (k,) float64 array
        0 (constants and single inputs, negated or not) to 1, exact: how far f is from a linear
        function of the inputs plus a constant, in mean square of (-1)^f.

    Raises
    ------
    ValueError
        As `walsh_spectrum`.

    Notes
    -----
    Source: O'Donnell, Analysis of Boolean Functions, arXiv:2105.10386, chapter 1.

    Examples
    --------
    >>> high_degree_weight(["0110", "0001", "0011"])
    array([1.  , 0.25, 0.  ])
    """
    return map_any_cube(_high, functions, m, "high_degree_weight")


def _squares(words: Words, n: int) -> Counts:
    """Return 4^n times the weight at each size, (n + 1, k)."""
    from priorvol._kernels.spectrum import degree_sums

    return degree_sums(words, n, squares=True)


def _magnitudes(words: Words, n: int) -> Counts:
    """Return 2^n times the sum of magnitudes at each size, (n + 1, k)."""
    from priorvol._kernels.spectrum import degree_sums

    return degree_sums(words, n, squares=False)


def _coefficients(words: Words, n: int) -> Floats:
    from priorvol._kernels.spectrum import coefficients

    return coefficients(words, n)


def _weights(words: Words, n: int) -> Floats:
    weights: Floats = _squares(words, n).T / 4**n
    return weights


def _degree(words: Words, n: int) -> Counts:
    degree = np.zeros(len(words), dtype=np.int64)
    for d, sums in enumerate(_magnitudes(words, n)):
        degree[sums > 0] = d
    return degree


def _norm(words: Words, n: int) -> Floats:
    norm: Floats = _magnitudes(words, n).sum(axis=0) / 2**n
    return norm


def _mean(words: Words, n: int) -> Floats:
    mean: Floats = np.arange(n + 1) @ _squares(words, n) / 4**n
    return mean


def _mean_l1(words: Words, n: int) -> Floats:
    sums = _magnitudes(words, n)
    mean: Floats = np.arange(n + 1) @ sums / sums.sum(axis=0)
    return mean


def _high(words: Words, n: int) -> Floats:
    weight: Floats = _squares(words, n)[2:].sum(axis=0) / 4**n
    return weight


_BOOK = "O'Donnell, Analysis of Boolean Functions, arXiv:2105.10386, "

for _name, _function, _label, _source, _description in (
    (
        "fourier_degree",
        fourier_degree,
        "Fourier degree",
        _BOOK + "chapter 1",
        "inputs in the largest parity with a coefficient that is not 0; constants 0",
    ),
    (
        "spectral_norm",
        spectral_norm,
        r"spectral norm $\sum_S |\hat f(S)|$",
        _BOOK + "chapter 3",
        "sum of the magnitudes of the Walsh-Hadamard coefficients",
    ),
    (
        "mean_frequency",
        mean_frequency,
        r"mean frequency $\sum_S |S| \hat f(S)^2$",
        _BOOK + "section 2.3",
        "total influence: the average sensitivity by another route",
    ),
    (
        "mean_frequency_l1",
        mean_frequency_l1,
        r"mean frequency $\sum_S |S||\hat f(S)| / \sum_S |\hat f(S)|$",
        "defined here",
        "mean size of a parity, weighted by the magnitude of its coefficient",
    ),
    (
        "high_degree_weight",
        high_degree_weight,
        r"weight at degree 2 or more, $\sum_{|S| \geq 2} \hat f(S)^2$",
        _BOOK + "chapter 1",
        "squared coefficients of parities of two inputs or more",
    ),
):
    register(
        Measure(
            name=_name,
            function=_function,
            unit="",
            label=_label,
            cost="about 25 million functions a second a core at n = 7",
            source=_source,
            description=_description,
            needs="cube",
            largest_n=MAX_CUBE,
            symmetries=("complement", "permutation", "flips", "reversal"),
            oracle="Hadamard matrices of scipy, textbook values, brute-force sensitivity",
        )
    )
