"""Reading functions a part at a time, so that a table may be larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol.bits import Words

Number = TypeVar("Number", np.int64, np.float64)

CHUNK_WORDS = 1 << 17  # 1 MiB of packed functions


def word_chunks(functions: Any, m: int | None = None) -> tuple[Iterator[Words], int]:
    """Return an iterator over packed functions, about 1 MiB at a time, and m.

    Parameters
    ----------
    functions : any form of functions
        See `priorvol.bits.as_words`. A table with a ``chunks`` method is read through it; packed
        words may be a memory-mapped array.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    chunks : iterator of (rows, ceil(m / 64)) uint64 arrays
        In the order given. The rows add up to k.
    m : int

    Raises
    ------
    ValueError
        If the form is not one of these, or m is missing or does not agree.

    Examples
    --------
    >>> chunks, m = word_chunks(["0110", "1111"])
    >>> list(chunks), m
    ([array([[ 6],
           [15]], dtype=uint64)], 4)
    """
    if callable(getattr(functions, "chunks", None)) and hasattr(functions, "m"):
        found = bits.table_m(functions, m)
        parts = (item[0] if isinstance(item, tuple) else item for item in functions.chunks())
        return _cut((bits.as_words(part, found)[0] for part in parts), found), found
    words, found = bits.as_words(functions, m)
    return _cut(iter([words]), found), found


def map_functions(
    column: Callable[[Words, int], npt.NDArray[Number]],
    functions: Any,
    m: int | None,
    dtype: type[Number],
) -> npt.NDArray[Number]:
    """Apply ``column``, packed words and m to one number a row, to any form of functions.

    Raises
    ------
    ValueError
        As `word_chunks`.

    Examples
    --------
    >>> map_functions(lambda words, m: words[:, 0].astype(np.int64), ["01", "11"], None, np.int64)
    array([2, 3])
    """
    chunks, found = word_chunks(functions, m)
    parts = [column(words, found) for words in chunks]
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)


def check_cube(functions: Any, m: int, what: str) -> int:
    """Return n, or raise ``ValueError`` unless the m inputs can be a whole Boolean cube {0,1}^n.

    A table with a task is asked for its inputs; elsewhere m = 2^n is all that can be checked.

    Examples
    --------
    >>> check_cube("01101001", 8, "sensitivity")
    3
    """
    n = m.bit_length() - 1
    if n < 1 or m != 1 << n:
        raise ValueError(
            f"{what} needs functions on a whole Boolean cube, m = 2^n with n >= 1, got m = {m}"
        )
    inputs = getattr(getattr(functions, "task", None), "inputs", None)
    if inputs is not None and inputs.encoding is None:
        raise ValueError(
            f"{what} needs functions on a whole Boolean cube in its standard order, but the "
            f"table's inputs are {inputs.name}"
        )
    return n


def _cut(parts: Iterator[Words], m: int) -> Iterator[Words]:
    rows = max(1, CHUNK_WORDS // bits.n_words(m))
    for words in parts:
        for start in range(0, len(words), rows):
            yield words[start : start + rows]
