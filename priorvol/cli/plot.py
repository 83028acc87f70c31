"""``priorvol plot``: figures of runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from priorvol import checks
from priorvol.cli import options as shared

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from priorvol.table import FunctionTable

_OWN = {
    "rank": ("no_zipf", "level", "interval"),
    "complexity": ("measure", "min_count", "no_bound"),
    "histogram": ("level", "interval"),
}
_FORMATS = (".png", ".pdf", ".svg")
_EXAMPLE = """\
  priorvol plot rank runs/a --out rank.png
  priorvol plot rank runs/a runs/b --label "sigma_b = 0" --label "sigma_b = 1" --out rank.pdf
  priorvol plot complexity runs/a --measure k_lz --out k.png
  priorvol plot histogram runs/a --out t.png"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(verbs, "plot", run, "draw a figure of one run or several", _EXAMPLE)
    kind = shared.named("KIND", _OWN)
    text = "rank: P(f) by rank; complexity: P(f) by complexity; histogram: P(T), T the ones of f"
    parser.add_argument("kind", type=kind, metavar="KIND", help=text)
    text = "run folder; for complexity only one"
    parser.add_argument("folders", type=shared.path, metavar="RUN", nargs="+", help=text)
    text = f"figure, {', '.join(_FORMATS)}; may be repeated; one that is there is replaced"
    parser.add_argument(
        "--out", type=_figure, required=True, action="append", metavar="FILE", help=text
    )
    text = "legend entry, one a run in their order (several runs: their folders); may hold $TeX$"
    parser.add_argument("--label", action="append", metavar="TEXT", help=text)
    parser.add_argument("--title", metavar="TEXT", help="title of the figure")
    measure = parser.add_argument_group("complexity")
    text = "priorvol complexity --list names them (k_lz)"
    measure.add_argument("--measure", type=shared.measure, metavar="NAME", help=text)
    text = "leave out functions counted less often (2)"
    least = shared.positive("min_count")
    measure.add_argument("--min-count", type=least, metavar="N", help=text)
    # None, not False, so that one sees which options were given
    flag: dict[str, Any] = {"action": "store_true", "default": None}
    measure.add_argument("--no-bound", help="no upper bound", **flag)
    rank = parser.add_argument_group("rank")
    rank.add_argument("--no-zipf", help="no Zipf line", **flag)
    shared.add_interval(parser.add_argument_group("rank and histogram"))


def run(options: argparse.Namespace) -> None:
    """Draw and save."""
    from priorvol import plotting
    from priorvol.store import load_run, write_atomically

    _check(options)
    with plotting.style():
        from matplotlib.figure import Figure

        tables = [load_run(folder) for folder in options.folders]
        figure = Figure()  # not pyplot's: no window, and nothing to close
        ax = figure.subplots()
        if options.title is not None:
            ax.set_title(options.title)
        _draw(options, tables, ax)
        for out in options.out:
            write_atomically(out, figure.savefig)
    for out in options.out:
        print(out)


def _check(options: argparse.Namespace) -> None:
    """Refuse what does not fit together, before anything is read."""
    kind, n_runs = options.kind, len(options.folders)
    every = {name for names in _OWN.values() for name in names}
    stray = shared.given(options, sorted(every - set(_OWN[kind])))
    if stray:
        raise ValueError(f"{shared.flags(stray)} does not go with a {kind} plot")
    labels = options.label
    if labels is not None and kind == "complexity":
        raise ValueError("--label does not go with a complexity plot, which has no legend entries")
    if labels is not None and len(labels) != n_runs:
        raise ValueError(f"one --label a run is wanted: {n_runs}, got {len(labels)}")
    if kind == "complexity" and n_runs > 1:
        raise ValueError(f"a complexity plot takes one run, got {n_runs}")
    for out in options.out:
        if not out.parent.is_dir():
            raise ValueError(f"cannot write {out}: {out.parent} is not a folder")


def _draw(options: argparse.Namespace, tables: list[FunctionTable], ax: Axes) -> None:
    from priorvol import plotting

    intervals = shared.intervals(options)
    labels = options.label
    if labels is None and len(tables) > 1:
        labels = _names(options.folders)
    if options.kind == "rank":
        plotting.rank_plot(tables, ax, labels=labels, zipf=not options.no_zipf, **intervals)
    elif options.kind == "histogram":
        plotting.histogram_plot(tables, ax, labels=labels, **intervals)
    else:
        chosen = shared.given(options, ("measure", "min_count"))
        measure = chosen.pop("measure", "k_lz")
        bound = not options.no_bound
        plotting.complexity_plot(tables[0], measure, ax, bound=bound, **chosen)


def _names(folders: list[Path]) -> list[str]:
    """Return what tells the folders apart: their names, or else their paths."""
    names = [folder.name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


@shared.reader
def _figure(text: str) -> Path:
    out = shared.path(text)
    checks.choice("file type", out.suffix.lower(), _FORMATS)
    return out
