"""Fit the polynomials of priorvol/_kernels/normal_lanes.py and print them as Python constants.

Interpolation at Chebyshev nodes; the largest relative error is printed beside each. The constants
are frozen there: a change in the last bit would change estimates. Needs mpmath.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp

mp.mp.dps = 40
SHIFT = 5  # of the map t = (a - SHIFT) / (a + SHIFT) from [0, inf) to [-1, 1)


def fit(name: str, f: Callable[[mp.mpf], mp.mpf], low: float, high: float, degree: int) -> None:
    """Interpolate f; print float64 coefficients, highest power first."""
    middle, reach = (mp.mpf(high) + low) / 2, (mp.mpf(high) - low) / 2
    count = degree + 1
    angles = [mp.pi * (2 * i + 1) / (2 * count) for i in range(count)]
    nodes = [middle + reach * mp.cos(angle) for angle in angles]
    matrix = mp.matrix(count, count)
    for i, node in enumerate(nodes):
        for j in range(count):
            matrix[i, j] = node ** (degree - j)
    values = [float(v) for v in mp.lu_solve(matrix, mp.matrix([f(node) for node in nodes]))]
    worst = mp.mpf(0)
    for i in range(1, 400):
        x = low + (mp.mpf(high) - low) * i / 400
        found = mp.mpf(0)
        for value in values:
            found = found * x + value
        worst = max(worst, abs(found / f(x) - 1))
    print(f"{name} = (  # relative error {mp.nstr(worst, 2)}")
    for value in values:
        print(f"    {value!r},")
    print(")")


def log_ratio(s: mp.mpf) -> mp.mpf:
    """Return (atanh(f) / f - 1) / s with s = f^2."""
    root = mp.sqrt(abs(s))
    return mp.mpf(1) / 3 if root < mp.mpf(10) ** -9 else (mp.atanh(root) / root - 1) / s


def scaled_tail(t: mp.mpf) -> mp.mpf:
    """Return (a + SHIFT) exp(a^2 / 2) (1 - Phi(a)) for a = SHIFT (1 + t) / (1 - t)."""
    a = SHIFT * (1 + t) / (1 - t)
    if a > 80:
        ratio = (1 / a - 1 / a**3 + 3 / a**5 - 15 / a**7 + 105 / a**9) / mp.sqrt(2 * mp.pi)
    else:
        ratio = mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2)) / 2
    return (a + SHIFT) * ratio


def main() -> None:
    """Print every constant."""
    half = mp.log(2) / 2 * mp.mpf("1.001")
    fit("_EXP", mp.exp, -half, half, 11)
    root = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)
    fit("_LOG", log_ratio, mp.mpf(0), root**2 * mp.mpf("1.001"), 6)
    fit("_TAIL", scaled_tail, mp.mpf(-1), 1 - mp.mpf(10) ** -9, 22)


if __name__ == "__main__":
    main()
