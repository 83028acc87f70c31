"""Functions as bits: packing, parsing and printing.

The bit order, stated here once. A function on m inputs is the word f(x_0) ... f(x_{m-1}).
Packed, bit b of uint64 word j is f(x_{64 j + b}) and unused high bits are 0. As text, character
i of a 0/1 string is f(x_i); ``0x...`` holds the hexadecimal digits of that string read as a
big-endian number, ceil(m / 4) of them.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks

Words = npt.NDArray[np.uint64]

BIT_ORDER = "bit b of little-endian uint64 word j is input 64*j + b; unused bits are 0"


def n_words(m: int) -> int:
    """Return the number of uint64 words that hold m bits.

    Examples
    --------
    >>> n_words(128), n_words(8)
    (2, 1)
    """
    return -(-checks.integer("m", m, low=1) // 64)


def pack(bits: npt.ArrayLike) -> Words:
    """Pack a (k, m) array of zeros and ones into (k, ceil(m / 64)) words.

    Raises
    ------
    ValueError
        If the array is not two-dimensional with m >= 1, or holds anything but 0 and 1.

    Examples
    --------
    >>> pack([[1, 0, 0, 1]])
    array([[9]], dtype=uint64)
    """
    array = np.asarray(bits)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"bits must have shape (k, m) with m >= 1, got shape {array.shape}")
    if array.dtype != np.bool_:
        if array.dtype.kind not in "iuf":
            raise ValueError(f"bits must be boolean or 0/1 numbers, got dtype {array.dtype}")
        wrong = (array != 0) & (array != 1)
        if wrong.any():
            raise ValueError(f"bits must be 0 or 1, got {array[wrong][0]!r}")
        array = array.astype(bool)
    k, m = array.shape
    packed = np.zeros((k, 8 * n_words(m)), dtype=np.uint8)
    packed[:, : -(-m // 8)] = np.packbits(array, axis=1, bitorder="little")
    return packed.view("<u8").astype(np.uint64, copy=False)


def unpack(words: npt.ArrayLike, m: int) -> npt.NDArray[np.bool_]:
    """Return the (k, m) boolean array that ``words`` (k, ceil(m / 64)) packs.

    Examples
    --------
    >>> unpack([[9]], 4).astype(int)
    array([[1, 0, 0, 1]])
    """
    m = checks.integer("m", m, low=1)
    checked = check_words(words, m)
    octets = np.ascontiguousarray(checked, dtype="<u8").view(np.uint8)
    return np.unpackbits(octets, axis=1, count=m, bitorder="little").astype(bool)


def check_words(words: npt.ArrayLike, m: int) -> Words:
    """Return ``words`` as a (k, ceil(m / 64)) uint64 array.

    Raises
    ------
    ValueError
        If the shape or the type is wrong, or an unused bit is set.

    Examples
    --------
    >>> check_words([[3]], 2)
    array([[3]], dtype=uint64)
    """
    m = checks.integer("m", m, low=1)
    array = np.asarray(words)
    if array.ndim != 2 or array.shape[1] != n_words(m):
        raise ValueError(
            f"packed functions of m = {m} inputs must have shape (k, {n_words(m)}), "
            f"got shape {array.shape}"
        )
    if array.dtype.kind not in "iu":
        raise ValueError(f"packed functions must be unsigned integers, got dtype {array.dtype}")
    if array.dtype.kind == "i" and array.size and array.min() < 0:
        raise ValueError(f"packed functions must be unsigned, got {array.min()}")
    array = array.astype(np.uint64, copy=False)
    spare = 64 * array.shape[1] - m
    if spare and array.size and int(array[:, -1].max()) >> (64 - spare):
        raise ValueError(f"packed functions of m = {m} inputs have a bit set beyond input {m - 1}")
    return array


def as_words(functions: Any, m: int | None = None) -> tuple[Words, int]:
    """Return any accepted form of functions as packed words, with m.

    Parameters
    ----------
    functions : FunctionTable, str, sequence of str, bool array or uint64 array
        A table's own functions; one text or several (see the module's head); a (k, m) or (m,)
        boolean array; packed words of shape (k, words) or (words,), which need ``m``.
    m : int, optional
        Number of inputs. Needed for packed words and for ``0x`` text; elsewhere checked.

    Returns
    -------
    words : (k, ceil(m / 64)) uint64 array
    m : int

    Raises
    ------
    ValueError
        If the form is not one of these, or m is missing or does not agree.

    Examples
    --------
    >>> as_words("0110")
    (array([[6]], dtype=uint64), 4)
    """
    if m is not None:
        m = checks.integer("m", m, low=1)
    if hasattr(functions, "functions") and hasattr(functions, "m"):
        return functions.functions, table_m(functions, m)
    if isinstance(functions, str):
        functions = [functions]
    if isinstance(functions, np.ndarray) and functions.dtype.kind not in "USO":
        return _array_words(functions, m)
    if isinstance(functions, Iterable) and getattr(functions, "ndim", 1) > 0:
        items = list(functions)
        if items and all(isinstance(item, str) for item in items):
            return _text_words(items, m)
        if items and all(isinstance(item, np.ndarray) for item in items):
            return _array_words(np.asarray(items), m)
    raise ValueError(
        "functions must be a FunctionTable, 0/1 or 0x text, a boolean array (k, m) or packed "
        f"uint64 words (k, words), got {type(functions).__name__}"
    )


def table_m(table: Any, m: int | None = None) -> int:
    """Return a table's m, or raise ``ValueError`` if another was given."""
    found = checks.integer("m", table.m, low=1)
    if m is not None and m != found:
        raise ValueError(f"m = {m}, but the table's functions have m = {found} inputs")
    return found


def as_word(function: Any, m: int) -> Words:
    """Return one function on m inputs as its (ceil(m / 64),) words.

    Raises
    ------
    ValueError
        If it is not exactly one function on m inputs.

    Examples
    --------
    >>> as_word("0x6", 4)
    array([6], dtype=uint64)
    """
    words, _ = as_words(function, m)
    if len(words) != 1:
        raise ValueError(f"one function is wanted, got {len(words)}")
    word: Words = words[0]
    return word


def to_text(words: npt.ArrayLike, m: int, *, base: int = 2) -> list[str]:
    """Print packed functions (k, words) as 0/1 strings (``base=2``) or ``0x`` (``base=16``).

    Examples
    --------
    >>> to_text([[6]], 4), to_text([[1]], 4, base=16)
    (['0110'], ['0x8'])
    """
    if base not in (2, 16):
        raise ValueError(f"base must be 2 or 16, got {base!r}")
    m = checks.integer("m", m, low=1)
    bits = unpack(words, m)
    if base == 2:
        rows = (bits.astype(np.uint8) + ord("0")).tobytes().decode("ascii")
        return [rows[start : start + m] for start in range(0, len(rows), m)]
    digits = -(-m // 4)
    padded = np.zeros((len(bits), 8 * -(-m // 8)), dtype=bool)
    padded[:, padded.shape[1] - m :] = bits
    octets = np.packbits(padded, axis=1)
    return ["0x" + row.tobytes().hex()[-digits:] for row in octets]


def _array_words(array: npt.NDArray[Any], m: int | None) -> tuple[Words, int]:
    if array.ndim == 1:
        array = array[None, :]
    if array.dtype == np.bool_:
        words = pack(array)
        if m is not None and m != array.shape[1]:
            raise ValueError(f"m = {m}, but the boolean array has {array.shape[1]} columns")
        return words, array.shape[1]
    if m is None:
        raise ValueError(
            "packed words need m, the number of inputs (0/1 arrays must be boolean: use "
            f"array.astype(bool)); got dtype {array.dtype}"
        )
    return check_words(array, m), m


def _text_words(texts: list[str], m: int | None) -> tuple[Words, int]:
    plain = [text.strip() for text in texts]
    if m is None:
        first = next((text for text in plain if not text.lower().startswith("0x")), None)
        if first is None:
            raise ValueError("0x text needs m, the number of inputs")
        m = len(first)
    rows = [_text_bits(text, m) for text in plain]
    return pack(np.array(rows, dtype=np.uint8).astype(bool)), m


def _text_bits(text: str, m: int) -> npt.NDArray[np.uint8]:
    if text.lower().startswith("0x"):
        digits = text[2:]
        if not digits or not set(digits) <= set(string.hexdigits):
            raise ValueError(f"not a hexadecimal function: {text!r}")
        value = int(digits, 16)
        if len(digits) != -(-m // 4) or value >> m:
            raise ValueError(
                f"{text!r} does not fit m = {m} inputs: {-(-m // 4)} hexadecimal digits and a "
                f"value below 2**{m} are wanted"
            )
        text = f"{value:0{m}b}"
    bits = np.frombuffer(text.encode("utf-8"), dtype=np.uint8) - ord("0")
    if len(bits) == 0 or (bits > 1).any():
        raise ValueError(f"a function must be written in 0 and 1 (or as 0x...), got {text!r}")
    if len(bits) != m:
        raise ValueError(f"{text!r} has {len(bits)} characters, but m = {m} inputs")
    return bits
