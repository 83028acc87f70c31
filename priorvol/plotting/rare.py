"""The plane of complexity and P(f) with the functions that are simple but rare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from priorvol import checks, complexity
from priorvol.plotting.appearance import axes
from priorvol.plotting.complexity import draw_bound
from priorvol.plotting.legend import legend_below, probability_axis
from priorvol.plotting.series import check_table
from priorvol.simplicity.rare import RareFunctions, simple_but_rare
from priorvol.table import FunctionTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SEEN = "#0072B2"
UNSEEN = "#CC79A7"
APART = 0.07
"""Least distance between two numbers, as a fraction of the axes."""


def rare_plot(
    table: FunctionTable,
    found: RareFunctions | str = "k_lz",
    ax: Axes | None = None,
    *,
    labels: int = 4,
) -> Axes:
    """Draw functions of low complexity in the plane of complexity and P(f), below the bound.

    The functions drawn by the sampler are grey; those listed by
    `priorvol.simplicity.simple_but_rare` are points at the P(f) of their orbit, or, where no
    function of the orbit was drawn, triangles at its upper limit. Listed functions more complex
    than all that the bound rests on are left out.

    Parameters
    ----------
    table : FunctionTable
        The sample.
    found : RareFunctions or str
        What was listed for the table, or the name of a measure to list now.
    ax : Axes, optional
        Default: those of a new figure in the house style. The legend goes below given Axes, where a
        figure with constrained layout makes room for it.
    labels : int
        How many of the farthest below the bound are ringed, numbered and named in the legend: those
        with a name in the atlas first, no two at one place.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If an argument is of the wrong type, or as `priorvol.simplicity.rare.simple_but_rare`.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0000", "1111", "0001", "0111"], [40, 40, 10, 10])
    >>> rare_plot(table, "sop_literals").get_xlabel()
    'sum of products (literals)'
    """
    table = check_table(table)
    labels = checks.integer("labels", labels, low=0)
    if isinstance(found, str):
        found = simple_but_rare(table, found)
    if not isinstance(found, RareFunctions) or found.m != table.m:
        raise ValueError(f"found must be the RareFunctions of the table, got {found!r:.80}")
    frequent = table.at_least(found.min_count)
    k = complexity.compute(frequent, found.measure)[found.measure]
    shown = found.take(np.flatnonzero(found.complexity <= k.max()))
    alone = ax is None
    with axes(ax) as ax:
        from matplotlib.ticker import MaxNLocator

        ax.set_yscale("log")
        p = np.asarray(frequent.counts) / table.n_samples
        ax.plot(k, p, ".", color="0.75", markersize=2, rasterized=True, label="functions drawn")
        draw_bound(ax, found.envelope, k)
        _draw_listed(ax, shown)
        ax.set_xlabel(found.label)
        ax.set_ylabel("$P(f)$")
        lowest = np.where(shown.counts, shown.p, shown.high).min(initial=p.min())
        bound = float(np.exp(found.envelope.log_p(k.min())))
        highest = shown.high.max(initial=max(p.max(), bound))
        ax.set_ylim(lowest / 30, min(2.0, 2 * highest))
        if (k == np.round(k)).all():
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        probability_axis(ax)
        _number(ax, shown, labels)
        legend_below(ax, alone=alone, ncols=2)
    return ax


def _draw_listed(ax: Axes, found: RareFunctions) -> None:
    seen = found.counts > 0
    ax.plot(
        found.complexity[seen],
        found.p[seen],
        "o",
        color=SEEN,
        markersize=2.2,
        alpha=0.6,
        markeredgewidth=0,
        rasterized=True,
        label="listed, drawn",
    )
    ax.plot(
        found.complexity[~seen],
        found.high[~seen],
        "v",
        color=UNSEEN,
        markersize=2.2,
        alpha=0.6,
        markeredgewidth=0,
        rasterized=True,
        label=f"listed, not drawn: {100 * found.level:g}% limit",
    )


def _number(ax: Axes, found: RareFunctions, labels: int) -> None:
    """Put numbers at functions far below the bound, named ones first, not two at one place."""
    from matplotlib.patheffects import withStroke

    below = np.flatnonzero(found.gap > 0).tolist()
    named = [i for i in below if found.names[i]]
    others = [i for i in below if not found.names[i]]
    base = 2 if found.m <= 16 else 16
    to_axes = ax.transData + ax.transAxes.inverted()
    taken: list[tuple[float, float]] = []
    for i in named + others:
        if len(taken) == labels:
            break
        at = (found.complexity[i], found.p[i] if found.counts[i] else found.high[i])
        x, y = to_axes.transform(at)
        if any(abs(x - u) < APART and abs(y - v) < APART for u, v in taken):
            continue
        taken.append((x, y))
        number = len(taken)
        ax.plot(
            *at, "o", color="black", fillstyle="none", markersize=4.5, markeredgewidth=0.6, zorder=4
        )
        ax.annotate(
            str(number),
            at,
            xytext=(-7, -5),
            textcoords="offset points",
            fontsize=7,
            color="black",
            path_effects=[withStroke(linewidth=2, foreground="white")],
            zorder=5,
        )
        text = found.names[i].replace("_", " ") or found.take(np.array([i])).texts(base=base)[0]
        ax.plot(
            [],
            [],
            linestyle="none",
            marker=f"${number}$",
            color="black",
            markersize=4,
            markeredgewidth=0.1,
            label=text,
        )
