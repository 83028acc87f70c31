"""Second-order differences by setting: points with intervals, a row a setting."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from priorvol import checks
from priorvol.comparison.baselines import Baseline
from priorvol.comparison.report import Agreement
from priorvol.comparison.settings_report import SettingRow, SettingsComparison
from priorvol.plotting.appearance import INK, axes, pyplot, style
from priorvol.result import Estimate
from priorvol.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Interval = tuple[float, float, float]
NOTHING: Interval = (math.nan, math.nan, math.nan)

QUANTITIES = {
    "spread": "spread of ln ratio (nats)",
    "ratio": "mean ln ratio (nats)",
    "pearson": "Pearson of log $P$, noise off",
    "slope": "slope of log $P$",
    "total_variation": "total variation, bounds",
    "error": "mean test error",
    "target": "$P$(target)",
}
"""What can be drawn, and the axis's label."""

_SHOWN = {"slope": (-3.0, 5.0)}
"""Ends of axes whose values have no bounds; a value beyond is an arrow at the end."""

_WANTED = {"ratio": 0.0, "pearson": 1.0, "slope": 1.0}
LONGEST = 84
"""Characters of a row's label."""


def settings_plot(
    found: SettingsComparison, ax: Axes | None = None, *, quantity: str = "spread"
) -> Axes:
    """Draw one quantity of every row with its interval.

    The first row is the reference: its own test error and P(target), else what its halves say of
    each other; its interval is a grey band. The grey line is what equal distributions would have.
    Below test errors stand the baselines, with the middle 95% of their laws. Slopes are shown from
    -3 to 5, those beyond as arrows: of logs that hardly vary together they have no bounds.

    Parameters
    ----------
    found : SettingsComparison
        From `priorvol.compare_settings`.
    ax : Axes, optional
        Default: those of a new figure in the house style.
    quantity : str
        One of `QUANTITIES`.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If it is no comparison of settings, the quantity is unknown, or it needs a target and there
        is none.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from priorvol import FunctionTable, compare_settings
    >>> a = FunctionTable.from_counts(["00", "01", "11"], [500, 300, 200])
    >>> b = FunctionTable.from_counts(["00", "01", "11"], [450, 350, 200])
    >>> settings_plot(compare_settings(a, {"other": b})).get_xlabel()
    'spread of ln ratio (nats)'
    """
    _check(found)
    checks.choice("quantity", quantity, QUANTITIES)
    if quantity in ("error", "target") and found.n_test is None:
        raise ValueError(f"{quantity} needs a comparison with a target")
    alone = ax is None
    rows = _rows(found, with_baselines=quantity == "error")
    with axes(ax) as ax:
        if alone:
            ax.figure.figure.set_size_inches(3.4, 0.7 + 0.2 * len(rows))
        _draw(ax, found, rows, quantity)
    return ax


def settings_panel_plot(
    found: SettingsComparison,
    figure: Figure | None = None,
    *,
    quantities: tuple[str, ...] | None = None,
) -> list[Axes]:
    """Draw several quantities beside each other, the rows in common.

    Parameters
    ----------
    found : SettingsComparison
    figure : Figure, optional
        An empty one, with constrained layout; its size is set. Default: a new one in the house
        style.
    quantities : tuple of str, optional
        Some of `QUANTITIES`. Default: spread, slope and, with a target, error and target.

    Returns
    -------
    list of Axes
        One a quantity.

    Raises
    ------
    ValueError
        As `settings_plot`, or if the figure is not empty or no quantity is named.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from priorvol import FunctionTable, compare_settings
    >>> a = FunctionTable.from_counts(["00", "01", "11"], [500, 300, 200])
    >>> b = FunctionTable.from_counts(["00", "01", "11"], [450, 350, 200])
    >>> len(settings_panel_plot(compare_settings(a, {"other": b}, target="00")))
    4
    """
    _check(found)
    if quantities is None:
        quantities = ("spread", "slope") + (("error", "target") if found.n_test else ())
    if not quantities:
        raise ValueError(f"quantities must name some of {list(QUANTITIES)}, got none")
    if figure is None:
        with style():
            return _fill(pyplot().figure(), found, tuple(quantities))
    from matplotlib.figure import Figure as AnyFigure

    if not isinstance(figure, AnyFigure) or figure.axes:
        raise ValueError(f"figure must be an empty matplotlib Figure or None, got {figure!r:.80}")
    return _fill(figure, found, tuple(quantities))


def _fill(figure: Figure, found: SettingsComparison, quantities: tuple[str, ...]) -> list[Axes]:
    for quantity in quantities:
        checks.choice("quantity", quantity, QUANTITIES)
        if quantity in ("error", "target") and found.n_test is None:
            raise ValueError(f"{quantity} needs a comparison with a target")
    rows = _rows(found, with_baselines="error" in quantities)
    figure.set_size_inches(1.4 + 1.5 * len(quantities), 0.6 + 0.19 * len(rows))
    drawn: list[Axes] = list(figure.subplots(1, len(quantities), sharey=True, squeeze=False)[0])
    for ax, quantity in zip(drawn, quantities, strict=True):
        _draw(ax, found, rows, quantity)
    for ax in drawn[1:]:
        ax.tick_params(axis="y", labelleft=False)
    return drawn


@dataclass(frozen=True)
class _Row:
    """What stands in one row."""

    label: str
    colour: str
    marker: str
    value: Callable[[str], Interval]


def _check(found: Any) -> None:
    if not isinstance(found, SettingsComparison):
        raise ValueError(f"found must be a SettingsComparison, got {type(found).__name__}")


def _rows(found: SettingsComparison, *, with_baselines: bool) -> list[_Row]:
    """Return the reference, the settings and, if wanted, the baselines."""
    halves = "" if found.null is None else " (halves)"
    rows = [_Row(found.name + halves, "0.45", "s", lambda quantity: _of_reference(found, quantity))]
    rows += [_Row(row.label, "C0", "o", partial(_of_row, row)) for row in found.rows]
    if with_baselines:
        rows += [_Row(each.name, INK, "x", partial(_of_baseline, each)) for each in found.baselines]
    return rows


def _draw(ax: Axes, found: SettingsComparison, rows: list[_Row], quantity: str) -> None:
    value, low, high = rows[0].value(quantity)
    if math.isfinite(low) and math.isfinite(high):
        ax.axvspan(low, high, color="0.9", linewidth=0, zorder=0)
    if quantity in ("error", "target"):
        ax.axvline(value, color="0.6", linewidth=0.7, zorder=1)
    elif quantity in _WANTED:
        ax.axvline(_WANTED[quantity], color="0.6", linewidth=0.7, zorder=1)
    for place, row in enumerate(rows, 1):
        value, low, high = row.value(quantity)
        first, last = _SHOWN.get(quantity, (-math.inf, math.inf))
        marker = row.marker
        if math.isfinite(value) and not first <= value <= last:
            value, marker = (first, "<") if value < first else (last, ">")
        if low <= last and high >= first:  # nan is not
            ends = max(low, first), min(high, last)
            ax.hlines(place, *ends, colors=row.colour, linestyles="-", linewidth=1.0, zorder=3)
        if math.isfinite(value):
            ax.plot([value], [place], marker, color=row.colour, zorder=4, clip_on=False)
    ax.margins(x=0.06)
    if quantity in ("spread", "total_variation"):
        ax.set_xlim(left=0.0, auto=None)
    ax.locator_params(axis="x", nbins=4)
    ax.set_xlabel(QUANTITIES[quantity])
    ax.grid(axis="y", color="0.93", linewidth=0.5)
    ax.set_yticks(range(1, len(rows) + 1), [shorten(row.label, LONGEST) for row in rows])
    ax.set_ylim(len(rows) + 0.6, 0.4)
    ax.tick_params(axis="y", length=0)


def _of_reference(found: SettingsComparison, quantity: str) -> Interval:
    if quantity == "error":
        law = found.reference_error
        return NOTHING if law is None else (law.mean, law.low, law.high)
    if quantity == "target":
        return _of_estimate(found.reference_target)
    return NOTHING if found.null is None else _of_agreement(found.null, quantity)


def _of_baseline(baseline: Baseline, quantity: str) -> Interval:
    if quantity != "error":
        return NOTHING
    return baseline.error, baseline.quantile(0.025), baseline.quantile(0.975)


def _of_row(row: SettingRow, quantity: str) -> Interval:
    if quantity == "error":
        return NOTHING if row.error is None else (row.error.mean, row.error.low, row.error.high)
    if quantity == "target":
        return _of_estimate(row.target)
    return _of_agreement(row.agreement, quantity)


def _of_agreement(found: Agreement, quantity: str) -> Interval:
    c, ratio = found.concordance, found.concordance.log_ratio
    if quantity == "spread":
        return ratio.sd, ratio.sd_low, ratio.sd_high
    if quantity == "ratio":
        return ratio.mean, ratio.mean_low, ratio.mean_high
    if quantity == "total_variation":
        bounds = found.total_variation
        return NOTHING if bounds is None else (math.nan, bounds.low, bounds.high)
    each = c.slope if quantity == "slope" else c.pearson_corrected
    return each.value, each.low, each.high


def _of_estimate(found: Estimate | None) -> Interval:
    return NOTHING if found is None else (found.p, *found.interval)
