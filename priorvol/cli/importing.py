"""``priorvol import``: a run folder from counts made elsewhere."""

from __future__ import annotations

import argparse
from typing import Any

from priorvol.cli import options as shared

_EXAMPLE = """\
  sort functions.txt | uniq -c > tally.txt
  priorvol import tally.txt --out runs/theirs --n-inputs 7 --hidden 40,40 --sigma-b 0
  Lines hold a 0/1 string and a count, in either order. Without a task's options the run can be
  shown and plotted, but not added to others."""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(verbs, "import", run, "make a run folder from counts", _EXAMPLE)
    text = "text lines of a function and a count, or CSV; -: standard input"
    parser.add_argument("file", type=shared.path, metavar="FILE", help=text)
    text = "new run folder"
    parser.add_argument("--out", type=shared.path, required=True, metavar="RUN", help=text)
    text = "draws behind the counts, if rare functions were left out (default: their sum)"
    parser.add_argument("--samples", type=shared.positive("samples"), metavar="N", help=text)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    shared.add_task(parser)


def run(options: argparse.Namespace) -> None:
    """Read, save and say what was read."""
    from priorvol.export import read_counts
    from priorvol.store import save_table

    task = shared.read_task(options) if shared.has_task(options) else None
    file = "/dev/stdin" if str(options.file) == "-" else options.file
    table = read_counts(file, task=task, n_samples=options.samples)
    save_table(table, options.out)
    if options.json:
        shared.print_json(
            {"run": str(options.out), "n_samples": table.n_samples, "n_functions": len(table)}
        )
    else:
        print(f"{len(table):,} functions, {table.n_samples:,} draws, in {options.out}")
