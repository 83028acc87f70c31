"""``priorvol train``: training ensembles from the command line."""

import json

import pytest

from priorvol import Architecture, Prior, Task, TrainingSet, load_run, train_ensemble
from priorvol.training import load_ensemble

NETWORK = ["--n-inputs", "3", "--hidden", "5", "--sigma-b", "0.5"]
DATA = ["--train", "0,2,4-5", "--target", "01101001"]
RUN = ["--runs", "50", "--jobs", "1", "--no-progress", "--out", "runs/a"]
S = TrainingSet.of_function("01101001", [0, 2, 4, 5])
TASK = Task(Architecture(3, (5,)), Prior(sigma_b=0.5))


def test_trains_what_the_package_trains(cli, at):
    settings = ["--optimizer", "rmsprop", "--learning-rate", "0.02", "--batch-size", "2"]
    settings += ["--loss", "mse", "--targets", "0.5", "--schedule", "inverse"]
    settings += ["--schedule-epochs", "20", "--max-epochs", "300", "--weight-decay", "1e-4"]
    settings += ["--beta2", "0.95", "--parametrization", "ntk", "--start-sigma-w", "2"]
    stop = ["--stop", "zero_error,zero-error+3,loss:0.1,epochs:5", "--seed", "7"]
    found = cli("train", *NETWORK, *DATA, *RUN, *settings, *stop)
    wanted = train_ensemble(
        TASK,
        S,
        n_runs=50,
        stop=("zero_error", "zero_error+3", "loss<0.1", "epochs=5"),
        seed=7,
        n_jobs=1,
        optimizer="rmsprop",
        learning_rate=0.02,
        batch_size=2,
        loss="mse",
        targets=0.5,
        schedule="inverse",
        schedule_epochs=20,
        max_epochs=300,
        weight_decay=1e-4,
        beta2=0.95,
        parametrization="ntk",
        initialization=Prior(sigma_w=2.0, sigma_b=0.5).expand(2),
    )
    assert found.out == f"{wanted}\nin runs/a\n"
    held = load_ensemble("runs/a")
    assert held.tally == wanted.tally and held.configuration == wanted.configuration
    for name, table in wanted.tables.items():
        assert held[name] == table
    assert load_run("runs/a/epochs=5") == wanted["epochs=5"]


def test_goes_on_and_is_shown(cli, refused, at, contents):
    (at / "set.json").write_text(json.dumps(S.to_json()))
    given = ["--training-set", "set.json"]
    first = cli("train", *NETWORK, *given, *RUN, "--json").json
    assert (first["n_runs"], first["folder"]) == (50, "runs/a")
    more = [*RUN[:1], "80", *RUN[2:]]
    second = cli("train", *NETWORK, *DATA, *more, "--json").json
    assert second["n_runs"] == 80
    assert second["points"]["zero_error"]["reached"] >= first["points"]["zero_error"]["reached"]
    text = cli("show", "runs/a/zero_error").out
    assert "80 runs of sgd to zero_error on 4 training inputs, 2 of them labelled 1" in text
    before = contents(at)
    again = cli("train", *NETWORK, *DATA, *more).out
    assert contents(at) == before
    assert again == cli("show", "runs/a").out + "in runs/a\n"
    assert cli("show", "runs/a", "--json").json == {
        key: value for key, value in second.items() if key != "folder"
    }
    message = "--top goes with the run of one stopping point: runs/a/zero_error"
    assert message in refused("show", "runs/a", "--top", "3")


BAD = {
    "no set": ([*NETWORK, *RUN], "a training set is wanted"),
    "half a set": ([*NETWORK, "--train", "0-3", *RUN], "--train and --target go together"),
    "two sets": ([*NETWORK, *DATA, "--training-set", "x", *RUN], "takes the place of"),
    "no file": ([*NETWORK, "--training-set", "x.json", *RUN], "cannot read a training set from"),
    "indices": ([*NETWORK, "--train", "3-1", "--target", "0", *RUN], "indices rise"),
    "no task": ([*DATA, *RUN], "--n-inputs is missing"),
    "no runs": ([*NETWORK, *DATA, *RUN[2:]], "--runs"),
    "no out": ([*NETWORK, *DATA, *RUN[:-2]], "--out"),
    "runs": ([*NETWORK, *DATA, *RUN, "--runs", "0"], "n_runs must be at least 1"),
    "optimizer": ([*NETWORK, *DATA, *RUN, "--optimizer", "adm"], "did you mean 'adam'?"),
    "stop": ([*NETWORK, *DATA, *RUN, "--stop", "never"], "a stopping point must be zero_error"),
    "stops": ([*NETWORK, *DATA, *RUN, "--stop", ","], "at least one stopping point"),
    "level": ([*NETWORK, *DATA, *RUN, "--stop", "loss:0"], "loss must be below a number above 0"),
    "rate": ([*NETWORK, *DATA, *RUN, "--learning-rate", "-1"], "learning_rate must be at least"),
    "momentum": (
        [*NETWORK, *DATA, *RUN, "--optimizer", "adam", "--momentum", "0.5"],
        "momentum belongs to optimizer='sgd'",
    ),
    "nesterov": ([*NETWORK, *DATA, *RUN, "--nesterov"], "nesterov needs a momentum"),
    "infinite": (
        ["--n-inputs", "3", "--hidden", "inf", *DATA, *RUN],
        "training needs finite hidden widths",
    ),
    "start": ([*NETWORK, *DATA, *RUN, "--start-sigma-w", "0"], "sigma_w must be above 0"),
    "starts": ([*NETWORK, *DATA, *RUN, "--start-sigma-b", "1,2,3"], "3 values"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_input(arguments, message, refused, at):
    assert message in refused("train", *arguments)
    assert not (at / "runs" / "a").exists()


def test_a_folder_of_something_else_is_refused(cli, refused, at, contents):
    cli("train", *NETWORK, *DATA, *RUN)
    before = contents(at)
    assert "configuration differs" in refused("train", *NETWORK, *DATA, *RUN, "--momentum", "0.5")
    assert "more than n_runs = 20" in refused("train", *NETWORK, *DATA, *RUN, "--runs", "20")
    assert contents(at) == before
