"""Dependence of outputs in pairs, against brute force and against theory."""

import json

import numpy as np
import pytest
from agreement import assert_within

from priorvol import Architecture, FunctionTable, Prior, Task, array_inputs, boolean_cube, collect
from priorvol.independence import pairwise_dependence
from priorvol.infinite.correlation_map import correlation_map, unit_sigma_w


def draws(table):
    """Return every draw as a row of bits."""
    words = [list(map(int, text)) for text in table.ranks().texts()]
    return np.repeat(np.array(words), table.ranks().counts, axis=0)


def random_table(task, n, seed=0):
    """Return a table of words that are not independent: each bit copies the one before or not."""
    generator = np.random.default_rng(seed)
    outputs = generator.random((n, task.inputs.m)) < 0.4
    for i in range(1, task.inputs.m):
        copies = generator.random(n) < 0.3
        outputs[copies, i] = outputs[copies, i - 1]
    words, counts = np.unique(outputs, axis=0, return_counts=True)
    return FunctionTable.from_counts(words, counts, task=task)


def cube_task(encoding="pm1", n=3):
    return Task(Architecture(n, (4,)), Prior(), boolean_cube(n, encoding))


def test_correlations_against_numpy():
    table = random_table(cube_task(), 500)
    found = pairwise_dependence(table)
    np.testing.assert_allclose(found.correlations, np.corrcoef(draws(table).T), atol=1e-12)


@pytest.mark.parametrize("encoding, n_antipodal", [("pm1", 4), ("01", 0)])
def test_pairs_by_brute_force(encoding, n_antipodal):
    table = random_table(cube_task(encoding), 400)
    found = pairwise_dependence(table)
    points = table.task.inputs.values
    r = np.corrcoef(draws(table).T)
    squares, by_distance = [], {}
    for i in range(8):
        for j in range(i + 1, 8):
            if not np.array_equal(points[i], -points[j]):
                squares.append((399 * r[i, j] ** 2 - 1) / 398)
                by_distance.setdefault(int((points[i] != points[j]).sum()), []).append(r[i, j])
    assert found.n_antipodal == n_antipodal and found.n_pairs == 28 - n_antipodal
    assert found.mean_square == pytest.approx(np.mean(squares), rel=1e-12)
    assert found.distances.tolist() == sorted(by_distance)
    expected = [np.mean(by_distance[d]) for d in sorted(by_distance)]
    np.testing.assert_allclose(found.by_distance, expected, rtol=1e-12)
    assert found.floor == 1 / 399


def test_antipodal_pairs_are_kept_on_demand():
    table = random_table(cube_task(), 400)
    assert pairwise_dependence(table, exclude_antipodal=False).n_pairs == 28


def test_antipodal_points_of_any_inputs():
    points = array_inputs([[1.0, 2.0], [0.5, 0.0], [-1.0, -2.0], [-0.5, -0.0]])
    task = Task(Architecture(2, (4,)), Prior(), points)
    found = pairwise_dependence(random_table(task, 300))
    assert found.n_antipodal == 2 and found.n_pairs == 4
    assert found.distances.size == 0


def test_independent_bits_show_none():
    """Over many tables the mean is 0 and the standard error is the spread."""
    generator = np.random.default_rng(3)
    means, errors = [], []
    for _ in range(200):
        words, counts = np.unique(generator.random((300, 8)) < 0.3, axis=0, return_counts=True)
        table = FunctionTable.from_counts(words, counts)
        found = pairwise_dependence(table, exclude_antipodal=False)
        means.append(found.mean_square)
        errors.append(found.standard_error)
    assert_within(np.mean(means), 0.0, np.std(means) / np.sqrt(200))
    # The jackknife's variance is an estimate with 19 degrees of freedom, biased upwards if at all.
    assert 0.9 < np.sqrt(np.mean(np.square(errors))) / np.std(means) < 1.6


def test_equal_outputs_are_one():
    table = FunctionTable.from_counts(["0000", "1111"], [30, 70])
    found = pairwise_dependence(table, exclude_antipodal=False)
    assert found.mean_square == pytest.approx(1.0)
    assert found.standard_error == pytest.approx(0.0, abs=1e-9)


def test_outputs_that_never_change_are_left_out():
    table = FunctionTable.from_counts(["0001", "0010", "0111", "0100"], [30, 30, 20, 20])
    found = pairwise_dependence(table, exclude_antipodal=False)
    assert found.n_constant == 3 and found.n_pairs == 3
    assert np.isnan(found.correlations[0, 1:]).all()


def test_blocks_do_not_change_the_estimate():
    table = random_table(cube_task(), 400)
    one, other = (pairwise_dependence(table, seed=seed) for seed in (1, 2))
    assert one.mean_square == other.mean_square
    assert one.standard_error != other.standard_error
    assert 0.3 < one.standard_error / other.standard_error < 3.0


@pytest.mark.parametrize("shift", [0.0, "zero-mean"])
def test_one_wide_layer_is_its_correlation_map(shift):
    """Outputs at distance d correlate by (2/pi) arcsin C(1 - 2 d / n); at this width that is exact
    to a fraction of the standard error.
    """
    n, width = 5, 1000
    architecture = Architecture(n, (width,), activation="relu", shift=shift)
    prior = Prior(sigma_w=unit_sigma_w(architecture), sigma_b=0.0)
    table = collect(
        Task(architecture, prior, boolean_cube(n, "pm1")), n_samples=20_000, seed=5, n_jobs=1
    )
    found = pairwise_dependence(table)
    assert found.distances.tolist() == [1, 2, 3, 4]
    rho = 1.0 - 2.0 * found.distances / n
    theory = 2 / np.pi * np.arcsin(correlation_map("relu", shift=shift)(rho))
    assert_within(found.by_distance, theory, found.by_distance_error)


def test_it_prints_and_goes_to_json():
    found = pairwise_dependence(random_table(cube_task(), 400))
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert record["n_pairs"] == 24 and len(record["by_distance"]) == 2
    assert str(found).startswith(
        "24 pairs of inputs (without 4 antipodal), 400 draws\nmean squared"
    )
    assert "at distance 2: correlation" in str(found)


def test_bad_arguments():
    table = FunctionTable.from_counts(["0001", "0010"], [30, 30])
    with pytest.raises(ValueError, match="no task"):
        pairwise_dependence(table)
    with pytest.raises(ValueError, match="blocks need 200 draws"):
        pairwise_dependence(table, exclude_antipodal=False, n_blocks=100)
    with pytest.raises(ValueError, match="n_blocks must be"):
        pairwise_dependence(table, exclude_antipodal=False, n_blocks=1)
    with pytest.raises(ValueError, match="must be a FunctionTable"):
        pairwise_dependence(np.zeros(3), exclude_antipodal=False)
    constant = FunctionTable.from_counts(["0000"], [60])
    with pytest.raises(ValueError, match="no pair of inputs is left"):
        pairwise_dependence(constant, exclude_antipodal=False)
    grouped = collect(
        Task(Architecture(3, (4,)), Prior(), boolean_cube(3)),
        n_samples=400,
        output_draws=4,
        n_jobs=1,
    )
    with pytest.raises(ValueError, match="must be independent"):
        pairwise_dependence(grouped)
    few = FunctionTable.from_counts(["0001", "0010"], [30, 30], n_samples=100)
    with pytest.raises(ValueError, match="leaves out 40 draws"):
        pairwise_dependence(few, exclude_antipodal=False)
