"""``priorvol train``: train networks on a training set and save what they end on."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from priorvol.cli import labelled
from priorvol.cli import options as shared
from priorvol.task import Task

_EXAMPLE = """\
  priorvol train --n-inputs 3 --hidden 40,40 --train 0-3,6 --target 01101001 \\
      --optimizer sgd --batch-size 1 --stop zero_error,zero_error+64 --runs 1e4 --out runs/sgd
  priorvol show runs/sgd/zero_error
  An interrupted command goes on when it is given again; more --runs add the difference."""

SETTINGS = (
    "optimizer",
    "learning_rate",
    "batch_size",
    "loss",
    "targets",
    "momentum",
    "nesterov",
    "beta1",
    "beta2",
    "epsilon",
    "weight_decay",
    "temperature",
    "schedule",
    "schedule_epochs",
    "max_epochs",
    "parametrization",
)
START = ("start_sigma_w", "start_sigma_b")


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(
        verbs, "train", run, "train networks from the prior, count what they end on", _EXAMPLE
    )
    labelled.add_training_set(parser.add_argument_group("training set"))
    work = parser.add_argument_group("run")
    text = "number of networks to train, in all, such as 1e4"
    work.add_argument("--runs", type=shared.whole, required=True, metavar="N", help=text)
    text = "folder, new or to be continued; it holds a run folder for each stopping point"
    work.add_argument("--out", type=shared.path, required=True, metavar="FOLDER", help=text)
    text = (
        "where the function is read off, with commas between: zero_error, zero_error+K (epochs "
        "later), loss:X (below X), epochs:K (zero_error)"
    )
    work.add_argument("--stop", type=stopping_points, metavar="POINTS", help=text)
    shared.add_seed(work, "of the random streams, 0 to 2^64 - 1 (0)")
    shared.add_jobs(work)
    work.add_argument("--no-progress", action="store_true", help="no progress bar")
    work.add_argument("--json", action="store_true", help="print the result as JSON")
    add_optimizer(parser.add_argument_group("optimiser"))
    shared.add_task(parser)


def add_optimizer(group: argparse._ArgumentGroup, *, several: bool = False) -> None:
    """Add the options of training; with ``several`` each may be a list with commas between."""
    options: tuple[tuple[str, Callable[[str], Any], str, str], ...] = (
        ("optimizer", str, "NAME", "sgd, adam, adagrad, rmsprop, adadelta or langevin (sgd)"),
        ("learning-rate", shared.number, "X", "0.1 for sgd, 1 for adadelta, else 0.01"),
        ("batch-size", batch_size, "N", "training inputs in a step; all: gradient descent (all)"),
        ("loss", str, "NAME", "cross_entropy or mse (cross_entropy)"),
        ("targets", shared.number, "X", "of mse: labels ask for outputs -X and X (1)"),
        ("momentum", shared.number, "X", "of sgd (0)"),
        ("beta1", shared.number, "X", "of adam (0.9)"),
        ("beta2", shared.number, "X", "of adam (0.999), rmsprop (0.99) and adadelta (0.9)"),
        ("epsilon", shared.number, "X", "of the adaptive optimisers"),
        ("weight-decay", shared.number, "X", "added to the gradient times the parameter (0)"),
        ("temperature", shared.number, "X", "of langevin (0)"),
        ("schedule", str, "NAME", "constant, inverse, inverse_sqrt or halving (constant)"),
        ("schedule-epochs", shared.number, "X", "epochs on which the schedule goes by"),
        ("max-epochs", shared.whole, "N", "after which a run is given up (10000)"),
        ("parametrization", str, "NAME", "standard or ntk (standard)"),
    )
    for option, read, value, text in options:
        reader = shared.comma(read) if several else read
        group.add_argument(f"--{option}", type=reader, metavar=value, help=text)
    for option in START:
        name = option.removeprefix("start_")
        group.add_argument(
            f"--{option.replace('_', '-')}",
            type=shared.comma(shared.number),
            metavar="X",
            help=f"start from another {name}",
        )
    text = "Nesterov's form of the momentum"
    group.add_argument("--nesterov", action="store_const", const=True, help=text)


@shared.reader
def batch_size(text: str) -> int | str:
    """Read a whole number, or ``all``."""
    return text if text == "all" else shared.whole(text)


@shared.reader
def stopping_points(text: str) -> tuple[str, ...]:
    """Read stopping points with commas between; ``:`` may stand for ``<`` and ``=``."""
    from priorvol.training.stopping import stopping_points

    names = [
        name.replace("loss:", "loss<").replace("epochs:", "epochs=") for name in shared.names(text)
    ]
    return tuple(str(point) for point in stopping_points(names))


def run(options: argparse.Namespace) -> None:
    """Train, then say what was found."""
    labelled.check_training_set(options)
    if options.train is None and options.training_set is None:
        raise ValueError("a training set is wanted: --train and --target, or --training-set")
    task = shared.read_task(options)
    training_set = labelled.read_training_set(options, task)
    settings = shared.given(options, SETTINGS)
    start = read_start(options, task)
    if start is not None:
        settings["initialization"] = start
    if settings.get("batch_size") == "all":
        settings["batch_size"] = None
    from priorvol.training import train_ensemble

    options.after_interrupt = f": the same command goes on from what is saved in {options.out}"
    ensemble = train_ensemble(
        task,
        training_set,
        n_runs=options.runs,
        stop=options.stop or "zero_error",
        seed=options.seed or 0,
        n_jobs=options.jobs,
        store=options.out,
        progress=False if options.no_progress else None,
        **settings,
    )
    if options.json:
        shared.print_json({"folder": str(options.out)} | ensemble.to_json())
    else:
        print(f"{ensemble}\nin {options.out}")


def read_start(options: argparse.Namespace, task: Task) -> Any:
    """Return the prior to start from, if it is another than the task's."""
    from dataclasses import replace

    given = shared.given(options, START)
    changes = {name.removeprefix("start_"): value for name, value in given.items()}
    return replace(task.prior, **changes) if changes else None
