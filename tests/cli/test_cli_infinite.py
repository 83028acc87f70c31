"""Infinite networks on the command line: collecting, resuming, and every verb that reads a run."""

import math

import numpy as np
import pytest

from priorvol import load_run
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.inputs import boolean_cube
from priorvol.task import Task

NETWORK = ["--n-inputs", "4", "--hidden", "inf,inf"]
RUN = ["--samples", "3000", "--seed", "2", "--jobs", "1", "--no-progress"]
INF = (math.inf, math.inf)

TASKS = {
    "plain": ([], Task(Architecture(4, INF))),
    "no bias": (["--sigma-b", "0"], Task(Architecture(4, INF), Prior(sigma_b=0.0))),
    "odd": (
        ["--activation", "tanh", "--encoding", "pm1"],
        Task(Architecture(4, INF, activation="tanh"), inputs=boolean_cube(4, "pm1")),
    ),
    "shift": (["--shift", "zero-mean"], Task(Architecture(4, INF, shift="zero-mean"))),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two runs, one of which has symmetries."""
    folder = tmp_path_factory.mktemp("infinite")
    for name in ("plain", "no bias"):
        collect(TASKS[name][1], n_samples=20_000, seed=1, store=folder / name)
    return folder


@pytest.mark.parametrize("name", TASKS)
def test_collecting(name, cli, tmp_path):
    arguments, task = TASKS[name]
    found = cli("collect", *NETWORK, *arguments, *RUN, "--out", tmp_path / "run", "--json").json
    table = load_run(tmp_path / "run")
    assert table == collect(task, n_samples=3000, seed=2)
    assert found["task_hash"] == task.content_hash
    assert (found["n_samples"], found["n_functions"]) == (3000, len(table))
    more = cli(
        "collect", *NETWORK, *arguments, *RUN, "--samples", "5000", "--out", tmp_path / "run"
    )
    assert more.out.startswith("4-inf-inf-1")
    assert "5,000 independent prior samples" in more.out
    np.testing.assert_array_equal(
        load_run(tmp_path / "run").rows, collect(task, n_samples=5000, seed=2).rows
    )


def test_forecasts_and_resuming(cli, tmp_path):
    out = ["--out", tmp_path / "run"]
    first = cli("collect", *NETWORK, *RUN[:-1], *out)
    assert "expecting less than a second at " in first.err
    again = cli("collect", *NETWORK, *RUN[:-1], *out)
    assert "3,000 samples are there; nothing is left to draw" in again.err
    assert again.out == first.out


def test_tasks_from_files_and_perceptrons_stay_apart(cli, refused, tmp_path):
    cli("collect", *NETWORK, *RUN, "--out", tmp_path / "run")
    finite = ["--n-inputs", "4", "--hidden", "40,40"]
    told = refused("collect", *finite, *RUN, "--out", tmp_path / "run")
    assert "it holds another task: 4-inf-inf-1 relu" in told


def test_showing(cli, folders):
    found = cli("show", folders / "no bias", "--top", "3")
    assert found.lines[0] == "4-inf-inf-1 relu on {0,1}^4, sigma_w=1, sigma_b=0"
    assert found.lines[1] == "20,000 independent prior samples"
    record = cli("show", folders / "no bias", "--json").json
    assert record["task"]["architecture"]["hidden"] == ["inf", "inf"]
    table = load_run(folders / "no bias")
    best = record["functions"][0]
    assert best["p"] == table.probability(best["function"]).p
    assert all(each["function"][0] == "0" for each in record["functions"])  # f(0) = 0


@pytest.mark.parametrize(
    ("verb", "run"), [("bias", "no bias"), ("rare", "no bias"), ("distribution", "plain")]
)
def test_simplicity(verb, run, cli, folders):
    assert cli(verb, folders / run).lines


def test_orbits_follow_the_symmetries(cli, folders):
    assert "(permutation, complement)" in cli("rare", folders / "plain").out
    assert "(permutation)" in cli("rare", folders / "no bias").out


@pytest.mark.parametrize("kind", ["rank", "histogram"])
def test_figures(kind, cli, folders, tmp_path):
    cli("plot", kind, folders / "plain", "--out", tmp_path / "figure.svg")
    assert (tmp_path / "figure.svg").stat().st_size > 1000


def test_exporting(cli, folders, tmp_path):
    cli("export", folders / "plain", "--out", tmp_path / "table.csv")
    rows = (tmp_path / "table.csv").read_text().splitlines()
    assert len(rows) == len(load_run(folders / "plain")) + 1


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["--output-draws", "5"], "output_draws = 5 has no meaning at infinite width"),
        (["--distribution", "uniform"], "distribution='uniform'"),
        (["--weight-scaling", "none"], "weight_scaling='none'"),
        (["--hidden", "inf,4"], "all finite or all infinite"),
        (["--hidden", "-inf"], "hidden"),
    ],
)
def test_bad_input_is_refused(arguments, fragment, refused, tmp_path):
    told = refused("collect", *NETWORK, *arguments, *RUN, "--out", tmp_path / "run")
    assert fragment in told
    assert not (tmp_path / "run").exists()
