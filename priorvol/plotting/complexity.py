"""P(f) against complexity, with its upper bound."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from priorvol.plotting.appearance import INK, axes
from priorvol.plotting.legend import clear_legend, probability_axis
from priorvol.plotting.series import check_table, grouping
from priorvol.simplicity.bound import Envelope, maxima, upper_envelope
from priorvol.table import FunctionTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

CROWD = 3
"""Functions in one cell from which on the cell is coloured; fewer are drawn as points."""

MANY = 200
"""Functions from which on there are cells at all."""

COLUMNS = 48
"""Most columns of cells; up to this many distinct complexities have a column each."""

CELLS_A_DECADE = 10


def complexity_plot(
    table: FunctionTable,
    measure: str = "k_lz",
    ax: Axes | None = None,
    *,
    min_count: int = 2,
    bound: bool = True,
    radius: float | None = None,
) -> Axes:
    r"""Draw P(f) against the complexity of f, and the bound P = 2^(-a K + b) over the points.

    Where functions crowd, the colour says how many there are in a cell; elsewhere each is a point.

    Parameters
    ----------
    table : FunctionTable
    measure : str
        Name of a complexity measure; `priorvol.complexity.measures` lists them.
    ax : Axes, optional
        Default: those of a new figure in the house style.
    min_count : int
        Functions counted less often are left out of the points and of the bound; the legend says
        how many. By default those counted once, as in arXiv:1805.08522.
    bound : bool
        Whether to draw the bound (`priorvol.simplicity.upper_envelope`) of the functions shown.
        There is none where all have the same complexity.
    radius : float, optional
        Of a point's neighbourhood, for measures that need points (1 on the cube).

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If an argument is of the wrong type or out of range, the measure is not defined on the
        table's inputs, or no function was counted ``min_count`` times.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0000", "1111", "0110", "0010"], [8, 7, 2, 1])
    >>> complexity_plot(table).get_legend().get_title().get_text()
    'functions counted once\nomitted (1)'
    """
    from priorvol import complexity

    table = check_table(table)
    known = complexity.measure(measure)
    frequent = table.at_least(min_count)
    k = complexity.compute(frequent, known.name, radius=radius)[known.name]
    counts = np.asarray(frequent.counts)
    log_p = np.log(counts) - math.log(table.n_samples)
    with axes(ax) as ax:
        ax.set_yscale("log")
        draw_functions(ax, k, counts, table.n_samples)
        ax.set_xlabel(known.label)
        ax.set_ylabel("$P(f)$")
        if bound and k.min() < k.max():
            draw_bound(ax, upper_envelope(k, log_p), k)
        probability_axis(ax)
        shown = maxima(k, counts / table.n_samples)
        clear_legend(ax, "upper right", [shown], title=_note(table, len(frequent), min_count))
    return ax


def _note(table: FunctionTable, n_shown: int, min_count: int) -> str:
    """Say which functions are not shown, and how the draws are grouped."""
    lines = []
    omitted = len(table) - n_shown
    if omitted:
        rare = "once" if min_count == 2 else f"less than {min_count} times"
        lines.append(f"functions counted {rare}\nomitted ({omitted:,})")
    if table.n_unlisted:
        lines.append(f"not listed: {table.n_unlisted:,} draws")
    if table.output_draws > 1:
        lines.append(grouping(table))
    return "\n".join(lines)


def draw_functions(ax: Axes, k: Array, counts: npt.NDArray[np.int64], n_samples: int) -> None:
    """Draw crowded cells in colour and the other functions as points."""
    x_edges, c_edges = _columns(k), _rows(counts)
    x = np.searchsorted(x_edges, k, side="right") - 1
    y = np.searchsorted(c_edges, counts, side="right") - 1
    cells = np.zeros((len(c_edges) - 1, len(x_edges) - 1), dtype=np.int64)
    np.add.at(cells, (y, x), 1)
    lone = (cells[y, x] < CROWD) | (len(k) < MANY)
    ax.plot(k[lone], counts[lone] / n_samples, ".", color=INK, markersize=2.5, label="one function")
    if not lone.all():
        _draw_cells(ax, x_edges, c_edges / n_samples, cells)


def _draw_cells(ax: Axes, x_edges: Array, y_edges: Array, cells: npt.NDArray[np.int64]) -> None:
    from matplotlib.colors import LogNorm

    shown = np.ma.masked_less(cells, CROWD)
    norm = LogNorm(vmin=1, vmax=max(10, int(cells.max())))
    ax.use_sticky_edges = False
    mesh = ax.pcolormesh(x_edges, y_edges, shown, norm=norm, cmap="viridis_r", rasterized=True)
    ax.figure.colorbar(mesh, ax=ax, label="functions in a cell", pad=0.02)


def _columns(k: Array) -> Array:
    """Return the edges of the columns: one a distinct complexity, if these are few."""
    distinct = np.unique(k)
    if len(distinct) == 1:
        return np.array([distinct[0] - 0.5, distinct[0] + 0.5])
    if len(distinct) > COLUMNS:
        edges = np.linspace(distinct[0], distinct[-1], COLUMNS + 1)
        return np.append(edges[:-1], np.nextafter(edges[-1], np.inf))
    middles = (distinct[1:] + distinct[:-1]) / 2
    ends = (1.5 * distinct[0] - 0.5 * distinct[1], 1.5 * distinct[-1] - 0.5 * distinct[-2])
    return np.concatenate([[ends[0]], middles, [ends[1]]])


def _rows(counts: npt.NDArray[np.int64]) -> Array:
    """Return the edges of the rows, halfway between whole counts so that no row is void."""
    edges = [int(counts.min())]
    while edges[-1] <= counts.max():
        edges.append(max(edges[-1] + 1, round(edges[-1] * 10 ** (1 / CELLS_A_DECADE))))
    return np.array(edges, dtype=np.float64) - 0.5


def draw_bound(ax: Axes, envelope: Envelope, k: Array) -> None:
    """Draw a bound over the range of some complexities."""
    ends = np.array([k.min(), k.max()])
    p = np.exp(envelope.log_p(ends))
    a, b = (
        f"{value:.3g}".replace("-", "\N{MINUS SIGN}")
        for value in (envelope.slope, envelope.intercept)
    )
    text = f"bound $P = 2^{{-aK+b}}$\n$a$ = {a}, $b$ = {b}"
    ax.plot(ends, p, color="#D55E00", linestyle="-", label=text)
