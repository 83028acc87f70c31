"""P(K given S) from the prior alone: P(K) times a likelihood from the spectrum of errors.

A function with e errors among all M inputs fits a training set of m inputs, drawn without
replacement, with probability C(M - e, m) / C(M, m). The joint distribution of complexity and errors
under the prior then gives P(K, S fits) / P(S fits), both averaged over training sets
(2304.06670, which takes (1 - e/M)^m).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks, complexity
from priorvol.comparison.errors import errors_of
from priorvol.sweep.cells import DIGITS
from priorvol.table import FunctionTable

Array = npt.NDArray[np.float64]

LIKELIHOODS = ("exact", "independent")
"""C(M - e, m)/C(M, m), for inputs drawn without replacement; (1 - e/M)^m, for independent ones."""

FEW = 30.0
"""Effective draws below which a prediction rests on too few of them."""


@dataclass(frozen=True, kw_only=True)
class PredictedComplexity:
    """P(K) of prior draws, and P(K given S) that follows, averaged over training sets.

    Attributes
    ----------
    k : (j,) float64 array
        Complexities of the draws, rising.
    prior, prior_error : (j,) float64 arrays
        P(K) and its standard error.
    p, standard_error : (j,) float64 arrays
        P(K given S) and its standard error, by the delta method.
    n_samples : int
        Prior draws.
    effective_samples : float
        Draws that carry as much, (sum w)^2 / sum w^2 with w the likelihood of each. Below `FEW`
        standard errors say little. It counts what was drawn only: functions near the target that
        the prior never gave could carry more than all that it gave, and are not in it.
    carriers : int
        Distinct functions that carry nine tenths of the weight.
    fewest_errors : int
        Errors of the nearest function drawn.
    log_p : float
        Natural log of P(S) averaged over training sets, -inf where no draw fits any.
    mean, mean_error : float
        Mean of K under P(K given S), and its standard error.
    """

    k: Array
    prior: Array
    prior_error: Array
    p: Array
    standard_error: Array
    n_samples: int
    effective_samples: float
    carriers: int
    fewest_errors: int
    log_p: float
    mean: float
    mean_error: float

    @property
    def is_reliable(self) -> bool:
        """Whether `FEW` effective draws or more stand behind it."""
        return self.effective_samples >= FEW


def log_likelihood(
    errors: npt.ArrayLike, m: int, train_size: int, *, likelihood: str = "exact"
) -> Array:
    """Return the log of the probability that a function with so many errors fits S.

    Parameters
    ----------
    errors : (...) array_like of int
        Inputs, of all m, that the function has wrong.
    m : int
        Number of inputs.
    train_size : int
        Inputs of S.
    likelihood : "exact" or "independent"
        For inputs of S drawn without replacement, or independently of each other.

    Returns
    -------
    (...) float64 array
        In nats; -inf where no S fits.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    Two of four inputs, one error: S fits if it is among the three choices of six without it.

    >>> np.exp(log_likelihood([0, 1, 3], 4, 2))
    array([1. , 0.5, 0. ])
    >>> np.exp(log_likelihood([0, 1, 3], 4, 2, likelihood="independent"))
    array([1.    , 0.5625, 0.0625])
    """
    from scipy.special import gammaln

    m = checks.integer("m", m, low=1)
    train_size = checks.integer("train_size", train_size, low=0, high=m)
    checks.choice("likelihood", likelihood, LIKELIHOODS)
    e = np.asarray(errors, dtype=np.float64)
    if e.size and not 0 <= e.min() <= e.max() <= m:
        raise ValueError(f"errors must be from 0 to m = {m}, got {e.min():g} to {e.max():g}")
    if likelihood == "independent":
        with np.errstate(divide="ignore"):
            logs = train_size * np.log1p(-e / m) if train_size else np.zeros_like(e)
        return np.asarray(logs)
    left = np.maximum(m - e - train_size, 0.0)
    logs = gammaln(m - e + 1) - gammaln(left + 1) - gammaln(m + 1) + gammaln(m - train_size + 1)
    exact = np.where(e == 0, 0.0, np.minimum(logs, 0.0))
    return np.where(m - e >= train_size, exact, -np.inf)


def predict_complexity(
    prior: FunctionTable,
    target: Any,
    train_size: int,
    *,
    measure: str = "k_lz",
    likelihood: str = "exact",
    n_jobs: int = 1,
) -> PredictedComplexity:
    """Return P(K given S) as draws of the prior predict it, averaged over training sets.

    It is a ratio of averages, the sum over f with complexity K of P(f) P(f fits S), over that of
    all f. What learners are measured by is the average of ratios, P(K given S) of one S at a time.
    The two differ as far as P(S) differs from one S to another, most for small training sets.

    Parameters
    ----------
    prior : FunctionTable
        Draws of the prior, all of them listed. For draws that come in groups (several output draws
        a hidden draw) the group is the unit: errors are conservative.
    target : any form of one function
    train_size : int
        Inputs of S.
    measure : str
        Of complexity.
    likelihood : "exact" or "independent"
        See `log_likelihood`.
    n_jobs : int

    Returns
    -------
    PredictedComplexity

    Raises
    ------
    ValueError
        If the table leaves out draws, no draw fits any S, or an argument is out of range.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0011", "0111", "0000"], [2, 2, 4])
    >>> found = predict_complexity(table, "0011", 2)
    >>> found.k, found.prior, found.p.round(3)
    (array([2., 5., 6.]), array([0.5 , 0.25, 0.25]), array([0.182, 0.273, 0.545]))
    """
    if not isinstance(prior, FunctionTable):
        raise ValueError(f"prior must be a FunctionTable, got {type(prior).__name__}")
    if prior.n_unlisted:
        raise ValueError(
            f"every draw must be listed, but {prior.n_unlisted:,} of {prior.n_samples:,} were left "
            "out"
        )
    m, word = prior.m, bits.as_word(target, prior.m)
    logs, k, counts = _columns(prior, word, train_size, measure, likelihood, n_jobs)
    values, place = np.unique(k, return_inverse=True)
    units = prior.n_samples / prior.output_draws
    share = np.bincount(place, counts, len(values)) / prior.n_samples
    top = float(logs.max())
    if top == -math.inf:
        raise ValueError(
            f"no draw of the prior fits any training set of {train_size} inputs: the nearest has "
            f"{int(_errors(prior, word, m).min())} errors"
        )
    weights = np.exp(logs - top)
    total = float(counts @ weights)
    p = np.bincount(place, counts * weights, len(values)) / total
    squares = counts * weights**2
    each, whole = np.bincount(place, squares, len(values)), float(squares.sum())
    grouped = float(prior.output_draws)
    spread = each * (1.0 - 2.0 * p) + p**2 * whole  # 0 where p is 1, but for rounding
    error = np.sqrt(grouped * np.maximum(spread, 0.0)) / total
    mean = float(p @ values)
    carried = np.sort(counts * weights)[::-1].cumsum()
    return PredictedComplexity(
        k=values,
        prior=share,
        prior_error=np.sqrt(share * (1.0 - share) / units),
        p=p,
        standard_error=error,
        n_samples=prior.n_samples,
        effective_samples=total**2 / whole / grouped,
        carriers=int(np.searchsorted(carried, 0.9 * total * (1.0 - 1e-12))) + 1,
        fewest_errors=int(_errors(prior, word, m).min()),
        log_p=math.log(total / prior.n_samples) + top,
        mean=mean,
        mean_error=math.sqrt(grouped * float(squares @ (k - mean) ** 2)) / total,
    )


def _errors(prior: FunctionTable, word: bits.Words, m: int) -> npt.NDArray[np.int64]:
    return errors_of(np.ascontiguousarray(prior.functions), m, word, np.arange(m))


def _columns(
    prior: FunctionTable,
    word: bits.Words,
    train_size: int,
    measure: str,
    likelihood: str,
    n_jobs: int,
) -> tuple[Array, Array, Array]:
    """Return log likelihoods, complexities and counts of the functions drawn."""
    logs = log_likelihood(_errors(prior, word, prior.m), prior.m, train_size, likelihood=likelihood)
    inputs = None if prior.task is None else prior.task.inputs
    found = complexity.compute(prior, measure, inputs=inputs, n_jobs=n_jobs, progress=False)
    return logs, np.round(found[measure], DIGITS), np.asarray(prior.counts, dtype=np.float64)
