"""Test error against complexity on both sides of a comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.comparison.report import Comparison, Side
from priorvol.complexity.registry import compute
from priorvol.complexity.registry import measure as measure_named
from priorvol.plotting.appearance import INK, axes
from priorvol.plotting.comparison import ONLY_A, ONLY_B, check_comparison
from priorvol.plotting.legend import legend_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

FEWEST_DRAWS = 5.0
"""Draws in effect that a bin needs to be drawn."""

LARGEST = 90.0
"""Area of the point of a bin that holds every draw, in square points."""


def error_complexity_plot(
    comparison: Comparison, ax: Axes | None = None, *, measure: str = "k_lz", n_bins: int = 14
) -> Axes:
    """Draw the mean test error of functions against their complexity, under both sides.

    The area of a point is the share of the side's draws in its bin, the bar the interval of the
    mean. A vertical line stands at the target's own complexity.

    Parameters
    ----------
    comparison : Comparison
        Made with a target.
    ax : Axes, optional
        Default: those of a new figure in the house style.
    measure : str
        A complexity measure; ``priorvol complexity --list`` names them.
    n_bins : int
        Bins of equal width, at least 2; a bin a value where there are no more values.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If it is no comparison with test errors, the measure is unknown or does not go with the
        inputs, or an option is out of range.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    Of the functions that the comparison lists; where their share of a side's draws is below 99%
    the legend says it. Intervals are normal, with the variance of draws in groups where they are;
    bins with fewer than `FEWEST_DRAWS` draws in effect are left out.

    Examples
    --------
    >>> from priorvol import FunctionTable, compare
    >>> a = FunctionTable.from_counts(["0000", "0001", "0110"], [500, 300, 200])
    >>> found = compare(a, a, target="0001", n_bootstrap=0, n_permutations=0)
    >>> error_complexity_plot(found).get_ylabel()
    'mean error on 4 test inputs'
    """
    found = check_comparison(comparison)
    n_bins = checks.integer("n_bins", n_bins, low=2)
    errors = found.errors
    if errors is None:
        raise ValueError("the comparison has no test errors: compare with a target")
    known = measure_named(measure)
    words = np.concatenate([found.functions, errors.target[None]])
    values = compute(words, measure, m=found.m, inputs=errors.inputs)[measure]
    own, values = float(values[-1]), values[:-1]
    edges = _edges(values, n_bins)
    alone = ax is None
    with axes(ax) as ax:
        for side, colour, marker, shift in (
            (found.a, ONLY_A, "o", -0.12),
            (found.b, ONLY_B, "s", 0.12),
        ):
            bins = _bins(side, values, errors.of_functions, edges, found.level)
            _draw(ax, side, bins, colour, marker, shift * float(np.diff(edges).min()))
        ax.axvline(own, color=INK, linestyle=":", linewidth=0.8, zorder=1, label="target")
        ax.axhline(0.5, color="0.8", linewidth=0.6, zorder=1)  # guessing
        ax.set_ylim(bottom=-0.02, auto=None)
        ax.set_xlabel(known.label)
        ax.set_ylabel(f"mean error on {errors.n_test:,} test inputs")
        legend_below(ax, alone=alone, ncols=2)
    return ax


@dataclass(frozen=True)
class _Bins:
    """Bins that have draws enough: complexity, mean error with its interval, share of draws."""

    centre: Array
    mean: Array
    low: Array
    high: Array
    share: Array
    listed: float


def _edges(values: Array, n_bins: int) -> Array:
    """Return the edges of bins, one about each value where there are few."""
    distinct = np.unique(values)
    if len(distinct) == 1:
        return np.array([distinct[0] - 0.5, distinct[0] + 0.5])
    if len(distinct) <= n_bins:
        middles = 0.5 * (distinct[1:] + distinct[:-1])
        return np.concatenate(
            [[2 * distinct[0] - middles[0]], middles, [2 * distinct[-1] - middles[-1]]]
        )
    pad = 1e-9 * (distinct[-1] - distinct[0])
    return np.linspace(distinct[0], distinct[-1] + pad, n_bins + 1)


def _bins(side: Side, values: Array, errors: Array, edges: Array, level: float) -> _Bins:
    from scipy.special import ndtri

    z = float(ndtri(0.5 + level / 2.0))
    weights = side.p
    places = np.digitize(values, edges[1:-1])
    n = len(edges) - 1
    mass = np.asarray(np.bincount(places, weights, n), dtype=np.float64)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(places, weights * errors, n) / mass
        spread = np.bincount(places, weights * (errors - mean[places]) ** 2, n) / mass
        centre = np.bincount(places, weights * values, n) / mass
    half = np.zeros(n)
    kept = mass > 0
    if side.n_samples is not None:
        draws = mass * side.n_samples / (side.inflation or 1.0)
        kept = draws >= FEWEST_DRAWS
        half[kept] = z * np.sqrt(spread[kept] / (draws[kept] - 1.0))
    low, high = np.maximum(mean - half, 0.0), np.minimum(mean + half, 1.0)
    return _Bins(
        centre=centre[kept],
        mean=mean[kept],
        low=low[kept],
        high=high[kept],
        share=mass[kept],
        listed=float(mass.sum()),
    )


def _draw(ax: Axes, side: Side, bins: _Bins, colour: str, marker: str, shift: float) -> None:
    label = side.name
    if side.counts is not None and bins.listed < 0.99:
        label += f" ({100 * bins.listed:.0f}% of its draws)"
    at = bins.centre + shift
    ax.vlines(at, bins.low, bins.high, colors=colour, linewidth=0.9, zorder=3)
    ax.plot(at, bins.mean, color=colour, linewidth=0.5, alpha=0.5, zorder=2, linestyle="-")
    size = np.maximum(LARGEST * bins.share / max(bins.listed, 1e-300), 0.8)
    style: dict[str, Any] = {"marker": marker, "alpha": 0.75, "linewidths": 0, "zorder": 4}
    ax.scatter(at, bins.mean, s=size, color=colour, **style)
    size_of_key = math.sqrt(0.2 * LARGEST)
    ax.plot([], [], marker, color=colour, markersize=size_of_key, label=f"{label}: 20% of draws")
