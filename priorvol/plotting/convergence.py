"""How far the kernels of finite networks are from infinite width, against the width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from priorvol.infinite.convergence import KernelConvergence, KernelErrors
from priorvol.plotting.appearance import INK, MARKERS, axes
from priorvol.plotting.legend import legend_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def convergence_plot(found: KernelConvergence, ax: Axes | None = None) -> Axes:
    """Draw how kernels of finite networks approach their limit, both axes logarithmic.

    Filled points are the scatter of single networks, hollow ones the deviation of their mean from
    the limit, with standard errors. Lines fall as width^(-1/2): solid ones fitted to the scatter,
    dotted ones over the root of the number of networks, which is what scatter leaves of their mean.

    Parameters
    ----------
    found : KernelConvergence
        From `priorvol.infinite.convergence.kernel_convergence`.
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
    >>> from priorvol import Architecture, Task
    >>> from priorvol.infinite.convergence import kernel_convergence
    >>> task = Task(Architecture(2, (math.inf,)))
    >>> ax = convergence_plot(kernel_convergence(task, [8, 32], n_networks=20))
    >>> ax.get_xscale(), ax.get_yscale()
    ('log', 'log')
    """
    if not isinstance(found, KernelConvergence):
        raise ValueError(f"found must be a KernelConvergence, got {type(found).__name__}")
    alone = ax is None
    with axes(ax) as ax:
        ax.set_xscale("log")
        ax.set_yscale("log")
        notes = [
            ("-", r"$\propto$ width$^{-1/2}$"),
            (":", rf"scatter$/\sqrt{{{found.n_networks}}}$"),
        ]
        for number, (name, errors) in enumerate(found.kernels.items()):
            _draw(ax, found, name, errors, number)
            _note(ax, *notes[number])
        for note in notes[len(found.kernels) :]:
            _note(ax, *note)
        ax.set_xlabel("width of the hidden layers")
        ax.set_ylabel("relative distance")
        _ticks(ax, found.widths.tolist())
        legend_below(ax, alone=alone, ncols=2)
    return ax


def _draw(ax: Axes, found: KernelConvergence, name: str, errors: KernelErrors, number: int) -> None:
    colour, marker = f"C{number}", MARKERS[number % len(MARKERS)]
    widths = found.widths * 1.04 ** (2 * number - 1)  # side by side
    ends = np.array([found.widths.min() / 1.15, found.widths.max() * 1.15])
    scaled = np.log(errors.fluctuation * np.sqrt(found.widths))
    weight = (errors.fluctuation / errors.fluctuation_error) ** 2
    line = np.exp(np.average(scaled, weights=weight)) / np.sqrt(ends)
    ax.plot(ends, line, "-", color=colour, linewidth=0.8, zorder=2)
    ax.plot(ends, line / np.sqrt(found.n_networks), ":", color=colour, linewidth=0.8, zorder=2)
    for value, error, face, label in (
        (errors.fluctuation, errors.fluctuation_error, colour, f"{name} of one network"),
        (errors.deviation, errors.deviation_error, "white", f"{name}, mean against limit"),
    ):
        marked: dict[str, Any] = {"linestyle": "none", "marker": marker, "markerfacecolor": face}
        ax.plot(widths, value, color=colour, label=label, zorder=4, **marked)
        low = np.maximum(value - error, 0.1 * value)  # the axis has no 0
        ax.vlines(widths, low, value + error, colors=colour, linewidth=0.7, zorder=3)


def _note(ax: Axes, line: str, label: str) -> None:
    """Explain a kind of line in the legend."""
    ax.plot([], [], line, color=INK, linewidth=0.8, label=label)


def _ticks(ax: Axes, widths: list[int]) -> None:
    """Name the widths themselves where they are few."""
    if len(widths) <= 10:
        from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

        ax.xaxis.set_major_locator(FixedLocator([float(width) for width in widths]))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
