"""Collecting: the same table whatever the workers, the spans and the interruptions."""

import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from functools import partial

import joblib
import numpy as np
import pytest

from priorvol import collector, producer
from priorvol.architecture import Architecture, Prior
from priorvol.collector import MAX_SAMPLES, check_span, collect, forecast, iter_collect
from priorvol.inputs import boolean_cube
from priorvol.provenance import Provenance, Span
from priorvol.rng import BLOCK
from priorvol.sampler import count_span, sample_span
from priorvol.sources import PriorSampling
from priorvol.store import load_run
from priorvol.table import add_all
from priorvol.task import Task

TASKS = {
    "relu": Task(Architecture(4, (8, 8)), Prior(sigma_b=0.2)),
    "tanh": Task(Architecture(3, (5,), activation="tanh"), inputs=boolean_cube(3, "pm1")),
    "perceptron": Task(Architecture(5)),
}
TASK = TASKS["relu"]


def assert_same(a, b):
    """Everything a table holds, bit for bit."""
    assert a == b
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_array_equal(a.t_counts, b.t_counts)
    assert (a.t_pairs is None) == (b.t_pairs is None)
    if a.t_pairs is not None:
        np.testing.assert_array_equal(a.t_pairs, b.t_pairs)


def cut_spans(task, wanted, held):
    """Spans of a run that has drawn some already."""
    source = PriorSampling(wanted.output_draws)
    return producer.cut_spans(
        producer.Producer(task, source, partial(count_span, task)), wanted, held
    )


def whole(task, n_samples, *, seed=0, output_draws=1):
    """One span, drawn at once."""
    return sample_span(task, Span(seed, output_draws, 0, n_samples // output_draws))


@pytest.mark.parametrize("n_jobs", [1, 2, 3, -1])
@pytest.mark.parametrize(
    ("name", "draws"), [("relu", 1), ("relu", 4), ("tanh", 1), ("perceptron", 1)]
)
def test_workers_change_nothing(name, draws, n_jobs, monkeypatch):
    monkeypatch.setattr(producer, "pilot", lambda *a, **k: (3_000.0, None))  # a second is few
    n_samples = 20_000
    spans = cut_spans(TASKS[name], Span(5, draws, 0, n_samples // draws), Provenance())
    assert len(spans) > 2
    table = collect(TASKS[name], n_samples=n_samples, seed=5, output_draws=draws, n_jobs=n_jobs)
    assert_same(table, whole(TASKS[name], n_samples, seed=5, output_draws=draws))


@pytest.mark.parametrize("seconds", [1e-5, 1e-3, 0.02, 10.0])
def test_the_size_of_the_spans_changes_nothing(seconds, monkeypatch):
    monkeypatch.setattr(producer, "_SPAN_SECONDS", seconds)
    monkeypatch.setattr(producer, "_PILE", 50)  # rows are merged more than once
    table = collect(TASK, n_samples=5_000, seed=1, n_jobs=2)
    assert_same(table, whole(TASK, 5_000, seed=1))


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_spans_cut_anywhere_in_any_order_add_up_to_the_same(draws, seed):
    start, stop = BLOCK - 3000, BLOCK + 2000
    dice = random.Random(seed)
    cuts = [start, *sorted(dice.sample(range(start + 1, stop), 30)), stop]
    spans = [Span(2, draws, a, b) for a, b in zip(cuts, cuts[1:], strict=False)]
    dice.shuffle(spans)
    tables = list(iter_collect(TASK, spans, n_jobs=2))
    assert len(tables) == len(spans)
    expected = {span: sample_span(TASK, span) for span in spans}
    for table in tables:
        (span,) = table.provenance.spans
        assert_same(table, expected.pop(span))
    assert not expected
    dice.shuffle(tables)
    assert_same(add_all(tables), sample_span(TASK, Span(2, draws, start, stop)))


def test_workers_of_another_kind():
    spans = [Span(0, 1, 100 * i, 100 * i + 100) for i in range(4)]
    with joblib.parallel_config("sequential"):
        tables = list(iter_collect(TASK, spans, n_jobs=2))
    assert_same(add_all(tables), whole(TASK, 400))


def test_spans_cover_what_is_wanted_once():
    wanted = Span(0, 2, 0, 20_000_000)
    held = Provenance((Span(0, 2, 5, 70_000), Span(0, 2, 100_000, 100_001)))
    spans = cut_spans(TASK, wanted, held)
    covered = held
    for span in spans:
        covered = covered + Provenance((span,))  # refuses what is there twice
        assert span.size <= 4_000_000  # memory of a worker is bounded
    assert covered == Provenance((wanted,))


def test_a_run_in_two_steps_equals_one_at_once(tmp_path):
    for draws in (1, 5):
        folder = tmp_path / str(draws)
        first = collect(TASK, n_samples=7_000, seed=3, output_draws=draws, store=folder)
        assert_same(first, whole(TASK, 7_000, seed=3, output_draws=draws))
        both = collect(TASK, n_samples=30_000, seed=3, output_draws=draws, store=folder)
        assert_same(both, whole(TASK, 30_000, seed=3, output_draws=draws))
        assert_same(load_run(folder), both)


def test_what_is_held_is_not_drawn_again(tmp_path, monkeypatch):
    collect(TASK, n_samples=6_000, store=tmp_path / "run")
    drawn = []

    def spy(task, span):
        drawn.append(span)
        return count_span(task, span)

    monkeypatch.setattr(collector, "count_span", spy)
    monkeypatch.setattr(producer, "pilot", lambda *a, **k: (1e5, None))
    collect(TASK, n_samples=6_000, store=tmp_path / "run", n_jobs=1)
    assert drawn == []
    collect(TASK, n_samples=9_000, store=tmp_path / "run", n_jobs=1)
    assert min(span.start for span in drawn) == 6_000
    assert sum(span.size for span in drawn) == 3_000


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# Runs the command with spans of about 20 ms, so that a short run has many.
SHORT_SPANS = """
import sys
from priorvol import producer
producer._SPAN_SECONDS = 0.02
from priorvol.cli import main
sys.exit(main(sys.argv[1:]))
"""


def start(command, folder, samples, hidden="40,40"):
    arguments = ["collect", "--n-inputs", "7", "--hidden", hidden, "--sigma-b", "0.1"]
    arguments += ["--samples", str(samples), "--seed", "4", "--jobs", "2", "--no-progress"]
    return subprocess.Popen(
        [sys.executable, "-W", "error", *command, *arguments, "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    with process:
        _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err


def held(folder):
    try:
        return load_run(folder, verify=False).n_samples
    except ValueError:  # nothing there yet
        return 0


def wait_for_draws(process, folder, number):
    deadline = time.monotonic() + 120
    while held(folder) < number:
        assert process.poll() is None, "the run ended before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def assert_interrupted_ends_as_whole(tmp_path, whole, command, samples, stop, numbers):
    """Stop a run once or more, let it end, and compare every file with an uninterrupted run's."""
    for number in numbers:
        with start(command, tmp_path / "cut", samples) as process:
            wait_for_draws(process, tmp_path / "cut", number)
            process.send_signal(stop)
            _, err = process.communicate(timeout=60)
        assert process.returncode == (-stop if stop == signal.SIGKILL else 130), err
        assert number <= load_run(tmp_path / "cut").n_samples < samples
    finish(start(command, tmp_path / "cut", samples))
    assert contents(tmp_path / "cut") == contents(whole)
    assert load_run(tmp_path / "cut").n_samples == samples


def saved(folder, samples):
    """Save the run that `start` makes, here and without a stop."""
    task = Task(Architecture(7, (40, 40)), Prior(sigma_b=0.1))
    collect(task, n_samples=samples, seed=4, n_jobs=2, store=folder)
    return folder


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("whole") / "run", 100_000)


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_ends_as_a_whole_one(tmp_path, uninterrupted, stop):
    command = ["-c", SHORT_SPANS]
    assert_interrupted_ends_as_whole(tmp_path, uninterrupted, command, 100_000, stop, [1])


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_command_ends_as_a_whole_one(tmp_path):
    uninterrupted = saved(tmp_path / "whole", 2_000_000)
    command, numbers = ["-m", "priorvol"], [1, 1_000_000]
    assert_interrupted_ends_as_whole(
        tmp_path, uninterrupted, command, 2_000_000, signal.SIGKILL, numbers
    )


def test_other_draws_are_refused_and_the_folder_left_alone(tmp_path):
    folder = tmp_path / "run"
    collect(TASK, n_samples=4_000, seed=1, output_draws=2, store=folder)
    before = contents(folder)
    good = {"n_samples": 8_000, "seed": 1, "output_draws": 2, "store": folder}
    for task, changes, message in [
        (TASK, {"n_samples": 3_998}, r"holds 4,000 samples, more than n_samples = 3,998"),
        (TASK, {"seed": 2}, "seed"),
        (TASK, {"output_draws": 4}, "draws"),
        (TASK, {"output_draws": 1}, "draws"),
        (TASKS["tanh"], {}, "task"),
        (Task(Architecture(4, (8, 8)), Prior(sigma_b=0.3)), {}, "task|sigma_b"),
    ]:
        with pytest.raises(ValueError, match=message):
            collect(task, **(good | changes))
        assert contents(folder) == before
    same = Task(Architecture(4, (8.0, 8)), Prior(sigma_w=(1, 1, 1), sigma_b=0.2))
    assert collect(same, **good).n_samples == 8_000


INFINITE = Task(Architecture(3, (math.inf,)))
NO_LIMIT = Task(Architecture(3, (math.inf,)), Prior(distribution="uniform"))


@pytest.mark.parametrize(
    ("task", "changes", "message"),
    [
        (TASK, {"n_samples": 0}, "n_samples must be at least 1.*got 0"),
        (TASK, {"n_samples": -5}, "n_samples must be at least 1.*got -5"),
        (TASK, {"n_samples": 1.5}, "n_samples must be an integer, got 1.5"),
        (TASK, {"n_samples": "many"}, "n_samples must be an integer, got 'many'"),
        (TASK, {"n_samples": math.nan}, "n_samples must be an integer, got nan"),
        (TASK, {"n_samples": True}, "n_samples must be an integer, got True"),
        (TASK, {"n_samples": MAX_SAMPLES + 1}, f"n_samples must be .*got {MAX_SAMPLES + 1}"),
        (TASK, {"n_samples": 1001, "output_draws": 50}, r"multiple of output_draws = 50, got 1001"),
        (TASK, {"n_samples": 1001, "output_draws": 50}, r"try 1050"),
        (TASK, {"output_draws": 0}, "output_draws must be at least 1.*got 0"),
        (TASK, {"output_draws": (1 << 16) + 1}, "output_draws must be .*got 65537"),
        (TASK, {"output_draws": None}, "output_draws must be an integer, got None"),
        (TASKS["perceptron"], {"output_draws": 2}, "output_draws = 2 needs a hidden layer"),
        (INFINITE, {"output_draws": 2}, "output_draws = 2 has no meaning at infinite width"),
        (NO_LIMIT, {}, "uniform"),
        ("relu", {}, "task must be a Task, got str"),
        (None, {}, "task must be a Task, got NoneType"),
    ],
)
def test_bad_arguments_are_named(task, changes, message, tmp_path):
    options = {"n_samples": 1000, **changes}
    with pytest.raises(ValueError, match=message):
        collect(task, **options, store=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(ValueError, match=message):
        forecast(task, **options)
    with pytest.raises(ValueError, match=message):
        check_span(task, options["n_samples"], 0, options.get("output_draws", 1))


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", -1), ("seed", 1 << 64), ("seed", 0.5), ("n_jobs", 0), ("n_jobs", 1.5)],
)
def test_bad_seeds_and_workers_are_named(name, value, tmp_path):
    with pytest.raises(ValueError, match=f"{name} must be .*got {value}"):
        collect(TASK, n_samples=1000, store=tmp_path / "run", **{name: value})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("n_jobs", [0, 1.5, None])
def test_bad_workers_of_the_generator_and_the_forecast(n_jobs):
    spans = [Span(0, 1, 0, 10), Span(0, 1, 10, 20)]
    with pytest.raises(ValueError, match="n_jobs must be"):
        list(iter_collect(TASK, spans, n_jobs=n_jobs))
    with pytest.raises(ValueError, match="n_jobs must be"):
        forecast(TASK, n_samples=100, n_jobs=n_jobs)


def test_a_generator_refuses_what_cannot_be_sampled():
    for task, draws in ((INFINITE, 2), (TASKS["perceptron"], 2)):
        with pytest.raises(ValueError, match="no meaning at infinite width|needs a hidden layer"):
            list(iter_collect(task, [Span(0, draws, 0, 10)], n_jobs=1))


def test_whole_numbers_in_any_form():
    expected = whole(TASK, 100)
    for number in (100, 1e2, np.int64(100), np.float64(100)):
        assert_same(collect(TASK, n_samples=number), expected)


def test_sampling_says_where_the_draws_come_from():
    table = collect(TASK, n_samples=6_000, seed=9, output_draws=3)
    assert table.provenance == Provenance((Span(9, 3, 0, 2_000),))
    assert table.source == PriorSampling(3)
    assert table.task == TASK


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("taken", [0, 1, 3])
def test_a_generator_can_be_closed_midway(taken, n_jobs, recwarn):
    spans = [Span(0, 1, 500 * i, 500 * i + 500) for i in range(100)]
    before = threading.active_count()
    tables = iter_collect(TASK, spans, n_jobs=n_jobs)
    for _ in range(taken):
        assert next(tables).n_samples == 500
    if taken:
        time.sleep(0.05)  # more are done by then
    tables.close()
    assert list(tables) == []
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
    assert [str(warning.message) for warning in recwarn] == []
    assert_same(next(iter_collect(TASK, spans[:1], n_jobs=n_jobs)), sample_span(TASK, spans[0]))


def test_an_error_in_a_worker_comes_out(monkeypatch):
    def fail(task, span):
        if span.start == 300:
            raise RuntimeError("worker failed")
        return count_span(task, span)

    monkeypatch.setattr(collector, "count_span", fail)
    spans = [Span(0, 1, 100 * i, 100 * i + 100) for i in range(20)]
    with pytest.raises(RuntimeError, match="worker failed"):
        list(iter_collect(TASK, spans, n_jobs=2))


def test_an_error_leaves_what_was_drawn_in_the_folder(tmp_path, monkeypatch):
    def fail(task, span):
        if span.start >= 4096:
            raise RuntimeError("worker failed")
        return count_span(task, span)

    with monkeypatch.context() as patch:
        patch.setattr(collector, "count_span", fail)
        patch.setattr(producer, "pilot", lambda *a, **k: (2048.0, None))
        with pytest.raises(RuntimeError, match="worker failed"):
            collect(TASK, n_samples=20_000, n_jobs=1, store=tmp_path / "run")
    held = load_run(tmp_path / "run")
    assert held.provenance == Provenance((Span(0, 1, 0, 4096),))
    again = collect(TASK, n_samples=20_000, n_jobs=1, store=tmp_path / "run")
    assert_same(again, whole(TASK, 20_000))


@pytest.mark.parametrize("draws", [1, 10])
def test_a_forecast_is_of_the_right_size(draws):
    task = Task(Architecture(5, (16,)), Prior(sigma_b=0.5))
    n_samples = 300_000
    expected = forecast(task, n_samples=n_samples, output_draws=draws, n_jobs=1)
    started = time.perf_counter()
    table = whole(task, n_samples, output_draws=draws)
    seconds = time.perf_counter() - started
    assert math.isclose(expected.seconds * expected.rate, n_samples)
    # the machine may be busy with something else during either of the two
    assert seconds / 20 < expected.seconds < 20 * seconds
    assert len(table) <= expected.n_functions <= n_samples
    assert expected.n_bytes > table.rows.nbytes


def test_a_forecast_knows_small_spaces_and_workers():
    task = Task(Architecture(2, (4,)))
    small = forecast(task, n_samples=10**12, n_jobs=1)
    assert small.n_functions <= 16
    assert small.seconds > 1000
    single = forecast(task, n_samples=1, n_jobs=8)
    assert single.n_functions == 1


def test_a_progress_bar_only_where_asked(capsys):
    collect(TASK, n_samples=1000, progress=True)
    assert "1.00k/1.00k" in capsys.readouterr().err
    collect(TASK, n_samples=1000, progress=False)
    collect(TASK, n_samples=1000)  # not a terminal
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
