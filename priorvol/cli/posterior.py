"""``priorvol posterior``: draw functions that fit a training set, P_B(f|S), and save the run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from priorvol.cli import labelled
from priorvol.cli import options as shared

if TYPE_CHECKING:
    from priorvol.table import FunctionTable
    from priorvol.task import Task

_EXAMPLE = """\
  priorvol posterior --n-inputs 3 --hidden inf --train 0-3 --target 00110011 \\
      --samples 1e5 --out runs/wide
  priorvol posterior --n-inputs 3 --hidden 40,40 --train 0-3 --target 00110011 \\
      --proposals 1e6 --angles 8 --out runs/finite
  An interrupted run goes on with the same command; a larger number adds the difference."""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(
        verbs, "posterior", run, "draw functions that fit a training set, P_B(f|S)", _EXAMPLE
    )
    labelled.add_training_set(parser.add_argument_group("training set"))
    work = parser.add_argument_group("run")
    text = "infinite width: number of functions to draw, in all, such as 1e5"
    work.add_argument("--samples", type=shared.whole, metavar="N", help=text)
    text = "finite width: number of functions to draw from the prior, of which those that fit are "
    text += "kept, such as 1e9"
    work.add_argument("--proposals", type=shared.whole, metavar="N", help=text)
    text = "run folder, new or to be continued"
    work.add_argument("--out", type=shared.path, required=True, metavar="RUN", help=text)
    shared.add_seed(work, "of the random stream, 0 to 2^64 - 1 (0)")
    text = "finite width: output layers drawn for each draw of the hidden layers (1)"
    work.add_argument("--output-draws", type=shared.whole, metavar="N", help=text)
    text = "finite width: make output draws in planes, with so many angles in each, such as 8: "
    text += (
        "far more draws fit in the same time; --output-draws is then a multiple of 1024 N (1024 N)"
    )
    work.add_argument("--angles", type=shared.whole, metavar="N", help=text)
    text = "infinite width: steps of a Markov chain, 1 for independent draws (by the acceptance)"
    work.add_argument("--chain-length", type=shared.whole, metavar="N", help=text)
    shared.add_jobs(work)
    work.add_argument("--no-progress", action="store_true", help="no progress bar")
    work.add_argument("--json", action="store_true", help="print the result as JSON")
    shared.add_task(parser)


def run(options: argparse.Namespace) -> None:
    """Draw, then say what was found."""
    from priorvol.posterior_sampling import is_drawn_by_rejection, posterior

    labelled.check_training_set(options)
    if not shared.given(options, labelled.NAMES):
        raise ValueError("a training set is wanted: --train and --target, or --training-set")
    task = shared.read_task(options)
    training_set = labelled.read_training_set(options, task)
    rejection = is_drawn_by_rejection(task)
    _check_numbers(options, rejection, alone=not task.architecture.hidden)
    options.after_interrupt = f": the same command goes on from what is saved in {options.out}"
    table = posterior(
        task,
        training_set,
        n_samples=options.samples,
        n_proposals=options.proposals,
        output_draws=options.output_draws,
        angles=options.angles,
        chain_length=options.chain_length,
        seed=options.seed or 0,
        n_jobs=options.jobs,
        store=options.out,
        progress=False if options.no_progress else None,
    )
    _print(options, task, table, rejection)


def _check_numbers(options: argparse.Namespace, rejection: bool, *, alone: bool) -> None:
    """Refuse what does not go with the width, by the names of the command line."""
    width = "finite" if rejection else "infinite"
    wanted, stray = ("proposals", "samples") if rejection else ("samples", "proposals")
    if getattr(options, stray) is not None:
        what = f"{width} width"
        if alone and not rejection:
            what = "a perceptron with Gaussian parameters, drawn as infinite width is"
        raise ValueError(f"--{stray} does not go with {what}: give --{wanted}")
    if rejection and options.chain_length is not None:
        raise ValueError("--chain-length does not go with finite width, where there are no chains")
    if not rejection and options.output_draws is not None:
        raise ValueError("--output-draws does not go with infinite width: draws share nothing")
    if not rejection and options.angles is not None:
        raise ValueError("--angles does not go with infinite width: there are no output draws")
    if getattr(options, wanted) is None:
        raise ValueError(f"--{wanted} is missing: at {width} width it says how much to draw")


def _print(options: argparse.Namespace, task: Task, table: FunctionTable, rejection: bool) -> None:
    from priorvol.rejection import acceptance
    from priorvol.sources import source_to_json

    evidence = acceptance(table) if rejection else None
    if options.json:
        shared.print_json(
            {
                "run": str(options.out),
                "task_hash": task.content_hash,
                "source": source_to_json(table.source),
                "seed": options.seed or 0,
                "n_samples": table.n_samples,
                "n_proposals": None if evidence is None else evidence.n_samples,
                "n_functions": len(table),
                "n_singletons": table.n_singletons,
                "acceptance": None if evidence is None else evidence.to_json(),
            }
        )
        return
    print(f"{task}\n{table.n_samples:,} {table.source}\n{len(table):,} functions, in {options.out}")
    if evidence is not None:
        print(f"accepted of {evidence.n_samples:,} functions of the prior: {evidence}")
