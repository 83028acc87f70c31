"""Training runs: a span of a random stream becomes trained networks and their functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from priorvol import bits, checks
from priorvol.provenance import Span
from priorvol.rng import BLOCK, check_seed
from priorvol.sampler import Parameters, check_sampling, evaluate
from priorvol.task import Task, check_task
from priorvol.training.configuration import TrainingConfiguration, configuration
from priorvol.training.desk import Desk, Outcomes, empty_outcomes
from priorvol.training.stopping import StoppingPoint, stopping_points
from priorvol.training_set import TrainingSet, check_training_set

AT_ONCE = 64
"""Runs of one call of the kernel."""


@dataclass(frozen=True, eq=False)
class Trainer:
    """A task, a training set and how it is learnt; trains any runs of any stream.

    Made by `trainer`, which checks the parts.
    """

    task: Task
    training_set: TrainingSet
    configuration: TrainingConfiguration
    points: tuple[StoppingPoint, ...]

    @property
    def start(self) -> Task:
        """The task whose prior the networks start from."""
        prior = self.configuration.initialization
        return self.task if prior is None else Task(self.task.architecture, prior, self.task.inputs)

    def train(self, span: Span) -> Outcomes:
        """Train the runs of a span."""
        desk = Desk(self)
        outcomes = empty_outcomes(self, span.size)
        done = 0
        for block, start, stop in span.blocks():
            for first in range(start, stop, AT_ONCE):
                count = min(AT_ONCE, stop - first)
                drawn = desk.draw(span.seed, block, first, count)
                part = slice(done, done + count)
                desk.train(drawn, span.seed, block, first, outcomes, part, desk.nothing)
                done += count
        return outcomes


def trainer(task: Any, training_set: Any, stop: Any, settings: dict[str, Any]) -> Trainer:
    """Return what trains, or raise ``ValueError`` if the parts do not fit."""
    check_task(task).require_finite("training")
    check_training_set(training_set, task.m)
    how = configuration(settings)
    if how.initialization is not None:  # written out, so that equal starts are equal
        how = replace(how, initialization=how.initialization.expand(task.architecture.n_layers))
    if how.batch_size == len(training_set):
        how = replace(how, batch_size=None)
    found = Trainer(task, training_set, how, stopping_points(stop))
    if task.architecture.activation == "sign":
        raise ValueError("activation 'sign' jumps at 0: it has no derivative to train with")
    check_sampling(found.start, 1)
    size = found.configuration.batch_size
    if size is not None and size > len(training_set):
        raise ValueError(
            f"batch_size must be at most the {len(training_set)} training inputs, got {size}"
        )
    for point in found.points:
        if point.kind != "loss" and point.value > found.configuration.max_epochs:
            raise ValueError(
                f"stopping point {point} lies beyond max_epochs = "
                f"{found.configuration.max_epochs:,}"
            )
    return found


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingRun:
    """One training run, replayed.

    Attributes
    ----------
    start : list of (W, b)
        Parameters at the start, a pair a layer, float64 arrays that hold float32 numbers.
    parameters : dict of str to list of (W, b)
        Parameters at each stopping point, or where the run ended.
    functions : dict of str to str
        The function there, as 0/1 text.
    epochs : dict of str to int or None
        The epoch at which each stopping point was reached; None: it was not.
    ended : int
        The last epoch.
    diverged : bool
        Whether an output on the training set was not finite then; what is told of the run is
        then as of the epoch before.
    """

    start: Parameters
    parameters: dict[str, Parameters]
    functions: dict[str, str]
    epochs: dict[str, int | None]
    ended: int
    diverged: bool


def replay_run(
    task: Task,
    training_set: TrainingSet,
    *,
    run: int = 0,
    seed: int = 0,
    stop: Any = "zero_error",
    parameters: Parameters | None = None,
    **settings: Any,
) -> TrainingRun:
    """Train one network again, as run number ``run`` of an ensemble, and return its parameters.

    Parameters
    ----------
    task, training_set, stop, settings
        As for `priorvol.train_ensemble`.
    run : int
        Run g starts from ``draw_parameters(task, seed=seed, block=g // BLOCK, index=g % BLOCK)``
        in float32 (`priorvol.rng.BLOCK` = 65,536).
    seed : int
    parameters : list of (W, b), optional
        Another start, rounded to float32.

    Returns
    -------
    TrainingRun

    Raises
    ------
    ValueError
        As `priorvol.train_ensemble`, or if the parameters do not fit the task.

    Examples
    --------
    >>> from priorvol import Architecture, Task, TrainingSet
    >>> task = Task(Architecture(2, (8,), "tanh"))
    >>> found = replay_run(task, TrainingSet([0, 1, 2, 3], [0, 1, 1, 1]), learning_rate=1.0)
    >>> found.functions, found.epochs["zero_error"] == found.ended
    ({'zero_error': '0111'}, True)
    """
    found = trainer(task, training_set, stop, settings)
    check_seed(seed)
    number = checks.integer("run", run, low=0, high=(1 << 47) - 1)
    block, index = divmod(number, BLOCK)
    desk = Desk(found)
    if parameters is None:
        drawn = desk.draw(seed, block, index, 1)
    else:
        evaluate(task, parameters)  # checks the shapes and that the numbers are finite
        drawn = desk.pack(parameters)
    start = desk.unpack(drawn[0])
    outcomes = empty_outcomes(found, 1)
    kept = np.zeros((len(found.points), drawn.shape[1]), dtype=np.float32)
    desk.train(drawn, seed, block, index, outcomes, slice(0, 1), kept)
    names = [str(point) for point in found.points]
    texts = bits.to_text(outcomes.functions[:, 0], task.m, base=2)
    reached = [None if epoch < 0 else int(epoch) for epoch in outcomes.epochs[0]]
    return TrainingRun(
        start=start,
        parameters={name: desk.unpack(each) for name, each in zip(names, kept, strict=True)},
        functions=dict(zip(names, texts, strict=True)),
        epochs=dict(zip(names, reached, strict=True)),
        ended=int(outcomes.ended[0]),
        diverged=bool(outcomes.diverged[0]),
    )


def loss_gradient(
    task: Task, training_set: TrainingSet, parameters: Parameters, **settings: Any
) -> Parameters:
    """Return the gradient of the training loss by a network's parameters, as training takes it.

    Without weight decay, and in float32 (the numbers come as float64).

    Parameters
    ----------
    task, training_set, settings
        As for `priorvol.train_ensemble`; of the settings the loss and its targets count.
    parameters : list of (W, b)
        Rounded to float32.

    Returns
    -------
    list of (W, b)

    Raises
    ------
    ValueError
        As `priorvol.train_ensemble`, or if the parameters do not fit the task.

    Examples
    --------
    >>> from priorvol import Architecture, Task, TrainingSet
    >>> loss_gradient(Task(Architecture(1)), TrainingSet([1], [1]), [([[0.0]], [0.0])])
    [(array([[-0.5]]), array([-0.5]))]
    """
    found = trainer(task, training_set, "zero_error", settings)
    evaluate(task, parameters)  # checks the shapes and that the numbers are finite
    if found.configuration.batch_size is not None:
        raise ValueError("the gradient is that of the whole training set: leave out batch_size")
    return Desk(found).gradient(parameters)
