"""`PosteriorComplexity`: P(K given S) as predicted and as measured, and how it prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.sweep.spectrum import FEW, PredictedComplexity
from priorvol.sweep.targets import Target
from priorvol.task import Task
from priorvol.text import align

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
        if both were the same but for their errors; nan where one training set was learnt.
    from_prior : float
        Distance between P(K) and what was measured.
    set_by_set, set_by_set_floor : float
        Distance between `conditioned` and what was measured, and what it would be in the mean if
        each training set's two distributions were the same but for the draws; nan without it, and
        the latter nan where one training set was learnt.
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
    set_by_set: float = math.nan
    set_by_set_floor: float = math.nan

    @property
    def is_reliable(self) -> bool:
        """Whether enough draws stand behind the prediction, and some fit each training set.

        Without the second, functions that fit were not drawn at all, and those that were drawn say
        nothing of them, however many there are.
        """
        return self.spectrum.is_reliable and self.conditioned is not None

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
            "floor": None if math.isnan(self.floor) else self.floor,
            "from_prior": self.from_prior,
            "set_by_set": None if held is None else self.set_by_set,
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
        """Return a line a learner."""
        return tabulate([self])


_HEADING = ("task", "target", "K", "learner", "prior", "predicted K", "", "measured K", "")
_DISTANCES = ("TV", "noise", "set by set", "noise", "from prior", "effective draws", "")


def tabulate(results: Sequence[PosteriorComplexity]) -> str:
    """Return a table with a line a result and learner, and what its columns are.

    Examples
    --------
    >>> tabulate([]).splitlines()[0][:33]
    'task  target  K  learner  prior  '
    """
    cells = [[*_HEADING, *_DISTANCES]]
    for result in results:
        for number, each in enumerate(result.predictions):
            first = [result.label, result.target.name, f"{result.target.k:g}"]
            cells.append([*(first if number == 0 else [""] * 3), each.learner, *_cells(each)])
    return "\n".join([*align(cells, left=(0, 1, 3, 15)), *_LEGEND])


_LEGEND = (
    "mean K of the prior, predicted for P(K|S) from its error spectrum, and measured; TV: distance",
    "between the two laws of K, beside what noise alone gives; set by set: of prior draws that fit",
    f"each S; * not to be relied on: fewer than {FEW:g} effective draws, or none fits some S",
)


def _cells(each: Prediction) -> list[str]:
    """Return a learner's part of a line."""
    return [
        f"{float(each.prior @ each.k):.2f}",
        f"{each.spectrum.mean:.2f}",
        f"+- {each.spectrum.mean_error:.2f}",
        f"{each.measured.mean:.2f}",
        f"+- {each.measured.mean_error:.2f}",
        *(
            "-" if math.isnan(value) else f"{value:.3f}"
            for value in (each.distance, each.floor, each.set_by_set, each.set_by_set_floor)
        ),
        f"{each.from_prior:.3f}",
        f"{each.spectrum.effective_samples:,.0f} of {each.spectrum.n_samples:,}",
        "" if each.is_reliable else "*",
    ]


def _json(found: MeasuredComplexity) -> dict[str, Any]:
    record = vars(found) | {"p": found.p.tolist()}
    record["standard_error"] = [
        None if math.isnan(error) else error for error in found.standard_error.tolist()
    ]
    record["mean_error"] = None if math.isnan(found.mean_error) else found.mean_error
    return record
