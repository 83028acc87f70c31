"""P_B(f given S): functions drawn from the prior among those that fit a training set.

The likelihood is 0-1: P_B(f given S) = P(f) / P(S) where f has the labels of S, else 0
(1805.08522, 2006.15191). Where the outputs are Gaussian, they are a truncated normal on S and
normal elsewhere given those: `posterior` draws them exactly. At finite width it draws networks from
the prior and keeps those that fit (`priorvol.rejection`).
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

from priorvol import checks
from priorvol.producer import Producer, produce
from priorvol.provenance import Span
from priorvol.rng import check_seed
from priorvol.sources import MAX_DRAWS, PosteriorSampling
from priorvol.table import FunctionTable
from priorvol.task import Task, check_task
from priorvol.training_set import TrainingSet, check_training_set
from priorvol.truncated import TruncatedLaw, count_truncated, truncate, try_out

MAX_SAMPLES = 1 << 47

INDEPENDENT_ABOVE = 1 / 16
"""Where a larger share of the proposals is accepted, draws are independent by default."""

HARDEST = 1e-7
"""Acceptance below which nothing is drawn: a chain would need 10^7 proposals to start."""

SHORTEST = 32
"""Shortest chain chosen by default."""


def posterior(
    task: Task,
    training_set: TrainingSet,
    *,
    n_samples: int | None = None,
    n_proposals: int | None = None,
    output_draws: int | None = None,
    angles: int | None = None,
    seed: int = 0,
    chain_length: int | None = None,
    n_jobs: int = -1,
    store: str | Path | None = None,
    progress: bool | None = None,
) -> FunctionTable:
    """Draw functions from P_B(f given S) and count them.

    Every draw has exactly the posterior's law. The same arguments give the same table, bit for bit,
    for any number of workers and across interruptions.

    At infinite width, and for perceptrons with Gaussian parameters, draws are independent where
    that is cheap; else they come in Markov chains, each of which starts from an independent exact
    draw. The chains are groups of draws as `priorvol.collect` makes them: intervals take them into
    account, and ``inflation`` says how many draws are worth one.

    At finite width networks are drawn from the prior and those that fit are kept: exactly those
    that `priorvol.collect` draws with the same seed and output draws. Their number is random, and
    `priorvol.rejection.acceptance` says what share was accepted, which is P(S). With one output
    draw a hidden draw they are independent. With more, those of a hidden draw that fit are a group,
    which intervals take into account; where S is hard few groups hold more than one, and many more
    functions are accepted in the same time.

    ``angles`` makes the output draws of a hidden draw in planes (`priorvol.planes`): 1,024 planes
    through pairs of 2 x 32 draws, with so many equally spaced angles in each. Each is a draw of
    the prior, and those that fit S are found without computing the others, so that a billion
    proposals take seconds. 8 angles are a good choice; more add functions that are much alike. The
    last layer must be Gaussian.

    Parameters
    ----------
    task : Task
    training_set : TrainingSet
    n_samples : int, optional
        At infinite width: number of functions drawn, rounded up to whole chains. ``1e6`` is
        accepted.
    n_proposals : int, optional
        At finite width: number of functions drawn from the prior, a multiple of
        ``output_draws``. Those that fit are kept. With ``angles`` it is rounded up to such a
        multiple.
    output_draws : int, optional
        At finite width: output layers for each draw of the hidden layers (1). With ``angles`` a
        multiple of 1,024 x ``angles``, by default once that.
    angles : 4, 8, 16, 32 or 64, optional
        At finite width: make output draws in planes, with so many angles in each.
    seed : int
        In [0, 2^64).
    chain_length : int, optional
        At infinite width: steps of a chain; 1 for independent draws. By default 1 where at least
        one proposal in sixteen is accepted, else the power of two above the number of proposals
        that an independent draw takes.
    n_jobs : int
        Workers, as in joblib.
    store : path, optional
        Run folder. One that exists is continued.
    progress : bool, optional
        Progress bar on standard error; by default where that is a terminal.

    Returns
    -------
    FunctionTable
        Its source, `priorvol.sources.PosteriorSampling`, names the training set, the method
        and the length of the chains. At finite width its provenance says which networks of the
        prior were looked at, and ``n_samples`` is the number of those that fit.

    Raises
    ------
    ValueError
        If an argument is out of range or does not go with the width, P(S) = 0 or less than one
        proposal in 10^7 would be accepted, or the folder is of another run. At finite width also
        if no network fits, or so few are expected to that nothing is drawn
        (`priorvol.rejection.FEWEST_PER_HOUR`); the message says what to do instead.

    Notes
    -----
    At infinite width, the trained outputs are drawn one after another from the prior, tilted so
    that the largest log weight is as small as can be (Botev 2017, 1603.04166), and accepted with
    the probability that makes them exact. Chains are independence Metropolis: proposals come from a
    mixture of that guide and of EP's posterior (`priorvol._kernels.posterior`). The other outputs
    are drawn anew at every step. Outputs that are fixed, or determined by others, are handled
    exactly.

    Examples
    --------
    >>> import math
    >>> from priorvol import Architecture, Task, TrainingSet
    >>> task = Task(Architecture(3, (math.inf,)))
    >>> S = TrainingSet([0, 3, 5], [1, 0, 1])
    >>> table = posterior(task, S, n_samples=1000)
    >>> bool(S.fits(table).all()), print(table.source)
    independent posterior samples given 3 training inputs, 2 of them labelled 1
    (True, None)
    >>> table = posterior(Task(Architecture(3, (8,))), S, n_proposals=1000)
    >>> 0 < table.n_samples < 1000, bool(S.fits(table).all())
    (True, True)
    """
    check_training_set(training_set, check_task(task).m)
    seed, n_jobs = check_seed(seed), checks.jobs(n_jobs)
    if is_drawn_by_rejection(task):
        _refuse("finite width", n_samples=n_samples, chain_length=chain_length)
        from priorvol.rejection import refuse_none, rejection_producer, wanted_span

        wanted = wanted_span(task, n_proposals, seed, output_draws, angles)
        draws = wanted.output_draws
        producer = rejection_producer(
            task, training_set, seed=seed, output_draws=draws, angles=angles, n_jobs=n_jobs
        )
        return refuse_none(produce(producer, wanted, n_jobs=n_jobs, store=store, progress=progress))
    _refuse("infinite width", n_proposals=n_proposals, output_draws=output_draws, angles=angles)
    number = checks.integer("n_samples", n_samples, low=1, high=MAX_SAMPLES)
    producer = _producer(task, training_set, chain_length)
    draws = producer.source.output_draws
    wanted = Span(seed, draws, 0, -(-number // draws))
    return produce(producer, wanted, n_jobs=n_jobs, store=store, progress=progress)


def is_drawn_by_rejection(task: Task) -> bool:
    """Whether `posterior` takes a number of proposals: at finite width.

    Perceptrons with Gaussian parameters have Gaussian outputs and are drawn from directly.

    Examples
    --------
    >>> from priorvol import Architecture
    >>> is_drawn_by_rejection(Task(Architecture(3, (8,)))), is_drawn_by_rejection(
    ...     Task(Architecture(3)))
    (True, False)
    """
    if task.architecture.hidden:
        return not task.architecture.is_infinite
    return task.prior.distribution[0] != "gaussian"


def _refuse(width: str, **values: Any) -> None:
    for name, value in values.items():
        if value is not None:
            other = "n_proposals" if width == "finite width" else "n_samples"
            raise ValueError(f"{name} = {value!r} has no meaning at {width}: give {other}")


def chain_steps(task: Task, training_set: TrainingSet) -> int:
    """Return how many steps the chains have that `posterior` draws if it is left the choice.

    Parameters
    ----------
    task : Task
        Of infinite width, or a perceptron with Gaussian parameters.
    training_set : TrainingSet

    Raises
    ------
    ValueError
        As `posterior`.

    Examples
    --------
    >>> from priorvol import Architecture
    >>> chain_steps(Task(Architecture(3, (math.inf,))), TrainingSet([0, 3], [1, 0]))
    1
    """
    check_training_set(training_set, check_task(task).m)
    return _producer(task, training_set, None).source.output_draws


def _producer(task: Task, training_set: TrainingSet, chain_length: Any) -> Producer:
    """Return what draws from the posterior of a task; by its width."""
    from priorvol.infinite.covariance import output_law

    truncated = truncate(output_law(task), training_set)
    pilot = try_out(truncated)
    if pilot.acceptance < HARDEST and not truncated.is_settled:
        raise ValueError(
            f"P(S) is about exp({pilot.log_p:.4g}), and only one proposal in "
            f"{1 / pilot.acceptance:.2g} would be accepted, fewer than one in {1 / HARDEST:.0e}: "
            f"the training set ({training_set}) is too hard to draw from"
        )
    chain = _chain_length(chain_length, 1.0 if truncated.is_settled else pilot.acceptance)
    method = "independent" if chain == 1 else "chains"
    source = PosteriorSampling(training_set, method, chain, task.content_hash)
    return Producer(task, source, partial(_count, truncated))


def _chain_length(asked: Any, acceptance: float) -> int:
    if asked is not None:
        return checks.integer("chain_length", asked, low=1, high=MAX_DRAWS)
    if acceptance >= INDEPENDENT_ABOVE:
        return 1
    return min(max(SHORTEST, 1 << math.ceil(-math.log2(acceptance))), MAX_DRAWS)


def _count(truncated: TruncatedLaw, span: Span) -> Any:
    return count_truncated(truncated, span)
