"""The range of a probability axis, and a legend that lies over no data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]
Curve = tuple[npt.ArrayLike, npt.ArrayLike]

Place = Literal["upper left", "upper center", "upper right"]

GAP = 0.03
"""Free space kept under the legend, as a fraction of the axes' height."""

TALLEST = 0.2
"""Least fraction of the height below the legend for which the axis is raised at all."""


def probability_axis(ax: Axes) -> None:
    """Make y a logarithmic axis of probabilities, with two named ticks or more, none above 1."""
    from matplotlib.ticker import NullFormatter

    from priorvol.plotting.locator import ProbabilityLocator

    ax.set_yscale("log")
    low, high = (math.log10(end) for end in ax.get_ylim())
    if math.floor(min(high, 0.0)) - math.ceil(low) < 1:
        ax.set_ylim(10.0 ** math.floor(low), 10.0 ** math.ceil(high), auto=None)
    ax.yaxis.set_major_locator(ProbabilityLocator())
    ax.yaxis.set_minor_locator(ProbabilityLocator(subs="auto"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def clear_legend(ax: Axes, loc: Place, curves: Sequence[Curve], *, title: str = "") -> None:
    """Put the legend at the top and raise the upper end of the y axis until it is over no curve.

    Parameters
    ----------
    ax : Axes
    loc : "upper left", "upper center" or "upper right"
    curves : sequence of (x, y)
        What must stay in view besides the lines of ``ax``, in data coordinates.
    title : str
        A line or more above the entries.
    """
    handles, labels = ax.get_legend_handles_labels()
    entries = dict(zip(labels, handles, strict=True))
    legend = ax.legend(list(entries.values()), list(entries), loc=loc, alignment="left")
    if title:
        legend.set_title(title)
    ax.figure.figure.draw_without_rendering()  # lays the figure out
    box = legend.get_window_extent().transformed(ax.transAxes.inverted())
    bottom = box.y0 - GAP
    curves = [*curves, *(line.get_data() for line in ax.lines)]
    highest = max(_highest(ax, curve, box.x0, box.x1) for curve in curves)
    if highest > bottom > TALLEST:
        scale = ax.transScale + ax.transLimits
        _, top = scale.inverted().transform((0.0, highest / bottom))
        ax.set_ylim(top=float(top), auto=None)


def legend_below(ax: Axes, *, alone: bool, ncols: int = 1) -> None:
    """Put the legend below the Axes and their label.

    Parameters
    ----------
    ax : Axes
    alone : bool
        Whether the Axes are all that their figure, in the house style, holds; the legend is then
        the figure's, which makes room for it. Else it ends below the Axes where they end, and a
        figure with constrained layout makes room for it.
    ncols : int
        Columns of entries.
    """
    from matplotlib.transforms import ScaledTranslation

    handles, labels = ax.get_legend_handles_labels()
    entries = dict(zip(labels, handles, strict=True))
    shown = (list(entries.values()), list(entries))
    figure = ax.figure.figure
    if alone:
        figure.legend(*shown, loc="outside lower center", ncols=ncols, alignment="left")
        return
    figure.draw_without_rendering()  # lays the figure out
    box = ax.get_tightbbox()
    depth = 0.0 if box is None else (ax.bbox.y0 - box.y0) / figure.dpi
    ax.legend(
        *shown,
        loc="upper right",
        bbox_to_anchor=(1.0, 0.0),
        bbox_transform=ax.transAxes + ScaledTranslation(0.0, -depth, figure.dpi_scale_trans),
        borderaxespad=0.3,
        ncols=ncols,
        alignment="left",
    )


def _highest(ax: Axes, curve: Curve, left: float, right: float) -> float:
    """Return the largest height of a curve between two places, all as fractions of the axes."""
    points = np.column_stack([np.asarray(values, dtype=np.float64) for values in curve])
    points = points[np.isfinite(points).all(axis=1)]
    points = points[np.argsort(points[:, 0], kind="stable")]
    if len(points) == 0:
        return -np.inf
    x, y = (ax.transScale + ax.transLimits).transform(points).T
    inside = y[(x >= left) & (x <= right)]
    ends = np.interp([left, right], x, y, left=-np.inf, right=-np.inf)
    return float(np.concatenate([inside, ends]).max())
