"""``priorvol estimate``: rows, records, training sets, runs; and every bad input."""

import json
import math

import pytest
from test_cli_bad_input import BASES, FUNCTIONS, LEVELS, NO_RUN, TASK, TOPS

from priorvol import Architecture, Prior, Task, TrainingSet, estimate, estimate_batch, load_run
from priorvol.estimators import methods

WIDE = ["--n-inputs", "3", "--hidden", "inf"]
FINITE = ["--n-inputs", "3", "--hidden", "4"]
COUNT = ["--method", "monte_carlo", "--samples", "2000", "--jobs", "1"]
F = ["--function", "01101001"]
TRAIN = ["--train", "0,5-7", "--target", "01101001"]
TASK_WIDE = Task(Architecture(3, (math.inf,)))
KEYS = ["task", "task_hash", "method", "estimates"]


def test_functions_one_a_row(cli):
    out = cli("estimate", *WIDE, *F, "--function", "0x80", "--method", "ep").lines
    assert out[0] == str(TASK_WIDE)
    assert out[1].startswith("P(f) by ep, expectation propagation")
    assert out[2].split() == "function log10 P P low high rel. error seconds".split()
    for line, text in zip(out[3:], ("01101001", "10000000"), strict=True):
        found = estimate(TASK_WIDE, text, method="ep")
        cells = line.split()
        assert cells[:3] == [text, f"{found.log10_p:.4f}", f"{found.p:.4g}"]
        assert cells[3:7] == ["-", "-", "not", "given"]


def test_records_hold_the_estimates(cli):
    arguments = ["--method", "genz", "--samples", "5000", "--seed", "3", "--json"]
    record = cli("estimate", *WIDE, *F, *arguments).json
    assert list(record) == KEYS
    assert record["task_hash"] == TASK_WIDE.content_hash
    (row,) = record["estimates"]
    wanted = estimate(TASK_WIDE, "01101001", method="genz", seed=3, n_samples=5000)
    assert row.pop("function") == "01101001"
    assert (row.pop("p"), row.pop("log10_p")) == (wanted.p, wanted.log10_p)
    assert row.pop("exact") is False
    assert row | {"seconds": 0} == wanted.to_json() | {"seconds": 0}


def test_exact_zeros_and_methods_without_errors_are_json(cli):
    arguments = [*WIDE, "--sigma-b", "0", "--function", "10000000", "--json"]
    (row,) = cli("estimate", *arguments, "--method", "ep").json["estimates"]
    assert (row["p"], row["log_p"], row["exact"]) == (0.0, None, True)
    text = cli("estimate", *arguments[:-1], "--method", "ep").lines[3]
    assert text.split() == ["10000000", "-inf", "0", "0", "0", "exact", "0"]


def test_training_sets(cli, at):
    wanted = estimate(TASK_WIDE, TrainingSet.of_function("01101001", [0, 5, 6, 7]), method="ep")
    lines = cli("estimate", *WIDE, *TRAIN, "--method", "ep").lines
    assert lines[1].startswith("P(S) by ep,")
    assert lines[3].startswith(f"4 training inputs, 1 of them labelled 1  {wanted.log10_p:.4f} ")
    record = TrainingSet.of_function("01101001", [0, 5, 6, 7]).to_json()
    (at / "set.json").write_text(json.dumps(record))
    again = cli("estimate", *WIDE, "--training-set", "set.json", "--method", "ep", "--json").json
    assert again["estimates"][0]["log_p"] == wanted.log_p
    assert again["estimates"][0]["training_set"] == "4 training inputs, 1 of them labelled 1"


def test_functions_of_a_file(cli, at):
    (at / "functions.txt").write_text("# two functions\n01101001\n\n 0x80 \n")
    out = cli(
        "estimate", *WIDE, *F, "--functions", "functions.txt", "--method", "ep", "--json"
    ).json
    texts = [row["function"] for row in out["estimates"]]
    assert texts == ["01101001", "01101001", "10000000"]


def test_functions_of_a_run_by_its_task_and_by_another(cli, on_desk):
    table = load_run("a")
    found = cli("estimate", "--run", "a", "--top", "3", *COUNT, "--json")
    assert found.err.startswith("seed 0 counts draws that a holds already;")
    assert cli("estimate", "--run", "a", *COUNT, "--seed", "1").err == ""
    rows = found.json["estimates"]
    assert [row["function"] for row in rows] == table.ranks(3).texts()
    assert [row["count"] for row in rows] == table.ranks(3).counts.tolist()
    # the run has the same task and seed: it counted the same draws
    assert [row["diagnostics"]["count"] for row in rows] == table.ranks(3).counts.tolist()
    lines = cli("estimate", "--run", "a", *WIDE, "--method", "ep", "--base", "16").lines
    assert lines[2].split()[:2] == ["function", "count"]
    wanted = estimate_batch(TASK_WIDE, table.ranks(10).functions, method="ep")
    assert [line.split()[2] for line in lines[3:]] == [f"{e.log10_p:.4f}" for e in wanted]
    assert all(line.startswith("0x") for line in lines[3:])


def test_what_did_not_finish_is_said(cli):
    arguments = ["--n-inputs", "2", "--hidden", "none", "--sigma-b", "0", "--function", "0110"]
    found = cli("estimate", *arguments, "--method", "ep")
    assert found.err == "1 of 1 did not reach the method's stopping rule\n"
    assert found.lines[3].endswith("not converged")


def test_counting_takes_options_of_sampling(cli):
    arguments = ["--output-draws", "4", "--level", "0.5", "--seed", "2", "--json"]
    (row,) = cli("estimate", *FINITE, *F, *COUNT, *arguments).json["estimates"]
    task = Task(Architecture(3, (4,)))
    wanted = estimate(
        task, "01101001", method="monte_carlo", n_samples=2000, output_draws=4, level=0.5, seed=2
    )
    assert row["diagnostics"] == wanted.diagnostics
    assert (row["high"], row["level"]) == (wanted.high, 0.5)


def test_the_list_of_methods(cli):
    lines = cli("estimate", "--list").lines
    records = cli("estimate", "--list", "--json").json
    assert [record["name"] for record in records] == [method.name for method in methods()]
    for record in records:
        assert f"{record['name']}: {record['description']}" in lines
        assert f"    estimates {record['quantity']}; error: {record['error']}" in lines


@pytest.mark.parametrize("arguments", [F, TRAIN])
def test_orthants_by_default(cli, arguments):
    (row,) = cli("estimate", *WIDE, *arguments, "--jobs", "1", "--json").json["estimates"]
    assert row["method"] == "orthant" and row["standard_error"] <= 0.005
    assert row["low"] < row["log_p"] < row["high"]


BAD = {
    "nothing": (WIDE, "--training-set and --run is wanted, got none"),
    "two": ([*WIDE, *F, *TRAIN], "is wanted, got --function, --train, --target"),
    "a function and a run": (["--run", "a", *F], "is wanted, got --function"),
    "top alone": ([*WIDE, "--top", "3"], "--top goes with --run"),
    "train alone": ([*WIDE, "--train", "0"], "--train and --target go together"),
    "target alone": ([*WIDE, "--target", "01101001"], "--train and --target go together"),
    "two sets": ([*WIDE, *TRAIN, "--training-set", "file"], "takes the place of --train"),
    "target of 4": ([*WIDE, "--train", "0", "--target", "0110"], "4 characters, but m = 8"),
    "train of 8": ([*WIDE, "--train", "8", "--target", "01101001"], "must lie in 0..7, got 8"),
    "train twice": ([*WIDE, "--train", "1,1", "--target", "01101001"], "must be distinct"),
    **{
        f"train {text!r}": ([*WIDE, f"--train={text}", "--target", "01101001"], why)
        for text, why in (
            ("", "indices such as 0,5,8-15 are wanted, got ''"),
            ("x", "indices such as 0,5,8-15"),
            ("1,", "indices such as 0,5,8-15"),
            ("-1", "indices such as 0,5,8-15"),
            ("1.5", "indices such as 0,5,8-15"),
            ("2-", "indices such as 0,5,8-15"),
            ("5-2", "indices rise"),
            ("0-99999999999", "at most 2^20 in a range"),
        )
    },
    **{
        f"training set {name}": ([*WIDE, "--training-set", name], why)
        for name, why in (
            ("missing.json", "missing.json: No such file or directory"),
            ("other", "other: Is a directory"),
            ("", "--training-set: a path is wanted"),
            ("cut.json", "cannot read a training set from cut.json"),
            ("list.json", "training set must be a JSON object"),
            ("deep.json", "deep.json"),
            ("binary.csv", "binary.csv"),
            ("task.json", "unknown fields"),
        )
    },
    **{
        f"functions {name}": ([*WIDE, "--functions", name], why)
        for name, why in (
            ("missing.txt", "cannot read functions from missing.txt: No such file"),
            ("other", "other: Is a directory"),
            ("", "--functions: a path is wanted"),
            ("empty.csv", "empty.csv holds no functions"),
            ("binary.csv", "binary.csv"),
            ("one_column.txt", "4 characters, but m = 8"),
            ("tally.txt", "must be written in 0 and 1"),
        )
    },
    "method": ([*WIDE, *F, "--method", "orthent"], "(did you mean 'orthant'?)"),
    "method nothing": ([*WIDE, *F, "--method", ""], "must be one of 'orthant'"),
    "finite": ([*FINITE, *F], "use method 'monte_carlo', which counts draws"),
    "error of ep": (
        [*WIDE, *F, "--method", "ep", "--relative-error", "0.1"],
        "--relative-error does not go with --method ep, which takes none of these",
    ),
    "samples of ep": ([*WIDE, *F, "--method", "ep", "--samples", "10"], "--samples does not go"),
    "draws of genz": (
        [*WIDE, *F, "--method", "genz", "--output-draws", "2"],
        "--output-draws does",
    ),
    "error 0": ([*WIDE, *F, "--relative-error", "0"], "relative_error must be above 0"),
    "error nan": ([*WIDE, *F, "--relative-error", "nan"], "relative_error must be finite"),
    "error x": ([*WIDE, *F, "--relative-error", "x"], "a number is wanted, got 'x'"),
    "samples 0": ([*FINITE, *F, *COUNT[:2], "--samples", "0"], "n_samples must be at least 1"),
    "samples 1.5": ([*FINITE, *F, *COUNT[:2], "--samples", "1.5"], "a whole number is wanted"),
    "groups": ([*FINITE, *F, *COUNT, "--output-draws", "3"], "multiple of output_draws = 3"),
    "draws 0": ([*FINITE, *F, *COUNT, "--output-draws", "0"], "output_draws must be at least 1"),
    "seed -1": ([*WIDE, *F, "--seed", "-1"], "seed must be at least 0"),
    "seed x": ([*WIDE, *F, "--seed", "x"], "a whole number is wanted"),
    "jobs 0": ([*WIDE, *F, "--jobs", "0"], "--jobs"),
    "17 inputs": (
        ["--n-inputs", "5", "--hidden", "inf", "--function", "0" * 32, "--method=genz"],
        "at most 16 outputs that differ, got 32",
    ),
    "inputs of the run": (
        ["--run", "a", "--n-inputs", "2", "--hidden", "inf"],
        "the functions of a are on other inputs",
    ),
    "encoding of the run": (
        ["--run", "a", *WIDE, "--encoding", "pm1"],
        "the functions of a are on other inputs",
    ),
    "list and more": (["--list", *F], "--function does not go with --list"),
    "list and a run": (["--list", "--run", "a"], "--run does not go with --list"),
    "list and a method": (["--list", "--method", "ep"], "--method does not go with --list"),
    **{f"task {name}": ([*F, *bad], why) for name, (bad, why) in TASK.items()},
    **{name: ([*WIDE, *bad], why) for name, (bad, why) in FUNCTIONS.items()},
    **{
        name: ([*WIDE, *F, *bad], why)
        for name, (bad, why) in LEVELS.items()
        if name.startswith("level")
    },
    **{name: ([*WIDE, *F, *bad], why) for name, (bad, why) in BASES.items()},
    **{name: (["--run", "a", *bad], why) for name, (bad, why) in TOPS.items()},
    **{f"run {name}": (["--run", run], why) for name, (run, why) in NO_RUN.items()},
}


@pytest.mark.parametrize(("arguments", "fragment"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_one_line_and_changes_nothing(
    arguments, fragment, refused, on_desk
):
    assert fragment in refused("estimate", *arguments)


def test_a_prior_that_is_not_gaussian_is_refused(refused):
    error = refused("estimate", "--n-inputs", "3", "--hidden", "none", "--distribution=uniform", *F)
    assert "or use method 'monte_carlo'" in error
    task = Task(Architecture(3), Prior(distribution="uniform"))
    assert estimate(task, "0" * 8, method="monte_carlo", n_samples=1000).p > 0
