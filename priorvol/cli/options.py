"""Options that several verbs share, and how their values are read."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

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


def whole(text: str) -> int:
    """Read a whole number such as 1000, 1e7 or 10_000."""
    try:
        return checks.integer("number", int(text) if _plain(text) else _exact(text))
    except (ValueError, InvalidOperation):
        raise argparse.ArgumentTypeError(f"a whole number is wanted, got {text!r}") from None


def _plain(text: str) -> bool:
    return text.replace("_", "").lstrip("+-").isdigit()


def _exact(text: str) -> int:
    number = Decimal(text)
    if not number.is_finite() or number != number.to_integral_value() or abs(number) > 1 << 70:
        raise ValueError(text)
    return int(number)


def comma(read: Callable[[str], T]) -> Callable[[str], T | tuple[T, ...]]:
    """Return a reader of one value or several with commas between."""

    def reader(text: str) -> T | tuple[T, ...]:
        values = tuple(read(part.strip()) for part in text.split(","))
        return values[0] if len(values) == 1 else values

    reader.__name__ = getattr(read, "__name__", "value")
    return reader


def widths(text: str) -> tuple[int | float, ...]:
    """Read hidden widths: ``40,40``, ``inf,inf`` or ``none``."""
    if text.strip().lower() in ("none", ""):
        return ()
    parts = [part.strip() for part in text.split(",")]
    return tuple(math.inf if part == "inf" else whole(part) for part in parts)


def shift(text: str) -> float | str:
    """Read a number or ``zero-mean``."""
    try:
        return float(text)
    except ValueError:
        return text


def names(text: str) -> tuple[str, ...]:
    """Read names with commas between."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def add_task(parser: argparse.ArgumentParser) -> None:
    """Add the options that make a task."""
    net = parser.add_argument_group("network")
    net.add_argument("--n-inputs", type=whole, help="inputs of the network")
    net.add_argument("--hidden", type=widths, help="hidden widths, such as 40,40; none: perceptron")
    net.add_argument("--activation", default="relu", help=", ".join(ACTIVATIONS) + " (relu)")
    net.add_argument("--shift", type=shift, default=0.0, help="added to phi; or zero-mean (0)")
    net.add_argument("--slope", type=float, default=LEAKY_SLOPE, help="of leaky_relu (0.01)")
    law = parser.add_argument_group("prior; one value, or one a layer with commas between")
    law.add_argument("--sigma-w", type=comma(float), default=1.0, help="of the weights (1)")
    law.add_argument("--sigma-b", type=comma(float), default=1.0, help="of the biases (1); 0: none")
    for option, known in (
        ("distribution", DISTRIBUTIONS),
        ("weight-scaling", WEIGHT_SCALINGS),
        ("bias-scaling", BIAS_SCALINGS),
    ):
        text = f"{' or '.join(known)} ({known[0]})"
        law.add_argument(f"--{option}", type=comma(str), default=known[0], help=text)
    points = parser.add_argument_group("inputs")
    points.add_argument(
        "--encoding", default="01", help=f"of the cube: {', '.join(ENCODINGS)} (01)"
    )
    points.add_argument(
        "--inputs", help="instead of the cube: a .csv, .npz or .npy file, or digits"
    )
    points.add_argument("--key", help="array of the .npz file")
    points.add_argument("--task", help="instead of all these: a task's JSON file")


def has_task(options: argparse.Namespace) -> bool:
    """Whether any of the options that name a task was given."""
    return any(getattr(options, name) is not None for name in ("n_inputs", "inputs", "task"))


def read_task(options: argparse.Namespace) -> Task:
    """Return the task that the options of `add_task` describe."""
    if options.task is not None:
        return _task_file(Path(options.task))
    inputs = _inputs(options)
    if options.hidden is None:
        raise ValueError("--hidden is missing: widths such as 40,40, or none for a perceptron")
    if options.n_inputs is not None and inputs.n != options.n_inputs:
        raise ValueError(f"--n-inputs is {options.n_inputs}, but the inputs have {inputs.n}")
    architecture = Architecture(
        inputs.n, options.hidden, options.activation, options.shift, options.slope
    )
    prior = Prior(
        options.sigma_w,
        options.sigma_b,
        options.distribution,
        options.weight_scaling,
        options.bias_scaling,
    )
    return Task(architecture, prior, inputs)


def _inputs(options: argparse.Namespace) -> Inputs:
    if options.inputs is None:
        if options.n_inputs is None:
            raise ValueError("--n-inputs is missing (or --inputs, or --task)")
        return boolean_cube(options.n_inputs, options.encoding)
    if options.inputs == "digits":
        return digits_inputs()
    suffix = Path(options.inputs).suffix
    checks.choice("--inputs file type", suffix, (".csv", ".npz", ".npy"))
    if suffix == ".csv":
        return csv_inputs(options.inputs)
    return npz_inputs(options.inputs, options.key)


def _task_file(path: Path) -> Task:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot read a task from {path}: {error}") from None
    return Task.from_json(record)


def add_interval(parser: argparse.ArgumentParser) -> None:
    """Add the options of intervals."""
    parser.add_argument("--level", type=float, default=0.95, help="of the intervals (0.95)")
    text = f"{' or '.join(INTERVALS)} (clopper-pearson)"
    parser.add_argument("--interval", default="clopper-pearson", help=text)


def add_base(parser: argparse.ArgumentParser) -> None:
    """Add the option of how functions are written."""
    text = "write functions in bits (2) or hexadecimal (16); by default bits up to 32 inputs"
    parser.add_argument("--base", type=whole, default=None, help=text)


def print_json(record: Any) -> None:
    """Print one JSON object."""
    print(json.dumps(record, indent=2, allow_nan=False))
