"""Files written whole: JSON that says what it is and of which version, CSV and text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from priorvol import checks
from priorvol.store.atomic import write_atomically


@dataclass(frozen=True)
class Format:
    """What a file says that it is.

    Parameters
    ----------
    name : str
    version : int
        The newest that is understood, and that is written.
    about : str
        What a file of another format is not, for the message.
    """

    name: str
    version: int
    about: str

    def read(self, path: Path, field: str) -> dict[str, Any] | None:
        """Return the record that a file holds, or None where there is no file.

        Raises
        ------
        ValueError
            If it cannot be read, is of another or a newer format or lacks the record; the message
            names the file.
        """
        try:
            if not path.exists():
                return None
        except OSError as error:
            raise ValueError(f"cannot read {path}: {error.strerror}") from None
        whole = _loaded(path)
        if not isinstance(whole, dict) or whole.get("format") != self.name:
            raise ValueError(f"{path} is not {self.about}")
        number = checks.integer("format_version", whole.get("format_version"), low=1)
        if number > self.version:
            raise ValueError(f"{path}: format_version must be at most {self.version}, got {number}")
        record = whole.get(field)
        if not isinstance(record, dict):
            raise ValueError(f"{path} lacks its {field}")
        return record

    def write(self, path: Path, field: str, record: dict[str, Any]) -> None:
        """Write a record, whole or not at all.

        Examples
        --------
        >>> import tempfile
        >>> notes = Format("notes", 1, "a file of notes")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     notes.write(Path(folder) / "a.json", "note", {"seed": 0})
        ...     notes.read(Path(folder) / "a.json", "note")
        {'seed': 0}
        """
        write_json(path, {"format": self.name, "format_version": self.version, field: record})


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object that a file holds, or raise ``ValueError`` that names the file."""
    record = _loaded(path)
    if not isinstance(record, dict):
        raise ValueError(f"{path} holds no JSON object")
    return record


def _loaded(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is cut short or not JSON: {error}") from None


def write_json(file: Path, record: dict[str, Any]) -> None:
    r"""Write a JSON object, whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_json(Path(folder) / "a.json", {"seed": 0})
    ...     (Path(folder) / "a.json").read_text()
    '{\n "seed": 0\n}\n'
    """
    write_text(file, json.dumps(record, indent=1, allow_nan=False) + "\n")


def write_text(file: Path, text: str) -> None:
    """Write a text, whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder) / "a.txt", "0110")
    ...     (Path(folder) / "a.txt").read_text()
    '0110'
    """
    write_atomically(file, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_csv(file: Path, rows: Sequence[Sequence[Any]]) -> None:
    r"""Write rows of a table, the heading first; None is an empty cell.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_csv(Path(folder) / "a.csv", [["f", "p"], ["01", None]])
    ...     (Path(folder) / "a.csv").read_text()
    'f,p\n01,\n'
    """
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    write_text(file, stream.getvalue())


def first_difference(held: dict[str, Any], asked: dict[str, Any]) -> tuple[str, Any, Any] | None:
    """Return the name of the first field that differs, in records within too, and both values.

    Examples
    --------
    >>> first_difference({"a": 1, "b": {"seed": 0}}, {"a": 1, "b": {"seed": 1}})
    ('seed', 0, 1)
    """
    for name in sorted(held.keys() | asked.keys()):
        a, b = held.get(name), asked.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            within = first_difference(a, b)
            if within is not None:
                return within
        elif a != b:
            return name, a, b
    return None
