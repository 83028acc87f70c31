"""Correlations of columns: against scipy, repetition and dummy regression; their intervals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, pearsonr, rankdata, spearmanr

from priorvol._kernels import correlations as kernels
from priorvol.simplicity.association import associate, pearson_spearman

P_THRESHOLD = 1e-4


def sample(k, *, seed, strata=4, ties=6):
    rng = np.random.default_rng(seed)
    t = rng.integers(strata, size=k)
    y = rng.integers(ties, size=k).astype(float)
    x = t - 0.4 * y + np.round(rng.normal(size=k), 1)
    return x, y, t


def values(found):
    kinds = ("pearson", "spearman", "pearson_given_t", "spearman_given_t")
    return np.array([getattr(found, kind).value for kind in kinds])


def plain(x, y, t, **options):
    options = {"strata": t, "units": np.arange(len(x)), "n_bootstrap": 0} | options
    return associate(x, {"y": y}, **options)["y"]


def residuals(values, t):
    """Regress on one dummy variable a stratum."""
    dummies = (t[:, None] == np.unique(t)).astype(float)
    return values - dummies @ np.linalg.lstsq(dummies, values, rcond=None)[0]


def scaled_ranks(values, t):
    out = np.empty(len(values))
    for label in np.unique(t):
        ranks = rankdata(values[t == label])
        out[t == label] = (ranks - ranks.mean()) / (len(ranks) + 1)
    return out


@pytest.mark.parametrize("k", [3, 10, 200])
@pytest.mark.parametrize("seed", range(5))
def test_without_weights_these_are_the_textbook_coefficients(k, seed):
    x, y, t = sample(k, seed=seed)
    y[0], y[1], t[0], t[1] = 0, 9, 0, 0  # something varies
    expected = [
        pearsonr(x, y)[0],
        spearmanr(x, y)[0],
        pearsonr(residuals(x, t), residuals(y, t))[0],
        pearsonr(scaled_ranks(x, t), scaled_ranks(y, t))[0],
    ]
    np.testing.assert_allclose(values(plain(x, y, t)), expected, atol=1e-12)
    np.testing.assert_allclose(pearson_spearman(x, y), expected[:2], atol=1e-12)


def test_partial_correlation_is_that_of_a_regression_with_dummies():
    """r^2 given T: the share of the residual sum of squares that K explains beside the dummies."""
    x, y, t = sample(300, seed=1)
    dummies = (t[:, None] == np.unique(t)).astype(float)
    both = np.column_stack([dummies, y])
    without, joint = (np.linalg.lstsq(a, x, rcond=None) for a in (dummies, both))
    found = plain(x, y, t).pearson_given_t.value
    assert math.isclose(found**2, 1 - joint[1][0] / without[1][0], rel_tol=1e-10)
    assert np.sign(found) == np.sign(joint[0][-1])


@settings(max_examples=60, deadline=None)  # the first call may compile
@given(st.integers(2, 30), st.integers(0, 10**6), st.booleans())
def test_weights_are_repetitions(k, seed, in_strata):
    rng = np.random.default_rng(seed)
    y = rng.integers(5, size=k).astype(float)
    t = np.sort(rng.integers(3, size=k)) if in_strata else np.zeros(k, dtype=np.int64)
    times = rng.integers(0, 4, size=k)
    times[0] += 1
    starts = np.concatenate([[0], np.flatnonzero(np.diff(t)) + 1, [k]])
    order = np.lexsort((y, t))
    first = np.concatenate([[True], np.diff(y[order]) != 0])
    found = np.empty((2, k))
    kernels.rank(order, first, starts, times.astype(float), found[0])
    kernels.centre(y, starts, times.astype(float), found[1])
    repeated = np.repeat(np.arange(k), times)
    expected = scaled_ranks(y[repeated], t[repeated])
    np.testing.assert_allclose(found[0][repeated], expected, atol=1e-13)
    means = residuals(y[repeated], t[repeated])
    np.testing.assert_allclose(found[1][repeated], means, atol=1e-11)


def test_the_interval_is_that_of_resampled_units():
    """Repeat the bootstrap by drawing units and stacking their functions."""
    x, y, t = sample(60, seed=2)
    units = np.random.default_rng(3).integers(25, size=60)
    found = associate(x, {"y": y}, strata=t, units=units, n_bootstrap=4000, level=0.9)["y"]
    rng = np.random.default_rng(4)
    labels = np.unique(units)
    samples = []
    for _ in range(4000):
        drawn = rng.choice(labels, len(labels))
        rows = np.concatenate([np.flatnonzero(units == label) for label in drawn])
        samples.append(values(plain(x[rows], y[rows], t[rows])))
    for kind, mine in zip(
        ("pearson", "spearman", "pearson_given_t", "spearman_given_t"),
        np.array(samples).T,
        strict=True,
    ):
        each = getattr(found, kind)
        for end, level in ((each.low, 0.05), (each.high, 0.95)):
            # the share of my resamples below their quantile, both of 4000 draws
            share = (mine < end).mean()
            assert abs(share - level) < 5 * math.sqrt(2 * 0.05 * 0.95 / 4000)


def coverage(n_tables, make, **options):
    inside = 0
    for seed in range(n_tables):
        x, y, t, units = make(np.random.default_rng(seed))
        found = associate(
            x, {"y": y}, strata=t, units=units, n_bootstrap=300, level=0.9, seed=seed, **options
        )["y"]
        each = found.spearman_given_t
        inside += each.low <= 0 <= each.high
    return inside


def in_orbits(rng):
    """60 orbits of 20 functions; P and K belong to the orbit, independent of each other given T."""
    t = rng.integers(3, size=60)
    p, k = t + rng.normal(size=60), t + rng.normal(size=60)
    units = np.repeat(np.arange(60), 20)
    return p[units] + 0.1 * rng.normal(size=1200), k[units], t[units], units


def test_orbits_as_units_cover_and_functions_as_units_do_not():
    """Of 90% intervals nine in ten hold the truth, 0, where the unit is the orbit."""
    assert binomtest(coverage(100, in_orbits), 100, 0.9).pvalue > P_THRESHOLD

    def by_function(rng):
        x, y, t, _ = in_orbits(rng)
        return x, y, t, np.arange(len(x))

    assert binomtest(coverage(40, by_function), 40, 0.9).pvalue < P_THRESHOLD


def test_results_repeat_by_seed():
    x, y, t = sample(100, seed=5)
    first, again, other = (plain(x, y, t, n_bootstrap=100, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.pearson.low != other.pearson.low
    assert values(first).tolist() == values(other).tolist()


def test_columns_do_not_depend_on_each_other():
    x, y, t = sample(80, seed=6)
    options = {"strata": t, "units": np.arange(80), "n_bootstrap": 50}
    both = associate(x, {"z": np.arange(80.0), "y": y}, **options)
    assert both["y"] == associate(x, {"y": y}, **options)["y"]
    assert list(both) == ["z", "y"]
    assert associate(x, {}, **options) == {}


def test_order_of_the_functions_does_not_matter():
    x, y, t = sample(80, seed=7)
    shuffle = np.random.default_rng(7).permutation(80)
    first = values(plain(x, y, t))
    np.testing.assert_allclose(values(plain(x[shuffle], y[shuffle], t[shuffle])), first, rtol=1e-9)


def test_undefined_coefficients_say_why():
    x, y, t = sample(40, seed=8)
    found = plain(x, np.full(40, 0.1), t, n_bootstrap=20)
    assert np.isnan(values(found)).all()
    assert found.spearman.reason == "y does not vary"
    assert found.pearson_given_t.reason == "y does not vary among functions of the same T"
    assert math.isnan(found.pearson.low) and found.pearson.n_functions == 0
    assert str(found.pearson) == "-"

    found = plain(x, 0.1 * t, t, n_bootstrap=20)
    assert found.pearson.reason == "" and not math.isnan(found.pearson.low)
    assert found.spearman_given_t.reason == "y does not vary among functions of the same T"

    found = plain(0.1 * t, y, t)
    assert found.spearman_given_t.reason == "log P does not vary among functions of the same T"

    found = plain(x, y, np.arange(40))
    assert math.isnan(found.pearson_given_t.value) and found.pearson_given_t.reason

    found = plain(np.array([1.0, 2, 3, 3]), np.array([1.0, 1, 2, 3]), np.array([0, 0, 1, 1]))
    assert found.pearson_given_t.reason.startswith("log P and y do not both vary")


def test_functions_that_bear_on_a_coefficient_are_counted():
    x = np.array([1.0, 2, 3, 4, 5, 6])
    y = np.array([1.0, 2, 3, 3, 5, 7])
    t = np.array([0, 0, 1, 1, 2, 3])
    found = associate(x, {"y": y}, strata=t, units=np.array([0, 0, 1, 2, 3, 4]), n_bootstrap=0)
    assert (found["y"].pearson.n_functions, found["y"].pearson.n_units) == (6, 5)
    assert (found["y"].pearson_given_t.n_functions, found["y"].pearson_given_t.n_units) == (2, 1)


def test_few_units_have_no_interval():
    x, y, t = sample(60, seed=9)
    for n_units, wide in ((9, False), (10, True)):
        found = plain(x, y, t, units=np.arange(60) % n_units, n_bootstrap=50)
        assert math.isnan(found.pearson.low) != wide
        assert not math.isnan(found.pearson.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"log_p": [0.0, 1.0]}, "at least 3 functions, got 2"),
        ({"log_p": [[0.0, 1.0, 2.0]]}, "log_p must have shape"),
        ({"log_p": [0.0, np.nan, 1.0]}, "log_p must be finite, got nan"),
        ({"columns": {"y": [1.0, 2.0]}}, r"y must have shape \(3,\), got \(2,\)"),
        ({"columns": {"y": [1.0, 2.0, np.inf]}}, "y must be finite, got inf"),
        ({"strata": [0.5, 1.0, 2.0]}, "strata must be integers"),
        ({"units": [0, 1]}, "units must be integers of shape"),
        ({"n_bootstrap": -1}, "n_bootstrap must be at least 0"),
        ({"level": 1.0}, "level must be above 0.0 and below 1.0"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
    ids=str,
)
def test_bad_input(change, message):
    given = {"log_p": [0.0, 1.0, 3.0], "columns": {"y": [1.0, 2.0, 3.0]}}
    given |= {"strata": [0, 0, 1], "units": [0, 1, 2]} | change
    with pytest.raises(ValueError, match=message):
        associate(**given)


def test_bad_input_of_a_pair():
    with pytest.raises(ValueError, match="at least one function"):
        pearson_spearman([], [])
    with pytest.raises(ValueError, match="column must have shape"):
        pearson_spearman([1.0, 2.0], [1.0])
