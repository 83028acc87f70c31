"""Lempel-Ziv 1976 words of packed functions, many functions side by side.

A word of the exhaustive history that starts at character i grows until it is no copy of anything
that starts before i. Write E for the set of characters q < t at which an earlier copy of the
current word may end. Reading character t keeps those q in E that hold the same character; when
none is left the word ends at t, and the next one may be a copy ending anywhere up to t. So one
step is an AND and a shift by one on bit masks, the same for every function: no branches, and the
compiler can put several functions into one vector register.

The last character always ends a word, finished or not, so N is 1 + the words ended before it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from priorvol._kernels.jit import kernel

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_TOP = np.uint64(63)
_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_LANES = 256  # functions side by side: their masks stay in the first-level cache
_SWAPS = (
    (np.uint64(1), np.uint64(0x5555555555555555)),
    (np.uint64(2), np.uint64(0x3333333333333333)),
    (np.uint64(4), np.uint64(0x0F0F0F0F0F0F0F0F)),
    (np.uint64(8), np.uint64(0x00FF00FF00FF00FF)),
    (np.uint64(16), np.uint64(0x0000FFFF0000FFFF)),
    (np.uint64(32), np.uint64(0x00000000FFFFFFFF)),
)


def count_words(words: Words, m: int, *, both: bool = True) -> tuple[Counts, Counts]:
    """Count the Lempel-Ziv 1976 words of each function, forwards and reversed.

    Parameters
    ----------
    words : (k, ceil(m / 64)) uint64 array
        Packed functions (see `priorvol.bits`), any memory order, writable or not.
    m : int
        Number of characters.
    both : bool
        Whether to count the reversed functions; otherwise the second array is all zero.

    Returns
    -------
    forward, backward : (k,) int64 arrays
        N(x) and N(reverse x). An unfinished last word counts.
    """
    # A fresh (words, k) array has one type and layout whatever was given: nothing recompiles.
    columns = np.array(words.T, dtype=np.uint64, order="C")
    forward = np.zeros(columns.shape[1], dtype=np.int64)
    backward = np.zeros_like(forward)
    _count(columns, m, forward)
    if both:
        reverse_bits(columns, m)
        _count(columns, m, backward)
    return forward, backward


def _count(columns: Words, m: int, counts: Counts) -> None:
    if len(columns) == 1:
        _count_one(columns, m, counts)
    elif len(columns) == 2:
        _count_two(columns, m, counts)
    else:
        _count_many(columns, m, counts)


@kernel
def reverse_bits(columns: Words, m: int) -> None:
    """Reverse m-bit functions in place, packed as (words, k)."""
    n_words, k = columns.shape
    for j in range(n_words // 2):
        for i in range(k):
            low = columns[j, i]
            columns[j, i] = columns[n_words - 1 - j, i]
            columns[n_words - 1 - j, i] = low
    for j in range(n_words):
        for i in range(k):
            value = columns[j, i]
            for shift, mask in _SWAPS:
                value = ((value >> shift) & mask) | ((value & mask) << shift)
            columns[j, i] = value
    spare = 64 * n_words - m
    if spare:
        down = np.uint64(spare)
        up = np.uint64(64 - spare)
        for j in range(n_words):
            for i in range(k):
                value = columns[j, i] >> down
                if j + 1 < n_words:
                    value |= columns[j + 1, i] << up
                columns[j, i] = value


@kernel
def _read_first(word: Words, n_steps: int, ends: Words, counts: Counts) -> None:
    """Read characters 0 ... n_steps - 1 <= 63, which need the first word of E only."""
    for i in range(len(counts)):
        ends[i] = _ZERO
        counts[i] = 1
    for t in range(n_steps):
        bit = np.uint64(t)
        anywhere = _ONES >> (_TOP - bit)
        for i in range(len(counts)):
            x = word[i]
            match = ends[i] & (x if (x >> bit) & _ONE else ~x)
            finished = match == _ZERO
            counts[i] += finished
            ends[i] = anywhere if finished else match << _ONE


@kernel
def _count_one(columns: Words, m: int, counts: Counts) -> None:
    """Count for m <= 64."""
    ends = np.empty(_LANES, np.uint64)
    for start in range(0, len(counts), _LANES):
        stop = min(start + _LANES, len(counts))
        _read_first(columns[0, start:stop], m - 1, ends, counts[start:stop])


@kernel
def _count_two(columns: Words, m: int, counts: Counts) -> None:
    """Count for 64 < m <= 128."""
    low_ends = np.empty(_LANES, np.uint64)
    high_ends = np.empty(_LANES, np.uint64)
    for start in range(0, len(counts), _LANES):
        stop = min(start + _LANES, len(counts))
        low = columns[0, start:stop]
        high = columns[1, start:stop]
        block = counts[start:stop]
        _read_first(low, 64, low_ends, block)
        high_ends[:] = _ZERO
        for t in range(64, m - 1):
            bit = np.uint64(t - 64)
            anywhere = _ONES >> (_TOP - bit)
            for i in range(len(block)):
                x = low[i]
                y = high[i]
                one = (y >> bit) & _ONE
                low_match = low_ends[i] & (x if one else ~x)
                high_match = high_ends[i] & (y if one else ~y)
                finished = (low_match | high_match) == _ZERO
                block[i] += finished
                low_ends[i] = _ONES if finished else low_match << _ONE
                carried = (high_match << _ONE) | (low_match >> _TOP)
                high_ends[i] = anywhere if finished else carried


@kernel
def _read_character(
    word: Words,
    differs: Words,
    ends: Words,
    below: Words,
    before: Words,
    after: Words,
    anywhere: np.uint64,
) -> None:
    """Move one word of E up by a character, or start it afresh, and keep what matches."""
    for i in range(len(word)):
        shifted = (ends[i] << _ONE) | (below[i] >> _TOP)
        candidates = anywhere if before[i] == _ZERO else shifted
        match = candidates & (word[i] ^ differs[i])
        ends[i] = match
        after[i] |= match


@kernel
def _count_many(columns: Words, m: int, counts: Counts) -> None:
    """Count for any m."""
    n_words, k = columns.shape
    lanes = 2 * _LANES
    ends = np.empty((n_words + 1, lanes), np.uint64)  # row 0 stays 0: nothing carries in below
    left = np.empty((2, lanes), np.uint64)  # 0 where the current word has ended
    differs = np.empty(lanes, np.uint64)
    for start in range(0, k, lanes):
        stop = min(start + lanes, k)
        block = counts[start:stop]
        block[:] = 1
        ends[:] = _ZERO
        left[:] = _ZERO
        for t in range(m - 1):
            top = t // 64
            bit = np.uint64(t % 64)
            current = columns[top, start:stop]
            before = left[t % 2, : len(block)]
            after = left[1 - t % 2, : len(block)]
            for i in range(len(block)):
                differs[i] = _ZERO if (current[i] >> bit) & _ONE else _ONES
                after[i] = _ZERO
            for j in range(top, -1, -1):
                word = columns[j, start:stop]
                anywhere = _ONES if j < top else (_ONE << bit) - _ONE
                _read_character(word, differs, ends[j + 1], ends[j], before, after, anywhere)
            for i in range(len(block)):
                block[i] += after[i] == _ZERO
