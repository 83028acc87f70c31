"""What the literature says of learning targets from simple to complex, on its own networks."""

import numpy as np
import pytest

from priorvol import Architecture, Prior, Task, boolean_cube, draw_targets, target_sweep

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found():
    """2304.06670: 7-(40 x 10)-1 tanh, sigma_b = 0.2, in the ordered and in the chaotic regime."""
    net = Architecture(7, (40,) * 10, activation="tanh")
    cube = boolean_cube(7, "pm1")
    return target_sweep(
        [Task(net, Prior(sigma_w=scale, sigma_b=0.2), cube) for scale in (1.0, 8.0)],
        draw_targets(cube, [31.5, 91, 150.5], per_level=6, seed=1),
        train_size=64,
        n_sets=3,
        n_runs=15,
        n_samples=300,
        optimizer="adam",
        learning_rate=0.001,
        batch_size=32,
        max_epochs=1000,
    )


@pytest.mark.parametrize("learner", ["trained", "posterior"])
def test_ordered_networks_learn_simple_targets(found, learner):
    curve = found.by_complexity(learner, level=0.99)
    assert curve.high[0, 0] < 0.5  # below the unbiased learner
    assert curve.high[0, 0] < curve.low[1, 0]  # and below chaotic networks
    assert curve.low[0, -1] <= 0.5 <= curve.high[0, -1]
    rho, low, _ = found.trend(learner)
    assert low[0] > 0.5 and rho[0] > rho[1]


@pytest.mark.parametrize("learner", ["trained", "posterior"])
def test_chaotic_networks_learn_next_to_nothing(found, learner):
    assert np.abs(found.by_complexity(learner).mean[1] - 0.5).max() < 0.06
    k = found.mean_k(learner)[:, -6:]  # of complex targets, on the same training sets
    simpler = (k[1] - k[0]).ravel()
    assert simpler.mean() > 3 * simpler.std(ddof=1) / np.sqrt(len(simpler))


def test_training_reaches_zero_error(found):
    assert found.missed().sum() == 0 and not found.refused().any()
