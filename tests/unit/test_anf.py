"""Algebraic normal forms: sums over subcubes, sympy's ANFform, identities, textbook values."""

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from sympy import And, Symbol, Xor, symbols, true
from sympy.logic.boolalg import ANFform

from priorvol import bits, complexity
from priorvol._kernels import anf as kernels
from priorvol.complexity import chunks

EVERY = [complexity.anf_coefficients, complexity.anf_degree, complexity.anf_terms]


def points(n):
    """Return the cube as rows of 0 and 1, (2^n, n)."""
    return np.array(list(itertools.product((0, 1), repeat=n)))


def random_bits(k, n, seed):
    """Rows of every density, some of few inputs and some of low degree."""
    rng = np.random.default_rng(seed)
    array = rng.random((k, 1 << n)) < rng.random((k, 1))
    x = points(n)
    for row in array[::3]:
        row[:] = np.tile(row[: 1 << (n - 1)], 2)
    for row in array[1::3]:
        degree = rng.integers(0, n + 1)
        low = np.flatnonzero(x.sum(axis=1) <= degree)
        terms = rng.choice(low, min(len(low), 5), replace=False)
        row[:] = sum((x | ~x[term] & 1).all(axis=1) for term in terms) % 2
    return array


def all_functions(n):
    m = 1 << n
    return bits.unpack(np.arange(1 << m, dtype=np.uint64)[:, None], m)


def form_by_sums(array):
    """Return the coefficients (k, m): the sum modulo 2 of f over the points below each set."""
    m = array.shape[1]
    numbers = np.arange(m)
    below = (numbers[:, None] & ~numbers) == 0  # point by set
    return array.astype(np.float64) @ below.astype(np.float64) % 2 == 1


def form_by_halves(array):
    """Return the coefficients (k, m): f = f_0 + x_1 (f_0 + f_1) for the first input x_1."""
    if array.shape[1] == 1:
        return array
    zero, one = (form_by_halves(half) for half in np.split(array, 2, axis=1))
    return np.concatenate([zero, zero ^ one], axis=1)


def form_by_sympy(row):
    """Return the coefficients (m,)."""
    n = len(row).bit_length() - 1
    inputs = symbols(f"x1:{n + 1}")
    form = ANFform(inputs, row.astype(int).tolist())
    coefficients = np.zeros(len(row), dtype=bool)
    for term in form.args if isinstance(form, Xor) else [form]:
        if term == true:
            coefficients[0] = True
        elif isinstance(term, Symbol | And):
            place = [inputs[::-1].index(x) for x in term.free_symbols]
            coefficients[sum(1 << i for i in place)] = True
        else:
            assert form == False  # noqa: E712
    return coefficients


def assert_measures(array, form):
    """Hold every measure against the coefficients."""
    m = array.shape[1]
    packed = complexity.anf_coefficients(array)
    np.testing.assert_array_equal(packed, bits.pack(form))
    np.testing.assert_array_equal(complexity.anf_terms(array), form.sum(axis=1))
    size = points(m.bit_length() - 1).sum(axis=1)
    np.testing.assert_array_equal(complexity.anf_degree(array), (form * size).max(axis=1))


# Against slow references


@pytest.mark.parametrize("n", [1, 2, 3])
def test_all_functions(n):
    array = all_functions(n)
    assert_measures(array, form_by_sums(array))
    assert_measures(array, np.array([form_by_sympy(row) for row in array]))


def test_sympy_on_four_inputs():
    array = random_bits(150, 4, seed=4)
    assert_measures(array, np.array([form_by_sympy(row) for row in array]))


@pytest.mark.parametrize("n", range(1, 11))
def test_random_functions(n):
    array = random_bits(300 if n < 9 else 40, n, seed=n)
    form = form_by_sums(array)
    assert_measures(array, form)
    np.testing.assert_array_equal(form, form_by_halves(array))


@pytest.mark.parametrize("n", [12, 15, 16])
def test_large_cubes(n):
    array = random_bits(6, n, seed=n)
    array = np.concatenate([array, [points(n).sum(axis=1) % 2 == 1]])
    assert_measures(array, form_by_halves(array))


@pytest.mark.parametrize("n", [3, 5, 6, 7, 8])
def test_identities(n):
    m = 1 << n
    array = random_bits(200, n, seed=20 + n)
    packed = complexity.anf_coefficients(array)
    assert packed.dtype == np.uint64 and packed.shape == (200, bits.n_words(m))
    twice = complexity.anf_coefficients(packed, m=m)
    np.testing.assert_array_equal(twice, bits.pack(array))
    other = np.roll(array, 1, axis=0)
    both = complexity.anf_coefficients(array ^ other)
    np.testing.assert_array_equal(both, packed ^ np.roll(packed, 1, axis=0))
    degree = complexity.anf_degree(array)
    odd = array.sum(axis=1) % 2 == 1
    assert 20 < odd.sum() < 180
    np.testing.assert_array_equal(degree == n, odd)


# Textbook values


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, 9])
def test_named_functions(n):
    x = points(n)
    m = 1 << n
    parity = x.sum(axis=1) % 2 == 1
    every = x.all(axis=1)
    names = {
        "zero": (parity & False, 0, 0),
        "one": (parity | True, 0, 1),
        "parity": (parity, 1, n),
        "odd number of zeros": (~parity, 1, n + 1),
        "AND": (every, n, 1),
        "OR": (x.any(axis=1), n, m - 1),
        "AND of negations": (every[::-1], n, m),
        "first input": (x[:, 0] == 1, 1, 1),
        "last input": (x[:, -1] == 1, 1, 1),
    }
    array = np.array([row for row, _, _ in names.values()])
    assert complexity.anf_degree(array).tolist() == [degree for _, degree, _ in names.values()]
    assert complexity.anf_terms(array).tolist() == [terms for _, _, terms in names.values()]
    form = bits.unpack(complexity.anf_coefficients(array), m)
    powers = 1 << np.arange(n)
    assert np.flatnonzero(form[2]).tolist() == powers.tolist()
    assert np.flatnonzero(form[4]).tolist() == [m - 1]
    assert np.flatnonzero(form[7]).tolist() == [m // 2]
    assert np.flatnonzero(form[8]).tolist() == [1]


def test_majority_of_three_is_the_sum_of_the_pairs():
    form = bits.unpack(complexity.anf_coefficients("00010111"), 8)
    assert np.flatnonzero(form[0]).tolist() == [0b011, 0b101, 0b110]
    assert complexity.anf_degree("00010111") == 2 and complexity.anf_terms("00010111") == 3


@pytest.mark.parametrize("n", [2, 4, 6, 8])
def test_the_inner_product(n):
    x = points(n)
    array = ((x[:, ::2] * x[:, 1::2]).sum(axis=1) % 2 == 1)[None]
    assert complexity.anf_degree(array) == 2
    assert complexity.anf_terms(array) == n // 2


# What leaves them unchanged, accepted forms, bad input


def images(array):
    """Return the functions under each symmetry that a measure may have."""
    k, m = array.shape
    n = m.bit_length() - 1
    order = np.random.default_rng(4).permutation(n)
    cube = array.reshape(k, *[2] * n)
    return {
        "complement": ~array,
        "permutation": cube.transpose(0, *(order + 1)).reshape(k, -1),
        "flips": array[:, np.arange(m) ^ 5],
        "reversal": array[:, ::-1],
    }


@pytest.mark.parametrize("name", ["anf_degree", "anf_terms"])
@pytest.mark.parametrize("n", [3, 7])
def test_exactly_the_declared_symmetries(name, n):
    measure = complexity.measure(name)
    array = random_bits(100, n, seed=3)
    expected = measure.function(array)
    assert len(set(expected)) > 3
    unchanged = {
        symmetry
        for symmetry, image in images(array).items()
        if (measure.function(image) == expected).all()
    }
    assert unchanged == set(measure.symmetries)


def test_the_complement_has_one_term_more_or_less():
    array = random_bits(100, 7, seed=9)
    change = complexity.anf_terms(~array) - complexity.anf_terms(array)
    np.testing.assert_array_equal(change, np.where(array[:, 0], -1, 1))


@pytest.mark.parametrize("name", ["anf_degree", "anf_terms"])
def test_the_registry_knows_them(name):
    measure = complexity.measure(name)
    assert measure.needs == "cube" and measure.largest_n == 16
    assert measure.function is getattr(complexity, name) and measure.oracle
    array = random_bits(20, 5, seed=5)
    np.testing.assert_array_equal(complexity.compute(array, name)[name], measure.function(array))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 8])
def test_every_form_and_memory_layout_gives_the_same(n, monkeypatch):
    m = 1 << n
    words = bits.pack(random_bits(50, n, seed=6))
    before = words.copy()
    wide = np.zeros((100, words.shape[1] + 2), dtype=np.uint64)
    wide[::2, 1:-1] = words
    frozen = words.copy()
    frozen.setflags(write=False)
    layouts = [words, np.asfortranarray(words), wide[::2, 1:-1], frozen, bits.to_text(words, m)]
    expected = [function(bits.unpack(words, m)) for function in EVERY]
    for function, values in zip(EVERY, expected, strict=True):
        for layout in layouts:
            np.testing.assert_array_equal(function(layout, m=m), values)
        np.testing.assert_array_equal(function(words[7], m=m), values[7:8])
    np.testing.assert_array_equal(words, before)
    monkeypatch.setattr(chunks, "CHUNK_WORDS", 7 * words.shape[1])
    for function, values in zip(EVERY, expected, strict=True):
        np.testing.assert_array_equal(function(words, m=m), values)


def test_compiles_once_whatever_the_memory_layout():
    words = bits.pack(random_bits(9, 7, seed=8))
    for layout in (words, np.asfortranarray(words), words[::2]):
        complexity.anf_degree(layout, m=128)
    assert len(getattr(kernels._degrees, "signatures", [()])) == 1  # plain Python has none


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
        "from priorvol.complexity import anf_coefficients, anf_degree\n"
        "text = '00010111' * 16\n"
        "print(json.dumps([*anf_coefficients(text)[0].tolist(), int(anf_degree(text)[0])]))\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(result.stdout) == [1 << 0b011 | 1 << 0b101 | 1 << 0b110, 0, 2]
