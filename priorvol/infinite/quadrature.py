"""Gaussian expectations of any activation, by quadrature with an error that is computed.

With x and y standard normals of correlation rho and a_n(q) = E[phi(sqrt(q) x) h_n(x)] for the
normalised Hermite polynomials h_n (Mehler),

    E[phi(u) phi(v)] = sum_n rho^n a_n(q_x) a_n(q_y),

and the derivatives follow from the same a_n, without one of phi (integration by parts):
E[phi'(u) h_n] = sqrt(n + 1) a_{n+1} / sqrt(q), and d a_n / d ln q
= (n a_n + sqrt((n + 1)(n + 2)) a_{n+2}) / 2. After N terms the rest is at most
|rho|^N sqrt(t_x t_y) with t the part of E[phi^2] that the N terms leave out (Parseval), which is
known. Where that is too much (kinks and |rho| near 1), the expectation is integrated over both
variables (`priorvol.infinite.integrals`).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol.infinite import integrals
from priorvol.infinite.closed_forms import Gradient
from priorvol.infinite.panels import Panels, resolve

Array = npt.NDArray[np.float64]

TARGET = 1e-10
"""Relative error that quadrature keeps to, or warns of."""

_SLACK = 1e-11  # what the terms left out may add
_FEWEST, _MOST, _MOST_WITH_KINKS = 256, 8192, 4096
_REACH = 15.6  # beyond so many standard deviations nothing is looked at
_TAYLOR, _BASE = -16, -8  # deviations up to 10 * 2^-16 take Taylor polynomials from 10 * 2^-8
_SMALL = 1e-4  # variances up to which the slopes have coefficients of their own
_KEPT = 4096  # spectra in memory


class AccuracyWarning(UserWarning):
    """An expectation may be further off than `TARGET`."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Hermite coefficients of an activation at one variance.

    Attributes
    ----------
    a, b : (n,) arrays
        E[phi(u) h_n] and its derivative by ln q.
    c, d : (n,) arrays
        E[phi'(u) h_n] and its derivative by ln q.
    square, slope_square : float
        E[phi(u)^2] and E[phi'(u)^2] (inf where phi jumps).
    tail, slope_tail : float
        Fraction of each that the n coefficients leave out.
    """

    a: Array
    b: Array
    c: Array
    d: Array
    square: float
    slope_square: float
    tail: float
    slope_tail: float


class Quadrature:
    """Expectations of a function given by its values; see `GaussianExpectations`.

    Parameters
    ----------
    function : callable
        float64 array to array.
    name : str
        How messages call it.
    kinks : sequence of float
        Known places of kinks and jumps.
    """

    def __init__(
        self, function: Callable[[Array], Array], name: str, kinks: Sequence[float] = ()
    ) -> None:
        """Keep the function; panels are made for the variances that are asked for."""
        self.function = function
        self.name = name
        self.kinks = tuple(float(kink) for kink in kinks)
        self.error = TARGET
        self._panels: dict[int, Panels] = {}
        self._spectra: dict[float, Spectrum] = {}
        self._within_reach: set[float] = set()

    def mean(self, q: Array) -> Array:
        """E[phi(u)]."""
        return self._of_variance(q, lambda x, w, f: float(w @ f), self._at_zero(0))

    def mean_gradient(self, q: Array) -> Array:
        """Return d E[phi(u)] / d ln q."""
        return self._of_variance(q, lambda x, w, f: float(w @ (f * (x * x - 1.0))) / 2.0, 0.0)

    def value(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """E[phi(u) phi(v)]."""
        return _first(self._all(q_x, q_y, rho, 0, False))

    def value_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return its derivatives with respect to ln q_x, ln q_y and rho."""
        return _gradient(self._all(q_x, q_y, rho, 0, True))

    def derivative(self, q_x: Array, q_y: Array, rho: Array) -> Array:
        """E[phi'(u) phi'(v)]."""
        return _first(self._all(q_x, q_y, rho, 1, False))

    def derivative_gradient(self, q_x: Array, q_y: Array, rho: Array) -> Gradient:
        """Return its derivatives with respect to ln q_x, ln q_y and rho."""
        return _gradient(self._all(q_x, q_y, rho, 1, True))

    def panels(self, q: float) -> Panels:
        """Return the function as polynomials, as far as a variable of variance q goes."""
        level = math.ceil(math.log2(max(math.sqrt(q), 1e-150) / 10.0))
        if level not in self._panels:
            reach = 10.0 * _REACH * 2.0**level
            found = None
            if level < _TAYLOR:
                near = self.panels(100.0 * 4.0**_BASE)
                found = near.near_zero(reach, self._at_zero(0))
            if found is None:
                found = resolve(self.function, reach, self.kinks)
            self._panels[level] = found
        return self._panels[level]

    def hermite_coefficients(self, q: float, n: int) -> Array:
        """Return the first n of E[phi(u) h_n]."""
        if q == 0.0:
            return np.append(self._at_zero(0), np.zeros(n - 1))
        return self._coefficients(q, n)[0][:n]

    # One variance

    def _at_zero(self, order: int) -> float:
        """Return phi(0), or the mean of both sides of phi'(0)."""
        if order == 0:
            return float(np.asarray(self.function(np.zeros(1)), dtype=np.float64)[0])
        return sum(self.panels(0.0).sides(0.0, 1)) / 2.0

    def _of_variance(
        self, q: Array, integrate: Callable[[Array, Array, Array], float], at_zero: float
    ) -> Array:
        distinct, place = np.unique(q, return_inverse=True)
        values = []
        for variance in distinct.tolist():
            if variance == 0.0:
                values.append(at_zero)
                continue
            panels, sigma = self.panels(variance), math.sqrt(variance)
            x, weights = integrals.nodes(panels.breaks / sigma)
            self._refuse_growth(variance)
            values.append(integrate(x, weights, panels(sigma * x)))
        return np.array(values, dtype=np.float64)[place].reshape(np.shape(q))

    def _coefficients(self, q: float, n: int, order: int = 0) -> tuple[Array, float, float]:
        """Return n + 4 Hermite coefficients of phi or phi', E[phi^2] and E[phi'^2], for q > 0."""
        from priorvol._kernels.expectations import hermite_coefficients

        panels, sigma = self.panels(q), math.sqrt(q)
        x, weights = integrals.nodes(panels.breaks / sigma)
        self._refuse_growth(q)
        square = float(weights @ panels(sigma * x) ** 2)
        slopes = float(weights @ panels(sigma * x, 1) ** 2)
        a = np.zeros(n + 4)
        fine, fine_weights = integrals.nodes(panels.breaks / sigma, n + 4)
        hermite_coefficients(fine, fine_weights * panels(sigma * fine, order), a)
        return a, square, slopes

    def _refuse_growth(self, q: float) -> None:
        """Raise ``ValueError`` if E[phi^2] hangs on values beyond reach."""
        if q == 0.0 or q in self._within_reach:
            return
        panels, sigma = self.panels(q), math.sqrt(q)
        x, weights = integrals.nodes(panels.breaks / sigma)
        squares = panels(sigma * x) ** 2
        ends = np.abs(x) > integrals.REACH - 0.5
        if float(weights[ends] @ squares[ends]) > _SLACK * float(weights @ squares):
            raise ValueError(
                f"{self.name} grows too fast for a variance of {q:g}: E[phi^2] is not determined "
                f"by values up to {integrals.REACH:g} standard deviations"
            )
        if len(self._within_reach) >= _KEPT:
            self._within_reach.clear()
        self._within_reach.add(q)

    def _spectrum(self, q: float, n: int) -> Spectrum:
        """Return at least n coefficients."""
        if q == 0.0:
            return self._spectrum_at_zero()
        kept = self._spectra.get(q)
        if kept is not None and len(kept.a) >= n:
            return kept
        a, square, slopes = self._coefficients(q, n)
        undifferentiable = len(self._undifferentiable(q)) > 0
        index = np.arange(n, dtype=np.float64)
        step = np.sqrt((index + 1.0) * (index + 2.0))
        c = np.sqrt(np.arange(1.0, n + 3.0)) * a[1 : n + 3] / math.sqrt(q)
        if q < _SMALL and not undifferentiable:  # there a says little of the slopes
            c = self._coefficients(q, n, 1)[0][: n + 2]
        b = (index * a[:n] + step * a[2 : n + 2]) / 2.0
        d = (index * c[:n] + step * c[2 : n + 2]) / 2.0
        tail = 1.0 - float(a[:n] @ a[:n]) / square if square else 0.0
        self._check(q, "Hermite coefficients", min(tail, 0.0))
        slope_tail = 1.0 - float(c[:n] @ c[:n]) / slopes if slopes else 0.0
        if undifferentiable:
            slopes, slope_tail = math.inf, float(n)
        # What is left in the end is rounding.
        tail = tail if tail > _SLACK / 100 else 0.0
        slope_tail = slope_tail if slope_tail > _SLACK else 0.0
        found = Spectrum(a[:n], b, c[:n], d, square, slopes, tail, slope_tail)
        if len(self._spectra) >= _KEPT:
            self._spectra.clear()
        self._spectra[q] = found
        return found

    def _spectrum_at_zero(self) -> Spectrum:
        none = np.zeros(4)
        a, c = none.copy(), none.copy()
        a[0], c[0] = self._at_zero(0), self._at_zero(1)
        return Spectrum(a, none, c, none, a[0] ** 2, c[0] ** 2, 0.0, 0.0)

    # Two variances

    def _all(self, q_x: Array, q_y: Array, rho: Array, order: int, gradient: bool) -> Array:
        """Return the expectation and its three derivatives (0 if not asked for), (4, ...)."""
        shape = np.shape(rho)
        flat = [np.ravel(part) for part in (q_x, q_y, rho)]
        if order and flat[0].size:
            self._refuse_jumps(float(max(flat[0].max(), flat[1].max())))
        low, high = _rounded(np.minimum(*flat[:2])), _rounded(np.maximum(*flat[:2]))
        # Values in the last bits apart are one: the inputs of a cube give few distinct triples.
        coarse = np.round(flat[2] * 2.0**50) / 2.0**50
        triples = np.stack([low, high, np.where(np.abs(coarse) > 0.999, flat[2], coarse)])
        distinct, place = _distinct(triples)
        found = self._solve(distinct[0], distinct[1], distinct[2], order, gradient)[:, place]
        swapped = flat[0] > flat[1]
        found[1:3, swapped] = found[2:0:-1, swapped]
        return found.reshape(4, *shape)

    def _undifferentiable(self, q: float) -> Array:
        """Return where the function jumps or is singular."""
        panels = self.panels(q)
        return np.union1d(panels.kinks[panels.jumps[0] != 0.0], panels.singular)

    def _refuse_jumps(self, q: float) -> None:
        places = self._undifferentiable(q)
        if len(places):
            raise ValueError(
                f"E[phi'(u) phi'(v)] is undefined for {self.name}: it jumps or is singular at "
                f"{places[0]:.6g}, so that its NTK would be infinite on the diagonal"
            )

    def _solve(self, q_x: Array, q_y: Array, rho: Array, order: int, gradient: bool) -> Array:
        out = np.zeros((4, len(rho)))
        on_diagonal = np.abs(rho) == 1.0
        series = np.flatnonzero(~on_diagonal)
        rest = [np.flatnonzero(on_diagonal)]
        if len(series):
            good = self._series(q_x[series], q_y[series], rho[series], order, gradient)
            out[:, series] = good[0]
            rest.append(series[~good[1]])
        for i in np.concatenate(rest).tolist():
            x, y, r = float(q_x[i]), float(q_y[i]), float(rho[i])
            panels = self.panels(y)
            if abs(r) == 1.0:
                self._refuse_growth(max(x, y))
                out[:, i] = integrals.on_diagonal(panels, x, y, r, order, gradient)
            else:
                out[:, i], error = integrals.double(panels, x, y, r, order, gradient)
                self._check(y, "double integral", error)
        return out

    def _series(
        self, q_x: Array, q_y: Array, rho: Array, order: int, gradient: bool
    ) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Return what the series gives and where it is good enough."""
        from priorvol._kernels.expectations import mehler

        variances, place = np.unique(np.concatenate([q_x, q_y]), return_inverse=True)
        left, right = np.split(place, 2)
        n = self._length(variances, float(np.abs(rho).max()))
        spectra = [self._spectrum(float(q), n) for q in variances]
        lengths = np.array(
            [len(s.a) if q else 10**6 for s, q in zip(spectra, variances, strict=True)]
        )
        n = max(n, max(len(spectrum.a) for spectrum in spectra))

        def table(name: str) -> Array:
            rows = np.zeros((len(spectra), n))
            for row, spectrum in zip(rows, spectra, strict=True):
                part = getattr(spectrum, name)
                row[: len(part)] = part
            return rows

        def total(first: Array, second: Array, i: Any, j: Any) -> Array:
            sums = np.zeros(len(rho))
            mehler(rho, i, j, first, second, sums)
            return sums

        shortest = np.minimum(lengths[left], lengths[right]).astype(np.float64)
        with np.errstate(divide="ignore"):
            decay = np.exp(shortest * np.log(np.abs(rho)))
        slope_tails = np.array([s.slope_tail for s in spectra])
        left_out = decay * np.sqrt(slope_tails[left] * slope_tails[right])
        if order == 0 and not gradient:
            tails = np.array([s.tail for s in spectra])
            left_out = decay * np.sqrt(tails[left] * tails[right])
        if order == 1 and gradient:
            left_out = left_out * shortest
        out = np.zeros((4, len(rho)))
        a, b = (table("a"), table("b")) if order == 0 else (table("c"), table("d"))
        out[0] = total(a, a, left, right)
        if gradient:
            out[1] = total(b, a, left, right)
            out[2] = total(b, a, right, left)
            roots = np.sqrt(q_x) * np.sqrt(q_y)
            if order == 0:
                slopes = table("c")
            else:
                slopes = np.zeros_like(a)
                slopes[:, :-1] = np.sqrt(np.arange(1.0, n)) * a[:, 1:]
                roots = np.ones(len(rho))
            out[3] = roots * total(slopes, slopes, left, right)
        return out, left_out <= _SLACK

    def _length(self, variances: Array, largest: float) -> int:
        """Return the number of coefficients that correlations up to ``largest`` need."""
        most = _MOST_WITH_KINKS if len(self.panels(float(variances[-1])).kinks) else _MOST
        if largest < 0.99:
            needed = -40.0 / math.log(largest) if largest > 0.0 else 1.0
            most = min(most, 2 ** math.ceil(math.log2(max(needed, _FEWEST))))
        positive = variances[variances > 0.0]
        n = _FEWEST
        while n < most and len(positive):
            ends = [self._spectrum(float(q), n) for q in (positive[-1], positive[0])]
            if all(end.tail == 0.0 and end.slope_tail == 0.0 for end in ends):
                break
            n *= 2
        return n

    def _check(self, q: float, what: str, error: float) -> None:
        """Warn if an error estimate is beyond the target."""
        if abs(error) > TARGET:
            self.error = max(self.error, abs(error))
            warnings.warn(
                f"{what} of {self.name} at a variance of {q:.6g} may be off by {abs(error):.1e} "
                f"relative, more than {TARGET:.0e}",
                AccuracyWarning,
                stacklevel=5,
            )


def _first(found: Array) -> Array:
    value: Array = found[0]
    return value


def _gradient(found: Array) -> Gradient:
    return found[1], found[2], found[3]


def _rounded(q: Array) -> Array:
    """Return variances rounded to 48 bits, so that rounding upstream makes no new ones."""
    mantissa, exponent = np.frexp(q)
    return np.ldexp(np.round(mantissa * 2.0**48) / 2.0**48, exponent)


def _distinct(triples: Array) -> tuple[Array, npt.NDArray[np.int64]]:
    """Return the distinct columns and the place of every column among them."""
    if not triples.shape[1]:
        return triples, np.zeros(0, dtype=np.int64)
    order = np.lexsort(triples)
    ordered = triples[:, order]
    new = np.append(True, (np.diff(ordered, axis=1) != 0.0).any(axis=0))
    place = np.empty(triples.shape[1], dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    return ordered[:, new], place
