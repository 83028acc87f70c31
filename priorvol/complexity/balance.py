"""How far a function is from constant: what its number of ones alone says of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol.bits import Words
from priorvol.complexity.chunks import map_functions
from priorvol.complexity.registry import Measure, register


def entropy(functions: Any, *, m: int | None = None) -> npt.NDArray[np.float64]:
    r"""Return the binary entropy of T/m, in bits, of each function.

    H = -p log2(p) - (1 - p) log2(1 - p) with p = T/m, T being the number of ones.

    Parameters
    ----------
    functions : any form of k functions
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    entropy : (k,) float64 array
        In bits; 0 for constants, 1 where T = m/2.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form, or m is missing or does not agree.

    Notes
    -----
    It depends on T only, so any bias towards few or many ones is also a bias towards low entropy:
    the null against which the other measures are to be held. It is not the entropy of P(f), which
    is `priorvol.FunctionTable.entropy`.

    Source: Mingard et al., arXiv:1909.11522.

    Examples
    --------
    >>> entropy(["0000", "0110", "1000"]).round(4)
    array([0.    , 1.    , 0.8113])
    """
    return map_functions(_entropy, functions, m, np.float64)


def majority_error(functions: Any, *, m: int | None = None) -> npt.NDArray[np.float64]:
    """Return the error of the best constant predictor of each function, min(T, m - T)/m.

    Parameters
    ----------
    functions : any form of k functions
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    error : (k,) float64 array
        Fraction of the m inputs, at most 1/2.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form, or m is missing or does not agree.

    Notes
    -----
    The class-majority baseline: a learner that knows only which output is more frequent errs this
    often, so no error above it shows that anything else was learnt.

    Examples
    --------
    >>> majority_error(["0000", "0110", "1110"])
    array([0.  , 0.5 , 0.25])
    """
    return map_functions(_majority_error, functions, m, np.float64)


def _entropy(words: Words, m: int) -> npt.NDArray[np.float64]:
    p = _minority(words, m) / m
    q = np.where(p > 0, p, 1.0)
    values: npt.NDArray[np.float64] = -p * np.log2(q) - (1 - p) * (np.log1p(-p) / np.log(2))
    return values


def _majority_error(words: Words, m: int) -> npt.NDArray[np.float64]:
    error: npt.NDArray[np.float64] = _minority(words, m) / m
    return error


def _minority(words: Words, m: int) -> npt.NDArray[np.int64]:
    """Return min(T, m - T)."""
    from priorvol._kernels.rows import ones

    # A fresh array has one type and layout whatever was given: nothing recompiles.
    rows = np.array(words, dtype=np.uint64, order="C")
    t = np.empty(len(rows), dtype=np.int64)
    ones(rows, rows.shape[1], t)
    return np.minimum(t, m - t)


register(
    Measure(
        name="entropy",
        function=entropy,
        unit="bits",
        label="entropy of $T/m$ (bits)",
        cost="about 80 million functions a second a core at m = 128",
        source="Mingard et al., arXiv:1909.11522",
        description="binary entropy of the fraction of ones",
        symmetries=("complement", "permutation", "flips", "reversal"),
        oracle="scipy.special.entr, exact values",
    )
)
register(
    Measure(
        name="majority_error",
        function=majority_error,
        unit="",
        label=r"majority error $\min(T, m - T)/m$",
        cost="about 120 million functions a second a core at m = 128",
        source="class-majority baseline",
        description="error of the best constant predictor",
        symmetries=("complement", "permutation", "flips", "reversal"),
        oracle="counting ones by text",
    )
)
