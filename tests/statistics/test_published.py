"""Measured probabilities of 7-40-40-1 ReLU networks on {0,1}^7, w ~ N(0, 1/fan_in).

The reference values come from three independent samplers, 5 x 10^7 networks, in float32 and
float64; the errors are theirs. In a function's text, character 0 is the all-zero input.
"""

import functools
import math

import numpy as np
import pytest
from agreement import assert_within

from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.task import Task

ALL_0, ALL_1 = "0" * 128, "1" * 128
ALL_BUT_ZERO_INPUT, ONLY_ZERO_INPUT = "0" + "1" * 127, "1" + "0" * 127

# sigma_b, function, P(f), standard error
MEASURED = [
    (0.0, ALL_0, 0.06228, 0.00003),
    (0.0, ALL_BUT_ZERO_INPUT, 0.06228, 0.00003),
    (0.1, ALL_0, 0.08465, 0.00003),
    (0.1, ALL_1, 0.08465, 0.00003),
    (0.1, ONLY_ZERO_INPUT, 0.00346, 0.00001),
    (0.1, ALL_BUT_ZERO_INPUT, 0.00346, 0.00001),
]


@functools.cache
def table_of(sigma_b, n_samples):
    task = Task(Architecture(7, (40, 40)), Prior(sigma_b=sigma_b))
    return collect(task, n_samples=n_samples, seed=2026, n_jobs=2)


def assert_measured(n_samples, sigmas):
    for sigma_b, function, p, error in MEASURED:
        table = table_of(sigma_b, n_samples)
        found = table.counts[table.index(function)] / n_samples
        own = math.sqrt(p * (1 - p) / n_samples)
        print(f"sigma_b = {sigma_b}: P({function[:3]}...) = {found:.6f} +- {own:.6f}, was {p}")
        assert_within(found, p, math.hypot(error, own), sigmas=sigmas)


def test_measured_probabilities():
    assert_measured(100_000, sigmas=5)
    without = table_of(0.0, 100_000)
    assert without.t_counts[128] == 0
    # T = 127 with f(0) = 0 is one function, and the only one with T = 127
    assert without.t_counts[127] == without.counts[without.index(ALL_BUT_ZERO_INPUT)]


@pytest.mark.slow
def test_measured_probabilities_in_ten_million_samples():
    assert_measured(10_000_000, sigmas=4)
    t = table_of(0.1, 10_000_000).t_counts
    low, high = t[:64], t[:64:-1]
    assert_within(low - high, 0, np.sqrt(np.maximum(low + high, 1)))
