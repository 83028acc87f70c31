"""Lists of simple functions: what they hold, against all functions of four inputs and theorems."""

import math

import numpy as np
import pytest

from priorvol import atlas, bits, complexity, symmetry
from priorvol._kernels.enumeration import words_of_few
from priorvol.simplicity import enumeration, simple_functions

EVERY = np.arange(1 << 16, dtype=np.uint64)[:, None]
KNOWN = [
    measure
    for measure in complexity.measures()
    if enumeration._complete_up_to(measure.name, 7, 4) is not None
]


@pytest.fixture(scope="module")
def by_permutation():
    return symmetry.canonical(EVERY, ("permutation",), m=16)[:, 0]


@pytest.mark.parametrize("m", [4, 7, 12, 16])
def test_words_of_few_history_words_against_all_words(m):
    words = np.arange(1 << m, dtype=np.uint64)[:, None]
    history = complexity.lz76_words(words, m=m)
    assert (history <= 3).sum() == 2 * (m * m // 2)
    for most in range(1, 6):
        out = np.zeros((1 << m, 2), dtype=np.uint64)
        number = words_of_few(m, most, out)
        assert number == (history <= most).sum()
        np.testing.assert_array_equal(np.sort(out[:number, 0]), words[history <= most, 0])
        assert not out[:, 1].any()


@pytest.mark.parametrize("m", [63, 64, 65, 100, 128])
def test_longer_words_of_few_history_words(m):
    number = words_of_few(m, 3, np.empty((0, 2), np.uint64))
    out = np.empty((number, 2), np.uint64)
    assert words_of_few(m, 3, out) == number == 2 * (m * m // 2)  # as for all m up to 16
    words = np.ascontiguousarray(out[:, : bits.n_words(m)])
    assert len(np.unique(words, axis=0)) == number
    assert complexity.lz76_words(words, m=m).max() == 3


@pytest.mark.parametrize("measure", KNOWN, ids=lambda measure: measure.name)
@pytest.mark.parametrize("few", [3, 4])
def test_no_function_of_four_inputs_is_missing(measure, few, by_permutation):
    families = enumeration._families(4, True)
    families["functions of 4 inputs"] = enumeration._juntas(4, few, True)
    if measure.name in ("k_lz", "lz76_words"):
        families["histories"] = enumeration._short_histories(16)
    listed = np.concatenate(list(families.values()))
    values = complexity.compute(EVERY, measure.name, m=16)[measure.name]
    low = values <= enumeration._complete_up_to(measure.name, 4, few)
    assert low.any()
    if "permutation" in measure.symmetries:
        listed = symmetry.canonical(listed, ("permutation",), m=16)
        assert np.isin(by_permutation[low], listed[:, 0]).all()
    else:
        assert np.isin(EVERY[low, 0], listed[:, 0]).all()


@pytest.mark.parametrize("n", [5, 6, 7])
def test_sets_of_three_points_or_more_have_more_edges(n):
    """Harper: t points of the cube have at least n t - 2 sum of digit sums of 0 ... t - 1."""
    digits = np.cumsum([0] + [i.bit_count() for i in range(1 << n)])
    edges = [n * t - 2 * int(digits[t]) for t in range((1 << n) + 1)]
    assert edges[3] == 3 * n - 4
    assert min(edges[3 : (1 << n) - 2]) == 3 * n - 4
    claim = enumeration._complete_up_to("average_sensitivity", n, 4)
    assert claim == 2 * (3 * n - 5) / (1 << n)


def test_the_degree_that_few_inputs_allow():
    assert enumeration._complete_up_to("fourier_degree", 7, 4) == 2
    assert enumeration._complete_up_to("fourier_degree", 7, 3) == 1


@pytest.mark.parametrize("measure", ["k_lz", "entropy", "circuit_size"])
@pytest.mark.parametrize("n", [5, 7])
def test_lists_hold_what_they_say(measure, n):
    found = simple_functions(measure, n)
    words = found.functions
    assert len(np.unique(words, axis=0)) == len(words)
    assert found.complete_up_to == enumeration._complete_up_to(measure, n, 4)
    named = bits.as_words([entry.text for entry in atlas.entries(n)])[0]
    if "permutation" in complexity.measure(measure).symmetries:
        np.testing.assert_array_equal(words, symmetry.canonical(words, ("permutation",), m=1 << n))
        named = symmetry.canonical(named, ("permutation",), m=1 << n)
    held = {word.tobytes() for word in words}
    assert all(word.tobytes() in held for word in named)
    values = complexity.compute(words, measure, m=1 << n)[measure]
    assert (values <= found.complete_up_to).any()


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_small_cubes_list_every_function(n):
    found = simple_functions("k_lz", n)
    assert (found.complete_up_to, len(found.functions)) == (math.inf, 1 << (1 << n))
    by_orbit = simple_functions("sop_terms", n)
    assert len(by_orbit.functions) == {1: 4, 2: 12, 3: 80, 4: 3984}[n]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("k_lx", 5), "measure must be one of"),
        (("k_lz", 8), "n must be at least 1 and at most 7, got 8"),
        (("k_lz", 0), "n must be at least 1 and at most 7, got 0"),
        (("k_lz", 2.5), "n must be an integer, got 2.5"),
    ],
)
def test_bad_lists(arguments, message):
    with pytest.raises(ValueError, match=message):
        simple_functions(*arguments)
