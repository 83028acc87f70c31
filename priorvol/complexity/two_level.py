"""Prime implicants and smallest two-level forms of single functions, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from priorvol import bits, checks
from priorvol.bits import Words
from priorvol.complexity.chunks import check_cube

KINDS = ("sop", "pos")
COSTS = ("terms", "literals", "operations")


@dataclass(frozen=True)
class MinimalForm:
    """A two-level expression of a function on {0,1}^n.

    Attributes
    ----------
    n : int
        Number of inputs.
    kind : {"sop", "pos"}
        A sum of products (OR of ANDs) or a product of sums (AND of ORs).
    minimises : {"terms", "literals", "operations"}
        What no form of the kind has fewer of.
    cubes : tuple of str
        One for each term or clause, larger cubes first: a character for each input, 0, 1 or, where
        both values belong to the cube, "-". A term is 1 on its cube only, a clause is 0 on it only.
    exact : bool
        Whether the cost is proven least; otherwise it is an upper bound.

    Examples
    --------
    >>> form = minimal_form("00010111")
    >>> form.cubes, form.literals, form.operations
    (('-11', '1-1', '11-'), 6, 5)
    """

    n: int
    kind: str
    minimises: str
    cubes: tuple[str, ...]
    exact: bool

    @property
    def terms(self) -> int:
        """Number of terms, or of clauses."""
        return len(self.cubes)

    @property
    def literals(self) -> int:
        """Number of literals in all terms."""
        return sum(self.n - cube.count("-") for cube in self.cubes)

    @property
    def negations(self) -> int:
        """Number of literals that are negated."""
        return sum(cube.count(self._negated) for cube in self.cubes)

    @property
    def operations(self) -> int:
        """Number of ANDs and ORs of two arguments, and NOTs."""
        return max(0, self.literals - 1 + self.negations)

    @property
    def cost(self) -> int:
        """Number of terms, literals or operations: of what the form minimises."""
        return int(getattr(self, self.minimises))

    @property
    def text(self) -> str:
        """The expression in ``&``, ``|`` and ``~``, with inputs x1 to xn; 0 or 1 if constant."""
        inner, outer = (" & ", " | ") if self.kind == "sop" else (" | ", " & ")
        if not self.literals:
            return "1" if (self.terms > 0) == (self.kind == "sop") else "0"
        parts = []
        for cube in self.cubes:
            literals = [
                f"{'~' if value == self._negated else ''}x{i}"
                for i, value in enumerate(cube, start=1)
                if value != "-"
            ]
            part = inner.join(literals)
            bare = self.kind == "sop" or len(literals) == 1 or self.terms == 1
            parts.append(part if bare else f"({part})")
        return outer.join(parts)

    def __str__(self) -> str:
        """Return the text."""
        return self.text

    @property
    def _negated(self) -> str:
        return "0" if self.kind == "sop" else "1"


def prime_implicants(function: Any, *, m: int | None = None) -> list[str]:
    """Return the prime implicants of one function: the largest cubes on which it is 1.

    Parameters
    ----------
    function : any form of one function on {0,1}^n, n <= 7
        See `priorvol.bits.as_words`.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    cubes : list of str
        A character for each input, 0, 1 or "-" where the cube holds both values; larger cubes
        first, then in the order of the texts.

    Raises
    ------
    ValueError
        If it is not one function on such a cube, or m is missing or does not agree.

    Notes
    -----
    Those of not f, negated, are the prime clauses of f.

    Source: Quine, Am. Math. Mon. 62 (1955) 627.

    Examples
    --------
    x1 ? x2 : x3, where the inputs x2 and x3 may decide by themselves.

    >>> prime_implicants("01010011")
    ['-11', '0-1', '11-']
    """
    from priorvol._kernels.forms import implicants

    word, n = _one(function, m, "prime_implicants")
    return _texts(*implicants(word, n), n)


def minimal_form(
    function: Any, *, kind: str = "sop", cost: str = "terms", m: int | None = None
) -> MinimalForm:
    """Return a smallest sum of products, or product of sums, of one function.

    Parameters
    ----------
    function : any form of one function on {0,1}^n, n <= 7
        See `priorvol.bits.as_words`.
    kind : {"sop", "pos"}
        A sum of products or a product of sums.
    cost : {"terms", "literals", "operations"}
        What is least. Operations are ANDs and ORs of two arguments, and NOTs.
    m : int, optional
        Number of inputs, 2^n; needed for packed words and ``0x`` text.

    Returns
    -------
    MinimalForm
        Of several smallest forms always the same one. Its ``cost`` is what `sop_terms`,
        `sop_literals`, `pos_clauses` and `pos_literals` give; the smaller one of both kinds'
        operations is the `expression_length`.

    Raises
    ------
    ValueError
        If it is not one function on such a cube, m is missing or does not agree, or ``kind`` or
        ``cost`` is none of these.

    Notes
    -----
    The form consists of prime implicants; see `priorvol.complexity.forms` for the method and for
    when it is exact.

    Examples
    --------
    >>> print(minimal_form("01010011"), "or", minimal_form("01010011", kind="pos"))
    ~x1 & x3 | x1 & x2 or (x1 | x3) & (~x1 | x2)
    """
    from priorvol._kernels.forms import minimise_one

    checks.choice("kind", kind, KINDS)
    checks.choice("cost", cost, COSTS)
    word, n = _one(function, m, "minimal_form")
    values, free, exact = minimise_one(word, n, clauses=kind == "pos", cost=cost)
    return MinimalForm(n, kind, cost, tuple(_texts(values, free, n)), exact)


def _one(function: Any, m: int | None, what: str) -> tuple[Words, int]:
    words, found = bits.as_words(function, m)
    if len(words) != 1:
        raise ValueError(f"one function is wanted, got {len(words)}")
    word: Words = words[0]
    return word, check_cube(function, found, what, largest_n=7)


def _texts(values: Any, free: Any, n: int) -> list[str]:
    cubes = [
        "".join("-" if (mask >> i) & 1 else str((value >> i) & 1) for i in range(n - 1, -1, -1))
        for value, mask in zip(values.tolist(), free.tolist(), strict=True)
    ]
    return sorted(cubes, key=lambda cube: (-cube.count("-"), cube))
