"""Linear separability: known numbers of threshold functions, linear programmes, weights."""

import itertools
import math
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize

from priorvol import bits, complexity
from priorvol.complexity import linearly_separable, not_separable, threshold_weights

# Numbers of threshold functions of n inputs: OEIS A000609
KNOWN = {1: 4, 2: 14, 3: 104, 4: 1882, 5: 94_572, 6: 15_028_134, 7: 8_378_070_864}


def points(n):
    return np.array(list(itertools.product((0, 1), repeat=n)))


def separable_by_programme(values):
    """Whether w.x + b >= 1 where f is 1 and <= -1 where it is 0 has a solution (SciPy's HiGHS)."""
    n = len(values).bit_length() - 1
    sides = np.where(values, 1.0, -1.0)
    rows = -sides[:, None] * np.column_stack([points(n), np.ones(len(values))])
    result = scipy.optimize.linprog(
        np.zeros(n + 1), A_ub=rows, b_ub=-np.ones(len(values)), bounds=(None, None)
    )
    assert result.status in (0, 2)
    return result.status == 0


def perceptrons(k, n, rng, flips=0):
    """Threshold functions with small or large integer weights, some points near theta flipped."""
    largest = rng.choice([2, 5, 1000], size=(k, 1))
    weights = rng.integers(-largest, largest + 1, (k, n))
    x = rng.integers(0, 2, (k, n))  # thresholds near the sum at some point, so few are constant
    margins = weights @ points(n).T - (weights * x).sum(axis=1, keepdims=True)
    array = margins >= 0
    near = np.argsort(np.abs(margins), axis=1, kind="stable")[:, :12]
    flip = rng.permuted(np.tile(np.arange(near.shape[1]) < flips, (k, 1)), axis=1)
    np.put_along_axis(array, near, np.take_along_axis(array, near, axis=1) ^ flip, axis=1)
    return array


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_known_number_of_all_functions_is_separable(n):
    words = np.arange(1 << (1 << n), dtype=np.uint64)[:, None]
    found = linearly_separable(words, m=1 << n)
    assert found.dtype == np.bool_
    assert found.sum() == KNOWN[n]


def test_five_inputs_have_the_known_number():
    four = np.flatnonzero(linearly_separable(np.arange(1 << 16, dtype=np.uint64)[:, None], m=16))
    four = four.astype(np.uint64)
    words = (four[:, None] | four << np.uint64(16)).reshape(-1, 1)
    assert linearly_separable(words, m=32).sum() == KNOWN[5]


def test_up_to_seven_inputs_have_the_known_number():
    # Every threshold function is, for one choice of negated inputs and up to the order of the
    # inputs, one with weights w_1 >= ... >= w_n >= 0. Both of its halves along the last input are
    # such functions too, so the pairs of them hold all.
    halves = np.array([[False], [True]])
    for n in range(1, 8):
        pairs = np.stack(
            [np.repeat(halves, len(halves), axis=0), np.tile(halves, (len(halves), 1))]
        )
        pairs = pairs[:, (pairs[0] <= pairs[1]).all(axis=1)]
        array = pairs.transpose(1, 2, 0).reshape(-1, 1 << n)
        array = array[linearly_separable(array)]
        array = array[is_ordered(array)]
        assert sum(map(orbit, array)) == KNOWN[n]
        halves = array


def is_ordered(array):
    """Whether f never falls along the last input, nor when a one moves to an input before."""
    n = array.shape[1].bit_length() - 1
    cube = array.reshape((-1,) + (2,) * n)
    last = np.moveaxis(cube, n, 1)
    ordered = (last[:, 0] <= last[:, 1]).reshape(len(array), -1).all(axis=1)
    for i in range(1, n):
        two = np.moveaxis(cube, (i, i + 1), (1, 2))
        ordered &= (two[:, 0, 1] <= two[:, 1, 0]).reshape(len(array), -1).all(axis=1)
    return ordered


def orbit(function):
    """Number of functions that negating and reordering the inputs make of an ordered one."""
    n = len(function).bit_length() - 1
    cube = function.reshape((2,) * n)
    depends = sum((np.take(cube, 0, axis=i) != np.take(cube, 1, axis=i)).any() for i in range(n))
    alike, orders = 1, math.factorial(n)
    for i in range(1, n):
        alike = alike + 1 if np.array_equal(cube, np.swapaxes(cube, i - 1, i)) else 1
        orders //= alike
    return orders << int(depends)


@pytest.mark.parametrize("n", [5, 6, 7])
@pytest.mark.parametrize("flips", [0, 1, 2])
def test_agrees_with_linear_programmes_near_threshold_functions(n, flips):
    rng = np.random.default_rng([n, flips])
    array = perceptrons(80, n, rng, flips)
    found = linearly_separable(array)
    assert found.tolist() == [separable_by_programme(row) for row in array]
    assert found.all() if flips == 0 else 5 < found.sum() < 75


@pytest.mark.parametrize("n", [5, 6, 7])
def test_agrees_with_linear_programmes_on_random_functions(n):
    rng = np.random.default_rng(n)
    ones = rng.choice([1, 2, 3, 1 << (n - 1)], size=(40, 1))
    array = rng.permuted(np.arange(1 << n) < ones, axis=1)
    found = linearly_separable(array)
    assert found.tolist() == [separable_by_programme(row) for row in array]
    assert 0 < found.sum() < 40


def test_finds_what_is_unate_but_not_separable():
    # x1 x2 or x3 x4 rises along every input, but 1100 + 0011 = 1010 + 0101.
    x = points(4)
    f = (x[:, 0] & x[:, 1]) | (x[:, 2] & x[:, 3]) == 1
    assert linearly_separable(f).tolist() == [False]
    assert linearly_separable(np.tile(f, 8)).tolist() == [False]
    assert linearly_separable(np.repeat(f, 8)).tolist() == [False]


@pytest.mark.parametrize("n", range(1, 8))
def test_textbook_functions(n):
    total = points(n).sum(axis=1)
    thresholds = np.array([total >= t for t in range(n + 2)])
    assert linearly_separable(thresholds).all()
    assert not_separable(thresholds).tolist() == [0] * (n + 2)
    assert linearly_separable(points(n).T == 1).all()
    assert linearly_separable(total % 2 == 1).tolist() == [n == 1]
    if n > 1:
        assert not_separable(total == 1).dtype == np.int64
        assert not_separable(total == 1).tolist() == [1]


def test_any_number_of_functions():
    rng = np.random.default_rng(3)
    words = bits.pack(perceptrons(300, 7, rng, flips=1))
    expected = linearly_separable(words, m=128)
    for k in (0, 1, 63, 64, 65, 129):
        np.testing.assert_array_equal(linearly_separable(words[:k], m=128), expected[:k])
    one_by_one = [linearly_separable(row, m=128)[0] for row in words]
    np.testing.assert_array_equal(one_by_one, expected)


@pytest.mark.parametrize("n", range(1, 8))
def test_weights_prove_it(n):
    rng = np.random.default_rng(n)
    for row in perceptrons(15, n, rng):
        weights, threshold = threshold_weights(row)
        assert weights.dtype == np.int64 and isinstance(threshold, int)
        np.testing.assert_array_equal(points(n) @ weights >= threshold, row)


def test_weights_of_all_functions_of_three_inputs_are_the_least():
    least = {}
    for weights in itertools.product(range(-2, 3), repeat=3):
        sums = points(3) @ np.array(weights)
        for threshold in range(-6, 8):
            key = tuple(sums >= threshold)
            size = sum(map(abs, weights))
            least[key] = min(size, least.get(key, size))
    assert len(least) == KNOWN[3]
    for row in itertools.product((False, True), repeat=8):
        found = threshold_weights(np.array(row))
        assert (found is None) == (row not in least)
        if found is not None:
            assert np.abs(found[0]).sum() == least[row]


@pytest.mark.parametrize(
    ("text", "weights", "threshold"),
    [
        ("00000000", [0, 0, 0], 1),
        ("11111111", [0, 0, 0], 0),
        ("00001111", [1, 0, 0], 1),
        ("10101010", [0, 0, -1], 0),
        ("00011111", [2, 1, 1], 2),  # x1 or x2 x3
        ("00000001", [1, 1, 1], 3),
    ],
)
def test_weights_where_they_are_unique(text, weights, threshold):
    found = threshold_weights(text)
    assert (found[0].tolist(), found[1]) == (weights, threshold)


def test_weights_of_seven_inputs_as_they_were_chosen():
    # A majority in which the first input has a veto: 4 x1 + x2 + ... + x7 >= 7
    weights, threshold = threshold_weights(points(7) @ [4, 1, 1, 1, 1, 1, 1] >= 7)
    assert (weights.tolist(), threshold) == ([4, 1, 1, 1, 1, 1, 1], 7)


def test_there_are_no_weights_for_what_is_not_separable():
    assert threshold_weights(points(7).sum(axis=1) % 2 == 1) is None
    assert threshold_weights("0x6", m=4) is None


@pytest.mark.parametrize(
    ("x", "message"), [(None, "found no weights: none"), ([2.0, 1.0, 1.0, 3.0], r"\[2, 1, 1\]")]
)
def test_a_solver_that_fails_is_not_believed(monkeypatch, x, message):
    x = x if x is None else np.array(x)
    monkeypatch.setattr(
        scipy.optimize, "milp", lambda **_: SimpleNamespace(x=x, message="none"), raising=True
    )
    with pytest.raises(RuntimeError, match=message):
        threshold_weights("00010111")


@pytest.mark.parametrize("function", [linearly_separable, not_separable, threshold_weights])
def test_bad_functions(function):
    with pytest.raises(ValueError, match=f"{function.__name__} needs .* Boolean cube.*m = 6"):
        function("011011")
    with pytest.raises(ValueError, match=f"{function.__name__} is computed for n at most 7"):
        function("01" * 128)
    with pytest.raises(ValueError, match="need m"):
        function(np.zeros((1, 2), dtype=np.uint64))


def test_weights_are_of_one_function():
    with pytest.raises(ValueError, match="one function is wanted, got 2"):
        threshold_weights(["0001", "0111"])


def test_symmetries_leave_it_as_it_is():
    rng = np.random.default_rng(11)
    array = perceptrons(2000, 5, rng, flips=1)
    expected = linearly_separable(array)
    assert 100 < expected.sum() < 1900
    cube = array.reshape((-1,) + (2,) * 5)
    np.testing.assert_array_equal(linearly_separable(~array), expected)
    np.testing.assert_array_equal(linearly_separable(array[:, ::-1].copy()), expected)
    for axes in itertools.permutations(range(1, 6)):
        moved = cube.transpose(0, *axes).reshape(-1, 32)
        np.testing.assert_array_equal(linearly_separable(moved), expected)
    for axis in range(1, 6):
        negated = np.flip(cube, axis).reshape(-1, 32)
        np.testing.assert_array_equal(linearly_separable(negated), expected)


def test_is_registered():
    measure = complexity.measure("not_separable")
    assert (measure.function, measure.needs, measure.largest_n) == (not_separable, "cube", 7)
    assert set(measure.symmetries) == {"complement", "permutation", "flips", "reversal"}
    columns = complexity.compute(["0110", "0111"], "not_separable")
    assert columns["not_separable"].tolist() == [1.0, 0.0]


def test_runs_without_the_compiler():
    script = (
        "from priorvol.complexity import linearly_separable as f\n"
        "print(f(['0001', '0110']), f(['00010111', '01101001']), f(['0' * 127 + '1', '0001' * 32]))"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "[ True False] [ True False] [ True  True]"
