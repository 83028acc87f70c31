"""Orthant probabilities of Gaussian laws, exact up to a stated Monte Carlo error.

P(s_i h_i > 0 for all i) is the mean weight of draws from a mixture of two guides (EP's posterior
and Botev's minimax-tilted prior), every draw weighted under both. Points are randomly shifted
lattices; the error is that of the mean over independent shifts.

How many draws are made is decided without looking at the estimate: a pilot run, which is then
dropped, says how uneven the weights are for each share of the guides, and the number of draws is
what independent points would need. Lattices do better, so a second round is rare.
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks, rng
from priorvol.estimators.expectation_propagation import check_signs
from priorvol.estimators.mixture import REPLICATES, MixtureSampler
from priorvol.estimators.rounding import bound_despite_rounding
from priorvol.estimators.tilting import guides
from priorvol.gaussian import GaussianLaw
from priorvol.progress import progress_bar
from priorvol.result import Estimate

Array = npt.NDArray[np.float64]

METHOD = "orthant"
_PILOT = 16  # shifts in the pilot run
_LARGEST_SHARE = 0.05  # of all weight, that one draw may have
_LEAST_EFFECTIVE = 200
_UNSETTLED = 0.2  # an error of log P by rounding beyond which it is not of first order


def orthant_probability(
    law: GaussianLaw,
    signs: npt.ArrayLike,
    *,
    seed: int = 0,
    relative_error: float = 0.005,
    max_samples: int = 1_000_000,
    level: float = 0.95,
    quantity: str = "P(f)",
) -> Estimate:
    """Estimate the probability that Gaussian outputs have given signs.

    Parameters
    ----------
    law : GaussianLaw
        Of k outputs, none of variance 0 (see `GaussianLaw.reduced`). The covariance may be
        ill-conditioned or singular: nothing is added to it.
    signs : (k,) array of -1 and +1
    seed : int
        In [0, 2^64). The same seed gives the same estimate to the last bit; other signs have other
        random numbers.
    relative_error : float
        Standard error of log P to reach.
    max_samples : int
        Most draws to make for it, at least 4,096.
    level : float
        Of the interval, which is Student's t over the replicates, in log P.
    quantity : str
        What to call it.

    Returns
    -------
    Estimate
        Exact for one output, and for two of mean 0. ``converged`` is False, and
        ``diagnostics["advice"]`` says what to do, where the error asked for was not reached; where
        the weights are too uneven for the error to be trusted (the interval is then from Markov's
        inequality up to a bound on all weights); and where the rounding of the covariance decides
        the probability, which then has an upper bound alone. Signs that a singular covariance does
        not allow are such a case: P is 0 if the covariance is singular in earnest.

    Raises
    ------
    ValueError
        If an argument is out of range, or an output has no variance.

    Examples
    --------
    >>> law = GaussianLaw(0.5 + 0.5 * np.eye(3))
    >>> found = orthant_probability(law, [1, 1, 1])
    >>> bool(found.low <= np.log(0.25) <= found.high)
    True
    """
    started = time.perf_counter()
    options = _Options(
        seed=rng.check_seed(seed),
        relative_error=checks.real("relative_error", relative_error, low=0.0, open_low=True),
        max_samples=checks.integer("max_samples", max_samples, low=4096),
        level=checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True),
        quantity=quantity,
    )
    turn = check_signs(signs, law.m)
    exact = _closed_form(law, turn)
    if exact is not None:
        return options.exact(exact, time.perf_counter() - started)
    found = guides(law, turn)
    if found is None:
        from priorvol.estimators.singular import singular_sampler

        sampler: Any = singular_sampler(law, turn)
        if sampler is None:
            return options.empty(law, turn, started)
    else:
        sampler = MixtureSampler(found)
    sums, rounds = _sample(sampler, turn, options)
    return _report(sampler, sums, rounds, law, turn, options, started)


def orthant_probabilities(
    law: GaussianLaw,
    signs: npt.ArrayLike,
    *,
    n_jobs: int = 1,
    progress: bool | None = None,
    **options: Any,
) -> list[Estimate]:
    """Estimate the probabilities of many orthants of one law.

    Parameters
    ----------
    law : GaussianLaw
        Of k outputs, none of variance 0.
    signs : (n, k) array of -1 and +1
    n_jobs : int
        Workers, as in joblib: -1 is one a core. Threads; estimates do not depend on their number.
    progress : bool, optional
        Whether to show a bar; by default where standard error is a terminal.
    **options
        Of `orthant_probability`.

    Returns
    -------
    list of Estimate
        Each the same as `orthant_probability` gives; errors are independent unless signs are
        repeated.

    Raises
    ------
    ValueError
        If ``signs`` is not an (n, k) array, or see `orthant_probability`.

    Examples
    --------
    >>> law = GaussianLaw([[1.0, 0.5], [0.5, 1.0]])
    >>> [round(e.p, 4) for e in orthant_probabilities(law, [[1, 1], [1, -1]])]
    [0.3333, 0.1667]
    """
    jobs = checks.jobs(n_jobs)
    every = np.asarray(signs)
    if every.ndim != 2 or every.shape[1] != law.m:
        raise ValueError(f"signs must have shape (n, {law.m}), got {every.shape}")
    from joblib import Parallel, delayed

    work = (delayed(orthant_probability)(law, row, **options) for row in every)
    found = []
    with progress_bar(len(every), "functions", delay=1.0, progress=progress) as bar:
        for estimate in Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(work):
            found.append(estimate)
            bar.update(1)
    return found


@dataclass(frozen=True)
class _Options:
    """What was asked for."""

    seed: int
    relative_error: float
    max_samples: int
    level: float
    quantity: str

    def exact(self, log_p: float, seconds: float) -> Estimate:
        """Return an estimate without error."""
        return Estimate(
            log_p=log_p,
            standard_error=0.0 if math.isfinite(log_p) else math.nan,
            low=log_p,
            high=log_p,
            level=self.level,
            method=METHOD,
            quantity=self.quantity,
            n_samples=0,
            seconds=seconds,
            seed=self.seed,
        )

    def empty(self, law: GaussianLaw, signs: npt.NDArray[np.int8], started: float) -> Estimate:
        """Return the estimate of an orthant that is empty unless rounding hides some of it."""
        return Estimate(
            log_p=-math.inf,
            standard_error=math.nan,
            low=-math.inf,
            high=bound_despite_rounding(law, signs),
            level=self.level,
            method=METHOD,
            quantity=self.quantity,
            n_samples=0,
            seconds=time.perf_counter() - started,
            seed=self.seed,
            converged=False,
            diagnostics={
                "advice": "0 if the covariance is singular in earnest, which double precision "
                "cannot tell; the interval's upper end holds in spite of rounding"
            },
        )


@dataclass
class _Sums:
    """What rounds of replicates add up to; weights are relative to exp(``top``)."""

    top: float = math.nan  # set by the first round
    samples: int = 0
    mean: float = 0.0
    variance: float = 0.0  # of the mean
    spread: float = 0.0  # sum over rounds of variance^2 / degrees of freedom
    weight: float = 0.0
    squares: float = 0.0
    largest: float = 0.0

    def add(self, rounds: list[Array]) -> None:
        """Add the log weights of one round, a list of replicates of one size."""
        highest = max(float(logs.max()) for logs in rounds)
        if math.isnan(self.top):
            self.top = highest if math.isfinite(highest) else 0.0
        elif highest > self.top:
            self._raise_top(highest)
        size = sum(map(len, rounds))
        means = np.empty(len(rounds))
        for i, logs in enumerate(rounds):
            weights = np.exp(logs - self.top)
            means[i] = weights.mean()
            self.weight += float(weights.sum())
            self.squares += float((weights * weights).sum())
            self.largest = max(self.largest, float(weights.max()))
        old, new = (n / (self.samples + size) for n in (self.samples, size))
        error = float(means.var(ddof=1)) / len(means)
        self.mean = old * self.mean + new * float(means.mean())
        self.spread = old**4 * self.spread + (new**2 * error) ** 2 / (len(means) - 1)
        self.variance = old**2 * self.variance + new**2 * error
        self.samples += size

    def _raise_top(self, top: float) -> None:
        down = math.exp(self.top - top)
        self.top = top
        self.mean, self.weight, self.largest = (
            down * value for value in (self.mean, self.weight, self.largest)
        )
        self.variance, self.squares = down**2 * self.variance, down**2 * self.squares
        self.spread *= down**4

    @property
    def relative_error(self) -> float:
        """Standard error of the mean over the mean."""
        return math.sqrt(self.variance) / self.mean if self.mean > 0 else math.inf

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the variance (Satterthwaite)."""
        return self.variance**2 / self.spread if self.spread > 0 else math.inf

    @property
    def effective(self) -> float:
        """Effective number of samples, as if points were independent."""
        return self.weight**2 / self.squares if self.squares > 0 else 0.0


def _sample(sampler: Any, signs: npt.NDArray[np.int8], options: _Options) -> tuple[_Sums, int]:
    """Run the pilot, then rounds of replicates until the error is reached or the budget spent.

    Rounding has its share of the error asked for; where it takes nearly all or more, half of it
    is reached for.
    """
    label = hashlib.blake2b(signs.tobytes(), digest_size=16).hexdigest()
    stream = rng.generator(options.seed, f"orthant {label}")
    shifts = stream.random((_PILOT, sampler.dimensions))
    asked, floor = options.relative_error, min(sampler.floor, _UNSETTLED)
    target = math.sqrt(max(asked**2 - floor**2, (asked / 2) ** 2, (floor / 2) ** 2))
    wanted = sampler.plan(shifts, target, options.max_samples)
    sums, rounds = _Sums(), 0
    while True:
        blocks = int(min(wanted, options.max_samples)) // (REPLICATES * sampler.block) + 1
        most = (options.max_samples - sums.samples) // (REPLICATES * sampler.block)
        if rounds and not most:
            break
        size = max(min(blocks, most), 1) * sampler.block
        sums.add(_round(sampler, stream, REPLICATES, size))
        rounds += 1
        ratio = sums.relative_error / target
        if ratio <= 1.0:
            break
        wanted = max(1.2 * ratio**2 - 1.0, 0.25) * sums.samples
    return sums, rounds


def _round(sampler: Any, stream: np.random.Generator, replicates: int, size: int) -> list[Array]:
    shifts = stream.random((replicates, sampler.dimensions))
    return [sampler.log_weights(size, shift) for shift in shifts]


def _report(
    sampler: Any,
    sums: _Sums,
    rounds: int,
    law: GaussianLaw,
    signs: npt.NDArray[np.int8],
    options: _Options,
    started: float,
) -> Estimate:
    from scipy.special import stdtrit

    error = math.hypot(sums.relative_error, sampler.floor)
    share = sums.largest / sums.weight if sums.weight > 0 else 1.0
    log_p = sums.top + math.log(sums.mean) if sums.mean > 0 else -math.inf
    uneven = share > _LARGEST_SHARE or sums.effective < _LEAST_EFFECTIVE
    reach = float(stdtrit(min(sums.freedom, 1e9), 0.5 + options.level / 2)) * error
    low, high, advice = log_p - reach, log_p + reach, ""
    if sampler.floor > _UNSETTLED:
        low, high, error = -math.inf, bound_despite_rounding(law, signs), math.nan
        advice = (
            "the probability hangs on the rounding of the covariance, which double precision "
            "does not settle; only the interval's upper end can be relied on"
        )
    elif uneven:
        low = min(low, log_p + math.log((1.0 - options.level) / 2.0))
        high = max(high, min(sampler.log_bound, bound_despite_rounding(law, signs)))
        advice = (
            f"a few of {sums.samples:,} weights make up most of the estimate, so its error cannot "
            "be trusted; raise max_samples, and compare seeds"
        )
    elif error > options.relative_error and sampler.floor > 0.8 * options.relative_error:
        advice = (
            f"the rounding of a covariance in double precision leaves an error of "
            f"{sampler.floor:.1g}, whatever the number of samples"
        )
    elif error > options.relative_error:
        more = int(sums.samples * (error / options.relative_error) ** 2 * 1.2)
        advice = f"the error asked for needs about {more:,} samples; raise max_samples"
    if log_p == -math.inf:
        low, error = log_p, math.nan
    diagnostics = {
        **sampler.diagnostics,
        "effective_samples": sums.effective,
        "largest_weight_share": share,
        "replicates": REPLICATES,
        "rounds": rounds,
        "rounding_error": sampler.floor,
    }
    if advice:
        diagnostics["advice"] = advice
    return Estimate(
        log_p=log_p,
        standard_error=error,
        low=low,
        high=max(high, log_p),
        level=options.level,
        method=METHOD,
        quantity=options.quantity,
        n_samples=sums.samples,
        seconds=time.perf_counter() - started,
        seed=options.seed,
        converged=not advice,
        diagnostics=diagnostics,
    )


def _closed_form(law: GaussianLaw, signs: npt.NDArray[np.int8]) -> float | None:
    """Return log P of one output, or two of mean 0; None for other laws."""
    variances = np.diag(law.covariance)
    if law.m > 2 or variances.min() <= 0 or (law.m == 2 and law.mean.any()):
        return None
    from scipy.special import log_ndtr

    if law.m == 1:
        return float(log_ndtr(signs[0] * law.mean[0] / math.sqrt(variances[0])))
    x = float(signs[0] * signs[1] * law.covariance[0, 1])
    both = math.sqrt(variances[0]) * math.sqrt(variances[1])
    angle = math.atan2(math.sqrt(max(both - x, 0.0)) * math.sqrt(max(both + x, 0.0)), -x)
    return math.log(angle / (2.0 * math.pi)) if angle > 0 else -math.inf
