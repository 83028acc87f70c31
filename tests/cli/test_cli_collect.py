"""``priorvol collect``: tasks of every kind, resuming, and agreement with the package."""

import json

import numpy as np
import pytest

from priorvol import load_run
from priorvol.architecture import Architecture, Prior
from priorvol.cli.collect import _duration
from priorvol.collector import collect
from priorvol.inputs import array_inputs, boolean_cube, digits_inputs
from priorvol.task import Task

RUN = ["--samples", "200", "--jobs", "1", "--no-progress", "--out", "run"]
NETWORK = ["--n-inputs", "3", "--hidden", "4"]

TASKS = {
    "plain": (NETWORK, Task(Architecture(3, (4,)))),
    "two layers": (["--n-inputs", "3", "--hidden", "4,5"], Task(Architecture(3, (4, 5)))),
    "perceptron": (["--n-inputs", "3", "--hidden", "none"], Task(Architecture(3))),
    "Perceptron": (["--n-inputs", "3", "--hidden", "None"], Task(Architecture(3))),
    "exponent": (["--n-inputs", "3e0", "--hidden", "1e1"], Task(Architecture(3, (10,)))),
    "activation": (
        [*NETWORK, "--activation", "tanh"],
        Task(Architecture(3, (4,), activation="tanh")),
    ),
    "leaky": (
        [*NETWORK, "--activation", "leaky_relu", "--slope", "0.2"],
        Task(Architecture(3, (4,), activation="leaky_relu", slope=0.2)),
    ),
    "shift": ([*NETWORK, "--shift", "-0.25"], Task(Architecture(3, (4,), shift=-0.25))),
    "zero mean": (
        [*NETWORK, "--shift", "zero-mean"],
        Task(Architecture(3, (4,), shift="zero-mean")),
    ),
    "sigmas": (
        [*NETWORK, "--sigma-w", "1e0,2", "--sigma-b", "0.5, 0"],
        Task(Architecture(3, (4,)), Prior(sigma_w=(1.0, 2.0), sigma_b=(0.5, 0.0))),
    ),
    "no bias": ([*NETWORK, "--sigma-b", "0"], Task(Architecture(3, (4,)), Prior(sigma_b=0.0))),
    "laws": (
        [*NETWORK, "--distribution", "uniform", "--weight-scaling", "none"],
        Task(Architecture(3, (4,)), Prior(distribution="uniform", weight_scaling="none")),
    ),
    "a law a layer": (
        [*NETWORK, "--distribution", "uniform,gaussian", "--bias-scaling", "fan_in,none"],
        Task(
            Architecture(3, (4,)),
            Prior(distribution=("uniform", "gaussian"), bias_scaling=("fan_in", "none")),
        ),
    ),
    "encoding": (
        [*NETWORK, "--encoding", "pm1"],
        Task(Architecture(3, (4,)), inputs=boolean_cube(3, "pm1")),
    ),
    "csv": (
        ["--hidden", "4", "--inputs", "points.csv"],
        Task(Architecture(2, (4,)), inputs=array_inputs([[0, 1], [1, 0.5], [1, 0.1]])),
    ),
    "npz": (
        ["--hidden", "4", "--inputs", "points.npz", "--key", "b", "--n-inputs", "2"],
        Task(Architecture(2, (4,)), inputs=array_inputs(np.arange(6.0).reshape(3, 2))),
    ),
    "npy": (
        ["--hidden", "4", "--inputs", "points.npy"],
        Task(Architecture(4, (4,)), inputs=array_inputs(np.eye(4))),
    ),
    "digits": (
        ["--hidden", "4", "--inputs", "digits"],
        Task(Architecture(64, (4,)), inputs=digits_inputs()),
    ),
    "json": (["--task", "task.json"], Task(Architecture(3, (4,)))),
}


@pytest.mark.parametrize("name", TASKS)
def test_the_run_is_the_package_s(name, cli, on_desk, tmp_path):
    arguments, task = TASKS[name]
    out = tmp_path / "run"
    found = cli("collect", *arguments, *RUN, "--seed", "7", "--out", out, "--json").json
    table = collect(task, n_samples=200, seed=7, n_jobs=1)
    assert load_run(out) == table
    assert load_run(out).task == task
    assert found == {
        "run": str(out),
        "task_hash": task.content_hash,
        "seed": 7,
        "output_draws": 1,
        "n_samples": 200,
        "n_functions": len(table),
        "n_singletons": table.n_singletons,
    }


def test_the_task_of_a_run_makes_the_same_run(cli, at):
    laws = ["--sigma-w", "1,2", "--activation", "erf", "--encoding", "pm1"]
    cli("collect", *NETWORK, *laws, *RUN)
    task = json.loads((at / "run" / "manifest.json").read_text())["task"]
    (at / "task.json").write_text(json.dumps(task))
    cli("collect", "--task", "task.json", *RUN, "--out", "again")
    assert load_run("again") == load_run("run")


def test_upper_case_suffixes_are_known(cli, at):
    (at / "POINTS.CSV").write_text("0,1\n1,0\n")
    cli("collect", "--hidden", "4", "--inputs", "POINTS.CSV", *RUN)
    assert load_run("run").m == 2


@pytest.mark.parametrize("number", ["200", "2e2", "2E2", "200.0", "+200", "2_00", "0.2e3"])
def test_ways_to_write_a_number(number, cli, at):
    assert cli("collect", *NETWORK, *RUN, "--samples", number, "--json").json["n_samples"] == 200


def test_output_draws(cli, at):
    found = cli("collect", *NETWORK, *RUN, "--output-draws", "8", "--json").json
    table = collect(Task(Architecture(3, (4,))), n_samples=200, output_draws=8, n_jobs=1)
    assert load_run("run") == table
    assert (found["output_draws"], found["n_functions"]) == (8, len(table))


def test_the_largest_seed(cli, at):
    seed = (1 << 64) - 1
    assert cli("collect", *NETWORK, *RUN, "--seed", seed, "--json").json["seed"] == seed


def test_what_is_printed(cli, at):
    found = cli("collect", *NETWORK, *RUN)
    n = len(load_run("run"))
    assert found.lines == [
        "3-4-1 relu on {0,1}^3, sigma_w=1, sigma_b=1",
        "200 independent prior samples",
        f"{n} functions, in run",
    ]
    assert found.err == ""


def test_the_forecast_goes_to_standard_error(cli, at):
    run = [word for word in RUN if word != "--no-progress"]
    first = cli("collect", *NETWORK, *run, "--json")
    assert first.json["n_samples"] == 200
    assert first.err.startswith("expecting less than a second at ")
    assert first.err.endswith(" MiB of memory\n") and first.err.count("\n") == 1
    again = cli("collect", *NETWORK, *run, "--json")
    assert again.out == first.out
    assert again.err == "200 samples are there; nothing is left to draw\n"
    more = cli("collect", *NETWORK, *run, "--samples", "300", "--json")
    assert more.json["n_samples"] == 300
    assert more.err.startswith("200 samples are there; expecting less than a second at ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "less than a second"),
        (1.4, "about 1 s"),
        (119, "about 119 s"),
        (180, "about 3.0 minutes"),
        (9000, "about 2.5 hours"),
        (864000, "about 10.0 days"),
    ],
)
def test_durations(seconds, text):
    assert _duration(seconds) == text


@pytest.mark.parametrize("draws", ["1", "4"])
def test_the_same_again_changes_nothing_and_prints_the_same(draws, cli, at, contents):
    command = ["collect", *NETWORK, *RUN, "--output-draws", draws]
    first, before = cli(*command), contents(at)
    assert cli(*command) == first
    assert contents(at) == before


@pytest.mark.parametrize("draws", ["1", "4"])
def test_more_samples_are_added(draws, cli, at, contents):
    command = ["collect", *NETWORK, *RUN, "--output-draws", draws]
    cli(*command)
    cli(*command, "--samples", "1000")
    cli(*command, "--samples", "5000", "--jobs", "2")
    cli(*command, "--samples", "5000", "--out", "once")
    assert contents(at / "run") == contents(at / "once")


def test_folders_above_are_made(cli, at):
    cli("collect", *NETWORK, *RUN, "--out", "some/where/run")
    assert load_run("some/where/run").n_samples == 200
