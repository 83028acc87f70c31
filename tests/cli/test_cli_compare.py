"""The verb compare."""

import json

import pytest

from priorvol import TrainingSet, compare, load_run

QUICK = ["--bootstrap", "20", "--permutations", "19"]
SAME = {"n_bootstrap": 20, "n_permutations": 19, "names": ("a", "b")}


def test_it_prints_the_comparison(cli, on_desk):
    found = cli("compare", "a", "b", *QUICK)
    assert found.out == f"{compare(load_run('a'), load_run('b'), **SAME)}\n"
    assert found.err == ""


def test_as_json_with_every_option(cli, on_desk):
    asked = ["--min-count", "3", "--max-functions", "50", "--level", "0.9", "--seed", "4"]
    found = cli("compare", "a", "b", *QUICK, *asked, "--json").json
    options = {"min_count": 3, "max_functions": 50, "level": 0.9, "seed": 4}
    assert found == compare(load_run("a"), load_run("b"), **SAME, **options).to_json()


def test_grouped_runs(cli, on_desk):
    assert "Draws come in groups" in cli("compare", "a", "grouped", *QUICK).out


def test_errors_and_labels(cli, own_desk):
    target = "00110011"
    training_set = TrainingSet.of_function(target, [0, 1, 2])
    (own_desk / "s.json").write_text(json.dumps(training_set.to_json()))
    asked = ["compare", "a", "b", *QUICK, "--target", target]
    labels = ["--label", "one", "--label", "two"]
    found = cli(*asked, *labels, "--train", "0-2").out
    assert "Mean error on 5 test inputs" in found
    assert "one: " in found
    assert "halves of two" in found
    assert cli(*asked, *labels, "--training-set", "s.json").out == found
    assert "Mean error on 8 test inputs" in cli(*asked).out


def test_figures(cli, own_desk):
    found = cli("compare", "a", "b", *QUICK, "--out", "plain.png", "--out", "plain.pdf")
    assert found.lines[-2:] == ["plain.png", "plain.pdf"]
    cli("compare", "a", "b", *QUICK, "--target", "00110011", "--out", "errors.png", "--json")
    for name in ("plain.png", "plain.pdf", "errors.png"):
        assert (own_desk / name).stat().st_size > 5000


def test_runs_of_one_name_are_told_apart(cli, own_desk):
    (own_desk / "other" / "a").symlink_to(own_desk / "b")
    found = cli("compare", "a", "other/a", *QUICK).out
    assert "a and other/a" in found


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["a"], "RUN_B"),
        (["a", "none"], "none"),
        (["a", "b", "--train", "0-2"], "need a --target"),
        (["a", "b", "--training-set", "x.json"], "need a --target"),
        (["a", "b", "--target", "0011"], "m = 8"),
        (["a", "b", "--target", "00110011", "--train", "9"], "9"),
        (
            ["a", "b", "--target", "00110011", "--train", "1", "--training-set", "x.json"],
            "takes the place of --train",
        ),
        (["a", "b", "--target", "00110011", "--training-set", "x.json"], "cannot read a training"),
        (["a", "b", "--label", "x"], "given twice"),
        (["a", "b", "--out", "x.txt"], "file type must be"),
        (["a", "b", "--out", "nowhere/x.png"], "is not a folder"),
        (["a", "b", "--level", "2"], "level must be"),
        (["a", "b", "--seed", "-1"], "seed must be"),
        (["a", "b", "--max-functions", "2"], "max_functions must be"),
        (["a", "b", "--permutations", "-1"], "n_permutations must be"),
        (["a", "b", "--bootstrap", "x"], "a whole number is wanted"),
        (["a", "b", "--min-count", "0"], "min_count must be"),
    ],
)
def test_bad_input(refused, on_desk, arguments, message):
    assert message in refused("compare", *arguments)
