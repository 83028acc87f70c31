"""``priorvol plot``: figures of runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from priorvol import checks
from priorvol.cli import options as shared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from priorvol.table import FunctionTable

_FORMATS = (".png", ".pdf", ".svg")
_EXAMPLE = """\
  priorvol plot rank runs/a --out rank.png
  priorvol plot rank runs/a runs/b --label "sigma_b = 0" --label "sigma_b = 1" --out rank.pdf
  priorvol plot complexity runs/a --measure k_lz --out k.png
  priorvol plot histogram runs/a --out t.png
  priorvol plot panel runs/a --out panel.png
  priorvol plot correlation runs/a --measure k_lz,entropy,bdd_size --out rho.png
  priorvol plot distribution runs/a --measure k_lz --out p_k.png
  priorvol plot rare runs/a --measure circuit_size --out rare.png"""


@dataclass(frozen=True)
class _Kind:
    """A kind of figure: how it is drawn, its options, and how many runs and measures it takes."""

    draw: Callable[[argparse.Namespace, list[FunctionTable], Figure], None]
    about: str
    own: tuple[str, ...]
    many_runs: bool = False
    many_measures: bool = False


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(verbs, "plot", run, "draw a figure of one run or several", _EXAMPLE)
    text = "; ".join(f"{name}: {kind.about}" for name, kind in _KINDS.items())
    parser.add_argument("kind", type=shared.named("KIND", _KINDS), metavar="KIND", help=text)
    text = "run folder; several for rank and histogram only"
    parser.add_argument("folders", type=shared.path, metavar="RUN", nargs="+", help=text)
    text = f"figure, {', '.join(_FORMATS)}; may be repeated; one that is there is replaced"
    parser.add_argument(
        "--out", type=_figure, required=True, action="append", metavar="FILE", help=text
    )
    text = "legend entry, one a run in their order (several runs: their folders); may hold $TeX$"
    parser.add_argument("--label", action="append", metavar="TEXT", help=text)
    parser.add_argument("--title", metavar="TEXT", help="title of the figure")
    measure = parser.add_argument_group("complexity, distribution, rare, panel, correlation")
    text = (
        "priorvol complexity --list names them (k_lz); several, or all, for panel and correlation"
    )
    measure.add_argument("--measure", type=shared.some_measures, metavar="NAME", help=text)
    text = "leave out functions counted less often (2; correlation: 10)"
    shared.add_min_count(measure, text)
    shared.add_radius(measure)
    shared.add_seed(measure, "of null functions and resampling (0)")
    # None, not False, so that one sees which options were given
    flag: dict[str, Any] = {"action": "store_true", "default": None}
    measure.add_argument("--no-bound", help="complexity: no upper bound", **flag)
    text = "distribution: bins of equal width"
    measure.add_argument("--bins", type=shared.positive("bins"), metavar="N", help=text)
    text = "rare: how many functions are numbered (4)"
    numbers = shared.reader(lambda text: checks.integer("numbers", shared.whole(text), low=0))
    measure.add_argument("--numbers", type=numbers, metavar="N", help=text)
    text = "correlation: resampled tables for intervals (1000)"
    measure.add_argument("--bootstrap", type=shared.whole, metavar="N", help=text)
    shared.add_jobs(measure, default=None)
    rank = parser.add_argument_group("rank")
    rank.add_argument("--no-zipf", help="no Zipf line", **flag)
    shared.add_interval(parser.add_argument_group("rank, histogram; level: distribution, rare too"))


def run(options: argparse.Namespace) -> None:
    """Draw and save."""
    from priorvol import plotting
    from priorvol.store import load_run, write_atomically

    _check(options)
    with plotting.style():
        from matplotlib.figure import Figure

        tables = [load_run(folder) for folder in options.folders]
        figure = Figure()  # not pyplot's: no window, and nothing to close
        _KINDS[options.kind].draw(options, tables, figure)
        if options.title is not None:
            figure.suptitle(options.title)
        for out in options.out:
            write_atomically(out, figure.savefig)
    for out in options.out:
        print(out)


def _check(options: argparse.Namespace) -> None:
    """Refuse what does not fit together, before anything is read."""
    name, n_runs = options.kind, len(options.folders)
    kind = _KINDS[name]
    every = {option for each in _KINDS.values() for option in each.own}
    stray = shared.given(options, sorted(every - set(kind.own)))
    if stray:
        raise ValueError(f"{shared.flags(stray)} does not go with a {name} plot")
    labels = options.label
    if labels is not None and not kind.many_runs:
        raise ValueError(f"--label does not go with a {name} plot, which has no legend entries")
    if labels is not None and len(labels) != n_runs:
        raise ValueError(f"one --label a run is wanted: {n_runs}, got {len(labels)}")
    if n_runs > 1 and not kind.many_runs:
        raise ValueError(f"a {name} plot takes one run, got {n_runs}")
    measures = options.measure or ()
    if not kind.many_measures and (len(measures) > 1 or "all" in measures):
        raise ValueError(f"a {name} plot takes one measure, got {','.join(measures)}")
    for out in options.out:
        if not out.parent.is_dir():
            raise ValueError(f"cannot write {out}: {out.parent} is not a folder")
        if out.is_dir():
            raise ValueError(f"cannot write {out}: it is a folder")


def _rank(options: argparse.Namespace, tables: list[FunctionTable], figure: Figure) -> None:
    from priorvol import plotting

    zipf = not options.no_zipf
    chosen = shared.intervals(options)
    plotting.rank_plot(tables, figure.subplots(), labels=_labels(options), zipf=zipf, **chosen)


def _histogram(options: argparse.Namespace, tables: list[FunctionTable], figure: Figure) -> None:
    from priorvol import plotting

    chosen = shared.intervals(options)
    plotting.histogram_plot(tables, figure.subplots(), labels=_labels(options), **chosen)


def _complexity(options: argparse.Namespace, tables: list[FunctionTable], figure: Figure) -> None:
    from priorvol import plotting

    chosen = _single(options, ("min_count", "radius"))
    bound = not options.no_bound
    plotting.complexity_plot(tables[0], ax=figure.subplots(), bound=bound, **chosen)


def _panel(options: argparse.Namespace, tables: list[FunctionTable], figure: Figure) -> None:
    from priorvol import plotting
    from priorvol.simplicity import complexity_panel

    chosen = shared.given(options, ("min_count", "radius", "seed"))
    found = complexity_panel(tables[0], options.measure, n_jobs=_jobs(options), **chosen)
    plotting.panel_plot(found, figure)


def _correlation(options: argparse.Namespace, tables: list[FunctionTable], figure: Figure) -> None:
    from priorvol import plotting
    from priorvol.simplicity import correlate

    chosen = shared.given(options, ("min_count", "radius", "seed"))
    if options.bootstrap is not None:
        chosen["n_bootstrap"] = options.bootstrap
    found = correlate(tables[0], options.measure, n_jobs=_jobs(options), **chosen)
    figure.set_size_inches(plotting.correlation_size(found))
    plotting.correlation_plot(found, figure.subplots())


def _distribution(options: argparse.Namespace, tables: list[FunctionTable], figure: Figure) -> None:
    from priorvol import plotting

    chosen = _single(options, ("radius", "seed", "bins", "level"))
    plotting.distribution_plot(tables[0], ax=figure.subplots(), n_jobs=_jobs(options), **chosen)


def _rare(options: argparse.Namespace, tables: list[FunctionTable], figure: Figure) -> None:
    from priorvol import plotting
    from priorvol.simplicity import simple_but_rare

    chosen = _single(options, ("min_count", "level"))
    found = simple_but_rare(tables[0], n_jobs=_jobs(options), **chosen)
    labels = {} if options.numbers is None else {"labels": options.numbers}
    plotting.rare_plot(tables[0], found, figure.subplots(), **labels)


_OF_MEASURES = ("measure", "min_count", "radius", "seed", "jobs")
_KINDS = {
    "rank": _Kind(_rank, "P(f) by rank", ("no_zipf", "level", "interval"), many_runs=True),
    "complexity": _Kind(
        _complexity, "P(f) by complexity", ("measure", "min_count", "radius", "no_bound")
    ),
    "histogram": _Kind(_histogram, "P(T), T the ones of f", ("level", "interval"), many_runs=True),
    "panel": _Kind(
        _panel, "P(f) by many complexities, with nulls", _OF_MEASURES, many_measures=True
    ),
    "correlation": _Kind(
        _correlation,
        "correlations with log P(f), with nulls",
        (*_OF_MEASURES, "bootstrap"),
        many_measures=True,
    ),
    "distribution": _Kind(
        _distribution, "P(K), with nulls", ("measure", "radius", "seed", "bins", "level", "jobs")
    ),
    "rare": _Kind(
        _rare, "simple but rare functions", ("measure", "min_count", "level", "numbers", "jobs")
    ),
}


def _single(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    """Return those of the options that were given, with the one measure."""
    chosen = shared.given(options, names)
    if options.measure:
        (chosen["measure"],) = options.measure
    return chosen


def _jobs(options: argparse.Namespace) -> int:
    return -1 if options.jobs is None else int(options.jobs)


def _labels(options: argparse.Namespace) -> list[str] | None:
    """Return the legend's entries: those given, or the folders of several runs."""
    labels: list[str] | None = options.label
    return _names(options.folders) if labels is None and len(options.folders) > 1 else labels


def _names(folders: list[Path]) -> list[str]:
    """Return what tells the folders apart: their names, or else their paths."""
    names = [folder.name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


@shared.reader
def _figure(text: str) -> Path:
    out = shared.path(text)
    checks.choice("file type", out.suffix.lower(), _FORMATS)
    return out
