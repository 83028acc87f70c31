"""Orthants of singular Gaussian laws: more outputs than dimensions.

The perceptron has as many dimensions as weights, and one hidden ReLU layer without bias on
{-1, +1}^7 has 71 for its 128 outputs. The orthant is a polyhedral cone in these dimensions; most
are empty, up to rounding (`priorvol.estimators.rounding`). Others are sampled dimension by
dimension, in an order that lets each dimension be held by as few outputs as possible: outputs
outside a hyperplane of outputs (a cocircuit) depend on one more dimension than those inside, so a
small cocircuit goes last, and so on.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol.estimators.expectation_propagation import standardised
from priorvol.estimators.mixture import lattice_generator
from priorvol.estimators.rounding import ENTRY, deepest
from priorvol.estimators.tilting import SINGULAR
from priorvol.gaussian import GaussianLaw

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_DEPENDS = 1e-9  # coefficients below this are rounding
_EP_SWEEPS, _EP_TOLERANCE, _EP_DAMPING = 100, 1e-3, 0.9


def singular_sampler(law: GaussianLaw, signs: npt.ArrayLike) -> SingularSampler | None:
    """Return a sampler of an orthant of a singular law; None if it is empty, up to rounding.

    Parameters
    ----------
    law : GaussianLaw
        Of k outputs, none of variance 0.
    signs : (k,) array of -1 and +1

    Raises
    ------
    ValueError
        If an output has no variance, or the signs are not k signs.

    Examples
    --------
    >>> law = GaussianLaw([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 2.0]])  # h, h', h + h'
    >>> singular_sampler(law, [1, 1, -1]) is None
    True
    """
    correlation, mean, _ = standardised(law, signs)
    from priorvol._kernels.expectation_propagation import propagate
    from priorvol._kernels.singular_orthants import pivoted_factor

    factor, pivots, rank = pivoted_factor(correlation, SINGULAR)
    factor = factor[:, :rank]
    left = float((1.0 - (factor * factor).sum(axis=1)).max())
    inside, _ = deepest(factor, mean)
    if inside is None:
        return None
    log_z, tau, nu, _, mu, iterations, change = propagate(
        correlation, mean, np.zeros(law.m), _EP_DAMPING, _EP_SWEEPS, _EP_TOLERANCE
    )
    slope = nu - tau * mu  # of log Z in the mean
    missing = max(left, ENTRY)  # what outputs vary beyond the factor
    rounding = math.sqrt(missing) * float(np.abs(slope).sum())
    rounding += missing * _sensitivity(correlation, tau, slope)
    if not math.isfinite(rounding):
        rounding = math.inf
    if not (np.isfinite(log_z) and np.isfinite(nu).all()):
        tau, nu, log_z = np.zeros(law.m), np.zeros(law.m), np.nan
    order, first, matrix, turn = _echelon(factor, pivots[:rank], nu)
    diagnostics = {
        "ep_log_z": float(log_z),
        "ep_iterations": int(iterations),
        "ep_change": float(change),
        "rank": int(rank),
        "variance_left": left,
    }
    return SingularSampler(
        mean[order], matrix, first, tau[order], nu[order], inside @ turn, rounding, diagnostics
    )


class SingularSampler:
    """Draws inside the orthant mean + matrix x > 0, x standard normal, with their weights.

    Parameters
    ----------
    mean, matrix : (k,) and (k, r) float64
    first : (r + 1,) int64
        Outputs first[j] to first[j + 1] depend on x up to dimension j.
    tau, nu : (k,) float64
        EP's sites.
    inside : (r,) float64
        Some x of the orthant.
    rounding : float
        Error of log P by the rounding of the covariance.
    diagnostics : dict
    """

    block = 64
    log_bound = 0.0
    """No log weight is known to be above this, and no log probability is."""

    def __init__(
        self,
        mean: Array,
        matrix: Array,
        first: Indices,
        tau: Array,
        nu: Array,
        inside: Array,
        rounding: float,
        diagnostics: dict[str, Any],
    ) -> None:
        from priorvol._kernels.singular_orthants import centre_shifts

        r = matrix.shape[1]
        self.mean, self.matrix, self.first, self.tau, self.nu = mean, matrix, first, tau, nu
        precision = np.eye(r) + (matrix.T * tau) @ matrix
        upper = np.linalg.cholesky(precision[::-1, ::-1])[::-1, ::-1]  # U U' = precision
        self.centre = np.linalg.solve(precision, matrix.T @ (nu - tau * mean))
        pivots = np.diag(upper).copy()
        self.rows = np.ascontiguousarray(upper.T / pivots[:, None])
        self.precision = pivots**2
        at = self.centre
        for share in (0.1, 0.5, 1.0):
            if (mean + matrix @ at).min() > 0.0:
                break
            at = (1.0 - share) * self.centre + share * inside
        self.shifts = centre_shifts(mean, matrix, first, at)
        self.dimensions = 2 * r
        self.floor = rounding
        self.diagnostics = diagnostics

    def plan(self, shifts: Array, relative_error: float, max_samples: int) -> float:
        """Return how many draws are needed, by a pilot run."""
        logs = np.concatenate([self.log_weights(self.block, shift) for shift in shifts])
        top = logs.max()
        if not np.isfinite(top):
            return np.inf
        weights = np.exp(logs - top)
        return float(weights.var() / weights.mean() ** 2) / relative_error**2

    def log_weights(self, number: int, shift: Array) -> Array:
        """Return log weights of ``number`` draws on one shifted lattice."""
        from priorvol._kernels.singular_orthants import mix_intervals

        r = self.matrix.shape[1]
        logs = np.empty(number)
        mix_intervals(
            self.mean,
            self.matrix,
            self.first,
            self.tau,
            self.nu,
            self.centre,
            self.rows,
            self.precision,
            self.shifts,
            number,
            lattice_generator(r),
            shift.reshape(2, r),
            logs,
        )
        return logs


def _sensitivity(correlation: Array, tau: Array, slope: Array) -> float:
    """Return the sum of |d log Z / d K_ij| in EP; inf where EP broke down.

    With ``slope`` that of log Z in the mean, it is (slope slope' - W) / 2, W = (K + 1 / tau)^-1.
    """
    root = np.sqrt(np.maximum(tau, 0.0))
    inner = np.eye(len(tau)) + correlation * np.outer(root, root)
    if not (np.isfinite(inner).all() and np.isfinite(slope).all()):
        return np.inf
    curvature = np.linalg.inv(inner) * np.outer(root, root)
    return 0.5 * float(np.abs(np.outer(slope, slope) - curvature).sum())


def _echelon(factor: Array, pivots: Indices, nu: Array) -> tuple[Indices, Indices, Array, Array]:
    """Order outputs and dimensions so that few outputs depend on the last dimensions.

    Returns
    -------
    order : (k,) int64
        Outputs in the order in which they are complete.
    first : (r + 1,) int64
        Outputs order[first[j]:first[j + 1]] depend on dimensions up to j.
    matrix : (k, r) float64
        The factor in that order, in turned coordinates.
    turn : (r, r) float64
        The rotation: old coordinates times it are new ones.
    """
    k, r = factor.shape
    coefficients = np.linalg.solve(factor[pivots].T, factor.T).T  # of outputs in the pivots
    depends = np.abs(coefficients) > _DEPENDS * np.abs(coefficients).max(axis=1, keepdims=True)
    depends[pivots] = np.eye(r, dtype=bool)
    alive, open_ = np.ones(k, dtype=bool), np.ones(r, dtype=bool)
    steps: list[int] = []
    groups: list[Indices] = []
    for _ in range(r):
        sizes = np.where(open_, depends[alive].sum(axis=0), k + 1)
        smallest = np.flatnonzero(sizes == sizes.min())
        last = int(smallest[np.argmin(nu[pivots[smallest]])])  # the hardest pressed go first
        group = np.flatnonzero(alive & depends[:, last])
        steps.append(last)
        groups.append(group)
        alive[group], open_[last] = False, False
    steps.reverse()
    groups.reverse()
    turn, triangle = np.linalg.qr(factor[pivots[steps]].T)
    turn = turn * np.sign(np.diag(triangle))
    order = np.concatenate(groups)
    first = np.concatenate([[0], np.cumsum([len(group) for group in groups])]).astype(np.int64)
    matrix = factor[order] @ turn
    for j in range(r):
        matrix[first[j] : first[j + 1], j + 1 :] = 0.0
    return order, first, np.ascontiguousarray(matrix), turn
