"""The posterior: what every table of it must satisfy, determinism, runs, sources, bad input."""

import dataclasses
import math

import numpy as np
import pytest

from priorvol import load_run, posterior, posterior_probability, save_table
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.gaussian import GaussianLaw
from priorvol.gaussian_functions import law_table
from priorvol.infinite.covariance import output_law
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.provenance import Provenance, Span
from priorvol.rng import BLOCK, generator
from priorvol.simplicity import simple_but_rare
from priorvol.sources import GaussianProcess, PosteriorSampling, source_from_json, source_to_json
from priorvol.summary import summarise
from priorvol.symmetry import table_symmetries, task_symmetries
from priorvol.task import Task
from priorvol.training_set import TrainingSet
from priorvol.truncated import count_truncated, truncate, try_out

INF = math.inf
TASK = Task(Architecture(4, (INF, INF)), Prior(sigma_b=0.2))
S = TrainingSet([0, 3, 6, 9, 12], [1, 0, 0, 1, 1])
NO_BIAS = Task(Architecture(4, (INF,)), Prior(sigma_b=0.0))
ODD = Task(Architecture(3, (INF,), activation="erf"), Prior(sigma_b=0.0), boolean_cube(3, "pm1"))
PERCEPTRON = Task(Architecture(4), Prior(sigma_b=0.0))
CASES = {
    "relu": (TASK, S),
    "one label": (TASK, TrainingSet([5], [0])),
    "every input": (TASK, TrainingSet(range(16), [1] * 15 + [0])),
    "fixed output": (NO_BIAS, TrainingSet([0, 3, 5], [0, 1, 0])),
    "fixed outputs only": (NO_BIAS, TrainingSet([0], [0])),
    "opposite outputs": (ODD, TrainingSet([0, 1, 7], [1, 1, 0])),
    "determined outputs": (PERCEPTRON, TrainingSet([1, 2, 4, 8, 3, 7, 15], [1, 1, 0, 1, 1, 1, 1])),
    "one point twice": (
        Task(Architecture(1, (INF,)), inputs=array_inputs([[1.0], [2.0], [1.0], [3.0]])),
        TrainingSet([0, 2], [1, 1]),
    ),
}


def assert_same(a, b):
    assert a == b
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_array_equal(a.t_counts, b.t_counts)
    if a.t_pairs is not None:
        np.testing.assert_array_equal(a.t_pairs, b.t_pairs)


@pytest.mark.parametrize("chain", [None, 1, 16])
@pytest.mark.parametrize("name", CASES)
def test_every_function_fits(name, chain):
    task, training_set = CASES[name]
    table = posterior(task, training_set, n_samples=4_000, chain_length=chain, n_jobs=1)
    assert training_set.fits(table).all()
    assert table.n_samples == table.counts.sum() == 4_000
    assert table.task == task
    assert table.source.training_set == training_set
    assert table.source.task_hash == task.content_hash
    assert table.output_draws == (1 if chain is None else chain)
    held = training_set.held_out(task.m)
    if len(held):
        assert len(table.restrict(held)) == len(table)


def test_a_training_set_of_every_input_leaves_one_function():
    task = Task(Architecture(7, (INF, INF)))
    labels = generator(1, "labels").integers(0, 2, 128)  # P(S) of about 10^-55
    table = posterior(task, TrainingSet(range(128), labels), n_samples=1_000)
    assert (len(table), table.n_samples, table.output_draws) == (1, 1_000, 1)
    assert table.ranks().texts() == ["".join(map(str, labels.tolist()))]


def test_functions_that_the_law_forbids_are_not_drawn():
    table = posterior(NO_BIAS, TrainingSet([5], [1]), n_samples=5_000, n_jobs=1)
    assert table.restrict([0]).probability("0").p == 1
    table = posterior(ODD, TrainingSet([1], [1]), n_samples=5_000, n_jobs=1)
    for i in range(4):
        assert table.restrict([i, 7 - i]).probability("00").p == 0
        assert table.restrict([i, 7 - i]).probability("11").p == 0


@pytest.mark.parametrize("chain", [1, 32])
def test_workers_change_nothing(chain):
    options = {"n_samples": 20_000, "seed": 3, "chain_length": chain}
    one = posterior(TASK, S, n_jobs=1, **options)
    assert_same(posterior(TASK, S, n_jobs=2, **options), one)
    assert not np.array_equal(posterior(TASK, S, **options | {"seed": 4}).counts, one.counts)
    assert one.provenance == Provenance((Span(3, chain, 0, 20_000 // chain),))


@pytest.mark.parametrize("chain", [1, 32])
def test_groups_do_not_depend_on_those_beside_them(chain):
    """Over the end of a block; alone, and in a crowd."""
    truncated = truncate(output_law(TASK), S)
    whole, t_sums = count_truncated(truncated, Span(1, chain, BLOCK - 40, BLOCK + 30))
    total = {}
    for start in range(BLOCK - 40, BLOCK + 30, 7):
        rows, _ = count_truncated(truncated, Span(1, chain, start, start + 7))
        for word, *numbers in rows.tolist():
            total[word] = np.add(total.get(word, 0), numbers)
    assert {word: numbers for word, *numbers in whole.tolist()} == {
        word: list(numbers) for word, numbers in total.items()
    }
    assert t_sums[0].sum() == 70 * chain


def test_chains_start_from_independent_draws():
    """The first step of a chain and an independent draw of that group have one law on S: both are
    accepted at the same attempt of the same stream."""
    from priorvol._kernels import posterior as kernels
    from priorvol.rng import stream_key

    truncated = truncate(output_law(TASK), S)
    common = (truncated.tilted, truncated.bound, truncated.checks, truncated.offsets)
    key, alone = stream_key(0, 1, "posterior"), np.empty(truncated.r)
    draws = np.empty((100, truncated.r))
    attempts, highest = kernels.independent_draws(*common, key, 0, 50, 100, draws)
    assert attempts >= 100
    assert highest <= 0
    for i in range(0, 100, 9):
        found, _ = kernels.first_draw(*common, key, 0, 50 + i, alone)
        assert found
        np.testing.assert_array_equal(alone, draws[i])


def test_runs_are_continued(tmp_path):
    for chain in (1, 64):
        options = {"seed": 2, "chain_length": chain}
        first = posterior(TASK, S, n_samples=1_000, store=tmp_path / f"{chain}", **options)
        assert first.n_samples == (1_000 if chain == 1 else 1_024)  # whole chains
        table = posterior(TASK, S, n_samples=30_000, store=tmp_path / f"{chain}", **options)
        assert_same(table, posterior(TASK, S, n_samples=30_000, **options))
        assert_same(load_run(tmp_path / f"{chain}"), table)
        save_table(table, tmp_path / f"{chain} again")
        assert_same(load_run(tmp_path / f"{chain} again"), table)
    with pytest.raises(ValueError, match="it holds another source: independent .*Markov chains"):
        posterior(TASK, S, n_samples=64_000, store=tmp_path / "1", seed=2, chain_length=64)
    other = TrainingSet([0, 3], [1, 0])
    with pytest.raises(ValueError, match="it holds another source: .*given 5 training inputs"):
        posterior(TASK, other, n_samples=64_000, store=tmp_path / "1", seed=2)


def test_tables_add_up_only_with_their_like():
    a, b = (posterior(TASK, S, n_samples=100, seed=seed) for seed in (1, 2))
    assert (a + b).n_samples == 200
    with pytest.raises(ValueError, match="same draws"):
        a + a
    other = posterior(TASK, TrainingSet([0], [1]), n_samples=100, seed=2)
    with pytest.raises(ValueError, match="sources differ"):
        a + other


def test_summaries():
    table = posterior(TASK, S, n_samples=1_000, chain_length=50)
    summary = summarise(table)
    assert "posterior samples in Markov chains of 50 given 5 training inputs" in str(summary)
    assert summary.to_json()["source"] == {
        "kind": "posterior",
        "training_set": {"indices": [0, 3, 6, 9, 12], "labels": "10011"},
        "method": "chains",
        "output_draws": 50,
        "task_hash": TASK.content_hash,
    }
    assert summary.inflation > 1


def test_a_posterior_has_no_symmetries():
    """S breaks those of the prior: orbits must not be pooled."""
    task = Task(Architecture(3, (INF,)))
    assert task_symmetries(task) == ("permutation", "complement")
    table = posterior(task, TrainingSet([1, 6], [1, 0]), n_samples=2_000)
    assert table_symmetries(table) == ()
    assert table_symmetries(collect(task, n_samples=10)) == ("permutation", "complement")
    assert simple_but_rare(table).symmetries == ()
    law = law_table(
        output_law(task), n_samples=10, task=task, source=GaussianProcess({"name": "a law"})
    )
    assert table_symmetries(law) == ()


def test_sources():
    source = PosteriorSampling(S, "chains", 8, "0a")
    assert source_from_json(source_to_json(source)) == source
    with pytest.raises(dataclasses.FrozenInstanceError):
        source.method = "independent"
    for changes, message in (
        ({"training_set": [0]}, "training_set must be a TrainingSet, got list"),
        ({"method": "ep"}, "posterior method must be one of .independent., .chains., .rejection."),
        ({"method": "independent"}, "output_draws must be at least 1 and at most 1, got 8"),
        ({"output_draws": 0}, "output_draws must be at least 1"),
        ({"task_hash": 3}, "task_hash must be text"),
    ):
        with pytest.raises(ValueError, match=message):
            dataclasses.replace(source, **changes)


def test_pilots():
    """Of a single label P(S) = 1/2 and nearly every proposal is accepted."""
    pilot = try_out(truncate(output_law(TASK), TrainingSet([5], [0])))
    assert abs(pilot.log_p - math.log(0.5)) < 1e-5
    assert pilot.acceptance > math.exp(-1e-3) - 1e-5  # the room that the bound is left
    assert pilot.efficiency > 1 - 1e-9


def test_no_weight_exceeds_its_bound_where_the_labels_are_likely():
    # the largest weights are then far out, where an inexact tilt shows most: it once did
    task = Task(Architecture(7, (INF, INF)))
    training_set = TrainingSet.of_function("0011" * 32, range(0, 128, 4))
    table = posterior(task, training_set, n_samples=50_000, n_jobs=1)
    assert table.n_samples == 50_000
    assert training_set.fits(table).all()


def test_laws_with_a_mean():
    """Where the mean is large and the labels follow it, P(S) is almost 1."""
    rows = generator(0, "law").standard_normal((6, 6))
    law = GaussianLaw(rows @ rows.T, [30.0, -30.0, 30.0, -30.0, 0.0, 0.0])
    likely = truncate(law, TrainingSet(range(4), [1, 0, 1, 0]))
    assert abs(try_out(likely).log_p) < 1e-6
    table_rows, _ = count_truncated(likely, Span(0, 1, 0, 100))
    assert (table_rows[:, 0] & np.uint64(15) == 0b0101).all()


CONTRADICTIONS = {
    "fixed": (NO_BIAS, TrainingSet([0, 3], [1, 0]), r"P\(S\) = 0.*input 0 with 1.*fixed at f = 0"),
    "opposite": (ODD, TrainingSet([1, 6], [1, 1]), r"P\(S\) = 0.*input 6 with 1.*at input 1"),
    "twice": (
        CASES["one point twice"][0],
        TrainingSet([0, 2], [1, 0]),
        r"P\(S\) = 0.*input 2 with 0.*at input 0",
    ),
    "not separable": (
        PERCEPTRON,
        TrainingSet([1, 2, 3], [1, 1, 0]),
        "none of 131,072 proposals fits the training set",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_training_sets_without_a_function(name):
    task, training_set, message = CONTRADICTIONS[name]
    with pytest.raises(ValueError, match=message):
        posterior(task, training_set, n_samples=10)


def test_what_is_too_hard_is_refused(monkeypatch):
    monkeypatch.setattr("priorvol.posterior_sampling.HARDEST", 0.9999)
    with pytest.raises(ValueError, match=r"one proposal in .* is too hard to draw from"):
        posterior(TASK, S, n_samples=10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "relu"}, "task must be a Task, got str"),
        (
            {"task": Task(Architecture(4, (40, 40)))},
            "n_samples = 10 has no meaning at finite width: give n_proposals",
        ),
        (
            {"task": Task(Architecture(4), Prior(distribution="uniform"))},
            "n_samples = 10 has no meaning at finite width: give n_proposals",
        ),
        ({"n_proposals": 10}, "n_proposals = 10 has no meaning at infinite width: give n_samples"),
        ({"training_set": [0, 1]}, "training_set must be a TrainingSet, got list"),
        ({"training_set": TrainingSet([16], [1])}, "index 16, but there are m = 16 inputs"),
        ({"n_samples": 0}, "n_samples must be at least 1"),
        ({"n_samples": 1.5}, "n_samples must be an integer, got 1.5"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"chain_length": 0}, "chain_length must be at least 1"),
        ({"chain_length": (1 << 16) + 1}, "at most 65,536, got 65537"),
        ({"n_jobs": 0}, "n_jobs must be"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    options = {"task": TASK, "training_set": S, "n_samples": 10, **changes}
    with pytest.raises(ValueError, match=message):
        posterior(options.pop("task"), options.pop("training_set"), **options)


def test_the_probability_of_what_does_not_fit():
    found = posterior_probability(TASK, "0" * 16, S)
    assert (found.log_p, found.low, found.high) == (-INF, -INF, -INF)
    assert math.isnan(found.standard_error)
    assert found.quantity == "P_B(f|S)"


def test_the_probability_of_a_function_that_the_law_forbids():
    found = posterior_probability(NO_BIAS, "1" * 16, TrainingSet([3], [1]))
    assert found.log_p == found.high == -INF


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": Task(Architecture(4, (40,)))}, r"got hidden = \(40,\)"),
        ({"function": "01"}, "16"),
        ({"training_set": "01"}, "training_set must be a TrainingSet"),
        ({"relative_error": 0}, "relative_error must be above 0"),
        ({"level": 1.0}, "level must be"),
        ({"seed": 0.5}, "seed must be an integer"),
        (
            {"task": NO_BIAS, "training_set": TrainingSet([0], [1])},
            r"P\(S\) = 0: no function fits the training set",
        ),
    ],
)
def test_bad_arguments_of_the_probability_are_named(changes, message):
    options = {"task": TASK, "function": "1" * 16, "training_set": S, **changes}
    with pytest.raises(ValueError, match=message):
        posterior_probability(
            options.pop("task"), options.pop("function"), options.pop("training_set"), **options
        )
