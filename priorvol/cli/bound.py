"""``priorvol bound``: a PAC-Bayes bound on the mean error of the posterior."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from priorvol import checks
from priorvol.cli import labelled
from priorvol.cli import options as shared
from priorvol.task import Task

if TYPE_CHECKING:
    from priorvol.training_set import TrainingSet

_EXAMPLE = """\
  priorvol bound --n-inputs 3 --hidden inf --target 00001111 --draw 12 --seed 1
  priorvol bound --n-inputs 3 --hidden inf --train 0-3,7 --target 00001111 --m 8
  priorvol bound --n-inputs 3 --hidden inf --target 00001111 --draw 12 --form code --method ep
  priorvol bound --n-inputs 3 --hidden 40,40 --target 00001111 --draw 12 \\
      --method monte_carlo --samples 1e6 --delta 0.01 --json"""

_EVIDENCE = ("method", "seed", "relative_error", "n_samples", "output_draws")
_BOUND = ("delta", "form", "share")


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = shared.verb(
        verbs,
        "bound",
        run,
        "bound the mean error of functions that fit a training set",
        _EXAMPLE,
    )
    what = parser.add_argument_group("training inputs, independent draws from all inputs")
    labelled.add_training_set(what)
    text = "instead of --train: draw M inputs with replacement, by --seed"
    what.add_argument("--draw", type=shared.positive("draw"), metavar="M", help=text)
    text = "with --train or --training-set: draws M that gave these inputs, repeats included"
    text += " (none repeated)"
    what.add_argument("--m", type=shared.positive("m"), metavar="M", help=text)
    which = parser.add_argument_group("bound")
    text = "probability that it may fail (0.05)"
    which.add_argument("--delta", type=_inside("delta"), metavar="X", help=text)
    text = "mcallester: [ln(1/P(S)) + ln(2M/delta)]/(M-1), the default; code: "
    text += "[ln(1/P(S)) + 2 ln M + 1 + ln(1/delta)]/M; direct: [ln(1/P(S)) + ln(1/delta)]/M"
    which.add_argument("--form", type=_form, metavar="NAME", help=text)
    text = "share of delta for the lower confidence limit of P(S) (0.1)"
    which.add_argument("--share", type=_inside("share"), metavar="X", help=text)
    how = parser.add_argument_group("evidence P(S)")
    text = "orthant (the default), ep, ep-probit, laplace, genz or monte_carlo; "
    text += "see priorvol estimate --list"
    how.add_argument("--method", type=_method, metavar="NAME", help=text)
    shared.add_seed(how, "of the random numbers (0)")
    text = "standard error wanted, relative to P: orthant (0.005), genz (0.01)"
    how.add_argument("--relative-error", type=shared.number, metavar="X", help=text)
    text = "monte_carlo: number of draws (1e6); orthant, genz: the most points (1e6, 2e5)"
    how.add_argument("--samples", type=shared.whole, dest="n_samples", metavar="N", help=text)
    text = "monte_carlo: output layers drawn for each draw of the hidden layers (1)"
    how.add_argument("--output-draws", type=shared.whole, metavar="N", help=text)
    shared.add_jobs(how)
    parser.add_argument("--no-progress", action="store_true", help="no progress bar")
    parser.add_argument("--json", action="store_true", help="print as JSON")
    shared.add_task(parser)


def run(options: argparse.Namespace) -> None:
    """Print the bound."""
    from priorvol.pac_bayes import certified_bound

    _check_sources(options)
    task = shared.read_task(options)
    training_set, m = _training_set(options, task)
    settings = shared.given(options, (*_EVIDENCE, *_BOUND))
    settings |= {"n_jobs": options.jobs, "progress": False if options.no_progress else None}
    found = certified_bound(task, training_set, m, **settings)
    if options.json:
        record = {"task": str(task), "task_hash": task.content_hash}
        shared.print_json(record | {"training_set": training_set.to_json()} | found.to_json())
    else:
        print(f"{task}\n{training_set}, distinct among {m:,} draws\n{found.evidence}\n{found}")


def _check_sources(options: argparse.Namespace) -> None:
    """Refuse what does not fit together."""
    if options.draw is None:
        labelled.check_training_set(options)
        if options.train is None and options.training_set is None:
            raise ValueError("one of --draw, --train and --training-set is wanted, got none")
        return
    others = shared.given(options, ("train", "training_set", "m"))
    if others:
        raise ValueError(f"--draw draws the training inputs: leave out {shared.flags(others)}")
    if options.target is None:
        raise ValueError("--draw and --target go together: inputs, and a function that labels them")


def _training_set(options: argparse.Namespace, task: Task) -> tuple[TrainingSet, int]:
    """Return the distinct labelled inputs, and the number of draws."""
    if options.draw is None:
        training_set = labelled.read_training_set(options, task)
        return training_set, options.m or len(training_set)
    from priorvol.pac_bayes import sample_training_inputs
    from priorvol.training_set import TrainingSet

    drawn = sample_training_inputs(task, options.draw, seed=options.seed or 0)
    indices = sorted(set(drawn.tolist()))
    return TrainingSet.of_function(options.target, indices, m=task.m), options.draw


def _inside(name: str) -> Any:
    """Return a reader of numbers between 0 and 1."""
    return shared.reader(
        lambda text: checks.real(
            name, shared.number(text), low=0.0, high=1.0, open_low=True, open_high=True
        )
    )


@shared.reader
def _form(text: str) -> str:
    from priorvol.pac_bayes import FORMS

    return checks.choice("form", text, FORMS)


@shared.reader
def _method(text: str) -> str:
    from priorvol.estimators.registry import method

    return method(text).name
