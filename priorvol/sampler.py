"""Prior Monte Carlo: a span of random networks becomes one `FunctionTable`.

At infinite width the outputs are Gaussian and `priorvol.gaussian_functions` draws them.
Parameters are drawn in float32 and networks evaluated in float32 (perceptrons in float64, where
float32 sums tie at h = 0 about once in 10^6 draws). `draw_parameters` replays any sample and
`evaluate` computes its outputs in float64: the reference that the kernels are tested against.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import activation, bits, checks
from priorvol._kernels import networks, streams
from priorvol._kernels import rows as row_kernels
from priorvol._kernels.activations import CODES
from priorvol._kernels.layers import BLOCK as COLUMNS
from priorvol._kernels.networks import Network, Workspace
from priorvol.counting import Counter, TSums
from priorvol.gaussian_functions import count_functions, task_factor
from priorvol.planes import PURPOSE, check_planes, turned_layer
from priorvol.provenance import Provenance, Span
from priorvol.rng import BLOCK, check_seed, stream_key
from priorvol.sources import PriorSampling
from priorvol.table import FunctionTable
from priorvol.task import Task, check_task

Array = npt.NDArray[np.float64]
Parameters = list[tuple[Array, Array]]

TIE_RULE = "f(x) = 1 if and only if h(x) > 0"

_BATCH = 1 << 14
_DEAD = 1 << 16


def sample_span(task: Task, span: Span) -> FunctionTable:
    """Draw the networks of a span and count their functions.

    Parameters
    ----------
    task : Task
    span : Span
        Which hidden draws of which stream, and how many output draws each.

    Returns
    -------
    FunctionTable
        With ``span.size * span.output_draws`` draws.

    Raises
    ------
    ValueError
        If a perceptron or an infinite network is asked for several output draws, the prior leads
        out of single precision, or an infinite network has no Gaussian limit.

    Examples
    --------
    >>> from priorvol import Architecture, Task
    >>> sample_span(Task(Architecture(3, (8,))), Span(0, 1, 0, 1000)).n_samples
    1000
    """
    rows, t_sums = count_span(task, span)
    row_kernels.sort_rows(rows, bits.n_words(task.m))
    return FunctionTable.from_rows(
        rows,
        task=task,
        m=task.m,
        source=PriorSampling(span.output_draws),
        provenance=Provenance((span,)),
        n_samples=span.size * span.output_draws,
        t_sums=t_sums,
    )


def count_span(task: Task, span: Span) -> tuple[npt.NDArray[np.uint64], TSums]:
    """Draw the networks of a span and count their functions, in no order; as `sample_span`.

    Returns
    -------
    rows : (k, words + 1) or (k, words + 2) uint64
        Distinct; see `priorvol._kernels.rows`.
    t_sums : tuple
        Counts of T = t and, for grouped draws, their group pairs, each (m + 1,) int64.
    """
    draws = check_sampling(task, span.output_draws)
    if task.architecture.is_infinite:
        return count_functions(task_factor(task), span, "prior")
    network, words = compile_task(task), bits.n_words(task.m)
    key = stream_key(span.seed, draws)
    counter = Counter(task.m, words, draws)
    groups = max(_BATCH // draws, 1)
    keys = np.empty((groups * draws, words), dtype=np.uint64)
    work = _workspace(network, draws)
    for block, start, stop in span.blocks():
        for first in range(start, stop, groups):
            count = min(groups, stop - first)
            if work is None:
                networks.sample_perceptrons(network, key, block, first, count, keys)
            else:
                networks.sample(work.plan, network.last_mask, key, block, first, count, draws, keys)
            counter.add(keys, count * draws)
    return counter.finish()


def check_sampling(task: Any, output_draws: Any) -> int:
    """Return ``output_draws``, or raise ``ValueError`` if the task cannot be sampled so."""
    infinite = check_task(task).architecture.is_infinite
    draws = PriorSampling(output_draws).output_draws
    if infinite:
        if draws > 1:
            raise ValueError(
                f"output_draws = {draws} has no meaning at infinite width, where draws share "
                "nothing and cost the same: use 1"
            )
        task_factor(task)
        return draws
    if draws > 1 and not task.architecture.hidden:
        raise ValueError(
            f"output_draws = {draws} needs a hidden layer to share; a perceptron has none: use 1"
        )
    if task.architecture.hidden:
        _check_scales(task)
    return draws


def _check_scales(task: Task) -> None:
    """Refuse priors whose activations would leave the range of float32."""
    size = float(np.abs(task.inputs.values).max()) or 1.0
    sizes = task.architecture.layer_sizes
    bounded = task.architecture.activation in ("tanh", "erf", "sigmoid", "sin", "sign")
    for layer, (w, b) in enumerate(task.prior.scales(sizes)):
        size = max(math.sqrt(sizes[layer]) * w * size, b)
        if not all(1e-30 < value < 1e30 for value in (w, b / w if b else 1.0, size)):
            raise ValueError(
                f"layer {layer}: standard deviations {w:.3g} (weights) and {b:.3g} (biases) lead "
                "to numbers beyond 1e-30..1e30, the range of single precision"
            )
        size = 1.0 if bounded else size


def draw_parameters(
    task: Task,
    *,
    seed: int,
    block: int = 0,
    index: int = 0,
    output_draws: int | None = None,
    output_draw: int = 0,
    angles: int | None = None,
) -> Parameters:
    """Replay one sample: the parameters of network ``index`` of block ``block``.

    Weights that leave a ReLU unit which is never positive on the inputs do not touch the function
    and are not drawn in sampling; here they are drawn from a stream of their own.

    Parameters
    ----------
    task : Task
    seed, block, index : int
        Sample number g of a stream is index g % BLOCK of block g // BLOCK (`priorvol.rng`).
    output_draws, output_draw : int
        For grouped draws: how many a group has, and which one is wanted.
    angles : int, optional
        Of output draws in planes (`priorvol.planes`). Draw d is at angle d % ``angles`` of plane
        d // ``angles``, which is one of the 1,024 of a batch.

    Returns
    -------
    list of (W, b)
        A pair a layer, from the inputs up: W (out, in) and b (out,), float64 arrays that hold
        float32 numbers (float64 numbers for a perceptron).

    Raises
    ------
    ValueError
        If a number is out of range or the widths are infinite.

    Examples
    --------
    >>> from priorvol import Architecture, Task
    >>> [W.shape for W, b in draw_parameters(Task(Architecture(7, (40, 40))), seed=0)]
    [(40, 7), (40, 40), (1, 40)]
    """
    check_task(task).require_finite("draw_parameters")
    draws = _check_replay(task, output_draws, angles)
    check_seed(seed)
    block = checks.integer("block", block, low=0, high=2**32 - 1)
    index = checks.integer("index", index, low=0, high=BLOCK - 1)
    chosen = checks.integer("output_draw", output_draw, low=0, high=draws - 1)
    network = compile_task(task)
    key = stream_key(seed, draws, "prior" if angles is None else PURPOSE)
    work = _workspace(network, draws if angles is None else 1)
    n = task.inputs.n
    if work is None:
        column = np.empty(n + 1)
        words = np.empty(256 * (n // 64 + 1), dtype=np.uint32)
        networks.perceptron_weights(network, key, block, index, words, column)
        return [(column[None, 1:].copy(), column[:1].copy())]
    parameters: Parameters = []
    plan = work.plan
    streams.start_at(plan.state, key, index, block, 0)
    source, target = plan.others, plan.units
    live, alive = 0, np.ones(n, dtype=bool)
    for layer in range(task.architecture.n_layers):
        is_last = layer == task.architecture.n_layers - 1
        above = draws if is_last else int(network.sizes[layer + 1])
        below = n if layer == 0 else live
        if not is_last:
            if angles is None:
                drop = draws > 1 or layer < task.architecture.n_layers - 2
            else:
                drop = layer == 0 and network.cube > 0
            live = networks.hidden_layer(plan, layer, live, drop, source, target)
            source, target = target, source
            drawn, biases = _columns(work.weights, below, above)
        elif angles is None:
            networks.draw_weights(plan, layer, below, above)
            drawn, biases = _columns(work.weights, below, above)
        else:
            above, chosen = 1, 0
            drawn, biases = turned_layer(plan, live, angles, output_draw)
        W = np.empty((above, len(alive)))
        W[:, alive] = drawn[:, ::-1] if layer == 0 else drawn
        W[:, ~alive] = _dead_weights(network, layer, above, int((~alive).sum()), key, block, index)
        parameters.append((W, biases))
        alive = work.alive[layer, :above].astype(bool)
    W, b = parameters[-1]
    parameters[-1] = (W[chosen : chosen + 1], b[chosen : chosen + 1])
    return parameters


def _check_replay(task: Task, output_draws: Any, angles: Any) -> int:
    if angles is None:
        return check_sampling(task, 1 if output_draws is None else output_draws)
    _, draws = check_planes(task, angles, output_draws)
    return check_sampling(task, draws)


def evaluate(task: Task, parameters: Parameters) -> Array:
    """Return the outputs h of one network on the task's inputs, in float64.

    Parameters
    ----------
    task : Task
    parameters : list of (W, b)
        As from `draw_parameters`; W (out, in), b (out,).

    Returns
    -------
    (m,) float64 array
        The function is ``h > 0``.

    Raises
    ------
    ValueError
        If the number of layers or a shape does not fit the task, or a value is not finite.

    Examples
    --------
    >>> from priorvol import Architecture, Task
    >>> task = Task(Architecture(2))
    >>> evaluate(task, [([[1.0, -2.0]], [0.5])])
    array([ 0.5, -1.5,  1.5, -0.5])
    """
    check_task(task).require_finite("evaluate")
    architecture = task.architecture
    if len(parameters) != architecture.n_layers:
        raise ValueError(
            f"parameters must have {architecture.n_layers} layers, got {len(parameters)}"
        )
    sizes = architecture.layer_sizes
    h = task.inputs.values
    for layer, (weights, biases) in enumerate(parameters):
        W, b = np.asarray(weights, np.float64), np.asarray(biases, np.float64)
        wanted = (sizes[layer + 1], sizes[layer])
        if W.shape != wanted or b.shape != wanted[:1]:
            raise ValueError(
                f"layer {layer} must have W {wanted} and b {wanted[:1]}, got {W.shape}, {b.shape}"
            )
        if not (np.isfinite(W).all() and np.isfinite(b).all()):
            raise ValueError(f"layer {layer} holds NaN or infinite parameters")
        h = h @ W.T + b
        if layer < len(parameters) - 1:
            h = activation.apply(
                h,
                architecture.activation,
                shift=float(architecture.shift),
                slope=architecture.slope,
            )
    return h[:, 0]


@lru_cache(maxsize=8)
def compile_task(task: Task) -> Network:
    """Return the task in the kernels' terms."""
    architecture, inputs = task.architecture, task.inputs
    sizes = [int(size) for size in architecture.layer_sizes]
    scales = np.array(task.prior.scales(architecture.layer_sizes))
    last = inputs.m % 64 or 64
    cube = {None: 0, "01": 1, "pm1": 2}[inputs.encoding]
    return Network(
        sizes=np.array(sizes, dtype=np.int64),
        scale=scales[:, 0].copy(),
        ratio=scales[:, 1] / scales[:, 0],
        uniform=np.array([law == "uniform" for law in task.prior.distribution], dtype=np.uint8),
        code=CODES[architecture.activation],
        shift=np.float32(architecture.shift),
        slope=np.float32(architecture.slope),
        cube=cube,
        points=np.ascontiguousarray(inputs.values),
        last_mask=np.uint64((1 << last) - 1),
    )


def _workspace(network: Network, draws: int) -> Workspace | None:
    return None if len(network.sizes) == 2 else Workspace(network, draws)


def _columns(weights: npt.NDArray[np.float32], below: int, above: int) -> tuple[Array, Array]:
    """Return a layer's weights (above, below) and biases (above,) from the kernels' layout."""
    blocks = above - above % COLUMNS
    flat = weights[: (below + 1) * above].astype(np.float64)
    whole = flat[: blocks * below].reshape(blocks // COLUMNS, below, COLUMNS).transpose(0, 2, 1)
    single = flat[blocks * below : above * below].reshape(above - blocks, below)
    W = np.concatenate([whole.reshape(blocks, below), single])
    return W, flat[above * below :]


def _dead_weights(
    network: Network, layer: int, above: int, dead: int, key: Any, block: int, index: int
) -> Array:
    out = np.empty(above * dead + 64, dtype=np.float32)
    law, scale = bool(network.uniform[layer]), network.scale[layer]
    state = np.empty(streams.STATE_WORDS, dtype=np.uint32)
    streams.start(state, key, index, block, layer + _DEAD)
    streams.fill(state, out, above * dead, law, scale)
    return out[: above * dead].reshape(above, dead).astype(np.float64)
