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
    parser.add_argument(
        "folder", type=shared.path, metavar="RUN", help="run folder, or that of an ensemble"
    )
    text = "how many functions to list (10)"
    parser.add_argument("--top", type=shared.positive("top"), metavar="N", help=text)
    text = "complexities to list, with commas between (k_lz); priorvol complexity --list names them"
    parser.add_argument("--measure", type=shared.measures, metavar="NAMES", help=text)
    parser.add_argument(
        "--function",
        action="append",
        metavar="BITS",
        help="print P of this function (0/1 or 0x text) instead; may be repeated",
    )
    shared.add_interval(parser)
    shared.add_base(parser, "2 up to 32 inputs, 16 above")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(options: argparse.Namespace) -> None:
    """Print the summary, or the functions asked for."""
    from priorvol.store import load_run
    from priorvol.store.ensembles import NAME as ENSEMBLE
    from priorvol.summary import summarise

    listing = shared.given(options, ("top", "measure", "base"))
    if options.function and listing:
        raise ValueError(
            f"--function takes the place of the list: leave out {shared.flags(listing)}"
        )
    if (options.folder / ENSEMBLE).exists():
        _show_ensemble(options)
        return
    table = load_run(options.folder)
    intervals = shared.intervals(options)
    if options.function:
        found = {text: table.probability(text, **intervals) for text in options.function}
        if options.json:
            shared.print_json({text: estimate.to_json() for text, estimate in found.items()})
        else:
            for text, estimate in found.items():
                print(f"{text}  count {estimate.diagnostics['count']:,}  {estimate}")
        return
    if "measure" in listing:
        listing["measures"] = listing.pop("measure")
    summary = summarise(table, **listing, **intervals)
    if options.json:
        shared.print_json(summary.to_json())
    else:
        print(summary)


def _show_ensemble(options: argparse.Namespace) -> None:
    """Print when the runs of a training ensemble reached their stopping points."""
    from priorvol.training import load_ensemble

    ensemble = load_ensemble(options.folder)
    names = ("top", "measure", "function", "level", "interval", "base")
    others = shared.given(options, names)
    if others:
        folders = ", ".join(str(options.folder / folder) for folder in ensemble.folders.values())
        raise ValueError(
            f"{shared.flags(others)} goes with the run of one stopping point: {folders}"
        )
    if options.json:
        shared.print_json(ensemble.to_json())
    else:
        print(ensemble)
