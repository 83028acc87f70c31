"""Sorting, merging and counting rows, against Python's own sort and dictionaries."""

import os
import subprocess
import sys
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol._kernels import rows as kernels

QUICK = settings(max_examples=150, deadline=None, derandomize=True)

SIZES = [0, 1, 2, 3, 23, 24, 25, 26, 257, 1000, 100_000]


def random_words(rng, kind, k, words):
    """Words that are hard to sort in one way or another."""
    full = rng.integers(0, 2**64, size=(k, words), dtype=np.uint64)
    if kind == "uniform":
        return full
    if kind == "equal":
        return np.repeat(full[:1], k, axis=0)
    if kind == "prefixes":  # equal but for the last bits of the last word
        return np.repeat(full[:1], k, axis=0) ^ (full & np.uint64(7)) * (
            np.arange(words) == words - 1
        ).astype(np.uint64)
    if kind == "few":
        return full[rng.integers(0, min(5, k), size=k)] if k else full
    if kind == "high bits":  # signed comparison would fail
        return full & np.uint64(0xC000000000000003)
    if kind == "sorted":
        return full[np.lexsort(full.T[::-1])]
    return full[np.lexsort(full.T[::-1])][::-1].copy()


KINDS = ["uniform", "equal", "prefixes", "few", "high bits", "sorted", "reversed"]


def numbered(words_array, extra):
    """Append columns that tell the rows apart."""
    k = len(words_array)
    columns = [np.arange(k, dtype=np.uint64) * np.uint64(3 + c) for c in range(extra)]
    return np.column_stack([words_array, *columns])


def first_violation(rows, words):
    """Where one row is above the next, by lexicographic comparison of whole columns."""
    above = np.zeros(max(len(rows) - 1, 0), dtype=bool)
    for w in range(words - 1, -1, -1):
        a, b = rows[:-1, w], rows[1:, w]
        above = (a > b) | ((a == b) & above)
    return np.flatnonzero(above)


@pytest.mark.parametrize("words", [1, 2, 3, 4])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_sorting(kind, size, words):
    rng = np.random.default_rng([size, words])
    rows = numbered(random_words(rng, kind, size, words), 1 + words % 2)
    expected = rows[np.lexsort(rows[:, :words].T[::-1])]  # stable, as is ours
    found = rows.copy()
    kernels.sort_rows(found, words)
    np.testing.assert_array_equal(found, expected)
    assert len(first_violation(found, words)) == 0


def test_sorting_on_every_byte():
    # rows that differ in one byte only, for each byte of three words
    for byte in range(24):
        rows = np.full((600, 4), 0x0102030405060708, dtype=np.uint64)
        values = np.random.default_rng(byte).integers(0, 256, 600).astype(np.uint64)
        rows[:, byte // 8] ^= values << np.uint64(8 * (byte % 8))
        rows[:, 3] = np.arange(600)
        expected = rows[np.argsort(rows[:, byte // 8], kind="stable")]
        kernels.sort_rows(rows, 3)
        np.testing.assert_array_equal(rows, expected)


ROWS = st.lists(
    st.tuples(*[st.sampled_from([0, 1, 2**63, 2**64 - 1])] * 2, st.integers(1, 9)), max_size=60
)


def array_of(rows):
    return np.array(rows, dtype=np.uint64).reshape(-1, 3)


@QUICK
@given(ROWS)
def test_the_first_disorder(rows):
    keys = [row[:2] for row in rows]
    wrong = [i for i in range(1, len(keys)) if not keys[i - 1] < keys[i]]
    assert kernels.first_disorder(array_of(rows), 2) == (wrong[0] if wrong else -1)
    array = array_of(rows)
    kernels.sort_rows(array, 2)
    kept = array[: kernels.fold_rows(array, 2)]
    assert kernels.first_disorder(np.ascontiguousarray(kept), 2) == -1


def summed(*lists):
    total = defaultdict(int)
    for rows in lists:
        for *key, count in rows:
            total[tuple(key)] += count
    return [(*key, total[key]) for key in sorted(total)]


@QUICK
@given(ROWS)
def test_folding_adds_equal_rows(rows):
    array = array_of(rows)
    kernels.sort_rows(array, 2)
    kept = kernels.fold_rows(array, 2)
    assert list(map(tuple, array[:kept].tolist())) == summed(rows)


@QUICK
@given(ROWS, ROWS)
def test_merging(first, second):
    a, b = array_of(summed(first)), array_of(summed(second))
    expected = summed(first, second)
    assert kernels.union_size(a, b, 2) == len(expected) == kernels.union_size(b, a, 2)
    out = np.full((len(expected) + 1, 3), 77, dtype=np.uint64)
    kernels.merge_rows(a, b, 2, out[:-1])
    assert list(map(tuple, out[:-1].tolist())) == expected
    assert (out[-1] == 77).all()  # nothing is written past the end


@pytest.mark.parametrize("words", [1, 2, 3, 4])
@pytest.mark.parametrize("extra", [1, 2])
def test_merging_many_rows(words, extra):
    rng = np.random.default_rng(words)
    parts = []
    for _ in range(2):
        rows = numbered(random_words(rng, "high bits", 3000, words), extra)
        rows[:, words:] += np.uint64(1)
        kernels.sort_rows(rows, words)
        parts.append(rows[: kernels.fold_rows(rows, words)].copy())
    total = defaultdict(lambda: np.zeros(extra, dtype=np.uint64))
    for row in np.vstack(parts):
        total[tuple(row[:words].tolist())] += row[words:]
    out = np.empty((kernels.union_size(*parts, words), words + extra), dtype=np.uint64)
    kernels.merge_rows(*parts, words, out)
    assert [tuple(row) for row in out[:, :words].tolist()] == sorted(total)
    np.testing.assert_array_equal(out[:, words:], [total[key] for key in sorted(total)])


@QUICK
@given(st.integers(0, 2**64 - 1))
def test_popcount(word):
    assert kernels.popcount(np.uint64(word)) == word.bit_count()


@pytest.mark.parametrize("words", [1, 2, 3, 4])
def test_ones(words):
    rng = np.random.default_rng(words)
    rows = rng.integers(0, 2**64, size=(500, words + 1), dtype=np.uint64)
    rows[0, :words], rows[1, :words] = 0, 2**64 - 1
    out = np.empty(500, dtype=np.int64)
    kernels.ones(rows, words, out)
    expected = [sum(word.bit_count() for word in row[:words]) for row in rows.tolist()]
    assert out.tolist() == expected


PLAIN = """
import warnings
import numpy as np
from priorvol._kernels import rows as kernels
assert not hasattr(kernels.sort_rows, "py_func"), "still compiled"
rng = np.random.default_rng(0)
rows = rng.integers(0, 4, size=(80, 3)).astype(np.uint64) << np.uint64(61)
rows[:, 2] = 1
expected = rows[np.lexsort(rows[:, 1::-1].T)]
kernels.sort_rows(rows, 2)
assert (rows == expected).all()
kept = kernels.fold_rows(rows, 2)
rows = rows[:kept].copy()
assert kernels.first_disorder(rows, 2) == -1 and rows[:, 2].sum() == 80
size = kernels.union_size(rows[:9], rows[5:], 2)
assert size == kept
out = np.empty((size, 3), np.uint64)
kernels.merge_rows(rows[:9], rows[5:], 2, out)
assert (out[5:9, 2] == 2 * rows[5:9, 2]).all() and (out[:, :2] == rows[:, :2]).all()
ones = np.empty(kept, np.int64)
with warnings.catch_warnings():
    # NumPy's scalars warn of the multiplication modulo 2^64 that popcount means
    warnings.filterwarnings("ignore", "overflow encountered in scalar multiply")
    kernels.ones(rows, 2, ones)
assert ones.tolist() == [sum(int(w).bit_count() for w in row[:2]) for row in rows]
"""


def test_without_the_compiler():
    subprocess.run(
        [sys.executable, "-W", "error", "-c", PLAIN],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        check=True,
    )
