"""The law of a task's outputs at infinite width, and its tangent kernel."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.gaussian import GaussianLaw
from priorvol.infinite.expectations import Activation, GaussianExpectations
from priorvol.infinite.recursion import Layer, inner_products, propagate
from priorvol.task import Task, check_task

Array = npt.NDArray[np.float64]

PARAMETRIZATIONS = ("ntk", "standard")

MAX_INPUTS = 8192
"""Most inputs at infinite width: covariances take 8 m^2 bytes, factors time of order m^3."""


def output_law(task: Task) -> GaussianLaw:
    """Return the Gaussian law of the outputs h on the task's inputs (the NNGP).

    At infinite hidden width it is the limit of the prior (1711.00165); the outputs of a perceptron
    with Gaussian parameters are Gaussian as they are.

    Parameters
    ----------
    task : Task
        Of infinite hidden width, or without hidden layer.

    Returns
    -------
    GaussianLaw
        Mean 0. Equal inputs have bitwise equal rows.

    Raises
    ------
    ValueError
        If the hidden widths are finite, or the outputs are not Gaussian in the limit: the first
        layer is uniform, a layer has uniform biases of sigma_b > 0, or a layer above an infinite
        one has weights that are not divided by its width; or there are more than `MAX_INPUTS`
        inputs.

    Notes
    -----
    Weights above an infinite layer may be uniform, by the central limit theorem. With
    ``bias_scaling="fan_in"`` a layer above an infinite one has no bias in the limit.

    Examples
    --------
    >>> import math
    >>> from priorvol import Architecture, Prior
    >>> output_law(Task(Architecture(1, (math.inf,)), Prior(sigma_b=0.0))).covariance
    array([[0. , 0. ],
           [0. , 0.5]])
    """
    layers = limit_layers(task, "output_law")
    pairs = inner_products(task.inputs.values)
    kernels = propagate(pairs, layers, expectations_of(task))
    return GaussianLaw(kernels.covariance[pairs.place])


def tangent_kernel(task: Task, *, parametrization: str = "ntk") -> Array:
    """Return the neural tangent kernel of the outputs on the task's inputs.

    Parameters
    ----------
    task : Task
        As for `output_law`.
    parametrization : "ntk" or "standard"
        ``"ntk"``: every parameter is its standard deviation under the prior times a variable that
        is trained (1806.07572): Theta = sum of (standard deviation)^2 (dh/dparameter)^2.
        ``"standard"``: the parameters themselves are trained; the sum of (dh/dparameter)^2 grows
        as the width, and what is returned is its limit divided by the width, for equal widths: the
        kernel of gradient descent whose learning rate is inversely proportional to the width.
        The first layer and all biases drop out of it. A perceptron has no width: its kernel is
        x.y, plus 1 if it has a bias.

    Returns
    -------
    (m, m) float64 array
        Symmetric.

    Raises
    ------
    ValueError
        As `output_law`, or if phi jumps, as ``sign`` does.

    Notes
    -----
    Standard: Theta^1 = 0, Theta^{l+1} = E[phi phi] + sigma_w^2 E[phi' phi'] Theta^l.

    Examples
    --------
    >>> import math
    >>> from priorvol import Architecture, Prior
    >>> task = Task(Architecture(1, (math.inf,)), Prior(sigma_b=0.0))
    >>> tangent_kernel(task)[1, 1], tangent_kernel(task, parametrization="standard")[1, 1]
    (np.float64(1.0), np.float64(0.5))
    """
    checks.choice("parametrization", parametrization, PARAMETRIZATIONS)
    layers, kind = limit_layers(task, "tangent_kernel"), parametrization
    if len(layers) == 1 and kind == "standard":
        layers, kind = [Layer(1.0, 1.0 if layers[0].bias else 0.0)], "ntk"
    pairs = inner_products(task.inputs.values)
    kernels = propagate(pairs, layers, expectations_of(task), tangent=kind)
    return cast(Array, kernels.tangent)[pairs.place]


def expectations_of(task: Task) -> GaussianExpectations:
    """Return the Gaussian expectations of a task's activation."""
    architecture = task.architecture
    return remembered(architecture.activation, architecture.shift, architecture.slope, ())


@lru_cache(maxsize=32)
def remembered(
    activation: Activation, shift: float | str, slope: float, kinks: tuple[float, ...]
) -> GaussianExpectations:
    """Return Gaussian expectations, those asked for lately with what they have tabulated."""
    return GaussianExpectations(activation, shift=shift, slope=slope, kinks=kinks)


def limit_layers(task: Any, what: str) -> list[Layer]:
    """Return the layers' variances at infinite width, from the inputs up.

    Parameters
    ----------
    task : Task
    what : str
        Who asks, for the message.

    Raises
    ------
    ValueError
        See `output_law`.
    """
    architecture = check_task(task).architecture
    prior: Any = task.prior
    if architecture.hidden and not architecture.is_infinite:
        raise ValueError(
            f"{what} needs infinite hidden widths (math.inf) or no hidden layer, got hidden = "
            f"{architecture.hidden}: the outputs of a finite network are not Gaussian"
        )
    if task.m > MAX_INPUTS:
        raise ValueError(
            f"{what}: at most {MAX_INPUTS:,} inputs are taken at infinite width, whose outputs are "
            f"drawn together, got m = {task.m:,}: take some of them (Inputs.subset)"
        )
    layers = []
    for number, fan_in in enumerate(architecture.layer_sizes[:-1]):
        fault = _fault(task, number)
        if fault:
            raise ValueError(f"{what}: layer {number} of {architecture} {fault}")
        weight, bias = square(prior.sigma_w[number]), square(prior.sigma_b[number])
        if number == 0 and prior.weight_scaling[0] == "fan_in":
            weight /= fan_in
        if prior.bias_scaling[number] == "fan_in":
            bias /= fan_in
        layers.append(Layer(weight, bias))
    return layers


def square(value: float) -> float:
    """Return the square of a number, inf where ``value**2`` would raise.

    Examples
    --------
    >>> square(3.0), square(1e200)
    (9.0, inf)
    """
    return value * value


def _fault(task: Task, number: int) -> str:
    """Return why a layer has no Gaussian limit and what would have one; empty if it has."""
    prior: Any = task.prior
    if prior.distribution[number] == "uniform":
        if number == 0:
            return (
                "has distribution='uniform', and a first layer without Gaussian weights and biases "
                "has no Gaussian limit: use distribution='gaussian' there"
            )
        if prior.sigma_b[number] > 0 and prior.bias_scaling[number] == "none":
            return (
                f"has uniform biases (sigma_b = {prior.sigma_b[number]:g}), which are not Gaussian "
                "at any width: use distribution='gaussian' or sigma_b = 0 there"
            )
    if number > 0 and prior.weight_scaling[number] == "none":
        return (
            "has weight_scaling='none' above an infinite layer, so that its variance is infinite: "
            "use weight_scaling='fan_in' there"
        )
    return ""
