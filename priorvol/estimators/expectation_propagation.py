"""Expectation propagation (EP): a Gaussian in place of a truncated one, and log Z of an orthant.

EP comes without an error. For the step link it is the literature's estimate of P(f) at infinite
width (1805.08522); `priorvol.estimators.orthant` gives the same number with an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.gaussian import GaussianLaw

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class EPResult:
    """The sites of expectation propagation, and the Gaussian that they make of a law.

    Attributes
    ----------
    log_z : float
        EP's estimate of log P(s_i h_i > 0 for all i) (nats), or with noise of
        log E[prod Phi(s_i h_i / noise^(1/2))]. nan where EP broke down, which it does where the
        signs cannot be had at all.
    tau, nu : (k,) float64
        Site i is proportional to exp(-tau_i h_i^2 / 2 + nu_i h_i).
    mean, covariance : (k,) and (k, k) float64
        Of the outputs h under the law times the sites: the Gaussian approximation of the law
        given the signs.
    converged : bool
        Whether the last sweep changed the sites by less than the tolerance.
    iterations : int
        Sweeps over all sites.
    change : float
        Largest change of a site in the last sweep: of tau in units of the posterior precision, of
        nu in units of its root.
    noise, damping, tolerance : float
    signs : (k,) int8
    """

    log_z: float
    tau: Array
    nu: Array
    mean: Array = field(repr=False)
    covariance: Array = field(repr=False)
    converged: bool
    iterations: int
    change: float
    noise: float
    damping: float
    tolerance: float
    signs: npt.NDArray[np.int8]


def standardised(law: GaussianLaw, signs: npt.ArrayLike) -> tuple[Array, Array, Array]:
    """Turn and scale outputs so that all are wanted positive and have variance 1.

    Parameters
    ----------
    law : GaussianLaw
        Of k outputs, none of variance 0.
    signs : (k,) array of -1 and +1

    Returns
    -------
    correlation : (k, k) float64
    mean : (k,) float64
    scale : (k,) float64
        Output i is h_i times ``scale[i]``.

    Raises
    ------
    ValueError
        If the signs are not k numbers -1 and +1, or an output has no variance.

    Examples
    --------
    >>> law = GaussianLaw([[4.0, 1.0], [1.0, 1.0]])
    >>> standardised(law, [1, -1])[0]
    array([[ 1. , -0.5],
           [-0.5,  1. ]])
    """
    turn = check_signs(signs, law.m)
    variances = np.diag(law.covariance)
    if variances.min() <= 0.0:
        raise ValueError(
            f"output {int(variances.argmin())} has no variance; use GaussianLaw.reduced first"
        )
    scale = turn / np.sqrt(variances)
    correlation = law.covariance * np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    return np.clip(correlation, -1.0, 1.0), law.mean * scale, scale


def check_signs(signs: npt.ArrayLike, k: int) -> npt.NDArray[np.int8]:
    """Return k signs as int8, or raise ``ValueError``.

    Examples
    --------
    >>> check_signs([1, -1], 2)
    array([ 1, -1], dtype=int8)
    """
    found = np.asarray(signs)
    if found.shape != (k,) or not np.isin(found, (-1, 1)).all():
        shown = np.array2string(found, threshold=8)
        raise ValueError(f"signs must be {k} numbers, each -1 or 1, got {shown}")
    return found.astype(np.int8)


def expectation_propagation(
    law: GaussianLaw,
    signs: npt.ArrayLike,
    *,
    noise: float = 0.0,
    damping: float = 0.9,
    max_iterations: int = 200,
    tolerance: float = 1e-8,
) -> EPResult:
    """Approximate an orthant probability, and the law inside the orthant, by EP.

    Parameters
    ----------
    law : GaussianLaw
        Of k outputs, none of variance 0 (see `GaussianLaw.reduced`); the covariance may be
        singular.
    signs : (k,) array of -1 and +1
    noise : float
        0 for the step likelihood 1[s h > 0]; above 0 for Phi(s h / noise^(1/2)), in units of h
        squared.
    damping : float
        Share of each step that is taken, in (0, 1]. It is halved whenever the changes have not
        become smaller for three sweeps.
    max_iterations : int
    tolerance : float
        See `EPResult.change`.

    Returns
    -------
    EPResult
        ``converged`` is False where ``max_iterations`` was not enough.

    Raises
    ------
    ValueError
        If an argument is out of range; see also `standardised`.

    Examples
    --------
    >>> law = GaussianLaw(np.eye(3))
    >>> round(float(np.exp(expectation_propagation(law, [1, -1, 1]).log_z)), 6)
    0.125
    """
    noise = checks.real("noise", noise, low=0.0)
    damping = checks.real("damping", damping, low=0.0, high=1.0, open_low=True)
    limit = checks.integer("max_iterations", max_iterations, low=1)
    tolerance = checks.real("tolerance", tolerance, low=0.0, open_low=True)
    correlation, mean, scale = standardised(law, signs)
    from priorvol._kernels.expectation_propagation import propagate

    log_z, tau, nu, sigma, mu, iterations, change = propagate(
        correlation, mean, noise * scale**2, damping, limit, tolerance
    )
    return EPResult(
        log_z=float(log_z),
        tau=tau * scale**2,
        nu=nu * scale,
        mean=mu / scale,
        covariance=sigma / np.outer(scale, scale),
        converged=bool(change < tolerance and np.isfinite(log_z)),
        iterations=int(iterations),
        change=float(change),
        noise=noise,
        damping=damping,
        tolerance=tolerance,
        signs=np.sign(scale).astype(np.int8),
    )
