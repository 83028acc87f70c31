"""Algorithmic complexity by block decomposition, from the tables of the package pybdm."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol.bits import Words
from priorvol.complexity.chunks import map_functions
from priorvol.complexity.registry import Measure, register

BLOCK = 12
"""Characters of a block: the longest whose complexity pybdm has for binary words."""


def block_decomposition(functions: Any, *, m: int | None = None) -> npt.NDArray[np.float64]:
    """Return the complexity by block decomposition, in bits, of each function.

    The word of m characters is cut into blocks of 12 from its start; what is left over, if
    anything, is one shorter block. Each distinct block adds its CTM complexity, an estimate of its
    Kolmogorov complexity from the output of small Turing machines, and log2 of how often it
    occurs.

    Parameters
    ----------
    functions : any form of k functions
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    bdm : (k,) float64 array
        In bits.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form, or m is missing or does not agree.
    ImportError
        If pybdm is not installed, or setuptools, which it needs, is 81 or newer.

    Notes
    -----
    The partition is pybdm's recursive one with ``min_length=1``, which uses every character. Its
    default would drop the last m mod 12 characters, 8 of 128, so that functions which differ
    there only would be the same; and its recursive one otherwise drops a single one left over. A
    word of fewer than 12 characters is one block.

    A word and its complement have the same value. A word and its reverse have, too, where m is a
    multiple of 12 or below 12; elsewhere the blocks are different ones. It is not invariant under
    permutation of the inputs.

    Source: Zenil et al., Entropy 20 (2018) 605; the package pybdm.

    Examples
    --------
    >>> block_decomposition(["0" * 128, "01" * 64, "001101110001" * 10 + "01101000"]).round(2)
    array([47.46, 50.15, 59.28])
    """
    return map_functions(_bdm, functions, m, np.float64)


def _bdm(words: Words, m: int) -> npt.NDArray[np.float64]:
    n_whole, n_left = divmod(m, BLOCK)
    values = np.zeros(len(words))
    if n_left:
        values += _ctm(n_left)[_block(words, BLOCK * n_whole, n_left)]
    if n_whole:
        codes = np.stack([_block(words, BLOCK * i, BLOCK) for i in range(n_whole)], axis=1)
        values += _distinct(codes)
    return values


def _block(words: Words, start: int, length: int) -> npt.NDArray[np.int64]:
    """Return the characters ``start`` to ``start + length - 1`` as numbers, the first lowest."""
    j, shift = divmod(start, 64)
    block = words[:, j] >> np.uint64(shift)
    if shift + length > 64:
        block |= words[:, j + 1] << np.uint64(64 - shift)
    return (block & np.uint64((1 << length) - 1)).astype(np.int64)


def _distinct(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the sum of CTM + log2(number) over the distinct blocks of each row."""
    codes = np.sort(codes, axis=1)
    is_first = np.ones(codes.shape, dtype=bool)
    is_first[:, 1:] = codes[:, 1:] != codes[:, :-1]
    first = np.flatnonzero(is_first)
    times = np.diff(first, append=codes.size)
    values = np.zeros(codes.shape)
    values.ravel()[first] = _ctm(BLOCK)[codes.ravel()[first]] + np.log2(times)
    values.sort(axis=1)  # so that the rounding of the sum knows nothing of the blocks' order
    total: npt.NDArray[np.float64] = values.sum(axis=1)
    return total


@cache
def _ctm(length: int) -> npt.NDArray[np.float64]:
    """Return the CTM complexity of every block of so many characters, the first lowest."""
    bdm = _pybdm().BDM(ndim=1, nsymbols=2)
    codes = np.arange(1 << length)
    blocks = codes[:, None] >> np.arange(length) & 1
    return np.array([value for _, value in bdm.lookup(blocks)], dtype=np.float64)


def _pybdm() -> Any:
    try:
        with warnings.catch_warnings():
            # it imports pkg_resources, which is deprecated and says so, itself and of namespaces
            warnings.filterwarnings("ignore", message=".*pkg_resources", category=UserWarning)
            warnings.filterwarnings(
                "ignore", message=".*pkg_resources", category=DeprecationWarning
            )
            import pybdm
    except ImportError as error:
        raise ImportError(
            'block_decomposition needs pybdm with setuptools < 81: pip install "priorvol[bdm]"'
        ) from error
    return pybdm


register(
    Measure(
        name="block_decomposition",
        function=block_decomposition,
        unit="bits",
        label="block decomposition (bits)",
        cost="about 2 million functions a second a core at m = 128",
        source="Zenil et al., Entropy 20 (2018) 605; pybdm",
        description="CTM complexity of the distinct blocks of 12 characters, and their numbers",
        symmetries=("complement",),
        oracle="pybdm, word by word",
        extra="bdm",
    )
)
