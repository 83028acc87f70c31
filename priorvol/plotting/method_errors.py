"""The error of a method in log10 P, against P, K_LZ and T."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from priorvol.estimators.errors import MethodErrors
from priorvol.plotting.appearance import pyplot, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]

SIZE = (2.25, 1.75)
"""Width and height of one part of the figure, in inches."""

LABELS = {
    "log10_p": r"$\log_{10} P(f)$",
    "k_lz": r"$K_\mathrm{LZ}$ (bits)",
    "t": "$T$, ones of $f$",
}
NAMES = {"ep": "EP", "ep-probit": "EP with a probit link", "laplace": "Laplace"}
COLOURS = ("black", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "0.65")
MARKERS = ("o", "o", "s", "^", "D", "v", "P", "X")
FEWEST = 20
BINS = 12


def method_errors_plot(
    found: MethodErrors | Sequence[MethodErrors],
    figure: Figure | None = None,
    *,
    titles: Sequence[str] | None = None,
) -> list[Axes]:
    """Draw the error of a method for many functions: a row a set of them, three panels each.

    Points are functions, coloured by their kind; the line is the median of all in bins with at
    least ``FEWEST`` functions.

    Parameters
    ----------
    found : MethodErrors or several
        From `priorvol.estimators.errors.method_errors`.
    figure : Figure, optional
        An empty one, whose size and layout are set; default: a new one in the house style.
    titles : sequence of str, optional
        One a row; default: the inputs' names.

    Returns
    -------
    list of Axes
        Row after row.

    Raises
    ------
    ValueError
        If an argument is of the wrong type, the figure has Axes already, or there is not one title
        a row.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import math
    >>> from priorvol import Architecture, Task
    >>> from priorvol.estimators.errors import method_errors
    >>> task = Task(Architecture(2, (math.inf,)))
    >>> found = method_errors(task, {"constants": ["0000", "1111"]}, n_jobs=1)
    >>> len(method_errors_plot(found))
    3
    """
    rows = [found] if isinstance(found, MethodErrors) else found
    if not isinstance(rows, Sequence) or {type(row) for row in rows} != {MethodErrors}:
        raise ValueError(f"found must be one MethodErrors or several, got {found!r:.80}")
    texts = [row.task.inputs.name for row in rows] if titles is None else list(titles)
    if len(texts) != len(rows):
        raise ValueError(f"one title a row is wanted: {len(rows)}, got {len(texts)}")
    if figure is None:
        with style():
            return _fill(pyplot().figure(), list(rows), texts)
    from matplotlib.figure import Figure as AnyFigure

    if not isinstance(figure, AnyFigure) or figure.axes:
        raise ValueError(f"figure must be an empty matplotlib Figure or None, got {figure!r:.80}")
    return _fill(figure, list(rows), texts)


def _fill(figure: Figure, rows: list[MethodErrors], titles: list[str]) -> list[Axes]:
    figure.set_layout_engine("constrained")
    figure.set_size_inches(len(LABELS) * SIZE[0], len(rows) * SIZE[1] + 0.45)
    grid = figure.subplots(len(rows), len(LABELS), sharey=True, squeeze=False)
    kinds = list(dict.fromkeys(kind for row in rows for kind in row.kinds.tolist()))
    for number, (row, axes) in enumerate(zip(rows, grid, strict=True)):
        columns = row.columns()
        for ax, (name, label) in zip(axes, LABELS.items(), strict=True):
            _draw(ax, columns[name], row, kinds)
            ax.set_xlabel(label)
        axes[0].set_ylabel(rf"{NAMES.get(row.method, row.method)}: error in $\log_{{10}} P$")
        axes[1].set_title(titles[number], pad=3)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 4))
    return list(grid.ravel())


def _draw(ax: Axes, x: Array, row: MethodErrors, kinds: list[str]) -> None:
    ax.axhline(0.0, color="0.4", linewidth=0.6, zorder=1)
    for number, kind in enumerate(kinds):
        chosen = row.kinds == kind
        ax.plot(
            x[chosen],
            row.error[chosen],
            linestyle="none",
            marker=MARKERS[number % len(MARKERS)],
            color=COLOURS[number % len(COLOURS)],
            markersize=1.8 if chosen.sum() > FEWEST else 3.5,
            markeredgewidth=0,
            label=kind,
            rasterized=True,
            zorder=2 + len(kinds) - number,  # the first kinds are the few
        )
    middle, median = _medians(x, row.error)
    ax.plot(middle, median, color="black", linewidth=0.9, linestyle="-", zorder=20, label="median")


def _medians(x: Array, y: Array) -> tuple[Array, Array]:
    """Return the medians of x and y in bins of x of equal width that hold enough."""
    edges = np.linspace(x.min(), x.max() + 1e-9, BINS + 1)
    place = np.digitize(x, edges)
    full = [bin_ for bin_ in range(1, BINS + 1) if (place == bin_).sum() >= FEWEST]
    pairs = [(np.median(x[place == bin_]), np.median(y[place == bin_])) for bin_ in full]
    middle, median = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    return middle, median
