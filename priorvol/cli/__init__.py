"""The command line: one file a verb, each of which calls the package and prints.

Data go to standard output; progress, forecasts and errors to standard error. Exit codes: 0, 2 for
bad input, 1 for a failure at run time, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import priorvol
from priorvol.cli import collect, complexity, export, importing, plot, show

_VERBS = (collect, show, complexity, plot, export, importing)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Examples
    --------
    >>> main(["show", "no/such/run"])
    2
    """
    parser = build_parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as stop:  # argparse has printed its message
        return int(stop.code or 0)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        options.run(options)
        sys.stdout.flush()
    except ValueError as error:
        return _fail(str(error), 2)
    except KeyboardInterrupt:
        return _fail(f"interrupted{getattr(options, 'after_interrupt', '')}", 130)
    except BrokenPipeError:  # the reader, such as head, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, ImportError) as error:
        return _fail(str(error), 1)
    except MemoryError:
        return _fail("out of memory", 1)
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with every verb.

    Examples
    --------
    >>> build_parser().prog
    'priorvol'
    """
    parser = argparse.ArgumentParser(
        prog="priorvol",
        description="How much of a neural network's parameter space computes each function.",
        epilog="priorvol VERB --help shows a verb's options and an example.",
    )
    parser.add_argument("--version", action="version", version=f"priorvol {priorvol.__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in _VERBS:
        verb.add_parser(verbs)
    return parser


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _fail(message: str, code: int) -> int:
    print(f"priorvol: error: {message}", file=sys.stderr)
    return code
