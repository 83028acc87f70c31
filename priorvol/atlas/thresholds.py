"""Linear threshold functions: counts of ones and weighted sums."""

from __future__ import annotations

from collections.abc import Iterable

from priorvol.atlas.entry import EVEN, ODD, Bits, Definition

_FIBONACCI = (1, 1, 2, 3, 5, 8, 13)
_SLOW = (1, 1, 2, 2, 3, 3, 4)


def _sum(weights: Iterable[int], x: Bits) -> int:
    return sum(weight * bit for weight, bit in zip(weights, x, strict=False))


def _signed(x: Bits) -> int:
    """Return x1 - x2 + x3 - ..."""
    return sum(x[::2]) - sum(x[1::2])


DEFINITIONS = (
    Definition("majority", "T > n/2, n odd", lambda x, i: 2 * sum(x) > len(x), ODD),
    Definition("minority", "T < n/2, n odd", lambda x, i: 2 * sum(x) < len(x), ODD),
    Definition("more_than_half", "T > n/2, n even", lambda x, i: 2 * sum(x) > len(x), EVEN),
    Definition("at_least_half", "T >= n/2, n even", lambda x, i: 2 * sum(x) >= len(x), EVEN),
    Definition("at_least_2", "T >= 2", lambda x, i: sum(x) >= 2),
    Definition("at_least_3", "T >= 3", lambda x, i: sum(x) >= 3, (4, 5, 6, 7)),
    Definition("all_but_one", "T >= n-1", lambda x, i: sum(x) >= len(x) - 1),
    Definition("at_most_1", "T <= 1", lambda x, i: sum(x) <= 1),
    Definition(
        "two_thirds",
        "T >= 2n/3",
        lambda x, i: 3 * sum(x) >= 2 * len(x),
        (7,),
    ),
    Definition(
        "upper_three_fifths",
        "5i >= 2m: the inputs weighted by 2^(n-1), ..., 2, 1 add up to 2/5 of m or more",
        lambda x, i: 5 * i >= 2 << len(x),
    ),
    Definition(
        "upper_fifth",
        "5i >= 4m: the inputs weighted by 2^(n-1), ..., 2, 1 add up to 4/5 of m or more",
        lambda x, i: 5 * i >= 4 << len(x),
    ),
    Definition(
        "fibonacci_weights",
        "x1, x2, ... weighted by 1, 1, 2, 3, 5, 8, 13 add up to more than half of all the weights",
        lambda x, i: 2 * _sum(_FIBONACCI, x) > sum(_FIBONACCI[: len(x)]),
    ),
    Definition(
        "slow_weights",
        "x1, x2, ... weighted by 1, 1, 2, 2, 3, 3, 4 add up to more than half of all the weights",
        lambda x, i: 2 * _sum(_SLOW, x) > sum(_SLOW[: len(x)]),
    ),
    Definition(
        "rising_weights",
        "x1 + 2 x2 + 3 x3 + ... + n xn > n(n+1)/4",
        lambda x, i: 4 * _sum(range(1, 8), x) > len(x) * (len(x) + 1),
    ),
    Definition(
        "square_weights",
        "x1 + 4 x2 + 9 x3 + ... + n^2 xn >= n(n+1)(2n+1)/12, half of the weights or more",
        lambda x, i: (
            12 * _sum((j * j for j in range(1, 8)), x) >= len(x) * (len(x) + 1) * (2 * len(x) + 1)
        ),
    ),
    Definition(
        "strong_first",
        "(n-2) x1 + x2 + ... + xn >= n-1",
        lambda x, i: (len(x) - 2) * x[0] + sum(x[1:]) >= len(x) - 1,
        (5, 6, 7),
    ),
    Definition(
        "double_first",
        "2 x1 + x2 + ... + xn > (n+1)/2, n even",
        lambda x, i: 2 * (x[0] + sum(x)) > len(x) + 1,
        EVEN,
    ),
    Definition(
        "triple_first",
        "3 x1 + x2 + ... + xn > (n+2)/2, n odd",
        lambda x, i: 2 * (2 * x[0] + sum(x)) > len(x) + 2,
        (5, 7),
    ),
    Definition("signed_positive", "x1 - x2 + x3 - x4 + ... > 0", lambda x, i: _signed(x) > 0),
    Definition("signed_not_negative", "x1 - x2 + x3 - x4 + ... >= 0", lambda x, i: _signed(x) >= 0),
)
