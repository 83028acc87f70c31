"""P(K): all functions listed by brute force, theory for T-only measures, intervals, groups."""

import json
import math
from itertools import product

import numpy as np
import pytest
from agreement import assert_within
from drawn import table_of
from scipy.stats import binom

from priorvol import bits, complexity
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.complexity import Measure, registry
from priorvol.inputs import boolean_cube
from priorvol.intervals import clopper_pearson
from priorvol.simplicity.distribution import (
    complexity_distribution,
    complexity_parts,
    some_functions,
)
from priorvol.table import FunctionTable
from priorvol.task import Task


@pytest.fixture
def ones(monkeypatch):
    """The number of ones as a measure, so that its law follows from that of T."""

    def column(functions, *, m=None):
        return np.array([text.count("1") for text in bits.to_text(functions, m)], dtype=float)

    monkeypatch.setitem(
        registry._MEASURES, "ones", Measure("ones", column, "ones", "ones", "", "", "")
    )
    return "ones"


def sampled(n_samples=20_000, output_draws=1, n=7, seed=0):
    task = Task(Architecture(n, (10,)), Prior(sigma_b=0.5), boolean_cube(n))
    options = {"output_draws": output_draws, "seed": seed, "n_jobs": 1}
    return collect(task, n_samples=n_samples, **options)


def test_every_draw_counts_whatever_its_function():
    table = sampled()
    found = complexity_distribution(table, n_uniform=100)
    draws = np.repeat(complexity.k_lz(table), table.counts)
    values, counts = np.unique(draws, return_counts=True)
    place = np.searchsorted(found.k, values)
    assert found.k[place].tolist() == values.tolist()
    assert found.prior.counts[place].tolist() == counts.tolist()
    assert found.prior.counts.sum() == table.n_samples == 20_000
    assert table.n_singletons > 1000  # not a selection
    assert found.prior.mean == pytest.approx(draws.mean(), rel=1e-12)
    assert found.prior.standard_deviation == pytest.approx(draws.std(), rel=1e-10)
    assert found.prior.standard_error == pytest.approx(draws.std() / math.sqrt(20_000), rel=1e-10)
    low, high = clopper_pearson(found.prior.counts, 20_000)
    np.testing.assert_allclose(found.prior.low, low, rtol=1e-9)
    np.testing.assert_allclose(found.prior.high, high, rtol=1e-9)
    assert not found.prior.exact and (found.prior.inflation == 1).all()


@pytest.mark.parametrize("n", [2, 3, 4])
def test_few_inputs_have_all_functions_listed(n):
    m = 2**n
    found = complexity_distribution(sampled(500, n=n), n_uniform=50)
    every = complexity.k_lz(["".join(word) for word in product("01", repeat=m)])
    values, counts = np.unique(every, return_counts=True)
    place = np.searchsorted(found.k, values)
    assert found.k.tolist() == values.tolist()
    assert found.uniform.counts[place].tolist() == counts.tolist()
    assert found.uniform.p.tolist() == found.uniform.low.tolist() == found.uniform.high.tolist()
    assert found.uniform.p.sum() == pytest.approx(1.0)
    assert found.uniform.exact and found.uniform.standard_error == 0.0
    assert found.uniform.mean == pytest.approx(every.mean())
    assert found.uniform.n_samples == 2**m
    assert found.shift == pytest.approx(every.mean() - found.prior.mean)
    assert found.shift_error == found.prior.standard_error


def test_uniform_words_of_128_bits_have_the_known_mean_k_lz():
    # 148.82 with standard error 0.004, standard deviation 6.14, by an independent program
    every = complexity_distribution(sampled(100), n_uniform=50_000, seed=3)
    found = every.uniform
    assert not found.exact
    assert_within(found.mean, 148.82, math.hypot(found.standard_error, 0.004))
    assert found.standard_error == pytest.approx(found.standard_deviation / math.sqrt(50_000))
    fourth = ((every.k - found.mean) ** 4 * found.p).sum() / found.standard_deviation**4
    error = 6.14 * math.sqrt((fourth - 1) / (4 * 50_000))
    assert_within(found.standard_deviation, 6.14, error)


def test_uniform_functions_have_binomial_t(ones):
    found = complexity_distribution(sampled(100), ones, n_uniform=20_000)
    p = binom.pmf(found.k, 128, 0.5)
    often = 20_000 * p > 20  # elsewhere the error is not normal
    assert_within(found.uniform.p[often], p[often], np.sqrt(p * (1 - p) / 20_000)[often])
    covered = (found.uniform.low <= p) & (p <= found.uniform.high)
    assert covered.mean() > 0.9


def test_the_same_t_null_has_the_t_of_the_prior(ones):
    # A measure of T alone has the same law under the prior and under its null
    table = sampled()
    found = complexity_distribution(table, ones, n_uniform=30_000)
    p = table.t_counts[found.k.astype(int)] / table.n_samples
    assert found.prior.p.tolist() == p.tolist()
    often = 30_000 * p > 20
    assert_within(found.same_t.p[often], p[often], np.sqrt(p * (1 - p) / 30_000)[often])
    assert_within(found.same_t.mean, found.prior.mean, found.same_t.standard_error)
    # its error is that of 30,000 functions and that of the table's 20,000 draws
    n = 1 / (1 / 30_000 + 1 / 20_000)
    spread = found.same_t
    assert spread.standard_error == pytest.approx(spread.standard_deviation / math.sqrt(n))
    low, high = clopper_pearson(spread.p * n, n)
    np.testing.assert_allclose(spread.low, low, rtol=1e-9)
    np.testing.assert_allclose(spread.high, high, rtol=1e-9)


def test_the_same_t_null_against_all_functions_of_each_t():
    table = FunctionTable.from_counts(["00000000", "00001111", "01111111"], [500, 300, 200])
    found = complexity_distribution(table, n_uniform=40_000)
    p = np.zeros(len(found.k))
    weights = {0: 0.5, 4: 0.3, 7: 0.2}
    for word in product("01", repeat=8):
        t = word.count("1")
        k = complexity.k_lz("".join(word))[0]
        p[np.searchsorted(found.k, k)] += weights.get(t, 0.0) / math.comb(8, t)
    assert p.sum() == pytest.approx(1.0)
    assert_within(found.same_t.p, p, np.sqrt(p * (1 - p) / 40_000))


@pytest.mark.parametrize("m", [1, 63, 64, 65, 130])
def test_functions_of_any_length_keep_their_t(m, ones):
    full, empty, one = "1" * m, "0" * m, "1" + "0" * (m - 1)
    texts = sorted({full, empty, one})
    table = FunctionTable.from_counts(texts, [1] * len(texts))
    found = complexity_distribution(table, ones, n_uniform=200)
    seen = found.k[found.same_t.counts > 0]
    assert set(seen.tolist()) == {float(text.count("1")) for text in texts}


def test_for_grouped_draws_the_group_is_the_unit():
    table = sampled(20_000, output_draws=10)
    found = complexity_distribution(table, n_uniform=100)
    spread = found.prior
    assert found.output_draws == 10 and spread.n_samples == 20_000
    assert (spread.inflation == 10).all()
    low, high = clopper_pearson(spread.counts / 10, 2000)
    np.testing.assert_allclose(spread.low, low, rtol=1e-9)
    np.testing.assert_allclose(spread.high, high, rtol=1e-9)
    assert spread.standard_error == pytest.approx(spread.standard_deviation / math.sqrt(2000))


def test_the_errors_of_grouped_draws_hold_their_scatter():
    found = [
        complexity_distribution(sampled(2000, output_draws=10, n=4, seed=seed), n_uniform=2).prior
        for seed in range(40)
    ]
    scatter = np.std([each.mean for each in found], ddof=1)
    claimed = np.mean([each.standard_error for each in found])
    assert scatter < claimed * (1 + 5 / math.sqrt(2 * 39))  # conservative: an upper limit
    independent = found[0].standard_deviation / math.sqrt(2000)
    assert claimed > 3 * independent


def test_lost_group_sums_change_nothing():
    rng = np.random.default_rng(1)
    groups = [[format(i, "05b") for i in rng.integers(0, 8, 4)] for _ in range(30)]
    kept, lost = (complexity_distribution(table_of(groups, 5, sums=s)) for s in (True, False))
    assert kept.to_json() == lost.to_json()


def test_a_table_is_read_in_parts(monkeypatch):
    table = sampled(3000)
    whole = complexity_distribution(table, n_uniform=100).to_json()
    monkeypatch.setattr("priorvol.simplicity.distribution.CHUNK", 70)
    parts = list(complexity_parts(table, "k_lz"))
    assert len(parts) == -(-len(table) // 70)
    assert np.concatenate([k for k, _ in parts]).tolist() == complexity.k_lz(table).tolist()
    assert np.concatenate([rows.counts for _, rows in parts]).tolist() == table.counts.tolist()
    assert complexity_distribution(table, n_uniform=100).to_json() == whole


def test_bins():
    table = sampled(5000)
    plain = complexity_distribution(table, n_uniform=1000)
    found = complexity_distribution(table, n_uniform=1000, bins=9)
    assert plain.edges is None and len(found.edges) == 10 and len(found.k) == 9
    np.testing.assert_allclose(found.k, (found.edges[1:] + found.edges[:-1]) / 2)
    assert (found.edges[0], found.edges[-1]) == (plain.k[0], plain.k[-1])
    for name in ("prior", "uniform", "same_t"):
        fine, coarse = getattr(plain, name), getattr(found, name)
        expected, _ = np.histogram(plain.k, bins=found.edges, weights=fine.counts)
        assert coarse.counts.tolist() == expected.tolist()
        assert (coarse.mean, coarse.n_samples) == (fine.mean, fine.n_samples)


def test_many_distinct_complexities_share_bins_and_rounding_splits_none(monkeypatch):
    def column(functions, *, m=None):
        words = bits.as_words(functions, m)[0][:, 0]
        k = (words % np.uint64(modulus)).astype(float) / 7.0
        return k * np.where(words & np.uint64(1 << 40), 1.0, 1.0 + 1e-14)  # as rounding would

    monkeypatch.setitem(registry._MEASURES, "mod", Measure("mod", column, "", "mod", "", "", ""))
    modulus = 200
    found = complexity_distribution(sampled(3000), "mod", n_uniform=5000)
    assert found.edges is None and len(found.k) == 200
    modulus = 201
    found = complexity_distribution(sampled(3000), "mod", n_uniform=5000)
    assert len(found.edges) == 65
    assert found.prior.counts.sum() == 3000 and found.uniform.counts.sum() == 5000


def test_one_complexity_only(monkeypatch):
    def column(functions, *, m=None):
        return np.full(len(functions), 3.0)

    monkeypatch.setitem(registry._MEASURES, "flat", Measure("flat", column, "", "flat", "", "", ""))
    table = FunctionTable.from_counts(["0110"], [7])
    found = complexity_distribution(table, "flat")
    assert (found.k.tolist(), found.prior.p.tolist(), found.shift) == ([3.0], [1.0], 0.0)
    binned = complexity_distribution(table, "flat", bins=3)
    assert binned.prior.counts.sum() == 7 and binned.k[np.argmax(binned.prior.counts)] == 3.0


def test_the_points_of_the_task_are_used_for_the_random_functions():
    table = sampled(300)
    one, three = (
        complexity_distribution(table, "critical_sample_ratio", n_uniform=200, radius=radius)
        for radius in (1.0, 7.0)
    )
    assert three.uniform.mean == 1.0  # within distance 7 lies every point
    assert one.prior.mean < three.prior.mean


def test_inputs_that_are_no_cube():
    table = table_of([["000111"], ["000000"], ["010101"], ["000111"]], 6)  # on 1, 2, .., 6
    with pytest.raises(ValueError, match="needs radius"):
        complexity_distribution(table, "critical_sample_ratio")
    found = complexity_distribution(table, "critical_sample_ratio", radius=1.5)
    # 000111 has two critical points of six, 010101 six; of any word those beside a change
    assert found.prior.mean == pytest.approx((2 / 6 + 0 + 1 + 2 / 6) / 4)
    critical = 0
    for word in product("01", repeat=6):
        change = [a != b for a, b in zip(word[1:], word, strict=False)]
        critical += sum(a or b for a, b in zip([False, *change], [*change, False], strict=True))
    assert found.uniform.mean == pytest.approx(critical / 6 / 64)
    with pytest.raises(ValueError, match="cube"):
        complexity_distribution(table, "average_sensitivity")


def test_prints_and_json():
    found = complexity_distribution(sampled(300), n_uniform=100)
    text = str(found)
    assert text.startswith("k_lz of 300 draws: mean ") and "shift" in text and "exact" not in text
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert record["shift"] == found.shift
    assert record["prior"]["p"] == found.prior.p.tolist()
    assert record["edges"] is None


def test_the_seed_decides():
    table = sampled(300)
    one, again, other = (
        complexity_distribution(table, n_uniform=500, seed=seed).to_json() for seed in (1, 1, 2)
    )
    assert one == again
    assert one["uniform"]["mean"] != other["uniform"]["mean"]
    assert one["same_t"]["mean"] != other["same_t"]["mean"]
    assert one["prior"]["mean"] == other["prior"]["mean"]


def test_some_functions():
    words, every = some_functions(16, 10, 0)
    assert every and len(words) == len(set(words.ravel().tolist())) == 1 << 16
    words, every = some_functions(17, 10, 0)
    assert not every and words.shape == (10, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "k_lzz"}, "did you mean 'k_lz'"),
        ({"n_uniform": 1}, "n_uniform must be at least 2 and at most 10,000,000, got 1"),
        ({"bins": 0}, "bins must be at least 1 and at most 100,000, got 0"),
        ({"level": 0.0}, "level must be above 0.0"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        complexity_distribution(FunctionTable.from_counts(["0110"], [7]), **options)


def test_tables_that_leave_out_draws():
    table = FunctionTable.from_counts(["0110"], [7], n_samples=10)
    with pytest.raises(ValueError, match="every draw listed; this table leaves out 3 of 10"):
        complexity_distribution(table)
