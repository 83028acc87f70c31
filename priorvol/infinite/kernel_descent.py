"""Gradient descent under squared error for outputs that move along a fixed kernel.

For a kernel Theta on m inputs, s of them with targets y, and the loss

    L = 1/(2 s) sum over training inputs of (h(x) - y(x))^2,

gradient flow moves the outputs as dh/dt = -(eta / s) Theta_{.S} (h_S - y), and a step of gradient
descent as h -> h - (eta / s) Theta_{.S} (h_S - y): linear equations, solved in the eigenvectors u
of Theta_SS (1806.07572; 1902.06720, equations 10 and 11). In each the error shrinks by a factor
of its own, ``decay``; other inputs follow by Theta_{xS} u (1 - decay) / lambda. Where lambda = 0
nothing moves at any time, since Theta_{xS} u = 0 there for every x: singular kernels are exact,
the limit of infinite time included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.inputs import check_indices

Array = npt.NDArray[np.float64]

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class KernelDescent:
    """A kernel and training inputs, in the eigenvectors of the kernel on them.

    Parameters
    ----------
    kernel : (m, m) array
        Symmetric, positive semidefinite up to rounding; a tangent kernel, say.
    indices : (s,) integers
        The training inputs.
    precision : float
        Relative accuracy of the kernel's entries, by default that of the doubles. Eigenvalues up
        to s times this multiple of the largest count as 0.

    Attributes
    ----------
    moving : (r,) int64
        Places in ``indices`` of the training inputs with a kernel above 0. The others never move.
    eigenvalues : (r,) float64
        Of the kernel on the moving training inputs, rising; exactly 0 where they count as 0.
    vectors : (r, r) float64
        Eigenvectors, a column each.

    Raises
    ------
    ValueError
        If the kernel is not square, finite and symmetric, or has an eigenvalue below 0 by more
        than rounding; or if an index is repeated or out of range.

    Examples
    --------
    >>> descent = KernelDescent(np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([0]))
    >>> float(descent.flow(math.inf).outputs(np.zeros(2), np.ones(1))[1])
    0.5
    """

    kernel: Array
    indices: npt.NDArray[np.int64]
    precision: float = EPS
    moving: npt.NDArray[np.int64] = field(init=False)
    eigenvalues: Array = field(init=False)
    vectors: Array = field(init=False)

    def __post_init__(self) -> None:
        """Check the kernel and decompose its training part."""
        kernel = np.asarray(self.kernel, dtype=np.float64)
        if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
            raise ValueError(f"kernel must have shape (m, m), got {kernel.shape}")
        if not np.isfinite(kernel).all():
            raise ValueError("kernel must be finite")
        if np.abs(kernel - kernel.T).max() > 1e-10 * np.abs(kernel).max():
            raise ValueError("kernel must be symmetric")
        indices = check_indices(self.indices, len(kernel))
        precision = checks.real("precision", self.precision, low=EPS, high=1e-3)
        moving = np.flatnonzero(np.diag(kernel)[indices] > 0.0)
        chosen = indices[moving]
        values, vectors = np.linalg.eigh(kernel[np.ix_(chosen, chosen)])
        if len(values):
            if values[0] < -max(1e-8, len(values) * precision) * values[-1]:
                raise ValueError(
                    f"kernel must be positive semidefinite, got eigenvalues from {values[0]:.6g} "
                    f"to {values[-1]:.6g} on the training inputs"
                )
            values = np.where(values <= len(values) * precision * values[-1], 0.0, values)
        settled = (kernel, indices, precision, moving, values, vectors)
        names = ("kernel", "indices", "precision", "moving", "eigenvalues", "vectors")
        for name, value in zip(names, settled, strict=True):
            object.__setattr__(self, name, value)

    @property
    def m(self) -> int:
        """Number of inputs."""
        return len(self.kernel)

    @property
    def rates(self) -> Array:
        """Rates at which errors decay at learning rate 1, rising: eigenvalues over s."""
        return self.eigenvalues / len(self.indices)

    @property
    def largest_step(self) -> float:
        """Learning rate beyond which gradient descent diverges, 2 / (largest rate)."""
        largest = float(self.rates[-1]) if len(self.rates) else 0.0
        return 2.0 / largest if largest > 0.0 else math.inf

    def flow(self, time: Any, *, learning_rate: Any = 1.0) -> Response:
        """Return the response after some time of gradient flow.

        Parameters
        ----------
        time : float
            At least 0; ``math.inf`` for the limit.
        learning_rate : float
            Above 0; only its product with the time matters.

        Raises
        ------
        ValueError
            If a value is out of range.
        """
        eta = checks.real("learning_rate", learning_rate, low=0.0, open_low=True)
        if time != math.inf:
            time = checks.real("time", time, low=0.0)
        lost = np.where(self.rates > 0.0, -np.inf, 0.0)
        if time != math.inf:
            lost = -self.rates * (eta * time)
        return Response(self, np.exp(lost), -np.expm1(lost))

    def descent(self, steps: Any, *, learning_rate: Any = 1.0) -> Response:
        """Return the response after some steps of gradient descent.

        Parameters
        ----------
        steps : int
            At least 0.
        learning_rate : float
            Above 0.

        Raises
        ------
        ValueError
            If a value is out of range, or the steps diverge: the learning rate is above
            `largest_step`, which the message names.
        """
        eta = checks.real("learning_rate", learning_rate, low=0.0, open_low=True)
        if steps == math.inf:
            raise ValueError("steps must be finite, got inf: use time=math.inf for the limit")
        k = checks.integer("steps", steps, low=0)
        if eta > self.largest_step:
            raise ValueError(
                f"learning_rate must be at most {self.largest_step:.6g} = 2 s / (largest "
                f"eigenvalue of the kernel on the {len(self.indices)} training inputs), got {eta}: "
                "gradient descent diverges beyond"
            )
        moved = eta * self.rates
        with np.errstate(divide="ignore"):
            lost = k * np.log1p(-np.minimum(moved, 1.0)) if k else np.zeros_like(moved)
        over = (1.0 - np.maximum(moved, 1.0)) ** k  # 0^0 = 1: nothing is lost in no steps
        small = moved < 1.0
        decay = np.where(small, np.exp(lost), over)
        return Response(self, decay, np.where(small, -np.expm1(lost), 1.0 - over))

    def respond(self, *, time: Any = None, steps: Any = None, learning_rate: Any = 1.0) -> Response:
        """Return the response after a time of `flow`, or after steps of `descent`.

        With neither, after infinite time.

        Raises
        ------
        ValueError
            If both are given, or as `flow` and `descent`.
        """
        if steps is None:
            return self.flow(math.inf if time is None else time, learning_rate=learning_rate)
        if time is not None:
            raise ValueError(
                f"give time (gradient flow) or steps (gradient descent), got time={time} and "
                f"steps={steps}"
            )
        return self.descent(steps, learning_rate=learning_rate)

    def ridge(self, noise: Any) -> Response:
        """Return the response of regression under noise of a given variance.

        Raises
        ------
        ValueError
            If the noise is not finite or below 0; with 0 it is ``flow(math.inf)``.
        """
        variance = checks.real("noise", noise, low=0.0)
        if variance == 0.0:
            return self.flow(math.inf)
        whole = self.eigenvalues + variance
        return Response(self, variance / whole, self.eigenvalues / whole)

    def unfitted(self, error: Array, factor: Array) -> npt.NDArray[np.int64]:
        """Return the training inputs at which some error stays for ever, rising.

        Parameters
        ----------
        error : (s,) array
            Mean error at the start.
        factor : (s, j) array
            The covariance of the errors is factor factor^T (see `covariance_factor`).
        """
        null = self.vectors[:, self.eigenvalues == 0.0]
        stays = np.column_stack([error, factor])
        stays[self.moving] = null @ (null.T @ stays[self.moving])
        stuck = np.abs(stays[:, 0]) > self.rounding * np.linalg.norm(error)
        least = self.rounding * _condition(factor) * np.linalg.norm(factor)
        stuck |= np.linalg.norm(stays[:, 1:], axis=1) > least
        return np.sort(self.indices[stuck])

    @property
    def rounding(self) -> float:
        """Relative error that may come of the kernel's precision and of the decomposition."""
        return 16.0 * self.precision * math.sqrt(len(self.indices))


@dataclass(frozen=True, eq=False)
class Response:
    """How outputs have moved by some time: a linear map of the errors at the start.

    Attributes
    ----------
    descent : KernelDescent
    decay : (r,) float64
        What is left of the error in each eigenvector.
    gone : (r,) float64
        1 - decay, to full relative accuracy.
    """

    descent: KernelDescent
    decay: Array
    gone: Array

    def outputs(self, initial: npt.ArrayLike, targets: npt.ArrayLike) -> Array:
        """Return the outputs of networks that start from given ones.

        Parameters
        ----------
        initial : (m,) or (m, j) array
            Outputs at the start; j networks, a column each.
        targets : (s,) array
            In the order of the descent's indices.

        Returns
        -------
        (m,) or (m, j) float64 array

        Raises
        ------
        ValueError
            If a shape does not fit.
        """
        start, goal = np.asarray(initial, dtype=np.float64), np.asarray(targets, dtype=np.float64)
        s, m = len(self.descent.indices), self.descent.m
        if goal.shape != (s,) or start.ndim not in (1, 2) or len(start) != m:
            raise ValueError(
                f"initial must have shape ({m},) or ({m}, j) and targets ({s},), got "
                f"{start.shape} and {goal.shape}"
            )
        return self._moved(start.reshape(m, -1), goal[:, None])[0].reshape(start.shape)

    def law(
        self, factor: Array, mean: Array, targets: Array, *, noise: float = 0.0
    ) -> tuple[Array, Array]:
        """Return the law of the outputs of networks that start from a Gaussian law.

        An output without variance up to rounding comes out fixed, and one of them that is 0 up to
        rounding as 0.

        Parameters
        ----------
        factor : (m, j) array
            The covariance at the start is factor factor^T (see `covariance_factor`).
        mean : (m,) array
        targets : (s,) array
        noise : float
            Variance of independent noise in the targets.

        Returns
        -------
        factor : (m, j') float64 array
            The covariance is factor factor^T; rows of zeros where an output is fixed.
        mean : (m,) float64 array
        """
        s, m = len(self.descent.indices), self.descent.m
        columns, slack = self._moved(factor, np.zeros((s, 1)), condition=_condition(factor))
        if noise:
            carried, _ = self._moved(np.zeros((m, 1)), np.eye(s))
            columns = np.hstack([columns, math.sqrt(noise) * carried])
        centre, centre_slack = self._moved(mean[:, None], targets[:, None])
        size = np.linalg.norm(columns, axis=1)
        at_zero = np.abs(centre[:, 0]) <= centre_slack
        fixed = (size <= slack) | ((size <= centre_slack) & at_zero)
        columns[fixed] = 0.0
        return columns, np.where(fixed & at_zero, 0.0, centre[:, 0])

    def _moved(self, start: Array, goal: Array, *, condition: float = 0.0) -> tuple[Array, Array]:
        """Return the outputs, column by column, and what rounding may have done to each row.

        With the condition number of a factor, rounding is taken out of what never decays, where
        that is the law's own null space.
        """
        descent, rounding = self.descent, self.descent.rounding
        vectors, values = descent.vectors, descent.eigenvalues
        if not self.gone.any():
            return start.copy(), np.zeros(len(start))
        chosen = descent.indices[descent.moving]
        inner, aim = vectors.T @ start[chosen], vectors.T @ goal[descent.moving]
        null = values == 0.0
        loose = max(condition, 1.0)  # relative to the whole, rows of a factor are less exact
        given = loose * float(np.linalg.norm(start[chosen])), float(np.linalg.norm(goal))
        if condition:
            inner[null] = _without_rounding(inner[null], rounding * given[0])
        gain = np.where(null, 0.0, self.gone) / np.where(null, 1.0, values)
        across = descent.kernel[:, chosen] @ vectors * gain
        across[np.diag(descent.kernel) <= 0.0] = 0.0  # it has no kernel with any other input
        error = aim - inner
        moved = start + across @ error
        # Training outputs go by their own decay, so that the limit is exact.
        if self.decay.max(initial=0.0) < 0.5:
            moved[chosen] = goal[descent.moving] - vectors @ (self.decay[:, None] * error)
        else:
            moved[chosen] = vectors @ (self.decay[:, None] * inner + self.gone[:, None] * aim)
        # To first order, a kernel off by E moves outputs by across E (gain error).
        largest = float(values[-1]) if len(values) else 0.0
        push = largest * np.linalg.norm(gain[:, None] * error) + sum(given)
        slack = loose * np.linalg.norm(start, axis=1) + np.linalg.norm(across, axis=1) * push
        held = self.decay[inner.any(axis=1)].max(initial=0.0)
        slack[chosen] = held * given[0] + self.gone.max(initial=0.0) * given[1]
        return moved, rounding * slack


def covariance_factor(covariance: Array, *, precision: float = EPS) -> Array:
    """Return F (m, j) with covariance = F F^T, without what is 0 up to rounding.

    Parameters
    ----------
    covariance : (m, m) array
        Symmetric, positive semidefinite up to rounding.
    precision : float
        Relative accuracy of its entries; eigenvalues up to m times this multiple of the largest
        count as 0.

    Examples
    --------
    >>> F = covariance_factor(np.ones((3, 3)))
    >>> F.shape, bool(np.allclose(F @ F.T, 1.0))
    ((3, 1), True)
    """
    free = np.flatnonzero(np.diag(covariance) > 0.0)
    if len(free) == 0:
        return np.zeros((len(covariance), 1))
    values, vectors = np.linalg.eigh(covariance[np.ix_(free, free)])
    kept = values > len(free) * precision * values[-1]
    factor = np.zeros((len(covariance), int(kept.sum())))
    factor[free] = vectors[:, kept] * np.sqrt(values[kept])
    return factor


def _condition(factor: Array) -> float:
    """Return the condition number of a factor whose columns are orthogonal."""
    sizes = np.linalg.norm(factor, axis=0)
    return float(sizes.max() / sizes.min()) if sizes.min() > 0.0 else 1.0


def _without_rounding(rows: Array, threshold: float) -> Array:
    """Return rows with their singular values up to a threshold set to 0."""
    if len(rows) == 0:
        return rows
    left, sizes, right = np.linalg.svd(rows, full_matrices=False)
    cleaned: Array = (left * np.where(sizes <= threshold, 0.0, sizes)) @ right
    return cleaned
