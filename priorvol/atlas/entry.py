"""`Definition`: a rule for every n it makes sense for; `Entry`: the function it gives at one n."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

N = (3, 4, 5, 6, 7)
"""Numbers of inputs that the atlas covers."""

EVEN = (4, 6)
ODD = (3, 5, 7)

Bits = tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """A named function at one n.

    Attributes
    ----------
    name : str
        A Python identifier.
    n : int
        Number of inputs, 3 to 7.
    definition : str
        One line that suffices to compute the function: it is 1 exactly where the line is true. x1
        ... xn are the inputs, T the number of ones among them, i the number x1...xn in binary, x1
        its most significant bit, and m = 2^n.
    text : str
        The function as 0/1 text of m characters; character i is its value at input i.
    """

    name: str
    n: int
    definition: str
    text: str

    @property
    def m(self) -> int:
        """Number of points, 2^n."""
        return 1 << self.n


@dataclass(frozen=True)
class Definition:
    """A rule with its name.

    Attributes
    ----------
    name, definition : str
        As in `Entry`.
    rule : callable
        ``rule(x, i)``, the inputs x1 ... xn and their number to anything that is true or false.
    sizes : tuple of int
        The n for which it makes sense.
    """

    name: str
    definition: str
    rule: Callable[[Bits, int], object]
    sizes: tuple[int, ...] = N

    def entry(self, n: int) -> Entry:
        """Return the function at ``n``.

        Examples
        --------
        >>> Definition("nor", "no input is 1", lambda x, i: not any(x)).entry(3).text
        '10000000'
        """
        points = (tuple(i >> (n - 1 - j) & 1 for j in range(n)) for i in range(1 << n))
        text = "".join("1" if self.rule(x, i) else "0" for i, x in enumerate(points))
        return Entry(self.name, n, self.definition, text)


def number(x: Bits) -> int:
    """Return the number whose binary digits are x, the first most significant.

    Examples
    --------
    >>> number((1, 1, 0))
    6
    """
    return int("0" + "".join(map(str, x)), 2)


def halves(x: Bits) -> tuple[int, int]:
    """Return the numbers a and b that the two halves of x are.

    Examples
    --------
    >>> halves((0, 1, 1, 1))
    (1, 3)
    """
    middle = len(x) // 2
    return number(x[:middle]), number(x[middle:])
