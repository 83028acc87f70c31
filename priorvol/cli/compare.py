"""``priorvol compare``: runs side by side, function by function and as a whole."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from priorvol import checks
from priorvol.cli import compare_figures as figures
from priorvol.cli import labelled
from priorvol.cli import options as shared

if TYPE_CHECKING:
    from priorvol.comparison import Comparison, SettingsComparison
    from priorvol.table import FunctionTable
    from priorvol.training_set import TrainingSet

_EXAMPLE = """\
  priorvol collect --n-inputs 3 --hidden 40,40 --samples 1e6 --seed 1 --out runs/one
  priorvol collect --n-inputs 3 --hidden 40 --samples 1e6 --seed 2 --out runs/two
  priorvol compare runs/one runs/two --target 00110011 --train 0-3 --out compare.png
  priorvol posterior --n-inputs 3 --hidden 40,40 --train 0-3 --target 00110011 \\
      --proposals 4e6 --out runs/bayes
  priorvol train --n-inputs 3 --hidden 40,40 --train 0-3 --target 00110011 \\
      --stop zero_error,zero_error+64 --runs 1e4 --seed 1 --out runs/nets
  priorvol compare runs/bayes runs/nets --target 00110011 --sort error --out settings.png
  priorvol compare runs/nets/zero_error --estimates orthant,ep --target 00110011
  A training ensemble's folder stands for the runs of its stopping points."""

_OPTIONS = ("min_count", "max_functions", "level", "seed")
_RESAMPLES = {"permutations": "n_permutations", "bootstrap": "n_bootstrap"}


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    about = "compare runs: training with sampling, one prior with another, runs with estimates"
    parser = shared.verb(verbs, "compare", run, about, _EXAMPLE)
    text = "run folder: A, which all others are compared with"
    parser.add_argument("run_a", type=shared.path, metavar="RUN_A", help=text)
    text = "another run folder; with several, one table has a row for each"
    parser.add_argument("runs", type=shared.path, nargs="*", metavar="RUN_B", help=text)
    text = "what a run is called, one a run in their order (the folders' names)"
    parser.add_argument("--label", action="append", metavar="TEXT", help=text)
    for side in "ab":
        text = f"folder whose draws are added to those of RUN_{side.upper()}: of the same source, "
        text += "but other draws. Draws in groups have split-half nulls only by this"
        name = f"--add-{side}"
        parser.add_argument(name, type=shared.path, action="append", metavar="RUN", help=text)
    text = (
        "instead of RUN_B, P(f|S) by these methods, with commas between: orthant, ep, ep-probit, "
    )
    text += "laplace, nngp, ntk; of the infinitely wide network, for functions that RUN_A draws"
    parser.add_argument("--estimates", type=_methods, metavar="NAMES", help=text)
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
    text = "permutations of the test of equality (999; several runs: 199)"
    how.add_argument("--permutations", type=shared.whole, metavar="N", help=text)
    text = "resamples for intervals of coefficients (1000; several runs: 200)"
    how.add_argument("--bootstrap", type=shared.whole, metavar="N", help=text)
    shared.add_level(how)
    shared.add_seed(how, "of the split, the permutations and the resamples (0)")
    shared.add_jobs(how, default=None)
    several = parser.add_argument_group("several runs")
    text = "order of the rows: settings such as batch_size, or label, draws, pearson, slope, "
    text += "spread, ratio, total_variation, jensen_shannon, p_value, error, target"
    several.add_argument("--sort", type=_columns, metavar="NAMES", help=text)
    several.add_argument("--descending", action="store_true", help="the largest first")
    figures.add_options(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(options: argparse.Namespace) -> None:
    """Compare, print and draw."""
    _check(options)
    figures.check(options)
    if (points := _expand(options.run_a)) != [options.run_a]:
        raise ValueError(
            f"RUN_A is one run, but {options.run_a} is a training ensemble: name one of its "
            f"stopping points, such as {points[0] if points else options.run_a / 'zero_error'}"
        )
    folders = [options.run_a, *(each for folder in options.runs for each in _expand(folder))]
    single = len(folders) == 2 or (options.estimates is not None and len(options.estimates) == 1)
    if not single and options.add_b:
        raise ValueError("--add-b goes with one RUN_B, got several")
    if single and options.sort:
        raise ValueError("--sort goes with several runs or several methods of --estimates")
    names = _names(options, folders)
    if options.estimates is not None:
        found, drawn = _estimated(options, names[0])
    elif single:
        drawn = [_compared(options, folders[1], names)]
        found = drawn[0]
    else:
        found, drawn = _by_setting(options, folders[1:], names), []
    if options.out:
        figures.draw(options, found, drawn)
    if options.json:
        shared.print_json(found.to_json())
    else:
        print(found)
        for out in options.out or ():
            print(out)


def _compared(options: argparse.Namespace, folder: Path, names: list[str]) -> Comparison:
    from priorvol.comparison import compare

    tables = _parts(options.run_a, options.add_a), _parts(folder, options.add_b)
    return compare(
        *tables,
        training_set=_training_set(options, tables[0][0].m),
        target=options.target,
        names=(names[0], names[1]),
        **_chosen(options),
    )


def _by_setting(
    options: argparse.Namespace, folders: list[Path], names: list[str]
) -> SettingsComparison:
    from priorvol.comparison import compare_settings
    from priorvol.store import load_run

    reference = _parts(options.run_a, options.add_a)
    tables = {name: load_run(each) for name, each in zip(names[1:], folders, strict=True)}
    found = compare_settings(
        reference,
        tables,
        training_set=_training_set(options, reference[0].m),
        target=options.target,
        name=names[0],
        **_chosen(options),
    )
    return _sorted(options, found)


def _estimated(
    options: argparse.Namespace, name: str
) -> tuple[Comparison | SettingsComparison, list[Comparison]]:
    """Return the run beside estimates: one comparison, or a table with a row a method."""
    from priorvol.comparison import compare, compare_settings, functions_to_estimate
    from priorvol.comparison.options import find_training_set
    from priorvol.posterior_of_functions import posterior_estimates
    from priorvol.sources import PriorSampling
    from priorvol.table import add_all

    parts = _parts(options.run_a, options.add_a)
    table = add_all(parts)
    if table.task is None:
        raise ValueError(f"{options.run_a} does not say its task, which --estimates need")
    given = find_training_set([table], _training_set(options, table.m))
    if given is not None and isinstance(table.source, PriorSampling):
        raise ValueError(
            f"--estimates are of P(f|S), but {options.run_a} holds draws of the prior, of P(f): "
            "give a run that was trained on S or drawn given S"
        )
    if given is None:
        raise ValueError(
            f"--estimates need a training set, and {options.run_a} has none: --train and --target, "
            "or --training-set"
        )
    chosen = _chosen(options)
    how = {key: chosen[key] for key in ("min_count", "max_functions", "seed") if key in chosen}
    functions = functions_to_estimate(table, **how)
    if len(functions) == 0:
        raise ValueError(
            f"no function of {options.run_a} has --min-count draws expected in half of its draws"
        )
    wide = table.task if table.task.architecture.is_infinite else table.task.wide()
    jobs = -1 if options.jobs is None else options.jobs
    level = {key: chosen[key] for key in ("level", "seed") if key in chosen}
    estimates = {
        method: posterior_estimates(wide, given, functions, method=method, n_jobs=jobs, **level)
        for method in options.estimates
    }
    shown: dict[str, Any] = {"target": options.target, "training_set": given}
    each = [
        compare(parts, found, functions=functions, names=(name, method), **shown, **chosen)
        for method, found in estimates.items()
        if options.out or len(estimates) == 1
    ]
    if len(estimates) == 1:
        return each[0], each
    rows = {method: (functions, found) for method, found in estimates.items()}
    return _sorted(options, compare_settings(parts, rows, name=name, **shown, **chosen)), each


def _sorted(options: argparse.Namespace, found: SettingsComparison) -> SettingsComparison:
    if not options.sort:
        return found
    return found.sorted_by(*options.sort, descending=options.descending)


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    chosen = shared.given(options, _OPTIONS)
    for option, name in _RESAMPLES.items():
        if getattr(options, option) is not None:
            chosen[name] = getattr(options, option)
    return chosen


def _parts(folder: Path, added: list[Path] | None) -> list[FunctionTable]:
    from priorvol.store import load_parts

    return [part for each in (folder, *(added or ())) for part in load_parts(each)]


def _expand(folder: Path) -> list[Path]:
    """Return a run folder, or those of a training ensemble's stopping points."""
    from priorvol.store.ensembles import read_ensemble_record

    if read_ensemble_record(folder) is None:
        return [folder]
    return sorted(each.parent for each in folder.glob("*/manifest.json"))


def _check(options: argparse.Namespace) -> None:
    """Refuse what does not fit together, before anything is read."""
    if options.estimates is None and not options.runs:
        raise ValueError("RUN_B is missing: another run folder, or --estimates")
    if options.estimates is not None and options.runs:
        raise ValueError("--estimates take the place of RUN_B: give one run")
    if options.estimates is not None and options.add_b:
        raise ValueError("--add-b goes with RUN_B, and --estimates take its place")
    if options.estimates is None and options.jobs is not None:
        raise ValueError("--jobs goes with --estimates")
    if options.descending and not options.sort:
        raise ValueError("--descending goes with --sort")
    if options.train is not None and options.training_set is not None:
        raise ValueError("--training-set takes the place of --train")
    labelled_only = options.estimates is None and options.training_set is not None
    if options.target is None and (options.train is not None or labelled_only):
        raise ValueError("--train and --training-set need a --target that errors are counted by")


def _training_set(options: argparse.Namespace, m: int) -> TrainingSet | None:
    if options.training_set is not None:
        return labelled.read_file(options.training_set, m)
    if options.train is None:
        return None
    from priorvol.training_set import TrainingSet

    return TrainingSet.of_function(options.target, options.train, m=m)


def _names(options: argparse.Namespace, folders: list[Path]) -> list[str]:
    """Return the labels, or what tells the folders apart."""
    if options.label is not None:
        if len(options.label) != len(folders):
            raise ValueError(
                f"--label is given once a run, {len(folders)} times, or not at all: got "
                f"{len(options.label)}"
            )
        names = list(options.label)
    else:
        names = [folder.name for folder in folders]
        if len(set(names)) < len(names):
            names = _apart(folders)
    if len(set(names)) < len(names):
        raise ValueError(f"runs need names of their own: got {', '.join(names)}")
    return names


def _apart(folders: list[Path]) -> list[str]:
    """Return the folders' paths without the part that all share."""
    parts = [folder.parts for folder in folders]
    common = 0
    while common + 1 < min(map(len, parts)) and len({each[common] for each in parts}) == 1:
        common += 1
    return [str(Path(*each[common:])) for each in parts]


@shared.reader
def _methods(text: str) -> list[str]:
    from priorvol.posterior_of_functions import POSTERIOR_ESTIMATES

    names = [part.strip() for part in text.split(",")]
    for name in names:
        checks.choice("estimates", name, POSTERIOR_ESTIMATES)
    if len(set(names)) < len(names):
        raise ValueError(f"a method is named twice: {text}")
    return names


@shared.reader
def _columns(text: str) -> list[str]:
    names = [part.strip().replace("-", "_") for part in text.split(",")]
    if not all(names):
        raise ValueError(f"names of columns with commas between are wanted, got {text!r:.80}")
    return names
