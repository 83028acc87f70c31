"""Critical sample ratio: the share of inputs that lie near a differently classified one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol.bits import Words
from priorvol.complexity.chunks import check_points, word_chunks
from priorvol.complexity.registry import SYMMETRIES, Measure, register
from priorvol.inputs import MAX_CUBE, Inputs

Floats = npt.NDArray[np.float64]
Block = tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int32]]

_PAIRS_AT_ONCE = 1 << 20
_PAIRS_KEPT = 1 << 24  # 64 MiB; beyond, neighbours are searched again for each part of a table


def critical_sample_ratio(
    functions: Any,
    *,
    m: int | None = None,
    inputs: Inputs | None = None,
    radius: float | None = None,
) -> Floats:
    """Return the fraction of inputs that have a differently classified input within a radius.

    Parameters
    ----------
    functions : any form of k functions
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.
    inputs : Inputs, optional
        The points; by default those of the table's task, and where there is none the Boolean cube,
        if m is a power of two.
    radius : float, optional
        Largest distance of a neighbour. On a Boolean cube, in either encoding, a Hamming distance,
        by default 1. Elsewhere a Euclidean distance in the units of the points, which must be
        given; a quantile of `nearest_distances` is a choice: at their median, half the points have
        a neighbour at all.

    Returns
    -------
    ratio : (k,) float64 array
        In [0, 1].

    Raises
    ------
    ValueError
        If the functions are not in an accepted form, m is missing or does not agree, the points
        are not those of the functions, or the radius is not positive, or missing on points that
        are no Boolean cube.

    Notes
    -----
    Arpit et al. search a box of a given size around each datum for any point that the network
    classifies otherwise. A function is known on its inputs only, so here the other inputs take the
    place of that box. On the Boolean cube with radius 1 it is the measure of arXiv:1805.08522.

    Euclidean neighbours are found with scikit-learn's ball tree, some at a time: the memory needed
    does not grow with the number of neighbours.

    Source: Arpit et al., arXiv:1706.05394; arXiv:1805.08522.

    Examples
    --------
    AND differs at the all-ones input and its n neighbours.

    >>> critical_sample_ratio("00000001"), critical_sample_ratio("00000001", radius=2)
    (array([0.5]), array([0.875]))

    >>> from priorvol.inputs import array_inputs
    >>> line = array_inputs([[0.0], [1.0], [2.0], [4.0]])
    >>> critical_sample_ratio("0010", inputs=line, radius=1.5)
    array([0.5])
    """
    chunks, found = word_chunks(functions, m)
    points, radius = check_points(functions, found, "critical_sample_ratio", inputs, radius)
    parts = [
        _on_points(words, points, radius)
        if points.encoding is None
        else _on_cube(words, points.n, radius)
        for words in chunks
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def nearest_distances(inputs: Inputs) -> Floats:
    """Return each point's Euclidean distance to the nearest other point.

    Parameters
    ----------
    inputs : Inputs
        At least two points.

    Returns
    -------
    distances : (m,) float64 array
        In the units of the points; 0 for a point that occurs twice.

    Raises
    ------
    ValueError
        If there is one point only.

    Examples
    --------
    >>> from priorvol.inputs import array_inputs
    >>> nearest_distances(array_inputs([[0.0], [1.0], [3.0], [3.0]]))
    array([1., 1., 0., 0.])
    """
    if not isinstance(inputs, Inputs):
        raise ValueError(f"inputs must be Inputs (see array_inputs), got {type(inputs).__name__}")
    if inputs.m < 2:
        raise ValueError("inputs must hold at least two points, got 1")
    from sklearn.neighbors import BallTree

    distances, _ = BallTree(inputs.values).query(inputs.values, k=2)
    nearest: Floats = distances[:, 1]  # a point, or its duplicate, is the first at distance 0
    return nearest


def _on_cube(words: Words, n: int, radius: float) -> Floats:
    if radius < 1:
        return np.zeros(len(words))
    from priorvol._kernels.neighbours import count_boundary

    columns = np.array(words.T, dtype=np.uint64, order="C")
    return count_boundary(columns, n, int(min(radius, n))) / (1 << n)


def _on_points(words: Words, inputs: Inputs, radius: float) -> Floats:
    from priorvol._kernels.neighbours import mark_differing

    points = bits.pack(bits.unpack(words, inputs.m).T)
    marks = np.empty_like(points)
    for first, starts, neighbours in _neighbours(inputs, radius):
        mark_differing(points, starts, neighbours, first, marks)
    ratio: Floats = bits.unpack(marks, len(words)).sum(axis=0) / inputs.m
    return ratio


class _Neighbours:
    """The neighbours of each point within a radius, the point itself among them."""

    def __init__(self, inputs: Inputs, radius: float) -> None:
        """Build the tree and count; find the neighbours now unless there are very many."""
        from sklearn.neighbors import BallTree

        self._values = inputs.values
        self._radius = radius
        with np.errstate(over="ignore"):
            width = float(np.linalg.norm(np.ptp(self._values, axis=0)))
            reach = radius * (1 + 1e-9) + 1e-12 * width  # rounding in the tree must lose no pair
        self._reach = min(reach, np.finfo(np.float64).max)
        self._tree = BallTree(self._values)
        counts = self._tree.query_radius(self._values, self._reach, count_only=True)
        self._ends = np.cumsum(counts)
        self._blocks = list(self._search()) if self._ends[-1] <= _PAIRS_KEPT else None

    def __iter__(self) -> Iterator[Block]:
        """Yield (first, starts, neighbours) as `mark_differing` takes them."""
        return self._search() if self._blocks is None else iter(self._blocks)

    def _search(self) -> Iterator[Block]:
        first, done = 0, 0
        while first < len(self._ends):
            fitting = int(np.searchsorted(self._ends, done + _PAIRS_AT_ONCE, side="right"))
            stop = max(first + 1, fitting)
            found, distances = self._tree.query_radius(
                self._values[first:stop], self._reach, return_distance=True
            )
            kept = [near[d <= self._radius] for near, d in zip(found, distances, strict=True)]
            starts = np.cumsum([0, *map(len, kept)], dtype=np.int64)
            yield first, starts, np.concatenate(kept).astype(np.int32)
            first, done = stop, int(self._ends[stop - 1])


@lru_cache(maxsize=1)  # the parts of a table share their inputs
def _neighbours(inputs: Inputs, radius: float) -> _Neighbours:
    return _Neighbours(inputs, radius)


register(
    Measure(
        name="critical_sample_ratio",
        function=critical_sample_ratio,
        unit="",
        label="critical sample ratio",
        cost="about 50 million functions a second a core at n = 7, 100 thousand on 1,797 digits",
        source="Arpit et al., arXiv:1706.05394; arXiv:1805.08522",
        description="fraction of inputs with a differently classified one within the radius",
        needs="points",
        largest_n=MAX_CUBE,
        symmetries=SYMMETRIES,
        oracle="all pairs, one by one; parity, AND; scikit-learn's radius_neighbors_graph",
    )
)
