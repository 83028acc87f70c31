"""Where training starts: parameters of the prior's own streams, laid out for training.

They are the numbers that `priorvol.sampler.draw_parameters` returns, in float32.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels import networks, streams
from priorvol._kernels.jit import kernel
from priorvol._kernels.layers import BLOCK
from priorvol._kernels.simd import read_float32, read_float64, read_int64, read_uint8
from priorvol._kernels.streams import STATE_WORDS, STEP

DEAD = 1 << 16
"""Added to a layer's number: the stream of the weights that leave dead units below it."""


@kernel
def _weight(weights, below, above, j, k):
    """Return the weight from the k-th live unit to unit j, as `layers` lays them out."""
    if j < above - above % BLOCK:
        return read_float32(weights + 4 * ((j - j % BLOCK) * below + BLOCK * k + j % BLOCK))
    return read_float32(weights + 4 * (j * below + k))


@kernel
def _draw(plan, net, key, block, index, state, spare, out):
    """Write the parameters of one network to ``out`` (n_parameters,) float32, zeros before."""
    streams.start_at(net.state, key, index, block, 0)
    source, target = net.others, net.units
    last = plan.n_layers - 1
    below, size_below = net.n, net.n
    for layer in range(plan.n_layers):
        above = read_int64(plan.sizes + 8 * (layer + 1))
        start = read_int64(plan.weights + 8 * layer)
        bias = read_int64(plan.biases + 8 * layer)
        stride = 0 if layer == last else read_int64(plan.padded + 8 * (layer + 1))
        flags = net.alive + (layer - 1) * net.flags
        live = 0
        if layer < last:
            live = networks.hidden_layer(net, layer, below, layer < last - 1, source, target)
            source, target = target, source
        else:
            networks.draw_weights(net, layer, below, above)
        dead = size_below - below
        if dead > 0:
            uniform = read_uint8(net.uniform + layer) != 0
            scale = read_float64(net.scale + 8 * layer)
            streams.start(state, key, index, block, layer + DEAD)
            streams.fill(state, spare, above * dead, uniform, scale)
        alive, gone = 0, 0
        for k in range(size_below):
            is_alive = layer == 0 or read_uint8(flags + k) != 0
            for j in range(above):
                if is_alive:
                    place = below - 1 - alive if layer == 0 else alive  # inputs are last first
                    value = _weight(net.weights, below, above, j, place)
                else:
                    value = spare[j * dead + gone]
                if layer == last:
                    out[start + k] = value
                else:
                    out[start + k * stride + j] = value
            alive += is_alive
            gone += not is_alive
        for j in range(above):
            out[bias + j] = read_float32(net.weights + 4 * (above * below + j))
        below, size_below = live, above


@kernel
def draw_starts(plan, net, key, block, first, count, out):
    """Write the parameters of ``count`` networks with hidden layers to ``out`` (count, n).

    Parameters
    ----------
    plan : training_networks.Plan
    net : networks.Plan
        Of the same network, for one output draw.
    key, block, first
        Networks ``first`` to ``first + count - 1`` of a block of a stream.
    """
    most = 0
    for layer in range(plan.n_layers):
        below, above = read_int64(plan.sizes + 8 * layer), read_int64(plan.sizes + 8 * (layer + 1))
        most = max(most, below * above)
    spare, state = np.empty(most + STEP, np.float32), np.empty(STATE_WORDS, np.uint32)
    for g in range(count):
        out[g] = np.float32(0.0)
        _draw(plan, net, key, block, first + g, state, spare, out[g])


@kernel
def draw_perceptrons(plan, network, key, block, first, count, out):
    """Write the parameters of ``count`` perceptrons to ``out`` (count, n); as `draw_starts`."""
    n = network.sizes[0]
    words, column = np.empty(256 * (n // 64 + 1), np.uint32), np.empty(n + 1)
    start, bias = read_int64(plan.weights), read_int64(plan.biases)
    for g in range(count):
        networks.perceptron_weights(network, key, block, first + g, words, column)
        out[g] = np.float32(0.0)
        out[g, bias] = np.float32(column[0])
        for k in range(n):
            out[g, start + k] = np.float32(column[k + 1])
