"""``priorvol complexity``: complexity measures of a run's functions, or of given ones."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from priorvol.cli import options as shared

_EXAMPLE = """\
  priorvol complexity runs/a --measure k_lz,lz78_phrases --top 1000
  priorvol complexity --function 1001111011000010 --measure k_lz
  priorvol complexity --list"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(
        verbs, "complexity", run, "compute complexities of a run's functions", _EXAMPLE
    )
    parser.add_argument("folder", metavar="RUN", nargs="?", help="run folder")
    parser.add_argument(
        "--function", action="append", metavar="BITS", help="a function instead (0/1 text)"
    )
    parser.add_argument("--measure", type=shared.names, default=("k_lz",), help="(k_lz)")
    parser.add_argument("--list", action="store_true", help="list the measures")
    text = "most frequent functions only (default: all)"
    parser.add_argument("--top", type=shared.whole, default=None, help=text)
    shared.add_base(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON, else CSV")


def run(options: argparse.Namespace) -> None:
    """Print a row a function, most frequent first."""
    from priorvol import bits, complexity

    if options.list:
        _print_measures(options.json)
        return
    if (options.folder is None) == (options.function is None):
        raise ValueError("one of RUN and --function is wanted (or --list)")
    for name in options.measure:
        complexity.measure(name)
    columns: dict[str, list[Any]] = {}
    if options.function is not None:
        words, m = bits.as_words(options.function)
    else:
        from priorvol.store import load_run

        table = load_run(options.folder)
        ranks, m = table.ranks(options.top), table.m
        words = ranks.functions
        columns = {"count": ranks.counts.tolist(), "p": ranks.p.tolist()}
    base = options.base or (2 if m <= 32 else 16)
    columns = {"function": bits.to_text(words, m, base=base), **columns}
    for name, values in complexity.compute(words, options.measure, m=m).items():
        columns[name] = values.tolist()
    rows = zip(*columns.values(), strict=True)
    if options.json:
        shared.print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    sys.stdout.write(",".join(columns) + "\n")
    sys.stdout.writelines(",".join(map(_cell, row)) + "\n" for row in rows)


def _cell(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _print_measures(as_json: bool) -> None:
    from priorvol import complexity

    records = [
        {
            "name": measure.name,
            "unit": measure.unit,
            "cost": measure.cost,
            "needs": measure.needs,
            "source": measure.source,
            "description": measure.description,
        }
        for measure in complexity.measures()
    ]
    if as_json:
        shared.print_json(records)
        return
    for record in records:
        print(f"{record['name']}: {record['description']}")
        print(f"    unit {record['unit'] or '1'}; inputs: {record['needs']}; {record['cost']}")
        print(f"    {record['source']}")
