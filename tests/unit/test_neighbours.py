"""Disagreement of neighbouring inputs: all pairs, the Walsh spectrum, known functions."""

from math import comb
from types import SimpleNamespace

import numpy as np
import pytest
from agreement import assert_within
from scipy.linalg import hadamard

from priorvol import bits, complexity
from priorvol.complexity import chunks, registry
from priorvol.inputs import array_inputs, boolean_cube

NAMES = ("disagreement_1", "disagreement_2", "generalization_complexity")


def all_functions(n):
    """Return all functions on n inputs, (2^(2^n), 2^n) boolean."""
    m = 1 << n
    return (np.arange(1 << m)[:, None] >> np.arange(m)) & 1 == 1


def random_functions(k, n, seed):
    """Return functions with every share of ones."""
    rng = np.random.default_rng(seed)
    return rng.random((k, 1 << n)) < rng.random((k, 1))


def some_functions(n):
    return all_functions(n) if n <= 3 else random_functions(20, n, seed=n)


def by_all_pairs(functions, n, distance):
    """Average |f(x) - f(y)| over every ordered pair (x, y) at the distance."""
    points = boolean_cube(n).values
    hamming = np.abs(points[:, None] - points[None, :]).sum(axis=2)
    x, y = np.nonzero(hamming == distance)
    return (functions[:, x] != functions[:, y]).mean(axis=1)


def by_spectrum(functions, n, distance):
    """Weigh the squared Walsh coefficients of +-1 functions by Krawtchouk polynomials."""
    m = 1 << n
    squares = ((1.0 - 2.0 * functions) @ hadamard(m) / m) ** 2
    size = np.array([s.bit_count() for s in range(m)])
    krawtchouk = [
        sum((-1) ** i * comb(s, i) * comb(n - s, distance - i) for i in range(distance + 1))
        for s in range(n + 1)
    ]
    return (1 - squares @ np.array(krawtchouk)[size] / comb(n, distance)) / 2


def parity(n):
    return boolean_cube(n).values.sum(axis=1) % 2 == 1


def conjunction(n):
    return boolean_cube(n).values.all(axis=1)


@pytest.mark.parametrize("n", range(1, 10))
def test_every_distance_against_all_pairs(n):
    functions = some_functions(n)
    total = np.zeros(len(functions))
    for distance in range(1, n + 1):
        expected = by_all_pairs(functions, n, distance)
        found = complexity.disagreement(functions, distance)
        np.testing.assert_allclose(found, expected, rtol=1e-14)
        total += expected
        cumulated = complexity.cumulative_disagreement(functions, distance)
        np.testing.assert_allclose(cumulated, total, rtol=1e-13)


@pytest.mark.parametrize("n", range(1, 10))
def test_the_measures_against_all_pairs(n):
    functions = some_functions(n)
    first = by_all_pairs(functions, n, 1)
    second = by_all_pairs(functions, n, 2) if n > 1 else np.zeros(len(functions))
    values = complexity.compute(functions, NAMES)
    np.testing.assert_allclose(values["disagreement_1"], first, rtol=1e-14)
    np.testing.assert_allclose(values["disagreement_2"], second, rtol=1e-14)
    np.testing.assert_allclose(values["generalization_complexity"], first + second, rtol=1e-14)


@pytest.mark.parametrize("n", [4, 7, 10])
def test_the_walsh_spectrum_gives_the_same(n):
    functions = random_functions(10, n, seed=1)
    for distance in (1, 2, n // 2, n):
        found = complexity.disagreement(functions, distance)
        np.testing.assert_allclose(found, by_spectrum(functions, n, distance), atol=1e-13)


def test_sixteen_inputs():
    functions = random_functions(3, 16, seed=16)
    points = np.arange(1 << 16)
    for distance in (1, 2):
        shifts = [s for s in points.tolist() if s.bit_count() == distance]
        expected = np.mean([(functions != functions[:, points ^ s]).mean(1) for s in shifts], 0)
        found = complexity.disagreement(functions, distance)
        np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, 8, 11])
def test_textbook_functions(n):
    functions = np.array([parity(n), conjunction(n), np.zeros(1 << n, dtype=bool)])
    for distance in range(1, n + 1):
        expected = [distance % 2, 2.0 / (1 << n), 0.0]
        assert complexity.disagreement(functions, distance).tolist() == expected


def test_one_input_has_no_pairs_at_distance_two():
    assert complexity.disagreement_2(["01", "00"]).tolist() == [0.0, 0.0]
    assert complexity.generalization_complexity(["01", "00"]).tolist() == [1.0, 0.0]


def test_uniform_functions_disagree_half_of_the_time():
    k = 20_000
    words = np.random.default_rng(2).integers(0, 2**64, (k, 2), dtype=np.uint64)
    for distance in (1, 2, 3, 6):
        values = complexity.disagreement(words, distance, m=128)
        assert_within(values.mean(), 0.5, values.std(ddof=1) / np.sqrt(k))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [2, 5, 6, 7, 9])
def test_symmetries(name, n):
    functions = random_functions(15, n, seed=3)
    measure = complexity.measure(name)
    assert measure.symmetries == registry.SYMMETRIES
    cube = functions.reshape(-1, *[2] * n)
    order = np.random.default_rng(4).permutation(n)
    negated = np.flip(cube, axis=[1, n])
    images = [
        ~functions,
        cube.transpose(0, *(1 + order)).reshape(len(functions), -1),
        negated.reshape(len(functions), -1),
        functions[:, ::-1],
    ]
    for image in images:
        np.testing.assert_array_equal(measure.function(image), measure.function(functions))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [4, 7, 9])
def test_rows_do_not_depend_on_each_other(name, n, monkeypatch):
    functions = random_functions(2500, n, seed=5)
    function = complexity.measure(name).function
    expected = function(functions)
    np.testing.assert_array_equal(function(functions[1237:1239]), expected[1237:1239])
    monkeypatch.setattr(chunks, "CHUNK_WORDS", 2000)
    words = bits.pack(functions)
    np.testing.assert_array_equal(function(words, m=1 << n), expected)
    fixed = np.asfortranarray(words)
    fixed.setflags(write=False)
    np.testing.assert_array_equal(function(fixed, m=1 << n), expected)


# Bad input


@pytest.mark.parametrize("distance", [0, -1, 4, 2.5, True, "1", None])
def test_a_distance_beyond_the_cube(distance):
    with pytest.raises(ValueError, match="distance must be"):
        complexity.disagreement("01101001", distance)
    with pytest.raises(ValueError, match="up_to must be"):
        complexity.cumulative_disagreement("01101001", distance)


def test_a_distance_is_checked_even_without_functions():
    with pytest.raises(ValueError, match="distance must be at most 7, got 8"):
        complexity.disagreement(np.empty((0, 2), dtype=np.uint64), 8, m=128)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_cube(name):
    function = complexity.measure(name).function
    with pytest.raises(ValueError, match="whole Boolean cube.* got m = 12"):
        function("0" * 12)
    with pytest.raises(ValueError, match="n at most 16, got n = 17"):
        function(np.zeros((1, 1 << 17), dtype=bool))
    points = array_inputs([[0.0], [1.0], [2.0], [3.0]])
    table = SimpleNamespace(
        functions=bits.pack([[0, 1, 1, 0]]), m=4, task=SimpleNamespace(inputs=points)
    )
    with pytest.raises(ValueError, match="the table's inputs are 4 points in R"):
        function(table)


@pytest.mark.parametrize("name", NAMES)
def test_no_functions(name):
    values = complexity.measure(name).function(np.empty((0, 2), dtype=np.uint64), m=128)
    assert values.shape == (0,) and values.dtype == np.float64
