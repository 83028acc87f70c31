"""``priorvol rare``: functions of low complexity that the prior hardly ever gives."""

from __future__ import annotations

import argparse
from typing import Any

from priorvol.cli import options as shared

_EXAMPLE = """\
  priorvol rare runs/a --measure k_lz --top 20
  priorvol rare runs/a --measure circuit_size --named
  priorvol rare runs/a --measure bdd_size --json"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(
        verbs, "rare", run, "list simple functions far below the simplicity-bias bound", _EXAMPLE
    )
    text = "run folder, on a Boolean cube of at most 7 inputs"
    parser.add_argument("folder", type=shared.path, metavar="RUN", help=text)
    text = "priorvol complexity --list names them (k_lz)"
    parser.add_argument("--measure", type=shared.measure, metavar="NAME", help=text)
    text = "how many functions (20)"
    parser.add_argument("--top", type=shared.positive("top"), default=20, metavar="N", help=text)
    parser.add_argument("--named", action="store_true", help="only those named in the atlas")
    shared.add_min_count(parser, "the bound is that of functions counted so often or more (2)")
    shared.add_level(parser)
    shared.add_jobs(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(options: argparse.Namespace) -> None:
    """Print the list."""
    from priorvol.simplicity.rare import simple_but_rare
    from priorvol.store import load_run

    chosen = shared.given(options, ("measure", "min_count", "level"))
    found = simple_but_rare(load_run(options.folder), n_jobs=options.jobs, **chosen)
    if options.named:
        found = found.named()
    if options.json:
        shared.print_json(found.to_json(options.top))
        return
    print("\n".join(found.lines(options.top)))
