"""``priorvol atlas``: named functions, their complexities, and their P(f) in a run."""

from __future__ import annotations

import argparse
import csv
import math
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

from priorvol import checks
from priorvol.cli import options as shared

_EXAMPLE = """\
  priorvol atlas --n 7 --name parity,majority
  priorvol atlas runs/a --sort p --measure k_lz,entropy
  priorvol atlas --n 7 --csv > atlas.csv
  priorvol atlas --list"""

_COLUMNS = 3
"""Measures a line."""

_WIDTH = 98

_COUNTED = ("count", "p", "low", "high")

Record = dict[str, Any]


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(
        verbs, "atlas", run, "print named functions and their complexities", _EXAMPLE
    )
    text = "run folder, on a Boolean cube of 3 to 7 inputs: P(f) in it is printed too"
    parser.add_argument("folder", type=shared.path, metavar="RUN", nargs="?", help=text)
    text = "functions of N inputs, 3 to 7 (that of RUN; without one, all)"
    parser.add_argument("--n", type=_n, metavar="N", help=text)
    text = "these functions only, with commas between (all); --list names them"
    parser.add_argument("--name", type=_names, metavar="NAMES", help=text)
    text = (
        "complexities, with commas between (all that apply); priorvol complexity --list names them"
    )
    parser.add_argument("--measure", type=_measures, metavar="NAMES|all", help=text)
    text = (
        "rising by this complexity, or falling by p, each n by itself (in the order of the atlas)"
    )
    parser.add_argument("--sort", metavar="NAME", help=text)
    shared.add_interval(parser)
    shared.add_base(parser, "2 up to 5 inputs, 16 above")
    shared.add_jobs(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--list", action="store_true", help="print names and definitions only")
    form.add_argument("--json", action="store_true", help="print as JSON")
    form.add_argument("--csv", action="store_true", help="print as CSV, empty where not defined")


@shared.reader
def _n(text: str) -> int:
    return checks.integer("n", shared.whole(text), low=3, high=7)


@shared.reader
def _names(text: str) -> tuple[str, ...]:
    from priorvol import atlas

    chosen = tuple(checks.choice("name", name, atlas.names()) for name in shared.names(text))
    if not chosen:
        raise ValueError("the name of a function is wanted, got none")
    return chosen


def _measures(text: str) -> tuple[str, ...] | None:
    return None if text.strip() == "all" else shared.measures(text)


def run(options: argparse.Namespace) -> None:
    """Print a block, a row or a record a function."""
    if options.list:
        _list(options)
        return
    table = _table(options)
    records = []
    for entries in _chosen(options):
        records += _records(entries, table, options)
    if options.json:
        shared.print_json(records)
    elif options.csv:
        _print_csv(records)
    else:
        _print_blocks(records, options)


def _list(options: argparse.Namespace) -> None:
    from priorvol import atlas

    names = ("folder", "measure", "sort", "base", "level", "interval")
    others = shared.given(options, names)
    if others:
        given = ["RUN" if name == "folder" else shared.flags([name]) for name in others]
        raise ValueError(f"{', '.join(given)} does not go with --list")
    sizes: dict[str, list[str]] = {}
    definitions = {}
    for entries in _chosen(options):
        for entry in entries:
            sizes.setdefault(entry.name, []).append(str(entry.n))
            definitions[entry.name] = entry.definition
    for name in options.name or atlas.names(options.n):
        print(f"{name} (n = {', '.join(sizes[name])}): {definitions[name]}")


def _table(options: argparse.Namespace) -> Any:
    """Return the run's table, and set n to that of its inputs."""
    if options.folder is None:
        given = shared.given(options, ("level", "interval"))
        if given or options.sort == "p":
            what = shared.flags(given) if given else "--sort p"
            raise ValueError(f"{what} needs RUN, a run folder")
        return None
    from priorvol.complexity.chunks import check_cube
    from priorvol.store import load_run

    table = load_run(options.folder)
    n = check_cube(table, table.m, "the atlas", largest_n=7)
    if n < 3:
        raise ValueError(f"the atlas has functions of 3 to 7 inputs, but those of RUN have {n}")
    if options.n not in (None, n):
        raise ValueError(f"--n is {options.n}, but the functions of RUN have {n} inputs")
    options.n = n
    return table


def _chosen(options: argparse.Namespace) -> list[list[Any]]:
    """Return the functions that are asked for, an n at a time."""
    from priorvol import atlas

    if options.n is not None:
        return [[atlas.entry(name, options.n) for name in options.name or atlas.names(options.n)]]
    groups = []
    for n in range(3, 8):
        names = [name for name in options.name or atlas.names() if name in atlas.names(n)]
        groups.append([atlas.entry(name, n) for name in names])
    return [group for group in groups if group]


def _records(entries: Sequence[Any], table: Any, options: argparse.Namespace) -> list[Record]:
    """Return a record a function, in the order asked for."""
    from priorvol import bits, complexity

    texts = [entry.text for entry in entries]
    n = entries[0].n
    names = complexity.applicable(texts) if options.measure is None else options.measure
    sortable = [*names] if table is None else ["p", *names]
    if options.sort is not None:
        checks.choice("sort", options.sort, sortable)
    columns = {}
    if names:
        found = complexity.compute(texts, names, n_jobs=options.jobs)
        columns = {name: values.tolist() for name, values in found.items()}
    base = options.base or (2 if n <= 5 else 16)
    words, m = bits.as_words(texts)
    records = []
    for place, entry in enumerate(entries):
        record = {"name": entry.name, "n": n, "definition": entry.definition}
        record["function"] = bits.to_text(words[place : place + 1], m, base=base)[0]
        if table is not None:
            estimate = table.probability(entry.text, **shared.intervals(options))
            low, high = estimate.interval
            counted = (estimate.diagnostics["count"], estimate.p, low, high)
            record |= dict(zip(_COUNTED, counted, strict=True))
        records.append(record | {name: values[place] for name, values in columns.items()})
    if options.sort is not None:
        records.sort(key=lambda record: record[options.sort], reverse=options.sort == "p")
    return records


def _print_csv(records: Sequence[Record]) -> None:
    columns = list(dict.fromkeys(name for record in records for name in record))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for record in records:
        writer.writerow([_cell(record.get(name, ""), ".10g") for name in columns])


def _print_blocks(records: Sequence[Record], options: argparse.Namespace) -> None:
    from priorvol.text import align

    grids = [_grid(record) for record in records]
    lines = iter(align([row for grid in grids for row in grid], left=range(0, 2 * _COLUMNS, 2)))
    level = f"{100 * (options.level or 0.95):g}%"
    for place, (record, grid) in enumerate(zip(records, grids, strict=True)):
        if place:
            print()
        head = f"{record['name']}, n = {record['n']}: {record['definition']}"
        print(textwrap.fill(head, _WIDTH, subsequent_indent="  "))
        print(f"  {record['function']}")
        if "p" in record:
            interval = f"[{record['low']:.4g}, {record['high']:.4g}]"
            print(f"  P(f) = {record['p']:.4g} {interval} ({level}), count {record['count']:,}")
        for _ in grid:
            print(f"  {next(lines)}")


def _grid(record: Record) -> list[list[str]]:
    """Return names and values of a function's measures, so many pairs a row, read downwards."""
    fixed = ("name", "n", "definition", "function", *_COUNTED)
    pairs = [(name, _cell(value, ".4g")) for name, value in record.items() if name not in fixed]
    height = math.ceil(len(pairs) / _COLUMNS)
    pairs += [("", "")] * (height * _COLUMNS - len(pairs))
    return [[cell for pair in pairs[row::height] for cell in pair] for row in range(height)]


def _cell(value: Any, form: str) -> str:
    return format(value, form) if isinstance(value, float) else str(value)
