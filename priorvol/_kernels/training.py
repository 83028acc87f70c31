"""Training runs: one small network at a time, in cache, from its start to its stopping points."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from priorvol._kernels import streams
from priorvol._kernels.jit import inlined, kernel
from priorvol._kernels.simd import read_int64
from priorvol._kernels.streams import STATE_WORDS, STEP
from priorvol._kernels.training_networks import (
    backward,
    copy_floats,
    floats,
    forward,
    loss_derivatives,
    mean_loss,
    move,
)

SCHEDULES = {"constant": 0, "inverse": 1, "inverse_sqrt": 2, "halving": 3}
POINTS = {"zero_error": 0, "loss": 1, "epochs": 2}

NOT_REACHED = -1

_ZERO = np.float32(0.0)


class Course(NamedTuple):
    """What is trained on, and for how long.

    ``everywhere`` and ``points`` are addresses of all m inputs and of the s training inputs, rows
    of ``stride`` floats; ``targets`` (s,) float32; ``kinds`` (points,) int64 of `POINTS` and
    ``values`` (points,) float64: epochs after zero error, a level of the loss, or epochs.
    """

    everywhere: int
    m: int
    points: int
    targets: int
    s: int
    stride: int
    batch: int
    rate: float
    schedule: int
    schedule_epochs: float
    max_epochs: int
    kinds: Any
    values: Any
    needs_loss: bool


@inlined
def learning_rate(course, epoch):
    """Return the learning rate in an epoch, counted from 0."""
    t = epoch / course.schedule_epochs
    if course.schedule == 1:
        return course.rate / (1.0 + t)
    if course.schedule == 2:
        return course.rate / np.sqrt(1.0 + t)
    if course.schedule == 3:
        return math.ldexp(course.rate, -int(min(np.floor(t), 2000.0)))
    return course.rate


@kernel
def outputs_on(plan, points, count, stride):
    """Write the outputs on any number of inputs to ``plan.outputs``."""
    for first in range(0, count, plan.capacity):
        some = min(plan.capacity, count - first)
        forward(plan, points + 4 * first * stride, some, np.bool_(False), plan.outputs + 4 * first)


@kernel
def write_function(plan, course, out):
    """Write the bits h > 0 on all inputs to ``out`` (words,) uint64."""
    outputs_on(plan, course.everywhere, course.m, course.stride)
    h = floats(plan.outputs, course.m)
    for j in range(out.shape[0]):
        word = np.uint64(0)
        for i in range(min(64, course.m - 64 * j)):
            word |= np.uint64(h[64 * j + i] > _ZERO) << np.uint64(i)
        out[j] = word


@inlined
def shuffle(order, words, state):
    """Put ``order`` into the next random order of a stream (Fisher and Yates)."""
    n = order.shape[0]
    streams.fill_words(state, words, n)
    for i in range(n):
        order[i] = i
    for i in range(n - 1, 0, -1):
        j = np.int64((np.uint64(words[i]) * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[j] = order[j], order[i]


@inlined
def _draw_noise(plan, state):
    """Fill ``plan.noise`` with normal numbers, and its padding with zeros."""
    streams.fill_at(state.ctypes.data, plan.noise, plan.n_parameters, False, 1.0)
    noise = floats(plan.noise, plan.n_parameters)
    last = plan.n_layers - 1
    for layer in range(last):
        above = read_int64(plan.sizes + 8 * (layer + 1))
        width = read_int64(plan.padded + 8 * (layer + 1))
        start = read_int64(plan.weights + 8 * layer)
        for row in range(read_int64(plan.sizes + 8 * layer) + 1):  # the biases follow the weights
            noise[start + row * width + above : start + (row + 1) * width] = _ZERO
    start, bias = read_int64(plan.weights + 8 * last), read_int64(plan.biases + 8 * last)
    noise[start + read_int64(plan.sizes + 8 * last) : bias] = _ZERO
    noise[bias + 1 :] = _ZERO


class _Scratch(NamedTuple):
    order: Any
    words: Any
    gathered: Any
    some_targets: Any
    last: Any
    batch_state: Any
    noise_state: Any
    powers: Any


@inlined
def _scratch(plan, course):
    return _Scratch(
        np.empty(course.s, np.int64),
        np.empty(course.s + STEP, np.uint32),
        np.empty(course.batch * course.stride, np.float32),
        np.empty(course.batch, np.float32),
        np.empty(plan.n_parameters, np.float32),
        np.empty(STATE_WORDS, np.uint32),
        np.empty(STATE_WORDS, np.uint32),
        np.ones(2, np.float64),
    )


@inlined
def _descend(plan, rule, points, targets, outputs, count, rate, scratch):
    """Make one step, after a pass that derived."""
    loss_derivatives(plan, outputs, targets, count)
    backward(plan, points, count)
    if rule.code == 5:
        _draw_noise(plan, scratch.noise_state)
    scratch.powers[0] *= np.float64(rule.beta1)
    scratch.powers[1] *= np.float64(rule.beta2)
    move(plan, rule, np.float32(rate), 1.0 - scratch.powers[0], np.sqrt(1.0 - scratch.powers[1]))


@inlined
def _epoch_of_batches(plan, rule, course, rate, scratch):
    """Make one step a batch, over the training inputs in the next random order."""
    shuffle(scratch.order, scratch.words, scratch.batch_state)
    stride, targets = course.stride, floats(course.targets, course.s)
    gathered = np.int64(scratch.gathered.ctypes.data)
    for first in range(0, course.s, course.batch):
        some = min(course.batch, course.s - first)
        for i in range(some):
            x = scratch.order[first + i]
            copy_floats(course.points + 4 * x * stride, gathered + 4 * i * stride, stride)
            scratch.some_targets[i] = targets[x]
        forward(plan, gathered, some, np.bool_(True), plan.outputs)
        wanted = np.int64(scratch.some_targets.ctypes.data)
        _descend(plan, rule, gathered, wanted, plan.outputs, some, rate, scratch)


@inlined
def _record(plan, course, epoch, zero_epoch, loss, bits, epochs, kept):
    """Record the function at the stopping points reached now; return how many are not reached."""
    written, missing = -1, 0
    for p in range(course.kinds.shape[0]):
        if epochs[p] != NOT_REACHED:
            continue
        kind, value = course.kinds[p], course.values[p]
        reached = epoch >= value
        if kind == 0:
            reached = zero_epoch >= 0 and epoch - zero_epoch >= value
        elif kind == 1:
            reached = loss < value
        if not reached:
            missing += 1
            continue
        epochs[p] = epoch
        if written < 0:
            write_function(plan, course, bits[p])
            written = p
        else:
            bits[p] = bits[written]
        if kept.shape[0] > 0:
            kept[p] = floats(plan.parameters, plan.n_parameters)
    return missing, written >= 0


@inlined
def _look(plan, course, derive):
    """Write the outputs on S; return the number of errors, or -1 where one is not finite."""
    if derive:
        forward(plan, course.points, course.s, np.bool_(True), plan.outputs)
    else:
        outputs_on(plan, course.points, course.s, course.stride)
    h, y = floats(plan.outputs, course.s), floats(course.targets, course.s)
    wrong, nothing = 0, _ZERO
    for x in range(course.s):
        wrong += (h[x] > _ZERO) != (y[x] > _ZERO)
        nothing += h[x] * _ZERO
    return wrong if nothing == _ZERO else -1


@inlined
def _train(plan, rule, course, scratch, bits, epochs, kept):
    """Train the network at ``plan.parameters``; return its last epoch and whether it diverged."""
    n = plan.n_parameters
    floats(plan.first, n)[:] = _ZERO
    floats(plan.second, n)[:] = _ZERO
    scratch.powers[:] = 1.0
    epochs[:] = NOT_REACHED
    whole = course.batch == course.s
    zero_epoch, epoch, diverged, loss = -1, 0, False, np.inf
    last = np.int64(scratch.last.ctypes.data)
    while True:
        wrong = _look(plan, course, whole)
        if wrong < 0:
            diverged = True
            copy_floats(last, plan.parameters, n)
            break
        copy_floats(plan.parameters, last, n)
        if course.needs_loss:
            loss = mean_loss(plan, plan.outputs, course.targets, course.s)
        if wrong == 0 and zero_epoch < 0:
            zero_epoch = epoch
        missing, spoilt = _record(plan, course, epoch, zero_epoch, loss, bits, epochs, kept)
        if missing == 0 or epoch == course.max_epochs:
            break
        rate = learning_rate(course, epoch)
        if whole:
            if spoilt:  # recording took the memory of this pass
                _look(plan, course, whole)
            _descend(
                plan, rule, course.points, course.targets, plan.outputs, course.s, rate, scratch
            )
        else:
            _epoch_of_batches(plan, rule, course, rate, scratch)
        epoch += 1
    for p in range(course.kinds.shape[0]):
        if epochs[p] == NOT_REACHED:
            write_function(plan, course, bits[p])
            if kept.shape[0] > 0:
                kept[p] = floats(plan.parameters, n)
    return epoch, diverged


@kernel
def train_runs(
    plan, rule, course, starts, batch_key, noise_key, block, first, bits, epochs, ended, kept
):
    """Train networks from their starts.

    Parameters
    ----------
    plan : training_networks.Plan
    rule : training_steps.Rule
    course : Course
    starts : (runs, n_parameters) float32
    batch_key, noise_key, block, first
        Run i takes its batches and noise from the streams of index ``first + i`` of the block.
    bits : (points, runs, words) uint64
        The function at each stopping point, or where the run ended.
    epochs : (runs, points) int64
        The epoch at which each was reached, or `NOT_REACHED`.
    ended : (runs, 2) int64
        The last epoch, and whether an output on S was not finite then.
    kept : (points, n_parameters) float32, or (0, 0)
        The last run's parameters at each point.
    """
    scratch = _scratch(plan, course)
    for i in range(starts.shape[0]):
        copy_floats(np.int64(starts[i].ctypes.data), plan.parameters, plan.n_parameters)
        streams.start(scratch.batch_state, batch_key, first + i, block, 0)
        streams.start(scratch.noise_state, noise_key, first + i, block, 0)
        epoch, diverged = _train(plan, rule, course, scratch, bits[:, i], epochs[i], kept)
        ended[i, 0] = epoch
        ended[i, 1] = diverged


@kernel
def gradient_on(plan, course):
    """Write the gradient of the mean loss on S, which fits in one pass, to ``plan.gradient``."""
    forward(plan, course.points, course.s, np.bool_(True), plan.outputs)
    loss_derivatives(plan, plan.outputs, course.targets, course.s)
    backward(plan, course.points, course.s)
