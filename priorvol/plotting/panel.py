"""P(f) against many complexities, each beside its nulls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from priorvol import checks, complexity
from priorvol.plotting.appearance import pyplot, style
from priorvol.plotting.legend import probability_axis
from priorvol.simplicity.panel import ComplexityPanel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]

SIZE = (1.75, 1.6)
"""Width and height of one part of the figure, in inches, where legends have the house size."""

LEGEND_POINTS = 6.5
"""Size of the text of legends in the house style."""

BINS_A_DECADE = 2
FEWEST = 5
"""Least number of functions in a bin of P whose complexities are summed up."""

KINDS = {
    "observed": ("functions drawn", "black", "o", 1.0),
    "same_t": ("random functions of the same $T$", "#D55E00", "s", 1.35),
    "permuted": ("the functions, inputs permuted", "#0072B2", "^", 1 / 1.35),
}
"""Label, colour, marker, and the factor by which a kind is set off vertically."""

LONGEST = 22
"""Characters of a label in one line."""


def panel_plot(
    panel: ComplexityPanel, figure: Figure | None = None, *, columns: int = 4
) -> list[Axes]:
    r"""Draw P(f) against each complexity: functions as points, and bars for nulls.

    In each bin of P(f), half a decade high, a mark stands at the median complexity of its functions
    and a bar holds the middle 90% of them; other marks, set off a little, are those of null
    functions, one for each function of the bin. Where permuting the inputs leaves a measure
    unchanged that null is left out.

    Parameters
    ----------
    panel : ComplexityPanel
        From `priorvol.simplicity.panel.complexity_panel`.
    figure : Figure, optional
        An empty one, whose size and layout are set; default: a new one in the house style.
    columns : int
        Axes in a row.

    Returns
    -------
    list of Axes
        One a measure.

    Raises
    ------
    ValueError
        If an argument is of the wrong type or out of range, or the figure has Axes already.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from priorvol import FunctionTable
    >>> from priorvol.simplicity.panel import complexity_panel
    >>> table = FunctionTable.from_counts(["0000", "1111", "0110", "0010"], [8, 7, 2, 2])
    >>> [ax.get_xlabel() for ax in panel_plot(complexity_panel(table, "entropy"))]
    ['entropy of $T/m$\n(bits)']
    """
    if not isinstance(panel, ComplexityPanel):
        raise ValueError(f"panel must be a ComplexityPanel, got {type(panel).__name__}")
    columns = min(checks.integer("columns", columns, low=1), len(panel.observed))
    if figure is None:
        with style():
            return _fill(pyplot().figure(), panel, columns)
    from matplotlib.figure import Figure as AnyFigure

    if not isinstance(figure, AnyFigure) or figure.axes:
        raise ValueError(f"figure must be an empty matplotlib Figure or None, got {figure!r:.80}")
    return _fill(figure, panel, columns)


def _fill(figure: Figure, panel: ComplexityPanel, columns: int) -> list[Axes]:
    names = list(panel.observed)
    rows = -(-len(names) // columns)
    scale = _legend_points() / LEGEND_POINTS
    figure.set_layout_engine("constrained")
    figure.set_size_inches(
        scale * max(columns, 2) * SIZE[0], scale * (rows * SIZE[1] + (0.3 if columns > 3 else 0.6))
    )
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    parts: list[Axes] = list(grid.ravel())
    for place, (name, ax) in enumerate(zip(names, parts, strict=False)):
        _draw(ax, panel, name)
        if place % columns:
            ax.set_ylabel("")
    for ax in parts[len(names) :]:
        ax.set_visible(False)
    _legend(figure, panel, ncols=1 if columns < 4 else 2)
    return parts[: len(names)]


def _draw(ax: Axes, panel: ComplexityPanel, name: str) -> None:
    known = complexity.measure(name)
    ax.set_yscale("log")
    ax.plot(
        panel.observed[name],
        panel.p,
        ".",
        color="0.7",
        markersize=1.8,
        markeredgewidth=0,
        rasterized=True,
    )
    for kind, (label, colour, marker, offset) in KINDS.items():
        if not _is_shown(panel, kind, name):
            continue
        levels, low, middle, high = _bands(panel.p, getattr(panel, kind)[name])
        ax.hlines(levels * offset, low, high, colors=colour, linewidth=0.8)
        ax.plot(
            middle,
            levels * offset,
            color=colour,
            marker=marker,
            markersize=2.6,
            linestyle="none",
            markeredgewidth=0,
            label=label,
        )
    ax.set_xlabel(_wrapped(known.label))
    ax.set_ylabel("$P(f)$")
    probability_axis(ax)


def _is_shown(panel: ComplexityPanel, kind: str, name: str) -> bool:
    if name not in getattr(panel, kind):
        return False
    return kind != "permuted" or "permutation" not in complexity.measure(name).symmetries


def _wrapped(label: str) -> str:
    r"""Break a label into lines at blanks that are not inside a formula.

    Examples
    --------
    >>> _wrapped("terms of the algebraic normal form")
    'terms of the algebraic\nnormal form'
    """
    words: list[str] = []
    for part in label.split(" "):
        if words and words[-1].count("$") % 2:
            words[-1] += f" {part}"
        else:
            words.append(part)
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > LONGEST:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return "\n".join(lines)


def _bands(p: Array, values: Array) -> tuple[Array, Array, Array, Array]:
    """Return the middle of each bin of P and three quantiles of the values of its functions."""
    place = np.floor(np.log10(p) * BINS_A_DECADE + 1e-9).astype(np.int64)
    levels, quantiles = [], []
    for bin_ in np.unique(place):
        chosen = values[place == bin_]
        if len(chosen) >= FEWEST:
            levels.append(10 ** ((bin_ + 0.5) / BINS_A_DECADE))
            quantiles.append(np.quantile(chosen, (0.05, 0.5, 0.95)))
    low, middle, high = np.array(quantiles, dtype=np.float64).reshape(-1, 3).T
    return np.array(levels), low, middle, high


def _legend_points() -> float:
    """Return the size of the text of legends in the current style."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    return float(FontProperties(size=rcParams["legend.fontsize"]).get_size_in_points())


def _legend(figure: Figure, panel: ComplexityPanel, *, ncols: int) -> None:
    """Explain the marks below all parts, and say which functions are shown."""
    from matplotlib.lines import Line2D

    shown = f"{len(panel.p):,} of the {panel.n_frequent:,} functions"
    times = {1: "once", 2: "twice"}.get(panel.min_count, f"{panel.min_count:,} times")
    handles = [Line2D([], [], marker=".", linestyle="none", color="0.7")]
    labels = [f"{shown} drawn {times} or more"]
    for kind, (label, colour, marker, _) in KINDS.items():
        if any(_is_shown(panel, kind, name) for name in panel.observed):
            handles.append(Line2D([], [], color=colour, marker=marker, markersize=2.6))
            labels.append(f"{label}: median and middle 90%")
    figure.legend(handles, labels, loc="outside lower center", ncols=ncols)
