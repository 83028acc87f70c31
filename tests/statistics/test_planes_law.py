"""Output draws in planes against plain rejection and the infinite-width posterior; intervals."""

import math

import numpy as np
import pytest
from agreement import assert_within

from priorvol import posterior
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.estimators import estimate
from priorvol.inputs import boolean_cube
from priorvol.provenance import Span
from priorvol.rejection import acceptance, rejection_producer
from priorvol.sampler import draw_parameters, evaluate
from priorvol.task import Task
from priorvol.training_set import TrainingSet

S = TrainingSet([0, 3, 5, 6], [1, 0, 1, 0])
NARROW = Task(Architecture(3, (5,)))
DEEP = Task(Architecture(4, (6, 6)), Prior(sigma_b=0.3))
HARD = TrainingSet([0, 3, 5, 6, 9, 10, 15], [1, 0, 0, 1, 0, 1, 0])


def of_width(width):
    """One hidden layer: the law differs from the limit's by about one over the width."""
    return Task(
        Architecture(3, (width,), activation="erf"), Prior(sigma_b=0.4), boolean_cube(3, "pm1")
    )


def assert_same_law(table, other):
    """Fail unless the shares of the functions seen often agree, in errors that tables state."""
    held = 0
    for function in other.functions[other.counts >= 100]:
        a, b = table.probability(function), other.probability(function)
        if a.standard_error < 0.25:  # else too few groups to know it
            assert_within(a.log_p, b.log_p, math.hypot(a.standard_error, b.standard_error))
            held += 1
    assert held > 3


@pytest.mark.slow
def test_wide_networks_have_the_posterior_of_infinite_width():
    table = posterior(of_width(300), S, n_proposals=4e7, angles=4, seed=3)
    infinite = posterior(of_width(math.inf), S, n_samples=200_000, seed=3, chain_length=1)
    assert_same_law(table, infinite)
    found, truth = acceptance(table), estimate(of_width(math.inf), S, seed=1)
    assert found.standard_error < 0.02
    assert_within(found.log_p, truth.log_p, math.hypot(found.standard_error, truth.standard_error))


@pytest.mark.parametrize(
    ("task", "training_set", "angles", "draws"),
    [
        (NARROW, S, 8, None),
        pytest.param(NARROW, S, 4, 8192, marks=pytest.mark.slow),
        pytest.param(DEEP, HARD, 4, None, marks=pytest.mark.slow),
        pytest.param(DEEP, HARD, 64, None, marks=pytest.mark.slow),
        pytest.param(DEEP, HARD, 4, 8192, marks=pytest.mark.slow),
    ],
)
def test_narrow_networks_are_those_of_plain_rejection(task, training_set, angles, draws):
    n = 1e6 if task is NARROW else 1e7
    plain = posterior(task, training_set, n_proposals=n, seed=8)
    options = {"angles": angles, "output_draws": draws, "seed": 9}
    table = posterior(task, training_set, n_proposals=50 * n, **options)
    single, many = acceptance(plain), acceptance(table)
    error = math.hypot(single.standard_error, many.standard_error)
    assert error < 0.05
    assert_within(many.log_p, single.log_p, error)
    assert_same_law(table, plain)


@pytest.mark.slow
def test_each_output_draw_has_the_prior_s_law():
    """Each angle of one plane by itself, replayed: P(S) with a standard error, no grouping."""
    fits = np.zeros((4, 3_000), dtype=bool)
    chosen, wanted = list(S.indices), np.array(S.labels, dtype=bool)
    for angle in range(4):
        for index in range(3_000):
            draw = 4 * (11 * 32 + 7) + angle
            h = evaluate(
                NARROW, draw_parameters(NARROW, seed=5, index=index, angles=4, output_draw=draw)
            )
            fits[angle, index] = ((h[chosen] > 0) == wanted).all()
    truth = acceptance(posterior(NARROW, S, n_proposals=4e6, seed=1)).p
    assert_within(fits.mean(1), truth, math.sqrt(truth * (1 - truth) / 3_000))


@pytest.mark.slow
@pytest.mark.parametrize("groups", [30, 300])
def test_intervals_hold_the_truth(groups):
    """Of 400 runs: P(S), and the share of the likeliest function, against the prior's table."""
    table = collect(NARROW, n_samples=4_000_000, seed=99)
    fits = S.fits(table)
    functions, counts = table.functions[fits], table.counts[fits]
    top = int(np.argmax(counts))
    share, evidence = counts[top] / counts.sum(), counts.sum() / table.n_samples
    runs, held = 400, np.zeros(2)
    producer = rejection_producer(NARROW, S, seed=1, output_draws=4096, angles=4, n_jobs=1)
    for run in range(runs):
        found = producer.table(Span(1, 4096, groups * run, groups * (run + 1)))
        low, high = found.probability(functions[top : top + 1]).interval
        held[0] += low <= share <= high
        low, high = acceptance(found).interval
        held[1] += low <= evidence <= high
    print(groups, held / runs)
    assert (held / runs > 0.95 - 5 * math.sqrt(0.95 * 0.05 / runs)).all()
    assert (held < runs).any()  # intervals that always hold would be too wide
