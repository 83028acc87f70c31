"""Rejection from the prior: networks whose functions fit a training set.

The networks are those that `priorvol.collect` draws with the same seed and output draws, and the
functions kept are exactly those among theirs that fit; output draws in planes (`priorvol.planes`)
have streams of their own. A network is first computed on the training set's inputs; the other
inputs are computed only if it fits there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol._kernels import networks
from priorvol._kernels import rejection as kernels
from priorvol._kernels import rows as row_kernels
from priorvol._kernels.networks import Workspace
from priorvol.counting import Counter, TSums
from priorvol.intervals import grouped_interval
from priorvol.planes import can_turn, check_planes, draw_in_planes
from priorvol.producer import SPAN_DRAWS, Producer, pilot
from priorvol.provenance import Span
from priorvol.result import Estimate, Proportions
from priorvol.rng import stream_key
from priorvol.sampler import check_sampling, compile_task
from priorvol.screening import Screen, screen_for, sharing
from priorvol.sources import PosteriorSampling
from priorvol.table import FunctionTable
from priorvol.task import Task
from priorvol.training_set import TrainingSet

FEWEST_PER_HOUR = 0.01
"""Expected acceptances an hour below which nothing is drawn."""

_MAX_PROPOSALS = 1 << 47
_BATCH = 1 << 13
_TRIED = 1 << 12
_WHOLE_ABOVE = 0.25  # where a larger share fits, computing all inputs at once is as fast
_ADVICE = "draw at infinite width (hidden = (inf, ...)), or label fewer inputs"


def rejection_producer(
    task: Task,
    training_set: TrainingSet,
    *,
    seed: int,
    output_draws: int = 1,
    angles: int | None = None,
    n_jobs: int,
) -> Producer:
    """Return what draws networks from the prior and keeps those that fit a training set.

    Parameters
    ----------
    task : Task
        Of finite width.
    training_set : TrainingSet
    seed : int
        Of the networks that are tried first, to find the faster way and whether there is hope.
    output_draws : int
    angles : int, optional
        Output draws are made in planes, with so many angles in each (`priorvol.planes`).
    n_jobs : int
        Workers, as in joblib.

    Raises
    ------
    ValueError
        If the task cannot be sampled, or fewer than `FEWEST_PER_HOUR` acceptances an hour are
        expected. Where none of the networks tried first fits, P(S) is taken to be what expectation
        propagation gives at infinite width.

    Examples
    --------
    >>> from priorvol import Architecture
    >>> task, S = Task(Architecture(3, (8,))), TrainingSet([0, 5], [1, 1])
    >>> producer = rejection_producer(task, S, seed=0, n_jobs=1)
    >>> table = producer.table(Span(0, 1, 0, 1000))
    >>> table.n_samples == int(table.counts.sum()), bool(S.fits(table).all())
    (True, True)
    """
    draws = check_sampling(task, output_draws)
    whole: Any = partial(count_fitting, task, training_set, None)
    if angles is None:
        screen = screen_for(compile_task(task), training_set, draws)
        count: Any = partial(count_fitting, task, training_set, screen)
    else:
        angles, _ = check_planes(task, angles, draws)
        count = whole = partial(count_in_planes, task, training_set, angles)
    producer = Producer(
        task,
        PosteriorSampling(training_set, "rejection", draws, task.content_hash, angles),
        count,
        "networks" if draws == 1 else "functions",
        "n_proposals",
    )
    groups = max(_TRIED // draws, 64)
    first = producer.table(Span(seed, draws, 0, groups))
    fitting = first.n_samples / first.group_size if len(first) else 0.0
    if len(first) == 0:
        _refuse_hopeless(producer, training_set, n_jobs)
    elif fitting > _WHOLE_ABOVE * groups:
        producer = replace(producer, count=whole)
    return replace(producer, longest=SPAN_DRAWS * groups * draws // max(first.n_samples, 1))


def wanted_span(
    task: Task, n_proposals: Any, seed: int, output_draws: Any = None, angles: Any = None
) -> Span:
    """Return the span of hidden draws that a call asks for, or raise ``ValueError``."""
    if angles is not None:
        _, draws = check_planes(task, angles, output_draws)
    else:
        draws = check_sampling(task, 1 if output_draws is None else output_draws)
    number = checks.integer("n_proposals", n_proposals, low=1, high=_MAX_PROPOSALS)
    if angles is not None:
        number = math.ceil(number / draws) * draws
    if number % draws:
        raise ValueError(
            f"n_proposals must be a multiple of output_draws = {draws}, got {number} "
            f"(try {math.ceil(number / draws) * draws})"
        )
    return Span(seed, draws, 0, number // draws)


def count_fitting(
    task: Task, training_set: TrainingSet, screen: Screen | None, span: Span
) -> tuple[npt.NDArray[np.uint64], TSums]:
    """Draw the networks of a span and count the functions that fit, in no order.

    Parameters
    ----------
    task : Task
    training_set : TrainingSet
    screen : Screen, optional
        Without one every network is computed on all inputs; the result is the same.
    span : Span

    Returns
    -------
    rows : (k, words + 1) or (k, words + 3) uint64
        Distinct; see `priorvol.rows.Rows`. There may be none. A group is what fits of the output
        draws of a hidden draw.
    t_sums : tuple
        Counts of T = t and, for grouped draws, their group pairs, each (m + 1,) int64.
    """
    draws, words = span.output_draws, bits.n_words(task.m)
    counter: Counter | _GroupCounter
    counter = Counter(task.m, words, 1) if draws == 1 else _GroupCounter(task.m, words)
    for keys in _drawn(task, screen, span):
        if len(keys) == 0:
            continue
        fits = np.flatnonzero(training_set.fits(keys, m=task.m)).astype(np.int64)
        if len(fits) == 0:
            continue
        if isinstance(counter, Counter):
            counter.add(keys[fits], len(fits))
        else:
            counter.add(keys[fits], fits // draws)
    return counter.finish()


def count_in_planes(
    task: Task, training_set: TrainingSet, angles: int, span: Span
) -> tuple[npt.NDArray[np.uint64], TSums]:
    """Count the functions that fit of output draws in planes; the rest as `count_fitting`."""
    counter = _GroupCounter(task.m, bits.n_words(task.m))
    network = compile_task(task)
    for keys, groups in draw_in_planes(task, network, training_set, angles, span):
        counter.add(keys, groups)
    return counter.finish()


def _drawn(task: Task, screen: Screen | None, span: Span) -> Iterator[npt.NDArray[np.uint64]]:
    """Yield the functions of a span in batches of whole groups, without groups that do not fit."""
    network, words, draws = compile_task(task), bits.n_words(task.m), span.output_draws
    key = stream_key(span.seed, draws)
    groups = max(_BATCH // draws, 1)
    keys = np.empty((groups * draws, words), dtype=np.uint64)
    work = Workspace(network, draws) if task.architecture.hidden else None
    if work is not None and screen is not None:
        trained = Workspace(screen.network, draws)
        plan = sharing(trained.plan, work.plan)
        scratch = np.empty((draws, len(screen.mask)), dtype=np.uint64)
        found = np.empty(groups, dtype=np.int64)
        tested = (screen.chosen, screen.split, screen.cube, screen.wanted, screen.mask)
    for block, start, stop in span.blocks():
        for first in range(start, stop, groups):
            n = min(groups, stop - first)
            where = (key, block, first, n)
            if work is None:
                networks.sample_perceptrons(network, *where, keys)
            elif screen is None:
                networks.sample(work.plan, network.last_mask, *where, draws, keys)
            else:
                n = kernels.propose(work.plan, plan, *tested, *where, draws, scratch, found)
                last = network.last_mask
                kernels.complete(work.plan, last, key, block, found, n, draws, keys)
            yield keys[: n * draws]


class _GroupCounter:
    """Counts functions in groups of varying sizes."""

    def __init__(self, m: int, words: int) -> None:
        self._m, self._words, self._groups = m, words, 0
        self._keys = [np.empty((0, words), dtype=np.uint64)]
        self._which = [np.empty(0, dtype=np.int64)]

    def add(self, keys: npt.NDArray[np.uint64], groups: npt.NDArray[np.int64]) -> None:
        """Take functions and the groups that they are of, which rise and are not seen again."""
        self._keys.append(keys)
        self._which.append(groups + self._groups)
        self._groups += int(groups[-1]) + 1

    def finish(self) -> tuple[npt.NDArray[np.uint64], TSums]:
        """Return the rows with counts, group pairs and size sums, and the sums for T."""
        keys, which = np.concatenate(self._keys), np.concatenate(self._which)
        t_sums = np.zeros((2, self._m + 1), dtype=np.int64)
        if len(keys) == 0:
            return np.empty((0, self._words + 3), dtype=np.uint64), (t_sums[0], t_sums[1])
        sizes = np.bincount(which)
        ones = np.empty(len(keys), dtype=np.int64)
        row_kernels.ones(keys, self._words, ones)
        t, counts, pairs, _ = _cells(ones[:, None].astype(np.uint64), which, sizes)
        t_sums[:, t[:, 0].astype(np.int64)] = counts, pairs
        words, *columns = _cells(keys, which, sizes)
        rows = np.column_stack([words, *(column.astype(np.uint64) for column in columns)])
        return rows, (t_sums[0], t_sums[1])


def _cells(
    keys: npt.NDArray[np.uint64], which: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> tuple[Any, Any, Any, Any]:
    """Return distinct keys, and for each the sums over groups of c, c (c - 1) and c a."""
    order = np.lexsort((which, *keys.T))
    keys, which = keys[order], which[order]
    fresh = np.ones(len(keys), dtype=bool)
    fresh[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    cell = fresh.copy()
    cell[1:] |= which[1:] != which[:-1]
    starts = np.flatnonzero(cell)
    c = np.diff(starts, append=len(keys))
    first = np.flatnonzero(fresh[starts])
    across = c * sizes[which[starts]]
    counts, pairs, together = (np.add.reduceat(v, first) for v in (c, c * (c - 1), across))
    return keys[fresh], counts, pairs, together


def acceptance(table: FunctionTable, *, level: float = 0.95) -> Estimate:
    """Return P(S) as the share of the prior's networks that were accepted.

    Parameters
    ----------
    table : FunctionTable
        From `priorvol.posterior` at finite width.
    level : float
        Of the Clopper-Pearson interval, which allows for groups of output draws.

    Returns
    -------
    Estimate
        ``n_samples`` are the proposals, and ``diagnostics`` hold the ``count`` of those accepted.

    Raises
    ------
    ValueError
        If the table's draws were not accepted from the prior, or the level is out of range.

    Examples
    --------
    >>> from priorvol import Architecture, posterior
    >>> task = Task(Architecture(3, (8,)))
    >>> table = posterior(task, TrainingSet([0], [1]), n_proposals=10_000, n_jobs=1)
    >>> acceptance(table).low < math.log(0.5) < acceptance(table).high  # by symmetry
    True
    """
    source = table.source if isinstance(table, FunctionTable) else table
    if not isinstance(source, PosteriorSampling) or not source.is_filtered:
        raise ValueError(f"acceptance is known of draws accepted from the prior, got {source}")
    spans, draws, n = table.provenance.spans, source.output_draws, table.n_samples
    groups, seeds = sum(span.size for span in spans), {span.seed for span in spans}
    counts = np.array([n])
    known = draws > 1 and table.size_sums is not None
    pairs = [round(table.group_size * n) - n] if known else None
    low, high, effect = grouped_interval(counts, pairs, n_groups=groups, draws=draws, level=level)
    found = Proportions(
        counts=counts,
        p=counts / (groups * draws),
        low=low,
        high=high,
        inflation=effect,
        n_samples=groups * draws,
        level=level,
        interval="clopper-pearson",
    )
    return found.estimate(0, "P(S)", seed=seeds.pop() if len(seeds) == 1 else None)


def refuse_none(table: FunctionTable) -> FunctionTable:
    """Return a table, or raise ``ValueError`` with advice if no draw was accepted."""
    if len(table) == 0:
        found, advice = acceptance(table), _advice(table.source, table.task)
        raise ValueError(
            f"none of {found.n_samples:,} proposals fits the training set: P(S) is below "
            f"{math.exp(found.high):.2g} (95%): raise n_proposals, {advice}"
        )
    return table


def _advice(source: Any, task: Task | None) -> str:
    """Return what is faster than what found nothing."""
    if source.angles is None and task is not None and can_turn(task):
        return f"make output draws in planes (angles = 8), {_ADVICE}"
    return _ADVICE


def _refuse_hopeless(producer: Producer, training_set: TrainingSet, n_jobs: int) -> None:
    """Raise ``ValueError`` if a pilot accepts nothing and infinite width gives little hope."""
    from joblib import cpu_count, effective_n_jobs

    rate, table = pilot(producer)
    log_p = None if len(table) else _log_p_at_infinite_width(producer.task, training_set)
    if log_p is None:
        return
    proposals = 3600.0 * rate * min(effective_n_jobs(n_jobs), cpu_count())
    if math.log(proposals) + log_p < math.log(FEWEST_PER_HOUR):
        size = "0" if log_p == -math.inf else f"about 10^{log_p / math.log(10.0):.1f}"
        raise ValueError(
            f"rejection from the prior is hopeless here: at infinite width P(S) is {size}, and "
            f"{proposals:.1e} networks an hour would give fewer than {FEWEST_PER_HOUR} that fit: "
            f"{_advice(producer.source, producer.task)}"
        )


def _log_p_at_infinite_width(task: Task, training_set: TrainingSet) -> float | None:
    """Return log P(S) by expectation propagation, or None where there is no such limit."""
    from priorvol.estimators import estimate

    try:
        found = estimate(task.wide(), training_set, method="ep")
    except ValueError:
        return None
    return found.log_p
