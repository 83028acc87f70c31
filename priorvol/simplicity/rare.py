"""Simple but rare functions: low complexity, and far below the simplicity-bias bound."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks, complexity, symmetry
from priorvol.bits import Words
from priorvol.complexity.chunks import check_cube
from priorvol.simplicity.bound import Envelope, NoBoundError, upper_envelope
from priorvol.simplicity.enumeration import LARGEST_N, simple_functions
from priorvol.simplicity.pooling import pooled_counts
from priorvol.table import FunctionTable
from priorvol.text import align, shorten

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RareFunctions:
    """Listed functions, one an orbit, those farthest below the bound first, then the simplest.

    Attributes
    ----------
    functions : (k, words) uint64 array
        The simplest of its orbit, the smallest word among equals.
    m, n_samples : int
    measure, label : str
    complexity : (k,) float64 array
    t : (k,) int64 array
        Number of ones.
    names : tuple of str
        The function's name in the atlas, up to symmetry; empty where it has none.
    counts : (k,) int64 array
        Draws of any function of the orbit.
    orbit_sizes : (k,) int64 array
    p, low, high : (k,) float64 arrays
        P(f) = counts / (orbit size x n_samples), with its interval at ``level``; where the count is
        0, ``high`` is the upper confidence limit.
    gap : (k,) float64 array
        log2 of the bound over ``high``: the bits by which f is below the bound at least. The bound
        is taken to be 1 where it is more.
    envelope : Envelope
        The bound of the functions counted ``min_count`` times or more.
    complete_up_to : float or None
        Every function of this complexity or less is listed (its orbit is); None if not known.
    families : tuple of str
        What was listed.
    symmetries : tuple of str
        What makes an orbit; P(f) is the same all over it.
    level : float
    min_count : int
    """

    functions: Words
    m: int
    n_samples: int
    measure: str
    label: str
    complexity: Array
    t: Counts
    names: tuple[str, ...]
    counts: Counts
    orbit_sizes: Counts
    p: Array
    low: Array
    high: Array
    gap: Array
    envelope: Envelope
    complete_up_to: float | None
    families: tuple[str, ...]
    symmetries: tuple[str, ...]
    level: float
    min_count: int

    def __len__(self) -> int:
        """Return the number of orbits listed."""
        return len(self.functions)

    def take(self, places: npt.NDArray[np.int64]) -> RareFunctions:
        """Return the functions at some places, in that order."""
        chosen: dict[str, Any] = {
            name: getattr(self, name)[places]
            for name in ("functions", "complexity", "t", "counts", "orbit_sizes")
        }
        chosen |= {name: getattr(self, name)[places] for name in ("p", "low", "high", "gap")}
        return replace(self, names=tuple(self.names[i] for i in places), **chosen)

    def named(self) -> RareFunctions:
        """Return those that have a name in the atlas."""
        return self.take(np.array([i for i, name in enumerate(self.names) if name], dtype=int))

    def texts(self, top: int | None = None, *, base: int | None = None) -> list[str]:
        """Return the first ``top`` functions as text, in bits up to m = 32 by default."""
        if base is None:
            base = 2 if self.m <= 32 else 16
        return bits.to_text(self.functions[:top], self.m, base=base)

    def lines(self, top: int = 20) -> list[str]:
        """Return the lines that ``priorvol rare`` prints."""
        level = f"{100 * self.level:g}% interval"
        heading = [
            "gap (bits)",
            "function",
            self.measure,
            "T",
            "orbit",
            "count",
            "P",
            level,
            "name",
        ]
        rows = [heading]
        for i, text in enumerate(self.texts(top)):
            upper_only = self.counts[i] == 0
            rows.append(
                [
                    f"{self.gap[i]:.2f}",
                    shorten(text, 100),
                    f"{self.complexity[i]:.6g}",
                    f"{self.t[i]}",
                    f"{self.orbit_sizes[i]:,}",
                    f"{self.counts[i]:,}",
                    "0" if upper_only else f"{self.p[i]:.4g}",
                    f"[{self.low[i]:.4g}, {self.high[i]:.4g}]",
                    self.names[i],
                ]
            )
        return [*align(rows, left=(1, 7, 8)), "", *self._notes()]

    def _notes(self) -> list[str]:
        upto, what = self.complete_up_to, f"{len(self):,} orbits listed: {', '.join(self.families)}"
        if upto == math.inf:
            complete = "every function there is"
        elif upto is None:
            complete = f"not known to hold all functions of any {self.measure}"
        else:
            complete = f"every function of {self.measure} <= {upto:.6g} is there"
        orbit = ", ".join(self.symmetries) or "none known: each function by itself"
        return [
            f"bound    {self.envelope}, over the functions counted {self.min_count} times or more",
            "gap      bits between the bound and the upper end of the interval",
            f"orbit    functions of equal P by symmetry ({orbit})",
            "count    draws of any of them; P and its interval are those of one",
            f"listed   {what}",
            f"         {complete}",
        ]

    def __str__(self) -> str:
        """Return `lines` as one text."""
        return "\n".join(self.lines())

    def to_json(self, top: int | None = None) -> dict[str, Any]:
        """Return a JSON-ready dict with the first ``top`` functions, or all."""
        complete = self.complete_up_to
        columns = {
            "function": self.texts(top),
            "name": list(self.names[:top]),
            "complexity": self.complexity[:top].tolist(),
            "t": self.t[:top].tolist(),
            "orbit_size": self.orbit_sizes[:top].tolist(),
            "count": self.counts[:top].tolist(),
            "p": self.p[:top].tolist(),
            "low": self.low[:top].tolist(),
            "high": self.high[:top].tolist(),
            "gap_bits": self.gap[:top].tolist(),
        }
        return {
            "measure": self.measure,
            "m": self.m,
            "n_samples": self.n_samples,
            "level": self.level,
            "bound": {"slope": self.envelope.slope, "intercept": self.envelope.intercept},
            "min_count": self.min_count,
            "complete_up_to": "inf" if complete == math.inf else complete,
            "families": list(self.families),
            "symmetries": list(self.symmetries),
            "n_listed": len(self),
            "functions": [
                dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ],
        }


def simple_but_rare(
    table: FunctionTable,
    measure: str = "k_lz",
    *,
    min_count: int = 2,
    level: float = 0.95,
    n_jobs: int = 1,
    progress: bool | None = None,
) -> RareFunctions:
    """List functions of low complexity whose P(f) lies far below the simplicity-bias bound.

    The functions come from `priorvol.simplicity.simple_functions`, not from the sample, so those
    never drawn are there too. P(f) is that of the draws of all functions of the orbit under the
    symmetries of the task's prior, over the size of the orbit: it reaches far below one over the
    number of draws. A table whose task is not known has orbits of one function: millions of them
    at n = 7, which take some seconds and a gigabyte.

    Parameters
    ----------
    table : FunctionTable
        On {0,1}^n or {-1,+1}^n, n at most 7.
    measure : str
        Name of a complexity measure.
    min_count : int
        The bound is that of the functions counted so often or more.
    level : float
        Of the intervals.
    n_jobs : int
        Workers; -1 for one a core.
    progress : bool, optional
        Whether to show progress on standard error; by default where that is a terminal.

    Returns
    -------
    RareFunctions

    Raises
    ------
    ValueError
        If the measure is unknown or not defined on the inputs, they are not a Boolean cube of at
        most 7 inputs, the table leaves out draws, or there is no bound: fewer than two
        complexities among the functions counted ``min_count`` times.

    Notes
    -----
    For grouped draws the intervals of orbits are conservative, since functions of an orbit may have
    been drawn in the same groups (`priorvol.simplicity.pooling`). The limits are pointwise: of many
    functions listed some have their P(f) above their limit.

    Examples
    --------
    >>> from priorvol import FunctionTable
    >>> words = ["0000", "1111", "0001", "0111"]
    >>> found = simple_but_rare(FunctionTable.from_counts(words, [40, 40, 10, 10]), "sop_literals")
    >>> found.texts(1), found.counts[:1]
    (['1100'], array([0]))
    """
    if not isinstance(table, FunctionTable):
        raise ValueError(f"table must be a FunctionTable, got {type(table).__name__}")
    n = check_cube(table, table.m, "the list of simple functions", largest_n=LARGEST_N)
    min_count = checks.integer("min_count", min_count, low=1)
    level = checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
    if table.n_unlisted:
        raise ValueError(f"every draw must be listed; {table!r} leaves out {table.n_unlisted:,}")
    known = complexity.measure(measure)
    listed = simple_functions(known.name, n)
    options: dict[str, Any] = {"n_jobs": n_jobs, "progress": progress}
    envelope = _bound(table, known.name, min_count, options)
    k = complexity.compute(listed.functions, known.name, m=table.m, **options)[known.name]
    symmetries = symmetry.table_symmetries(table)
    functions = listed.functions
    if "permutation" in known.symmetries and "permutation" not in symmetries:
        functions, k = _permuted(functions, k, table.m)
    orbits, simplest = _orbits(functions, k, symmetries, table.m)
    functions, k = functions[simplest], k[simplest]
    sizes = symmetry.orbit_sizes(functions, symmetries, m=table.m)
    pooled = pooled_counts(table, orbits, symmetries, progress=progress)
    shares, counts = table.proportions(*pooled, level=level), pooled[0]
    low, high = shares.low, shares.high
    bound = np.minimum(envelope.log_p(k), 0.0)
    gap = (bound - np.log(high / sizes)) / math.log(2.0)
    names = _names(orbits, symmetries, n)
    unnamed = [not name for name in names]
    order = np.lexsort((*functions.T[::-1], unnamed, k, -gap))
    return RareFunctions(
        functions=functions[order],
        m=table.m,
        n_samples=table.n_samples,
        measure=known.name,
        label=known.label,
        complexity=k[order],
        t=_ones(functions[order]),
        names=tuple(names[i] for i in order),
        counts=counts[order],
        orbit_sizes=sizes[order],
        p=(counts / sizes / table.n_samples)[order],
        low=(low / sizes)[order],
        high=(high / sizes)[order],
        gap=gap[order],
        envelope=envelope,
        complete_up_to=listed.complete_up_to,
        families=listed.families,
        symmetries=symmetries,
        level=level,
        min_count=min_count,
    )


def _bound(table: FunctionTable, measure: str, min_count: int, options: dict[str, Any]) -> Envelope:
    frequent = table.at_least(min_count)
    k = complexity.compute(frequent, measure, **options)[measure]
    try:
        return upper_envelope(k, np.log(np.asarray(frequent.counts) / table.n_samples))
    except NoBoundError as error:
        raise NoBoundError(f"{error} at min_count = {min_count}: lower it, or draw more") from None


def _permuted(functions: Words, k: Array, m: int) -> tuple[Words, Array]:
    """Return all functions that are these with their inputs permuted, and their complexities."""
    orbits = [symmetry.orbit(word[None, :], ("permutation",), m=m) for word in functions]
    return np.concatenate(orbits), np.repeat(k, [len(orbit) for orbit in orbits])


def _orbits(
    functions: Words, k: Array, symmetries: tuple[str, ...], m: int
) -> tuple[Words, npt.NDArray[np.int64]]:
    """Return the distinct orbits and the place of the simplest function of each."""
    canonical = symmetry.canonical(functions, symmetries, m=m)
    order = np.lexsort((*functions.T[::-1], k))
    orbits, first = np.unique(canonical[order], axis=0, return_index=True)
    return orbits, order[first]


def _ones(functions: Words) -> Counts:
    from priorvol._kernels.rows import ones

    counts = np.empty(len(functions), dtype=np.int64)
    ones(functions, functions.shape[1], counts)
    return counts


def _names(orbits: Words, symmetries: tuple[str, ...], n: int) -> tuple[str, ...]:
    from priorvol.atlas import entries as atlas_entries
    from priorvol.atlas.entry import N

    names: dict[bytes, str] = {}
    if n in N:
        entries = atlas_entries(n)
        words = symmetry.canonical([entry.text for entry in entries], symmetries)
        for word, entry in zip(words, entries, strict=True):
            names.setdefault(word.tobytes(), entry.name)
    return tuple(names.get(word.tobytes(), "") for word in orbits)
