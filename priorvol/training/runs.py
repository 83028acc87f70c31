"""Training runs: a span of a random stream becomes trained networks and their functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol._kernels import training as kernels
from priorvol._kernels import training_starts as starts
from priorvol._kernels.networks import Network
from priorvol._kernels.networks import Workspace as DrawingWorkspace
from priorvol._kernels.training import Course
from priorvol._kernels.training_networks import LOSSES, Memory
from priorvol._kernels.training_steps import CODES, Rule
from priorvol.provenance import Span
from priorvol.rng import BLOCK, check_seed, stream_key
from priorvol.sampler import Parameters, check_sampling, compile_task, evaluate
from priorvol.task import Task, check_task
from priorvol.training.configuration import TrainingConfiguration, configuration
from priorvol.training.stopping import StoppingPoint, stopping_points
from priorvol.training_set import TrainingSet, check_training_set

Floats = npt.NDArray[np.float32]

AT_ONCE = 64
"""Runs of one call of the kernel."""

_CHUNK = 64  # inputs of one pass, where batches are smaller


class Outcomes(NamedTuple):
    """What became of some runs.

    ``functions`` (points, runs, words) uint64; ``epochs`` (runs, points) int64, -1 where a
    stopping point was not reached; ``ended`` (runs,) int64 last epochs; ``diverged`` (runs,) bool.
    """

    functions: npt.NDArray[np.uint64]
    epochs: npt.NDArray[np.int64]
    ended: npt.NDArray[np.int64]
    diverged: npt.NDArray[np.bool_]


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
        outcomes = _empty(self, span.size)
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
    outcomes = _empty(found, 1)
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


def _empty(trainer: Trainer, runs: int) -> Outcomes:
    points, words = len(trainer.points), bits.n_words(trainer.task.m)
    return Outcomes(
        np.empty((points, runs, words), dtype=np.uint64),
        np.empty((runs, points), dtype=np.int64),
        np.empty(runs, dtype=np.int64),
        np.empty(runs, dtype=np.bool_),
    )


class Desk:
    """One worker's memory, and the trainer in the kernels' terms."""

    def __init__(self, trainer: Trainer) -> None:
        self._task, how = trainer.task, trainer.configuration
        self._network = compile_task(trainer.start)
        s, m = len(trainer.training_set), trainer.task.m
        batch = how.batch_size or s
        capacity = max(batch, min(_CHUNK, max(s, m)))
        scales = _scales(trainer, self._network)
        most = max(s, m)
        self._memory = Memory(self._network, scales, LOSSES[how.loss], capacity, most)
        self._drawing = (
            DrawingWorkspace(self._network, 1) if trainer.start.architecture.hidden else None
        )
        stride = self._memory.padded[0]
        self._everywhere = np.zeros((m, stride), dtype=np.float32)
        self._everywhere[:, : trainer.task.inputs.n] = trainer.task.inputs.values
        self._inputs = self._everywhere[list(trainer.training_set.indices)]
        size = how.targets if how.loss == "mse" else 1.0
        labels = np.array(trainer.training_set.labels)
        self._targets = np.where(labels == 1, size, -size).astype(np.float32)
        self.nothing = np.zeros((0, 0), dtype=np.float32)
        self._rule = _rule(how)
        kinds = [kernels.POINTS[point.kind] for point in trainer.points]
        self._course = Course(
            everywhere=self._everywhere.ctypes.data,
            m=m,
            points=self._inputs.ctypes.data,
            targets=self._targets.ctypes.data,
            s=s,
            stride=stride,
            batch=batch,
            rate=float(how.learning_rate or 0.0),
            schedule=kernels.SCHEDULES[how.schedule],
            schedule_epochs=float(how.schedule_epochs or 1.0),
            max_epochs=how.max_epochs,
            kinds=np.array(kinds, dtype=np.int64),
            values=np.array([float(point.value) for point in trainer.points]),
            needs_loss=any(point.kind == "loss" for point in trainer.points),
        )

    def draw(self, seed: int, block: int, first: int, count: int) -> Floats:
        """Return the parameters that some runs start from, (count, n)."""
        out = np.empty((count, self._memory.plan.n_parameters), dtype=np.float32)
        key = stream_key(seed, 1)
        if self._drawing is None:
            starts.draw_perceptrons(self._memory.plan, self._network, key, block, first, count, out)
        else:
            starts.draw_starts(self._memory.plan, self._drawing.plan, key, block, first, count, out)
        return out

    def train(
        self,
        drawn: Floats,
        seed: int,
        block: int,
        first: int,
        outcomes: Outcomes,
        part: slice,
        kept: Floats,
    ) -> None:
        """Train from some starts and write what became of them."""
        ended = np.empty((len(drawn), 2), dtype=np.int64)
        bits_of = np.empty((len(outcomes.functions), *outcomes.functions[0, part].shape), np.uint64)
        epochs = np.empty((len(drawn), len(bits_of)), dtype=np.int64)
        kernels.train_runs(
            self._memory.plan,
            self._rule,
            self._course,
            drawn,
            stream_key(seed, 1, "batches"),
            stream_key(seed, 1, "langevin"),
            block,
            first,
            bits_of,
            epochs,
            ended,
            kept,
        )
        outcomes.functions[:, part] = bits_of
        outcomes.epochs[part] = epochs
        outcomes.ended[part] = ended[:, 0]
        outcomes.diverged[part] = ended[:, 1] != 0

    def gradient(self, parameters: Parameters) -> Parameters:
        """Return the gradient of the loss on the whole training set."""
        course, memory = self._course, self._memory
        memory.parameters[:] = self.pack(parameters)[0]
        kernels.gradient_on(memory.plan, course)
        return self.unpack(memory.gradient)

    def pack(self, parameters: Parameters) -> Floats:
        """Return parameters as the kernels lay them out, (1, n)."""
        flat = np.zeros((1, self._memory.plan.n_parameters), dtype=np.float32)
        for (W, b), (weights, biases) in zip(parameters, self._views(flat[0]), strict=True):
            weights[...] = np.asarray(W, dtype=np.float64).T
            biases[...] = b
        return flat

    def unpack(self, flat: Floats) -> Parameters:
        """Return parameters from the kernels' layout."""
        return [
            (weights.T.astype(np.float64), biases.astype(np.float64))
            for weights, biases in self._views(flat)
        ]

    def _views(self, flat: Floats) -> list[tuple[Floats, Floats]]:
        """Return views of each layer's weights, (below, above), and biases."""
        views, memory = [], self._memory
        for layer, (start, bias) in enumerate(zip(memory.weights, memory.biases, strict=True)):
            below, above = memory.sizes[layer : layer + 2]
            if layer == len(memory.weights) - 1:
                weights = flat[start : start + below, None]
            else:
                rows = flat[start : start + below * memory.padded[layer + 1]]
                weights = rows.reshape(below, -1)[:, :above]
            views.append((weights, flat[bias : bias + above]))
        return views


def _scales(trainer: Trainer, network: Network) -> Floats:
    """Return the standard deviation of each layer's weights and biases over what is trained."""
    scales = np.array([network.scale, network.scale * network.ratio], dtype=np.float32).T
    if trainer.configuration.parametrization == "standard":
        task = trainer.task.prior.scales(trainer.task.architecture.layer_sizes)
        biased = (scales[:, 1] > 0.0) | (np.array(task)[:, 1] > 0.0)
        scales = np.stack([np.ones(len(biased)), biased], axis=1).astype(np.float32)
    return scales


def _rule(how: TrainingConfiguration) -> Rule:
    single = np.float32
    return Rule(
        code=CODES[how.optimizer],
        momentum=single(how.momentum),
        nesterov=how.nesterov,
        decay=single(how.weight_decay),
        beta1=single(how.beta1 or 0.0),
        beta2=single(how.beta2 or 0.0),
        epsilon=single(how.epsilon or 0.0),
        noise=single(np.sqrt(2.0 * how.temperature)),
    )
