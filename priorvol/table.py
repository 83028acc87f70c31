"""`FunctionTable`: distinct functions, their counts, and where they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks, richness
from priorvol.inputs import check_indices
from priorvol.intervals import grouped_interval
from priorvol.provenance import Imported, PriorSampling, Provenance, Source
from priorvol.result import Estimate, Proportions, RankTable
from priorvol.rows import Rows, read_only
from priorvol.task import Task, check_task

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


class FunctionTable:
    """Counts of functions among draws that are equally weighted.

    Tables come from `priorvol.collect`, `priorvol.load_run` and `FunctionTable.from_counts`, and
    add up with ``+``. Rows are kept in the order of the function words, which may lie in a file
    larger than memory (read them with `chunks`); listings put the most frequent first.

    Parameters
    ----------
    functions : any form of functions
        Distinct; see `priorvol.bits.as_words`.
    counts : (k,) integers
        At least 1 each.
    task : Task, optional
        What was drawn from. Without one, tables cannot be added.
    m : int, optional
        Number of inputs, where ``functions`` are packed words and no task is given.
    source : PriorSampling or Imported
    provenance : Provenance
    n_samples : int, optional
        Number of draws; default the sum of counts. A larger number says that rare functions were
        left out.
    group_pairs : (k,) integers, optional
        Sum over groups of c (c - 1), for draws that come in groups.
    t_pairs : (m + 1,) integers, optional
        The same sum for the events T = t.

    Raises
    ------
    ValueError
        If shapes disagree, a function is repeated, a count is below 1, or they add to more than
        ``n_samples``.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0000", "0110"], [3, 1])
    >>> print(table.probability("0110"))
    P(f) = 0.25 [0.006309, 0.8059] (95%, monte_carlo)
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
        columns = [_counts("counts", counts, len(words), low=1)]
        if group_pairs is not None:
            columns.append(_counts("group_pairs", group_pairs, len(words), low=0))
        if len(words) == 0:
            raise ValueError("a table needs at least one function")
        listed = int(columns[0].sum())
        if n_samples is not None and checks.integer("n_samples", n_samples, low=1) < listed:
            raise ValueError(f"counts add up to {listed}, more than n_samples = {n_samples}")
        rows = Rows.sorted(words, m, *columns)
        self._set(rows, task, source, provenance, n_samples or listed, None)
        self._check_groups(columns)
        self._t_pairs = None if t_pairs is None else _counts("t_pairs", t_pairs, m + 1, low=0)

    def _check_groups(self, columns: list[Counts]) -> None:
        """Check that the draws are whole groups, those of the provenance."""
        if not isinstance(self._source, PriorSampling | Imported):
            raise ValueError(f"source must be PriorSampling or Imported, got {self._source!r}")
        draws = self.output_draws
        if self._n_samples % draws:
            raise ValueError(f"{self._n_samples} draws are not whole groups of {draws}")
        spans = self._provenance.spans
        if any(span.output_draws != draws for span in spans):
            raise ValueError(f"provenance and source differ in output_draws: {spans}, {draws}")
        held = sum(span.size * draws for span in spans)
        if held and held != self._n_samples:
            raise ValueError(f"provenance holds {held} draws, but n_samples = {self._n_samples}")
        if len(columns) > 1:
            counts, pairs = columns
            wrong = (pairs % 2 != 0) | (pairs > counts * (np.minimum(counts, draws) - 1))
            if wrong.any():
                raise ValueError(
                    f"group_pairs must be even and at most count * (draws - 1), got "
                    f"{pairs[wrong][0]} for a count of {counts[wrong][0]}, {draws} draws a group"
                )

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
    ) -> FunctionTable:
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
    ) -> FunctionTable:
        """Take a tally made elsewhere; a function listed twice has its counts added.

        Parameters are those of the class; ``origin`` says where the counts come from.

        Raises
        ------
        ValueError
            As the class, a repeated function excepted.

        Examples
        --------
        >>> FunctionTable.from_counts(["01", "01", "11"], [1, 2, 3]).counts
        array([3, 3])
        """
        words, m = bits.as_words(functions, check_task(task).m if task is not None else m)
        numbers = _counts("counts", counts, len(words), low=1)
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
    def output_draws(self) -> int:
        """Draws in one group (1: independent draws)."""
        return self._source.output_draws

    @property
    def n_groups(self) -> int:
        """Number of groups, the independent draws."""
        return self._n_samples // self.output_draws

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
        >>> table = FunctionTable.from_counts(["00", "01", "11"], [1, 2, 3])
        >>> [len(counts) for _, counts in table.chunks(2)]
        [2, 1]
        """
        if size is not None:
            size = checks.integer("size", size, low=1)
        for part in self._rows.parts(size):
            yield np.ascontiguousarray(part.functions), part.counts

    # Adding tables

    def __add__(self, other: FunctionTable) -> FunctionTable:
        """Return the table of both sets of draws.

        Raises
        ------
        ValueError
            If the tasks or sources differ, or a draw is in both; the message says which.
        """
        if not isinstance(other, FunctionTable):
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
        total = FunctionTable.__new__(FunctionTable)
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
            isinstance(other, FunctionTable)
            and (self._task, self.m, self._n_samples) == (other._task, other.m, other._n_samples)
            and (self._source, self._provenance) == (other._source, other._provenance)
            and np.array_equal(self.rows, other.rows)
            and np.array_equal(self._t_pairs, other._t_pairs)  # type: ignore[arg-type]  # or None
        )

    __hash__ = None  # type: ignore[assignment]  # tables are compared by content

    def restrict(self, indices: npt.ArrayLike) -> FunctionTable:
        """Return the table of the functions on the inputs at ``indices``, in that order.

        Group sums do not survive (functions that become one were seen in groups that are no longer
        known), so intervals of grouped draws then take the group as the unit.

        Raises
        ------
        ValueError
            If an index is repeated or out of range.

        Examples
        --------
        >>> table = FunctionTable.from_counts(["00", "01", "11"], [1, 2, 3])
        >>> table.restrict([0]).counts
        array([3, 3])
        """
        kept = check_indices(indices, self.m)
        task = self._task
        if task is not None:
            task = Task(task.architecture, task.prior, task.inputs.subset(kept))
        table = FunctionTable.__new__(FunctionTable)
        rows = self._rows.restrict(kept)
        table._set(rows, task, self._source, self._provenance, self._n_samples, None)
        return table

    # Probabilities

    def index(self, function: Any) -> int | None:
        """Return the storage index of a function, or None if it was not seen."""
        return self._rows.index(bits.as_word(function, self.m))

    def probability(
        self, function: Any, *, level: float = 0.95, interval: str = "clopper-pearson"
    ) -> Estimate:
        """Return P(f) of one function with its interval.

        Parameters
        ----------
        function : any form of one function
            See `priorvol.bits.as_words`.
        level : float
        interval : "clopper-pearson" or "wilson"

        Returns
        -------
        Estimate
            Its diagnostics hold ``count``, ``inflation`` and ``effective_samples``. A function
            never seen has log_p = -inf and a finite ``high``.

        Raises
        ------
        ValueError
            If it is not one function on m inputs, or an option is out of range.
        """
        place = self.index(function)
        count = 0 if place is None else int(self.counts[place])
        pairs = self.group_pairs
        pair_sum = 0 if place is None or pairs is None else int(pairs[place])
        grouped = None if pairs is None else [pair_sum]
        found = self._proportions([count], grouped, level, interval)
        if place is None and self.n_unlisted:  # it may be among the draws left out
            high = self._proportions([self.n_unlisted], None, level, interval).high
            found = replace(found, high=high)
        return found.estimate(0, "P(f)", seed=self._seed)

    def ranks(
        self, top: int | None = None, *, level: float = 0.95, interval: str = "clopper-pearson"
    ) -> RankTable:
        """Return the ``top`` most frequent functions (all by default) with pointwise intervals.

        Raises
        ------
        ValueError
            If an option is out of range.

        Examples
        --------
        >>> FunctionTable.from_counts(["00", "01", "11"], [1, 2, 3]).ranks(2).texts()
        ['11', '01']
        """
        best = self._rows.take(self.order(top))
        found = self._proportions(best.counts, best.group_pairs, level, interval)
        functions = np.ascontiguousarray(best.functions)
        return RankTable(**vars(found), functions=functions, m=self.m)

    def order(self, top: int | None = None) -> npt.NDArray[np.int64]:
        """Return storage indices, most frequent first, ties by word; the first ``top`` or all."""
        if top is not None:
            top = checks.integer("top", top, low=1)
        return self._rows.order(top)

    def t_histogram(self, *, level: float = 0.95, interval: str = "clopper-pearson") -> Proportions:
        """Return P(T = t), t = 0 .. m, with pointwise intervals.

        Examples
        --------
        >>> FunctionTable.from_counts(["00", "01", "11"], [1, 2, 3]).t_histogram().counts
        array([1, 2, 3])
        """
        return self._proportions(self.t_counts, self._t_pairs, level, interval)

    def constant_mass(self, *, level: float = 0.95, interval: str = "clopper-pearson") -> Estimate:
        """Return P(f is constant), T = 0 or T = m, with its interval.

        For grouped draws the covariance of the two events is bounded by their variances.
        """
        ends = [0, self.m]
        count = int(self.t_counts[ends].sum())
        pairs = None
        if self._t_pairs is not None:
            each = self.t_counts[ends] + self._t_pairs[ends]
            pairs = [int(np.ceil(np.sqrt(each).sum() ** 2)) - count]
        found = self._proportions([count], pairs, level, interval)
        return found.estimate(0, "P(constant)", seed=self._seed)

    # The distribution as a whole

    @property
    def counts_of_counts(self) -> tuple[Counts, Counts]:
        """Distinct counts and the number of functions with each, both (j,) int64, rising."""
        return self._rows.counts_of_counts

    @property
    def n_singletons(self) -> int:
        """Functions counted once; they carry next to no information on their P(f)."""
        values, times = self.counts_of_counts
        return int(times[values == 1].sum())

    def missing_mass(self, *, level: float = 0.95) -> Estimate:
        """Return the Good-Turing missing mass (see `priorvol.richness.missing_mass`)."""
        draws = self.output_draws
        return richness.missing_mass(
            self._rows, n_samples=self._n_samples, draws=draws, level=level
        )

    def entropy(self, *, estimator: str = "plug-in") -> float:
        """Return the entropy of P(f) in bits (see `priorvol.richness.entropy`)."""
        draws = self.output_draws
        return richness.entropy(
            self._rows, n_samples=self._n_samples, draws=draws, estimator=estimator
        )

    def _proportions(
        self, counts: npt.ArrayLike, pairs: npt.ArrayLike | None, level: float, interval: str
    ) -> Proportions:
        low, high, effect = grouped_interval(
            counts,
            pairs,
            n_groups=self.n_groups,
            draws=self.output_draws,
            level=level,
            interval=interval,
        )
        numbers = np.asarray(counts, dtype=np.int64)
        return Proportions(
            counts=numbers,
            p=numbers / self._n_samples,
            low=low,
            high=high,
            inflation=effect,
            n_samples=self._n_samples,
            level=level,
            interval=interval,
        )

    def __repr__(self) -> str:
        """Return a short description."""
        return f"<FunctionTable: {len(self):,} functions in {self._n_samples:,} draws>"


def add_all(tables: Iterable[FunctionTable]) -> FunctionTable:
    """Return the sum of one table or more, adding small ones first.

    Raises
    ------
    ValueError
        If there is none, or as ``+``.

    Examples
    --------
    >>> add_all([FunctionTable.from_counts(["01"], [3])]).n_samples
    3
    """
    waiting = sorted(tables, key=len, reverse=True)
    if not waiting:
        raise ValueError("at least one table is wanted")
    while len(waiting) > 1:
        total = waiting.pop() + waiting.pop()
        place = len(waiting)
        while place > 0 and len(waiting[place - 1]) < len(total):
            place -= 1
        waiting.insert(place, total)
    return waiting[0]


def _counts(name: str, values: npt.ArrayLike, k: int, *, low: int) -> Counts:
    array = np.asarray(values)
    if array.shape != (k,):
        raise ValueError(f"{name} must have shape ({k},), got {array.shape}")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be whole numbers, got dtype {array.dtype}")
    broken = array[array != np.floor(array)] if array.dtype.kind == "f" else array[:0]
    if broken.size:
        raise ValueError(f"{name} must be whole numbers, got {broken[0]}")
    if k and (array.min() < low or array.max() >= 2**62):
        worst = array.min() if array.min() < low else array.max()
        raise ValueError(f"{name} must lie in {low}..2^62, got {worst}")
    return array.astype(np.int64)
