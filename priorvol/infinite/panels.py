"""A function of one variable as polynomials on panels, found by bisection.

The pieces resolve the function to rounding. Where bisection goes down to the last bits of z, the
function or a derivative jumps: that place becomes a panel's end, and the function is smooth on
both sides of it. Nothing is known of the function but its values, so what is narrower than the
distance of the first nodes (0.03 near 0, 1/10 of |z| further out) may be missed: name such places.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev, polynomial

Array = npt.NDArray[np.float64]

N_COEFFICIENTS = 16
_TAYLOR = 7
_PASSES = 5
_RESOLVED = 4e-15  # last coefficients against the largest
_MOST_PANELS = 200_000
_MOST_KEPT = 6_000
_EPS = float(np.finfo(np.float64).eps)
_NARROW = 1e-10  # relative width of panels that only a kink or a singular place needs
_INSET = 1e-11  # from a panel's ends to the points at which its polynomial is checked there
_AGREES, _HIDDEN = 3e-9, 1e-11  # of the size on the panel, and near 0
_ENDS = chebyshev.chebvander(np.array([-1.0, 1.0]), N_COEFFICIENTS - 1).T
_SAME = 1e-7  # a relative difference of two sides that is no rounding


@dataclass(frozen=True, eq=False)
class Panels:
    """A function as Chebyshev polynomials between breaks, with its first two derivatives.

    Attributes
    ----------
    breaks : (k + 1,) array
        Ends of the panels, increasing.
    coefficients : (3, k, N_COEFFICIENTS) array
        Chebyshev coefficients on each panel of the function and its two derivatives.
    kinks : (j,) array
        Breaks at which the function or a derivative jumps.
    jumps : (2, j) array
        Jumps of the function and of its first derivative there.
    singular : (i,) array
        Kinks beside which no polynomial resolves the function (such as 0 for sqrt(abs(z))).
    """

    breaks: Array
    coefficients: Array
    kinks: Array
    jumps: Array
    singular: Array

    def __call__(self, z: npt.ArrayLike, order: int = 0) -> Array:
        """Return the function or its derivative of an order, at a break from the right."""
        points = np.asarray(z, dtype=np.float64)
        last = len(self.breaks) - 2
        panel = np.clip(np.searchsorted(self.breaks, points, side="right") - 1, 0, last)
        return self._on(panel, points, order)

    def sides(self, z: float, order: int) -> tuple[float, float]:
        """Return the limits from the left and from the right."""
        right = int(np.clip(np.searchsorted(self.breaks, z, "right") - 1, 0, self._last))
        left = int(np.clip(np.searchsorted(self.breaks, z, "left") - 1, 0, self._last))
        pair = self._on(np.array([left, right]), np.array([z, z]), order)
        return float(pair[0]), float(pair[1])

    def near_zero(self, reach: float, at_zero: float) -> Panels | None:
        """Return Taylor polynomials on both sides of 0, or None if 0 is singular.

        So near to 0 that the function hardly differs from ``at_zero``, its value there, values
        tell too little of its derivatives. None too where panels are narrower than 100 ``reach``.
        """
        right = int(np.searchsorted(self.breaks, 0.0))
        left = right - 1
        widths = np.diff(self.breaks)[[left, right]]
        if len(self.singular) or self.breaks[right] != 0.0 or widths.min() < 100.0 * reach:
            return None
        tables = []
        for panel, end, width in ((left, 1.0, widths[0]), (right, -1.0, widths[1])):
            series = self.coefficients[0, panel]
            power, local = np.ones(1), np.zeros(N_COEFFICIENTS)
            for k in range(_TAYLOR):
                term = float(chebyshev.chebval(end, chebyshev.chebder(series, k))) / math.factorial(
                    k
                )
                if k == 0 and abs(term - at_zero) < _SAME * abs(self.coefficients[0, panel]).max():
                    term = at_zero
                local[: k + 1] += term * chebyshev.poly2cheb(power)
                power = polynomial.polymul(power, reach / width * np.array([-end, 1.0]))
            tables.append(local)
        breaks = np.array([-reach, 0.0, reach])
        here = self.kinks == 0.0
        table = _derivatives(breaks, np.array(tables))
        return Panels(breaks, table, self.kinks[here], self.jumps[:, here], np.zeros(0))

    @property
    def _last(self) -> int:
        return len(self.breaks) - 2

    def _on(self, panel: npt.NDArray[np.int64], z: Array, order: int) -> Array:
        low, high = self.breaks[panel], self.breaks[panel + 1]
        t = (2.0 * z - low - high) / (high - low)
        table = np.moveaxis(self.coefficients[order][panel], -1, 0)
        values: Array = chebyshev.chebval(t, table, tensor=False)
        return values


def resolve(
    function: Callable[[Array], Array], reach: float, kinks: Sequence[float] = ()
) -> Panels:
    """Return ``function`` on [-reach, reach] as panels.

    Raises
    ------
    ValueError
        If the function returns another shape or a value that is not finite, or cannot be resolved.

    Examples
    --------
    >>> panels = resolve(np.abs, 10.0)
    >>> panels.kinks, panels.jumps
    (array([0.]), array([[0.],
           [2.]]))
    """
    given = np.array([k for k in kinks if abs(k) < reach], dtype=np.float64)
    # Points a little off the round numbers where kinks are likely, but for 0 itself.
    steps = 0.25 * 1.37 ** np.arange(200)
    steps = np.concatenate([[0.0], np.cumsum(np.minimum(steps, 0.5 + 0.1 * np.cumsum(steps)))])
    steps = steps[steps < 0.97 * reach] if reach > 1.0 else np.linspace(0.0, 0.9 * reach, 4)
    start = np.unique(np.concatenate([-steps, steps, [-reach, reach], given]))
    ends, found = start, np.zeros(0)
    for _ in range(_PASSES):  # other ends may show a kink that lay next to one
        breaks, values, narrow = _bisect(function, ends)
        places = _clusters(breaks, narrow)
        new = _apart(places, found, 1e-15 * reach)
        if not len(new):  # a kink may hide next to a break
            known = np.concatenate([found, places, [0.0]])
            new = _apart(_bent(breaks, values, narrow), known, 1e-15 * reach)
        if not len(new):
            break
        new = _sharpened(function, new)
        found = np.union1d(found, new[np.abs(new) < reach])
        inner = _apart(start[1:-1], found)
        ends = np.unique(np.concatenate([[-reach], inner, found, [reach]]))
    if len(breaks) > _MOST_KEPT:
        raise ValueError(
            f"the activation cannot be resolved: it needs more than {_MOST_KEPT:,} pieces "
            f"between {-reach:.3g} and {reach:.3g}"
        )
    candidates = np.union1d(found, np.append(given, 0.0))
    candidates = candidates[np.isin(candidates, breaks)]
    none = np.zeros((2, len(candidates)))
    bare = Panels(breaks, _derivatives(breaks, values), candidates, none, places)
    return _with_jumps(bare, set(given.tolist()))


def _clusters(breaks: Array, narrow: npt.NDArray[np.bool_]) -> Array:
    """Return the middle of the narrowest of each row of adjacent narrow panels."""
    places = np.flatnonzero(narrow)
    if not len(places):
        return np.zeros(0)
    widths = np.diff(breaks)
    middles = (breaks[1:] + breaks[:-1]) / 2.0
    rows = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return np.array([middles[row[np.argmin(widths[row])]] for row in rows])


def _bent(breaks: Array, table: Array, narrow: npt.NDArray[np.bool_]) -> Array:
    """Return breaks at which the function or its slope differs from one side to the other."""
    slopes = chebyshev.chebder(table, axis=1) * 2.0 / np.diff(breaks)[:, None]
    bent = np.zeros(len(breaks) - 2, dtype=bool)
    for order, series in enumerate((table, slopes)):
        signs = (-1.0) ** np.arange(series.shape[1])
        left, right = series.sum(axis=1)[:-1], (series @ signs)[1:]
        scale = np.abs(left) + np.abs(right)
        scale += 1e-3 * np.median(scale) + 1e-300
        bent |= np.abs(left - right) > _SAME * 100.0**order * scale
    inside: Array = breaks[1:-1][bent & ~narrow[1:] & ~narrow[:-1]]
    return inside


def _apart(places: Array, others: Array, least: float = 0.0) -> Array:
    """Return those of the places that are not, up to rounding, among the others."""
    gaps = np.abs(places[:, None] - others).min(axis=1, initial=np.inf)
    apart: Array = places[gaps > 1e-9 * np.abs(places) + least]
    return apart


def _sharpened(function: Callable[[Array], Array], places: Array) -> Array:
    """Return kinks of slope where parabolas from both sides meet, to rounding; others as they are.

    Bisection ends where the function's rounding hides the kink, some 1e-12 away.
    """
    if not len(places):
        return places
    step = 1e-6 * np.maximum(np.abs(places), 1e-3)
    offsets = step * np.array([1.0, 2.0, 3.0])[:, None]
    (f1, f2, f3), (g1, g2, g3) = (
        _evaluate(function, places + side * offsets) for side in (-1.0, 1.0)
    )
    gap = 3.0 * (f1 - f2) + f3 - (3.0 * (g1 - g2) + g3)
    bend = (-5.0 * f1 + 8.0 * f2 - 3.0 * f3) + (-5.0 * g1 + 8.0 * g2 - 3.0 * g3)
    with np.errstate(divide="ignore", invalid="ignore"):
        move = 2.0 * step * gap / bend
    moved: Array = places + np.where(np.abs(move) < 1e-3 * step, move, 0.0)
    return moved


def _with_jumps(panels: Panels, given: set[float]) -> Panels:
    """Keep the candidates at which something jumps, and those that were given."""
    kept, jumps = [], []
    for kink in panels.kinks.tolist():
        sizes = []
        is_kink = kink in given
        floor = 1e-3 * max(_scale(panels, kink, order) for order in range(3))
        for order in range(3):
            left, right = panels.sides(kink, order)
            scale = abs(left) + abs(right) + floor
            jumped = abs(right - left) > _SAME * 100.0**order * scale
            is_kink = is_kink or jumped
            if order < 2:
                sizes.append(right - left if jumped else 0.0)
        if is_kink:
            kept.append(kink)
            jumps.append(sizes)
    array = np.array(jumps, dtype=np.float64).reshape(-1, 2).T.copy()
    singular = panels.singular
    return Panels(panels.breaks, panels.coefficients, np.array(kept), array, singular)


def _scale(panels: Panels, z: float, order: int) -> float:
    """Return the size of the function near z."""
    reach = panels.breaks[-1]
    near = np.clip(z + min(1.0, reach / 10.0) * np.linspace(-1.0, 1.0, 9), -reach, reach)
    return float(np.abs(panels(near, order)).max())


def _bisect(
    function: Callable[[Array], Array], ends: Array
) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Return breaks, Chebyshev coefficients a panel, and which panels are next to nothing wide."""
    nodes = chebyshev.chebpts1(N_COEFFICIENTS)
    transform = np.linalg.inv(chebyshev.chebvander(nodes, N_COEFFICIENTS - 1))
    near = min(1.0, ends[-1] / 10.0) * np.linspace(-1.0, 1.0, 201)
    unit = float(np.abs(_evaluate(function, near[None])).max())
    low, high = ends[:-1], ends[1:]
    parts = []
    total = 0
    while len(low):
        total += len(low)
        if total > _MOST_PANELS:
            raise ValueError("the activation cannot be resolved: it has too many kinks")
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        magnitude = np.maximum(np.abs(low), np.abs(high))
        points = middle[:, None] + half[:, None] * nodes
        inset = np.minimum(np.maximum(_INSET * half, 16.0 * _EPS * magnitude), half)
        points = np.hstack([points, (low + inset)[:, None], (high - inset)[:, None]])
        values = _evaluate(function, points)
        ends_seen, values = values[:, N_COEFFICIENTS:], values[:, :N_COEFFICIENTS]
        table = values @ transform.T
        size = np.maximum(np.abs(values).max(axis=1), 1e-4 * unit)
        tail = np.abs(table[:, -3:]).max(axis=1)
        # Rounding of z itself moves the values; no panel can be resolved beyond that.
        noise = 4.0 * _EPS * np.abs(middle) / half * np.ptp(values, axis=1)
        last = 2.0 * half <= 8.0 * _EPS * magnitude + 1e-30 * ends[-1]
        gap = np.abs(table @ _ENDS - ends_seen).max(axis=1)
        good = (tail <= _RESOLVED * size + noise) & (
            gap <= _AGREES * size + _HIDDEN * unit + 16.0 * noise
        )
        keep = good | last
        table[last, 1:] = 0.0
        narrow = 2.0 * half <= _NARROW * magnitude + 1e-20 * ends[-1]
        parts.append((low[keep], high[keep], table[keep], narrow[keep]))
        low, high, middle = low[~keep], high[~keep], middle[~keep]
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    starts, stops, tables, narrows = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(starts)
    return np.append(starts[order], stops.max()), tables[order], narrows[order]


def _evaluate(function: Callable[[Array], Array], z: Array) -> Array:
    values = np.asarray(function(z.ravel()), dtype=np.float64)
    if values.shape != (z.size,):
        raise ValueError(
            f"the activation must return an array of its argument's shape {(z.size,)}, "
            f"got {values.shape}"
        )
    if not np.isfinite(values).all():
        where = z.ravel()[~np.isfinite(values)][0]
        raise ValueError(f"the activation must be finite, got {function!r} not finite at {where}")
    return values.reshape(z.shape)


def _derivatives(breaks: Array, table: Array) -> Array:
    tables = [table]
    width = (breaks[1:] - breaks[:-1])[:, None]
    for _ in range(2):
        slope = chebyshev.chebder(tables[-1], axis=1) * 2.0 / width
        tables.append(np.pad(slope, ((0, 0), (0, 1))))
    return np.stack(tables)
