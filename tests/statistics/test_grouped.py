"""Several output draws for one hidden draw: same P(f), larger errors, and the sums that say so.

The exact case is one input in {0, 1}, one ReLU unit and no bias. With probability 1/2 the unit is
dead and all R functions of the group are 00; else each is 01 with probability 1/2. So P(01) = 1/4,
and the number c of 01 in a group has variance R/8 + R^2/16.
"""

import math
from collections import Counter

import numpy as np
import pytest
from agreement import assert_within

from priorvol import bits
from priorvol.architecture import Architecture, Prior
from priorvol.intervals import clopper_pearson
from priorvol.provenance import Span
from priorvol.sampler import sample_span
from priorvol.task import Task

EXACT = Task(Architecture(1, (1,)), Prior(sigma_b=0.0))

TASKS = [
    Task(Architecture(4, (12,)), Prior(sigma_b=0.1)),
    Task(Architecture(4, (6, 6), activation="tanh"), Prior(sigma_b=0.0)),
    Task(Architecture(7, (20,)), Prior(distribution="uniform", sigma_b=0.5)),
]


def draw(task, groups, draws, *, seed=1):
    return sample_span(task, Span(seed, draws, 0, groups))


def clustered_error(count, pairs, groups, draws):
    """Return the standard error of count / (groups draws) as a mean over groups."""
    p = count / groups
    return np.sqrt((count + pairs - groups * p**2) / (groups - 1) / groups) / draws


@pytest.mark.parametrize("draws", [2, 7, 50])
@pytest.mark.parametrize("task", TASKS, ids=str)
def test_group_sums_equal_brute_force(task, draws):
    """Every group again, alone, and its functions counted in plain Python."""
    groups = 150
    table = draw(task, groups, draws, seed=5)
    counts, pairs, ones, one_pairs = Counter(), Counter(), Counter(), Counter()
    for group in range(groups):
        single = sample_span(task, Span(5, draws, group, group + 1))
        assert single.counts.sum() == draws
        t = Counter()
        functions = bits.to_text(single.functions, task.m)
        for function, count in zip(functions, single.counts.tolist(), strict=True):
            counts[function] += count
            pairs[function] += count * (count - 1)
            t[function.count("1")] += count
        for size, count in t.items():
            ones[size] += count
            one_pairs[size] += count * (count - 1)
    functions = bits.to_text(table.functions, task.m)
    assert dict(zip(functions, table.counts.tolist(), strict=True)) == counts
    assert dict(zip(functions, table.group_pairs.tolist(), strict=True)) == pairs
    assert table.t_counts.tolist() == [ones[t] for t in range(task.m + 1)]
    assert table.t_pairs.tolist() == [one_pairs[t] for t in range(task.m + 1)]
    assert sum(pairs.values()) > 0


def test_independent_draws_keep_no_group_sums():
    table = draw(TASKS[0], 100, 1)
    assert table.group_pairs is None and table.t_pairs is None


@pytest.mark.parametrize("draws", [5, 40, 300])
@pytest.mark.parametrize("task", TASKS, ids=str)
def test_grouping_leaves_the_probabilities_alone(task, draws):
    """Functions are picked on a seed of their own."""
    picked = draw(task, 20_000, 1, seed=11)
    functions = [picked.functions[i] for i in picked.order(40) if picked.counts[i] >= 20]
    assert len(functions) >= 2
    plain = draw(task, 200_000, 1, seed=12)
    grouped = draw(task, 400_000 // draws, draws, seed=13)

    def found(table, column):
        places = [table.index(function) for function in functions]
        return np.array([0 if i is None else column[i] for i in places], dtype=float)

    p = found(plain, plain.counts) / plain.n_samples
    count = found(grouped, grouped.counts)
    pairs = found(grouped, grouped.group_pairs)
    error = clustered_error(count, pairs, grouped.n_groups, draws)
    assert (count >= 100).all()  # enough for the error to be known
    assert_within(count / grouped.n_samples, p, np.sqrt(p * (1 - p) / plain.n_samples + error**2))
    t = grouped.t_counts.astype(float)
    t_error = clustered_error(t, grouped.t_pairs.astype(float), grouped.n_groups, draws)
    q = plain.t_counts / plain.n_samples
    some = (t >= 50) & (plain.t_counts >= 50)
    error = np.sqrt(q * (1 - q) / plain.n_samples + t_error**2)[some]
    assert_within((t / grouped.n_samples)[some], q[some], error)


@pytest.mark.parametrize("draws", [2, 10, 64, 200])
def test_the_exact_case(draws):
    """Counts and group sums against the binomial law of c given a live unit."""
    groups = 20_000
    table = draw(EXACT, groups, draws, seed=3)
    zero, one = (table.index(text) for text in ("00", "01"))
    assert len(table) == 2
    variance = draws / 8 + draws**2 / 16
    mean = table.counts[one] / groups
    assert_within(mean, draws / 4, math.sqrt(variance / groups))
    c = np.arange(draws + 1)
    live = np.array([math.comb(draws, k) for k in c], dtype=float) * 0.5**draws
    for place, numbers in ((one, c), (zero, draws - c)):
        terms = numbers * (numbers - 1)
        dead = draws * (draws - 1) if place == zero else 0
        expected = (live @ terms + dead) / 2
        spread = (live @ terms**2 + dead**2) / 2 - expected**2
        found = table.group_pairs[place] / groups
        assert_within(found, expected, math.sqrt(spread / groups))
    inflation = table.probability("01").diagnostics["inflation"]
    exact = variance / (draws * 3 / 16)
    # the sample variance of N numbers between 0 and R is within 5 sqrt(fourth moment / N)
    centred = (c - draws / 4) ** 2
    fourth = (live @ centred**2 + (draws / 4) ** 4) / 2
    error = math.sqrt((fourth - variance**2) / groups) / (draws * 3 / 16)
    assert_within(inflation, exact, 1.5 * error)  # P(01) in the denominator is estimated too


@pytest.mark.parametrize("interval", ["clopper-pearson", "wilson"])
@pytest.mark.parametrize(("groups", "draws"), [(200, 10), (100, 60)])
def test_intervals_cover_the_exact_probability(groups, draws, interval):
    """About 95 of 100 do; those that take the draws for independent do not."""
    seeds = 1000
    hits = {"00": 0, "01": 0, "constant": 0, "independent": 0}
    for seed in range(seeds):
        table = draw(EXACT, groups, draws, seed=seed)
        for function, p in (("00", 0.75), ("01", 0.25)):
            found = table.probability(function, interval=interval)
            hits[function] += found.low <= math.log(p) <= found.high
        found = table.constant_mass(interval=interval)
        hits["constant"] += found.low <= math.log(0.75) <= found.high
        low, high = clopper_pearson(table.counts[table.index("01")], table.n_samples)
        hits["independent"] += low <= 0.25 <= high
    error = math.sqrt(0.95 * 0.05 / seeds)
    # of 100 groups the variance itself is known to a tenth: coverage falls to 94.7% at worst
    lowest = 0.947 - 5 * error
    for name in ("00", "01", "constant"):
        assert hits[name] / seeds > lowest, name
    assert hits["00"] / seeds < 0.95 + 6 * error, "intervals are too wide"
    assert hits["independent"] / seeds < 0.8


def test_intervals_of_a_real_network_cover():
    """The truth is from independent draws; its error is a fiftieth of the intervals' width."""
    task = Task(Architecture(3, (8,)), Prior(sigma_b=0.1))
    truth = draw(task, 3_000_000, 1, seed=1_000_000)
    seeds, hits = 600, Counter()
    for seed in range(seeds):
        table = draw(task, 150, 20, seed=seed)
        for function in ("0" * 8, "1" * 8, "01111111"):
            p = truth.counts[truth.index(function)] / truth.n_samples
            found = table.probability(function)
            hits[function] += found.low <= math.log(p) <= found.high
    for function, number in hits.items():
        assert number / seeds > 0.945 - 5 * math.sqrt(0.95 * 0.05 / seeds), function


@pytest.mark.parametrize("draws", [2, 30])
def test_a_grouped_mean_has_the_error_that_its_interval_says(draws):
    """Estimates of P(01) over many seeds scatter as the exact variance says."""
    groups, seeds = 50, 2000
    p = np.empty(seeds)
    for seed in range(seeds):
        table = draw(EXACT, groups, draws, seed=seed)
        place = table.index("01")
        p[seed] = 0 if place is None else table.counts[place] / table.n_samples
    variance = (draws / 8 + draws**2 / 16) / draws**2 / groups
    assert_within(p.mean(), 0.25, math.sqrt(variance / seeds))
    squares = (p - 0.25) ** 2
    assert_within(squares.mean(), variance, squares.std() / math.sqrt(seeds))
