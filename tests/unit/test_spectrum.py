"""Walsh-Hadamard spectra: direct sums, Hadamard matrices of scipy, identities, textbook values."""

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.linalg import hadamard

from priorvol import bits, complexity
from priorvol._kernels import spectrum as kernels
from priorvol.complexity import chunks

NAMES = [
    "fourier_degree",
    "spectral_norm",
    "mean_frequency",
    "mean_frequency_l1",
    "high_degree_weight",
]
EVERY = [getattr(complexity, name) for name in [*NAMES, "walsh_spectrum", "weight_by_degree"]]


def points(n):
    """Return the cube as rows of 0 and 1, (2^n, n)."""
    return np.array(list(itertools.product((0, 1), repeat=n)))


def random_bits(k, n, seed):
    """Rows of every density, some of few inputs."""
    rng = np.random.default_rng(seed)
    array = rng.random((k, 1 << n)) < rng.random((k, 1))
    for row in array[:: 3 if n > 1 else k]:
        row[:] = np.tile(row[: 1 << (n - 1)], 2)
    return array


def all_functions(n):
    m = 1 << n
    return bits.unpack(np.arange(1 << m, dtype=np.uint64)[:, None], m)


def spectrum_by_hadamard(array):
    """Return whole numbers 2^n f^(S), by the matrix of scipy."""
    return (1 - 2 * array.astype(np.int64)) @ hadamard(array.shape[1])


def spectrum_by_halves(array):
    """Return whole numbers 2^n f^(S): those of the half where the first input is 0, and of 1."""
    if array.shape[1] == 1:
        return 1 - 2 * array.astype(np.int64)
    zero, one = (spectrum_by_halves(half) for half in np.split(array, 2, axis=1))
    return np.concatenate([zero + one, zero - one], axis=1)


def sensitivity(array):
    """Return the mean over the points of the number of inputs that change the function."""
    m = array.shape[1]
    x = np.arange(m)
    changes = [array != array[:, x ^ (1 << i)] for i in range(m.bit_length() - 1)]
    return np.sum(changes, axis=(0, 2)) / m


def assert_measures(array, whole):
    """Hold every measure against the whole numbers 2^n f^(S)."""
    m = array.shape[1]
    n = m.bit_length() - 1
    size = points(n).sum(axis=1)
    magnitude = np.abs(whole)
    np.testing.assert_array_equal(complexity.walsh_spectrum(array), whole / m)
    weights = np.stack([(whole[:, size == d] ** 2).sum(axis=1) for d in range(n + 1)], axis=1)
    np.testing.assert_array_equal(complexity.weight_by_degree(array), weights / m**2)
    degree = np.where(whole != 0, size, 0).max(axis=1)
    np.testing.assert_array_equal(complexity.fourier_degree(array), degree)
    np.testing.assert_array_equal(complexity.spectral_norm(array), magnitude.sum(axis=1) / m)
    np.testing.assert_array_equal(complexity.mean_frequency(array), whole**2 @ size / m**2)
    mean = magnitude @ size / magnitude.sum(axis=1)
    np.testing.assert_array_equal(complexity.mean_frequency_l1(array), mean)
    high = (whole[:, size > 1] ** 2).sum(axis=1) / m**2
    np.testing.assert_array_equal(complexity.high_degree_weight(array), high)


# Against slow references


def test_the_numbering_of_sets_follows_the_inputs():
    """Straight from the definition, in plain Python, on texts."""
    texts = ["00010111", "01101001", "00001111", "01010101", "00000001", "10011100"]
    expected = []
    cube = list(itertools.product((0, 1), repeat=3))  # the first input varies slowest
    for text in texts:
        row = []
        for chosen in cube:
            total = 0
            for x, value in zip(cube, text, strict=True):
                parity = sum(a * b for a, b in zip(chosen, x, strict=True))
                total += (-1) ** (int(value) + parity)
            row.append(total / 8)
        expected.append(row)
    np.testing.assert_array_equal(complexity.walsh_spectrum(texts), expected)
    assert complexity.walsh_spectrum("00001111")[0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_all_functions(n):
    array = all_functions(n)
    assert_measures(array, spectrum_by_hadamard(array))
    np.testing.assert_array_equal(complexity.mean_frequency(array), sensitivity(array))


@pytest.mark.parametrize("n", range(1, 11))
def test_random_functions(n):
    array = random_bits(300 if n < 9 else 40, n, seed=n)
    assert_measures(array, spectrum_by_hadamard(array))


@pytest.mark.parametrize("n", [11, 13, 14, 15, 16])
def test_large_cubes(n):
    """The range of 16-bit numbers ends between n = 14 and 15, that of 32-bit squares at 16."""
    parity = points(n).sum(axis=1) % 2 == 1
    array = random_bits(3, n, seed=n)
    array = np.concatenate([array, [parity, ~parity, parity & False, parity | True]])
    assert_measures(array, spectrum_by_halves(array))
    np.testing.assert_array_equal(complexity.mean_frequency(array), sensitivity(array))


def test_the_two_references_agree():
    array = random_bits(30, 7, seed=1)
    np.testing.assert_array_equal(spectrum_by_halves(array), spectrum_by_hadamard(array))


@pytest.mark.parametrize("n", [4, 6, 7, 8])
def test_identities(n):
    array = random_bits(200, n, seed=n)
    found = complexity.walsh_spectrum(array)
    m = 1 << n
    np.testing.assert_array_equal((found**2).sum(axis=1), np.ones(200))  # Parseval
    np.testing.assert_array_equal(complexity.weight_by_degree(array).sum(axis=1), np.ones(200))
    np.testing.assert_array_equal(found[:, 0], 1 - 2 * array.mean(axis=1))
    np.testing.assert_array_equal(found @ hadamard(m), 1 - 2 * array)  # the inverse transform
    np.testing.assert_array_equal(complexity.mean_frequency(array), sensitivity(array))
    norm = complexity.spectral_norm(array)
    assert (norm >= 1).all() and (norm <= np.sqrt(m)).all()
    assert (complexity.fourier_degree(array) >= complexity.anf_degree(array)).all()


# Textbook values


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 7, 9])
def test_parity_and_constants(n):
    parity = points(n).sum(axis=1) % 2 == 1
    zero = np.zeros_like(parity)
    array = np.array([parity, ~parity, zero, ~zero])
    found = complexity.walsh_spectrum(array)
    expected = np.zeros((4, 1 << n))
    expected[[0, 1], -1] = expected[[2, 3], 0] = 1, -1
    np.testing.assert_array_equal(found, expected)
    assert complexity.fourier_degree(array).tolist() == [n, n, 0, 0]
    assert complexity.spectral_norm(array).tolist() == [1.0] * 4
    assert complexity.mean_frequency(array).tolist() == [n, n, 0, 0]
    assert complexity.mean_frequency_l1(array).tolist() == [n, n, 0, 0]
    assert complexity.high_degree_weight(array).tolist() == [n > 1, n > 1, 0, 0]


@pytest.mark.parametrize("n", [2, 3, 6, 7, 8])
def test_and(n):
    array = points(n).all(axis=1)[None]
    small = 2.0 ** (1 - n)
    sets = points(n).sum(axis=1)
    expected = -small * (-1.0) ** sets
    expected[0] = 1 - small
    np.testing.assert_array_equal(complexity.walsh_spectrum(array), [expected])
    assert complexity.fourier_degree(array) == n
    assert complexity.spectral_norm(array) == 3 - 4 / 2**n
    assert complexity.mean_frequency(array) == n * small


@pytest.mark.parametrize("n", [1, 3, 7])
def test_single_inputs(n):
    array = points(n).T == 1
    found = complexity.walsh_spectrum(np.concatenate([array, ~array]))
    expected = np.zeros((n, 1 << n))
    expected[np.arange(n), 1 << np.arange(n)[::-1]] = 1
    np.testing.assert_array_equal(found, np.concatenate([expected, -expected]))
    for name, value in zip(NAMES, (1, 1, 1, 1, 0), strict=True):
        assert getattr(complexity, name)(array).tolist() == [value] * n


def test_majority_of_three():
    text = "00010111"
    expected = [0, 0.5, 0.5, 0, 0.5, 0, 0, -0.5]
    np.testing.assert_array_equal(complexity.walsh_spectrum(text), [expected])
    assert complexity.weight_by_degree(text).tolist() == [[0, 0.75, 0, 0.25]]
    values = [float(getattr(complexity, name)(text)[0]) for name in NAMES]
    assert values == [3, 2, 1.5, 1.5, 0.25]


@pytest.mark.parametrize("n", [2, 4, 6, 8])
def test_bent_functions_are_flat(n):
    x = points(n)
    array = ((x[:, ::2] * x[:, 1::2]).sum(axis=1) % 2 == 1)[None]
    np.testing.assert_array_equal(abs(complexity.walsh_spectrum(array)), 2.0 ** (-n / 2))
    assert complexity.spectral_norm(array) == 2 ** (n / 2)
    assert complexity.mean_frequency(array) == complexity.mean_frequency_l1(array) == n / 2
    assert complexity.fourier_degree(array) == n
    assert complexity.high_degree_weight(array) == 1 - (n + 1) / 2**n


# What leaves them unchanged, accepted forms, bad input


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [3, 7])
def test_declared_symmetries(name, n):
    measure = complexity.measure(name)
    assert set(measure.symmetries) == {"complement", "permutation", "flips", "reversal"}
    array = random_bits(100, n, seed=3)
    expected = measure.function(array)
    assert len(set(expected)) > 2
    cube = array.reshape(100, *[2] * n)
    order = np.random.default_rng(4).permutation(n)
    permuted = cube.transpose(0, *(order + 1)).reshape(100, -1)
    flipped = array[:, np.arange(1 << n) ^ 5]
    for same in (~array, permuted, flipped, array[:, ::-1]):
        np.testing.assert_array_equal(measure.function(same), expected)


@pytest.mark.parametrize("name", NAMES)
def test_the_registry_knows_them(name):
    measure = complexity.measure(name)
    assert measure.needs == "cube" and measure.largest_n == 16
    assert measure.function is getattr(complexity, name) and measure.oracle
    array = random_bits(20, 5, seed=5)
    np.testing.assert_array_equal(complexity.compute(array, name)[name], measure.function(array))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 8])
def test_every_form_and_memory_layout_gives_the_same(n, monkeypatch):
    m = 1 << n
    array = random_bits(50, n, seed=6)
    words = bits.pack(array)
    before = words.copy()
    wide = np.zeros((100, words.shape[1] + 2), dtype=np.uint64)
    wide[::2, 1:-1] = words
    frozen = words.copy()
    frozen.setflags(write=False)
    layouts = [words, np.asfortranarray(words), wide[::2, 1:-1], frozen, bits.to_text(words, m)]
    expected = [function(array) for function in EVERY]
    for function, values in zip(EVERY, expected, strict=True):
        for layout in layouts:
            np.testing.assert_array_equal(function(layout, m=m), values)
        np.testing.assert_array_equal(function(words[7], m=m), values[7:8])
    np.testing.assert_array_equal(words, before)
    monkeypatch.setattr(chunks, "CHUNK_WORDS", 7 * words.shape[1])
    for function, values in zip(EVERY, expected, strict=True):
        np.testing.assert_array_equal(function(words, m=m), values)


@pytest.mark.parametrize("k", [1, 127, 128, 129, 300])
def test_any_number_of_functions(k):
    array = random_bits(300, 7, seed=7)
    whole = spectrum_by_hadamard(array)
    assert_measures(array[:k], whole[:k])


def test_compiles_once_for_each_width():
    array = random_bits(9, 7, seed=8)
    words = bits.pack(array)
    for layout in (words, np.asfortranarray(words), words[::2]):
        complexity.spectral_norm(layout, m=128)
    assert len(getattr(kernels._degree_sums, "signatures", [()])) <= 2  # plain Python has none


def test_no_functions():
    for function in EVERY:
        found = function(np.empty((0, 2), dtype=np.uint64), m=128)
        one = function("0" * 128)
        assert found.shape == (0, *one.shape[1:]) and found.dtype == one.dtype


@pytest.mark.parametrize("function", EVERY, ids=lambda function: function.__name__)
def test_bad_functions(function):
    name = function.__name__
    with pytest.raises(ValueError, match=rf"{name} needs .* whole Boolean cube.* got m = 12"):
        function("0" * 12)
    with pytest.raises(ValueError, match=rf"{name} needs .* got m = 1$"):
        function("0")
    with pytest.raises(ValueError, match=rf"{name} is computed for n at most 16, got n = 17"):
        function(np.zeros((0, 2048), dtype=np.uint64), m=1 << 17)
    with pytest.raises(ValueError, match="packed words need m"):
        function(np.zeros((3, 2), dtype=np.uint64))
    with pytest.raises(ValueError, match="a bit set beyond input 3"):
        function(np.full((1, 1), 16, dtype=np.uint64), m=4)
    with pytest.raises(ValueError, match="written in 0 and 1.*'0120'"):
        function("0120")


def test_runs_without_the_compiler():
    script = (
        "import json\n"
        "from priorvol.complexity import spectral_norm, walsh_spectrum, weight_by_degree\n"
        "text = '00010111' * 16\n"
        "functions = (walsh_spectrum, weight_by_degree, spectral_norm)\n"
        "print(json.dumps([function(text)[0].tolist() for function in functions]))\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    spectrum, weights, norm = json.loads(result.stdout)
    assert spectrum == [0, 0.5, 0.5, 0, 0.5, 0, 0, -0.5, *[0] * 120]
    assert weights == [0, 0.75, 0, 0.25, 0, 0, 0, 0]
    assert norm == 2
