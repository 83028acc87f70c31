"""Size of a second-order difference: how log P_B - log P_A spreads once counting noise is off."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LogRatio:
    """ln(P_B(f) / P_A(f)) over some functions, in nats, without counting noise.

    Attributes
    ----------
    mean, mean_low, mean_high : float
        Mean over the functions. What one function gains all others lose together, which is here.
    sd, sd_low, sd_high : float
        Standard deviation over the functions: how unlike in shape the two sides are. 0 where the
        log ratios spread no more than counting noise does.

    Examples
    --------
    >>> print(LogRatio(mean=0.1, mean_low=0.0, mean_high=0.2, sd=0.5, sd_low=0.4, sd_high=0.6))
    0.500 [0.400, 0.600] about +0.100 [+0.000, +0.200]
    """

    mean: float
    mean_low: float
    mean_high: float
    sd: float
    sd_low: float
    sd_high: float

    def mean_text(self) -> str:
        """Return the mean with its interval, or ``-``."""
        if math.isnan(self.mean):
            return "-"
        return f"{self.mean:+.3f} [{self.mean_low:+.3f}, {self.mean_high:+.3f}]"

    def sd_text(self) -> str:
        """Return the standard deviation with its interval, or ``-``."""
        if math.isnan(self.sd):
            return "-"
        return f"{self.sd:.3f} [{self.sd_low:.3f}, {self.sd_high:.3f}]"

    def __str__(self) -> str:
        """Return both."""
        return f"{self.sd_text()} about {self.mean_text()}"


def log_ratio(difference: Array, noise: Array, level: float, *, shared: float = 0.0) -> LogRatio:
    """Return the mean and the spread of true log ratios from noisy ones.

    Parameters
    ----------
    difference : (k,) array
        log P_B - log P_A as counted.
    noise : (k,) array
        Variance of the counting noise of each.
    level : float
        Of the intervals.
    shared : float
        Variance of an error that all have in common; it is in the mean's interval alone.

    Notes
    -----
    With d_i = delta_i + e_i, e_i independent of variance v_i, the sample variance of d less the
    mean of v is an unbiased estimate of theta^2 = sum (delta_i - mean)^2 / (k - 1). Its variance,
    the functions being what they are, is a + b theta^2 with a = 2 sum v_i^2 / (k - 1)^2 and
    b = 4 w / (k - 1), w being the mean of v weighted by (delta_i - mean)^2; the ends of the
    interval are the theta^2 that lie z of their own standard deviations from the estimate (a score
    interval), negative ones being 0. Both intervals are of these functions, not of others that
    might have been chosen.

    Where one side has no draw of a function, a ratio that may be infinite counts as finite: the
    spread is then a lower bound.

    Examples
    --------
    >>> found = log_ratio(np.array([0.0, 1.0, 2.0, 3.0]), np.zeros(4), 0.95)
    >>> round(found.sd, 3), found.sd_low == found.sd_high
    (1.291, True)
    """
    from scipy.special import ndtri

    k = len(difference)
    if k < 3:
        return LogRatio(**dict.fromkeys(LogRatio.__annotations__, math.nan))
    z = float(ndtri(0.5 + level / 2.0))
    mean = float(difference.mean())
    squares = (difference - mean) ** 2
    theta2 = float(squares.sum()) / (k - 1) - float(noise.mean())
    excess = squares - noise
    weighted = float(noise.mean())
    if excess.sum() > 0:
        weighted = float((excess @ noise) / excess.sum())
    weighted = min(max(weighted, float(noise.min())), float(noise.max()))
    a, b = 2.0 * float(noise @ noise) / (k - 1) ** 2, 4.0 * weighted / (k - 1)
    centre = theta2 + 0.5 * z * z * b
    half = z * math.sqrt(max(a + b * theta2 + 0.25 * (z * b) ** 2, 0.0))
    error = z * math.sqrt(float(noise.sum()) / k**2 + shared)
    return LogRatio(
        mean=mean,
        mean_low=mean - error,
        mean_high=mean + error,
        sd=math.sqrt(max(theta2, 0.0)),
        sd_low=math.sqrt(max(centre - half, 0.0)),
        sd_high=math.sqrt(max(centre + half, 0.0)),
    )
