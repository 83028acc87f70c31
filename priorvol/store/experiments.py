"""Folders of experiments: what they are of, estimates that are kept, and the results.

Beside these files an experiment's folder holds the run folders of its training ensembles and of
the posteriors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from priorvol import checks
from priorvol.result import Estimate
from priorvol.store.records import Format, first_difference, read_json, write_json

FORMAT = Format("priorvol experiment", 1, "the record of an experiment")
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
    path = checks.path("store", folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        names = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise ValueError(f"cannot make the folder {path}: {error.strerror}") from None
    if NAME not in names:
        if names:
            raise ValueError(f"{path} holds no experiment and is not empty: {names[0]!r}")
        FORMAT.write(path / NAME, "experiment", identity)
        return path
    held = FORMAT.read(path / NAME, "experiment") or {}
    known = {field: held.get(field) for field in identity}
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
    record = read_json(path)
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
