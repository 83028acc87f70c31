"""The correlation map of a layer of infinite width, with its fixed points and iterates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from priorvol import checks
from priorvol.infinite.correlation_map import CorrelationMap
from priorvol.plotting.appearance import INK, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def correlation_map_plot(
    found: CorrelationMap,
    ax: Axes | None = None,
    *,
    color: str = "#0072B2",
    n_points: int = 401,
) -> Axes:
    r"""Draw C(rho), the diagonal, the iterates as a cobweb, and the fixed points.

    Parameters
    ----------
    found : CorrelationMap
        Its ``correlations`` are the iterates.
    ax : Axes, optional
        Default: those of a new figure in the house style.
    color : str
        Of the map.
    n_points : int
        Correlations at which the map is taken.

    Returns
    -------
    Axes
        Fixed points that attract are filled circles, others open ones. Iterates are the map's own
        where the variance is at its fixed point; else they leave the curve.

    Raises
    ------
    ValueError
        If ``found`` is no `CorrelationMap` or ``n_points`` is out of range.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from priorvol.infinite.correlation_map import correlation_map
    >>> correlation_map_plot(correlation_map("relu")).get_xlabel()
    'correlation $\\rho$ at a layer'
    """
    if not isinstance(found, CorrelationMap):
        raise ValueError(f"found must be a CorrelationMap, got {type(found).__name__}")
    n_points = checks.integer("n_points", n_points, low=2, high=100_000)
    # Even in the angle: the map is steep only near -1 and 1.
    rho = np.cos(np.linspace(np.pi, 0.0, n_points))
    with axes(ax) as drawn:
        drawn.plot([-1, 1], [-1, 1], color=INK, linewidth=0.6, linestyle=(0, (4, 2)))
        drawn.plot(rho, found(rho), color=color, linestyle="-", zorder=3)
        path = np.repeat(np.array(found.correlations), 2)
        drawn.plot(path[:-1], path[1:], color="#D55E00", linestyle="-", linewidth=0.6)
        for point in found.fixed_points:
            face = color if point.attracts else "white"
            drawn.plot(
                point.rho,
                point.rho,
                marker="o",
                linestyle="none",
                markeredgecolor=color,
                markerfacecolor=face,
                markersize=4,
                zorder=4,
                clip_on=False,
            )
        drawn.set_xlim(-1, 1)
        drawn.set_ylim(-1, 1)
        drawn.set_aspect("equal")
        drawn.set_xticks([-1, 0, 1])
        drawn.set_yticks([-1, 0, 1])
        drawn.set_xlabel(r"correlation $\rho$ at a layer")
        drawn.set_ylabel(r"$C(\rho)$, one layer on")
    return drawn
