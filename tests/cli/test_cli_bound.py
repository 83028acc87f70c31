"""``priorvol bound``: what is printed, records, draws; and every bad input."""

import json
import math
import shlex

import pytest
from test_cli_bad_input import TASK
from test_cli_help import examples_of, help_of, smaller

from priorvol import Architecture, Task, TrainingSet, certified_bound, sample_training_inputs

WIDE = ["--n-inputs", "3", "--hidden", "inf"]
TARGET = ["--target", "00001111"]
TRAIN = [*TARGET, "--train", "0-3,7"]
EP = ["--method", "ep"]
TASK_WIDE = Task(Architecture(3, (math.inf,)))
SET = TrainingSet.of_function("00001111", [0, 1, 2, 3, 7])


def test_a_given_training_set(cli, at):
    wanted = certified_bound(TASK_WIDE, SET, 8, seed=3)
    out = cli("bound", *WIDE, *TRAIN, "--m", "8", "--seed", "3").out
    assert out.startswith(f"{TASK_WIDE}\n5 training inputs, 1 of them labelled 1, distinct among 8")
    assert out.endswith(f"{wanted}\n") and "certified: P(S) >=" in out
    (at / "set.json").write_text(json.dumps(SET.to_json()))
    again = cli("bound", *WIDE, "--training-set", "set.json", "--m", "8", "--seed", "3").out
    assert again == out
    assert "over 5 i.i.d. inputs" in cli("bound", *WIDE, *TRAIN, *EP).out


def test_drawn_training_sets(cli):
    record = cli("bound", *WIDE, *TARGET, "--draw", "12", "--seed", "5", *EP, "--json").json
    drawn = sample_training_inputs(8, 12, seed=5)
    wanted = TrainingSet.of_function("00001111", sorted(set(drawn.tolist())))
    assert TrainingSet.from_json(record["training_set"]) == wanted
    assert record["m"] == 12 and record["task_hash"] == TASK_WIDE.content_hash


@pytest.mark.parametrize("form", ["mcallester", "code", "direct"])
def test_records(cli, form):
    options = ["--delta", "0.2", "--share", "0.3", "--form", form, "--json"]
    record = cli("bound", *WIDE, *TRAIN, *options).json
    wanted = certified_bound(TASK_WIDE, SET, 5, delta=0.2, share=0.3, form=form)
    assert record["epsilon"] == wanted.epsilon and record["certified"] is True
    assert record["delta_evidence"] == pytest.approx(0.06)
    assert record["evidence"]["level"] == pytest.approx(0.88)


def test_counts_at_finite_width(cli):
    options = ["--method", "monte_carlo", "--samples", "2000", "--jobs", "1", "--no-progress"]
    out = cli("bound", "--n-inputs", "3", "--hidden", "4", *TRAIN, *options).out
    assert "(99%, monte_carlo)" in out and "certified: P(S) >=" in out


def test_what_is_not_certain_says_so(cli):
    assert "not certified: P(S) = " in cli("bound", *WIDE, *TRAIN, *EP).out
    impossible = ["--sigma-b", "0", "--target", "10000000", "--train", "0"]
    assert "vacuous: " in cli("bound", *WIDE, *impossible).out
    assert cli("bound", *WIDE, *impossible, "--json").json["log_p"] is None


def test_the_examples_work(cli):
    examples = examples_of(help_of(cli, "bound"))
    assert len(examples) == 4
    for command in examples:
        cli(*shlex.split(smaller(command))[1:])


BAD = {
    "nothing": (WIDE, "one of --draw, --train and --training-set is wanted, got none"),
    "target alone": ([*WIDE, *TARGET], "--train and --target go together"),
    "draw alone": ([*WIDE, "--draw", "4"], "--draw and --target go together"),
    "draw and train": ([*WIDE, *TRAIN, "--draw", "4"], "leave out --train"),
    "draw and m": ([*WIDE, *TARGET, "--draw", "4", "--m", "4"], "leave out --m"),
    "two sets": ([*WIDE, *TRAIN, "--training-set", "x"], "takes the place of --train"),
    "no file": ([*WIDE, "--training-set", "x"], "cannot read a training set from x"),
    "target of 4": ([*WIDE, "--draw", "4", "--target", "0110"], "4 characters, but m = 8"),
    "few draws": ([*WIDE, *TRAIN, "--m", "4"], "number of distinct training inputs, 5, got 4"),
    "m 0": ([*WIDE, *TRAIN, "--m", "0"], "m must be at least 1"),
    "draw 0": ([*WIDE, *TARGET, "--draw", "0"], "draw must be at least 1"),
    "delta 0": ([*WIDE, *TRAIN, "--delta", "0"], "delta must be above 0"),
    "delta 1": ([*WIDE, *TRAIN, "--delta", "1"], "below 1"),
    "delta x": ([*WIDE, *TRAIN, "--delta", "x"], "a number is wanted, got 'x'"),
    "share 1": ([*WIDE, *TRAIN, "--share", "1"], "share must be above 0"),
    "form": ([*WIDE, *TRAIN, "--form", "cod"], "did you mean 'code'?"),
    "method": ([*WIDE, *TRAIN, "--method", "orthent"], "did you mean 'orthant'?"),
    "samples of ep": ([*WIDE, *TRAIN, *EP, "--samples", "9"], "does not go with method 'ep'"),
    "seed": ([*WIDE, *TRAIN, "--seed", "-1"], "seed must be at least 0"),
    "finite": (["--n-inputs", "3", "--hidden", "4", *TRAIN], "use method 'monte_carlo'"),
    **{f"task {name}": ([*TRAIN, *bad], why) for name, (bad, why) in TASK.items()},
}


@pytest.mark.parametrize(("arguments", "fragment"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_one_line(arguments, fragment, refused, on_desk):
    assert fragment in refused("bound", *arguments)
