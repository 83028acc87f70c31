"""Write data/torch_traces.json: gradients and optimiser steps of one small network by torch.

Needs torch, which the package and its tests do not: the tests hold the training kernels against
the file. All numbers are computed in float64 on the processor, from float32 starting points.

    python scripts/write_torch_traces.py data/torch_traces.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

SIZES = (3, 6, 9, 1)
STEPS = 12

ACTIVATIONS = {
    "relu": torch.relu,
    "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, 0.01),
    "tanh": torch.tanh,
    "erf": torch.erf,
    "sigmoid": torch.sigmoid,
    "gelu": torch.nn.functional.gelu,
    "softplus": torch.nn.functional.softplus,
    "sin": torch.sin,
    "linear": lambda z: z,
}

# What the package calls the settings, and torch's optimiser with its own.
OPTIMIZERS: list[tuple[dict[str, Any], type[torch.optim.Optimizer], dict[str, Any]]] = [
    ({"optimizer": "sgd", "learning_rate": 0.5}, torch.optim.SGD, {"lr": 0.5}),
    (
        {"optimizer": "sgd", "learning_rate": 0.2, "momentum": 0.9},
        torch.optim.SGD,
        {"lr": 0.2, "momentum": 0.9},
    ),
    (
        {"optimizer": "sgd", "learning_rate": 0.2, "momentum": 0.8, "nesterov": True},
        torch.optim.SGD,
        {"lr": 0.2, "momentum": 0.8, "nesterov": True},
    ),
    (
        {"optimizer": "sgd", "learning_rate": 0.2, "momentum": 0.9, "weight_decay": 0.05},
        torch.optim.SGD,
        {"lr": 0.2, "momentum": 0.9, "weight_decay": 0.05},
    ),
    ({"optimizer": "adam"}, torch.optim.Adam, {"lr": 0.01}),
    (
        {
            "optimizer": "adam",
            "learning_rate": 0.05,
            "beta1": 0.8,
            "beta2": 0.95,
            "epsilon": 1e-4,
            "weight_decay": 0.02,
        },
        torch.optim.Adam,
        {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.02},
    ),
    ({"optimizer": "adagrad", "learning_rate": 0.05}, torch.optim.Adagrad, {"lr": 0.05}),
    ({"optimizer": "rmsprop"}, torch.optim.RMSprop, {"lr": 0.01}),
    (
        {"optimizer": "rmsprop", "beta2": 0.9, "weight_decay": 0.01},
        torch.optim.RMSprop,
        {"lr": 0.01, "alpha": 0.9, "weight_decay": 0.01},
    ),
    ({"optimizer": "adadelta"}, torch.optim.Adadelta, {"lr": 1.0}),
    (
        {"optimizer": "adadelta", "beta2": 0.95, "epsilon": 1e-4, "learning_rate": 3.0},
        torch.optim.Adadelta,
        {"lr": 3.0, "rho": 0.95, "eps": 1e-4},
    ),
]


def outputs(parameters: list[torch.Tensor], points: torch.Tensor, activation: str) -> torch.Tensor:
    """Return the network's outputs; parameters are W, b of each layer in turn."""
    h = points
    for layer in range(0, len(parameters), 2):
        h = h @ parameters[layer].T + parameters[layer + 1]
        if layer < len(parameters) - 2:
            h = ACTIVATIONS[activation](h)
    return h[:, 0]


def mean_loss(h: torch.Tensor, labels: torch.Tensor, loss: str) -> torch.Tensor:
    """Return the loss as the package has it."""
    if loss == "mse":
        return ((h - (2 * labels - 1)) ** 2).mean() / 2
    return torch.nn.functional.binary_cross_entropy_with_logits(h, labels)


def flat(tensors: list[torch.Tensor]) -> list[float]:
    """Return the numbers of some tensors, one after another, to nine digits."""
    joined = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    return [float(f"{value:.9g}") for value in joined.tolist()]


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    file = parser.parse_args().file
    generator = np.random.default_rng(2006)
    points = np.float32(generator.normal(size=(10, SIZES[0])))
    labels = generator.integers(2, size=10)
    start = []
    for below, above in zip(SIZES, SIZES[1:], strict=False):
        start.append(np.float32(generator.normal(0, 1 / np.sqrt(below), (above, below))))
        start.append(np.float32(generator.normal(0, 0.5, above)))
    x, y = torch.tensor(points, dtype=torch.float64), torch.tensor(labels, dtype=torch.float64)

    def fresh() -> list[torch.Tensor]:
        return [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in start]

    gradients = []
    for activation in ACTIVATIONS:
        for loss in ("mse", "cross_entropy"):
            parameters = fresh()
            value = mean_loss(outputs(parameters, x, activation), y, loss)
            value.backward()
            gradient = flat([parameter.grad for parameter in parameters])
            gradients.append(
                {
                    "activation": activation,
                    "loss": loss,
                    "value": float(f"{value.item():.12g}"),
                    "gradient": gradient,
                }
            )
    traces = []
    for number, (settings, optimizer, own) in enumerate(OPTIMIZERS):
        parameters, steps = fresh(), []
        loss = ("mse", "cross_entropy")[number % 2]
        stepper = optimizer(parameters, **own)
        for _ in range(STEPS):
            stepper.zero_grad()
            mean_loss(outputs(parameters, x, "tanh"), y, loss).backward()
            stepper.step()
            steps.append(flat(parameters))
        traces.append({"settings": settings | {"loss": loss}, "steps": steps})
    record = {
        "written_by": f"scripts/write_torch_traces.py, torch {torch.__version__}, float64",
        "sizes": SIZES,
        "points": points.astype(float).tolist(),
        "labels": labels.tolist(),
        "start": np.concatenate([a.ravel() for a in start]).astype(float).tolist(),
        "layout": "W (above, below) row by row, then b, a layer after the other",
        "gradients": gradients,
        "traces": {"activation": "tanh", "runs": traces},
    }
    file.write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
