"""Sorted rows: settling unsorted ones, by one worker and by several."""

from collections import Counter

import numpy as np
import pytest

from priorvol import rows as rows_module
from priorvol.rows import Rows


@pytest.mark.parametrize("parallel", [0, 1 << 18])
@pytest.mark.parametrize("m", [5, 64, 128, 150])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_settled_rows_are_sorted_and_added_up(m, n_jobs, parallel, monkeypatch):
    monkeypatch.setattr(rows_module, "_PARALLEL", parallel)
    rng = np.random.default_rng(m)
    expected: Counter = Counter()
    pairs: Counter = Counter()
    arrays = []
    for size in (1, 700, 0, 2500):
        bits = np.repeat(rng.random((size, 1)), m, axis=1) > rng.random((size, m)) ** 0.2
        bits[: size // 2, :-3] = False  # many that share their first bits
        words = rows_module.bits.pack(bits)
        counts = rng.integers(1, 9, size).astype(np.uint64)
        arrays.append(np.column_stack([words, counts, 2 * counts]))
        for row in arrays[-1].tolist():
            expected[tuple(row[:-2])] += row[-2]
            pairs[tuple(row[:-2])] += row[-1]
    found = Rows.settled(np.concatenate(arrays), m, n_jobs=n_jobs)
    keys = [tuple(word) for word in found.functions.tolist()]
    assert keys == sorted(expected)
    assert dict(zip(keys, found.counts.tolist(), strict=True)) == expected
    assert dict(zip(keys, found.group_pairs.tolist(), strict=True)) == pairs


def test_taking_rows_keeps_the_order_asked_for():
    rows = Rows.folded(np.array([[3], [1], [2]], np.uint64), 2, np.array([30, 10, 20]))
    assert rows.take(np.array([2, 0, 1])).counts.tolist() == [30, 10, 20]
