"""`Desk`: one worker's memory, and a trainer in the kernels' terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol._kernels import training as kernels
from priorvol._kernels import training_starts as starts
from priorvol._kernels.networks import Network
from priorvol._kernels.networks import Workspace as DrawingWorkspace
from priorvol._kernels.training import Course
from priorvol._kernels.training_networks import LOSSES, Memory
from priorvol._kernels.training_steps import CODES, Rule
from priorvol.rng import stream_key
from priorvol.sampler import Parameters, compile_task
from priorvol.training.configuration import TrainingConfiguration

if TYPE_CHECKING:
    from priorvol.training.runs import Trainer

Floats = npt.NDArray[np.float32]

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


def empty_outcomes(trainer: Trainer, runs: int) -> Outcomes:
    """Return room for what becomes of ``runs`` runs."""
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

    def outputs(self, flat: Floats) -> Floats:
        """Return the outputs (m,) on all inputs of parameters in the kernels' layout."""
        memory, course = self._memory, self._course
        memory.parameters[:] = flat
        kernels.outputs_on(memory.plan, course.everywhere, course.m, course.stride)
        outputs: Floats = memory.outputs[: course.m].copy()
        return outputs

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
