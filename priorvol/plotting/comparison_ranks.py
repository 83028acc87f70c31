"""Rank plots of both sides of a comparison, and where the functions of one rank on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.comparison.report import Comparison, Side
from priorvol.plotting.appearance import INK, axes
from priorvol.plotting.comparison import ONLY_A, ONLY_B, check_comparison
from priorvol.plotting.legend import clear_legend, probability_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]


def comparison_rank_plot(
    comparison: Comparison, ax: Axes | None = None, *, max_points: int = 1000
) -> Axes:
    """Draw P(f) against rank under both sides, each in its own order, with pointwise intervals.

    The cloud of points is P(f) under B at the rank of f under A: on B's line where both put the
    functions in one order, scattered about it where they do not. What was drawn once is dotted,
    and is in no point.

    Parameters
    ----------
    comparison : Comparison
    ax : Axes, optional
        Default: those of a new figure in the house style.
    max_points : int
        Bound on the vertices of a line and on the points, at least 10; they are then thinned evenly
        in the logarithm of the rank.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If it is no comparison, an option is out of range, or a side gives no function a
        probability above 0.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    Intervals are of the function at a rank, not of the r-th largest P, and the order of the tail is
    noise. Where the comparison lists the likeliest functions only, lines end where one that is not
    listed could have a place. Estimates are of some functions: ranks are among those.

    Examples
    --------
    >>> from priorvol import FunctionTable, compare
    >>> a = FunctionTable.from_counts(["00", "01", "11"], [500, 300, 200])
    >>> b = FunctionTable.from_counts(["00", "01", "10"], [450, 350, 200])
    >>> comparison_rank_plot(compare(a, b, n_bootstrap=0, n_permutations=0)).get_xlabel()
    'rank of $f$'
    """
    found = check_comparison(comparison)
    most = checks.integer("max_points", max_points, low=10)
    floor = 0.0
    if len(found) < found.n_listed:
        floor = 2.0 * float((0.5 * (found.a.p + found.b.p)).min())
    orders = [_order(side, floor) for side in (found.a, found.b)]
    with axes(ax) as ax:
        ax.set_xscale("log")
        ax.set_yscale("log")
        curves = [
            _line(ax, side, order, colour, mark, most)
            for side, order, colour, mark in (
                (found.a, orders[0], ONLY_A, "-"),
                (found.b, orders[1], ONLY_B, "--"),
            )
        ]
        _cloud(ax, found, orders[0], most)
        _explain(ax, found)
        ax.set_xlim(0.8, 1.3 * max(len(order) for order in orders))
        ax.set_xlabel("rank of $f$")
        symbols = {side.quantity for side in (found.a, found.b)}
        ax.set_ylabel(r"$P(f\,|\,S)$" if all("|S" in each for each in symbols) else "$P(f)$")
        probability_axis(ax)
        clear_legend(ax, "upper right", curves)
    return ax


def _order(side: Side, floor: float) -> npt.NDArray[np.int64]:
    """Return the functions of a side, the likeliest first."""
    order = np.argsort(-side.log_p, kind="stable")
    order = order[np.isfinite(side.log_p[order]) & (side.p[order] > floor)]
    if len(order) == 0:
        raise ValueError(f"{side.name} gives no function a probability above 0")
    return order


def _thin(n: int, most: int) -> npt.NDArray[np.int64]:
    """Return at most so many of the ranks 0 .. n - 1, even in their logarithms."""
    if n <= most:
        return np.arange(n)
    return np.unique(np.round(np.geomspace(1.0, n, most)).astype(np.int64)) - 1


def _line(
    ax: Axes, side: Side, order: npt.NDArray[np.int64], colour: str, mark: str, most: int
) -> tuple[npt.ArrayLike, npt.ArrayLike]:
    kept = _thin(len(order), most)
    at, rank = order[kept], kept + 1.0
    p, low, high = side.p[at], np.exp(side.low[at]), np.exp(side.high[at])
    once = np.zeros(len(at), dtype=bool) if side.counts is None else side.counts[at] == 1
    often = ~once
    label = side.name
    ax.plot(rank[often], p[often], mark, color=colour, label=label, zorder=3)
    if once.any():
        ax.plot(rank[once], p[once], ":", color=colour, zorder=3)
    low, high = np.where(np.isnan(low), p, low), np.where(np.isnan(high), p, high)
    for part, strength in ((often, 0.3), (once, 0.15)):
        if part.any():
            ax.fill_between(
                rank[part], low[part], high[part], color=colour, alpha=strength, linewidth=0
            )
    return rank, high


def _cloud(ax: Axes, found: Comparison, order: npt.NDArray[np.int64], most: int) -> None:
    """Draw P under B at the ranks under A, of what both drew more than once."""
    kept = _thin(len(order), most)
    at = order[kept]
    shown = np.isfinite(found.b.log_p[at])
    for side in (found.a, found.b):
        if side.counts is not None:
            shown &= side.counts[at] > 1
    style: dict[str, Any] = {"markersize": 2.0, "markeredgewidth": 0, "rasterized": True}
    text = f"{found.b.name}, in the order of {found.a.name}"
    ax.plot(
        kept[shown] + 1.0, found.b.p[at][shown], ".", color=INK, zorder=2.5, label=text, **style
    )


def _explain(ax: Axes, found: Comparison) -> None:
    text = f"pointwise {100 * found.level:g}% interval"
    ax.fill_between([], [], color=INK, alpha=0.3, linewidth=0, label=text)
    if any(side.counts is not None and (side.counts == 1).any() for side in (found.a, found.b)):
        ax.plot([], [], ":", color=INK, label="drawn once")
