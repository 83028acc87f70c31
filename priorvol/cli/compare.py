"""``priorvol compare``: two runs, function by function and as a whole."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from priorvol import checks
from priorvol.cli import labelled
from priorvol.cli import options as shared

if TYPE_CHECKING:
    from priorvol.comparison.report import Comparison
    from priorvol.training_set import TrainingSet

_EXAMPLE = """\
  priorvol collect --n-inputs 3 --hidden 40,40 --samples 1e6 --seed 1 --out runs/one
  priorvol collect --n-inputs 3 --hidden 40 --samples 1e6 --seed 2 --out runs/two
  priorvol compare runs/one runs/two --target 00110011 --train 0-3 --out compare.png"""

_OPTIONS = ("min_count", "max_functions", "level", "seed")
_FORMATS = (".png", ".pdf", ".svg")


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    about = "compare two runs: training with sampling, one prior with another"
    parser = shared.verb(verbs, "compare", run, about, _EXAMPLE)
    for name in ("a", "b"):
        parser.add_argument(
            f"run_{name}", type=shared.path, metavar=f"RUN_{name.upper()}", help="run folder"
        )
    text = "what the two runs are called (the folders' names)"
    parser.add_argument("--label", action="append", metavar="TEXT", help=text)
    errors = parser.add_argument_group("test errors")
    text = "inputs that errors leave out, such as 0,5,8-15 (those the runs were trained on)"
    errors.add_argument("--train", type=labelled.indices, metavar="INDICES", help=text)
    text = "function on all inputs that errors are counted against"
    errors.add_argument("--target", metavar="BITS", help=text)
    text = "JSON file of TrainingSet.to_json(), instead of --train"
    errors.add_argument("--training-set", type=shared.path, metavar="FILE", help=text)
    how = parser.add_argument_group("how")
    shared.add_min_count(how, "draws expected of a function whose log P is compared (10)")
    text = "most functions compared and listed (10000)"
    count = shared.reader(lambda text: checks.integer("max_functions", shared.whole(text), low=3))
    how.add_argument("--max-functions", type=count, metavar="N", help=text)
    text = "permutations of the test of equality (999)"
    how.add_argument("--permutations", type=shared.whole, metavar="N", help=text)
    text = "resamples for intervals of coefficients (1000)"
    how.add_argument("--bootstrap", type=shared.whole, metavar="N", help=text)
    shared.add_level(how)
    shared.add_seed(how, "of the split, the permutations and the resamples (0)")
    text = f"draw P of RUN_B against P of RUN_A into this file ({', '.join(_FORMATS)})"
    parser.add_argument("--out", type=_figure, action="append", metavar="FILE", help=text)
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(options: argparse.Namespace) -> None:
    """Compare, print and draw."""
    from priorvol.comparison import compare
    from priorvol.store import load_run

    _check(options)
    tables = [load_run(folder) for folder in (options.run_a, options.run_b)]
    chosen = shared.given(options, _OPTIONS)
    for option, name in (("permutations", "n_permutations"), ("bootstrap", "n_bootstrap")):
        if getattr(options, option) is not None:
            chosen[name] = getattr(options, option)
    found = compare(
        tables[0],
        tables[1],
        training_set=_training_set(options, tables[0].m),
        target=options.target,
        names=_names(options),
        **chosen,
    )
    if options.out:
        _draw(found, options.out)
    if options.json:
        shared.print_json(found.to_json())
    else:
        print(found)
        for out in options.out or ():
            print(out)


def _check(options: argparse.Namespace) -> None:
    """Refuse what does not fit together, before anything is read."""
    if options.train is not None and options.training_set is not None:
        raise ValueError("--training-set takes the place of --train")
    if options.target is None and shared.given(options, ("train", "training_set")):
        raise ValueError("--train and --training-set need a --target that errors are counted by")
    if options.label is not None and len(options.label) != 2:
        raise ValueError(f"--label is given twice, or not at all: got {len(options.label)}")
    for out in options.out or ():
        if not out.parent.is_dir():
            raise ValueError(f"cannot write {out}: {out.parent} is not a folder")
        if out.is_dir():
            raise ValueError(f"cannot write {out}: it is a folder")


def _training_set(options: argparse.Namespace, m: int) -> TrainingSet | None:
    if options.training_set is not None:
        return labelled.read_file(options.training_set, m)
    if options.train is None:
        return None
    from priorvol.training_set import TrainingSet

    return TrainingSet.of_function(options.target, options.train, m=m)


def _names(options: argparse.Namespace) -> tuple[str, str]:
    """Return the labels, or what tells the folders apart."""
    if options.label is not None:
        return options.label[0], options.label[1]
    names = options.run_a.name, options.run_b.name
    return names if names[0] != names[1] else (str(options.run_a), str(options.run_b))


def _draw(found: Comparison, files: list[Path]) -> None:
    from priorvol import plotting
    from priorvol.store import write_atomically

    with plotting.style():
        from matplotlib.figure import Figure

        errors = found.errors
        figure = Figure(figsize=(3.6, 3.7) if errors is None else (7.0, 3.7))
        if errors is None:
            plotting.comparison_plot(found, figure.subplots())
        else:
            left, right = figure.subplots(1, 2, width_ratios=(1.15, 1.0))
            plotting.comparison_plot(found, left)
            plotting.error_laws_plot(found, right)
        for out in files:
            write_atomically(out, figure.savefig)


@shared.reader
def _figure(text: str) -> Path:
    out = shared.path(text)
    checks.choice("file type", out.suffix.lower(), _FORMATS)
    return out
