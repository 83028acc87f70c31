"""Every definition, and looking functions up by name and n."""

from __future__ import annotations

from functools import cache

from priorvol import checks
from priorvol.atlas import (
    algebra,
    arithmetic,
    counts,
    formulas,
    literals,
    patterns,
    sequences,
    thresholds,
)
from priorvol.atlas.entry import Definition, Entry, N

_FAMILIES = (literals, thresholds, counts, formulas, algebra, arithmetic, patterns, sequences)
_DEFINITIONS: dict[str, Definition] = {
    definition.name: definition for family in _FAMILIES for definition in family.DEFINITIONS
}


def names(n: int | None = None) -> tuple[str, ...]:
    """Return the names of the functions of ``n`` inputs, or of all.

    Parameters
    ----------
    n : int, optional
        3 to 7.

    Returns
    -------
    names : tuple of str
        In a fixed order, families together.

    Raises
    ------
    ValueError
        If n is out of range.

    Examples
    --------
    >>> names(7)[:3]
    ('zero', 'one', 'first')
    >>> "multiplexer" in names(6), "multiplexer" in names(7)
    (True, False)
    """
    if n is None:
        return tuple(_DEFINITIONS)
    n = _check_n(n)
    return tuple(name for name, definition in _DEFINITIONS.items() if n in definition.sizes)


def entries(n: int | None = None) -> tuple[Entry, ...]:
    """Return the functions of ``n`` inputs, or of all n from 3 to 7, each n in the same order.

    Parameters
    ----------
    n : int, optional
        3 to 7.

    Returns
    -------
    entries : tuple of Entry

    Raises
    ------
    ValueError
        If n is out of range.

    Examples
    --------
    >>> entries(3)[2]
    Entry(name='first', n=3, definition='x1 = 1: m/2 zeros, then m/2 ones', text='00001111')
    """
    if n is not None:
        n = _check_n(n)
    return tuple(entry(name, size) for size in N if n in (None, size) for name in names(size))


def entry(name: str, n: int) -> Entry:
    """Return one function with its definition.

    Parameters
    ----------
    name : str
        Of `names`.
    n : int
        Number of inputs, 3 to 7.

    Returns
    -------
    Entry

    Raises
    ------
    ValueError
        If there is none of that name, or not for n inputs; the message says what there is.

    Examples
    --------
    >>> entry("majority", 3).definition
    'T > n/2, n odd'
    """
    n = _check_n(n)
    definition = _DEFINITIONS[checks.choice("name", name, _DEFINITIONS)]
    if n not in definition.sizes:
        raise ValueError(f"{name!r} is defined for n in {list(definition.sizes)}, got n = {n}")
    return _computed(name, n)


def function(name: str, n: int) -> str:
    """Return one function as 0/1 text, as every function of priorvol takes it.

    Parameters
    ----------
    name : str
        Of `names`.
    n : int
        Number of inputs, 3 to 7.

    Returns
    -------
    text : str
        2^n characters; character i is the value at input i, and x1 is the most significant bit
        of i.

    Raises
    ------
    ValueError
        If there is none of that name, or not for n inputs; the message says what there is.

    Examples
    --------
    >>> function("majority", 3)
    '00010111'
    """
    return entry(name, n).text


@cache
def _computed(name: str, n: int) -> Entry:
    return _DEFINITIONS[name].entry(n)


def _check_n(n: int) -> int:
    return checks.integer("n", n, low=N[0], high=N[-1])
