"""Decision trees and binary decision diagrams: recursions, explicit diagrams, textbook values."""

import itertools
import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from priorvol import bits, complexity
from priorvol.complexity import bdd_size, bdd_size_of_order, decision_tree_depth

FUNCTIONS = [decision_tree_depth, bdd_size]


def points(n):
    return np.array(list(itertools.product((0, 1), repeat=n)))


def all_functions(n):
    return bits.unpack(np.arange(1 << (1 << n), dtype=np.uint64)[:, None], 1 << n)


def text(values):
    return "".join("01"[int(value)] for value in values)


def halves(word, i, n):
    """Both cofactors, as words of n - 1 inputs, along input i of n."""
    block = 1 << (n - 1 - i)
    blocks = [word[start : start + block] for start in range(0, len(word), block)]
    return "".join(blocks[::2]), "".join(blocks[1::2])


@cache
def depth_by_recursion(word):
    if len(set(word)) == 1:
        return 0
    n = len(word).bit_length() - 1
    return 1 + min(max(map(depth_by_recursion, halves(word, i, n))) for i in range(n))


def diagram_size(word, order):
    """Build the reduced diagram bottom up, with one node for each (input, low, high)."""
    nodes = {}

    def build(part, left):
        if not left:
            return part
        place = sorted(left).index(left[0])
        low, high = (build(half, left[1:]) for half in halves(part, place, len(left)))
        return low if low == high else nodes.setdefault((left[0], low, high), len(nodes))

    build(word, tuple(order))
    return len(nodes)


def least_size(word, n):
    return min(diagram_size(word, order) for order in itertools.permutations(range(n)))


def structured(k, n, rng):
    """Functions with small trees or diagrams, and some on which neither bound is tight.

    Sums modulo a small number, functions of a few inputs, disjunctions of terms, and those with as
    many ones at even as at odd points, whose degree is below n.
    """
    x = points(n)
    array = np.empty((k, 1 << n), dtype=bool)
    for row in range(k):
        kind = row % 4
        if kind == 0:
            array[row] = (x @ rng.integers(0, 4, n)) % rng.integers(2, 6) < rng.integers(1, 4)
        elif kind == 1:
            few = rng.choice(n, max(1, n - 2), replace=False)
            array[row] = (rng.random(1 << len(few)) < 0.5)[x[:, few] @ (1 << np.arange(len(few)))]
        elif kind == 2:
            terms = rng.choice([-1, 0, 1], size=(3, n), p=[0.3, 0.4, 0.3])
            array[row] = ((terms[:, None] == 0) | (terms[:, None] == 2 * x - 1)).all(2).any(0)
        else:
            ones = rng.integers(0, (1 << n - 1) + 1)
            for parity in (0, 1):
                here = np.flatnonzero(x.sum(axis=1) % 2 == parity)
                array[row, here] = rng.permutation(len(here)) < ones
    return array


# Against plain references


@pytest.mark.parametrize("n", [1, 2, 3])
def test_depths_of_all_functions(n):
    array = all_functions(n)
    found = decision_tree_depth(array)
    assert found.dtype == np.int64
    assert found.tolist() == [depth_by_recursion(text(row)) for row in array]
    assert set(found) == set(range(n + 1))


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_depths_of_random_functions(n):
    rng = np.random.default_rng(n)
    array = np.concatenate([rng.random((60, 1 << n)) < 0.5, structured(200, n, rng)])
    found = decision_tree_depth(array)
    assert found.tolist() == [depth_by_recursion(text(row)) for row in array]
    assert len(set(found)) >= 4


@pytest.mark.parametrize("n", [1, 2, 3])
def test_sizes_of_all_functions(n):
    array = all_functions(n)
    found = bdd_size(array)
    assert found.dtype == np.int64
    assert found.tolist() == [least_size(text(row), n) for row in array]


@pytest.mark.parametrize(("n", "k"), [(4, 300), (5, 60), (6, 8)])
def test_sizes_of_random_functions(n, k):
    rng = np.random.default_rng(n)
    array = np.concatenate([rng.random((k // 2, 1 << n)) < 0.5, structured(k // 2, n, rng)])
    assert bdd_size(array).tolist() == [least_size(text(row), n) for row in array]


@pytest.mark.slow
def test_sizes_of_functions_of_seven_inputs():
    rng = np.random.default_rng(7)
    array = np.concatenate([rng.random((2, 128)) < 0.5, structured(4, 7, rng)])
    assert bdd_size(array).tolist() == [least_size(text(row), 7) for row in array]


@pytest.mark.parametrize("n", range(1, 8))
def test_sizes_of_given_orders(n):
    rng = np.random.default_rng(n)
    array = np.concatenate([rng.random((40, 1 << n)) < 0.5, structured(40, n, rng)])
    least = bdd_size(array)
    for order in (range(n), range(n)[::-1], rng.permutation(n), rng.permutation(n).tolist()):
        found = bdd_size_of_order(array, order)
        assert found.dtype == np.int64
        assert found.tolist() == [diagram_size(text(row), order) for row in array]
        assert (least <= found).all()


@pytest.mark.parametrize("n", [6, 7])
def test_the_least_size_is_that_of_some_order(n):
    array = structured(20, n, np.random.default_rng(n))
    by_order = [bdd_size_of_order(array, order) for order in itertools.permutations(range(n))]
    np.testing.assert_array_equal(bdd_size(array), np.min(by_order, axis=0))
    assert (np.min(by_order, axis=0) < by_order[0]).any()


# Textbook values


@pytest.mark.parametrize("n", range(1, 8))
def test_symmetric_functions(n):
    total = points(n).sum(axis=1)
    parity = total % 2 == 1
    both = np.array([parity, ~parity])
    assert decision_tree_depth(both).tolist() == [n, n]
    assert bdd_size(both).tolist() == [2 * n - 1] * 2
    and_or = np.array([total == n, total > 0])
    assert decision_tree_depth(and_or).tolist() == [n, n]
    assert bdd_size(and_or).tolist() == [n, n]
    every = np.array(list(itertools.product((False, True), repeat=n + 1)))[:, total]
    np.testing.assert_array_equal(bdd_size(every), bdd_size_of_order(every, range(n)))
    np.testing.assert_array_equal(bdd_size(every), bdd_size_of_order(every, range(n)[::-1]))


@pytest.mark.parametrize("n", [3, 5, 7])
def test_majority(n):
    # No answers but the last settle it in the worst case; the diagram's nodes are the pairs of
    # fewer than (n + 1)/2 ones and as few zeros.
    majority = 2 * points(n).sum(axis=1) > n
    assert decision_tree_depth(majority).tolist() == [n]
    assert bdd_size(majority).tolist() == [((n + 1) // 2) ** 2]


@pytest.mark.parametrize("n", range(1, 8))
def test_constants_and_single_inputs(n):
    constants = np.array([np.zeros(1 << n, dtype=bool), np.ones(1 << n, dtype=bool)])
    inputs = np.concatenate([points(n).T == 1, points(n).T == 0])
    for function in FUNCTIONS:
        assert function(constants).tolist() == [0, 0]
        assert function(inputs).tolist() == [1] * (2 * n)
    assert bdd_size_of_order(constants, range(n)).tolist() == [0, 0]


def test_multiplexer():
    x = points(6)
    multiplexer = x[np.arange(64), 2 + 2 * x[:, 0] + x[:, 1]] == 1
    assert decision_tree_depth(multiplexer).tolist() == [3]
    assert bdd_size(multiplexer).tolist() == [7]
    assert bdd_size_of_order(multiplexer, (0, 1, 2, 3, 4, 5)).tolist() == [7]
    # With the data asked first, 15 nodes tell their 16 words apart; 12 of the words have halves
    # that differ and need the first bit of the address, and 2 kinds of half need the second.
    late = bdd_size_of_order(multiplexer, (2, 3, 4, 5, 0, 1))
    assert late.tolist() == [15 + 12 + 2]


def test_pairs_show_how_much_the_order_matters():
    # x1 x2 or x3 x4 or x5 x6: 6 nodes in this order, 2^4 - 2 with the partners apart (Bryant 1986)
    x = points(6)
    f = ((x[:, 0] & x[:, 1]) | (x[:, 2] & x[:, 3]) | (x[:, 4] & x[:, 5])) == 1
    assert bdd_size(f).tolist() == [6]
    assert bdd_size_of_order(f, (0, 1, 2, 3, 4, 5)).tolist() == [6]
    assert bdd_size_of_order(f, (0, 2, 4, 1, 3, 5)).tolist() == [14]
    assert decision_tree_depth(f).tolist() == [6]


@pytest.mark.parametrize("n", [3, 4, 5])
def test_hidden_weighted_bit(n):
    x = points(n)
    total = x.sum(axis=1)
    f = (total > 0) & (x[np.arange(1 << n), total - 1] == 1)
    assert bdd_size(f).tolist() == [least_size(text(f), n)]
    assert decision_tree_depth(f).tolist() == [depth_by_recursion(text(f))]


def test_depth_can_be_above_the_degree():
    # Ambainis' function of four inputs, 1 where x1 >= x2 >= x3 >= x4 or the reverse: degree 2.
    x = points(4)
    steps = np.diff(x, axis=1)
    sorted_either_way = (steps >= 0).all(axis=1) | (steps <= 0).all(axis=1)
    signs = (-1) ** x.sum(axis=1)
    assert (signs * sorted_either_way).sum() == 0  # no coefficient on all four
    assert decision_tree_depth(sorted_either_way).tolist() == [3]


# Invariances and forms


@pytest.mark.parametrize("function", FUNCTIONS)
def test_symmetries_leave_it_as_it_is(function):
    n = 5
    array = structured(400, n, np.random.default_rng(1))
    cube = array.reshape((-1,) + (2,) * n)
    expected = function(array)
    assert len(set(expected)) > 4
    np.testing.assert_array_equal(function(~array), expected)
    np.testing.assert_array_equal(function(array[:, ::-1].copy()), expected)
    for axes in itertools.permutations(range(1, n + 1)):
        moved = cube.transpose(0, *axes).reshape(-1, 1 << n)
        np.testing.assert_array_equal(function(moved), expected)
    for axis in range(1, n + 1):
        np.testing.assert_array_equal(function(np.flip(cube, axis).reshape(-1, 1 << n)), expected)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_inputs_that_do_nothing_change_nothing(function):
    array = structured(40, 4, np.random.default_rng(2))
    expected = function(array)
    for copies in (2, 4, 8):
        np.testing.assert_array_equal(function(np.tile(array, (1, copies))), expected)
        np.testing.assert_array_equal(function(np.repeat(array, copies, axis=1)), expected)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("n", [5, 6, 7])
def test_any_number_of_functions(function, n):
    rng = np.random.default_rng(3)
    words = bits.pack(structured(150, n, rng))
    expected = function(words, m=1 << n)
    for k in (0, 1, 31, 32, 33, 97):
        found = function(words[:k], m=1 << n)
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, expected[:k])
    one_by_one = [function(row, m=1 << n)[0] for row in words]
    np.testing.assert_array_equal(one_by_one, expected)


def test_no_functions_have_no_sizes():
    empty = np.empty((0, 2), dtype=np.uint64)
    found = bdd_size_of_order(empty, range(7), m=128)
    assert found.shape == (0,) and found.dtype == np.int64


@pytest.mark.parametrize("name", ["decision_tree_depth", "bdd_size"])
def test_is_registered(name):
    measure = complexity.measure(name)
    assert (measure.function.__name__, measure.needs, measure.largest_n) == (name, "cube", 7)
    assert set(measure.symmetries) == {"complement", "permutation", "flips", "reversal"}
    columns = complexity.compute(["01101001", "00001111"], name)
    assert columns[name].tolist() == ([3.0, 1.0] if name == "decision_tree_depth" else [5.0, 1.0])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_bad_functions(function):
    with pytest.raises(ValueError, match=f"{function.__name__} needs .* Boolean cube.*m = 6"):
        function("011011")
    with pytest.raises(ValueError, match=f"{function.__name__} is computed for n at most 7"):
        function("01" * 128)
    with pytest.raises(ValueError, match="need m"):
        function(np.zeros((1, 2), dtype=np.uint64))


@pytest.mark.parametrize(
    "order", [(0, 1), (0, 1, 1), (1, 2, 3), (0, 1, 2, 3), (0, 1, 1.5), "012", 3, None, ()]
)
def test_bad_orders(order):
    with pytest.raises(ValueError, match=r"order must hold each of the inputs 0 \.\.\. 2 once"):
        bdd_size_of_order("01101001", order)


def test_an_order_is_of_functions_on_a_cube():
    with pytest.raises(ValueError, match="bdd_size_of_order needs functions on a whole Boolean"):
        bdd_size_of_order("011011", (0, 1, 2))
    with pytest.raises(ValueError, match="bdd_size_of_order is computed for n at most 7"):
        bdd_size_of_order("01" * 128, range(8))


def test_runs_without_the_compiler():
    # Not with -W error: the popcount's product wraps round, of which plain NumPy warns.
    script = (
        "from priorvol.complexity import bdd_size, decision_tree_depth\n"
        "for words in (['01101001', '00001111', '00110101'], ['0110' * 16, '0' * 63 + '1']):\n"
        "    print(decision_tree_depth(words), bdd_size(words))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines() == ["[3 1 2] [5 1 3]", "[2 6] [3 6]"]
