"""``priorvol experiment``: the whole experiment from the command line."""

import json

import numpy as np
import pytest

from priorvol import Architecture, Prior, Task, TrainingSet, labelled_data
from priorvol.experiments import experiment, setting_grid

CUBE = ["--n-inputs", "3", "--hidden", "5", "--sigma-b", "0.5"]
DATA = ["--train", "0,2,4-5", "--target", "00110011"]
QUICK = ["--runs", "60", "--posterior", "300", "--permutations", "9", "--bootstrap", "0"]
QUICK += ["--estimates", "ep", "--jobs", "1", "--no-progress", "--no-figures"]
OUT = ["--out", "out"]
NUMBERS = {
    "n_runs": 60,
    "n_posterior": 300,
    "n_permutations": 9,
    "n_bootstrap": 0,
    "estimates": ("ep",),
    "n_jobs": 1,
}
S = TrainingSet.of_function("00110011", [0, 2, 4, 5])
TASK = Task(Architecture(3, (5,)), Prior(sigma_b=0.5))


def test_runs_what_the_package_runs(cli, at):
    how = ["--optimizer", "sgd,adam", "--batch-size", "2,all", "--stop", "zero-error,epochs:3"]
    how += ["--seed", "4", "--functions", "20", "--min-count", "5", "--level", "0.9"]
    found = cli("experiment", *CUBE, *DATA, *how, *QUICK, *OUT)
    grid = setting_grid(
        optimizer=("sgd", "adam"), batch_size=(2, None), stop=("zero_error", "epochs=3")
    )
    wanted = experiment(
        TASK,
        S,
        target="00110011",
        settings=grid,
        seed=4,
        n_estimates=20,
        min_count=5,
        level=0.9,
        **NUMBERS,
    )
    files = "results.json, report.txt, functions.csv, settings.csv"
    assert found.out == f"{wanted}\n\nin out: {files}\n"
    assert (at / "out" / "report.txt").read_text() == f"{wanted}\n"
    record = json.loads((at / "out" / "results.json").read_text())
    assert record == json.loads(json.dumps(wanted.to_json()))
    assert len(list((at / "out" / "training").iterdir())) == 4


def test_goes_on_and_draws(cli, at, contents):
    plain = [each for each in QUICK if each != "--no-figures"]
    command = ["experiment", *CUBE, "--target", "00110011", "--train-size", "4", *plain, *OUT]
    command += ["--batch-size", "2", "--start-sigma-b", "0.1", "--estimates", "none"]
    command += ["--proposals", "50"]
    first = cli(*command, "--json").json
    assert first["reference"] == "infinite width" and len(first["training_set"]["labels"]) == 4
    assert "out/p_sgd_sgd_zero_error.png" in first["files"]
    assert sorted(first["files"]) == sorted(
        str(path.relative_to(at)) for path in (at / "out").iterdir()
        if path.is_file() and path.name != "experiment.json"
    )  # fmt: skip
    (source,) = (at / "out" / "training").iterdir()
    before = contents(at / "out" / "wide"), contents(source)
    again = cli(*command, "--json", "--no-figures").json
    assert {key: first[key] for key in first if key != "files"} == {
        key: again[key] for key in again if key != "files"
    }
    assert (contents(at / "out" / "wide"), contents(source)) == before


def test_digits_and_files(cli, at):
    network = ["--hidden", "4", "--sigma-w", "1.4", "--batch-size", "5"]
    sizes = ["--n-train", "10", "--n-test", "6", "--seed", "2"]
    found = cli("experiment", "--data", "digits", *sizes, *network, *QUICK, *OUT, "--json").json
    data = labelled_data("digits", n_train=10, n_test=6, seed=2)
    assert found["about"] == str(data) and found["n_test"] == 6
    assert found["training_set"] == data.training_set.to_json()
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, size=(30, 2, 3)).astype(np.uint8)
    classes = np.arange(30) % 4
    parts = {"x_train": images, "y_train": classes, "x_test": images[:9], "y_test": classes[:9]}
    np.savez(at / "mnist.npz", **parts)
    more = ["--positive", "0,3"]
    text = cli("experiment", "--data", "mnist.npz", *more, *sizes, *network, *QUICK, "--out", "b")
    data = labelled_data(at / "mnist.npz", n_train=10, n_test=6, seed=2, positive=(0, 3))
    assert str(data) in text.out and "mnist.npz, classes 0, 3 labelled 1" in text.out
    assert f"6-4-1 relu on {data.inputs.name}" in text.out


HERE = [*CUBE, *DATA, *QUICK, *OUT]
DIGITS = ["--data", "digits", "--hidden", "4", *QUICK, *OUT]
SIZES = ["--n-train", "10", "--n-test", "6"]
BAD = {
    "no target": ([*CUBE, *QUICK, *OUT], "--target is missing"),
    "no set": ([*CUBE, "--target", "00110011", *QUICK, *OUT], "is wanted, got none"),
    "two sets": ([*HERE, "--train-size", "3"], "is wanted, got --train, --train-size"),
    "no task": ([*DATA, *QUICK, *OUT], "--n-inputs is missing"),
    "no out": ([*CUBE, *DATA, *QUICK], "--out"),
    "all inputs": (
        [*CUBE, "--target", "00110011", "--train-size", "8", *QUICK, *OUT],
        "train_size must be at least 1 and at most 7, got 8",
    ),
    "target": ([*CUBE, "--train", "0", "--target", "0110", *QUICK, *OUT], "m = 8"),
    "stray": ([*HERE, "--n-train", "3"], "--n-train goes with --data"),
    "sizes": ([*DIGITS, "--n-test", "6"], "--data needs --n-train"),
    "data and set": ([*DIGITS, *SIZES, *DATA], "--train, --target does not go with --data"),
    "data and cube": ([*DIGITS, *SIZES, "--n-inputs", "3"], "--n-inputs does not go with --data"),
    "data": (["--data", "digit", *DIGITS[2:], *SIZES], "data must be digits or an .npz file"),
    "missing": (["--data", "no.npz", *DIGITS[2:], *SIZES], "cannot read data from no.npz"),
    "positive": ([*DIGITS, *SIZES, "--positive", "1,11"], "positive names class 11"),
    "classes": ([*DIGITS, *SIZES, "--positive", "odd"], "a whole number is wanted"),
    "infinite": (["--hidden", "inf", *HERE[4:], "--n-inputs", "3"], "finite"),
    "runs": ([*HERE, "--runs", "3"], "n_runs must be at least 20"),
    "estimates": ([*HERE, "--estimates", "exact"], "estimates must be one of"),
    "optimizer": ([*HERE, "--optimizer", "sgd,adm"], "did you mean 'adam'?"),
    "batch": ([*HERE, "--batch-size", "5"], "at most the 4 training inputs, got 5"),
    "company": ([*HERE, "--optimizer", "sgd,adam", "--momentum", "0.5"], "momentum belongs to"),
    "stop": ([*HERE, "--stop", "never"], "a stopping point must be zero_error"),
    "angles": ([*HERE, "--angles", "3"], "angles must be one of"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_input(arguments, message, refused, at):
    assert message in refused("experiment", *arguments)
    assert not (at / "out").exists()


def test_a_folder_of_something_else_is_refused(refused, at):
    (at / "out").mkdir()
    (at / "out" / "notes.txt").write_text("mine")
    assert "holds no experiment and is not empty" in refused("experiment", *HERE)
