"""``priorvol bias``: how P(f) goes with complexity, with intervals and nulls."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from priorvol import checks
from priorvol.cli import options as shared

if TYPE_CHECKING:
    from priorvol.simplicity import BoundFit

_EXAMPLE = """\
  priorvol bias runs/a
  priorvol bias runs/a --measure k_lz,entropy,bdd_size --min-count 20 --json
  priorvol bias runs/a --measure k_lz --bound quantile --quantile 0.999"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    about = "hold log P(f) against complexities: correlations, bounds, their intervals and nulls"
    parser = shared.verb(verbs, "bias", run, about, _EXAMPLE)
    parser.add_argument("folder", type=shared.path, metavar="RUN", help="run folder")
    shared.add_panel_measures(parser)
    text = "functions counted so often in a half of the draws; for the bound, in all of them (10)"
    shared.add_min_count(parser, text)
    text = "the most frequent N of them only, for the correlations (10000)"
    most = shared.positive("max_functions")
    parser.add_argument("--max-functions", type=most, metavar="N", help=text)
    text = "resampled tables for intervals (1000 for correlations, 200 for bounds)"
    parser.add_argument("--bootstrap", type=shared.whole, metavar="N", help=text)
    text = "how the bound is fitted: hull or quantile (hull)"
    kind = shared.named("bound", ("hull", "quantile"))
    parser.add_argument("--bound", type=kind, metavar="NAME", help=text)
    text = "share of the functions below the bound, with --bound quantile (0.99)"
    ends: dict[str, Any] = {"low": 0.0, "high": 1.0, "open_low": True, "open_high": True}
    share = shared.reader(lambda text: checks.real("quantile", shared.number(text), **ends))
    parser.add_argument("--quantile", type=share, metavar="X", help=text)
    shared.add_level(parser)
    shared.add_radius(parser)
    shared.add_seed(parser, "of the halves, the null functions and the resampled tables (0)")
    shared.add_jobs(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(options: argparse.Namespace) -> None:
    """Print the correlations, then a bound for each measure."""
    from priorvol.simplicity import NoBoundError, correlate, fit_bound
    from priorvol.simplicity.association import MOST_RESAMPLES
    from priorvol.store import load_run

    if options.quantile is not None and options.bound != "quantile":
        raise ValueError("--quantile goes with --bound quantile")
    if options.bootstrap is not None:
        checks.integer("n_bootstrap", options.bootstrap, low=2, high=MOST_RESAMPLES)
    table = load_run(options.folder)
    both: dict[str, Any] = shared.given(options, ("min_count", "level", "radius", "seed"))
    both |= {"n_jobs": options.jobs}
    if options.bootstrap is not None:
        both["n_bootstrap"] = options.bootstrap
    most = shared.given(options, ("max_functions",))
    found = correlate(table, options.measure, **both, **most)
    line: dict[str, Any] = {"method": options.bound or "hull"}
    line |= shared.given(options, ("quantile",))
    both.setdefault("min_count", found.min_count)
    fits, without = [], {}
    for row in found.rows:
        try:
            fits.append(fit_bound(table, row.measure, **both, **line))
        except NoBoundError as error:  # the correlations are worth having all the same
            without[row.measure] = str(error)
    if options.json:
        bounds = [fit.to_json() for fit in fits]
        record = {"correlations": found.to_json(), "bounds": bounds, "no_bound": without}
        shared.print_json(record)
        return
    print(found)
    if fits:
        print("\n" + "\n".join(_bounds(fits)))
    for measure, reason in without.items():
        print(f"\nno bound for {measure}: {reason}")


def _bounds(fits: list[BoundFit]) -> list[str]:
    from priorvol.text import align

    first = fits[0]
    heading = ["measure", "a", "b", "log2(N_O)/max K", "a / guess", "m/max K", "a / guess"]
    rows = [heading]
    for fit in fits:
        rows.append(
            [
                fit.measure,
                _interval(fit.envelope.slope, fit.slope_interval),
                _interval(fit.envelope.intercept, fit.intercept_interval),
                _interval(fit.guess, fit.guess_interval),
                _interval(fit.ratio, fit.ratio_interval),
                f"{fit.guess_all:.3g}",
                f"{fit.ratio_all:.3g}",
            ]
        )
    return [
        f"bound P <= 2^(-a K + b) over {first.n_functions:,} functions counted {first.min_count:,} "
        f"times or more ({first.envelope.method})",
        f"number of functions N_O: {first.richness}",
        f"intervals {100 * first.level:g}%, {first.n_bootstrap:,} resampled tables",
        "",
        *align(rows, left=range(len(heading))),
    ]


def _interval(value: float, ends: tuple[float, float]) -> str:
    return f"{value:.3g} [{ends[0]:.3g}, {ends[1]:.3g}]"
