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
) -> Counts:
    """Return how many draws of a table fell into each of some orbits.

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
    array([5])
    """
    n = check_cube(table, table.m, "pooling", largest_n=7)
    places = {word.tobytes(): place for place, word in enumerate(canonical)}
    wanted = np.unique(_signatures(canonical, n))
    totals = np.zeros(len(canonical), dtype=np.int64)
    with progress_bar(len(table), "functions", delay=1.0, progress=progress) as bar:
        for functions, counts in table.chunks():
            found = np.isin(_signatures(functions, n), wanted)
            for word, count in zip(
                symmetry.canonical(functions[found], symmetries, m=table.m),
                counts[found].tolist(),
                strict=True,
            ):
                place = places.get(word.tobytes())
                if place is not None:
                    totals[place] += count
            bar.update(len(counts))
    return totals


def _signatures(words: Any, n: int) -> Words:
    from priorvol._kernels.signature import signatures

    out = np.empty(len(words), dtype=np.uint64)
    signatures(as_seven(words, n), out)
    return out
