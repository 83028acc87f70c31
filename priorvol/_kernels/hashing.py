"""Counting distinct functions by open addressing.

A slot holds a function's packed words, its count and, for grouped draws, its sum of group pairs
and a stamp: the group that it was last seen in and how often there. A count of 0 marks an empty
slot. Probing is linear; the slot of a key some places ahead is prefetched while one is inserted.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.jit import kernel
from priorvol._kernels.rows import popcount
from priorvol._kernels.simd import prefetch

_AHEAD = 16
_LOW32 = np.uint64(0xFFFFFFFF)


@kernel
def _slot(keys, i, words, mask):
    x = np.uint64(0x9E3779B97F4A7C15)
    for w in range(words):
        x ^= keys[i, w]
        x *= np.uint64(0xD6E8FEB86659FD93)
        x ^= x >> np.uint64(32)
    x *= np.uint64(0xFF51AFD7ED558CCD)  # the high half of the last word reaches the low bits
    x ^= x >> np.uint64(32)
    return np.int64(x & mask)


@kernel
def insert(keys, n, words, slots, grouped, first_group, draws):
    """Count the first ``n`` keys into ``slots``; return the number of new functions.

    Parameters
    ----------
    keys : (>= n, words) uint64
    slots : (2^j, words + 1 or words + 3) uint64, with room for all keys
    grouped : bool
        Whether slots hold group sums; key i then belongs to group first_group + i // draws
        (groups are below 2^32 and draws of a group are consecutive).
    """
    mask = np.uint64(slots.shape[0] - 1)
    base = slots.ctypes.data
    width = 8 * slots.shape[1]
    pending = np.empty(_AHEAD, np.int64)
    new = 0
    for i in range(n + _AHEAD):
        lane = i % _AHEAD
        if i >= _AHEAD:
            k = i - _AHEAD
            s = pending[lane]
            while True:
                if slots[s, words] == np.uint64(0):
                    for w in range(words):
                        slots[s, w] = keys[k, w]
                    new += 1
                    break
                same = True
                for w in range(words):
                    same &= slots[s, w] == keys[k, w]
                if same:
                    break
                s = (s + 1) & np.int64(mask)
            slots[s, words] += np.uint64(1)
            if grouped:
                group = np.uint64(first_group + k // draws + 1) & _LOW32
                stamp = slots[s, words + 2]
                if stamp >> np.uint64(32) == group:
                    slots[s, words + 1] += np.uint64(2) * (stamp & _LOW32)
                    slots[s, words + 2] = stamp + np.uint64(1)
                else:
                    slots[s, words + 2] = (group << np.uint64(32)) | np.uint64(1)
        if i < n:
            pending[lane] = _slot(keys, i, words, mask)
            prefetch(base + width * pending[lane])
    return new


@kernel
def rehash(old, words, new):
    """Move every filled slot of ``old`` to the larger, empty ``new``."""
    mask = np.uint64(new.shape[0] - 1)
    for i in range(old.shape[0]):
        if old[i, words] != np.uint64(0):
            s = _slot(old, i, words, mask)
            while new[s, words] != np.uint64(0):
                s = (s + 1) & np.int64(mask)
            for c in range(old.shape[1]):
                new[s, c] = old[i, c]


@kernel
def collect_rows(slots, words, out):
    """Copy the filled slots, without the stamp, to ``out`` (distinct, words + 1 or + 2)."""
    k = 0
    for i in range(slots.shape[0]):
        if slots[i, words] != np.uint64(0):
            for c in range(out.shape[1]):
                out[k, c] = slots[i, c]
            k += 1


@kernel
def count_ones(keys, n, words, grouped, draws, totals, pairs, stamps):
    """Add the keys' T to ``totals`` (m + 1,) and, if grouped, their group pairs to ``pairs``.

    ``stamps`` (m + 1, 2) int64 is scratch, filled with -1 before the first call of a batch.
    """
    for i in range(n):
        t = np.int64(0)
        for w in range(words):
            t += popcount(keys[i, w])
        totals[t] += 1
        if grouped:
            group = i // draws
            if stamps[t, 0] == group:
                pairs[t] += 2 * stamps[t, 1]
                stamps[t, 1] += 1
            else:
                stamps[t, 0] = group
                stamps[t, 1] = 1
