"""Trained outputs of finite networks beside the band of infinite width, and how far they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.infinite.prediction import target_outputs
from priorvol.plotting.appearance import INK, MARKERS, axes
from priorvol.plotting.legend import legend_below
from priorvol.training.band import TrainingBand

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FINITE = "#D55E00"
INFINITE = "#0072B2"
SIGMAS = 2


def training_band_plot(
    found: TrainingBand,
    ax: Axes | None = None,
    *,
    width: int | None = None,
    positions: npt.ArrayLike | None = None,
    examples: int = 5,
) -> Axes:
    """Draw an ensemble of one width over the band of infinite width.

    Shaded: mean and two standard deviations at infinite width. Dashed and dotted: the same of the
    ensemble. Thin: single networks. Circles: the training inputs' targets.

    Parameters
    ----------
    found : TrainingBand
        From `priorvol.training.band.training_band`.
    ax : Axes, optional
        Default: those of a new figure in the house style.
    width : int, optional
        Which ensemble. Default: the narrowest.
    positions : (m,) numbers, optional
        Where the inputs stand on the x axis. Default: in their order, 0 to m - 1.
    examples : int
        Single networks drawn, at most `priorvol.training.band.EXAMPLES`.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If an argument is of the wrong type or shape, or there is no ensemble of that width.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import math
    >>> from matplotlib.figure import Figure
    >>> from priorvol import Architecture, Task, TrainingSet
    >>> from priorvol.training.band import training_band
    >>> task = Task(Architecture(2, (math.inf,)))
    >>> S = TrainingSet([1, 2], [0, 1])
    >>> how = {"steps": 20, "learning_rate": 0.5, "n_networks": 20, "n_jobs": 1}
    >>> found = training_band(task, S, [8], **how)
    >>> training_band_plot(found, Figure().subplots()).get_title()
    'width 8'
    """
    if not isinstance(found, TrainingBand):
        raise ValueError(f"found must be a TrainingBand, got {type(found).__name__}")
    known = found.widths.tolist()
    width = known[0] if width is None else checks.integer("width", width, low=1)
    if width not in known:
        raise ValueError(f"width must be one of {', '.join(map(str, known))}, got {width}")
    place = known.index(width)
    kept = found.examples.shape[1]
    shown = min(checks.integer("examples", examples, low=0), kept)
    prediction, m = found.prediction, found.prediction.law.m
    x = np.arange(m) if positions is None else np.asarray(positions, dtype=np.float64)
    if x.shape != (m,) or not np.isfinite(x).all():
        raise ValueError(f"positions must be {m} finite numbers, got {positions!r:.80}")
    order = np.argsort(x, kind="stable")
    with axes(ax) as drawn:
        half = SIGMAS * prediction.standard_deviation
        low, high = (prediction.mean + sign * half for sign in (-1, 1))
        band: dict[str, Any] = {"color": INFINITE, "linewidth": 0.0, "zorder": 1}
        label = rf"infinite width, $\pm {SIGMAS}$ sd"
        drawn.fill_between(x[order], low[order], high[order], alpha=0.22, label=label, **band)
        thin: dict[str, Any] = {"color": INK, "linewidth": 0.4, "linestyle": "-", "alpha": 0.6}
        for i, outputs in enumerate(found.examples[place, :shown]):
            thin["label"] = "_" if i else "single networks"
            drawn.plot(x[order], outputs[order], zorder=2, **thin)
        drawn.plot(x[order], prediction.mean[order], "-", color=INFINITE, zorder=3)
        mean, spread = found.mean[place], SIGMAS * found.standard_deviation[place]
        label = f"{found.n_networks:,} networks, mean"
        drawn.plot(x[order], mean[order], "--", color=FINITE, zorder=4, label=label)
        for sign in (-1, 1):
            label = rf"$\pm {SIGMAS}$ sd" if sign > 0 else "_"
            edge = (mean + sign * spread)[order]
            drawn.plot(x[order], edge, ":", color=FINITE, zorder=4, label=label)
        chosen = np.array(prediction.training_set.indices)
        goal = target_outputs(prediction.training_set, prediction.targets)
        marked: dict[str, Any] = {"linestyle": "none", "marker": "o", "markerfacecolor": "white"}
        drawn.plot(x[chosen], goal, color="black", zorder=5, label="training inputs", **marked)
        drawn.set_title(f"width {width:,}")
        drawn.set_xlabel("input" if positions is None else "position of the input")
        drawn.set_ylabel("output $h$")
    return drawn


def band_distance_plot(
    found: TrainingBand | Mapping[str, TrainingBand],
    ax: Axes | None = None,
    *,
    powers: Mapping[str, float] | None = None,
) -> Axes:
    """Draw how far ensembles are from the band of infinite width, both axes logarithmic.

    Filled points: root mean square over the inputs of the mean's shift; hollow ones: of the
    standard deviation's; with standard errors. Distances that noise hides are left out.

    Parameters
    ----------
    found : TrainingBand or mapping of str to TrainingBand
        From `priorvol.training.band.training_band`; several by name.
    ax : Axes, optional
        Default: those of a new figure in the house style.
    powers : mapping of str to float, optional
        By name, the power of the width that a line through the means' distances follows, placed
        by the widest two: -1 for smooth activations, -1/2 for ReLU.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If an argument is of the wrong type, or a power is of no band.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import math
    >>> from matplotlib.figure import Figure
    >>> from priorvol import Architecture, Task, TrainingSet
    >>> from priorvol.training.band import training_band
    >>> task = Task(Architecture(2, (math.inf,), "erf"))
    >>> found = training_band(
    ...     task, TrainingSet([1, 2], [0, 1]), [4, 8], steps=20, n_networks=20, n_jobs=1
    ... )
    >>> band_distance_plot(found, Figure().subplots()).get_yscale()
    'log'
    """
    bands = {"": found} if isinstance(found, TrainingBand) else found
    if (
        not isinstance(bands, Mapping)
        or not bands
        or not all(isinstance(band, TrainingBand) for band in bands.values())
    ):
        raise ValueError(
            f"found must be a TrainingBand or a mapping of names to some, got {found!r:.80}"
        )
    for name in powers or {}:
        checks.choice("a name of powers", name, bands)
    alone = ax is None
    with axes(ax) as drawn:
        drawn.set_xscale("log")
        drawn.set_yscale("log")
        for number, (name, band) in enumerate(bands.items()):
            colour, marker = f"C{number}", MARKERS[number % len(MARKERS)]
            for face, (statistic, shift) in zip(
                (colour, "white"), band.shifts.items(), strict=True
            ):
                seen = shift.squared > 2.0 * shift.squared_error
                value, error = shift.distance[seen], shift.distance_error[seen]
                widths = band.widths[seen] * 1.03 ** (2 * (face == "white") - 1)  # side by side
                marked: dict[str, Any] = {"linestyle": "none", "marker": marker}
                short = {"standard deviation": "sd"}.get(statistic, statistic)
                label = f"{name}, {short}" if name else short
                drawn.plot(
                    widths,
                    value,
                    color=colour,
                    markerfacecolor=face,
                    label=label,
                    zorder=4,
                    **marked,
                )
                low = np.maximum(value - error, 0.1 * value)  # the axis has no 0
                drawn.vlines(widths, low, value + error, colors=colour, linewidth=0.7, zorder=3)
            if powers and name in powers:
                _line(drawn, band, powers[name], colour)
        drawn.set_xlabel("width of the hidden layers")
        drawn.set_ylabel("distance from the band")
        legend_below(drawn, alone=alone, ncols=2)
    return drawn


def _line(ax: Axes, band: TrainingBand, power: float, colour: str) -> None:
    """Draw width^power through the distances of the means in the widest two ensembles."""
    shift, widths = band.mean_shift, band.widths.astype(np.float64)
    seen = np.flatnonzero(shift.squared > 2.0 * shift.squared_error)[-2:]
    if len(seen) == 0:
        return
    height = np.exp(np.mean(np.log(shift.distance[seen] * widths[seen] ** -power)))
    ends = np.array([widths.min() / 1.15, widths.max() * 1.15])
    shown = {-1.0: r"^{-1}", -0.5: r"^{-1/2}"}.get(power, f"^{{{power:g}}}")
    label = rf"$\propto$ width${shown}$"
    ax.plot(ends, height * ends**power, "-", color=colour, linewidth=0.8, zorder=2, label=label)
