"""Adding function tables, and restricting them to fewer inputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol._kernels import rows as kernels
from priorvol.inputs import check_indices
from priorvol.task import Task

if TYPE_CHECKING:
    from priorvol.table import FunctionTable


def add(a: FunctionTable, b: FunctionTable) -> FunctionTable:
    """Return the table of both sets of draws; what ``a + b`` does.

    Raises
    ------
    ValueError
        If a task is unknown, the tasks, sources or stream versions differ, or a draw is in both;
        the message says which.
    """
    if a.task is None or b.task is None:
        raise ValueError("tables without a task cannot be added: give task= on import")
    if a.task != b.task:
        raise ValueError(f"tasks differ: {a.task} and {b.task}")
    for table in (a, b):
        if table.n_unlisted:
            raise ValueError(
                f"tables that leave functions out cannot be added, got {table!r} with "
                f"{table.n_unlisted:,} draws not listed"
            )
    if a.source != b.source:
        raise ValueError(f"sources differ: {a.source} and {b.source}")
    versions = {span.stream_version for table in (a, b) for span in table.provenance.spans}
    if len(versions) > 1:
        raise ValueError(f"stream versions differ: {sorted(versions)}")
    provenance = a.provenance + b.provenance
    columns = min(a.rows.shape[1], b.rows.shape[1])
    left, right = (np.ascontiguousarray(table.rows[:, :columns]) for table in (a, b))
    size = kernels.union_size(left, right, a.n_words)
    rows = np.empty((size, columns), dtype=np.uint64)
    kernels.merge_rows(left, right, a.n_words, rows)
    pairs = None
    if a.t_pairs is not None and b.t_pairs is not None:
        pairs = a.t_pairs + b.t_pairs
    return type(a).from_rows(
        rows,
        task=a.task,
        m=a.m,
        source=a.source,
        provenance=provenance,
        n_samples=a.n_samples + b.n_samples,
        t_sums=(a.t_counts + b.t_counts, pairs),
    )


def add_all(tables: Iterable[FunctionTable]) -> FunctionTable:
    """Return the sum of one table or more, adding small ones first.

    Raises
    ------
    ValueError
        If there is none, or as `add`.
    """
    waiting = sorted(tables, key=len, reverse=True)
    if not waiting:
        raise ValueError("at least one table is wanted")
    while len(waiting) > 1:
        total = add(waiting.pop(), waiting.pop())
        place = len(waiting)
        while place > 0 and len(waiting[place - 1]) < len(total):
            place -= 1
        waiting.insert(place, total)
    return waiting[0]


def restrict(table: FunctionTable, indices: npt.ArrayLike) -> FunctionTable:
    """Return the table of the functions on some inputs; see `FunctionTable.restrict`."""
    kept = check_indices(indices, table.m)
    words = bits.n_words(len(kept))
    rows = np.empty((len(table), words + 1), dtype=np.uint64)
    start = 0
    for functions, counts in table.chunks():
        stop = start + len(counts)
        rows[start:stop, :words] = bits.pack(bits.unpack(functions, table.m)[:, kept])
        rows[start:stop, words] = counts
        start = stop
    kernels.sort_rows(rows, words)
    task = table.task
    if task is not None:
        task = Task(task.architecture, task.prior, task.inputs.subset(kept))
    return type(table).from_rows(
        rows[: kernels.fold_rows(rows, words)].copy(),
        task=task,
        m=len(kept),
        source=table.source,
        provenance=table.provenance,
        n_samples=table.n_samples,
        t_sums=None,
    )
