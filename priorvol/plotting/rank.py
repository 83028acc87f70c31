"""P(f) against rank, both logarithmic."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.intervals import INTERVALS, grouped_interval
from priorvol.plotting.appearance import INK, MARKERS, axes
from priorvol.plotting.legend import clear_legend, probability_axis
from priorvol.plotting.series import series, with_grouping
from priorvol.rows import CHUNK
from priorvol.table import FunctionTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

FEW = 16
"""Up to this many functions are drawn as points, each with its bar."""


def rank_plot(
    tables: FunctionTable | Iterable[FunctionTable],
    ax: Axes | None = None,
    *,
    labels: str | Iterable[str] | None = None,
    level: float = 0.95,
    interval: str = "clopper-pearson",
    zipf: bool = True,
    singletons: bool = True,
    max_points: int = 2000,
) -> Axes:
    """Draw P(f) against the rank of f, with pointwise intervals.

    Parameters
    ----------
    tables : FunctionTable or several
    ax : Axes, optional
        Default: those of a new figure in the house style.
    labels : str or several, optional
        One a table; default the number of draws.
    level : float
        Of the intervals.
    interval : "clopper-pearson" or "wilson"
    zipf : bool
        Whether to draw the line P = 1/(rank ln 2^m) (arXiv:1805.08522).
    singletons : bool
        Whether to draw the functions that were counted once. They are drawn lighter, since such a
        count says next to nothing about P(f).
    max_points : int
        Bound on the vertices of a curve, at least 10. Longer curves are thinned evenly in the
        logarithm of the rank.

    Returns
    -------
    Axes
        The curve of each table is a line that carries its label.

    Raises
    ------
    ValueError
        If an argument is of the wrong type or out of range, or nothing is left to draw.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    The intervals are those of one function each, given beforehand; they are not intervals of the
    r-th largest P, and ranks in the tail are ordered by noise. Functions of equal count share one
    interval: for draws that come in groups, the widest among them.

    Examples
    --------
    >>> ax = rank_plot(FunctionTable.from_counts(["0000", "1111", "0110"], [5, 3, 1]))
    >>> ax.get_xscale(), ax.get_yscale()
    ('log', 'log')
    """
    chosen = series(tables, labels)
    level = checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
    checks.choice("interval", interval, INTERVALS)
    limit = checks.integer("max_points", max_points, low=10)
    least = 1 if singletons else 2
    curves = [_curve(table, level, interval, limit, least) for table, _ in chosen]
    with axes(ax) as ax:
        ax.set_xscale("log")
        ax.set_yscale("log")
        colours = [
            _draw(ax, curve, with_grouping(label, table), number)
            for number, ((table, label), curve) in enumerate(zip(chosen, curves, strict=True))
        ]
        _explain(ax, curves, level, colours[0] if len(colours) == 1 else INK)
        n_ranks = max(curve.n_ranks for curve in curves)
        for m in sorted({table.m for table, _ in chosen}) if zipf else []:
            _zipf(ax, m, n_ranks)
        ax.set_xlabel("rank of $f$")
        ax.set_ylabel("$P(f)$")
        _ticks(ax, n_ranks)
        probability_axis(ax)
        clear_legend(ax, "upper right", [(curve.rank, curve.high) for curve in curves])
    return ax


@dataclass(frozen=True)
class _Curve:
    """Vertices in order of rank: both ends of every run of equal counts that is shown."""

    rank: Array
    p: Array
    low: Array
    high: Array
    once: npt.NDArray[np.bool_]

    @property
    def n_ranks(self) -> int:
        return int(self.rank[-1])


def _curve(table: FunctionTable, level: float, interval: str, limit: int, least: int) -> _Curve:
    values, times = table.counts_of_counts
    keep = values >= least
    if not keep.any():
        raise ValueError(
            f"every function of {table!r} was counted once: nothing to draw with singletons=False"
        )
    values, times = values[keep][::-1], times[keep][::-1]
    last = np.cumsum(times)
    first = last - times + 1
    shown = np.arange(len(values))
    if 2 * len(values) > limit:
        grid = np.geomspace(1.0, float(last[-1]), limit // 2)
        shown = np.unique(np.minimum(np.searchsorted(last, grid), len(values) - 1))
    pairs = table.group_pairs
    if pairs is not None:
        pairs = _most_pairs(table.counts, pairs, values[shown])
    low, high, _ = grouped_interval(
        values[shown],
        pairs,
        n_groups=table.n_samples / table.group_size,
        draws=table.group_size,
        level=level,
        interval=interval,
    )
    if last[-1] <= FEW:
        which = np.repeat(shown, times)
        rank = np.arange(1, len(which) + 1)
    else:
        rank = np.column_stack([first[shown], last[shown]]).ravel()
        distinct = np.append(True, rank[1:] != rank[:-1])
        which = np.repeat(np.arange(len(shown)), 2)[distinct]
        rank = rank[distinct]
    p, once = values[shown] / table.n_samples, values[shown] == 1
    return _Curve(rank.astype(np.float64), p[which], low[which], high[which], once[which])


def _most_pairs(counts: Counts, pairs: Counts, values: Counts) -> Counts:
    """Return the largest group sum among the functions of each count; ``values`` fall."""
    most = np.zeros(len(values), dtype=np.int64)
    rising = values[::-1]
    for start in range(0, len(counts), CHUNK):
        part = slice(start, start + CHUNK)
        place = np.minimum(np.searchsorted(rising, counts[part]), len(rising) - 1)
        hit = rising[place] == counts[part]
        np.maximum.at(most, place[hit], pairs[part][hit])
    return most[::-1]


def _draw(ax: Axes, curve: _Curve, label: str, number: int) -> ColorType:
    """Draw one curve and return its colour; what was counted once is dotted or hollow."""
    points = curve.n_ranks <= FEW
    often = ~curve.once
    marked: dict[str, Any] = {"linestyle": "none", "marker": MARKERS[number % len(MARKERS)]}
    (line,) = ax.plot(
        curve.rank[often], curve.p[often], label=label, zorder=3, **(marked if points else {})
    )
    colour = line.get_color()
    for part, strength in ((often, 1.0), (curve.once, 0.5)):
        x, low, high = curve.rank[part], curve.low[part], curve.high[part]
        if points:
            ax.vlines(x, low, high, colors=colour, alpha=strength, linewidth=0.8)
        elif part.any():
            ax.fill_between(x, low, high, color=colour, alpha=0.3 * strength, linewidth=0)
    if curve.once.any():
        hollow = marked | {"markerfacecolor": "white"} if points else {"linestyle": ":"}
        ax.plot(curve.rank[curve.once], curve.p[curve.once], color=colour, zorder=3, **hollow)
    return colour


def _explain(ax: Axes, curves: list[_Curve], level: float, colour: ColorType) -> None:
    """Add the legend's entries for the intervals and for what was counted once."""
    points = all(curve.n_ranks <= FEW for curve in curves)
    text = f"pointwise {100 * level:g}% interval"
    if points:
        ax.vlines([], [], [], colors=colour, linewidth=0.8, label=text)
    else:
        ax.fill_between([], [], color=colour, alpha=0.3, linewidth=0, label=text)
    if any(curve.once.any() for curve in curves):
        mark: dict[str, Any] = {"linestyle": ":"}
        if points:
            mark = {"linestyle": "none", "marker": "o", "markerfacecolor": "white"}
        ax.plot([], [], color=colour, label="counted once", **mark)


def _zipf(ax: Axes, m: int, n_ranks: int) -> None:
    """Draw the line 1/(rank ln 2^m)."""
    rank = np.array([1.0, max(n_ranks, 2.0)])
    p = 1.0 / (rank * m * math.log(2.0))
    text = rf"Zipf: $1/(\mathrm{{rank}}\;\ln 2^{{{m}}})$"
    ax.plot(rank, p, color="black", linestyle="-", linewidth=0.6, zorder=2, label=text)


def _ticks(ax: Axes, n_ranks: int) -> None:
    """Name single ranks where there are few."""
    if n_ranks <= FEW:
        from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

        named = [rank for rank in (1, 2, 3, 4, 6, 8, 12, 16) if rank <= n_ranks]
        ax.xaxis.set_major_locator(FixedLocator(named))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
        ax.xaxis.set_minor_locator(NullLocator())
