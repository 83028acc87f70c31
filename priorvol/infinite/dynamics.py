"""Training at infinite width: the law of the outputs after gradient descent, and NNGP regression.

Networks start from the prior, whose outputs have covariance K, and are trained on S by full-batch
gradient descent of the loss

    L = (1/2) mean over x in S of (h(x) - y(x))^2,    y = -targets or +targets for labels 0 or 1.

At infinite width the outputs move along the tangent kernel Theta at initialisation (1806.07572),
linearly in where they start, so they stay Gaussian (1902.06720, section 2.3). With
A = Theta_SS^-1 (1 - exp(-eta Theta_SS t / |S|)),

    mean = Theta_{.S} A y,
    covariance = K + Theta_{.S} A K_SS A Theta_{S.} - (Theta_{.S} A K_{S.} + transpose)

(equations 15 and 16, with the mean over S in the loss); k steps of gradient descent have
1 - (1 - eta Theta_SS / |S|)^k in A. `priorvol.infinite.kernel_descent` does this without an
inverse, so singular kernels need no jitter. An input whose tangent kernel is 0 (the zero input
where sigma_b = 0) never moves: it keeps its output of 0, function bit 0, and is listed among the
prediction's ``unfitted``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from priorvol.gaussian import GaussianLaw
from priorvol.infinite.covariance import expectations_of, output_law, tangent_kernel
from priorvol.infinite.kernel_descent import (
    EPS,
    KernelDescent,
    Response,
    covariance_factor,
)
from priorvol.infinite.prediction import GaussianPrediction, target_outputs
from priorvol.task import Task
from priorvol.training_set import TrainingSet, check_training_set

QUADRATURE = 1e-13
"""Relative accuracy that kernels by quadrature are taken to have when modes are judged to be 0.

They are good to some 1e-14 at variances around 1; the bound that they state, 1e-10, is meant for
all variances, and would take weak modes of smooth activations for 0.
"""


def train_prediction(
    task: Task,
    training_set: TrainingSet,
    *,
    time: float | None = None,
    steps: int | None = None,
    learning_rate: float = 1.0,
    targets: float = 1.0,
    parametrization: str = "ntk",
) -> GaussianPrediction:
    """Return the law of the outputs of infinitely wide networks trained from the prior.

    Parameters
    ----------
    task : Task
        Of infinite hidden width, or a perceptron with Gaussian parameters, for which the result
        is exact.
    training_set : TrainingSet
    time : float, optional
        Of gradient flow, at least 0. Default ``math.inf``, the limit, if ``steps`` is not given.
    steps : int, optional
        Of gradient descent, in place of a time.
    learning_rate : float
    targets : float
        Labels 0 and 1 ask for outputs ``-targets`` and ``targets``.
    parametrization : "ntk" or "standard"
        Which networks this is the limit of. ``"ntk"``: a layer is
        sigma_w / sqrt(fan_in) W x + sigma_b b, and gradient descent trains W and b, which start
        from N(0, 1). ``"standard"``: weights and biases are trained themselves, at
        ``learning_rate`` / width. See `priorvol.infinite.covariance.tangent_kernel`.

    Returns
    -------
    GaussianPrediction

    Notes
    -----
    At infinite time the kernels' own relative error (1e-15 where they are closed forms, 1e-10 at
    most by quadrature) is multiplied by the condition number of the tangent kernel on the training
    inputs, the ratio of the prediction's ``time_scales``.

    Raises
    ------
    ValueError
        If the task has no Gaussian law (`priorvol.infinite.covariance.output_law`) or no tangent
        kernel (``sign``), the training set does not fit, a value is out of range, both ``time``
        and ``steps`` are given, or the steps diverge (the message names the largest learning
        rate that does not).

    Examples
    --------
    >>> from priorvol import Architecture, Prior
    >>> task = Task(Architecture(3, (math.inf, math.inf)), Prior(sigma_b=0.0))
    >>> print(train_prediction(task, TrainingSet([0, 3, 5], [1, 0, 1]), time=10))
    3-inf-inf-1 relu on {0,1}^3, sigma_w=1, sigma_b=0
    gradient flow to t = 10, learning rate 1, ntk parametrisation; targets -1, +1
    3 training inputs, 2 of them labelled 1; expected loss 0.2218
    never fitted: 1 of the training inputs (0)
    """
    law = output_law(task)
    check_training_set(training_set, task.m)
    kernel = tangent_kernel(task, parametrization=parametrization)
    descent = KernelDescent(kernel, np.array(training_set.indices), precision=_precision(task))
    response = descent.respond(time=time, steps=steps, learning_rate=learning_rate)
    return _prediction(
        law,
        response,
        task,
        training_set,
        method="ntk",
        parametrization=parametrization,
        time=None if steps is not None else float(math.inf if time is None else time),
        steps=None if steps is None else int(steps),
        learning_rate=float(learning_rate),
        targets=targets,
        noise=0.0,
    )


def nngp_regression(
    task: Task, training_set: TrainingSet, *, noise: float = 0.0, targets: float = 1.0
) -> GaussianPrediction:
    """Return the posterior of regression on the labels under the prior's own covariance.

    With A = (K_SS + noise)^-1 it is N(K_{.S} A y, K - K_{.S} A K_{S.}) (1711.00165, section 2.3).
    Without noise it is also the law of infinitely wide networks of which only the output layer is
    trained, to the end (1902.06720, section 2.3.1).

    Parameters
    ----------
    task : Task
        As for `train_prediction`; activations with jumps have a posterior too.
    training_set : TrainingSet
    noise : float
        Variance of the labels' noise, at least 0. At 0 a singular K_SS is taken as the limit of
        vanishing noise, by its pseudo-inverse; labels that it cannot meet are listed in
        ``unfitted``.
    targets : float
        Labels 0 and 1 are outputs ``-targets`` and ``targets``.

    Returns
    -------
    GaussianPrediction
        Of the outputs without the noise.

    Raises
    ------
    ValueError
        As `train_prediction`.

    Examples
    --------
    >>> from priorvol import Architecture
    >>> task = Task(Architecture(2, (math.inf,), "sign"))
    >>> nngp_regression(task, TrainingSet([1, 2], [1, 0])).mean.round(12) + 0.0
    array([ 0.,  1., -1.,  0.])
    """
    law = output_law(task)
    check_training_set(training_set, task.m)
    indices = np.array(training_set.indices)
    descent = KernelDescent(law.covariance, indices, precision=_precision(task))
    return _prediction(
        law,
        descent.ridge(noise),
        task,
        training_set,
        method="nngp",
        parametrization=None,
        time=None,
        steps=None,
        learning_rate=None,
        targets=targets,
        noise=float(noise),
    )


def _prediction(
    law: GaussianLaw,
    response: Response,
    task: Task,
    training_set: TrainingSet,
    *,
    targets: float,
    noise: float,
    learning_rate: float | None,
    **how: Any,
) -> GaussianPrediction:
    descent = response.descent
    wanted = target_outputs(training_set, targets)
    factor = covariance_factor(law.covariance, precision=descent.precision)
    moved, mean = response.law(factor, law.mean, wanted, noise=noise)
    stuck = descent.unfitted(wanted - law.mean[descent.indices], factor[descent.indices])
    return GaussianPrediction(
        law=GaussianLaw(moved @ moved.T, mean),
        task=task,
        training_set=training_set,
        targets=float(targets),
        noise=noise,
        learning_rate=learning_rate,
        unfitted=tuple(stuck.tolist()),
        time_scales=_time_scales(descent, learning_rate),
        **how,
    )


def _time_scales(descent: KernelDescent, learning_rate: float | None) -> tuple[float, float] | None:
    rates = descent.rates[descent.rates > 0.0]
    if learning_rate is None or len(rates) == 0:
        return None
    return 1 / float(rates[-1] * learning_rate), 1 / float(rates[0] * learning_rate)


def _precision(task: Task) -> float:
    """Return the relative accuracy of the task's kernels: each layer adds its expectations'."""
    if not task.architecture.hidden:
        return EPS
    error = min(expectations_of(task).error, QUADRATURE)
    return max(EPS, len(task.architecture.hidden) * error)
