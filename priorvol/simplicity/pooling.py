"""Counts of whole orbits: draws of any function that has the same P(f) by symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import symmetry
from priorvol.bits import Words
from priorvol.complexity.chunks import as_seven, check_cube
from priorvol.progress import progress_bar
from priorvol.table import FunctionTable

Counts = npt.NDArray[np.int64]


def pooled_counts(
    table: FunctionTable,
    canonical: Words,
    symmetries: tuple[str, ...],
    *,
    progress: bool | None = None,
) -> tuple[Counts, Counts | None, Counts | None]:
    """Return how many draws of a table fell into each of some orbits, and how they are grouped.

    Parameters
    ----------
    table : FunctionTable
        On {0,1}^n, n at most 7.
    canonical : (k, words) uint64 array
        The orbits, as `priorvol.symmetry.canonical` writes them, each once.
    symmetries : tuple of str
        Those that make the orbits.
    progress : bool, optional
        Whether to show progress on standard error; by default where that is a terminal.

    Returns
    -------
    counts : (k,) int64 array
    group_pairs : (k,) int64 array or None
        For grouped draws the most that the sum over groups of c (c - 1) can be, c the draws of the
        group in the orbit: functions of an orbit that are drawn in the same groups are not kept, so
        by Minkowski's inequality the root of the sum of c^2 is at most the sum of the functions'
        roots, and c is at most the size of the largest group. None if the table has lost its group
        sums.
    size_sums : (k,) int64 array or None
        Where groups vary in size a, the sum over groups of c a; else None.

    Raises
    ------
    ValueError
        If the table is not on such a cube.

    Notes
    -----
    A number that all functions of an orbit share (`priorvol._kernels.signature`) sets aside nearly
    every function of the table that is in none of the orbits.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0001", "0010", "0100", "0110"], [5, 2, 3, 7])
    >>> word = symmetry.canonical("0010", ("permutation",))
    >>> pooled_counts(table, word, ("permutation",))
    (array([5]), array([0]), None)
    """
    n = check_cube(table, table.m, "pooling", largest_n=7)
    places = {word.tobytes(): place for place, word in enumerate(canonical)}
    wanted = np.unique(_signatures(canonical, n))
    totals = np.zeros(len(canonical), dtype=np.int64)
    roots = np.zeros(len(canonical))
    sizes = None if table.size_sums is None else np.zeros(len(canonical), dtype=np.int64)
    with progress_bar(len(table), "functions", delay=1.0, progress=progress) as bar:
        for part in table.row_parts():
            found = np.isin(_signatures(part.functions, n), wanted)
            images = symmetry.canonical(part.functions[found], symmetries, m=table.m)
            at = np.array([places.get(image.tobytes(), -1) for image in images], dtype=np.int64)
            counts = part.counts[found]
            inside = at >= 0
            np.add.at(totals, at[inside], counts[inside])
            if part.group_pairs is not None:
                squares = counts + part.group_pairs[found]
                np.add.at(roots, at[inside], np.sqrt(squares[inside]))
            if sizes is not None and part.size_sums is not None:
                np.add.at(sizes, at[inside], part.size_sums[found][inside])
            bar.update(len(found))
    if table.group_size == 1.0:
        return totals, np.zeros_like(totals), sizes
    if table.group_pairs is None:
        return totals, None, sizes
    most = totals * (np.minimum(totals, table.source.output_draws) - 1)
    pairs = np.minimum(np.ceil(roots**2 - 1e-6).astype(np.int64) - totals, most)
    return totals, pairs, sizes


def _signatures(words: Any, n: int) -> Words:
    from priorvol._kernels.signature import signatures

    out = np.empty(len(words), dtype=np.uint64)
    signatures(as_seven(words, n), out)
    return out
