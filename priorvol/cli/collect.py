"""``priorvol collect``: draw networks and save the run."""

from __future__ import annotations

import argparse
import math
from typing import Any

from priorvol.cli import options as shared
from priorvol.task import Task

_EXAMPLE = """\
  priorvol collect --n-inputs 7 --hidden 40,40 --sigma-w 1 --sigma-b 0 \\
      --samples 1e7 --seed 0 --out runs/a
  An interrupted run goes on with the same command; more --samples add the difference."""

_MANY_OUTPUTS = 2048  # so many take more than a few seconds


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(
        verbs, "collect", run, "draw random networks and count their functions", _EXAMPLE
    )
    work = parser.add_argument_group("run")
    text = "number of functions to draw, in all, such as 1e7"
    work.add_argument("--samples", type=shared.whole, required=True, metavar="N", help=text)
    text = "run folder, new or to be continued"
    work.add_argument("--out", type=shared.path, required=True, metavar="RUN", help=text)
    text = "of the random stream, 0 to 2^64 - 1 (0)"
    work.add_argument("--seed", type=shared.whole, default=0, metavar="N", help=text)
    text = "output layers drawn for each draw of the hidden layers (1)"
    work.add_argument("--output-draws", type=shared.whole, default=1, metavar="N", help=text)
    shared.add_jobs(work)
    work.add_argument("--no-progress", action="store_true", help="no progress bar, no forecast")
    work.add_argument("--json", action="store_true", help="print the result as JSON")
    shared.add_task(parser)


def run(options: argparse.Namespace) -> None:
    """Collect, then say what was found."""
    from priorvol.collector import check_span, collect

    task = shared.read_task(options)
    if task.architecture.is_infinite and task.m > _MANY_OUTPUTS and not options.no_progress:
        shared.note(f"factorising the covariance of {task.m:,} outputs first: this takes a while")
    check_span(task, options.samples, options.seed, options.output_draws)
    folder = options.out
    options.after_interrupt = f": the same command goes on from what is saved in {folder}"
    if not options.no_progress:
        _announce(task, options)
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


def _announce(task: Task, options: argparse.Namespace) -> None:
    """Open the folder, whose errors come first, and forecast what is left to draw."""
    from priorvol.collector import forecast
    from priorvol.sources import PriorSampling
    from priorvol.store import RunWriter

    source = PriorSampling(options.output_draws)
    with RunWriter(options.out, task=task, source=source, seed=options.seed) as writer:
        held = writer.n_samples
    there = f"{held:,} samples are there; " if held else ""
    left = options.samples - held
    if left > 0:
        expected = forecast(
            task,
            n_samples=options.samples,
            output_draws=options.output_draws,
            n_jobs=options.jobs,
        )
        shared.note(
            f"{there}expecting {_duration(left / expected.rate)} at {expected.rate:,.0f} a second "
            f"and at most {math.ceil(expected.n_bytes / 2**20):,} MiB of memory"
        )
    elif left == 0:
        shared.note(f"{there}nothing is left to draw")


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"about {seconds / size:.1f} {unit}"
    return f"about {seconds:.0f} s" if seconds >= 1 else "less than a second"
