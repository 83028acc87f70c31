"""Sizes of the smallest two-level forms: sums of products, and products of sums.

A literal is an input or its negation. A sum of products is an OR of terms, each an AND of literals;
a product of sums is an AND of clauses, each an OR of literals. Dropping a literal never makes a
form dearer, so that a cheapest sum of products consists of prime implicants: it is a cheapest cover
of the ones of f by them (Quine and McCluskey). A product of sums of f is a sum of products of not
f, every literal negated.

The covers are found by branch and bound after the usual reductions, and are exact unless the search
exceeds 20,000 nodes; then the best cover found is taken, an upper bound. `forms_exact` tells which
values are proven. At n = 7 all are of the two million functions that ten million networks drew, of
3,000 random functions with each number of ones, and of all symmetric functions; all but two of
their searches ended within 2,000 nodes.

`priorvol.complexity.two_level` holds the forms themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.complexity.chunks import check_cube, word_chunks
from priorvol.complexity.registry import Measure, register

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_FORMS = {  # whether it is of products of sums, and what it counts
    "sop_terms": ((False, "terms"),),
    "sop_literals": ((False, "literals"),),
    "pos_clauses": ((True, "terms"),),
    "pos_literals": ((True, "literals"),),
    "expression_length": ((False, "operations"), (True, "operations")),
}


def sop_terms(functions: Any, *, m: int | None = None) -> Numbers:
    """Return the fewest terms of a sum of products, for each function.

    Parameters
    ----------
    functions : any form of k functions on {0,1}^n, n <= 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    terms : (k,) int64 array
        0 for the constant 0, and 1 for the constant 1, a term without literals. Proven least, or
        an upper bound: see `forms_exact`.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on such a cube, or m is missing or does
        not agree.

    Notes
    -----
    At most 2^(n-1), which parity needs. The same for f after permuting or negating inputs.

    Source: Quine, Am. Math. Mon. 62 (1955) 627; McCluskey, Bell Syst. Tech. J. 35 (1956) 1417.

    Examples
    --------
    The majority of three inputs, parity, and AND.

    >>> sop_terms(["00010111", "01101001", "00000001"])
    array([3, 4, 1])
    """
    return _sizes(functions, m, "sop_terms")[0]


def sop_literals(functions: Any, *, m: int | None = None) -> Numbers:
    """Return the fewest literals of a sum of products, for each function.

    The minimum is over all sums of products, whatever their number of terms.

    Parameters
    ----------
    functions : any form of k functions on {0,1}^n, n <= 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    literals : (k,) int64 array
        0 for the constants. Proven least, or an upper bound: see `forms_exact`.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on such a cube, or m is missing or does
        not agree.

    Notes
    -----
    The same for f after permuting or negating inputs.

    Source: Quine, Am. Math. Mon. 62 (1955) 627; McCluskey, Bell Syst. Tech. J. 35 (1956) 1417.

    Examples
    --------
    The majority of three inputs, parity, and AND.

    >>> sop_literals(["00010111", "01101001", "00000001"])
    array([ 6, 12,  3])
    """
    return _sizes(functions, m, "sop_literals")[0]


def pos_clauses(functions: Any, *, m: int | None = None) -> Numbers:
    """Return the fewest clauses of a product of sums, for each function.

    These are the `sop_terms` of not f.

    Parameters
    ----------
    functions : any form of k functions on {0,1}^n, n <= 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    clauses : (k,) int64 array
        0 for the constant 1, and 1 for the constant 0, a clause without literals. Proven least, or
        an upper bound: see `forms_exact`.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on such a cube, or m is missing or does
        not agree.

    Notes
    -----
    The same for f after permuting or negating inputs.

    Source: Quine, Am. Math. Mon. 62 (1955) 627; McCluskey, Bell Syst. Tech. J. 35 (1956) 1417.

    Examples
    --------
    The majority of three inputs, parity, and AND.

    >>> pos_clauses(["00010111", "01101001", "00000001"])
    array([3, 4, 3])
    """
    return _sizes(functions, m, "pos_clauses")[0]


def pos_literals(functions: Any, *, m: int | None = None) -> Numbers:
    """Return the fewest literals of a product of sums, for each function.

    These are the `sop_literals` of not f.

    Parameters
    ----------
    functions : any form of k functions on {0,1}^n, n <= 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    literals : (k,) int64 array
        0 for the constants. Proven least, or an upper bound: see `forms_exact`.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on such a cube, or m is missing or does
        not agree.

    Notes
    -----
    The same for f after permuting or negating inputs.

    Source: Quine, Am. Math. Mon. 62 (1955) 627; McCluskey, Bell Syst. Tech. J. 35 (1956) 1417.

    Examples
    --------
    (x1 | x3) & (x2 | x3), which is a sum of two products of three literals in all.

    >>> pos_literals("01010111"), sop_literals("01010111")
    (array([4]), array([3]))
    """
    return _sizes(functions, m, "pos_literals")[0]


def expression_length(functions: Any, *, m: int | None = None) -> Numbers:
    """Return the number of operations of the shortest two-level expression of each function.

    The operations are ANDs and ORs of two arguments, and NOTs. A form of t terms and L literals, N
    of them negated, has (L - t) + (t - 1) + N = L - 1 + N of them. The shortest sum of products and
    the shortest product of sums are found by that count, and the shorter one is taken. Constants
    have 0 operations, and so has a bare input.

    Parameters
    ----------
    functions : any form of k functions on {0,1}^n, n <= 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    operations : (k,) int64 array
        Proven least, or an upper bound: see `forms_exact`.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on such a cube, or m is missing or does
        not agree.

    Notes
    -----
    The same for f after permuting the inputs. Negating inputs, or f, changes the number of NOTs:
    AND takes one operation, and its complement three, NOT x1 OR NOT x2. Doing both, negating f and
    all inputs, only swaps AND with OR, and changes nothing.

    Source: arXiv:1805.08522, appendix on other complexities, which counts the operations of an
    expression that Quine-McCluskey made short. The minimum over both forms is this package's.

    Examples
    --------
    AND, its complement, and exclusive OR.

    >>> expression_length(["0001", "1110", "0110"])
    array([1, 3, 5])
    """
    return _sizes(functions, m, "expression_length")[0]


def forms_exact(functions: Any, measure: str, *, m: int | None = None) -> Flags:
    """Return whether the size that a measure gives is proven least, for each function.

    Parameters
    ----------
    functions : any form of k functions on {0,1}^n, n <= 7
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    measure : str
        "sop_terms", "sop_literals", "pos_clauses", "pos_literals" or "expression_length".
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    exact : (k,) bool array
        False where a search was cut short; the size is an upper bound there.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form or not on such a cube, m is missing or does
        not agree, or the measure is none of these.

    Examples
    --------
    >>> forms_exact(["00010111", "01101001"], "expression_length")
    array([ True,  True])
    """
    return _sizes(functions, m, checks.choice("measure", measure, _FORMS))[1]


def _sizes(functions: Any, m: int | None, name: str) -> tuple[Numbers, Flags]:
    from priorvol._kernels.forms import minimise

    chunks, found = word_chunks(functions, m)
    n = check_cube(functions, found, name, largest_n=7)
    sizes = [np.empty(0, dtype=np.int64)]
    exact = [np.empty(0, dtype=np.bool_)]
    for words in chunks:
        forms = [minimise(words, n, clauses=clauses, cost=cost) for clauses, cost in _FORMS[name]]
        size = np.min([costs for costs, _ in forms], axis=0)
        if name == "expression_length":
            size = np.maximum(size - 1, 0)
        sizes.append(size)
        exact.append(np.all([proven for _, proven in forms], axis=0))
    return np.concatenate(sizes), np.concatenate(exact)


_RATE = (
    "about {} thousand functions a second a core at n = 7 if frequent, about {} thousand if random"
)
_QUINE = "Quine, Am. Math. Mon. 62 (1955) 627; McCluskey, Bell Syst. Tech. J. 35 (1956) 1417"
_ORACLE = "exhaustive covers, integer programming and sympy"

register(
    Measure(
        name="sop_terms",
        function=sop_terms,
        unit="terms",
        label="sum of products (terms)",
        cost=_RATE.format(700, 150),
        source=_QUINE,
        description="fewest terms of an OR of ANDs",
        needs="cube",
        largest_n=7,
        symmetries=("permutation", "flips", "reversal"),
        oracle=_ORACLE,
    )
)
register(
    Measure(
        name="sop_literals",
        function=sop_literals,
        unit="literals",
        label="sum of products (literals)",
        cost=_RATE.format(700, 120),
        source=_QUINE,
        description="fewest literals of an OR of ANDs",
        needs="cube",
        largest_n=7,
        symmetries=("permutation", "flips", "reversal"),
        oracle=_ORACLE,
    )
)
register(
    Measure(
        name="pos_clauses",
        function=pos_clauses,
        unit="clauses",
        label="product of sums (clauses)",
        cost=_RATE.format(600, 150),
        source=_QUINE,
        description="fewest clauses of an AND of ORs",
        needs="cube",
        largest_n=7,
        symmetries=("permutation", "flips", "reversal"),
        oracle=_ORACLE,
    )
)
register(
    Measure(
        name="pos_literals",
        function=pos_literals,
        unit="literals",
        label="product of sums (literals)",
        cost=_RATE.format(600, 120),
        source=_QUINE,
        description="fewest literals of an AND of ORs",
        needs="cube",
        largest_n=7,
        symmetries=("permutation", "flips", "reversal"),
        oracle=_ORACLE,
    )
)
register(
    Measure(
        name="expression_length",
        function=expression_length,
        unit="operations",
        label="Boolean expression length (operations)",
        cost=_RATE.format(300, 30),
        source="arXiv:1805.08522, appendix; minimum over both forms: this package",
        description="ANDs, ORs and NOTs of the shorter of the two shortest two-level forms",
        needs="cube",
        largest_n=7,
        symmetries=("permutation",),
        oracle=_ORACLE,
    )
)
