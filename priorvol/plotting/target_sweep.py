"""Error against the complexity of the target, and P(K given S), predicted and measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from priorvol import checks, complexity
from priorvol.plotting.appearance import INK, MARKERS, axes
from priorvol.plotting.legend import legend_below, probability_axis
from priorvol.sweep import PosteriorComplexity, Prediction, TargetSweep
from priorvol.sweep.report import UNBIASED, ErrorCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

NAMES = {"trained": "trained networks", "posterior": "posterior $P_B$"}

FEW = 3
"""Up to so many tasks have colours of their own; more have the steps of a scale."""

_TOP = 0.65
_GREY: dict[str, dict[str, Any]] = {
    "majority class": {"color": "0.55", "linestyle": ":", "marker": "x"},
    "nearest neighbour": {"color": "0.55", "linestyle": "-.", "marker": "+"},
}
_SIDES = {"trained": "#0072B2", "posterior": "#D55E00"}


def target_sweep_plot(
    found: TargetSweep,
    ax: Axes | None = None,
    *,
    learners: Sequence[str] | None = None,
    level: float = 0.95,
    legend: bool = True,
) -> Axes:
    """Draw the error on held-out inputs against the target's complexity, a colour a task.

    Filled points are trained networks, hollow ones on dashed lines the posterior, with intervals.
    Grey are what takes no network: the unbiased learner, which has a half wrong, the majority class
    and the nearest neighbour.

    Parameters
    ----------
    found : TargetSweep
        From `priorvol.target_sweep`.
    ax : Axes, optional
        Default: those of a new figure in the house style.
    learners : sequence of str, optional
        ``"trained"`` and ``"posterior"``, or one of them; default: those measured.
    level : float
        Of the intervals.
    legend : bool

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If an argument is of the wrong type or out of range.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from priorvol import Architecture, Task, target_sweep
    >>> task = Task(Architecture(3, (8,)))
    >>> found = target_sweep(task, ["00001111", "01101001"], train_size=4, n_sets=3, n_runs=20,
    ...                      posterior="none", n_jobs=1)
    >>> target_sweep_plot(found).get_ylabel()
    'error on held-out inputs'
    """
    if not isinstance(found, TargetSweep):
        raise ValueError(f"found must be a TargetSweep, got {type(found).__name__}")
    chosen = found.learners if learners is None else tuple(learners)
    for learner in chosen:
        checks.choice("learner", learner, found.learners)
    alone = ax is None
    with axes(ax) as ax:
        ax.axhline(UNBIASED, color="0.55", linewidth=0.8, zorder=1, label="unbiased learner")
        for name, look in _GREY.items():
            curve = found.by_complexity(name)
            ax.plot(curve.k, curve.mean[0], **look, linewidth=0.8, zorder=1.5, label=name)
        colours = _colours(len(found.tasks))
        for number, learner in enumerate(chosen):
            curve = found.by_complexity(learner, level=level)
            for i, colour in enumerate(colours):
                _draw(ax, curve, i, colour, learner, _shift(number, len(chosen), curve.k))
        if len(found.tasks) > 1:
            for i, (label, colour) in enumerate(zip(found.labels, colours, strict=True)):
                ax.plot([], [], "-", color=colour, marker=MARKERS[i % 7], label=_tex(label))
        for learner in chosen:
            ink = colours[0] if len(found.tasks) == 1 else INK
            ax.plot([], [], **_look(learner, ink), marker="o", label=NAMES[learner])
        shown = [found.by_complexity(name).mean for name in (*_GREY, *chosen)]
        ax.set_ylim(0.0, max(_TOP, min(float(np.nanmax(shown)) + 0.03, 1.0)))
        ax.set_xlabel(f"{complexity.measure(found.settings.measure).label} of the target")
        ax.set_ylabel("error on held-out inputs")
        if legend:
            legend_below(ax, alone=alone, ncols=2)
    return ax


def posterior_complexity_plot(
    found: PosteriorComplexity,
    ax: Axes | None = None,
    *,
    learners: Sequence[str] | None = None,
    log: bool = True,
    legend: bool = True,
) -> Axes:
    """Draw P(K), and P(K given S) as the prior predicts it and as it was measured.

    Lines are predictions, points with bars (two standard errors) are measured, in the colour of
    their learner; grey is P(K). A prediction that rests on too few draws is dotted.

    Parameters
    ----------
    found : PosteriorComplexity
        From `priorvol.posterior_complexity`.
    ax : Axes, optional
        Default: those of a new figure in the house style.
    learners : sequence of str, optional
        Default: all that there are.
    log : bool
        Whether probabilities are on a logarithmic axis.
    legend : bool

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If an argument is of the wrong type, or there is no such learner.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from priorvol import Architecture, Task, collect, posterior_complexity, target_sweep
    >>> task = Task(Architecture(3, (8,)))
    >>> found = target_sweep(task, "00001111", train_size=4, n_sets=4, n_runs=50,
    ...                      posterior="none", n_jobs=1)
    >>> result = posterior_complexity(found, collect(task, n_samples=20_000, n_jobs=1))
    >>> posterior_complexity_plot(result).get_ylabel()
    'probability'
    """
    if not isinstance(found, PosteriorComplexity):
        raise ValueError(f"found must be a PosteriorComplexity, got {type(found).__name__}")
    names = [each.learner for each in found.predictions] if learners is None else learners
    chosen = [found.prediction(learner) for learner in names]
    alone = ax is None
    with axes(ax) as ax:
        ax.set_yscale("log" if log else "linear")
        laws: list[Prediction] = []
        for one in chosen:
            if all(one.spectrum is not other.spectrum for other in laws):
                laws.append(one)
        for number, one in enumerate(laws):
            _prior(ax, one, number, log)
        for one in laws:
            _predicted(ax, one, log)
        for one in chosen:
            _measured(ax, one)
        ax.axvline(found.target.k, color="0.8", linewidth=0.6, zorder=0)
        ax.set_xlabel(found.axis)
        ax.set_ylabel("probability")
        if log:
            lowest = min(1.0 / one.measured.n_draws for one in chosen)
            ax.set_ylim(lowest / 2.0, 1.3, auto=None)
            probability_axis(ax)
        else:
            ax.set_ylim(bottom=0.0)
        if legend:
            legend_below(ax, alone=alone, ncols=2)
    return ax


def _prior(ax: Axes, one: Prediction, number: int, log: bool) -> None:
    shown = np.where(one.prior > 0, one.prior, np.nan) if log else one.prior
    dashes = "-" if number == 0 else "--"
    text = f"$P(K)$, {_width(one)}"
    ax.plot(one.k, shown, dashes, color="0.6", linewidth=0.9, label=text)


def _predicted(ax: Axes, one: Prediction, log: bool) -> None:
    """Draw a prediction with a band of two standard errors."""
    colour, line = _SIDES[one.learner], one.predicted
    low, high = np.maximum(line - 2.0 * one.predicted_error, 0.0), line + 2.0 * one.predicted_error
    held = one.predicted > 0 if log else np.ones(len(line), dtype=bool)
    text = f"predicted, {_width(one)}" + ("" if one.is_reliable else ": too few draws")
    style = "-" if one.is_reliable else ":"
    ax.plot(one.k, np.where(held, line, np.nan), style, color=colour, label=text)
    ax.fill_between(one.k, low, high, where=held, color=colour, alpha=0.2, linewidth=0)


def _measured(ax: Axes, one: Prediction) -> None:
    """Draw what was measured, with bars of two standard errors."""
    colour, measured = _SIDES[one.learner], one.measured
    seen = measured.p > 0
    error = np.nan_to_num(measured.standard_error[seen])
    ax.errorbar(
        one.k[seen],
        measured.p[seen],
        yerr=[np.minimum(2.0 * error, measured.p[seen] * (1.0 - 1e-3)), 2.0 * error],
        fmt="o" if one.learner == "trained" else "s",
        color=colour,
        markerfacecolor=colour if one.learner == "trained" else "white",
        elinewidth=0.8,
        zorder=3,
        label=NAMES[one.learner],
    )


def _width(one: Prediction) -> str:
    return "infinite width" if one.task.architecture.is_infinite else "finite width"


def _draw(ax: Axes, curve: ErrorCurve, i: int, colour: Any, learner: str, shift: float) -> None:
    x = curve.k + shift
    ax.plot(x, curve.mean[i], **_look(learner, colour), marker=MARKERS[i % len(MARKERS)], zorder=3)
    ax.vlines(x, curve.low[i], curve.high[i], colors=[colour], linewidth=0.7, alpha=0.7)


def _look(learner: str, colour: Any) -> dict[str, Any]:
    if learner == "trained":
        return {"color": colour, "linestyle": "-"}
    return {"color": colour, "linestyle": "--", "markerfacecolor": "white", "linewidth": 0.9}


def _colours(k: int) -> list[Any]:
    """Return a colour a task: the house's for a few, else steps of a scale."""
    if k <= FEW:
        return [f"C{i}" for i in range(k)]
    from matplotlib import colormaps

    return [colormaps["viridis"](share) for share in np.linspace(0.0, 0.92, k)]


def _shift(number: int, of: int, k: Array) -> float:
    """Return by how much a learner's points stand aside, so that none hides another's bars."""
    width = 0.004 * float(k.max() - k.min()) if len(k) > 1 else 0.0
    return (number - (of - 1) / 2.0) * 2.0 * width


def _tex(label: str) -> str:
    return label.replace("sigma_w", r"$\sigma_w$").replace("sigma_b", r"$\sigma_b$")
