"""The command line: one file a verb, each of which calls the package and prints.

Data go to standard output; progress, forecasts and errors to standard error. Exit codes: 0, 2 for
bad input, 1 for a failure at run time, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import priorvol
from priorvol.cli import (
    atlas,
    bias,
    bound,
    collect,
    compare,
    complexity,
    correlation,
    distribution,
    estimate,
    experiment,
    export,
    importing,
    plot,
    posterior,
    rare,
    show,
    sweep,
    train,
)
from priorvol.cli import options as shared

_VERBS = (
    collect,
    posterior,
    train,
    sweep,
    show,
    estimate,
    bound,
    compare,
    experiment,
    complexity,
    bias,
    distribution,
    rare,
    correlation,
    atlas,
    plot,
    export,
    importing,
)
_EXAMPLE = """\
  priorvol collect --n-inputs 7 --hidden 40,40 --samples 1e6 --out runs/a
  priorvol show runs/a
  priorvol plot rank runs/a --out rank.png

priorvol VERB --help shows a verb's options and examples."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Examples
    --------
    >>> main(["show", "no/such/run"])
    2
    """
    options = argparse.Namespace(after_interrupt="")
    with _sigterm_interrupts():
        try:
            build_parser().parse_args(arguments, options)
            options.run(options)
            _flush()
        except SystemExit as stop:  # argparse has printed its message or its help
            return _leave(int(stop.code or 0))
        except ValueError as error:
            return _fail(str(error), 2)
        except KeyboardInterrupt:
            return _fail(f"interrupted{options.after_interrupt}", 130)
        except BrokenPipeError:
            return _leave(0)
        except (OSError, ImportError, RuntimeError) as error:
            return _fail(_reason(error), 1)
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
    parser = shared.Parser(
        prog="priorvol",
        description="How much of a neural network's parameter space computes each function.",
        epilog=f"example:\n{_EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"priorvol {priorvol.__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in _VERBS:
        verb.add_parser(verbs)
    return parser


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Make SIGTERM act like Ctrl-C inside the block; handlers belong to the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _flush() -> None:
    if sys.stdout is not None:  # it is None where the caller closed it
        sys.stdout.flush()


def _leave(code: int) -> int:
    """Return ``code``; drop what cannot be printed because the reader, such as head, has gone."""
    try:
        _flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _fail(message: str, code: int) -> int:
    shared.note(f"priorvol: error: {' '.join(message.split())}")
    return code


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__
