"""Folders of experiments: what they are of, estimates that are kept, and the results.

Beside these files an experiment's folder holds the run folders of its training ensembles and of
the posteriors.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from priorvol import checks
from priorvol.result import Estimate
from priorvol.store.atomic import write_atomically
from priorvol.store.sweeps import first_difference

FORMAT = "priorvol experiment"
FORMAT_VERSION = 1
NAME = "experiment.json"

_UNDEFINED = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_NUMBERS = ("log_p", "standard_error", "low", "high")


def open_experiment(folder: str | Path, identity: dict[str, Any]) -> Path:
    """Make a folder for an experiment, or take the one that was made for it.

    Parameters
    ----------
    folder : path
    identity : dict of str to JSON values
        What the experiment is of.

    Raises
    ------
    ValueError
        If the folder cannot be made, is of another experiment, or holds anything else.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     open_experiment(f"{folder}/a", {"seed": 0}).name
    ...     open_experiment(f"{folder}/a", {"seed": 0}).name
    'a'
    'a'
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        names = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise ValueError(f"cannot make the folder {path}: {error.strerror}") from None
    if NAME not in names:
        if names:
            raise ValueError(f"{path} holds no experiment and is not empty: {names[0]!r}")
        record = {"format": FORMAT, "format_version": FORMAT_VERSION, "experiment": identity}
        write_json(path / NAME, record)
        return path
    held = _read_json(path / NAME)
    if held.get("format") != FORMAT or not isinstance(held.get("experiment"), dict):
        raise ValueError(f"{path / NAME} is not the record of an experiment")
    number = checks.integer("format_version", held.get("format_version"), low=1)
    if number > FORMAT_VERSION:
        raise ValueError(
            f"{path / NAME}: format_version must be at most {FORMAT_VERSION}, got {number}"
        )
    known = {field: held["experiment"].get(field) for field in identity}
    different = first_difference(known, identity)
    if different is not None:
        field, value, asked = different
        raise ValueError(
            f"{path} holds another experiment: {field} = {value!r:.80}, not {asked!r:.80}"
        )
    return path


def read_estimates(file: str | Path, key: dict[str, Any]) -> list[Estimate] | None:
    """Return the estimates that a file holds, or None where it holds none with this key.

    Raises
    ------
    ValueError
        If the file is damaged; the message names it.

    Examples
    --------
    >>> read_estimates("no/such/file", {}) is None
    True
    """
    path = Path(file)
    if not path.exists():
        return None
    record = _read_json(path)
    if record.get("key") != key:
        return None
    try:
        return [_estimate(each) for each in record["estimates"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None


def write_estimates(file: str | Path, key: dict[str, Any], estimates: Sequence[Estimate]) -> None:
    """Write estimates with what they are of, whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> exact = Estimate(log_p=-math.inf, standard_error=math.nan, low=-math.inf, high=-math.inf,
    ...                  level=0.95, method="orthant", quantity="P(f)")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_estimates(f"{folder}/a.json", {"seed": 0}, [exact])
    ...     read_estimates(f"{folder}/a.json", {"seed": 0})[0].is_exact
    True
    """
    path = Path(file)
    path.parent.mkdir(exist_ok=True)
    write_json(path, {"key": key, "estimates": [_spelt(asdict(each)) for each in estimates]})


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


def _read_json(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is cut short or not JSON: {error}") from None
    if not isinstance(record, dict):
        raise ValueError(f"{path} holds no JSON object")
    return record


def _spelt(value: Any) -> Any:
    """Return a record with numbers that JSON does not have as text."""
    if isinstance(value, dict):
        return {str(key): _spelt(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_spelt(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


def _estimate(record: dict[str, Any]) -> Estimate:
    numbers = {name: _UNDEFINED.get(record[name], record[name]) for name in _NUMBERS}
    diagnostics = {
        name: _UNDEFINED.get(value, value) if isinstance(value, str) else value
        for name, value in record["diagnostics"].items()
    }
    return Estimate(**record | numbers | {"diagnostics": diagnostics})
