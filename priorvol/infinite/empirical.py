"""The kernels of finite networks, averaged over random ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import activation, checks
from priorvol.infinite.covariance import PARAMETRIZATIONS
from priorvol.infinite.linearized import gradient_kernel, layer_gradients
from priorvol.rng import BLOCK, check_seed
from priorvol.sampler import Parameters, draw_parameters
from priorvol.task import Task, check_task

Array = npt.NDArray[np.float64]

MOST_NETWORKS = 1 << 24


@dataclass(frozen=True, kw_only=True, eq=False)
class EmpiricalKernel:
    """A kernel of finite networks: its mean over independent ones and how they scatter.

    Attributes
    ----------
    quantity : str
        What it is the kernel of.
    mean : (m, m) float64 array
    standard_error : (m, m) float64 array
        Of the mean; 0 where every network has the same value.
    n_networks : int
    seed : int
        Network number g has the parameters of sample g of this stream
        (`priorvol.sampler.draw_parameters`).
    """

    quantity: str
    mean: Array = field(repr=False)
    standard_error: Array = field(repr=False)
    n_networks: int
    seed: int

    @property
    def fluctuation(self) -> Array:
        """Standard deviation (m, m) of the kernel of a single network."""
        deviation: Array = self.standard_error * np.sqrt(self.n_networks)
        return deviation


def empirical_nngp(task: Task, *, n_networks: int, seed: int = 0) -> EmpiricalKernel:
    """Return the covariance of the outputs of finite networks given their hidden layers.

    One network's is sigma_b^2 + (sigma_w^2 / fan_in) sum_i phi_i(x) phi_i(y) over the units of its
    last hidden layer; the mean over networks is the covariance of the prior's outputs.

    Parameters
    ----------
    task : Task
        Of finite width.
    n_networks : int
        At least 2.
    seed : int

    Raises
    ------
    ValueError
        If the widths are infinite or a number is out of range.

    Examples
    --------
    >>> from priorvol import Architecture, Prior, Task
    >>> kernel = empirical_nngp(Task(Architecture(1, (500,)), Prior(sigma_b=0.0)), n_networks=100)
    >>> kernel.mean.round(1)
    array([[0. , 0. ],
           [0. , 0.5]])
    """
    return _average(task, output_covariance, "NNGP of finite networks", n_networks, seed)


def empirical_ntk(
    task: Task, *, n_networks: int, seed: int = 0, parametrization: str = "ntk"
) -> EmpiricalKernel:
    """Return the tangent kernel of finite networks where training starts.

    Parameters
    ----------
    task : Task
        Of finite width.
    n_networks : int
        At least 2.
    seed : int
    parametrization : "ntk" or "standard"
        As for `priorvol.infinite.covariance.tangent_kernel`; in the standard one the kernel is
        divided by the width, which must be the same for all hidden layers.

    Raises
    ------
    ValueError
        If the widths are infinite, a number is out of range, phi jumps (``sign``), or the widths
        differ in the standard parametrisation.

    Examples
    --------
    >>> from priorvol import Architecture, Prior, Task
    >>> kernel = empirical_ntk(Task(Architecture(1, (500,)), Prior(sigma_b=0.0)), n_networks=100)
    >>> kernel.mean.round(1)
    array([[0., 0.],
           [0., 1.]])
    """
    checks.choice("parametrization", parametrization, PARAMETRIZATIONS)

    def kernel(task: Task, parameters: Parameters) -> Array:
        return network_tangent_kernel(task, parameters, parametrization=parametrization)

    quantity = f"NTK of finite networks, {parametrization} parametrisation"
    return _average(task, kernel, quantity, n_networks, seed)


def output_covariance(task: Task, parameters: Parameters) -> Array:
    """Return the covariance (m, m) of one network's output given its hidden layers.

    Parameters
    ----------
    task : Task
        Of finite width.
    parameters : list of (W, b)
        As from `priorvol.sampler.draw_parameters`; those of the output layer are not read.
    """
    architecture = task.architecture
    units = task.inputs.values
    for W, b in parameters[:-1]:
        units = activation.apply(
            units @ W.T + b,
            architecture.activation,
            shift=float(architecture.shift),
            slope=architecture.slope,
        )
    weight, bias = task.prior.scales(architecture.layer_sizes)[-1]
    covariance: Array = weight**2 * (units @ units.T) + bias**2
    return covariance


def network_tangent_kernel(
    task: Task, parameters: Parameters, *, parametrization: str = "ntk"
) -> Array:
    """Return the tangent kernel (m, m) of one network (see `empirical_ntk`)."""
    return gradient_kernel(layer_gradients(task, parameters, parametrization=parametrization))


def networks(task: Any, n_networks: Any, seed: Any) -> Iterator[Parameters]:
    """Yield the parameters of the first networks of a stream.

    Raises
    ------
    ValueError
        At once, if the widths are infinite or a number is out of range.
    """
    check_task(task).require_finite("an empirical kernel")
    count = checks.integer("n_networks", n_networks, low=2, high=MOST_NETWORKS)
    start = check_seed(seed)
    return (
        draw_parameters(task, seed=start, block=g // BLOCK, index=g % BLOCK) for g in range(count)
    )


def _average(
    task: Task,
    kernel: Callable[[Task, Parameters], Array],
    quantity: str,
    n_networks: int,
    seed: int,
) -> EmpiricalKernel:
    """Average with Welford's update, which keeps small scatter beside large means."""
    n, mean, squares = 0, np.zeros((1, 1)), np.zeros((1, 1))
    for parameters in networks(task, n_networks, seed):
        value = kernel(task, parameters)
        n += 1
        change = value - mean
        mean = mean + change / n
        squares = squares + change * (value - mean)
    return EmpiricalKernel(
        quantity=quantity,
        mean=mean,
        standard_error=np.sqrt(np.maximum(squares, 0.0) / (n - 1) / n),
        n_networks=n,
        seed=seed,
    )
