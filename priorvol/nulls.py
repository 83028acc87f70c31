"""Null models: random functions to hold a finding on complexity against.

A complexity K is compared with P(f) over functions that differ in much else. `same_t` keeps the
number of ones T only, so whatever it shows is what low entropy alone gives. `permuted_inputs` keeps
the orbit of f under permutation of the inputs, and with it P(f) for every prior of this package on
a Boolean cube: it changes only those K that depend on the order of the inputs, such as K_LZ, and
for a K that does not it is no null at all. Permuting all 2^n points instead of the n coordinates
is `same_t` again. `uniform_functions` keeps nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol.bits import Words
from priorvol.complexity.chunks import check_cube, word_chunks
from priorvol.rng import generator

LARGEST_N = 16

_BLOCK = 1 << 17  # random numbers at a time: they stay in the second-level cache
_SCAN = 2048  # inputs above which a function is drawn alone


def uniform_functions(k: int, m: int, *, seed: int) -> Words:
    """Return functions drawn uniformly from all 2^m, with replacement.

    Parameters
    ----------
    k : int
        How many.
    m : int
        Number of inputs.
    seed : int
        In [0, 2^64). The first rows do not depend on k.

    Returns
    -------
    functions : (k, ceil(m / 64)) uint64 array
        Packed.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> uniform_functions(1000, 128, seed=0).shape
    (1000, 2)
    """
    k = checks.integer("k", k, low=0)
    m = checks.integer("m", m, low=1)
    rng = generator(seed, "uniform functions")
    words = rng.integers(0, 1 << 64, size=(k, bits.n_words(m)), dtype=np.uint64)
    if m % 64:
        words[:, -1] >>= np.uint64(64 - m % 64)
    return words


def same_t(functions: Any, *, m: int | None = None, seed: int) -> Words:
    """Return, for each function, one drawn uniformly from those with as many ones.

    Parameters
    ----------
    functions : any form of k functions
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.
    seed : int
        In [0, 2^64). A row depends on the seed, its place and its T only.

    Returns
    -------
    functions : (k, ceil(m / 64)) uint64 array
        Packed, independent of each other.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form, m is missing or does not agree, or the seed
        is out of range.

    Notes
    -----
    Input i of m becomes a one with probability (ones left) / (m - i): Fan, Muller and Rezucha,
    J. Am. Stat. Assoc. 57 (1962) 387. About a million
    functions a second a core at m = 128.

    Examples
    --------
    >>> bits.unpack(same_t(["0000", "0001", "0111"], seed=0), 4).sum(axis=1)
    array([0, 1, 3])
    """
    chunks, m = word_chunks(functions, m)
    rng = generator(seed, "functions of the same T")
    draw = _scanned if m <= _SCAN else _selected
    rows = max(1, _BLOCK // m)
    parts = [
        draw(bits.unpack(words[start : start + rows], m).sum(axis=1), m, rng)
        for words in chunks
        for start in range(0, len(words), rows)
    ]
    return _joined(parts, m)


def permuted_inputs(functions: Any, *, m: int | None = None, seed: int) -> Words:
    """Return each function under its own random permutation of the n coordinates.

    Parameters
    ----------
    functions : any form of k functions
        On a whole Boolean cube, n at most 16. A table, whose rows come in storage order, or see
        `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.
    seed : int
        In [0, 2^64). A row depends on the seed, its place and its function only.

    Returns
    -------
    functions : (k, ceil(m / 64)) uint64 array
        Packed. Row i is f_i(x_p(1), ..., x_p(n)), p uniform on all n! permutations and independent
        of those of the other rows.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form, m is missing, does not agree or is no 2^n
        with 1 <= n <= 16, or the seed is out of range.

    Notes
    -----
    Fisher and Yates's shuffle, the coordinates swapped within and between words. About 8
    million functions a second a core at m = 128.

    Examples
    --------
    The first input alone (0011) becomes one of the two.

    >>> found = permuted_inputs(["0011"] * 100, seed=0)
    >>> sorted(set(bits.to_text(found, 4)))
    ['0011', '0101']
    """
    chunks, m = word_chunks(functions, m)
    n = check_cube(functions, m, "permuting the inputs", largest_n=LARGEST_N)
    rng = generator(seed, "permuted inputs")
    rows = max(1, _BLOCK // bits.n_words(m))
    parts = [
        _shuffled(words[start : start + rows], n, rng)
        for words in chunks
        for start in range(0, len(words), rows)
    ]
    return _joined(parts, m)


def _joined(parts: list[Words], m: int) -> Words:
    return np.concatenate(parts) if parts else np.empty((0, bits.n_words(m)), dtype=np.uint64)


def _scanned(t: npt.NDArray[np.int64], m: int, rng: np.random.Generator) -> Words:
    """Draw functions with ``t`` ones each, all of them input by input; m numbers a row."""
    chances = rng.random((len(t), m))
    left = t.astype(np.float64)
    found = np.empty((len(t), m), dtype=bool)
    for i in range(m):
        taken = chances[:, i] * (m - i) < left
        left -= taken
        found[:, i] = taken
    return bits.pack(found)


def _selected(t: npt.NDArray[np.int64], m: int, rng: np.random.Generator) -> Words:
    """Draw functions with ``t`` ones each, where the smallest of m numbers are; m a row."""
    chances = rng.random((len(t), m))
    found = np.zeros((len(t), m), dtype=bool)
    for row, ones in enumerate(t.tolist()):
        places = np.argpartition(chances[row], ones)[:ones] if ones < m else slice(None)
        found[row, places] = True
    return bits.pack(found)


def _shuffled(words: Words, n: int, rng: np.random.Generator) -> Words:
    """Shuffle the coordinates of each function; n - 1 numbers a row."""
    chances = rng.random((len(words), n - 1))
    found = np.array(words.T, order="C")  # a copy; a word of every function side by side
    for top in range(1, n):
        partner = (chances[:, top - 1] * (top + 1)).astype(np.int64)
        for low in range(top):
            rows = np.flatnonzero(partner == low)
            found[:, rows] = _swapped(found[:, rows], low, top)
    return np.ascontiguousarray(found.T)


def _swapped(words: Words, low: int, high: int) -> Words:
    """Swap coordinates low < high of functions (words, rows); 0 is the last input."""
    from priorvol._kernels.cube import WHERE_ZERO

    if high < 6:
        shift = np.uint64((1 << high) - (1 << low))
        changed = ((words >> shift) ^ words) & (~WHERE_ZERO[low] & WHERE_ZERO[high])
        swapped: Words = words ^ changed ^ (changed << shift)
        return swapped
    places = np.arange(len(words))
    without = places[places >> (high - 6) & 1 == 0]
    if low < 6:
        within, shift = without + (1 << (high - 6)), np.uint64(1 << low)
        changed = ((words[without] >> shift) ^ words[within]) & WHERE_ZERO[low]
        words[without] ^= changed << shift
        words[within] ^= changed
        return words
    source = without[without >> (low - 6) & 1 == 1]
    target = source + (1 << (high - 6)) - (1 << (low - 6))
    words[source], words[target] = words[target], words[source]
    return words
