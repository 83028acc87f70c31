"""The methods that take the outputs' Gaussian law: one law, many functions."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol.estimators.registry import Method
from priorvol.gaussian import GaussianLaw
from priorvol.progress import progress_bar
from priorvol.result import Estimate

if TYPE_CHECKING:
    from priorvol.estimators.expectation_propagation import EPResult

Signs = npt.NDArray[np.int8]

LINK_NOISE = 1.0
"""Variance of the noise of the probit link, that of a standard normal variable."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked of a method, its arguments checked.

    Attributes
    ----------
    method : Method
    of : str
        "f" or "S": whose probability is wanted.
    seed, level, n_jobs, progress
        See `priorvol.estimate`.
    options : dict
        Those of ``method.options`` that were given.
    """

    method: Method
    of: str
    seed: int
    level: float
    n_jobs: int
    progress: bool | None
    options: dict[str, Any]

    def estimate(self, log_p: float, **others: Any) -> Estimate:
        """Return an estimate without an error, or with what ``others`` say."""
        settled: dict[str, Any] = {
            "standard_error": math.nan,
            "low": math.nan,
            "high": math.nan,
            "level": self.level,
            "method": self.method.name,
            "quantity": self.method.quantity(self.of),
        }
        return Estimate(log_p=log_p, **settled | others)

    def exact(self, log_p: float) -> Estimate:
        """Return what is known without estimating: a probability of 0 or 1."""
        error = 0.0 if math.isfinite(log_p) else math.nan
        ends = {"low": log_p, "high": log_p, "standard_error": error}
        return self.estimate(log_p, **ends, seconds=0.0)

    def adopt(self, found: Estimate) -> Estimate:
        """Name the quantity of an estimate that a method made for any law."""
        return replace(found, method=self.method.name, quantity=self.method.quantity(self.of))


def estimate_law(
    law: GaussianLaw,
    words: bits.Words,
    request: Request,
    factor: npt.NDArray[np.float64] | None = None,
) -> list[Estimate]:
    """Return the probabilities of functions under the law of the outputs.

    Outputs without variance and outputs that are multiples of another are taken out first, where
    the quantity is that of the 0-1 likelihood; a function that contradicts them has probability 0,
    exactly. Under a probit link, whose noise is another for each input, all of them count.

    Parameters
    ----------
    law : GaussianLaw
        Of m outputs.
    words : (n, ceil(m / 64)) uint64
        Functions, packed.
    request : Request
    factor : (m, r) float64, optional
        Where the outputs are this, exactly, times r independent normal variables: functions that
        it does not allow then have probability 0 exactly (a perceptron's that are not separable).

    Raises
    ------
    ValueError
        If the method does not take so many outputs.
    """
    if request.method.suffix:
        signs = np.where(bits.unpack(words, law.m), 1, -1).astype(np.int8)
        return list(_each(_LINK[request.method.name], law, signs, request))
    reduced = law.reduced
    signs, possible = reduced.orthants(words)
    if reduced.law is None:
        return [request.exact(0.0 if one else -math.inf) for one in possible]
    asked = signs[possible]
    run = _ORTHANT[request.method.name]
    estimates = list(run(reduced.law, asked, request)) if len(asked) else []
    if factor is not None and request.method.name == "orthant":
        from priorvol.estimators.rounding import is_empty

        for i, each in enumerate(estimates):
            if each.log_p == -math.inf and is_empty(factor[reduced.kept], asked[i]):
                estimates[i] = replace(request.exact(-math.inf), seconds=each.seconds)
    found = iter(estimates)
    return [next(found) if one else request.exact(-math.inf) for one in possible]


def _each(
    one: Callable[[GaussianLaw, Signs, Request], Estimate],
    law: GaussianLaw,
    signs: Signs,
    request: Request,
) -> Iterator[Estimate]:
    """Yield the estimate of each row of signs, by several workers, in order."""
    from joblib import Parallel, delayed

    parallel: Any = Parallel(
        n_jobs=min(request.n_jobs, len(signs)), prefer="threads", return_as="generator"
    )
    bar = progress_bar(len(signs), "functions", delay=1.0, progress=request.progress)
    with bar, closing(parallel(delayed(_timed)(one, law, row, request) for row in signs)) as found:
        for estimate in found:
            bar.update()
            yield estimate


def _timed(
    one: Callable[[GaussianLaw, Signs, Request], Estimate],
    law: GaussianLaw,
    row: Signs,
    request: Request,
) -> Estimate:
    start = time.perf_counter()
    estimate = one(law, row, request)
    return replace(estimate, seconds=time.perf_counter() - start)


@lru_cache(maxsize=1)
def _load_kernels() -> None:
    """Load the compiled code, so that the seconds of the first estimate are its own."""
    from priorvol.estimators.orthant import orthant_probability

    orthant_probability(GaussianLaw(np.eye(5) + 0.5), np.ones(5), max_samples=4096)


def _orthant(law: GaussianLaw, signs: Signs, request: Request) -> Sequence[Estimate]:
    from priorvol.estimators.orthant import orthant_probabilities

    _load_kernels()
    options = dict(request.options)
    if "n_samples" in options:
        name = "n_samples of method 'orthant'"
        options["max_samples"] = checks.integer(name, options.pop("n_samples"), low=4096)
    return orthant_probabilities(
        law,
        signs,
        seed=request.seed,
        level=request.level,
        quantity=request.method.quantity(request.of),
        n_jobs=request.n_jobs,
        progress=request.progress,
        **options,
    )


def _ep(law: GaussianLaw, signs: Signs, request: Request) -> Estimate:
    from priorvol.estimators.expectation_propagation import expectation_propagation

    return _of_ep(expectation_propagation(law, signs), 0.0, request)


def _ep_probit(law: GaussianLaw, signs: Signs, request: Request) -> Estimate:
    from scipy.special import log_ndtr

    from priorvol.estimators.expectation_propagation import expectation_propagation

    free = np.diag(law.covariance) > 0
    known = signs[~free] * law.mean[~free] / math.sqrt(LINK_NOISE)
    log_z = float(log_ndtr(known).sum())  # outputs without variance meet the link alone
    if not free.any():
        return request.exact(log_z)
    moving = law.restrict(np.flatnonzero(free))
    return _of_ep(expectation_propagation(moving, signs[free], noise=LINK_NOISE), log_z, request)


def _of_ep(found: EPResult, log_z: float, request: Request) -> Estimate:
    """Return EP's estimate; where it broke down, 0, and not converged."""
    broke_down = math.isnan(found.log_z)
    return request.estimate(
        -math.inf if broke_down else log_z + found.log_z,
        converged=found.converged,
        diagnostics={"iterations": found.iterations, "change": found.change},
    )


def _laplace(law: GaussianLaw, signs: Signs, request: Request) -> Estimate:
    from priorvol.estimators.laplace import laplace

    found = laplace(law, signs, noise=LINK_NOISE)
    return request.estimate(
        found.log_z, converged=found.converged, diagnostics={"iterations": found.iterations}
    )


def _genz(law: GaussianLaw, signs: Signs, request: Request) -> Estimate:
    from priorvol.estimators.genz import genz_probability

    return request.adopt(
        genz_probability(law, signs, seed=request.seed, level=request.level, **request.options)
    )


_LINK = {"ep-probit": _ep_probit, "laplace": _laplace}
_ORTHANT: dict[str, Callable[[GaussianLaw, Signs, Request], Sequence[Estimate]]] = {
    "orthant": _orthant,
    "ep": lambda law, signs, request: list(_each(_ep, law, signs, request)),
    "genz": lambda law, signs, request: list(_each(_genz, law, signs, request)),
}
