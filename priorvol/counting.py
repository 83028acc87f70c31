"""Counting functions batch by batch, in memory that a thread keeps."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from priorvol._kernels import hashing

TSums = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64] | None]
"""Counts of T = t and, for grouped draws, their group pairs, each (m + 1,) int64."""


class Counter:
    """Counts functions batch by batch, with T and the group sums.

    Parameters
    ----------
    m : int
        Number of inputs.
    words : int
        Number of uint64 words of a function.
    draws : int
        Draws in one group.
    """

    def __init__(self, m: int, words: int, draws: int) -> None:
        """Start with nothing counted."""
        self._words, self._draws, self._grouped = words, draws, draws > 1
        self._used, self._groups = 0, 0
        self._columns = words + (3 if self._grouped else 1)
        self._memory = _MEMORY
        self._slots = self._memory.zeros(self._size(self._memory.filled), self._columns)
        self._t = np.zeros((2, m + 1), dtype=np.int64)
        self._stamps = np.empty((m + 1, 2), dtype=np.int64)

    @staticmethod
    def _size(functions: int) -> int:
        """Return the number of slots for so many functions: a power of two, at most 60 % full."""
        return max(1 << 14, 1 << (functions * 5 // 3).bit_length())

    def add(self, keys: npt.NDArray[np.uint64], n: int) -> None:
        """Count the first n keys, which are whole groups."""
        size = self._size(self._used + n)
        if size > len(self._slots):
            larger = self._memory.zeros(size, self._columns)
            hashing.rehash(self._slots, self._words, larger)
            self._slots = larger
        self._used += hashing.insert(
            keys, n, self._words, self._slots, self._grouped, self._groups, self._draws
        )
        self._stamps.fill(-1)
        hashing.count_ones(
            keys, n, self._words, self._grouped, self._draws, self._t[0], self._t[1], self._stamps
        )
        self._groups += n // self._draws

    def finish(self) -> tuple[npt.NDArray[np.uint64], TSums]:
        """Return the rows, unsorted, and the sums for T."""
        rows = np.empty((self._used, self._words + 1 + self._grouped), dtype=np.uint64)
        hashing.collect_rows(self._slots, self._words, rows)
        self._memory.filled = self._used
        return rows, (self._t[0], self._t[1] if self._grouped else None)


class _Memory(threading.local):
    """Two buffers a thread, taken in turn: touching new pages would cost more than counting."""

    def __init__(self) -> None:
        self._buffers = [np.zeros(0, dtype=np.uint64)] * 2
        self.filled = 0  # slots that the last count filled: the next will need about as many

    def zeros(self, size: int, columns: int) -> npt.NDArray[np.uint64]:
        """Return zeros (size, columns), valid until the call after the next."""
        first, second = self._buffers
        if len(first) < size * columns:
            first = np.zeros(size * columns, dtype=np.uint64)
        taken = first[: size * columns]
        taken.fill(0)
        self._buffers = [second, first]
        return taken.reshape(size, columns)


_MEMORY = _Memory()
