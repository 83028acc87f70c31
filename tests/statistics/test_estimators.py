"""estimate() against what is known exactly, against counting, and against itself."""

import math
from itertools import product

import numpy as np
import pytest
from agreement import assert_within

from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.estimators import estimate, estimate_batch
from priorvol.inputs import boolean_cube, digits_inputs
from priorvol.task import Task
from priorvol.training_set import TrainingSet


def wide(n, depth, *, sigma_b=0.0, encoding="01", activation="relu"):
    hidden = (math.inf,) * depth
    return Task(
        Architecture(n, hidden, activation=activation if depth else "relu"),
        Prior(sigma_b=sigma_b),
        boolean_cube(n, encoding),
    )


def texts_of(m):
    return ["".join(digits) for digits in product("01", repeat=m)]


def error_of(found):
    """Standard error of P itself; 0 where it is exact."""
    return 0.0 if found.p == 0 and found.is_exact else found.p * found.standard_error


# The constant 0 without biases: the input 0 is always 0, so the law is singular


@pytest.mark.parametrize("n", [2, 3, 5, 7])
def test_the_constant_of_the_perceptron(n):
    """P(T = 0) = 2^-n: 2^n - 1 outputs of n weights (1909.11522)."""
    found = estimate(wide(n, 0), "0" * 2**n)
    assert_within(found.log_p, -n * math.log(2), found.standard_error)
    assert found.standard_error < 0.01


def test_the_constant_of_the_perceptron_by_counting_uniform_weights():
    task = Task(Architecture(7), Prior(sigma_b=0.0, sigma_w=3.0, distribution="uniform"))
    found = estimate(task, "0" * 128, method="monte_carlo", n_samples=400_000)
    assert_within(found.p, 2**-7, error_of(found))


@pytest.mark.parametrize(("depth", "p", "error"), [(1, 0.03315, 3e-5), (2, 0.05812, 3e-5)])
def test_the_constant_of_infinite_networks(depth, p, error):
    """Values of an independent sampler, sigma_w = 1, {0,1}^7."""
    found = estimate(wide(7, depth), "0" * 128, relative_error=0.002)
    assert_within(found.p, p, math.hypot(error, error_of(found)))
    assert found.standard_error <= 0.004


# Probabilities add up


@pytest.mark.parametrize("encoding", ["01", "pm1"])
@pytest.mark.parametrize("sigma_b", [0.0, 1.0])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_all_functions_of_two_inputs_add_up_to_one(depth, sigma_b, encoding):
    task = wide(2, depth, sigma_b=sigma_b, encoding=encoding)
    found = estimate_batch(task, texts_of(4), seed=4)
    error = math.sqrt(sum(error_of(each) ** 2 for each in found))
    assert_within(sum(each.p for each in found), 1.0, max(error, 1e-12))


@pytest.mark.parametrize(
    ("depth", "sigma_b", "encoding"),
    [(0, 1.0, "01"), (1, 0.0, "01"), (1, 1.0, "pm1"), (2, 0.1, "01")],
)
def test_all_functions_of_three_inputs_add_up_to_one(depth, sigma_b, encoding):
    task = wide(3, depth, sigma_b=sigma_b, encoding=encoding)
    found = estimate_batch(task, texts_of(8), seed=4)
    error = math.sqrt(sum(error_of(each) ** 2 for each in found))
    assert_within(sum(each.p for each in found), 1.0, error)
    assert error < 0.002


# Methods agree


@pytest.mark.parametrize("sigma_b", [0.0, 0.5])
@pytest.mark.parametrize("depth", [1, 2])
def test_orthants_agree_with_scipy(depth, sigma_b):
    task = wide(3, depth, sigma_b=sigma_b)
    rng = np.random.default_rng(depth)
    texts = ["00000000", "01101001", "00010111"] + [
        "0" + "".join(row) for row in rng.choice(["0", "1"], size=(7, 7))
    ]
    ours = estimate_batch(task, texts, seed=1)
    theirs = estimate_batch(task, texts, seed=1, method="genz", n_samples=50_000)
    errors = [
        math.hypot(a.standard_error, b.standard_error) for a, b in zip(ours, theirs, strict=True)
    ]
    assert_within([a.log_p for a in ours], [b.log_p for b in theirs], errors)


@pytest.mark.parametrize("encoding", ["01", "pm1"])
def test_orthants_agree_with_counts_of_infinite_networks(encoding):
    task = wide(5, 2, sigma_b=0.3, encoding=encoding)
    table = collect(task, n_samples=200_000, seed=1)
    functions = table.ranks(40).functions
    # chosen by one seed, counted by another: choosing by the counts compared would bias them
    counted = estimate_batch(task, functions, method="monte_carlo", n_samples=200_000, seed=2)
    exact = estimate_batch(task, functions, seed=3)
    p = np.array([each.p for each in exact])
    errors = np.sqrt(p * (1 - p) / 200_000 + np.array([error_of(each) for each in exact]) ** 2)
    assert_within([each.p for each in counted], p, errors)


def test_orthants_agree_with_counts_of_perceptrons():
    task = Task(Architecture(4), Prior(sigma_b=0.7))
    functions = collect(task, n_samples=50_000, seed=1).ranks(30).functions
    counted = estimate_batch(task, functions, method="monte_carlo", n_samples=300_000, seed=2)
    exact = estimate_batch(task, functions, seed=3)
    p = np.array([each.p for each in exact])
    errors = np.sqrt(p * (1 - p) / 300_000 + np.array([error_of(each) for each in exact]) ** 2)
    assert_within([each.p for each in counted], p, errors)


# Evidence


@pytest.mark.parametrize(
    ("n", "indices", "labels"), [(2, [1, 2], "10"), (3, [0, 3, 5, 6], "0110"), (3, [7, 1], "11")]
)
@pytest.mark.parametrize("sigma_b", [0.0, 1.0])
def test_evidence_is_the_sum_over_completions(n, indices, labels, sigma_b):
    task, training_set = wide(n, 2, sigma_b=sigma_b), TrainingSet(indices, labels)
    fitting = [text for text in texts_of(2**n) if training_set.fits([text])[0]]
    assert len(fitting) == 2 ** (2**n - len(indices))
    found = estimate_batch(task, fitting, seed=1)
    evidence = estimate(task, training_set, seed=2)
    error = math.hypot(error_of(evidence), math.sqrt(sum(error_of(each) ** 2 for each in found)))
    assert_within(evidence.p, sum(each.p for each in found), error)


def test_evidence_on_digits_by_orthants_and_by_counting():
    """Six images, even against odd."""
    from sklearn.datasets import load_digits

    odd = load_digits().target % 2
    training_set = TrainingSet(range(6), odd[:6])
    task = Task(Architecture(64, (math.inf, math.inf)), Prior(sigma_b=0.1), digits_inputs())
    exact = estimate(task, training_set)
    counted = estimate(task, training_set, method="monte_carlo", n_samples=300_000)
    assert_within(counted.p, exact.p, math.hypot(error_of(exact), error_of(counted)))
    finite = Task(Architecture(64, (1000,)), Prior(sigma_b=0.1), digits_inputs())
    infinite = Task(Architecture(64, (math.inf,)), Prior(sigma_b=0.1), digits_inputs())
    limit = estimate(infinite, training_set)
    near = estimate(finite, training_set, method="monte_carlo", n_samples=20_000)
    # of order 1 / 1000 away, which is below the error of 20,000 draws
    assert_within(near.p, limit.p, math.hypot(error_of(near), error_of(limit)))


@pytest.mark.parametrize("m", [20, 100, pytest.param(500, marks=pytest.mark.slow)])
def test_the_evidence_of_digits_splits_over_one_more_label(m):
    """P(S) = P(S and f(x) = 0) + P(S and f(x) = 1), each orthant by itself."""
    from sklearn.datasets import load_digits

    odd = load_digits().target % 2
    task = Task(Architecture(64, (math.inf, math.inf)), Prior(sigma_b=0.1), digits_inputs())
    whole = estimate(task, TrainingSet(range(m), odd[:m]), relative_error=0.01)
    parts = [
        estimate(task, TrainingSet(range(m + 1), [*odd[:m], label]), relative_error=0.01)
        for label in (0, 1)
    ]
    shares = [math.exp(part.log_p - whole.log_p) for part in parts]
    errors = [share * part.standard_error for share, part in zip(shares, parts, strict=True)] + [
        whole.standard_error
    ]
    assert_within(sum(shares), 1.0, math.hypot(*errors))
    assert math.hypot(*errors) < 0.05


# The approximations are what the literature uses them as


def test_ep_is_wrong_where_it_is_known_to_be():
    """EP's error is largest for the constants; everywhere here it is far beyond the orthant's."""
    task = wide(7, 2)
    exact, ep = (estimate(task, "0" * 128, method=name) for name in ("orthant", "ep"))
    error = (ep.log_p - exact.log_p) / math.log(10)
    assert -0.3 < error < -0.1


@pytest.mark.slow
@pytest.mark.parametrize("sigma_b", [0.0, 1.0])
def test_all_functions_of_three_inputs_to_a_thousandth(sigma_b):
    found = estimate_batch(wide(3, 2, sigma_b=sigma_b), texts_of(8), relative_error=0.001)
    error = math.sqrt(sum(error_of(each) ** 2 for each in found))
    assert_within(sum(each.p for each in found), 1.0, error)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["01", "pm1"])
def test_probabilities_of_seven_inputs_against_ten_million_counts(encoding):
    task = wide(7, 2, sigma_b=0.5, encoding=encoding)
    functions = collect(task, n_samples=1_000_000, seed=1).ranks(100).functions
    counted = estimate_batch(task, functions, method="monte_carlo", n_samples=10_000_000, seed=2)
    exact = estimate_batch(task, functions, seed=3)
    p = np.array([each.p for each in exact])
    errors = np.sqrt(p * (1 - p) / 1e7 + np.array([error_of(each) for each in exact]) ** 2)
    assert_within([each.p for each in counted], p, errors)
