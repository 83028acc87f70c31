"""Tables in run folders: load, save, and add draws to a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from priorvol import checks
from priorvol.provenance import Provenance
from priorvol.rng import STREAM_VERSION, check_seed
from priorvol.sources import Imported, PriorSampling, Source, drawn_right
from priorvol.store.folder import Folder, manifest_text, read_manifest
from priorvol.store.manifest import Manifest, Segment
from priorvol.store.segments import read_segment
from priorvol.table import FunctionTable, add_all
from priorvol.task import Task, check_task

T = TypeVar("T")

FAN_IN = 16
"""So many segments of one size class are merged into one, which is of the next class."""


def load_run(path: str | Path, *, verify: bool = True) -> FunctionTable:
    """Return the table that a run folder holds, finished or not.

    Parameters
    ----------
    path : str or Path
    verify : bool
        Whether to read every file and check its SHA-256, the order of its rows and their sums.
        Without it the manifest and the shapes are checked, and the rows are trusted.

    Returns
    -------
    FunctionTable
        The rows of a finished run stay in their file, memory-mapped, if they are larger than
        `priorvol.store.segments.MAP_ABOVE` bytes. An unfinished run is merged in memory.

    Raises
    ------
    ValueError
        If this is no run folder, holds no draws yet or is damaged; the message names the file.

    Examples
    --------
    >>> import tempfile
    >>> table = FunctionTable.from_counts(["0000", "0110"], [3, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_table(table, folder)
    ...     load_run(folder) == table
    True
    """
    return _read(checks.path("path", path), lambda folder: _load(folder, verify))


def load_parts(path: str | Path, *, verify: bool = True) -> list[FunctionTable]:
    """Return the tables that a run folder holds, a table a segment; `load_run` is their sum.

    A finished run is one segment, whatever it was drawn in.

    Parameters
    ----------
    path, verify
        As in `load_run`.

    Raises
    ------
    ValueError
        As in `load_run`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_table(FunctionTable.from_counts(["01"], [3]), folder)
    ...     load_parts(folder)
    [<FunctionTable: 1 functions in 3 draws>]
    """
    return _read(checks.path("path", path), lambda folder: _parts(folder, verify))


def save_table(table: FunctionTable, path: str | Path) -> None:
    """Write a table as a new run folder.

    Parameters
    ----------
    table : FunctionTable
    path : str or Path
        A new or empty folder; folders above it are made.

    Raises
    ------
    ValueError
        If the folder is not empty or cannot be written, or the table mixes stream versions.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_table(FunctionTable.from_counts(["01"], [3]), folder)
    ...     load_run(folder)
    <FunctionTable: 1 functions in 3 draws>
    """
    if not isinstance(table, FunctionTable):
        raise ValueError(f"table must be a FunctionTable, got {type(table).__name__}")
    spans = (Provenance() + table.provenance).spans
    versions = sorted({span.stream_version for span in spans})
    if len(versions) > 1:
        raise ValueError(f"a run holds draws of one stream version, got {versions}")
    wanted = Manifest.new(
        table.task,
        table.m,
        source=table.source,
        seeds=tuple(sorted({span.seed for span in spans})),
        stream_version=versions[0] if versions else None,
    )
    place = checks.path("path", path)
    if (place / "manifest.json").exists() and read_manifest(place).segments:
        raise ValueError(f"{path} holds a run already: name a new folder")
    folder = Folder(place, wanted)
    try:
        folder.put(table)
    finally:
        folder.close()


class RunWriter:
    """A run folder, open for adding draws; a context manager.

    Opening makes the folder, or goes on with the draws that it holds. There is one writer at a
    time: the folder is locked until `close` or the end of the process.

    Parameters
    ----------
    path : str or Path
        A new, empty or run folder; folders above it are made.
    task : Task
    source : PriorSampling, PosteriorSampling or GaussianProcess
    seed : int
        In [0, 2^64).

    Raises
    ------
    ValueError
        If the folder holds anything else (another task, source, seed or stream version, or files
        that are no run), is damaged, is being written to by another, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from priorvol.architecture import Architecture
    >>> from priorvol.provenance import Span
    >>> task, wanted = Task(Architecture(2, (4,))), Span(0, 1, 0, 4)
    >>> table = FunctionTable(["0000", "0110"], [3, 1], task=task, source=PriorSampling(),
    ...                       provenance=Provenance((wanted,)))
    >>> with tempfile.TemporaryDirectory() as folder, RunWriter(folder, task=task, seed=0) as run:
    ...     before = run.provenance.gaps(wanted)
    ...     run.add(table)
    ...     len(before), len(run.provenance.gaps(wanted)), run.finish() == table
    (1, 0, True)
    """

    def __init__(
        self,
        path: str | Path,
        *,
        task: Task,
        source: Source = PriorSampling(),  # noqa: B008  # frozen
        seed: int,
    ) -> None:
        """Make or open the folder, lock it and check what it holds."""
        if isinstance(source, Imported):
            raise ValueError(f"source must be one that draws, got {source} (see save_table)")
        wanted = Manifest.new(
            check_task(task),
            task.m,
            source=source,
            seeds=(check_seed(seed),),
            stream_version=STREAM_VERSION,
        )
        self._folder = Folder(checks.path("store", path), wanted)

    @property
    def path(self) -> Path:
        """The folder."""
        return self._folder.path

    @property
    def provenance(self) -> Provenance:
        """Which draws the folder holds."""
        return self._folder.manifest.provenance

    @property
    def n_samples(self) -> int:
        """Number of draws that the folder holds."""
        return self._folder.manifest.n_samples

    def add(self, table: FunctionTable) -> None:
        """Add draws; they are on disk when this returns.

        Raises
        ------
        ValueError
            If the table is of another task, source, seed or stream version, leaves draws out, or
            repeats one that the folder holds; the folder is then left as it was.
        """
        self._check(table)
        self._folder.put(table)
        while crowd := self._crowd():
            self._folder.merge(crowd)

    def finish(self) -> FunctionTable:
        """Merge the segments into one and return the table, as `load_run` does.

        The files left are the same, byte for byte, however the draws were split, ordered and
        interrupted. More may be added later.

        Raises
        ------
        ValueError
            If nothing was added.
        """
        folder = self._folder
        if not folder.manifest.segments:
            raise ValueError(f"{folder.path} holds no draws yet")
        if len(folder.manifest.segments) > 1:
            folder.merge(folder.manifest.segments)
        return read_segment(folder.path, folder.manifest, folder.manifest.segments[0], verify=False)

    def close(self) -> None:
        """Release the folder; what was added stays."""
        self._folder.close()

    def __enter__(self) -> RunWriter:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Release the folder."""
        self.close()

    def _check(self, table: FunctionTable) -> None:
        held = self._folder.manifest
        if table.task != held.task:
            raise ValueError(f"the table is of another task: {table.task}, not {held.task}")
        if table.source != held.source:
            raise ValueError(f"the table is of another source: {table.source}, not {held.source}")
        stream = (held.seeds[0], held.source.output_draws, held.stream_version)
        for span in table.provenance.spans:
            if span.stream != stream:
                raise ValueError(
                    "the table is of another stream (seed, output draws, stream version): "
                    f"{span.stream}, not {stream}"
                )
        drawn = sum(span.size for span in table.provenance.spans) * held.source.output_draws
        listed = table.n_samples - table.n_unlisted
        right = drawn_right(table.source, drawn, table.n_samples) and table.n_samples == listed
        if table.provenance.imports or not right:
            raise ValueError(
                f"the table must list every draw of its spans, {drawn}; it lists {listed} of "
                f"n_samples = {table.n_samples}"
            )
        held.provenance + table.provenance  # noqa: B018  # raises if a draw is in both

    def _crowd(self) -> tuple[Segment, ...]:
        """Return as many as FAN_IN segments of one size class, if there are so many."""
        classes: dict[int, list[Segment]] = {}
        for segment in self._folder.manifest.segments:
            size, number = 0, segment.n_samples
            while number >= FAN_IN:
                size, number = size + 1, number // FAN_IN
            classes.setdefault(size, []).append(segment)
        return next((tuple(crowd) for crowd in classes.values() if len(crowd) >= FAN_IN), ())


def _read(folder: Path, read: Callable[[Path], T]) -> T:
    while True:
        before = manifest_text(folder)
        try:
            return read(folder)
        except ValueError:
            if manifest_text(folder) == before:
                raise  # else a writer was at work, and what was named before has been merged


def _segments(folder: Path, verify: bool) -> list[FunctionTable]:
    manifest = read_manifest(folder)
    if not manifest.segments:
        raise ValueError(f"{folder} holds no draws yet")
    return [read_segment(folder, manifest, each, verify=verify) for each in manifest.segments]


def _load(folder: Path, verify: bool) -> FunctionTable:
    table = add_all(_segments(folder, verify))
    if len(table) == 0:
        raise ValueError(_nothing(folder, [table]))
    return table


def _parts(folder: Path, verify: bool) -> list[FunctionTable]:
    tables = _segments(folder, verify)
    filled = [table for table in tables if len(table)]
    if not filled:
        raise ValueError(_nothing(folder, tables))
    return filled


def _nothing(folder: Path, tables: list[FunctionTable]) -> str:
    spans = [span for table in tables for span in table.provenance.spans]
    looked_at = sum(span.size * span.output_draws for span in spans)
    return f"{folder} holds no functions: none of {looked_at:,} draws was accepted"
