"""The record of a training ensemble's folder, beside the run folders of its stopping points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from priorvol.store.records import Format

FORMAT = Format("priorvol training ensemble", 1, "the record of a training ensemble")
NAME = "ensemble.json"


def read_ensemble_record(folder: str | Path) -> dict[str, Any] | None:
    """Return the record that a folder holds, or None where there is none.

    Raises
    ------
    ValueError
        If it cannot be read, is not such a record or is of a newer format; the message names it.

    Examples
    --------
    >>> read_ensemble_record("no/such/folder") is None
    True
    """
    return FORMAT.read(Path(folder) / NAME, "ensemble")


def write_ensemble_record(folder: str | Path, record: dict[str, Any]) -> None:
    """Write the record of a folder, which must be there, whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_ensemble_record(folder, {"seed": 0})
    ...     read_ensemble_record(folder)
    {'seed': 0}
    """
    FORMAT.write(Path(folder) / NAME, "ensemble", record)
