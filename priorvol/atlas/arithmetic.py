"""Properties of the number i, and arithmetic of the two numbers that its halves are."""

from __future__ import annotations

from math import gcd, isqrt

from priorvol.atlas.entry import EVEN, Bits, Definition, halves

_HALVES = "with a, b the numbers in the two halves of k = n/2 bits"


def _is_prime(i: int) -> bool:
    return i > 1 and all(i % factor for factor in range(2, isqrt(i) + 1))


def _is_fibonacci(i: int) -> bool:
    a, b = 0, 1
    while a < i:
        a, b = b, a + b
    return a == i


def _is_triangular(i: int) -> bool:
    return isqrt(8 * i + 1) ** 2 == 8 * i + 1


def _is_square_free(i: int) -> bool:
    return i > 0 and all(i % (root * root) for root in range(2, isqrt(i) + 1))


def _is_sum_of_squares(i: int) -> bool:
    return any(isqrt(i - a * a) ** 2 == i - a * a for a in range(isqrt(i) + 1))


def _sum_bit(x: Bits, bit: int) -> int:
    return sum(halves(x)) >> bit & 1


def _product_bit(x: Bits, bit: int) -> int:
    a, b = halves(x)
    return a * b >> bit & 1


def _carry_in(x: Bits, i: int) -> int:
    a, b = halves(x[:-1])
    return (a + b + x[-1]) >> len(x) // 2


def _divides(x: Bits, i: int) -> bool:
    a, b = halves(x)
    return a > 0 and b % a == 0


def _greater(x: Bits, i: int) -> bool:
    a, b = halves(x)
    return a > b


def _at_least(x: Bits, i: int) -> bool:
    a, b = halves(x)
    return a >= b


def _equal(x: Bits, i: int) -> bool:
    a, b = halves(x)
    return a == b


DEFINITIONS = (
    Definition("prime", "i is prime", lambda x, i: _is_prime(i)),
    Definition("square", "i is 0, 1, 4, 9, ...", lambda x, i: isqrt(i) ** 2 == i),
    Definition("triangular", "i is 0, 1, 3, 6, 10, ...", lambda x, i: _is_triangular(i)),
    Definition("fibonacci", "i is 0, 1, 2, 3, 5, 8, 13, ...", lambda x, i: _is_fibonacci(i)),
    Definition(
        "square_free", "i > 0 and no square above 1 divides i", lambda x, i: _is_square_free(i)
    ),
    Definition(
        "sum_of_two_squares", "i = a^2 + b^2 for some a, b >= 0", lambda x, i: _is_sum_of_squares(i)
    ),
    Definition("multiple_of_3", "3 divides i: the word 100 repeated", lambda x, i: i % 3 == 0),
    Definition("multiple_of_5", "5 divides i: the word 10000 repeated", lambda x, i: i % 5 == 0),
    Definition("multiple_of_7", "7 divides i: the word 1000000 repeated", lambda x, i: i % 7 == 0),
    Definition(
        "square_bit",
        "the binary digit of i^2 of weight 2^n is 1",
        lambda x, i: i * i >> len(x) & 1,
    ),
    Definition("greater", f"a > b, {_HALVES}, n even", _greater, EVEN),
    Definition("greater_or_equal", f"a >= b, {_HALVES}, n even", _at_least, EVEN),
    Definition("equal", f"a = b, {_HALVES}, n even", _equal, EVEN),
    Definition(
        "carry",
        f"a + b >= 2^k, {_HALVES}, n even: the carry of the sum",
        lambda x, i: _sum_bit(x, len(x) // 2),
        EVEN,
    ),
    Definition(
        "carry_in",
        "a + b + xn >= 2^k, with a, b the two halves of x1 ... x(n-1), k = (n-1)/2 bits each",
        _carry_in,
        (5, 7),
    ),
    Definition(
        "sum_top",
        f"the binary digit of a + b of weight 2^(k-1) is 1, {_HALVES}, n even",
        lambda x, i: _sum_bit(x, len(x) // 2 - 1),
        EVEN,
    ),
    Definition(
        "sum_low",
        f"a + b is odd, {_HALVES}, n even",
        lambda x, i: _sum_bit(x, 0),
        EVEN,
    ),
    Definition(
        "product_middle",
        f"the binary digit of a b of weight 2^(k-1) is 1, {_HALVES}, n even",
        lambda x, i: _product_bit(x, len(x) // 2 - 1),
        EVEN,
    ),
    Definition(
        "product_top",
        f"a b >= 2^(2k-1), {_HALVES}, n even",
        lambda x, i: _product_bit(x, len(x) - 1),
        EVEN,
    ),
    Definition("divides", f"a > 0 and a divides b, {_HALVES}, n even", _divides, EVEN),
    Definition(
        "coprime", f"gcd(a, b) = 1, {_HALVES}, n even", lambda x, i: gcd(*halves(x)) == 1, EVEN
    ),
)
