"""Training ensembles: any number of workers, saved, interrupted, gone on with."""

import json
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from priorvol import Architecture, Task, TrainingSet, load_run, rng, train_ensemble
from priorvol.provenance import Span
from priorvol.store import RunWriter, ensembles
from priorvol.store.ensembles import read_ensemble_record, write_ensemble_record
from priorvol.training import PointTally, Tally, load_ensemble, production
from priorvol.training.runs import trainer

TASK = Task(Architecture(3, (6,)))
S = TrainingSet([0, 3, 5, 6], [0, 1, 1, 0])
SETTINGS = {
    "stop": ("zero_error", "zero_error+5", "loss<0.1"),
    "optimizer": "adam",
    "learning_rate": 0.05,
    "batch_size": 3,
    "max_epochs": 100,
    "seed": 2,
    "progress": False,
}
OWN = ("optimizer", "learning_rate", "batch_size", "max_epochs")


@pytest.fixture(autouse=True)
def short_spans(monkeypatch):
    monkeypatch.setattr(production, "_SPAN_RUNS", 32)


def train(n_runs, **changes):
    return train_ensemble(TASK, S, n_runs=n_runs, **{"n_jobs": 1, **SETTINGS, **changes})


def assert_same(one, other):
    assert one.tally == other.tally
    assert list(one.tables) == list(other.tables)
    for name, table in one.tables.items():
        assert table == other.tables[name]
        assert (table.rows == other.tables[name].rows).all()
        assert table.provenance == other.tables[name].provenance


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def whole():
    return train_ensemble(TASK, S, n_runs=300, n_jobs=1, **SETTINGS)


@pytest.mark.parametrize("changes", [{"n_jobs": 2}, {"n_jobs": -1}])
def test_any_number_of_workers(changes, whole):
    assert_same(train(300, **changes), whole)


@pytest.mark.parametrize("longest", [1, 7, 1 << 16])
def test_any_cutting_into_spans(longest, whole, monkeypatch):
    monkeypatch.setattr(production, "_SPAN_RUNS", longest)
    assert_same(train(300), whole)


def test_work_may_be_sent_to_other_processes(whole):
    found = trainer(TASK, S, SETTINGS["stop"], {k: SETTINGS[k] for k in OWN})
    work = pickle.loads(pickle.dumps(production.Work(found, 1).train))
    outcome = pickle.loads(pickle.dumps(work(Span(SETTINGS["seed"], 1, 0, 300))))
    assert outcome.tables == whole.tables and outcome.tally == whole.tally


def test_settings_of_the_tally(whole):
    for name, point in whole.tally.points.items():
        assert point.n_runs == 300 == whole[name].n_samples
    reached = [point.reached for point in whole.tally.points.values()]
    assert reached[0] >= reached[1] > 0
    epochs = np.repeat(*np.array(whole.tally.points["zero_error"].epochs).T)
    for share in (0.1, 0.5, 0.9, 1.0):
        wanted = np.quantile(epochs, share, method="inverted_cdf")
        assert whole.tally.points["zero_error"].quantile(share) == wanted


def test_folders_are_the_same_however_they_came_about(tmp_path, whole):
    once = train(300, store=tmp_path / "once", n_jobs=2)
    assert_same(once, whole)
    for n_runs in (1, 50, 300, 300):
        parts = train(n_runs, store=tmp_path / "parts")
        assert parts.n_runs == n_runs
    assert_same(parts, whole)
    assert files(tmp_path / "parts") == files(tmp_path / "once")
    assert_same(load_ensemble(tmp_path / "once"), whole)
    assert load_run(tmp_path / "once" / "zero_error") == whole["zero_error"]
    assert load_run(tmp_path / "once" / "loss_below_0.1") == whole["loss<0.1"]


class Crash(Exception):
    """What stands for the end of the process."""


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5, 6, 7])
def test_a_crash_between_any_two_writes_loses_nothing(after, tmp_path, whole, monkeypatch):
    left = [after]

    def crashing(function):
        def wrapped(*arguments):
            if left[0] == 0:
                raise Crash
            left[0] -= 1
            return function(*arguments)

        return wrapped

    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "add", crashing(RunWriter.add))
        patch.setattr(ensembles, "write_ensemble_record", crashing(write_ensemble_record))
        with pytest.raises(Crash):
            train(300, store=tmp_path / "a")
    monkeypatch.setattr(production, "_SPAN_RUNS", 16)  # spans are cut otherwise the next time
    assert_same(train(300, store=tmp_path / "a"), whole)
    train(300, store=tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_an_interrupted_folder_says_so(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="holds no training ensemble"):
        load_ensemble(tmp_path)
    monkeypatch.setattr(ensembles, "write_ensemble_record", lambda *_: 1 / 0)
    train_once = {"store": tmp_path / "a"}
    with pytest.raises(ZeroDivisionError):
        train(100, **train_once)
    monkeypatch.undo()
    monkeypatch.setattr(production, "_SPAN_RUNS", 32)
    train(100, store=tmp_path / "b")
    record = read_ensemble_record(tmp_path / "b")
    write_ensemble_record(tmp_path / "a", record)
    with pytest.raises(ValueError, match="was interrupted while it was written to"):
        load_ensemble(tmp_path / "a")


CHILD = """
import sys
from priorvol import Architecture, Task, TrainingSet, train_ensemble
from priorvol.training import production
production._SPAN_RUNS = 64
train_ensemble(Task(Architecture(3, (6,))), TrainingSet([0, 3, 5, 6], [0, 1, 1, 0]),
    n_runs=10**6, store=sys.argv[1], n_jobs=2, stop=("zero_error", "zero_error+5", "loss<0.1"),
    optimizer="adam", learning_rate=0.05, batch_size=3, max_epochs=100, seed=2)
"""


def test_a_killed_process_ends_as_a_whole_one(tmp_path):
    folder = tmp_path / "killed"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder)])
    record = folder / ensembles.NAME
    end = time.monotonic() + 120
    while not record.exists() and child.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.2)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    held = Tally.from_json(read_ensemble_record(folder)["tally"]).provenance
    n_runs = max(span.stop for span in held.spans) + 500
    assert n_runs < 500_000
    resumed = train(n_runs, store=folder)
    assert_same(resumed, train(n_runs))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 3}, "its seed differs"),
        ({"learning_rate": 0.1}, "its configuration differs"),
        ({"stop": "zero_error"}, "its stop differs"),
        ({"n_runs": 40}, "holds 50 runs, more than n_runs = 40"),
    ],
)
def test_another_ensemble_is_refused(change, message, tmp_path):
    train(50, store=tmp_path)
    before = files(tmp_path)
    with pytest.raises(ValueError, match=message):
        train(**{"n_runs": 50, "store": tmp_path, **change})
    with pytest.raises(ValueError, match="training_set differs"):
        train_ensemble(
            TASK, TrainingSet([0, 3, 5], [0, 1, 1]), n_runs=50, store=tmp_path, **SETTINGS
        )
    assert files(tmp_path) == before
    train(50, store=tmp_path)  # it is locked no more
    with RunWriter(
        tmp_path / "zero_error",
        task=TASK,
        source=load_run(tmp_path / "zero_error").source,
        seed=SETTINGS["seed"],
    ):
        pass


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is cut short or not JSON"),
        ("[]", "is not the record of a training ensemble"),
        ('{"format": "priorvol run"}', "is not the record of a training ensemble"),
        ('{"format": "priorvol training ensemble"}', "format_version must be an integer"),
        (
            '{"format": "priorvol training ensemble", "format_version": 2}',
            "format_version must be at most 1",
        ),
        (
            '{"format": "priorvol training ensemble", "format_version": 1}',
            "lacks its ensemble",
        ),
        (
            '{"format": "priorvol training ensemble", "format_version": 1, "ensemble": {}}',
            "lacks or spoils the field 'task'",
        ),
    ],
)
def test_damaged_records(text, message, tmp_path):
    (tmp_path / ensembles.NAME).write_text(text)
    with pytest.raises(ValueError, match=message):
        load_ensemble(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": 3}, "points of a tally must be an object"),
        ({"points": {"zero_error": {"not_reached": 9}}}, "tallies 9 runs, but there are 50"),
        ({"points": {"zero_error": {"runs": 9}}}, "unknown fields"),
        ({"points": {"zero_error": {"epochs": [3]}}}, "pairs of an epoch and runs"),
        ({"points": {"zero_error": {"epochs": [[3, 0]]}}}, "runs must be at least 1"),
        ({"points": {"zero_error": {"epochs": [[3, 1], [3, 1]]}}}, "listed twice"),
        ({"points": {"zero_error": {"not_reached": 50, "diverged": 51}}}, "at most 50"),
        ({"more": 1}, "must hold provenance and points"),
    ],
)
def test_damaged_tallies(change, message, tmp_path):
    record = train(50, stop="zero_error").tally.to_json()
    assert Tally.from_json(json.loads(json.dumps(record))).to_json() == record
    with pytest.raises(ValueError, match=message):
        Tally.from_json(record | change)


def test_tallies_add_up():
    a = PointTally(((1, 2), (3, 4)), not_reached=5, diverged=1)
    b = PointTally(((3, 1), (7, 1)), not_reached=2, diverged=2)
    assert a + b == PointTally(((1, 2), (3, 5), (7, 1)), not_reached=7, diverged=3)
    assert PointTally(not_reached=3).quantile(0.5) is None


def test_tables_of_other_seeds_add_up_and_others_do_not(whole):
    other = train(100, seed=rng.MAX_SEED)
    assert (whole.table + other.table).n_samples == 400
    with pytest.raises(ValueError, match="source"):
        _ = whole.table + train(10, learning_rate=0.06, seed=5).table
    with pytest.raises(ValueError, match="source"):
        _ = whole.table + train(10, seed=5)["loss<0.1"]
    held_out = whole.table.restrict(S.held_out(8))
    assert held_out.m == 4 and held_out.source == whole.table.source


def test_the_ensemble_says_what_it_is(whole):
    text = str(whole)
    for part in ("3-6-1 relu", "300 runs of adam", "batches of 3", "seed 2", "zero_error+5"):
        assert part in text
    record = json.loads(json.dumps(whole.to_json()))
    assert record["points"]["zero_error"]["n_functions"] == len(whole.table)
    assert whole.table.probability("01010101").quantity == "P_SGD(f|S)"
