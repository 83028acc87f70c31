"""What was not seen: Good-Turing and Chao against known distributions and groups; entropy."""

import math
from collections import Counter

import numpy as np
import pytest
from agreement import assert_within
from drawn import table_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy

from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.inputs import boolean_cube
from priorvol.result import Richness
from priorvol.table import FunctionTable
from priorvol.task import Task

EPS = np.finfo(np.float64).eps
QUICK = settings(max_examples=100, deadline=None, derandomize=True)


def independent(counts, m=10):
    """A table with these counts, whatever the functions."""
    return FunctionTable.from_counts([format(i, f"0{m}b") for i in range(len(counts))], counts)


def exp_log(p):
    """Bound the rounding of exp(log(p))."""
    return EPS * p * (2 - math.log(p)) if p else 0.0


COUNTS = st.lists(st.one_of(st.integers(1, 4), st.integers(1, 2**40)), min_size=1, max_size=60)


@QUICK
@given(COUNTS)
def test_counts_of_counts(counts):
    table = independent(counts)
    values, times = table.counts_of_counts
    assert dict(zip(values.tolist(), times.tolist(), strict=True)) == Counter(counts)
    assert (np.diff(values) > 0).all() and values.dtype == times.dtype == np.int64
    assert table.n_singletons == counts.count(1)


@QUICK
@given(COUNTS)
def test_the_missing_mass_is_the_share_of_singletons(counts):
    found = independent(counts).missing_mass()
    n, once, twice = sum(counts), counts.count(1), counts.count(2)
    assert abs(found.p - once / n) <= exp_log(once / n)
    assert found.diagnostics == {"singletons": once, "doubletons": twice}
    assert (found.method, found.quantity, found.n_samples) == ("good_turing", "missing mass", n)
    # Esty's variance, in his own form: [n1 (1 - n1 / n) + 2 n2] / n^2
    error = math.sqrt(once * (1 - once / n) + 2 * twice) / n
    if once:
        assert abs(found.standard_error - error * n / once) <= 8 * EPS * error * n / once
    else:
        assert math.isnan(found.standard_error)
    # the ends are printed through a logarithm, as is everything
    high = min(max(once / n + 1.959963984540054 * error, 3 / n), 1.0)
    assert abs(math.exp(found.high) - high) <= exp_log(high) + 8 * EPS * high
    low = max(once / n - 1.959963984540054 * error, 0.0)
    assert abs(math.exp(found.low) - low) <= exp_log(low) + 16 * EPS * once / n


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, math.nan, True, "0.9", None])
def test_bad_levels(level):
    with pytest.raises(ValueError, match="^level must be"):
        independent([1, 2]).missing_mass(level=level)


def test_the_missing_mass_is_unbiased_for_one_draw_less():
    # E[n1 / n] = sum of p (1 - p)^(n - 1), which is E of the missing mass after n - 1 draws
    rng = np.random.default_rng(11)
    p = 1.0 / np.arange(1, 201)
    p /= p.sum()
    n, replicates = 60, 600
    estimates = [
        independent(counts[counts > 0]).missing_mass().p
        for counts in rng.multinomial(n, p, replicates)
    ]
    truth = (p * (1 - p) ** (n - 1)).sum()
    assert_within(np.mean(estimates), truth, np.std(estimates, ddof=1) / math.sqrt(replicates))


def draw_groups(rng, n_groups, draws, m=6):
    """Draws of Zipf's law; each repeats the one before it in its group nine times in ten."""
    p = 1.0 / np.arange(1, 2**m + 1)
    fresh = rng.choice(2**m, size=(n_groups, draws), p=p / p.sum())
    again = rng.random((n_groups, draws)) < 0.9
    for i in range(1, draws):
        fresh[:, i] = np.where(again[:, i], fresh[:, i - 1], fresh[:, i])
    return [[format(i, f"0{m}b") for i in group] for group in fresh.tolist()]


@pytest.mark.parametrize("seed", range(8))
def test_grouped_missing_mass_leaves_one_group_out(seed):
    groups = draw_groups(np.random.default_rng(seed), n_groups=12, draws=5)
    left_out = 0
    for g, group in enumerate(groups):
        others = {text for h, other in enumerate(groups) if h != g for text in other}
        left_out += sum(text not in others for text in group)
    found = table_of(groups, 6).missing_mass()
    assert abs(found.p - left_out / 60) <= exp_log(left_out / 60)
    assert found.n_samples == 60
    assert math.exp(found.high) >= min(3 / 12, 1.0) * (1 - 8 * EPS)


def test_the_grouped_missing_mass_is_unbiased_for_one_group_less():
    # A group is five copies of one function, so the truth is that of twelve plain draws.
    rng = np.random.default_rng(3)
    p = 1.0 / np.arange(1, 65)
    p /= p.sum()
    estimates = []
    for _ in range(400):
        texts = [format(i, "06b") for i in rng.choice(64, size=12, p=p)]
        estimates.append(table_of([[text] * 5 for text in texts], 6).missing_mass().p)
    truth = (p * (1 - p) ** 11).sum()
    assert_within(np.mean(estimates), truth, np.std(estimates, ddof=1) / 20)


def test_groups_of_copies_have_the_error_of_plain_draws():
    # Copying every draw R times is no new information: estimate and error stay those of R = 1.
    texts = ["000", "000", "001", "001", "010", "011", "100", "100", "101", "110"]
    plain = table_of([[text] for text in texts], 3).missing_mass()
    copied = table_of([[text] * 7 for text in texts], 3).missing_mass()
    assert abs(copied.p - plain.p) <= 2 * exp_log(plain.p)
    assert abs(copied.standard_error - plain.standard_error) <= 16 * EPS * plain.standard_error


def test_grouped_missing_mass_needs_the_sums():
    groups = draw_groups(np.random.default_rng(0), 12, 5)
    for table in (table_of(groups, 6, sums=False), table_of(groups, 6).restrict([0, 1])):
        with pytest.raises(ValueError, match="needs their group sums"):
            table.missing_mass()


def test_the_chunks_of_a_grouped_table(monkeypatch):
    table = table_of(draw_groups(np.random.default_rng(1), 30, 5), 6)
    whole = table.missing_mass().p
    chunks = FunctionTable.chunks
    monkeypatch.setattr(FunctionTable, "chunks", lambda self, size=3: chunks(self, size))
    assert table.missing_mass().p == whole


def test_nothing_missing():
    found = independent([5, 5]).missing_mass()
    assert found.log_p == -math.inf and found.p == 0.0
    # no singleton, no doubleton: the rule of three alone
    assert abs(math.exp(found.high) - 0.3) <= exp_log(0.3)
    every = independent([1]).missing_mass()
    assert every.p == 1.0 and every.high == 0.0


# Entropy


@QUICK
@given(COUNTS)
def test_plug_in_entropy(counts):
    expected = scipy_entropy(counts, base=2)
    # k terms of at most log2(e) / e, each with a few roundings
    assert abs(independent(counts).entropy() - expected) <= 8 * EPS * len(counts) * (1 + expected)


@QUICK
@given(COUNTS)
def test_chao_shen_entropy(counts):
    n = sum(counts)
    coverage = 1 - counts.count(1) / n if counts.count(1) < n else 1 / n
    expected = 0.0
    for count in counts:
        p = coverage * count / n
        if p < 1:
            expected -= p * math.log2(p) / -math.expm1(n * math.log1p(-p))
    found = independent(counts).entropy(estimator="chao-shen")
    # 1 - coverage passes through exp(log(.)), an absolute error of eps, magnified where coverage is
    # small; log1p(-p) is ill-conditioned by 1 / (1 - p) where nearly all draws are one function
    share = coverage * max(counts) / n
    bound = 64 * EPS * len(counts) * (1 + expected) / coverage / max(1 - share, EPS)
    assert abs(found - expected) <= bound


def test_chao_shen_corrects_the_bias():
    rng = np.random.default_rng(4)
    p = np.full(512, 1 / 512)
    tables = [independent(c[c > 0]) for c in rng.multinomial(300, p, 100)]
    plain = np.array([table.entropy() for table in tables])
    better = np.array([table.entropy(estimator="chao-shen") for table in tables])
    assert np.abs(better.mean() - 9) + 5 * better.std(ddof=1) / 10 < 9 - plain.mean()
    assert plain.max() < 9


def test_entropy_of_one_function_has_no_sign():
    for estimator in ("plug-in", "chao-shen"):
        value = independent([7]).entropy(estimator=estimator)
        assert value == 0.0 and math.copysign(1, value) == 1


@pytest.mark.parametrize("estimator", ["miller-madow", "", None])
def test_unknown_estimators(estimator):
    with pytest.raises(ValueError, match="estimator must be one of 'plug-in', 'chao-shen'"):
        independent([1]).entropy(estimator=estimator)


def test_draws_left_out():
    table = FunctionTable.from_counts(["00", "01"], [6, 2], n_samples=16)
    with pytest.raises(ValueError, match="leaves out 8 of 16"):
        table.missing_mass()


# The number of functions


def chao(once, twice, seen, n, m, z=1.959963984540054):
    """Chao's bound and the ends of its log-normal interval."""
    a = (n - 1) / n
    if twice:
        unseen = a * once * once / (2 * twice)
        r = once / twice
        variance = twice * (a / 2 * r**2 + a**2 * r**3 + a**2 / 4 * r**4)
    else:
        unseen = a * once * (once - 1) / 2
        variance = unseen + a * a * (once * (2 * once - 1) ** 2 - once**4 / (seen + unseen)) / 4
    factor = math.exp(z * math.sqrt(math.log(1 + variance / unseen**2)))
    ends = (seen + unseen, seen + unseen / factor, seen + unseen * factor)
    return tuple(min(end, 2.0**m) for end in ends)


@QUICK
@given(st.integers(1, 30), st.integers(0, 20), st.integers(0, 20))
def test_chao_by_its_formula(once, twice, more):
    if once == 1 and twice == 0:
        return  # no function is missing by the estimate
    found = independent([1] * once + [2] * twice + [3] * more, m=9).n_functions()
    seen, n = once + twice + more, once + 2 * twice + 3 * more
    expected = chao(once, twice, seen, n, 9)
    assert (found.estimate, found.low, found.high) == pytest.approx(expected, rel=1e-12)
    assert (found.observed, found.level, found.method) == (seen, 0.95, "chao1")


def perceptron(n, n_samples, *, sigma_b=0.0, seed=0, output_draws=1):
    task = Task(Architecture(n, ()), Prior(sigma_b=sigma_b), boolean_cube(n))
    return collect(task, n_samples=n_samples, seed=seed, output_draws=output_draws, n_jobs=1)


KNOWN = [(0.0, n, k) for n, k in ((2, 6), (3, 32), (4, 370))]
KNOWN += [(1.0, n, k) for n, k in ((2, 14), (3, 104), (4, 1882))]


@pytest.mark.parametrize(("sigma_b", "n", "truth"), KNOWN)
def test_perceptrons_all_of_whose_functions_are_seen(sigma_b, n, truth):
    found = perceptron(n, 300_000, sigma_b=sigma_b).n_functions()
    assert (found.observed, found.low) == (truth, truth)
    # a function may still have been counted once: the bound then exceeds the truth by less than one
    assert truth <= found.estimate < truth + 1
    assert found.high < truth + 5


@pytest.mark.parametrize(
    ("sigma_b", "n", "truth", "n_samples"),
    [(0, 4, 370, 300), (0, 5, 11_292, 3000), (0, 5, 11_292, 100_000), (1, 4, 1882, 3000)],
)
def test_the_bound_of_perceptrons_lies_between_the_seen_and_the_truth(sigma_b, n, truth, n_samples):
    found = [
        perceptron(n, n_samples, sigma_b=float(sigma_b), seed=seed).n_functions()
        for seed in range(12)
    ]
    bounds = [each.estimate for each in found]
    assert all(each.observed < each.low < each.estimate for each in found)
    assert all(each.low < truth for each in found)  # the interval is of a bound
    error = np.std(bounds, ddof=1) / math.sqrt(len(bounds))
    assert np.mean(bounds) < truth + 5 * error
    assert np.mean(bounds) - 5 * error > np.mean([each.observed for each in found])


def test_the_11292_perceptrons_of_five_inputs():
    found = perceptron(5, 1_000_000).n_functions()
    assert found.observed <= 11_292
    assert found.low <= 11_292
    assert abs(found.estimate - 11_292) < 2


@pytest.fixture(scope="module")
def equally_likely():
    """Bounds from 2,000 draws out of 4,096 functions, all as likely."""
    rng = np.random.default_rng(8)
    tables = (independent(c[c > 0], m=40) for c in rng.multinomial(2000, [1 / 4096] * 4096, 200))
    return [table.n_functions() for table in tables]


def test_equally_likely_functions_are_estimated_without_bias(equally_likely):
    bounds = [found.estimate for found in equally_likely]
    assert_within(np.mean(bounds), 4096, np.std(bounds, ddof=1) / math.sqrt(len(bounds)))


def test_the_interval_covers_the_number_of_equally_likely_functions(equally_likely):
    covered = np.mean([found.low <= 4096 <= found.high for found in equally_likely])
    assert_within(covered, 0.95, math.sqrt(0.95 * 0.05 / len(equally_likely)))


def test_unlike_functions_are_more_than_the_bound():
    rng = np.random.default_rng(9)
    p = 1.0 / np.arange(1, 4097)
    tables = (independent(c[c > 0], m=40) for c in rng.multinomial(2000, p / p.sum(), 50))
    found = [table.n_functions() for table in tables]
    assert all(each.observed < each.estimate and each.high < 4096 for each in found)


@pytest.mark.parametrize("seed", range(6))
def test_groups_are_counted_as_such(seed):
    groups = draw_groups(np.random.default_rng(seed), n_groups=40, draws=3)
    held = Counter(text for group in groups for text in set(group))
    once, twice = (sum(number == k for number in held.values()) for k in (1, 2))
    found = table_of(groups, 6).n_functions()
    # three groups of at most three draws never have the sums of two (4 + 1 + 1 and 3 + 3 do)
    expected = chao(once, twice, len(held), 40, 6)
    assert (found.estimate, found.low, found.high) == pytest.approx(expected, rel=1e-12)
    assert found.method == "chao2"


def test_three_groups_with_the_sums_of_two_count_as_two():
    # 0000 is in three groups, 4 + 1 + 1 times, which has the sums of 3 + 3; three are in one each
    groups = [["0000"] * 4, ["0000", *["0001"] * 3], ["0000", *["0010"] * 3], ["0011"] * 4]
    found = table_of(groups, 4).n_functions()
    assert (found.observed, found.method) == (4, "chao2")
    assert found.estimate == pytest.approx(4 + 3 / 4 * 3**2 / (2 * 1))


def test_copies_of_draws_are_no_more_information():
    texts = ["000", "000", "001", "001", "010", "011", "100", "100", "101", "110"]
    plain = table_of([[text] for text in texts], 4 - 1).n_functions()
    copied = table_of([[text] * 7 for text in texts], 3).n_functions()
    assert (copied.estimate, copied.low, copied.high) == (plain.estimate, plain.low, plain.high)


def test_grouped_and_independent_draws_of_one_prior_agree():
    # 1-layer networks: the hidden layers are shared within a group, so fewer functions are seen
    task = Task(Architecture(4, (6,)), Prior(sigma_b=1.0), boolean_cube(4))
    alone = collect(task, n_samples=20_000, seed=1, n_jobs=1).n_functions()
    grouped = collect(task, n_samples=20_000, seed=2, output_draws=4, n_jobs=1).n_functions()
    assert (alone.method, grouped.method) == ("chao1", "chao2")
    assert alone.low < grouped.high and grouped.low < alone.high


def test_no_bound_exceeds_the_number_of_words():
    found = independent([1, 1, 1, 1, 1], m=3).n_functions()
    assert (found.observed, found.estimate, found.high) == (5, 8.0, 8.0)
    assert independent([1] * 5, m=2000).n_functions().estimate == 5 + 4 / 5 * 10


def test_one_draw_says_nothing():
    found = independent([1], m=2).n_functions()
    assert (found.observed, found.low, found.estimate) == (1, 1.0, 1.0)
    assert 1 < found.high <= 4


def test_what_could_be_missed_where_nothing_is_counted_once():
    found = independent([2] * 20).n_functions()
    q = math.exp(-2)
    deviation = math.sqrt(20 * q * (1 - q) - (2 * q * 20) ** 2 / 40)
    assert (found.low, found.estimate) == (20.0, 20.0)
    assert found.high == pytest.approx((20 + 1.959963984540054 * deviation) / (1 - q))
    assert independent([1000] * 20).n_functions().high == 20.0


def test_the_level_widens_the_interval():
    narrow, wide = (independent([1] * 9 + [2] * 4).n_functions(level=v) for v in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.estimate < narrow.high < wide.high
    assert narrow.estimate == wide.estimate
    with pytest.raises(ValueError, match="^level must be"):
        independent([1, 2]).n_functions(level=1.0)


def test_tables_without_a_bound():
    table = FunctionTable.from_counts(["00", "01"], [6, 2], n_samples=16)
    with pytest.raises(
        ValueError, match="number of functions needs every draw.*leaves out 8 of 16"
    ):
        table.n_functions()
    groups = draw_groups(np.random.default_rng(0), 12, 5)
    for table in (table_of(groups, 6, sums=False), table_of(groups, 6).restrict([0, 1])):
        with pytest.raises(ValueError, match="number of functions of grouped draws needs their"):
            table.n_functions()


def test_richness_prints_and_is_checked():
    found = independent([1] * 9 + [2] * 4).n_functions()
    assert str(found).startswith("at least 22.5 functions [")
    assert found.to_json() | {"observed": 13, "method": "chao1"} == found.to_json()
    with pytest.raises(ValueError, match="observed <= low <= estimate <= high is wanted, got 5, 4"):
        Richness(observed=5, estimate=6.0, low=4.0, high=7.0, level=0.95, method="chao1")
