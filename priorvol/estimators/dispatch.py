"""`estimate`: one call for P(f) and P(S), whatever the width and the method."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from priorvol import bits, checks
from priorvol.estimators.laws import Request, estimate_law
from priorvol.estimators.registry import method as method_named
from priorvol.gaussian import GaussianLaw
from priorvol.result import Estimate
from priorvol.rng import check_seed
from priorvol.task import Task, check_task
from priorvol.training_set import TrainingSet, check_training_set


def estimate(
    task: Task,
    function: Any,
    *,
    method: str = "orthant",
    seed: int = 0,
    level: float = 0.95,
    relative_error: float | None = None,
    n_samples: int | None = None,
    output_draws: int | None = None,
    n_jobs: int = -1,
    progress: bool | None = None,
) -> Estimate:
    """Return P(f) of a function, or the evidence P(S) of a training set.

    Parameters
    ----------
    task : Task
    function : any form of one function on the task's inputs, or TrainingSet
        See `priorvol.bits.as_words`. For a training set only its inputs are computed with.
    method : str
        One of `priorvol.estimators.methods`: ``"orthant"`` (exact but for a stated error, at
        infinite width), ``"ep"``, ``"ep-probit"``, ``"laplace"``, ``"genz"``, or
        ``"monte_carlo"``, which counts draws of the prior at any width.
    seed : int
        Of the random numbers, in [0, 2^64).
    level : float
        Of the interval, in (0, 1).
    relative_error : float, optional
        Standard error to stop at, relative to P (orthant: 0.005; genz: what ``converged`` is
        judged by).
    n_samples : int, optional
        monte_carlo: number of draws (10^6). orthant, genz: the most points to take.
    output_draws : int, optional
        monte_carlo: output layers for each draw of the hidden layers (1).
    n_jobs : int
        Workers, as in joblib.
    progress : bool, optional
        Progress bar on standard error; by default where that is a terminal.

    Returns
    -------
    Estimate
        Its ``quantity`` says what it is an estimate of. A probability that is 0 because the
        function contradicts outputs that are fixed, or tied to one another, is 0 exactly: the
        interval is that point. So is a perceptron's of a function that is not separable (orthant).
        Hidden layers may make a covariance singular to rounding, and then ``converged`` is False
        where that matters: see `orthant_probability`. Methods without an error have nan ends.

    Raises
    ------
    ValueError
        If an argument is out of range or does not go with the method, the method is unknown, or
        it does not take the task.

    Examples
    --------
    >>> import math
    >>> from priorvol import Architecture, Prior, Task, TrainingSet
    >>> task = Task(Architecture(7, (math.inf,)), Prior(sigma_b=0.0))
    >>> zero = estimate(task, "0" * 128, n_jobs=1)
    >>> 0.032 < zero.p < 0.034, zero.quantity
    (True, 'P(f)')
    >>> print(estimate(task, TrainingSet([0, 1], [1, 0])))  # the output at input 0 is 0
    P(S) = 0 (exact, orthant)
    """
    check_task(task)
    of = "f"
    if isinstance(function, TrainingSet):
        training_set = check_training_set(function, task.m)
        inputs = task.inputs.subset(training_set.indices)
        task = Task(task.architecture, task.prior, inputs)
        words = bits.pack([training_set.labels])
        of = "S"
    else:
        words = bits.as_word(function, task.m)[None]
    request = _request(
        method, of, seed, level, relative_error, n_samples, output_draws, n_jobs, progress
    )
    return _run(task, words, request)[0]


def estimate_batch(
    task: Task,
    functions: Any,
    *,
    method: str = "orthant",
    seed: int = 0,
    level: float = 0.95,
    relative_error: float | None = None,
    n_samples: int | None = None,
    output_draws: int | None = None,
    n_jobs: int = -1,
    progress: bool | None = None,
) -> list[Estimate]:
    """Return P(f) of each of some functions, the work that they share done once.

    Parameters
    ----------
    task : Task
    functions : any form of functions on the task's inputs
        See `priorvol.bits.as_words`; a `FunctionTable` gives those of its rows.
    method, seed, level, relative_error, n_samples, output_draws, n_jobs, progress
        As `estimate`.

    Returns
    -------
    list of Estimate
        One a function, in their order. With ``method="monte_carlo"`` all are counted in the same
        draws.

    Raises
    ------
    ValueError
        As `estimate`.

    Examples
    --------
    >>> from priorvol import Architecture, Prior, Task
    >>> task = Task(Architecture(2), Prior(sigma_b=0.0))
    >>> texts = ["0000", "0011", "1000"]
    >>> [round(each.p, 2) for each in estimate_batch(task, texts, n_jobs=1)]
    [0.25, 0.12, 0.0]
    """
    words, _ = bits.as_words(functions, check_task(task).m)
    request = _request(
        method, "f", seed, level, relative_error, n_samples, output_draws, n_jobs, progress
    )
    return _run(task, words, request)


def _request(
    method: Any,
    of: str,
    seed: Any,
    level: Any,
    relative_error: Any,
    n_samples: Any,
    output_draws: Any,
    n_jobs: Any,
    progress: bool | None,
) -> Request:
    chosen = method_named(method)
    options = {
        "relative_error": relative_error,
        "n_samples": n_samples,
        "output_draws": output_draws,
    }
    given = {name: value for name, value in options.items() if value is not None}
    stray = [name for name in given if name not in chosen.options]
    if stray:
        takes = ", ".join(chosen.options) or "none of these"
        raise ValueError(
            f"{', '.join(stray)} does not go with method {chosen.name!r}, which takes {takes}"
        )
    return Request(
        method=chosen,
        of=of,
        seed=check_seed(seed),
        level=checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True),
        n_jobs=checks.jobs(n_jobs),
        progress=progress,
        options=given,
    )


def _run(task: Task, words: bits.Words, request: Request) -> list[Estimate]:
    if len(words) == 0:
        return []
    if request.method.name != "monte_carlo":
        return estimate_law(_law(task, request), words, request, _factor(task))
    from priorvol.estimators.monte_carlo import monte_carlo

    found = monte_carlo(
        task,
        words,
        seed=request.seed,
        level=request.level,
        n_jobs=request.n_jobs,
        progress=request.progress,
        **request.options,
    )
    return [replace(each, quantity=request.method.quantity(request.of)) for each in found]


def _law(task: Task, request: Request) -> GaussianLaw:
    """Return the law of the outputs, or raise ``ValueError`` saying what to use instead."""
    from priorvol.infinite.covariance import output_law

    name, hidden = request.method.name, task.architecture.hidden
    if hidden and not task.architecture.is_infinite:
        raise ValueError(
            f"method {name!r} needs infinite hidden widths or a perceptron, got hidden = {hidden}: "
            "use method 'monte_carlo', which counts draws"
        )
    try:
        return output_law(task)
    except ValueError as error:
        if hidden:
            raise
        raise ValueError(f"{error}; or use method 'monte_carlo', which counts draws") from None


def _factor(task: Task) -> Any:
    """Return what a perceptron's parameters are multiplied by; None for other networks."""
    import numpy as np

    from priorvol.infinite.covariance import limit_layers

    if task.architecture.hidden:
        return None
    (layer,) = limit_layers(task, "estimate")
    bias = np.full((task.m, 1), layer.bias**0.5)
    return np.hstack([layer.weight**0.5 * task.inputs.values, bias])
