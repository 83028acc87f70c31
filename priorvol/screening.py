"""How networks are tried on a training set's inputs before the others are computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol._kernels.networks import Network, Plan
from priorvol.training_set import TrainingSet


@dataclass(frozen=True)
class Screen:
    """How networks are tried on a training set's inputs before the others.

    Parameters
    ----------
    network : Network
        The task on the training set's inputs.
    chosen : (s,) int64
        Those inputs.
    split : int
        Hidden layers that are computed on all inputs.
    cube : int
        See `priorvol._kernels.rejection.propose`.
    wanted, mask : (words,) uint64
        Labels, and the bits that hold one.
    """

    network: Network
    chosen: npt.NDArray[np.int64]
    split: int
    cube: int
    wanted: npt.NDArray[np.uint64]
    mask: npt.NDArray[np.uint64]


def screen_for(network: Network, training_set: TrainingSet, draws: int) -> Screen | None:
    """Return how to try networks, or None for perceptrons, which are cheap."""
    n_hidden = len(network.sizes) - 2
    if n_hidden == 0:
        return None
    chosen = np.array(training_set.indices, dtype=np.int64)
    points = np.ascontiguousarray(network.points[chosen])
    labels = np.ones((2, len(chosen)), dtype=bool)
    labels[0] = np.array(training_set.labels, dtype=bool)
    wanted, mask = bits.pack(labels)
    drops = n_hidden - (draws == 1) if network.code == 0 and network.shift == 0 else 0
    known = drops == 1 and network.cube > 0
    return Screen(
        network=network._replace(points=points, cube=0),
        chosen=chosen,
        split=0 if known else drops,
        cube=network.cube if known else 0,
        wanted=wanted,
        mask=mask,
    )


def sharing(trained: Plan, plan: Plan) -> Plan:
    """Return a plan that shares the stream and what it draws with another."""
    return trained._replace(
        state=plan.state,
        weights=plan.weights,
        alive=plan.alive,
        flags=plan.flags,
        places=plan.places,
    )
