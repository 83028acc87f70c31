"""Figures that ``priorvol compare`` draws, and their options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from priorvol import checks
from priorvol.cli import options as shared

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from priorvol.comparison import Comparison, SettingsComparison

FORMATS = (".png", ".pdf", ".svg")
KINDS = {
    "all": "P against P with margins, test errors beside it",
    "scatter": "P against P alone",
    "ranks": "both rank plots",
    "errors": "laws of the test error and baselines",
    "complexity": "test error against complexity",
    "settings": "several runs: a row for each",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group("figure")
    text = f"figure, {', '.join(FORMATS)}; may be repeated; one that is there is replaced"
    group.add_argument("--out", type=_file, action="append", metavar="FILE", help=text)
    text = "; ".join(f"{name}: {about}" for name, about in KINDS.items())
    text += " (all; several runs: settings; several methods of --estimates: scatter)"
    group.add_argument("--figure", type=shared.named("figure", KINDS), metavar="KIND", help=text)
    text = "complexity measure, for --figure complexity (k_lz); priorvol complexity --list"
    group.add_argument("--measure", metavar="NAME", help=text)


def check(options: argparse.Namespace) -> None:
    """Refuse what does not fit together, before anything is read."""
    kind = options.figure
    if not options.out and (kind is not None or options.measure is not None):
        raise ValueError("--figure and --measure need --out FILE")
    if options.measure is not None and kind != "complexity":
        raise ValueError("--measure goes with --figure complexity")
    if kind in ("errors", "complexity") and options.target is None:
        raise ValueError(f"--figure {kind} needs a --target that errors are counted by")
    for out in options.out or ():
        if not out.parent.is_dir():
            raise ValueError(f"cannot write {out}: {out.parent} is not a folder")
        if out.is_dir():
            raise ValueError(f"cannot write {out}: it is a folder")
    if options.measure is not None:
        from priorvol.complexity.registry import measure

        measure(options.measure)


def draw(
    options: argparse.Namespace,
    found: Comparison | SettingsComparison,
    comparisons: list[Comparison],
) -> None:
    """Draw the figure that was asked for, or the one that goes with what was compared.

    Parameters
    ----------
    options : argparse.Namespace
    found : Comparison or SettingsComparison
        What is printed.
    comparisons : list of Comparison
        Single ones; none where several runs were compared.

    Raises
    ------
    ValueError
        If the kind of figure does not go with what was compared.
    """
    from priorvol import plotting
    from priorvol.store import write_atomically

    kind = options.figure or ("settings" if not comparisons else "scatter")
    if options.figure is None and len(comparisons) == 1:
        kind = "all"
    if kind == "settings" and len(comparisons) == 1:
        raise ValueError("--figure settings goes with several runs or methods of --estimates")
    if kind != "settings" and (not comparisons or (len(comparisons) > 1 and kind != "scatter")):
        raise ValueError(f"--figure {kind} is of one RUN_B or method, got several")
    with plotting.style():
        from matplotlib.figure import Figure

        figure = Figure()  # not pyplot's: no window, and nothing to close
        if kind == "settings":
            plotting.settings_panel_plot(_settings(found), figure)
        elif len(comparisons) > 1:
            _scatters(comparisons, figure)
        else:
            _single(options, kind, comparisons[0], figure)
        for out in options.out:
            write_atomically(out, figure.savefig)


def _settings(found: Any) -> SettingsComparison:
    settings: SettingsComparison = found
    return settings


def _scatters(comparisons: list[Comparison], figure: Figure) -> None:
    from priorvol import plotting

    figure.set_size_inches(3.3 * len(comparisons), 3.7)
    last = len(comparisons) - 1
    for number, (each, ax) in enumerate(
        zip(comparisons, figure.subplots(1, len(comparisons)), strict=True)
    ):
        plotting.comparison_plot(each, ax, colorbar=number == last)


def _single(options: argparse.Namespace, kind: str, comparison: Comparison, figure: Figure) -> None:
    from priorvol import plotting

    if kind == "all":
        plotting.comparison_figure(comparison, figure)
        return
    if kind == "scatter":
        figure.set_size_inches(3.6, 3.7)
        ax = figure.subplots()
        plotting.comparison_plot(comparison, ax)
        _move_legend(ax, ncols=2)
    elif kind == "ranks":
        plotting.comparison_rank_plot(comparison, figure.subplots())
    elif kind == "errors":
        figure.set_size_inches(3.4, 3.1)
        ax = figure.subplots()
        plotting.error_laws_plot(comparison, ax)
        _move_legend(ax, ncols=1)
    else:
        figure.set_size_inches(3.4, 3.0)
        measure = options.measure or "k_lz"
        plotting.error_complexity_plot(comparison, figure.subplots(), measure=measure)


def _move_legend(ax: Axes, *, ncols: int) -> None:
    """Make the legend the figure's, which holds nothing else, as it may be wider than the Axes."""
    legend = ax.get_legend()
    if legend is not None:
        legend.remove()
        where: Any = {"loc": "outside lower center", "ncols": ncols, "alignment": "left"}
        ax.figure.figure.legend(*ax.get_legend_handles_labels(), **where)


@shared.reader
def _file(text: str) -> Path:
    out = shared.path(text)
    checks.choice("file type", out.suffix.lower(), FORMATS)
    return out
