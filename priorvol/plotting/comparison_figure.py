"""The whole figure of a comparison: P against P with its margins, and the test errors beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from priorvol.comparison.report import Comparison, Side
from priorvol.plotting.appearance import pyplot, style
from priorvol.plotting.comparison import SHADES, check_comparison, comparison_plot, top_error
from priorvol.plotting.error_laws import error_laws_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]

BINS_A_DECADE = 5
MARGIN = 0.55
"""Height of the histogram above the Axes, in inches; also the width of the one beside them."""


def comparison_figure(comparison: Comparison, figure: Figure | None = None) -> list[Axes]:
    """Draw P(f) under B against P(f) under A with histograms at the margins, and test errors.

    Above the Axes the draws of A, beside them those of B, each at the probability of its function;
    colours are test errors, where these are known. To the right the laws of the test error, below
    baselines (`priorvol.plotting.error_laws_plot`).

    Parameters
    ----------
    comparison : Comparison
    figure : Figure, optional
        An empty one, with constrained layout; its size is set. Default: a new one in the house
        style.

    Returns
    -------
    list of Axes
        `comparison_plot`'s, the upper margin, the right margin and, with a target,
        `error_laws_plot`'s.

    Raises
    ------
    ValueError
        If it is no comparison, or the figure is not empty.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from priorvol import FunctionTable, compare
    >>> table = FunctionTable.from_counts(["00", "01", "11"], [500, 300, 200])
    >>> found = compare(table, table, target="00", n_bootstrap=0, n_permutations=0)
    >>> len(comparison_figure(found))
    4
    """
    found = check_comparison(comparison)
    if figure is None:
        with style():
            return _fill(pyplot().figure(), found)
    from matplotlib.figure import Figure as AnyFigure

    if not isinstance(figure, AnyFigure) or figure.axes:
        raise ValueError(f"figure must be an empty matplotlib Figure or None, got {figure!r:.80}")
    return _fill(figure, found)


def _fill(figure: Figure, found: Comparison) -> list[Axes]:
    with_errors = found.errors is not None
    right: Any = None
    figure.set_size_inches((7.2, 4.1) if with_errors else (4.0, 4.3))
    left: Any = figure
    if with_errors:
        parts: Any = figure.subfigures(1, 2, width_ratios=(1.28, 1.0))
        left, right = parts
    grid = left.add_gridspec(2, 2, width_ratios=(5.2, 1.0), height_ratios=(1.0, 5.2))
    main = left.add_subplot(grid[1, 0])
    above = left.add_subplot(grid[0, 0], sharex=main)
    beside = left.add_subplot(grid[1, 1], sharey=main)
    comparison_plot(found, main, colorbar=False)
    title = main.get_title(loc="left")
    main.set_title("", loc="left")
    above.set_title(title, fontsize=6.5, loc="left")
    _margin(above, found, found.a, upright=True)
    _margin(beside, found, found.b, upright=False)
    if found.errors is not None:
        (dots,) = [each for each in main.collections if each.get_array() is not None]
        extend: Any = "max" if found.errors.of_functions.max() > top_error(found) else "neither"
        left.colorbar(dots, ax=beside, label="test error", pad=0.15, aspect=25, extend=extend)
    entries = dict(zip(*reversed(main.get_legend_handles_labels()), strict=True))
    main.get_legend().remove()  # it was laid out for Axes without margins
    where: Any = {"loc": "outside lower center", "ncols": 2, "alignment": "left"}
    left.legend(list(entries.values()), list(entries), **where)
    drawn = [main, above, beside]
    if with_errors:
        drawn.append(error_laws_plot(found, right.subplots()))
    return drawn


def _margin(ax: Axes, found: Comparison, side: Side, *, upright: bool) -> None:
    """Draw where the draws of a side lie, stacked by test error."""
    seen = np.isfinite(side.log_p)
    share, logs = side.p[seen], side.log_p[seen] / np.log(10.0)
    low, high = ax.get_xlim() if upright else ax.get_ylim()
    n_bins = max(round(BINS_A_DECADE * float(np.log10(high / low))), 3)
    edges = np.linspace(np.log10(low), np.log10(high), n_bins + 1)
    parts: list[tuple[npt.NDArray[np.bool_], Any]] = [(np.ones(len(share), dtype=bool), "0.6")]
    if found.errors is not None:
        parts = _by_error(found.errors.of_functions[seen], top_error(found))
    base = np.zeros(n_bins)
    size = 10.0 ** edges[1:] - 10.0 ** edges[:-1]
    for here, colour in parts:
        height, _ = np.histogram(logs[here], bins=edges, weights=share[here])
        bars: dict[str, Any] = {"align": "edge", "color": colour, "linewidth": 0}
        if upright:
            ax.bar(10.0 ** edges[:-1], height, size, bottom=base, **bars)
        else:
            ax.barh(10.0 ** edges[:-1], height, size, left=base, **bars)
        base += height
    if upright:
        ax.tick_params(axis="x", which="both", labelbottom=False)
        ax.set_ylabel("share", fontsize=6.5)
        ax.tick_params(axis="y", labelsize=6)
    else:
        ax.tick_params(axis="y", which="both", labelleft=False)
        ax.set_xlabel("share", fontsize=6.5)
        ax.set_xlim(0.0, ax.get_xlim()[1])  # not from the smallest share: 0 is a tick
        ax.locator_params(axis="x", nbins=2)
        ax.tick_params(axis="x", labelsize=6)


def _by_error(errors: Array, top: float) -> list[tuple[npt.NDArray[np.bool_], Any]]:
    """Return which functions have each error, the least first, and its colour."""
    from matplotlib import colormaps

    values = np.unique(errors)
    shades = colormaps[SHADES](np.minimum(values / top, 1.0))
    return [(errors == value, tuple(shade)) for value, shade in zip(values, shades, strict=True)]
