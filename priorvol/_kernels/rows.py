"""Rows of a table: sorting, merging, popcounts.

A row is a function's packed words followed by its count and, for grouped draws, its sum of group
pairs: uint64 of shape (k, words + 1) or (k, words + 2). Rows are ordered by the words, first word
most significant, and merging adds every column after the words.
"""

from __future__ import annotations

import numpy as np

from priorvol._kernels.jit import kernel

_SMALL = 12  # up to this many rows insertion sort beats another radix pass


@kernel
def _less(a, i, b, j, words):
    if a[i, 0] != b[j, 0]:
        return a[i, 0] < b[j, 0]
    for w in range(1, words):
        if a[i, w] != b[j, w]:
            return a[i, w] < b[j, w]
    return False


@kernel
def _insertion_sort(rows, low, high, words, held):
    columns = rows.shape[1]
    for i in range(low + 1, high):
        if not _less(rows, i, rows, i - 1, words):
            continue
        for c in range(columns):
            held[0, c] = rows[i, c]
        j = i - 1
        while j >= low and _less(held, 0, rows, j, words):
            for c in range(columns):
                rows[j + 1, c] = rows[j, c]
            j -= 1
        for c in range(columns):
            rows[j + 1, c] = held[0, c]


@kernel
def _differing_bits(rows, low, high, word):
    """Return how many of the lowest bits of a word hold all differences among some rows."""
    difference = np.uint64(0)
    for i in range(low + 1, high):
        difference |= rows[i, word] ^ rows[low, word]
    bits = 0
    for step in (32, 16, 8, 4, 2, 1):
        if difference >> np.uint64(step) != np.uint64(0):
            difference >>= np.uint64(step)
            bits += step
    return bits + np.int64(difference)


@kernel
def sort_rows(rows, words):
    """Sort (k, columns) uint64 rows in place by their first ``words`` columns.

    Radix sort from the highest bits that differ, more bits a pass the more rows there are, with
    insertion sort in small buckets.
    """
    n, columns = rows.shape
    scratch = np.empty((n, columns), np.uint64)
    held = np.empty((1, columns), np.uint64)
    starts = np.empty(2049, np.int64)
    stack = np.empty((64, 3), np.int64)
    stack[0, 0], stack[0, 1], stack[0, 2] = 0, n, 0
    top = 1
    while top > 0:
        top -= 1
        low, high, word = stack[top, 0], stack[top, 1], stack[top, 2]
        if high - low <= _SMALL:
            _insertion_sort(rows, low, high, words, held)
            continue
        bits = _differing_bits(rows, low, high, word)
        while bits == 0 and word < words - 1:
            word += 1
            bits = _differing_bits(rows, low, high, word)
        if bits == 0:
            continue
        many = high - low
        width = min(11 if many > 1 << 14 else 8 if many > 1 << 8 else 4, bits)
        shift, mask = np.uint64(bits - width), np.uint64((1 << width) - 1)
        buckets = 1 << width
        starts[: buckets + 1] = 0
        for i in range(low, high):
            starts[np.int64((rows[i, word] >> shift) & mask) + 1] += 1
        for b in range(buckets):
            starts[b + 1] += starts[b]
        for i in range(low, high):
            b = np.int64((rows[i, word] >> shift) & mask)
            p = low + starts[b]
            starts[b] += 1
            for c in range(columns):
                scratch[p, c] = rows[i, c]
        rows[low:high] = scratch[low:high]
        if top + buckets > stack.shape[0]:
            larger = np.empty((2 * (top + buckets), 3), np.int64)
            larger[:top] = stack[:top]
            stack = larger
        begin = np.int64(0)
        for b in range(buckets):  # starts[b] is now the end of bucket b
            size = starts[b] - begin
            if size > _SMALL:
                stack[top, 0], stack[top, 1] = low + begin, low + starts[b]
                stack[top, 2] = word
                top += 1
            elif size > 1:
                _insertion_sort(rows, low + begin, low + starts[b], words, held)
            begin = starts[b]


@kernel
def group_rows(rows, ends):
    """Bring rows of equal highest byte together in place; ``ends`` (256,) says where each ends.

    Every row is moved once to its place (American flag sort), which touches no new memory.
    """
    columns = rows.shape[1]
    top = np.uint64(56)
    ends[:] = 0
    for i in range(rows.shape[0]):
        ends[np.int64(rows[i, 0] >> top)] += 1
    for b in range(1, 256):
        ends[b] += ends[b - 1]
    heads = np.zeros(256, np.int64)
    heads[1:] = ends[:255]
    held = np.empty(columns, np.uint64)
    for b in range(256):
        while heads[b] < ends[b]:
            i = heads[b]
            d = np.int64(rows[i, 0] >> top)
            if d == b:
                heads[b] += 1
                continue
            for c in range(columns):
                held[c] = rows[i, c]
            while d != b:  # put the row held in its place and take the one found there
                p = heads[d]
                heads[d] = p + 1
                for c in range(columns):
                    held[c], rows[p, c] = rows[p, c], held[c]
                d = np.int64(held[0] >> top)
            for c in range(columns):
                rows[i, c] = held[c]
            heads[b] += 1


@kernel
def first_disorder(rows, words):
    """Return the first i whose row is not strictly above row i - 1, or -1 if there is none."""
    for i in range(1, rows.shape[0]):
        if not _less(rows, i - 1, rows, i, words):
            return i
    return -1


@kernel
def union_size(a, b, words):
    """Return the number of distinct words in two sorted arrays of rows."""
    i = j = total = 0
    while i < a.shape[0] and j < b.shape[0]:
        total += 1
        if _less(a, i, b, j, words):
            i += 1
        elif _less(b, j, a, i, words):
            j += 1
        else:
            i += 1
            j += 1
    return total + (a.shape[0] - i) + (b.shape[0] - j)


@kernel
def merge_rows(a, b, words, out):
    """Merge two sorted arrays of rows into ``out``, adding the columns of equal functions."""
    columns = a.shape[1]
    i = j = k = 0
    while i < a.shape[0] or j < b.shape[0]:
        if j == b.shape[0] or (i < a.shape[0] and _less(a, i, b, j, words)):
            for c in range(columns):
                out[k, c] = a[i, c]
            i += 1
        elif i == a.shape[0] or _less(b, j, a, i, words):
            for c in range(columns):
                out[k, c] = b[j, c]
            j += 1
        else:
            for c in range(words):
                out[k, c] = a[i, c]
            for c in range(words, columns):
                out[k, c] = a[i, c] + b[j, c]
            i += 1
            j += 1
        k += 1


@kernel
def fold_rows(rows, words):
    """Add up equal neighbours of sorted rows in place; return how many rows remain."""
    n, columns = rows.shape
    if n == 0:
        return 0
    k = 0
    for i in range(1, n):
        if _less(rows, k, rows, i, words):
            k += 1
            for c in range(columns):
                rows[k, c] = rows[i, c]
        else:
            for c in range(words, columns):
                rows[k, c] += rows[i, c]
    return k + 1


@kernel
def popcount(word):
    """Return the number of ones of a uint64."""
    x = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def ones(rows, words, out):
    """Write T, the number of ones of each row's function, to ``out`` (k,) int64."""
    for i in range(rows.shape[0]):
        total = np.int64(0)
        for w in range(words):
            total += popcount(rows[i, w])
        out[i] = total
