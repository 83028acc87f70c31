"""A run folder that is locked and open for writing."""

from __future__ import annotations

import fcntl
import os
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from priorvol.provenance import Provenance
from priorvol.store import manifest as manifests
from priorvol.store import segments
from priorvol.store.atomic import flush, replace_file
from priorvol.store.manifest import Manifest, Segment
from priorvol.table import FunctionTable, add_all

_SEGMENT_FILE = re.compile(rf"{manifests.SEGMENT_NAME}\.(rows|t)\.npy")
_TEMPORARY_FILE = re.compile(
    rf"({manifests.SEGMENT_NAME}\.(rows|t)\.npy|merge-\d+\.rows\.npy|manifest\.json)\.tmp"
)


class Folder:
    """A run folder, held by this process alone until `close`.

    Parameters
    ----------
    path : Path
    wanted : Manifest
        Of which task, source and seed the run is to be.

    Attributes
    ----------
    path : Path
    manifest : Manifest
        What the folder holds.

    Raises
    ------
    ValueError
        If the folder holds anything else, is damaged, taken or cannot be written.
    """

    def __init__(self, path: Path, wanted: Manifest) -> None:
        """Create or open the folder, lock it, check it and clear what a crash left."""
        self.path = path
        self._lock: int | None = None
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"cannot make the folder {path}: {error.strerror}") from None
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise ValueError(f"cannot write to the folder {path}: permission denied")
        self._lock = _lock(path)
        try:
            self.manifest = self._open(wanted)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give up the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def put(self, table: FunctionTable) -> None:
        """Add a table as a segment; it is on disk when this returns."""
        self._require_open()
        self._commit(self._write(table, None), ())

    def merge(self, crowd: tuple[Segment, ...]) -> None:
        """Put one segment in the place of several."""
        self._require_open()
        tables = [
            segments.read_segment(self.path, self.manifest, each, verify=False, map_above=0)
            for each in crowd
        ]
        if sum(table.rows.nbytes for table in tables) <= segments.MERGE_ABOVE:
            self._commit(self._write(add_all(tables), None), crowd)
            return
        table, file = segments.merge_in_files(tables, self.path)
        try:
            self._commit(self._write(table, file), crowd)
        finally:
            file.unlink(missing_ok=True)

    def _open(self, wanted: Manifest) -> Manifest:
        names = sorted(entry.name for entry in self.path.iterdir())
        leftovers = [name for name in names if _TEMPORARY_FILE.fullmatch(name)]
        if manifests.NAME not in names:
            foreign = [name for name in names if name not in leftovers]
            if foreign:
                raise ValueError(f"{self.path} is not a run folder and not empty: {foreign[0]!r}")
            held = wanted
        else:
            held = read_manifest(self.path)
            try:
                held.require_same_run(wanted)
            except ValueError as error:
                raise ValueError(f"cannot add to {self.path}: {error}") from None
            for segment in held.segments:
                segments.read_segment(self.path, held, segment, verify=True, map_above=0)
            kept = {segment.file(kind) for segment in held.segments for kind in manifests.KINDS}
            leftovers += [name for name in names if _SEGMENT_FILE.fullmatch(name)]
            leftovers = [name for name in leftovers if name not in kept]
        for name in leftovers:
            if (self.path / name).is_file():
                (self.path / name).unlink()
        if manifests.NAME not in names:
            self._write_manifest(held)
        return held

    def _write(self, table: FunctionTable, file: Path | None) -> Segment:
        """Write a segment's files; ``file`` holds the rows already, or is None."""
        provenance = Provenance() + table.provenance
        name = manifests.segment_name(table.n_samples, provenance)

        def rows(temporary: Path) -> None:
            if file is None:
                segments.save_array(temporary, np.ascontiguousarray(table.rows, dtype="<u8"))
            else:
                os.replace(file, temporary)

        def sums(temporary: Path) -> None:
            pairs = [] if table.t_pairs is None else [table.t_pairs]
            segments.save_array(temporary, np.array([table.t_counts, *pairs], dtype="<i8"))

        sha256 = {}
        for kind, write in (("rows", rows), ("t", sums)):
            self._replace(f"{name}.{kind}.npy", write)
            sha256[kind] = segments.checksum(self.path / f"{name}.{kind}.npy")
        flush(self.path)
        return Segment(
            name=name,
            n_rows=len(table),
            n_samples=table.n_samples,
            n_unlisted=table.n_unlisted,
            provenance=provenance,
            sha256=sha256,
        )

    def _commit(self, segment: Segment, instead_of: tuple[Segment, ...]) -> None:
        kept = tuple(each for each in self.manifest.segments if each not in instead_of)
        manifest = replace(self.manifest, segments=(*kept, segment))
        self._write_manifest(manifest)
        self.manifest = manifest
        for old in instead_of:
            for kind in manifests.KINDS:
                (self.path / old.file(kind)).unlink(missing_ok=True)

    def _write_manifest(self, manifest: Manifest) -> None:
        text = manifest.to_text()
        self._replace(manifests.NAME, lambda file: file.write_text(text, encoding="ascii"))
        flush(self.path)

    def _replace(self, name: str, write: Callable[[Path], object]) -> None:
        replace_file(self.path / name, self.path / f"{name}.tmp", write)

    def _require_open(self) -> None:
        if self._lock is None:
            raise ValueError(f"the run folder {self.path} has been closed")


def read_manifest(folder: Path) -> Manifest:
    """Return what a run folder's manifest says.

    Raises
    ------
    ValueError
        If there is none or it is damaged; the message names it.
    """
    text = manifest_text(folder)
    try:
        return Manifest.from_text(text)
    except ValueError as error:
        raise ValueError(f"{folder / manifests.NAME}: {error}") from None


def manifest_text(folder: Path) -> str:
    """Return the text of a folder's manifest, or raise ``ValueError``."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    try:
        return (folder / manifests.NAME).read_text(encoding="ascii")
    except FileNotFoundError:
        raise ValueError(f"{folder} is not a run folder: it has no {manifests.NAME}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{folder / manifests.NAME} cannot be read: {error}") from None


def _lock(folder: Path) -> int:
    """Lock a folder and return the descriptor that holds the lock."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ValueError(f"another process is writing to {folder}") from None
    except OSError as error:
        warnings.warn(
            f"{folder} cannot be locked ({error.strerror}): let only one process write to it",
            stacklevel=2,
        )
    return descriptor
