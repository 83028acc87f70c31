"""Lists of simple functions, and up to which complexity they hold every function.

At n = 4 every claim is held against all 65,536 functions, with the families for larger n; above,
against isoperimetric numbers and counts known exactly.
"""

from functools import cache
from math import comb

import numpy as np
import pytest

from priorvol import bits, complexity, symmetry
from priorvol._kernels.enumeration import words_of_few
from priorvol.simplicity import SimpleFunctions, simple_functions
from priorvol.simplicity import enumeration as listing

CLAIMED = [
    item.name
    for item in complexity.measures()
    if listing._complete_up_to(item.name, 5, 4) is not None
]


def every(n):
    return np.arange(2 ** (2**n), dtype=np.uint64)[:, None]


def values(functions, name, n):
    return complexity.compute(functions, name, m=2**n)[name]


def reads(functions, n):
    """Return how many inputs each function depends on."""
    table = bits.unpack(functions, 2**n).reshape(-1, *(2,) * n)
    axes = range(1, n + 1)
    changed = [(table != np.flip(table, axis)).reshape(len(table), -1).any(axis=1) for axis in axes]
    return np.sum(changed, axis=0)


@cache
def family_of_four(few, by_orbit):
    """Return which of all functions on {0,1}^4 are in the families, with functions of few inputs.

    ``by_orbit``: which are, once their inputs are permuted in some way.
    """
    families = listing._families(4, by_orbit)
    del families["functions of 4 inputs" if by_orbit else "functions of 3 inputs"]
    parts = [*families.values(), listing._juntas(4, few, by_orbit)]
    if not by_orbit:
        parts.append(listing._short_histories(16))
    words = np.unique(np.concatenate(parts)[:, 0])
    if not by_orbit:
        return np.isin(every(4)[:, 0], words)
    orbit = symmetry.canonical(every(4), ("permutation",), m=16)[:, 0]
    return np.isin(orbit, orbit[words.astype(np.int64)])


# Claims of completeness


@pytest.mark.parametrize("few", [3, 4])
@pytest.mark.parametrize("name", CLAIMED)
def test_no_function_of_four_inputs_breaks_a_claim(name, few):
    claim = listing._complete_up_to(name, 4, few)
    by_orbit = "permutation" in complexity.measure(name).symmetries
    k = values(every(4), name, 4)
    simple = k <= claim
    assert 2 <= simple.sum() < 65536  # both constants; the claim is no empty one
    assert family_of_four(few, by_orbit)[simple].all()


@pytest.mark.parametrize(
    "name",
    [
        "k_lz",
        "lz76_words",
        "entropy",
        "majority_error",
        "sop_terms",
        "pos_clauses",
        "sop_literals",
        "pos_literals",
        "expression_length",
        "disagreement_1",
        "disagreement_2",
        "generalization_complexity",
        "average_sensitivity",
        "mean_frequency",
        "critical_sample_ratio",
        "sensitivity",
        "fourier_degree",
        "spectral_norm",
        "high_degree_weight",
        "anf_degree",
        "anf_terms",
        "decision_tree_depth",
        "bdd_size",
        "circuit_size",
    ],
)
def test_claims_are_as_strong_as_the_families(name):
    """The next complexity above the claim is that of a function the families of three lack."""
    claim = listing._complete_up_to(name, 4, 3)
    by_orbit = "permutation" in complexity.measure(name).symmetries
    k = values(every(4), name, 4)
    assert k[~family_of_four(3, by_orbit)].min() == k[k > claim].min()


@pytest.mark.parametrize("name", [m.name for m in complexity.measures() if m.name not in CLAIMED])
def test_where_nothing_is_known_nothing_is_claimed(name):
    assert name in ("lz78_phrases", "block_decomposition", "not_separable")
    assert simple_functions(name, 5).complete_up_to is None


def test_the_claims_at_seven_inputs():
    expected = {
        "k_lz": 24.5,
        "lz76_words": 3,
        "majority_error": 2 / 128,
        "average_sensitivity": 32 / 128,  # 16 edges
        "critical_sample_ratio": 18 / 128,
        "generalization_complexity": 8 / 128,
        "sop_literals": 4,
        "decision_tree_depth": 2,
        "fourier_degree": 2,
        "circuit_size": 3,
    }
    found = {name: simple_functions(name, 7).complete_up_to for name in expected}
    assert found == expected


@pytest.mark.parametrize("n", [5, 6, 7])
def test_sets_of_three_points_or_more_have_more_edges_and_critical_points(n):
    """Harper's theorems, over all sizes: initial segments have the fewest edges, or neighbours."""
    m = 2**n
    ones = np.array([point.bit_count() for point in range(m)])
    edges = n * np.arange(m + 1) - 2 * np.concatenate([[0], np.cumsum(ones)])
    assert edges[3 : m - 2].min() == 3 * n - 4
    order = sorted(range(m), key=lambda point: (ones[point], -point))  # balls, shell by shell
    around = []
    for size in range(m + 1):
        inside = set(order[:size])
        around.append(len({point ^ 1 << i for point in inside for i in range(n)} - inside))
    around = np.array(around)
    assert (around + around[::-1])[3 : m - 2].min() == 3 * n - 2
    for name, least, scale in (
        ("disagreement_1", 3 * n - 4, 2 / (m * n)),
        ("average_sensitivity", 3 * n - 4, 2 / m),
        ("mean_frequency", 3 * n - 4, 2 / m),
        ("critical_sample_ratio", 3 * n - 2, 1 / m),
    ):
        claim = listing._complete_up_to(name, n, 4)
        assert (least - 1) * scale <= claim * (1 + 1e-12) and claim < (least - 0.5) * scale
        path = np.zeros((1, m), dtype=bool)
        path[0, [0, 1, 3]] = True  # has the least of both
        np.testing.assert_allclose(values(path, name, n), [least * scale], rtol=1e-12)


@pytest.mark.parametrize("n", [5, 6, 7])
def test_sets_of_three_points_or_more_disagree_more_at_distance_one_and_two(n):
    m, pairs = 2**n, comb(n, 2)
    s = np.arange(1, n + 1)
    one, two = n - 2 * s, ((n - 2 * s) ** 2 - n) // 2  # Krawtchouk polynomials of degree 1 and 2
    gap = (2 - one / n - two / pairs).min() / 2
    t = np.arange(m + 1)
    least = gap * 4 * t * (m - t) / m**2
    # three points have two edges and a pair at distance two at most, four have four and two
    for size, near, far in ((3, 2, 1), (4, 4, 2)):
        counted = 2 * (size * n - 2 * near) / (m * n) + 2 * (size * pairs - 2 * far) / (m * pairs)
        least[[size, m - size]] = np.maximum(least[size], counted)
    assert least[3 : m - 2].min() > listing._complete_up_to("generalization_complexity", n, 4)
    apart = np.zeros((2, m), dtype=bool)
    apart[0, [0, m - 1]] = True
    apart[1, [0, 1, 3]] = True
    k = values(apart, "generalization_complexity", n)
    assert k[0] <= listing._complete_up_to("generalization_complexity", n, 4) < k[1]


@pytest.mark.parametrize("n", [5, 6, 7])
@pytest.mark.parametrize("name", ["entropy", "majority_error"])
def test_claims_by_the_number_of_ones(name, n):
    by_t = np.tri(2**n + 1, 2**n, -1, dtype=bool)  # row t has t ones
    k = values(by_t, name, n)
    claim = listing._complete_up_to(name, n, 4)
    assert np.flatnonzero(k <= claim).tolist() == [0, 1, 2, 2**n - 2, 2**n - 1, 2**n]


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 6, 7])
@pytest.mark.parametrize("name", CLAIMED)
def test_combinations_of_listed_functions_that_are_simple_are_listed(name, n):
    """Functions of two families, their inputs permuted and negated, are joined by a gate."""
    found = simple_functions(name, n)
    by_orbit = "permutation" in complexity.measure(name).symmetries
    listed = {word.tobytes() for word in found.functions}
    rng = np.random.default_rng([n, *name.encode()])
    m, k = 2**n, 8000
    families = listing._families(n, by_orbit).values()  # eight of them
    points = np.arange(m)
    pair = np.empty((2, k, m), dtype=bool)
    for side in pair:
        words = np.concatenate(
            [family[rng.integers(len(family), size=k // 8)] for family in families]
        )[rng.permutation(k)]
        orders = rng.permuted(np.tile(np.arange(n), (k, 1)), axis=1)
        moved = ((points[None, :, None] >> orders[:, None, :] & 1) << np.arange(n)).sum(axis=2)
        moved ^= rng.integers(m, size=(k, 1)) * (rng.random((k, 1)) < 0.5)
        side[:] = np.take_along_axis(bits.unpack(words, m), moved, axis=1)
    gate = rng.integers(16, size=(k, 1)) >> (2 * pair[0] + pair[1]) & 1
    functions = bits.pack(gate.astype(bool))
    simple = functions[values(functions, name, n) <= found.complete_up_to]
    constant = np.isin(bits.unpack(simple, m).sum(axis=1), [0, m])
    assert name == "mean_frequency_l1" or not constant.all()
    if by_orbit:
        simple = symmetry.canonical(simple, ("permutation",), m=m)
    assert {word.tobytes() for word in simple} <= listed


# What is listed


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_small_cubes_hold_every_function(n):
    found = simple_functions("k_lz", n)
    assert (len(found.functions), found.complete_up_to) == (2 ** (2**n), np.inf)
    found = simple_functions("sensitivity", n)
    assert len(found.functions) == [4, 12, 80, 3984][n - 1]  # OEIS A003180
    assert found.families == ("every function",) and found.complete_up_to == np.inf


@pytest.mark.parametrize("n", [5, 6, 7])
def test_every_function_of_few_inputs_is_listed(n):
    # as many functions of at most four inputs up to permutations as on {0,1}^4
    words = symmetry.canonical(listing._juntas(n, 4, True), ("permutation",), m=2**n)
    assert len(np.unique(words, axis=0)) == 3984
    assert reads(words, n).max() == 4
    # 2, 2, 10 and 218 functions depend on each of 0, 1, 2 and 3 inputs
    words = np.unique(listing._juntas(n, 3, False), axis=0)
    expected = sum(comb(n, j) * k for j, k in enumerate([2, 2, 10, 218]))
    assert len(words) == expected and reads(words, n).max() == 3


@pytest.mark.parametrize("n", [5, 6, 7])
def test_families_are_what_they_are_called(n):
    m = 2**n
    families = listing._families(n, True)
    counts = {name: len(np.unique(words, axis=0)) for name, words in families.items()}
    few = 1 + m + comb(m, 2)
    assert counts == {
        "at most two ones": few,
        "at most two zeros": few,
        "products": 3**n,
        "sums": 3**n,
        "affine functions": 2 * m,
        "at most two monomials": few - 1,  # without the constant 0, a sum of none
        "functions of 4 inputs": 3984,
        "atlas": counts["atlas"],
    }
    t = {name: bits.unpack(words, m).sum(axis=1) for name, words in families.items()}
    assert t["at most two ones"].max() == 2 and t["at most two zeros"].min() == m - 2
    assert complexity.sop_terms(families["products"], m=m).max() == 1
    assert complexity.pos_clauses(families["sums"], m=m).max() == 1
    assert complexity.anf_degree(families["affine functions"], m=m).max() == 1
    assert complexity.anf_terms(families["at most two monomials"], m=m).max() == 2


@pytest.mark.parametrize("n", [3, 5, 7])
@pytest.mark.parametrize("name", ["k_lz", "circuit_size"])
def test_functions_are_distinct_and_smallest_of_their_orbit(name, n):
    found = simple_functions(name, n)
    assert isinstance(found, SimpleFunctions) and (found.n, found.measure) == (n, name)
    words = found.functions
    assert words.dtype == np.uint64 and words.shape[1] == bits.n_words(2**n)
    assert len(np.unique(words, axis=0)) == len(words)
    if "permutation" in complexity.measure(name).symmetries:
        smallest = symmetry.canonical(words, ("permutation",), m=2**n)
        np.testing.assert_array_equal(words, smallest)


# Words of few Lempel-Ziv words


def written(m, most):
    out = np.zeros((words_of_few(m, most, np.empty((0, 2), np.uint64)), 2), np.uint64)
    assert words_of_few(m, most, out) == len(out)
    return out


@pytest.mark.parametrize("m", [1, 2, 3, 8, 13, 16])
@pytest.mark.parametrize("most", [0, 1, 2, 3, 4, 5, 20])
def test_short_histories_against_every_word(m, most):
    functions = np.arange(2**m, dtype=np.uint64)[:, None]
    expected = functions[complexity.lz76_words(functions, m=m) <= most, 0]
    found = written(m, most)
    assert not found[:, 1].any()
    assert sorted(found[:, 0].tolist()) == expected.tolist()
    texts = bits.to_text(found[:, :1], m)
    assert texts == sorted(texts)  # in the order of their characters


@pytest.mark.slow
@pytest.mark.parametrize("most", [3, 5, 7])
def test_short_histories_against_every_word_of_twenty(most):
    functions = np.arange(2**20, dtype=np.uint64)[:, None]
    expected = functions[complexity.lz76_words(functions, m=20) <= most, 0]
    np.testing.assert_array_equal(np.sort(written(20, most)[:, 0]), expected)


@pytest.mark.parametrize(("m", "most"), [(32, 3), (63, 3), (64, 3), (65, 2), (127, 2), (128, 2)])
def test_short_histories_grown_a_character_at_a_time(m, most):
    """A beginning of a word has no more history words than the word."""
    texts = ["0", "1"]
    for _ in range(m - 1):
        texts = [text + bit for text in texts for bit in "01"]
        texts = [
            text for text, n in zip(texts, complexity.lz76_words(texts), strict=True) if n <= most
        ]
    found = bits.to_text(np.ascontiguousarray(written(m, most)[:, : bits.n_words(m)]), m)
    assert found == sorted(texts)


@pytest.mark.parametrize("m", [62, 63, 64, 65, 66, 100, 127, 128])
def test_as_many_words_of_three_as_for_every_small_m(m):
    for small in range(2, 15):
        assert len(written(small, 3)) == 2 * (small * small // 2)
    words = np.ascontiguousarray(written(m, 3)[:, : bits.n_words(m)])
    assert len(np.unique(words, axis=0)) == 2 * (m * m // 2)
    assert complexity.lz76_words(words, m=m).max() == 3


def test_what_does_not_fit_is_counted_only():
    out = np.zeros((5, 2), np.uint64)
    assert words_of_few(16, 3, out) == len(written(16, 3)) > 5
    np.testing.assert_array_equal(out, written(16, 3)[:5])


@pytest.mark.parametrize("m", [32, 64, 128])
def test_words_short_in_either_direction(m):
    found = listing._short_histories(m)
    forwards = complexity.lz76_words(found, m=m)
    backwards = complexity.lz76_words(bits.unpack(found, m)[:, ::-1])
    assert (np.minimum(forwards, backwards) <= 3).all()
    texts = set(bits.to_text(found, m))
    assert {text[::-1] for text in texts} == texts


# Bad input


@pytest.mark.parametrize(
    ("name", "n", "message"),
    [
        ("k_lzz", 5, "measure must be one of .*did you mean 'k_lz'"),
        ("k_lz", 0, "n must be at least 1 and at most 7, got 0"),
        ("k_lz", 8, "n must be at least 1 and at most 7, got 8"),
        ("k_lz", 2.5, "n must be an integer, got 2.5"),
        ("k_lz", "5", "n must be an integer, got '5'"),
    ],
)
def test_bad_arguments(name, n, message):
    with pytest.raises(ValueError, match=message):
        simple_functions(name, n)


def test_a_measure_for_smaller_cubes_only(monkeypatch):
    from priorvol.complexity import registry

    monkeypatch.setattr(registry, "_MEASURES", dict(registry._MEASURES))
    fields = ("", "T", "", "", "the number of ones")
    complexity.register(complexity.Measure("few", len, *fields, needs="cube", largest_n=3))
    with pytest.raises(ValueError, match="few is computed for n at most 3, got n = 4"):
        simple_functions("few", 4)
    assert simple_functions("few", 3).complete_up_to == np.inf
