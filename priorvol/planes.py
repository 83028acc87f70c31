"""Output draws in planes: many draws of the output layer that fit a training set, for few drawn.

With u and v two draws of an output layer with Gaussian parameters, cos(a) u + sin(a) v is one as
well, for every angle a. The output draws of a hidden draw are made in batches: of 2 x 32 that are
drawn, every one of the first half spans a plane with every one of the second, and in each plane
there are some angles, equally spaced. Each of these 1,024 x ``angles`` draws has exactly the law
that the prior gives an output layer; those of a hidden draw depend on each other, and are a group
as any output draws of one hidden draw are. Which angles fit is found input by input
(`priorvol._kernels.plane_search`): for most planes a few inputs show that none does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol._kernels.layers import BLOCK as COLUMNS
from priorvol._kernels.networks import Network, Plan, Workspace, aligned
from priorvol._kernels.plane_search import PLANES, SIDE
from priorvol._kernels.planes import draw_batch, propose_in_planes, turn
from priorvol.provenance import Span
from priorvol.rng import stream_key
from priorvol.screening import sharing
from priorvol.sources import MAX_DRAWS
from priorvol.task import Task
from priorvol.training_set import TrainingSet

ANGLES = (4, 8, 16, 32, 64)
"""Numbers of angles in a plane."""

PURPOSE = "planes"
"""Of the random streams."""

_LEAST_ROOM = 1 << 14


def can_turn(task: Task) -> bool:
    """Whether a task has an output layer whose law no rotation changes, above hidden ones.

    Examples
    --------
    >>> from priorvol import Architecture, Prior
    >>> can_turn(Task(Architecture(3, (8,)))), can_turn(Task(Architecture(3)))
    (True, False)
    """
    return bool(task.architecture.hidden) and task.prior.distribution[-1] == "gaussian"


def check_planes(task: Task, angles: Any, output_draws: Any = None) -> tuple[int, int]:
    """Return angles and output draws, or raise ``ValueError`` if a task cannot be drawn so.

    Parameters
    ----------
    task : Task
    angles : int
    output_draws : int, optional
        A multiple of a batch, 1,024 x angles; one batch by default.

    Examples
    --------
    >>> from priorvol import Architecture
    >>> check_planes(Task(Architecture(3, (8,))), 8)
    (8, 8192)
    """
    angles = checks.integer("angles", angles, low=1)
    if angles not in ANGLES:
        raise ValueError(f"angles must be one of {', '.join(map(str, ANGLES))}, got {angles}")
    if not task.architecture.hidden:
        raise ValueError("angles need a hidden layer below the output; a perceptron has none")
    if task.prior.distribution[-1] != "gaussian":
        raise ValueError(
            "angles need Gaussian parameters in the output layer, whose law no rotation changes, "
            f"got {task.prior.distribution[-1]} ones: give output_draws alone"
        )
    batch = PLANES * angles
    draws = batch if output_draws is None else output_draws
    draws = checks.integer("output_draws", draws, low=1, high=MAX_DRAWS)
    if draws % batch:
        most = MAX_DRAWS - MAX_DRAWS % batch
        raise ValueError(
            f"output_draws must be a multiple of {PLANES:,} planes x {angles} angles = "
            f"{batch}, got {draws} (try {min(math.ceil(draws / batch) * batch, most)})"
        )
    return angles, draws


@lru_cache(maxsize=8)
def directions(angles: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return cosines and sines of ``angles`` angles, (k + 1/2) 2 pi / angles, each float32.

    Made by square roots and products alone, which every processor rounds alike.

    Examples
    --------
    >>> directions(4)[0].round(2).tolist() == np.float32([0.71, -0.71, -0.71, 0.71]).tolist()
    True
    """
    cosine = sine = math.sqrt(0.5)
    for _ in range(4, angles.bit_length() + 1):  # halves pi / 4 until it is pi / angles
        half = math.sqrt((1.0 + cosine) / 2.0)
        cosine, sine = half, sine / (2.0 * half)
    step = complex(cosine * cosine - sine * sine, 2.0 * cosine * sine)
    at = complex(cosine, sine)
    found = np.empty((2, angles), dtype=np.float32)
    for k in range(angles):
        found[:, k] = at.real, at.imag
        at = complex(
            at.real * step.real - at.imag * step.imag, at.real * step.imag + at.imag * step.real
        )
    return found[0], found[1]


def draw_in_planes(
    task: Task, network: Network, training_set: TrainingSet, angles: int, span: Span
) -> Iterator[tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]]:
    """Yield the functions of a span that fit, with the hidden draws that they are of.

    Parameters
    ----------
    task : Task
    network : Network
        The task in the kernels' terms.
    training_set : TrainingSet
    angles : int
    span : Span
        Its output draws are whole batches.

    Yields
    ------
    functions : (k, words) uint64
    groups : (k,) int64
        Rising; not the numbers of the hidden draws, and no group is in two batches.

    Examples
    --------
    >>> from priorvol import Architecture
    >>> from priorvol.sampler import compile_task
    >>> task, S = Task(Architecture(3, (8,))), TrainingSet([0, 5], [1, 1])
    >>> parts = draw_in_planes(task, compile_task(task), S, 4, Span(0, 4096, 0, 2))
    >>> all(bool(S.fits(functions, m=8).all()) for functions, _ in parts)
    True
    """
    batches = span.output_draws // (PLANES * angles)
    desk = _Desk(network, training_set, batches)
    cosines, sines = directions(angles)
    codes = np.empty(PLANES * angles + 1, dtype=np.int64)
    room = max(2 * span.output_draws, _LEAST_ROOM)
    keys = np.empty((room, bits.n_words(task.m)), dtype=np.uint64)
    groups = np.empty(room, dtype=np.int64)
    key = stream_key(span.seed, span.output_draws, PURPOSE)
    for block, start, stop in span.blocks():
        while start < stop:
            done, n = propose_in_planes(
                desk.plan,
                network.last_mask,
                desk.trained,
                desk.cube,
                desk.order,
                desk.signs,
                key,
                block,
                start,
                stop - start,
                batches,
                cosines,
                sines,
                desk.scratch,
                codes,
                keys,
                groups,
            )
            start += done
            fits = training_set.fits(keys[:n], m=task.m) if n else np.zeros(0, dtype=bool)
            if fits.any():
                yield keys[:n][fits], groups[:n][fits]


def turned_layer(
    plan: Plan, live: int, angles: int, draw: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return weights (1, live) and bias (1,) of one output draw, float32 numbers in float64.

    Parameters
    ----------
    plan : Plan
        Of the task, its stream at the end of the hidden layers.
    live : int
        Units of the last hidden layer that weights are drawn for.
    angles : int
    draw : int
        Number of the output draw.

    Examples
    --------
    >>> from priorvol import Architecture, draw_parameters
    >>> W, b = draw_parameters(Task(Architecture(3, (8,))), seed=0, angles=4, output_draw=5)[-1]
    >>> W.shape, b.shape
    ((1, 8), (1,))
    """
    batch, code = divmod(draw, PLANES * angles)
    weights, turned = aligned(2 * SIDE * (live + 1)), aligned(live + 1)
    for _ in range(batch + 1):
        draw_batch(plan, plan.n_layers - 1, live, weights.ctypes.data)
    turn(weights.ctypes.data, live, code, *directions(angles), turned.ctypes.data)
    found = turned.astype(np.float64)
    return found[None, :live], found[live:]


class _Desk:
    """One worker's memory."""

    def __init__(self, network: Network, training_set: TrainingSet, batches: int) -> None:
        chosen = np.array(training_set.indices)
        points = np.ascontiguousarray(network.points[chosen])
        whole = Workspace(network, 1)
        trained = Workspace(network._replace(points=points, cube=0), 1)
        self.plan, self.trained = whole.plan, sharing(trained.plan, whole.plan)
        self.cube = network.cube if network.code == 0 and network.shift == 0 else 0
        size = len(chosen)
        n = -(-size // COLUMNS) * COLUMNS
        self.order = np.minimum(np.arange(n), size - 1)
        self.signs = (2 * np.array(training_set.labels)[self.order] - 1).astype(np.float32)
        below, row = int(network.sizes[-2]) + 1, 2 * SIDE
        sizes = {
            "weights": batches * below * row,
            "rows": 2 * below,
            "features": n * (below + 1),
            "outputs": (n + 1) * row,
            "slopes": (n + 1) * SIDE,
            "signs": (n // SIDE + 1) * row,
            "arcs": 4 * SIDE,
        }
        memory = [aligned(size) for size in sizes.values()]
        self._kept = (whole, trained, memory)
        self.scratch = tuple(array.ctypes.data for array in memory)
