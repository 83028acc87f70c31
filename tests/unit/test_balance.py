"""Entropy of T/m and the majority error: exact values, scipy, and what leaves them unchanged."""

import math

import numpy as np
import pytest
from scipy.special import entr

from priorvol import bits, complexity
from priorvol.complexity import chunks

MEASURES = [complexity.entropy, complexity.majority_error]


def random_bits(k, m, seed):
    """Rows of every density."""
    rng = np.random.default_rng(seed)
    return rng.random((k, m)) < rng.random((k, 1))


def with_ones(m, t):
    """Return one function of each number of ones, spread at random."""
    rng = np.random.default_rng(m)
    rows = np.zeros((len(t), m), dtype=bool)
    for row, count in zip(rows, t, strict=True):
        row[rng.permutation(m)[:count]] = True
    return rows


@pytest.mark.parametrize("m", [1, 2, 7, 63, 64, 65, 128, 200, 1000])
def test_every_number_of_ones(m):
    t = np.arange(m + 1)
    rows = with_ones(m, t)
    expected = (entr(t / m) + entr(1 - t / m)) / math.log(2)
    np.testing.assert_allclose(complexity.entropy(rows), expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(complexity.majority_error(rows), [min(c, m - c) / m for c in t])


def test_exact_values():
    texts = ["0", "1", "01", "0000", "1111", "0110", "1000", "1110"]
    quarter = 2 - 0.75 * math.log2(3)
    expected = [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, quarter, quarter]
    found = [float(complexity.entropy(text)[0]) for text in texts]
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    assert found[2] == found[5] == 1.0
    assert not np.signbit(found).any()
    error = [float(complexity.majority_error(text)[0]) for text in texts]
    assert error == [0.0, 0.0, 0.5, 0.0, 0.0, 0.5, 0.25, 0.25]


def test_a_single_one_of_many_points_keeps_its_digits():
    m = 1 << 20
    row = np.zeros((1, m), dtype=bool)
    row[0, 12345] = True
    # -(1 - p) ln(1 - p) = p - p^2/2 - p^3/6 - ...
    p = 1 / m
    expected = p * 20 + (p - p**2 / 2 - p**3 / 6) / math.log(2)
    np.testing.assert_allclose(complexity.entropy(row), [expected], rtol=1e-15)
    assert complexity.majority_error(row) == p


@pytest.mark.parametrize("function", MEASURES)
@pytest.mark.parametrize("m", [5, 64, 100, 128])
def test_any_order_of_the_points_and_complement_leave_them_unchanged(function, m):
    array = random_bits(50, m, seed=m)
    expected = function(array)
    shuffled = array[:, np.random.default_rng(1).permutation(m)]
    for same in (~array, array[:, ::-1], shuffled):
        np.testing.assert_array_equal(function(same), expected)


@pytest.mark.parametrize("name", ["entropy", "majority_error"])
def test_the_registry_knows_them(name):
    measure = complexity.measure(name)
    assert measure.needs == "any" and measure.largest_n is None
    assert set(measure.symmetries) == {"complement", "permutation", "flips", "reversal"}
    assert measure.oracle and measure.function is getattr(complexity, name)
    array = random_bits(20, 11, seed=2)
    column = complexity.compute(array, name)[name]
    np.testing.assert_array_equal(column, measure.function(array))
    assert len(set(column)) > 3


@pytest.mark.parametrize("function", MEASURES)
@pytest.mark.parametrize("m", [2, 33, 64, 128, 150])
def test_every_memory_layout_gives_the_same(function, m, monkeypatch):
    words = bits.pack(random_bits(40, m, seed=3))
    before = words.copy()
    expected = function(bits.to_text(words, m))
    wide = np.zeros((80, words.shape[1] + 2), dtype=np.uint64)
    wide[::2, 1:-1] = words
    frozen = words.copy()
    frozen.setflags(write=False)
    for layout in (words, np.asfortranarray(words), wide[::2, 1:-1], frozen, frozen[::-1][::-1]):
        np.testing.assert_array_equal(function(layout, m=m), expected)
    np.testing.assert_array_equal(words, before)
    monkeypatch.setattr(chunks, "CHUNK_WORDS", 7)
    np.testing.assert_array_equal(function(words, m=m), expected)
    assert function(words[:0], m=m).shape == (0,)


@pytest.mark.parametrize("function", MEASURES)
@pytest.mark.parametrize(
    ("functions", "m", "message"),
    [
        (np.zeros((3, 2), dtype=np.uint64), None, "packed words need m"),
        (np.full((1, 1), 16, dtype=np.uint64), 4, "a bit set beyond input 3"),
        (np.zeros((3, 8), dtype=bool), 7, "m = 7, but the boolean array has 8 columns"),
        ("0120", None, "written in 0 and 1.*0120"),
        (None, None, "must be a FunctionTable.*NoneType"),
    ],
)
def test_bad_functions(function, functions, m, message):
    with pytest.raises(ValueError, match=message):
        function(functions, m=m)
