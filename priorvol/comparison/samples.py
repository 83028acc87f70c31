"""Two tables side by side: the counts of every function that either holds, and their halves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from priorvol.intervals import inflation, ratio_inflation
from priorvol.rows import Counts, Words
from priorvol.table import FunctionTable

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sample:
    """Counts of some functions among draws that may come in groups.

    Attributes
    ----------
    counts : (k,) int64 array
    effects : (k,) float64 array
        Variance of each count over that of independent draws.
    n : int
        Number of draws.
    group : int
        Draws in a group; 1 for independent draws.
    pairs : (k,) int64 array or None
        Sum over groups of c (c - 1) of whole tables of grouped draws that keep it.
    sizes : (k,) int64 array or None
        Where groups vary in size a: the sum over groups of c a.
    """

    counts: Counts
    effects: Array
    n: int
    group: int
    pairs: Counts | None = None
    sizes: Counts | None = None

    @property
    def p(self) -> Array:
        """Shares of the draws, (k,)."""
        return self.counts / self.n

    @property
    def unit(self) -> float:
        """Draws that stand for one independent draw in the sum over any set of functions."""
        return float(self.group)

    def log_p(self) -> tuple[Array, Array]:
        """Return log P from effective counts, and the variance of its counting noise.

        With c and n the count and the draws over the effect, log P is log((c + 1/2) / (n + 1)). For
        a Poisson count of mean x the variance of log(c + 1/2) is 1/x + 1/(2 x^2) + a/x^3 + ..., of
        which 1 / (c + 1) + 1 / (2 (c + 1) (c + 2)) + a / ((c + 1) (c + 2) (c + 3)) is an unbiased
        estimate but for exp(-x); a = 5/4 makes it right to 0.5% from x = 4 on. A factor 1 - p makes
        it binomial.
        """
        c, n = self.counts / self.effects, self.n / self.effects
        noise = (1.0 - self.p) * (1.0 + (0.5 + 1.25 / (c + 3.0)) / (c + 2.0)) / (c + 1.0)
        return np.log((c + 0.5) / (n + 1.0)), noise

    def take(self, kept: Mask) -> Sample:
        """Return the counts of some of the functions among the same draws."""
        return Sample(self.counts[kept], self.effects[kept], self.n, self.group)

    def halves(self, rng: np.random.Generator) -> tuple[Sample, Sample]:
        """Send each draw to one of two halves by a fair coin.

        Halves of independent draws are independent, given how many draws each has. Of grouped
        draws both hold draws of the same groups. The coin halves what a group adds to the variance.
        """
        first = rng.binomial(self.counts, 0.5)
        n = int(first.sum()) + int(rng.binomial(self.n - int(self.counts.sum()), 0.5))
        effects = (1.0 + self.effects) / 2.0
        a = Sample(first, effects, n, self.group)
        return a, Sample(self.counts - first, effects, self.n - n, self.group)


def sample_of(
    table: FunctionTable, counts: Counts, pairs: Counts | None, sizes: Counts | None
) -> Sample:
    """Return a sample with some of a table's counts, 0 for functions that it does not hold.

    ``pairs`` and ``sizes`` are the table's sums over groups at these functions, or None.
    """
    n, group = table.n_samples, table.output_draws
    effects = np.full(len(counts), float(group))
    if group == 1:
        effects = np.ones(len(counts))
    elif pairs is not None and sizes is not None:
        effects = ratio_inflation(counts, pairs, sizes, n_samples=n, group_size=table.group_size)
    elif pairs is not None:
        effects = inflation(counts, pairs, n_groups=table.n_groups, draws=group)
    return Sample(counts, effects, n, group, pairs, sizes)


def joined(a: FunctionTable, b: FunctionTable) -> tuple[Words, Sample, Sample]:
    """Return every function of either table, by word, and its counts in both."""
    words = np.concatenate([a.functions, b.functions])
    functions, places = np.unique(words, axis=0, return_inverse=True)
    places = places.reshape(-1)
    samples = []
    for table, own in ((a, places[: len(a)]), (b, places[len(a) :])):

        def spread(column: Counts, own: npt.NDArray[np.intp] = own) -> Counts:
            at = np.zeros(len(functions), dtype=np.int64)
            at[own] = column
            return at

        samples.append(_sample(table, spread))
    return functions, samples[0], samples[1]


def at_words(table: FunctionTable, words: Words) -> Sample:
    """Return the counts of some functions in a table."""
    places = [table.index(word) for word in words]
    return _sample(
        table,
        lambda column: np.array([0 if i is None else column[i] for i in places], dtype=np.int64),
    )


def whole(table: FunctionTable) -> Sample:
    """Return the counts of all functions of a table, in storage order."""
    return _sample(table, np.array)


def _sample(table: FunctionTable, at: Callable[[Counts], Counts]) -> Sample:
    """Return a sample of a table's columns, each taken where ``at`` takes it."""
    pairs, sizes = table.group_pairs, table.size_sums
    return sample_of(
        table,
        at(table.counts),
        None if pairs is None else at(pairs),
        None if sizes is None else at(sizes),
    )
