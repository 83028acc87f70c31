"""Networks with output layers in planes, of which those that fit a training set are found.

A hidden draw's numbers come from one stream: its hidden layers, then batches of output layers, a
row of 64 for every unit below and one of biases. Of the hidden layers only units of a first ReLU
layer on the cube are left out where they are dead, which is known beforehand; so they are computed
on the training set's inputs, and on the others only if something fits. See `plane_search`.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.jit import kernel
from priorvol._kernels.layers import BLOCK, PANEL, dense, is_alive, threshold
from priorvol._kernels.networks import hidden_layer
from priorvol._kernels.plane_search import PLANES, ROW, SIDE, search
from priorvol._kernels.rejection import first_layer
from priorvol._kernels.simd import (
    LANES,
    read_float32,
    read_float64,
    read_int64,
    read_uint8,
    write_float32,
    write_int64,
)
from priorvol._kernels.streams import fill_at, start_at

_IN_PANEL = PANEL * LANES


@kernel
def hidden_on_all(plan):
    """Compute all hidden layers; return how many units live and the address of their panels."""
    source, target = plan.others, plan.units
    live = np.int64(0)  # a literal would have `hidden_layer` compiled for it
    for layer in range(plan.n_layers - 1):
        live = hidden_layer(plan, layer, live, layer == 0 and plan.cube > 0, source, target)
        source, target = target, source
    return live, source


@kernel
def hidden_on_trained(trained, cube):
    """Compute all hidden layers on the training set's inputs; the rest as `hidden_on_all`.

    ``cube`` is the cube on which units of the first layer live, or 0 if all do.
    """
    source, target = trained.others, trained.units
    live = np.int64(0)  # a literal would have `hidden_layer` compiled for it
    for layer in range(trained.n_layers - 1):
        if layer == 0 and cube > 0:
            live = first_layer(trained, cube)
        else:
            live = hidden_layer(trained, layer, live, np.bool_(False), source, target)
        source, target = target, source
    return live, source


@kernel
def lay_out(trained, live, order, signs, source, rows, features):
    """Write what `outputs_of_batch` takes; return how many units below the outputs it has.

    Parameters
    ----------
    trained : Plan
    live : int
        Units listed at ``trained.places``.
    order : (n,) int64
        Places of the inputs among those of ``trained``; n is a multiple of 4.
    signs : (n,) float32
        What their outputs are multiplied by.
    source : int
        Address of the units' panels.
    rows : int
        Written: rows of the weights of the units that are not 0 on all inputs, and of the biases.
    features : int
        Written: those units and a last one that is 1, times the signs, as the weights of n units,
        with biases of 0 (see `layers`).
    """
    places, panel, n = trained.places, trained.panel, len(order)
    kept = 0
    for k in range(live):  # those of the list that are kept move up in it
        place = read_int64(places + 8 * k)
        write_int64(places + 8 * kept, place)
        write_int64(rows + 8 * kept, ROW * k)
        if trained.code == 0 and trained.shift == np.float32(0.0):
            kept += is_alive(source + place, panel, trained.vectors)
        else:
            kept += 1
    write_int64(rows + 8 * kept, ROW * live)
    below = kept + 1
    for i in range(n):
        x = order[i]
        here = source + panel * (x // _IN_PANEL) + 4 * (x % _IN_PANEL)
        there = features + 4 * ((i - i % BLOCK) * below + i % BLOCK)
        sign = signs[i]
        for k in range(kept):
            value = read_float32(here + read_int64(places + 8 * k))
            write_float32(there + 4 * BLOCK * k, sign * value)
        write_float32(there + 4 * BLOCK * kept, sign)
        write_float32(features + 4 * (n * below + i), np.float32(0.0))
    return below


@kernel
def draw_batch(plan, layer, live, weights):
    """Draw the output layers of a batch at ``weights``: 64 weights a live unit, then 64 biases."""
    scale = read_float64(plan.scale + 8 * layer)
    uniform = read_uint8(plan.uniform + layer) != 0
    fill_at(plan.state, weights, (live + 1) * 2 * SIDE, uniform, scale)
    ratio = np.float32(read_float64(plan.ratio + 8 * layer))
    for i in range(2 * SIDE):
        place = weights + ROW * live + 4 * i
        write_float32(place, read_float32(place) * ratio)


@kernel
def outputs_of_batch(weights, rows, features, below, n, outputs):
    """Compute the outputs of a batch on the ``n`` inputs of `lay_out`, a row of 64 an input."""
    least = -np.float32(np.inf)
    dense(weights, rows, features, below, n, 0, n, PANEL, ROW, least, outputs)


@kernel
def turn(weights, live, code, cosines, sines, target):
    """Write the output layer of a plane and an angle at ``target``, as one unit's weights."""
    angles = len(cosines)
    c, s = cosines[code % angles], sines[code % angles]
    u, v = code // angles // SIDE, code // angles % SIDE + SIDE
    for k in range(live + 1):
        row = weights + ROW * k
        write_float32(target + 4 * k, c * read_float32(row + 4 * u) + s * read_float32(row + 4 * v))


@kernel
def evaluate(plan, live, source, key):
    """Write at ``key`` the function of the output unit whose weights are at ``plan.weights``."""
    target = plan.units if source == plan.others else plan.others
    vectors, panel, least = plan.vectors, plan.panel, -np.float32(np.inf)
    dense(source, plan.places, plan.weights, live, 1, 0, 1, vectors, panel, least, target)
    threshold(target, 1, vectors, panel, key, (vectors + 3) // 4)


@kernel
def propose_in_planes(
    plan,
    last_mask,
    trained,
    cube,
    order,
    signs,
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
    """Write the functions at those angles of planes of output layers that fit a training set.

    Parameters
    ----------
    plan : Plan
        Of the task; see `networks`.
    last_mask : uint64
        The used bits of a function's last word.
    trained, cube
        See `hidden_on_trained`; ``trained`` shares the stream's state, the weights, the flags and
        the list of places with ``plan``.
    order, signs
        See `lay_out`; the signs are +1 for label 1 and -1 for label 0.
    key : four int
    block, first, count : int
        Hidden draws ``first`` to ``first + count - 1`` of a block.
    batches : int
        Batches of planes a hidden draw.
    cosines, sines : (angles,) float32
    desk : tuple of int
        Addresses of scratch: the weights of all batches, the list of rows and the features of
        `lay_out`, and outputs, slopes, signs and arcs of `plane_search.search`.
    codes : (PLANES * angles + 1,) int64
        Scratch.
    keys : (>= PLANES * angles * batches, words) uint64
        Written: the functions. By the rounding of its output, one may be wrong at an input.
    which : (len(keys),) int64
        Written: the hidden draw of each, counted from ``first``.

    Returns
    -------
    done, found : int
        Hidden draws looked at, fewer than ``count`` where ``keys`` might not hold more, and the
        functions written.
    """
    weights, rows, features, outputs, slopes, bits, arcs = desk
    n, words, here = len(order), keys.shape[1], keys.ctypes.data
    cotangents = cosines[: len(cosines) // 2] / sines[: len(cosines) // 2]
    most = PLANES * len(cosines) * batches
    last = plan.n_layers - 1
    found = 0
    done = 0
    while done < count and found + most <= len(keys):
        start_at(plan.state, key, first + done, block, 0)
        live, source = hidden_on_trained(trained, cube)
        below = lay_out(trained, live, order, signs, source, rows, features)
        size = ROW * (live + 1)
        for batch in range(batches):
            draw_batch(plan, last, live, weights + size * batch)
        known = False
        for batch in range(batches):
            drawn = weights + size * batch
            outputs_of_batch(drawn, rows, features, below, n, outputs)
            hits = search(outputs, n, slopes, bits, cotangents, arcs, codes)
            if hits > 0 and not known:
                start_at(plan.state, key, first + done, block, 0)
                live, source = hidden_on_all(plan)
                known = True
            for i in range(hits):
                turn(drawn, live, codes[i], cosines, sines, plan.weights)
                evaluate(plan, live, source, here + 8 * words * found)
                keys[found, words - 1] &= last_mask
                which[found] = done
                found += 1
        done += 1
    return done, found
