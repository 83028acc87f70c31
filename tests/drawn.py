"""Tables from explicit draws, for tests that count by brute force."""

from collections import Counter

import numpy as np

from priorvol.architecture import Architecture
from priorvol.inputs import array_inputs
from priorvol.provenance import Provenance, Span
from priorvol.sources import PriorSampling
from priorvol.table import FunctionTable
from priorvol.task import Task


def task_on(m):
    """Return a task whose functions have ``m`` bits."""
    return Task(Architecture(1), inputs=array_inputs(np.arange(1.0, m + 1)[:, None]))


def tally(groups):
    """Return counts and sums over groups of c (c - 1), one Counter each."""
    counts, pairs = Counter(), Counter()
    for group in groups:
        for key, c in Counter(group).items():
            counts[key] += c
            pairs[key] += c * (c - 1)
    return counts, pairs


def table_of(groups, m, *, start=0, seed=0, stream_version=1, sums=True):
    """Count 0/1 texts of length ``m`` in ``groups``, lists of equal length, as a sampled table."""
    draws = len(groups[0])
    counts, pairs = tally(groups)
    _, t_pairs = tally([[text.count("1") for text in group] for group in groups])
    grouped = draws > 1 and sums
    return FunctionTable(
        list(counts),
        list(counts.values()),
        task=task_on(m),
        source=PriorSampling(draws),
        provenance=Provenance((Span(seed, draws, start, start + len(groups), stream_version),)),
        group_pairs=[pairs[text] for text in counts] if grouped else None,
        t_pairs=[t_pairs[t] for t in range(m + 1)] if grouped else None,
    )


def contents(table):
    """Return a table's counts as a dict of texts."""
    return dict(zip(table_texts(table), table.counts.tolist(), strict=True))


def table_texts(table):
    """Return a table's functions as 0/1 texts by Python's integers, in storage order."""
    texts = []
    for row in table.functions.tolist():
        number = sum(word << (64 * j) for j, word in enumerate(row))
        texts.append(format(number, f"0{table.m}b")[::-1])
    return texts
