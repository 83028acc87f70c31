"""Orthant probabilities by SciPy's separation of variables, for few outputs.

Genz's method (J. Comput. Graph. Stat. 1 (1992) 141) draws the outputs one after another, each
truncated to its sign given those before, without tilting: its weights spread the faster the more
outputs there are. It is offered as a second opinion from another implementation.
"""

from __future__ import annotations

import inspect
import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.estimators.expectation_propagation import check_signs
from priorvol.gaussian import GaussianLaw
from priorvol.result import Estimate
from priorvol.rng import generator

LARGEST_M = 16
"""Most outputs: beyond, a few runs of the method do not say what its error is."""

RUNS = 10
"""Independent runs, whose spread is the error."""

FINEST = 1e-15
"""Error of the closed forms for one and two outputs."""


def genz_probability(
    law: GaussianLaw,
    signs: npt.ArrayLike,
    *,
    seed: int,
    relative_error: float = 0.01,
    n_samples: int = 200_000,
    level: float = 0.95,
) -> Estimate:
    """Return the probability that the outputs have given signs, by SciPy.

    Parameters
    ----------
    law : GaussianLaw
        Of k outputs, at most ``LARGEST_M``, each with a variance. It may be singular.
    signs : (k,) array of -1 and +1
    seed : int
        In [0, 2^64).
    relative_error : float
        What ``converged`` is judged by.
    n_samples : int
        About how many points all runs take together; at least 1,000.
    level : float
        Of the interval.

    Returns
    -------
    Estimate
        Its error is that of the mean of ``RUNS`` independent runs, and its interval Student's.
        Where every run found 0, log_p = -inf, high = 0 and it has not converged.

    Raises
    ------
    ValueError
        If there are too many outputs or an argument is out of range.
    ImportError
        If SciPy's ``multivariate_normal.cdf`` takes no generator, as in older versions.

    Examples
    --------
    >>> estimate = genz_probability(GaussianLaw([[1.0, 0.5], [0.5, 1.0]]), [1, 1], seed=0)
    >>> print(round(estimate.p, 10))  # 1/4 + arcsin(1/2) / (2 pi)
    0.3333333333
    """
    from scipy.special import stdtrit
    from scipy.stats import multivariate_normal

    if "rng" not in inspect.signature(multivariate_normal.cdf).parameters:
        raise ImportError(
            "method 'genz' needs a SciPy whose multivariate_normal.cdf takes rng: "
            "pip install --upgrade scipy"
        )
    if not isinstance(law, GaussianLaw):
        raise ValueError(f"law must be a GaussianLaw, got {type(law).__name__}")
    signs_ = check_signs(signs, law.m)
    wanted = checks.real("relative_error", relative_error, low=0.0, open_low=True)
    number = checks.integer("n_samples", n_samples, low=1000, high=1 << 40)
    level = checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
    if law.m > LARGEST_M:
        raise ValueError(
            f"method 'genz' takes at most {LARGEST_M} outputs that differ, got {law.m}: use "
            "method 'orthant'"
        )
    variances = np.diag(law.covariance)
    if not variances.min() > 0:
        raise ValueError(
            "method 'genz' takes outputs with a variance only: see GaussianLaw.reduced"
        )
    start = time.perf_counter()
    scale = signs_ / np.sqrt(variances)
    options: dict[str, Any] = {"allow_singular": True, "abseps": 0.0, "releps": 0.0}
    options |= {"maxpts": -(-number // RUNS), "rng": generator(seed, "genz")}
    covariance = law.covariance * np.outer(scale, scale)
    found = np.array(
        [multivariate_normal.cdf(scale * law.mean, cov=covariance, **options) for _ in range(RUNS)]
    )
    p = float(found.mean())
    error = max(float(found.std(ddof=1)) / math.sqrt(RUNS), FINEST)
    half = float(stdtrit(RUNS - 1, 0.5 + level / 2)) * error
    return Estimate(
        log_p=math.log(p) if p > 0 else -math.inf,
        standard_error=error / p if p > 0 else math.nan,
        low=math.log(p - half) if p > half else -math.inf,
        high=math.log(min(p + half, 1.0)) if p > 0 else 0.0,
        level=level,
        method="genz",
        quantity="P(f)",
        n_samples=number,
        seconds=time.perf_counter() - start,
        seed=seed,
        converged=p > 0 and error <= wanted * p,
        diagnostics={"runs": RUNS},
    )
