"""Options that say a training set, shared by several verbs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from priorvol.cli import options as shared
from priorvol.task import Task

if TYPE_CHECKING:
    from priorvol.training_set import TrainingSet

NAMES = ("train", "target", "training_set")
"""The options, as attributes."""


def add_training_set(parser: argparse._ActionsContainer, about: str = "") -> None:
    """Add the options; ``about`` comes before their help."""
    text = f"{about}inputs of the training set S, such as 0,5,8-15; their labels are --target's"
    parser.add_argument("--train", type=indices, metavar="INDICES", help=text)
    text = "function on all inputs that labels those of --train"
    parser.add_argument("--target", metavar="BITS", help=text)
    text = f"{about}JSON file of TrainingSet.to_json(), instead of --train and --target"
    parser.add_argument("--training-set", type=shared.path, metavar="FILE", help=text)


def check_training_set(options: argparse.Namespace) -> None:
    """Refuse what does not fit together."""
    if options.training_set is not None and len(shared.given(options, NAMES)) > 1:
        raise ValueError("--training-set takes the place of --train and --target")
    if (options.train is None) != (options.target is None):
        raise ValueError(
            "--train and --target go together: inputs, and a function that labels them"
        )


def read_training_set(options: argparse.Namespace, task: Task) -> TrainingSet:
    """Return the training set that the options describe."""
    from priorvol.training_set import TrainingSet

    if options.training_set is None:
        return TrainingSet.of_function(options.target, options.train, m=task.m)
    return read_file(options.training_set, task.m)


def read_file(file: Path, m: int) -> TrainingSet:
    """Return the training set of a JSON file, whose indices lie in m inputs."""
    from priorvol.training_set import TrainingSet

    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return TrainingSet.from_json(record).check(m)
    except OSError as error:
        raise ValueError(f"cannot read a training set from {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"cannot read a training set from {file}: {error}") from None


@shared.reader
def indices(text: str) -> list[int]:
    """Read indices such as ``0,5,8-15``."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"indices such as 0,5,8-15 are wanted, got {text!r:.80}")
        start, stop = int(first), int(last if dash else first)
        if stop < start or stop - start > 1 << 20:
            raise ValueError(f"indices rise, and are at most 2^20 in a range: got {part!r:.80}")
        found += range(start, stop + 1)
    return found
