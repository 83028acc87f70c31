"""A finite network linearised at its parameters, and how gradient descent trains that.

To first order in its parameters a network is h(x) + J(x) . change, with J the Jacobian where it
starts; under squared error its outputs move along the kernel J J^T as
`priorvol.infinite.kernel_descent` solves. Wide networks train as their linearisation does: the
distance is at most O(1 / sqrt(width)) (1902.06720, theorem 2.1), and O(1 / width) where the
activation is smooth, as the kernel changes by that much (1909.11304).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from priorvol import activation, checks
from priorvol.infinite.covariance import PARAMETRIZATIONS
from priorvol.infinite.kernel_descent import KernelDescent
from priorvol.infinite.prediction import target_outputs
from priorvol.sampler import Parameters, evaluate
from priorvol.task import Task
from priorvol.training_set import TrainingSet, check_training_set

Array = npt.NDArray[np.float64]


class LayerGradient(NamedTuple):
    """The derivatives of the outputs by one layer's parameters, in factors.

    That by the weight from unit j below to unit i is ``weight * above[x, i] * below[x, j]``, that
    by the bias of unit i ``bias * above[x, i]``.

    Attributes
    ----------
    below : (m, fan_in) float64
        Activations of the layer below.
    above : (m, fan_out) float64
        Derivatives of the outputs by this layer's pre-activations.
    weight, bias : float
        What the parametrisation multiplies the derivatives with (see `layer_gradients`).
    """

    below: Array
    above: Array
    weight: float
    bias: float


def layer_gradients(
    task: Task, parameters: Parameters, *, parametrization: str = "ntk"
) -> list[LayerGradient]:
    """Return the gradient of the outputs of one finite network, a factor pair a layer.

    Parameters
    ----------
    task : Task
        Of finite width.
    parameters : list of (W, b)
        As from `priorvol.sampler.draw_parameters`.
    parametrization : "ntk" or "standard"
        ``"ntk"``: what is trained are the parameters over their standard deviations under the
        prior, so derivatives are multiplied with those. ``"standard"``: the parameters themselves
        are trained, at a learning rate divided by the width (all hidden widths must be equal), so
        derivatives are multiplied with 1 / sqrt(width); a layer of sigma_b = 0 has no bias.
        These are the conventions of `priorvol.infinite.covariance.tangent_kernel`.

    Returns
    -------
    list of LayerGradient
        From the inputs up.

    Raises
    ------
    ValueError
        If the parameters do not fit the task, phi jumps (``sign``), or the standard
        parametrisation is asked for without hidden layers or with several widths.
    """
    checks.choice("parametrization", parametrization, PARAMETRIZATIONS)
    evaluate(task, parameters)  # checks the shapes and that the numbers are finite
    name, slope = task.architecture.activation, task.architecture.slope
    shift, scales = float(task.architecture.shift), _scales(task, parametrization)
    below, slopes = [task.inputs.values], []
    for W, b in parameters[:-1]:
        z = below[-1] @ np.asarray(W, dtype=np.float64).T + b
        slopes.append(activation.derivative(z, name, slope=slope))
        below.append(activation.apply(z, name, shift=shift, slope=slope))
    above = [np.ones((task.m, 1))]
    for (W, _), rise in zip(parameters[:0:-1], slopes[::-1], strict=True):
        above.append(above[-1] @ np.asarray(W, dtype=np.float64) * rise)
    pairs = zip(below, above[::-1], scales, strict=True)
    return [LayerGradient(a, d, weight, bias) for a, d, (weight, bias) in pairs]


def _scales(task: Task, parametrization: str) -> list[tuple[float, float]]:
    scales = list(task.prior.scales(task.architecture.layer_sizes))
    if parametrization == "ntk":
        return scales
    widths = set(task.architecture.hidden)
    if len(widths) != 1:
        raise ValueError(
            "parametrization='standard' divides the learning rate by the width, and needs hidden "
            f"layers of one width, got hidden = {task.architecture.hidden}"
        )
    factor = 1.0 / math.sqrt(widths.pop())
    return [(factor, factor if bias > 0.0 else 0.0) for _, bias in scales]


def gradient_kernel(gradients: list[LayerGradient]) -> Array:
    """Return the tangent kernel (m, m) of a network, J J^T, without the Jacobian itself."""
    m = len(gradients[0].below)
    kernel = np.zeros((m, m))
    for layer in gradients:
        inner = layer.weight**2 * (layer.below @ layer.below.T) + layer.bias**2
        kernel += inner * (layer.above @ layer.above.T)
    return kernel


@dataclass(frozen=True, eq=False)
class LinearizedNetwork:
    """One finite network to first order in its parameters; made by `linearize`.

    Attributes
    ----------
    task : Task
    parametrization : str
    outputs : (m,) float64 array
        The network's own outputs, where training starts.
    gradients : list of LayerGradient
    """

    task: Task
    parametrization: str
    outputs: Array
    gradients: list[LayerGradient] = field(repr=False)

    @cached_property
    def jacobian(self) -> Array:
        """The Jacobian (m, n_parameters) float64 by what is trained (see `layer_gradients`).

        Layer by layer from the inputs up: the weights, row by row (a row a unit), then the biases.
        """
        columns = []
        for layer in self.gradients:
            weights = layer.weight * layer.above[:, :, None] * layer.below[:, None, :]
            columns += [weights.reshape(self.task.m, -1), layer.bias * layer.above]
        return np.hstack(columns)

    @cached_property
    def tangent_kernel(self) -> Array:
        """The network's own tangent kernel J J^T, (m, m) float64."""
        return gradient_kernel(self.gradients)

    def train(
        self,
        training_set: TrainingSet,
        *,
        time: float | None = None,
        steps: int | None = None,
        learning_rate: float = 1.0,
        targets: float = 1.0,
    ) -> Array:
        """Return the outputs on all inputs after training, (m,) float64.

        On the loss (1/2) mean (h - y)^2 over the training inputs; see
        `priorvol.infinite.dynamics.train_prediction`, whose conventions and parameters these are.

        Raises
        ------
        ValueError
            If a value is out of range, both ``time`` and ``steps`` are given, or the steps
            diverge.
        """
        check_training_set(training_set, self.task.m)
        descent = KernelDescent(self.tangent_kernel, np.array(training_set.indices))
        response = descent.respond(time=time, steps=steps, learning_rate=learning_rate)
        return response.outputs(self.outputs, target_outputs(training_set, targets))


def linearize(
    task: Task, parameters: Parameters, *, parametrization: str = "ntk"
) -> LinearizedNetwork:
    """Linearise one finite network at its parameters.

    Parameters
    ----------
    task, parameters, parametrization
        As for `layer_gradients`.

    Returns
    -------
    LinearizedNetwork

    Raises
    ------
    ValueError
        As `layer_gradients`.

    Examples
    --------
    >>> import math
    >>> from priorvol import Architecture, Task, TrainingSet, draw_parameters
    >>> task = Task(Architecture(2, (50,), "tanh"))
    >>> network = linearize(task, draw_parameters(task, seed=0))
    >>> network.train(TrainingSet([0, 3], [0, 1]), time=math.inf)[[0, 3]]
    array([-1.,  1.])
    """
    outputs = evaluate(task, parameters)
    gradients = layer_gradients(task, parameters, parametrization=parametrization)
    return LinearizedNetwork(task, parametrization, outputs, gradients)
