"""``priorvol sweep``: errors of learners against the complexity of the target."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from priorvol import checks
from priorvol.cli import options as shared
from priorvol.cli import train as training
from priorvol.task import Task

if TYPE_CHECKING:
    from priorvol.sweep import PosteriorComplexity, Target, TargetSweep

_EXAMPLE = """\
  priorvol sweep --n-inputs 3 --hidden 40,40 --k 3,9,15 --train-size 4 --sets 5 --runs 100 \\
      --out sweeps/relu
  priorvol sweep --n-inputs 3 --hidden 40,40,40 --activation tanh --scales 1,2,4,8 --sigma-b 0.2 \\
      --k 3,9,15 --atlas majority,parity --train-size 4 --optimizer adam \\
      --predict 1e5 --out sweeps/tanh --figure sweep.png
  An interrupted command goes on when it is given again; more scales, targets and sets add cells."""

_FORMATS = (".png", ".pdf", ".svg")
_OPTIONS = ("train_size", "n_sets", "n_runs", "posterior", "n_samples", "output_draws", "measure")


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    about = "measure errors of training and sampling over target complexity"
    parser = shared.verb(verbs, "sweep", run, about, _EXAMPLE)
    _add_targets(parser.add_argument_group("targets"))
    _add_work(parser.add_argument_group("run"))
    many = parser.add_argument_group("tasks, one for each of these")
    text = "sigma_w of every layer, with commas between, instead of --sigma-w"
    many.add_argument("--scales", type=_several(shared.number), metavar="X,X", help=text)
    text = "activations with commas between, instead of --activation"
    many.add_argument("--activations", type=shared.names, metavar="NAMES", help=text)
    _add_output(parser.add_argument_group("output"))
    training.add_optimizer(parser.add_argument_group("optimiser"))
    shared.add_task(parser)


def _add_targets(group: argparse._ArgumentGroup) -> None:
    text = "draw targets at these K_LZ, in bits, with commas between; all: eight values"
    group.add_argument("--k", type=_complexities, metavar="X,X", help=text)
    text = "targets drawn at each K_LZ (3)"
    group.add_argument("--per-level", type=shared.positive("per_level"), metavar="N", help=text)
    text = "named functions with commas between, or all; see priorvol atlas"
    group.add_argument("--atlas", type=shared.names, metavar="NAMES", help=text)
    text = "a function on all inputs; may be repeated"
    group.add_argument("--target", action="append", metavar="BITS", help=text)
    text = "complexity of targets and of what is learnt (k_lz)"
    group.add_argument("--measure", type=shared.measure, metavar="NAME", help=text)


def _add_work(group: argparse._ArgumentGroup) -> None:
    text = "inputs of a training set, drawn without replacement; errors are counted on the others"
    size = shared.positive("train_size")
    group.add_argument("--train-size", type=size, required=True, metavar="N", help=text)
    text = "training sets of each target (10)"
    group.add_argument("--sets", type=shared.whole, dest="n_sets", metavar="N", help=text)
    text = "networks trained on each; 0: none (100)"
    group.add_argument("--runs", type=shared.whole, dest="n_runs", metavar="N", help=text)
    text = (
        "infinite: draw from the posterior at infinite width; rejection: at the networks' own "
        "width, which needs training sets that are easy to fit; none (infinite)"
    )
    group.add_argument("--posterior", type=_posterior, metavar="NAME", help=text)
    text = "functions drawn from each posterior, or networks proposed to it (1000)"
    group.add_argument("--samples", type=shared.whole, dest="n_samples", metavar="N", help=text)
    text = "rejection: output layers drawn for each draw of the hidden layers (1)"
    group.add_argument("--output-draws", type=shared.whole, metavar="N", help=text)
    text = "where a training run's function is read off (zero_error)"
    group.add_argument("--stop", type=training.stopping_points, metavar="POINT", help=text)
    text = "also predict P(K given S) of each task and target from N draws of its prior"
    group.add_argument("--predict", type=shared.positive("predict"), metavar="N", help=text)
    text = "of the prediction: exact, inputs drawn without replacement, or independent (exact)"
    group.add_argument("--likelihood", type=_likelihood, metavar="NAME", help=text)
    shared.add_seed(group, "of targets, training sets and all that is drawn (0)")
    shared.add_jobs(group)
    group.add_argument("--no-progress", action="store_true", help="no progress bar")


def _add_output(group: argparse._ArgumentGroup) -> None:
    text = "folder, new or to be continued, with a file for each task, target and training set"
    group.add_argument("--out", type=shared.path, required=True, metavar="FOLDER", help=text)
    text = "write a line for each task, target and training set into this .csv file"
    group.add_argument("--csv", type=_csv, metavar="FILE", help=text)
    text = f"draw errors against complexity into this file ({', '.join(_FORMATS)})"
    group.add_argument("--figure", type=_figure, action="append", metavar="FILE", help=text)
    group.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> None:
    """Measure, print and draw."""
    _check(options)
    tasks = _tasks(options)
    targets = _targets(options, tasks[0])
    settings = _settings(options, tasks[0])
    from priorvol.sweep import target_sweep

    options.after_interrupt = f": the same command goes on from what is saved in {options.out}"
    found = target_sweep(
        tasks,
        targets,
        stop=options.stop or "zero_error",
        seed=options.seed or 0,
        n_jobs=options.jobs,
        store=options.out,
        progress=False if options.no_progress else None,
        **shared.given(options, _OPTIONS),
        **settings,
    )
    _write(options, found)
    predicted, refused = _predictions(options, found)
    if options.json:
        record = {"folder": str(options.out)} | found.to_json()
        if options.predict is not None:
            record["posterior_complexity"] = [each.to_json() for each in predicted]
            record["not_predicted"] = refused
        shared.print_json(record)
        return
    print(found)
    if predicted:
        from priorvol.sweep import tabulate

        print(f"\n{tabulate(predicted)}")
    for each in refused:
        print(f"P(K|S) of {each['task']}, {each['target']} is not predicted: {each['reason']}")
    print(f"in {options.out}")
    for file in (*([options.csv] if options.csv else ()), *(options.figure or ())):
        print(file)


def _check(options: argparse.Namespace) -> None:
    """Refuse what does not fit together, before anything is drawn."""
    if options.k is None and options.atlas is None and options.target is None:
        raise ValueError("targets are wanted: --k, --atlas or --target")
    if options.per_level is not None and options.k is None:
        raise ValueError("--per-level goes with --k")
    if options.likelihood is not None and options.predict is None:
        raise ValueError("--likelihood goes with --predict")
    if options.scales and options.start_sigma_b is not None and options.start_sigma_w is None:
        raise ValueError("--start-sigma-b with --scales needs --start-sigma-w: one start for all")
    for many, one in (("scales", "sigma_w"), ("activations", "activation")):
        if getattr(options, many) is not None:
            others = [name for name in (one, "task") if getattr(options, name) is not None]
            if others:
                raise ValueError(
                    f"--{many} takes the place of --{one.replace('_', '-')}: leave out "
                    f"{shared.flags(others)}"
                )
    for file in (*([options.csv] if options.csv else ()), *(options.figure or ())):
        if not file.parent.is_dir():
            raise ValueError(f"cannot write {file}: {file.parent} is not a folder")
        if file.is_dir():
            raise ValueError(f"cannot write {file}: it is a folder")


def _tasks(options: argparse.Namespace) -> list[Task]:
    """Return a task for each activation and scale."""
    found = []
    for activation in options.activations or (options.activation,):
        one = argparse.Namespace(**(vars(options) | {"activation": activation}))
        task = shared.read_task(one)
        for scale in options.scales or (task.prior.sigma_w,):
            found.append(Task(task.architecture, replace(task.prior, sigma_w=scale), task.inputs))
    return found


def _targets(options: argparse.Namespace, task: Task) -> list[Target]:
    from priorvol.sweep import atlas_targets, draw_targets, given_targets

    found: list[Target] = []
    if options.k is not None:
        k = None if options.k == "all" else options.k
        chosen = shared.given(options, ("per_level",))
        found += draw_targets(task, k, seed=options.seed or 0, **chosen)
    if options.atlas is not None:
        n = task.m.bit_length() - 1
        if task.inputs.encoding is None:
            raise ValueError("--atlas names functions of a Boolean cube, and the inputs are none")
        names = None if options.atlas == ("all",) else options.atlas
        found += atlas_targets(n, names)
    if options.target is not None:
        found += given_targets(options.target, m=task.m)
    return list({target.function: target for target in found}.values())


def _settings(options: argparse.Namespace, task: Task) -> dict[str, Any]:
    settings = shared.given(options, training.SETTINGS)
    start = training.read_start(options, task)
    if start is not None:
        settings["initialization"] = start
    if settings.get("batch_size") == "all":
        settings["batch_size"] = None
    return settings


def _predictions(
    options: argparse.Namespace, found: TargetSweep
) -> tuple[list[PosteriorComplexity], list[dict[str, str]]]:
    """Return P(K given S), predicted and measured, for each task and target, and why not."""
    if options.predict is None:
        return [], []
    from priorvol import collect
    from priorvol.sweep import posterior_complexity

    drawn: dict[str, Any] = {"n_samples": options.predict, "seed": options.seed or 0}
    drawn |= {"n_jobs": options.jobs, "progress": False if options.no_progress else None}
    chosen = shared.given(options, ("likelihood",))
    results, refused = [], []
    for i, task in enumerate(found.tasks):
        priors: dict[str, Any] = {}
        for name, wanted in (("prior", task), ("limit_prior", task.wide())):
            if name == "prior" or found.settings.posterior == "infinite":
                folder = options.out / "priors" / wanted.content_hash[:16]
                priors[name] = collect(wanted, store=folder, **drawn)
        for j, target in enumerate(found.targets):
            try:
                results.append(posterior_complexity(found, **priors, task=i, target=j, **chosen))
            except ValueError as error:  # no draw fits, or nothing was learnt
                refused.append(
                    {"task": found.labels[i], "target": target.name, "reason": str(error)}
                )
    return results, refused


def _write(options: argparse.Namespace, found: TargetSweep) -> None:
    from priorvol.store import write_atomically
    from priorvol.store.records import write_csv

    if options.csv is not None:
        rows = found.rows()
        write_csv(options.csv, [list(rows[0]), *(list(row.values()) for row in rows)])
    if options.figure:
        from priorvol import plotting

        with plotting.style():
            figure = plotting.target_sweep_plot(found).figure.figure
            for file in options.figure:
                write_atomically(file, figure.savefig)


def _several(read: Callable[[str], float]) -> Callable[[str], tuple[float, ...]]:
    def read_all(text: str) -> tuple[float, ...]:
        return tuple(read(part.strip()) for part in text.split(","))

    return read_all


@shared.reader
def _complexities(text: str) -> tuple[float, ...] | str:
    """Read numbers with commas between, or ``all``."""
    return text if text == "all" else _several(shared.number)(text)


@shared.reader
def _posterior(text: str) -> str:
    from priorvol.sweep.cells import POSTERIORS

    return checks.choice("posterior", text, POSTERIORS)


@shared.reader
def _likelihood(text: str) -> str:
    from priorvol.sweep.spectrum import LIKELIHOODS

    return checks.choice("likelihood", text, LIKELIHOODS)


@shared.reader
def _csv(text: str) -> Path:
    file = shared.path(text)
    checks.choice("file type", file.suffix.lower(), (".csv",))
    return file


@shared.reader
def _figure(text: str) -> Path:
    file = shared.path(text)
    checks.choice("file type", file.suffix.lower(), _FORMATS)
    return file
