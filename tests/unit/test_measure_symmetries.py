"""Every registered measure keeps the symmetries it declares, and has none that it does not."""

from functools import cache

import numpy as np
import pytest

from priorvol import atlas, complexity
from priorvol.complexity import registry

SIZES = (3, 4, 5, 6)
MEASURES = complexity.applicable("0" * 8)
CASES = [(name, symmetry) for name in MEASURES for symmetry in registry.SYMMETRIES]
RANDOM = 30


@cache
def functions(n):
    """Return functions of n inputs, (k, m): random ones of many T, and those of the atlas."""
    m = 1 << n
    rng = np.random.default_rng(n)
    ones = np.resize([1, 2, 3, m // 4, m // 2 - 1, m // 2, m - 2], RANDOM)
    random = [rng.permutation(m) < t for t in ones]
    named = [np.array(list(entry.text)) == "1" for entry in atlas.entries(n)]
    return np.array(random + named)


def images(table, symmetry, rng):
    """Return the image of each function; of permutations and negations of inputs, a random one."""
    k, m = table.shape
    n = m.bit_length() - 1
    if symmetry == "complement":
        return ~table
    if symmetry == "reversal":
        return table[:, ::-1]
    if symmetry == "flips":
        flips = rng.integers(1, m, size=k)
        return table[np.arange(k)[:, None], np.arange(m) ^ flips[:, None]]
    cubes = table.reshape(k, *[2] * n)
    return np.array([cube.transpose(rng.permutation(n)).ravel() for cube in cubes])


@cache
def values(name, n):
    """Return the measure of the functions, or nothing if they have too many inputs."""
    if name not in complexity.applicable(functions(n)):
        return None
    return complexity.compute(functions(n), name)[name]


def changes(name, symmetry, n):
    """Return which functions' values a symmetry changes by more than rounding."""
    before = values(name, n)
    if before is None:
        return np.zeros(0, dtype=bool)
    rng = np.random.default_rng([n, registry.SYMMETRIES.index(symmetry)])
    after = complexity.compute(images(functions(n), symmetry, rng), name)[name]
    return ~np.isclose(after, before, rtol=1e-12, atol=1e-12)


def declared(name, symmetry):
    return symmetry in complexity.measure(name).symmetries


@pytest.mark.parametrize(("name", "symmetry"), [case for case in CASES if declared(*case)])
def test_declared_symmetries_hold(name, symmetry):
    found = {n: changes(name, symmetry, n) for n in SIZES}
    assert sum(map(len, found.values())) >= 2 * RANDOM
    for n, changed in found.items():
        assert not changed.any(), (n, functions(n)[: len(changed)][changed].astype(int))


@pytest.mark.parametrize(("name", "symmetry"), [case for case in CASES if not declared(*case)])
def test_other_symmetries_do_not_hold(name, symmetry):
    assert any(changes(name, symmetry, n).any() for n in SIZES)


@pytest.mark.parametrize("m", [13, 70])
@pytest.mark.parametrize(
    "name", [name for name in MEASURES if complexity.measure(name).needs == "any"]
)
def test_measures_of_any_words_keep_theirs_off_the_cube(name, m):
    table = np.random.default_rng(m).random((40, m)) < np.linspace(0, 1, 40)[:, None]
    before = complexity.compute(table, name)[name]
    for symmetry in {"complement", "reversal"} & set(complexity.measure(name).symmetries):
        after = complexity.compute(images(table, symmetry, None), name)[name]
        np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-12, err_msg=symmetry)


def test_the_images_are_those_that_the_names_say():
    word = atlas.function("but_not", 3)
    table = np.array([list(word)]) == "1"
    x1, x2, x3 = np.array([list(f"{i:03b}") for i in range(8)]).T == "1"
    wanted = {
        "complement": [~(x1 & ~x3)],
        "reversal": [~x1 & x3],
        "flips": [x1 & ~x3, ~x1 & ~x3, x1 & x3, ~x1 & x3],
        "permutation": [a & ~b for a in (x1, x2, x3) for b in (x1, x2, x3) if a is not b],
    }
    rng = np.random.default_rng(0)
    for symmetry, rows in wanted.items():
        found = {tuple(images(table, symmetry, rng)[0]) for _ in range(100)}
        assert found == set(map(tuple, rows)), symmetry
