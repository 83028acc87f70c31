"""PAC-Bayes bounds beside the measured error of the posterior, against the training set's size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from priorvol.bound_curve import PACBayesCurve
from priorvol.plotting.appearance import INK, MARKERS, axes
from priorvol.plotting.legend import legend_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EP: dict[str, Any] = {"markersize": 3.5, "markeredgewidth": 0.6}


def pac_bayes_plot(found: PACBayesCurve, ax: Axes | None = None) -> Axes:
    """Draw certified bounds and measured errors against m, a colour a corruption.

    Lines with hollow points are the mean bound over training sets, filled points the mean error,
    with the 95 % interval of the mean over training sets; crosses are the bounds that EP's P(S)
    gives, which are not certified. The grey line is the error of guessing.

    Parameters
    ----------
    found : PACBayesCurve
        From `priorvol.pac_bayes_curve`.
    ax : Axes, optional
        Default: those of a new figure in the house style.

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
    >>> import math
    >>> from priorvol import Architecture, Task, pac_bayes_curve
    >>> task = Task(Architecture(3, (math.inf,)))
    >>> curve = pac_bayes_curve(task, "00001111", sizes=[4, 8], n_sets=3, n_samples=100)
    >>> pac_bayes_plot(curve).get_xscale()
    'log'
    """
    if not isinstance(found, PACBayesCurve):
        raise ValueError(f"found must be a PACBayesCurve, got {type(found).__name__}")
    alone = ax is None
    with axes(ax) as ax:
        ax.set_xscale("log")
        ax.axhline(0.5, color="0.8", linewidth=0.6, zorder=1)  # guessing
        bounds = {name: found.epsilon(name).mean(axis=2) for name in ("certified", "ep")}
        error, low, high = found.over_sets(found.error)
        for j, corruption in enumerate(found.corruptions.tolist()):
            colour, marker = f"C{j % 7}", MARKERS[j % len(MARKERS)]
            m = found.sizes * 1.03 ** (j - (len(found.corruptions) - 1) / 2)  # side by side
            ax.plot(m, bounds["certified"][:, j], "-", marker=marker, color=colour, mfc="white")
            ax.plot(m, bounds["ep"][:, j], "x", **EP, color=colour, zorder=4)
            ax.plot(m, error[:, j], ":", marker=marker, color=colour, linewidth=0.8, clip_on=False)
            ax.vlines(m, low[:, j], high[:, j], colors=colour, linewidth=0.9)
            text = f"{100 * corruption:g}% of labels random" if corruption else "no label corrupted"
            ax.plot([], [], linestyle="none", marker=marker, color=colour, label=text)
        sure = f"{100 * (1 - found.delta):g}%"
        ax.plot([], [], "-o", color=INK, mfc="white", label=f"bound, certified at {sure}")
        ax.plot([], [], "x", **EP, color=INK, label="bound by EP, not certified")
        ax.plot([], [], ":o", color=INK, linewidth=0.8, label="mean error of the posterior")
        ax.set_ylim(0.0, 1.0)
        ax.set_xlabel("training inputs $m$, drawn with replacement")
        ax.set_ylabel(r"error $\epsilon$ on all inputs")
        _ticks(ax, found.sizes.tolist())
        legend_below(ax, alone=alone, ncols=2)
    return ax


def _ticks(ax: Axes, sizes: list[int]) -> None:
    """Name the sizes themselves where they are few."""
    if len(sizes) <= 10:
        from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

        ax.xaxis.set_major_locator(FixedLocator([float(size) for size in sizes]))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
