"""Training at infinite width: against an independent implementation, closed cases and symmetry."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from agreement import assert_within
from scipy.stats import norm

from priorvol import (
    Architecture,
    FunctionTable,
    GaussianLaw,
    Prior,
    Task,
    TrainingSet,
    array_inputs,
    boolean_cube,
    draw_parameters,
)
from priorvol.infinite.covariance import output_law, tangent_kernel
from priorvol.infinite.dynamics import nngp_regression, train_prediction
from priorvol.infinite.linearized import linearize

INF = math.inf
ORACLE = Path(__file__).parents[2] / "data" / "nngp_ntk.json"
TRAINED = json.loads(ORACLE.read_text(encoding="utf-8"))["dynamics_values"]
S = TrainingSet([0, 3, 5], [1, 0, 1])


def wide(n=3, depth=2, activation="relu", encoding="01", **prior):
    return Task(
        Architecture(n, (INF,) * depth, activation), Prior(**prior), boolean_cube(n, encoding)
    )


def of_record(record):
    task = wide(
        record["n_inputs"],
        record["hidden_layers"],
        record["activation"],
        record["encoding"],
        sigma_w=record["sigma_w"],
        sigma_b=record["sigma_b"],
    )
    labels = [int(label > 0) for label in record["labels"]]
    return task, TrainingSet(record["train"], labels), float(record["t"])


@pytest.mark.parametrize("record", TRAINED, ids=lambda r: f"{r['activation']}-{r['t']}")
def test_against_an_independent_implementation(record):
    task, training_set, time = of_record(record)
    assert training_set.indices == tuple(record["train"])
    found = {"ntk": train_prediction(task, training_set, time=time)}
    if time == INF:
        found["nngp"] = nngp_regression(task, training_set)
    test = record["test"]
    for name, prediction in found.items():
        mean, covariance = np.array(record[f"{name}_mean"]), np.array(record[f"{name}_cov"])
        np.testing.assert_allclose(prediction.mean[test], mean, rtol=0, atol=1e-13)
        inside = prediction.covariance[np.ix_(test, test)]
        np.testing.assert_allclose(inside, covariance, rtol=0, atol=1e-13)
        assert prediction.unfitted == ()


def test_no_training_is_the_prior():
    task = wide(sigma_b=0.3)
    prior = output_law(task)
    for none in ({"time": 0}, {"steps": 0, "learning_rate": 0.1}):
        prediction = train_prediction(task, S, **none)
        np.testing.assert_array_equal(prediction.mean, 0.0)
        np.testing.assert_allclose(prediction.covariance, prior.covariance, rtol=0, atol=1e-14)
        np.testing.assert_allclose(prediction.ones, 0.5, rtol=0, atol=0)


def test_infinite_time_interpolates():
    prediction = train_prediction(wide(), S, targets=2.0)
    assert prediction.time == INF and prediction.expected_loss == 0.0
    np.testing.assert_array_equal(prediction.mean[[0, 3, 5]], [2.0, -2.0, 2.0])
    np.testing.assert_array_equal(prediction.covariance[[0, 3, 5]], 0.0)
    np.testing.assert_array_equal(prediction.ones[[0, 3, 5]], [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(
        prediction.mean,
        2 * train_prediction(wide(), S).mean,  # linear in the targets
    )


def test_the_loss_decays_as_the_outputs_say():
    prediction = train_prediction(wide(), S, time=1.5)
    chosen, y = [0, 3, 5], np.array([1.0, -1.0, 1.0])
    deviation = prediction.standard_deviation[chosen]
    draws = norm.rvs(
        prediction.mean[chosen], deviation, size=(100_000, 3), random_state=np.random.default_rng(0)
    )
    losses = ((draws - y) ** 2).mean(axis=1) / 2  # the mean needs no joint law
    assert 0.01 < prediction.expected_loss < 0.5
    # The three terms are dependent in truth; here independent draws give the error of the mean.
    assert_within(losses.mean(), prediction.expected_loss, losses.std() / math.sqrt(len(losses)))
    later = train_prediction(wide(), S, time=3.0)
    assert later.expected_loss < prediction.expected_loss


def test_a_perceptron_is_exact_at_its_own_width():
    # The law is that of h -> the linear model's outputs, network by network.
    points = array_inputs(np.array([[1.0, 2.0], [0.5, -1.0], [-1.0, 0.3], [2.0, 2.0]]))
    task = Task(Architecture(2), Prior(sigma_w=1.3, sigma_b=0.6), points)
    training_set, n = TrainingSet([0, 2], [1, 0]), 2_000
    prediction = train_prediction(task, training_set, steps=12, learning_rate=0.4)
    h = np.array(
        [
            linearize(task, draw_parameters(task, seed=5, index=i)).train(
                training_set, steps=12, learning_rate=0.4
            )
            for i in range(n)
        ]
    )
    variances = np.diag(prediction.covariance)
    assert_within(h.mean(axis=0), prediction.mean, np.sqrt(variances / n))
    assert_within(
        (h - prediction.mean).T @ (h - prediction.mean) / n,
        prediction.covariance,
        np.sqrt((np.outer(variances, variances) + prediction.covariance**2) / n),
    )


def test_the_zero_input_never_moves_without_bias():
    for depth in (0, 1, 2):
        hidden = (INF,) * depth
        task = Task(Architecture(3, hidden), Prior(sigma_b=0.0))
        for how in ({}, {"time": 2.0}, {"steps": 9, "learning_rate": 0.3}):
            prediction = train_prediction(task, S, **how)
            assert prediction.mean[0] == 0.0 and prediction.ones[0] == 0.0
            np.testing.assert_array_equal(prediction.covariance[0], 0.0)
            assert prediction.unfitted == (0,)  # its label is 1
        assert prediction.law.reduced.index[0] == -1
        regression = nngp_regression(task, S)
        assert regression.unfitted == (0,) and regression.mean[0] == 0.0
    assert "never fitted: 1 of the training inputs (0)" in str(prediction)


def test_a_label_that_asks_for_where_it_is_still_counts_as_unfitted():
    # Output 0 has the right bit for label 0, but -1 is asked for.
    prediction = train_prediction(wide(sigma_b=0.0), TrainingSet([0, 6], [0, 1]))
    assert prediction.unfitted == (0,)
    assert prediction.expected_loss == 0.25


def test_equal_inputs_with_different_labels():
    points = array_inputs([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    task = Task(Architecture(2, (INF,)), Prior(sigma_b=0.5), points)
    contradiction = TrainingSet([0, 1, 2], [1, 1, 0])
    for prediction in (
        train_prediction(task, contradiction),
        nngp_regression(task, contradiction),
    ):
        assert prediction.unfitted == (0, 2)
        np.testing.assert_array_equal(prediction.mean[[0, 2]], 0.0)
        np.testing.assert_array_equal(prediction.covariance[:4], 0.0)  # 3 follows 1
        np.testing.assert_allclose(prediction.mean[[1, 3]], 1.0, rtol=0, atol=1e-13)
        assert prediction.covariance[4, 4] > 0
        assert abs(prediction.expected_loss - 1 / 3) < 1e-14
    agreement = TrainingSet([0, 1, 2], [1, 1, 1])
    prediction = train_prediction(task, agreement)
    assert prediction.unfitted == ()
    single = train_prediction(task, TrainingSet([0, 1], [1, 1]))
    np.testing.assert_allclose(prediction.mean, single.mean, rtol=0, atol=1e-13)


def test_xor_is_out_of_a_perceptrons_reach():
    task = Task(Architecture(7), Prior(sigma_b=0.7), boolean_cube(7, "pm1"))
    parity = "".join(str(bin(i).count("1") % 2) for i in range(128))
    training_set = TrainingSet.of_function(parity, range(128))
    prediction = train_prediction(task, training_set)
    np.testing.assert_array_equal(prediction.mean, 0.0)
    np.testing.assert_array_equal(prediction.covariance, 0.0)
    assert prediction.unfitted == tuple(range(128)) and prediction.expected_loss == 0.5
    assert prediction.probability("0" * 128).p == 1.0


def test_an_odd_network_without_bias_stays_odd():
    task = wide(3, 1, "erf", "pm1", sigma_b=0.0)
    prediction = train_prediction(task, TrainingSet([1, 2], [1, 0]), time=3.0)
    np.testing.assert_allclose(prediction.mean, -prediction.mean[::-1], rtol=0, atol=1e-14)
    reduced = prediction.law.reduced
    assert reduced.k == 4
    # Antipodes that ask for the same output cancel, and are named.
    agreement = train_prediction(task, TrainingSet([1, 2, 6], [1, 0, 0]))
    assert agreement.unfitted == ()
    clash = train_prediction(task, TrainingSet([1, 2, 6], [1, 0, 1]))
    assert clash.unfitted == (1, 6)
    np.testing.assert_array_equal(clash.mean[[1, 6]], 0.0)


def test_permuting_the_inputs_permutes_the_prediction():
    task = wide(3, 2, "relu", sigma_b=0.4)
    order = np.array([6, 2, 7, 0, 1, 5, 3, 4])
    moved = Task(task.architecture, task.prior, task.inputs.subset(order))
    place = np.argsort(order)
    there = TrainingSet(place[list(S.indices)], S.labels)
    one, other = (train_prediction(t, s, time=2.0) for t, s in ((task, S), (moved, there)))
    np.testing.assert_allclose(other.mean, one.mean[order], rtol=0, atol=1e-13)
    expected = one.covariance[np.ix_(order, order)]
    np.testing.assert_allclose(other.covariance, expected, rtol=0, atol=1e-13)


def test_flipping_labels_mirrors_the_prediction():
    one = train_prediction(wide(), S, time=2.0)
    other = train_prediction(wide(), TrainingSet(S.indices, [1 - y for y in S.labels]), time=2.0)
    np.testing.assert_array_equal(one.mean, -other.mean)
    np.testing.assert_array_equal(one.covariance, other.covariance)


def test_learning_rate_is_a_unit_of_time():
    one = train_prediction(wide(), S, time=3.0)
    other = train_prediction(wide(), S, time=30.0, learning_rate=0.1)
    np.testing.assert_allclose(one.covariance, other.covariance, rtol=0, atol=1e-15)
    np.testing.assert_allclose(np.array(other.time_scales), 10 * np.array(one.time_scales))


def test_small_steps_are_flow():
    flow = train_prediction(wide(), S, time=2.0)
    gaps = [
        np.abs(train_prediction(wide(), S, steps=k, learning_rate=2 / k).mean - flow.mean).max()
        for k in (400, 4_000)
    ]
    assert 9 < gaps[0] / gaps[1] < 11


def test_time_scales():
    task = wide()
    rates = np.linalg.eigvalsh(tangent_kernel(task)[np.ix_(S.indices, S.indices)]) / 3
    found = train_prediction(task, S, learning_rate=0.5).time_scales
    np.testing.assert_allclose(found, [2 / rates[-1], 2 / rates[0]], rtol=1e-13)
    still = train_prediction(wide(sigma_b=0.0), TrainingSet([0], [1]))
    assert still.time_scales is None and still.unfitted == (0,)
    np.testing.assert_array_equal(still.mean, 0.0)


def test_regression_with_noise():
    task, noise = wide(activation="sign"), 0.3  # no tangent kernel is needed
    K, chosen = output_law(task).covariance, list(S.indices)
    gain = K[:, chosen] @ np.linalg.inv(K[np.ix_(chosen, chosen)] + noise * np.eye(3))
    prediction = nngp_regression(task, S, noise=noise)
    np.testing.assert_allclose(prediction.mean, gain @ [1.0, -1.0, 1.0], rtol=0, atol=1e-13)
    expected = K - gain @ K[chosen]
    np.testing.assert_allclose(prediction.covariance, expected, rtol=0, atol=1e-13)
    assert prediction.parametrization is None and prediction.time_scales is None


def test_regression_against_scikit_learn():
    from sklearn.gaussian_process import GaussianProcessRegressor

    from priorvol.infinite.kernels import NNGP

    task, chosen = wide(3, 2, sigma_w=1.4, sigma_b=0.5), list(S.indices)
    kernel = NNGP(depth=2, sigma_w=1.4, sigma_b=0.5)
    oracle = GaussianProcessRegressor(kernel, alpha=0.1, optimizer=None)
    oracle.fit(task.inputs.values[chosen], [1.0, -1.0, 1.0])
    mean, covariance = oracle.predict(task.inputs.values, return_cov=True)
    prediction = nngp_regression(task, S, noise=0.1)
    np.testing.assert_allclose(prediction.mean, mean, rtol=0, atol=1e-13)
    np.testing.assert_allclose(prediction.covariance, covariance, rtol=0, atol=1e-13)


# Functions


def test_one_output_at_a_time():
    prediction = train_prediction(wide(), S, time=1.0)
    deviation = np.sqrt(np.diag(prediction.covariance))
    expected = norm.sf(0.0, prediction.mean, deviation)
    np.testing.assert_allclose(prediction.ones, expected, rtol=1e-13)
    target = "10001101"
    right = np.where([c == "1" for c in target], expected, 1 - expected)
    assert abs(prediction.accuracy(target) - right[[1, 2, 4, 6, 7]].mean()) < 1e-14
    assert abs(prediction.accuracy(target, [0, 3]) - right[[0, 3]].mean()) < 1e-14
    table = prediction.functions(20_000, seed=1, n_jobs=1)
    bits_set = np.array([[c == "1" for c in text] for text in table.ranks().texts()])
    counted = table.ranks().counts @ bits_set / table.n_samples
    assert_within(counted, expected, np.sqrt(expected * (1 - expected) / table.n_samples))


@pytest.mark.parametrize(
    "predict",
    [
        lambda: train_prediction(wide(), S),
        lambda: train_prediction(wide(sigma_b=0.0), S, time=1.0),
        lambda: train_prediction(wide(3, 1, "erf"), S, steps=20, parametrization="standard"),
        lambda: nngp_regression(wide(), S, noise=0.5),
    ],
    ids=["limit", "flow, no bias", "steps, standard", "regression"],
)
def test_tables_against_orthants(predict):
    prediction = predict()
    table = prediction.functions(200_000, seed=2, n_jobs=1)
    assert isinstance(table, FunctionTable) and table.task == prediction.task
    top = table.ranks(5)
    for text, p in zip(top.texts(), top.p, strict=True):
        exact = prediction.probability(text, seed=3)
        assert exact.quantity == prediction.quantity
        error = math.hypot(
            math.sqrt(exact.p * (1 - exact.p) / table.n_samples), exact.p * exact.standard_error
        )
        assert_within(p, exact.p, error)
    if prediction.expected_loss == 0.0:
        assert S.fits(table.functions, m=8).all()
        wrong = prediction.probability("0" * 8)
        assert wrong.p == 0.0 and wrong.is_exact


def test_all_functions_add_up_to_one():
    prediction = train_prediction(wide(2, 1), TrainingSet([1, 2], [1, 0]), time=2.0)
    found = [prediction.probability(format(i, "04b"), seed=i) for i in range(16)]
    total = sum(one.p for one in found)
    assert_within(total, 1.0, math.sqrt(sum((one.p * one.standard_error) ** 2 for one in found)))


def test_tables_of_one_prediction_add_up_and_of_others_do_not():
    task = wide()
    one = train_prediction(task, S, time=1.0).functions(1_000, seed=0, n_jobs=1)
    same = train_prediction(task, S, time=1.0).functions(1_000, seed=1, n_jobs=1)
    assert (one + same).n_samples == 2_000
    others = (
        train_prediction(task, S, time=2.0),
        train_prediction(task, S, time=1.0, targets=2.0),
        train_prediction(task, S, time=1.0, parametrization="standard"),
        train_prediction(task, TrainingSet([0, 3, 6], [1, 0, 1]), time=1.0),
        nngp_regression(task, S),
    )
    for other in others:
        with pytest.raises(ValueError, match="sources differ"):
            one + other.functions(10, seed=2, n_jobs=1)


# Printing, and bad input


def test_json_holds_what_fixes_the_law():
    record = json.loads(json.dumps(train_prediction(wide(), S).to_json(), allow_nan=False))
    assert record["time"] == "inf" and record["parametrization"] == "ntk"
    assert Task.from_json(record["task"]) == wide()
    assert TrainingSet.from_json(record["training_set"]) == S
    np.testing.assert_array_equal(record["mean"], train_prediction(wide(), S).mean)
    steps = train_prediction(wide(), S, steps=3, learning_rate=0.1).to_json()
    assert steps["steps"] == 3 and "time" not in steps
    regression = nngp_regression(wide(), S, noise=0.1).to_json()
    assert regression["noise"] == 0.1 and regression["time_scales"] is None
    json.dumps([steps, regression], allow_nan=False)


def test_parts_that_do_not_fit_are_refused():
    prediction = train_prediction(wide(), S)
    with pytest.raises(ValueError, match="law has 4 outputs, but the task has 8 inputs"):
        replace(prediction, law=GaussianLaw(np.eye(4)), training_set=TrainingSet([0], [1]))
    with pytest.raises(ValueError, match="method must be one of 'ntk', 'nngp'"):
        replace(prediction, method="gp")


def test_printing():
    text = str(train_prediction(wide(), S, steps=1_000, learning_rate=0.25))
    assert text.splitlines()[1:] == [
        "1,000 steps of gradient descent, learning rate 0.25, ntk parametrisation; targets -1, +1",
        "3 training inputs, 2 of them labelled 1; expected loss "
        f"{train_prediction(wide(), S, steps=1_000, learning_rate=0.25).expected_loss:.4g}",
    ]
    assert "NNGP regression, noise variance 0.1" in str(nngp_regression(wide(), S, noise=0.1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: train_prediction(wide(), [0, 1]), "training_set must be a TrainingSet, got list"),
        (lambda: train_prediction(wide(), TrainingSet([8], [1])), "index 8, but there are m = 8"),
        (lambda: train_prediction("task", S), "task must be a Task, got str"),
        (lambda: train_prediction(wide(), S, time=-1), "time must be at least 0.0, got -1"),
        (lambda: train_prediction(wide(), S, time=1, steps=1), "got time=1 and steps=1"),
        (lambda: train_prediction(wide(), S, learning_rate=-1), "learning_rate must be above 0.0"),
        (lambda: train_prediction(wide(), S, targets=-1), "targets must be above 0.0, got -1"),
        (lambda: train_prediction(wide(), S, steps=9, learning_rate=5), "diverges"),
        (lambda: train_prediction(wide(), S, parametrization="mup"), "'ntk', 'standard'"),
        (lambda: train_prediction(wide(activation="sign"), S), "sign"),
        (lambda: nngp_regression(wide(), S, noise=-1), "noise must be at least 0.0, got -1"),
        (lambda: train_prediction(wide(), S).probability("01"), "8"),
        (lambda: train_prediction(wide(), S).probability("0" * 8, method="monte_carlo"), "method"),
        (lambda: train_prediction(wide(), S).probability("0" * 8, level=1), "level"),
        (
            lambda: train_prediction(wide(), S).functions(0),
            "n_samples must be at least 1 .*, got 0",
        ),
        (lambda: train_prediction(wide(), S).accuracy("0" * 8, [8]), "indices must lie in 0..7"),
        (
            lambda: train_prediction(wide(1), TrainingSet([0, 1], [0, 1])).accuracy("01"),
            "indices must be a non-empty list",
        ),
        (
            lambda: train_prediction(Task(Architecture(3, (20,))), S),
            r"infinite hidden widths \(math.inf\) or no hidden layer, got hidden = \(20,\)",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_largest_learning_rate_is_named():
    kernel = tangent_kernel(wide())[np.ix_(S.indices, S.indices)]
    largest = 6 / np.linalg.eigvalsh(kernel)[-1]
    train_prediction(wide(), S, steps=5, learning_rate=largest * (1 - 1e-12))
    with pytest.raises(ValueError, match=f"at most {largest:.6g}"):
        train_prediction(wide(), S, steps=5, learning_rate=largest * (1 + 1e-12))
