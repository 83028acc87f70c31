"""Gaussian integrals of a function on panels: nodes, the diagonal, and over both variables.

Nodes are Gauss-Legendre on pieces that end where the function has its panels, so that kinks lie
between pieces, and that are narrow enough for the normal density.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from priorvol.infinite.panels import Panels

Array = npt.NDArray[np.float64]

REACH = 11.0
"""Standard deviations beyond which the normal density is left out."""

_RULE = np.array(np.polynomial.legendre.leggauss(16))
_CHECK = np.array(np.polynomial.legendre.leggauss(12))
_HERMITE = np.array(np.polynomial.hermite_e.hermegauss(16))
_HERMITE[1] /= _HERMITE[1].sum()
_WIDEST = 1.0
_LEVELS = np.concatenate([np.arange(1.5, 9.0, 1.5), 9.0 * 1.5 ** np.arange(60)])


def nodes(
    breaks: Array, n_hermite: int = 0, *, rule: Array = _RULE, widest: float = _WIDEST
) -> tuple[Array, Array]:
    """Return nodes and weights for the standard normal, on pieces that end at ``breaks``.

    With ``n_hermite`` they resolve Hermite polynomials up to that degree as well.

    Examples
    --------
    >>> x, weights = nodes(np.zeros(1))
    >>> round(float(weights @ x**2), 14)
    1.0
    """
    inside = breaks[np.abs(breaks) < REACH]
    ends = np.concatenate([[-REACH], np.sort(inside), [REACH]])
    width = widest if n_hermite == 0 else min(widest, 12.0 / math.sqrt(n_hermite))
    lengths = np.diff(ends)
    pieces = np.maximum(1, np.ceil(lengths / width)).astype(np.int64)
    half = np.repeat(lengths / (2.0 * pieces), pieces)
    first = np.cumsum(pieces) - pieces
    number = np.arange(pieces.sum()) - np.repeat(first, pieces)
    middle = np.repeat(ends[:-1], pieces) + (2 * number + 1) * half
    x = (middle[:, None] + half[:, None] * rule[0]).ravel()
    return x, (half[:, None] * rule[1]).ravel() * _density(x)


def on_diagonal(
    panels: Panels, q_x: float, q_y: float, rho: float, order: int, gradient: bool
) -> Array:
    """Return E[f(u) f(v)] and its derivatives by ln q_x, ln q_y, rho at rho = -1 or 1, (4,).

    f is the function or its derivative of an order. The derivative by rho is infinite where a
    jump of f meets another.
    """
    roots = math.sqrt(q_x), math.sqrt(q_y) * rho
    x, weights = nodes(_merged(panels.breaks / roots[0], panels.breaks / roots[1]))
    u, v = roots[0] * x, roots[1] * x
    f_u, f_v = panels(u, order), panels(v, order)
    out = np.zeros(4)
    out[0] = weights @ (f_u * f_v)
    if not gradient:
        return out
    g_u, g_v = panels(u, order + 1), panels(v, order + 1)
    at_x = _jump_terms(panels, roots[0], roots[1], order, order)
    at_y = _jump_terms(panels, roots[1], roots[0], order, order)
    out[1] = (weights @ (u * g_u * f_v) + at_x @ panels.kinks) / 2.0
    out[2] = (weights @ (v * g_v * f_u) + at_y @ panels.kinks) / 2.0
    meeting = _meeting(panels, roots, order)
    if meeting:
        out[3] = math.copysign(math.inf, meeting)
        return out
    smooth = weights @ (g_u * g_v)
    jumping = _jump_terms(panels, roots[0], roots[1], order, order + 1).sum()
    jumping += _jump_terms(panels, roots[1], roots[0], order, order + 1).sum()
    out[3] = math.sqrt(q_x * q_y) * (smooth + jumping)
    return out


def _jump_terms(panels: Panels, own: float, other: float, order: int, with_order: int) -> Array:
    """Return, a kink k, the jump of f times the density of own x at k times the other's mean."""
    terms = np.zeros(len(panels.kinks))
    for i, kink in enumerate(panels.kinks.tolist()):
        jump = panels.jumps[order, i]
        if jump:
            place = kink / own * other
            met = panels.kinks[np.argmin(np.abs(panels.kinks - place))]
            if abs(met - place) <= 1e-12 * (1e-12 + abs(place)):
                place = float(met)  # rounding must not take one side for both
            sides = panels.sides(place, with_order)
            density = float(_density(np.array(kink / own))) / abs(own)
            terms[i] = jump * density * sum(sides) / 2.0
    return terms


def _meeting(panels: Panels, roots: tuple[float, float], order: int) -> float:
    """Return the sum of products of jumps at which u and v jump together, with their density."""
    jumps = panels.jumps[order]
    places = panels.kinks / roots[0]
    gaps = np.abs(places[:, None] - panels.kinks / roots[1])
    together = gaps <= 1e-12 * (1e-12 + np.abs(places[:, None]))
    weights = np.exp(-0.5 * places**2)
    return float((weights * jumps) @ together @ jumps)


def double(
    panels: Panels, q_x: float, q_y: float, rho: float, order: int, gradient: bool
) -> tuple[Array, float]:
    """Return E[f(u) f(v)], its derivatives, and the first's error relative to the mean square.

    v is integrated given u, with pieces that end where f has its panels; u on pieces that end
    where f(u) has its panels and that narrow towards the places where the inner integral has a
    kink smoothed over the width sqrt(1 - rho^2). The error is the difference from 12 nodes a piece
    in place of 16.
    """
    line = _Conditional(panels, q_x, q_y, rho)
    breaks = _merged(panels.kinks / line.sigma_x, line.soft_breaks())
    out = np.zeros(4)
    x, weights = nodes(breaks)
    u = line.sigma_x * x
    f_u = panels(u, order)
    f_v = line.means(u, order)[:, 0]
    out[0] = weights @ (f_u * f_v)
    check_x, check_weights = nodes(breaks, rule=_CHECK)
    check_u = line.sigma_x * check_x
    check = line.means(check_u, order, rule=_CHECK)[:, 0] @ (check_weights * panels(check_u, order))
    scale = math.sqrt(_mean_square(panels, line.sigma_x, order))
    scale *= math.sqrt(_mean_square(panels, line.sigma_y, order))
    error = abs(out[0] - float(check)) / scale if scale else 0.0
    if not gradient:
        return out, error
    g_u, g_v = panels(u, order + 1), line.means(u, order + 1)
    back = _Conditional(panels, q_y, q_x, rho)
    kinks, jumps = panels.kinks, panels.jumps[order]
    at_u, at_v = jumps * line.density(kinks), jumps * back.density(kinks)
    f_at_u, f_at_v = line.means(kinks, order)[:, 0], back.means(kinks, order)[:, 0]
    g_at_u, g_at_v = line.means(kinks, order + 1)[:, 0], back.means(kinks, order + 1)[:, 0]
    out[1] = (weights @ (u * g_u * f_v) + (at_u * kinks) @ f_at_u) / 2.0
    out[2] = (weights @ (f_u * g_v[:, 1]) + (at_v * kinks) @ f_at_v) / 2.0
    both = at_u @ line.density_given(kinks) @ jumps
    smooth = weights @ (g_u * g_v[:, 0])
    out[3] = line.sigma_x * line.sigma_y * (smooth + at_u @ g_at_u + at_v @ g_at_v + both)
    return out, error


class _Conditional:
    """The law of v given u."""

    def __init__(self, panels: Panels, q_x: float, q_y: float, rho: float) -> None:
        self.panels = panels
        self.rho = rho
        self.root = math.sqrt((1.0 - rho) * (1.0 + rho))
        self.sigma_x, self.sigma_y = math.sqrt(q_x), math.sqrt(q_y)

    def soft_breaks(self) -> Array:
        """Return where x = u / sigma_x should have breaks for the sake of resolution."""
        sharp = self.panels.kinks / (self.rho * self.sigma_y)
        steps = self.root / abs(self.rho) * _LEVELS
        steps = steps[steps < 2.0 * REACH]
        graded = (sharp[:, None] + np.concatenate([-steps, [0.0], steps])).ravel()
        breaks = self.panels.breaks
        return np.concatenate([breaks / self.sigma_x, breaks / (self.rho * self.sigma_y), graded])

    def means(self, u: Array, order: int, *, rule: Array = _RULE) -> Array:
        """Return E[f(v)] and E[v f(v)] given every u, (n, 2), for a derivative f of an order."""
        from priorvol._kernels.expectations import conditionals

        out = np.empty((len(u), 2))
        table = self.panels.coefficients[order]
        centres = self.sigma_y * self.rho / self.sigma_x * u
        width = self.sigma_y * self.root
        places = self.panels.breaks, self.panels.kinks
        conditionals(*places, table, centres, width, REACH, rule, _HERMITE, out)
        return out

    def density(self, u: Array) -> Array:
        """Return the density of u."""
        return _density(u / self.sigma_x) / self.sigma_x

    def density_given(self, places: Array) -> Array:
        """Return the density of v at every place (column) given u at every place (row)."""
        width = self.sigma_y * self.root
        centres = self.sigma_y * self.rho / self.sigma_x * places
        return _density((places - centres[:, None]) / width) / width


def _density(x: Array) -> Array:
    values: Array = np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return values


def _mean_square(panels: Panels, sigma: float, order: int) -> float:
    x, weights = nodes(panels.breaks / sigma)
    return float(weights @ panels(sigma * x, order) ** 2)


def _merged(hard: Array, soft: Array) -> Array:
    """Return all of ``hard`` and those of ``soft`` that are not next to another."""
    hard, soft = (np.unique(part[np.abs(part) < REACH]) for part in (hard, soft))
    everything = np.concatenate([hard, soft])
    order = np.argsort(everything, kind="stable")
    ordered, is_hard = everything[order], order < len(hard)
    gaps = np.diff(ordered, prepend=-REACH, append=REACH)
    narrow = np.minimum(gaps[:-1], gaps[1:]) < 0.05 * np.maximum(gaps[:-1], gaps[1:])
    # Of two that are next to one another the second goes, unless it is hard.
    second = np.append(False, np.diff(ordered) < 0.05 * np.maximum(gaps[:-2], gaps[2:]))
    kept: Array = ordered[is_hard | ~(narrow & second)]
    return kept
