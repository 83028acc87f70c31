"""Multiplexers, read-once formulas, trees of gates, and properties of small graphs."""

from __future__ import annotations

from itertools import combinations, permutations

from priorvol.atlas.entry import EVEN, Bits, Definition, number

_EDGES = tuple(combinations(range(1, 5), 2))
_GRAPH = "in the graph on 1, 2, 3, 4 with the edges 12, 13, 14, 23, 24, 34 where x1 ... x6 are 1"


def _multiplexer(x: Bits, i: int) -> int:
    width = {3: 1, 6: 2}[len(x)]
    return x[width + number(x[:width])]


def _hidden_weighted_bit(x: Bits, i: int) -> int:
    return x[sum(x) - 1] if any(x) else 0


def _tribes(x: Bits, width: int) -> bool:
    return any(all(x[j : j + width]) for j in range(0, len(x), width))


def _clauses(x: Bits, width: int) -> bool:
    return all(any(x[j : j + width]) for j in range(0, len(x), width))


def _nested(x: Bits, is_and: bool) -> bool:
    if len(x) == 1:
        return bool(x[0])
    rest = _nested(x[1:], not is_and)
    return bool(x[0]) and rest if is_and else bool(x[0]) or rest


def _tree(x: Bits, is_and: bool) -> bool:
    if len(x) == 1:
        return bool(x[0])
    middle = (len(x) + 1) // 2
    left, right = _tree(x[:middle], not is_and), _tree(x[middle:], not is_and)
    return left and right if is_and else left or right


def _nand_tree(x: Bits) -> bool:
    if len(x) == 1:
        return bool(x[0])
    middle = (len(x) + 1) // 2
    return not (_nand_tree(x[:middle]) and _nand_tree(x[middle:]))


def _bridge(x: Bits, i: int) -> bool:
    return any(all(x[j - 1] for j in path) for path in ((1, 4), (2, 5), (1, 3, 5), (2, 3, 4)))


def _edges(x: Bits) -> set[tuple[int, int]]:
    return {edge for edge, bit in zip(_EDGES, x, strict=True) if bit}


def _reached(x: Bits) -> set[int]:
    """Return the vertices that a path joins to 1."""
    reached: set[int] = set()
    frontier = {1}
    while frontier:
        reached |= frontier
        frontier = {v for edge in _edges(x) if reached & set(edge) for v in edge} - reached
    return reached


def _has_triangle(x: Bits, i: int) -> bool:
    found = _edges(x)
    return any(found.issuperset(combinations(v, 2)) for v in combinations(range(1, 5), 3))


def _has_matching(x: Bits, i: int) -> bool:
    found = _edges(x)
    return any({(1, v), tuple(sorted({2, 3, 4} - {v}))} <= found for v in (2, 3, 4))


def _has_cycle_of_4(x: Bits, i: int) -> bool:
    cycles = (zip((1, *rest), (*rest, 1), strict=True) for rest in permutations((2, 3, 4)))
    return any({(min(e), max(e)) for e in cycle} <= _edges(x) for cycle in cycles)


def _has_even_degrees(x: Bits, i: int) -> bool:
    return all(sum(v in edge for edge in _edges(x)) % 2 == 0 for v in range(1, 5))


DEFINITIONS = (
    Definition(
        "multiplexer",
        "the data input is 1 that the first k inputs select: x(k+1+a), a their number; n = k + 2^k",
        _multiplexer,
        (3, 6),
    ),
    Definition(
        "multiplexer_enabled",
        "x1 = 1, and the data input is 1 that x2 ... x(k+1) select: x(k+2+a), a their number; "
        "n = k + 1 + 2^k",
        lambda x, i: x[0] and _multiplexer(x[1:], i),
        (4, 7),
    ),
    Definition(
        "select",
        "x1 = 1 and x2 = 1, or x1 = 0 and x3 = 1: the multiplexer of three inputs",
        lambda x, i: x[1] if x[0] else x[2],
        (4, 5, 6, 7),
    ),
    Definition(
        "address",
        "with a the number that x1 x2 are, data input x(3+a) is there and is 1",
        lambda x, i: 2 + number(x[:2]) < len(x) and x[2 + number(x[:2])],
        (4, 5),
    ),
    Definition("hidden_weighted_bit", "T > 0 and input number T is 1", _hidden_weighted_bit),
    Definition(
        "tribes_2",
        "all inputs are 1 in one of x1 x2, x3 x4, ..., the last of which may be a single input",
        lambda x, i: _tribes(x, 2),
    ),
    Definition(
        "tribes_3",
        "all inputs are 1 in one of x1 x2 x3, x4 x5 x6, ..., the last of which may be shorter",
        lambda x, i: _tribes(x, 3),
        (4, 5, 6, 7),
    ),
    Definition(
        "clauses_2",
        "some input is 1 in each of x1 x2, x3 x4, ..., the last of which may be a single input",
        lambda x, i: _clauses(x, 2),
    ),
    Definition(
        "clauses_3",
        "some input is 1 in each of x1 x2 x3, x4 x5 x6, ..., the last of which may be shorter",
        lambda x, i: _clauses(x, 3),
        (4, 5, 6, 7),
    ),
    Definition(
        "nested_and_or",
        "x1 and (x2 or (x3 and (x4 or ...)))",
        lambda x, i: _nested(x, True),
    ),
    Definition(
        "nested_or_and",
        "x1 or (x2 and (x3 or (x4 and ...)))",
        lambda x, i: _nested(x, False),
    ),
    Definition(
        "and_or_tree",
        "the tree is 1 that splits the inputs into a first half, rounded up, and a second, and "
        "those again, with AND at the root, OR below it, AND below that",
        lambda x, i: _tree(x, True),
        (5, 6, 7),
    ),
    Definition(
        "or_and_tree",
        "the tree is 1 that splits the inputs into a first half, rounded up, and a second, and "
        "those again, with OR at the root, AND below it, OR below that",
        lambda x, i: _tree(x, False),
        (5, 6, 7),
    ),
    Definition(
        "nand_tree",
        "the tree of NANDs is 1 that splits the inputs into a first half, rounded up, and a "
        "second, and those again",
        lambda x, i: _nand_tree(x),
    ),
    Definition(
        "majority_of_ands",
        "at least two of x1 x2, x3 x4, x5 x6 are 1 and 1",
        lambda x, i: sum(all(x[j : j + 2]) for j in (0, 2, 4)) >= 2,
        (6, 7),
    ),
    Definition(
        "majority_of_parities",
        "x1 and x2 differ, x3 and x4 differ, x5 and x6 differ: at least two of the three",
        lambda x, i: sum(x[j] != x[j + 1] for j in (0, 2, 4)) >= 2,
        (6, 7),
    ),
    Definition(
        "parity_of_ors",
        "the number of pairs (x1, x2), (x3, x4), ... with a 1 is odd, n even",
        lambda x, i: sum(any(x[j : j + 2]) for j in range(0, len(x), 2)) % 2,
        EVEN,
    ),
    Definition(
        "bridge",
        "x1 x4, x2 x5, x1 x3 x5 or x2 x3 x4 are all 1: current flows through a bridge circuit",
        _bridge,
        (5,),
    ),
    Definition("triangle", f"there is a triangle {_GRAPH}", _has_triangle, (6,)),
    Definition(
        "connected",
        f"there is a path between any two vertices {_GRAPH}",
        lambda x, i: len(_reached(x)) == 4,
        (6,),
    ),
    Definition(
        "joined", f"there is a path from 1 to 4 {_GRAPH}", lambda x, i: 4 in _reached(x), (6,)
    ),
    Definition("perfect_matching", f"two edges meet all vertices {_GRAPH}", _has_matching, (6,)),
    Definition(
        "cycle_of_4", f"there is a cycle through all vertices {_GRAPH}", _has_cycle_of_4, (6,)
    ),
    Definition(
        "even_degrees", f"every vertex has an even degree {_GRAPH}", _has_even_degrees, (6,)
    ),
)
