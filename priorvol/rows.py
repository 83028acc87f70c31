"""`Rows`: distinct functions with their counts, sorted by word; what a table stores."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol._kernels import rows as kernels

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

CHUNK = 1 << 18
_PARALLEL = 1 << 18  # fewer rows than this are sorted by one worker


class Rows:
    """Sorted rows over one array, which may be mapped from a file larger than memory.

    Parameters
    ----------
    array : (k, words + 1) to (k, words + 3) uint64
        Packed words, count and, for grouped draws, the sum over groups of c (c - 1); where groups
        vary in size a, the sum over groups of c a; distinct and sorted by word (see
        `priorvol._kernels.rows`), which is not checked.
    m : int
        Number of inputs.

    Examples
    --------
    >>> rows = Rows.folded(*bits.as_words(["01", "11", "01"]), np.array([1, 2, 3]))
    >>> rows.counts
    array([4, 2])
    """

    def __init__(self, array: Words, m: int) -> None:
        """Keep the array as it is."""
        self.array, self.m = array, m

    @classmethod
    def sorted(cls, words: Words, m: int, *columns: Counts) -> Rows:
        """Sort functions (k, words) with their counts and, if given, group sums.

        Raises
        ------
        ValueError
            If a function is listed more than once.
        """
        rows = cls(np.column_stack([words, *(c.astype(np.uint64) for c in columns)]), m)
        kernels.sort_rows(rows.array, rows.n_words)
        repeated = kernels.first_disorder(rows.array, rows.n_words)
        if repeated >= 0:
            text = bits.to_text(rows.functions[repeated : repeated + 1], m)[0]
            raise ValueError(f"function {text} is listed more than once")
        return rows

    @classmethod
    def folded(cls, words: Words, m: int, counts: Counts) -> Rows:
        """Sort functions (k, words), adding up the counts of equal ones."""
        rows = np.column_stack([words, counts.astype(np.uint64)])
        kernels.sort_rows(rows, words.shape[1])
        return cls(rows[: kernels.fold_rows(rows, words.shape[1])].copy(), m)

    @classmethod
    def settled(cls, array: Words, m: int, *, n_jobs: int = 1) -> Rows:
        """Sort unsorted rows in place and add up equal functions, by several workers.

        Rows are first brought together by their highest byte, so that every later pass stays in
        cache; the array is kept, and no other of its size is made.
        """
        from joblib import Parallel, delayed, effective_n_jobs

        words = bits.n_words(m)
        ends = np.empty(256, dtype=np.int64)
        kernels.group_rows(array, ends)
        starts = np.concatenate([[0], ends[:-1]])

        def settle(first: int, last: int) -> list[tuple[int, int]]:
            kept = []
            for start, end in zip(
                starts[first:last].tolist(), ends[first:last].tolist(), strict=True
            ):
                part = array[start:end]
                kernels.sort_rows(part, words)
                kept.append((start, int(kernels.fold_rows(part, words))))
            return kept

        workers = effective_n_jobs(n_jobs) if len(array) >= _PARALLEL else 1
        shares = np.linspace(0, len(array), 8 * workers + 1)[1:-1]
        cuts = np.unique([0, *np.searchsorted(ends, shares).tolist(), 256]).tolist()
        jobs = (delayed(settle)(a, b) for a, b in zip(cuts, cuts[1:], strict=False))
        found = Parallel(n_jobs=workers, require="sharedmem")(jobs)
        filled = 0
        for start, size in (piece for pieces in found for piece in pieces):
            if filled < start:
                array[filled : filled + size] = array[start : start + size]
            filled += size
        return cls(array[:filled], m)

    @property
    def n_words(self) -> int:
        """Number of uint64 words in a function."""
        return bits.n_words(self.m)

    @property
    def functions(self) -> Words:
        """Packed functions (k, words) uint64, read-only."""
        return read_only(self.array[:, : self.n_words])

    @property
    def counts(self) -> Counts:
        """Counts (k,) int64, read-only."""
        return read_only(self.array[:, self.n_words].view(np.int64))

    @property
    def group_pairs(self) -> Counts | None:
        """Sum over groups of c (c - 1), (k,) int64, read-only; None if not kept."""
        if self.array.shape[1] == self.n_words + 1:
            return None
        return read_only(self.array[:, self.n_words + 1].view(np.int64))

    @property
    def size_sums(self) -> Counts | None:
        """Sum over groups of c a, a being the group's size, (k,) int64, read-only; or None."""
        if self.array.shape[1] < self.n_words + 3:
            return None
        return read_only(self.array[:, self.n_words + 2].view(np.int64))

    @cached_property
    def size_squares(self) -> int | None:
        """Sum over groups of a^2, of the draws listed; None where sizes are not kept."""
        if self.size_sums is None:
            return None
        return sum(int(part.array[:, self.n_words + 2].sum()) for part in self.parts())

    def __len__(self) -> int:
        """Return the number of functions."""
        return len(self.array)

    def parts(self, size: int | None = None) -> Iterator[Rows]:
        """Yield the rows in order, at most ``size`` at a time, in memory and contiguous."""
        step = CHUNK if size is None else size
        for start in range(0, len(self), step):
            yield Rows(np.array(self.array[start : start + step]), self.m)

    def take(self, places: npt.NDArray[np.int64]) -> Rows:
        """Return the rows at some places, in that order (so no longer sorted)."""
        order = np.argsort(places, kind="stable")  # a mapped file is read forwards
        taken = np.empty((len(places), self.array.shape[1]), dtype=np.uint64)
        taken[order] = self.array[places[order]]
        return Rows(taken, self.m)

    def index(self, word: Words) -> int | None:
        """Return the place of one function (words,), or None if it is not there."""
        array, words = self.array, self.n_words
        key = tuple(word.tolist())
        place = bisect_left(range(len(array)), key, key=lambda i: tuple(array[i, :words].tolist()))
        if place < len(array) and tuple(array[place, :words].tolist()) == key:
            return place
        return None

    def order(self, top: int | None = None) -> npt.NDArray[np.int64]:
        """Return places, most frequent first, ties by word; the first ``top`` or all."""
        if top is None or top >= len(self):
            return np.argsort(-self.counts, kind="stable")
        best, counts = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        start = 0
        for part in self.parts():
            best = np.concatenate([best, np.arange(start, start + len(part))])
            counts = np.concatenate([counts, part.counts])
            keep = np.sort(np.argsort(-counts, kind="stable")[:top])
            best, counts = best[keep], counts[keep]
            start += len(part)
        return best[np.argsort(-counts, kind="stable")]

    @cached_property
    def t_counts(self) -> Counts:
        """Draws whose function has T = t ones, (m + 1,) int64."""
        totals = np.zeros(self.m + 1, dtype=np.int64)
        for part in self.parts():
            t = np.empty(len(part), dtype=np.int64)
            kernels.ones(part.array, self.n_words, t)
            np.add.at(totals, t, part.counts)
        return read_only(totals)

    @cached_property
    def counts_of_counts(self) -> tuple[Counts, Counts]:
        """Distinct counts and the number of functions with each, (j,) int64, rising."""
        tally: dict[int, int] = {}
        for part in self.parts():
            values, times = np.unique(part.counts, return_counts=True)
            for value, number in zip(values.tolist(), times.tolist(), strict=True):
                tally[value] = tally.get(value, 0) + number
        keys = sorted(tally)
        return np.array(keys, np.int64), np.array([tally[key] for key in keys], np.int64)

    def __add__(self, other: Rows) -> Rows:
        """Return the rows of both, counts added; group sums only where both keep them."""
        columns = min(self.array.shape[1], other.array.shape[1])
        a, b = (np.ascontiguousarray(rows.array[:, :columns]) for rows in (self, other))
        total = np.empty((kernels.union_size(a, b, self.n_words), columns), dtype=np.uint64)
        kernels.merge_rows(a, b, self.n_words, total)
        return Rows(total, self.m)

    def restrict(self, kept: npt.NDArray[np.int64]) -> Rows:
        """Return the rows of the functions on some inputs.

        Group sums survive where no two functions become one.
        """
        words = np.empty((len(self), bits.n_words(len(kept))), dtype=np.uint64)
        start = 0
        for part in self.parts():
            stop = start + len(part)
            words[start:stop] = bits.pack(bits.unpack(part.functions, self.m)[:, kept])
            start = stop
        if self.group_pairs is not None:
            whole = np.column_stack([words, self.array[:, self.n_words :]])
            kernels.sort_rows(whole, words.shape[1])
            if kernels.first_disorder(whole, words.shape[1]) < 0:
                return Rows(whole, len(kept))
        return Rows.folded(words, len(kept), self.counts)


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view
