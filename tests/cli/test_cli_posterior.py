"""``priorvol posterior``: P_B(f|S) at both widths from the command line."""

import json
import math

import pytest

from priorvol import Architecture, Prior, Task, TrainingSet, load_run, posterior
from priorvol.rejection import acceptance

NETWORK = ["--n-inputs", "3", "--sigma-b", "0.5"]
FINITE, WIDE = [*NETWORK, "--hidden", "5"], [*NETWORK, "--hidden", "inf"]
DATA = ["--train", "0,2,4-5", "--target", "01101001"]
RUN = ["--jobs", "1", "--no-progress", "--out", "runs/a"]
S = TrainingSet.of_function("01101001", [0, 2, 4, 5])


def task(width):
    return Task(Architecture(3, (width,)), Prior(sigma_b=0.5))


@pytest.mark.parametrize("draws", [1, 10])
def test_finite_width(cli, at, draws):
    number = ["--proposals", "2e4", "--output-draws", draws, "--seed", "7"]
    found = cli("posterior", *FINITE, *DATA, *RUN, *number)
    wanted = posterior(task(5), S, n_proposals=20_000, output_draws=draws, seed=7, n_jobs=1)
    assert load_run("runs/a") == wanted
    assert f"{wanted.n_samples:,} {wanted.source}" in found.lines
    assert found.lines[-1] == f"accepted of 20,000 functions of the prior: {acceptance(wanted)}"


def test_output_draws_in_planes(cli, at):
    number = ["--proposals", "1e5", "--angles", "4", "--seed", "7"]
    found = cli("posterior", *FINITE, *DATA, *RUN, *number)
    wanted = posterior(task(5), S, n_proposals=100_000, angles=4, seed=7, n_jobs=1)
    assert load_run("runs/a") == wanted
    assert found.lines[-1] == f"accepted of 102,400 functions of the prior: {acceptance(wanted)}"
    assert "at 4 angles of planes" in cli("show", "runs/a").out


def test_infinite_width(cli, at):
    chains = ["--samples", "2000", "--chain-length", "8"]
    found = cli("posterior", *WIDE, *DATA, *RUN, *chains, "--json").json
    wanted = posterior(task(math.inf), S, n_samples=2_000, chain_length=8, n_jobs=1)
    assert load_run("runs/a") == wanted
    assert (found["n_samples"], found["n_functions"]) == (2_000, len(wanted))
    assert (found["n_proposals"], found["acceptance"]) == (None, None)
    assert found["source"]["method"] == "chains"


def test_goes_on_and_is_shown(cli, refused, at, contents):
    (at / "set.json").write_text(json.dumps(S.to_json()))
    given = ["--training-set", "set.json"]
    first = cli("posterior", *FINITE, *given, *RUN, "--proposals", "1e4", "--json").json
    second = cli("posterior", *FINITE, *DATA, *RUN, "--proposals", "3e4", "--json").json
    assert (first["n_proposals"], second["n_proposals"]) == (10_000, 30_000)
    assert second["n_samples"] > first["n_samples"]
    assert second["acceptance"]["diagnostics"]["count"] == second["n_samples"]
    assert load_run("runs/a") == posterior(task(5), S, n_proposals=30_000, n_jobs=1)
    before = contents(at)
    shown = cli("show", "runs/a", "--json").json
    assert shown["n_samples"] == second["n_samples"]
    assert shown["source"] == second["source"]
    assert "accepted from the prior, given 4 training inputs" in cli("show", "runs/a").out
    error = refused("posterior", *FINITE, *DATA, *RUN, "--proposals", "1e4")
    assert "more than n_proposals = 10,000" in error
    assert contents(at) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*FINITE, *DATA, *RUN], "--proposals is missing: at finite width"),
        ([*WIDE, *DATA, *RUN], "--samples is missing: at infinite width"),
        ([*FINITE, *DATA, *RUN, "--samples", "9"], "--samples does not go with finite width"),
        ([*WIDE, *DATA, *RUN, "--proposals", "9"], "--proposals does not go with infinite width"),
        (
            ["--n-inputs", "3", "--hidden", "none", *DATA, *RUN, "--proposals", "9"],
            "does not go with a perceptron with Gaussian parameters, drawn as infinite width is",
        ),
        (
            [*FINITE, *DATA, *RUN, "--proposals", "9", "--chain-length", "2"],
            "--chain-length does not go with finite width",
        ),
        (
            [*WIDE, *DATA, *RUN, "--samples", "9", "--output-draws", "2"],
            "--output-draws does not go with infinite width",
        ),
        (
            [*WIDE, *DATA, *RUN, "--samples", "9", "--angles", "4"],
            "--angles does not go with infinite width",
        ),
        ([*FINITE, *RUN, "--proposals", "9"], "a training set is wanted: --train and --target"),
        ([*FINITE, *DATA[:2], *RUN, "--proposals", "9"], "--train and --target go together"),
        ([*FINITE, *DATA, *RUN, "--proposals", "0"], "n_proposals must be at least 1"),
        ([*FINITE, *DATA, *RUN, "--proposals", "0.5"], "a whole number is wanted"),
        ([*FINITE, *DATA, *RUN[:-2], "--proposals", "9"], "required: --out"),
        ([*FINITE, *DATA, *RUN, "--proposals", "9", "--seed", "-1"], "seed must be at least 0"),
    ],
)
def test_bad_input(refused, at, arguments, message):
    assert message in refused("posterior", *arguments)
    assert not list(at.iterdir())


def test_hopeless_training_sets(refused, at):
    labels = "".join(str(i * 37 % 11 % 2) for i in range(128))
    network = ["--n-inputs", "7", "--hidden", "40,40", "--train", "0-127", "--target", labels]
    error = refused("posterior", *network, *RUN, "--proposals", "1e9")
    assert "rejection from the prior is hopeless here" in error
    assert not list(at.iterdir())
