"""Circuit size over the full two-input basis."""

from __future__ import annotations

from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol.bits import Words
from priorvol.complexity.chunks import map_cube
from priorvol.complexity.registry import Measure, register


def circuit_size(functions: Any, *, m: int | None = None) -> npt.NDArray[np.int64]:
    """Return how many two-input gates compute each function: exact or an upper bound.

    All 16 types of gate are allowed, so negation is free; constants, inputs and their complements
    need no gate, and the output of a gate may be used any number of times. The value is the
    smallest possible where the function depends on at most four inputs, and elsewhere that of a
    circuit found by the rules below; `circuit_size_is_exact` says where the value is known to be
    the minimum.

    Parameters
    ----------
    functions : any form of k functions
        On a Boolean cube of n = 1 ... 7 inputs. A table, whose rows come in storage order, or see
        `priorvol.bits.as_words`.
    m : int, optional
        Number of points, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    gates : (k,) int64 array

    Raises
    ------
    ValueError
        If the functions are not in an accepted form, m is missing or does not agree, or the
        inputs are not a whole cube with n at most 7.

    See Also
    --------
    circuit_size_is_exact

    Notes
    -----
    The exact sizes come from an exhaustive search over circuits on four inputs
    (``scripts/circuit_sizes.py``).

    The rules for a function f that depends on k = 5, 6 or 7 inputs; f_0 and f_1 are its cofactors
    for an input x, and d = f_0 XOR f_1. Where one gate joins x to a function g of the other
    inputs, or x to an input y so that f = g(h(x, y), rest), the value V(f) is 1 + V(g). Elsewhere
    it is the least, over all choices of inputs, of

    1. U(f), for trees without sharing: U(f_0) + U(f_1) + 3 gates, or + 2 if one of f_0, f_1
       implies the other; U(f_0) + U(d) + 2; U(f_1) + U(d) + 2; 1 + U(g) if one gate joins x to g;
       and for k < 7, 1 + U(g) if f = g(h(x, y), rest) with one gate h;
    2. if k >= 6, sharing: one input (k = 6) or two (k = 7) are split off in turn, each with one
       pair of {f_0, f_1, d} for all functions of its level, and then either one more, or none. The
       functions so reached are built once if they are equal up to negation: of four inputs
       exactly, of five by U. A split takes as many gates as in rule 1;
    3. V(g) + V(h) if f = g(h(A), rest), where A is three inputs or the rest two or three;
    4. V(g) + 5 if f depends on three inputs, some perhaps negated, by their sum s + 2 c only and
       is g(s, c, rest); V(g) + 4 if g does not depend on s;
    5. if k <= 6, 1 + U(g) if f is g with x XOR y in place of x.

    U and V are the exact size for functions of at most four inputs. The mean over uniformly random
    functions is 10.6, 21.2 and 44.4 for n = 5, 6, 7. Negating the function, and permuting or
    negating its inputs, leave the value unchanged; so do inputs on which it does not depend.

    Source: Knuth, The Art of Computer Programming 4A (2011), section 7.1.2, for the exact sizes.

    Examples
    --------
    Parity, AND and majority of three inputs:

    >>> circuit_size(["01101001", "00000001", "00010111"])
    array([2, 2, 4])
    """
    return map_cube(_sizes, functions, m, np.int64, "circuit_size")


def circuit_size_is_exact(functions: Any, *, m: int | None = None) -> npt.NDArray[np.bool_]:
    """Return where `circuit_size` is known to be the smallest number of gates.

    That is where the function depends on at most four inputs, or where the value is one less than
    the number of inputs that it depends on, which no circuit can beat.

    Parameters
    ----------
    functions : any form of k functions
        On a Boolean cube of at most 7 inputs, as for `circuit_size`.
    m : int, optional
        Number of points, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    is_exact : (k,) bool array

    Raises
    ------
    ValueError
        As `circuit_size`.

    Examples
    --------
    AND and majority of five inputs:

    >>> ones = [bin(point).count("1") for point in range(32)]
    >>> both = np.array([[count == 5 for count in ones], [count > 2 for count in ones]])
    >>> circuit_size(both), circuit_size_is_exact(both)
    (array([ 4, 11]), array([ True, False]))
    """
    return map_cube(_is_exact, functions, m, np.bool_, "circuit_size_is_exact")


def _sizes(pair: Words, n: int) -> npt.NDArray[np.int64]:
    from priorvol._kernels.circuits import circuit_sizes

    sizes = np.empty(pair.shape[1], dtype=np.int64)
    circuit_sizes(pair, exact_sizes(), sizes)
    return sizes


def _is_exact(pair: Words, n: int) -> npt.NDArray[np.bool_]:
    from priorvol._kernels.circuits import count_essential

    essential = np.empty(pair.shape[1], dtype=np.int64)
    count_essential(pair, essential)
    exact: npt.NDArray[np.bool_] = (essential <= 4) | (_sizes(pair, n) == essential - 1)
    return exact


@cache
def exact_sizes() -> npt.NDArray[np.uint8]:
    """Return the smallest number of gates of every function of four inputs, (65536,).

    The index is the packed word. The values are spread from one function of each class under
    permutation and negation of inputs and negation of the function.

    Examples
    --------
    >>> np.bincount(exact_sizes())
    array([   10,    60,   456,  2474, 10624, 24184, 25008,  2720])
    """
    with np.load(Path(__file__).with_name("circuit_sizes.npz"), allow_pickle=False) as file:
        functions, class_sizes = file["functions"], file["sizes"]
    points = np.arange(16)
    bits = functions[:, None].astype(np.int64) >> points & 1
    sizes = np.zeros(1 << 16, dtype=np.uint8)
    for order in permutations(range(4)):
        moved = np.bitwise_or.reduce([(points >> i & 1) << j for i, j in enumerate(order)])
        for flips in range(16):
            words = bits[:, moved ^ flips] @ (1 << points)
            sizes[words] = class_sizes
            sizes[words ^ 0xFFFF] = class_sizes
    sizes.flags.writeable = False
    return sizes


register(
    Measure(
        name="circuit_size",
        function=circuit_size,
        unit="gates",
        label="circuit size (two-input gates)",
        cost="12 (uniform) to 20 (network) thousand functions a second a core at n = 7",
        source="Knuth, The Art of Computer Programming 4A (2011), section 7.1.2",
        description="two-input gates of a circuit: the fewest up to n = 4, an upper bound above",
        needs="cube",
        largest_n=7,
        symmetries=("complement", "permutation", "flips", "reversal"),
        oracle="Knuth's counts at n = 4; explicit circuits and a plain reference above",
    )
)
