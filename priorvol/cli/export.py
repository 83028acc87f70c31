"""``priorvol export``: a run's table for other programs."""

from __future__ import annotations

import argparse
from typing import Any

from priorvol import checks
from priorvol.cli import options as shared

_EXAMPLE = """\
  priorvol export runs/a --out table.csv
  priorvol export runs/a --out table.parquet
  priorvol export runs/a --out tally.txt        (lines of a 0/1 string and a count)"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(verbs, "export", run, "write a run as CSV, Parquet or text", _EXAMPLE)
    parser.add_argument("folder", type=shared.path, metavar="RUN", help="run folder")
    text = "file, .csv, .parquet or .txt; one that is there is replaced"
    parser.add_argument("--out", type=shared.path, required=True, metavar="FILE", help=text)
    text = "csv, parquet or text; by default the suffix says it"
    parser.add_argument("--format", metavar="NAME", help=text)
    shared.add_base(parser, "2")


def run(options: argparse.Namespace) -> None:
    """Write the file."""
    from priorvol.export import SUFFIXES, export_table
    from priorvol.store import load_run

    if options.format is None:
        checks.choice("--out file type (or --format)", options.out.suffix.lower(), SUFFIXES)
    else:
        checks.choice("--format", options.format, SUFFIXES.values())
    table = load_run(options.folder)
    base = shared.given(options, ("base",))
    export_table(table, options.out, format=options.format, **base)
    print(f"{len(table):,} functions in {options.out}")
