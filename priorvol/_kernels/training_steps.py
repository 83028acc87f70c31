"""One step of each optimiser over a run of parameters, in float32 and in order.

What is trained are variables u with parameters w = s u (s = 1 in the standard parametrisation), so
the gradient by u is s times that by w, and a step of u moves w by s times as much.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from priorvol._kernels.jit import kernel

CODES = {"sgd": 0, "adam": 1, "adagrad": 2, "rmsprop": 3, "adadelta": 4, "langevin": 5}

_ONE = np.float32(1.0)


class Rule(NamedTuple):
    """An optimiser's constants, float32: ``decay`` is the weight decay, ``noise`` sqrt(2 T)."""

    code: int
    momentum: Any
    nesterov: bool
    decay: Any
    beta1: Any
    beta2: Any
    epsilon: Any
    noise: Any


@kernel
def step(rule, w, g, first, second, noise, n, scale, rate, correct1, correct2):
    """Move ``n`` parameters by one step.

    Parameters
    ----------
    rule : Rule
    w, g : float32 arrays
        Parameters, and the gradient by them, which is overwritten.
    first, second : float32 arrays
        What the optimiser remembers; zeros before the first step.
    noise : float32 array
        Standard normal numbers, for Langevin dynamics.
    scale : float32
        s of w = s u.
    rate : float32
        The learning rate.
    correct1, correct2 : float
        1 - beta1^t and the square root of 1 - beta2^t at step t, for Adam.
    """
    decay, rate_w = rule.decay / scale, rate * scale
    if scale != _ONE or decay != np.float32(0.0):
        for i in range(n):
            g[i] = scale * g[i] + decay * w[i]
    a, b, eps = rule.beta1, rule.beta2, rule.epsilon
    if rule.code == 0:
        mu = rule.momentum
        if mu != np.float32(0.0):
            for i in range(n):
                first[i] = mu * first[i] + g[i]
            if rule.nesterov:
                for i in range(n):
                    g[i] += mu * first[i]
            else:
                for i in range(n):
                    g[i] = first[i]
        for i in range(n):
            w[i] -= rate_w * g[i]
    elif rule.code == 1:
        size, root = np.float32(rate_w / correct1), np.float32(1.0 / correct2)
        for i in range(n):
            first[i] = a * first[i] + (_ONE - a) * g[i]
            second[i] = b * second[i] + (_ONE - b) * (g[i] * g[i])
            w[i] -= size * first[i] / (np.sqrt(second[i]) * root + eps)
    elif rule.code == 2:
        for i in range(n):
            second[i] += g[i] * g[i]
            w[i] -= rate_w * g[i] / (np.sqrt(second[i]) + eps)
    elif rule.code == 3:
        for i in range(n):
            second[i] = b * second[i] + (_ONE - b) * (g[i] * g[i])
            w[i] -= rate_w * g[i] / (np.sqrt(second[i]) + eps)
    elif rule.code == 4:
        for i in range(n):
            second[i] = b * second[i] + (_ONE - b) * (g[i] * g[i])
            change = np.sqrt(first[i] + eps) / np.sqrt(second[i] + eps) * g[i]
            first[i] = b * first[i] + (_ONE - b) * (change * change)
            w[i] -= rate_w * change
    else:
        shake = scale * rule.noise * np.sqrt(rate)
        for i in range(n):
            w[i] += shake * noise[i] - rate_w * g[i]
