"""Reading functions a part at a time, so that a table may be larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol.bits import Words
from priorvol.inputs import MAX_CUBE, Inputs, boolean_cube

Number = TypeVar("Number", np.bool_, np.int64, np.float64)

Value = TypeVar("Value", bound=np.generic)

CHUNK_WORDS = 1 << 17  # 1 MiB of packed functions


def word_chunks(
    functions: Any, m: int | None = None, *, max_rows: int | None = None
) -> tuple[Iterator[Words], int]:
    """Return an iterator over packed functions, about 1 MiB at a time, and m.

    Parameters
    ----------
    functions : any form of functions
        See `priorvol.bits.as_words`. A table with a ``chunks`` method is read through it; packed
        words may be a memory-mapped array.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.
    max_rows : int, optional
        Most functions at a time.

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
        words = (bits.as_words(part, found)[0] for part in parts)
        return _cut(words, found, max_rows), found
    given, found = bits.as_words(functions, m)
    return _cut(iter([given]), found, max_rows), found


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


def map_cube(
    column: Callable[[Words, int], npt.NDArray[Number]],
    functions: Any,
    m: int | None,
    dtype: type[Number],
    what: str,
) -> npt.NDArray[Number]:
    """Apply ``column`` to one number a row on a cube of at most seven inputs.

    ``column`` takes the functions as two rows of words, (2, k) uint64 in C order, and n. They are
    the functions as seen on seven inputs, the first 7 - n of which do nothing: bit b of word j is
    f at the last n bits of 64 j + b.

    Raises
    ------
    ValueError
        As `word_chunks` and `check_cube`; ``what`` is named in messages.

    Examples
    --------
    >>> map_cube(lambda pair, n: pair[0] & 15 == 6, "0110", None, np.bool_, "it")
    array([ True])
    """
    chunks, found = word_chunks(functions, m)
    n = check_cube(functions, found, what, largest_n=7)
    parts = [column(as_seven(words, n), n) for words in chunks]
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)


def map_any_cube(
    rows: Callable[[Words, int], npt.NDArray[Value]],
    functions: Any,
    m: int | None,
    what: str,
) -> npt.NDArray[Value]:
    """Apply ``rows``, packed words and n to an array of k rows, on a cube of at most 16 inputs.

    Raises
    ------
    ValueError
        As `word_chunks` and `check_cube`; ``what`` is named in messages.

    Examples
    --------
    >>> map_any_cube(lambda words, n: words ^ words, ["0110", "0001"], None, "it")
    array([[0],
           [0]], dtype=uint64)
    """
    chunks, found = word_chunks(functions, m)
    n = check_cube(functions, found, what, largest_n=MAX_CUBE)
    none = np.empty((0, bits.n_words(found)), dtype=np.uint64)
    return np.concatenate([rows(words, n) for words in chunks] or [rows(none, n)])


def map_columns(
    column: Callable[[Words, int], npt.NDArray[Value]],
    functions: Any,
    m: int | None,
    what: str,
) -> npt.NDArray[Value]:
    """Apply ``column``, words as (words, k) in C order and n; else as `map_any_cube`.

    Examples
    --------
    >>> map_columns(lambda columns, n: columns[0], ["0110", "0001"], None, "it")
    array([6, 8], dtype=uint64)
    """

    def rows(words: Words, n: int) -> npt.NDArray[Value]:
        return column(np.array(words.T, dtype=np.uint64, order="C"), n)

    return map_any_cube(rows, functions, m, what)


def as_seven(words: Words, n: int) -> Words:
    """Return packed functions on {0,1}^n, n <= 7, as (2, k) words on {0,1}^7; see `map_cube`.

    Examples
    --------
    >>> [hex(word) for word in as_seven(np.array([[6]], dtype=np.uint64), 2)[:, 0].tolist()]
    ['0x6666666666666666', '0x6666666666666666']
    """
    if n == 7:
        return np.array(words.T, dtype=np.uint64, order="C")
    word = words[:, 0].astype(np.uint64)
    for bit in range(n, 6):
        word |= word << np.uint64(1 << bit)
    return np.array([word, word])


def check_cube(functions: Any, m: int, what: str, *, largest_n: int | None = None) -> int:
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
    if largest_n is not None and n > largest_n:
        raise ValueError(f"{what} is computed for n at most {largest_n}, got n = {n}")
    inputs = _task_inputs(functions)
    if inputs is not None and inputs.encoding is None:
        raise ValueError(
            f"{what} needs functions on a whole Boolean cube in its standard order, but the "
            f"table's inputs are {inputs.name}"
        )
    return n


def check_points(
    functions: Any, m: int, what: str, inputs: Inputs | None, radius: float | None
) -> tuple[Inputs, float]:
    """Return the points of the functions and the radius, or raise ``ValueError``.

    The points are those given, or those of the table's task, or the Boolean cube if m = 2^n. On a
    cube the radius is a Hamming distance, by default 1; elsewhere it must be given.

    Examples
    --------
    >>> check_points("0110", 4, "critical_sample_ratio", None, None)[1]
    1.0
    """
    known = _task_inputs(functions)
    if inputs is not None and not isinstance(inputs, Inputs):
        raise ValueError(f"inputs must be Inputs or None, got {type(inputs).__name__}")
    if inputs is not None and known is not None and inputs != known:
        raise ValueError(f"inputs are {inputs.name}, but those of the table are {known.name}")
    inputs = known if inputs is None else inputs
    if inputs is None:
        inputs = boolean_cube(
            check_cube(functions, m, f"{what} without inputs", largest_n=MAX_CUBE)
        )
    if inputs.m != m:
        raise ValueError(f"inputs has {inputs.m} points, but the functions have m = {m} inputs")
    if radius is None:
        if inputs.encoding is None:
            raise ValueError(f"{what} needs radius, the size of a neighbourhood, on {inputs.name}")
        radius = 1.0
    return inputs, checks.real("radius", radius, low=0.0, open_low=True)


def _task_inputs(functions: Any) -> Inputs | None:
    inputs: Inputs | None = getattr(getattr(functions, "task", None), "inputs", None)
    return inputs


def _cut(parts: Iterator[Words], m: int, max_rows: int | None) -> Iterator[Words]:
    rows = max(1, CHUNK_WORDS // bits.n_words(m))
    if max_rows is not None:
        rows = min(rows, max_rows)
    for words in parts:
        for start in range(0, len(words), rows):
            yield words[start : start + rows]
