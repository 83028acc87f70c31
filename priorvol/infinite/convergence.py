"""How the kernels of finite networks approach their limit as the width grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.architecture import MAX_WIDTH
from priorvol.infinite.covariance import limit_layers, output_law, tangent_kernel
from priorvol.infinite.empirical import network_tangent_kernel, networks, output_covariance
from priorvol.rng import check_seed, generator
from priorvol.task import Task, check_task
from priorvol.text import align

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class KernelErrors:
    """One kernel's distance from its limit, an entry a width.

    All are Frobenius norms over that of the limit.

    Attributes
    ----------
    deviation, deviation_error : (w,) float64
        Of the mean over the networks from the limit, and its standard error. Scatter alone gives
        about ``fluctuation / sqrt(n_networks)``.
    bias_squared, bias_squared_error : (w,) float64
        Square of the deviation that an infinite number of networks would have: unbiased, and so
        negative at times where it is nearly 0.
    fluctuation, fluctuation_error : (w,) float64
        Root mean square deviation of a single network from the mean over all networks.
    """

    deviation: Array
    deviation_error: Array
    bias_squared: Array
    bias_squared_error: Array
    fluctuation: Array
    fluctuation_error: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class KernelConvergence:
    """What `kernel_convergence` returns; ``print`` shows it as a table.

    Attributes
    ----------
    task : Task
        Of infinite width.
    widths : (w,) int64
    n_networks : int
        At each width.
    seed : int
    nngp : KernelErrors
    ntk : KernelErrors or None
        None for ``sign``, which has none.
    """

    task: Task
    widths: npt.NDArray[np.int64]
    n_networks: int
    seed: int
    nngp: KernelErrors = field(repr=False)
    ntk: KernelErrors | None = field(repr=False)

    @property
    def kernels(self) -> dict[str, KernelErrors]:
        """The kernels there are, by name."""
        return {"NNGP": self.nngp} | ({} if self.ntk is None else {"NTK": self.ntk})

    def exponent(self, kernel: str = "NNGP", *, from_width: int = 1) -> tuple[float, float]:
        """Return the power of the width that the fluctuation goes with, and its standard error.

        A straight line through ln fluctuation against ln width, weighted by the errors. The
        limit is -1/2; narrow networks depart from it.

        Parameters
        ----------
        kernel : "NNGP" or "NTK"
        from_width : int
            Narrower networks are left out.

        Raises
        ------
        ValueError
            If there is no such kernel, or fewer than two widths are left.
        """
        checks.choice("kernel", kernel, self.kernels)
        errors = self.kernels[kernel]
        used = self.widths >= checks.integer("from_width", from_width, low=1)
        if used.sum() < 2:
            raise ValueError(f"two widths from {from_width} on are needed, got {self.widths}")
        x, y = np.log(self.widths[used]), np.log(errors.fluctuation[used])
        weight = (errors.fluctuation / errors.fluctuation_error)[used] ** 2
        centred = x - np.average(x, weights=weight)
        information = float((weight * centred**2).sum())
        return float((weight * centred * y).sum()) / information, information**-0.5

    def __str__(self) -> str:
        """Return a table with a line a width for each kernel."""
        lines = [f"{self.task}: {self.n_networks:,} networks a width, relative Frobenius norms"]
        for name, errors in self.kernels.items():
            rows = [["width", "mean's deviation", "of that bias", "one network's", "x sqrt(width)"]]
            for i, width in enumerate(self.widths.tolist()):
                square, error = errors.bias_squared[i], errors.bias_squared_error[i]
                bias = (
                    f"{square**0.5:.2g}" if square > 2 * error else f"< {_most(square, error):.2g}"
                )
                single, scatter = errors.fluctuation[i], errors.fluctuation_error[i]
                root = width**0.5
                rows.append(
                    [
                        f"{width:,}",
                        f"{errors.deviation[i]:.2g} +- {errors.deviation_error[i]:.1g}",
                        bias,
                        f"{single:.3g} +- {scatter:.1g}",
                        f"{root * single:.3g} +- {root * scatter:.1g}",
                    ]
                )
            lines += ["", name, *align(rows)]
        return "\n".join(lines)


def kernel_convergence(
    task: Task, widths: Sequence[int], *, n_networks: int = 200, seed: int = 0
) -> KernelConvergence:
    """Measure how far the kernels of random finite networks are from those of infinite width.

    Parameters
    ----------
    task : Task
        Of infinite width; every hidden layer is given each width in turn.
    widths : sequence of int
        Distinct; kept in rising order.
    n_networks : int
        At each width, at least 3. Their kernels are held in memory, 8 m^2 bytes a network.
    seed : int
        Widths have streams of their own.

    Returns
    -------
    KernelConvergence
        Of the NNGP (`priorvol.infinite.empirical.empirical_nngp`) and, but for ``sign``, of the
        NTK in the NTK parametrisation. Standard errors are by the jackknife over networks.

    Raises
    ------
    ValueError
        If the widths of the task are not infinite, it has no Gaussian limit, the limit is 0, or a
        number is out of range.

    Examples
    --------
    >>> import math
    >>> from priorvol import Architecture
    >>> task = Task(Architecture(2, (math.inf,)))
    >>> found = kernel_convergence(task, [16, 64], n_networks=50)
    >>> bool(found.nngp.fluctuation[0] > 1.5 * found.nngp.fluctuation[1])
    True
    """
    limit_layers(check_task(task), "kernel_convergence")
    if not task.architecture.hidden:
        raise ValueError("kernel_convergence needs hidden layers, got a perceptron")
    if isinstance(widths, str) or not isinstance(widths, Sequence | np.ndarray) or len(widths) == 0:
        raise ValueError(f"widths must be a sequence of integers, got {widths!r}")
    chosen = sorted({checks.integer("width", width, low=1, high=MAX_WIDTH) for width in widths})
    count = checks.integer("n_networks", n_networks, low=3)
    limits = [output_law(task).covariance]
    if task.architecture.activation != "sign":
        limits.append(tangent_kernel(task))
    if not all(limit.any() for limit in limits):
        raise ValueError("the kernel is 0 on these inputs: there is nothing to be relative to")
    seeds = generator(check_seed(seed), "kernel convergence").integers(2**63, size=MAX_WIDTH + 1)
    found = [_errors(_finite(task, width), limits, count, int(seeds[width])) for width in chosen]
    both = [_joined([errors[k] for errors in found]) for k in range(len(limits))]
    return KernelConvergence(
        task=task,
        widths=np.array(chosen, dtype=np.int64),
        n_networks=count,
        seed=seed,
        nngp=both[0],
        ntk=both[1] if len(both) > 1 else None,
    )


def _finite(task: Task, width: int) -> Task:
    hidden = (width,) * len(task.architecture.hidden)
    return Task(replace(task.architecture, hidden=hidden), task.prior, task.inputs)


def _errors(task: Task, limits: list[Array], count: int, seed: int) -> list[dict[str, float]]:
    """Return the errors of each kernel at one width."""
    away = [np.empty((count, task.m * (task.m + 1) // 2)) for _ in limits]
    measures = (output_covariance, network_tangent_kernel)
    for number, parameters in enumerate(networks(task, count, seed)):
        for rows, measure, limit in zip(away, measures, limits, strict=False):
            rows[number] = _half(measure(task, parameters) - limit)
    return [
        _norms(rows @ rows.T / float(np.square(limit).sum()))
        for rows, limit in zip(away, limits, strict=True)
    ]


def _half(kernel: Array) -> Array:
    """Return the upper triangle, scaled so that its norm is the Frobenius norm of the whole."""
    one, other = np.triu_indices(len(kernel))
    half: Array = kernel[one, other] * np.where(one == other, 1.0, np.sqrt(2.0))
    return half


def _norms(products: Array) -> dict[str, float]:
    """Return mean, bias and scatter from the inner products of the networks' deviations."""
    n = len(products)
    own = np.diag(products)
    total, trace = products.sum(), own.sum()
    # all networks first, then each left out in turn
    totals = np.append(total, total - 2 * products.sum(axis=0) + own)
    traces = np.append(trace, trace - own)
    counts = np.append(n, np.full(n, n - 1.0))
    values = {
        "deviation": np.sqrt(np.maximum(totals, 0.0)) / counts,
        "bias_squared": (totals - traces) / (counts * (counts - 1)),
        "fluctuation": np.sqrt(np.maximum(traces - totals / counts, 0.0) / (counts - 1)),
    }
    out = {}
    for name, value in values.items():
        spread = value[1:] - value[1:].mean()
        out[name] = float(value[0])
        out[f"{name}_error"] = float(np.sqrt((n - 1) / n * np.square(spread).sum()))
    return out


def _joined(errors: list[dict[str, float]]) -> KernelErrors:
    return KernelErrors(**{name: np.array([e[name] for e in errors]) for name in errors[0]})


def _most(square: float, error: float) -> float:
    """Return an upper bound on a bias whose square is not told from 0."""
    return float(np.sqrt(max(square, 0.0) + 2 * error))
