"""P(K given S) from the error spectrum: by brute force over training sets, and against samplers."""

import json
import math
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from agreement import assert_within

from priorvol import (
    Architecture,
    FunctionTable,
    Prior,
    Task,
    TrainingSet,
    bits,
    collect,
    complexity,
    posterior_complexity,
    target_sweep,
)
from priorvol.sweep import Learned, log_likelihood, predict_complexity, tabulate
from priorvol.sweep.fitting import FittingDraws
from priorvol.sweep.spectrum import LIKELIHOODS

M = 8
EVERY = bits.unpack(np.arange(256, dtype=np.uint64)[:, None], M).astype(bool)
TARGET = "00010111"
WANTED = np.array(list(TARGET)) == "1"
TASK = Task(Architecture(3, (8,)))
RNG = np.random.default_rng(0)
COUNTS = RNG.integers(1, 1000, size=256)
TABLE = FunctionTable.from_counts(np.arange(256, dtype=np.uint64)[:, None], COUNTS.tolist(), m=M)


# The likelihood, by brute force


@pytest.mark.parametrize("size", range(9))
def test_exact_likelihood_over_all_training_sets(size):
    wrong = EVERY != WANTED
    fits = np.zeros(256)
    sets = list(combinations(range(M), size))
    for chosen in sets:
        fits += ~wrong[:, list(chosen)].any(axis=1)
    found = np.exp(log_likelihood(wrong.sum(axis=1), M, size))
    np.testing.assert_allclose(found, fits / len(sets), rtol=1e-12, atol=0.0)


def test_independent_likelihood_over_all_sequences():
    wrong = EVERY != WANTED
    fits = np.zeros(256)
    for chosen in product(range(M), repeat=3):
        fits += ~wrong[:, list(chosen)].any(axis=1)
    found = np.exp(log_likelihood(wrong.sum(axis=1), M, 3, likelihood="independent"))
    np.testing.assert_allclose(found, fits / M**3, rtol=1e-12, atol=0.0)
    assert (log_likelihood([0, 5, 8], M, 0, likelihood="independent") == 0.0).all()


@pytest.mark.parametrize("size", [1, 3, 6])
def test_prediction_over_all_training_sets(size):
    """P(K, S) and P(S) summed over every S: the ratio is the prediction."""
    k = complexity.k_lz(TABLE)
    p = COUNTS / COUNTS.sum()
    joint, evidence = dict.fromkeys(np.unique(k).tolist(), 0.0), 0.0
    sets = list(combinations(range(M), size))
    for chosen in sets:
        fits = (EVERY == WANTED)[:, list(chosen)].all(axis=1)
        evidence += p[fits].sum()
        for value in joint:
            joint[value] += p[fits & (k == value)].sum()
    found = predict_complexity(TABLE, TARGET, size)
    np.testing.assert_array_equal(found.k, list(joint))
    np.testing.assert_allclose(found.p, np.array(list(joint.values())) / evidence, rtol=1e-12)
    assert found.log_p == pytest.approx(math.log(evidence / len(sets)), rel=1e-12)
    np.testing.assert_allclose(found.prior, [p[k == value].sum() for value in joint], rtol=1e-12)
    assert found.mean == pytest.approx(float(found.p @ found.k))
    assert found.fewest_errors == 0


def test_standard_errors_are_the_scatter_of_draws():
    p, number, times = COUNTS / COUNTS.sum(), 3000, 400
    rng = np.random.default_rng(1)
    truth = predict_complexity(TABLE, TARGET, 2)
    found, errors, means, mean_errors = [], [], [], []
    for _ in range(times):
        counts = rng.multinomial(number, p)
        held = np.flatnonzero(counts)
        words = held.astype(np.uint64)[:, None]
        one = predict_complexity(
            FunctionTable.from_counts(words, counts[held].tolist(), m=M), TARGET, 2
        )
        assert len(one.k) == len(truth.k)
        found.append(one.p)
        errors.append(one.standard_error)
        means.append(one.mean)
        mean_errors.append(one.mean_error)
    for values, claimed, right in (
        (np.array(found), np.array(errors).mean(axis=0), truth.p),
        (np.array(means), np.mean(mean_errors), truth.mean),
    ):
        scatter = values.std(axis=0, ddof=1)
        assert_within(values.mean(axis=0), right, np.hypot(scatter / math.sqrt(times), 2e-4))
        assert_within(claimed, scatter, 1.1 * scatter / math.sqrt(2 * times))


def test_effective_draws():
    table = FunctionTable.from_counts([TARGET, "11101000"], [3, 97])  # all wrong
    found = predict_complexity(table, TARGET, 2)
    assert found.effective_samples == pytest.approx(3.0)
    assert (found.carriers, found.is_reliable, found.n_samples) == (1, False, 100)
    with pytest.raises(ValueError, match="no draw of the prior fits any training set"):
        predict_complexity(FunctionTable.from_counts(["11101000"], [5]), TARGET, 2)


def test_groups_are_the_unit():
    table = collect(TASK, n_samples=4000, output_draws=4, n_jobs=1)
    rows = dict(zip(bits.to_text(table.functions, M), table.counts.tolist(), strict=True))
    alone = FunctionTable.from_counts(list(rows), list(rows.values()))
    a, b = (predict_complexity(t, TARGET, 3) for t in (table, alone))
    np.testing.assert_allclose(a.p, b.p)
    np.testing.assert_allclose(a.standard_error, 2.0 * b.standard_error)
    np.testing.assert_allclose(a.prior_error, 2.0 * b.prior_error)
    assert a.effective_samples == pytest.approx(b.effective_samples / 4.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: log_likelihood([9], M, 2), "errors must be from 0 to m = 8"),
        (lambda: log_likelihood([-1], M, 2), "errors must be from 0"),
        (lambda: log_likelihood([1], M, 9), "train_size"),
        (lambda: log_likelihood([1], M, 2, likelihood="paper"), "likelihood must be one of"),
        (lambda: predict_complexity("table", TARGET, 2), "prior must be a FunctionTable"),
        (lambda: predict_complexity(TABLE, "0011", 2), "4|8"),
        (lambda: predict_complexity(TABLE.at_least(500), TARGET, 2), "every draw must be listed"),
        (lambda: predict_complexity(TABLE, TARGET, 2, measure="k"), "measure"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Against what learners do


@pytest.fixture(scope="module")
def sweep():
    return target_sweep(
        TASK,
        ["00000000", TARGET],
        train_size=4,
        n_sets=8,
        n_runs=40,
        posterior="rejection",
        n_samples=20_000,
        optimizer="adam",
        n_jobs=1,
    )


@pytest.fixture(scope="module")
def prior():
    return collect(TASK, n_samples=200_000, seed=9, n_jobs=1)


def test_rejection_is_what_draws_that_fit_are(sweep, prior):
    for j in range(2):
        each = posterior_complexity(sweep, prior, target=j).prediction("posterior")
        assert each.is_reliable and each.conditioned.n_sets == 8
        differences = each.conditioned.p - each.measured.p
        np.testing.assert_allclose(each.set_by_set, np.abs(differences).sum() / 2)
        assert each.set_by_set < 2.0 * each.set_by_set_floor


def test_errors_of_draws_that_fit_several_sets():
    sets = [TrainingSet.of_function(TARGET, chosen) for chosen in ([0, 1], [1, 2], [1, 2, 3])]
    p, rng, every = COUNTS / COUNTS.sum(), np.random.default_rng(2), np.arange(3)
    k = np.unique(complexity.k_lz(TABLE))
    found, claimed, alone = [], [], []
    for _ in range(300):
        counts = rng.multinomial(2000, p)
        held = np.flatnonzero(counts)
        words = held.astype(np.uint64)[:, None]
        table = FunctionTable.from_counts(words, counts[held].tolist(), m=M)
        draws = FittingDraws.of(table, sets, "k_lz")
        laws = [np.zeros(len(k)) for _ in sets]
        for law, learnt in zip(laws, draws.learned(), strict=True):
            law[np.searchsorted(k, learnt.k)] = np.array(learnt.counts) / learnt.n_draws
        found.append(np.mean(laws, axis=0))
        variance, own = draws.variances(k, every)
        claimed.append(variance)
        alone.append(own)
    scatter = np.var(found, axis=0, ddof=1)
    assert_within(np.mean(claimed, axis=0), scatter, 1.1 * scatter * math.sqrt(2 / 300))
    assert (np.mean(alone, axis=0) < 0.8 * scatter).any()  # what they share counts


def test_the_order_of_averages(sweep, prior):
    """The prediction is the mean over S weighted by P(S), which the draws that fit give too."""
    each = posterior_complexity(sweep, prior, target=1).prediction("posterior")
    sets = list(combinations(range(M), 4))
    functions = bits.unpack(np.ascontiguousarray(prior.functions), M).astype(bool)
    k, counts = complexity.k_lz(prior), np.asarray(prior.counts, dtype=float)
    weighted, plain, total = np.zeros(len(each.k)), np.zeros(len(each.k)), 0.0
    place = np.searchsorted(each.k, k)
    for chosen in sets:
        fits = (functions == WANTED)[:, list(chosen)].all(axis=1)
        law = np.bincount(place[fits], counts[fits], len(each.k))
        weighted += law
        total += law.sum()
        plain += law / law.sum() / len(sets)
    np.testing.assert_allclose(each.predicted, weighted / total, rtol=1e-9)
    assert np.abs(each.predicted - plain).sum() > 0.05  # and the two orders do differ


def test_records_and_lines(sweep, prior):
    found = posterior_complexity(sweep, prior, target=1, likelihood=LIKELIHOODS[1])
    text = str(found)
    assert "trained" in text and "posterior" in text and "of 200,000" in text
    assert tabulate([found, found]).count("posterior") == 2
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [each["learner"] for each in record["predictions"]] == ["trained", "posterior"]
    assert record["target"]["k"] == found.target.k
    assert sum(record["predictions"][0]["predicted"]) == pytest.approx(1.0)
    one, two = found.predictions
    assert one.spectrum is two.spectrum  # one prior predicts both


def test_predictions_at_infinite_width():
    found = target_sweep(
        TASK, "00000000", train_size=3, n_sets=3, n_runs=0, n_samples=2000, n_jobs=1
    )
    table = collect(TASK.wide(), n_samples=50_000, n_jobs=1)
    own = collect(TASK, n_samples=500, n_jobs=1)
    (each,) = posterior_complexity(found, own, limit_prior=table).predictions
    assert each.task == TASK.wide() and each.spectrum.n_samples == 50_000
    assert each.set_by_set < 2.0 * each.set_by_set_floor
    with pytest.raises(ValueError, match="limit_prior is needed"):
        posterior_complexity(found, own)


def test_a_prior_that_never_fits_is_not_relied_on(sweep):
    few = collect(TASK, n_samples=30, n_jobs=1)
    found = posterior_complexity(sweep, few, target=1)
    each = found.prediction("trained")
    assert each.conditioned is None and not each.is_reliable and math.isnan(each.set_by_set)
    assert str(found).splitlines()[1].endswith("*")
    json.dumps(found.to_json(), allow_nan=False)


def test_learners_of_few_training_sets(sweep, prior):
    """One training set has no scatter, so nothing is said of noise; none leaves the learner out."""
    nothing = Learned(error=math.nan, standard_error=math.nan, n_draws=0, refused="too hard")

    def without(kept):
        cells = [
            cell if place % 8 in kept else replace(cell, posterior=nothing)
            for place, cell in enumerate(sweep.cells)
        ]
        return posterior_complexity(replace(sweep, cells=tuple(cells)), prior)

    two, one = (without(kept).prediction("posterior") for kept in ((0, 1), (0,)))
    assert two.floor > 0 and two.set_by_set_floor > 0
    assert math.isnan(one.floor) and math.isnan(one.set_by_set_floor)
    assert 0 < one.set_by_set < 1 and one.to_json()["floor"] is None
    assert [each.learner for each in without(()).predictions] == ["trained"]


def test_one_complexity_has_no_error():
    """Its share is 1; rounding must not make the variance negative."""
    words = np.arange(1 << 10, dtype=np.uint64)[:, None]
    k = complexity.k_lz(FunctionTable.from_counts(words, [1] * len(words), m=10))
    rng = np.random.default_rng(0)
    for value in np.unique(k):
        alike = words[k == value]
        table = FunctionTable.from_counts(alike, rng.integers(1, 999, len(alike)).tolist(), m=10)
        found = predict_complexity(table, "0011001100", 5)
        np.testing.assert_allclose(found.standard_error, 0.0, atol=1e-7)


def test_wrong_tables(sweep, prior):
    other = collect(Task(Architecture(3, (8,)), Prior(sigma_w=2.0)), n_samples=100, n_jobs=1)
    for changes, message in (
        ({"sweep": "sweep"}, "sweep must be a TargetSweep"),
        ({"prior": "table"}, "prior must be a FunctionTable"),
        ({"prior": other}, "draws of the prior of 3-8-1"),
        ({"prior": TABLE}, "draws of the prior of"),
        ({"limit_prior": prior}, "limit_prior must be of draws"),
        ({"task": 1}, "task must be"),
        ({"target": 2}, "target must be"),
    ):
        given = {"sweep": sweep, "prior": prior} | changes
        with pytest.raises(ValueError, match=message):
            posterior_complexity(given.pop("sweep"), given.pop("prior"), **given)
    with pytest.raises(ValueError, match="learner must be one of"):
        posterior_complexity(sweep, prior).prediction("unbiased")
