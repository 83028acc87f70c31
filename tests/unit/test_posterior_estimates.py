"""P(f|S) of given functions by several methods: agreement, what does not fit, bad input."""

import math

import numpy as np
import pytest
from agreement import assert_within

from priorvol import posterior, posterior_estimates, posterior_probability
from priorvol.architecture import Architecture, Prior
from priorvol.bits import to_text
from priorvol.infinite.dynamics import nngp_regression, train_prediction
from priorvol.posterior_of_functions import POSTERIOR_ESTIMATES, RATIOS
from priorvol.task import Task
from priorvol.training_set import TrainingSet

INF = math.inf
TASK = Task(Architecture(3, (INF,)), Prior(sigma_b=0.5))
S = TrainingSet([0, 3, 5], [1, 0, 1])
FREE = [1, 2, 4, 6, 7]


def all_that_fit():
    """Return all 32 functions that fit S."""
    found = np.zeros((32, 8), dtype=bool)
    found[:, [0, 5]] = True
    found[:, FREE] = np.arange(32)[:, None] >> np.arange(5) & 1
    return found


def estimates(method, functions, **options):
    return posterior_estimates(TASK, S, functions, method=method, n_jobs=1, **options)


@pytest.mark.parametrize("method", POSTERIOR_ESTIMATES)
def test_probabilities_sum_to_one(method):
    found = estimates(method, all_that_fit())
    p = np.array([each.p for each in found])
    if method in ("ep", "laplace"):
        assert p.sum() == pytest.approx(1, abs=0.05)  # approximations, without an error
    elif method == "ep-probit":
        assert p.sum() == pytest.approx(1, abs=0.01)
    else:
        errors = p * np.array([each.standard_error for each in found])
        # the error of P(S) is common to all
        shared = found[0].diagnostics.get("training_set_error", 0.0)
        assert_within(p.sum(), 1.0, math.hypot(np.linalg.norm(errors), shared))


def test_ratios_agree_with_counts():
    table = posterior(TASK, S, n_samples=100_000, n_jobs=1)
    found = estimates("orthant", table)
    assert len(found) == len(table)
    p = np.array([each.p for each in found])
    counted = np.sqrt(p * (1 - p) / table.n_samples)  # of the exact law
    errors = np.hypot(counted, p * np.array([each.standard_error for each in found]))
    assert_within(table.counts / table.n_samples, p, errors)


def test_expectation_propagation_is_close():
    exact, close = (estimates(method, all_that_fit()) for method in ("orthant", "ep"))
    difference = [a.log_p - b.log_p for a, b in zip(exact, close, strict=True)]
    assert 1e-3 < np.abs(difference).max() < 0.2  # nats; it is no more than an approximation
    for each in close:
        assert math.isnan(each.standard_error) and math.isnan(each.low) and math.isnan(each.high)
        assert each.quantity == "P_B(f|S)"


def test_one_function_is_estimated_as_among_others():
    words = all_that_fit()[:3]
    found = estimates("orthant", words, seed=4, relative_error=0.02)
    for word, each in zip(words, found, strict=True):
        one = posterior_probability(TASK, word, S, seed=4, relative_error=0.02)
        assert (one.log_p, one.low, one.high) == (each.log_p, each.low, each.high)
    d = found[0].diagnostics
    assert found[0].log_p == d["log_p_function"] - d["log_p_training_set"]
    assert 0 < d["training_set_error"] < found[0].standard_error


@pytest.mark.parametrize("method", ["nngp", "ntk"])
def test_regressions_are_the_predictions(method):
    make = nngp_regression if method == "nngp" else train_prediction
    prediction = make(TASK, S)
    words = all_that_fit()[:4]
    found = estimates(method, words, seed=2)
    assert [each.log_p for each in found] == [
        prediction.probability(word, seed=2).log_p for word in words
    ]
    assert {each.quantity for each in found} == {f"P_{method.upper()}(f|S)"}


def test_training_that_has_not_ended_need_not_fit():
    (early,) = posterior_estimates(TASK, S, ["00000000"], method="ntk", time=0.1, n_jobs=1)
    assert early.log_p > -5
    assert early.log_p == train_prediction(TASK, S, time=0.1).probability("00000000").log_p


@pytest.mark.parametrize("method", POSTERIOR_ESTIMATES)
def test_what_does_not_fit_is_impossible(method):
    fitting = to_text(np.packbits(all_that_fit()[7], bitorder="little")[None].astype(np.uint64), 8)
    first, none, last = estimates(method, ["0" * 8, *fitting, "1" * 8])
    for each in (first, last):
        assert each.log_p == each.low == each.high == -INF
        assert math.isnan(each.standard_error)
    assert none.log_p > -INF
    if method in RATIOS:
        assert first.diagnostics["log_p_function"] == -INF


@pytest.mark.parametrize("method", POSTERIOR_ESTIMATES)
def test_labels_of_all_inputs_leave_one_function(method):
    labelled = TrainingSet.of_function("00001111", range(8))
    functions = ["00001111", "00001110"]
    found = posterior_estimates(TASK, labelled, functions, method=method, n_jobs=1)
    assert [each.p for each in found] == [1.0, 0.0]
    assert (found[0].log_p, found[0].low, found[0].high) == (0.0, 0.0, 0.0)


def test_quantities_of_noisy_links_are_named():
    for method in ("ep-probit", "laplace"):
        assert estimates(method, ["1" * 8])[0].quantity == (
            "P_B(f|S) under a unit-noise probit link"
        )


def test_no_function_is_no_estimate():
    empty = np.empty((0, 1), dtype=np.uint64)
    assert [estimates(method, empty) for method in POSTERIOR_ESTIMATES] == [[]] * 6


def test_the_limit_of_a_finite_task_is_asked_for():
    finite = Task(Architecture(3, (40,)), TASK.prior)
    assert finite.wide() == TASK
    assert finite.wide().wide() == TASK
    perceptron = Task(Architecture(3))
    assert perceptron.wide() == perceptron
    with pytest.raises(ValueError, match=r"got hidden = \(40,\): take the limit, task.wide\(\)"):
        posterior_estimates(finite, S, ["1" * 8])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "monte_carlo"}, "method must be one of 'orthant', 'ep'"),
        ({"functions": ["01"]}, "8"),
        ({"training_set": "01"}, "training_set must be a TrainingSet"),
        ({"task": "01"}, "task must be a Task"),
        ({"relative_error": 0}, "relative_error must be above 0"),
        ({"relative_error": 0.1, "method": "ep"}, "relative_error does not go with method 'ep'"),
        ({"time": 1.0}, "time = 1.0 goes with method 'ntk'"),
        ({"time": -1.0, "method": "ntk"}, "time must be"),
        ({"level": 1.0}, "level must be"),
        ({"seed": 0.5}, "seed must be an integer"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"training_set": TrainingSet([8], [1])}, "index 8"),
        ({"task": Task(Architecture(3, (INF,)), Prior(distribution="uniform"))}, "uniform"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    options = {"task": TASK, "training_set": S, "functions": ["1" * 8], **changes}
    task, training_set, functions = (options.pop(key) for key in list(options)[:3])
    with pytest.raises(ValueError, match=message):
        posterior_estimates(task, training_set, functions, **options)


@pytest.mark.parametrize("method", RATIOS[:2])
def test_no_posterior_without_evidence(method):
    no_bias = Task(Architecture(3, (INF,)), Prior(sigma_b=0.0))
    with pytest.raises(ValueError, match=r"P\(S\) = 0: no function fits"):
        posterior_estimates(no_bias, TrainingSet([0], [1]), ["1" * 8], method=method)
