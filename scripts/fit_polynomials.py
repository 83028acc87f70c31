"""Fit the polynomials of the float32 kernels and print them as Python constants.

The output is pasted into priorvol/_kernels/polynomials.py; the constants are frozen there because
a change in the last bit would change draws. Needs mpmath.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np

mp.mp.dps = 40


def fit(name: str, f: Callable[[mp.mpf], mp.mpf], low: float, high: float, degree: int) -> None:
    """Interpolate f at Chebyshev nodes; print float32 coefficients, highest power first."""
    low_, high_ = mp.mpf(low), mp.mpf(high)
    count = degree + 1
    nodes = [
        (low_ + high_) / 2 + (high_ - low_) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * count))
        for i in range(count)
    ]
    matrix = mp.matrix(count, count)
    for i, node in enumerate(nodes):
        for j in range(count):
            matrix[i, j] = node ** (degree - j)
    solution = mp.lu_solve(matrix, mp.matrix([f(node) for node in nodes]))
    print(f"{name} = (")
    for value in solution:
        print(f"    {float(np.float32(float(value)))!r},")
    print(")")


def over_root(f: Callable[[mp.mpf], mp.mpf], limit: mp.mpf) -> Callable[[mp.mpf], mp.mpf]:
    """Return y -> f(sqrt(y)) / sqrt(y), with its limit at 0."""

    def ratio(y: mp.mpf) -> mp.mpf:
        root = mp.sqrt(abs(y))
        return limit if root < mp.mpf(10) ** -15 else f(root) / root

    return ratio


def main() -> None:
    """Print every constant."""
    two_pi = 2 * mp.pi
    half = mp.sqrt(2) / 2 - 1, mp.sqrt(2) - 1
    fit("LOG", lambda x: mp.log1p(x) / x if x else mp.mpf(1), *half, 9)
    fit("SIN_TURN", over_root(lambda y: mp.sin(two_pi * y), two_pi), 0, mp.mpf(1) / 16, 4)
    fit("COS_TURN", lambda y2: mp.cos(two_pi * mp.sqrt(abs(y2))), 0, mp.mpf(1) / 16, 5)
    fit("SIN", over_root(mp.sin, mp.mpf(1)), 0, (mp.pi / 2) ** 2, 4)
    ln2 = mp.log(2) / 2
    fit("EXP", mp.exp, -ln2, ln2, 6)
    fit("TANH", over_root(mp.tanh, mp.mpf(1)), 0, mp.mpf("0.625") ** 2, 5)
    fit("ERF", over_root(mp.erf, 2 / mp.sqrt(mp.pi)), 0, 1, 6)
    fit("ERFC_LOG", lambda x: -mp.log(mp.erfc(x)), 1, 4, 8)
    fit(
        "ERFCX",
        lambda t: mp.erfc(2 / t - 2) * mp.exp((2 / t - 2) ** 2) / t,
        1 / mp.mpf("5.5"),
        1 / mp.mpf("1.5"),
        7,
    )
    fit("LOG1P", lambda u: mp.log1p(u) / u if u else mp.mpf(1), 0, 1, 9)


if __name__ == "__main__":
    main()
