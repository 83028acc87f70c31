"""`TruncatedLaw`: a Gaussian law of the outputs, given the signs of some of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol.counting import Counter, TSums
from priorvol.gaussian import GaussianLaw
from priorvol.gaussian_functions import Factor, factorise
from priorvol.provenance import Span
from priorvol.rng import stream_key
from priorvol.training_set import TrainingSet

Array = npt.NDArray[np.float64]
Guide = tuple[Array, Array, npt.NDArray[np.int64]]

SITES_SHARE = 0.75
"""Share of a chain's proposals that come from EP's guide."""

_PILOT = 2048
_PILOTS = 64
_BATCH = 1 << 13
_MARGIN = 1e-3  # above psi*, which an inexact tilt exceeds by its error times the largest draw


@dataclass(frozen=True, eq=False)
class TruncatedLaw:
    """Outputs of which some have signs that a training set fixes, in the kernels' terms.

    Attributes
    ----------
    factor : Factor
        Of the whole law, trained outputs first.
    known : (k,) int8
        Sign of each row that the training set fixes, 0 for the others.
    turns : (r,) int8
        Signs of the r trained outputs that do not depend on one another.
    tilted, sites : (rows, coefficients, order)
        Guides; see `priorvol._kernels.orthants`.
    share : float
        Share of ``sites`` in a chain's proposals.
    bound : float
        On the log weights of ``tilted``.
    checks, offsets : (c, r) and (c,) float64
        Trained outputs that the others determine.
    """

    factor: Factor
    known: npt.NDArray[np.int8]
    turns: npt.NDArray[np.int8]
    tilted: Guide
    sites: Guide
    share: float
    bound: float
    checks: Array
    offsets: Array

    @property
    def r(self) -> int:
        """Number of trained outputs that do not depend on one another."""
        return len(self.turns)

    @property
    def is_settled(self) -> bool:
        """Whether the training set fixes every output, so that one function is left."""
        return bool((self.known != 0).all())


@dataclass(frozen=True)
class Pilot:
    """What some proposals say of a truncated law.

    Attributes
    ----------
    log_p : float
        Log of P(S), roughly (nats).
    acceptance : float
        Share of the tilted guide's draws that are accepted.
    efficiency : float
        Effective sample size of the weighted proposals over their number.
    """

    log_p: float
    acceptance: float
    efficiency: float


def truncate(law: GaussianLaw, training_set: TrainingSet) -> TruncatedLaw:
    """Prepare to draw from a law given the labels of a training set.

    Parameters
    ----------
    law : GaussianLaw
        Of m outputs; it may be singular, and have a mean.
    training_set : TrainingSet
        With indices below m.

    Raises
    ------
    ValueError
        If the labels contradict outputs that are fixed or multiples of one another: P(S) = 0.

    Examples
    --------
    >>> law = GaussianLaw([[1.0, 0.5], [0.5, 1.0]])
    >>> truncate(law, TrainingSet([1], [0])).r
    1
    """
    wanted = _wanted_signs(law, training_set)
    trained = np.flatnonzero(wanted)
    reduced = law.reduced.law
    if reduced is None or len(trained) == 0:
        return _unconstrained(factorise(law))
    from priorvol._kernels import tilting

    signs = wanted[trained].astype(np.float64)
    roots = np.sqrt(np.diag(reduced.covariance))[trained]
    scale = signs / roots
    turned = reduced.covariance[np.ix_(trained, trained)] * np.outer(scale, scale)
    np.fill_diagonal(turned, 1.0)
    mean = reduced.mean[trained] * scale
    # rounded, so that the order does not hang on the last bit of the covariance
    order = tilting.greedy_order(np.round(turned, 10), np.round(mean, 10))
    factor = factorise(law, first=trained[order])
    known = wanted[factor.order]
    r = factor.n_first
    turns = known[:r]
    dependent = factor.rank + np.flatnonzero(known[factor.rank :])
    checks = factor.factor[dependent, :r] * np.outer(known[dependent], turns)
    offsets = known[dependent] * factor.mean[dependent]
    rows = np.ascontiguousarray(factor.factor[:r, :r] * np.outer(turns, turns))
    centre = turns * factor.mean[:r]
    tilted, bound = _tilted_guide(rows, centre)
    sites, share = _sites_guide(rows, centre, checks, offsets)
    return TruncatedLaw(
        factor=factor,
        known=known,
        turns=turns,
        tilted=tilted,
        sites=tilted if sites is None else sites,
        share=share,
        bound=bound,
        checks=np.ascontiguousarray(checks),
        offsets=offsets,
    )


def try_out(truncated: TruncatedLaw) -> Pilot:
    """Draw some proposals, always the same, and return what they say.

    Raises
    ------
    ValueError
        If none of many proposals has the signs that are wanted.
    """
    if truncated.r == 0:
        return Pilot(0.0, 1.0, 1.0)
    from priorvol._kernels import posterior as kernels

    key = stream_key(0, 1, "pilot")
    weights = np.empty(_PILOT)
    e = np.empty((_PILOT, truncated.r))
    for block in range(_PILOTS):
        kernels.proposals(*_proposal_arguments(truncated), key, block, 0, 0, e, weights)
        top = float(weights.max())
        if math.isfinite(top):
            sizes = np.exp(weights - top)
            log_p = top + math.log(float(sizes.sum()) / (_PILOT * (block + 1)))
            acceptance = min(math.exp(min(log_p - truncated.bound, 0.0)), 1.0)
            return Pilot(log_p, acceptance, float(sizes.sum() ** 2 / (sizes**2).sum() / _PILOT))
    raise ValueError(
        f"none of {_PILOT * _PILOTS:,} proposals fits the training set: P(S) is 0 (the outputs are "
        "linear in fewer dimensions than there are labels) or too small to sample from"
    )


def count_truncated(truncated: TruncatedLaw, span: Span) -> tuple[npt.NDArray[np.uint64], TSums]:
    """Draw the functions of a span and count them, in no order.

    Parameters
    ----------
    truncated : TruncatedLaw
    span : Span
        With one output draw independent draws; with more, chains of so many steps.

    Returns
    -------
    rows : (k, words + 1) or (k, words + 2) uint64
        Distinct; see `priorvol._kernels.rows`.
    t_sums : tuple
        Counts of T = t and, for chains, their group pairs, each (m + 1,) int64.

    Raises
    ------
    RuntimeError
        If a log weight is beyond its bound, which would make the draws inexact.
    """
    chain, factor = span.output_draws, truncated.factor
    words = bits.n_words(factor.m)
    key = stream_key(span.seed, chain, "posterior")
    counter = Counter(factor.m, words, chain)
    groups = max(_BATCH // chain, 1)
    keys = np.empty((groups * chain, words), dtype=np.uint64)
    for block, start, stop in span.blocks():
        for first in range(start, stop, groups):
            count = min(groups, stop - first)
            _fill(truncated, chain, key, block, first, count, keys)
            counter.add(keys, count * chain)
    return counter.finish()


def _fill(
    truncated: TruncatedLaw,
    chain: int,
    key: tuple[int, int, int, int],
    block: int,
    first: int,
    count: int,
    keys: npt.NDArray[np.uint64],
) -> None:
    from priorvol._kernels import posterior as kernels

    highest = -math.inf
    if chain == 1:
        draws = np.zeros((count, truncated.r))
        places = np.arange(count)
        if truncated.r and not truncated.is_settled:
            _, highest = kernels.independent_draws(
                *_rejection_arguments(truncated), key, block, first, count, draws
            )
        _complete(truncated, draws, places, 1, key, block, first, keys)
    else:
        draws, weights = np.zeros((chain, truncated.r)), np.zeros(chain)
        places = np.arange(chain)
        for group in range(count):
            index = first + group
            if truncated.r and not truncated.is_settled:
                found, high = kernels.first_draw(
                    *_rejection_arguments(truncated), key, block, index, draws[0]
                )
                if not found:
                    raise RuntimeError("no draw was accepted: the training set is too improbable")
                highest = max(highest, high)
                tickets = kernels.proposals(
                    *_proposal_arguments(truncated), key, block, index, 1, draws, weights
                )
                kernels.walk(weights, tickets, places)
            part = keys[group * chain : (group + 1) * chain]
            _complete(truncated, draws, places, chain, key, block, index, part)
    if highest > 0.0:
        raise RuntimeError(f"a log weight exceeds its bound by {highest:.3g}: draws are not exact")


def _complete(
    truncated: TruncatedLaw,
    draws: Array,
    places: npt.NDArray[np.int64],
    chain: int,
    key: tuple[int, int, int, int],
    block: int,
    first: int,
    keys: npt.NDArray[np.uint64],
) -> None:
    from priorvol._kernels.posterior import complete

    factor, known, turns = truncated.factor, truncated.known, truncated.turns
    fixed = (factor.factor, factor.mean, known, factor.place, factor.sign, turns)
    complete(*fixed, draws, places, chain, key, block, first, keys)


def _rejection_arguments(truncated: TruncatedLaw) -> tuple[Any, ...]:
    return (truncated.tilted, truncated.bound, truncated.checks, truncated.offsets)


def _proposal_arguments(truncated: TruncatedLaw) -> tuple[Any, ...]:
    t = truncated
    return (t.tilted, t.sites, t.share, t.checks, t.offsets)


def _wanted_signs(law: GaussianLaw, training_set: TrainingSet) -> npt.NDArray[np.int8]:
    """Return the sign that each kept output is to have, (k,) int8, 0 where none is."""
    reduced = law.reduced
    wanted = np.zeros(reduced.k, dtype=np.int8)
    for i, label in zip(training_set.indices, training_set.labels, strict=True):
        place, asked = int(reduced.index[i]), 1 if label else -1
        if place < 0:
            if asked != reduced.sign[i]:
                raise ValueError(
                    f"P(S) = 0: the training set labels input {i} with {label}, but its output is "
                    f"fixed at f = {int(reduced.sign[i] > 0)}"
                )
            continue
        sign = asked * int(reduced.sign[i])
        if wanted[place] == -sign:
            raise ValueError(
                f"P(S) = 0: the training set labels input {i} with {label}, but its output is a "
                f"multiple of that at input {int(reduced.kept[place])}, which is labelled otherwise"
            )
        wanted[place] = sign
    return wanted


def _unconstrained(factor: Factor) -> TruncatedLaw:
    none, empty = np.zeros(0), np.zeros((0, 0))
    guide = (empty, np.zeros((0, 5)), np.zeros(0, dtype=np.int64))
    known = np.zeros(len(factor.order), dtype=np.int8)
    turns = np.zeros(0, dtype=np.int8)
    return TruncatedLaw(factor, known, turns, guide, guide, 0.0, 0.0, empty, none)


def _tilted_guide(rows: Array, mean: Array) -> tuple[Guide, float]:
    """Return Botev's guide and its bound on log weights; without a tilt where Newton fails."""
    from priorvol._kernels import orthants, tilting

    r = len(mean)
    order = np.arange(r)
    covariance = rows @ rows.T
    start = _start(rows, covariance, mean)
    found = tilting.minimax_tilt(rows, mean, start, 200, 1e-14)
    tilt, psi, gain = found[:3]
    if not (math.isfinite(psi) and abs(gain) < 1e-6 and np.isfinite(tilt).all()):
        tilt, psi = np.zeros(r), 0.0  # then log weights are sums of logs of probabilities
    tilt[-1] = 0.0  # the last step gains nothing from a tilt
    return (rows, orthants.from_tilt(rows, mean, order, tilt), order), psi + _MARGIN


def _start(rows: Array, covariance: Array, mean: Array) -> Array:
    """Return an x with mean + rows x > 0, that of EP's mean if it has one."""
    from scipy.linalg import solve_triangular

    from priorvol._kernels.expectation_propagation import propagate

    none = np.zeros(len(mean))
    _, tau, nu, _, mu, _, _ = propagate(covariance, mean, none, 0.9, 200, 1e-8)
    x: Array = rows.T @ (nu - tau * mu)
    if np.isfinite(mu).all() and (mean + rows @ x).min() > 0.0:
        return x
    h = np.where(np.isfinite(mu) & (mu > 0.05), mu, 0.05)
    return np.asarray(solve_triangular(rows, h - mean, lower=True), dtype=np.float64)


def _sites_guide(
    rows: Array, mean: Array, checks: Array, offsets: Array
) -> tuple[Guide | None, float]:
    """Return EP's guide and its share of the proposals."""
    from priorvol._kernels import expectation_propagation as ep
    from priorvol._kernels import orthants

    r = len(mean)
    everything = np.concatenate([rows, checks])
    covariance, centre = everything @ everything.T, np.concatenate([mean, offsets])
    none = np.zeros(len(centre))
    _, tau, nu, _, _, _, change = ep.propagate(covariance, centre, none, 0.9, 200, 1e-8)
    if not (change < 1e-3 and np.isfinite(tau).all() and np.isfinite(nu).all()):
        return None, 0.0
    inner, inner_mean = covariance[:r, :r], mean
    if len(checks):  # their sites become part of the prior
        others = np.concatenate([np.zeros(r), tau[r:]]), np.concatenate([np.zeros(r), nu[r:]])
        sigma, mu, half = ep.posterior(covariance, centre, *others)
        if not math.isfinite(half):
            return None, 0.0
        inner, inner_mean = sigma[:r, :r], mu[:r].copy()
    order = np.argsort(-np.round(nu[:r], 6), kind="stable")
    factor, rank = orthants.lower_factor(np.ascontiguousarray(inner), order)
    if rank < r:
        return None, 0.0
    sites = tau[:r].copy(), nu[:r].copy()
    rows, coefficients, usable = orthants.from_sites(factor, inner_mean, *sites, order)
    return ((rows, coefficients, order), SITES_SHARE) if usable else (None, 0.0)
