"""The verb correlation, and --sigma-w unit in verbs that read a task."""

import math

import pytest

from priorvol import load_run
from priorvol.infinite.correlation_map import correlation_map, unit_sigma_w


def test_correlation_prints_the_map(cli):
    found = cli("correlation", "--activation", "relu", "--shift", "zero-mean")
    assert found.out == f"{correlation_map('relu', shift='zero-mean')}\n"
    assert found.err == ""


def test_correlation_as_json(cli):
    asked = ["--activation", "tanh", "--sigma-w", "2.5", "--sigma-b", "0.2", "--rho", "0.9"]
    found = cli("correlation", *asked, "--depth", "3", "--tolerance", "0.1", "--json").json
    options = {"sigma_w": 2.5, "sigma_b": 0.2, "rho": 0.9, "n_layers": 4, "tolerance": 0.1}
    assert found == correlation_map("tanh", **options).to_json()
    assert len(found["correlations"]) == 4


def test_correlation_of_a_leaky_rectifier(cli):
    found = cli("correlation", "--activation", "leaky_relu", "--slope", "0.3", "--json").json
    assert found["slope"] == 0.3
    assert found["sigma_w"] ** 2 == pytest.approx(2 / 1.09)


def test_infinite_numbers_are_json(cli):
    assert cli("correlation", "--activation", "sign", "--json").json["chi"] == "inf"


def test_collecting_at_unit_variance(cli, own_desk):
    net = ["--n-inputs", "4", "--hidden", "6,6", "--shift", "zero-mean", "--encoding", "pm1"]
    law = ["--sigma-w", "unit", "--sigma-b", "0"]
    found = cli("collect", *net, *law, "--samples", "1000", "--out", "unit")
    assert "note" not in found.err
    task = load_run("unit").task
    assert task.prior.sigma_w == unit_sigma_w(task.architecture)
    assert task.prior.sigma_w[1] == pytest.approx(math.sqrt(1 / (0.5 - 1 / (2 * math.pi))))


def test_other_inputs_are_remarked_upon(cli, own_desk):
    net = ["--n-inputs", "4", "--hidden", "6", "--sigma-w", "unit", "--sigma-b", "0"]
    assert "note: the variance is 1" in cli("collect", *net, "--samples", "10", "--out", "01").err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--sigma-b", "0.1"], "needs sigma_b=0"),
        (["--rho", "2"], "rho must be"),
        (["--rho", "x"], "a number is wanted"),
        (["--sigma-w", "0"], "sigma_w must be above"),
        (["--sigma-w", "units"], "a number is wanted"),
        (["--sigma-w", "1,2"], "a number is wanted"),
        (["--activation", "relo"], "did you mean 'relu'"),
        (["--slope", "0.1"], "--activation leaky_relu"),
        (["--tolerance", "0"], "tolerance must be"),
        (["--depth", "-1"], "depth must be"),
        (["--depth", "1e6"], "depth must be"),
        (["--shift", "nan"], "shift must be finite"),
    ],
)
def test_bad_input(refused, arguments, message):
    assert message in refused("correlation", *arguments)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--hidden", "4", "--sigma-w", "unit"], "add --sigma-b 0"),
        (["--hidden", "4", "--sigma-w", "unit", "--sigma-b", "0,0.1"], "add --sigma-b 0"),
        (
            ["--hidden", "4", "--sigma-w", "unit", "--sigma-b", "0", "--weight-scaling", "none"],
            "--weight-scaling fan_in",
        ),
        (["--hidden", "4", "--sigma-w", "unity"], "a number is wanted"),
        (["--hidden", "4", "--sigma-w", "unit,1"], "a number is wanted"),
    ],
)
def test_bad_unit_variance(refused, own_desk, arguments, message):
    asked = ["collect", "--n-inputs", "3", *arguments, "--samples", "10", "--out", "bad"]
    assert message in refused(*asked)
