"""Correlations of log P(f) with complexities, with T held fixed or not, beside their nulls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from priorvol import complexity
from priorvol.plotting.appearance import check_axes, pyplot, style
from priorvol.plotting.legend import legend_below
from priorvol.simplicity.association import Coefficient
from priorvol.simplicity.correlation_report import Correlations, MeasureCorrelation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.27
"""Height of a measure's row, in inches."""

SERIES = (
    ("with log P(f)", "#0072B2", "o", -0.24),
    ("with log P(f), $T$ held fixed", "#D55E00", "s", -0.08),
    ("null: random functions of the same $T$", "0.35", "D", 0.08),
    ("null: inputs permuted", "#56B4E9", "^", 0.24),
)
"""Label, colour, marker, and how far below the middle of the row."""


def correlation_plot(found: Correlations, ax: Axes | None = None) -> Axes:
    """Draw Spearman's rho of log P(f) with each complexity, a row a measure.

    Bars are bootstrap intervals for the functions themselves, and the spread over random draws for
    the nulls. A null that has the complexity of the functions by construction is left out.

    Parameters
    ----------
    found : Correlations
        From `priorvol.simplicity.correlations.correlate`.
    ax : Axes, optional
        Default: those of a new figure in the house style, as high as there are measures. The legend
        goes below given Axes, where a figure with constrained layout makes room for it.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If an argument is of the wrong type.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from priorvol import FunctionTable
    >>> from priorvol.simplicity.correlations import correlate
    >>> words = [f"{i:04b}" for i in range(16)]
    >>> table = FunctionTable.from_counts(words, [2000 - 100 * i for i in range(16)])
    >>> ax = correlation_plot(correlate(table, "entropy", n_bootstrap=0))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['entropy', 'majority_error']
    """
    if not isinstance(found, Correlations):
        raise ValueError(f"found must be Correlations, got {type(found).__name__}")
    if ax is not None:
        return _draw(check_axes(ax), found, alone=False)
    with style():
        own = pyplot().subplots(figsize=correlation_size(found))[1]
        return _draw(own, found, alone=True)


def correlation_size(found: Correlations) -> tuple[float, float]:
    """Return the width and the height, in inches, of a figure that holds all rows."""
    return 3.4, ROW * len(found.rows) + 1.3


def _draw(ax: Axes, found: Correlations, *, alone: bool) -> Axes:
    ax.axvline(0.0, color="0.8", linewidth=0.8, zorder=0)
    for place, row in enumerate(found.rows):
        if place % 2:
            ax.axhspan(place - 0.5, place + 0.5, color="0.96", zorder=-1, linewidth=0)
        for (label, colour, marker, offset), value in zip(SERIES, _values(row), strict=True):
            if value is None:
                continue
            y = place + offset
            ax.plot([value.low, value.high], [y, y], color=colour, linewidth=0.9, linestyle="-")
            look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": "none"}
            ax.plot([value.value], [y], markersize=3, label=label, **look)
    halves = found.reliability.spearman.value
    for sign in (-1.0, 1.0):
        text = "log P(f) of one half of the draws with the other"
        ax.axvline(sign * halves, color="0.5", linestyle=":", linewidth=0.8, label=text)
    ax.set_yticks(range(len(found.rows)), [row.measure for row in found.rows])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(found.rows) - 0.5, -0.5)
    ax.set_xlim(-1.05, 1.05)
    ax.set_xlabel(r"Spearman's $\rho$")
    legend_below(ax, alone=alone)
    return ax


def _values(row: MeasureCorrelation) -> list[Coefficient | None]:
    known = complexity.measure(row.measure)
    permuted = row.permuted_inputs
    trivial = permuted is None or "permutation" in known.symmetries or permuted.by_construction
    return [
        row.association.spearman,
        row.association.spearman_given_t,
        None if row.same_t.by_construction else row.same_t.spearman,
        None if trivial or permuted is None else permuted.spearman,
    ]
