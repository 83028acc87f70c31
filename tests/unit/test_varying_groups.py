"""What is said of simplicity takes groups of varying sizes, as rejection leaves them, exactly."""

import math

import numpy as np
import pytest

from priorvol import Architecture, Task, TrainingSet, posterior
from priorvol.simplicity import complexity_distribution, simple_but_rare
from priorvol.simplicity.bound_fit import _inflation
from priorvol.simplicity.pooling import pooled_counts


@pytest.fixture(scope="module")
def table():
    found = posterior(
        Task(Architecture(3, (5,))),
        TrainingSet([0, 7], [0, 0]),
        n_proposals=3_200,
        output_draws=16,
        seed=3,
        n_jobs=1,
        progress=False,
    )
    assert found.size_sums is not None and 1.5 < found.group_size < 15.5
    assert abs(found.group_size - found.output_draws) > 0.05  # rounding would show
    assert found.counts.max() > 0.2 * found.n_samples  # and most where a function dominates
    return found


def test_orbits_add_up_the_sizes(table):
    alone = pooled_counts(table, np.ascontiguousarray(table.functions), ())
    for found, kept in zip(alone, (table.counts, table.group_pairs, table.size_sums), strict=True):
        np.testing.assert_array_equal(found, kept)
    first = np.minimum(table.functions[:, 0], 255 - table.functions[:, 0])
    asked, place = np.unique(first, return_inverse=True)
    _, pairs, sizes = pooled_counts(table, asked[:, None], ("complement",))
    np.testing.assert_array_equal(sizes, np.bincount(place, weights=table.size_sums))
    assert (pairs >= np.bincount(place, weights=table.group_pairs)).all()


def test_limits_of_rare_functions_are_the_tables_own(table):
    found = simple_but_rare(table, "sop_literals", n_jobs=1)
    assert found.symmetries == () and (found.counts > 0).sum() > 5
    for function, low, high in zip(found.functions, found.low, found.high, strict=True):
        own = table.probability(function[None])
        assert low == pytest.approx(math.exp(own.low), rel=1e-12)
        assert high == pytest.approx(math.exp(own.high), rel=1e-12)


def test_inflation_in_the_bound_is_the_tables_own(table):
    rows = next(table.row_parts())
    expected = table.proportions(rows.counts, rows.group_pairs, rows.size_sums).inflation
    np.testing.assert_array_equal(_inflation(table, rows), expected)
    assert expected.max() > 1.2


def test_units_of_a_distribution_are_groups_in_effect(table):
    spread = complexity_distribution(table, n_uniform=100).prior
    groups = table.n_samples / table.group_size
    assert spread.standard_error == pytest.approx(spread.standard_deviation / math.sqrt(groups))
    np.testing.assert_allclose(spread.inflation, table.group_size)
