"""Options that several verbs share, and how their values are read."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from priorvol import checks
from priorvol.activation import ACTIVATIONS, LEAKY_SLOPE
from priorvol.architecture import (
    BIAS_SCALINGS,
    DISTRIBUTIONS,
    WEIGHT_SCALINGS,
    Architecture,
    Prior,
)
from priorvol.inputs import (
    ENCODINGS,
    Inputs,
    boolean_cube,
    csv_inputs,
    digits_inputs,
    npz_inputs,
)
from priorvol.intervals import INTERVALS
from priorvol.task import Task

T = TypeVar("T")

_NETWORK = ("activation", "shift", "slope")
_PRIOR = ("sigma_w", "sigma_b", "distribution", "weight_scaling", "bias_scaling")
_POINTS = ("n_inputs", "encoding", "inputs", "key")
_TASK = ("n_inputs", "hidden", *_NETWORK, *_PRIOR, *_POINTS[1:], "task")


class Parser(argparse.ArgumentParser):
    """Refuses abbreviations and says what is wrong in one line."""

    def __init__(self, **settings: Any) -> None:
        """Take what `argparse.ArgumentParser` takes."""
        super().__init__(**{"allow_abbrev": False, **settings})

    def error(self, message: str) -> NoReturn:
        """Exit with code 2."""
        if sys.stderr is not None:  # closed: argparse's own printing fails there
            text = f"{self.prog}: error: {' '.join(message.split())} (see {self.prog} --help)\n"
            sys.stderr.write(text)
        sys.exit(2)


def verb(
    verbs: Any, name: str, run: Callable[[argparse.Namespace], None], about: str, example: str
) -> argparse.ArgumentParser:
    """Add a verb whose help ends with an example."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"example:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def given(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Return those of the options that were given; the others are None."""
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def flags(names: Iterable[str]) -> str:
    """Return options as they are typed."""
    return ", ".join("--" + name.replace("_", "-") for name in names)


# How values are read


def reader(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return ``read`` with its ``ValueError`` as argparse's, whose message is printed."""

    def wrapped(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return wrapped


@reader
def whole(text: str) -> int:
    """Read a whole number such as 1000, 1e7 or 10_000."""
    with suppress(ValueError, InvalidOperation):
        number = Decimal(text)
        if number.is_finite() and number.adjusted() > 30:
            raise argparse.ArgumentTypeError(f"the number is too large: {text:.40}")
        if number.is_finite() and number == number.to_integral_value():
            return int(number)
    raise ValueError(f"a whole number is wanted, got {text!r:.80}")


@reader
def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"a number is wanted, got {text!r:.80}") from None


def positive(name: str) -> Callable[[str], int]:
    """Return a reader of whole numbers of at least 1."""
    return reader(lambda text: checks.integer(name, whole(text), low=1))


def named(name: str, known: Iterable[str]) -> Callable[[str], str]:
    """Return a reader of one of the names ``known``."""
    return reader(lambda text: checks.choice(name, text, known))


def comma(read: Callable[[str], T]) -> Callable[[str], T | tuple[T, ...]]:
    """Return a reader of one value or several with commas between."""

    def read_all(text: str) -> T | tuple[T, ...]:
        values = tuple(read(part.strip()) for part in text.split(","))
        return values[0] if len(values) == 1 else values

    return read_all


@reader
def path(text: str) -> Path:
    """Read a path; empty text, as from a shell variable that is not set, is none."""
    if not text.strip():
        raise ValueError(f"a path is wanted, got {text!r}")
    return Path(text)


def widths(text: str) -> tuple[int | float, ...]:
    """Read hidden widths: ``40,40``, ``inf,inf`` or ``none``."""
    if text.strip().lower() == "none":
        return ()
    parts = [part.strip() for part in text.split(",")]
    return tuple(math.inf if part.lower() == "inf" else whole(part) for part in parts)


@reader
def shift(text: str) -> float | str:
    """Read a number or ``zero-mean``."""
    try:
        return float(text)
    except ValueError:
        if text != "zero-mean":
            raise ValueError(f"a number or zero-mean is wanted, got {text!r:.80}") from None
        return text


def sigma_w(text: str) -> float | tuple[float, ...] | str:
    """Read numbers with commas between, or ``unit``."""
    return text if text == "unit" else comma(number)(text)


@reader
def jobs(text: str) -> int:
    """Read a number of workers, or -1 for all cores."""
    workers = whole(text)
    if workers == 0:
        raise ValueError("a number of workers is wanted, or -1 for one a core, got 0")
    return workers


def names(text: str) -> tuple[str, ...]:
    """Read names with commas between."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


@reader
def measure(text: str) -> str:
    """Read the name of a complexity measure."""
    from priorvol import complexity

    return complexity.measure(text).name


@reader
def measures(text: str) -> tuple[str, ...]:
    """Read names of complexity measures with commas between, or ``all``."""
    from priorvol import complexity

    chosen = names(text)
    return chosen if chosen == ("all",) else tuple(complexity.measure(n).name for n in chosen)


@reader
def some_measures(text: str) -> tuple[str, ...]:
    """Read one name of a complexity measure or more, or ``all``."""
    chosen = measures(text)
    if not chosen:
        raise ValueError("the name of a measure is wanted, got none")
    return chosen


# The task


def add_task(parser: argparse.ArgumentParser) -> None:
    """Add the options that make a task."""
    net = parser.add_argument_group("network")
    net.add_argument(
        "--n-inputs", type=whole, metavar="N", help="number of inputs; of the cube 1 to 16"
    )
    text = "hidden widths from the inputs up, such as 40,40; none: a perceptron"
    net.add_argument("--hidden", type=widths, metavar="WIDTHS", help=text)
    net.add_argument("--activation", metavar="NAME", help=", ".join(ACTIVATIONS) + " (relu)")
    text = "number added to the activation, or zero-mean (0)"
    net.add_argument("--shift", type=shift, metavar="X", help=text)
    text = f"of leaky_relu on the negative side ({LEAKY_SLOPE})"
    net.add_argument("--slope", type=number, metavar="X", help=text)
    law = parser.add_argument_group("prior; one value, or one a layer with commas between")
    text = (
        "weights have variance sigma_w^2 / fan_in (1); unit: pre-activations keep variance 1, with "
        "--sigma-b 0 and inputs of {-1,1}^N"
    )
    law.add_argument("--sigma-w", type=sigma_w, metavar="X", help=text)
    text = "biases have variance sigma_b^2; 0: no biases (1)"
    law.add_argument("--sigma-b", type=comma(number), metavar="X", help=text)
    for option, known, extra in (
        ("distribution", DISTRIBUTIONS, ""),
        ("weight-scaling", WEIGHT_SCALINGS, ": whether the variance is over fan_in"),
        ("bias-scaling", BIAS_SCALINGS, ": whether the variance is over fan_in"),
    ):
        text = f"{' or '.join(known)}{extra} ({known[0]})"
        law.add_argument(f"--{option}", type=comma(str), metavar="NAME", help=text)
    points = parser.add_argument_group("inputs")
    text = f"of the Boolean cube, {' or '.join(ENCODINGS)}: {{0,1}}^N or {{-1,1}}^N (01)"
    points.add_argument("--encoding", metavar="NAME", help=text)
    text = "instead of the cube: digits, or a .csv, .npz or .npy file with a point a row"
    points.add_argument("--inputs", metavar="FILE", help=text)
    points.add_argument("--key", metavar="NAME", help="array of the .npz file")
    text = "JSON file of Task.to_json(), instead of all the options above"
    points.add_argument("--task", type=path, metavar="FILE", help=text)


def has_task(options: argparse.Namespace) -> bool:
    """Whether any of the options that make a task was given."""
    return bool(given(options, _TASK))


def read_task(options: argparse.Namespace, inputs: Inputs | None = None) -> Task:
    """Return the task that the options of `add_task` describe, or that network on other inputs."""
    if inputs is not None and (stray := given(options, (*_POINTS, "task"))):
        raise ValueError(f"{flags(stray)} does not go with --data, which gives the inputs")
    if options.task is not None:
        others = [name for name in given(options, _TASK) if name != "task"]
        if others:
            raise ValueError(f"--task is the whole task: leave out {flags(others)}")
        return _task_file(options.task)
    inputs = inputs or _inputs(options)
    if options.hidden is None:
        raise ValueError("--hidden is missing: widths such as 40,40, or none for a perceptron")
    if options.n_inputs is not None and inputs.n != options.n_inputs:
        raise ValueError(f"--n-inputs is {options.n_inputs}, but the inputs have {inputs.n}")
    architecture = Architecture(inputs.n, options.hidden, **given(options, _NETWORK))
    prior = given(options, _PRIOR)
    if prior.get("sigma_w") == "unit":
        from priorvol.cli import unit_variance

        prior["sigma_w"] = unit_variance.weights(architecture, Prior(**{**prior, "sigma_w": 1.0}))
        if warning := unit_variance.warning(inputs):
            note(warning)
    return Task(architecture, Prior(**prior), inputs)


def _inputs(options: argparse.Namespace) -> Inputs:
    suffix = Path(options.inputs or "").suffix.lower()
    if options.key is not None and suffix != ".npz":
        raise ValueError("--key names an array of an .npz file, and --inputs is none")
    if options.inputs is None:
        if options.n_inputs is None:
            raise ValueError("--n-inputs is missing (or --inputs, or --task)")
        return boolean_cube(options.n_inputs, options.encoding or ENCODINGS[0])
    if options.encoding is not None:
        raise ValueError("--encoding is that of the Boolean cube: leave it out with --inputs")
    if options.inputs == "digits":
        return digits_inputs()
    if suffix == ".csv":
        return csv_inputs(options.inputs)
    if suffix in (".npz", ".npy"):
        return npz_inputs(options.inputs, options.key)
    raise ValueError(
        f"--inputs must be digits or a .csv, .npz or .npy file, got {options.inputs!r}"
    )


def _task_file(file: Path) -> Task:
    try:
        return Task.from_json(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise ValueError(f"cannot read a task from {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"cannot read a task from {file}: {error}") from None


# Other shared options


def add_level(parser: argparse._ActionsContainer) -> None:
    """Add the option of an interval's level."""
    level = reader(
        lambda text: checks.real(
            "level", number(text), low=0.0, high=1.0, open_low=True, open_high=True
        )
    )
    text = "of the intervals, between 0 and 1 (0.95)"
    parser.add_argument("--level", type=level, metavar="X", help=text)


def add_interval(parser: argparse._ActionsContainer) -> None:
    """Add the options of intervals."""
    add_level(parser)
    text = f"{' or '.join(INTERVALS)} (clopper-pearson)"
    kind = named("interval", INTERVALS)
    parser.add_argument("--interval", type=kind, metavar="NAME", help=text)


def intervals(options: argparse.Namespace) -> dict[str, Any]:
    """Return those of the options of `add_interval` that were given."""
    return given(options, ("level", "interval"))


def add_min_count(parser: argparse._ActionsContainer, text: str) -> None:
    """Add the option of the least count."""
    parser.add_argument("--min-count", type=positive("min_count"), metavar="N", help=text)


def add_panel_measures(parser: argparse._ActionsContainer) -> None:
    """Add the option of several measures, by default those of the panel."""
    text = "measures, with commas between, or all (a panel of twelve); priorvol complexity --list"
    parser.add_argument("--measure", type=some_measures, metavar="NAMES", help=text)


def add_radius(parser: argparse._ActionsContainer) -> None:
    """Add the option of the neighbourhood's size."""
    radius = reader(lambda text: checks.real("radius", number(text), low=0.0, open_low=True))
    text = "of a neighbourhood, for critical_sample_ratio: Hamming distance on the cube (1), else "
    text += "Euclidean"
    parser.add_argument("--radius", type=radius, metavar="X", help=text)


def add_seed(parser: argparse._ActionsContainer, text: str) -> None:
    """Add the option of the random seed."""
    from priorvol.rng import check_seed

    seed = reader(lambda text: check_seed(whole(text)))
    parser.add_argument("--seed", type=seed, metavar="N", help=text)


def add_jobs(parser: argparse._ActionsContainer, *, default: int | None = -1) -> None:
    """Add the option of the number of workers; by default None tells whether it was given."""
    text = "workers; -1: one a core (-1)"
    parser.add_argument("--jobs", type=jobs, default=default, metavar="N", help=text)


def add_base(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option of how functions are written."""
    text = f"write functions in bits (2) or hexadecimal (16); default: {default}"
    parser.add_argument("--base", type=base, metavar="2|16", help=text)


@reader
def base(text: str) -> int:
    """Read 2 or 16."""
    if whole(text) not in (2, 16):
        raise ValueError(f"base must be 2 or 16, got {text!r}")
    return whole(text)


# What is printed


def print_json(record: Any) -> None:
    """Print one JSON object."""
    print(json.dumps(record, indent=2, allow_nan=False))


def note(text: str) -> None:
    """Print a line on standard error, if it is open."""
    if sys.stderr is not None:  # print would take None for standard output
        with suppress(BrokenPipeError):
            print(text, file=sys.stderr, flush=True)
