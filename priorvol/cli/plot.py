"""``priorvol plot``: figures of runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from priorvol import checks
from priorvol.cli import options as shared

_KINDS = ("rank", "complexity", "histogram")
_FORMATS = (".png", ".pdf", ".svg")
_EXAMPLE = """\
  priorvol plot rank runs/a --out rank.png
  priorvol plot rank runs/a runs/b --label "sigma_b = 0" --label "sigma_b = 1" --out rank.pdf
  priorvol plot complexity runs/a --measure k_lz --out k.png
  priorvol plot histogram runs/a --out t.png"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(verbs, "plot", run, "draw a figure of one run or several", _EXAMPLE)
    parser.add_argument("kind", metavar="KIND", help=", ".join(_KINDS))
    parser.add_argument("folders", metavar="RUN", nargs="+", help="run folder")
    parser.add_argument(
        "--out", required=True, action="append", help=f"file, {', '.join(_FORMATS)}; repeatable"
    )
    parser.add_argument("--label", action="append", help="legend entry, one a run")
    parser.add_argument("--title", help="title of the figure")
    parser.add_argument("--measure", default="k_lz", help="for complexity (k_lz)")
    text = "for complexity: leave out functions counted less often (2)"
    parser.add_argument("--min-count", type=shared.whole, default=2, help=text)
    parser.add_argument("--no-bound", action="store_true", help="for complexity: no envelope")
    parser.add_argument("--no-zipf", action="store_true", help="for rank: no Zipf line")
    shared.add_interval(parser)


def run(options: argparse.Namespace) -> None:
    """Draw and save."""
    from priorvol import complexity, plotting
    from priorvol.store import load_run, write_atomically

    checks.choice("KIND", options.kind, _KINDS)
    outs = [Path(out) for out in options.out]
    for out in outs:
        checks.choice("--out file type", out.suffix, _FORMATS)
    labels = options.label
    if labels is not None and len(labels) != len(options.folders):
        raise ValueError(f"{len(options.folders)} runs, but {len(labels)} labels")
    if options.kind == "complexity":
        complexity.measure(options.measure)
        if len(options.folders) > 1:
            raise ValueError(f"a complexity plot takes one run, got {len(options.folders)}")
    tables = [load_run(folder) for folder in options.folders]
    intervals = {"level": options.level, "interval": options.interval}
    with plotting.style():
        if options.kind == "rank":
            ax = plotting.rank_plot(tables, labels=labels, zipf=not options.no_zipf, **intervals)
        elif options.kind == "histogram":
            ax = plotting.histogram_plot(tables, labels=labels, **intervals)
        else:
            ax = plotting.complexity_plot(
                tables[0],
                options.measure,
                min_count=options.min_count,
                bound=not options.no_bound,
            )
        if options.title:
            ax.set_title(options.title)
        figure = ax.get_figure(root=True)
        assert figure is not None  # the Axes was just made in one
        for out in outs:
            write_atomically(out, figure.savefig)
    for out in outs:
        print(out)
