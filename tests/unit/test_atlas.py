"""The atlas: its listing, and its words against formulas that share no code with it."""

import csv
import math
import subprocess
import sys
from itertools import combinations, product
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy
from scipy.linalg import hadamard

from priorvol import atlas, complexity

N = range(3, 8)
FILE = Path(__file__).parents[2] / "data" / "atlas.csv"


def text_of(values):
    return "".join("1" if value else "0" for value in values)


def cube(n):
    """Return the points of {0,1}^n, (m, n), x1 first, without binary arithmetic."""
    return np.array(list(product((0, 1), repeat=n)))


def halves(n):
    """Return the numbers of the two halves of every point, n even."""
    return np.divmod(np.arange(1 << n), 1 << (n // 2))


# The listing


def test_the_file_is_what_the_code_gives():
    with FILE.open(encoding="ascii", newline="") as stream:
        rows = list(csv.DictReader(stream))
    listed = [
        (row["name"], int(row["n"]), row["definition"], f"{int(row['function'], 16):b}")
        for row in rows
    ]
    entries = atlas.entries()
    assert listed == [(e.name, e.n, e.definition, e.text.lstrip("0") or "0") for e in entries]
    assert [len(row["function"]) - 2 for row in rows] == [e.m // 4 for e in entries]


def test_there_are_enough_functions():
    assert len(set(atlas.names())) == len(atlas.names()) >= 100
    for n in N:
        assert len({entry.text for entry in atlas.entries(n)}) >= 60
    assert len({entry.text for entry in atlas.entries(7)}) >= 120


def test_no_two_names_are_of_one_function():
    words = {(entry.name, entry.n): entry.text for entry in atlas.entries()}
    for one, other in combinations(atlas.names(), 2):
        both = [n for n in N if (one, n) in words and (other, n) in words]
        assert not both or any(words[one, n] != words[other, n] for n in both), (one, other)


def test_definitions_are_single_lines_and_differ():
    definitions = {entry.name: entry.definition for entry in atlas.entries()}
    assert len(set(definitions.values())) == len(definitions)
    for name, definition in definitions.items():
        assert name.isidentifier() and name == name.lower()
        assert definition.isascii() and "\n" not in definition and len(definition) <= 180


def test_every_function_has_its_n_and_is_written_in_0_and_1():
    for n in N:
        assert atlas.names(n) == tuple(entry.name for entry in atlas.entries(n))
        for entry in atlas.entries(n):
            assert entry.n == n and entry.m == 2**n == len(entry.text)
            assert set(entry.text) <= {"0", "1"}
            assert entry == atlas.entry(entry.name, n)
            assert entry.text == atlas.function(entry.name, n)
    assert {entry.name for entry in atlas.entries()} == set(atlas.names())


def test_functions_go_where_functions_are_taken():
    texts = [entry.text for entry in atlas.entries(7)]
    assert complexity.k_lz(texts).shape == (len(texts),)
    assert complexity.k_lz(atlas.function("zero", 7)) == 7


def test_an_entry_cannot_be_changed():
    with pytest.raises(AttributeError):
        atlas.entry("parity", 3).text = "0" * 8


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda: atlas.function("magority", 3), "did you mean 'majority'"),
        (lambda: atlas.function("magority", 3), "'parity'"),
        (lambda: atlas.function(3, 3), "name must be one of"),
        (lambda: atlas.function("majority", 4), r"n in \[3, 5, 7\], got n = 4"),
        (lambda: atlas.function("parity", 2), "n must be at least 3 and at most 7, got 2"),
        (lambda: atlas.entry("parity", 8), "got 8"),
        (lambda: atlas.names(2.5), "n must be an integer, got 2.5"),
        (lambda: atlas.entries("7"), "n must be an integer, got '7'"),
    ],
)
def test_bad_arguments_are_refused(call, fragment):
    with pytest.raises(ValueError, match=fragment):
        call()


def test_the_facade_loads_the_atlas_when_asked():
    code = (
        "import sys, priorvol; before = 'priorvol.atlas' in sys.modules; "
        "print(before, priorvol.atlas.function('parity', 3), 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "01101001", "False"]


# Words from separate formulas of i and of the columns of the cube

EVEN, ODD = (4, 6), (3, 5, 7)


def _weighted(n, weights):
    return cube(n) @ np.array(weights[:n])


def _signs(n):
    return cube(n) @ (-1) ** np.arange(n)


def _ones(n):
    return cube(n).sum(axis=1)


def _columns(n):
    return cube(n).T.astype(bool)


def _odd(values):
    return np.asarray(values) % 2 == 1


def _pairs(n):
    """Return the products of neighbouring inputs, one row a pair."""
    x = cube(n).T
    return x[:-1] * x[1:]


FORMULAS = {
    "zero": lambda n: np.zeros(1 << n),
    "one": lambda n: np.ones(1 << n),
    "first": lambda n: np.arange(1 << n) >= 1 << (n - 1),
    "not_first": lambda n: np.arange(1 << n) < 1 << (n - 1),
    "second": lambda n: np.arange(1 << n) % (1 << (n - 1)) >= 1 << (n - 2),
    "middle": lambda n: np.arange(1 << n) // 8 % 2,
    "last": lambda n: np.arange(1 << n) % 2,
    "not_last": lambda n: 1 - np.arange(1 << n) % 2,
    "second_last": lambda n: np.tile([0, 0, 1, 1], 1 << (n - 2)),
    "and_all": lambda n: np.arange(1 << n) == (1 << n) - 1,
    "nand_all": lambda n: np.arange(1 << n) < (1 << n) - 1,
    "or_all": lambda n: np.arange(1 << n) > 0,
    "nor_all": lambda n: np.arange(1 << n) == 0,
    "and_2": lambda n: np.arange(1 << n) >= 3 << (n - 2),
    "or_2": lambda n: np.arange(1 << n) >= 1 << (n - 2),
    "nor_2": lambda n: np.arange(1 << n) < 1 << (n - 2),
    "and_3": lambda n: np.arange(1 << n) >= 7 << (n - 3),
    "implies": lambda n: cube(n)[:, 0] <= cube(n)[:, -1],
    "but_not": lambda n: cube(n)[:, 0] > cube(n)[:, -1],
    "first_or_rest": lambda n: np.arange(1 << n) >= (1 << (n - 1)) - 1,
    "first_and_any": lambda n: np.arange(1 << n) > 1 << (n - 1),
    "middle_point": lambda n: np.arange(1 << n) == 1 << (n - 1),
    "alternating_point": lambda n: np.arange(1 << n) == (2 << n) // 3,
    "majority_3": lambda n: np.isin(np.arange(1 << n) >> (n - 3), [3, 5, 6, 7]),
    "majority": lambda n: np.median(cube(n), axis=1),
    "minority": lambda n: 1 - np.median(cube(n), axis=1),
    "more_than_half": lambda n: np.median(cube(n), axis=1) == 1,
    "at_least_half": lambda n: np.median(cube(n), axis=1) > 0,
    "at_least_2": lambda n: np.sort(cube(n))[:, -2],
    "at_least_3": lambda n: np.sort(cube(n))[:, -3],
    "all_but_one": lambda n: np.sort(cube(n))[:, 1],
    "at_most_1": lambda n: 1 - np.sort(cube(n))[:, -2],
    "two_thirds": lambda n: np.sort(cube(n))[:, -math.ceil(2 * n / 3)],
    "upper_three_fifths": lambda n: np.arange(1 << n) / (1 << n) >= 0.4,
    "upper_fifth": lambda n: np.arange(1 << n) / (1 << n) >= 0.8,
    "fibonacci_weights": lambda n: (
        _weighted(n, 2 * np.array([1, 1, 2, 3, 5, 8, 13])) > [4, 7, 12, 20, 33][n - 3]
    ),
    "rising_weights": lambda n: _weighted(n, range(1, 8)) > math.comb(n + 1, 2) / 2,
    "square_weights": lambda n: (
        _weighted(n, [1, 4, 9, 16, 25, 36, 49]) >= [7, 15, 27.5, 45.5, 70][n - 3]
    ),
    "signed_positive": lambda n: _signs(n) >= 1,
    "signed_not_negative": lambda n: _signs(n) >= 0,
    "parity": lambda n: np.prod(1 - 2 * cube(n), axis=1) < 0,
    "not_parity": lambda n: np.prod(1 - 2 * cube(n), axis=1) > 0,
    "parity_2": lambda n: _columns(n)[0] ^ _columns(n)[1],
    "parity_last_2": lambda n: np.tile([0, 1, 1, 0], 1 << (n - 2)),
    "parity_half": lambda n: np.logical_xor.reduce(_columns(n)[: -(-n // 2)]),
    "parity_but_last": lambda n: np.logical_xor.reduce(_columns(n)[:-1]),
    "not_parity_but_first": lambda n: ~np.logical_xor.reduce(_columns(n)[1:]),
    "parity_odd_places": lambda n: np.logical_xor.reduce(_columns(n)[::2]),
    "parity_and_first": lambda n: _columns(n)[0] & ~np.logical_xor.reduce(_columns(n)),
    "parity_or_last": lambda n: _columns(n)[-1] | np.logical_xor.reduce(_columns(n)),
    "exactly_1": lambda n: np.isin(np.arange(1 << n), 1 << np.arange(n)),
    "exactly_2": lambda n: _ones(n) == 2,
    "exactly_half": lambda n: np.abs(2 * _ones(n) - n) < 1,
    "all_equal": lambda n: np.ptp(cube(n), axis=1) == 0,
    "not_all_equal": lambda n: np.ptp(cube(n), axis=1),
    "count_0_mod_3": lambda n: np.isin(_ones(n), [0, 3, 6]),
    "count_0_mod_4": lambda n: np.isin(_ones(n), [0, 4]),
    "all_pairs": lambda n: _odd([math.comb(t, 2) for t in _ones(n)]),
    "all_triples": lambda n: _odd([math.comb(t, 3) for t in _ones(n)]),
    "count_prime": lambda n: [sympy.isprime(int(t)) for t in _ones(n)],
    "hidden_weighted_bit": lambda n: [f"0{i:0{n}b}"[i.bit_count()] == "1" for i in range(1 << n)],
    "multiplexer": lambda n: {3: np.array, 6: _mux_6}[n]([0, 0, 1, 1, 0, 1, 0, 1]),
    "multiplexer_enabled": lambda n: np.append(
        np.zeros(1 << (n - 1)), {4: np.array, 7: _mux_6}[n]([0, 0, 1, 1, 0, 1, 0, 1])
    ),
    "select": lambda n: np.repeat([0, 1, 0, 1, 0, 0, 1, 1], 1 << (n - 3)),
    "tribes_2": lambda n: 1 - np.prod([1 - p for p in _groups(n, 2, np.min)], axis=0),
    "tribes_3": lambda n: 1 - np.prod([1 - p for p in _groups(n, 3, np.min)], axis=0),
    "clauses_2": lambda n: np.prod(_groups(n, 2, np.max), axis=0),
    "clauses_3": lambda n: np.prod(_groups(n, 3, np.max), axis=0),
    "nested_or_and": lambda n: np.arange(1 << n) >= round((1 << n) / 3),
    "bridge": lambda n: _bridge(),
    "triangle": lambda n: [np.trace(np.linalg.matrix_power(a, 3)) > 0 for a in _graphs()],
    "connected": lambda n: [np.linalg.matrix_power(a + np.eye(4), 3).all() for a in _graphs()],
    "joined": lambda n: [np.linalg.matrix_power(a + np.eye(4), 3)[0, 3] > 0 for a in _graphs()],
    "perfect_matching": lambda n: (
        cube(6)[:, 0] * cube(6)[:, 5]
        | cube(6)[:, 1] * cube(6)[:, 4]
        | cube(6)[:, 2] * cube(6)[:, 3]
    ),
    "cycle_of_4": lambda n: [
        any(all(x[j] for j in range(6) if j not in (out, 5 - out)) for out in range(3))
        for x in cube(6)
    ],
    "even_degrees": lambda n: [not (a.sum(axis=0) % 2).any() for a in _graphs()],
    "rudin_shapiro": lambda n: _odd(_pairs(n).sum(axis=0)),
    "cyclic_pairs": lambda n: _odd((cube(n) * np.roll(cube(n), 1, axis=1)).sum(axis=1)),
    "pairs_sum": lambda n: _odd(np.sum(_groups(n, 2, np.min), axis=0)),
    "inner_product": lambda n: hadamard(1 << (n // 2)).ravel() < 0,
    "consecutive_triples": lambda n: _odd((_pairs(n)[:-1] * cube(n).T[2:]).sum(axis=0)),
    "parity_plus_and": lambda n: text_of(_odd(_ones(n)))[:-1] + "10"[n % 2],
    "legendre": lambda n: np.isin(
        np.arange(1 << n), [j * j % ((1 << n) - 1) for j in range(1, (1 << n) - 1)]
    ),
    "prime": lambda n: [sympy.isprime(i) for i in range(1 << n)],
    "square": lambda n: np.isin(np.arange(1 << n), np.arange(12) ** 2),
    "triangular": lambda n: np.isin(np.arange(1 << n), np.cumsum(np.arange(17))),
    "fibonacci": lambda n: np.isin(np.arange(1 << n), [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]),
    "square_free": lambda n: [
        i > 0 and set(sympy.factorint(i).values()) <= {1} for i in range(1 << n)
    ],
    "sum_of_two_squares": lambda n: [
        all(e % 2 == 0 for p, e in sympy.factorint(i).items() if p % 4 == 3) for i in range(1 << n)
    ],
    "multiple_of_3": lambda n: ("100" * 43)[: 1 << n],
    "multiple_of_5": lambda n: ("10000" * 26)[: 1 << n],
    "multiple_of_7": lambda n: ("1000000" * 19)[: 1 << n],
    "square_bit": lambda n: np.arange(1 << n) ** 2 // (1 << n) % 2,
    "greater": lambda n: np.tri(1 << (n // 2), k=-1).ravel(),
    "greater_or_equal": lambda n: np.tri(1 << (n // 2)).ravel(),
    "equal": lambda n: np.eye(1 << (n // 2)).ravel(),
    "carry": lambda n: np.fliplr(np.tri(1 << (n // 2), k=-1)).ravel(),
    "carry_in": lambda n: (
        np.repeat(np.add(*halves(n - 1)), 2) + np.arange(1 << n) % 2 >= 1 << (n // 2)
    ),
    "sum_top": lambda n: np.add(*halves(n)) % (1 << (n // 2)) >= 1 << (n // 2 - 1),
    "sum_low": lambda n: _columns(n)[n // 2 - 1] ^ _columns(n)[-1],
    "product_middle": lambda n: np.multiply(*halves(n)) % (1 << (n // 2)) >= 1 << (n // 2 - 1),
    "product_top": lambda n: np.multiply(*halves(n)) >= 1 << (n - 1),
    "coprime": lambda n: np.gcd(*halves(n)) == 1,
    "palindrome": lambda n: (cube(n) == cube(n)[:, ::-1]).all(axis=1),
    "antipalindrome": lambda n: (cube(n) != cube(n)[:, ::-1]).all(axis=1),
    "sorted": lambda n: np.isin(np.arange(1 << n), (1 << np.arange(n + 1)) - 1),
    "sorted_either_way": lambda n: np.abs(np.diff(cube(n))).sum(axis=1) <= 1,
    "alternating": lambda n: np.isin(np.arange(1 << n), [(1 << n) // 3, (2 << n) // 3]),
    "two_ones_together": lambda n: [i & i >> 1 for i in range(1 << n)],
    "three_ones_together": lambda n: [i & i >> 1 & i >> 2 for i in range(1 << n)],
    "no_lone_one": lambda n: [i & ~(i << 1 | i >> 1) == 0 for i in range(1 << n)],
    "initial_3": lambda n: "111" + "0" * ((1 << n) - 3),
    "initial_5": lambda n: "11111" + "0" * ((1 << n) - 5),
    "middle_third": lambda n: np.floor(3 * np.arange(1 << n) / (1 << n)) == 1,
    "fibonacci_word": lambda n: _mechanical(1 << n),
    "period_doubling": lambda n: _fixed_point({"0": "01", "1": "00"}, 1 << n),
    "paper_folding": lambda n: _folded(1 << n),
    "champernowne": lambda n: _champernowne(1 << n),
    "pi_digits": lambda n: _fraction(mpmath.pi, 1 << n),
    "root_2_digits": lambda n: _fraction(mpmath.sqrt, 1 << n),
    "de_bruijn": lambda n: _greedy_de_bruijn(n),
    "rule_30": lambda n: _automaton(30, n),
    "rule_54": lambda n: _automaton(54, n),
    "rule_110": lambda n: _automaton(110, n),
}


def _mux_6(_):
    return np.concatenate([np.tile(np.repeat([0, 1], 8 >> a), 1 << a) for a in range(4)])


def _groups(n, width, fold):
    """Return the least or the largest input of each group of neighbouring inputs."""
    return [fold(cube(n)[:, j : j + width], axis=1) for j in range(0, n, width)]


def _bridge():
    """Return whether current flows between the ends 0 and 3 of the graph 01 02 12 13 23."""
    flows = []
    for x in cube(5):
        joined = np.eye(4)
        for (a, b), closed in zip(((0, 1), (0, 2), (1, 2), (1, 3), (2, 3)), x, strict=True):
            joined[a, b] = joined[b, a] = closed
        flows.append(np.linalg.matrix_power(joined, 3)[0, 3] > 0)
    return flows


def _graphs():
    for x in cube(6):
        adjacent = np.zeros((4, 4))
        adjacent[np.triu_indices(4, 1)] = x
        yield adjacent + adjacent.T


def _fixed_point(rules, length):
    word = "0"
    while len(word) < length:
        word = "".join(rules[letter] for letter in word)
    return word[:length]


def _mechanical(length):
    golden = (1 + math.sqrt(5)) / 2
    return [2 + math.floor(i * golden) - math.floor((i + 1) * golden) for i in range(1, length + 1)]


def _folded(length):
    word = ""
    while len(word) < length:
        word = word + "0" + "".join("10"[int(letter)] for letter in reversed(word))
    return word[:length]


def _champernowne(length):
    word, i = "", 0
    while len(word) < length:
        word, i = word + bin(i)[2:], i + 1
    return word[:length]


def _fraction(number, length):
    with mpmath.workprec(length + 32):
        value = number(2) if number is mpmath.sqrt else +number
        return f"{int(mpmath.floor(mpmath.frac(value) * 2**length)):0{length}b}"


def _greedy_de_bruijn(n):
    """Append 0 to n-1 ones where that gives a new word of n characters, else 1."""
    word, seen = "1" * (n - 1), set()
    for _ in range(1 << n):
        letter = "0" if word[len(word) - n + 1 :] + "0" not in seen else "1"
        word += letter
        seen.add(word[-n:])
    return word[n - 1 :]


def _automaton(rule, n):
    table = [int(bit) for bit in f"{rule:08b}"[::-1]]
    cells = cube(n)
    while cells.shape[1] > 1:
        cells = np.take(table, cells[:, :-2] * 4 + cells[:, 1:-1] * 2 + cells[:, 2:])
    return cells[:, 0]


def test_formulas_cover_most_names():
    assert set(FORMULAS) <= set(atlas.names())
    assert len(FORMULAS) >= 100


@pytest.mark.parametrize("name", FORMULAS)
def test_words_agree_with_separate_formulas(name):
    sizes = [n for n in N if name in atlas.names(n)]
    assert sizes
    for n in sizes:
        found = FORMULAS[name](n)
        text = found if isinstance(found, str) else text_of(found)
        assert atlas.function(name, n) == text, n
