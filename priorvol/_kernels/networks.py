"""Whole networks: draw the parameters of one after another and write their functions' bits.

The numbers of a hidden draw come from one stream, named by the index in the block and the block,
layer after layer; a layer's weights are laid out for the units below that are alive, so those of
dead ReLU units are never drawn. With a single output draw all units of the last hidden layer count
as alive: to look costs more than it saves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from priorvol._kernels.activations import activate
from priorvol._kernels.jit import carray, kernel
from priorvol._kernels.layers import (
    PANEL,
    cube_layer,
    dense,
    find_alive,
    list_alive,
    scale_biases,
    set_alive,
    threshold,
)
from priorvol._kernels.simd import LANES, float_pointer, read_float64, read_int64, read_uint8
from priorvol._kernels.streams import STATE_WORDS, STEP, fill_at, start_at
from priorvol._kernels.threefry import fill as fill_words

DRAWS_AT_ONCE = 64


class Network(NamedTuple):
    """A task as the kernels see it.

    ``sizes`` (layers + 1,) int64; ``scale`` (layers,) float64 standard deviations of the weights;
    ``ratio`` (layers,) float64, bias over weight; ``uniform`` (layers,) uint8; ``code``, ``shift``
    and ``slope`` of the activation; ``cube`` 0 for other points, 1 for {0,1}^n, 2 for {-1,+1}^n;
    ``points`` (m, n) float64; ``last_mask`` the used bits of a function's last word.
    """

    sizes: Any
    scale: Any
    ratio: Any
    uniform: Any
    code: int
    shift: Any
    slope: Any
    cube: int
    points: Any
    last_mask: Any


class Plan(NamedTuple):
    """A network with hidden layers and one worker's scratch, as numbers and addresses.

    ``points``, ``units`` and ``others`` are panels, ``panel`` bytes apart, and ``places`` lists the
    live units (see `layers`); ``alive`` are flags, ``flags`` a layer. `Workspace` keeps the memory.
    """

    n_layers: int
    n: int
    sizes: int
    scale: int
    ratio: int
    uniform: int
    code: int
    shift: Any
    slope: Any
    cube: int
    vectors: int
    panel: int
    state: int
    weights: int
    points: int
    units: int
    others: int
    places: int
    column: int
    alive: int
    flags: int


class Workspace:
    """The scratch of one worker.

    Parameters
    ----------
    network : Network
        With hidden layers.
    draws : int
        Output draws.
    """

    def __init__(self, network: Network, draws: int) -> None:
        """Allocate; ``plan`` is what the kernels take."""
        sizes = network.sizes.tolist()
        m, n = network.points.shape
        vectors = -(-m // LANES)
        below, above = sizes[:-1], [*sizes[1:-1], draws]
        most = max((b + 1) * a for b, a in zip(below, above, strict=True))
        widest = max(*sizes, min(draws, DRAWS_AT_ONCE))
        self.network = network
        self.weights = aligned(most + STEP + LANES)
        self.alive = np.ones((len(sizes), widest), dtype=np.uint8)
        panels, lanes = -(-vectors // PANEL), PANEL * LANES
        points, units, others = (aligned(panels * widest * lanes) for _ in range(3))
        repeats = np.minimum(np.arange(panels * lanes), m - 1)  # they change no unit's being dead
        columns = network.points[repeats, ::-1].astype(np.float32)
        target = points.reshape(panels, widest, lanes)
        target[:, :n] = columns.reshape(panels, lanes, n).swapaxes(1, 2)
        column = np.zeros(max(n, 6) + 1, dtype=np.float32)
        places = np.zeros(widest + 1, dtype=np.int64)  # one is written before it is kept
        state = np.zeros(STATE_WORDS, dtype=np.uint32)
        self._kept = (state, points, units, others, column, places)
        self.plan = Plan(
            n_layers=len(sizes) - 1,
            n=n,
            sizes=network.sizes.ctypes.data,
            scale=network.scale.ctypes.data,
            ratio=network.ratio.ctypes.data,
            uniform=network.uniform.ctypes.data,
            code=network.code,
            shift=network.shift,
            slope=network.slope,
            cube=network.cube,
            vectors=vectors,
            panel=4 * lanes * widest,
            state=state.ctypes.data,
            weights=self.weights.ctypes.data,
            points=points.ctypes.data,
            units=units.ctypes.data,
            others=others.ctypes.data,
            places=places.ctypes.data,
            column=column.ctypes.data,
            alive=self.alive.ctypes.data,
            flags=widest,
        )


def aligned(size: int) -> Any:
    """Return zeros of float32 whose address is a multiple of 64 bytes."""
    octets = np.zeros(4 * size + 64, dtype=np.uint8)
    start = -octets.ctypes.data % 64
    return octets[start : start + 4 * size].view(np.float32)


@kernel
def draw_weights(plan, layer, below, above):
    """Draw the weights and biases of one layer into ``plan.weights``."""
    uniform = read_uint8(plan.uniform + layer) != 0
    scale = read_float64(plan.scale + 8 * layer)
    fill_at(plan.state, plan.weights, (below + 1) * above, uniform, scale)
    ratio = np.float32(read_float64(plan.ratio + 8 * layer))
    scale_biases(plan.weights, below, above, ratio)


@kernel
def hidden_layer(plan, layer, live, drop, source, target):
    """Draw hidden layer ``layer`` from the listed units at ``source``; return how many are live.

    The first layer (0) reads the inputs instead. The list then names the units at ``target``. With
    ``drop``, ReLU units that are never positive are not live; flags at ``plan.alive`` say which.
    """
    above = read_int64(plan.sizes + 8 * (layer + 1))
    rectify = plan.code == 0 and plan.shift == np.float32(0.0)
    drop = drop and rectify
    least = np.float32(0.0) if rectify else -np.float32(np.inf)
    vectors, panel, places = plan.vectors, plan.panel, plan.places
    w, alive = plan.weights, plan.alive + layer * plan.flags
    on_cube = layer == 0 and plan.cube > 0
    if layer == 0:
        live, source = plan.n, plan.points
        if not on_cube:
            set_alive(live, alive)
            list_alive(live, alive, places)
    draw_weights(plan, layer, live, above)
    if on_cube:
        signed = plan.cube == 2
        cube_layer(w, live, above, signed, panel, rectify, drop, plan.column, alive, target)
    else:
        dense(source, places, w, live, above, 0, above, vectors, panel, least, target)
    if not rectify:
        panels = (vectors + PANEL - 1) // PANEL
        h = carray(float_pointer(target), panels * panel // 4)
        activate(h, panels, PANEL * above, panel // 4, plan.code, plan.shift, plan.slope)
    if not drop:
        set_alive(above, alive)
    elif not on_cube:
        find_alive(target, above, vectors, panel, alive)
    return list_alive(above, alive, places)


@kernel
def output_layer(plan, live, draws, source, target, keys, words):
    """Draw ``draws`` output layers on the listed units and write their bits at ``keys``."""
    draw_weights(plan, plan.n_layers - 1, live, draws)
    vectors, panel, w = plan.vectors, plan.panel, plan.weights
    least = -np.float32(np.inf)
    for first in range(0, draws, DRAWS_AT_ONCE):
        some = min(DRAWS_AT_ONCE, draws - first)
        dense(source, plan.places, w, live, draws, first, some, vectors, panel, least, target)
        threshold(target, some, vectors, panel, keys + 8 * words * first, words)


@kernel
def sample(plan, last_mask, key, block, first, count, draws, keys):
    """Write the functions of ``count`` hidden draws, ``draws`` each, from index ``first`` on.

    Parameters
    ----------
    plan : Plan
        Whose `Workspace` is alive.
    last_mask : uint64
        The used bits of a function's last word.
    key : four int
    block, first : int
    keys : (>= count * draws, words) uint64
    """
    n_hidden, words = plan.n_layers - 1, keys.shape[1]
    base = keys.ctypes.data
    for g in range(count):
        start_at(plan.state, key, first + g, block, 0)
        source, target = plan.others, plan.units
        live = np.int64(0)  # a literal would have `hidden_layer` compiled for it
        for layer in range(n_hidden):
            drop = draws > 1 or layer < n_hidden - 1
            live = hidden_layer(plan, layer, live, drop, source, target)
            source, target = target, source
        place = base + 8 * words * draws * g
        output_layer(plan, live, draws, source, target, place, words)
    for i in range(count * draws):
        keys[i, words - 1] &= last_mask


@kernel
def perceptron_weights(network, key, block, index, words, out):
    """Draw bias and weights of a perceptron into ``out`` (n + 1,) float64; 53 random bits each."""
    n = network.sizes[0]
    fill_words(words, 4 * ((n + 2) // 2), key, index, block, 0)
    unit = 1.0 / (1 << 53)
    for k in range(n + 1):
        i = 4 * (k // 2)
        u = (
            np.float64(words[i] >> np.uint32(5)) * 67108864.0 + np.float64(words[i + 1] >> 6)
        ) * unit
        v = (
            np.float64(words[i + 2] >> np.uint32(5)) * 67108864.0 + np.float64(words[i + 3] >> 6)
        ) * unit
        if network.uniform[0] != 0:
            z = np.sqrt(3.0) * (2.0 * (u if k % 2 == 0 else v) - 1.0)
        else:
            angle = 2.0 * np.pi * v
            z = np.sqrt(-2.0 * np.log(1.0 - u)) * (np.cos(angle) if k % 2 == 0 else np.sin(angle))
        out[k] = network.scale[0] * z
    out[0] *= network.ratio[0]


@kernel
def perceptron_outputs(network, weights, out):
    """Write h = b + w . x on every input to ``out`` (m,) float64."""
    n, m = network.sizes[0], out.shape[0]
    if network.cube > 0:
        low = 0.0 if network.cube == 1 else -1.0
        out[0] = weights[0]
        size = 1
        for k in range(1, n + 1):  # the last input is the lowest bit
            w = weights[n + 1 - k]
            for i in range(size):
                out[size + i] = out[i] + w
                out[i] += low * w
            size *= 2
    else:
        for x in range(m):
            total = weights[0]
            for k in range(n):
                total += weights[k + 1] * network.points[x, k]
            out[x] = total


@kernel
def sample_perceptrons(network, key, block, first, count, keys):
    """Write the functions of ``count`` perceptrons, computed in float64, to ``keys``."""
    n = network.sizes[0]
    words = np.empty(STEP * (n // STEP * 4 + 4), np.uint32)
    weights = np.empty(n + 1, np.float64)
    out = np.empty(network.points.shape[0], np.float64)
    for g in range(count):
        perceptron_weights(network, key, block, first + g, words, weights)
        perceptron_outputs(network, weights, out)
        for j in range(keys.shape[1]):
            word = np.uint64(0)
            for i in range(min(64, out.shape[0] - 64 * j)):
                if out[64 * j + i] > 0.0:
                    word |= np.uint64(1) << np.uint64(i)
            keys[g, j] = word
