"""``priorvol estimate``: P(f) of given functions, and the evidence P(S) of a training set."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from priorvol.cli import labelled
from priorvol.cli import options as shared
from priorvol.task import Task

if TYPE_CHECKING:
    from priorvol.result import Estimate
    from priorvol.training_set import TrainingSet

_EXAMPLE = """\
  priorvol estimate --n-inputs 3 --hidden inf,inf --function 01101001 --function 0x80
  priorvol estimate --n-inputs 3 --hidden inf --function 00000000 --method ep
  priorvol estimate --n-inputs 3 --hidden 40,40 --function 00000000 \\
      --method monte_carlo --samples 1e6
  priorvol estimate --n-inputs 3 --hidden inf --train 0-3,7 --target 01101001
  priorvol estimate --run runs/a --top 5 --method monte_carlo --samples 1e6 --seed 1
  priorvol estimate --list"""

_SOURCES = ("function", "functions", *labelled.NAMES, "run_folder", "top")
_NAMES = {"run_folder": "run", "n_samples": "samples"}
_OPTIONS = ("seed", "level", "relative_error", "n_samples", "output_draws")
_HEADINGS = ("log10 P", "P", "low", "high", "rel. error", "seconds")


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(
        verbs, "estimate", run, "estimate P(f) of functions, or P(S) of a training set", _EXAMPLE
    )
    what = parser.add_argument_group("what is estimated; functions, a training set, or a run")
    text = "P of this function (0/1 or 0x text); may be repeated"
    what.add_argument("--function", action="append", metavar="BITS", help=text)
    text = "P of each function of this text file, one a line"
    what.add_argument("--functions", type=shared.path, metavar="FILE", help=text)
    labelled.add_training_set(what, "P(S): ")
    text = "P of a run's most frequent functions, for its task or, if given, another's"
    what.add_argument("--run", dest="run_folder", type=shared.path, metavar="RUN", help=text)
    text = "how many of them (10)"
    what.add_argument("--top", type=shared.positive("top"), metavar="N", help=text)
    how = parser.add_argument_group("how")
    text = "orthant (the default), ep, ep-probit, laplace, genz or monte_carlo; see --list"
    how.add_argument("--method", type=_method, metavar="NAME", help=text)
    shared.add_seed(how, "of the random numbers (0)")
    text = "standard error wanted, relative to P: orthant (0.005), genz (0.01)"
    how.add_argument("--relative-error", type=shared.number, metavar="X", help=text)
    text = "monte_carlo: number of draws (1e6); orthant, genz: the most points (1e6, 2e5)"
    how.add_argument("--samples", type=shared.whole, dest="n_samples", metavar="N", help=text)
    text = "monte_carlo: output layers drawn for each draw of the hidden layers (1)"
    how.add_argument("--output-draws", type=shared.whole, metavar="N", help=text)
    shared.add_level(how)
    shared.add_jobs(how)
    shared.add_base(parser, "2 up to 32 inputs, 16 above")
    parser.add_argument("--no-progress", action="store_true", help="no progress bar")
    parser.add_argument("--list", action="store_true", help="list the methods")
    parser.add_argument("--json", action="store_true", help="print as JSON")
    shared.add_task(parser)


def run(options: argparse.Namespace) -> None:
    """Print a row a function, or one for the training set."""
    if options.list:
        _list(options)
        return
    _check_sources(options)
    _check_method(options)
    settings = shared.given(options, ("method", *_OPTIONS))
    settings |= {"n_jobs": options.jobs, "progress": False if options.no_progress else None}
    if options.train is not None or options.training_set is not None:
        task = shared.read_task(options)
        training_set = labelled.read_training_set(options, task)
        _print(options, task, *_of_training_set(task, training_set, settings))
    else:
        task, words, columns = _functions(options)
        _print(options, task, *_of_functions(options, task, words, columns, settings))


def _check_sources(options: argparse.Namespace) -> None:
    """Refuse what does not fit together."""
    groups = {
        "functions": ("function", "functions"),
        "a training set": labelled.NAMES,
        "a run": ("run_folder", "top"),
    }
    chosen = [names for names in groups.values() if shared.given(options, names)]
    if len(chosen) != 1:
        wanted = "--function, --functions, --train, --training-set and --run"
        got = _flags(shared.given(options, _SOURCES)) or "none"
        raise ValueError(f"one of {wanted} is wanted, got {got}")
    if options.top is not None and options.run_folder is None:
        raise ValueError("--top goes with --run")
    labelled.check_training_set(options)


def _check_method(options: argparse.Namespace) -> None:
    """Refuse what the method does not take, by the names of the command line."""
    from priorvol.estimators.registry import method, methods

    chosen = method(options.method) if options.method else methods()[0]
    own = {name for each in methods() for name in each.options}
    stray = shared.given(options, sorted(own - set(chosen.options)))
    if stray:
        takes = _flags(chosen.options) or "none of these"
        raise ValueError(
            f"{_flags(stray)} does not go with --method {chosen.name}, which takes {takes}"
        )


def _flags(names: Any) -> str:
    return shared.flags(_NAMES.get(name, name) for name in names)


# What is estimated


def _functions(options: argparse.Namespace) -> tuple[Task, Any, dict[str, list[Any]]]:
    """Return the task, functions on its inputs, and columns that stand beside them."""
    from priorvol import bits

    if options.run_folder is None:
        task = shared.read_task(options)
        texts = list(options.function or ())
        if options.functions is not None:
            texts += _lines(options.functions)
        return task, bits.as_words(texts, task.m)[0], {}
    from priorvol.store import load_run

    table = load_run(options.run_folder)
    given = shared.read_task(options) if shared.has_task(options) else table.task
    if given is None:
        raise ValueError(f"{options.run_folder} does not say what its task is: give its options")
    if given.m != table.m or (table.task is not None and table.task.inputs != given.inputs):
        raise ValueError(f"the functions of {options.run_folder} are on other inputs")
    drawn = {span.seed for span in table.provenance.spans}
    if options.method == "monte_carlo" and given == table.task and (options.seed or 0) in drawn:
        shared.note(
            f"seed {options.seed or 0} counts draws that {options.run_folder} holds already; "
            "functions chosen by their counts are to be counted with another --seed"
        )
    ranks = table.ranks(options.top or 10)
    return given, ranks.functions, {"count": ranks.counts.tolist()}


def _lines(file: Path) -> list[str]:
    """Return the functions of a text file."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"cannot read functions from {file}: {reason}") from None
    texts = [line.strip() for line in lines]
    texts = [text for text in texts if text and not text.startswith("#")]
    if not texts:
        raise ValueError(f"{file} holds no functions")
    return texts


@shared.reader
def _method(text: str) -> str:
    from priorvol.estimators.registry import method

    return method(text).name


# Estimating and printing


def _of_functions(
    options: argparse.Namespace,
    task: Task,
    words: Any,
    columns: dict[str, list[Any]],
    settings: dict[str, Any],
) -> tuple[list[Estimate], dict[str, list[Any]]]:
    from priorvol import bits
    from priorvol.estimators import estimate_batch

    base = options.base or (2 if task.m <= 32 else 16)
    return estimate_batch(task, words, **settings), {
        "function": bits.to_text(words, task.m, base=base),
        **columns,
    }


def _of_training_set(
    task: Task, training_set: TrainingSet, settings: dict[str, Any]
) -> tuple[list[Estimate], dict[str, list[Any]]]:
    from priorvol.estimators import estimate

    found = estimate(task, training_set, **settings)
    return [found], {"training set": [str(training_set)]}


def _print(
    options: argparse.Namespace,
    task: Task,
    found: list[Estimate],
    columns: dict[str, list[Any]],
) -> None:
    from priorvol.estimators.registry import method
    from priorvol.text import align

    chosen = method(found[0].method)
    if options.json:
        names = [name.replace(" ", "_") for name in columns]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        records = [
            row
            | {"p": each.p, "log10_p": _finite(each.log10_p), "exact": each.is_exact}
            | each.to_json()
            for row, each in zip(rows, found, strict=True)
        ]
        record = {"task": str(task), "task_hash": task.content_hash, "method": chosen.name}
        shared.print_json(record | {"estimates": records})
    else:
        print(f"{task}\n{found[0].quantity} by {chosen.name}, {chosen.description}")
        heading = [*columns, *_HEADINGS, ""]
        cells = [
            [*map(str, row), *_cells(each)]
            for row, each in zip(zip(*columns.values(), strict=True), found, strict=True)
        ]
        print("\n".join(align([heading, *cells], left=[0, len(heading) - 1])))
    unfinished = sum(not each.converged for each in found)
    if unfinished:
        shared.note(f"{unfinished:,} of {len(found):,} did not reach the method's stopping rule")


def _cells(found: Estimate) -> list[str]:
    from priorvol.result import probability_text

    ends = [probability_text(end) if found.has_error else "-" for end in (found.low, found.high)]
    error = found.standard_error
    if found.is_exact:
        said = "exact"
    elif not found.has_error:
        said = "not given"
    else:
        said = "-" if math.isnan(error) else f"{100 * error:.2g}%"
    log10 = f"{found.log10_p:.4f}" if math.isfinite(found.log_p) else "-inf"
    seconds = "" if found.seconds is None else f"{found.seconds:.2g}"
    note = "" if found.converged else "not converged"
    return [log10, probability_text(found.log_p), *ends, said, seconds, note]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _list(options: argparse.Namespace) -> None:
    """Print the methods."""
    from priorvol.estimators.registry import methods

    others = shared.given(options, (*_SOURCES, "method", *_OPTIONS, "base"))
    if others:
        raise ValueError(f"{_flags(others)} does not go with --list")
    if options.json:
        shared.print_json([method.to_json() for method in methods()])
        return
    for method in methods():
        print(f"{method.name}: {method.description}")
        print(f"    estimates {method.quantity('f')}; error: {method.error}")
        print(f"    takes {method.tasks}")
