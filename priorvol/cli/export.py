"""``priorvol export``: a run's table for other programs."""

from __future__ import annotations

import argparse
from typing import Any

from priorvol.cli import options as shared

_EXAMPLE = """\
  priorvol export runs/a --out table.csv
  priorvol export runs/a --out table.parquet
  priorvol export runs/a --out tally.txt        (lines of a 0/1 string and a count)"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(verbs, "export", run, "write a run as CSV, Parquet or text", _EXAMPLE)
    parser.add_argument("folder", metavar="RUN", help="run folder")
    parser.add_argument("--out", required=True, help="file; .csv, .parquet or .txt")
    parser.add_argument(
        "--format", default=None, help="csv, parquet or text; by default the suffix"
    )
    shared.add_base(parser)


def run(options: argparse.Namespace) -> None:
    """Write the file."""
    from priorvol.export import export_table
    from priorvol.store import load_run

    table = load_run(options.folder)
    base = 2 if options.base is None else options.base
    export_table(table, options.out, format=options.format, base=base)
    print(f"{len(table):,} functions in {options.out}")
