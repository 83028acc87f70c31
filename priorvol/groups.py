"""What counts must be, alone and of draws that come in groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol.provenance import Provenance
from priorvol.rows import Counts
from priorvol.sources import Source, drawn_right


def counts_of(name: str, values: npt.ArrayLike, k: int, *, low: int) -> Counts:
    """Return k counts as int64, or raise ``ValueError`` if they are no whole numbers from ``low``.

    Examples
    --------
    >>> counts_of("counts", [1.0, 2.0], 2, low=1)
    array([1, 2])
    """
    array = np.asarray(values)
    if array.shape != (k,):
        raise ValueError(f"{name} must have shape ({k},), got {array.shape}")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be whole numbers, got dtype {array.dtype}")
    broken = array[array != np.floor(array)] if array.dtype.kind == "f" else array[:0]
    if broken.size:
        raise ValueError(f"{name} must be whole numbers, got {broken[0]}")
    if k and (array.min() < low or array.max() >= 2**62):
        worst = array.min() if array.min() < low else array.max()
        raise ValueError(f"{name} must lie in {low}..2^62, got {worst}")
    return array.astype(np.int64)


def check_groups(
    source: Any, provenance: Provenance, n_samples: int, columns: list[Counts]
) -> None:
    """Check that draws are whole groups, those of the provenance.

    Parameters
    ----------
    source : Source
    provenance : Provenance
    n_samples : int
    columns : list of (k,) int64 arrays
        Counts and, for grouped draws, the sums of c (c - 1) over groups.

    Raises
    ------
    ValueError
        If they are not, the source is no record of one, or the sums are beyond what groups of that
        size can give.

    Examples
    --------
    >>> from priorvol.sources import PriorSampling
    >>> check_groups(PriorSampling(output_draws=4), Provenance(), 6, [])
    Traceback (most recent call last):
    ...
    ValueError: 6 draws are not whole groups of 4
    """
    if not isinstance(source, Source):
        raise ValueError(
            f"source must be a record of priorvol.sources, such as PriorSampling, got {source!r}"
        )
    draws = source.output_draws
    if n_samples % draws and not drawn_right(source, draws, 1):
        raise ValueError(f"{n_samples} draws are not whole groups of {draws}")
    spans = provenance.spans
    if any(span.output_draws != draws for span in spans):
        raise ValueError(f"provenance and source differ in output_draws: {spans}, {draws}")
    held = sum(span.size * draws for span in spans)
    if held and not drawn_right(source, held, n_samples):
        raise ValueError(f"provenance holds {held} draws, but n_samples = {n_samples}")
    if len(columns) > 1:
        counts, pairs = columns
        wrong = (pairs % 2 != 0) | (pairs > counts * (np.minimum(counts, draws) - 1))
        if wrong.any():
            raise ValueError(
                f"group_pairs must be even and at most count * (draws - 1), got "
                f"{pairs[wrong][0]} for a count of {counts[wrong][0]}, {draws} draws a group"
            )
