"""Whole networks: draw the parameters of one after another and write their functions' bits.

The numbers of layer l come from the counter words (index in the block, block, l); a layer's
weights are laid out for the units below that are alive, so those of dead units are never drawn.
With a single output draw the last hidden layer keeps its dead units: to look costs more than it
saves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from priorvol._kernels.activations import activate
from priorvol._kernels.jit import kernel
from priorvol._kernels.layers import cube_layer, dense, drop_dead, scale_biases, threshold
from priorvol._kernels.threefry import STEP, fill, fill_words

DRAWS_AT_ONCE = 64


class Network(NamedTuple):
    """A task as the kernels see it.

    ``sizes`` (layers + 1,) int64; ``scale`` (layers,) float64 standard deviations of the weights;
    ``ratio`` (layers,) float64, bias over weight; ``uniform`` (layers,) uint8; ``cube`` 0 for
    other points, 1 for {0,1}^n, 2 for {-1,+1}^n; ``points`` float32, flat, one row a dimension,
    last dimension first, or one float64 row a point for a perceptron; ``vectors`` of 16 inputs;
    ``stride`` floats between rows; ``last_mask`` the used bits of a function's last word.
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
    vectors: int
    stride: int
    last_mask: Any


class Workspace(NamedTuple):
    """Scratch of one worker: weights, two sets of rows, a column of the cube layer, alive flags."""

    weights: Any
    rows: Any
    other: Any
    column: Any
    alive: Any


def workspace(sizes: list[int], stride: int, draws: int) -> Workspace:
    """Return scratch for a network of these layer sizes and ``draws`` output draws."""
    below, above = sizes[:-1], [*sizes[1:-1], draws]
    most = max((b + 1) * a for b, a in zip(below, above, strict=True))
    widest = max(*sizes[1:], min(draws, DRAWS_AT_ONCE))
    rows = [_aligned((widest + 3) * stride) for _ in range(2)]
    alive = np.ones((len(sizes), max(sizes)), dtype=np.uint8)
    column = np.zeros(max(sizes[0], 6) + 1, dtype=np.float32)
    return Workspace(_aligned(most + STEP), rows[0], rows[1], column, alive)


def _aligned(size: int) -> Any:
    """Return zeros of float32 whose address is a multiple of 64 bytes."""
    octets = np.zeros(4 * size + 64, dtype=np.uint8)
    start = -octets.ctypes.data % 64
    return octets[start : start + 4 * size].view(np.float32)


@kernel
def draw_weights(network, layer, below, above, key, block, index, out):
    """Draw the (below + 1) * above biases and weights of one layer into ``out``."""
    n = (below + 1) * above
    fill(out, n, network.uniform[layer] != 0, network.scale[layer], key, index, block, layer)
    scale_biases(out, below, above, np.float32(network.ratio[layer]))


@kernel
def hidden_layer(network, layer, live, drop, key, block, index, work, h, out):
    """Draw hidden layer ``layer`` on the ``live`` rows of ``h``; return the live rows of ``out``.

    The first layer (0) reads the inputs instead of ``h``. With ``drop``, ReLU units that are never
    positive are left out; ``work.alive[layer]`` says which.
    """
    above = network.sizes[layer + 1]
    rectify = network.code == 0 and network.shift == np.float32(0.0)
    drop = drop and rectify
    below = network.sizes[0] if layer == 0 else live
    vectors, stride = network.vectors, network.stride
    w, alive = work.weights, work.alive[layer]
    draw_weights(network, layer, below, above, key, block, index, w)
    kept = above
    on_cube = layer == 0 and network.cube > 0
    if on_cube:
        signed = network.cube == 2
        kept = cube_layer(w, below, above, signed, stride, rectify, drop, work.column, alive, out)
    elif layer == 0:  # its own call: choosing the array first would cost a microsecond
        dense(network.points, w, below, above, vectors, stride, rectify, out)
    else:
        dense(h, w, below, above, vectors, stride, rectify, out)
    if drop and not on_cube:
        kept = drop_dead(out, above, vectors, stride, alive)
    elif not drop:
        alive[:above] = 1
    if not rectify:
        activate(out, kept, vectors, stride, network.code, network.shift, network.slope)
    return kept


@kernel
def output_layer(network, live, key, block, index, work, h, out, keys):
    """Draw ``len(keys)`` output layers on the ``live`` rows of ``h`` and write their bits."""
    draws = keys.shape[0]
    layer = network.sizes.shape[0] - 2
    draw_weights(network, layer, live, draws, key, block, index, work.weights)
    vectors, stride = network.vectors, network.stride
    for first in range(0, draws, DRAWS_AT_ONCE):
        some = min(DRAWS_AT_ONCE, draws - first)
        w = work.weights[first * (live + 1) :]
        dense(h, w, live, some, vectors, stride, False, out)
        threshold(out, some, vectors, stride, network.last_mask, keys[first : first + some])


@kernel
def sample(network, key, block, first, count, draws, work, keys):
    """Write the functions of ``count`` hidden draws, ``draws`` each, from index ``first`` on.

    Parameters
    ----------
    key : (4,) uint32
    block, first : int
    work : Workspace
    keys : (>= count * draws, words) uint64
    """
    n_hidden = network.sizes.shape[0] - 2
    for g in range(count):
        index = first + g
        h, out = work.rows, work.other
        live = 0
        for layer in range(n_hidden):
            drop = draws > 1 or layer < n_hidden - 1
            live = hidden_layer(network, layer, live, drop, key, block, index, work, out, h)
            h, out = out, h
        some = keys[g * draws : (g + 1) * draws]
        output_layer(network, live, key, block, index, work, out, h, some)


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
                total += weights[k + 1] * network.points[x * n + k]
            out[x] = total


@kernel
def sample_perceptrons(network, key, block, first, count, keys):
    """Write the functions of ``count`` perceptrons, computed in float64, to ``keys``."""
    n = network.sizes[0]
    words = np.empty(STEP * (n // STEP * 4 + 4), np.uint32)
    weights = np.empty(n + 1, np.float64)
    out = np.empty(network.vectors, np.float64)
    for g in range(count):
        perceptron_weights(network, key, block, first + g, words, weights)
        perceptron_outputs(network, weights, out)
        for j in range(keys.shape[1]):
            word = np.uint64(0)
            for i in range(min(64, out.shape[0] - 64 * j)):
                if out[64 * j + i] > 0.0:
                    word |= np.uint64(1) << np.uint64(i)
            keys[g, j] = word
