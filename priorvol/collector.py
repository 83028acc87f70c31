"""Prior sampling: many spans of networks, and what a run will take."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from priorvol import checks
from priorvol.producer import Producer, each, pilot, produce
from priorvol.provenance import Span
from priorvol.rng import check_seed
from priorvol.sampler import check_sampling, count_span
from priorvol.sources import PriorSampling
from priorvol.table import FunctionTable
from priorvol.task import Task

MAX_SAMPLES = 1 << 47


def collect(
    task: Task,
    *,
    n_samples: int,
    seed: int = 0,
    output_draws: int = 1,
    n_jobs: int = -1,
    store: str | Path | None = None,
    progress: bool | None = None,
) -> FunctionTable:
    """Draw networks from the prior and count the functions that they compute.

    At infinite width the outputs are Gaussian (1711.00165), and functions are drawn from that law.

    The same task, seed, output draws and number of samples give the same table, bit for bit, for
    any number of workers and across interruptions. Networks with hidden layers are computed with
    exactly rounded operations in a fixed order, whatever the processor; for perceptrons
    processors may differ in the last bit of a weight, which shows only where an output is within
    rounding of 0. At infinite width they may differ in the last bit of the covariance, which shows
    as rarely.

    Parameters
    ----------
    task : Task
    n_samples : int
        Number of functions drawn; a multiple of ``output_draws``. ``1e7`` is accepted.
    seed : int
        In [0, 2^64).
    output_draws : int
        R output layers for each draw of the hidden layers. The functions of one such group are
        correlated; intervals take that into account. 1 at infinite width, where draws are
        independent anyway.
    n_jobs : int
        Workers, as in joblib: -1 is one a core. Threads, unless ``joblib.parallel_config`` says
        otherwise.
    store : path, optional
        Run folder. One that exists is continued: what it holds is not drawn again.
    progress : bool, optional
        Progress bar on standard error; by default where that is a terminal.

    Returns
    -------
    FunctionTable

    Raises
    ------
    ValueError
        If an argument is out of range, a perceptron or an infinite network is asked for several
        output draws, the prior leads out of single precision or has no Gaussian limit at infinite
        width, or the folder is of another run or holds more samples than asked for.

    Examples
    --------
    >>> from priorvol import Architecture, Prior, Task, collect
    >>> task = Task(Architecture(n_inputs=3, hidden=(8,)), Prior(sigma_b=0.0))
    >>> table = collect(task, n_samples=10_000, seed=1)
    >>> table.n_samples, table.probability("0" * 8).p > 1 / 8
    (10000, True)
    """
    wanted = check_span(task, n_samples, seed, output_draws)
    producer = _producer(task, wanted.output_draws)
    return produce(producer, wanted, n_jobs=checks.jobs(n_jobs), store=store, progress=progress)


def iter_collect(
    task: Task, spans: list[Span], *, n_jobs: int = -1
) -> Generator[FunctionTable, None, None]:
    """Yield the table of each span as it is done, in any order.

    Parameters
    ----------
    task : Task
    spans : list of Span
        Disjoint; see `priorvol.provenance.Span`.
    n_jobs : int
        Workers, as in joblib.

    Raises
    ------
    ValueError
        If the number of workers is 0 or the task cannot be sampled.

    Examples
    --------
    >>> from priorvol import Architecture, Task
    >>> task = Task(Architecture(2, (4,)))
    >>> sum(len(t) > 0 for t in iter_collect(task, [Span(0, 1, 0, 50), Span(0, 1, 50, 99)]))
    2
    """
    n_jobs = checks.jobs(n_jobs)
    for span in spans:
        check_sampling(task, span.output_draws)
    producers = {draws: _producer(task, draws) for draws in {span.output_draws for span in spans}}
    yield from each(lambda span: producers[span.output_draws].table(span), spans, n_jobs)


def _producer(task: Task, draws: int) -> Producer:
    unit = "networks" if draws == 1 else "functions"
    return Producer(task, PriorSampling(draws), partial(count_span, task), unit)


def check_span(task: Any, n_samples: Any, seed: Any, output_draws: Any) -> Span:
    """Return the span of groups that a call asks for, or raise ``ValueError``."""
    draws = check_sampling(task, output_draws)
    number = checks.integer("n_samples", n_samples, low=1, high=MAX_SAMPLES)
    if number % draws:
        raise ValueError(
            f"n_samples must be a multiple of output_draws = {draws}, got {number} "
            f"(try {math.ceil(number / draws) * draws})"
        )
    return Span(check_seed(seed), draws, 0, number // draws)


@dataclass(frozen=True)
class Forecast:
    """What a run is expected to take.

    Attributes
    ----------
    rate : float
        Functions drawn and counted a second, all workers together.
    seconds : float
    n_functions : float
        Upper estimate of the number of distinct functions.
    n_bytes : float
        Upper estimate of peak memory for the table.
    """

    rate: float
    seconds: float
    n_functions: float
    n_bytes: float


def forecast(task: Task, *, n_samples: int, output_draws: int = 1, n_jobs: int = -1) -> Forecast:
    """Return the expected time and memory of a run, from a pilot of about a tenth of a second.

    The number of distinct functions is bounded by the pilot's plus its Good-Turing missing mass
    for each further draw, which only falls as more is seen.

    Raises
    ------
    ValueError
        As `collect`.

    Examples
    --------
    >>> from priorvol import Architecture, Task
    >>> forecast(Task(Architecture(3, (8,))), n_samples=10**6).seconds > 0
    True
    """
    from joblib import cpu_count, effective_n_jobs

    wanted = check_span(task, n_samples, 0, output_draws)
    workers = min(effective_n_jobs(checks.jobs(n_jobs)), cpu_count(), wanted.size)
    rate, drawn = pilot(_producer(task, wanted.output_draws))
    rate *= max(workers, 1)
    total = wanted.size * wanted.output_draws
    further = max(total - drawn.n_samples, 0)
    most = float(2.0 ** min(task.m, 1000))
    distinct = min(len(drawn) + drawn.missing_mass().p * further, float(total), most)
    row = 8 * drawn.rows.shape[1]
    return Forecast(rate, total / rate, distinct, 2.5 * distinct * row)
