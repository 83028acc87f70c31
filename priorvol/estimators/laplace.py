"""Laplace's method for a Gaussian law seen through a probit link.

The quantity is not an orthant of the law but E[prod Phi(s_i h_i / sqrt(noise))], the orthant of
the outputs with independent normal noise added to each; it is approximated by a Gaussian integral
around the largest value of the integrand. (scikit-learn's GaussianProcessClassifier takes a
logistic link instead.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.estimators.expectation_propagation import check_signs
from priorvol.gaussian import GaussianLaw

Array = npt.NDArray[np.float64]

MAX_ITERATIONS = 200
TOLERANCE = 1e-9
ROUNDING = 1e-12
_FAR = -1e3  # below it the curvature of log Phi is taken from its series


@dataclass(frozen=True, eq=False)
class LaplaceApproximation:
    """What Laplace's method gives.

    Attributes
    ----------
    log_z : float
        Natural log of the approximated E[prod Phi(s_i h_i / sqrt(noise))].
    mode : (m,) float64 array
        The outputs where the integrand is largest.
    iterations : int
        Newton steps.
    converged : bool
        Whether the last step moved no output by more than ``TOLERANCE`` times the largest, or
        times sqrt(noise) where that is larger.
    """

    log_z: float
    mode: Array
    iterations: int
    converged: bool


def laplace(law: GaussianLaw, signs: npt.ArrayLike, *, noise: float = 1.0) -> LaplaceApproximation:
    """Approximate E[prod Phi(s_i h_i / sqrt(noise))] by Laplace's method.

    The covariance may be singular: the outputs are written h = mean + K a, and neither K nor any
    part of it is inverted. Newton steps are halved until the integrand grows; its logarithm is
    concave, so there is one mode and it is found from anywhere.

    Parameters
    ----------
    law : GaussianLaw
        Of m outputs.
    signs : (m,) array of -1 and +1
        The sign each output is asked for.
    noise : float
        Variance of the probit link's noise, in the units of the covariance; positive.

    Returns
    -------
    LaplaceApproximation
        It comes without an error.

    Raises
    ------
    ValueError
        If the law is none, the signs are not m numbers -1 or +1, or the noise is not positive.

    Notes
    -----
    Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), section 3.4.

    Examples
    --------
    >>> import math
    >>> found = laplace(GaussianLaw([[0.1, 0.05], [0.05, 0.1]]), [1, 1])
    >>> round(math.exp(found.log_z), 4), found.converged  # exactly 0.2572
    (0.2572, True)
    """
    if not isinstance(law, GaussianLaw):
        raise ValueError(f"law must be a GaussianLaw, got {type(law).__name__}")
    signs_ = check_signs(signs, law.m).astype(np.float64)
    root = math.sqrt(checks.real("noise", noise, low=0.0, open_low=True))
    K, mean = law.covariance, law.mean
    a, Ka = np.zeros(law.m), np.zeros(law.m)
    value, gradient, curvature = _likelihood(signs_, mean + Ka, root)
    objective, iterations, converged = value, 0, False
    while not converged and iterations < MAX_ITERATIONS:
        iterations += 1
        w = np.sqrt(curvature)
        b = curvature * Ka + gradient
        step = b - w * _solve(_cholesky(K, w), w * (K @ b)) - a
        K_step = K @ step
        least = objective - ROUNDING * (1.0 + abs(objective))
        length = 1.0
        while True:
            a_next, Ka_next = a + length * step, Ka + length * K_step
            found = _likelihood(signs_, mean + Ka_next, root)
            grown = found[0] - 0.5 * float(a_next @ Ka_next)
            if grown >= least or length < ROUNDING:
                break
            length /= 2
        a, Ka, objective = a_next, Ka_next, grown
        value, gradient, curvature = found
        size = max(root, float(np.abs(mean + Ka).max()))
        converged = length == 1.0 and float(np.abs(K_step).max()) <= TOLERANCE * size
    factor = _cholesky(K, np.sqrt(curvature))
    log_z = value - 0.5 * float(a @ Ka) - float(np.log(np.diag(factor)).sum())
    return LaplaceApproximation(log_z, mean + Ka, iterations, converged)


def _likelihood(signs: Array, h: Array, root: float) -> tuple[float, Array, Array]:
    """Return log prod Phi(s h / root), its gradient in h and minus its second derivatives."""
    from scipy.special import erfcx, log_ndtr

    x = signs * h / root
    hazard = math.sqrt(2.0 / math.pi) / erfcx(-x / math.sqrt(2.0))  # phi(x) / Phi(x)
    far = x < _FAR
    bent = np.where(far, 1.0 - 1.0 / np.where(far, x, 1.0) ** 2, hazard * (x + hazard))
    return float(log_ndtr(x).sum()), signs * hazard / root, np.clip(bent, 0.0, 1.0) / root**2


def _cholesky(K: Array, w: Array) -> Array:
    """Return the lower factor of I + w K w, whose eigenvalues are at least 1."""
    B = w[:, None] * K * w
    B[np.diag_indices_from(B)] += 1.0
    return np.asarray(np.linalg.cholesky(B), dtype=np.float64)


def _solve(factor: Array, right: Array) -> Array:
    from scipy.linalg import cho_solve

    return np.asarray(cho_solve((factor, True), right, check_finite=False), dtype=np.float64)
