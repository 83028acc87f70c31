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

_DIGITS = 1e7
"""Where an output has less than 1 / `_DIGITS` of its variance left given all others, EP is run in
whitened coordinates."""

_EP_SWEEPS, _EP_TOLERANCE, _EP_DAMPING = 60, 1e-3, 0.9
_NEWTON_STEPS, _NEWTON_TOLERANCE, _NEWTON_ENOUGH = 200, 1e-12, 1e-5


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
    sensitivity : float
        By how much log P changes, at most and to first order, where every correlation is changed
        by 1 unit; inf where it is not known.
    """

    scale: Array = field(repr=False)
    sites: Guide = field(repr=False)
    tilt: Guide = field(repr=False)
    psi: float
    ep_log_z: float
    ep_iterations: int
    ep_change: float
    least_pivot: float
    sensitivity: float


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
    from priorvol._kernels import whitened
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
    inverse = whitened.inverse_lower(factor)
    usable = usable and float((inverse * inverse).sum(axis=0).max()) < _DIGITS
    centre = mean[order]
    start = factor.T @ (nu - tau * mu)[order]
    if not (usable and (centre + factor @ start).min() > 0.0):
        start = _inside(factor, centre)
    shift, psi, gain, _, sites = minimax_tilt(
        factor, centre, start, _NEWTON_STEPS, _NEWTON_TOLERANCE
    )
    found = bool(np.isfinite(psi) and np.isfinite(shift).all())
    if found and gain <= _NEWTON_ENOUGH:
        psi += max(gain, 0.0) * max(1.0, abs(psi))
    else:
        shift, psi = np.zeros(law.m), np.nan
    if usable:
        sites = np.stack([tau[order], nu[order]])
    elif found:
        log_z, *again, iterations, change = whitened.propagate_whitened(
            factor, centre, *sites, _EP_DAMPING, _EP_SWEEPS, _EP_TOLERANCE
        )
        if np.isfinite(log_z) and np.isfinite(again).all():
            sites = np.stack(again)
    tilt = (factor, from_tilt(factor, mean, order, shift), order)
    guide, sensitivity = tilt, np.inf
    if usable or found:
        tau[order], nu[order] = sites
        rows, coefficients, good = from_sites(factor, mean, tau, nu, order)
        if good and np.isfinite(rows).all() and np.isfinite(coefficients).all():
            guide = (rows, coefficients, order)
        _, root, middle, _, good = whitened.whitened_posterior(factor, centre, *sites)
        if good:
            sensitivity = whitened.entry_sensitivity(inverse, root, middle)
    return Guides(
        scale=scale,
        sites=guide,
        tilt=tilt,
        psi=float(psi),
        ep_log_z=float(log_z),
        ep_iterations=int(iterations),
        ep_change=float(change),
        least_pivot=least,
        sensitivity=float(sensitivity),
    )


def _inside(factor: Array, mean: Array) -> Array:
    """Return an x with mean + factor x > 0, step by step."""
    x = np.zeros(len(mean))
    for k, row in enumerate(factor):
        x[k] = 0.5 + max(0.0, -(mean[k] + row[:k] @ x[:k]) / row[k])
    return x
