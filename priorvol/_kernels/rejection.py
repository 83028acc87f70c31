"""Networks that fit a training set: its inputs are computed first, the others if they fit.

The draws are those of `networks.sample`, bit for bit. Which weights a network draws hangs on its
dead ReLU units, and a unit is dead if it is positive on none of all inputs. So the hidden layers
up to the last whose dead units are left out are computed on all inputs, but for a first layer on
the cube, where the largest pre-activation is known beforehand; those above, and the outputs, are
computed on the training set's inputs alone.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.jit import kernel
from priorvol._kernels.layers import BLOCK, PANEL, dense, list_alive, set_alive
from priorvol._kernels.networks import draw_weights, hidden_layer, output_layer, sample
from priorvol._kernels.simd import (
    LANES,
    read_float32,
    read_int64,
    write_float32,
    write_uint8,
)
from priorvol._kernels.streams import start_at

_IN_PANEL = PANEL * LANES


@kernel
def living_on_cube(w, n, units, signed, alive):
    """Write at ``alive`` which ReLU units of a first layer are positive somewhere on the cube.

    The largest pre-activation is summed as in `layers.cube_layer`.
    """
    whole = units - units % BLOCK
    zero, half = np.float32(0.0), np.float32(0.5)
    for j in range(units):
        lanes = BLOCK if j < whole else 1
        start = w + 4 * ((j - j % lanes) * n + j % lanes)
        largest = read_float32(w + 4 * (units * n + j))
        for k in range(n):
            value = read_float32(start + 4 * lanes * k)
            size = np.float32(abs(value))
            largest += size if signed else (value + size) * half
        write_uint8(alive + j, np.uint8(1) if largest > zero else np.uint8(0))


@kernel
def first_layer(plan, cube):
    """Draw a first layer and compute it on the points of ``plan``; return how many units live.

    Those live that are positive somewhere on the cube of ``cube`` (1: {0,1}, 2: {-1,+1}).
    """
    units, n = read_int64(plan.sizes + 8), plan.n
    set_alive(n, plan.alive)
    list_alive(n, plan.alive, plan.places)
    draw_weights(plan, 0, n, units)
    zero = np.float32(0.0)
    dense(
        plan.points,
        plan.places,
        plan.weights,
        n,
        units,
        0,
        units,
        plan.vectors,
        plan.panel,
        zero,
        plan.units,
    )
    living_on_cube(plan.weights, n, units, cube == 2, plan.alive)
    return list_alive(units, plan.alive, plan.places)


@kernel
def gather(plan, trained, live, chosen, source, target):
    """Copy the live units' activations on the inputs ``chosen`` from one panel to another."""
    for i in range(len(chosen)):
        x = chosen[i]
        here = source + plan.panel * (x // _IN_PANEL) + 4 * (x % _IN_PANEL)
        there = target + trained.panel * (i // _IN_PANEL) + 4 * (i % _IN_PANEL)
        for k in range(live):
            place = read_int64(plan.places + 8 * k)
            write_float32(there + place, read_float32(here + place))


@kernel
def propose(
    plan, trained, chosen, split, cube, wanted, mask, key, block, first, count, draws, bits, found
):
    """List the hidden draws of which an output draw fits; return how many there are.

    Parameters
    ----------
    plan : Plan
        Of the task; see `networks`.
    trained : Plan
        Of the task on the training set's inputs, which shares the stream's state, the weights, the
        flags and the list of places with ``plan``.
    chosen : (s,) int64
        The training set's inputs.
    split : int
        Hidden layers that are computed on all inputs.
    cube : int
        With ``split`` 0: the cube on which units of the first layer live, or 0 if all do.
    wanted, mask : (words,) uint64
        Labels, and the bits that hold one.
    key : four int
    block, first, count : int
        Hidden draws ``first`` to ``first + count - 1`` of a block.
    draws : int
    bits : (draws, words) uint64
        Scratch.
    found : (>= count,) int64
        Written: their indices in the block.
    """
    n_hidden, words = plan.n_layers - 1, bits.shape[1]
    accepted = 0
    for g in range(first, first + count):
        start_at(plan.state, key, g, block, 0)
        source, target = plan.others, plan.units
        live = np.int64(0)  # a literal would have `hidden_layer` compiled for it
        for layer in range(split):
            drop = draws > 1 or layer < n_hidden - 1
            live = hidden_layer(plan, layer, live, drop, source, target)
            source, target = target, source
        below, above = trained.others, trained.units
        if split > 0:
            gather(plan, trained, live, chosen, source, below)
        for layer in range(split, n_hidden):
            if layer == 0 and cube > 0:
                live = first_layer(trained, cube)
            else:
                live = hidden_layer(trained, layer, live, np.bool_(False), below, above)
            below, above = above, below
        output_layer(trained, live, draws, below, above, bits.ctypes.data, words)
        for d in range(draws):
            wrong = np.uint64(0)
            for j in range(words):
                wrong |= (bits[d, j] ^ wanted[j]) & mask[j]
            if wrong == np.uint64(0):
                found[accepted] = g
                accepted += 1
                break
    return accepted


@kernel
def complete(plan, last_mask, key, block, found, count, draws, keys):
    """Write the functions of the hidden draws ``found``, ``draws`` each, to ``keys``."""
    for i in range(count):
        here = keys[i * draws : (i + 1) * draws]
        sample(plan, last_mask, key, block, found[i], 1, draws, here)
