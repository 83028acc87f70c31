"""The panel: which functions, their complexities, and null functions of the right kind."""

import numpy as np
import pytest
from agreement import assert_within

from priorvol import (
    Architecture,
    FunctionTable,
    Prior,
    Task,
    array_inputs,
    bits,
    collect,
    complexity,
    symmetry,
)
from priorvol.simplicity import complexity_panel
from priorvol.simplicity.panel import PANEL, _log_spaced, measure_names


@pytest.fixture(scope="module")
def table():
    task = Task(Architecture(4, (6,)), Prior(sigma_b=0.5))
    return collect(task, n_samples=20_000, n_jobs=1, progress=False)


def points(m=8):
    rng = np.random.default_rng(3)
    task = Task(Architecture(2, (3,)), inputs=array_inputs(rng.normal(size=(m, 2))))
    return collect(task, n_samples=2000, n_jobs=1, progress=False)


def test_functions_are_those_counted_often_enough_most_frequent_first(table):
    found = complexity_panel(table, "k_lz", min_count=5)
    frequent = table.at_least(5)
    assert found.n_frequent == len(frequent) == len(found.p)
    assert (np.diff(found.counts) <= 0).all()
    np.testing.assert_array_equal(found.p, found.counts / 20_000)
    np.testing.assert_array_equal(
        np.unique(found.functions, axis=0), np.asarray(frequent.functions)
    )
    expected = complexity.k_lz(found.functions, m=16)
    np.testing.assert_array_equal(found.observed["k_lz"], expected)


def test_nulls_keep_what_they_should(table):
    found = complexity_panel(table, ["entropy", "bdd_size", "k_lz"])
    np.testing.assert_array_equal(found.same_t["entropy"], found.observed["entropy"])
    np.testing.assert_array_equal(found.permuted["bdd_size"], found.observed["bdd_size"])
    assert (found.same_t["bdd_size"] != found.observed["bdd_size"]).any()
    assert (found.permuted["k_lz"] != found.observed["k_lz"]).any()
    again = complexity_panel(table, ["entropy", "bdd_size", "k_lz"], n_jobs=2)
    other = complexity_panel(table, ["entropy", "bdd_size", "k_lz"], seed=1)
    np.testing.assert_array_equal(again.same_t["k_lz"], found.same_t["k_lz"])
    assert (other.same_t["k_lz"] != found.same_t["k_lz"]).any()


def test_other_inputs_have_no_permuted_null():
    found = complexity_panel(points(), ["k_lz", "critical_sample_ratio"], radius=0.5, min_count=1)
    assert found.permuted == {}
    assert set(found.observed) == {"k_lz", "critical_sample_ratio"}
    unknown = FunctionTable.from_counts(["010", "011"], [3, 2])
    assert complexity_panel(unknown, "k_lz").permuted == {}


@pytest.mark.parametrize(
    ("k", "most"), [(5, 10), (10, 10), (1000, 10), (10**6, 500), (70_000, 5000)]
)
def test_ranks_are_spread_from_the_first_to_the_last(k, most):
    ranks = _log_spaced(k, most)
    assert len(ranks) == min(k, most) or 0.9 * most < len(ranks) <= most
    assert (ranks[0], ranks[-1]) == (0, k - 1)
    assert (np.diff(ranks) > 0).all()


def test_few_of_many_functions(table):
    found = complexity_panel(table, "k_lz", min_count=1, max_functions=50)
    assert len(found.p) <= 50 < found.n_frequent
    assert found.counts[0] == np.asarray(table.counts).max()


def test_measures_by_default_are_those_that_apply(table):
    assert set(measure_names(table, None, None)) == set(PANEL)
    assert measure_names(points(), None, None) == ("k_lz", "lz78_phrases", "entropy")
    assert "critical_sample_ratio" in measure_names(points(), None, 0.5)
    assert measure_names(table, "all", None) == complexity.applicable(table)
    assert measure_names(table, "entropy", None) == ("entropy",)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("k_lx",), {}, "measure must be one of 'k_lz'"),
        ((("k_lz", "bdd_sizes"),), {}, "did you mean 'bdd_size'"),
        (((),), {}, "at least one measure, got none"),
        ((3,), {}, "measures must be one name or several, got 3"),
        (("k_lz",), {"min_count": 0}, "min_count must be at least 1"),
        (("k_lz",), {"min_count": 10**6}, "counted min_count = 1000000 times"),
        (("k_lz",), {"max_functions": 0}, "max_functions must be at least 1"),
        (("k_lz",), {"seed": -1}, "seed must be at least 0"),
        (("k_lz",), {"radius": -1.0}, "radius must be above 0.0, got -1.0"),
        (("k_lz",), {"n_jobs": 0}, "n_jobs must be a number of workers"),
    ],
)
def test_bad_input(table, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        complexity_panel(table, *arguments, **options)


def test_a_measure_that_the_inputs_do_not_allow():
    with pytest.raises(ValueError, match="bdd_size cannot be computed of this table"):
        complexity_panel(points(), "bdd_size")
    with pytest.raises(ValueError, match="table must be a FunctionTable, got ndarray"):
        complexity_panel(np.zeros(3))


# The pieces it rests on


def test_tables_of_functions_counted_often_enough(table):
    for least in (1, 2, 50):
        found = table.at_least(least)
        kept = np.asarray(table.counts) >= least
        np.testing.assert_array_equal(found.counts, np.asarray(table.counts)[kept])
        np.testing.assert_array_equal(found.functions, np.asarray(table.functions)[kept])
        assert (found.n_samples, found.task) == (table.n_samples, table.task)
        assert found.n_unlisted == np.asarray(table.counts)[~kept].sum()
    with pytest.raises(ValueError, match="cannot be added"):
        table.at_least(2) + table.at_least(2)
    with pytest.raises(ValueError, match="min_count must be at least 1, got 0"):
        table.at_least(0)


def test_columns_do_not_depend_on_workers_or_pieces(monkeypatch):
    words = bits.pack(np.random.default_rng(4).random((5000, 16)) < 0.5)
    names = ["k_lz", "bdd_size", "sop_terms", "critical_sample_ratio"]
    expected = complexity.compute(words, names, m=16)
    monkeypatch.setattr(complexity.registry, "CHUNK_ROWS", 123)
    for n_jobs in (1, 3):
        found = complexity.compute(words, names, m=16, n_jobs=n_jobs, progress=False)
        for name in names:
            np.testing.assert_array_equal(found[name], expected[name])


def test_all_measures_that_apply():
    everything = complexity.compute(["01101001", "00010111"], "all")
    assert tuple(everything) == complexity.applicable("01101001")
    assert len(everything) > 25
    for name, values in everything.items():
        direct = complexity.measure(name).function(["01101001", "00010111"])
        np.testing.assert_array_equal(values, direct)
    assert "bdd_size" not in complexity.applicable("011")
    assert "bdd_size" not in complexity.applicable("01" * 128)
    assert "sensitivity" in complexity.applicable("01" * 128)
    assert "critical_sample_ratio" in complexity.applicable("01" * 128)


def test_points_and_their_radius():
    inputs = array_inputs([[0.0], [1.0], [5.0]])
    asked = {"m": 3, "inputs": inputs}
    found = complexity.compute("010", "critical_sample_ratio", radius=1.5, **asked)
    assert found["critical_sample_ratio"].tolist() == [2 / 3]
    with pytest.raises(ValueError, match="needs radius, the size of a neighbourhood"):
        complexity.compute("010", "critical_sample_ratio", **asked)
    with pytest.raises(ValueError, match="inputs has 3 points, but the functions have m = 4"):
        complexity.compute("0101", "critical_sample_ratio", inputs=inputs, radius=1.0)
    with pytest.raises(ValueError, match="inputs must be Inputs or None, got ndarray"):
        complexity.compute("010", "critical_sample_ratio", inputs=np.zeros(3), radius=1.0)
    table = points()
    with pytest.raises(ValueError, match="but those of the table are"):
        complexity.compute(table, "critical_sample_ratio", inputs=inputs, radius=1.0)


def test_permuted_functions_stay_in_their_orbit(table):
    found = complexity_panel(table, "k_lz", max_functions=200)
    moved = 0
    for function, k in zip(found.functions, found.permuted["k_lz"], strict=True):
        orbit = symmetry.orbit(function, ("permutation",), m=16)
        values = complexity.k_lz(orbit, m=16)
        assert k in values
        moved += len(set(values)) > 1
    assert moved > 50


def test_a_null_function_for_each_function(table):
    """As random ones of the same T, in distribution: the mean of many, T by T."""
    every = range(20)
    panels = [complexity_panel(table, "bdd_size", max_functions=100, seed=s) for s in every]
    ones = bits.unpack(panels[0].functions, 16).sum(axis=1)
    rng = np.random.default_rng(0)
    for t in np.unique(ones):
        words = bits.pack(rng.permuted(np.tile(np.arange(16) < t, (2000, 1)), axis=1))
        expected = complexity.bdd_size(words, m=16)
        values = np.concatenate([panel.same_t["bdd_size"][ones == t] for panel in panels])
        error = expected.std(ddof=1) * np.hypot(len(values) ** -0.5, 2000**-0.5)
        assert_within(values.mean(), expected.mean(), error)


def test_cubes_too_large_to_permute():
    rng = np.random.default_rng(1)
    words = bits.pack(rng.random((3, 1 << 17)) < [[0.01], [0.02], [0.5]])
    found = complexity_panel(FunctionTable(words, [4, 3, 2], m=1 << 17), "entropy")
    assert found.permuted == {}
    np.testing.assert_array_equal(found.same_t["entropy"], found.observed["entropy"])
