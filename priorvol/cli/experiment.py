"""``priorvol experiment``: training against sampling, as one command."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from priorvol import checks
from priorvol.cli import labelled
from priorvol.cli import options as shared
from priorvol.cli import train as training

if TYPE_CHECKING:
    from priorvol.task import Task
    from priorvol.training_set import TrainingSet

_EXAMPLE = """\
  priorvol experiment --n-inputs 3 --hidden 40,40 --target 00110011 --train-size 4 \\
      --optimizer sgd --batch-size 1,all --stop zero_error,zero_error+64 --runs 1e4 \\
      --posterior 1e4 --out runs/experiment
  priorvol experiment --data digits --n-train 100 --n-test 64 --hidden 100,100 \\
      --sigma-w 1.4 --sigma-b 0.1 --optimizer adam --batch-size 32 --out runs/digits
  An interrupted command goes on when it is given again. FOLDER holds report.txt, results.json,
  settings.csv, functions.csv, figures, and a run folder for every part."""

_DATA = ("n_train", "n_test", "positive")
_NUMBERS = {
    "runs": "n_runs",
    "posterior": "n_posterior",
    "proposals": "n_proposals",
    "output_draws": "output_draws",
    "angles": "angles",
    "functions": "n_estimates",
    "min_count": "min_count",
    "level": "level",
    "permutations": "n_permutations",
    "bootstrap": "n_bootstrap",
}


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    about = "compare what training finds with the posterior, P_SGD(f|S) with P_B(f|S)"
    parser = shared.verb(verbs, "experiment", run, about, _EXAMPLE)
    what = parser.add_argument_group("training set")
    labelled.add_training_set(what)
    text = "instead of --train: so many inputs, drawn by --seed"
    what.add_argument("--train-size", type=shared.positive("train_size"), metavar="M", help=text)
    _add_data(parser.add_argument_group("real data, instead of inputs and a training set"))
    _add_work(parser.add_argument_group("run"))
    group = parser.add_argument_group("training; lists with commas between give every combination")
    text = "where a run's function is read off: zero_error, zero_error+K (epochs later), loss:X "
    text += "(below X), epochs:K (zero_error)"
    group.add_argument("--stop", type=training.stopping_points, metavar="POINTS", help=text)
    training.add_optimizer(group, several=True)
    shared.add_task(parser)


def _add_data(group: argparse._ArgumentGroup) -> None:
    text = "digits, or an .npz file with X and y, or with x_train, y_train, x_test and y_test"
    group.add_argument("--data", metavar="FILE", help=text)
    text = "images to train on and to test on, drawn by --seed"
    for option in ("n-train", "n-test"):
        group.add_argument(f"--{option}", type=shared.whole, metavar="N", help=text)
        text = "images to test on"
    text = "classes labelled 1, such as 1,3,5 (the odd ones)"
    group.add_argument("--positive", type=_classes, metavar="CLASSES", help=text)


def _add_work(group: argparse._ArgumentGroup) -> None:
    text = "folder, new or to be continued"
    group.add_argument("--out", type=shared.path, required=True, metavar="FOLDER", help=text)
    for option, text in (
        ("runs", "training runs of each setting (1e4)"),
        ("posterior", "functions wanted of each sampler of P_B (1e5)"),
        ("proposals", "most functions drawn from the prior at finite width (1e10)"),
        ("output-draws", "output layers for each draw of the hidden layers there"),
        ("angles", "output draws in planes there, with so many angles in each (8)"),
        ("functions", "about how many functions P_B is estimated of (200)"),
        ("permutations", "permutations of the tests of equality (999)"),
        ("bootstrap", "resamples for intervals of coefficients (1000)"),
    ):
        group.add_argument(f"--{option}", type=shared.whole, metavar="N", help=text)
    text = "how P_B is estimated: some of ep, orthant, nngp, ntk, laplace, or none "
    text += "(ep,orthant,nngp,ntk)"
    group.add_argument("--estimates", type=_estimates, metavar="NAMES", help=text)
    shared.add_min_count(group, "draws expected of a function whose log P are compared (10)")
    shared.add_level(group)
    shared.add_seed(group, "of every random number (0)")
    shared.add_jobs(group)
    group.add_argument("--no-figures", action="store_true", help="draw nothing")
    group.add_argument("--no-progress", action="store_true", help="no progress")
    group.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> None:
    """Run the experiment, save and print it."""
    _check(options)
    task, training_set, target, about = _subject(options)
    chosen = {_NUMBERS[name]: value for name, value in shared.given(options, _NUMBERS).items()}
    if options.estimates is not None:
        chosen["estimates"] = options.estimates
    settings = _settings(options, task)
    if settings is not None:
        chosen["settings"] = settings
    if not options.no_figures:
        from priorvol.plotting.appearance import pyplot

        pyplot()  # refuses before the work where it is not installed
    from priorvol.experiments import experiment, save_figures, save_results

    options.after_interrupt = f": the same command goes on from what is saved in {options.out}"
    found = experiment(
        task,
        training_set,
        target=target,
        about=about,
        seed=options.seed or 0,
        store=options.out,
        n_jobs=options.jobs,
        progress=False if options.no_progress else None,
        **chosen,
    )
    files = save_results(found, options.out)
    if not options.no_figures:
        files += save_figures(found, options.out)
    if options.json:
        shared.print_json(found.to_json() | {"files": [str(file) for file in files]})
    else:
        print(found)
        print(f"\nin {options.out}: {', '.join(file.name for file in files)}")


def _check(options: argparse.Namespace) -> None:
    """Refuse what does not fit together, before anything is read."""
    if options.data is not None:
        stray = shared.given(options, (*labelled.NAMES, "train_size"))
        if stray:
            raise ValueError(
                f"{shared.flags(stray)} does not go with --data, whose labels are the target"
            )
        missing = [name for name in ("n_train", "n_test") if getattr(options, name) is None]
        if missing:
            raise ValueError(f"--data needs {shared.flags(missing)}: numbers of images")
        return
    stray = shared.given(options, _DATA)
    if stray:
        raise ValueError(f"{shared.flags(stray)} goes with --data")
    if options.target is None:
        raise ValueError("--target is missing: a function on all inputs (or --data)")
    ways = shared.given(options, ("train", "train_size", "training_set"))
    if len(ways) != 1:
        got = shared.flags(ways) or "none"
        raise ValueError(f"one of --train, --train-size and --training-set is wanted, got {got}")


def _subject(options: argparse.Namespace) -> tuple[Task, TrainingSet, Any, str]:
    """Return the task, its training set, the target and what the data are."""
    from priorvol.training_set import TrainingSet

    if options.data is not None:
        from priorvol.real_data import labelled_data

        data = labelled_data(
            options.data,
            n_train=options.n_train,
            n_test=options.n_test,
            seed=options.seed or 0,
            positive=options.positive,
        )
        return shared.read_task(options, data.inputs), data.training_set, data.target, str(data)
    task = shared.read_task(options)
    if options.training_set is not None:
        return task, labelled.read_file(options.training_set, task.m), options.target, ""
    indices = options.train
    if indices is None:
        from priorvol.rng import generator

        size = checks.integer("train_size", options.train_size, low=1, high=task.m - 1)
        rng = generator(options.seed or 0, "training inputs")
        indices = sorted(rng.choice(task.m, size, replace=False).tolist())
    return task, TrainingSet.of_function(options.target, indices, m=task.m), options.target, ""


def _settings(options: argparse.Namespace, task: Task) -> Any:
    """Return every combination of the options of training, or None if there are none."""
    chosen = shared.given(options, training.SETTINGS)
    start = training.read_start(options, task)
    if start is not None:
        chosen["initialization"] = start
    if not chosen and options.stop is None:
        return None
    if "batch_size" in chosen:
        sizes = chosen["batch_size"]
        sizes = sizes if isinstance(sizes, tuple) else (sizes,)
        chosen["batch_size"] = tuple(None if size == "all" else size for size in sizes)
    from priorvol.experiments import setting_grid

    return setting_grid(stop=options.stop or "zero_error", **chosen)


@shared.reader
def _classes(text: str) -> tuple[int, ...]:
    return tuple(shared.whole(part.strip()) for part in text.split(","))


@shared.reader
def _estimates(text: str) -> tuple[str, ...]:
    from priorvol.experiments import METHODS

    if text == "none":
        return ()
    return tuple(checks.choice("estimates", name, METHODS) for name in shared.names(text))
