"""How test errors are distributed on both sides of a comparison, below what takes no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from priorvol.comparison.baselines import Baseline
from priorvol.comparison.errors import Errors
from priorvol.comparison.report import Comparison
from priorvol.plotting.appearance import INK, axes
from priorvol.plotting.comparison import ONLY_A, ONLY_B, check_comparison
from priorvol.plotting.legend import legend_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 10.0
"""Height of a baseline's row above the Axes, in points."""


def error_laws_plot(comparison: Comparison, ax: Axes | None = None) -> Axes:
    """Draw how the test error is distributed under both sides, with pointwise intervals.

    Above the bars a row a baseline: its mean error as a point, and the middle 95% of its law.

    Parameters
    ----------
    comparison : Comparison
        Made with a target.
    ax : Axes, optional
        Default: those of a new figure in the house style.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If it is no comparison with test errors, or ``ax`` is no Axes.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from priorvol import FunctionTable, compare
    >>> table = FunctionTable.from_counts(["00", "01", "11"], [500, 300, 200])
    >>> found = compare(table, table, target="00", n_bootstrap=0, n_permutations=0)
    >>> error_laws_plot(found).get_xlabel()
    'error on 2 test inputs'
    """
    found = check_comparison(comparison)
    errors = found.errors
    if errors is None:
        raise ValueError("the comparison has no test errors: compare with a target")
    x = np.arange(errors.n_test + 1) / errors.n_test
    alone = ax is None
    with axes(ax) as ax:
        for side, law, colour, shift in (
            (found.a, errors.a, ONLY_A, -0.18),
            (found.b, errors.b, ONLY_B, 0.18),
        ):
            if law is None:
                continue
            text = f"{side.name}: mean {law.mean:.3g} [{law.low:.3g}, {law.high:.3g}]"
            at = x + (0.0 if None in (errors.a, errors.b) else shift) / errors.n_test
            width = 0.36 / errors.n_test
            ax.bar(at, law.p, width, color=colour, alpha=0.55, linewidth=0, label=text)
            shown = law.p > 0
            ax.vlines(at[shown], law.p_low[shown], law.p_high[shown], colors=colour, linewidth=0.7)
        low, high = _range(errors)
        ax.set_xlim(low - 0.8 / errors.n_test, high + 0.8 / errors.n_test)
        ax.set_ylim(bottom=0.0, auto=None)
        ax.set_xlabel(f"error on {errors.n_test:,} test inputs")
        ax.set_ylabel("share of draws")
        _baselines(ax, errors.baselines, (low, high))
        legend_below(ax, alone=alone)
    return ax


def _range(errors: Errors) -> tuple[float, float]:
    """Return what errors are shown: those that have a share of draws, and the baselines' means."""
    laws = [law for law in (errors.a, errors.b) if law is not None]
    used = np.flatnonzero(np.max([law.p for law in laws], axis=0) > 1e-4) / errors.n_test
    means = [each.error for each in errors.baselines]
    ends = [end for each in errors.baselines for end in _ends(each)]
    return min(used[0], *means, *ends), max(used[-1], *means, *ends)


def _ends(baseline: Baseline) -> tuple[float, float]:
    if baseline.p is None:
        return baseline.error, baseline.error
    return baseline.quantile(0.025), baseline.quantile(0.975)


def _baselines(ax: Axes, baselines: tuple[Baseline, ...], shown: tuple[float, float]) -> None:
    """Draw a row a baseline above the Axes, the first at the top."""
    from matplotlib.transforms import ScaledTranslation

    middle = 0.5 * sum(shown)
    gap = 0.035 * (shown[1] - shown[0])
    for number, each in enumerate(reversed(baselines)):
        rise = ScaledTranslation(0.0, ROW * (number + 0.8) / 72.0, ax.figure.figure.dpi_scale_trans)
        low, high = _ends(each)
        style: dict[str, Any] = {
            "transform": ax.get_xaxis_transform() + rise,
            "clip_on": False,
            "zorder": 4,
        }
        ax.hlines([1.0], low, high, colors=INK, linewidth=0.8, **style)
        ax.scatter([each.error], [1.0], s=9, color=INK, linewidths=0, **style)
        error = f"{each.error:.3f}".rstrip("0").rstrip(".")
        right = each.error <= middle
        ax.text(
            high + gap if right else low - gap,
            1.0,
            f"{each.name}: {error}",
            ha="left" if right else "right",
            va="center",
            fontsize=6.5,
            color=INK,
            **style,
        )
