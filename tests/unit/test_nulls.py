"""Null models: uniformity, what each keeps, and independence of how the functions are read."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import chi2, chisquare

from priorvol import bits, nulls
from priorvol.inputs import array_inputs
from priorvol.nulls import permuted_inputs, same_t, uniform_functions
from priorvol.symmetry import canonical
from priorvol.table import FunctionTable
from priorvol.task import Architecture, Task

P_THRESHOLD = 1e-5  # some forty p-values are computed


def random_functions(k, m, *, seed):
    rng = np.random.default_rng(seed)
    return bits.pack(rng.random((k, m)) < rng.random((k, 1)))


def assert_uniform(words, expected, *, m):
    """Test that every one of the expected texts is drawn, each as often."""
    found, counts = np.unique(words, axis=0, return_counts=True)
    assert sorted(bits.to_text(found, m)) == sorted(expected)
    assert chisquare(counts).pvalue > P_THRESHOLD


def texts_with(m, t):
    texts = map("".join, itertools.product("01", repeat=m))
    return [text for text in texts if text.count("1") == t]


@pytest.mark.parametrize("m", [1, 3, 8])
def test_uniform_functions_are_uniform(m):
    words = uniform_functions(200 * 2**m, m, seed=1)
    assert_uniform(words, map("".join, itertools.product("01", repeat=m)), m=m)


@pytest.mark.parametrize("m", [1, 63, 64, 65, 128, 130])
def test_every_bit_of_a_uniform_function_is_fair_and_spare_bits_are_clear(m):
    k = 20_000
    ones = bits.unpack(uniform_functions(k, m, seed=2), m).sum(axis=0)
    statistic = ((2 * ones - k) ** 2 / k).sum()
    assert chi2.sf(statistic, m) > P_THRESHOLD


def test_one_input_cannot_be_permuted():
    assert bits.to_text(permuted_inputs(["01", "10"], seed=0), 2) == ["01", "10"]


def test_no_function_is_none():
    assert uniform_functions(0, 128, seed=0).shape == (0, 2)


@pytest.mark.parametrize("scan", [True, False])
@pytest.mark.parametrize(("m", "t"), [(6, 3), (6, 1), (8, 5), (9, 4)])
def test_same_t_is_uniform(m, t, scan, monkeypatch):
    if not scan:
        monkeypatch.setattr(nulls, "_SCAN", 0)
    expected = texts_with(m, t)
    k = 100 * len(expected)
    assert_uniform(same_t([expected[0]] * k, seed=3), expected, m=m)


@pytest.mark.parametrize("scan", [True, False])
@pytest.mark.parametrize("m", [1, 5, 64, 127, 128, 200])
def test_same_t_keeps_t(m, scan, monkeypatch):
    if not scan:
        monkeypatch.setattr(nulls, "_SCAN", 0)
    words = random_functions(500, m, seed=m)
    words[:2] = bits.pack(np.array([[0] * m, [1] * m]))
    found = same_t(words, m=m, seed=4)
    t = bits.unpack(words, m).sum(axis=1)
    np.testing.assert_array_equal(bits.unpack(found, m).sum(axis=1), t)


def test_rows_of_same_t_are_independent():
    """Neighbouring rows, and the same row of two seeds, agree as often as unrelated words."""
    words = np.repeat(bits.pack([[i % 2 for i in range(128)]]), 20_000, axis=0)
    first, second = (same_t(words, m=128, seed=seed) for seed in (5, 6))
    # of 64 ones against 64: hypergeometric, mean 32, variance 64 (1/2)^2 64 / 127
    error = math.sqrt(64 / 4 * 64 / 127 / 20_000)
    for a, b in ((first, second), (first[1:], first[:-1]), (first, words)):
        overlap = (bits.unpack(a, 128) & bits.unpack(b, 128)).sum(axis=1)
        assert abs(overlap.mean() - 32) < 5 * error


def image(row, order, n):
    """Return x -> f(x_p(0), ..., x_p(n-1)) point by point; coordinates counted from the last."""
    index = np.arange(2**n)
    return row[sum(((index >> i) & 1) << j for i, j in enumerate(order))]


@pytest.mark.parametrize("text", ["0100", "01001011", "01" * 4 + "00110110"])
def test_permuted_inputs_are_uniform_on_the_orbit(text):
    """No permutation leaves these unchanged: each has n! images, one as likely as the other."""
    m, n = len(text), len(text).bit_length() - 1
    row = np.array([character == "1" for character in text])
    images = [image(row, order, n) for order in itertools.permutations(range(n))]
    texts = set(bits.to_text(bits.pack(np.array(images)), m))
    assert len(texts) == math.factorial(n)
    assert_uniform(permuted_inputs([text] * (400 * len(texts)), seed=6), texts, m=m)


@pytest.mark.parametrize("n", [2, 5, 6, 7, 8, 9])
def test_every_row_is_its_function_under_one_uniform_permutation(n):
    """f has as many ones at x_i = 1 as no other coordinate has, which tells p; checked in full."""
    rng = np.random.default_rng(n)
    index = np.arange(2**n)
    cube = (index[:, None] >> np.arange(n)) & 1
    while True:
        row = rng.random(2**n) < (1 + cube @ np.arange(n)) / (1 + n * (n - 1) / 2)
        profile = row @ cube
        if len(set(profile.tolist())) == n:
            break
    k = 3000
    found = bits.unpack(
        permuted_inputs(np.repeat(bits.pack(row[None]), k, 0), m=2**n, seed=7), 2**n
    )
    places = found @ cube
    assert (np.sort(places, axis=1) == np.sort(profile)).all()
    for i in range(n):
        counts = [(places[:, j] == profile[i]).sum() for j in range(n)]
        assert chisquare(counts).pvalue > P_THRESHOLD
    for image_row, place in zip(found[:200], places[:200], strict=True):
        order = [profile.tolist().index(ones) for ones in place.tolist()]
        np.testing.assert_array_equal(image_row, image(row, order, n))


@pytest.mark.parametrize("n", [3, 5, 6, 7])
def test_permuted_inputs_keep_the_orbit(n):
    words = random_functions(300, 2**n, seed=n)
    found = permuted_inputs(words, m=2**n, seed=8)
    assert (found != words).any()
    np.testing.assert_array_equal(
        canonical(found, ["permutation"], m=2**n), canonical(words, ["permutation"], m=2**n)
    )


@pytest.mark.parametrize("null", [same_t, permuted_inputs])
def test_a_row_depends_on_its_place_and_not_on_the_blocks(null, monkeypatch):
    words = random_functions(1000, 128, seed=9)
    whole = null(words, m=128, seed=10)
    np.testing.assert_array_equal(null(words[:300], m=128, seed=10), whole[:300])
    monkeypatch.setattr(nulls, "_BLOCK", 128 * 7)
    np.testing.assert_array_equal(null(words, m=128, seed=10), whole)
    assert (null(words, m=128, seed=11) != whole).any()


@pytest.mark.parametrize("null", [same_t, permuted_inputs])
def test_tables_are_read_in_storage_order_and_left_alone(null):
    words = random_functions(500, 16, seed=12)
    words = np.unique(words, axis=0)
    table = FunctionTable.from_counts(words, np.arange(1, len(words) + 1), m=16)
    np.testing.assert_array_equal(null(table, seed=0), null(table.functions, m=16, seed=0))
    np.testing.assert_array_equal(table.functions, words)
    words.flags.writeable = False
    null(words, m=16, seed=0)
    null(np.asfortranarray(words), m=16, seed=0)


def test_the_first_uniform_functions_do_not_depend_on_how_many():
    np.testing.assert_array_equal(
        uniform_functions(10, 130, seed=3), uniform_functions(1000, 130, seed=3)[:10]
    )


def test_bad_input():
    with pytest.raises(ValueError, match="m = 2\\^n with n >= 1, got m = 3"):
        permuted_inputs("011", seed=0)
    with pytest.raises(ValueError, match="n at most 16, got n = 17"):
        permuted_inputs(np.zeros((1, 2048), dtype=np.uint64), m=2**17, seed=0)
    with pytest.raises(ValueError, match="seed must be at least 0"):
        same_t("011", seed=-1)
    with pytest.raises(ValueError, match="k must be at least 0, got -1"):
        uniform_functions(-1, 4, seed=0)
    with pytest.raises(ValueError, match="m must be at least 1, got 0"):
        uniform_functions(1, 0, seed=0)
    with pytest.raises(ValueError, match="packed words need m"):
        same_t(np.zeros((1, 1), dtype=np.uint64), seed=0)
    task = Task(Architecture(1), inputs=array_inputs([[1.0], [2.0]]))
    table = FunctionTable.from_counts(["01", "11"], [1, 1], task=task)
    with pytest.raises(ValueError, match="whole Boolean cube"):
        permuted_inputs(table, seed=0)
