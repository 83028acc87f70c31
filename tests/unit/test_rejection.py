"""Rejection from the prior: the draws of `collect` that fit, determinism, runs, what is refused."""

import math

import numpy as np
import pytest

from priorvol import export_table, load_run, posterior, save_table
from priorvol._kernels.networks import Workspace, sample
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.provenance import Provenance, Span
from priorvol.rejection import acceptance, count_fitting
from priorvol.rng import BLOCK, generator, stream_key
from priorvol.sampler import compile_task
from priorvol.screening import screen_for
from priorvol.sources import source_from_json, source_to_json
from priorvol.summary import summarise
from priorvol.task import Task
from priorvol.training_set import TrainingSet

TASK = Task(Architecture(3, (8, 8)))
S = TrainingSet([0, 3, 5], [1, 0, 1])
POINTS = array_inputs(generator(0, "points").standard_normal((90, 5)))
EVERY_THIRD = TrainingSet(range(0, 90, 3), [1] * 30)
CUBE = TrainingSet(range(0, 128, 9), [0] * 15)


def task(n, hidden, encoding="01", **settings):
    prior = {key: settings.pop(key) for key in ("sigma_b", "distribution") if key in settings}
    return Task(Architecture(n, hidden, **settings), Prior(**prior), boolean_cube(n, encoding))


CASES = {
    "n = 2": (task(2, (3,)), TrainingSet([1, 2], [1, 1])),
    "n = 3": (TASK, S),
    "n = 3, one label": (TASK, TrainingSet([6], [0])),
    "n = 3, every input": (TASK, TrainingSet(range(8), [0, 0, 0, 0, 1, 1, 1, 1])),
    "n = 3, no bias, signed": (task(3, (5, 7), "pm1", sigma_b=0.0), S),
    "one layer": (task(7, (40,)), CUBE),
    "two layers": (task(7, (40, 40)), CUBE),
    "two layers, signed": (task(7, (17, 5), "pm1"), TrainingSet([3, 60, 99], [0, 1, 1])),
    "three layers": (task(7, (9, 10, 11)), CUBE),
    "tanh": (task(7, (12, 12), activation="tanh"), CUBE),
    "shifted": (task(7, (12, 12), shift=-0.5), CUBE),
    "uniform weights": (task(7, (12, 12), distribution="uniform"), CUBE),
    "uniform perceptron": (task(3, (), distribution="uniform"), S),
    "ten inputs": (task(10, (6, 6)), TrainingSet(range(5, 1024, 14), [1] * 73)),
    "points, one layer": (Task(Architecture(5, (12,)), inputs=POINTS), EVERY_THIRD),
    "points, two layers": (Task(Architecture(5, (12, 12)), inputs=POINTS), EVERY_THIRD),
}


LAYERED = [name for name in CASES if "perceptron" not in name]


def fitting(task, training_set, **options):
    """Return the functions and counts of `collect` that fit."""
    table = collect(task, n_jobs=1, **options)
    fits = training_set.fits(table)
    return table.functions[fits], table.counts[fits]


def groups_of(task, training_set, span):
    """Return the functions that fit, a list for each hidden draw."""
    network, draws = compile_task(task), span.output_draws
    work, keys = Workspace(network, draws), np.empty((draws, -(-task.m // 64)), dtype=np.uint64)
    groups = []
    for block, start, stop in span.blocks():
        for index in range(start, stop):
            key = stream_key(span.seed, draws)
            sample(work.plan, network.last_mask, key, block, index, 1, draws, keys)
            groups.append(list(map(tuple, keys[training_set.fits(keys, m=task.m)].tolist())))
    return groups


@pytest.mark.parametrize("name", CASES)
def test_the_draws_are_those_of_the_prior_that_fit(name):
    task, training_set = CASES[name]
    table = posterior(task, training_set, n_proposals=20_000, seed=5, n_jobs=1)
    functions, counts = fitting(task, training_set, n_samples=20_000, seed=5)
    np.testing.assert_array_equal(table.functions, functions)
    np.testing.assert_array_equal(table.counts, counts)
    assert table.n_samples == counts.sum()
    ones = (table.functions[:, :, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    totals = np.bincount(ones.sum((1, 2)).astype(int), table.counts, minlength=task.m + 1)
    np.testing.assert_array_equal(table.t_counts, totals)
    assert table.provenance == Provenance((Span(5, 1, 0, 20_000),))
    assert table.source.task_hash == task.content_hash


@pytest.mark.parametrize("name", LAYERED)
@pytest.mark.parametrize("draws", [1, 6])
def test_trying_the_training_inputs_first_changes_nothing(name, draws):
    """Over the end of a block; whichever way `posterior` takes."""
    task, training_set = CASES[name]
    span = Span(3, draws, BLOCK - 900, BLOCK + 1_100)
    screen = screen_for(compile_task(task), training_set, draws)
    both = [count_fitting(task, training_set, way, span) for way in (screen, None)]
    first, second = (rows[np.lexsort(rows.T)] for rows, _ in both)
    assert len(first) > 0
    np.testing.assert_array_equal(first, second)
    for sums, others in zip(both[0][1], both[1][1], strict=True):
        np.testing.assert_array_equal(sums, others)


@pytest.mark.parametrize("name", LAYERED)
def test_grouped_draws_are_those_of_the_prior_that_fit(name):
    task, training_set = CASES[name]
    options = {"seed": 5, "output_draws": 20, "n_jobs": 1}
    table = posterior(task, training_set, n_proposals=40_000, **options)
    prior = collect(task, n_samples=40_000, **options)
    fits = training_set.fits(prior)
    np.testing.assert_array_equal(table.functions, prior.functions[fits])
    np.testing.assert_array_equal(table.counts, prior.counts[fits])
    np.testing.assert_array_equal(table.group_pairs, prior.group_pairs[fits])
    assert table.provenance == Provenance((Span(5, 20, 0, 2_000),))


@pytest.mark.parametrize("name", ["n = 3", "two layers", "points, one layer"])
def test_sums_over_groups(name):
    """Counted group by group in plain Python."""
    task, training_set = CASES[name]
    span = Span(2, 30, 0, 500)
    groups = groups_of(task, training_set, span)
    table = posterior(task, training_set, n_proposals=15_000, seed=2, output_draws=30, n_jobs=1)
    functions = list(map(tuple, table.functions.tolist()))
    assert table.size_sums.tolist() == [
        sum(group.count(f) * len(group) for group in groups) for f in functions
    ]
    squares = sum(len(group) ** 2 for group in groups)
    assert table.group_size * table.n_samples == pytest.approx(squares, rel=1e-12)
    assert 1 < table.group_size < 30
    ones = [[sum(word.bit_count() for word in f) for f in group] for group in groups]
    wanted = [sum(t.count(k) * (t.count(k) - 1) for t in ones) for k in range(task.m + 1)]
    assert table.t_pairs.tolist() == wanted
    sizes = [sum(t.count(k) * len(t) for t in ones) for k in range(task.m + 1)]
    assert table._t_sizes.tolist() == sizes
    found = acceptance(table)
    assert found.n_samples == 15_000
    a = np.array([len(group) for group in groups])
    error = a.std(ddof=1) / math.sqrt(500) / a.mean()
    binomial = math.sqrt((1 / found.p - 1) / 15_000)  # errors are never taken to be smaller
    assert found.standard_error == pytest.approx(max(error, binomial), rel=1e-9)


def test_workers_do_not_matter():
    hard = TrainingSet(range(0, 128, 9), [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    network = task(7, (40, 40))
    one = posterior(network, hard, n_proposals=150_000, n_jobs=1)
    assert one.n_samples > 50
    assert posterior(network, hard, n_proposals=150_000, n_jobs=3) == one


@pytest.mark.parametrize("draws", [1, 50])
def test_runs_are_continued(tmp_path, draws):
    options = {"seed": 2, "output_draws": draws}
    first = posterior(TASK, S, n_proposals=1_000, store=tmp_path / "run", **options)
    table = posterior(TASK, S, n_proposals=70_000, store=tmp_path / "run", **options)
    assert first.n_samples < table.n_samples
    assert table == posterior(TASK, S, n_proposals=70_000, n_jobs=1, **options)
    assert load_run(tmp_path / "run") == table
    save_table(table, tmp_path / "again")
    assert load_run(tmp_path / "again") == table
    with pytest.raises(ValueError, match="holds 70,000 samples, more than n_proposals = 1,000"):
        posterior(TASK, S, n_proposals=1_000, store=tmp_path / "run", **options)
    with pytest.raises(ValueError, match="it holds another source"):
        posterior(TASK, TrainingSet([0], [1]), n_proposals=10**5, store=tmp_path / "run", **options)


def test_spans_without_an_accepted_draw_are_kept(tmp_path):
    """They were looked at, and are not looked at again; nor do they make a run to be loaded."""
    labels = TrainingSet([0, 3, 5, 6, 7], [1, 0, 0, 0, 1])
    whole = posterior(TASK, labels, n_proposals=60_000, n_jobs=1)
    row = collect(TASK, n_samples=64, n_jobs=1)
    assert not labels.fits(row).any()
    with pytest.raises(
        ValueError, match=r"none of 64 proposals fits the training set: P\(S\) is b"
    ):
        posterior(TASK, labels, n_proposals=64, store=tmp_path / "run", n_jobs=1)
    with pytest.raises(ValueError, match="holds no functions: none of 64 draws was accepted"):
        load_run(tmp_path / "run")
    with pytest.raises(ValueError, match="none of 100 proposals fits the training set"):
        posterior(TASK, labels, n_proposals=100, store=tmp_path / "run", n_jobs=1)
    table = posterior(TASK, labels, n_proposals=60_000, store=tmp_path / "run", n_jobs=1)
    assert table == whole == load_run(tmp_path / "run")


def test_tables_add_up_to_one():
    parts = [posterior(TASK, S, n_proposals=3_000, seed=seed) for seed in (1, 2)]
    total = parts[0] + parts[1]
    assert total.n_samples == sum(part.n_samples for part in parts)
    assert acceptance(total).n_samples == 6_000
    with pytest.raises(ValueError, match="same draws"):
        parts[0] + parts[0]


def test_acceptance():
    table = posterior(TASK, S, n_proposals=30_000, n_jobs=1)
    found = acceptance(table, level=0.9)
    assert found.quantity == "P(S)"
    assert found.n_samples == 30_000
    assert found.diagnostics["count"] == table.n_samples
    assert math.isclose(found.p, table.n_samples / 30_000)
    assert found.seed == 0
    assert acceptance(table.restrict(S.held_out(8))).p == found.p
    with pytest.raises(ValueError, match="accepted from the prior, got independent prior samples"):
        acceptance(collect(TASK, n_samples=100))
    with pytest.raises(ValueError, match="level must be above 0.0 and below 1.0"):
        acceptance(table, level=1.5)


@pytest.mark.parametrize(
    ("draws", "how"),
    [
        (1, "posterior samples, accepted from the prior, given 3 training"),
        (20, "accepted from 20 output draws a hidden draw of the prior, given 3 training"),
    ],
)
def test_summaries_and_sources(draws, how, tmp_path):
    table = posterior(TASK, S, n_proposals=3_000, output_draws=draws)
    assert how in str(summarise(table))
    assert summarise(table).to_json()["missing_mass"] is not None
    assert table.n_functions().observed == len(table)
    export_table(table, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text().count("\n") == len(table) + 1
    assert source_from_json(source_to_json(table.source)) == table.source
    assert len(table.restrict(S.held_out(8))) == len(table)


def test_hopeless_training_sets_are_refused_at_once():
    labels = generator(1, "labels").integers(0, 2, 128)  # P(S) of about 10^-60
    with pytest.raises(
        ValueError, match=r"hopeless here: at infinite width P\(S\) is about 10\^-.*label fewer"
    ):
        posterior(task(7, (40, 40)), TrainingSet(range(128), labels), n_proposals=10**9)
    no_bias = task(3, (8,), sigma_b=0.0)
    with pytest.raises(ValueError, match=r"hopeless here: at infinite width P\(S\) is 0, and"):
        posterior(no_bias, TrainingSet([0], [1]), n_proposals=10**9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_proposals": 0}, "n_proposals must be at least 1"),
        ({"n_proposals": None}, "n_proposals must be an integer, got None"),
        ({"n_samples": 5}, "n_samples = 5 has no meaning at finite width: give n_proposals"),
        ({"output_draws": 3}, "n_proposals must be a multiple of output_draws = 3, got 10 .try 12"),
        ({"output_draws": 0}, "output_draws must be at least 1"),
        (
            {"task": CASES["uniform perceptron"][0], "output_draws": 2},
            "output_draws = 2 needs a hidden layer",
        ),
        ({"chain_length": 8}, "chain_length = 8 has no meaning at finite width"),
        ({"training_set": TrainingSet([8], [1])}, "index 8, but there are m = 8 inputs"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"n_jobs": 0}, "n_jobs must be"),
        (
            {"task": Task(Architecture(3, (8,)), Prior(sigma_w=1e20))},
            "the range of single precision",
        ),
    ],
)
def test_bad_arguments_are_named(changes, message):
    options = {"task": TASK, "training_set": S, "n_proposals": 10, **changes}
    with pytest.raises(ValueError, match=message):
        posterior(options.pop("task"), options.pop("training_set"), **options)
