"""`FunctionTable`: distinct functions, their counts, and what they say of P(f)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import richness
from priorvol._kernels.rows import ones
from priorvol.draws import Draws
from priorvol.intervals import grouped_interval, ratio_interval
from priorvol.result import Estimate, Proportions, RankTable, Richness
from priorvol.rows import Counts


class FunctionTable(Draws):
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
    source : PriorSampling, PosteriorSampling, GaussianProcess or Imported
        How the draws were made; see `priorvol.sources`.
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
        sizes = self.size_sums
        if sizes is not None:
            sizes = sizes[[place]] if place is not None else np.zeros(1, dtype=np.int64)
        found = self.proportions([count], grouped, sizes, level=level, interval=interval)
        if place is None and self.n_unlisted:  # it may be among the draws left out
            high = self.proportions([self.n_unlisted], level=level, interval=interval).high
            found = replace(found, high=high)
        return found.estimate(0, self.source.quantity, seed=self._seed)

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
        found = self.proportions(
            best.counts, best.group_pairs, best.size_sums, level=level, interval=interval
        )
        functions = np.ascontiguousarray(best.functions)
        return RankTable(**vars(found), functions=functions, m=self.m)

    def t_histogram(self, *, level: float = 0.95, interval: str = "clopper-pearson") -> Proportions:
        """Return P(T = t), t = 0 .. m, with pointwise intervals.

        Examples
        --------
        >>> FunctionTable.from_counts(["00", "01", "11"], [1, 2, 3]).t_histogram().counts
        array([1, 2, 3])
        """
        return self.proportions(
            self.t_counts, self._t_pairs, self._t_sizes, level=level, interval=interval
        )

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
        sizes = None if self._t_sizes is None else [int(self._t_sizes[ends].sum())]
        found = self.proportions([count], pairs, sizes, level=level, interval=interval)
        return found.estimate(0, "P(constant)", seed=self._seed)

    @property
    def _t_sizes(self) -> Counts | None:
        """Sum over groups of c a for the events T = t; None where sizes or pairs are not kept."""
        if self.size_sums is None or self._t_pairs is None:
            return None
        sums = np.zeros(self.m + 1, dtype=np.int64)
        for part in self.row_parts():
            t = np.empty(len(part), dtype=np.int64)
            ones(part.array, part.n_words, t)
            np.add.at(sums, t, part.array[:, part.n_words + 2].astype(np.int64))
        return sums

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
        draws = self.source.output_draws
        return richness.missing_mass(
            self._rows, n_samples=self._n_samples, draws=draws, level=level
        )

    def n_functions(self, *, level: float = 0.95) -> Richness:
        """Return a lower bound on the number N_O of functions that the prior can give.

        By Chao; see `priorvol.richness.n_functions`.
        """
        return richness.n_functions(
            self._rows, n_samples=self._n_samples, draws=self.source.output_draws, level=level
        )

    def entropy(self, *, estimator: str = "plug-in") -> float:
        """Return the entropy of P(f) in bits (see `priorvol.richness.entropy`)."""
        draws = self.source.output_draws
        return richness.entropy(
            self._rows, n_samples=self._n_samples, draws=draws, estimator=estimator
        )

    def proportions(
        self,
        counts: npt.ArrayLike,
        pairs: npt.ArrayLike | None = None,
        sizes: npt.ArrayLike | None = None,
        *,
        level: float = 0.95,
        interval: str = "clopper-pearson",
    ) -> Proportions:
        """Return the proportions of events among the draws, with pointwise intervals.

        Parameters
        ----------
        counts, pairs, sizes : array-like
            For each event the sums over groups of c, c (c - 1) and c a, as `counts`,
            `group_pairs` and `size_sums` are for functions; the last two where groups matter.
        level : float
        interval : "clopper-pearson" or "wilson"

        Raises
        ------
        ValueError
            If a count is beyond the number of draws, or an option is out of range.

        Examples
        --------
        >>> FunctionTable.from_counts(["00", "01"], [1, 3]).proportions([3]).p
        array([0.75])
        """
        if sizes is None or pairs is None:
            low, high, effect = grouped_interval(
                counts,
                pairs,
                n_groups=self.n_groups,
                draws=self.output_draws,
                level=level,
                interval=interval,
            )
        else:
            low, high, effect = ratio_interval(
                counts,
                pairs,
                sizes,
                n_samples=self._n_samples,
                group_size=self.group_size,
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
