"""`Draws`: the rows of a table with where they came from; building, adding, restricting."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol.groups import check_groups, counts_of
from priorvol.inputs import check_indices
from priorvol.provenance import Provenance
from priorvol.rows import Counts, Rows, Words, read_only
from priorvol.sources import Imported, Source
from priorvol.task import Task, check_task


class Draws:
    """Counted functions and their provenance: the part of `FunctionTable` that needs no statistics.

    Parameters are those of `priorvol.table.FunctionTable`.
    """

    _t_pairs: Counts | None

    def __init__(
        self,
        functions: Any,
        counts: npt.ArrayLike,
        *,
        task: Task | None = None,
        m: int | None = None,
        source: Source = Imported(),  # noqa: B008  # frozen
        provenance: Provenance = Provenance(),  # noqa: B008  # frozen
        n_samples: int | None = None,
        group_pairs: npt.ArrayLike | None = None,
        t_pairs: npt.ArrayLike | None = None,
    ) -> None:
        """Validate, sort and keep the rows."""
        words, m = bits.as_words(functions, check_task(task).m if task is not None else m)
        columns = [counts_of("counts", counts, len(words), low=1)]
        if group_pairs is not None:
            columns.append(counts_of("group_pairs", group_pairs, len(words), low=0))
        if len(words) == 0:
            raise ValueError("a table needs at least one function")
        listed = int(columns[0].sum())
        if n_samples is not None and checks.integer("n_samples", n_samples, low=1) < listed:
            raise ValueError(f"counts add up to {listed}, more than n_samples = {n_samples}")
        rows = Rows.sorted(words, m, *columns)
        self._set(rows, task, source, provenance, n_samples or listed, None)
        check_groups(source, provenance, self._n_samples, columns)
        self._t_pairs = None if t_pairs is None else counts_of("t_pairs", t_pairs, m + 1, low=0)

    def _set(
        self,
        rows: Rows,
        task: Task | None,
        source: Source,
        provenance: Provenance,
        n_samples: int,
        t_sums: tuple[Counts, Counts | None] | None,
    ) -> None:
        self._rows, self._task = rows, task
        self._source, self._provenance, self._n_samples = source, provenance, int(n_samples)
        self._t_pairs = None if t_sums is None else t_sums[1]
        if t_sums is not None:
            rows.t_counts = read_only(t_sums[0])  # known already: it need not be counted

    @classmethod
    def from_rows(
        cls,
        rows: Words,
        *,
        task: Task | None,
        m: int,
        source: Source,
        provenance: Provenance,
        n_samples: int,
        t_sums: tuple[Counts, Counts | None] | None,
    ) -> Self:
        """Take sorted rows as they are (see `priorvol._kernels.rows`), without a check.

        ``t_sums`` are the counts of T = t and their group pairs; None to count them on demand.
        """
        table = cls.__new__(cls)
        table._set(Rows(rows, m), task, source, provenance, n_samples, t_sums)
        return table

    @classmethod
    def from_counts(
        cls,
        functions: Any,
        counts: npt.ArrayLike,
        *,
        m: int | None = None,
        task: Task | None = None,
        n_samples: int | None = None,
        origin: str = "memory",
    ) -> Self:
        """Take a tally made elsewhere; a function listed twice has its counts added.

        Parameters are those of the class; ``origin`` says where the counts come from.

        Raises
        ------
        ValueError
            As the class, a repeated function excepted.

        Examples
        --------
        >>> from priorvol.table import FunctionTable
        >>> FunctionTable.from_counts(["01", "01", "11"], [1, 2, 3]).counts
        array([3, 3])
        """
        words, m = bits.as_words(functions, check_task(task).m if task is not None else m)
        numbers = counts_of("counts", counts, len(words), low=1)
        rows = Rows.folded(words, m, numbers)
        digest = hashlib.sha256(rows.array.astype("<u8").tobytes()).hexdigest()
        return cls(
            rows.functions,
            rows.counts,
            task=task,
            m=m,
            source=Imported(origin),
            provenance=Provenance(imports=(digest,)),
            n_samples=n_samples,
        )

    # What the table holds

    @property
    def task(self) -> Task | None:
        """What was drawn from, or None if unknown (imported counts)."""
        return self._task

    @property
    def source(self) -> Source:
        """How the draws were made."""
        return self._source

    @property
    def provenance(self) -> Provenance:
        """Which draws these are."""
        return self._provenance

    @property
    def m(self) -> int:
        """Number of inputs, the number of bits of a function."""
        return self._rows.m

    @property
    def n_words(self) -> int:
        """Number of uint64 words in a function."""
        return self._rows.n_words

    @property
    def rows(self) -> Words:
        """The rows as stored: words, count and, for grouped draws, group pairs."""
        return self._rows.array

    @property
    def functions(self) -> Words:
        """Packed functions (k, words) uint64, in storage order (by word)."""
        return self._rows.functions

    @property
    def counts(self) -> Counts:
        """Counts (k,) int64, in storage order."""
        return self._rows.counts

    @property
    def group_pairs(self) -> Counts | None:
        """Sum over groups of c (c - 1), (k,) int64 in storage order; None if not kept."""
        return self._rows.group_pairs

    @property
    def t_counts(self) -> Counts:
        """Draws with T ones, (m + 1,) int64."""
        return self._rows.t_counts

    @property
    def t_pairs(self) -> Counts | None:
        """Sum over groups of c (c - 1) for the events T = t, (m + 1,) int64; None if not kept."""
        return self._t_pairs

    @property
    def n_samples(self) -> int:
        """Number of draws."""
        return self._n_samples

    @property
    def size_sums(self) -> Counts | None:
        """Where groups vary in size a: the sum over groups of c a, (k,) int64; else None."""
        return self._rows.size_sums

    @property
    def group_size(self) -> float:
        """Size of the group of a draw, on average (1: independent draws).

        Where groups vary in size a it is sum(a^2) / sum(a), in which draws that are not listed are
        taken to stand in the largest groups.
        """
        largest, squares = self._source.output_draws, self._rows.size_squares
        if squares is None or self._n_samples == 0:
            return float(largest)
        return (squares + largest * self.n_unlisted) / self._n_samples

    @property
    def output_draws(self) -> int:
        """Draws in one group (1: independent draws); `group_size`, rounded up."""
        return math.ceil(self.group_size)

    @property
    def n_groups(self) -> int:
        """Number of groups, the independent draws; in effect, where they vary in size."""
        return max(self._n_samples // self.output_draws, 1)

    @property
    def n_unlisted(self) -> int:
        """Draws of functions that the table leaves out (0 for sampled tables)."""
        return self._n_samples - int(self.t_counts.sum())

    def __len__(self) -> int:
        """Return the number of distinct functions listed."""
        return len(self._rows)

    @property
    def _seed(self) -> int | None:
        seeds = {span.seed for span in self._provenance.spans}
        return seeds.pop() if len(seeds) == 1 else None

    def chunks(self, size: int | None = None) -> Iterator[tuple[Words, Counts]]:
        """Yield (functions, counts) in storage order, at most ``size`` rows at a time, in memory.

        Examples
        --------
        >>> from priorvol.table import FunctionTable
        >>> table = FunctionTable.from_counts(["00", "01", "11"], [1, 2, 3])
        >>> [len(counts) for _, counts in table.chunks(2)]
        [2, 1]
        """
        if size is not None:
            size = checks.integer("size", size, low=1)
        for part in self._rows.parts(size):
            yield np.ascontiguousarray(part.functions), part.counts

    def row_parts(self) -> Iterator[Rows]:
        """Yield the rows in storage order, a part at a time, in memory."""
        yield from self._rows.parts()

    # Adding tables

    def __add__(self, other: Self) -> Self:
        """Return the table of both sets of draws.

        Raises
        ------
        ValueError
            If the tasks or sources differ, or a draw is in both; the message says which.
        """
        if not isinstance(other, Draws):
            return NotImplemented
        if self._task is None or other._task is None:
            raise ValueError("tables without a task cannot be added: give task= on import")
        if self._task != other._task:
            raise ValueError(f"tasks differ: {self._task} and {other._task}")
        if self._source != other._source:
            raise ValueError(f"sources differ: {self._source} and {other._source}")
        versions = {s.stream_version for t in (self, other) for s in t._provenance.spans}
        if len(versions) > 1:
            raise ValueError(f"stream versions differ: {sorted(versions)}")
        for table in (self, other):
            if table.n_unlisted:
                raise ValueError(
                    f"tables that leave functions out cannot be added, got {table!r} with "
                    f"{table.n_unlisted:,} draws not listed"
                )
        provenance = self._provenance + other._provenance
        pairs = None
        if self._t_pairs is not None and other._t_pairs is not None:
            pairs = self._t_pairs + other._t_pairs
        total = type(self).__new__(type(self))
        total._set(
            self._rows + other._rows,
            self._task,
            self._source,
            provenance,
            self._n_samples + other._n_samples,
            (self.t_counts + other.t_counts, pairs),
        )
        return total

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same draws of the same task, row by row."""
        return (
            isinstance(other, Draws)
            and (self._task, self.m, self._n_samples) == (other._task, other.m, other._n_samples)
            and (self._source, self._provenance) == (other._source, other._provenance)
            and np.array_equal(self.rows, other.rows)
            and _listed(self._t_pairs) == _listed(other._t_pairs)
        )

    def restrict(self, indices: npt.ArrayLike) -> Self:
        """Return the table of the functions on the inputs at ``indices``, in that order.

        Where functions become one their group sums do not survive (they were seen in groups that
        are no longer known), and intervals of grouped draws take the group as the unit. Restricting
        a posterior to the inputs without a label makes no two functions one.

        Raises
        ------
        ValueError
            If an index is repeated or out of range.

        Examples
        --------
        >>> from priorvol.table import FunctionTable
        >>> table = FunctionTable.from_counts(["00", "01", "11"], [1, 2, 3])
        >>> table.restrict([0]).counts
        array([3, 3])
        """
        kept = check_indices(indices, self.m)
        task = self._task
        if task is not None:
            task = Task(task.architecture, task.prior, task.inputs.subset(kept))
        table = type(self).__new__(type(self))
        rows = self._rows.restrict(kept)
        table._set(rows, task, self._source, self._provenance, self._n_samples, None)
        return table

    # Looking up

    def at_least(self, min_count: int) -> Self:
        """Return the table of the functions counted ``min_count`` times or more.

        The number of draws stays what it is, so the others become draws that are not listed.

        Raises
        ------
        ValueError
            If ``min_count`` is below 1 or no function was counted as often.

        Examples
        --------
        >>> from priorvol.table import FunctionTable
        >>> FunctionTable.from_counts(["00", "01", "11"], [1, 2, 3]).at_least(2)
        <FunctionTable: 2 functions in 6 draws>
        """
        min_count = checks.integer("min_count", min_count, low=1)
        kept = [part.array[np.asarray(part.counts) >= min_count] for part in self._rows.parts()]
        rows = np.concatenate(kept)
        if len(rows) == 0:
            raise ValueError(
                f"no function of {self!r} was counted min_count = {min_count} times or more: "
                "lower it, or draw more"
            )
        return self.from_rows(
            rows,
            task=self._task,
            m=self.m,
            source=self._source,
            provenance=self._provenance,
            n_samples=self._n_samples,
            t_sums=None,
        )

    def index(self, function: Any) -> int | None:
        """Return the storage index of a function, or None if it was not seen."""
        return self._rows.index(bits.as_word(function, self.m))

    def order(self, top: int | None = None) -> npt.NDArray[np.int64]:
        """Return storage indices, most frequent first, ties by word; the first ``top`` or all."""
        if top is not None:
            top = checks.integer("top", top, low=1)
        return self._rows.order(top)


def _listed(counts: Counts | None) -> list[int] | None:
    return None if counts is None else counts.tolist()
