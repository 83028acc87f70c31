"""Functions of the number of ones T that are no threshold, and parities of some inputs."""

from __future__ import annotations

from priorvol.atlas.entry import EVEN, Definition

DEFINITIONS = (
    Definition("parity", "T is odd: the Thue-Morse word", lambda x, i: sum(x) % 2),
    Definition("not_parity", "T is even", lambda x, i: sum(x) % 2 == 0),
    Definition("parity_2", "x1 + x2 is odd: m/4 <= i < 3m/4", lambda x, i: sum(x[:2]) % 2),
    Definition(
        "parity_last_2",
        "x(n-1) + xn is odd: the word 0110 repeated, the last bit of the Gray code of i",
        lambda x, i: sum(x[-2:]) % 2,
    ),
    Definition(
        "parity_half",
        "the number of ones among x1 ... xk, k = n/2 rounded up, is odd",
        lambda x, i: sum(x[: (len(x) + 1) // 2]) % 2,
        (5, 6, 7),
    ),
    Definition(
        "parity_but_last",
        "the number of ones among x1 ... x(n-1) is odd",
        lambda x, i: sum(x[:-1]) % 2,
        (4, 5, 6, 7),
    ),
    Definition(
        "not_parity_but_first",
        "the number of ones among x2 ... xn is even",
        lambda x, i: sum(x[1:]) % 2 == 0,
    ),
    Definition("parity_odd_places", "x1 + x3 + x5 + ... is odd", lambda x, i: sum(x[::2]) % 2),
    Definition(
        "parity_and_first",
        "x1 = 1, and the number of ones among x2 ... xn is odd",
        lambda x, i: x[0] and sum(x[1:]) % 2,
    ),
    Definition(
        "parity_or_last",
        "xn = 1, or the number of ones among x1 ... x(n-1) is odd",
        lambda x, i: x[-1] or sum(x[:-1]) % 2,
    ),
    Definition(
        "parity_but_zero",
        "T is odd or i = 0",
        lambda x, i: sum(x) % 2 or i == 0,
    ),
    Definition("exactly_1", "T = 1: i is a power of two", lambda x, i: sum(x) == 1),
    Definition("exactly_2", "T = 2", lambda x, i: sum(x) == 2),
    Definition("exactly_half", "T = n/2, n even", lambda x, i: 2 * sum(x) == len(x), EVEN),
    Definition("all_equal", "T = 0 or T = n", lambda x, i: sum(x) in (0, len(x))),
    Definition("not_all_equal", "0 < T < n", lambda x, i: 0 < sum(x) < len(x)),
    Definition("count_0_mod_3", "T mod 3 = 0", lambda x, i: sum(x) % 3 == 0),
    Definition("count_1_mod_3", "T mod 3 = 1", lambda x, i: sum(x) % 3 == 1, (4, 5, 6, 7)),
    Definition("count_0_mod_4", "T mod 4 = 0", lambda x, i: sum(x) % 4 == 0, (5, 6, 7)),
    Definition(
        "all_pairs",
        "the sum of xj xk over all pairs j < k is odd, that is T mod 4 is 2 or 3; bent for even n",
        lambda x, i: sum(x) % 4 >= 2,
    ),
    Definition(
        "all_triples",
        "the sum of xj xk xl over all triples is odd, that is T mod 4 = 3",
        lambda x, i: sum(x) % 4 == 3,
        (4, 5, 6, 7),
    ),
    Definition(
        "count_middle_third",
        "n/3 <= T <= 2n/3",
        lambda x, i: len(x) <= 3 * sum(x) <= 2 * len(x),
        (5, 6, 7),
    ),
    Definition("count_prime", "T is 2, 3, 5 or 7", lambda x, i: sum(x) in (2, 3, 5, 7), (5, 6, 7)),
    Definition(
        "count_1_or_all_but_1",
        "T = 1 or T = n-1",
        lambda x, i: sum(x) in (1, len(x) - 1),
        (4, 5, 6, 7),
    ),
)
