"""Circuit size: Knuth's counts, explicit circuits, a plain reference and invariances."""

import hashlib
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import circuit_reference
import numpy as np
import pytest
from agreement import assert_within

from priorvol import bits, complexity
from priorvol.complexity.circuits import exact_sizes

KNUTH = [10, 60, 456, 2474, 10624, 24184, 25008, 2720]  # functions of 0, ..., 7 gates
ESSENTIAL_GATES = (1, 2, 4, 6, 7, 8, 9, 11, 13, 14)  # tables of gates that use both operands


SHARING = {  # what only the rule on sharing brings to so few gates
    6: ["0x33a9338bc3f9f3cb", "0xbbaaaaffc1c00a0f"],
    7: ["0xf5715050715010107150100050100000", "0x0d4d040404040000cfdf4dcdcdcd4c4c"],
}


def ones(n):
    return np.array([point.bit_count() for point in range(1 << n)])


def inputs(n):
    return [(np.arange(1 << n) >> i & 1).astype(bool) for i in range(n)]


def size(function):
    return complexity.circuit_size(np.array(function, dtype=bool)).tolist()


def gate(table, a, b):
    return (table >> (a + 2 * b) & 1).astype(bool)


def random_circuit(n, n_gates, rng):
    """The last gate of a circuit that uses up its signals before it uses any again."""
    signals, unused = inputs(n), list(rng.permutation(n))
    for left in range(n_gates, 0, -1):
        free = len(unused) > left  # so many joins are needed
        first = unused.pop(0)
        second = unused.pop(0) if unused and (free or rng.random() < 0.5) else None
        if second is None:
            others = [i for i in range(len(signals)) if i != first]
            second = rng.choice(others)
        signals.append(gate(rng.choice(ESSENTIAL_GATES), signals[first], signals[second]))
        unused.append(len(signals) - 1)
    return signals[-1]


def moved(functions, n, rng):
    """Permute and negate inputs at random: one permutation and negation for all."""
    points = np.arange(1 << n)
    order = rng.permutation(n).tolist()
    image = sum((points >> i & 1) << j for i, j in enumerate(order)) ^ rng.integers(1 << n)
    return functions[:, image]


# Four inputs and fewer


def test_the_numbers_of_functions_of_four_inputs_are_knuths():
    every = (np.arange(1 << 16)[:, None] >> np.arange(16) & 1).astype(bool)
    values = complexity.circuit_size(every)
    assert np.bincount(values).tolist() == KNUTH
    np.testing.assert_array_equal(values, exact_sizes())
    assert complexity.circuit_size_is_exact(every).all()
    digest = hashlib.sha256(exact_sizes().tobytes()).hexdigest()
    assert digest == "59b03fc432d06da8e41e252dea78341833648580054ee7c553b1b16668aa627c"


def test_each_class_comes_with_a_circuit_of_its_size():
    with np.load(circuit_reference.FILE, allow_pickle=False) as file:
        functions, sizes, chains = file["functions"], file["sizes"], file["chains"]
    assert functions.shape == sizes.shape == (222,)
    assert chains.shape == (222, 7, 3)
    full = 0xFFFF
    for word, n_gates, chain in zip(
        functions.tolist(), sizes.tolist(), chains.tolist(), strict=True
    ):
        words = [0xAAAA, 0xCCCC, 0xF0F0, 0xFF00]
        for operation, a, b in chain[:n_gates]:
            assert a < b < len(words)
            table = circuit_reference.OPERATIONS[operation]
            words.append(circuit_reference.evaluate(table, words[a], words[b], full))
        assert (words[-1] == word) if n_gates else word in (0, 0xAAAA)


def searched(n, most):
    """Sizes by breadth-first search over sets of functions with f(0) = 0, up to negation."""
    rules = circuit_reference.Rules(n)
    sizes = dict.fromkeys([0, *rules.inputs], 0)
    level = {frozenset()}
    for n_gates in range(1, most + 1):
        following = set()
        for built in level:
            known = [*rules.inputs, *built]
            for a, b in combinations(known, 2):
                for word in (a & b, a & ~b, ~a & b, a | b, a ^ b):
                    if word and word not in known:
                        sizes.setdefault(word, n_gates)
                        if n_gates < most:
                            following.add(built | {word})
        level = following
    return [sizes[word ^ rules.full if word & 1 else word] for word in range(1 << (1 << n))]


@pytest.mark.parametrize(("n", "most"), [(1, 1), (2, 1), (3, 4)])
def test_every_function_of_three_inputs_agrees_with_a_search_over_sets(n, most):
    every = (np.arange(1 << (1 << n))[:, None] >> np.arange(1 << n) & 1).astype(bool)
    expected = searched(n, most)
    assert max(expected) == (0 if n == 1 else most)
    assert size(every) == expected


@pytest.mark.parametrize("n", [5, 6, 7])
def test_inputs_that_do_nothing_leave_the_exact_size(n):
    rng = np.random.default_rng(n)
    words = rng.integers(0, 1 << 16, 400)
    points = np.arange(1 << n)
    functions = np.empty((len(words), 1 << n), dtype=bool)
    for row, word in enumerate(words.tolist()):
        places = rng.permutation(n)[:4].tolist()
        seen = sum((points >> i & 1) << j for j, i in enumerate(places))
        functions[row] = word >> seen & 1
    np.testing.assert_array_equal(complexity.circuit_size(functions), exact_sizes()[words])
    assert complexity.circuit_size_is_exact(functions).all()


@pytest.mark.parametrize("n", [5, 6])
def test_inputs_that_do_nothing_leave_the_bound(n):
    functions = np.random.default_rng(n).random((200, 1 << n)) < 0.5
    expected = size(functions)
    assert size(np.tile(functions, 2)) == expected
    assert size(np.repeat(functions, 2, axis=1)) == expected


# Known functions and circuits


@pytest.mark.parametrize("n", range(2, 8))
def test_parity_and_conjunction_need_a_gate_less_than_inputs(n):
    functions = np.array([ones(n) % 2 == 1, ones(n) == n, ones(n) > 0])
    assert size(functions) == [n - 1] * 3
    assert complexity.circuit_size_is_exact(functions).all()


def test_known_circuits_bound_the_size():
    """Full adders for majorities and carries, a comparison, and a choice of four."""
    point = np.arange(128)
    low, high, carry = point & 7, point >> 3 & 7, point >> 6
    assert size(ones(3) > 1) == [4]
    assert size(ones(7) > 3)[0] <= 18  # three adders and a carry without their last sum
    assert size(low + high + carry > 7)[0] <= 12  # three carries
    assert size(low < high)[0] <= 9  # a carry with a constant input is one gate
    select = np.arange(64)
    assert size(select >> 2 >> (select & 3) & 1)[0] <= 9  # three multiplexers


@pytest.mark.parametrize("n", [5, 6, 7])
def test_functions_that_use_each_input_once(n):
    rng = np.random.default_rng(50 + n)
    functions = np.array([random_circuit(n, n - 1, rng) for _ in range(100)])
    assert size(functions) == [n - 1] * 100
    assert complexity.circuit_size_is_exact(functions).all()


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_where_exact_no_circuit_is_smaller(n):
    rng = np.random.default_rng(60 + n)
    n_gates = rng.integers(n - 1, n + 4, 400)
    functions = np.array([random_circuit(n, number, rng) for number in n_gates])
    values = complexity.circuit_size(functions)
    exact = complexity.circuit_size_is_exact(functions)
    assert (values <= n_gates)[exact].all()
    needed = np.array([number_of_inputs(f, n) for f in functions])
    assert (values >= needed - 1).all()
    np.testing.assert_array_equal(exact, (needed <= 4) | (values == needed - 1))
    assert 20 < exact.sum() and (n == 4 or not exact.all())


def number_of_inputs(function, n):
    cube = function.reshape((2,) * n)
    return sum((np.diff(cube.astype(int), axis=axis) != 0).any() for axis in range(n))


def assorted(n):
    """Functions that between them need each of the rules."""
    rng = np.random.default_rng(70 + n)
    x = inputs(n)
    uniform = [rng.random(1 << n) < 0.5 for _ in range(8 - n)]
    circuits = [random_circuit(n, n_gates, rng) for n_gates in (n + 1, n + 3, n + 5, n + 8)]
    symmetric = [(rng.random(n + 1) < 0.5)[ones(n)] for _ in range(2)] + [ones(n) % 3 == 0]
    three = ones(3)[np.arange(1 << n) & 7] > 1
    four = rng.random(16)[np.arange(1 << n) & 15] < 0.5
    rest = np.arange(1 << n) >> 3
    chosen = np.where(x[0], x[1], x[2]).astype(int)
    inner = (rng.random(1 << (n - 2)) < 0.5)[np.arange(1 << n) >> 2]
    blocks = [
        (rng.random(1 << (n - 2)) < 0.5)[three + 2 * rest],
        (rng.random(1 << (n - 2)) < 0.5)[chosen + 2 * rest],
        (rng.random(1 << (n - 3)) < 0.5)[four + 2 * (rest >> 1)],
        np.where(x[0], x[1], inner),
        x[0] & (rng.random(1 << n) < 0.5)[np.arange(1 << n) | 1],
    ]
    weighted = sum((i + 2) * x[i] for i in range(n))
    thresholds = [weighted > limit for limit in (2 * n, 3 * n)]
    alike = ones(3)[(np.arange(1 << n) ^ 5) & 7]
    adders = [(rng.random(1 << (n - 1)) < 0.5)[alike + 4 * rest]]
    shared = bits.unpack(bits.as_words(SHARING[n], 1 << n)[0], 1 << n) if n in SHARING else []
    return [*shared, *uniform, *circuits, *symmetric, *blocks, *adders, *thresholds]


@pytest.mark.parametrize("n", [5, 6, 7])
def test_a_circuit_of_that_many_gates_computes_the_function(n):
    for function in assorted(n):
        word = sum(int(bit) << point for point, bit in enumerate(function))
        by_rules, gates, output = circuit_reference.circuit(word, n)
        assert size(function) == [by_rules] == [len(gates)]
        wires = circuit_reference.run(gates, n)
        assert output == word
        assert {word, word ^ ((1 << (1 << n)) - 1)} & {*wires, 0}


# Invariances and statistics


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7])
def test_negations_and_permutations_leave_the_size(n):
    rng = np.random.default_rng(80 + n)
    circuits = [random_circuit(n, rng.integers(n - 1, 3 * n), rng) for _ in range(150)]
    symmetric = [(rng.random(n + 1) < 0.5)[ones(n)] for _ in range(6)]
    functions = np.array(circuits + symmetric + [rng.random(1 << n) < 0.5 for _ in range(150)])
    expected = complexity.circuit_size(functions)
    exact = complexity.circuit_size_is_exact(functions)
    assert len(set(expected.tolist())) > 3
    for image in (~functions, functions[:, ::-1], *(moved(functions, n, rng) for _ in range(4))):
        np.testing.assert_array_equal(complexity.circuit_size(image), expected)
        np.testing.assert_array_equal(complexity.circuit_size_is_exact(image), exact)


@pytest.mark.parametrize(("n", "k", "mean"), [(5, 20_000, 10.6), (6, 8000, 21.2), (7, 3000, 44.4)])
def test_the_means_stated_for_random_functions(n, k, mean):
    values = complexity.circuit_size(np.random.default_rng(n).random((k, 1 << n)) < 0.5)
    rounding = 0.05
    below, above = min(mean + rounding, values.mean()), max(mean - rounding, values.mean())
    error = values.std(ddof=1) / np.sqrt(k)
    assert_within([values.mean(), values.mean()], [below, above], error)


def test_rows_do_not_depend_on_each_other():
    functions = np.random.default_rng(90).random((40, 128)) < 0.5
    functions[::3] = inputs(7)[2]
    together = size(functions)
    assert together == [size(function)[0] for function in functions]
    words = bits.pack(functions)
    assert complexity.compute(words, ["circuit_size"], m=128)["circuit_size"].tolist() == together
    assert complexity.circuit_size(words[:0], m=128).shape == (0,)
    assert complexity.circuit_size(words, m=128).dtype == np.int64


@pytest.mark.parametrize("function", [complexity.circuit_size, complexity.circuit_size_is_exact])
def test_bad_input_is_named(function):
    with pytest.raises(ValueError, match=f"{function.__name__} .* n at most 7, got n = 8"):
        function("01" * 128)
    with pytest.raises(ValueError, match=f"{function.__name__} needs .*got m = 12"):
        function("01" * 6)
    with pytest.raises(ValueError, match="m = 8, but"):
        function(np.zeros((1, 16), dtype=bool), m=8)
    with pytest.raises(ValueError, match="need m"):
        function(np.array([[3]], dtype=np.uint64))


def test_the_kernels_run_without_the_compiler():
    functions = np.array(assorted(7)[:4])
    text = ",".join(bits.to_text(bits.pack(functions), 128))
    code = (
        "import sys; from priorvol import complexity; "
        "print(complexity.circuit_size(sys.argv[1].split(',')).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, text],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(size(functions))


@pytest.mark.slow
def test_the_script_finds_the_file_again():
    script = Path(__file__).parents[2] / "scripts" / "circuit_sizes.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "the same" in done.stdout
