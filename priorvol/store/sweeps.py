"""A sweep's folder: one record of its settings, and a file for each cell that is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from priorvol import checks
from priorvol.store.records import Format, first_difference

FORMAT = Format("priorvol target sweep", 1, "part of a sweep")
NAME = "sweep.json"
CELLS = "cells"


class SweepFolder:
    """The cells of a sweep on disk; what is there is not measured again.

    Several processes may use one folder: a file is written whole or not at all, and its content
    follows from the settings.

    Parameters
    ----------
    path : str or Path
        A new, empty or sweep folder; folders above it are made.
    settings : dict
        JSON-ready: everything that a cell's content depends on besides its name.

    Raises
    ------
    ValueError
        If the folder holds anything else or cells of other settings, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as path:
    ...     SweepFolder(path, {"seed": 0}).write("a-0", {"error": 0.25})
    ...     SweepFolder(path, {"seed": 0}).read("a-0")
    {'error': 0.25}
    """

    def __init__(self, path: str | Path, settings: dict[str, Any]) -> None:
        """Make the folder, or check that it is of the same settings."""
        self.path = checks.path("store", path)
        record = FORMAT.read(self.path / NAME, "settings") if self.path.is_dir() else None
        if record is not None:
            different = first_difference(record, settings)
            if different is not None:
                name, held, asked = different
                raise ValueError(
                    f"{path} holds a sweep of other settings: its {name} is {held!r:.80}, not "
                    f"{asked!r:.80}"
                )
        try:  # nothing is made in a folder of anything else
            if record is None and self.path.exists():
                names = {each.name for each in self.path.iterdir()}
                foreign = sorted(names - {CELLS}) or _names(self.path / CELLS)
                if foreign:
                    raise ValueError(
                        f"{path} is not a sweep's folder and not empty: {foreign[0]!r}"
                    )
            (self.path / CELLS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"cannot make the folder {path}: {error.strerror}") from None
        if record is None:
            FORMAT.write(self.path / NAME, "settings", settings)

    def read(self, name: str) -> dict[str, Any] | None:
        """Return the record of a cell, or None where it is not measured yet.

        Raises
        ------
        ValueError
            If its file is damaged; the message names it.
        """
        return FORMAT.read(self._file(name), "cell")

    def write(self, name: str, record: dict[str, Any]) -> None:
        """Keep the record of a cell; it is on disk when this returns."""
        FORMAT.write(self._file(name), "cell", record)

    def _file(self, name: str) -> Path:
        return self.path / CELLS / f"{name}.json"


def _names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []
