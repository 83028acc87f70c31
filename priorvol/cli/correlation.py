"""``priorvol correlation``: what a layer of infinite width does to correlations."""

from __future__ import annotations

import argparse
from typing import Any

from priorvol import checks
from priorvol.activation import ACTIVATIONS, LEAKY_SLOPE
from priorvol.cli import options as shared

_EXAMPLE = """\
  priorvol correlation --activation relu --shift zero-mean
  priorvol correlation --activation tanh --sigma-w 2.5 --sigma-b 0.2 --rho 0.9 --json"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    about = "print the correlation map of an activation at infinite width"
    parser = shared.verb(verbs, "correlation", run, about, _EXAMPLE)
    known = (*ACTIVATIONS, "cos")
    text = ", ".join(known) + " (relu)"
    name = shared.named("activation", known)
    parser.add_argument("--activation", type=name, metavar="NAME", help=text)
    text = "number added to the activation, or zero-mean (0)"
    parser.add_argument("--shift", type=shared.shift, metavar="X", help=text)
    text = f"of leaky_relu on the negative side ({LEAKY_SLOPE})"
    parser.add_argument("--slope", type=shared.number, metavar="X", help=text)
    text = "weights have variance sigma_w^2 / fan_in; unit: that keeps variance 1 (unit)"
    parser.add_argument("--sigma-w", type=_sigma_w, metavar="X|unit", help=text)
    text = "biases have variance sigma_b^2 (0)"
    parser.add_argument("--sigma-b", type=shared.number, metavar="X", help=text)
    text = "correlation of two inputs' pre-activations in the first layer (0.5)"
    parser.add_argument("--rho", type=shared.number, metavar="X", help=text)
    text = "hidden layers whose correlations are printed (10)"
    depth = shared.reader(lambda text: checks.integer("depth", shared.whole(text), low=0, high=999))
    parser.add_argument("--depth", type=depth, metavar="N", help=text)
    text = "outputs count as independent up to this |rho| (0.05)"
    parser.add_argument("--tolerance", type=shared.number, metavar="X", help=text)
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(options: argparse.Namespace) -> None:
    """Print the map, its fixed points and its iterates."""
    from priorvol.infinite.correlation_map import correlation_map

    names = ("activation", "shift", "slope", "sigma_w", "sigma_b", "rho", "tolerance")
    chosen = shared.given(options, names)
    if "slope" in chosen and chosen.get("activation") != "leaky_relu":
        raise ValueError("--slope is that of --activation leaky_relu")
    if options.depth is not None:
        chosen["n_layers"] = options.depth + 1
    found = correlation_map(**chosen)
    if options.json:
        shared.print_json(found.to_json())
    else:
        print(found)


def _sigma_w(text: str) -> float | str:
    return text if text == "unit" else shared.number(text)
