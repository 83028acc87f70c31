"""``priorvol show``: what a run found."""

from __future__ import annotations

import argparse
from typing import Any

from priorvol.cli import options as shared

_EXAMPLE = """\
  priorvol show runs/a --top 20 --json
  priorvol show runs/a --function 0x00000000000000000000000000000001"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(
        verbs, "show", run, "print a run's most frequent functions and what it missed", _EXAMPLE
    )
    parser.add_argument("folder", metavar="RUN", help="run folder")
    parser.add_argument("--top", type=shared.whole, default=10, help="functions to list (10)")
    parser.add_argument(
        "--measure", type=shared.names, default=("k_lz",), help="complexities to list (k_lz)"
    )
    parser.add_argument(
        "--function",
        action="append",
        metavar="BITS",
        help="print P of this function (0/1 or 0x text) instead; may be repeated",
    )
    shared.add_interval(parser)
    shared.add_base(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(options: argparse.Namespace) -> None:
    """Print the summary, or the functions asked for."""
    from priorvol.store import load_run
    from priorvol.summary import summarise

    table = load_run(options.folder)
    intervals = {"level": options.level, "interval": options.interval}
    if options.function:
        found = {text: table.probability(text, **intervals) for text in options.function}
        if options.json:
            shared.print_json({text: estimate.to_json() for text, estimate in found.items()})
        else:
            for text, estimate in found.items():
                print(f"{text}  count {estimate.diagnostics['count']:,}  {estimate}")
        return
    summary = summarise(
        table, top=options.top, measures=options.measure, base=options.base, **intervals
    )
    if options.json:
        shared.print_json(summary.to_json())
    else:
        print(summary)
