"""PAC-Bayes bounds on the mean error of the posterior over functions that fit a training set.

Draw m inputs independently from a data distribution, with repeats as they come, and let S be those
inputs with their labels. The Bayesian posterior is the prior among the functions that fit S, and
epsilon is the mean error of its functions on a new input of the same distribution. Then, with
probability at least 1 - delta over the m draws, -ln(1 - epsilon) is at most one of

==============  ===========================================  ==================================
form            bound on -ln(1 - epsilon)                    source
==============  ===========================================  ==================================
``mcallester``  [ln(1/P(S)) + ln(2 m / delta)] / (m - 1)     1805.08522, after McAllester (1999)
``code``        [ln(1/P(S)) + 2 ln m + 1 + ln(1/delta)] / m  the published programs of 1805.08522,
                                                             with delta = 2^-10; McAllester (1998)
``direct``      [ln(1/P(S)) + ln(1/delta)] / m               the proof below
==============  ===========================================  ==================================

The proof is short. A function of error e fits m draws with probability (1 - e)^m, so the mean over
S of the sum of P(f) (1 - e_f)^(-m) over the f that fit S is 1. By Markov's inequality it is
at most 1/delta but for a share delta of the S, and by Jensen's its logarithm is at least
ln P(S) - m ln(1 - epsilon). That is ``direct``, and the other two are larger. So all three hold for
any prior that was fixed before S was seen, and for labels with noise, if the error is judged by
labels with that noise. They hold as well for m inputs drawn without replacement from a
finite set, since a function then fits no more often; but always for the error on *all* inputs, not
on those held out, and for the mean over the posterior, not for a trained network.

Inputs that are drawn twice count twice in m, and once in S: P(S) is the probability of the distinct
labelled inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.inputs import Inputs
from priorvol.result import Estimate, probability_text
from priorvol.rng import check_seed, generator
from priorvol.task import Task, check_task
from priorvol.training_set import TrainingSet, check_training_set

MAX_DRAWS = 1 << 40


def _mcallester(nats: float, m: int, delta: float) -> float:
    return (nats + math.log(2 * m / delta)) / (m - 1) if m > 1 else math.inf


def _code(nats: float, m: int, delta: float) -> float:
    return (nats + 2 * math.log(m) + 1 - math.log(delta)) / m


def _direct(nats: float, m: int, delta: float) -> float:
    return (nats - math.log(delta)) / m


FORMS: dict[str, Callable[[float, int, float], float]] = {
    "mcallester": _mcallester,
    "code": _code,
    "direct": _direct,
}
"""Bounds on -ln(1 - epsilon), given ln(1/P(S)), m and delta."""

FORMULAS = {
    "mcallester": "-ln(1-eps) <= [ln(1/P(S)) + ln(2m/delta)]/(m-1)",
    "code": "-ln(1-eps) <= [ln(1/P(S)) + 2 ln m + 1 + ln(1/delta)]/m",
    "direct": "-ln(1-eps) <= [ln(1/P(S)) + ln(1/delta)]/m",
}


@dataclass(frozen=True, kw_only=True)
class PACBayesBound:
    """What `pac_bayes_bound` returns: a bound on the mean error of the posterior.

    Attributes
    ----------
    epsilon : float
        The mean error of the functions that fit S, on inputs of the distribution that the m inputs
        were drawn from, is at most this with probability at least 1 - delta over the draws and,
        where it is certified, over the evidence's own random numbers.
    m : int
        Draws, repeats included.
    delta, delta_bound, delta_evidence : float
        The second is that of the formula, the third the share of the lower limit of P(S) (0
        where P(S) is exact or has no error); ``delta`` is their sum.
    form : str
        One of `FORMS`.
    certified : bool
        Whether ``epsilon`` is that of a lower confidence limit of P(S), or of P(S) known exactly.
        It is as sure as that limit. If not, it is that of an estimate without an error.
    log_p : float
        ln P(S) as it went into the formula (nats).
    evidence : Estimate or None
        None where P(S) was given as a number.
    """

    epsilon: float
    m: int
    delta: float
    delta_bound: float
    delta_evidence: float
    form: str
    certified: bool
    log_p: float
    evidence: Estimate | None = field(default=None, repr=False)

    @property
    def is_vacuous(self) -> bool:
        """Whether it says nothing: epsilon = 1, to the precision of a double."""
        return self.epsilon >= 1.0

    @property
    def beats_a_coin(self) -> bool:
        """Whether epsilon is below 1/2."""
        return self.epsilon < 0.5

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; infinite values are None."""
        return {
            "bounds": "mean error of the posterior over functions that fit S, m i.i.d. inputs",
            "epsilon": self.epsilon,
            "vacuous": self.is_vacuous,
            "certified": self.certified,
            "m": self.m,
            "delta": self.delta,
            "delta_bound": self.delta_bound,
            "delta_evidence": self.delta_evidence,
            "form": self.form,
            "formula": FORMULAS[self.form],
            "log_p": self.log_p if math.isfinite(self.log_p) else None,
            "evidence": None if self.evidence is None else self.evidence.to_json(),
        }

    def __str__(self) -> str:
        """Return the bound, what it bounds and how sure it is."""
        sure = f"{100 * (1 - self.delta):.10g}%"
        lines = [
            f"mean error of the posterior <= {self.epsilon:.4g} with probability at least {sure} "
            f"over {self.m:,} i.i.d. inputs{'' if self.certified else ', if P(S) is right'}",
            f"{self.form}: {FORMULAS[self.form]}",
        ]
        value = probability_text(self.log_p)
        if not self.certified:
            source = "a number" if self.evidence is None else f"{self.evidence.method}"
            lines.append(f"not certified: P(S) = {value} is from {source}, without an error")
        elif self.delta_evidence:
            lines.append(
                f"certified: P(S) >= {value}, a lower limit that takes {self.delta_evidence:.3g} "
                f"of delta = {self.delta:.3g}"
            )
        else:
            lines.append(f"certified: P(S) = {value} is exact")
        if self.evidence is not None and not self.evidence.converged:
            lines.append("the evidence did not reach its method's stopping rule: trust it less")
        if self.is_vacuous:
            lines.append("vacuous: the error of a function is at most 1 anyway")
        elif not self.beats_a_coin:
            lines.append("above 1/2: no better than guessing")
        return "\n".join(lines)


def pac_bayes_bound(
    evidence: Estimate | float, m: int, *, delta: float = 0.05, form: str = "mcallester"
) -> PACBayesBound:
    """Return the PAC-Bayes bound that an evidence P(S) gives.

    Parameters
    ----------
    evidence : Estimate or float
        Of P(S), S being the distinct labelled inputs; as a number, ln P(S) in nats.
    m : int
        Inputs drawn, those drawn again included.
    delta : float
        In (0, 1): probability that the bound may fail, in all.
    form : str
        One of ``FORMS``.

    Returns
    -------
    PACBayesBound
        Certified if the evidence is exact, or has an interval: its lower end goes into the
        formula. The interval's ends are each passed with probability (1 - level) / 2, which is
        ``delta_evidence``; the formula gets what is left of delta. An estimate without an error,
        or a number, goes in as it is and is not certified.

    Raises
    ------
    ValueError
        If an argument is out of range, or the interval alone takes all of delta: ask for the
        evidence at a level above 1 - 2 delta.

    Examples
    --------
    >>> found = pac_bayes_bound(-8.0, 32, form="direct")
    >>> round(found.epsilon, 4), found.certified
    (0.2908, False)
    >>> print(str(found).splitlines()[-1])
    not certified: P(S) = 0.0003355 is from a number, without an error
    """
    delta = checks.real("delta", delta, low=0.0, high=1.0, open_low=True, open_high=True)
    m = checks.integer("m", m, low=1, high=MAX_DRAWS)
    checks.choice("form", form, FORMS)
    share = 0.0
    if isinstance(evidence, Estimate):
        found: Estimate | None = evidence
        certified, log_p = evidence.has_error, evidence.log_p
        if certified and not evidence.is_exact:
            share, log_p = (1 - evidence.level) / 2, evidence.low
            if share >= delta * (1 - 1e-9):  # level 0.9 is not 1 - 2 * 0.05 to the last bit
                raise ValueError(
                    f"the evidence's level must be above 1 - 2 delta = {1 - 2 * delta:.6g}, or its "
                    f"lower limit fails more often than the bound may, got {evidence.level}"
                )
    else:
        found, certified = None, False
        log_p = _log_p(evidence)
    nats = max(-log_p, 0.0)  # an estimate of P near 1 may exceed it
    return PACBayesBound(
        epsilon=-math.expm1(-FORMS[form](nats, m, delta - share)),
        m=m,
        delta=delta,
        delta_bound=delta - share,
        delta_evidence=share,
        form=form,
        certified=certified,
        log_p=log_p,
        evidence=found,
    )


def certified_bound(
    task: Task,
    training_set: TrainingSet,
    m: int,
    *,
    delta: float = 0.05,
    form: str = "mcallester",
    share: float = 0.1,
    **options: Any,
) -> PACBayesBound:
    """Estimate P(S) at the level that a bound needs, and return the bound.

    Parameters
    ----------
    task : Task
    training_set : TrainingSet
        The distinct inputs among those drawn, with their labels.
    m : int
        Inputs drawn, those drawn again included; at least ``len(training_set)``.
    delta, form
        As `pac_bayes_bound`.
    share : float
        Part of delta, in (0, 1), that goes to the lower limit of P(S): the evidence is estimated
        at level 1 - 2 share delta, whose lower end fails with probability share delta.
    **options
        Of `priorvol.estimate`: ``method`` (``"orthant"``), ``seed``, ``relative_error`` and so on,
        but not ``level``.

    Raises
    ------
    ValueError
        If an argument is out of range, m is below the number of distinct inputs, or the method does
        not take the task.

    Examples
    --------
    >>> from priorvol import Architecture, Prior, Task, TrainingSet
    >>> task = Task(Architecture(2), Prior(sigma_b=0.0))
    >>> drawn = sample_training_inputs(task, 20, seed=1)
    >>> S = TrainingSet.of_function("0011", sorted(set(drawn.tolist())))
    >>> bound = certified_bound(task, S, len(drawn), relative_error=0.01)
    >>> bound.certified, round(bound.delta_evidence, 4), bound.beats_a_coin
    (True, 0.005, True)
    """
    from priorvol.estimators import estimate

    check_training_set(training_set, check_task(task).m)
    m = checks.integer("m", m, low=1, high=MAX_DRAWS)
    if m < len(training_set):
        raise ValueError(
            f"m counts every draw, and must be at least the number of distinct training inputs, "
            f"{len(training_set)}, got {m}"
        )
    delta = checks.real("delta", delta, low=0.0, high=1.0, open_low=True, open_high=True)
    share = checks.real("share", share, low=0.0, high=1.0, open_low=True, open_high=True)
    checks.choice("form", form, FORMS)
    if "level" in options:
        raise ValueError("level is 1 - 2 share delta here: give share instead")
    evidence = estimate(task, training_set, level=1 - 2 * _evidence_delta(delta, share), **options)
    return pac_bayes_bound(evidence, m, delta=delta, form=form)


def sample_training_inputs(
    inputs: Task | Inputs | int, m: int, *, seed: int = 0
) -> npt.NDArray[np.int64]:
    """Draw m training inputs independently, with replacement, all inputs equally likely.

    Parameters
    ----------
    inputs : Task, Inputs or int
        Or their number.
    m : int
        Draws.
    seed : int
        In [0, 2^64).

    Returns
    -------
    (m,) int64
        Indices in the order of drawing; some may be equal. ``numpy.unique`` gives those of S.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from priorvol import boolean_cube
    >>> drawn = sample_training_inputs(boolean_cube(3), 32, seed=0)
    >>> len(drawn), len(set(drawn.tolist())) <= 8
    (32, True)
    """
    number = inputs.m if isinstance(inputs, (Task, Inputs)) else inputs
    number = checks.integer("number of inputs", number, low=1)
    m = checks.integer("m", m, low=1, high=1 << 32)
    return generator(check_seed(seed), "i.i.d. training inputs").integers(number, size=m)


def _evidence_delta(delta: float, share: float) -> float:
    return min(delta * share, 0.49)


def _log_p(value: Any) -> float:
    if isinstance(value, float) and value == -math.inf:
        return value
    return checks.real("evidence (an Estimate, or ln P(S))", value, high=0.0)
