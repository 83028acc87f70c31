"""The record of a training ensemble's folder, beside the run folders of its stopping points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from priorvol import checks
from priorvol.store.atomic import write_atomically

FORMAT = "priorvol training ensemble"
FORMAT_VERSION = 1
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
    path = Path(folder) / NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is cut short or not JSON: {error}") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError(f"{path} is not the record of a training ensemble")
    number = checks.integer("format_version", record.get("format_version"), low=1)
    if number > FORMAT_VERSION:
        raise ValueError(f"{path}: format_version must be at most {FORMAT_VERSION}, got {number}")
    if not isinstance(record.get("ensemble"), dict):
        raise ValueError(f"{path} lacks its ensemble")
    ensemble: dict[str, Any] = record["ensemble"]
    return ensemble


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
    whole = {"format": FORMAT, "format_version": FORMAT_VERSION, "ensemble": record}
    text = json.dumps(whole, indent=1) + "\n"
    write_atomically(
        Path(folder) / NAME, lambda temporary: temporary.write_text(text, encoding="utf-8")
    )
