"""Total variation and Jensen-Shannon divergence between two samples: bounds, not guesses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from priorvol.comparison.samples import Array, Sample
from priorvol.intervals import clopper_pearson


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """A lower and an upper bound on a distance, each with the confidence limit on its outer side.

    Attributes
    ----------
    lower, upper : float
        Estimates of the two bounds.
    low, high : float
        Lower confidence limit of the lower bound, and upper one of the upper bound.
    level : float
        Of both together.
    """

    lower: float
    upper: float
    low: float
    high: float
    level: float

    def __str__(self) -> str:
        """Return the limits."""
        return f"{self.low:.3f} .. {self.high:.3f}"


def distances(
    first: tuple[Sample, Sample], second: tuple[Sample, Sample], level: float
) -> tuple[Bounds, Bounds]:
    """Return bounds on the total variation and on the Jensen-Shannon divergence (nats).

    Parameters
    ----------
    first, second : (Sample, Sample)
        Halves of the draws of A and of B; the first fixes the partition, the second is measured.
    level : float

    Returns
    -------
    total_variation, jensen_shannon : Bounds

    Notes
    -----
    Cells are the functions seen in the first halves; all others are one cell, the rest.

    *Lower bounds.* TV >= P_A(E) - P_B(E) for any set E: those cells that A gave the larger share in
    the first halves, so nothing is chosen by the draws that are measured. The limit is that of two
    Clopper-Pearson limits. JS >= ln 2 + E_A[ln D]/2 + E_B[ln(1 - D)]/2 for any function D in (0, 1)
    (Goodfellow et al., arXiv:1406.2661, theorem 1): D = a / (a + b), a and b being smoothed shares
    of the first halves; its limit is normal.

    *Upper bounds* take the rest as disjoint: TV <= sum |p - q| / 2 over the cells + half the mass
    of the rest on either side, and likewise JS with ln 2 for each unit of such mass. Plugged-in
    shares make both larger on average (Jensen), never smaller. The limit of TV is McDiarmid's (one
    draw moves it by at most 1/n); that of JS is normal, with one
    more draw in the rest.

    Of grouped draws the group counts as one draw, which is conservative.
    """
    (a1, b1), (a2, b2) = first, second
    cells = (a1.counts > 0) | (b1.counts > 0)
    p, q = a2.p[cells], b2.p[cells]
    rest = 1.0 - float(p.sum()), 1.0 - float(q.sum())
    tail = (1.0 - level) / 2.0
    sides = (a1, a2, p, rest[0]), (b1, b2, q, rest[1])
    larger = a1.p[cells] > b1.p[cells]
    shares = float(p[larger].sum()), float(q[larger].sum())
    ends = [
        clopper_pearson(share * s.n / s.unit, s.n / s.unit, level=1.0 - tail)
        for share, s in zip(shares, (a2, b2), strict=True)
    ]
    lower = shares[0] - shares[1]
    upper = min(0.5 * float(np.abs(p - q).sum()) + 0.5 * sum(rest), 1.0)
    step = math.sqrt(0.5 * math.log(1.0 / tail) * (_square_steps(a2) + _square_steps(b2)))
    total_variation = Bounds(
        lower=max(lower, 0.0),
        upper=upper,
        low=max(float(ends[0][0]) - float(ends[1][1]), 0.0),
        high=min(upper + step, 1.0),
        level=level,
    )
    return total_variation, _jensen_shannon(
        sides, cells_first=(a1.p[cells], b1.p[cells]), tail=tail
    )


def _square_steps(sample: Sample) -> float:
    """Return the sum of squares of what one draw, or one group of them, can change."""
    if sample.group == 1:
        return 1.0 / sample.n
    return 2.0 * sample.group / sample.n  # 4 / groups: at worst all of a group is in this half


def _jensen_shannon(
    sides: tuple[tuple[Sample, Sample, Array, float], ...],
    cells_first: tuple[Array, Array],
    tail: float,
) -> Bounds:
    from scipy.special import ndtri

    (a1, a2, p, rest_p), (b1, b2, q, rest_q) = sides
    z = float(ndtri(1.0 - tail))
    smooth_a, smooth_b = cells_first[0] + 0.5 / a1.n, cells_first[1] + 0.5 / b1.n
    own = np.append(smooth_a / (smooth_a + smooth_b), 0.5)
    full_p, full_q = np.append(p, rest_p), np.append(q, rest_q)
    mean = math.log(2.0)
    cautious, variance = mean, 0.0
    for share, value, sample in ((full_p, np.log(own), a2), (full_q, np.log1p(-own), b2)):
        mean += 0.5 * float(share @ value)
        centre, square = _moments(share, value, float(value.min()), sample)
        cautious += 0.5 * centre
        variance += 0.25 * square
    total = p + q
    safe = np.where(total > 0, total, 1.0)
    logs = [np.log(np.where(s > 0, 2.0 * s / safe, 1.0)) for s in (p, q)]
    upper = 0.5 * float(p @ logs[0] + q @ logs[1]) + 0.5 * math.log(2.0) * (rest_p + rest_q)
    farther, spread = upper, 0.0
    for share, slope, sample in ((full_p, logs[0], a2), (full_q, logs[1], b2)):
        gradient = 0.5 * np.append(slope, math.log(2.0))
        centre, square = _moments(share, gradient, 0.5 * math.log(2.0), sample)
        farther += max(centre - float(share @ gradient), 0.0)
        spread += square
    most = math.log(2.0)
    return Bounds(
        lower=min(max(mean, 0.0), most),
        upper=min(max(upper, 0.0), most),
        low=max(cautious - z * math.sqrt(variance), 0.0),
        high=min(max(farther, 0.0) + z * math.sqrt(spread), most),
        level=1.0 - 2.0 * tail,
    )


def _moments(share: Array, value: Array, worst: float, sample: Sample) -> tuple[float, float]:
    """Return a mean over draws and its variance, one draw of the worst value being added.

    Without it, values that were all alike would have no error.
    """
    n = sample.n / sample.unit
    old = float(share @ value)
    mean = (n * old + worst) / (n + 1.0)
    square = float(share @ (value - mean) ** 2)
    return mean, (n * square + (worst - mean) ** 2) / (n + 1.0) / n
