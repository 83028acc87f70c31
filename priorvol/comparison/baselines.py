"""Test errors that take no network: what any sampler or optimiser is to be held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol.comparison.samples import Array
from priorvol.inputs import Inputs
from priorvol.rows import Words
from priorvol.training_set import TrainingSet

Flags = npt.NDArray[np.bool_]

MOST_TESTS = 2048
"""Test inputs up to which the law of a baseline's error is given, not its mean only."""

_BLOCK = 1 << 22  # distances at a time


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A learner without a network, and its error on the test inputs.

    Attributes
    ----------
    name : str
    error : float
        Mean test error, exact.
    p : (n_test + 1,) float64 array or None
        Probability of 0, 1, ... wrong test inputs; None above `MOST_TESTS` test inputs.
    """

    name: str
    error: float
    p: Array | None

    def quantile(self, share: float) -> float:
        """Return a quantile of the test error; nan where its law is not given.

        Examples
        --------
        >>> Baseline(name="a coin", error=0.5, p=np.array([0.25, 0.5, 0.25])).quantile(0.9)
        1.0
        """
        if self.p is None:
            return float("nan")
        place = int(np.searchsorted(np.cumsum(self.p), share * (1.0 - 1e-12)))
        return min(place, len(self.p) - 1) / (len(self.p) - 1)


def baselines(
    target: Words,
    training_set: TrainingSet | None,
    test: npt.NDArray[np.int64],
    *,
    m: int,
    inputs: Inputs | None,
) -> tuple[Baseline, ...]:
    """Return the baselines of a target, those that there are.

    Parameters
    ----------
    target : (words,) uint64 array
    training_set : TrainingSet or None
        Without it there are only those that look at no label.
    test : (n_test,) int64 array
        Inputs that errors are counted on.
    m : int
    inputs : Inputs or None
        Nearest neighbours need them.

    Notes
    -----
    *Majority class*: the constant that most training labels have; either one with probability 1/2
    where they are even. *Nearest neighbour*: the label of the nearest training input in Euclidean
    distance (Hamming, on the cube); of several equally near, each with the same probability, drawn
    anew for every test input. *Random functions* that fit S: each test input by a fair coin. With
    the target's number of ones T: uniform on all functions with as many, with those that fit S or
    without regard to S; errors are then hypergeometric, since low-complexity targets tend to have
    T far from m/2, and such functions are less wrong than a coin.

    Examples
    --------
    >>> S = TrainingSet([0, 3], [0, 1])
    >>> target = bits.as_word("0011", 4)
    >>> found = baselines(target, S, np.array([1, 2]), m=4, inputs=None)
    >>> [(each.name, each.error) for each in found]  # doctest: +NORMALIZE_WHITESPACE
    [('majority class', 0.5), ('random, fit S', 0.5), ("random, target's T, fit S", 0.5),
     ("random, target's T", 0.5)]
    """
    labels = bits.unpack(target[None], m)[0].astype(bool)
    wanted = labels[test]
    found = []
    if training_set is not None:
        found.append(_majority(training_set, wanted))
        if inputs is not None:
            found.append(_nearest(inputs, training_set, wanted, test))
    n, ones = len(wanted), int(wanted.sum())
    fit = "" if training_set is None else ", fit S"
    found.append(Baseline(name=f"random{fit}", error=0.5, p=_binomial(n)))
    if training_set is not None:
        error = 2.0 * ones * (n - ones) / n**2
        found.append(Baseline(name="random, target's T, fit S", error=error, p=_shuffled(n, ones)))
    total = int(labels.sum())
    error = (ones * (m - total) + (n - ones) * total) / (m * n)
    p = _scattered(n, ones, m, total)
    found.append(Baseline(name="random, target's T", error=error, p=p))
    return tuple(found)


def _majority(training_set: TrainingSet, wanted: Flags) -> Baseline:
    n, ones = len(wanted), int(wanted.sum())
    twice = 2 * sum(training_set.labels) - len(training_set)
    law = np.zeros(n + 1)
    for wrong, says in ((ones, twice <= 0), (n - ones, twice >= 0)):  # of constants 0 and 1
        law[wrong] += says
    law /= law.sum()
    error = float(law @ np.arange(n + 1)) / n
    return Baseline(name="majority class", error=error, p=law if n <= MOST_TESTS else None)


def _nearest(
    inputs: Inputs, training_set: TrainingSet, wanted: Flags, test: npt.NDArray[np.int64]
) -> Baseline:
    from scipy.spatial.distance import cdist

    known = inputs.values[list(training_set.indices)]
    labels = np.array(training_set.labels, dtype=np.float64)
    wrong = np.empty(len(test))
    step = max(_BLOCK // len(known), 1)
    for start in range(0, len(test), step):
        part = slice(start, start + step)
        distance = cdist(inputs.values[test[part]], known, "sqeuclidean")
        nearest = distance == distance.min(axis=1, keepdims=True)
        share = (nearest @ labels) / nearest.sum(axis=1)
        wrong[part] = np.where(wanted[part], 1.0 - share, share)
    law = None
    if len(test) <= MOST_TESTS:
        law = np.zeros(len(test) + 1)
        law[0] = 1.0
        for chance in wrong:
            law[1:] = law[1:] * (1.0 - chance) + law[:-1] * chance
            law[0] *= 1.0 - chance
    return Baseline(name="nearest neighbour", error=float(wrong.mean()), p=law)


def _binomial(n: int) -> Array | None:
    if n > MOST_TESTS:
        return None
    law: Array = np.exp(_log_choose(n, np.arange(n + 1)) - n * np.log(2.0))
    return law


def _shuffled(n: int, ones: int) -> Array | None:
    """Return the law of errors of functions with as many ones among the test inputs."""
    if n > MOST_TESTS:
        return None
    missed = np.arange(max(2 * ones - n, 0), ones + 1)  # ones in the right place
    log_p = _log_choose(ones, missed) + _log_choose(n - ones, ones - missed)
    law = np.zeros(n + 1)
    law[2 * (ones - missed)] = np.exp(log_p - _log_choose(n, np.array(ones)))
    return law


def _scattered(n: int, ones: int, m: int, total: int) -> Array | None:
    """Return the law of errors of functions with ``total`` ones among all m inputs."""
    if n > MOST_TESTS:
        return None
    right, wrong = np.arange(ones + 1)[:, None], np.arange(n - ones + 1)[None, :]
    rest = total - right - wrong  # ones among the other inputs
    possible = (rest >= 0) & (rest <= m - n)
    log_p = (
        _log_choose(ones, right)
        + _log_choose(n - ones, wrong)
        + _log_choose(m - n, np.clip(rest, 0, m - n))
        - _log_choose(m, np.array(total))
    )
    errors = np.broadcast_to(ones - right + wrong, possible.shape)
    law = np.bincount(errors[possible], np.exp(log_p[possible]), n + 1)
    return np.asarray(law, dtype=np.float64)


def _log_choose(n: int, k: npt.NDArray[np.int64]) -> Array:
    from scipy.special import gammaln

    log: Array = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return log
