"""Constants, single inputs, and conjunctions and disjunctions of inputs."""

from __future__ import annotations

from priorvol.atlas.entry import ODD, Definition

DEFINITIONS = (
    Definition("zero", "never", lambda x, i: 0),
    Definition("one", "always", lambda x, i: 1),
    Definition("first", "x1 = 1: m/2 zeros, then m/2 ones", lambda x, i: x[0]),
    Definition(
        "second", "x2 = 1: blocks of m/4 zeros and m/4 ones", lambda x, i: x[1], (4, 5, 6, 7)
    ),
    Definition("middle", "x4 = 1, the middle input of seven", lambda x, i: x[3], (7,)),
    Definition(
        "second_last",
        "x(n-1) = 1: the word 0011 repeated, the target in arXiv:2006.15191",
        lambda x, i: x[-2],
    ),
    Definition("last", "xn = 1: the word 01 repeated", lambda x, i: x[-1]),
    Definition("not_first", "x1 = 0: m/2 ones, then m/2 zeros", lambda x, i: not x[0]),
    Definition("not_last", "xn = 0: the word 10 repeated", lambda x, i: not x[-1]),
    Definition("and_all", "every input is 1: the point i = m-1", lambda x, i: all(x)),
    Definition("or_all", "some input is 1", lambda x, i: any(x)),
    Definition("nand_all", "some input is 0", lambda x, i: not all(x)),
    Definition("nor_all", "every input is 0: the point i = 0", lambda x, i: not any(x)),
    Definition("and_2", "x1 = x2 = 1: the last quarter, i >= 3m/4", lambda x, i: all(x[:2])),
    Definition("or_2", "x1 = 1 or x2 = 1: i >= m/4", lambda x, i: any(x[:2])),
    Definition("nor_2", "x1 = x2 = 0: the first quarter, i < m/4", lambda x, i: not any(x[:2])),
    Definition("and_3", "x1 = x2 = x3 = 1", lambda x, i: all(x[:3]), (4, 5, 6, 7)),
    Definition("implies", "xn = 1 if x1 = 1", lambda x, i: not x[0] or x[-1]),
    Definition("but_not", "x1 = 1 and xn = 0", lambda x, i: x[0] and not x[-1]),
    Definition(
        "first_or_rest",
        "x1 = 1, or all of x2 ... xn are 1",
        lambda x, i: x[0] or all(x[1:]),
    ),
    Definition(
        "first_and_any",
        "x1 = 1, and some of x2 ... xn is 1",
        lambda x, i: x[0] and any(x[1:]),
    ),
    Definition(
        "middle_point",
        "x1 = 1 and the other inputs are 0: the point i = m/2",
        lambda x, i: x[0] and not any(x[1:]),
    ),
    Definition(
        "alternating_point",
        "x1, x3, x5, ... are 1 and the other inputs are 0",
        lambda x, i: all(x[::2]) and not any(x[1::2]),
    ),
    Definition(
        "two_subcubes",
        "all of the inputs before the middle one are 1, or all of those after it are 0",
        lambda x, i: all(x[: len(x) // 2]) or not any(x[len(x) // 2 + 1 :]),
        ODD,
    ),
    Definition(
        "majority_3",
        "at least two of x1, x2, x3 are 1, whatever the others",
        lambda x, i: sum(x[:3]) >= 2,
        (4, 5, 6, 7),
    ),
)
