"""`compare` on tables drawn from known laws: its size, power, bias and coverage."""

import math

import numpy as np
import pytest
from agreement import assert_within
from drawn import table_of

from priorvol.comparison import compare
from priorvol.comparison.concordance import LogPoints, concordance
from priorvol.comparison.distances import distances
from priorvol.comparison.equality import equality
from priorvol.comparison.samples import Sample, joined
from priorvol.rng import generator
from priorvol.table import FunctionTable

QUICK = {"n_bootstrap": 0, "n_permutations": 0, "n_ceiling": 0, "nulls": False}


def zipf(k, power):
    p = np.arange(1.0, k + 1) ** -power
    return p / p.sum()


def sample(p, n, rng):
    return Sample(rng.multinomial(n, p), np.ones(len(p)), n, 1)


def table(p, n, rng):
    counts = rng.multinomial(n, p)
    words = np.arange(len(p), dtype=np.uint64)[:, None]
    return FunctionTable.from_counts(words[counts > 0], counts[counts > 0], m=12)


def rejected(p, q, sizes, pairs, seed, level=0.05):
    """Return how often the test rejects."""
    rng = np.random.default_rng(seed)
    found = [
        equality(sample(p, sizes[0], rng), sample(q, sizes[1], rng), rng, 99).p_value
        for _ in range(pairs)
    ]
    return np.mean(np.array(found) <= level)


@pytest.mark.parametrize("sizes", [(300, 300), (500, 120)])
def test_one_distribution_is_told_apart_no_more_often_than_the_level(sizes):
    p, pairs = zipf(200, 1.1), 600
    for level in (0.05, 0.2):
        rate = rejected(p, p, sizes, pairs, 1, level)
        assert_within(rate, level, math.sqrt(level * (1 - level) / pairs), sigmas=4)


def test_another_distribution_is_told_apart():
    assert rejected(zipf(200, 1.1), zipf(200, 1.4), (600, 600), 60, 2) > 0.9


def moments(p, sizes, min_count, pairs, **options):
    rng = np.random.default_rng(3)
    rows = []
    for seed in range(pairs):
        a, b = table(p, sizes[0], rng), table(p, sizes[1], rng)
        found = compare(a, b, min_count=min_count, seed=seed, **(QUICK | options))
        c = found.agreement.concordance
        rows.append(
            [c.slope.value, c.pearson_corrected.value, c.slope_naive, c.pearson.value]
            + ([c.ceiling["pearson"][0], c.ceiling["slope_naive"][0]] if c.ceiling else [])
        )
    rows = np.array(rows)
    return rows.mean(axis=0), rows.std(axis=0, ddof=1) / math.sqrt(pairs)


@pytest.mark.parametrize("sizes", [(3000, 3000), (6000, 2000), (2000, 6000)])
def test_the_slope_of_one_distribution_is_one_where_least_squares_is_not(sizes):
    mean, error = moments(zipf(400, 1.0), sizes, 5, 200)
    assert_within(mean[:2], 1.0, error[:2], sigmas=4)
    assert mean[2] < 1 - 4 * error[2]
    assert mean[3] < 1 - 4 * error[3]


def test_the_slope_of_another_power():
    rng = np.random.default_rng(4)
    slopes = [
        compare(table(zipf(400, 1.0), 6000, rng), table(zipf(400, 1.3), 6000, rng), seed=s, **QUICK)
        for s in range(150)
    ]
    slopes = np.array([found.agreement.concordance.slope.value for found in slopes])
    assert_within(slopes.mean(), 1.3, slopes.std(ddof=1) / math.sqrt(len(slopes)), sigmas=4)


def test_the_ceiling_is_what_perfect_samplers_give():
    mean, error = moments(zipf(400, 1.0), (3000, 3000), 10, 150, n_ceiling=20)
    assert_within(mean[4:], [mean[3], mean[2]], np.hypot(error[4:], error[[3, 2]]), sigmas=4)


@pytest.mark.slow
def test_the_band_of_the_ceiling_holds_perfect_samplers():
    rng, p, inside = np.random.default_rng(5), zipf(400, 1.0), []
    for seed in range(120):
        a, b = table(p, 3000, rng), table(p, 3000, rng)
        c = compare(a, b, seed=seed, **(QUICK | {"n_ceiling": 100})).agreement.concordance
        inside.append(c.ceiling["pearson"][1] <= c.pearson.value <= c.ceiling["pearson"][2])
    assert_within(np.mean(inside), 0.95, math.sqrt(0.95 * 0.05 / len(inside)), sigmas=4)


def test_intervals_of_the_slope_hold_it():
    rng, p, inside = np.random.default_rng(6), zipf(400, 1.0), []
    for seed in range(120):
        a, b = table(p, 8000, rng), table(p, 8000, rng)
        slope = compare(
            a, b, seed=seed, **(QUICK | {"n_bootstrap": 200})
        ).agreement.concordance.slope
        inside.append(slope.low <= 1.0 <= slope.high)
    assert np.mean(inside) > 0.95 - 4 * math.sqrt(0.95 * 0.05 / len(inside))


def divergences(p, q):
    m = (p + q) / 2
    terms = [(s[s > 0] * np.log(s[s > 0] / m[s > 0])).sum() for s in (p, q)]
    return 0.5 * np.abs(p - q).sum(), 0.5 * float(sum(terms))


def laws():
    p = zipf(300, 1.2)
    half = np.where(np.arange(300) % 2, 0.0, p)
    other = np.where(np.arange(300) % 2, p, 0.0)
    yield "equal", p, p
    yield "shifted", p, zipf(300, 1.6)
    yield "half gone", p, half / half.sum()
    yield "disjoint", half / half.sum(), other / other.sum()
    yield "one function", np.eye(3)[0], np.eye(3)[0]
    yield "two functions", np.eye(3)[0], np.eye(3)[1]


@pytest.mark.parametrize("name, p, q", list(laws()), ids=[name for name, *_ in laws()])
@pytest.mark.parametrize("n", [40, 1000])
def test_bounds_hold_the_distances(name, p, q, n):
    rng, pairs = np.random.default_rng(7), 200
    truth = divergences(p, q)
    missed = np.zeros(2)
    for _ in range(pairs):
        a, b = sample(p, n, rng).halves(rng), sample(q, n, rng).halves(rng)
        found = distances((a[0], b[0]), (a[1], b[1]), 0.9)
        for i, (bounds, value) in enumerate(zip(found, truth, strict=True)):
            assert bounds.low <= bounds.upper + 1e-12
            missed[i] += not bounds.low - 1e-12 <= value <= bounds.high + 1e-12
    assert (missed / pairs <= 0.1 + 3 * math.sqrt(0.09 / pairs)).all(), missed
    if name == "two functions" and n == 1000:
        assert found[0].low > 0.98
        assert found[1].low > 0.9 * math.log(2)


def groups(p, number, size, rng):
    """Return groups of texts, most draws of a group being alike."""
    names = [format(i, "07b") for i in range(len(p))]
    found = []
    for centre in rng.choice(len(p), number, p=p):
        own = np.where(rng.random(size) < 0.7, centre, rng.choice(len(p), size, p=p))
        found.append([names[i] for i in own])
    return found


def test_groups_are_no_more_than_they_are():
    rng, p, pairs = np.random.default_rng(8), zipf(60, 1.0), 150
    truth = divergences(p, p)
    told = naive = missed = 0
    for seed in range(pairs):
        a, b = (table_of(groups(p, 100, 8, rng), 7, seed=s) for s in (2 * seed, 2 * seed + 1))
        _, x, y = joined(a, b)
        told += equality(x, y, rng, 0).p_value <= 0.05
        alone = [Sample(s.counts, np.ones(len(s.counts)), s.n, 1) for s in (x, y)]
        naive += equality(*alone, rng, 19).p_value <= 0.05
        found = compare(a, b, seed=seed, **QUICK).agreement
        missed += found.total_variation.low > truth[0] or found.jensen_shannon.low > truth[1]
    assert told / pairs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / pairs)
    assert naive / pairs > 0.5
    assert missed == 0


def test_parts_of_draws_in_groups_are_a_fair_null():
    rng, p, pairs = np.random.default_rng(11), zipf(60, 1.0), 40
    told, inside = 0, np.zeros(2)
    for seed in range(pairs):
        drawn = groups(p, 600, 6, rng)
        parts = [table_of(drawn[i : i + 200], 7, seed=seed, start=i) for i in (0, 200, 400)]
        null = compare(parts, parts[0], seed=seed, **(QUICK | {"nulls": True})).null_a
        told += null.equality.p_value <= 0.1
        ratio = null.concordance.log_ratio
        inside += ratio.sd_low == 0.0, ratio.mean_low <= 0.0 <= ratio.mean_high
    assert told / pairs <= 0.1 + 3 * math.sqrt(0.09 / pairs)
    assert (inside / pairs > 0.95 - 4 * math.sqrt(0.95 * 0.05 / pairs)).all()


def test_the_ceiling_is_of_a_constant_factor_as_well():
    rng, p = np.random.default_rng(12), zipf(300, 1.0)
    lost = np.append(p / 4, np.full(3500, 0.75 / 3500))  # the rest is on functions never compared
    rows = []
    for seed in range(50):
        a, b = table(np.append(p, np.zeros(3500)), 3000, rng), table(lost, 6000, rng)
        c = compare(a, b, seed=seed, **(QUICK | {"n_ceiling": 20})).agreement.concordance
        rows.append([c.pearson.value, c.ceiling["pearson"][0], c.log_ratio.mean])
    rows = np.array(rows)
    difference = rows[:, 1] - rows[:, 0]
    assert_within(difference.mean(), 0.0, difference.std(ddof=1) / math.sqrt(len(rows)), sigmas=4)
    error = rows[:, 2].std(ddof=1) / math.sqrt(len(rows))
    assert_within(rows[:, 2].mean(), -math.log(4), error, sigmas=5)


def test_groups_that_differ_are_told_apart():
    rng = np.random.default_rng(9)
    a = table_of(groups(zipf(60, 0.8), 400, 8, rng), 7)
    b = table_of(groups(zipf(60, 1.6), 400, 8, rng), 7, seed=1)
    found = compare(a, b, **(QUICK | {"nulls": True}))
    assert found.p_value < 1e-3
    assert found.null_a is None
    assert "clustered" in found.agreement.equality.method
    assert "groups" in str(found)


def test_the_noise_of_grouped_counts_is_taken_off():
    rng, p = np.random.default_rng(10), zipf(100, 1.0)
    found = []
    for seed in range(40):
        a, b = (table_of(groups(p, 400, 6, rng), 7, seed=s) for s in (2 * seed, 2 * seed + 1))
        c = compare(a, b, min_count=5, seed=seed, **QUICK).agreement.concordance
        found.append(c.pearson_corrected.value)
    found = np.array(found)
    assert_within(found.mean(), 1.0, found.std(ddof=1) / math.sqrt(len(found)), sigmas=4)


def test_noise_alone_has_no_slope():
    rng = generator(0, "test")
    flat = rng.normal(size=(2, 40)) * 0.01
    noise = np.full(40, 0.05)
    nobody = LogPoints(flat[0], noise, flat[1], noise, lambda t, r: t, lambda t, r: t)
    found = concordance(
        nobody,
        rng,
        n_unseen=(0, 0),
        mass=(1.0, 1.0),
        n_bootstrap=20,
        n_ceiling=20,
        level=0.95,
        seed=0,
    )
    assert math.isnan(found.slope.value)
    assert "noise" in found.reason
