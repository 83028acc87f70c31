"""P(K given S): predicted from the prior's spectrum of errors, and measured of learners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks, complexity
from priorvol.sweep.averages import mean_error
from priorvol.sweep.cells import Learned
from priorvol.sweep.fitting import FittingDraws
from priorvol.sweep.predictions import MeasuredComplexity, PosteriorComplexity, Prediction
from priorvol.sweep.report import TargetSweep
from priorvol.sweep.spectrum import PredictedComplexity, predict_complexity
from priorvol.table import FunctionTable
from priorvol.task import Task

Array = npt.NDArray[np.float64]


def posterior_complexity(
    sweep: TargetSweep,
    prior: FunctionTable,
    *,
    task: int = 0,
    target: int = 0,
    limit_prior: FunctionTable | None = None,
    likelihood: str = "exact",
    n_jobs: int = 1,
) -> PosteriorComplexity:
    """Compare P(K given S) of a sweep's learners with what the prior alone predicts.

    Parameters
    ----------
    sweep : TargetSweep
    prior : FunctionTable
        Draws of the task's prior (`priorvol.collect`); they predict the trained networks, and the
        posterior too if it was drawn by rejection.
    task, target : int
        Which of the sweep's.
    limit_prior : FunctionTable, optional
        Draws of the prior at infinite width, of `Task.wide`; needed to predict a posterior drawn
        there. Without them that is left out, as is a learner of which nothing was drawn given any
        of the training sets.
    likelihood : "exact" or "independent"
        See `priorvol.sweep.spectrum.log_likelihood`.
    n_jobs : int

    Returns
    -------
    PosteriorComplexity

    Raises
    ------
    ValueError
        If a table is of another task, leaves out draws, or is of functions none of which fits any
        training set, or an argument is out of range.

    Examples
    --------
    >>> from priorvol import Architecture, Task, collect
    >>> from priorvol.sweep import target_sweep
    >>> task = Task(Architecture(3, (8,)))
    >>> found = target_sweep(task, "00001111", train_size=4, n_sets=4, n_runs=50,
    ...                      posterior="rejection", n_samples=2000, n_jobs=1)
    >>> result = posterior_complexity(found, collect(task, n_samples=20_000, n_jobs=1))
    >>> [each.learner for each in result.predictions]
    ['trained', 'posterior']
    """
    if not isinstance(sweep, TargetSweep):
        raise ValueError(f"sweep must be a TargetSweep, got {type(sweep).__name__}")
    i = checks.integer("task", task, low=0, high=len(sweep.tasks) - 1)
    j = checks.integer("target", target, low=0, high=len(sweep.targets) - 1)
    own = sweep.tasks[i]
    _check_prior("prior", prior, own)
    if limit_prior is not None:
        _check_prior("limit_prior", limit_prior, own.wide())
    found, predicted = [], {}
    for learner in sweep.learners:
        wide = learner == "posterior" and sweep.settings.posterior == "infinite"
        table = limit_prior if wide else prior
        cells = [sweep.cell(i, j, number) for number in range(sweep.n_sets)]
        if table is None or not any(getattr(cell, learner).counts for cell in cells):
            continue
        if wide not in predicted:
            predicted[wide] = predict_complexity(
                table,
                sweep.targets[j].function,
                sweep.settings.train_size,
                measure=sweep.settings.measure,
                likelihood=likelihood,
                n_jobs=n_jobs,
            )
        found.append(_compare(sweep, (i, j), learner, table, predicted[wide]))
    if not found:
        if limit_prior is None and sweep.settings.posterior == "infinite":
            raise ValueError("limit_prior is needed to predict a posterior drawn at infinite width")
        raise ValueError("nothing was drawn from the posterior given any of the training sets")
    return PosteriorComplexity(
        target=sweep.targets[j],
        label=sweep.labels[i],
        train_size=sweep.settings.train_size,
        measure=sweep.settings.measure,
        axis=complexity.measure(sweep.settings.measure).label,
        predictions=tuple(found),
    )


def _check_prior(name: str, table: Any, task: Task) -> None:
    from priorvol.sources import PriorSampling

    if not isinstance(table, FunctionTable):
        raise ValueError(f"{name} must be a FunctionTable, got {type(table).__name__}")
    if table.task != task or not isinstance(table.source, PriorSampling):
        raise ValueError(f"{name} must be of draws of the prior of {task}, got {table.source}")


def _compare(
    sweep: TargetSweep,
    which: tuple[int, int],
    learner: str,
    table: FunctionTable,
    spectrum: PredictedComplexity,
) -> Prediction:
    cells = [sweep.cell(*which, number) for number in range(sweep.n_sets)]
    drawn: list[Learned] = [getattr(cell, learner) for cell in cells]
    learnt = [found for found in drawn if found.counts]
    sets = [cell.training_set for cell in cells]
    draws = FittingDraws.of(table, sets, sweep.settings.measure)
    fitting = [] if draws is None else draws.learned()
    values = [found.k for found in (*learnt, *fitting)]
    k = np.unique(np.concatenate([spectrum.k, *map(np.array, values)]))
    measured = _average(k, learnt)
    p, error = _spread(k, spectrum.k, spectrum.p), _spread(k, spectrum.k, spectrum.standard_error)
    prior = _spread(k, spectrum.k, spectrum.prior)
    conditioned, apart = None, (math.nan, math.nan)
    if draws is not None:
        conditioned = _average(k, fitting)
        kept = np.flatnonzero([bool(found.counts) for found in drawn])
        differences = [_shares(k, fitting[i]) - _shares(k, drawn[i]) for i in kept]
        apart = _paired(np.array(differences), *draws.variances(k, kept))
    return Prediction(
        learner=learner,
        task=table.task or sweep.tasks[which[0]],
        k=k,
        prior=prior,
        predicted=p,
        predicted_error=error,
        measured=measured,
        conditioned=conditioned,
        spectrum=spectrum,
        distance=_distance(p, measured.p),
        floor=_floor(error, measured.standard_error),
        from_prior=_distance(prior, measured.p),
        set_by_set=apart[0],
        set_by_set_floor=apart[1],
    )


def _average(k: Array, learnt: Sequence[Learned]) -> MeasuredComplexity:
    """Return P(K) averaged over training sets, on complexities that hold all of theirs."""
    p, error, _ = mean_error(np.array([_shares(k, each) for each in learnt]).T)
    mean, deviation, _ = mean_error([each.mean_k for each in learnt])
    return MeasuredComplexity(
        p=p,
        standard_error=error,
        mean=float(mean),
        mean_error=float(deviation),
        n_sets=len(learnt),
        n_draws=sum(each.n_draws for each in learnt),
    )


def _shares(k: Array, each: Learned) -> Array:
    """Return the shares of one training set's functions at all complexities."""
    return _spread(k, np.array(each.k), np.array(each.counts) / sum(each.counts))


def _paired(differences: Array, variance: Array, alone: Array) -> tuple[float, float]:
    """Return half the sum of |mean difference| over training sets, and its mean under none.

    The scatter between sets holds all noise but for what they have in common, the draws that fit
    several: that is the difference of the two variances.
    """
    mean, error, _ = mean_error(differences.T)
    common = np.sqrt(np.maximum(variance - alone, 0.0))
    return _distance(mean, np.zeros(len(mean))), _floor(error, common)


def _spread(k: Array, own: Array, values: Array) -> Array:
    """Return values at complexities of their own as an array over all, 0 elsewhere."""
    found = np.zeros(len(k))
    found[np.searchsorted(k, own)] = values
    return found


def _distance(a: Array, b: Array) -> float:
    """Return the total variation distance."""
    return float(np.abs(a - b).sum() / 2.0)


def _floor(a: Array, b: Array) -> float:
    """Return the mean distance of two equal distributions that are known with these errors.

    It is nan where an error is: one training set does not say how several scatter.
    """
    return float(np.hypot(a, b).sum() / 2.0 * math.sqrt(2.0 / math.pi))
