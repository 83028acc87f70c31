"""Networks that fit a training set: its inputs are computed first, the others if they fit.

The draws are those of `networks.sample`, bit for bit. Which weights a network draws hangs on its
dead ReLU units, and a unit is dead if it is positive on none of all inputs. So the hidden layers
up to the last whose dead units are left out are computed on all inputs, but for a first layer on
the cube, where the largest pre-activation is known beforehand; those above, and the outputs, are
computed on the training set's inputs alone.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels import planes
from priorvol._kernels.jit import kernel
from priorvol._kernels.layers import BLOCK, PANEL, dense, list_alive, set_alive, threshold
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
        live = 0
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
                live = hidden_layer(trained, layer, live, False, below, above)
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


@kernel
def hidden_on_all(plan):
    """Compute all hidden layers; return how many units live and the address of their panels."""
    source, target = plan.others, plan.units
    live = 0
    for layer in range(plan.n_layers - 1):
        live = hidden_layer(plan, layer, live, True, source, target)
        source, target = target, source
    return live, source


@kernel
def hidden_on_trained(trained, cube):
    """Compute all hidden layers on the training set's inputs; the rest as `hidden_on_all`."""
    below, above = trained.others, trained.units
    live = 0
    for layer in range(trained.n_layers - 1):
        if layer == 0 and cube > 0:
            live = first_layer(trained, cube)
        else:
            live = hidden_layer(trained, layer, live, False, below, above)
        below, above = above, below
    return live, below


@kernel
def evaluate(plan, live, source, key):
    """Write at ``key`` the function of the output unit whose weights are at ``plan.weights``."""
    target = plan.units if source == plan.others else plan.others
    vectors, panel, least = plan.vectors, plan.panel, -np.float32(np.inf)
    dense(source, plan.places, plan.weights, live, 1, 0, 1, vectors, panel, least, target)
    threshold(target, 1, vectors, panel, key, (vectors + 3) // 4)


@kernel
def propose_turned(
    plan,
    last_mask,
    trained,
    chosen,
    signs,
    split,
    cube,
    key,
    block,
    first,
    count,
    batches,
    cosines,
    sines,
    desk,
    codes,
    keys,
    which,
):
    """Write the functions at those angles of planes of output draws that fit a training set.

    Parameters
    ----------
    plan, trained, split, cube, key, block, first, count
        As in `propose`; ``split`` is 0 or all hidden layers.
    last_mask : uint64
        The used bits of a function's last word.
    chosen : (n,) int64
        The training set's inputs, with ``split`` 0 their places among themselves; the last is
        repeated up to a multiple of 4.
    signs : (n,) float32
        +1 for label 1, -1 for label 0.
    batches : int
        Batches of planes a hidden draw.
    cosines, sines : (angles,) float32
    desk : tuple of int
        Addresses of scratch: weights of all batches, features, outputs, arcs, and the list of rows.
    codes : (PLANES * angles + 1,) int64
        Scratch.
    keys : (>= PLANES * angles * batches, words) uint64
        Written: the functions. Few of them may be wrong at an input by the rounding of its output.
    which : (len(keys),) int64
        Written: the hidden draw of each, counted from ``first``.

    Returns
    -------
    done, found : int
        Hidden draws looked at, fewer than ``count`` where ``keys`` might not hold more, and the
        functions written.
    """
    weights, features, outputs, arcs, rows = desk
    n, words, here = len(chosen), keys.shape[1], keys.ctypes.data
    most = planes.PLANES * len(cosines) * batches
    last = plan.n_layers - 1
    found = 0
    g = 0
    while g < count and found + most <= len(keys):
        start_at(plan.state, key, first + g, block, 0)
        if split > 0:
            live, source = hidden_on_all(plan)
            panel = plan.panel
        else:
            live, source = hidden_on_trained(trained, cube)
            panel = trained.panel
        planes.lay_out(plan.places, panel, live, chosen, signs, source, features)
        size = planes.ROW * (live + 1)
        for batch in range(batches):
            planes.draw_batch(plan, last, live, weights + size * batch)
        known = split > 0
        for batch in range(batches):
            drawn = weights + size * batch
            planes.outputs_of_batch(drawn, rows, features, live, n, outputs)
            hits = planes.search(outputs, n, cosines, sines, arcs, codes)
            if hits > 0 and not known:
                start_at(plan.state, key, first + g, block, 0)
                live, source = hidden_on_all(plan)
                known = True
            for i in range(hits):
                planes.turn(drawn, live, codes[i], cosines, sines, plan.weights)
                evaluate(plan, live, source, here + 8 * words * found)
                keys[found, words - 1] &= last_mask
                which[found] = g
                found += 1
        g += 1
    return g, found
