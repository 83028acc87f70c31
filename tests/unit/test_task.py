"""Tasks: what makes two the same, the content hash, JSON, and refusals."""

import hashlib
import json
import math
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from priorvol.activation import gaussian_mean
from priorvol.architecture import Architecture, Prior
from priorvol.inputs import Inputs, array_inputs, boolean_cube
from priorvol.task import Task, check_task

POINTS = np.arange(8.0).reshape(4, 2) / 3

TASKS = [
    Task(Architecture(3)),
    Task(Architecture(3, (5, 4), "tanh"), Prior(2.0, 0.5)),
    Task(Architecture(3, (math.inf,) * 3, "gelu", "zero-mean"), Prior(sigma_b=0.0)),
    Task(Architecture(2, (3, 3)), Prior((1, 2, 3), (0, 0.5, 1), "uniform", "none", "fan_in")),
    Task(Architecture(2, (3,)), inputs=array_inputs(POINTS, name="four points")),
    Task(Architecture(4, (3,)), inputs=boolean_cube(4, "pm1").subset([3, 1, 15])),
    Task(Architecture(2, (3,), "leaky_relu", -0.1, 0.3), inputs=boolean_cube(2, "pm1")),
]


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_json_round_trip(task):
    back = Task.from_json(json.loads(json.dumps(task.to_json(), allow_nan=False)))
    assert back == task and hash(back) == hash(task)
    assert back.content_hash == task.content_hash
    assert back.architecture == task.architecture and back.prior == task.prior
    assert back.inputs == task.inputs and back.m == task.m
    assert back.to_json() == task.to_json() and str(back) == str(task)


def test_the_default_is_the_cube_under_the_standard_prior():
    task = Task(Architecture(3, (4,)))
    assert task == Task(Architecture(3, (4,)), Prior(), boolean_cube(3))
    assert task.m == 8 and task.prior.sigma_w == (1.0, 1.0)


SAME = [
    Task(Architecture(3, (4, 4), "gelu", "zero-mean"), Prior(sigma_w=1, sigma_b=0)),
    Task(Architecture(3, (4, 4), "gelu", "zero-mean"), Prior(sigma_w=1.0, sigma_b=-0.0)),
    Task(Architecture(3, (4, 4), "gelu", "zero-mean"), Prior((1, 1, 1), (0, 0, 0))),
    Task(Architecture(3.0, [4, 4.0], "gelu", "zero-mean"), Prior(np.ones(3), np.zeros(3))),
    Task(Architecture(3, (4, 4), "gelu", -gaussian_mean("gelu")), Prior(1, 0, ("gaussian",) * 3)),
    Task(
        Architecture(3, (4, 4), "gelu", "zero-mean"),
        Prior(sigma_b=0),
        array_inputs(boolean_cube(3).values, name="another name"),
    ),
]


@pytest.mark.parametrize("other", SAME[1:])
def test_one_task_written_in_many_ways(other):
    assert other == SAME[0]
    assert hash(other) == hash(SAME[0])
    assert other.content_hash == SAME[0].content_hash


def test_perceptrons_are_one_task_whatever_their_activation():
    hashes = {
        Task(architecture).content_hash
        for architecture in (
            Architecture(3),
            Architecture(3, (), "tanh"),
            Architecture(3, (), "leaky_relu", "zero-mean", 0.5),
        )
    }
    assert len(hashes) == 1


def test_any_change_is_another_task():
    cube = boolean_cube(2)
    wide = (math.inf, math.inf)
    tasks = [
        Task(Architecture(2, (4, 4))),
        Task(Architecture(3, (4, 4))),
        Task(Architecture(2)),
        Task(Architecture(2, (4,))),
        Task(Architecture(2, (4, 5))),
        Task(Architecture(2, (5, 4))),
        Task(Architecture(2, (4, 4, 4))),
        Task(Architecture(2, wide)),
        Task(Architecture(2, (math.inf,))),
        Task(Architecture(2, (4, 4), "tanh")),
        Task(Architecture(2, (4, 4), shift="zero-mean")),
        Task(Architecture(2, (4, 4), shift=1e-16)),
        Task(Architecture(2, (4, 4), "leaky_relu")),
        Task(Architecture(2, (4, 4), "leaky_relu", slope=0.02)),
        Task(Architecture(2, (4, 4)), Prior(sigma_w=1 + 2**-52)),
        Task(Architecture(2, (4, 4)), Prior(sigma_w=(2, 1, 1))),
        Task(Architecture(2, (4, 4)), Prior(sigma_w=(1, 1, 2))),
        Task(Architecture(2, (4, 4)), Prior(sigma_b=0)),
        Task(Architecture(2, (4, 4)), Prior(sigma_b=(1, 1, 0))),
        Task(Architecture(2, (4, 4)), Prior(distribution="uniform")),
        Task(Architecture(2, (4, 4)), Prior(distribution=("uniform", "gaussian", "gaussian"))),
        Task(Architecture(2, (4, 4)), Prior(weight_scaling="none")),
        Task(Architecture(2, (4, 4)), Prior(bias_scaling="fan_in")),
        Task(Architecture(2, (4, 4)), inputs=boolean_cube(2, "pm1")),
        Task(Architecture(2, (4, 4)), inputs=cube.subset([0, 1, 2])),
        Task(Architecture(2, (4, 4)), inputs=cube.subset([0, 2, 1])),
        Task(Architecture(2, (4, 4)), inputs=cube.subset([0, 1, 3, 2])),
        Task(Architecture(2, (4, 4)), inputs=array_inputs(cube.values + 1e-300)),
        Task(Architecture(2, (4, 4)), inputs=array_inputs(2 * cube.values)),
    ]
    assert len({task.content_hash for task in tasks}) == len(tasks)
    assert len(set(tasks)) == len(tasks)
    assert all(a != b for i, a in enumerate(tasks) for b in tasks[:i])
    assert tasks[0] != "task"


def test_the_hash_is_that_of_this_text():
    # Written out by hand: stored results are found by it, so it must never change.
    text = (
        '{"architecture":{"activation":"tanh","hidden":["inf"],"n_inputs":3,"shift":0.25,'
        '"type":"mlp"},"inputs":{"encoding":"pm1","kind":"cube","n":3},"prior":{"bias_scaling":'
        '["none","none"],"distribution":["gaussian","gaussian"],"sigma_b":[0.0,0.0],"sigma_w":'
        '[1.0,2.0],"weight_scaling":["fan_in","fan_in"]}}'
    )
    task = Task(
        Architecture(3, (math.inf,), "tanh", 0.25), Prior((1, 2), 0), boolean_cube(3, "pm1")
    )
    assert task.content_hash == hashlib.sha256(text.encode()).hexdigest()


def test_the_hash_of_a_perceptron_on_points():
    digest = hashlib.sha256(POINTS.astype("<f8").tobytes()).hexdigest()
    text = (
        '{"architecture":{"hidden":[],"n_inputs":2,"type":"mlp"},"inputs":{"kind":"points",'
        f'"sha256":"{digest}","shape":[4,2]}},"prior":{{"bias_scaling":["none"],"distribution":'
        '["gaussian"],"sigma_b":[1.0],"sigma_w":[1.0],"weight_scaling":["fan_in"]}}'
    )
    task = Task(Architecture(2), inputs=Inputs(POINTS, name="any"))
    assert task.content_hash == hashlib.sha256(text.encode()).hexdigest()


def test_hashes_are_equal_in_another_process():
    code = (
        "import json, sys; from priorvol.task import Task;"
        "print('\\n'.join(Task.from_json(r).content_hash for r in json.load(sys.stdin)))"
    )
    records = json.dumps([task.to_json() for task in TASKS])
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=records,
            text=True,
            capture_output=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        assert done.stdout.split() == [task.content_hash for task in TASKS]


def test_frozen():
    task = Task(Architecture(2))
    for name in ("architecture", "prior", "inputs", "m"):
        with pytest.raises((FrozenInstanceError, AttributeError)):
            setattr(task, name, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None,), "architecture must be a Architecture, got None"),
        (("mlp",), "architecture must be a Architecture, got 'mlp'"),
        ((Architecture(2), None), "prior must be a Prior, got None"),
        ((Architecture(2), {"sigma_w": 1}), "prior must be a Prior"),
        ((Architecture(2), Prior(), np.eye(2)), "inputs must be Inputs"),
        ((Architecture(2), Prior(), boolean_cube(3)), "3 dimensions, .* n_inputs = 2"),
        ((Architecture(2, (3,)), Prior(sigma_w=(1, 1, 1))), "sigma_w has 3 values.* 2 layers"),
        ((Architecture(2, (3,)), Prior(distribution=("uniform",))), "distribution has 1 values"),
        ((Architecture(17),), "got 17"),
    ],
)
def test_parts_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        Task(*arguments)


@pytest.mark.parametrize("missing", ["architecture", "prior", "inputs"])
def test_bad_records(missing):
    record = TASKS[0].to_json()
    for bad in ({key: value for key, value in record.items() if key != missing}, None, [], "x"):
        with pytest.raises(ValueError, match="a task must be a JSON object"):
            Task.from_json(bad)
    with pytest.raises(ValueError, match="a task must be a JSON object"):
        Task.from_json(record | {"seed": 1})
    with pytest.raises(ValueError, match=missing):
        Task.from_json(record | {missing: None})


def test_require_finite():
    Task(Architecture(2, (3,))).require_finite("sampling")
    Task(Architecture(2)).require_finite("sampling")
    with pytest.raises(ValueError, match=r"sampling needs finite hidden widths, got .*\(inf,\)"):
        Task(Architecture(2, (math.inf,))).require_finite("sampling")


def test_check_task():
    assert check_task(TASKS[0]) is TASKS[0]
    for other in (None, Architecture(2), TASKS[0].to_json()):
        with pytest.raises(ValueError, match=f"got {type(other).__name__}"):
            check_task(other)
