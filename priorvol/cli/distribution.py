"""``priorvol distribution``: P(K), the distribution of a complexity under the prior."""

from __future__ import annotations

import argparse
from typing import Any

from priorvol.cli import options as shared

_EXAMPLE = """\
  priorvol distribution runs/a --measure k_lz
  priorvol distribution runs/a --measure spectral_norm --bins 30 > p_k.csv"""

_KINDS = ("prior", "same_t", "uniform")


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    about = "print P(K) under the prior beside that of random functions"
    parser = shared.verb(verbs, "distribution", run, about, _EXAMPLE)
    parser.add_argument("folder", type=shared.path, metavar="RUN", help="run folder")
    text = "priorvol complexity --list names them (k_lz)"
    parser.add_argument("--measure", type=shared.measure, metavar="NAME", help=text)
    text = "bins of equal width (each complexity by itself, or 64 if there are more than 200)"
    parser.add_argument("--bins", type=shared.positive("bins"), metavar="N", help=text)
    text = "random functions drawn (100000)"
    parser.add_argument("--uniform", type=shared.whole, metavar="N", help=text)
    shared.add_level(parser)
    shared.add_radius(parser)
    shared.add_seed(parser, "of the random functions (0)")
    shared.add_jobs(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON, else CSV")


def run(options: argparse.Namespace) -> None:
    """Print a row a complexity; what sums it up goes to standard error."""
    from priorvol.simplicity import complexity_distribution
    from priorvol.store import load_run

    chosen = shared.given(options, ("measure", "bins", "level", "radius", "seed"))
    if options.uniform is not None:
        chosen["n_uniform"] = options.uniform
    found = complexity_distribution(load_run(options.folder), n_jobs=options.jobs, **chosen)
    if options.json:
        shared.print_json(found.to_json())
        return
    for line in str(found).splitlines():
        shared.note(line)
    columns = {"k" if found.edges is None else "k_middle": found.k}
    for kind in _KINDS:
        spread = getattr(found, kind)
        columns |= {kind: spread.p, f"{kind}_low": spread.low, f"{kind}_high": spread.high}
    print(",".join(columns))
    for row in zip(*columns.values(), strict=True):
        print(",".join(f"{value:.10g}" for value in row))
