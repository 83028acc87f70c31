"""P(T = t), the distribution of the number of ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from priorvol import checks
from priorvol.intervals import INTERVALS
from priorvol.plotting.appearance import INK, MARKERS, axes
from priorvol.plotting.legend import clear_legend, probability_axis
from priorvol.plotting.series import series, with_grouping
from priorvol.result import Proportions
from priorvol.table import FunctionTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType

FEW = 33
"""Up to this many values of T are drawn as points with bars; more as steps with a band."""

CARET: dict[str, Any] = {"marker": "v", "markersize": 2.5, "linestyle": "none"}


def histogram_plot(
    tables: FunctionTable | Iterable[FunctionTable],
    ax: Axes | None = None,
    *,
    labels: str | Iterable[str] | None = None,
    level: float = 0.95,
    interval: str = "clopper-pearson",
    log: bool = True,
) -> Axes:
    """Draw P(T = t), T the number of ones of f, with pointwise intervals.

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
    log : bool
        Whether P(T = t) is on a logarithmic axis. Values of T that no draw had are then shown by
        the upper ends of their intervals, as carets that point down.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If an argument is of the wrong type or out of range.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> ax = histogram_plot(FunctionTable.from_counts(["0000", "1111", "0110"], [5, 3, 1]))
    >>> ax.get_xlabel()
    '$T$ (ones of $f$)'
    """
    chosen = series(tables, labels)
    checks.choice("interval", interval, INTERVALS)
    found = [table.t_histogram(level=level, interval=interval) for table, _ in chosen]
    m = max(table.m for table, _ in chosen)
    with axes(ax) as ax:
        ax.set_yscale("log" if log else "linear")
        colours = [
            _draw(ax, values, with_grouping(label, table), number, log)
            for number, ((table, label), values) in enumerate(zip(chosen, found, strict=True))
        ]
        _explain(ax, found, log, colours[0] if len(colours) == 1 else INK)
        ax.set_xlabel("$T$ (ones of $f$)")
        ax.set_ylabel("$P(T)$")
        _ticks(ax, m)
        if log:
            probability_axis(ax)
        else:
            ax.set_ylim(bottom=0.0, auto=None)
        curves = [(np.arange(len(values)), values.high) for values in found]
        clear_legend(ax, "upper center", curves)
    return ax


def _draw(ax: Axes, values: Proportions, label: str, number: int, log: bool) -> ColorType:
    """Draw one table and return its colour: points with bars, or steps with a band."""
    t = np.arange(len(values))
    shown = (values.counts > 0) | (not log)
    if len(t) <= FEW:
        (line,) = ax.plot(
            t[shown],
            values.p[shown],
            linestyle="none",
            marker=MARKERS[number % len(MARKERS)],
            label=label,
            zorder=3,
        )
        colour = line.get_color()
        ax.vlines(t[shown], values.low[shown], values.high[shown], colors=colour, linewidth=0.8)
    else:
        edges = np.repeat(np.arange(len(t) + 1) - 0.5, 2)[1:-1]
        p = np.repeat(np.where(shown, values.p, np.nan), 2)
        (line,) = ax.plot(edges, p, label=label, zorder=3)
        colour = line.get_color()
        low, high, where = (np.repeat(v, 2) for v in (values.low, values.high, shown))
        ax.fill_between(edges, low, high, where=where, color=colour, alpha=0.3, linewidth=0)
    if not shown.all():
        ax.plot(t[~shown], values.high[~shown], color=colour, **CARET)
    return colour


def _explain(ax: Axes, found: list[Proportions], log: bool, colour: ColorType) -> None:
    """Add the legend's entries for the intervals and for what was never counted."""
    text = f"pointwise {100 * found[0].level:g}% interval"
    if all(len(values) <= FEW for values in found):
        ax.vlines([], [], [], colors=colour, linewidth=0.8, label=text)
    else:
        ax.fill_between([], [], color=colour, alpha=0.3, linewidth=0, label=text)
    if log and any((values.counts == 0).any() for values in found):
        ax.plot([], [], color=colour, label="none counted: upper end of interval", **CARET)


def _ticks(ax: Axes, m: int) -> None:
    """Mark T in whole numbers, in quarters of m where these are whole."""
    from matplotlib.ticker import MaxNLocator, MultipleLocator

    whole = MultipleLocator(m // 4) if m % 4 == 0 else MaxNLocator(integer=True)
    ax.xaxis.set_major_locator(whole)
