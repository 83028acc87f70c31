"""Finite input sets: the Boolean cube and any real-valued points.

Input i of the Boolean cube is the binary expansion of i, first input bit = most significant.
The order of the points is the order of the function's bits (see `priorvol.bits`).
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from priorvol import checks

Array = npt.NDArray[np.float64]

ENCODINGS = ("01", "pm1")
MAX_CUBE = 16
MAX_POINTS = 1 << 20


class Inputs:
    """A finite set of m points in n dimensions, on which functions are read off.

    Make one with `boolean_cube`, `array_inputs`, `csv_inputs`, `npz_inputs` or `digits_inputs`.
    Immutable; equal when the points are equal in value and order.

    Attributes
    ----------
    values : (m, n) float64 array, read-only
    m, n : int
        Number of points and of dimensions.
    encoding : "01", "pm1" or None
        Set when the points are a whole Boolean cube in its standard order.
    name : str
        A label for people; no part of the identity.
    """

    def __init__(self, values: npt.ArrayLike, *, name: str = "") -> None:
        """Take the points; raises ``ValueError`` unless they are a finite (m, n) array."""
        try:
            array = np.asarray(values)
            if array.dtype.kind not in "biufO":
                raise TypeError(f"got {array.ravel()[:1].tolist()} of dtype {array.dtype}")
            array = np.array(array, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"inputs must be a numeric array of shape (m, n): {error}") from None
        if array.ndim != 2 or 0 in array.shape:
            raise ValueError(f"inputs must have shape (m, n), m, n >= 1, got {array.shape}")
        if len(array) > MAX_POINTS:
            raise ValueError(f"inputs may hold at most {MAX_POINTS:,} points, got {len(array):,}")
        if not np.isfinite(array).all():
            row, column = np.argwhere(~np.isfinite(array))[0]
            raise ValueError(
                f"inputs must be finite, got {array[row, column]} at row {row}, column {column}"
            )
        array += 0.0  # -0.0 and 0.0 are one point
        array.setflags(write=False)
        self._values = array
        self._name = str(name)

    @property
    def values(self) -> Array:
        """The points, (m, n) float64, read-only."""
        return self._values

    @property
    def m(self) -> int:
        """Number of points, the number of bits of a function."""
        return len(self._values)

    @property
    def n(self) -> int:
        """Dimension of a point."""
        return int(self._values.shape[1])

    @property
    def name(self) -> str:
        """A label for people."""
        if self.encoding is not None:
            return f"{'{0,1}' if self.encoding == '01' else '{-1,+1}'}^{self.n}"
        return self._name or f"{self.m} points in R^{self.n}"

    @property
    def encoding(self) -> str | None:
        """The encoding, if the points are a whole Boolean cube in standard order."""
        return self._encoding

    @cached_property
    def _encoding(self) -> str | None:
        if self.n > MAX_CUBE or self.m != 1 << self.n:
            return None
        for encoding in ENCODINGS:
            if np.array_equal(self._values, _cube(self.n, encoding)):
                return encoding
        return None

    @property
    def digest(self) -> str:
        """SHA-256 of the points as little-endian float64, hexadecimal."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self._values.astype("<f8").tobytes()).hexdigest()

    def subset(self, indices: npt.ArrayLike) -> Inputs:
        """Return the points at ``indices``, in that order.

        Raises
        ------
        ValueError
            If an index is repeated or out of range.
        """
        return Inputs(self._values[check_indices(indices, self.m)], name=f"subset of {self.name}")

    def identity(self) -> dict[str, Any]:
        """Return what makes two input sets the same, JSON-ready and short."""
        if self.encoding is not None:
            return {"kind": "cube", "n": self.n, "encoding": self.encoding}
        return {"kind": "points", "shape": [self.m, self.n], "sha256": self.digest}

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict from which `from_json` rebuilds the points exactly."""
        record = self.identity()
        if self.encoding is None:
            packed = zlib.compress(self._values.astype("<f8").tobytes(), 9)
            record |= {"name": self._name, "data": base64.b64encode(packed).decode("ascii")}
        return record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Inputs:
        """Build from what `to_json` returned.

        Raises
        ------
        ValueError
            If the kind is unknown or the data do not match their checksum.
        """
        kind = record.get("kind") if isinstance(record, dict) else None
        checks.choice("inputs kind", kind, ("cube", "points"))
        try:
            if kind == "cube":
                return boolean_cube(record["n"], record["encoding"])
            octets = zlib.decompress(base64.b64decode(record["data"]))
            points = np.frombuffer(octets, dtype="<f8").reshape(record["shape"])
            inputs, wanted = cls(points, name=record.get("name", "")), record["sha256"]
        except KeyError as error:
            raise ValueError(f"inputs lack the field {error}") from None
        except (TypeError, zlib.error) as error:
            raise ValueError(f"inputs data are damaged: {error}") from None
        if inputs.digest != wanted:
            raise ValueError("inputs data do not match their sha256")
        return inputs

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same points in the same order."""
        return isinstance(other, Inputs) and np.array_equal(self._values, other._values)

    def __hash__(self) -> int:
        """Hash of the points."""
        return hash(self.digest)

    def __repr__(self) -> str:
        """Return a short description."""
        return f"Inputs({self.name!r}, m={self.m}, n={self.n})"


def boolean_cube(n: int, encoding: str = "01") -> Inputs:
    """Return all 2^n Boolean inputs, input i being the binary expansion of i.

    Parameters
    ----------
    n : int
        1 to 16.
    encoding : str
        ``"01"`` for {0, 1}^n, ``"pm1"`` for {-1, +1}^n.

    Raises
    ------
    ValueError
        If n is out of range or the encoding unknown.

    Examples
    --------
    >>> boolean_cube(2).values
    array([[0., 0.],
           [0., 1.],
           [1., 0.],
           [1., 1.]])
    """
    n = checks.integer("n", n, low=1, high=MAX_CUBE)
    checks.choice("encoding", encoding, ENCODINGS)
    return Inputs(_cube(n, encoding))


def array_inputs(values: npt.ArrayLike, *, name: str = "") -> Inputs:
    """Return the rows of an (m, n) array as inputs.

    Raises
    ------
    ValueError
        If the array is not two-dimensional, is empty, or holds NaN or infinite values.

    Examples
    --------
    >>> array_inputs([[0.5, 1.0], [2.0, -1.0]]).m
    2
    """
    return Inputs(values, name=name)


def csv_inputs(path: str | Path) -> Inputs:
    """Read inputs from comma-separated numbers, a point a line; one heading line may stand first.

    Raises
    ------
    ValueError
        If the file cannot be read, or a line is not numbers or has another length.
    """
    path = checks.path("path", path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read inputs from {path}: {error}") from None
    rows: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = line.split(",")
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            if not rows and number == 1 and not any(cell.strip()[:1].isdigit() for cell in cells):
                continue
            raise ValueError(f"{path}, line {number}: not comma-separated numbers") from None
        if rows and len(row) != len(rows[0]):
            raise ValueError(
                f"{path}, line {number}: {len(row)} numbers, but the lines above have "
                f"{len(rows[0])}"
            )
        rows.append(row)
    if not rows:
        raise ValueError(f"{path} holds no inputs")
    return Inputs(rows, name=path.name)


def npz_inputs(path: str | Path, key: str | None = None) -> Inputs:
    """Read inputs from an (m, n) array of an .npz or .npy file.

    Parameters
    ----------
    path : path
    key : str, optional
        Name of the array; may be left out where the file holds only one, or one named ``x``.

    Raises
    ------
    ValueError
        If the file cannot be read, holds pickled objects, or has no such array.
    """
    path = checks.path("path", path)
    try:
        with path.open("rb") as stream:  # np.load leaves a path open if the archive is damaged
            loaded = np.load(stream, allow_pickle=False)
            array = loaded if isinstance(loaded, np.ndarray) else _member(loaded, key)
    except (OSError, EOFError, ValueError, zlib.error, BadZipFile) as error:
        raise ValueError(f"cannot read inputs from {path}: {error}") from None
    try:
        return Inputs(array, name=path.name)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _member(archive: Any, key: str | None) -> npt.NDArray[Any]:
    names = list(archive.files)
    wanted = key or (names[0] if len(names) == 1 else "x")
    if wanted not in names:
        raise ValueError(f"no array {wanted!r}; it holds {names}")
    return cast(npt.NDArray[Any], archive[wanted])


def digits_inputs(indices: npt.ArrayLike | None = None) -> Inputs:
    """Return scikit-learn's 8 x 8 handwritten digits, pixels scaled from 0..16 to [0, 1].

    Parameters
    ----------
    indices : sequence of int, optional
        Which of the 1,797 images, in that order; all by default.

    Raises
    ------
    ValueError
        If an index is repeated or out of range.
    """
    from sklearn.datasets import load_digits

    pixels = cast(Array, load_digits().data) / 16.0
    if indices is not None:
        pixels = pixels[check_indices(indices, len(pixels))]
    return Inputs(pixels, name="digits")


def check_indices(indices: npt.ArrayLike, m: int) -> npt.NDArray[np.int64]:
    """Return distinct indices in [0, m) as int64, or raise ``ValueError``."""
    array = np.asarray(indices)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise ValueError(
            f"indices must be a non-empty list of integers, got {array.dtype} of shape "
            f"{array.shape}"
        )
    outside = array[(array < 0) | (array >= m)]
    if outside.size:
        raise ValueError(f"indices must lie in 0..{m - 1}, got {outside[0]}")
    if len(np.unique(array)) != len(array):
        raise ValueError("indices must be distinct")
    return array.astype(np.int64)


def _cube(n: int, encoding: str) -> Array:
    numbers = np.arange(1 << n)[:, None]
    bits = ((numbers >> np.arange(n - 1, -1, -1)) & 1).astype(np.float64)
    return bits if encoding == "01" else 2.0 * bits - 1.0
