"""P(K), the distribution of complexity under the prior, beside those of random functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks, complexity, rng
from priorvol.intervals import clopper_pearson
from priorvol.progress import progress_bar
from priorvol.result import Proportions
from priorvol.rows import CHUNK, Counts, Rows, Words
from priorvol.table import FunctionTable

Array = npt.NDArray[np.float64]

FEW_INPUTS = 16
"""Up to this m all 2^m functions are listed, not sampled."""

DISTINCT = 200
"""Up to this many distinct complexities each has a place of its own; more share bins."""

BINS = 64

MOST_BINS = 100_000

MOST_UNIFORM = 10_000_000
"""Most random functions at once."""

SAME = 1e-9
"""Complexities closer than this, as a fraction of the largest, are one: they differ by rounding."""


@dataclass(frozen=True, kw_only=True)
class Spread(Proportions):
    """How often each complexity occurs, with the mean; for the rest see `Proportions`.

    Attributes
    ----------
    exact : bool
        Whether all functions were listed: low = p = high then.
    mean, standard_deviation : float
        Of the complexity, in its unit and without binning.
    standard_error : float
        Of the mean.
    """

    exact: bool
    mean: float
    standard_deviation: float
    standard_error: float


@dataclass(frozen=True, kw_only=True)
class ComplexityDistribution:
    """P(K) under the prior, of uniformly random functions and of such with the prior's P(T).

    Attributes
    ----------
    measure, label, unit : str
        The complexity measure, its axis label and its unit.
    k : (j,) float64 array
        The complexities, rising: distinct values, or the middles of bins. The arrays of ``prior``,
        ``uniform`` and ``same_t`` have one entry each.
    edges : (j + 1,) float64 array or None
        The bins' edges; None where ``k`` are distinct values. The last bin holds its right edge.
    prior : Spread
        Of all draws.
    uniform : Spread
        Of functions that are all as likely.
    same_t : Spread
        Of functions with the prior's P(T), T the number of ones, uniform given T.
    m, output_draws : int
        Number of inputs, and draws in a group.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0000", "1111", "0110"], [5, 3, 2])
    >>> found = complexity_distribution(table)
    >>> print(found)
    k_lz of 10 draws: mean 2.8 +- 0.51 bits, standard deviation 1.6
      uniform functions: mean 5.25 (exact), shift 2.45 +- 0.51 bits
      functions with the prior's P(T): mean 2.79 +- 0.5 bits
    """

    measure: str
    label: str
    unit: str
    k: Array
    edges: Array | None
    prior: Spread
    uniform: Spread
    same_t: Spread
    m: int
    output_draws: int

    @property
    def shift(self) -> float:
        """Mean complexity of uniform functions less that of the prior, in the measure's unit."""
        return self.uniform.mean - self.prior.mean

    @property
    def shift_error(self) -> float:
        """Standard error of `shift`."""
        return math.hypot(self.uniform.standard_error, self.prior.standard_error)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        record = {
            key: value.tolist() if isinstance(value, np.ndarray) else value
            for key, value in vars(self).items()
        }
        for name in ("prior", "uniform", "same_t"):
            record[name] = {
                key: value.tolist() if isinstance(value, np.ndarray) else value
                for key, value in asdict(getattr(self, name)).items()
            }
        return record | {"shift": self.shift, "shift_error": self.shift_error}

    def __str__(self) -> str:
        """Return the means."""
        prior, uniform = self.prior, self.uniform
        unit = f" {self.unit}" if self.unit else ""
        error = "(exact)" if uniform.exact else f"+- {uniform.standard_error:.2g}"
        return (
            f"{self.measure} of {prior.n_samples:,} draws: mean {prior.mean:.4g} +- "
            f"{prior.standard_error:.2g}{unit}, standard deviation "
            f"{prior.standard_deviation:.3g}\n"
            f"  uniform functions: mean {uniform.mean:.4g} {error}, shift {self.shift:.4g} +- "
            f"{self.shift_error:.2g}{unit}\n"
            f"  functions with the prior's P(T): mean {self.same_t.mean:.4g} +- "
            f"{self.same_t.standard_error:.2g}{unit}"
        )


def complexity_distribution(
    table: FunctionTable,
    measure: str = "k_lz",
    *,
    n_uniform: int = 100_000,
    seed: int = 0,
    bins: int | None = None,
    level: float = 0.95,
    radius: float | None = None,
    n_jobs: int = 1,
    progress: bool | None = None,
) -> ComplexityDistribution:
    """Return P(K) under the prior, beside that of uniform functions with any T and the same T.

    Every draw counts, those of functions seen once too, so that there is no selection: P(K) is a
    distribution over draws, unlike the functions' P(f) against K.

    Parameters
    ----------
    table : FunctionTable
        One that lists every draw.
    measure : str
        Name of a complexity measure; `priorvol.complexity.measures` lists them.
    n_uniform : int
        Random functions drawn for either null, at least 2. For m up to 16 ``uniform`` is of all
        2^m functions instead.
    seed : int
        In [0, 2^64).
    bins : int, optional
        Number of bins of equal width. By default each distinct complexity has a place of its own,
        or there are 64 bins where these are more than 200.
    level : float
        Of the intervals, which are Clopper and Pearson's, one complexity at a time.
    radius : float, optional
        For measures that need points (see `priorvol.complexity.compute`).
    n_jobs, progress : optional
        As `priorvol.complexity.compute`.

    Returns
    -------
    ComplexityDistribution
        For draws that come in groups the group is the unit, since how many draws of a group share
        a complexity is not kept: intervals and standard errors are conservative. Those of
        ``same_t`` hold the error of P(T) as well, also conservatively.

    Raises
    ------
    ValueError
        If the table leaves out draws, the measure is unknown or not defined on the table's inputs,
        or an argument is out of range.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0000", "1111", "0110"], [5, 3, 2])
    >>> found = complexity_distribution(table)
    >>> found.k, found.prior.p, found.uniform.p
    (array([2., 5., 6.]), array([0.8, 0. , 0.2]), array([0.125, 0.25 , 0.625]))
    """
    known = complexity.measure(measure)
    n_uniform = checks.integer("n_uniform", n_uniform, low=2, high=MOST_UNIFORM)
    bins = None if bins is None else checks.integer("bins", bins, low=1, high=MOST_BINS)
    level = checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
    rng.check_seed(seed)
    if table.n_unlisted:
        raise ValueError(
            f"P(K) needs every draw listed; this table leaves out {table.n_unlisted:,} of "
            f"{table.n_samples:,}"
        )
    options: dict[str, Any] = {"radius": radius, "n_jobs": n_jobs, "progress": progress}
    parts = complexity_parts(table, measure, **options)
    tallies = [_tally((k, rows.counts) for k, rows in parts)]  # the nulls need a defined measure
    chosen, exact = some_functions(table.m, n_uniform, seed)
    given_t = _with_t(table, n_uniform, seed)
    for words in (chosen, given_t):
        tallies.append(_tally([(complexity_of(words, table, measure, **options), None)]))
    n_groups = table.n_samples / table.group_size
    units = (n_groups, math.inf if exact else len(chosen), 1 / (1 / len(given_t) + 1 / n_groups))
    k, edges, places = _places([distinct for distinct, _ in tallies], bins)
    prior, uniform, same_t = (
        _spread(*tally, place, len(k), n_units, level)
        for tally, place, n_units in zip(tallies, places, units, strict=True)
    )
    return ComplexityDistribution(
        measure=known.name,
        label=known.label,
        unit=known.unit,
        k=k,
        edges=edges,
        prior=prior,
        uniform=uniform,
        same_t=same_t,
        m=table.m,
        output_draws=table.output_draws,
    )


def complexity_parts(
    table: FunctionTable,
    measure: str,
    *,
    radius: float | None = None,
    n_jobs: int = 1,
    progress: bool | None = None,
) -> Iterator[tuple[Array, Rows]]:
    """Yield the complexities of a table's functions with their rows, a part at a time.

    Arguments and errors are those of `priorvol.complexity.compute`.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0000", "0110"], [5, 2])
    >>> [(k, rows.counts) for k, rows in complexity_parts(table, "lz76_words")]
    [(array([2., 3.]), array([5, 2]))]
    """
    with progress_bar(len(table), "functions", delay=1.0, progress=progress) as bar:
        for start in range(0, len(table), CHUNK):
            rows = np.array(table.rows[start : start + CHUNK])
            part = FunctionTable.from_rows(
                rows,
                task=table.task,
                m=table.m,
                source=table.source,
                provenance=table.provenance,
                n_samples=table.n_samples,
                t_sums=None,
            )
            options: dict[str, Any] = {"radius": radius, "n_jobs": n_jobs, "progress": False}
            yield complexity.compute(part, measure, **options)[measure], Rows(rows, table.m)
            bar.update(len(rows))


def complexity_of(
    words: Words,
    table: FunctionTable,
    measure: str,
    *,
    radius: float | None = None,
    n_jobs: int = 1,
    progress: bool | None = None,
) -> Array:
    """Return the complexities of packed functions on the inputs of a table.

    Arguments and errors are those of `priorvol.complexity.compute`.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0000", "0110"], [5, 2])
    >>> complexity_of(np.array([[6]], dtype=np.uint64), table, "lz76_words")
    array([3.])
    """
    inputs = None if table.task is None else table.task.inputs
    options: dict[str, Any] = {"radius": radius, "n_jobs": n_jobs, "progress": progress}
    return complexity.compute(words, measure, m=table.m, inputs=inputs, **options)[measure]


def some_functions(m: int, number: int, seed: int) -> tuple[Words, bool]:
    """Return all 2^m functions where m is at most 16, else so many uniform ones; whether all.

    Raises
    ------
    ValueError
        If the seed is out of range.

    Examples
    --------
    >>> some_functions(2, 1000, 0)[0].ravel()
    array([0, 1, 2, 3], dtype=uint64)
    """
    from priorvol import nulls

    if m <= FEW_INPUTS:
        return np.arange(1 << m, dtype=np.uint64)[:, None], True
    return nulls.uniform_functions(number, m, seed=seed), False


def _with_t(table: FunctionTable, number: int, seed: int) -> Words:
    """Return random functions with T drawn from the table's T counts and uniform given T."""
    from priorvol import nulls

    p = table.t_counts / table.n_samples
    each = rng.generator(seed, "T of the same-T null").multinomial(number, p)
    t = np.repeat(np.arange(table.m + 1), each)
    ones = np.clip(t[:, None] - 64 * np.arange(table.n_words), 0, 64)  # in each word, from input 0
    words = np.where(ones == 0, 0, ~np.uint64(0) >> (64 - np.maximum(ones, 1)).astype(np.uint64))
    return nulls.same_t(words.astype(np.uint64), m=table.m, seed=seed)


def _tally(parts: Iterable[tuple[Array, Counts | None]]) -> tuple[Array, Counts]:
    """Return the distinct complexities, rising, and the draws with each; None counts one a row."""
    found = (np.empty(0), np.empty(0, dtype=np.int64))
    for k, counts in parts:
        weights = np.ones(len(k), dtype=np.int64) if counts is None else counts
        both = np.concatenate([found[0], k])
        distinct, place = np.unique(both, return_inverse=True)
        total = np.zeros(len(distinct), dtype=np.int64)
        np.add.at(total, place, np.concatenate([found[1], weights]))
        found = (distinct, total)
    return found


def _places(
    found: list[Array], bins: int | None
) -> tuple[Array, Array | None, list[npt.NDArray[np.int64]]]:
    """Return the complexities or the bins' middles, the bins' edges, and each value's place."""
    distinct = np.unique(np.concatenate(found))
    low, high = float(distinct[0]), float(distinct[-1])
    apart = np.append(True, np.diff(distinct) > SAME * max(abs(low), abs(high)))
    if bins is None and apart.sum() <= DISTINCT:
        group = np.cumsum(apart) - 1
        return distinct[apart], None, [group[np.searchsorted(distinct, k)] for k in found]
    number = BINS if bins is None else bins
    edges = (
        np.linspace(low, high, number + 1)
        if low < high
        else low + np.linspace(-0.5, 0.5, number + 1)
    )
    places = [np.clip(np.searchsorted(edges, k, side="right") - 1, 0, number - 1) for k in found]
    return (edges[1:] + edges[:-1]) / 2, edges, places


def _spread(
    k: Array,
    draws: Counts,
    place: npt.NDArray[np.int64],
    n_places: int,
    n_units: float,
    level: float,
) -> Spread:
    """Return the spread of draws over places, of which ``n_units`` count as independent."""
    n = int(draws.sum())
    counts = np.zeros(n_places, dtype=np.int64)
    np.add.at(counts, place, draws)
    p, exact = counts / n, math.isinf(n_units)
    low, high = (
        (p, p) if exact else clopper_pearson(np.minimum(p * n_units, n_units), n_units, level=level)
    )
    mean = float((k * draws).sum() / n)
    deviation = math.sqrt(float(((k - mean) ** 2 * draws).sum() / n))
    return Spread(
        counts=counts,
        p=p,
        low=low,
        high=high,
        inflation=np.full(n_places, max(n / n_units, 1.0)),
        n_samples=n,
        level=level,
        interval="clopper-pearson",
        exact=exact,
        mean=mean,
        standard_deviation=deviation,
        standard_error=deviation / math.sqrt(n_units),
    )
