"""The complexity measures by name: what each costs, needs and means, and computing several."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.complexity.chunks import check_cube, word_chunks

NEEDS = ("any", "cube")


@dataclass(frozen=True)
class Measure:
    """A complexity measure of functions.

    Attributes
    ----------
    name : str
        What `measure` and `compute` call it; a Python identifier.
    function : callable
        ``function(functions, *, m=None)``, any form of k functions to one number each, (k,). A
        row's value depends on that row only.
    unit : str
        "bits", "words", ...; empty for a pure number.
    label : str
        An axis label, such as "LZ78 phrases".
    cost : str
        Roughly how many functions a second.
    source : str
        Where it is defined.
    description : str
        One line.
    needs : {"any", "cube"}
        Whether it is defined for functions on any inputs, or on a whole Boolean cube only.

    Raises
    ------
    ValueError
        If ``name`` is not an identifier, ``function`` cannot be called or ``needs`` is unknown.
    """

    name: str
    function: Callable[..., npt.NDArray[Any]]
    unit: str
    label: str
    cost: str
    source: str
    description: str
    needs: str = "any"

    def __post_init__(self) -> None:
        """Validate."""
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise ValueError(f"name must be a Python identifier, got {self.name!r}")
        if not callable(self.function):
            raise ValueError(f"function must be callable, got {self.function!r}")
        checks.choice("needs", self.needs, NEEDS)


_MEASURES: dict[str, Measure] = {}


def register(measure: Measure) -> None:
    """Add a measure, so that `compute` and whatever lists measures know it.

    Raises
    ------
    ValueError
        If it is not a `Measure`, or its name is taken.

    Examples
    --------
    >>> from priorvol.complexity import k_lz
    >>> register(Measure("k_lz", k_lz, "bits", "K_LZ (bits)", "", "", "the same again"))
    Traceback (most recent call last):
    ...
    ValueError: a measure called 'k_lz' is registered already
    """
    if not isinstance(measure, Measure):
        raise ValueError(f"a Measure is wanted, got {measure!r}")
    if measure.name in _MEASURES:
        raise ValueError(f"a measure called {measure.name!r} is registered already")
    _MEASURES[measure.name] = measure


def measures() -> tuple[Measure, ...]:
    """Return the registered measures, in the order of their registration.

    Examples
    --------
    >>> import priorvol.complexity
    >>> [measure.name for measure in measures()][:2]
    ['k_lz', 'lz76_words']
    """
    return tuple(_MEASURES.values())


def measure(name: str) -> Measure:
    """Return the measure called ``name``.

    Raises
    ------
    ValueError
        If there is none; the message lists the known names.

    Examples
    --------
    >>> import priorvol.complexity
    >>> measure("lz76_words").label
    'Lempel-Ziv 1976 words'
    """
    return _MEASURES[checks.choice("measure", name, _MEASURES)]


def compute(
    functions: Any, measures: str | Iterable[str] = ("k_lz",), *, m: int | None = None
) -> dict[str, npt.NDArray[np.float64]]:
    """Compute complexity measures, reading the functions once.

    Parameters
    ----------
    functions : any form of k functions
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    measures : str or iterable of str
        Names; `measures` lists what there is.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    columns : dict of name to (k,) float64 array
        In the order of the names.

    Raises
    ------
    ValueError
        If a name is unknown, none is given, the functions are not in an accepted form, or a
        measure needs a Boolean cube and the inputs are not one.

    Examples
    --------
    >>> import priorvol.complexity
    >>> compute(["1001111011000010", "0" * 16], ["k_lz", "lz76_words"])
    {'k_lz': array([26.,  4.]), 'lz76_words': array([6., 2.])}
    """
    if not isinstance(measures, Iterable):
        raise ValueError(f"measures must be one name or several, got {measures!r}")
    names = [measures] if isinstance(measures, str) else list(measures)
    if not names:
        raise ValueError(f"measures must name at least one of {list(_MEASURES)}, got none")
    chosen = [measure(name) for name in names]
    chunks, m = word_chunks(functions, m)
    for item in chosen:
        if item.needs == "cube":
            check_cube(functions, m, item.name)
    columns: dict[str, list[npt.NDArray[np.float64]]] = {item.name: [] for item in chosen}
    for words in chunks:
        for name in columns:
            columns[name].append(_values(_MEASURES[name], words, m))
    return {
        name: np.concatenate(parts) if parts else np.empty(0) for name, parts in columns.items()
    }


def _values(item: Measure, words: npt.NDArray[np.uint64], m: int) -> npt.NDArray[np.float64]:
    values = np.asarray(item.function(words, m=m), dtype=np.float64)
    if values.shape != (len(words),):
        raise ValueError(
            f"measure {item.name!r} must return one number a function, shape ({len(words)},), "
            f"got shape {values.shape}"
        )
    return values
