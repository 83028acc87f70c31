"""P(K given S): predicted from the prior's spectrum of errors, and measured of learners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks, complexity
from priorvol.sweep.averages import mean_error
from priorvol.sweep.cells import DIGITS, Learned, limit_task
from priorvol.sweep.report import TargetSweep
from priorvol.sweep.spectrum import FEW, PredictedComplexity, predict_complexity
from priorvol.sweep.targets import Target
from priorvol.table import FunctionTable
from priorvol.task import Task
from priorvol.text import align
from priorvol.training_set import TrainingSet

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MeasuredComplexity:
    """P(K given S) of what was learnt, each training set counting the same.

    Attributes
    ----------
    p, standard_error : (j,) float64 arrays
        Mean over training sets, and its standard error from their scatter.
    mean, mean_error : float
        Mean complexity, likewise.
    n_sets, n_draws : int
        Training sets in the mean, and functions of all of them.
    """

    p: Array
    standard_error: Array
    mean: float
    mean_error: float
    n_sets: int
    n_draws: int


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A learner's P(K given S) beside its prediction.

    Attributes
    ----------
    learner : str
        ``"trained"`` or ``"posterior"``.
    task : Task
        Whose prior predicts.
    k : (j,) float64 array
        Complexities, rising; the arrays below have an entry each.
    prior : (j,) float64 array
        P(K).
    predicted, predicted_error : (j,) float64 arrays
        P(K given S) and its standard error.
    measured : MeasuredComplexity
    conditioned : MeasuredComplexity or None
        Of the prior's draws that fit S, one training set at a time: what the prediction averages
        in another order. None where some training set is fitted by none of them.
    spectrum : PredictedComplexity
        The prediction with its effective draws.
    distance, floor : float
        Total variation distance between predicted and measured, and what it would be in the mean
        if both were the same but for their errors.
    from_prior : float
        Distance between P(K) and what was measured.
    """

    learner: str
    task: Task = field(repr=False)
    k: Array = field(repr=False)
    prior: Array = field(repr=False)
    predicted: Array = field(repr=False)
    predicted_error: Array = field(repr=False)
    measured: MeasuredComplexity = field(repr=False)
    conditioned: MeasuredComplexity | None = field(repr=False)
    spectrum: PredictedComplexity = field(repr=False)
    distance: float
    floor: float
    from_prior: float

    @property
    def is_reliable(self) -> bool:
        """Whether enough draws stand behind the prediction, and some fit each training set.

        Without the second, functions that fit were not drawn at all, and those that were drawn say
        nothing of them, however many there are.
        """
        return self.spectrum.is_reliable and self.conditioned is not None

    @property
    def of_conditioned(self) -> tuple[float, float]:
        """Distance of `conditioned` from what was measured, and its floor; nan without it."""
        if self.conditioned is None:
            return math.nan, math.nan
        a, b = self.conditioned, self.measured
        return _distance(a.p, b.p), _floor(a.standard_error, b.standard_error)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        held = self.conditioned
        return {
            "learner": self.learner,
            "task_hash": self.task.content_hash,
            "k": self.k.tolist(),
            "prior": self.prior.tolist(),
            "predicted": self.predicted.tolist(),
            "predicted_error": self.predicted_error.tolist(),
            "measured": _json(self.measured),
            "conditioned": None if held is None else _json(held),
            "distance": self.distance,
            "floor": self.floor,
            "from_prior": self.from_prior,
            "is_reliable": self.is_reliable,
            "n_prior": self.spectrum.n_samples,
            "effective_samples": self.spectrum.effective_samples,
            "fewest_errors": self.spectrum.fewest_errors,
            "log_p": self.spectrum.log_p,
            "mean_k": self.spectrum.mean,
            "mean_k_error": self.spectrum.mean_error,
        }


@dataclass(frozen=True, kw_only=True)
class PosteriorComplexity:
    """What `posterior_complexity` returns; ``print`` shows it as a table.

    Attributes
    ----------
    target : Target
    label : str
        What the task is called.
    train_size : int
    measure, axis : str
        The complexity measure, and its label for an axis.
    predictions : tuple of Prediction
        One a learner.
    """

    target: Target
    label: str
    train_size: int
    measure: str
    axis: str
    predictions: tuple[Prediction, ...]

    def prediction(self, learner: str) -> Prediction:
        """Return that of one learner; raises ``ValueError`` if there is none."""
        known = {each.learner: each for each in self.predictions}
        return known[checks.choice("learner", learner, known)]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "target": self.target.to_json(),
            "task": self.label,
            "train_size": self.train_size,
            "measure": self.measure,
            "predictions": [each.to_json() for each in self.predictions],
        }

    def __str__(self) -> str:
        """Return a line a learner: mean K of the prior, predicted and measured, and distances."""
        heading = ["learner", "prior", "predicted K", "", "measured K", "", "TV", "by noise"]
        cells = [[*heading, "from prior", "effective draws"]]
        for each in self.predictions:
            cells.append(
                [
                    each.learner,
                    f"{float(each.prior @ each.k):.1f}",
                    f"{each.spectrum.mean:.1f}",
                    f"+- {each.spectrum.mean_error:.1f}",
                    f"{each.measured.mean:.1f}",
                    f"+- {each.measured.mean_error:.1f}",
                    f"{each.distance:.3f}",
                    f"{each.floor:.3f}",
                    f"{each.from_prior:.3f}",
                    f"{each.spectrum.effective_samples:,.0f} of {each.spectrum.n_samples:,}",
                ]
            )
        name, k = self.target.name, f"{self.measure} = {self.target.k:g}"
        head = f"{self.label}: target {name}, {k}; {self.train_size} training inputs"
        return "\n".join([head, *align(cells, left=(0,)), *self._notes()])

    def _notes(self) -> list[str]:
        notes = []
        for each in self.predictions:
            if not each.is_reliable:
                why = "no draw fits some training set"
                if not each.spectrum.is_reliable:
                    why = f"fewer than {FEW:g} effective draws"
                notes.append(
                    f"{each.learner}: not to be relied on, {why}; {each.spectrum.carriers:,} "
                    "functions carry nine tenths of the weight, and the nearest drawn has "
                    f"{each.spectrum.fewest_errors} errors"
                )
            if each.conditioned is not None:
                distance, floor = each.of_conditioned
                notes.append(
                    f"{each.learner}: prior draws that fit each S, set by set, are at TV "
                    f"{distance:.3f} (by noise {floor:.3f})"
                )
        return notes


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
        Draws of the prior at infinite width, `priorvol.sweep.limit_task` of the task; needed to
        predict a posterior drawn there. Without them that is left out.
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
        _check_prior("limit_prior", limit_prior, limit_task(own))
    found, predicted = [], {}
    for learner in sweep.learners:
        wide = learner == "posterior" and sweep.settings.posterior == "infinite"
        table = limit_prior if wide else prior
        if table is None:
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
        raise ValueError("limit_prior is needed to predict a posterior drawn at infinite width")
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
    learnt = [found for cell in cells if (found := getattr(cell, learner)) and found.counts]
    fitting = _fitting(table, [cell.training_set for cell in cells], sweep.settings.measure)
    values = [found.k for found in (*learnt, *(fitting or ()))]
    k = np.unique(np.concatenate([spectrum.k, *map(np.array, values)]))
    measured = _average(k, learnt)
    p, error = _spread(k, spectrum.k, spectrum.p), _spread(k, spectrum.k, spectrum.standard_error)
    prior = _spread(k, spectrum.k, spectrum.prior)
    return Prediction(
        learner=learner,
        task=table.task or sweep.tasks[which[0]],
        k=k,
        prior=prior,
        predicted=p,
        predicted_error=error,
        measured=measured,
        conditioned=None if fitting is None else _average(k, fitting),
        spectrum=spectrum,
        distance=_distance(p, measured.p),
        floor=_floor(error, measured.standard_error),
        from_prior=_distance(prior, measured.p),
    )


def _fitting(table: FunctionTable, sets: list[TrainingSet], measure: str) -> list[Learned] | None:
    """Return complexities of the draws that fit each training set; None if one has no such."""
    functions = np.ascontiguousarray(table.functions)
    found = []
    for chosen in sets:
        fits = chosen.fits(functions, m=table.m)
        if not fits.any():
            return None
        found.append((functions[fits], np.asarray(table.counts)[fits]))
    inputs = None if table.task is None else table.task.inputs
    every, place = np.unique(
        np.concatenate([words for words, _ in found]), axis=0, return_inverse=True
    )
    k = complexity.compute(every, measure, m=table.m, inputs=inputs, progress=False)[measure]
    each = np.split(np.round(k, DIGITS)[place], np.cumsum([len(words) for words, _ in found])[:-1])
    return [_learned(values, counts) for values, (_, counts) in zip(each, found, strict=True)]


def _learned(values: Array, counts: npt.NDArray[np.int64]) -> Learned:
    k, place = np.unique(values, return_inverse=True)
    times = np.zeros(len(k), dtype=np.int64)
    np.add.at(times, place, counts)
    return Learned(
        error=math.nan,
        standard_error=math.nan,
        n_draws=int(counts.sum()),
        k=tuple(k.tolist()),
        counts=tuple(times.tolist()),
    )


def _average(k: Array, learnt: Sequence[Learned]) -> MeasuredComplexity:
    """Return P(K) averaged over training sets, on complexities that hold all of theirs."""
    if not learnt:
        raise ValueError("nothing was drawn from the posterior given any of the training sets")
    shares = [
        _spread(k, np.array(each.k), np.array(each.counts) / sum(each.counts)) for each in learnt
    ]
    p, error, _ = mean_error(np.array(shares).T)
    mean, deviation, _ = mean_error([each.mean_k for each in learnt])
    return MeasuredComplexity(
        p=p,
        standard_error=error,
        mean=float(mean),
        mean_error=float(deviation),
        n_sets=len(learnt),
        n_draws=sum(each.n_draws for each in learnt),
    )


def _spread(k: Array, own: Array, values: Array) -> Array:
    """Return values at complexities of their own as an array over all, 0 elsewhere."""
    found = np.zeros(len(k))
    found[np.searchsorted(k, own)] = values
    return found


def _distance(a: Array, b: Array) -> float:
    """Return the total variation distance."""
    return float(np.abs(a - b).sum() / 2.0)


def _floor(a: Array, b: Array) -> float:
    """Return the mean distance of two equal distributions that are known with these errors."""
    return float(np.hypot(a, np.nan_to_num(b)).sum() / 2.0 * math.sqrt(2.0 / math.pi))


def _json(found: MeasuredComplexity) -> dict[str, Any]:
    record = vars(found) | {"p": found.p.tolist()}
    record["standard_error"] = [
        None if math.isnan(error) else error for error in found.standard_error.tolist()
    ]
    record["mean_error"] = None if math.isnan(found.mean_error) else found.mean_error
    return record
