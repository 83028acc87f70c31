"""Functions drawn from a Gaussian law of the outputs: the prior at infinite width, and others.

A function is the sign pattern of h = mean + L z, z standard normal, with L the pivoted Cholesky
factor of the covariance of the outputs that are neither fixed nor multiples of another
(`priorvol.gaussian.GaussianLaw.reduced`). Each draw has a stream of its own, so a table depends on
the seed and the number of draws alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol._kernels import cholesky
from priorvol._kernels import gaussian_functions as kernels
from priorvol.counting import Counter, TSums
from priorvol.gaussian import GaussianLaw
from priorvol.producer import Producer, produce
from priorvol.provenance import Span
from priorvol.rng import check_seed, stream_key
from priorvol.sources import GaussianProcess, PriorSampling
from priorvol.table import FunctionTable
from priorvol.task import Task, check_task

Array = npt.NDArray[np.float64]

MAX_SAMPLES = 1 << 47
_BATCH = 1 << 13


@dataclass(frozen=True, eq=False)
class Factor:
    """A Gaussian law in the kernels' terms: outputs as mean + L z, in units of their deviation.

    Attributes
    ----------
    factor : (k, r) float64
        L, lower trapezoidal, of the k outputs kept, in the order of the pivots.
    mean : (k,) float64
    order : (k,) int64
        Which kept output each row is.
    place : (m,) int64
        The row that input i follows; -1 where its output is fixed.
    sign : (m,) int8
        Whether it follows the row or its opposite; of a fixed output, whether it is above 0.
    n_first : int
        How many of the leading rows are outputs that were to come first.
    """

    factor: Array
    mean: Array
    order: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    sign: npt.NDArray[np.int8]
    n_first: int = 0

    @property
    def rank(self) -> int:
        """Number of independent normals behind the outputs."""
        return int(self.factor.shape[1])

    @property
    def m(self) -> int:
        """Number of inputs."""
        return len(self.place)


def factorise(law: GaussianLaw, *, first: npt.ArrayLike = ()) -> Factor:
    """Return the pivoted Cholesky factor of a law, of exactly its rank.

    Parameters
    ----------
    law : GaussianLaw
    first : sequence of int
        Kept outputs (of ``law.reduced``) whose rows come first, in this order, except that those
        that depend on others before them come after all pivots.

    Returns
    -------
    Factor

    Notes
    -----
    An output whose variance given the pivots is below 8 k eps (k outputs, eps = 2.2e-16) of its own
    is taken to depend on them: rounding leaves no more of it. What is left out moves h by at most
    5e-7 of its standard deviation at k = 128, and so changes a bit in as many draws.

    Examples
    --------
    >>> factorise(GaussianLaw([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 2.0]])).rank
    2
    """
    reduced = law.reduced
    if reduced.law is None:
        empty = np.zeros(0, dtype=np.int64)
        return Factor(np.zeros((0, 0)), np.zeros(0), empty, reduced.index, reduced.sign)
    roots = np.sqrt(np.diag(reduced.law.covariance))
    correlations = reduced.law.covariance / roots[:, None] / roots[None, :]
    np.fill_diagonal(correlations, 1.0)
    k = len(roots)
    columns, order = np.empty((k, k)), np.empty(k, dtype=np.int64)
    wanted = np.array(first, dtype=np.int64)
    tolerance = 8 * k * np.finfo(np.float64).eps
    rank, depending = cholesky.pivoted_cholesky(correlations, wanted, tolerance, columns, order)
    row = np.empty(k, dtype=np.int64)
    row[order] = np.arange(k)
    return Factor(
        factor=np.ascontiguousarray(columns[:rank, order].T),
        mean=(reduced.law.mean / roots)[order],
        order=order,
        place=np.where(reduced.index >= 0, row[reduced.index], -1),
        sign=reduced.sign,
        n_first=len(wanted) - depending,
    )


@lru_cache(maxsize=8)
def task_factor(task: Task) -> Factor:
    """Return the factor of the law of a task's outputs.

    Raises
    ------
    ValueError
        If the outputs are not Gaussian (see `priorvol.infinite.covariance.output_law`).
    """
    from priorvol.infinite.covariance import output_law

    return factorise(output_law(task))


def count_functions(
    factor: Factor, span: Span, purpose: str
) -> tuple[npt.NDArray[np.uint64], TSums]:
    """Draw the functions of a span and count them, in no order.

    Parameters
    ----------
    factor : Factor
    span : Span
        With one output draw.
    purpose : str
        Of the random stream; see `priorvol.rng.stream_key`.

    Returns
    -------
    rows : (k, words + 1) uint64
        Distinct; see `priorvol._kernels.rows`.
    t_sums : tuple
        Counts of T = t, (m + 1,) int64, and None.
    """
    words = bits.n_words(factor.m)
    counter = Counter(factor.m, words, 1)
    keys = np.empty((_BATCH, words), dtype=np.uint64)
    key = stream_key(span.seed, span.output_draws, purpose)
    for block, start, stop in span.blocks():
        for first in range(start, stop, _BATCH):
            count = min(_BATCH, stop - first)
            kernels.sample_functions(
                factor.factor,
                factor.mean,
                factor.place,
                factor.sign,
                key,
                block,
                first,
                count,
                keys,
            )
            counter.add(keys, count)
    return counter.finish()


def law_table(
    law: GaussianLaw,
    *,
    n_samples: int,
    task: Task,
    source: GaussianProcess | PriorSampling,
    seed: int = 0,
    n_jobs: int = -1,
    store: str | Path | None = None,
    progress: bool | None = None,
) -> FunctionTable:
    """Draw functions from a Gaussian law of the outputs and count them.

    The same law, seed and number of draws give the same table, bit for bit, for any number of
    workers and across interruptions.

    Parameters
    ----------
    law : GaussianLaw
        Of the outputs on the task's inputs; it may be singular, and have a mean.
    n_samples : int
        Number of functions drawn. ``1e7`` is accepted.
    task : Task
        What the law is about.
    source : GaussianProcess
        Says which law it is. Tables add up where task and source are equal. (``PriorSampling()``
        says that it is the prior of the task itself; it then has the stream of
        `priorvol.collect`.)
    seed : int
        In [0, 2^64).
    n_jobs : int
        Workers, as in joblib.
    store : path, optional
        Run folder. One that exists is continued.
    progress : bool, optional
        Progress bar on standard error; by default where that is a terminal.

    Returns
    -------
    FunctionTable

    Raises
    ------
    ValueError
        If an argument is out of range or of the wrong type, the law is not about the task's
        inputs, or the folder is of another run.

    Examples
    --------
    >>> from priorvol.architecture import Architecture
    >>> law = GaussianLaw([[1.0, 0.5], [0.5, 1.0]], mean=[1.0, -1.0])
    >>> source = GaussianProcess({"name": "an example"})
    >>> law_table(law, n_samples=1000, task=Task(Architecture(1)), source=source).n_samples
    1000
    """
    if not isinstance(law, GaussianLaw):
        raise ValueError(f"law must be a GaussianLaw, got {type(law).__name__}")
    if law.m != check_task(task).m:
        raise ValueError(f"the law has {law.m} outputs, but the task has m = {task.m} inputs")
    if not isinstance(source, GaussianProcess) and source != PriorSampling():
        raise ValueError(f"source must be a GaussianProcess or PriorSampling(), got {source!r}")
    number = checks.integer("n_samples", n_samples, low=1, high=MAX_SAMPLES)
    producer = Producer(task, source, partial(_count, factorise(law), source.purpose))
    wanted = Span(check_seed(seed), 1, 0, number)
    return produce(producer, wanted, n_jobs=checks.jobs(n_jobs), store=store, progress=progress)


def _count(factor: Factor, purpose: str, span: Span) -> Any:
    return count_functions(factor, span, purpose)
