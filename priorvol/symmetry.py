"""Symmetries of P(f) and the orbits of functions on {0,1}^n under them.

Three symmetries have names. ``permutation`` permutes the n inputs, ``flips`` negates any of them,
``complement`` negates the function. Functions of one orbit have the same P(f) where the prior has
the symmetries, so they are one piece of evidence and not several.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from priorvol import activation, bits, checks
from priorvol.architecture import Architecture
from priorvol.bits import Words
from priorvol.complexity.chunks import as_seven, check_cube, word_chunks
from priorvol.sources import Imported, PriorSampling
from priorvol.task import Task, check_task

if TYPE_CHECKING:
    from priorvol.table import FunctionTable

SYMMETRIES = ("permutation", "flips", "complement")
"""The names, in the order in which `task_symmetries` lists them."""

LARGEST_N = 7

_PLATEAUS: dict[str, tuple[float, ...]] = {
    "relu": (0.0,),
    "tanh": (-1.0, 1.0),
    "erf": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "gelu": (0.0,),
    "softplus": (0.0,),
    "sign": (-1.0, 1.0),
}
"""Values that an activation takes on a half-line, or comes so near that float32 makes them equal.
"""


def task_symmetries(task: Task) -> tuple[str, ...]:
    """Return the symmetries that leave P(f) of a task unchanged.

    Parameters
    ----------
    task : Task

    Returns
    -------
    symmetries : tuple of str
        Of `SYMMETRIES`, in that order. Empty if none is known to hold.

    Raises
    ------
    ValueError
        If it is not a task.

    Notes
    -----
    - ``permutation`` holds on a whole Boolean cube: the weights of the first layer are independent
      and of one law.
    - ``flips`` holds on {-1,+1}^n: that law is symmetric, and w x = (-w)(-x).
    - ``complement`` holds where h(x) = 0 has probability 0 at every point, as the law of the last
      layer is symmetric too. A bias in the last layer is enough. Without one h(x) = 0 where every
      unit of the last hidden layer gives 0, so ``complement`` is left out if such a layer can be
      dead at some point: with units that are 0 on a half-line (ReLU), or whose input is exactly 0
      at the all-zero point. On {0,1}^n without any bias f(0) = 0, and what is left of the symmetry,
      negation of the other points, is none of the three.

    Activations that approach a constant are taken to reach it, as they do in float32: a symmetry
    may be left out that holds for exact arithmetic. In float32 a sum of several weights may also
    cancel to exactly 0, about once in 10^7 draws; that is neglected.

    Source: Mingard et al., arXiv:1909.11522, section 4, for negation and {0,1}^n.

    Examples
    --------
    >>> from priorvol.architecture import Prior
    >>> from priorvol.inputs import boolean_cube
    >>> net = Architecture(7, (40, 40))
    >>> task_symmetries(Task(net, Prior(sigma_b=0.1)))
    ('permutation', 'complement')
    >>> task_symmetries(Task(net, Prior(sigma_b=0.0)))
    ('permutation',)
    >>> task_symmetries(Task(Architecture(7), Prior(sigma_b=0.0), boolean_cube(7, "pm1")))
    ('permutation', 'flips', 'complement')
    """
    task = check_task(task)
    holds = {
        "permutation": task.inputs.encoding is not None,
        "flips": task.inputs.encoding == "pm1",
        "complement": not _may_tie(task),
    }
    return tuple(name for name in SYMMETRIES if holds[name])


def table_symmetries(table: FunctionTable) -> tuple[str, ...]:
    """Return the symmetries of the law that a table's draws come from.

    Those of its task where it holds draws of the prior; none where the task is not known, and none
    of a posterior or another Gaussian process, whose training set need not have them.

    Examples
    --------
    >>> from priorvol.collector import collect
    >>> table_symmetries(collect(Task(Architecture(2, (3,))), n_samples=10))
    ('permutation', 'complement')
    """
    of_prior = isinstance(table.source, PriorSampling | Imported)
    return task_symmetries(table.task) if of_prior and table.task is not None else ()


def orbit(function: Any, symmetries: Iterable[str], *, m: int | None = None) -> Words:
    """Return the distinct images of one function under some symmetries.

    Parameters
    ----------
    function : any form of one function
        See `priorvol.bits.as_words`.
    symmetries : iterable of str
        Of `SYMMETRIES`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    functions : (j, ceil(m / 64)) uint64 array
        Packed, itself among them, sorted by word as the rows of a table are.

    Raises
    ------
    ValueError
        If it is not one function, a symmetry is unknown, or ``permutation`` or ``flips`` is asked
        for and m is no 2^n with 1 <= n <= 7.

    Examples
    --------
    >>> bits.to_text(orbit("0010", ["permutation"]), 4)
    ['0100', '0010']
    >>> len(orbit("0010", ["permutation", "flips", "complement"]))
    8
    """
    from priorvol._kernels.rows import sort_rows
    from priorvol._kernels.symmetry import images

    names = check_symmetries(symmetries)
    words, m = bits.as_words(function, m)
    word = bits.as_word(words, m)[None, :]
    if names & {"permutation", "flips"}:
        n = check_cube(function, m, "an orbit under permutation or flips", largest_n=LARGEST_N)
        swaps, flips = _steps(n, names)
        found = np.empty(((len(swaps) + 1) * (len(flips) + 1), 2), dtype=np.uint64)
        images(as_seven(word, n), swaps, flips, found)
        word = found[:, : bits.n_words(m)] & _all_ones(m)
    if "complement" in names:
        word = np.concatenate([word, word ^ _all_ones(m)])
    word = np.ascontiguousarray(word)
    sort_rows(word, word.shape[1])
    changes = (word[1:] != word[:-1]).any(axis=1)
    distinct: Words = word[np.concatenate([[True], changes])]
    return distinct


def canonical(functions: Any, symmetries: Iterable[str], *, m: int | None = None) -> Words:
    """Return the smallest image of each function under some symmetries.

    Two functions have the same one exactly if they lie in one orbit.

    Parameters
    ----------
    functions : any form of k functions
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    symmetries : iterable of str
        Of `SYMMETRIES`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    smallest : (k, ceil(m / 64)) uint64 array
        Packed. The first word is compared first, as in the rows of a table.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form, a symmetry is unknown, or ``permutation`` or
        ``flips`` is asked for and m is no 2^n with 1 <= n <= 7.

    Notes
    -----
    Every image is looked at: n! of them, times 2^n with ``flips``, and their complements. At n = 7
    that is about 300,000 functions a second a core without flips and 2,500 with them, at n = 6
    2 million and 35,000.

    Examples
    --------
    >>> bits.to_text(canonical(["0010", "0100", "1101"], ["permutation", "complement"]), 4)
    ['0100', '0100', '0100']
    """
    names = check_symmetries(symmetries)
    chunks, m = word_chunks(functions, m)
    n = 0
    if names & {"permutation", "flips"}:
        n = check_cube(functions, m, "an orbit under permutation or flips", largest_n=LARGEST_N)
    parts = [_canonical(words, m, n, names) for words in chunks]
    return np.concatenate(parts) if parts else np.empty((0, bits.n_words(m)), dtype=np.uint64)


def orbit_sizes(
    functions: Any, symmetries: Iterable[str], *, m: int | None = None
) -> npt.NDArray[np.int64]:
    """Return the number of functions in the orbit of each function.

    Arguments, errors and cost are those of `canonical`. By Lagrange's theorem it is the number of
    symmetries over the number of those that leave the function unchanged.

    Returns
    -------
    sizes : (k,) int64 array

    Examples
    --------
    >>> orbit_sizes(["0000", "0010", "0110"], ["permutation", "complement"])
    array([2, 4, 2])
    """
    names = check_symmetries(symmetries)
    chunks, m = word_chunks(functions, m)
    n = 0
    if names & {"permutation", "flips"}:
        n = check_cube(functions, m, "an orbit under permutation or flips", largest_n=LARGEST_N)
    parts = [_orbit_sizes(words, n, names) for words in chunks]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _orbit_sizes(words: Words, n: int, names: set[str]) -> npt.NDArray[np.int64]:
    from priorvol._kernels.symmetry import count_fixing

    complement = "complement" in names
    if n == 0:
        return np.full(len(words), 1 + complement, dtype=np.int64)
    swaps, flips = _steps(n, names)
    fixing = np.empty(len(words), dtype=np.int64)
    count_fixing(as_seven(words, n), swaps, flips, complement, fixing)
    sizes: npt.NDArray[np.int64] = (len(swaps) + 1) * (len(flips) + 1) * (1 + complement) // fixing
    return sizes


def check_symmetries(symmetries: Iterable[str]) -> set[str]:
    """Return the names, or raise ``ValueError`` unless all are of `SYMMETRIES`.

    Examples
    --------
    >>> check_symmetries(["flips"])
    {'flips'}
    """
    if isinstance(symmetries, str) or not isinstance(symmetries, Iterable):
        raise ValueError(f"symmetries must be several of {SYMMETRIES}, got {symmetries!r}")
    return {checks.choice("symmetry", name, SYMMETRIES) for name in symmetries}


def _canonical(words: Words, m: int, n: int, names: set[str]) -> Words:
    from priorvol._kernels.symmetry import smallest

    if n == 0:
        best = np.array(words, dtype=np.uint64)
        if "complement" in names:
            other = best ^ _all_ones(m)
            lower = other[:, 0] < best[:, 0]
            best[lower] = other[lower]
        return best
    swaps, flips = _steps(n, names)
    pair = as_seven(words, n)
    found = np.empty_like(pair)
    smallest(pair, swaps, flips, "complement" in names, found)
    kept: Words = found.T[:, : bits.n_words(m)] & _all_ones(m)
    return np.ascontiguousarray(kept)


def _steps(n: int, names: set[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    swaps = _plain_changes(n) if "permutation" in names else ()
    flips = _gray_code(n) if "flips" in names else ()
    return np.array(swaps, dtype=np.int64), np.array(flips, dtype=np.int64)


@cache
def _plain_changes(n: int) -> tuple[int, ...]:
    """Return the swaps (i, i + 1) that lead through all n! orders, n! - 1 of them."""
    if n == 1:
        return ()
    down, up = tuple(range(n - 2, -1, -1)), tuple(range(n - 1))
    swaps: list[int] = []
    for turn, change in enumerate((*_plain_changes(n - 1), None)):
        swaps += up if turn % 2 else down
        if change is not None:
            swaps.append(change + 1 - turn % 2)  # the largest stands first after a way down
    return tuple(swaps)


def _gray_code(n: int) -> tuple[int, ...]:
    """Return the coordinates to negate that lead through all 2^n signs, 2^n - 1 of them."""
    return tuple((turn & -turn).bit_length() - 1 for turn in range(1, 1 << n))


def _all_ones(m: int) -> Words:
    ones: Words = bits.pack(np.ones((1, m), dtype=bool))[0]
    return ones


def _may_tie(task: Task) -> bool:
    """Whether h(x) = 0 may have positive probability at some point x.

    Weights and biases have densities, so a sum of units of which one is not 0, or with a bias, is
    0 with probability 0 only. It is followed up from the inputs whether a layer may be all 0.
    """
    net = task.architecture
    may_be_zero = bool((task.inputs.values == 0.0).all(axis=1).any())
    biases = [scale for _, scale in task.prior.scales(net.layer_sizes)]
    for bias in biases[:-1]:
        at_zero = float(activation.apply(np.zeros(1), net.activation, shift=float(net.shift))[0])
        may_be_zero = _plateau_at_zero(net) or (may_be_zero and bias == 0.0 and at_zero == 0.0)
    return may_be_zero and biases[-1] == 0.0


def _plateau_at_zero(net: Architecture) -> bool:
    """Whether a unit may give 0 on a half-line; infinitely many of them never all do."""
    if net.is_infinite:
        return False
    plateaus = _PLATEAUS.get(net.activation, ())
    if net.activation == "leaky_relu" and net.slope == 0.0:
        plateaus = (0.0,)
    return -float(net.shift) in plateaus
