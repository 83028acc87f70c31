"""P(f) and P(S) by counting draws of the prior.

Draws are looked at a span at a time and only those wanted are kept, so memory does not grow with
the number of draws or of the functions among them.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol.collector import check_span, iter_collect
from priorvol.intervals import grouped_interval
from priorvol.progress import progress_bar
from priorvol.provenance import Span
from priorvol.result import Estimate, Proportions
from priorvol.task import Task, check_task

N_SAMPLES = 1_000_000
"""Draws, unless said otherwise."""

_MOST = 1 << 18  # draws a span: what a worker holds
_FEWEST = 1 << 12


def monte_carlo(
    task: Task,
    functions: Any,
    *,
    n_samples: int = N_SAMPLES,
    seed: int = 0,
    output_draws: int = 1,
    level: float = 0.95,
    n_jobs: int = -1,
    progress: bool | None = None,
) -> list[Estimate]:
    """Return P(f) of some functions by counting them among draws of the prior.

    All functions are looked for in the same draws, which are those of `priorvol.collect` with the
    same task, seed and output draws: the estimates are not independent of one another.

    Parameters
    ----------
    task : Task
    functions : any form of functions on the task's inputs
        See `priorvol.bits.as_words`.
    n_samples, seed, output_draws, n_jobs, progress
        As `priorvol.collect`.
    level : float
        Of the Clopper-Pearson intervals, which allow for groups of output draws.

    Returns
    -------
    list of Estimate
        One a function. Of one never drawn log_p = -inf, with a finite ``high``. ``seconds`` is the
        time of all together.

    Raises
    ------
    ValueError
        As `priorvol.collect`, or if a function is not one on the task's inputs.

    Examples
    --------
    >>> from priorvol import Architecture, Prior
    >>> task = Task(Architecture(2), Prior(sigma_b=0.0))
    >>> estimate, = monte_carlo(task, "0000", n_samples=10_000, n_jobs=1)  # exactly 1/4
    >>> estimate.low < -1.386 < estimate.high
    True
    """
    words, m = bits.as_words(functions, check_task(task).m)
    wanted = check_span(task, n_samples, seed, output_draws)
    level = checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
    n_jobs = checks.jobs(n_jobs)
    start = time.perf_counter()
    sums = np.zeros((2, len(words)), dtype=np.int64)
    total = wanted.size * wanted.output_draws
    bar = progress_bar(total, "draws", delay=1.0, progress=progress)
    spans = _spans(wanted, n_jobs)
    with bar, closing(iter_collect(task, spans, n_jobs=n_jobs)) as tables:
        for table in tables:
            counts, pairs = table.counts, table.group_pairs
            for place, word in enumerate(words):
                row = table.index(word)
                if row is not None:
                    sums[0, place] += counts[row]
                    sums[1, place] += 0 if pairs is None else pairs[row]
            bar.update(table.n_samples)
    found = _proportions(sums, wanted, level)
    seconds = time.perf_counter() - start
    return [
        replace(found.estimate(place, "P(f)", seed=wanted.seed), seconds=seconds)
        for place in range(len(words))
    ]


def _spans(wanted: Span, n_jobs: int) -> list[Span]:
    """Cut a span so that every worker has several and none holds many draws."""
    from joblib import effective_n_jobs

    share = wanted.size // (4 * effective_n_jobs(n_jobs)) + 1
    least, most = (max(number // wanted.output_draws, 1) for number in (_FEWEST, _MOST))
    step = min(max(share, least), most)
    ends = [*range(wanted.start, wanted.stop, step), wanted.stop]
    return [replace(wanted, start=a, stop=b) for a, b in pairwise(ends)]


def _proportions(sums: npt.NDArray[np.int64], wanted: Span, level: float) -> Proportions:
    draws = wanted.output_draws
    low, high, effect = grouped_interval(
        sums[0],
        sums[1] if draws > 1 else None,
        n_groups=wanted.size,
        draws=draws,
        level=level,
    )
    return Proportions(
        counts=sums[0],
        p=sums[0] / (wanted.size * draws),
        low=low,
        high=high,
        inflation=effect,
        n_samples=wanted.size * draws,
        level=level,
        interval="clopper-pearson",
    )
