"""Gaussian expectations: Hermite coefficients, Mehler series, and integrals over both variables.

x and t are independent standard normals; u = sigma_x x and v = sigma_y (rho x + root t) with
root = sqrt(1 - rho^2). h_n are the normalised Hermite polynomials, E[h_i(x) h_j(x)] = (i = j).
A function is given as Chebyshev coefficients (k, 16) on the panels between k + 1 breaks.
"""

from __future__ import annotations

import math

import numpy as np

from priorvol._kernels.jit import kernel

_LANES = 8


@kernel
def hermite_coefficients(x, weighted, out):
    """Write sum_j weighted[j] h_n(x[j]) to out[n] for every n; len(x) is a multiple of 8."""
    sums = np.zeros((len(out), _LANES))
    older = np.empty(_LANES)
    old = np.empty(_LANES)
    for start in range(0, len(x), _LANES):
        for lane in range(_LANES):
            older[lane] = 0.0
            old[lane] = weighted[start + lane]  # the weight goes along with h_n
        for n in range(len(out)):
            up = 1.0 / math.sqrt(n + 1.0)
            down = math.sqrt(float(n))
            for lane in range(_LANES):
                sums[n, lane] += old[lane]
                new = (x[start + lane] * old[lane] - down * older[lane]) * up
                older[lane] = old[lane]
                old[lane] = new
    for n in range(len(out)):
        total = 0.0
        for lane in range(_LANES):
            total += sums[n, lane]
        out[n] = total


@kernel
def mehler(rho, left, right, first, second, out):
    """Write sum_n rho[i]^n first[left[i], n] second[right[i], n] to out[i]."""
    for i in range(len(rho)):
        n = first.shape[1]
        size = abs(rho[i])
        if size == 0.0:
            n = 1
        elif size < 1.0:
            n = min(n, 2 + int(-45.0 / math.log(size)))
        row, column = first[left[i]], second[right[i]]
        # Four interleaved sums, so that one multiplication need not wait for the other.
        fourth = rho[i] ** 4
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for k in range((n - 1) // 4 * 4, -1, -4):
            a = a * fourth + row[k] * column[k]
            b = b * fourth + row[k + 1] * column[k + 1]
            c = c * fourth + row[k + 2] * column[k + 2]
            d = d * fourth + row[k + 3] * column[k + 3]
        out[i] = a + rho[i] * (b + rho[i] * (c + rho[i] * d))


@kernel
def on_panel(breaks, table, panel, z):
    """Return the value at z of the Chebyshev series of a panel."""
    start, stop = breaks[panel], breaks[panel + 1]
    t = (2.0 * z - start - stop) / (stop - start)
    row = table[panel]
    b1, b2 = 0.0, 0.0
    for k in range(len(row) - 1, 0, -1):
        b1, b2 = row[k] + 2.0 * t * b1 - b2, b1
    return row[0] + t * b1 - b2


@kernel
def panel_of(breaks, z):
    """Return the panel that holds z, the first or last if none does."""
    low, high = 0, len(breaks) - 2
    while low < high:
        middle = (low + high + 1) // 2
        if breaks[middle] <= z:
            low = middle
        else:
            high = middle - 1
    return low


@kernel
def conditional(breaks, kinks, table, centre, width, reach, rule, hermite, out):
    """Write E[f(v)] and E[v f(v)] of v = centre + width t to out (2,).

    f is smooth on both sides of every one of ``kinks``, which are among the breaks.
    ``rule`` (2, j) is Gauss-Legendre on [-1, 1], ``hermite`` (2, i) Gauss-Hermite for weight
    exp(-t^2 / 2) normalised to 1. |t| beyond ``reach`` is left out.
    """
    low, high = centre - reach * width, centre + reach * width
    here = panel_of(breaks, centre)
    kink = np.searchsorted(kinks, low, side="right")
    is_smooth = kink == len(kinks) or kinks[kink] >= high
    zeroth, first = 0.0, 0.0
    if is_smooth and high - low <= breaks[here + 1] - breaks[here]:
        for i in range(hermite.shape[1]):
            v = centre + width * hermite[0, i]
            part = hermite[1, i] * on_panel(breaks, table, panel_of(breaks, v), v)
            zeroth += part
            first += part * v
        out[0], out[1] = zeroth, first
        return
    panel, last = panel_of(breaks, low), panel_of(breaks, high)
    scale = 1.0 / math.sqrt(2.0 * math.pi)
    right = -reach
    while panel <= last:
        left = right
        right = reach if panel == last else min((breaks[panel + 1] - centre) / width, reach)
        pieces = max(1, int(math.ceil((right - left) / 2.0)))
        half = (right - left) / (2.0 * pieces)
        for piece in range(pieces):
            at = left + (2 * piece + 1) * half
            for i in range(rule.shape[1]):
                t = at + half * rule[0, i]
                v = centre + width * t
                part = on_panel(breaks, table, panel, v)
                part *= scale * half * rule[1, i] * math.exp(-0.5 * t * t)
                zeroth += part
                first += part * v
        panel += 1
    out[0], out[1] = zeroth, first


@kernel
def conditionals(breaks, kinks, table, centres, width, reach, rule, hermite, out):
    """Write `conditional` of every centre to out (n, 2)."""
    for i in range(len(centres)):
        conditional(breaks, kinks, table, centres[i], width, reach, rule, hermite, out[i])
