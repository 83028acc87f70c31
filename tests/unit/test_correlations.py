"""Correlating tables: the split, the selection, the nulls, and synthetic tables of known truth."""

import json
import math

import numpy as np
import pytest
from agreement import assert_within
from scipy.stats import binom, binomtest, chisquare, norm, pearsonr, spearmanr

from priorvol import bits, complexity
from priorvol.architecture import Architecture, Prior
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.nulls import uniform_functions
from priorvol.provenance import Span
from priorvol.sampler import sample_span
from priorvol.simplicity.correlations import BASELINE, correlate
from priorvol.simplicity.panel import PANEL
from priorvol.symmetry import canonical
from priorvol.table import FunctionTable
from priorvol.task import Task

P_THRESHOLD = 1e-4
QUICK = {"n_bootstrap": 0, "n_null": 0}


def some_functions(k, m, *, seed):
    """Return k distinct random functions of all densities."""
    rng = np.random.default_rng(seed)
    words = np.unique(bits.pack(rng.random((2 * k, m)) < rng.random((2 * k, 1))), axis=0)
    return words[np.sort(rng.choice(len(words), k, replace=False))]


def table_of(words, m, log_p, *, mean=400, seed=0):
    """Draw Poisson counts; returns the table and the log P of the functions in it, in its order."""
    p = np.exp(log_p - np.max(log_p))
    counts = np.random.default_rng(seed).poisson(mean * p / p.mean())
    seen = counts > 0
    table = FunctionTable.from_counts(words[seen], counts[seen], m=m)
    order = np.lexsort(words[seen].T[::-1])
    return table, (np.log(p / p.sum()))[seen][order]


def test_log_p_that_falls_with_complexity_correlates_perfectly():
    """P = 2^(-K/20): what is short of -1 is the noise of the counts, as large counts show."""
    words = some_functions(300, 64, seed=1)
    k = complexity.k_lz(words, m=64)
    table, _ = table_of(words, 64, -math.log(2) / 20 * k, mean=10**12)
    found = correlate(table, "k_lz", n_null=0, n_bootstrap=100)
    each = found.row("k_lz").association
    assert found.n_functions == 300
    assert each.pearson.value < -0.999 and each.pearson_given_t.value < -0.99
    # only functions of one K are out of order, steps of K being far above the noise
    ties = np.unique(k, return_counts=True)[1].astype(float)
    bound = math.sqrt(1 - (ties**3 - ties).sum() / (300**3 - 300))
    assert math.isclose(each.spearman.value, -bound, rel_tol=1e-9)
    assert each.pearson.low <= each.pearson.value <= each.pearson.high < -0.999
    assert found.reliability.pearson.value > 0.999


def test_the_estimate_is_that_of_true_probabilities_but_for_the_noise_of_counts():
    """Given the functions, log P is its truth plus noise of variance 1/b, of which r is shrunk."""
    words = some_functions(2000, 64, seed=2)
    k = complexity.k_lz(words, m=64)
    rng = np.random.default_rng(3)
    table, truth = table_of(words, 64, -0.02 * k + 0.3 * rng.normal(size=2000), mean=200)
    values, columns = [], complexity.k_lz(table)
    for seed in range(20):
        found = correlate(table, "k_lz", min_count=1, seed=seed, **QUICK)
        values.append(found.row("k_lz").association.pearson.value)
    noise = (2 / table.counts).mean()
    shrunk = pearsonr(truth, columns)[0] * math.sqrt(truth.var() / (truth.var() + noise))
    # one table, one true r: the error is that of a correlation of 2000 noises with K
    error = math.sqrt(noise / (truth.var() + noise) / len(columns))
    assert_within(np.mean(values), shrunk, error)


def test_the_second_half_knows_nothing_of_the_selection():
    """All P are equal: log P of those selected by a large count is that of the others."""
    words = some_functions(4000, 64, seed=4)
    table, _ = table_of(words, 64, np.zeros(4000), mean=40)
    few = correlate(table, "k_lz", min_count=26, **QUICK)
    assert 100 < few.n_functions < 1000
    # their share of the second half is their share of all functions
    share = few.n_functions / 4000
    error = math.sqrt(share / 4000 / 20)  # the counts of 20 draws each
    assert_within(few.selected_share, share, error)
    # and the halves of independent counts are independent
    assert_within(few.reliability.pearson.value, 0, 1 / math.sqrt(few.n_functions))


def test_halves_are_binomial():
    """a of one function with 40 draws over many seeds, and the number of draws of the halves."""
    words = some_functions(3, 16, seed=5)
    table = FunctionTable.from_counts(words, [40, 10**6, 10**6], m=16, n_samples=3_000_000)
    smallest, first = [], []
    for seed in range(400):
        found = correlate(table, "k_lz", min_count=1, seed=seed, **QUICK)
        smallest.append(found.smallest_count)
        first.append(found.draws[0])
        assert sum(found.draws) == 3_000_000
    cells = np.histogram(smallest, [0, 16.5, 18.5, 20.5, 22.5, 41])[0]
    chances = np.diff(binom.cdf([-1, 16, 18, 20, 22, 40], 40, 0.5))
    assert chisquare(cells, 400 * chances).pvalue > P_THRESHOLD
    assert_within(np.mean(first), 1_500_000, math.sqrt(3_000_000) / 2 / math.sqrt(400))


def test_the_most_frequent_of_the_first_half_are_selected():
    words = some_functions(1000, 64, seed=6)
    chosen = np.random.default_rng(6).permutation(1000) < 50
    table, truth = table_of(words, 64, np.where(chosen, 3.0, 0.0), mean=1000)
    found = correlate(table, "k_lz", max_functions=50, **QUICK)
    assert (found.n_functions, found.n_listed) == (50, 1000)
    share = np.exp(np.sort(truth)[-50:]).sum()
    error = math.sqrt(share * (1 - share) * (1 / found.draws[1] + 1 / table.n_samples))
    assert_within(found.selected_share, share, error)
    every = correlate(table, "k_lz", **QUICK)
    assert every.n_functions > 900 and every.min_count == 10 <= every.smallest_count


def test_a_correlation_by_hand():
    """Counts of one million and more: the halves are as good as equal."""
    texts = ["00000000", "00000001", "01010101", "01101001", "00010010"]
    counts = 10**9 * np.array([16, 8, 4, 2, 1])
    table = FunctionTable.from_counts(texts, counts)
    found = correlate(table, ["lz76_words", "k_lz"], n_bootstrap=0, n_null=0)
    for name in ("lz76_words", "k_lz", BASELINE):
        k = complexity.compute(texts, [name])[name]
        each = found.row(name).association
        assert math.isclose(each.spearman.value, spearmanr(counts, k)[0])
        assert math.isclose(each.pearson.value, pearsonr(np.log(counts), k)[0], rel_tol=1e-3)


def covers(seed):
    """Whether the interval given T holds 0 where P depends on T alone; the last is plain."""
    words = some_functions(250, 32, seed=seed)
    t = bits.unpack(words, 32).sum(axis=1)
    table, _ = table_of(words, 32, 0.2 * np.abs(t - 16), mean=300, seed=seed)
    found = correlate(table, "k_lz", n_null=0, n_bootstrap=200, level=0.9, seed=seed)
    each = found.row("k_lz").association
    return [
        interval.low <= 0 <= interval.high
        for interval in (each.pearson_given_t, each.spearman_given_t, each.spearman)
    ]


@pytest.mark.parametrize("n_tables", [40, pytest.param(400, marks=pytest.mark.slow)])
def test_where_p_depends_on_t_alone_nothing_is_left_given_t(n_tables):
    held = np.array([covers(seed) for seed in range(n_tables)]).sum(axis=0)
    for kind in range(2):
        assert binomtest(int(held[kind]), n_tables, 0.9).pvalue > P_THRESHOLD
    assert held[2] == 0


def test_the_same_t_null_is_all_there_is_where_p_depends_on_t_alone():
    words = some_functions(1500, 32, seed=9)
    t = bits.unpack(words, 32).sum(axis=1)
    table, _ = table_of(words, 32, 0.2 * np.abs(t - 16), mean=300)
    row = correlate(table, "k_lz", n_bootstrap=0, n_null=100, level=0.5).row("k_lz")
    own, null = row.association.spearman.value, row.same_t.spearman
    assert null.low <= null.value <= null.high < -0.3
    # the functions themselves are one more draw of the null; its quartiles are 1.35 sd apart
    spread = (null.high - null.low) / (2 * norm.ppf(0.75))
    assert_within(own, null.value, spread * math.sqrt(1 + 1 / 100))


def test_measures_of_t_alone_are_their_own_null():
    words = some_functions(200, 16, seed=10)
    table, _ = table_of(words, 16, np.linspace(0, 2, 200))
    row = correlate(table, "k_lz", n_bootstrap=0, n_null=3).row(BASELINE)
    for kind in ("pearson", "spearman"):
        null = getattr(row.same_t, kind)
        own = getattr(row.association, kind).value
        np.testing.assert_allclose([null.value, null.low, null.high], own, rtol=1e-9)
    assert row.association.spearman_given_t.reason.startswith(f"{BASELINE} does not vary")
    assert row.permuted_inputs.by_construction
    assert row.permuted_inputs.spearman.value == row.association.spearman.value


def test_permuted_inputs_change_only_what_depends_on_their_order():
    words = some_functions(400, 32, seed=11)
    k = complexity.k_lz(words, m=32)
    table, _ = table_of(words, 32, -0.1 * k)
    found = correlate(table, ["k_lz", "entropy"], n_bootstrap=0, n_null=5)
    row = found.row("k_lz")
    assert not row.permuted_inputs.by_construction
    own = row.association.spearman.value
    assert own < row.permuted_inputs.spearman.low <= row.permuted_inputs.spearman.high < 0
    assert found.row("entropy").permuted_inputs.by_construction


def drawn(n=4, n_samples=60_000, **prior):
    task = Task(Architecture(n, (10,)), Prior(**({"sigma_b": 0.3} | prior)), boolean_cube(n))
    return sample_span(task, Span(1, 1, 0, n_samples))


def test_orbits_of_the_task_are_the_units():
    table = drawn()
    found = correlate(table, "k_lz", min_count=5, n_bootstrap=50, n_null=0)
    assert found.symmetries == ("permutation", "complement")
    assert found.n_functions > 2 * found.n_orbits > 20
    every = correlate(table, "k_lz", min_count=1, max_functions=10**6, **QUICK)
    representatives = np.unique(canonical(table, found.symmetries)[:, 0])
    assert found.n_orbits < every.n_orbits <= len(representatives)
    # the interval is wider than that of the same counts without their task
    bare = FunctionTable.from_counts(table.functions, table.counts, m=16)
    without = correlate(bare, "k_lz", min_count=5, n_bootstrap=50, n_null=0)
    assert without.symmetries == () and without.n_orbits == without.n_functions
    each, other = (x.row("k_lz").association.spearman for x in (found, without))
    assert each.value == other.value
    assert each.high - each.low > 1.5 * (other.high - other.low)


def test_inputs_that_are_no_cube_have_no_permuted_null():
    points = array_inputs(np.random.default_rng(0).normal(size=(16, 3)))
    table = sample_span(Task(Architecture(3, (5,)), Prior(), points), Span(1, 1, 0, 20_000))
    found = correlate(table, n_bootstrap=0, n_null=2)
    assert found.symmetries == ("complement",)
    assert all(row.permuted_inputs is None for row in found.rows)
    assert {row.measure for row in found.rows} >= {"k_lz", BASELINE}
    assert "average_sensitivity" not in {row.measure for row in found.rows}
    with pytest.raises(ValueError, match="average_sensitivity cannot be computed of this table"):
        correlate(table, "average_sensitivity")


def test_inputs_beyond_seven_use_the_complement_only():
    found = correlate(drawn(8, 30_000), "k_lz", min_count=2, n_bootstrap=0, n_null=1)
    assert found.symmetries == ("complement",)
    assert not found.rows[0].permuted_inputs.by_construction


def test_the_default_panel_is_what_can_be_computed():
    table = drawn(3, 5000)
    found = correlate(table, **QUICK)
    possible = complexity.applicable(table)
    names = [name for name in PANEL if name in possible]
    assert [row.measure for row in found.rows] == [*names, BASELINE]


def test_thresholds_rise_tenfold_while_functions_remain():
    words = some_functions(2000, 64, seed=12)
    k = complexity.k_lz(words, m=64)
    table, _ = table_of(words, 64, -0.05 * k, mean=1000)
    found = correlate(table, "k_lz", n_bootstrap=20, n_null=0)
    assert [each.min_count for each in found.by_threshold] == [10, 100, 1000][
        : len(found.by_threshold)
    ]
    sizes = [each.n_functions for each in found.by_threshold]
    assert len(sizes) > 1 and sizes == sorted(sizes, reverse=True) and sizes[-1] >= 50
    assert found.by_threshold[0].associations["k_lz"] == found.row("k_lz").association
    # a subset by a alone: the same functions as a larger threshold selects outright
    again = correlate(table, "k_lz", min_count=100, n_bootstrap=20, n_null=0)
    assert abs(again.n_functions - sizes[1]) < 5 * math.sqrt(sizes[1])


def test_results_repeat_by_seed_and_do_not_depend_on_workers_or_chunks():
    table = drawn()
    options = {"min_count": 3, "n_bootstrap": 30, "n_null": 2}
    first = correlate(table, seed=1, **options)
    assert first.to_json() == correlate(table, seed=1, n_jobs=2, **options).to_json()
    assert first.draws != correlate(table, seed=2, **options).draws

    class InPieces(FunctionTable):
        def chunks(self, size=None):
            return super().chunks(37)

    pieces = InPieces(table.functions, table.counts, task=table.task)
    assert correlate(pieces, seed=1, **options).to_json() == first.to_json()


def test_grouped_draws_are_split_draw_by_draw():
    task = Task(Architecture(4, (10,)), Prior(sigma_b=0.3), boolean_cube(4))
    table = sample_span(task, Span(1, 10, 0, 3000))
    found = correlate(table, "k_lz", **QUICK)
    assert sum(found.draws) == 30_000
    assert_within(found.draws[0], 15_000, math.sqrt(30_000) / 2)


def test_it_prints_a_table_and_writes_json():
    found = correlate(drawn(), ["k_lz"], min_count=3, n_bootstrap=30, n_null=2)
    text = str(found)
    lines = text.splitlines()
    assert lines[0].startswith(f"log P(f) against complexity over {found.n_functions:,} functions")
    assert "under permutation and complement" in lines[0]
    row = next(line for line in lines if line.startswith("k_lz"))
    assert f"{found.row('k_lz').association.spearman.value:+.3f}" in row
    assert next(line for line in lines if line.startswith(BASELINE)).endswith("the same")
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert record["rows"][0]["association"]["pearson"]["value"] == pytest.approx(
        found.rows[0].association.pearson.value
    )
    baseline = record["rows"][1]["association"]["pearson_given_t"]
    assert baseline["value"] is None and "does not vary" in baseline["reason"]
    assert len(record["by_threshold"]) == len(found.by_threshold)


def test_nothing_drawn_leaves_the_nulls_undefined():
    row = correlate(drawn(), "k_lz", **QUICK).row("k_lz")
    assert math.isnan(row.same_t.spearman.value)
    assert row.same_t.spearman.reason == "nothing was drawn"


def test_bad_input():
    table = FunctionTable.from_counts(["0001", "0110", "0111"], [90, 80, 3])
    with pytest.raises(ValueError, match="min_count = 10 draws in the first half, but 2 of"):
        correlate(table, "k_lz")
    with pytest.raises(ValueError, match="table must be a FunctionTable, got list"):
        correlate(["0001"])
    with pytest.raises(ValueError, match="measure must be one of.*did you mean 'k_lz'"):
        correlate(table, "k_lzz")
    with pytest.raises(ValueError, match="measures must be one name or several, got 3"):
        correlate(table, 3)
    for name, value in [
        ("min_count", 0),
        ("max_functions", 2),
        ("n_bootstrap", -1),
        ("n_null", -1),
        ("level", 1.5),
        ("seed", -1),
        ("n_jobs", 0),
    ]:
        with pytest.raises(ValueError, match=name):
            correlate(table, "k_lz", **({"min_count": 1} | {name: value}))
    found = correlate(table, "k_lz", min_count=1, **QUICK)
    with pytest.raises(ValueError, match="measure must be one of 'k_lz', 'majority_error'"):
        found.row("entropy")
    wide = FunctionTable.from_counts(uniform_functions(5, 256, seed=0), [90] * 5, m=256)
    with pytest.raises(ValueError, match="bdd_size cannot be computed of this table"):
        correlate(wide, "bdd_size")
