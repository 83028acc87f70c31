"""Many spans of samples in parallel, with progress, merging and saving."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from priorvol import checks
from priorvol.progress import progress_bar
from priorvol.provenance import PriorSampling, Provenance, Span
from priorvol.rng import BLOCK, check_seed
from priorvol.rows import Counts, Rows, Words
from priorvol.sampler import TSums, check_sampling, count_span, sample_span
from priorvol.table import FunctionTable
from priorvol.task import Task

if TYPE_CHECKING:
    from priorvol.store import RunWriter

T = TypeVar("T")

MAX_SAMPLES = 1 << 47
_SPAN_SECONDS = 1.0
_PILE = 1 << 22  # rows that may wait to be sorted
_SPAN_DRAWS = 1 << 20  # at most: what a worker's hash table is to hold


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

    The same task, seed, output draws and number of samples give the same table, bit for bit, for
    any number of workers and across interruptions. Networks with hidden layers are computed with
    exactly rounded operations in a fixed order, whatever the processor; for perceptrons
    processors may differ in the last bit of a weight, which shows only where an output is within
    rounding of 0.

    Parameters
    ----------
    task : Task
        Of finite width.
    n_samples : int
        Number of functions drawn; a multiple of ``output_draws``. ``1e7`` is accepted.
    seed : int
        In [0, 2^64).
    output_draws : int
        R output layers for each draw of the hidden layers. The functions of one such group are
        correlated; intervals take that into account.
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
        If an argument is out of range, the widths are infinite, a perceptron is asked for several
        output draws, the prior leads out of single precision, or the folder is of another run or
        holds more samples than asked for.

    Examples
    --------
    >>> from priorvol import Architecture, Prior, Task, collect
    >>> task = Task(Architecture(n_inputs=3, hidden=(8,)), Prior(sigma_b=0.0))
    >>> table = collect(task, n_samples=10_000, seed=1)
    >>> table.n_samples, table.probability("0" * 8).p > 1 / 8
    (10000, True)
    """
    wanted = check_span(task, n_samples, seed, output_draws)
    n_jobs = checks.jobs(n_jobs)
    with ExitStack() as stack:
        writer: RunWriter | None = None
        held = Provenance()
        if store is not None:
            from priorvol.store import RunWriter

            source = PriorSampling(wanted.output_draws)
            writer = stack.enter_context(
                RunWriter(store, task=task, source=source, seed=wanted.seed)
            )
            held = writer.provenance
            _refuse_more(held, wanted, store)
        bar = stack.enter_context(_bar(wanted, held, progress))
        spans = _spans(task, wanted, held)
        if writer is None:
            pile = _Pile(task, len(spans), n_jobs)
            for counted in stack.enter_context(closing(_each(count_span, task, spans, n_jobs))):
                pile.add(*counted)
                bar.update(int(counted[1][0].sum()))
            return pile.table(wanted)
        for table in stack.enter_context(closing(iter_collect(task, spans, n_jobs=n_jobs))):
            writer.add(table)
            bar.update(table.n_samples)
        return writer.finish()


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
    yield from _each(sample_span, task, spans, n_jobs)


def _each(
    function: Callable[[Task, Span], T], task: Task, spans: list[Span], n_jobs: int
) -> Generator[T, None, None]:
    """Yield function(task, span) for each span as it is done."""
    from joblib import Parallel, delayed

    n_jobs = min(n_jobs, max(len(spans), 1))
    if n_jobs == 1 or len(spans) <= 1:
        for span in spans:
            yield function(task, span)
        return
    parallel = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator_unordered")
    results: Any = parallel(delayed(function)(task, span) for span in spans)
    try:
        for result in results:  # noqa: UP028  # yield from would close them before the finally
            yield result
    finally:
        with warnings.catch_warnings():  # joblib warns of what is given up here on purpose
            warnings.simplefilter("ignore", UserWarning)
            results.close()


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
    rate, pilot = _pilot(task, wanted.output_draws)
    rate *= max(workers, 1)
    total = wanted.size * wanted.output_draws
    further = max(total - pilot.n_samples, 0)
    most = float(2.0 ** min(task.m, 1000))
    distinct = min(len(pilot) + pilot.missing_mass().p * further, float(total), most)
    row = 8 * pilot.rows.shape[1]
    return Forecast(rate, total / rate, distinct, 2.5 * distinct * row)


def _pilot(task: Task, draws: int, seconds: float = 0.1) -> tuple[float, FunctionTable]:
    """Return the rate of one worker and a table of up to about ``seconds`` of samples."""
    sample_span(task, Span(0, draws, 0, 1))  # compiles
    groups = 1
    while True:
        start = time.perf_counter()
        table = sample_span(task, Span(0, draws, 0, groups))
        elapsed = time.perf_counter() - start
        if elapsed > seconds / 4 or groups >= BLOCK:
            start = time.perf_counter()  # once more: the first time touched new memory
            sample_span(task, Span(0, draws, 0, groups))
            return table.n_samples / min(elapsed, time.perf_counter() - start), table
        groups *= 4


def _spans(task: Task, wanted: Span, held: Provenance) -> list[Span]:
    """Cut what is not held yet into spans of about a second of work."""
    gaps = held.gaps(wanted)
    if not gaps:
        return []
    rate, _ = _pilot(task, wanted.output_draws, seconds=0.02)
    groups = max(int(rate * _SPAN_SECONDS / wanted.output_draws), 1)
    size = 1 << min(groups, max(_SPAN_DRAWS // wanted.output_draws, 1)).bit_length() - 1
    spans = []
    for gap in gaps:
        start = gap.start
        while start < gap.stop:
            stop = min(start - start % size + size, gap.stop)
            spans.append(Span(gap.seed, gap.output_draws, start, stop, gap.stream_version))
            start = stop
    return spans


def _refuse_more(held: Provenance, wanted: Span, store: str | Path) -> None:
    groups = sum(span.size for span in held.spans)
    inside = wanted.size - sum(gap.size for gap in held.gaps(wanted))
    if groups > inside:
        raise ValueError(
            f"{store} holds {groups * wanted.output_draws:,} samples, more than n_samples = "
            f"{wanted.size * wanted.output_draws:,}: ask for as many, or name another folder"
        )


def _bar(wanted: Span, held: Provenance, progress: bool | None) -> Any:
    draws = wanted.output_draws
    done = wanted.size - sum(gap.size for gap in held.gaps(wanted))
    unit = "networks" if draws == 1 else "functions"
    return progress_bar(wanted.size * draws, unit, initial=done * draws, progress=progress)


class _Pile:
    """Rows waiting, unsorted, to be added to those sorted already."""

    def __init__(self, task: Task, n_spans: int, n_jobs: int) -> None:
        self._task, self._n_spans, self._n_jobs = task, n_spans, n_jobs
        self._waiting = np.empty((0, 0), dtype=np.uint64)
        self._n_waiting = 0
        self._done: Rows | None = None
        self._t_sums: list[Counts] = []

    def add(self, rows: Words, t_sums: TSums) -> None:
        """Put one span's rows on the pile; sort it once it outgrows what is sorted."""
        stop = self._n_waiting + len(rows)
        if stop > len(self._waiting):
            self._make_room(stop, rows)
        self._waiting[self._n_waiting : stop] = rows
        self._n_waiting = stop
        sums = [one for one in t_sums if one is not None]
        before = self._t_sums or [np.zeros_like(one) for one in sums]
        self._t_sums = [a + b for a, b in zip(before, sums, strict=True)]
        if self._n_waiting > max(_PILE, len(self._done or ())):
            self._settle()

    def table(self, wanted: Span) -> FunctionTable:
        """Return the table of everything."""
        self._settle()
        assert self._done is not None  # a run has at least one draw
        return FunctionTable.from_rows(
            self._done.array,
            task=self._task,
            m=self._task.m,
            source=PriorSampling(wanted.output_draws),
            provenance=Provenance((wanted,)),
            n_samples=wanted.size * wanted.output_draws,
            t_sums=(self._t_sums[0], self._t_sums[1] if len(self._t_sums) > 1 else None),
        )

    def _make_room(self, needed: int, rows: Words) -> None:
        """Take room for all spans if they are like this one; memory not written costs nothing."""
        likely = min(len(rows) * self._n_spans * 9 // 8, _PILE + len(rows))
        larger = np.empty((max(likely, 2 * needed), rows.shape[1]), dtype=np.uint64)
        if self._n_waiting:
            larger[: self._n_waiting] = self._waiting[: self._n_waiting]
        self._waiting = larger

    def _settle(self) -> None:
        if self._n_waiting:
            array = self._waiting[: self._n_waiting]
            rows = Rows.settled(array, self._task.m, n_jobs=self._n_jobs)
            self._waiting, self._n_waiting = self._waiting[:0], 0
            if self._done is not None:
                self._done = self._done + rows
            elif 2 * len(rows) < len(array):
                self._done = Rows(rows.array.copy(), rows.m)
            else:
                self._done = rows
