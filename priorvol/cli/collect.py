"""``priorvol collect``: draw networks and save the run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from priorvol.cli import options as shared

_EXAMPLE = """\
  priorvol collect --n-inputs 7 --hidden 40,40 --sigma-w 1 --sigma-b 0 \\
      --samples 1e7 --seed 0 --out runs/a
  An interrupted run goes on with the same command; more --samples add the difference."""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(
        verbs, "collect", run, "draw random networks and count their functions", _EXAMPLE
    )
    shared.add_task(parser)
    work = parser.add_argument_group("run")
    work.add_argument("--samples", type=shared.whole, required=True, help="functions to draw: 1e7")
    work.add_argument("--out", required=True, help="run folder, new or to be continued")
    work.add_argument("--seed", type=shared.whole, default=0, help="0 to 2^64 - 1 (0)")
    work.add_argument(
        "--output-draws", type=shared.whole, default=1, help="output layers a hidden draw (1)"
    )
    work.add_argument("--jobs", type=shared.whole, default=-1, help="workers; -1: one a core (-1)")
    work.add_argument("--no-progress", action="store_true", help="no progress bar, no forecast")
    work.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> None:
    """Collect, then say what was found."""
    from priorvol.collect import check_span, collect, forecast
    from priorvol.store import load_run

    task = shared.read_task(options)
    check_span(task, options.samples, options.seed, options.output_draws)
    folder = Path(options.out)
    options.after_interrupt = f": the same command goes on from what is saved in {folder}"
    if not options.no_progress:
        held = load_run(folder, verify=False).n_samples if _is_run(folder) else 0
        expected = forecast(
            task,
            n_samples=options.samples,
            output_draws=options.output_draws,
            n_jobs=options.jobs,
        )
        left = max(options.samples - held, 0)
        note = f"{held:,} samples are there; " if held else ""
        print(
            f"{note}expecting about {_duration(left / expected.rate)} at {expected.rate:,.0f} a "
            f"second and at most {expected.n_bytes / 2**20:,.0f} MiB of memory",
            file=sys.stderr,
        )
    table = collect(
        task,
        n_samples=options.samples,
        seed=options.seed,
        output_draws=options.output_draws,
        n_jobs=options.jobs,
        store=folder,
        progress=False if options.no_progress else None,
    )
    if options.json:
        shared.print_json(
            {
                "run": str(folder),
                "task_hash": task.content_hash,
                "seed": options.seed,
                "output_draws": options.output_draws,
                "n_samples": table.n_samples,
                "n_functions": len(table),
                "n_singletons": table.n_singletons,
            }
        )
        return
    print(f"{task}\n{table.n_samples:,} {table.source}\n{len(table):,} functions, in {folder}")


def _is_run(folder: Path) -> bool:
    return (folder / "manifest.json").exists()


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else "a second"
