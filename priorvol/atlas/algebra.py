"""Polynomials over GF(2), bent functions, and functions from finite fields."""

from __future__ import annotations

from priorvol.atlas.entry import EVEN, ODD, Bits, Definition, halves

_FIELD = {3: 0b1011, 4: 0b10011, 5: 0b100101, 6: 0b1000011, 7: 0b10000011}
"""Irreducible polynomials of degree n over GF(2), the leading coefficient first."""

_POLYNOMIALS = "t^3+t+1, t^4+t+1, t^5+t^2+1, t^6+t+1, t^7+t+1"


def _dot(a: int, b: int) -> int:
    return (a & b).bit_count() % 2


def _times(a: int, b: int, n: int) -> int:
    """Return the product in GF(2^n)."""
    product = 0
    for bit in range(n - 1, -1, -1):
        product <<= 1
        if product >> n & 1:
            product ^= _FIELD[n]
        if b >> bit & 1:
            product ^= a
    return product


def _power(a: int, exponent: int, n: int) -> int:
    result = 1
    for _ in range(exponent):
        result = _times(result, a, n)
    return result


def _trace(a: int, n: int) -> int:
    """Return a + a^2 + a^4 + ... + a^(2^(n-1)) in GF(2^n), which is 0 or 1."""
    total, square = 0, a
    for _ in range(n):
        total ^= square
        square = _times(square, square, n)
    return total


def _consecutive(x: Bits, width: int) -> int:
    return sum(all(x[j : j + width]) for j in range(len(x) - width + 1)) % 2


def _maiorana_mcfarland(x: Bits, i: int) -> int:
    a, b = halves(x)
    size = 1 << (len(x) // 2)
    return _dot(a, 3 * b % size) ^ (b == size - 1)


def _kushilevitz(x: Bits, i: int) -> int:
    triples = ("134", "125", "145", "234", "235", "126", "136", "246", "356", "456")
    pairs = sum(x) * (sum(x) - 1) // 2
    return sum(x) - pairs + sum(all(x[int(j) - 1] for j in triple) for triple in triples)


DEFINITIONS = (
    Definition(
        "inner_product",
        "x1 x(k+1) + x2 x(k+2) + ... + xk xn is odd, k = n/2, n even; bent",
        lambda x, i: _dot(*halves(x)),
        EVEN,
    ),
    Definition(
        "pairs_sum",
        "x1 x2 + x3 x4 + ... is odd, an input without a partner standing alone; bent for even n",
        lambda x, i: sum(all(x[j : j + 2]) for j in range(0, len(x), 2)) % 2,
    ),
    Definition(
        "rudin_shapiro",
        "x1 x2 + x2 x3 + ... + x(n-1) xn is odd: the Rudin-Shapiro word; bent for even n",
        lambda x, i: _consecutive(x, 2),
    ),
    Definition(
        "cyclic_pairs",
        "x1 x2 + x2 x3 + ... + x(n-1) xn + xn x1 is odd",
        lambda x, i: (_consecutive(x, 2) + (x[-1] & x[0])) % 2,
        (4, 5, 6, 7),
    ),
    Definition(
        "consecutive_triples",
        "x1 x2 x3 + x2 x3 x4 + ... + x(n-2) x(n-1) xn is odd",
        lambda x, i: _consecutive(x, 3),
        (4, 5, 6, 7),
    ),
    Definition(
        "parity_plus_and",
        "T plus the product of all inputs is odd",
        lambda x, i: (sum(x) + all(x)) % 2,
    ),
    Definition(
        "maiorana_mcfarland",
        "with halves a, b of k bits, n = 2k: the number of ones in a AND (3b mod 2^k), plus 1 if "
        "b = 2^k - 1, is odd; bent",
        _maiorana_mcfarland,
        EVEN,
    ),
    Definition(
        "kushilevitz",
        "T - T(T-1)/2 plus the number of triples of ones among 134, 125, 145, 234, 235, 126, 136, "
        "246, 356, 456 is 1 (it is 0 or 1): a polynomial of degree 3",
        _kushilevitz,
        (6,),
    ),
    Definition(
        "trace_cube",
        f"i^3 has trace 1 in GF(2^n), x1 the top coefficient, modulo {_POLYNOMIALS}",
        lambda x, i: _trace(_power(i, 3, len(x)), len(x)),
    ),
    Definition(
        "trace_inverse",
        f"i^(m-2) has trace 1 in GF(2^n), x1 the top coefficient, modulo {_POLYNOMIALS}",
        lambda x, i: _trace(_power(i, (1 << len(x)) - 2, len(x)), len(x)),
        (4, 5, 6, 7),
    ),
    Definition(
        "legendre",
        "i is a square other than 0 modulo the prime m-1, n odd",
        lambda x, i: (
            i % ((1 << len(x)) - 1) and pow(i, (1 << (len(x) - 1)) - 1, (1 << len(x)) - 1) == 1
        ),
        ODD,
    ),
)
