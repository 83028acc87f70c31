"""How many questions a function takes: decision trees and binary decision diagrams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.bits import Words
from priorvol.complexity.chunks import as_seven, check_cube, map_cube, word_chunks
from priorvol.complexity.registry import SYMMETRIES, Measure, register


def decision_tree_depth(functions: Any, *, m: int | None = None) -> npt.NDArray[np.int64]:
    """Return D(f), the depth of the shallowest decision tree of each function.

    A decision tree asks for one input at a time, each next one depending on the answers; its depth
    is the number of questions it asks at most before it knows f. D is 0 for constants and at most
    n.

    Parameters
    ----------
    functions : any form of k functions on {0,1}^n, n <= 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    depths : (k,) int64 array
        In questions.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on such a cube, or m is missing or does
        not agree.

    Notes
    -----
    D of a subcube on which f is not constant is 1 + the least, over its free inputs, of the larger
    of the D of its halves. This is followed upwards over all 3^n subcubes. D is at least the degree
    of f as a real polynomial, which settles most functions.

    Source: Buhrman and de Wolf, Theor. Comput. Sci. 288 (2002) 21.

    Examples
    --------
    Three inputs: their parity, the first one, and a choice between the other two by the first.

    >>> decision_tree_depth(["01101001", "00001111", "00110101"])
    array([3, 1, 2])
    """
    return map_cube(_depths, functions, m, np.int64, "decision_tree_depth")


def bdd_size(functions: Any, *, m: int | None = None) -> npt.NDArray[np.int64]:
    """Return the size of the smallest reduced ordered binary decision diagram of each function.

    The size is the number of nodes that ask for an input, the least over all n! orders of the
    inputs. The terminals 0 and 1 are not counted, and there are no complemented edges.

    Parameters
    ----------
    functions : any form of k functions on {0,1}^n, n <= 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    sizes : (k,) int64 array
        In nodes.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on such a cube, or m is missing or does
        not agree.

    Notes
    -----
    Exact. With the set S of inputs asked before, as many nodes ask for input i as there are
    different cofactors f with S fixed that depend on i, whatever the order within S; so the best
    order is found over the 2^n sets instead of the n! orders.

    Source: Bryant, IEEE Trans. Comput. C-35 (1986) 677; Friedman and Supowit, IEEE Trans. Comput.
    39 (1990) 710.

    Examples
    --------
    Parity, majority and a constant.

    >>> bdd_size(["01101001", "00010111", "11111111"])
    array([5, 4, 0])
    """
    return map_cube(_sizes, functions, m, np.int64, "bdd_size")


def bdd_size_of_order(
    functions: Any, order: Sequence[int], *, m: int | None = None
) -> npt.NDArray[np.int64]:
    """Return the size of the reduced ordered binary decision diagrams with a given order.

    Nodes are counted as in `bdd_size`.

    Parameters
    ----------
    functions : any form of k functions on {0,1}^n, n <= 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    order : sequence of n int
        The inputs in the order in which they are asked, each of 0 ... n - 1 once; 0 is the first
        input.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.

    Returns
    -------
    sizes : (k,) int64 array
        In nodes.

    Raises
    ------
    ValueError
        If ``order`` is not such an order, or the functions are refused as in `bdd_size`.

    Notes
    -----
    Source: Bryant, IEEE Trans. Comput. C-35 (1986) 677.

    Examples
    --------
    The first input chooses between the other two; it had better be asked first.

    >>> bdd_size_of_order("00110101", (0, 1, 2)), bdd_size_of_order("00110101", (1, 2, 0))
    (array([3]), array([5]))
    """
    from priorvol._kernels.decision import sizes_of_order

    chunks, found = word_chunks(functions, m)
    n = check_cube(functions, found, "bdd_size_of_order", largest_n=7)
    coordinates = n - 1 - _check_order(order, n)
    parts = [sizes_of_order(as_seven(words, n), n, coordinates) for words in chunks]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _check_order(order: Sequence[int], n: int) -> npt.NDArray[np.int64]:
    try:
        inputs = [checks.integer("an input", item) for item in order]
    except (TypeError, ValueError):
        inputs = []
    if sorted(inputs) != list(range(n)):
        raise ValueError(f"order must hold each of the inputs 0 ... {n - 1} once, got {order!r}")
    return np.array(inputs, dtype=np.int64)


def _depths(pair: Words, n: int) -> npt.NDArray[np.int64]:
    from priorvol._kernels.decision import depths

    return depths(pair, n)


def _sizes(pair: Words, n: int) -> npt.NDArray[np.int64]:
    from priorvol._kernels.decision import sizes

    return sizes(pair, n)


register(
    Measure(
        name="decision_tree_depth",
        function=decision_tree_depth,
        unit="questions",
        label=r"decision-tree depth $D(f)$ (questions)",
        cost="4 (perceptrons) to 25 (random) million functions a second a core at n = 7",
        source="Buhrman and de Wolf, Theor. Comput. Sci. 288 (2002) 21",
        description="inputs that the best decision tree asks for at most",
        needs="cube",
        largest_n=7,
        symmetries=SYMMETRIES,
        oracle="recursion over subcubes on all functions of n <= 3, random ones to n = 7",
    )
)
register(
    Measure(
        name="bdd_size",
        function=bdd_size,
        unit="nodes",
        label="binary decision diagram (nodes)",
        cost="about 600 thousand functions a second a core at n = 7",
        source="Bryant, IEEE Trans. Comput. C-35 (1986) 677; Friedman and Supowit, ibid. 39 (1990)",
        description="nodes of the smallest reduced ordered BDD, over all orders of the inputs",
        needs="cube",
        largest_n=7,
        symmetries=SYMMETRIES,
        oracle="diagrams built in every order for n <= 5",
    )
)
