"""Smallest two-level forms: all forms at n <= 4, integer programming, sympy, known functions."""

import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import sympy
from scipy.optimize import Bounds, LinearConstraint, milp
from sympy.logic import POSform, SOPform

from priorvol import bits, complexity
from priorvol._kernels import forms as kernels
from priorvol.complexity import minimal_form, prime_implicants, registry
from priorvol.inputs import array_inputs, boolean_cube

NAMES = ("sop_terms", "sop_literals", "pos_clauses", "pos_literals", "expression_length")
KINDS = ("sop", "pos")
COSTS = ("terms", "literals", "operations")


def all_functions(n):
    """Return all functions on n inputs, (2^(2^n), 2^n) boolean: row i has the bits of i."""
    m = 1 << n
    return (np.arange(1 << m)[:, None] >> np.arange(m)) & 1 == 1


def random_functions(k, n, seed):
    """Return functions with every share of ones."""
    rng = np.random.default_rng(seed)
    return rng.random((k, 1 << n)) < rng.random((k, 1))


def network_functions(k, seed):
    """Return functions of random 7-40-40-1 ReLU networks, no constants."""
    rng = np.random.default_rng(seed)
    rows = []
    while len(rows) < k:
        x = boolean_cube(7).values
        for width in (40, 40, 1):
            scale = np.sqrt(x.shape[1])
            y = x @ rng.normal(size=(x.shape[1], width)) / scale + rng.normal(size=width)
            x = np.maximum(y, 0)
        if 0 < (y > 0).sum() < 128:
            rows.append(y[:, 0] > 0)
    return np.array(rows)


def all_cubes(n):
    """Return the 3^n cubes as texts, and their points, (3^n, 2^n) boolean."""
    texts = ["".join(cube) for cube in itertools.product("01-", repeat=n)]
    fixed = np.array([list(text) for text in texts])
    points = boolean_cube(n).values.astype(int).astype(str)
    inside = ((fixed[:, None] == "-") | (fixed[:, None] == points)).all(axis=2)
    return texts, inside


def cube_costs(texts, kind, cost):
    """Return what each cube adds to a form; a form's operations are one fewer than their sum."""
    negated = "0" if kind == "sop" else "1"
    if cost == "terms":
        return np.ones(len(texts), dtype=np.int64)
    literals = np.array([len(text) - text.count("-") for text in texts])
    return literals + (cost == "operations") * np.array([text.count(negated) for text in texts])


def cheapest_of_all_forms(n, kind, cost):
    """Return the least cost of every function, over all sets of cubes whatever: shortest paths.

    A step from one function to another adds a term (OR) or a clause (AND).
    """
    texts, inside = all_cubes(n)
    everything = (1 << (1 << n)) - 1
    words = (inside * (1 << np.arange(1 << n))).sum(axis=1)
    functions = np.arange(everything + 1)
    least = np.full(everything + 1, 1 << 30)
    least[0 if kind == "sop" else everything] = 0
    steps = list(zip(words, cube_costs(texts, kind, cost), strict=True))
    while True:
        before = least.copy()
        for word, price in steps:
            target = functions | word if kind == "sop" else functions & ~word
            np.minimum.at(least, target, least + price)
        if np.array_equal(before, least):
            return least


def cheapest_by_programming(function, kind, cost, cubes):
    """Return the least cost over all implicants, prime or not, by integer programming."""
    texts, inside = cubes
    ones = function if kind == "sop" else ~function
    if not ones.any():
        return 0
    usable = ~(inside & ~ones).any(axis=1)
    prices = cube_costs(texts, kind, cost)[usable]
    result = milp(
        prices,
        constraints=LinearConstraint(inside[usable][:, ones].T.astype(float), lb=1),
        bounds=Bounds(0, 1),
        integrality=np.ones(len(prices)),
        options={"mip_rel_gap": 0},
    )
    assert result.status == 0
    return round(result.fun)


def sizes(functions, kind, cost):
    """Return what the package says is least, and whether it is proven."""
    words, m = bits.as_words(functions)
    n = m.bit_length() - 1
    return kernels.minimise(words, n, clauses=kind == "pos", cost=cost)


def evaluate(text, n):
    """Return the function that an expression's text is, by Python's own operators."""
    columns = {f"x{i + 1}": column for i, column in enumerate(boolean_cube(n).values.T == 1)}
    if text in ("0", "1"):
        return np.full(1 << n, text == "1")
    return eval(text, {"__builtins__": {}}, columns)


def parity(n):
    return boolean_cube(n).values.sum(axis=1) % 2 == 1


def conjunction(n):
    return boolean_cube(n).values.all(axis=1)


def disjunction(n):
    return boolean_cube(n).values.any(axis=1)


def symmetric(n, weights):
    return np.isin(boolean_cube(n).values.sum(axis=1), weights)


def multiplexer(addresses):
    n = addresses + (1 << addresses)
    x = boolean_cube(n).values.astype(int)
    chosen = x[:, :addresses] @ (1 << np.arange(addresses)[::-1])
    return x[np.arange(1 << n), addresses + chosen] == 1


# Prime implicants


@pytest.mark.parametrize("n", range(1, 8))
def test_prime_implicants_are_those_of_all_cubes(n):
    texts, inside = all_cubes(n)
    functions = all_functions(n) if n <= 2 else random_functions(12, n, seed=n)
    for function in functions:
        implicants = {
            text for text, row in zip(texts, inside, strict=True) if not (row & ~function).any()
        }
        primes = [
            text
            for text in implicants
            if not any(
                text[:i] + "-" + text[i + 1 :] in implicants for i in range(n) if text[i] != "-"
            )
        ]
        assert prime_implicants(function) == sorted(primes, key=lambda p: (-p.count("-"), p))


def test_the_most_prime_implicants():
    # weights 2 to 4 of 7: each prime fixes two ones and three zeros, 7! / (2! 3! 2!)
    assert len(prime_implicants(symmetric(7, [2, 3, 4]))) == 210


# Least sizes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_no_form_whatever_is_smaller(n, kind, cost):
    expected = cheapest_of_all_forms(n, kind, cost)
    found, exact = sizes(all_functions(n), kind, cost)
    np.testing.assert_array_equal(found, expected)
    assert exact.all()


@pytest.mark.parametrize(
    ("n", "functions"),
    [
        (5, random_functions(10, 5, seed=5)),
        (6, random_functions(6, 6, seed=6)),
        (7, network_functions(20, seed=7)),
        (7, random_functions(5, 7, seed=8)),
    ],
)
def test_integer_programming_finds_none_smaller(n, functions):
    cubes = all_cubes(n)
    for kind, cost in itertools.product(KINDS, COSTS):
        expected = [cheapest_by_programming(f, kind, cost, cubes) for f in functions]
        found, exact = sizes(functions, kind, cost)
        assert found.tolist() == expected
        assert exact.all()


@pytest.mark.slow
def test_integer_programming_finds_none_smaller_among_many():
    cubes = all_cubes(7)
    functions = [*random_functions(40, 7, seed=9), *network_functions(60, seed=10)]
    for kind, cost in itertools.product(KINDS, COSTS):
        expected = [cheapest_by_programming(f, kind, cost, cubes) for f in functions]
        assert sizes(np.array(functions), kind, cost)[0].tolist() == expected


@pytest.mark.parametrize("n", [2, 3, 4])
def test_sympy_finds_none_smaller(n):
    names = sympy.symbols(f"x1:{n + 1}")
    functions = random_functions(25, n, seed=40 + n)
    for kind, form in (("sop", SOPform), ("pos", POSform)):
        excess = []
        for function, terms in zip(functions, sizes(functions, kind, "terms")[0], strict=True):
            points = boolean_cube(n).values[function].astype(int).tolist()
            expression = form(names, points)
            if expression in (sympy.true, sympy.false):
                continue
            outer = sympy.Or if kind == "sop" else sympy.And
            theirs = len(expression.args) if isinstance(expression, outer) else 1
            excess.append(theirs - terms)
        assert min(excess) >= 0
        assert np.mean(np.array(excess) == 0) > 0.8


def test_all_symmetric_functions_of_seven_inputs_are_proven():
    weights = [[w for w in range(8) if (i >> w) & 1] for i in range(256)]
    functions = np.array([symmetric(7, w) for w in weights])
    for kind, cost in itertools.product(KINDS, COSTS):
        assert sizes(functions, kind, cost)[1].all()
    # Every prime of the weights 3 and 4 covers one point of each weight, and C(7, 3) = C(7, 4).
    assert complexity.sop_terms(symmetric(7, [3, 4])).tolist() == [35]


@pytest.mark.parametrize("n", range(1, 8))
def test_textbook_sizes(n):
    half = 1 << (n - 1)
    assert_sizes(parity(n), half, n * half, half, n * half)
    assert_sizes(conjunction(n), 1, n, n, n, n - 1)
    assert_sizes(disjunction(n), n, n, 1, n, n - 1)
    assert_sizes(np.zeros(1 << n, dtype=bool), 0, 0, 1, 0, 0)
    assert_sizes(np.ones(1 << n, dtype=bool), 1, 0, 0, 0, 0)
    first = boolean_cube(n).values[:, 0] == 1
    assert_sizes(first, 1, 1, 1, 1, 0)
    assert_sizes(~first, 1, 1, 1, 1, 1)


def test_textbook_sizes_of_single_functions():
    assert_sizes(symmetric(3, [2, 3]), 3, 6, 3, 6, 5)
    assert_sizes(symmetric(5, [3, 4, 5]), 10, 30, 10, 30, 29)
    assert_sizes(parity(2), 2, 4, 2, 4, 5)
    assert_sizes(multiplexer(1), 2, 4, 2, 4, 4)
    assert_sizes(multiplexer(2), 4, 12, 4, 12, 15)


def assert_sizes(function, *expected):
    found = [int(getattr(complexity, name)(function)[0]) for name in NAMES]
    assert found[: len(expected)] == list(expected)


# Symmetries


@pytest.mark.parametrize("n", [3, 5, 7])
def test_declared_symmetries_and_no_others(n):
    functions = random_functions(60, n, seed=70 + n)
    cube = functions.reshape((-1, *[2] * n))
    axes = np.roll(np.arange(1, n + 1), 1)
    images = {
        "complement": ~functions,
        "permutation": cube.transpose(0, *axes).reshape(functions.shape),
        "flips": np.flip(cube, axis=2).reshape(functions.shape),
        "reversal": functions[:, ::-1],
    }
    for name in NAMES:
        function = getattr(complexity, name)
        kept = {
            symmetry
            for symmetry, image in images.items()
            if np.array_equal(function(image), function(functions))
        }
        assert kept == set(registry.measure(name).symmetries)


def test_duals():
    functions = random_functions(60, 6, seed=66)
    dual = ~functions[:, ::-1]
    for one, other in (
        ("sop_terms", "pos_clauses"),
        ("sop_literals", "pos_literals"),
        ("expression_length", "expression_length"),
    ):
        expected = getattr(complexity, other)(functions)
        np.testing.assert_array_equal(getattr(complexity, one)(dual), expected)


# The forms themselves


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("n", range(1, 8))
def test_a_form_is_the_function_and_has_the_size(n, kind, cost):
    functions = all_functions(n) if n <= 2 else random_functions(8, n, seed=90 + n)
    costs, exact = sizes(functions, kind, cost)
    for i, function in enumerate(functions):
        form = minimal_form(function, kind=kind, cost=cost)
        np.testing.assert_array_equal(evaluate(form.text, n), function)
        counted = form.operations + (form.literals > 0) if cost == "operations" else form.cost
        assert counted == costs[i]
        assert form.exact == exact[i]
        assert set(form.cubes) <= set(prime_implicants(function if kind == "sop" else ~function))
        if form.literals:
            written = form.text.count("|") + form.text.count("&") + form.text.count("~")
            assert form.operations == written
            assert form.literals == form.text.count("x")


def test_expression_length_is_that_of_the_shorter_form():
    functions = random_functions(30, 5, seed=55)
    shorter = [
        min(minimal_form(f, kind=kind, cost="operations").operations for kind in KINDS)
        for f in functions
    ]
    assert complexity.expression_length(functions).tolist() == shorter


@pytest.mark.parametrize(
    ("function", "kind", "text"),
    [
        ("00010111", "sop", "x2 & x3 | x1 & x3 | x1 & x2"),
        ("00010111", "pos", "(x1 | x2) & (x1 | x3) & (x2 | x3)"),
        ("0111", "pos", "x1 | x2"),
        ("0001", "pos", "x1 & x2"),
        ("10", "sop", "~x1"),
        ("0000", "sop", "0"),
        ("0000", "pos", "0"),
        ("1111", "sop", "1"),
        ("1111", "pos", "1"),
    ],
)
def test_texts(function, kind, text):
    form = minimal_form(function, kind=kind)
    assert str(form) == form.text
    assert sorted(form.text.split(" | " if kind == "sop" else " & ")) == sorted(
        text.split(" | " if kind == "sop" else " & ")
    )


# Searches cut short


@pytest.mark.parametrize("limit", [0, 1, 10])
def test_a_search_cut_short_gives_an_upper_bound_and_says_so(limit):
    functions = random_functions(150, 7, seed=77)
    words, _ = bits.as_words(functions)
    for kind, cost in itertools.product(KINDS, COSTS):
        clauses = kind == "pos"
        least, proven = kernels.minimise(words, 7, clauses=clauses, cost=cost)
        costs, exact = kernels.minimise(words, 7, clauses=clauses, cost=cost, limit=limit)
        assert proven.all()
        assert (costs >= least).all()
        np.testing.assert_array_equal(costs[exact], least[exact])
        assert 0 < exact.sum() < len(exact)
        assert (costs > least).any()


def test_the_cover_of_a_search_cut_short_is_one():
    texts, inside = all_cubes(7)
    place = {text: i for i, text in enumerate(texts)}
    functions = random_functions(40, 7, seed=78)
    short = 0
    for word, function in zip(bits.pack(functions), functions, strict=True):
        values, free, exact = kernels.minimise_one(word, 7, clauses=False, cost="terms", limit=1)
        cubes = complexity.two_level._texts(values, free, 7)
        covered = np.any([inside[place[cube]] for cube in cubes], axis=0)
        np.testing.assert_array_equal(covered, function)
        short += not exact
    assert short > 0


def test_forms_exact_tells_of_searches_cut_short(monkeypatch):
    functions = random_functions(50, 7, seed=79)
    assert complexity.forms_exact(functions, "sop_terms").all()
    cut = kernels.minimise

    def minimise(*args, **options):
        return cut(*args, **options, limit=1)

    monkeypatch.setattr(kernels, "minimise", minimise)
    by_name = {name: complexity.forms_exact(functions, name) for name in NAMES}
    for exact in by_name.values():
        assert exact.dtype == np.bool_
        assert 0 < exact.sum() < 50
    # A length is proven only if both forms are.
    _, sop = cut(bits.pack(functions), 7, clauses=False, cost="operations", limit=1)
    _, pos = cut(bits.pack(functions), 7, clauses=True, cost="operations", limit=1)
    np.testing.assert_array_equal(by_name["expression_length"], sop & pos)


# Accepted forms, rows, registry


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [2, 6, 7])
def test_every_form_of_functions_gives_the_same(name, n):
    function = getattr(complexity, name)
    array = random_functions(9, n, seed=n)
    words = bits.pack(array)
    m = 1 << n
    expected = function(array)
    assert expected.shape == (9,)
    assert expected.dtype == np.int64
    np.testing.assert_array_equal(function(words, m=m), expected)
    np.testing.assert_array_equal(function(np.asfortranarray(words), m=m), expected)
    np.testing.assert_array_equal(function(bits.to_text(words, m)), expected)
    np.testing.assert_array_equal(function(bits.to_text(words, m, base=16), m=m), expected)
    np.testing.assert_array_equal(function(SimpleNamespace(functions=words, m=m)), expected)
    each = [int(function(row, m=m)[0]) for row in words]
    assert expected.tolist() == each
    reverse = function(words[::-1], m=m)
    np.testing.assert_array_equal(reverse[::-1], expected)
    assert function(np.empty((0, len(words[0])), dtype=np.uint64), m=m).shape == (0,)


def test_threads_do_not_disturb_each_other():
    functions = random_functions(300, 7, seed=33)
    words = bits.pack(functions)
    expected = complexity.sop_literals(words, m=128)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: complexity.sop_literals(words, m=128), range(8)))
    for values in found:
        np.testing.assert_array_equal(values, expected)


def test_runs_without_the_compiler():
    script = (
        "from priorvol.complexity import expression_length, minimal_form, sop_terms\n"
        "print(sop_terms(['01101001' * 16, '00010111' * 16]), minimal_form('0110'))\n"
        "print(expression_length('0110' * 4), minimal_form('0110', kind='pos'))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines() == [
        "[4 3] ~x1 & x2 | x1 & ~x2",
        "[5] (x1 | x2) & (~x1 | ~x2)",
    ]


def test_they_are_registered():
    functions = random_functions(5, 4, seed=1)
    columns = complexity.compute(functions, NAMES)
    for name in NAMES:
        measure = registry.measure(name)
        assert (measure.needs, measure.largest_n) == ("cube", 7)
        np.testing.assert_array_equal(columns[name], getattr(complexity, name)(functions))


# Bad input


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("functions", "m", "message"),
    [
        ("011", None, r"whole Boolean cube, m = 2\^n with n >= 1, got m = 3"),
        ("0", None, "got m = 1"),
        ("01" * 128, None, "n at most 7, got n = 8"),
        (np.zeros((2, 2), dtype=np.uint64), None, "packed words need m"),
        ("012", None, "must be written in 0 and 1"),
    ],
)
def test_bad_functions(name, functions, m, message):
    with pytest.raises(ValueError, match=message):
        getattr(complexity, name)(functions, m=m)
    with pytest.raises(ValueError, match=message):
        complexity.forms_exact(functions, name, m=m)


def test_other_points_than_a_cube():
    task = SimpleNamespace(inputs=array_inputs(np.arange(4.0)[:, None]))
    table = SimpleNamespace(functions=np.array([[6]], dtype=np.uint64), m=4, task=task)
    for function in (complexity.sop_terms, prime_implicants, minimal_form):
        with pytest.raises(ValueError, match="whole Boolean cube in its standard order"):
            function(table)


def test_bad_names():
    with pytest.raises(ValueError, match=r"measure must be one of 'sop_terms', .*got 'k_lz'"):
        complexity.forms_exact("0110", "k_lz")
    with pytest.raises(ValueError, match="kind must be one of 'sop', 'pos', got 'cnf'"):
        minimal_form("0110", kind="cnf")
    with pytest.raises(ValueError, match=r"cost must be one of .*got 'gates'"):
        minimal_form("0110", cost="gates")


@pytest.mark.parametrize("function", [prime_implicants, minimal_form])
def test_bad_single_functions(function):
    with pytest.raises(ValueError, match="one function is wanted, got 2"):
        function(["01", "10"])
    with pytest.raises(ValueError, match="got m = 3"):
        function("011")
    with pytest.raises(ValueError, match="n at most 7, got n = 8"):
        function("0" * 256)
    with pytest.raises(ValueError, match="0x text needs m"):
        function("0x6")
