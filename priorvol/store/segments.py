"""Segments of a run folder: reading one table from its files, and merging files into one."""

from __future__ import annotations

import hashlib
import heapq
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol._kernels import rows as kernels
from priorvol.store.manifest import KINDS, Manifest, Segment
from priorvol.table import FunctionTable

MAP_ABOVE = 1 << 28
"""Rows of more bytes than this stay in their file, memory-mapped, instead of being read."""

MERGE_ABOVE = 1 << 30
"""Tables whose rows have more bytes than this are merged from file to file, not in memory."""


def read_segment(
    folder: Path,
    manifest: Manifest,
    segment: Segment,
    *,
    verify: bool,
    map_above: int | None = None,
) -> FunctionTable:
    """Return one segment's table.

    Parameters
    ----------
    folder : Path
    manifest : Manifest
    segment : Segment
        One of the manifest's.
    verify : bool
        Whether to check the files' SHA-256, the order of the rows and the counts.
    map_above : int, optional
        Default `MAP_ABOVE`.

    Raises
    ------
    ValueError
        If a file is missing or not what the manifest says; the message names the file.
    """
    if verify:
        for kind in KINDS:
            _verify_checksum(folder / segment.file(kind), segment.sha256[kind])
    words, listed = bits.n_words(manifest.m), segment.n_samples - segment.n_unlisted
    shapes = [(segment.n_rows, words + columns) for columns in (1, 2, 3)]
    rows = _map(folder / segment.file("rows"), "<u8", shapes)
    sums = _map(folder / segment.file("t"), "<i8", [(1, manifest.m + 1), (2, manifest.m + 1)])
    t_sums = np.array(sums, dtype=np.int64)
    if t_sums.min() < 0 or int(t_sums[0].sum()) != listed:
        raise ValueError(
            f"{folder / segment.file('t')}: counts must add up to {listed}, got {t_sums[0].sum()}"
        )
    if verify:
        _verify_rows(folder / segment.file("rows"), rows, manifest.m, listed)
    if rows.nbytes <= (MAP_ABOVE if map_above is None else map_above):
        rows = np.array(rows)
    return FunctionTable.from_rows(
        rows.astype(np.uint64, copy=False),
        task=manifest.task,
        m=manifest.m,
        source=manifest.source,
        provenance=segment.provenance,
        n_samples=segment.n_samples,
        t_sums=(t_sums[0], t_sums[1] if len(t_sums) == 2 else None),
    )


def merge_in_files(tables: Sequence[FunctionTable], folder: Path) -> tuple[FunctionTable, Path]:
    """Return the sum of two tables or more and the file in ``folder`` that holds its rows.

    What `priorvol.table.add_all` does, but in little memory: rows are read from mapped files and
    written to one. The tables must be of one task and source.

    Raises
    ------
    ValueError
        If a draw is in two of them.
    OSError
        If the disk is full.
    """
    waiting: list[tuple[int, int, FunctionTable, Path | None]]
    waiting = [(len(table), number, table, None) for number, table in enumerate(tables)]
    heapq.heapify(waiting)
    made: list[Path] = []
    try:
        while True:
            _, _, a, file_a = heapq.heappop(waiting)
            _, _, b, file_b = heapq.heappop(waiting)
            made.append(folder / f"merge-{len(made)}.rows.npy.tmp")
            total = _add_in_file(a, b, made[-1])
            for used in filter(None, (file_a, file_b)):
                used.unlink()
            if not waiting:
                return total, made[-1]
            heapq.heappush(waiting, (len(total), len(tables) + len(made), total, made[-1]))
    except BaseException:
        for file in made:
            file.unlink(missing_ok=True)
        raise


def save_array(file: Path, array: npt.NDArray[Any]) -> None:
    """Write an array to ``file``, whatever its suffix."""
    with file.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


def checksum(file: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal; reads it piece by piece."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _add_in_file(a: FunctionTable, b: FunctionTable, file: Path) -> FunctionTable:
    provenance = a.provenance + b.provenance
    # the kernel takes the columns of its first array: the one that may lack group pairs
    left, right = sorted((a, b), key=lambda table: table.rows.shape[1])
    size = int(kernels.union_size(left.rows, right.rows, a.n_words))
    rows = np.lib.format.open_memmap(file, mode="w+", dtype="<u8", shape=(size, left.rows.shape[1]))
    if sys.platform == "linux":  # a full disk is then an error here, not a bus error in the kernel
        with file.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
    kernels.merge_rows(left.rows, right.rows, a.n_words, np.asarray(rows))
    rows.flush()
    pairs = None
    if a.t_pairs is not None and b.t_pairs is not None:
        pairs = a.t_pairs + b.t_pairs
    return FunctionTable.from_rows(
        _map(file, "<u8", [rows.shape]),
        task=a.task,
        m=a.m,
        source=a.source,
        provenance=provenance,
        n_samples=a.n_samples + b.n_samples,
        t_sums=(a.t_counts + b.t_counts, pairs),
    )


def _map(file: Path, dtype: str, shapes: Sequence[tuple[int, ...]]) -> npt.NDArray[Any]:
    """Return the array in a file, memory-mapped, read-only."""
    try:
        array = np.lib.format.open_memmap(file, mode="r")
    except FileNotFoundError:
        raise ValueError(f"{file} is missing, but the manifest names it") from None
    except Exception as error:  # a damaged header fails in many ways
        raise ValueError(f"{file} is not a NumPy file, or cut short: {error}") from None
    if array.dtype.str != dtype or array.shape not in shapes or not array.flags.c_contiguous:
        raise ValueError(
            f"{file} must hold {dtype} rows of shape {' or '.join(map(str, shapes))}, "
            f"got {array.dtype.str} of shape {array.shape}"
        )
    return np.asarray(array)


def _verify_checksum(file: Path, wanted: str) -> None:
    try:
        found = checksum(file)
    except FileNotFoundError:
        raise ValueError(f"{file} is missing, but the manifest names it") from None
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    if found != wanted:
        raise ValueError(
            f"{file} is damaged or cut short: its sha256 is {found[:12]}..., not {wanted!r:.13}..."
        )


def _verify_rows(file: Path, rows: npt.NDArray[np.uint64], m: int, listed: int) -> None:
    words = bits.n_words(m)
    place = kernels.first_disorder(rows, words)
    if place >= 0:
        raise ValueError(f"{file}: rows must rise, but row {place} is not above the one before")
    try:
        bits.check_words(rows[:, :words], m)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    counts = rows[:, words]
    if (counts < 1).any() or int(counts.sum()) != listed:
        raise ValueError(
            f"{file}: counts must be at least 1 and add up to {listed}, got {counts.sum()}"
        )
