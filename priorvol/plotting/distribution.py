"""P(K), the distribution of complexity under the prior, beside those of random functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from priorvol.plotting.appearance import MARKERS, axes
from priorvol.plotting.legend import clear_legend, probability_axis
from priorvol.plotting.series import check_table
from priorvol.simplicity.distribution import ComplexityDistribution, Spread, complexity_distribution
from priorvol.table import FunctionTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

FEW = 20
"""Up to this many complexities are points with bars only; more are joined by lines."""


def distribution_plot(
    found: FunctionTable | ComplexityDistribution,
    measure: str = "k_lz",
    ax: Axes | None = None,
    *,
    log: bool = True,
    label: str | None = None,
    **options: Any,
) -> Axes:
    r"""Draw P(K) under the prior, of uniform functions, and of functions with the prior's P(T).

    Parameters
    ----------
    found : FunctionTable or ComplexityDistribution
    measure : str
        Name of a complexity measure, where a table is given.
    ax : Axes, optional
        Default: those of a new figure in the house style.
    log : bool
        Whether the probability is on a logarithmic axis, which shows what is common in one
        distribution and rare in another. Complexities that no draw had are then left out, and
        intervals may go on below the axis.
    label : str, optional
        What the legend calls the prior; default "prior" and the number of draws.
    **options
        Those of `priorvol.simplicity.distribution.complexity_distribution`, where a table is given.

    Returns
    -------
    Axes
        Values of K that have a place each are points, joined by lines if they are many; bins are
        steps. Bands and bars are pointwise intervals.

    Raises
    ------
    ValueError
        If an argument is of the wrong type or out of range, or the measure is not defined on the
        table's inputs.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0000", "1111", "0110"], [5, 3, 2])
    >>> distribution_plot(table).get_xlabel()
    '$K_\\mathrm{LZ}$ (bits)'
    """
    if not isinstance(found, ComplexityDistribution):
        found = complexity_distribution(check_table(found), measure, **options)
    elif options:
        raise ValueError(f"{sorted(options)} go with a table, not with a ComplexityDistribution")
    rows = (
        (found.prior, _prior_name(found, label), "#0072B2", "-"),
        (found.same_t, "random, $P(T)$ of the prior", "#D55E00", "--"),
        (found.uniform, "uniformly random", "0.35", ":"),
    )
    with axes(ax) as ax:
        ax.set_yscale("log" if log else "linear")
        for number, (spread, text, colour, dashes) in enumerate(rows):
            look = {"color": colour, "linestyle": dashes, "marker": MARKERS[number]}
            _draw(ax, found, spread, log, {**look, "label": text, "zorder": 5 - number})
        level = f"pointwise {100 * found.prior.level:g}% intervals"
        ax.fill_between([], [], color="0.5", alpha=0.3, linewidth=0, label=level)
        ax.set_xlabel(found.label)
        ax.set_ylabel("probability" if found.edges is None else "probability of a bin")
        if log:
            ax.set_ylim(bottom=min(spread.p[spread.counts > 0].min() for spread, *_ in rows) / 2)
            probability_axis(ax)
        else:
            ax.set_ylim(bottom=0.0, auto=None)
        tops = [_shown(found, spread, spread.high, log) for spread, *_ in rows]
        clear_legend(ax, "upper right", tops)
    return ax


def _prior_name(found: ComplexityDistribution, label: str | None) -> str:
    """Return what the legend calls the prior; a second line says how the draws are grouped."""
    if label is None:
        label = f"prior: {found.prior.n_samples:,} draws"
    if found.output_draws > 1:
        label += f"\n({found.output_draws} output draws a hidden draw)"
    return label


def _draw(
    ax: Axes, found: ComplexityDistribution, spread: Spread, log: bool, look: dict[str, Any]
) -> None:
    """Draw one distribution: steps for bins, else points, with bars if few and a band if many."""
    band = {"color": look["color"], "alpha": 0.3, "linewidth": 0}
    x, p = _shown(found, spread, spread.p, log)
    _, low = _shown(found, spread, spread.low, log)
    _, high = _shown(found, spread, spread.high, log)
    if found.edges is not None:
        look["marker"] = ""
    elif len(x) <= FEW:
        look["linestyle"] = "none"
        ax.vlines(x, low, high, colors=look["color"], linewidth=0.8, zorder=look["zorder"])
    ax.plot(x, p, markersize=2.2, **look)
    if found.edges is not None or len(x) > FEW:
        ax.fill_between(x, low, high, **band)


def _shown(
    found: ComplexityDistribution, spread: Spread, values: Array, log: bool
) -> tuple[Array, Array]:
    """Return where to draw, and the values there; nan where nothing is shown.

    That is where nothing was counted, if the axis is logarithmic, or else beyond the ends.
    """
    counted = spread.counts > 0
    if not log:
        counted = np.logical_or.accumulate(counted) & np.logical_or.accumulate(counted[::-1])[::-1]
    y = np.where(counted, values, np.nan)
    if found.edges is None:
        return found.k, y
    return np.repeat(found.edges, 2)[1:-1], np.repeat(y, 2)
