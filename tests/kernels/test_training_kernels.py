"""The kernels of training: products, gradients, optimisers, where runs start."""

import numpy as np
import pytest
from training_reference import finite_differences, flatten, layers, mean_loss, traces

from priorvol import (
    Architecture,
    Prior,
    Task,
    TrainingSet,
    array_inputs,
    boolean_cube,
    draw_parameters,
    rng,
)
from priorvol._kernels import training_products as products
from priorvol._kernels.training_products import WIDTH
from priorvol.activation import ACTIVATIONS
from priorvol.rng import BLOCK
from priorvol.training import loss_gradient, replay_run

SMOOTH = [name for name in ACTIVATIONS if name != "sign"]
EPS = np.finfo(np.float32).eps


def numbers(*shape, seed=0):
    return rng.generator(seed, "test").normal(size=shape).astype(np.float32)


def padded(array):
    """Return an array whose rows are filled up with zeros to whole vectors."""
    return np.pad(array, [(0, 0), (0, -array.shape[1] % WIDTH)])


@pytest.mark.parametrize("rows", [1, 3, 4, 7, 8, 13, 64])
@pytest.mark.parametrize("vectors", [1, 2, 3, 4, 5, 6, 7, 11, 13])
def test_products_of_every_shape(rows, vectors):
    inner, width = 9, WIDTH * vectors
    a, w, start = numbers(rows, inner), numbers(inner, width), numbers(width)
    wanted = start.astype(float) + a.astype(float) @ w
    bound = 10 * EPS * (np.abs(start) + np.abs(a) @ np.abs(w))
    ones, found = np.ones(width, np.float32), []
    for factors, row, step in ((a, inner, 1), (np.ascontiguousarray(a.T), 1, rows)):
        out = np.full((rows + 1, width), 7, np.float32)
        for least, mask, kept in (
            (-np.inf, ones, 0),
            (0.0, ones, 0),
            (-np.inf, numbers(rows, width, seed=1), width),
        ):
            addresses = [each.ctypes.data for each in (factors, w, start, out)]
            products.multiply(
                addresses[0],
                row,
                step,
                addresses[1],
                width,
                addresses[2],
                addresses[3],
                width,
                rows,
                inner,
                vectors,
                np.float32(least),
                mask.ctypes.data,
                kept,
            )
            raised = np.where(mask > 0.0, np.maximum(wanted, least), 0.0)
            assert (np.abs(out[:-1] - raised) <= bound).all()
        assert (out[-1] == 7).all()
        found.append(out)
    assert (found[0] == found[1]).all()  # bit for bit: one order of summing


def test_products_keep_nan_under_relu():
    a, w, start = numbers(2, 1), numbers(1, WIDTH), np.zeros(WIDTH, np.float32)
    w[0, 3] = np.nan
    out = np.zeros((2, WIDTH), np.float32)
    ones = np.ones(WIDTH, np.float32)
    a_, w_, s_, o_, m_ = (each.ctypes.data for each in (a, w, start, out, ones))
    products.multiply(a_, 1, 1, w_, WIDTH, s_, o_, WIDTH, 2, 1, 1, np.float32(0.0), m_, 0)
    assert (np.isnan(out) == np.isnan(w)).all()


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7, 64])
@pytest.mark.parametrize("vectors", [1, 5])
def test_column_sums(rows, vectors):
    source, out = numbers(rows, WIDTH * vectors), np.empty(WIDTH * vectors, np.float32)
    width = WIDTH * vectors
    products.column_sums(source.ctypes.data, width, rows, vectors, out.ctypes.data)
    bound = rows * EPS * np.abs(source).sum(axis=0)
    assert (np.abs(out - source.sum(axis=0, dtype=float)) <= bound).all()


@pytest.mark.parametrize(("rows", "vectors"), [(1, 1), (5, 1), (8, 2), (17, 3), (40, 5)])
def test_transposes(rows, vectors):
    source, zeros = numbers(rows, WIDTH * vectors), np.zeros(WIDTH, np.float32)
    above = -(-rows // WIDTH) * WIDTH
    out = np.full((WIDTH * vectors, above), 7, np.float32)
    products.transpose(source.ctypes.data, rows, vectors, zeros.ctypes.data, out.ctypes.data, above)
    assert (out == padded(source.T)).all()


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("activation", SMOOTH)
def test_gradients_against_finite_differences(activation, loss):
    points = array_inputs(numbers(11, 3), name="points")
    targets = {"targets": 0.7} if loss == "mse" else {}
    for hidden in ((), (5,), (17, 8), (9, 16, 3)):
        shift = 0.3 if activation in ("tanh", "sigmoid", "relu") else 0.0
        architecture = Architecture(3, hidden, activation, shift=shift)
        task = Task(architecture, Prior(sigma_w=1.5), points)
        S = TrainingSet([0, 2, 3, 5, 8, 10, 9], [0, 1, 1, 0, 1, 1, 0])
        parameters = replay_run(task, S, run=3).start
        found = flatten(loss_gradient(task, S, parameters, loss=loss, **targets))
        wanted = finite_differences(task, S, parameters, loss=loss, **targets)
        assert np.abs(wanted).max() > 1e-3
        assert np.abs(found - wanted).max() < 1e-5 * max(np.abs(wanted).max(), 0.1)


def test_gradients_against_torch():
    record = traces()
    S = TrainingSet(range(10), record["labels"])
    assert {one["activation"] for one in record["gradients"]} == set(SMOOTH)
    for one in record["gradients"]:
        task = traced_task(record, one["activation"])
        start = layers(record["start"], record["sizes"])
        found = loss_gradient(task, S, start, loss=one["loss"])
        np.testing.assert_allclose(flatten(found), one["gradient"], rtol=1e-5, atol=1e-6)
        assert mean_loss(task, S, start, one["loss"]) == pytest.approx(one["value"], rel=1e-9)


def traced_task(record, activation):
    inputs = array_inputs(np.array(record["points"]), name="points")
    return Task(Architecture(3, tuple(record["sizes"][1:-1]), activation), inputs=inputs)


@pytest.mark.parametrize("number", range(len(traces()["traces"]["runs"])))
def test_optimisers_step_by_step_against_torch(number):
    record = traces()
    one = record["traces"]["runs"][number]
    task = traced_task(record, record["traces"]["activation"])
    S = TrainingSet(range(10), record["labels"])
    start = layers(record["start"], record["sizes"])
    stop = [f"epochs={k}" for k in range(len(one["steps"]) + 1)]
    run = replay_run(task, S, stop=stop, parameters=start, **one["settings"])
    assert (flatten(run.start) == np.array(record["start"])).all()
    assert (flatten(run.parameters["epochs=0"]) == np.array(record["start"])).all()
    for k, wanted in enumerate(one["steps"], start=1):
        found = flatten(run.parameters[f"epochs={k}"])
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    # Steps are far larger than the tolerance.
    assert np.abs(np.array(one["steps"][0]) - record["start"]).max() > 5e-4


@pytest.mark.parametrize("encoding", ["01", "pm1"])
@pytest.mark.parametrize(
    ("hidden", "activation"),
    [((), "relu"), ((7,), "relu"), ((9, 5), "tanh"), ((6, 11, 3), "relu"), ((4, 4, 4, 4), "relu")],
)
def test_runs_start_from_the_priors_samples(hidden, activation, encoding):
    prior = Prior(
        sigma_w=0.8, sigma_b=0.3, distribution="uniform" if encoding == "01" else "gaussian"
    )
    task = Task(Architecture(4, hidden, activation), prior, boolean_cube(4, encoding))
    S = TrainingSet([0, 1], [0, 1])
    dead = 0
    for run in (0, 1, 2, 3, 4, 5, BLOCK + 7):
        start = replay_run(task, S, run=run, seed=9, stop="epochs=0").start
        drawn = draw_parameters(task, seed=9, block=run // BLOCK, index=run % BLOCK)
        h = task.inputs.values
        for (W, b), (U, c) in zip(start, drawn, strict=True):
            assert (W == np.float32(U)).all() and (b == np.float32(c)).all()
            h = np.maximum(h @ W.T + b, 0.0)
            dead += int((h.max(axis=0) == 0.0).sum())
    if len(hidden) > 2:
        assert dead > 0  # their weights come from other streams


def test_points_that_are_no_cube():
    points = array_inputs(numbers(20, 2), name="points")
    task = Task(Architecture(2, (5, 5, 5)), Prior(), points)
    for run in range(5):
        start = replay_run(task, TrainingSet([0, 1], [0, 1]), run=run, stop="epochs=0").start
        for (W, b), (U, c) in zip(start, draw_parameters(task, seed=0, index=run), strict=True):
            assert (W == U).all() and (b == c).all()
