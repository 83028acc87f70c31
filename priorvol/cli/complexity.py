"""``priorvol complexity``: complexity measures of a run's functions, or of given ones."""

from __future__ import annotations

import argparse
from typing import Any

from priorvol.cli import options as shared

_EXAMPLE = """\
  priorvol complexity runs/a --measure k_lz,lz78_phrases --top 1000
  priorvol complexity --function 1001111011000010 --measure k_lz
  priorvol complexity --function 0x9ec2 --m 16
  priorvol complexity --list"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(
        verbs, "complexity", run, "compute complexities of a run's functions", _EXAMPLE
    )
    parser.add_argument("folder", type=shared.path, metavar="RUN", nargs="?", help="run folder")
    text = "a function instead (0/1 text, or 0x text with --m); may be repeated"
    parser.add_argument("--function", action="append", metavar="BITS", help=text)
    text = "number of bits of the functions given as 0x text"
    parser.add_argument("--m", type=shared.positive("m"), metavar="N", help=text)
    text = "measures, with commas between, or all (k_lz); --list names them"
    kind = shared.some_measures
    parser.add_argument("--measure", type=kind, default="k_lz", metavar="NAMES", help=text)
    shared.add_radius(parser)
    shared.add_jobs(parser)
    parser.add_argument("--list", action="store_true", help="list the measures")
    text = "the N most frequent functions only (default: all)"
    parser.add_argument("--top", type=shared.positive("top"), metavar="N", help=text)
    shared.add_base(parser, "2 up to 32 inputs, 16 above")
    parser.add_argument("--json", action="store_true", help="print as JSON, else CSV")


def run(options: argparse.Namespace) -> None:
    """Print a row a function, most frequent first."""
    from priorvol import bits, complexity

    if options.list:
        others = shared.given(options, ("folder", "function", "m", "radius", "top", "base"))
        if others:
            given = ["RUN" if name == "folder" else shared.flags([name]) for name in others]
            raise ValueError(f"{', '.join(given)} does not go with --list")
        _print_measures(options.json)
        return
    if (options.folder is None) == (options.function is None):
        raise ValueError("one of RUN and --function is wanted (or --list)")
    others = shared.given(options, ("top",) if options.folder is None else ("m",))
    if others:
        what = "--function" if options.folder is None else "RUN"
        raise ValueError(f"{shared.flags(others)} does not go with {what}")
    columns: dict[str, list[Any]] = {}
    if options.function is not None:
        words, m = _given_functions(options)
        inputs = None
    else:
        from priorvol.store import load_run

        table = load_run(options.folder)
        ranks, m = table.ranks(options.top), table.m
        words, inputs = ranks.functions, table.task.inputs if table.task else None
        columns = {"count": ranks.counts.tolist(), "p": ranks.p.tolist()}
    base = options.base or (2 if m <= 32 else 16)
    columns = {"function": bits.to_text(words, m, base=base), **columns}
    where: dict[str, Any] = {"m": m, "inputs": inputs, "radius": options.radius}
    found = complexity.compute(words, options.measure, n_jobs=options.jobs, **where)
    for name, values in found.items():
        columns[name] = values.tolist()
    rows = zip(*columns.values(), strict=True)
    if options.json:
        shared.print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    print(",".join(columns))
    for row in rows:
        print(",".join(map(_cell, row)))


def _given_functions(options: argparse.Namespace) -> tuple[Any, int]:
    from priorvol import bits

    texts = options.function
    if options.m is None and all(text.lower().startswith("0x") for text in texts):
        raise ValueError(f"--m, the number of bits, is wanted with 0x text: {texts[0]!r:.80}")
    return bits.as_words(texts, options.m)


def _cell(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _print_measures(as_json: bool) -> None:
    from priorvol import complexity

    records: list[dict[str, Any]] = [
        {
            "name": measure.name,
            "unit": measure.unit,
            "cost": measure.cost,
            "needs": measure.needs,
            "largest_n": measure.largest_n,
            "unchanged_by": list(measure.symmetries),
            "tested_against": measure.oracle,
            "extra": measure.extra,
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
        needs = {"any": "any", "cube": "Boolean cube", "points": "any, with their radius"}
        inputs = needs[record["needs"]]
        if record["largest_n"]:
            inputs += f", n <= {record['largest_n']}"
        print(f"    unit {record['unit'] or '1'}; inputs: {inputs}; {record['cost']}")
        print(f"    source: {record['source']}")
        if record["unchanged_by"]:
            print(f"    unchanged by {', '.join(record['unchanged_by'])}")
        if record["tested_against"]:
            print(f"    tested against {record['tested_against']}")
        if record["extra"]:
            print(f'    needs pip install "priorvol[{record["extra"]}]"')
