"""A network and its loss in float64 NumPy, as the training kernels are to compute them."""

import json
from pathlib import Path

import numpy as np

from priorvol import activation

TRACES = Path(__file__).parents[1] / "data" / "torch_traces.json"


def traces():
    """Return what scripts/write_torch_traces.py wrote."""
    return json.loads(TRACES.read_text())


def layers(flat, sizes):
    """Return (W, b) of each layer from numbers one after another."""
    found, place = [], 0
    for below, above in zip(sizes, sizes[1:], strict=False):
        W = np.reshape(flat[place : place + below * above], (above, below))
        place += below * above
        found.append((W, np.array(flat[place : place + above])))
        place += above
    assert place == len(flat)
    return found


def flatten(parameters):
    """Return the numbers of all layers, W then b."""
    return np.concatenate([np.ravel(part) for pair in parameters for part in pair])


def outputs(task, parameters, points):
    """Return the outputs on some points."""
    architecture, h = task.architecture, points
    for layer, (W, b) in enumerate(parameters):
        h = h @ np.asarray(W).T + b
        if layer < len(parameters) - 1:
            h = activation.apply(
                h,
                architecture.activation,
                shift=float(architecture.shift),
                slope=architecture.slope,
            )
    return h[:, 0]


def mean_loss(task, training_set, parameters, loss="cross_entropy", targets=1.0):
    """Return the mean loss on a training set."""
    h = outputs(task, parameters, task.inputs.values[list(training_set.indices)])
    y = np.where(np.array(training_set.labels) == 1, 1.0, -1.0)
    if loss == "mse":
        return float(np.mean((h - targets * y) ** 2)) / 2
    return float(np.mean(np.logaddexp(0.0, -y * h)))


def finite_differences(task, training_set, parameters, step=1e-6, **loss):
    """Return the gradient of the mean loss by central differences, flat."""
    sizes, flat = task.architecture.layer_sizes, flatten(parameters)
    gradient = np.empty_like(flat)
    for i in range(len(flat)):
        ends = []
        for sign in (1.0, -1.0):
            moved = flat.copy()
            moved[i] += sign * step
            ends.append(mean_loss(task, training_set, layers(moved, sizes), **loss))
        gradient[i] = (ends[0] - ends[1]) / (2 * step)
    return gradient
