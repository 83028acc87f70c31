"""Patterns in the word x1 ... xn."""

from __future__ import annotations

from collections.abc import Callable

from priorvol.atlas.entry import EVEN, ODD, Bits, Definition


def _rotations(x: Bits) -> list[Bits]:
    return [x[j:] + x[:j] for j in range(1, len(x))]


def _is_balanced(x: Bits, i: int) -> bool:
    heights = [2 * sum(x[:j]) - j for j in range(len(x) + 1)]
    return min(heights) == 0 == heights[-1]


def _has_run(x: Bits, width: int) -> bool:
    return any(all(x[j : j + width]) for j in range(len(x) - width + 1))


def _has_lone_one(x: Bits) -> bool:
    return "010" in f"0{''.join(map(str, x))}0"


def _changes(x: Bits) -> int:
    return sum(a != b for a, b in zip(x, x[1:], strict=False))


def _automaton(rule: int) -> Callable[[Bits, int], int]:
    """Return the centre of x after as many steps as leave one cell."""

    def centre(x: Bits, i: int) -> int:
        while len(x) > 1:
            triples = zip(x, x[1:], x[2:], strict=False)
            x = tuple(rule >> (4 * a + 2 * b + c) & 1 for a, b, c in triples)
        return x[0]

    return centre


def _automata(rule: int) -> Definition:
    return Definition(
        f"rule_{rule}",
        f"cellular automaton {rule} leaves the middle cell of x1 ... xn at 1 after (n-1)/2 steps, "
        "n odd",
        _automaton(rule),
        ODD,
    )


DEFINITIONS = (
    Definition("palindrome", "x1 ... xn read backwards is the same", lambda x, i: x == x[::-1]),
    Definition(
        "antipalindrome",
        "x1 ... xn read backwards differs at every place, n even",
        lambda x, i: all(a != b for a, b in zip(x, x[::-1], strict=True)),
        EVEN,
    ),
    Definition(
        "sorted", "x1 <= x2 <= ... <= xn: i+1 is a power of two", lambda x, i: x == tuple(sorted(x))
    ),
    Definition(
        "sorted_either_way",
        "x1 <= x2 <= ... <= xn or x1 >= x2 >= ... >= xn",
        lambda x, i: _changes(x) <= 1,
        (4, 5, 6, 7),
    ),
    Definition(
        "alternating",
        "no two neighbouring inputs are equal",
        lambda x, i: _changes(x) == len(x) - 1,
    ),
    Definition("two_ones_together", "xj = x(j+1) = 1 for some j", lambda x, i: _has_run(x, 2)),
    Definition(
        "three_ones_together",
        "xj = x(j+1) = x(j+2) = 1 for some j",
        lambda x, i: _has_run(x, 3),
        (4, 5, 6, 7),
    ),
    Definition("no_lone_one", "every 1 has a 1 beside it", lambda x, i: not _has_lone_one(x)),
    Definition(
        "balanced_brackets",
        "with 1 opening and 0 closing, x1 ... xn is a balanced sequence of brackets, n even",
        _is_balanced,
        EVEN,
    ),
    Definition(
        "lyndon",
        "x1 ... xn is smaller in lexicographic order than each of its other n-1 rotations",
        lambda x, i: all(x < other for other in _rotations(x)),
    ),
    Definition(
        "necklace",
        "x1 ... xn is no larger in lexicographic order than any of its rotations",
        lambda x, i: all(x <= other for other in _rotations(x)),
    ),
    _automata(30),
    _automata(54),
    _automata(110),
)
