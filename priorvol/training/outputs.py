"""Outputs of training runs, where ensembles keep their functions alone."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.producer import each
from priorvol.progress import progress_bar
from priorvol.provenance import Span
from priorvol.rng import check_seed
from priorvol.task import Task
from priorvol.training.configuration import TrainingConfiguration
from priorvol.training.desk import Desk, Outcomes, empty_outcomes
from priorvol.training.runs import AT_ONCE, Trainer, trainer
from priorvol.training_set import TrainingSet

Array = npt.NDArray[np.float64]

MOST_RUNS = 1 << 30


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainedOutputs:
    """Outputs of the networks of a training ensemble at each stopping point, a row a run.

    Made by `trained_outputs`.

    Attributes
    ----------
    task : Task
    training_set : TrainingSet
    configuration : TrainingConfiguration
    seed : int
    outputs : dict of str to (runs, m) float64
        On all inputs, float32 numbers; of a run that did not reach the stopping point, those with
        which it ended. Where they are above 0, the function is 1.
    epochs : dict of str to (runs,) int64
        The epoch at which each run reached the stopping point; -1: it did not.
    diverged : (runs,) bool
        Whether an output on the training set stopped being finite; what is told of the run is
        then as of the epoch before.
    """

    task: Task
    training_set: TrainingSet
    configuration: TrainingConfiguration
    seed: int
    outputs: dict[str, Array] = field(repr=False)
    epochs: dict[str, npt.NDArray[np.int64]] = field(repr=False)
    diverged: npt.NDArray[np.bool_] = field(repr=False)

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return len(self.diverged)

    def __getitem__(self, point: Any) -> Array:
        """Return the outputs (runs, m) at a stopping point; ``ValueError`` if it is unknown."""
        return self.outputs[checks.choice("stopping point", str(point), self.outputs)]


def trained_outputs(
    task: Task,
    training_set: TrainingSet,
    *,
    n_runs: int,
    stop: Any = "zero_error",
    seed: int = 0,
    n_jobs: int = -1,
    progress: bool | None = None,
    **settings: Any,
) -> TrainedOutputs:
    """Train networks as `priorvol.train_ensemble` does, and return what each puts out.

    Run g is that of the ensemble of the same seed, bit for bit: its outputs above 0 are its
    function there.

    Parameters
    ----------
    task, training_set, stop, seed, n_jobs, progress, settings
        As for `priorvol.train_ensemble`. ``stop="epochs=0"`` is the start.
    n_runs : int
        Number of networks. Their outputs are held in memory, 8 m bytes a run and stopping point.

    Returns
    -------
    TrainedOutputs

    Raises
    ------
    ValueError
        As `priorvol.train_ensemble`.

    Examples
    --------
    >>> from priorvol import Architecture, Task
    >>> task = Task(Architecture(2, (8,), "tanh"))
    >>> S = TrainingSet([0, 1, 2, 3], [0, 1, 1, 1])
    >>> found = trained_outputs(task, S, n_runs=5, learning_rate=1.0, n_jobs=1)
    >>> found["zero_error"].shape, (found["zero_error"][0] > 0).astype(int)
    ((5, 4), array([0, 1, 1, 1]))
    """
    found = trainer(task, training_set, stop, settings)
    number = checks.integer("n_runs", n_runs, low=1, high=MOST_RUNS)
    check_seed(seed)
    spans = [
        Span(seed, 1, first, min(first + AT_ONCE, number)) for first in range(0, number, AT_ONCE)
    ]
    outcomes = empty_outcomes(found, number)
    outputs = np.empty((len(found.points), number, task.m))
    with ExitStack() as stack:
        bar = stack.enter_context(progress_bar(number, "runs", progress=progress))
        work = partial(_run, found, outcomes, outputs)
        for span in stack.enter_context(closing(each(work, spans, checks.jobs(n_jobs)))):
            bar.update(span.size)
    names = [str(point) for point in found.points]
    return TrainedOutputs(
        task=task,
        training_set=training_set,
        configuration=found.configuration,
        seed=seed,
        outputs=dict(zip(names, outputs, strict=True)),
        epochs=dict(zip(names, outcomes.epochs.T, strict=True)),
        diverged=outcomes.diverged,
    )


def _run(trainer: Trainer, outcomes: Outcomes, outputs: Array, span: Span) -> Span:
    """Train the runs of a span, which lies in one block, one by one; write what became of them."""
    desk = Desk(trainer)
    ((block, first, stop),) = span.blocks()
    drawn = desk.draw(span.seed, block, first, stop - first)
    kept = np.empty((len(trainer.points), drawn.shape[1]), dtype=np.float32)
    for i, start in enumerate(drawn):
        place = span.start + i
        part = slice(place, place + 1)
        desk.train(start[None], span.seed, block, first + i, outcomes, part, kept)
        for point, parameters in enumerate(kept):
            outputs[point, place] = desk.outputs(parameters)
    return span
