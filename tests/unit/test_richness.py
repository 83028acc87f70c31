"""What was not seen: Good-Turing against known distributions and left-out groups; entropy."""

import math
from collections import Counter

import numpy as np
import pytest
from agreement import assert_within
from drawn import table_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy

from priorvol.table import FunctionTable

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
