"""`Producer`: what draws functions; many spans of it in parallel, merged and saved."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from priorvol import bits
from priorvol._kernels import rows as row_kernels
from priorvol.counting import TSums
from priorvol.progress import progress_bar
from priorvol.provenance import Provenance, Span
from priorvol.rng import BLOCK
from priorvol.rows import Counts, Rows, Words
from priorvol.sources import Source
from priorvol.table import FunctionTable
from priorvol.task import Task

if TYPE_CHECKING:
    from priorvol.store import RunWriter

S = TypeVar("S")
T = TypeVar("T")

_SPAN_SECONDS = 1.0
_PILE = 1 << 22  # rows that may wait to be sorted
SPAN_DRAWS = 1 << 20
"""Draws of a span at most: what a worker's hash table is to hold."""


@dataclass(frozen=True)
class Producer:
    """Something that draws the functions of any span of a random stream.

    Parameters
    ----------
    task : Task
    source : Source
        How the draws are made; its ``output_draws`` are the draws of one group.
    count : callable
        Takes a `Span` and returns its distinct functions with their counts, in no order (see
        `priorvol._kernels.rows`), and the sums for T. What it returns depends on the span alone.
    unit : str
        What is counted on the progress bar.
    number : str
        The argument that says how many draws are wanted, for messages.
    longest : int
        Draws of a span at most.

    Examples
    --------
    >>> from functools import partial
    >>> from priorvol.architecture import Architecture
    >>> from priorvol.sources import PriorSampling
    >>> from priorvol.sampler import count_span
    >>> task = Task(Architecture(3, (8,)))
    >>> producer = Producer(task, PriorSampling(), partial(count_span, task))
    >>> producer.table(Span(0, 1, 0, 1000)).n_samples
    1000
    """

    task: Task
    source: Source
    count: Callable[[Span], tuple[Words, TSums]]
    unit: str = "functions"
    number: str = "n_samples"
    longest: int = SPAN_DRAWS

    def table(self, span: Span) -> FunctionTable:
        """Return the table of one span."""
        rows, t_sums = self.count(span)
        row_kernels.sort_rows(rows, bits.n_words(self.task.m))
        return self.table_of(rows, span, t_sums)

    def table_of(self, rows: Words, span: Span, t_sums: TSums) -> FunctionTable:
        """Return the table of sorted rows."""
        return FunctionTable.from_rows(
            rows,
            task=self.task,
            m=self.task.m,
            source=self.source,
            provenance=Provenance((span,)),
            n_samples=int(t_sums[0].sum()),
            t_sums=t_sums,
        )

    def counted(self, span: Span) -> tuple[int, tuple[Words, TSums]]:
        """Return the number of draws of one span, and what ``count`` returns."""
        return span.size * span.output_draws, self.count(span)

    def tabled(self, span: Span) -> tuple[int, FunctionTable]:
        """Return the number of draws of one span, and its table."""
        return span.size * span.output_draws, self.table(span)


def produce(
    producer: Producer,
    wanted: Span,
    *,
    n_jobs: int,
    store: str | Path | None = None,
    progress: bool | None = None,
) -> FunctionTable:
    """Draw the groups of a span, by several workers, and return or save their table.

    The table is the same, bit for bit, for any number of workers and across interruptions.

    Parameters
    ----------
    producer : Producer
    wanted : Span
    n_jobs : int
        Workers, as in joblib.
    store : path, optional
        Run folder. One that exists is continued: what it holds is not drawn again.
    progress : bool, optional
        Progress bar on standard error; by default where that is a terminal.

    Raises
    ------
    ValueError
        If the folder is of another run or holds more draws than wanted.
    """
    with ExitStack() as stack:
        writer: RunWriter | None = None
        held = Provenance()
        if store is not None:
            from priorvol.store import RunWriter

            writer = stack.enter_context(
                RunWriter(store, task=producer.task, source=producer.source, seed=wanted.seed)
            )
            held = writer.provenance
            _refuse_more(producer, held, wanted, store)
        bar = stack.enter_context(_bar(producer, wanted, held, progress))
        spans = cut_spans(producer, wanted, held)
        if writer is None:
            pile = _Pile(producer, len(spans), n_jobs)
            for n, counted in stack.enter_context(closing(each(producer.counted, spans, n_jobs))):
                pile.add(*counted)
                bar.update(n)
            return pile.table(wanted)
        for n, table in stack.enter_context(closing(each(producer.tabled, spans, n_jobs))):
            writer.add(table)
            bar.update(n)
        return writer.finish()


def each(function: Callable[[S], T], spans: list[S], n_jobs: int) -> Generator[T, None, None]:
    """Yield function(span) for each span, or other piece of work, as it is done, in any order."""
    from joblib import Parallel, delayed

    n_jobs = min(n_jobs, max(len(spans), 1))
    if n_jobs == 1 or len(spans) <= 1:
        for span in spans:
            yield function(span)
        return
    parallel = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator_unordered")
    results: Any = parallel(delayed(function)(span) for span in spans)
    try:
        for result in results:  # noqa: UP028  # yield from would close them before the finally
            yield result
    finally:
        with warnings.catch_warnings():  # joblib warns of what is given up here on purpose
            warnings.simplefilter("ignore", UserWarning)
            results.close()


def pilot(producer: Producer, seconds: float = 0.1) -> tuple[float, FunctionTable]:
    """Return the rate of one worker and a table of up to about ``seconds`` of draws."""
    draws = producer.source.output_draws
    producer.table(Span(0, draws, 0, 1))  # compiles
    groups = 1
    while True:
        start = time.perf_counter()
        table = producer.table(Span(0, draws, 0, groups))
        elapsed = time.perf_counter() - start
        if elapsed > seconds / 4 or groups >= BLOCK:
            start = time.perf_counter()  # once more: the first time touched new memory
            producer.table(Span(0, draws, 0, groups))
            return groups * draws / min(elapsed, time.perf_counter() - start), table
        groups *= 4


def cut_spans(producer: Producer, wanted: Span, held: Provenance) -> list[Span]:
    """Cut what is not held yet into spans of about a second of work."""
    gaps = held.gaps(wanted)
    if not gaps:
        return []
    rate, _ = pilot(producer, seconds=0.02)
    groups = max(int(rate * _SPAN_SECONDS / wanted.output_draws), 1)
    size = 1 << min(groups, max(producer.longest // wanted.output_draws, 1)).bit_length() - 1
    spans = []
    for gap in gaps:
        start = gap.start
        while start < gap.stop:
            stop = min(start - start % size + size, gap.stop)
            spans.append(Span(gap.seed, gap.output_draws, start, stop, gap.stream_version))
            start = stop
    return spans


def _refuse_more(producer: Producer, held: Provenance, wanted: Span, store: str | Path) -> None:
    groups = sum(span.size for span in held.spans)
    inside = wanted.size - sum(gap.size for gap in held.gaps(wanted))
    if groups > inside:
        raise ValueError(
            f"{store} holds {groups * wanted.output_draws:,} samples, more than "
            f"{producer.number} = {wanted.size * wanted.output_draws:,}: ask for as many, or name "
            "another folder"
        )


def _bar(producer: Producer, wanted: Span, held: Provenance, progress: bool | None) -> Any:
    draws = wanted.output_draws
    done = wanted.size - sum(gap.size for gap in held.gaps(wanted))
    return progress_bar(wanted.size * draws, producer.unit, initial=done * draws, progress=progress)


class _Pile:
    """Rows waiting, unsorted, to be added to those sorted already."""

    def __init__(self, producer: Producer, n_spans: int, n_jobs: int) -> None:
        self._producer, self._n_spans, self._n_jobs = producer, n_spans, n_jobs
        self._waiting = np.empty((0, 0), dtype=np.uint64)
        self._n_waiting = 0
        self._done: Rows | None = None
        self._none = self._waiting
        self._t_sums: list[Counts] = []

    def add(self, rows: Words, t_sums: TSums) -> None:
        """Put one span's rows on the pile; sort it once it outgrows what is sorted."""
        if len(rows):
            stop = self._n_waiting + len(rows)
            if stop > len(self._waiting):
                self._make_room(stop, rows)
            self._waiting[self._n_waiting : stop] = rows
            self._n_waiting = stop
        else:
            self._none = rows
        sums = [one for one in t_sums if one is not None]
        before = self._t_sums or [np.zeros_like(one) for one in sums]
        self._t_sums = [a + b for a, b in zip(before, sums, strict=True)]
        if self._n_waiting > max(_PILE, len(self._done or ())):
            self._settle()

    def table(self, wanted: Span) -> FunctionTable:
        """Return the table of everything."""
        self._settle()
        rows = self._none if self._done is None else self._done.array
        pairs = self._t_sums[1] if len(self._t_sums) > 1 else None
        return self._producer.table_of(rows, wanted, (self._t_sums[0], pairs))

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
            rows = Rows.settled(array, self._producer.task.m, n_jobs=self._n_jobs)
            self._waiting, self._n_waiting = self._waiting[:0], 0
            if self._done is not None:
                self._done = self._done + rows
            elif 2 * len(rows) < len(array):
                self._done = Rows(rows.array.copy(), rows.m)
            else:
                self._done = rows
