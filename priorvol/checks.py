"""Argument checks shared by every public function: one message, naming the value."""

from __future__ import annotations

import dataclasses
import difflib
import math
import numbers
import operator
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any, TypeVar, cast

T = TypeVar("T")


def integer(name: str, value: Any, *, low: int | None = None, high: int | None = None) -> int:
    """Return ``value`` as an int, or raise ``ValueError`` unless low <= value <= high.

    Integral floats such as ``1e7`` are taken, since that is how sample counts are written.

    Examples
    --------
    >>> integer("n_samples", 1e7, low=1)
    10000000
    """
    if isinstance(value, bool):
        raise ValueError(f"{name} must be an integer, got {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        is_integral = isinstance(value, numbers.Real) and _is_finite(value)
        if not is_integral or value != math.floor(value):
            raise ValueError(f"{name} must be an integer, got {value!r}") from None
        number = int(value)
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"{name} must be {_interval(low, high)}, got {number}")
    return number


def real(
    name: str,
    value: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """Return ``value`` as a finite float in the given interval, or raise ``ValueError``.

    Examples
    --------
    >>> real("level", 0.95, low=0, high=1)
    0.95
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"{name} must be a number, got {value!r}")
    if not _is_finite(value):
        raise ValueError(f"{name} must be finite, got {value}")
    number = float(value)
    below = low is not None and (number <= low if open_low else number < low)
    above = high is not None and (number >= high if open_high else number > high)
    if below or above:
        allowed = _interval(low, high, open_low=open_low, open_high=open_high)
        raise ValueError(f"{name} must be {allowed}, got {number}")
    return number


def jobs(value: Any) -> int:
    """Return a number of workers as joblib takes it, or raise ``ValueError``.

    Examples
    --------
    >>> jobs(-1)
    -1
    """
    number = integer("n_jobs", value, low=-1024, high=1024)
    if number == 0:
        raise ValueError("n_jobs must be a number of workers or -1 for all cores, got 0")
    return number


def path(name: str, value: Any) -> Path:
    """Return ``value`` as a path, or raise ``ValueError`` if it is neither text nor a path.

    Examples
    --------
    >>> path("store", "runs/a").name
    'a'
    """
    if not isinstance(value, str | PurePath):
        raise ValueError(f"{name} must be a path, got {value!r:.80}")
    return Path(value)


def choice(name: str, value: Any, known: Iterable[str]) -> str:
    """Return ``value`` if it is one of ``known``, else raise ``ValueError`` listing them.

    Examples
    --------
    >>> choice("encoding", "01", ("01", "pm1"))
    '01'
    """
    options = list(known)
    if isinstance(value, str) and value in options:
        return value
    message = f"{name} must be one of {', '.join(map(repr, options))}, got {value!r}"
    close = difflib.get_close_matches(str(value), options, n=1)
    if close:
        message += f" (did you mean {close[0]!r}?)"
    raise ValueError(message)


def from_record(cls: type[T], record: Any, what: str, *, required: Iterable[str] = ()) -> T:
    """Build a dataclass from a JSON object, or raise ``ValueError`` naming a stray field.

    Fields without a default, and those in ``required``, must be there.

    Examples
    --------
    >>> from priorvol.architecture import Prior
    >>> from_record(Prior, {"sigma_w": 2.0}, "prior").sigma_w
    2.0
    """
    if not isinstance(record, dict):
        raise ValueError(f"{what} must be a JSON object, got {record!r}")
    known = {field.name: field for field in dataclasses.fields(cast(Any, cls))}
    stray = sorted(map(str, set(record) - set(known)))
    if stray:
        raise ValueError(f"{what} has unknown fields {stray}; known are {list(known)}")
    values, required = {}, set(required)
    for name, field in known.items():
        if name in record:
            value = record[name]
            values[name] = tuple(map(_infinity, value)) if isinstance(value, list) else value
        elif field.default is dataclasses.MISSING or name in required:
            raise ValueError(f"{what} lacks the field {name!r}")
    return cls(**values)


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the doubles
        return False


def _infinity(value: Any) -> Any:
    return math.inf if value == "inf" else value


def _interval(
    low: float | None, high: float | None, *, open_low: bool = False, open_high: bool = False
) -> str:
    parts = []
    if low is not None:
        parts.append(f"{'above' if open_low else 'at least'} {low:,}")
    if high is not None:
        parts.append(f"{'below' if open_high else 'at most'} {high:,}")
    return " and ".join(parts)
