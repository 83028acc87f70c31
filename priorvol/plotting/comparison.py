"""P(f) under one distribution against P(f) under another, and their test errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from priorvol.comparison.report import Comparison, Side, interval_text, p_text
from priorvol.plotting.appearance import axes
from priorvol.plotting.legend import legend_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

ONLY_A = "#0072B2"
ONLY_B = "#D55E00"
SHADES = "viridis"
FEWEST_DRAWS = 4
"""Draws expected of a function where the band begins: of fewer the logarithm is not normal."""

MOST_BARS = 300
"""Functions that have error bars, the likeliest; the others are points."""


def comparison_plot(
    comparison: Comparison, ax: Axes | None = None, *, colorbar: bool = True
) -> Axes:
    """Draw P(f) under B against P(f) under A, with intervals.

    The grey band is where two perfect samplers of one distribution, with these numbers of draws,
    would put the functions. Functions that one side never drew are hollow triangles at the upper
    limit of P there. Where test errors are known they give the colours.

    Parameters
    ----------
    comparison : Comparison
    ax : Axes, optional
        Default: those of a new figure in the house style.
    colorbar : bool
        Whether to draw a colour bar of the test errors.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If it is no comparison, ``ax`` is no Axes, or no function has a P(f) above 0.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    All draws are shown, so functions drawn once or twice look more alike, or less, than they are:
    coefficients come from independent halves (`priorvol.comparison.compare`), and stand above.

    Examples
    --------
    >>> from priorvol import FunctionTable, compare
    >>> a = FunctionTable.from_counts(["00", "01", "11"], [500, 300, 200])
    >>> b = FunctionTable.from_counts(["00", "01", "10"], [450, 350, 200])
    >>> ax = comparison_plot(compare(a, b, n_bootstrap=0, n_permutations=0))
    >>> ax.get_xscale(), ax.get_yscale()
    ('log', 'log')
    """
    found = check_comparison(comparison)
    alone = ax is None
    a, b = found.a, found.b
    seen_a, seen_b = np.isfinite(a.log_p), np.isfinite(b.log_p)
    both = seen_a & seen_b
    if not (seen_a | seen_b).any():
        raise ValueError("no function of the comparison has a probability above 0")
    values = np.concatenate([a.p[seen_a], b.p[seen_b]])
    limits = [np.exp(s.high[~seen]) for s, seen in ((a, seen_a), (b, seen_b)) if (~seen).any()]
    limits = [limit[np.isfinite(limit) & (limit > 0)] for limit in limits]
    low = min(float(values.min()), *(float(limit.min(initial=1.0)) for limit in limits), 1.0)
    ends = max(low / 2.5, 1e-300), min(2.0 * float(values.max()), 1.3)
    with axes(ax) as ax:
        if alone:
            ax.figure.figure.set_size_inches(3.4, 3.6)  # both axes have one scale
        ax.set_xscale("log")
        ax.set_yscale("log")
        _band(ax, found, ends)
        ax.plot(ends, ends, color="black", linewidth=0.6, zorder=2, label="equal")
        _points(ax, found, both, colorbar)
        alone_a, alone_b = seen_a & ~seen_b, seen_b & ~seen_a
        for kept, x, y, mark, colour, name in (
            (alone_a, a.p, np.exp(b.high), "v", ONLY_A, a.name),
            (alone_b, np.exp(a.high), b.p, "<", ONLY_B, b.name),
        ):
            if kept.any():
                text = f"only {name}: {100 * found.level:g}% limit"
                style: dict[str, Any] = {
                    "linestyle": "none",
                    "fillstyle": "none",
                    "markeredgewidth": 0.5,
                }
                ax.plot(
                    x[kept],
                    y[kept],
                    mark,
                    color=colour,
                    alpha=0.6,
                    zorder=4,
                    rasterized=True,
                    label=text,
                    **style,
                )
        ax.set_xlim(*ends)
        ax.set_ylim(*ends)
        ax.set_xlabel(_axis(a))
        ax.set_ylabel(_axis(b))
        ax.set_title(_title(found), fontsize=6.5, loc="left")
        legend_below(ax, alone=alone, ncols=2)
    return ax


def check_comparison(comparison: Any) -> Comparison:
    """Return a comparison, or raise ``ValueError``."""
    if not isinstance(comparison, Comparison):
        raise ValueError(f"comparison must be a Comparison, got {type(comparison).__name__}")
    return comparison


def _band(ax: Axes, found: Comparison, ends: tuple[float, float]) -> None:
    """Shade where perfect samplers put the functions."""
    from scipy.special import ndtri

    per_draw = [
        side.inflation / side.n_samples
        for side in (found.a, found.b)
        if side.n_samples is not None and side.inflation is not None
    ]
    start = max(ends[0], FEWEST_DRAWS * max(per_draw))
    if start >= ends[1]:
        return
    p = np.geomspace(start, ends[1], 200)
    variance = sum(per_draw) * np.maximum(1.0 - p, 0.0) / p
    half = float(ndtri(0.5 + found.level / 2.0)) * np.sqrt(variance)
    text = f"{100 * found.level:g}% of perfect samplers"
    upper = np.exp(np.minimum(np.log(p) + half, 300.0))
    lower = np.exp(np.maximum(np.log(p) - half, -690.0))
    ax.fill_between(p, lower, upper, color="0.85", linewidth=0, zorder=0, label=text)


def _points(ax: Axes, found: Comparison, both: npt.NDArray[np.bool_], colorbar: bool) -> None:
    a, b = found.a, found.b
    barred = np.flatnonzero(both)[:MOST_BARS]
    x, y = a.p[barred], b.p[barred]
    bars = []
    for side, at in ((a, x), (b, y)):
        low, high = np.exp(side.low[barred]), np.exp(side.high[barred])
        bars.append(np.nan_to_num(np.array([np.maximum(at - low, 0), np.maximum(high - at, 0)])))
    ax.errorbar(
        x, y, xerr=bars[0], yerr=bars[1], fmt="none", ecolor="0.6", elinewidth=0.4, zorder=2.5
    )
    x, y = a.p[both], b.p[both]
    label = "function"
    if found.errors is None:
        ax.plot(x, y, ".", color="black", markersize=2.5, rasterized=True, zorder=3, label=label)
        return
    errors = found.errors.of_functions
    dots = ax.scatter(
        x,
        y,
        s=6,
        c=errors[both],
        vmin=0.0,
        vmax=top_error(found),
        linewidths=0,
        rasterized=True,
        zorder=3,
        label=label,
        cmap=SHADES,
    )
    if colorbar:
        extend: Any = "max" if errors.max() > top_error(found) else "neither"
        ax.figure.figure.colorbar(dots, ax=ax, label="test error", pad=0.02, extend=extend)


def top_error(found: Comparison) -> float:
    """Return the test error where the colours end: next to no draw has a larger one."""
    if found.errors is None:
        return 1.0
    order = np.argsort(found.errors.of_functions)
    share = np.cumsum(0.5 * (found.a.p + found.b.p)[order])
    place = int(np.searchsorted(share, 0.995 * share[-1]))
    top = found.errors.of_functions[order][min(place, len(order) - 1)]
    return max(float(top), 1.0 / found.errors.n_test)


def _axis(side: Side) -> str:
    symbols = {
        "P_SGD(f|S)": r"$P_\mathrm{SGD}(f\,|\,S)$",
        "P_B(f|S)": r"$P_B(f\,|\,S)$",
        "P(f|S)": r"$P(f\,|\,S)$",
        "P_B(f|S) under a unit-noise probit link": r"$P_B(f\,|\,S)$ of noisy labels",
        "P_NNGP(f|S)": r"$P_\mathrm{NNGP}(f\,|\,S)$",
        "P_NTK(f|S)": r"$P_\mathrm{NTK}(f\,|\,S)$",
        "P(f)": "$P(f)$",
    }
    return f"{symbols.get(side.quantity, side.quantity)}, {side.name}"


def _title(found: Comparison) -> str:
    """Say the coefficients and their ceiling, the size of the difference, and the p-value."""
    c = found.agreement.concordance
    lines = []
    if math.isfinite(c.pearson.value):
        ceiling = interval_text(c.ceiling.get("pearson"), ".3f")
        lines.append(f"Pearson {c.pearson.value:.3f} (perfect samplers {ceiling})")
    for name, each in (("noise taken off", c.pearson_corrected), ("slope", c.slope)):
        if math.isfinite(each.value):
            ends = "" if math.isnan(each.low) else f" [{each.low:.3f}, {each.high:.3f}]"
            lines.append(f"{name} {each.value:.3f}{ends}")
    if math.isfinite(found.p_value) and lines:
        lines[-1] += f", p of equality {p_text(found.p_value)}".replace("<", "< ")
    if math.isfinite(c.log_ratio.sd):
        lines.append(f"spread of ln ratio {c.log_ratio.sd_text()} nats")
    return "\n".join(lines)
