"""Kernels behind Gaussian functions: singular Cholesky factors, thresholds, packing, replay."""

import numpy as np
import pytest

from priorvol import bits
from priorvol._kernels import streams
from priorvol._kernels.cholesky import pivoted_cholesky
from priorvol._kernels.gaussian_functions import LANES, pack_lanes, sample_functions, threshold
from priorvol.rng import generator, stream_key

EPS = np.finfo(np.float64).eps


def correlations(k, rank, seed):
    """A correlation matrix of some rank."""
    rows = generator(seed, "factor").standard_normal((k, rank))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    found = rows @ rows.T
    np.fill_diagonal(found, 1.0)
    return found


def factorised(matrix, first=()):
    k = len(matrix)
    columns, order = np.empty((k, k)), np.empty(k, dtype=np.int64)
    first = np.array(first, dtype=np.int64)
    rank, depending = pivoted_cholesky(matrix, first, 8 * k * EPS, columns, order)
    return columns[:rank, order].T, order, rank, depending


@pytest.mark.parametrize(("k", "rank"), [(1, 1), (5, 5), (20, 3), (64, 64), (128, 7), (128, 100)])
def test_factors_have_the_rank_of_the_matrix(k, rank):
    matrix = correlations(k, rank, 10 * k + rank)
    factor, order, found, depending = factorised(matrix)
    assert (found, depending) == (rank, 0)
    assert sorted(order.tolist()) == list(range(k))
    np.testing.assert_array_equal(factor, np.tril(factor))
    error = np.abs(factor @ factor.T - matrix[np.ix_(order, order)]).max()
    assert error <= 8 * k * EPS  # what the tolerance allows
    assert (np.diag(factor[:rank]) > 0).all()


def test_pivots_fall():
    factor, _, rank, _ = factorised(correlations(60, 60, 1))
    pivots = np.diag(factor[:rank]) ** 2
    assert (pivots[1:] <= pivots[:-1] * (1 + 1e-6)).all()


def test_the_last_bits_of_a_matrix_do_not_change_the_order():
    """Of symmetric matrices: with ties, as on the Boolean cube."""
    points = ((np.arange(32)[:, None] >> np.arange(5)) & 1) * 2.0 - 1.0
    matrix = np.exp(points @ points.T / 5 - 1)
    _, order, rank, _ = factorised(matrix)
    assert rank == 32
    for seed in range(5):
        noise = generator(seed, "noise").uniform(-2 * EPS, 2 * EPS, (32, 32))
        noise = np.triu(noise, 1) + np.triu(noise, 1).T
        np.testing.assert_array_equal(factorised(matrix * (1 + noise))[1], order)


def test_rows_named_first_come_first_and_those_that_depend_on_them_later():
    matrix = correlations(12, 3, 2)
    factor, order, rank, depending = factorised(matrix, [7, 2, 9, 4, 0])
    assert order[:3].tolist() == [7, 2, 9]
    assert (rank, depending) == (3, 2)
    assert order[3:5].tolist() == [4, 0]
    np.testing.assert_allclose(factor @ factor.T, matrix[np.ix_(order, order)], atol=1e-13)
    factor, order, rank, depending = factorised(correlations(12, 12, 3), [7, 2])
    assert order[:2].tolist() == [7, 2]
    assert (rank, depending) == (12, 0)


def test_factors_of_full_rank_in_a_given_order_are_numpys():
    matrix = correlations(40, 40, 4)
    factor, _, _, _ = factorised(matrix, range(40))
    np.testing.assert_allclose(factor, np.linalg.cholesky(matrix), atol=1e-12)


@pytest.mark.parametrize(("k", "rank"), [(1, 1), (6, 3), (9, 9), (130, 67)])
def test_thresholds(k, rank):
    dice = generator(k, "threshold")
    factor, mean = np.tril(dice.standard_normal((k, rank))), dice.standard_normal(k)
    z = dice.standard_normal((rank, LANES))
    above, below = np.zeros(k, dtype=np.uint64), np.zeros(k, dtype=np.uint64)
    threshold(factor, mean, z, 0, above, below)
    h = mean[:, None].astype(np.longdouble) + factor.astype(np.longdouble) @ z
    lanes = np.arange(LANES, dtype=np.uint64)
    np.testing.assert_array_equal((above[:, None] >> lanes) & np.uint64(1), h > 0)
    np.testing.assert_array_equal(below, ~above)


def test_an_output_that_is_exactly_zero_is_neither_above_nor_below():
    above, below = np.ones(2, dtype=np.uint64), np.ones(2, dtype=np.uint64)
    factor = np.array([[1.0, 0.0], [1.0, -1.0]])
    threshold(factor, np.zeros(2), np.ones((2, LANES)), 0, above, below)
    assert (above[1], below[1]) == (0, 0)
    assert (above[0], below[0]) == (2**64 - 1, 0)


@pytest.mark.parametrize("m", [1, 63, 64, 65, 128, 200])
def test_packing(m):
    dice = generator(m, "packing")
    rows = 7
    h = dice.standard_normal((rows, LANES))
    lanes = np.arange(LANES, dtype=np.uint64)
    above = ((h > 0).astype(np.uint64) << lanes).sum(axis=1, dtype=np.uint64)
    below = ((h < 0).astype(np.uint64) << lanes).sum(axis=1, dtype=np.uint64)
    place = dice.integers(-1, rows, m)
    sign = dice.choice(np.array([-1, 1], dtype=np.int8), m)
    expected = np.where(place >= 0, h[place].T * sign > 0, sign > 0)
    for count in (1, 40, LANES):
        keys = np.full((count, bits.n_words(m)), 0xDEAD, dtype=np.uint64)
        pack_lanes(above, below, place, sign, count, keys)
        np.testing.assert_array_equal(keys, bits.pack(expected[:count]))


@pytest.mark.parametrize("count", [1, 64, 130])
def test_every_function_can_be_replayed_alone(count):
    dice = generator(3, "replay")
    k, rank, m = 70, 66, 80
    factor, mean = np.tril(dice.standard_normal((k, rank))), 0.1 * dice.standard_normal(k)
    place = np.concatenate([np.arange(k), [-1, -1], dice.integers(0, k, m - k - 2)])
    sign = dice.choice(np.array([-1, 1], dtype=np.int8), m)
    key = stream_key(5, 1)
    keys = np.empty((count, 2), dtype=np.uint64)
    sample_functions(factor, mean, place, sign, key, 3, 1000, count, keys)
    state = np.empty(streams.STATE_WORDS, dtype=np.uint32)
    numbers = np.empty(128, dtype=np.float32)
    for i in range(count):
        streams.start(state, key, 1000 + i, 3, 0)
        streams.fill(state, numbers, rank, False, 1.0)
        h = mean.astype(np.longdouble) + factor.astype(np.longdouble) @ numbers[:rank]
        expected = np.where(place >= 0, h[place] * sign > 0, sign > 0)
        np.testing.assert_array_equal(keys[i], bits.pack(expected[None])[0])
    alone = np.empty((1, 2), dtype=np.uint64)
    sample_functions(factor, mean, place, sign, key, 3, 1000 + count - 1, 1, alone)
    np.testing.assert_array_equal(alone[0], keys[-1])
