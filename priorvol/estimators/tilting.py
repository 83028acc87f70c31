"""Guides of the sequential sampler: EP's posterior, and Botev's minimax tilt with its bound.

Botev (2017, 1603.04166) tilts the separation of variables of Genz (1992) so that the largest
weight is smallest. That bounds the weights; EP's guide has the more even weights. A mixture of the
two has both virtues (`priorvol.estimators.orthant`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from priorvol.estimators.expectation_propagation import standardised
from priorvol.gaussian import GaussianLaw

Array = npt.NDArray[np.float64]
Guide = tuple[Array, Array, npt.NDArray[np.int64]]

SINGULAR = 1e-13
"""Outputs whose variance given others is at most this share of their own depend on those."""

_EP_SWEEPS, _EP_TOLERANCE, _EP_DAMPING = 60, 1e-3, 0.9
_NEWTON_STEPS, _NEWTON_TOLERANCE = 200, 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Guides:
    """How to draw from a Gaussian law inside an orthant, sequentially.

    Outputs are turned and scaled (`scale`) so that all are wanted positive with variance 1.

    Attributes
    ----------
    scale : (k,) float64
        Draws divided by this are outputs h of the law.
    sites, tilt : tuples (rows, coefficients, order)
        Arguments of `priorvol._kernels.orthants.mix`. Where EP broke down, ``sites`` is ``tilt``.
    psi : float
        The minimax bound: no log weight of the tilted guide is above it (nats). nan where the
        tilt was not found, and the guide is the prior's, whose log weights are at most 0.
    ep_log_z : float
        EP's estimate of the orthant's log probability; nan where EP broke down.
    ep_iterations, ep_change : int and float
        See `priorvol.estimators.expectation_propagation.EPResult`.
    least_pivot : float
        Smallest variance of an output given those before it, in units of its own variance.
    """

    scale: Array = field(repr=False)
    sites: Guide = field(repr=False)
    tilt: Guide = field(repr=False)
    psi: float
    ep_log_z: float
    ep_iterations: int
    ep_change: float
    least_pivot: float


def guides(law: GaussianLaw, signs: npt.ArrayLike) -> Guides | None:
    """Make the guides of an orthant; None if the covariance is singular.

    Parameters
    ----------
    law : GaussianLaw
        Of k outputs, none of variance 0 (see `GaussianLaw.reduced`).
    signs : (k,) array of -1 and +1

    Raises
    ------
    ValueError
        See `priorvol.estimators.expectation_propagation.standardised`.

    Examples
    --------
    >>> found = guides(GaussianLaw([[1.0, 0.5], [0.5, 1.0]]), [1, 1])
    >>> bool(np.exp(found.psi) >= 1 / 3)  # P = 1 / 3
    True
    """
    correlation, mean, scale = standardised(law, signs)
    from priorvol._kernels.expectation_propagation import propagate
    from priorvol._kernels.orthants import from_sites, from_tilt, lower_factor
    from priorvol._kernels.tilting import greedy_order, minimax_tilt

    log_z, tau, nu, _, mu, iterations, change = propagate(
        correlation, mean, np.zeros(law.m), _EP_DAMPING, _EP_SWEEPS, _EP_TOLERANCE
    )
    usable = bool(np.isfinite(log_z) and np.isfinite(nu).all())
    order = np.argsort(-nu, kind="stable") if usable else greedy_order(correlation, mean)
    factor, rank = lower_factor(correlation, order)
    least = float(np.diag(factor)[:rank].min() ** 2)
    if rank < law.m or least <= SINGULAR:
        return None
    turned = correlation[np.ix_(order, order)]
    start = (nu - tau * mu)[order] if usable else _inside(factor, mean[order])
    shift, psi, gain, _ = minimax_tilt(
        turned, factor, mean[order], start, _NEWTON_STEPS, _NEWTON_TOLERANCE
    )
    if not (np.isfinite(psi) and gain <= _NEWTON_TOLERANCE and np.isfinite(shift).all()):
        shift, psi = np.zeros(law.m), np.nan
    tilt = (factor, from_tilt(factor, mean, order, shift), order)
    sites = tilt
    if usable:
        rows, coefficients, usable = from_sites(factor, mean, tau, nu, order)
        usable = bool(usable and np.isfinite(rows).all() and np.isfinite(coefficients).all())
        sites = (rows, coefficients, order) if usable else tilt
    return Guides(
        scale=scale,
        sites=sites,
        tilt=tilt,
        psi=float(psi),
        ep_log_z=float(log_z),
        ep_iterations=int(iterations),
        ep_change=float(change),
        least_pivot=least,
    )


def _inside(factor: Array, mean: Array) -> Array:
    """Return K^-1 (h - mean) for an h above 0."""
    h = np.maximum(mean, 1.0)
    half = np.linalg.solve(factor, h - mean)
    found: Array = np.linalg.solve(factor.T, half)
    return found
