"""``priorvol sweep``: what is printed and written, going on, and every bad input."""

import csv
import json
import shlex

import pytest
from test_cli_help import examples_of, help_of

from priorvol import Architecture, Prior, Task, draw_targets, target_sweep
from priorvol.cli import main
from priorvol.sweep import atlas_targets, sweeping

NET = ["--n-inputs", "3", "--hidden", "8"]
SMALL = ["--train-size", "4", "--sets", "2", "--runs", "5", "--samples", "40", "--jobs", "1"]
WORK = [*NET, *SMALL, "--no-progress"]
ADAM = ["--optimizer", "adam"]
TARGET = ["--target", "00010111"]


def sweep(*arguments):
    return ["sweep", *WORK, *arguments]


def test_what_it_prints_and_writes(cli, at):
    arguments = [*ADAM, "--scales", "1,4", "--k", "3,12", "--per-level", "1", "--atlas", "parity"]
    arguments += ["--seed", "7", "--out", "runs/s", "--csv", "s.csv", "--figure", "s.png"]
    out = cli(*sweep(*arguments)).out
    tasks = [Task(Architecture(3, (8,)), Prior(sigma_w=s)) for s in (1.0, 4.0)]
    targets = (*draw_targets(8, [3, 12], per_level=1, seed=7), *atlas_targets(3, ["parity"]))
    wanted = target_sweep(
        tasks,
        targets,
        train_size=4,
        n_sets=2,
        n_runs=5,
        n_samples=40,
        seed=7,
        n_jobs=1,
        optimizer="adam",
    )
    assert out == f"{wanted}\nin runs/s\ns.csv\ns.png\n"
    with open("s.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["trained_error"]) for row in rows] == wanted.errors(
        "trained"
    ).ravel().tolist()
    assert (at / "s.png").stat().st_size > 1000
    record = cli(*sweep(*arguments, "--json")).json
    assert record["folder"] == "runs/s"
    assert json.dumps(record["cells"]) == json.dumps(wanted.to_json()["cells"])


def test_its_examples_work(cli, at):
    text = help_of(cli, "sweep")
    assert max(map(len, text.splitlines())) <= 100
    first, second = examples_of(text)
    quick = "--runs 3 --samples 40 --jobs 1 --no-progress"
    first = first.replace("--runs 100", quick).replace("--sets 5", "--sets 2")
    second = second.replace("--predict 1e5", f"--predict 2e3 --sets 2 {quick}")
    second = second.replace("--scales 1,2,4,8", "--scales 1,8").replace("--k 3,9,15 ", "")
    for command in (first, second):
        cli(*shlex.split(command.replace("40,40", "8,8"))[1:])
    assert (at / "sweep.png").stat().st_size > 1000


def test_it_goes_on(cli, at, monkeypatch):
    measured = []
    whole = sweeping.measure_cell

    def stopping(key, settings):
        if len(measured) == 3:
            raise KeyboardInterrupt
        measured.append(key.name)
        return whole(key, settings)

    command = sweep(*TARGET, "--activations", "relu,tanh", "--scales", "1,2", "--out", "s")
    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "measure_cell", stopping)
        assert main(command) == 130
    first = cli(*command).out
    assert len(list((at / "s" / "cells").iterdir())) == 8
    monkeypatch.setattr(sweeping, "measure_cell", None)  # everything is there
    assert cli(*command).out == first
    assert "relu, sigma_w = 1" in first and "tanh, sigma_w = 2" in first


def test_predictions(cli, at):
    command = sweep(*TARGET, "--predict", "2000", "--likelihood", "independent", "--out", "s")
    out = cli(*command).out
    assert "predicted K" in out and "of 2,000" in out
    record = cli(*command, "--json").json
    (found,) = record["posterior_complexity"]
    assert [each["learner"] for each in found["predictions"]] == ["trained", "posterior"]
    assert len(list((at / "s" / "priors").iterdir())) == 2
    alone = cli(*sweep(*TARGET, "--predict", "2000", "--posterior", "none", "--out", "t")).out
    assert "posterior  " not in alone and len(list((at / "t" / "priors").iterdir())) == 1


def test_what_no_draw_of_the_prior_fits_is_said_below_the_errors(cli, at):
    command = sweep(*TARGET, "--target", "00000000", "--predict", "1", "--seed", "2", "--out", "s")
    record = cli(*command, "--csv", "s.csv", "--json").json
    (refused,) = record["not_predicted"]
    assert refused["target"] == "0x17" and len(record["posterior_complexity"]) == 1
    assert "no draw of the prior fits any training set of 4 inputs" in refused["reason"]
    out = cli(*command).out
    assert f"P(K|S) of relu, sigma_w = 1, 0x17 is not predicted: {refused['reason']}\n" in out
    assert "trained networks" in out and (at / "s.csv").stat().st_size > 0


def test_rejection_and_starts(cli, at):
    rejection = ["--posterior", "rejection", "--samples", "2000", "--output-draws", "4"]
    out = cli(*sweep(*TARGET, *rejection, "--out", "s")).out
    assert "2,000 networks proposed to P_B at this width" in out
    start = ["--start-sigma-w", "2", "--batch-size", "all", "--stop", "zero_error+2"]
    record = cli(*sweep(*TARGET, *start, "--out", "t", "--json")).json
    assert record["settings"]["configuration"]["initialization"]["sigma_w"] == 2.0
    assert record["settings"]["stop"] == "zero_error+2"


def test_a_zero_mean_shift_is_that_of_each_activation(cli, at):
    options = ["--activations", "relu,tanh", "--shift", "zero-mean", "--runs", "0"]
    record = cli(*sweep(*TARGET, *options, "--out", "s", "--json")).json
    shifts = [each["task"]["architecture"]["shift"] for each in record["tasks"]]
    assert shifts[0] == pytest.approx(-0.39894, abs=1e-4) and shifts[1] == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "targets are wanted: --k, --atlas or --target"),
        (["--k", ""], "a number is wanted"),
        (["--k", "3,x"], "a number is wanted, got 'x'"),
        (["--k", "-1"], "k must be at least 0"),
        (["--k", "9,9.2"], "same nearest complexity"),
        ([*TARGET, "--per-level", "2"], "--per-level goes with --k"),
        (["--k", "9", "--per-level", "0"], "per_level must be at least 1"),
        (["--atlas", "majorty"], "majority"),
        (["--target", "0011"], "8"),
        ([*TARGET, "--train-size", "0"], "train_size must be at least 1"),
        ([*TARGET, "--train-size", "8"], "at most 7"),
        ([*TARGET, "--sets", "1"], "n_sets must be at least 2"),
        ([*TARGET, "--runs", "-1"], "n_runs must be at least 0"),
        ([*TARGET, "--runs", "0", "--posterior", "none"], "leave no learner"),
        ([*TARGET, "--posterior", "finite"], "posterior must be one of"),
        ([*TARGET, "--output-draws", "4"], "goes with posterior = 'rejection'"),
        ([*TARGET, "--stop", "zero_error,epochs:3"], "one stopping point"),
        ([*TARGET, "--measure", "k_zl"], "did you mean 'k_lz'"),
        ([*TARGET, "--predict", "0"], "predict must be at least 1"),
        ([*TARGET, "--likelihood", "exact"], "--likelihood goes with --predict"),
        ([*TARGET, "--predict", "9", "--likelihood", "guess"], "likelihood must be one of"),
        ([*TARGET, "--scales", "1,2", "--sigma-w", "1"], "--scales takes the place of --sigma-w"),
        ([*TARGET, "--scales", "1,2", "--start-sigma-b", "0"], "needs --start-sigma-w"),
        ([*TARGET, "--scales", "0"], "sigma_w must be above 0"),
        ([*TARGET, "--scales", "1,1"], "tasks must be distinct"),
        (
            [*TARGET, "--activations", "relu", "--activation", "tanh"],
            "--activations takes the place of --activation",
        ),
        ([*TARGET, "--activations", "relu,swish"], "activation must be one of"),
        ([*TARGET, "--optimizer", "adamw"], "did you mean 'adam'"),
        ([*TARGET, "--batch-size", "9"], "at most the 4 training inputs"),
        ([*TARGET, "--csv", "a.txt"], "file type"),
        ([*TARGET, "--csv", "no/a.csv"], "no is not a folder"),
        ([*TARGET, "--figure", "a.gif"], "file type"),
        ([*TARGET, "--figure", "no/a.png"], "no is not a folder"),
        ([*TARGET, "--jobs", "0"], "workers"),
        ([*TARGET, "--seed", "-1"], "seed"),
    ],
)
def test_bad_input(refused, at, arguments, message):
    assert message in refused(*sweep(*arguments, "--out", "s"))
    assert not (at / "s").exists()


def test_bad_folders_and_missing_options(refused, cli, at):
    assert "--out" in refused(*sweep(*TARGET))
    assert "--train-size" in refused("sweep", *NET, *TARGET, "--out", "s")
    assert "--hidden is missing" in refused(
        "sweep", "--n-inputs", "3", *SMALL, *TARGET, "--out", "s"
    )
    wide = ["sweep", "--n-inputs", "3", "--hidden", "inf", *SMALL, *TARGET, "--out", "s"]
    assert "finite" in refused(*wide)
    (at / "file").write_text("mine")
    assert "cannot make the folder" in refused(*sweep(*TARGET, "--out", "file"))
    cli(*sweep(*TARGET, "--out", "s"))
    assert "other settings: its seed is 0, not 3" in refused(
        *sweep(*TARGET, "--out", "s", "--seed", "3")
    )
    digits = ["sweep", "--inputs", "digits", "--hidden", "4", *SMALL, "--atlas", "all"]
    assert "functions of a Boolean cube" in refused(*digits, "--out", "d")
