"""Rejection from the prior: networks whose functions fit a training set.

The networks are those that `priorvol.collect` draws with the same seed and output draws, and the
functions kept are exactly those among theirs that fit. A network is first computed on the training
set's inputs; the other inputs are computed only if it fits there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol._kernels import networks
from priorvol._kernels import rejection as kernels
from priorvol._kernels.networks import Network, Plan, Workspace
from priorvol.counting import Counter, TSums
from priorvol.intervals import grouped_interval
from priorvol.producer import Producer, pilot
from priorvol.provenance import PosteriorSampling, Span
from priorvol.result import Estimate, Proportions
from priorvol.rng import stream_key
from priorvol.sampler import check_sampling, compile_task
from priorvol.table import FunctionTable
from priorvol.task import Task
from priorvol.training_set import TrainingSet

FEWEST_PER_HOUR = 0.01
"""Expected acceptances an hour below which nothing is drawn."""

_BATCH = 1 << 13
_TRIED = 1 << 12
_WHOLE_ABOVE = 0.25  # where a larger share fits, computing all inputs at once is as fast
_ADVICE = "draw at infinite width (hidden = (inf, ...)), or label fewer inputs"


@dataclass(frozen=True)
class Screen:
    """How networks are tried on a training set's inputs before the others.

    Parameters
    ----------
    network : Network
        The task on the training set's inputs.
    chosen : (s,) int64
        Those inputs.
    split : int
        Hidden layers that are computed on all inputs.
    cube : int
        See `priorvol._kernels.rejection.propose`.
    wanted, mask : (words,) uint64
        Labels, and the bits that hold one.
    """

    network: Network
    chosen: npt.NDArray[np.int64]
    split: int
    cube: int
    wanted: npt.NDArray[np.uint64]
    mask: npt.NDArray[np.uint64]


def rejection_producer(
    task: Task, training_set: TrainingSet, *, seed: int, n_jobs: int
) -> Producer:
    """Return what draws networks from the prior and keeps those that fit a training set.

    Parameters
    ----------
    task : Task
        Of finite width.
    training_set : TrainingSet
    seed : int
        Of the networks that are tried first, to find the faster way and whether there is hope.
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
    check_sampling(task, 1)
    source = PosteriorSampling(training_set, "rejection", 1, task.content_hash)
    screen = _screen(compile_task(task), training_set)
    first = Span(seed, 1, 0, _TRIED)
    tried = int(count_fitting(task, training_set, screen, first)[1][0].sum())
    if tried > _WHOLE_ABOVE * _TRIED:
        screen = None
    count = partial(count_fitting, task, training_set, screen)
    producer = Producer(task, source, count, "networks", "n_proposals")
    if tried == 0:
        _refuse_hopeless(producer, training_set, n_jobs)
    return producer


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
    rows : (k, words + 1) uint64
        Distinct; see `priorvol._kernels.rows`. There may be none.
    t_sums : tuple
        Counts of T = t, (m + 1,) int64, and None.
    """
    network, words = compile_task(task), bits.n_words(task.m)
    key = stream_key(span.seed, 1)
    counter = Counter(task.m, words, 1)
    keys = np.empty((_BATCH, words), dtype=np.uint64)
    work = Workspace(network, 1) if task.architecture.hidden else None
    trained = None
    if work is not None and screen is not None:
        trained = Workspace(screen.network, 1)
        plan = _shared(trained.plan, work.plan)
        scratch = np.empty((1, len(screen.mask)), dtype=np.uint64)
        found = np.empty(_BATCH, dtype=np.int64)
        tested = (screen.chosen, screen.split, screen.cube, screen.wanted, screen.mask)
    for block, start, stop in span.blocks():
        for first in range(start, stop, _BATCH):
            count = min(_BATCH, stop - first)
            if work is None:
                networks.sample_perceptrons(network, key, block, first, count, keys)
            elif trained is None:
                networks.sample(work.plan, network.last_mask, key, block, first, count, 1, keys)
            else:
                n = kernels.propose(
                    work.plan, plan, *tested, key, block, first, count, 1, scratch, found
                )
                if n:
                    kernels.complete(work.plan, network.last_mask, key, block, found, n, 1, keys)
                    counter.add(keys, n)
                continue
            fitting = keys[:count][training_set.fits(keys[:count], m=task.m)]
            if len(fitting):
                counter.add(fitting, len(fitting))
    return counter.finish()


def acceptance(table: FunctionTable, *, level: float = 0.95) -> Estimate:
    """Return P(S) as the share of the prior's networks that were accepted.

    Parameters
    ----------
    table : FunctionTable
        From `priorvol.posterior` at finite width.
    level : float
        Of the Clopper-Pearson interval.

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
    spans = table.provenance.spans
    return _share(
        table.n_samples,
        sum(span.size * span.output_draws for span in spans),
        level,
        spans[0].seed if len({span.seed for span in spans}) == 1 else None,
    )


def refuse_none(table: FunctionTable) -> FunctionTable:
    """Return a table, or raise ``ValueError`` with advice if no draw was accepted."""
    if len(table) == 0:
        found = acceptance(table)
        raise ValueError(
            f"none of {found.n_samples:,} networks fits the training set: P(S) is below "
            f"{math.exp(found.high):.2g} (95%): raise n_proposals, {_ADVICE}"
        )
    return table


def _share(accepted: int, proposals: int, level: float, seed: int | None) -> Estimate:
    counts = np.array([accepted])
    low, high, effect = grouped_interval(counts, None, n_groups=proposals, draws=1, level=level)
    found = Proportions(
        counts=counts,
        p=counts / proposals,
        low=low,
        high=high,
        inflation=effect,
        n_samples=proposals,
        level=level,
        interval="clopper-pearson",
    )
    return found.estimate(0, "P(S)", seed=seed)


def _screen(network: Network, training_set: TrainingSet) -> Screen | None:
    """Return how to try networks, or None for perceptrons, which are cheap."""
    n_hidden = len(network.sizes) - 2
    if n_hidden == 0:
        return None
    chosen = np.array(training_set.indices, dtype=np.int64)
    points = np.ascontiguousarray(network.points[chosen])
    labels = np.ones((2, len(chosen)), dtype=bool)
    labels[0] = np.array(training_set.labels, dtype=bool)
    wanted, mask = bits.pack(labels)
    drops = n_hidden - 1 if network.code == 0 and network.shift == 0 else 0
    known = drops == 1 and network.cube > 0
    return Screen(
        network=network._replace(points=points, cube=0),
        chosen=chosen,
        split=0 if known else drops,
        cube=network.cube if known else 0,
        wanted=wanted,
        mask=mask,
    )


def _shared(trained: Plan, plan: Plan) -> Plan:
    """Return a plan that shares the stream and what it draws with another."""
    return trained._replace(
        state=plan.state,
        weights=plan.weights,
        alive=plan.alive,
        flags=plan.flags,
        places=plan.places,
    )


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
            f"{_ADVICE}"
        )


def _log_p_at_infinite_width(task: Task, training_set: TrainingSet) -> float | None:
    """Return log P(S) by expectation propagation, or None where there is no such limit."""
    from priorvol.estimators import estimate

    architecture = task.architecture
    try:
        wide: Any = replace(architecture, hidden=(math.inf,) * len(architecture.hidden))
        found = estimate(Task(wide, task.prior, task.inputs), training_set, method="ep")
    except ValueError:
        return None
    return found.log_p
