"""Counting by open addressing, against Counter: any group size, batches, nearly full tables."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol._kernels import hashing

QUICK = settings(max_examples=100, deadline=None, derandomize=True)


def empty_slots(bits, words, grouped):
    return np.zeros((1 << bits, words + (3 if grouped else 1)), dtype=np.uint64)


def some_keys(rng, n, words, distinct):
    pool = rng.integers(0, 2**64, size=(distinct, words), dtype=np.uint64)
    if distinct > 2:
        pool[0], pool[1] = 0, 2**64 - 1  # the key of zeros is not an empty slot
    weights = 1.0 / np.arange(1, distinct + 1)
    return pool[rng.choice(distinct, size=n, p=weights / weights.sum())]


def collected(slots, words, grouped):
    """Return {key: (count, pairs)} from the filled slots."""
    filled = int((slots[:, words] > 0).sum())
    out = np.empty((filled, words + 1 + grouped), dtype=np.uint64)
    hashing.collect_rows(slots, words, out)
    found = {tuple(row[:words]): tuple(row[words:]) for row in out.tolist()}
    assert len(found) == filled, "a key fills two slots"
    return found


def expected_sums(keys, draws, grouped):
    """Count keys; group g is the draws g * draws to (g + 1) * draws - 1."""
    counts, pairs = Counter(), defaultdict(int)
    rows = [tuple(row) for row in keys.tolist()]
    for start in range(0, len(rows), draws):
        for key, c in Counter(rows[start : start + draws]).items():
            counts[key] += c
            pairs[key] += c * (c - 1)
    return {key: (counts[key], pairs[key]) if grouped else (counts[key],) for key in counts}


@pytest.mark.parametrize("words", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 40, 3000])
@pytest.mark.parametrize("draws", [0, 1, 2, 7, 50, 5000])
def test_counts_and_pairs(words, n, draws):
    grouped = draws > 0
    keys = some_keys(np.random.default_rng([words, n, draws]), n, words, 300)
    slots = empty_slots(9, words, grouped)
    new = hashing.insert(keys, n, words, slots, grouped, 0, max(draws, 1))
    expected = expected_sums(keys, max(draws, 1), grouped)
    assert collected(slots, words, grouped) == expected
    assert new == len(expected)


@pytest.mark.parametrize("words", [1, 2, 3, 4])
@pytest.mark.parametrize("grouped", [False, True])
def test_batches_and_growing_tables(words, grouped):
    rng = np.random.default_rng(words)
    draws = 6
    keys = some_keys(rng, 4200, words, 900)
    slots = empty_slots(3, words, grouped)
    distinct, start = 0, 0
    while start < len(keys):
        size = draws * int(rng.integers(1, 60))
        batch = keys[start : start + size]
        while distinct + len(batch) > len(slots):
            larger = empty_slots(len(slots).bit_length(), words, grouped)
            hashing.rehash(slots, words, larger)
            slots = larger
        # the first rows of a longer buffer, as the sampler passes them
        buffer = np.vstack([batch, np.full((5, words), 9, dtype=np.uint64)])
        first_group = start // draws
        distinct += hashing.insert(buffer, len(batch), words, slots, grouped, first_group, draws)
        start += len(batch)
        assert collected(slots, words, grouped) == expected_sums(keys[:start], draws, grouped)
    assert distinct == len(collected(slots, words, grouped))


def test_a_group_that_spans_two_calls():
    # the stamp of the last group survives a call and a rehash
    keys = np.array([[5], [5], [6], [5]], dtype=np.uint64)
    slots = empty_slots(2, 1, True)
    hashing.insert(keys, 2, 1, slots, True, 8, 10)
    larger = empty_slots(4, 1, True)
    hashing.rehash(slots, 1, larger)
    hashing.insert(keys[2:].copy(), 2, 1, larger, True, 8, 10)
    assert collected(larger, 1, True) == {(5,): (3, 6), (6,): (1, 0)}
    hashing.insert(keys, 4, 1, larger, True, 9, 10)
    assert collected(larger, 1, True) == {(5,): (6, 12), (6,): (2, 0)}


def test_the_largest_group_numbers():
    keys = np.array([[5], [5], [5], [5]], dtype=np.uint64)
    for first in (2**31 - 1, 2**32 - 3):
        slots = empty_slots(2, 1, True)
        hashing.insert(keys, 4, 1, slots, True, first, 2)
        assert collected(slots, 1, True) == {(5,): (4, 4)}


def test_the_last_group_below_two_to_the_32():
    keys = np.array([[5], [5]], dtype=np.uint64)
    slots = empty_slots(2, 1, True)
    hashing.insert(keys, 2, 1, slots, True, 2**32 - 1, 2)
    assert collected(slots, 1, True) == {(5,): (2, 2)}


@pytest.mark.parametrize("words", [1, 2, 4])
@pytest.mark.parametrize("grouped", [False, True])
def test_a_table_filled_to_the_last_slot(words, grouped):
    rng = np.random.default_rng(words)
    pool = rng.integers(0, 2**64, size=(1024, words), dtype=np.uint64)
    keys = np.vstack([pool, pool[rng.permutation(1024)], pool[:100]])
    slots = empty_slots(10, words, grouped)
    assert hashing.insert(keys, len(keys), words, slots, grouped, 0, 4) == 1024
    assert (slots[:, words] > 0).all()
    assert collected(slots, words, grouped) == expected_sums(keys, 4, grouped)


def test_keys_that_collide():
    # all in one chain that wraps around the end of the table
    mask = np.uint64(63)
    pool = np.arange(20_000, dtype=np.uint64)[:, None] << np.uint64(20)
    home = np.array([hashing._slot(pool, i, 1, mask) for i in range(len(pool))])
    assert set(home.tolist()) == set(range(64))
    chain = pool[home == 62][:40]
    assert len(chain) == 40
    keys = np.vstack([chain, chain[::-1], chain[3:9]])
    slots = empty_slots(6, 1, True)
    hashing.insert(keys, len(keys), 1, slots, True, 0, 3)
    assert collected(slots, 1, True) == expected_sums(keys, 3, True)
    filled = np.flatnonzero(slots[:, 1])
    assert set(filled.tolist()) == {62, 63, *range(38)}
    larger = empty_slots(7, 1, True)
    hashing.rehash(slots, 1, larger)
    assert collected(larger, 1, True) == expected_sums(keys, 3, True)


@pytest.mark.parametrize("words", [1, 2, 3])
@pytest.mark.parametrize("shift", [0, 20, 40, 52])
def test_slots_of_similar_keys_spread(words, shift):
    # 4096 keys that differ in twelve bits, thrown into 4096 slots
    keys = np.zeros((4096, words), dtype=np.uint64)
    keys[:, -1] = np.arange(4096, dtype=np.uint64) << np.uint64(shift)
    hit = {hashing._slot(keys, i, words, np.uint64(4095)) for i in range(4096)}
    # random slots would leave a share of 1/e free; three quarters of what they fill is asked for
    assert len(hit) > 0.75 * 4096 * (1 - math.exp(-1))


@QUICK
@given(
    st.integers(1, 3),
    st.integers(1, 9),
    st.lists(st.integers(1, 20), min_size=1, max_size=4),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_ones_are_counted_with_their_pairs(words, draws, batches, grouped, seed):
    m = 64 * words
    rng = np.random.default_rng(seed)
    totals, pairs = np.zeros(m + 1, dtype=np.int64), np.zeros(m + 1, dtype=np.int64)
    expected, expected_pairs = Counter(), Counter()
    for n_groups in batches:
        keys = some_keys(rng, n_groups * draws, words, 6)
        stamps = np.full((m + 1, 2), -1, dtype=np.int64)
        hashing.count_ones(keys, len(keys), words, grouped, draws, totals, pairs, stamps)
        ones = [sum(word.bit_count() for word in row) for row in keys.tolist()]
        for start in range(0, len(ones), draws):
            for t, c in Counter(ones[start : start + draws]).items():
                expected[t] += c
                expected_pairs[t] += c * (c - 1) if grouped else 0
    assert totals.tolist() == [expected[t] for t in range(m + 1)]
    assert pairs.tolist() == [expected_pairs[t] for t in range(m + 1)]
