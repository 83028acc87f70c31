"""Correlation maps: how the correlation of two inputs changes from layer to layer.

At infinite width a layer takes pre-activations of variance q and correlation rho to correlation
C(rho) = (sigma_w^2 E[phi(u) phi(v)] + sigma_b^2) / q', with q' their next variance (Poole et al.,
1606.05340; Schoenholz et al., 1611.01232). rho = 1 is always a fixed point; its slope
chi = sigma_w^2 E[phi'(u)^2] is below 1 in the ordered phase, where inputs become alike, and above 1
in the chaotic one. Where E[phi(z)] = 0 and the variance stays at 1, rho = 0 is fixed and attracts:
the outputs of deep networks become independent (2510.06527).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.activation import LEAKY_SLOPE
from priorvol.infinite.expectations import Activation, GaussianExpectations
from priorvol.infinite.variance_map import VarianceMap, unit_sigma_w, unit_weight

__all__ = [
    "CorrelationMap",
    "FixedPoint",
    "correlation_map",
    "hermite_coefficients",
    "unit_sigma_w",
]

Array = npt.NDArray[np.float64]

MAX_DEPTH = 1_000
"""Layers that are followed."""

LARGEST = 1e4
"""Up to which sigma_w, sigma_b and the size of the shift are taken."""

_SAME = 1e-12  # correlations that differ by less are one
_CRITICAL = 1e-9  # chi that is 1
_LEAST, _MOST = 1e-60, 1e10  # variances up to which layers are followed, if they go to 0 or inf
_TINY = 1e-10  # the variance at which a map is taken whose variance goes to 0


@dataclass(frozen=True)
class FixedPoint:
    """A correlation that a layer leaves as it is.

    Attributes
    ----------
    rho : float
    slope : float
        C'(rho); inf where an activation that jumps has rho = -1 or 1.
    """

    rho: float
    slope: float

    @property
    def attracts(self) -> bool:
        """Whether correlations nearby come closer: its slope is between -1 and 1."""
        return abs(self.slope) < 1.0 - _CRITICAL


@dataclass(frozen=True, kw_only=True)
class CorrelationMap:
    """What a layer does to correlations, for one activation and one prior.

    Attributes
    ----------
    activation : str
    shift, slope : float
        Added to phi; slope of ``leaky_relu`` below 0.
    sigma_w, sigma_b : float
    q_star : float
        Limit of the variance of pre-activations in deep networks; it may be 0 or inf.
    q : float
        The variance at which C, chi and the fixed points are taken: ``q_star`` if that is a
        positive number, else, where it is 0, a tiny one, and where it is inf, that of the first
        layer.
    mean, unit_mean : float
        E[phi(u) + shift] at variances q and 1.
    chi : float
        sigma_w^2 E[phi'(u)^2], the slope C'(1) where the variance is at its fixed point; inf where
        phi jumps.
    fixed_points : tuple of FixedPoint
        In [-1, 1], rising; empty where every correlation is fixed (a linear activation).
    coefficients : tuple of float
        Normalised Hermite coefficients of phi + shift at variance q.
    variances : tuple of float
        Of pre-activations in layer 1, 2, ...; the inputs have |x|^2 = n_inputs.
    correlations : tuple of float
        Of two inputs' pre-activations in layer 1 (as given), 2, ...
    tolerance : float
    depth : int or None
        Number of hidden layers after which that correlation is within ``tolerance`` of 0 and stays
        there; None if it does not within `MAX_DEPTH` layers.
    """

    activation: str
    shift: float
    slope: float
    sigma_w: float
    sigma_b: float
    q_star: float
    q: float
    mean: float
    unit_mean: float
    chi: float
    fixed_points: tuple[FixedPoint, ...]
    coefficients: tuple[float, ...]
    variances: tuple[float, ...]
    correlations: tuple[float, ...]
    tolerance: float
    depth: int | None
    expectations: GaussianExpectations = field(repr=False, compare=False)

    @property
    def phase(self) -> str:
        """Return ``ordered``, ``critical`` or ``chaotic``: chi below, at or above 1.

        ``unbounded`` where the variance grows without end.
        """
        if math.isinf(self.q_star):
            return "unbounded"
        if abs(self.chi - 1.0) <= _CRITICAL:
            return "critical"
        return "ordered" if self.chi < 1.0 else "chaotic"

    def __call__(self, rho: npt.ArrayLike) -> Array:
        """Return C(rho) at variance `q`.

        Examples
        --------
        >>> correlation_map("relu")([0.0, 1.0]).round(6)
        array([0.31831, 1.     ])
        """
        layer = VarianceMap(self.expectations, self.sigma_w, self.sigma_b)
        return _next(layer, self.q, layer(self.q), rho)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; what is infinite is the string ``"inf"``."""
        names = [name for name in vars(self) if name != "expectations"]
        record = {name: getattr(self, name) for name in names}
        record["fixed_points"] = [
            {**asdict(point), "attracts": point.attracts} for point in self.fixed_points
        ]
        record["phase"] = self.phase
        return {key: _finite(value) for key, value in record.items()}

    def __str__(self) -> str:
        """Return what there is to say in some lines."""
        name = f"{self.activation}{self.shift:+.6g}" if self.shift else self.activation
        lines = [
            f"{name}: sigma_w = {self.sigma_w:.6g} (sigma_w^2 = {self.sigma_w**2:.4g}), "
            f"sigma_b = {self.sigma_b:.6g}",
            f"variance in deep layers: {self.q_star:.6g}{_taken_at(self)}",
            f"E[phi] = {_tidy(self.mean)} there, {_tidy(self.unit_mean)} for z ~ N(0, 1)",
            f"phase: {self.phase}, chi = sigma_w^2 E[phi'^2] = {self.chi:.6g}",
            f"fixed points of C: {_list_points(self.fixed_points)}",
            "Hermite coefficients: " + " ".join(_tidy(a, 4) for a in self.coefficients),
            "layer  variance  correlation",
        ]
        rows = enumerate(zip(self.variances, self.correlations, strict=True), start=1)
        lines += [f"{layer:5d}  {q:8.4g}  {rho:11.6f}" for layer, (q, rho) in rows]
        target = f"|rho| <= {self.tolerance:g}"
        if self.depth is None:
            lines.append(f"outputs do not come to stay at {target} within {MAX_DEPTH:,} layers")
        else:
            lines.append(f"outputs stay at {target} from {self.depth} hidden layers on")
        return "\n".join(lines)


def correlation_map(
    activation: Activation = "relu",
    *,
    shift: float | str = 0.0,
    slope: float = LEAKY_SLOPE,
    sigma_w: float | str = "unit",
    sigma_b: float = 0.0,
    rho: float = 0.5,
    n_layers: int = 11,
    tolerance: float = 0.05,
    n_coefficients: int = 8,
) -> CorrelationMap:
    """Return the correlation map of an activation under a prior.

    Parameters
    ----------
    activation : str or callable
    shift : float or "zero-mean"
        Both as in `GaussianExpectations`.
    slope : float
        Slope of ``leaky_relu`` below 0.
    sigma_w : float or "unit"
        ``"unit"`` keeps pre-activations at variance 1: see `unit_sigma_w`. It needs sigma_b = 0.
    sigma_b : float
    rho : float
        Correlation of two inputs' pre-activations in the first layer.
    n_layers : int
        Layers whose correlation is listed, the first included.
    tolerance : float
        Below which |rho| counts as independent.
    n_coefficients : int
        Hermite coefficients.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> found = correlation_map("relu", shift="zero-mean")
    >>> [round(point.rho, 6) for point in found.fixed_points], found.phase
    ([0.0, 1.0], 'chaotic')
    >>> found.depth
    10
    """
    expectations = GaussianExpectations(activation, shift=shift, slope=slope)
    rho = checks.real("rho", rho, low=-1.0, high=1.0)
    n_layers = checks.integer("n_layers", n_layers, low=1, high=MAX_DEPTH)
    tolerance = checks.real("tolerance", tolerance, low=0.0, high=1.0, open_low=True)
    sigma_b = checks.real("sigma_b", sigma_b, low=0.0, high=LARGEST) + 0.0
    checks.real("shift", expectations.shift, low=-LARGEST, high=LARGEST)
    is_unit = isinstance(sigma_w, str)
    if is_unit:
        checks.choice("sigma_w", sigma_w, ("unit",))
        if sigma_b:
            raise ValueError(f"sigma_w='unit' needs sigma_b=0, got {sigma_b}")
        weight = unit_weight(expectations)
    else:
        weight = checks.real("sigma_w", sigma_w, low=0.0, open_low=True, high=LARGEST)
    layer = VarianceMap(expectations, weight, sigma_b)
    first = 1.0 if is_unit else weight**2 + sigma_b**2
    q_star = 1.0 if is_unit else layer.fixed_point(first)
    q = first if math.isinf(q_star) else max(q_star, _TINY)
    slopes = _Slopes(layer, q)
    variances, correlations, depth = _follow(layer, first, q_star, rho, n_layers, tolerance)
    return CorrelationMap(
        activation=_name(activation),
        shift=expectations.shift,
        slope=expectations.slope,
        sigma_w=weight,
        sigma_b=sigma_b,
        q_star=q_star,
        q=q,
        mean=float(expectations.mean(q)),
        unit_mean=float(expectations.mean(1.0)),
        chi=_chi(layer, q),
        fixed_points=_fixed_points(layer, q, slopes),
        coefficients=tuple(expectations.hermite_coefficients(n_coefficients, q).tolist()),
        variances=variances,
        correlations=correlations,
        tolerance=tolerance,
        depth=depth,
        expectations=expectations,
    )


def hermite_coefficients(
    activation: Activation, n: int, *, shift: float | str = 0.0, q: float = 1.0
) -> Array:
    """Return the first n normalised Hermite coefficients of phi + shift at variance ``q``.

    See `GaussianExpectations.hermite_coefficients`.

    Examples
    --------
    >>> hermite_coefficients("linear", 3).round(12) + 0.0
    array([0., 1., 0.])
    """
    return GaussianExpectations(activation, shift=shift).hermite_coefficients(n, q)


def _next(layer: VarianceMap, q: float, variance: float, rho: Any) -> Array:
    """Return the correlation one layer on, where the variance goes from q to ``variance``."""
    if variance == 0.0:
        return np.ones(np.shape(rho))
    covariance = layer.sigma_w**2 * layer.expectations.value(q, q, rho) + layer.sigma_b**2
    return np.clip(covariance / variance, -1.0, 1.0)


def _follow(
    layer: VarianceMap, q: float, q_star: float, rho: float, n_layers: int, tolerance: float
) -> tuple[tuple[float, ...], tuple[float, ...], int | None]:
    """Return the first layers' variances and correlations, and the depth to independence."""
    variances, correlations = [q], [rho]
    inside = 0 if abs(rho) <= tolerance else None
    settled, is_fixed, variance = 0, False, q
    for depth in range(1, MAX_DEPTH):
        if settled > 2 and depth >= n_layers:
            break
        if q < _LEAST or (q > _MOST and math.isinf(q_star)):
            break
        previous = (q, rho)
        variance = variance if is_fixed else layer(q)
        is_fixed = abs(variance - q) <= 4e-15 * q
        rho = float(_next(layer, q, variance, rho))
        q = q if is_fixed else variance
        if depth < n_layers:
            variances.append(q)
            correlations.append(rho)
        if abs(rho) > tolerance:
            inside = None
        elif inside is None:
            inside = depth
        still = abs(rho - previous[1]) <= 1e-10 and abs(q - previous[0]) <= 1e-10 * q
        settled = settled + 1 if still else 0
    return tuple(variances), tuple(correlations), inside


def _chi(layer: VarianceMap, q: float) -> float:
    """Return sigma_w^2 E[phi'(u)^2]; inf where phi jumps."""
    if layer.expectations.has_derivative:
        return layer.sigma_w**2 * float(layer.expectations.derivative(q, q, 1.0))
    return math.inf


class _Slopes:
    """C'(rho) at one variance."""

    def __init__(self, layer: VarianceMap, q: float) -> None:
        self.layer, self.q = layer, q
        self.variance = layer(q)

    def __call__(self, rho: float) -> float:
        if self.variance == 0.0:
            return 0.0
        by_rho = self.layer.expectations.value_gradient(self.q, self.q, rho)[2]
        return float(self.layer.sigma_w**2 * by_rho / self.variance)


def _fixed_points(layer: VarianceMap, q: float, slopes: _Slopes) -> tuple[FixedPoint, ...]:
    """Return the correlations in [-1, 1] that the map leaves as they are, rising."""
    from scipy.optimize import brentq

    variance = layer(q)

    def excesses(rho: Array) -> Array:
        return _next(layer, q, variance, rho) - rho

    def excess(rho: float, /) -> float:
        return float(excesses(np.array(rho)))

    angles = np.concatenate([np.geomspace(1e-5, 0.02, 24), np.linspace(0.03, math.pi, 400)])
    grid = np.sort(np.append(np.cos(angles[:-1]), 0.0))
    known = [end for end in (-1.0, 0.0, 1.0) if abs(excess(end)) <= _SAME]
    values = excesses(grid)
    if np.abs(values).max() <= _SAME:
        return ()
    roots = list(known)
    certain = np.flatnonzero(np.abs(values) > _SAME)
    for i, j in zip(certain[:-1].tolist(), certain[1:].tolist(), strict=True):
        if values[i] * values[j] < 0.0 and not any(grid[i] <= k <= grid[j] for k in known):
            roots.append(float(brentq(excess, grid[i], grid[j], xtol=1e-14)))
    return tuple(FixedPoint(root, slopes(root)) for root in sorted(roots))


def _name(activation: Activation) -> str:
    if isinstance(activation, str):
        return activation
    return str(getattr(activation, "__name__", repr(activation)))


def _finite(value: Any) -> Any:
    """Return a value with every infinite number in it as text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_finite(item) for item in value]
    return value


def _tidy(value: float, digits: int = 6) -> str:
    """Return a number as text, 0 where only rounding is left."""
    return f"{value if abs(value) > 1e-13 else 0.0:.{digits}g}"


def _taken_at(found: CorrelationMap) -> str:
    return "" if found.q == found.q_star else f" (the map is that at variance {found.q:.4g})"


def _list_points(points: Sequence[FixedPoint]) -> str:
    if not points:
        return "every correlation"
    return ", ".join(
        f"{point.rho:.6g} (slope {point.slope:.4g}{', attracts' if point.attracts else ''})"
        for point in points
    )
