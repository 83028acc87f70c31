"""The recursion over layers of the covariance (NNGP) and of the tangent kernel (NTK).

With K^l the covariance of the pre-activations of layer l and E over centred normal (u, v) of that
covariance, a layer of weight variance w (per unit below, times their number) and bias variance b
gives

    K^{l+1} = b + w E[phi(u) phi(v)],
    Theta^{l+1} = K^{l+1} + w E[phi'(u) phi'(v)] Theta^l,    Theta^1 = K^1

(1711.00165 eq. 5; 1806.07572 theorem 1). Both depend on a pair of inputs through |x|^2, |y|^2 and
x.y alone, so they are computed once for each distinct triple.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

SNAP = 8 * np.finfo(np.float64).eps
"""Correlations this close to 1 or -1 are taken as that: rounding cannot tell them apart."""

_FEW = 256  # up to so many distinct norms, equal pairs are looked for


class Layer(NamedTuple):
    """The variances that a layer of weights and biases adds.

    Attributes
    ----------
    weight : float
        The factor of the mean over the units below (of x.y itself at the first layer).
    bias : float
    """

    weight: float
    bias: float


@dataclass(frozen=True, eq=False)
class InnerProducts:
    """The inner products of inputs, each distinct triple (|x|^2, |y|^2, x.y) once.

    Attributes
    ----------
    values : (p,) float64
        First the u distinct squared norms, then the inner products of distinct inputs.
    first, second : (p,) int64
        Places of |x|^2 and |y|^2 among the first u values, the smaller norm first.
    n_norms : int
        u.
    place : int64 array
        Where each entry of the wanted matrix (or diagonal) is found among the values.
    """

    values: Array
    first: Places
    second: Places
    n_norms: int
    place: Places


class Kernels(NamedTuple):
    """What `propagate` returns: one value a triple, and gradients (2, p) where asked for.

    Gradients are with respect to ln sigma_b and ln sigma_w of all layers together, in this order.
    """

    covariance: Array
    tangent: Array | None
    covariance_gradient: Array | None
    tangent_gradient: Array | None


def inner_products(X: Array, Y: Array | None = None) -> InnerProducts:
    """Return the inner products of the rows of X with those of Y (default X).

    Equal rows give bitwise equal entries, and a row and its negative exactly opposite ones.

    Parameters
    ----------
    X : (m, n) float64 array
    Y : (k, n) float64 array, optional

    Raises
    ------
    ValueError
        If the square of a row overflows.

    Examples
    --------
    >>> pairs = inner_products(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    >>> pairs.values[pairs.place]
    array([[1., 0., 1.],
           [0., 1., 0.],
           [1., 0., 1.]])
    """
    rows, ids = _distinct(X if Y is None else np.concatenate([X, Y]))
    norms, level = np.unique(_squares(rows), return_inverse=True)
    if Y is None:
        one, other = np.triu_indices(len(rows))
        inner = (rows @ rows.T)[one, other]
    else:
        left, at_left = np.unique(ids[: len(X)], return_inverse=True)
        right, at_right = np.unique(ids[len(X) :], return_inverse=True)
        one, other = np.repeat(left, len(right)), np.tile(right, len(left))
        inner = (rows[left] @ rows[right].T).ravel()
    against = _opposites(rows)[one] == other
    inner[against] = -norms[level[one[against]]]
    first = np.minimum(level[one], level[other])
    second = np.maximum(level[one], level[other])
    same = one == other
    triples, inverse = _distinct_triples(first[~same], second[~same], inner[~same], len(norms))
    place = np.empty(len(one), dtype=np.int64)
    place[same] = first[same]
    place[~same] = inverse + len(norms)
    if Y is None:
        table = np.empty((len(rows), len(rows)), dtype=np.int64)
        table[one, other] = table[other, one] = place
        wanted = table[np.ix_(ids, ids)]
    else:
        wanted = place.reshape(len(left), len(right))[np.ix_(at_left, at_right)]
    every = np.arange(len(norms))
    return InnerProducts(
        np.concatenate([norms, triples[2]]),
        np.concatenate([every, triples[0]]),
        np.concatenate([every, triples[1]]),
        len(norms),
        wanted,
    )


def squared_norms(X: Array) -> InnerProducts:
    """Return the squared norms of the rows of X (m, n), for a diagonal."""
    norms, place = np.unique(_squares(X), return_inverse=True)
    every = np.arange(len(norms))
    return InnerProducts(norms, every, every, len(norms), place)


def propagate(
    pairs: InnerProducts,
    layers: Sequence[Layer],
    expectations: Any,
    *,
    tangent: str | None = None,
    gradient: bool = False,
) -> Kernels:
    """Return the kernels of the outputs, one value a triple.

    Parameters
    ----------
    pairs : InnerProducts
    layers : sequence of Layer
        From the inputs up; one alone is a perceptron.
    expectations : GaussianExpectations
        Of the activation (`priorvol.infinite.expectations`).
    tangent : "ntk", "standard" or None
        In which parametrisation the tangent kernel is wanted
        (see `priorvol.infinite.covariance.tangent_kernel`).
    gradient : bool
        Whether gradients are wanted ("standard" has none).

    Raises
    ------
    ValueError
        If the tangent kernel of an activation with jumps is asked for.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        state = _State.start(pairs, layers[0], tangent, gradient)
        for number, layer in enumerate(layers[1:], start=1):
            state.check(number - 1)
            state.step(layer, expectations)
        state.check(len(layers) - 1)
    return Kernels(state.k, state.theta, state.dk, state.dtheta)


class _State:
    """The kernels of one layer, and how they turn into those of the next."""

    def __init__(self, pairs: InnerProducts, tangent: str | None, k: Array, dk: Array | None):
        self.pairs, self.tangent, self.k, self.dk = pairs, tangent, k, dk
        self.theta: Array | None = None
        self.dtheta: Array | None = None

    @classmethod
    def start(
        cls, pairs: InnerProducts, layer: Layer, tangent: str | None, gradient: bool
    ) -> _State:
        """Return the kernels of the first layer."""
        product = layer.weight * pairs.values
        dk = np.stack([np.full(len(product), 2 * layer.bias), 2 * product]) if gradient else None
        state = cls(pairs, tangent, product + layer.bias, dk)
        if tangent == "ntk":
            state.theta, state.dtheta = state.k, state.dk
        elif tangent == "standard":
            state.theta = np.zeros(len(product))
        return state

    def check(self, number: int) -> None:
        """Raise ``ValueError`` if the numbers of this layer left the range of float64."""
        for array in (self.k, self.theta, self.dk, self.dtheta):
            if array is not None and not np.isfinite(array).all():
                raise ValueError(
                    f"layer {number}: the kernel leaves the range of float64; sigma_w, sigma_b or "
                    "the inputs are too large"
                )

    def step(self, layer: Layer, expectations: Any) -> None:
        """Go one layer up."""
        moments = self._moments()
        dlog = None if self.dk is None else self._log_gradients(*moments)
        value = expectations.value(*moments)
        k = layer.weight * value + layer.bias
        dk = None
        if dlog is not None:
            dk = layer.weight * _chain(expectations.value_gradient(*moments), dlog)
            dk[0] += 2 * layer.bias
            dk[1] += 2 * layer.weight * value
        if self.theta is not None:
            # an input without variance has a tangent kernel of 0, whatever phi' is there
            moving = moments[0] > 0
            slope = layer.weight * np.where(moving, expectations.derivative(*moments), 0.0)
            if dlog is not None and dk is not None and self.dtheta is not None:
                dslope = _chain(expectations.derivative_gradient(*moments), dlog)
                change = layer.weight * np.where(moving, dslope * self.theta, 0.0)
                change[1] += 2 * slope * self.theta
                self.dtheta = dk + change + slope * self.dtheta
            self.theta = (value if self.tangent == "standard" else k) + slope * self.theta
        self.k, self.dk = k, dk

    def _moments(self) -> tuple[Array, Array, Array]:
        """Return both variances and the correlation of each triple."""
        pairs, u = self.pairs, self.pairs.n_norms
        q = self.k[:u]
        qx, qy = q[pairs.first], q[pairs.second]
        roots = np.sqrt(qx) * np.sqrt(qy)
        rho = np.divide(self.k, roots, out=np.zeros_like(self.k), where=roots > 0)
        rho = np.where(1.0 - np.abs(rho) <= SNAP, np.sign(rho), rho)
        rho[:u] = 1.0
        return qx, qy, rho

    def _log_gradients(self, qx: Array, qy: Array, rho: Array) -> tuple[Array, Array, Array]:
        """Return the gradients (2, p) of ln q_x, ln q_y and the correlation."""
        pairs, u = self.pairs, self.pairs.n_norms
        dk = np.zeros((2, len(rho))) if self.dk is None else self.dk
        dlog = np.divide(dk[:, :u], qx[:u], out=np.zeros((2, u)), where=qx[:u] > 0)
        dx, dy = dlog[:, pairs.first], dlog[:, pairs.second]
        roots = np.sqrt(qx) * np.sqrt(qy)
        drho = np.divide(dk, roots, out=np.zeros_like(dk), where=roots > 0)
        drho -= rho / 2 * (dx + dy)
        drho[:, (np.abs(rho) == 1.0) | (roots == 0)] = 0.0  # it stays at the end of its range
        return dx, dy, drho


def _chain(partial: tuple[Array, Array, Array], dlog: tuple[Array, Array, Array]) -> Array:
    """Return the gradient of E from its partial derivatives; that by rho may be infinite."""
    by_rho = np.where((dlog[2] == 0.0).all(axis=0), 0.0, partial[2])
    total: Array = partial[0] * dlog[0] + partial[1] * dlog[1] + by_rho * dlog[2]
    return total


def _squares(rows: Array) -> Array:
    with np.errstate(over="ignore"):
        squares: Array = np.einsum("ij,ij->i", rows, rows)
    if not np.isfinite(squares).all():
        raise ValueError("inputs must have squared norms below 1e308, got larger ones")
    return squares


def _distinct(rows: Array) -> tuple[Array, Places]:
    """Return the distinct rows in order of appearance, and which of them each row is."""
    seen: dict[bytes, int] = {}
    clean = rows + 0.0  # -0.0 and 0.0 are one value
    ids = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in clean], dtype=np.int64)
    if len(seen) == len(rows):
        return clean, ids
    return clean[np.unique(ids, return_index=True)[1]], ids


def _opposites(rows: Array) -> Places:
    """Return the place of each row's negative among the rows; -1 where there is none."""
    known = {row.tobytes(): i for i, row in enumerate(rows)}
    return np.array([known.get(row.tobytes(), -1) for row in 0.0 - rows], dtype=np.int64)


def _distinct_triples(
    first: Places, second: Places, inner: Array, u: int
) -> tuple[tuple[Places, Places, Array], Places]:
    """Return the distinct triples, and which of them each is; all of them where norms are many."""
    if u > _FEW:
        return (first, second, inner), np.arange(len(inner))
    levels, rank = np.unique(inner, return_inverse=True)
    code = (first * u + second) * max(len(levels), 1) + rank
    _, index, inverse = np.unique(code, return_index=True, return_inverse=True)
    return (first[index], second[index], inner[index]), inverse
