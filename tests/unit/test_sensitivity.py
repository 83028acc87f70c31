"""Sensitivities and certificates: searches at each input, known functions, inequalities."""

import json
import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from priorvol import bits, complexity
from priorvol.complexity import chunks, registry
from priorvol.inputs import boolean_cube

NAMES = ("average_sensitivity", "sensitivity", "block_sensitivity", "certificate_complexity")
EXACT = NAMES[2:]


def all_functions(n):
    """Return all functions on n inputs, (2^(2^n), 2^n) boolean."""
    m = 1 << n
    return (np.arange(1 << m)[:, None] >> np.arange(m)) & 1 == 1


def random_functions(k, n, seed):
    """Return, in turn, few ones, functions of some coordinates, thresholds, symmetric functions."""
    rng = np.random.default_rng(seed)
    points = boolean_cube(n).values.astype(int)
    functions = np.empty((k, 1 << n), dtype=bool)
    for row in range(k):
        kind = row % 4
        if kind == 0:
            functions[row] = rng.random(1 << n) < rng.random()
        elif kind == 1:
            used = rng.permutation(n)[: max(1, n - 2)]
            table = rng.random(1 << len(used)) < 0.5
            functions[row] = table[points[:, used] @ (1 << np.arange(len(used)))]
        elif kind == 2:
            functions[row] = points @ rng.normal(size=n) > rng.normal()
        else:
            signs = points ^ rng.integers(0, 2, n)
            functions[row] = (rng.random(n + 1) < 0.5)[signs.sum(axis=1)]
    return functions


def some_functions(n, counts=(40, 16, 8, 4)):
    if n <= 2:
        return all_functions(n)
    return all_functions(3)[::3] if n == 3 else random_functions(counts[n - 4], n, seed=n)


def sensitivities(f, n):
    """Count, at each input, the coordinates whose change changes the output."""
    return [sum(f[x] != f[x ^ (1 << i)] for i in range(n)) for x in range(1 << n)]


def most_disjoint_blocks(f, n):
    """Pack each input's sensitive blocks, one after the other, into the coordinates left."""
    largest = 0
    for x in range(1 << n):
        sensitive = [b for b in range(1, 1 << n) if f[x] != f[x ^ b]]
        minimal = [b for b in sensitive if not any(a != b and a & b == a for a in sensitive)]

        @cache
        def packed(left, minimal=tuple(minimal)):
            inside = [b for b in minimal if b & left == b]
            return max((1 + packed(left & ~b) for b in inside), default=0)

        largest = max(largest, packed((1 << n) - 1))
    return largest


def largest_certificate(f, n):
    """Find each input's smallest set of coordinates that, once fixed, leave f constant."""
    points = np.arange(1 << n)
    largest = 0
    for x in range(1 << n):
        sizes = [
            s.bit_count()
            for s in range(1 << n)
            if len(set(f[(points & s) == (x & s)].tolist())) == 1
        ]
        largest = max(largest, min(sizes))
    return largest


@pytest.mark.parametrize("n", range(1, 10))
def test_sensitivity_against_counting_at_each_input(n):
    functions = some_functions(n, counts=(40, 40, 20, 12, 8, 8))
    counts = np.array([sensitivities(f, n) for f in functions])
    np.testing.assert_array_equal(complexity.sensitivity(functions), counts.max(axis=1))
    np.testing.assert_array_equal(complexity.average_sensitivity(functions), counts.mean(axis=1))


@pytest.mark.parametrize("n", range(1, 8))
def test_block_sensitivity_against_a_search(n):
    functions = some_functions(n)
    expected = [most_disjoint_blocks(f, n) for f in functions]
    assert complexity.block_sensitivity(functions).tolist() == expected


@pytest.mark.parametrize("n", range(1, 8))
def test_certificates_against_all_subcubes(n):
    functions = some_functions(n)
    expected = [largest_certificate(f, n) for f in functions]
    assert complexity.certificate_complexity(functions).tolist() == expected


def test_sixteen_inputs():
    functions = np.random.default_rng(16).random((2, 1 << 16)) < [[0.5], [0.001]]
    points = np.arange(1 << 16)
    counts = np.sum([functions != functions[:, points ^ (1 << i)] for i in range(16)], axis=0)
    assert complexity.sensitivity(functions).tolist() == counts.max(axis=1).tolist()
    assert complexity.average_sensitivity(functions).tolist() == counts.mean(axis=1).tolist()
    parity = boolean_cube(16).values.sum(axis=1) % 2 == 1
    assert complexity.sensitivity(parity).tolist() == [16]


def values(f):
    """Return the four measures of one function."""
    return [float(column[0]) for column in complexity.compute(f, NAMES).values()]


@pytest.mark.parametrize("n", range(1, 8))
def test_parity_and_conjunction(n):
    points = boolean_cube(n).values
    assert values(points.sum(axis=1) % 2 == 1) == [n, n, n, n]
    assert values(points.all(axis=1)) == [2 * n / 2**n, n, n, n]
    assert values(points.any(axis=1)) == [2 * n / 2**n, n, n, n]
    assert values(points[:, 0] == 1) == [1, 1, 1, 1]
    assert values(np.zeros(1 << n, dtype=bool)) == [0, 0, 0, 0]
    assert values(np.ones(1 << n, dtype=bool)) == [0, 0, 0, 0]


@pytest.mark.parametrize("n", [3, 5, 7])
def test_majority(n):
    half = (n + 1) // 2
    ones = boolean_cube(n).values.sum(axis=1)
    near = np.isin(ones, [half - 1, half]).sum()
    assert values(ones >= half) == [near * half / 2**n, half, half, half]


@pytest.mark.parametrize("address", [1, 2])
def test_the_multiplexer(address):
    """One address names one of 2^a data: the datum always matters, an address bit half the time."""
    n = address + (1 << address)
    points = boolean_cube(n).values.astype(int)
    named = points[:, :address] @ (1 << np.arange(address))
    f = points[np.arange(1 << n), address + named] == 1
    assert values(f) == [1 + address / 2, address + 1, address + 1, address + 1]


# Found among the functions that no cyclic shift of the coordinates changes; the values are those
# of the searches above.
GAPS = [
    ("1101000110001011", 4, (2, 3, 3)),  # sortedness
    ("0x130a50c8", 5, (3, 4, 4)),
    ("0x04747e702eec2a00", 6, (3, 4, 5)),
    ("0x135b72ca2a08e0885dc80080f800c080", 7, (4, 5, 6)),
]


@pytest.mark.parametrize(("text", "n", "expected"), GAPS)
def test_functions_that_tell_the_three_apart(text, n, expected):
    f = bits.unpack(bits.as_words(text, 1 << n)[0], 1 << n)[0]
    searched = (max(sensitivities(f, n)), most_disjoint_blocks(f, n), largest_certificate(f, n))
    assert searched == expected
    assert tuple(values(f)[1:]) == expected


@pytest.mark.parametrize("n", range(1, 8))
def test_inequalities(n):
    functions = all_functions(n) if n <= 4 else random_functions(4000, n, seed=n)
    words = bits.pack(functions)
    average, s, bs, certificate = complexity.compute(words, NAMES, m=1 << n).values()
    assert (average <= s).all() and (s <= bs).all()
    assert (bs <= certificate).all() and (certificate <= s * bs).all()
    np.testing.assert_array_equal(bs == 0, functions.all(axis=1) | ~functions.any(axis=1))
    np.testing.assert_allclose(complexity.disagreement_1(functions), average / n, rtol=1e-15)


def test_all_functions_of_four_inputs_by_their_sensitivity():
    """Those of sensitivity at most 1 are the constants, dictators and their negations."""
    counts = np.bincount(complexity.sensitivity(all_functions(4)))
    assert counts[:2].tolist() == [2, 8]
    assert counts.sum() == 1 << 16


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [2, 5, 6, 7])
def test_symmetries_and_a_coordinate_that_does_nothing(name, n):
    functions = random_functions(40, n, seed=9)
    measure = complexity.measure(name)
    assert measure.symmetries == registry.SYMMETRIES
    expected = measure.function(functions)
    cube = functions.reshape(-1, *[2] * n)
    order = np.random.default_rng(4).permutation(n)
    images = [
        ~functions,
        cube.transpose(0, *(1 + order)).reshape(len(functions), -1),
        np.flip(cube, axis=[1, n]).reshape(len(functions), -1),
        functions[:, ::-1],
    ]
    if n < 7:
        images += [np.tile(functions, (1, 2)), np.repeat(functions, 2, axis=1)]
    for image in images:
        np.testing.assert_array_equal(measure.function(image), expected)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [4, 7])
def test_rows_do_not_depend_on_each_other(name, n, monkeypatch):
    words = bits.pack(random_functions(700, n, seed=5))
    function = complexity.measure(name).function
    expected = function(words, m=1 << n)
    for row in (0, 63, 64, 699):
        assert function(words[row : row + 1], m=1 << n).tolist() == [expected[row]]
    monkeypatch.setattr(chunks, "CHUNK_WORDS", 300)
    fixed = np.asfortranarray(words)
    fixed.setflags(write=False)
    np.testing.assert_array_equal(function(fixed, m=1 << n), expected)


def test_counts_are_integers():
    assert complexity.average_sensitivity("0110").dtype == np.float64
    for name in NAMES[1:]:
        function = complexity.measure(name).function
        assert function("0110").dtype == np.int64
        empty = function(np.empty((0, 2), dtype=np.uint64), m=128)
        assert empty.shape == (0,) and empty.dtype == np.int64


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_cube_or_too_large(name):
    measure = complexity.measure(name)
    assert measure.largest_n == (7 if name in EXACT else 16)
    with pytest.raises(ValueError, match=f"{name} needs .* whole Boolean cube.* got m = 12"):
        measure.function("0" * 12)
    n = measure.largest_n + 1
    with pytest.raises(ValueError, match=f"{name} is computed for n at most {n - 1}, got n = {n}"):
        measure.function(np.zeros((1, 1 << n), dtype=bool))


def test_runs_without_the_compiler():
    script = (
        "import json\n"
        "from priorvol import complexity\n"
        f"names = [*{NAMES!r}, 'generalization_complexity', 'critical_sample_ratio']\n"
        "columns = complexity.compute(['1101000110001011'], names)\n"
        "print(json.dumps([float(column[0]) for column in columns.values()]))\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "ignore:overflow:RuntimeWarning", "-c", script],  # modular products
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == ""
    sortedness = [2.0, 2.0, 3.0, 3.0, 0.5 + 2 / 3, 1.0]
    np.testing.assert_allclose(json.loads(result.stdout), sortedness, rtol=1e-15)
