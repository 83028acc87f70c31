"""Ensembles of finite networks, trained by the package, against training at infinite width.

A finite network's trained outputs differ from the infinite one's by terms in 1 / width where the
activation is smooth; two widths give the limit by Richardson's extrapolation. Training is stopped
early, so that several functions are left.
"""

import math

import numpy as np
import pytest
from agreement import assert_within

from priorvol import Architecture, Prior, Task, TrainingSet, bits, train_ensemble
from priorvol.infinite.dynamics import train_prediction
from priorvol.sampler import evaluate
from priorvol.training import replay_run

PRIOR = Prior(sigma_w=1.4, sigma_b=0.5)
S = TrainingSet([0, 1, 3], [1, 0, 1])
RATE = 0.3


@pytest.mark.parametrize(
    ("parametrization", "depth", "width", "steps", "n"),
    [("ntk", 1, 64, 3, 12_000), ("ntk", 2, 64, 4, 12_000), ("standard", 1, 128, 5, 40_000)],
)
def test_functions_of_wide_ensembles(parametrization, depth, width, steps, n):
    wide = Task(Architecture(2, (math.inf,) * depth, "erf"), PRIOR)
    prediction = train_prediction(
        wide, S, steps=steps, learning_rate=RATE, parametrization=parametrization
    )
    shares = []
    for each in (width, 2 * width):
        task = Task(Architecture(2, (each,) * depth, "erf"), PRIOR)
        ensemble = train_ensemble(
            task,
            S,
            n_runs=n,
            stop=f"epochs={steps}",
            loss="mse",
            learning_rate=RATE if parametrization == "ntk" else RATE / each,
            parametrization=parametrization,
            seed=each,
            n_jobs=1,
            progress=False,
        )
        share = np.zeros(16)
        for text, count in zip(
            bits.to_text(ensemble.table.functions, 4, base=2), ensemble.table.counts, strict=True
        ):
            share[int(text, 2)] = count / n
        shares.append(share)
    found = [prediction.probability(format(f, "04b"), seed=f) for f in range(16)]
    p = np.array([one.p for one in found])
    own = p * np.array([one.standard_error for one in found])
    likely = p * n > 50  # rarer ones have no normal error
    assert likely.sum() >= 5 and p.max() < 0.9
    error = np.sqrt(5 * p * (1 - p) / n + own**2)
    assert_within((2 * shares[1] - shares[0])[likely], p[likely], error[likely])
    start = train_prediction(wide, S, steps=0, learning_rate=RATE, parametrization=parametrization)
    before = np.array([start.probability(format(f, "04b"), seed=f).p for f in range(16)])
    assert np.abs(before - p).max() > 15 * error.max()  # training has moved them by far more


def test_outputs_of_wide_networks_follow_their_linearisation():
    # Each network against the infinite response to its own start: the gap falls as 1 / width.
    from priorvol.infinite.covariance import tangent_kernel
    from priorvol.infinite.kernel_descent import KernelDescent

    steps, runs, targets = 20, 300, np.array([1.0, -1.0, 1.0])
    wide = Task(Architecture(2, (math.inf,), "tanh"), PRIOR)
    response = KernelDescent(tangent_kernel(wide), np.array(S.indices)).descent(
        steps, learning_rate=RATE
    )
    limit, variance, gaps = 0.0, 0.0, []
    for factor, weight in ((1, -1.0), (2, 2.0)):
        task = Task(Architecture(2, (128 * factor,), "tanh"), PRIOR)
        gap = np.empty((runs, 4))
        for run in range(runs):
            one = replay_run(
                task,
                S,
                run=run,
                seed=factor,
                stop=f"epochs={steps}",
                loss="mse",
                learning_rate=RATE,
                parametrization="ntk",
            )
            infinite = response.outputs(evaluate(task, one.start), targets)
            gap[run] = evaluate(task, one.parameters[f"epochs={steps}"]) - infinite
        limit = limit + weight * gap.mean(axis=0)
        variance = variance + weight**2 * gap.var(axis=0, ddof=1) / runs
        gaps.append(gap.std())
    assert_within(limit, 0.0, np.sqrt(variance))
    assert np.sqrt(variance).max() < 0.03  # outputs are of size 1
    assert gaps[1] < 0.9 * gaps[0]
