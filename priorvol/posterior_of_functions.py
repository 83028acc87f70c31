"""P(f given S) of given functions, by several methods: what can be held beside a table's counts.

Under the 0-1 likelihood it is P(f) / P(S) for functions that fit S: two orthants at infinite width
(1805.08522, 2006.15191). Regression on the labels, with the prior's covariance (NNGP) or with the
tangent kernel of trained networks (NTK), gives probabilities of its own to the same functions.
"""

from __future__ import annotations

import math
from typing import Any

from priorvol import bits, checks
from priorvol.estimators.registry import method as method_named
from priorvol.result import Estimate
from priorvol.rng import check_seed, generator
from priorvol.task import Task, check_task
from priorvol.training_set import TrainingSet, check_training_set

RATIOS = ("orthant", "ep", "ep-probit", "laplace")
"""Methods that divide P(f) by P(S)."""

REGRESSIONS = ("nngp", "ntk")
"""Methods of the Gaussian that is left of the outputs by regression on the labels."""

POSTERIOR_ESTIMATES = RATIOS + REGRESSIONS
"""The methods of `posterior_estimates`."""


def posterior_estimates(
    task: Task,
    training_set: TrainingSet,
    functions: Any,
    *,
    method: str = "orthant",
    seed: int = 0,
    relative_error: float | None = None,
    level: float = 0.95,
    time: float | None = None,
    n_jobs: int = -1,
    progress: bool | None = None,
) -> list[Estimate]:
    """Return P(f given S) of each of some functions.

    Parameters
    ----------
    task : Task
        Of infinite width, or a perceptron with Gaussian parameters. `Task.wide` gives the limit of
        a task of finite width.
    training_set : TrainingSet
    functions : any form of functions on the task's inputs
        See `priorvol.bits.as_words`; a `FunctionTable` gives those of its rows.
    method : str
        ``"orthant"``: P_B(f|S) as a ratio of two orthants, exact but for a stated error.
        ``"ep"``: the same by expectation propagation, an approximation without an error.
        ``"ep-probit"`` and ``"laplace"``: approximations to another quantity, P_B(f|S) where the
        labels and the function are those of the outputs with independent noise of variance 1
        added; without an error. ``"nngp"``: the orthant of f under the posterior of regression on
        targets of -1 and +1 (`priorvol.infinite.dynamics.nngp_regression`). ``"ntk"``: under the
        law of trained infinitely wide networks (`train_prediction`).
    seed : int
        In [0, 2^64).
    relative_error : float, optional
        orthant, nngp, ntk: standard error to stop at, relative to each orthant (0.005).
    level : float
        Of the interval.
    time : float, optional
        ntk: of gradient flow (infinite).
    n_jobs : int
        Workers, as in joblib.
    progress : bool, optional
        Progress bar on standard error; by default where that is a terminal.

    Returns
    -------
    list of Estimate
        One a function, in their order. ``quantity`` says what it is an estimate of. Of the ratios,
        the error is that of both probabilities in quadrature (they are estimated independently),
        and so are the distances of the ends; all functions share that of P(S), and ``diagnostics``
        holds ``log_p_function``, ``log_p_training_set`` and ``training_set_error``, the standard
        error of the latter. A function that does not fit S has log_p = -inf, exactly, and where S
        labels all inputs the one that fits has 0; with ``"ntk"`` before infinite time either has
        what the networks that are not trained to the end give it. ``seconds`` holds a function's
        share of the time spent on P(S).

    Raises
    ------
    ValueError
        If an argument is out of range or does not go with the method, the task is of finite width
        or has no limit, P(S) = 0, or a method cannot tell it from 0.

    Examples
    --------
    >>> from priorvol import Architecture, Prior, Task, TrainingSet
    >>> task, S = Task(Architecture(2), Prior(sigma_b=0.0)), TrainingSet([0, 1], [0, 0])
    >>> found = posterior_estimates(task, S, ["0000", "0010", "0101"], n_jobs=1)
    >>> [round(each.p, 2) for each in found], found[2].is_exact
    ([0.5, 0.25, 0.0], True)
    """
    check_training_set(training_set, check_task(task).m)
    checks.choice("method", method, POSTERIOR_ESTIMATES)
    checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
    if relative_error is not None:
        checks.real("relative_error", relative_error, low=0.0, open_low=True)
    if time is not None and method != "ntk":
        raise ValueError(f"time = {time!r} goes with method 'ntk', got {method!r}")
    words, _ = bits.as_words(functions, task.m)
    _check_law(task)
    options: dict[str, Any] = {
        "seed": check_seed(seed),
        "level": level,
        "n_jobs": checks.jobs(n_jobs),
        "progress": progress,
    }
    if relative_error is not None:
        options["relative_error"] = relative_error
    if method in RATIOS:
        return _ratios(task, training_set, words, method, options)
    from priorvol.infinite.dynamics import nngp_regression, train_prediction

    if method == "nngp":
        prediction = nngp_regression(task, training_set)
    else:
        prediction = train_prediction(task, training_set, time=math.inf if time is None else time)
    return prediction.probabilities(words, **options)


def posterior_probability(
    task: Task,
    function: Any,
    training_set: TrainingSet,
    *,
    seed: int = 0,
    relative_error: float = 0.005,
    level: float = 0.95,
) -> Estimate:
    """Return P_B(f given S) of one function, as the ratio of P(f) and P(S).

    Parameters
    ----------
    task : Task
        Of infinite width, or a perceptron with Gaussian parameters.
    function : any form of one function
        See `priorvol.bits.as_words`.
    training_set : TrainingSet
    seed, relative_error, level
        As in `posterior_estimates`, of whose method ``"orthant"`` this is the estimate.

    Raises
    ------
    ValueError
        If an argument is out of range, the outputs are not Gaussian, or P(S) = 0.

    Examples
    --------
    >>> from priorvol import Architecture, Prior, Task, TrainingSet
    >>> task = Task(Architecture(2), Prior(sigma_b=0.0))
    >>> posterior_probability(task, "0000", TrainingSet([0], [0]), seed=1).quantity
    'P_B(f|S)'
    """
    word = bits.as_word(function, check_task(task).m)
    (found,) = posterior_estimates(
        task,
        training_set,
        word[None],
        seed=seed,
        relative_error=relative_error,
        level=level,
        n_jobs=1,
        progress=False,
    )
    return found


def _check_law(task: Task) -> None:
    """Raise ``ValueError`` if the outputs are not Gaussian."""
    from priorvol.infinite.covariance import limit_layers

    hidden = task.architecture.hidden
    if hidden and not task.architecture.is_infinite:
        raise ValueError(
            f"P_B(f|S) is a ratio of two orthants at infinite width (hidden = (inf, ...)) and for "
            f"perceptrons with Gaussian parameters, got hidden = {hidden}: take the limit, "
            "task.wide(), or count functions with posterior(task, training_set, n_proposals=...)"
        )
    limit_layers(task, "P_B(f|S)")


def _ratios(
    task: Task,
    training_set: TrainingSet,
    words: bits.Words,
    method: str,
    options: dict[str, Any],
) -> list[Estimate]:
    """Return P(f) / P(S) of each function that fits, 0 of the others."""
    from priorvol.estimators import estimate, estimate_batch

    other = int(generator(options["seed"], "evidence").integers(1 << 63))
    evidence = estimate(task, training_set, method=method, **options | {"seed": other})
    if evidence.log_p == -math.inf:
        if evidence.is_exact or method == "orthant":
            raise ValueError(f"P(S) = 0: no function fits the training set ({training_set})")
        raise ValueError(f"method {method!r} does not tell P(S) from 0 ({training_set})")
    fits = training_set.fits(words, m=task.m)
    if len(training_set) == task.m:  # one function fits, and P(f) is P(S)
        found = iter([evidence] * int(fits.sum()))
    else:
        found = iter(estimate_batch(task, words[fits], method=method, **options))
    share = (evidence.seconds or 0.0) / max(len(words), 1)
    return [_ratio(next(found) if one else None, evidence, share, options) for one in fits.tolist()]


def _ratio(
    whole: Estimate | None, evidence: Estimate, share: float, options: dict[str, Any]
) -> Estimate:
    """Return P(f) / P(S); without a P(f) it is 0, and if that is P(S) it is 1, exactly."""
    suffix = method_named(evidence.method).suffix
    log_p = error = low = high = math.nan
    n_samples = evidence.n_samples
    if whole is None:
        log_p = low = high = -math.inf
    elif whole is evidence:
        log_p = error = low = high = 0.0
    elif whole.log_p == -math.inf and whole.has_error:
        log_p = low = -math.inf
        high = min(whole.high - evidence.low, 0.0)
    else:
        log_p = min(whole.log_p - evidence.log_p, 0.0)
        if whole.has_error:
            error = math.hypot(whole.standard_error, evidence.standard_error)
            below = math.hypot(whole.log_p - whole.low, evidence.high - evidence.log_p)
            above = math.hypot(whole.high - whole.log_p, evidence.log_p - evidence.low)
            low, high = log_p - below, min(log_p + above, 0.0)
        if whole.n_samples is not None and evidence.n_samples is not None:
            n_samples = whole.n_samples + evidence.n_samples
    seconds = None if whole is None or whole is evidence else whole.seconds
    return Estimate(
        log_p=log_p,
        standard_error=error,
        low=low,
        high=high,
        level=options["level"],
        method=evidence.method,
        quantity=f"P_B(f|S){suffix}",
        n_samples=n_samples,
        seconds=share + (seconds or 0.0),
        seed=options["seed"],
        converged=evidence.converged and (whole is None or whole.converged),
        diagnostics={
            "log_p_function": -math.inf if whole is None else whole.log_p,
            "log_p_training_set": evidence.log_p,
            "training_set_error": evidence.standard_error,
        },
    )
